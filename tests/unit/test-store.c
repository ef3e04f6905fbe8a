/* SPDX-License-Identifier: MIT */

#include "nameserver/store.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define T(text)                                                                                    \
        (StoreText)                                                                                \
        {                                                                                          \
                (text), sizeof(text) - 1                                                           \
        }
#define OWN   T("Pyro.NameServer")
#define OWNER 1000u

static const StoreTerms owner = { .uid = OWNER };

static Store *store;
static StoreReader *reader;

static void open_store(void)
{
        ErrorText error = { "" };

        ck_assert_msg(store_open(scratch_path("ns.db"), &store, &error) == 0, "%s", error.text);
        ck_assert_msg(store_reader_new(store, &reader, &error) == 0, "%s", error.text);
}

static void close_store(void)
{
        reader = store_reader_free(reader);
        store = store_close(store);
}

static void setup(void)
{
        scratch_setup();
        open_store();
}

static void teardown(void)
{
        close_store();
        scratch_teardown();
}

static StoreText text_of(const char *text)
{
        return (StoreText){ text, strlen(text) };
}

/* Registers a name for the object id "obj" at a socket. */
static int put(StoreText name, bool safe)
{
        StoreEndpoint endpoint = { .zone = "here", .path = "/run/x.sock" };
        StoreObject object = {
                .name = name,
                .object = "obj",
                .uri = "PYRO:obj@./u:/run/x.sock",
                .endpoints = &endpoint,
                .n_endpoints = 1,
        };
        StoreTerms terms = { .uid = OWNER, .safe = safe };

        return store_register(store, &object, &terms, NULL);
}

static int put_with_tags(const char *name, const StoreText *tags, size_t n_tags)
{
        int r = put(text_of(name), false);

        return r ? r : store_set_tags(store, text_of(name), tags, n_tags, &owner, NULL);
}

static size_t count(void)
{
        size_t n = 0;

        ck_assert_int_eq(store_reader_count(reader, &n, NULL), 0);
        return n;
}

static const StoreObject *find(StoreText name)
{
        const StoreObject *object = NULL;
        int r = store_reader_find(reader, name, STORE_WITH_TAGS | STORE_WITH_ENDPOINTS, &object,
                                  NULL);

        ck_assert(r == 0 || r == STORE_E_NOT_FOUND);
        return r ? NULL : object;
}

/* The names a query gives, sorted by the order they were found in, as "a b c". */
static void assert_lists(StoreQuery query, const char *expected)
{
        const StoreObject *object;
        char names[1000] = "";
        size_t n_promised = 0;
        size_t n = 0;

        ck_assert_int_eq(store_reader_begin(reader, &query, 0, &n_promised, NULL), 0);
        while (store_reader_next(reader, &object, NULL) == 0) {
                size_t end = strlen(names);

                snprintf(names + end, sizeof(names) - end, "%s%.*s", n ? " " : "",
                         (int)object->name.n, object->name.at);
                n++;
        }

        ck_assert_str_eq(names, expected);
        ck_assert_uint_eq(n, n_promised);
}

static StoreQuery prefix(StoreText text)
{
        return (StoreQuery){ .kind = STORE_PREFIX, .text = text };
}

