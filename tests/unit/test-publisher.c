/* SPDX-License-Identifier: MIT */

/* What a publisher says to a nameserver; tests/integration/published.sh has real ones. */

#include "client/publisher.h"

#include "base/defs.h"
#include "client/context.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <pyrope/daemon.h>
#include <stdio.h>
#include <string.h>

/* A nameserver that counts. */
typedef struct Counting Counting;

struct Counting {
        int n_registered;
        int n_removed;
        char last[64]; /* the last name that came */
        int64_t ttl_s;
};

static Counting counting;
static pyrope_daemon *daemon_;
static pyrope_context *context;

static int count_name(pyrope_call *call, Counting *self)
{
        const char *name;
        size_t n;

        if (pyrope_get_str(pyrope_argument(call, 0), &name, &n))
                return pyrope_raise(call, "TypeError", "no name");
        if (n >= 6 && memcmp(name, "denied", 6) == 0)
                return pyrope_raise(call, "Pyro5.errors.NamingError", "another user's");
        (void)snprintf(self->last, sizeof(self->last), "%.*s", (int)n, name);
        self->n_registered++;
        return 0;
}

static int on_register(pyrope_call *call, void *self)
{
        return count_name(call, self);
}

static int on_register_endpoint(pyrope_call *call, void *self)
{
        (void)pyrope_get_int(pyrope_argument(call, 9), &counting.ttl_s);
        return count_name(call, self);
}

static int on_remove(pyrope_call *call, void *self)
{
        (void)call;
        ((Counting *)self)->n_removed++;
        return 0;
}

static int on_renew(pyrope_call *call, void *self)
{
        (void)self;
        pyrope_write_list(pyrope_result(call), 0);
        return 0;
}

static const pyrope_method ours[] = {
        { "register_endpoint", "name uri zone ssh nathost natport safe metadata version ttl",
          on_register_endpoint, 0, "" },
        { "remove", "name", on_remove, 0, "" },
        { "renew", "names", on_renew, 0, "" },
        { 0 },
};
static const pyrope_class our_class = { .name = "NameServer", .methods = ours };

static const pyrope_method stock[] = {
        { "register", "name uri safe metadata", on_register, 0, "" },
        { "remove", "name", on_remove, 0, "" },
        { 0 },
};
static const pyrope_class stock_class = { .name = "NameServer", .methods = stock };