START_TEST(an_object_is_found_as_it_was_registered)
{
        StoreText tags[] = { T("type:solver"), T("b"), T("b") };
        StoreEndpoint endpoint = {
                .zone = "z",
                .host = "::1",
                .port = 65535,
                .nathost = "nat",
                .natport = 1,
                .ssh = "me@far:22",
        };
        StoreObject object = {
                .name = T("solver 1"),
                .object = "obj_1",
                .uri = "PYRO:obj_1@[::1]:65535",
                .tags = tags,
                .n_tags = ARRAY_SIZE(tags),
                .endpoints = &endpoint,
                .n_endpoints = 1,
        };
        StoreTerms terms = { .uid = 4294967294u, .safe = true };
        const StoreObject *found;

        ck_assert_int_eq(store_register(store, &object, &terms, NULL), 0);
        found = find(T("solver 1"));

        ck_assert_ptr_nonnull(found);
        ck_assert_mem_eq(found->name.at, "solver 1", found->name.n);
        ck_assert_str_eq(found->object, "obj_1");
        ck_assert_str_eq(found->uri, "PYRO:obj_1@[::1]:65535");
        ck_assert_uint_eq(found->owner, 4294967294u);
        ck_assert_int_gt(found->version, 0);
        ck_assert_int_gt(found->created_s, 1500000000);
        ck_assert_uint_eq(found->n_tags, 2);
        ck_assert_mem_eq(found->tags[0].at, "b", 1);
        ck_assert_mem_eq(found->tags[1].at, "type:solver", 11);
        ck_assert_uint_eq(found->n_endpoints, 1);
        ck_assert_str_eq(found->endpoints[0].zone, "z");
        ck_assert_ptr_null(found->endpoints[0].path);
        ck_assert_str_eq(found->endpoints[0].host, "::1");
        ck_assert_uint_eq(found->endpoints[0].port, 65535);
        ck_assert_str_eq(found->endpoints[0].nathost, "nat");
        ck_assert_uint_eq(found->endpoints[0].natport, 1);
        ck_assert_str_eq(found->endpoints[0].ssh, "me@far:22");
}
END_TEST

START_TEST(a_safe_registration_does_not_replace)
{
        int64_t version;

        ck_assert_int_eq(put(T("a"), true), 0);
        version = find(T("a"))->version;
        ck_assert_int_eq(put(T("a"), true), STORE_E_EXISTS);
        ck_assert_int_eq(find(T("a"))->version, version);

        ck_assert_int_eq(put(T("a"), false), 0);
        ck_assert_int_eq(find(T("a"))->version, version + 1);
        ck_assert_uint_eq(count(), 1);
}
END_TEST

START_TEST(a_replaced_object_keeps_no_tags)
{
        StoreText tag = T("t");

        ck_assert_int_eq(put_with_tags("a", &tag, 1), 0);
        ck_assert_uint_eq(find(T("a"))->n_tags, 1);

        ck_assert_int_eq(put(T("a"), false), 0);

        ck_assert_uint_eq(find(T("a"))->n_tags, 0);
        assert_lists((StoreQuery){ .kind = STORE_ANY_TAG, .tags = &tag, .n_tags = 1 }, "");
}
END_TEST

/* Names that look alike to whoever ends at NUL, folds case, or takes patterns. */
static const StoreText odd_names[] = {
        { "", 0 },          { "a", 1 },
        { "a\0", 2 },       { "a\0b", 3 },
        { "a\0c", 3 },      { "A", 1 },
        { "a%", 2 },        { "a_", 2 },
        { "'; DROP", 7 },   { "a b@c\n", 6 },
        { "\0", 1 },        { "\xc3\xa4", 2 },
        { "a\xcc\x88", 3 }, { "\xf4\x8f\xbf\xbf", 4 },
};

START_TEST(a_name_is_its_bytes_and_nothing_else)
{
        size_t n_removed = 0;
        size_t n_left = 0;

        for (size_t i = 0; i < ARRAY_SIZE(odd_names); i++)
                ck_assert_int_eq(put(odd_names[i], true), 0);
        close_store();
        open_store();

        ck_assert_uint_eq(count(), ARRAY_SIZE(odd_names));
        for (size_t i = 0; i < ARRAY_SIZE(odd_names); i++) {
                StoreQuery query = { .kind = STORE_NAME, .text = odd_names[i] };
                const StoreObject *object = find(odd_names[i]);

                ck_assert_ptr_nonnull(object);
                ck_assert_uint_eq(object->name.n, odd_names[i].n);
                ck_assert_mem_eq(object->name.at, odd_names[i].at, odd_names[i].n);
                ck_assert_int_eq(
                        store_remove(store, reader, &query, OWN, &owner, &n_removed, &n_left, NULL),
                        0);
                ck_assert_uint_eq(n_removed, 1);
                ck_assert_ptr_null(find(odd_names[i]));
        }
        ck_assert_uint_eq(count(), 0);
}
END_TEST

START_TEST(a_name_may_have_the_most_bytes_it_may)
{
        static char name[STORE_NAME_MAX_BYTES];
        StoreText text = { name, sizeof(name) };
        StoreText other = { name, sizeof(name) - 1 };

        memset(name, 'x', sizeof(name));
        ck_assert_int_eq(put(text, true), 0);
        ck_assert_int_eq(store_set_tags(store, text, &text, 1, &owner, NULL), 0);

        ck_assert_uint_eq(find(text)->tags[0].n, sizeof(name));
        ck_assert_ptr_null(find(other));
        ck_assert_int_eq(put(other, true), 0);
        ck_assert_uint_eq(count(), 2);
}
END_TEST

/* A prefix, and which of the names below begin with it. */
static const char *const names[] = { "a", "a%b", "aXb", "ab", "abc", "b", "\xc3\xa4", "\xc3\xa5" };
static const struct {
        const char *prefix, *listed;
} prefixes[] = {
        { "a", "a a%b aXb ab abc" },
        { "ab", "ab abc" },
        { "a%", "a%b" },
        { "A", "" },
        { "abcd", "" },
        { "\xc3", "\xc3\xa4 \xc3\xa5" },
        { "\xc3\xa4", "\xc3\xa4" },
        { "b", "b" },
};

START_TEST(a_prefix_is_taken_literally)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                ck_assert_int_eq(put(text_of(names[i]), true), 0);

        assert_lists(prefix(text_of(prefixes[_i].prefix)), prefixes[_i].listed);
}
END_TEST

START_TEST(a_prefix_may_hold_nul)
{
        ck_assert_int_eq(put(T("a\0b"), true), 0);
        ck_assert_int_eq(put(T("a\1b"), true), 0);
        ck_assert_int_eq(put(T("a"), true), 0);

        assert_lists(prefix(T("a\1")), "a\1b");
        ck_assert_ptr_nonnull(find(T("a\0b")));
        {
                size_t n_removed = 0;
                size_t n_left = 0;
                StoreQuery query = prefix(T("a\0"));

                ck_assert_int_eq(
                        store_remove(store, reader, &query, OWN, &owner, &n_removed, &n_left, NULL),
                        0);
                ck_assert_uint_eq(n_removed, 1);
        }
        ck_assert_uint_eq(count(), 2);
}
END_TEST

START_TEST(removing_by_prefix_spares_the_name_to_keep)
{
        StoreQuery query = prefix(T("Pyro."));
        size_t n_removed = 0;
        size_t n_left = 0;

        ck_assert_int_eq(put(OWN, true), 0);
        ck_assert_int_eq(put(T("Pyro.Other"), true), 0);
        ck_assert_int_eq(put(T("Pyrope"), true), 0);

        ck_assert_int_eq(
                store_remove(store, reader, &query, OWN, &owner, &n_removed, &n_left, NULL), 0);

        ck_assert_uint_eq(n_removed, 1);
        ck_assert_uint_eq(count(), 2);
        ck_assert_ptr_nonnull(find(OWN));
}
END_TEST

/* Says yes to names of one byte, stops at the name "stop". */
static int match_short(StoreText name, void *userdata)
{
        (*(size_t *)userdata)++;
        if (name.n == 4 && memcmp(name.at, "stop", 4) == 0)
                return STORE_MATCH_STOP;
        return name.n == 1 ? STORE_MATCH_YES : STORE_MATCH_NO;
}