static void start(const pyrope_class *class_)
{
        pyrope_daemon_options daemon_options = { .socket = scratch_path("ns.sock") };
        pyrope_options options = { .nameserver = daemon_options.socket, .zone = "z" };

        counting = (Counting){ .n_registered = 0 };
        ck_assert_int_eq(pyrope_daemon_new(&daemon_options, &daemon_, NULL), PYROPE_OK);
        ck_assert_int_eq(
                pyrope_daemon_register(daemon_, "Pyro.NameServer", class_, &counting, NULL),
                PYROPE_OK);
        ck_assert_int_eq(pyrope_daemon_start(daemon_, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_context_new(&options, &context, NULL), PYROPE_OK);
}

static void teardown(void)
{
        context = pyrope_context_free(context);
        daemon_ = pyrope_daemon_free(daemon_);
        scratch_teardown();
}

static pyrope_status publish(const char *name, int64_t ttl_s, pyrope_error **error)
{
        const pyrope_publication publication = {
                .name = name,
                .uri = "PYRO:x@./u:/run/x.sock",
                .ttl_s = ttl_s,
        };

        return pyrope_publish(context, &publication, 60000, error);
}

START_TEST(a_name_is_there_when_it_is_published_and_gone_when_it_is_not)
{
        start(&our_class);
        ck_assert_int_eq(publish("a", 7, NULL), PYROPE_OK);
        ck_assert_int_eq(counting.n_registered, 1);
        ck_assert_str_eq(counting.last, "a");
        ck_assert_int_eq(counting.ttl_s, 7);
        ck_assert_int_eq(publish("a", 7, NULL), PYROPE_E_EXISTS);

        ck_assert_int_eq(pyrope_unpublish(context, "a", 60000), PYROPE_OK);
        ck_assert_int_eq(counting.n_removed, 1);
        ck_assert_int_eq(pyrope_unpublish(context, "a", 60000), PYROPE_E_NOT_FOUND);
        ck_assert_int_eq(publish("a", 0, NULL), PYROPE_OK);
        ck_assert_int_eq(counting.ttl_s, PUBLISHER_TTL_S);
}
END_TEST

START_TEST(what_was_never_published_needs_no_publisher)
{
        start(&our_class);
        ck_assert_int_eq(pyrope_unpublish(context, "a", 0), PYROPE_E_NOT_FOUND);
        ck_assert_ptr_null(context->publisher);
}
END_TEST

START_TEST(a_stock_nameserver_is_told_without_a_lease)
{
        start(&stock_class);
        ck_assert_int_eq(publish("a", 7, NULL), PYROPE_OK);
        ck_assert_str_eq(counting.last, "a");
        ck_assert_int_eq(pyrope_unpublish(context, "a", 60000), PYROPE_OK);
        ck_assert_int_eq(counting.n_removed, 1);
}
END_TEST

START_TEST(a_name_that_is_refused_is_not_kept)
{
        pyrope_error *error = NULL;

        start(&our_class);
        for (int i = 0; i < 2; i++) {
                ck_assert_int_eq(publish("denied", 0, &error), PYROPE_E_REMOTE);
                ck_assert_msg(strstr(pyrope_error_text(error), "another user's"), "%s",
                              pyrope_error_text(error));
                error = pyrope_error_free(error);
        }
}
END_TEST

static const struct {
        int64_t ttl_s;
        pyrope_status status;
} terms[] = {
        { -1, PYROPE_E_INVALID },
        { 1, PYROPE_OK },
        { PUBLISHER_TTL_MAX_S, PYROPE_OK },
        { PUBLISHER_TTL_MAX_S + 1, PYROPE_E_INVALID },
};

START_TEST(a_term_has_limits)
{
        start(&our_class);
        ck_assert_int_eq(publish("a", terms[_i].ttl_s, NULL), terms[_i].status);
}
END_TEST

START_TEST(a_name_and_an_object_have_their_forms)
{
        const pyrope_publication no_name = { .name = "", .uri = "PYRO:x@./u:/run/x.sock" };
        const pyrope_publication no_object = { .name = "a", .uri = "PYRONAME:b" };

        start(&our_class);
        ck_assert_int_eq(pyrope_publish(context, &no_name, 0, NULL), PYROPE_E_INVALID);
        ck_assert_int_eq(pyrope_publish(context, &no_object, 0, NULL), PYROPE_E_INVALID);
        ck_assert_int_eq(counting.n_registered, 0);
}
END_TEST

START_TEST(there_may_be_4096_names_and_not_one_more)
{
        char name[16];

        start(&our_class);
        for (unsigned i = 0; i < PUBLISHER_NAMES_MAX; i++) {
                (void)snprintf(name, sizeof(name), "%u", i);
                if (publish(name, 0, NULL))
                        ck_abort_msg("%s", name);
        }
        ck_assert_int_eq(publish("more", 0, NULL), PYROPE_E_TOO_LARGE);
        ck_assert_int_eq(pyrope_unpublish(context, "7", 60000), PYROPE_OK);
        ck_assert_int_eq(publish("more", 0, NULL), PYROPE_OK);
}
END_TEST

START_TEST(where_no_nameserver_is_nothing_is_kept_and_the_error_says_so)
{
        pyrope_options options = { .nameserver = scratch_path("none.sock") };
        pyrope_error *error = NULL;

        ck_assert_int_eq(pyrope_context_new(&options, &context, NULL), PYROPE_OK);
        ck_assert_int_eq(publish("a", 0, NULL), PYROPE_E_UNREACHABLE);
        ck_assert_int_eq(publish("a", 0, &error), PYROPE_E_UNREACHABLE);
        ck_assert_msg(strstr(pyrope_error_text(error), "nobody listens on"), "%s",
                      pyrope_error_text(error));
        pyrope_error_free(error);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("publisher");
        TCase *tests = tcase_create("publisher");

        tcase_add_checked_fixture(tests, scratch_setup, teardown);
        tcase_set_timeout(tests, 60);
        tcase_add_test(tests, a_name_is_there_when_it_is_published_and_gone_when_it_is_not);
        tcase_add_test(tests, what_was_never_published_needs_no_publisher);
        tcase_add_test(tests, a_stock_nameserver_is_told_without_a_lease);
        tcase_add_test(tests, a_name_that_is_refused_is_not_kept);
        tcase_add_loop_test(tests, a_term_has_limits, 0, ARRAY_SIZE(terms));
        tcase_add_test(tests, a_name_and_an_object_have_their_forms);
        tcase_add_test(tests, there_may_be_4096_names_and_not_one_more);
        tcase_add_test(tests, where_no_nameserver_is_nothing_is_kept_and_the_error_says_so);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