START_TEST(a_match_function_chooses)
{
        size_t n_asked = 0;
        size_t n_removed = 99;
        size_t n_left = 99;
        StoreQuery query = { .kind = STORE_MATCHING, .match = match_short, .userdata = &n_asked };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                ck_assert_int_eq(put(text_of(names[i]), true), 0);

        assert_lists(query, "a b");
        ck_assert_uint_eq(n_asked, ARRAY_SIZE(names));
        ck_assert_int_eq(
                store_remove(store, reader, &query, T("b"), &owner, &n_removed, &n_left, NULL), 0);
        ck_assert_uint_eq(n_removed, 1);
        ck_assert_ptr_null(find(T("a")));
        ck_assert_ptr_nonnull(find(T("b")));
}
END_TEST

START_TEST(a_search_that_is_stopped_changes_nothing)
{
        size_t n_asked = 0;
        size_t n = 99;
        size_t n_left = 99;
        StoreQuery query = { .kind = STORE_MATCHING, .match = match_short, .userdata = &n_asked };

        ck_assert_int_eq(put(T("a"), true), 0);
        ck_assert_int_eq(put(T("stop"), true), 0);

        ck_assert_int_eq(store_remove(store, reader, &query, OWN, &owner, &n, &n_left, NULL),
                         STORE_E_STOPPED);
        ck_assert_int_eq(store_reader_begin(reader, &query, 0, &n, NULL), STORE_E_STOPPED);
        ck_assert_uint_eq(n, 99);
        ck_assert_uint_eq(count(), 2);
        ck_assert_int_eq(put(T("c"), true), 0);
}
END_TEST

/* Objects a: x y, b: y z, c: none. */
static const struct {
        StoreQueryKind kind;
        StoreText tags[3];
        size_t n_tags;
        const char *listed;
} searches[] = {
        { STORE_ANY_TAG, { { "x", 1 } }, 1, "a" },
        { STORE_ANY_TAG, { { "y", 1 } }, 1, "a b" },
        { STORE_ANY_TAG, { { "x", 1 }, { "z", 1 } }, 2, "a b" },
        { STORE_ANY_TAG, { { "x", 1 }, { "y", 1 } }, 2, "a b" },
        { STORE_ANY_TAG, { { "q", 1 } }, 1, "" },
        { STORE_ALL_TAGS, { { "x", 1 }, { "y", 1 } }, 2, "a" },
        { STORE_ALL_TAGS, { { "y", 1 } }, 1, "a b" },
        { STORE_ALL_TAGS, { { "y", 1 }, { "y", 1 } }, 2, "a b" },
        { STORE_ALL_TAGS, { { "y", 1 }, { "x", 1 }, { "y", 1 } }, 3, "a" },
        { STORE_ALL_TAGS, { { "x", 1 }, { "z", 1 } }, 2, "" },
        { STORE_ALL_TAGS, { { "y\0", 2 } }, 1, "" },
};

START_TEST(tags_select)
{
        StoreText of_a[] = { T("x"), T("y") };
        StoreText of_b[] = { T("y"), T("z") };

        ck_assert_int_eq(put_with_tags("a", of_a, 2), 0);
        ck_assert_int_eq(put_with_tags("b", of_b, 2), 0);
        ck_assert_int_eq(put_with_tags("c", NULL, 0), 0);

        assert_lists((StoreQuery){ .kind = searches[_i].kind,
                                   .tags = searches[_i].tags,
                                   .n_tags = searches[_i].n_tags },
                     searches[_i].listed);
}
END_TEST

START_TEST(tags_of_an_unknown_name_are_refused)
{
        StoreText tag = T("t");

        ck_assert_int_eq(store_set_tags(store, T("nobody"), &tag, 1, &owner, NULL),
                         STORE_E_NOT_FOUND);
        ck_assert_uint_eq(count(), 0);
}
END_TEST

START_TEST(an_object_may_have_many_tags)
{
        static char texts[STORE_TAGS_MAX][8];
        static StoreText tags[STORE_TAGS_MAX];
        const StoreObject *object;

        for (size_t i = 0; i < STORE_TAGS_MAX; i++) {
                snprintf(texts[i], sizeof(texts[i]), "%05zu", i);
                tags[i] = text_of(texts[i]);
        }

        ck_assert_int_eq(put_with_tags("a", tags, STORE_TAGS_MAX), 0);

        object = find(T("a"));
        ck_assert_uint_eq(object->n_tags, STORE_TAGS_MAX);
        for (size_t i = 0; i < STORE_TAGS_MAX; i++)
                ck_assert_mem_eq(object->tags[i].at, texts[i], 5);
}
END_TEST

/* Registers an endpoint of the object id for a name; tags NULL: keep what there are. */
static int put_endpoint(const char *name, const char *id, StoreEndpoint endpoint, bool safe,
                        const StoreText *tag)
{
        StoreObject object = {
                .name = text_of(name),
                .object = id,
                .endpoints = &endpoint,
                .n_endpoints = 1,
                .tags = tag,
                .n_tags = tag ? 1 : 0,
        };

        StoreTerms terms = { .uid = OWNER, .safe = safe, .keep_tags = !tag };

        return store_register_endpoint(store, &object, &terms, NULL);
}

static StoreEndpoint at(const char *zone, const char *path)
{
        return (StoreEndpoint){ .zone = zone, .path = path };
}

START_TEST(an_object_has_one_endpoint_in_each_zone)
{
        const StoreObject *object;

        ck_assert_int_eq(put_endpoint("a", "o", at("z1", "/1"), false, NULL), 0);
        ck_assert_int_eq(put_endpoint("a", "o", at("z2", "/2"), true, NULL), 0);
        ck_assert_int_eq(put_endpoint("a", "o", at("z1", "/3"), false, NULL), 0);
        object = find(T("a"));

        ck_assert_uint_eq(object->n_endpoints, 2);
        ck_assert_str_eq(object->endpoints[0].zone, "z1");
        ck_assert_str_eq(object->endpoints[0].path, "/3");
        ck_assert_str_eq(object->endpoints[1].zone, "z2");
        ck_assert_str_eq(object->endpoints[1].path, "/2");
        ck_assert_str_eq(object->uri, "PYRO:o@./u:/3");
}
END_TEST

START_TEST(a_nat_address_of_a_further_endpoint_is_published)
{
        StoreEndpoint far = { .zone = "z2", .path = "/2", .nathost = "nat", .natport = 5555 };

        ck_assert_int_eq(put_endpoint("a", "o", at("z1", "/1"), false, NULL), 0);
        ck_assert_str_eq(find(T("a"))->uri, "PYRO:o@./u:/1");

        ck_assert_int_eq(put_endpoint("a", "o", far, false, NULL), 0);
        ck_assert_str_eq(find(T("a"))->uri, "PYRO:o@nat:5555");
}
END_TEST

START_TEST(endpoints_with_a_nat_address_may_be_had_alone)
{
        StoreEndpoint far = { .zone = "z2", .path = "/2", .nathost = "nat", .natport = 5555 };
        const StoreObject *object;

        ck_assert_int_eq(put_endpoint("a", "o", at("z1", "/1"), false, NULL), 0);
        ck_assert_int_eq(store_reader_find(reader, T("a"), STORE_WITH_NAT, &object, NULL), 0);
        ck_assert_uint_eq(object->n_endpoints, 0);

        ck_assert_int_eq(put_endpoint("a", "o", far, false, NULL), 0);
        ck_assert_int_eq(store_reader_find(reader, T("a"), STORE_WITH_NAT, &object, NULL), 0);
        ck_assert_uint_eq(object->n_endpoints, 1);
        ck_assert_str_eq(object->endpoints[0].zone, "z2");
        ck_assert_str_eq(object->endpoints[0].nathost, "nat");
        ck_assert_uint_eq(object->endpoints[0].natport, 5555);
}
END_TEST

START_TEST(another_object_under_the_name_drops_endpoints_and_tags)
{
        StoreText tag = T("t");

        ck_assert_int_eq(put_endpoint("a", "o", at("z1", "/1"), true, &tag), 0);
        ck_assert_int_eq(put_endpoint("a", "o", at("z2", "/2"), true, NULL), 0);
        ck_assert_uint_eq(find(T("a"))->n_tags, 1);

        ck_assert_int_eq(put_endpoint("a", "p", at("z2", "/p"), true, NULL), STORE_E_EXISTS);
        ck_assert_str_eq(find(T("a"))->object, "o");
        ck_assert_int_eq(put_endpoint("a", "p", at("z2", "/p"), false, NULL), 0);

        ck_assert_str_eq(find(T("a"))->uri, "PYRO:p@./u:/p");
        ck_assert_uint_eq(find(T("a"))->n_endpoints, 1);
        ck_assert_uint_eq(find(T("a"))->n_tags, 0);
}
END_TEST

START_TEST(an_endpoint_may_bring_new_tags)
{
        StoreText one = T("one");
        StoreText two = T("two");

        ck_assert_int_eq(put_endpoint("a", "o", at("z1", "/1"), false, &one), 0);
        ck_assert_int_eq(put_endpoint("a", "o", at("z2", "/2"), false, &two), 0);

        ck_assert_uint_eq(find(T("a"))->n_tags, 1);
        ck_assert_mem_eq(find(T("a"))->tags[0].at, "two", 3);
        ck_assert_uint_eq(find(T("a"))->n_endpoints, 2);
}
END_TEST

START_TEST(an_object_has_a_limit_of_endpoints)
{
        char zone[16];

        for (size_t i = 0; i < STORE_ENDPOINTS_MAX; i++) {
                snprintf(zone, sizeof(zone), "z%zu", i);
                ck_assert_int_eq(put_endpoint("a", "o", at(zone, "/1"), false, NULL), 0);
        }

        ck_assert_int_eq(put_endpoint("a", "o", at("more", "/1"), false, NULL), STORE_E_LIMIT);
        ck_assert_int_eq(put_endpoint("a", "o", at("z7", "/2"), false, NULL), 0);
        ck_assert_uint_eq(find(T("a"))->n_endpoints, STORE_ENDPOINTS_MAX);
}
END_TEST

START_TEST(a_listing_shows_one_moment)
{
        StoreQuery all = { .kind = STORE_ALL };
        const StoreObject *object;
        size_t n = 0;
        size_t n_seen = 0;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                ck_assert_int_eq(put(text_of(names[i]), true), 0);

        ck_assert_int_eq(store_reader_begin(reader, &all, 0, &n, NULL), 0);
        ck_assert_int_eq(store_reader_next(reader, &object, NULL), 0);
        ck_assert_int_eq(put(T("later"), true), 0);
        for (n_seen = 1; store_reader_next(reader, &object, NULL) == 0; n_seen++)
                ck_assert_int_ne(object->name.n, strlen("later"));

        ck_assert_uint_eq(n, ARRAY_SIZE(names));
        ck_assert_uint_eq(n_seen, n);
        ck_assert_uint_eq(count(), n + 1);
}
END_TEST

START_TEST(a_reader_that_ended_lets_the_log_be_reused)
{
        static char name[STORE_NAME_MAX_BYTES];
        struct stat st;

        memset(name, 'x', sizeof(name));
        for (int i = 0; i < 100; i++) {
                snprintf(name, sizeof(name), "%d", i);
                ck_assert_int_eq(put((StoreText){ name, sizeof(name) }, true), 0);
                ck_assert_ptr_nonnull(find((StoreText){ name, sizeof(name) }));
                store_reader_end(reader);
        }

        /* 100 names are 6 MB and their indexes twice as much; a checkpoint is due at 4 MB. */
        ck_assert_int_eq(stat(scratch_path("ns.db-wal"), &st), 0);
        ck_assert_int_lt(st.st_size, 8 * 1024 * 1024);
}
END_TEST

START_TEST(what_was_acknowledged_outlives_a_kill)
{
        int status;
        pid_t pid;

        close_store();
        pid = fork();
        if (pid == 0) {
                open_store();
                for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                        if (put(text_of(names[i]), true))
                                _exit(1);
                kill(getpid(), SIGKILL);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        open_store();

        ck_assert_uint_eq(count(), ARRAY_SIZE(names));
}
END_TEST

START_TEST(a_full_disk_refuses_a_change_and_nothing_else)
{
        static char name[STORE_NAME_MAX_BYTES];
        struct rlimit limit = { .rlim_cur = 256 * 1024, .rlim_max = RLIM_INFINITY };
        ErrorText error = { "" };
        StoreObject object = { .object = "o", .uri = "PYRO:o@h:1" };
        size_t n_put = 0;
        int r;

        /* A file that may not grow stands for a disk that is full. */
        signal(SIGXFSZ, SIG_IGN);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        memset(name, 'x', sizeof(name));
        object.name = (StoreText){ name, sizeof(name) };
        do {
                snprintf(name, sizeof(name), "%zu", n_put);
                r = store_register(store, &object, &owner, &error);
        } while (r == 0 && ++n_put < 100);

        ck_assert(r == STORE_E_FULL || r == STORE_E_IO);
        ck_assert_msg(strstr(error.text, "ns.db"), "%s", error.text);
        ck_assert_uint_eq(count(), n_put);
        limit.rlim_cur = RLIM_INFINITY;
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        ck_assert_int_eq(store_register(store, &object, &owner, &error), 0);
        ck_assert_uint_eq(count(), n_put + 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/store");
        TCase *tests = tcase_create("store");

        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_add_test(tests, an_object_is_found_as_it_was_registered);
        tcase_add_test(tests, a_safe_registration_does_not_replace);
        tcase_add_test(tests, a_replaced_object_keeps_no_tags);
        tcase_add_test(tests, a_name_is_its_bytes_and_nothing_else);
        tcase_add_test(tests, a_name_may_have_the_most_bytes_it_may);
        tcase_add_loop_test(tests, a_prefix_is_taken_literally, 0, ARRAY_SIZE(prefixes));
        tcase_add_test(tests, a_prefix_may_hold_nul);
        tcase_add_test(tests, removing_by_prefix_spares_the_name_to_keep);
        tcase_add_test(tests, a_match_function_chooses);
        tcase_add_test(tests, a_search_that_is_stopped_changes_nothing);
        tcase_add_loop_test(tests, tags_select, 0, ARRAY_SIZE(searches));
        tcase_add_test(tests, tags_of_an_unknown_name_are_refused);
        tcase_add_test(tests, an_object_may_have_many_tags);
        tcase_add_test(tests, an_object_has_one_endpoint_in_each_zone);
        tcase_add_test(tests, a_nat_address_of_a_further_endpoint_is_published);
        tcase_add_test(tests, endpoints_with_a_nat_address_may_be_had_alone);
        tcase_add_test(tests, another_object_under_the_name_drops_endpoints_and_tags);
        tcase_add_test(tests, an_endpoint_may_bring_new_tags);
        tcase_add_test(tests, an_object_has_a_limit_of_endpoints);
        tcase_add_test(tests, a_listing_shows_one_moment);
        tcase_add_test(tests, a_reader_that_ended_lets_the_log_be_reused);
        tcase_add_test(tests, what_was_acknowledged_outlives_a_kill);
        tcase_add_test(tests, a_full_disk_refuses_a_change_and_nothing_else);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
