/* SPDX-License-Identifier: MIT */

#include "client/context.h"
#include "client/instance.h"
#include "client/nameserver.h"
#include "client/proxy.h"

#include <stdio.h>
#include <string.h>

/*
 * Design notes: a name is tried as an application, then as a job manager, then as both with an '@'
 * between, since names of job managers may have an '@' themselves. Job managers are asked in the
 * order of their free slots; each failure is kept, and told if no other gives an instance.
 */

#define MANAGERS_MAX 256u /* that are asked; a nameserver may claim any number */
#define TAG_OFFERS   "application:"

typedef struct Candidate {
        char *name;
        pyrope_proxy *manager; /* NULL if it cannot be reached */
        int64_t n_free;
} Candidate;

typedef struct Search {
        pyrope_context *context;
        const char *name; /* as the user wrote it */
        Deadline deadline;
        char *application; /* NULL: the only one of the job manager; owned */
        Candidate *candidates;
        size_t n_candidates;
        pyrope_status status; /* the failure that counts so far */
        pyrope_error *why;    /* NULL until something failed */
} Search;

static void search_deinit(Search *search)
{
        for (size_t i = 0; i < search->n_candidates; i++) {
                free(search->candidates[i].name);
                pyrope_proxy_free(search->candidates[i].manager);
        }
        free(search->candidates);
        free(search->application);
        pyrope_error_free(search->why);
}

/* -- who offers it ---------------------------------------------------------------------------- */

/* The job managers that offer @application; NULL: all. */
static pyrope_status managers_of(Search *search, const char *application, pyrope_value **ret,
                                 pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *tags = NULL;
        CLEANUP(freep) char *offer = NULL;
        pyrope_status status;

        if (!writer || asprintf(&offer, TAG_OFFERS "%s", application ? application : "") < 0)
                return error_nomem(error);
        if (application)
                pyrope_pack(writer, "[ss]", NAMESERVER_TAG_MANAGER, offer);
        else
                pyrope_pack(writer, "[s]", NAMESERVER_TAG_MANAGER);
        status = pyrope_writer_take(writer, &tags, error);
        return status ? status
                      : nameserver_tagged(search->context, tags, search->deadline, ret, error);
}

static pyrope_status add_candidate(Search *search, const char *name, size_t n_name,
                                   pyrope_error **error)
{
        Candidate *more;

        more = realloc(search->candidates, (search->n_candidates + 1) * sizeof(*more));
        if (!more)
                return error_nomem(error);
        search->candidates = more;
        more[search->n_candidates] = (Candidate){ .name = strndup(name, n_name) };
        if (!more[search->n_candidates].name)
                return error_nomem(error);
        search->n_candidates++;
        return PYROPE_OK;
}

/* As an application that any job manager may offer. */
static pyrope_status search_application(Search *search, pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *managers = NULL;
        pyrope_status status = managers_of(search, search->name, &managers, error);
        pyrope_view key, value;

        for (pyrope_iter it = pyrope_each(pyrope_value_view(managers));
             !status && search->n_candidates < MANAGERS_MAX && pyrope_next(&it, &key, &value);) {
                const char *name;
                size_t n;

                if (pyrope_get_str(key, &name, &n) == PYROPE_OK)
                        status = add_candidate(search, name, n, error);
        }
        if (status || !search->n_candidates)
                return status;
        search->application = strdup(search->name);
        return search->application ? PYROPE_OK : error_nomem(error);
}

/* As a job manager, @name, of which @application is wanted (NULL: its only one). */
static pyrope_status search_manager(Search *search, const char *name, const char *application,
                                    size_t n_application, const pyrope_value *managers,
                                    pyrope_error **error)
{
        if (pyrope_type_of(pyrope_find(pyrope_value_view(managers), name)) == PYROPE_ABSENT)
                return PYROPE_OK;
        if (application) {
                search->application = strndup(application, n_application);
                if (!search->application)
                        return error_nomem(error);
        }
        return add_candidate(search, name, strlen(name), error);
}

/* Whether "a, b, c" has a word. */
static bool has_word(const Buffer *list, const char *word, size_t n_word)
{
        const char *at = list->n ? (const char *)list->data : "";

        for (; *at; at += strspn(at, ", ")) {
                size_t n = strcspn(at, ",");

                if (n == n_word && memcmp(at, word, n) == 0)
                        return true;
                at += n;
        }
        return false;
}

/* Adds the application that a tag names, if it names one. */
static void append_offer(Buffer *list, pyrope_view tag)
{
        size_t n = 0, n_prefix = strlen(TAG_OFFERS);
        const char *text = NULL;

        if (pyrope_get_str(tag, &text, &n) || n <= n_prefix ||
            memcmp(text, TAG_OFFERS, n_prefix) != 0)
                return;
        text += n_prefix;
        n -= n_prefix;
        if (!has_word(list, text, n)) /* what does not fit is left out: it is only a hint */
                (void)!buffer_append_printf(list, "%s%.*s", list->n ? ", " : "", (int)n, text);
}

/* "MechanicalSolver, ThermalSolver", of what all job managers offer. */
static void append_offers(Buffer *list, pyrope_view managers)
{
        pyrope_view name, entry, tag;

        for (pyrope_iter it = pyrope_each(managers); pyrope_next(&it, &name, &entry);)
                for (pyrope_iter tags = pyrope_each(pyrope_at(entry, 1));
                     pyrope_next(&tags, NULL, &tag);)
                        append_offer(list, tag);
}

/* Whether @name is "APPLICATION@JOB-MANAGER" with an application that somebody offers. */
static bool is_offered_elsewhere(const Buffer *offers, const char *name)
{
        const char *at = strchr(name, '@');

        return at && has_word(offers, name, (size_t)(at - name));
}

static pyrope_status not_offered(Search *search, const pyrope_value *managers, pyrope_error **error)
{
        CLEANUP(buffer_deinit) Buffer offers = BUFFER_INIT(1024);
        CLEANUP(freep) char *label = nameserver_label(search->context);

        append_offers(&offers, pyrope_value_view(managers));
        if (is_offered_elsewhere(&offers, search->name))
                return error_set(error, PYROPE_E_NOT_FOUND,
                                 "%s: no job manager %s (%s); '%.*s' alone asks every one",
                                 search->name, strchr(search->name, '@') + 1,
                                 label ? label : "the nameserver", (int)strcspn(search->name, "@"),
                                 search->name);
        return error_set(error, PYROPE_E_NOT_FOUND, "%s: no job manager offers it (%s knows: %s)",
                         search->name, label ? label : "the nameserver",
                         offers.n ? (const char *)offers.data : "no job manager");
}

static pyrope_status search_candidates(Search *search, pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *managers = NULL;
        const char *at = strchr(search->name, '@');
        pyrope_status status = search_application(search, error);

        if (status || search->n_candidates)
                return status;
        status = managers_of(search, NULL, &managers, error);
        if (!status)
                status = search_manager(search, search->name, NULL, 0, managers, error);
        if (!status && !search->n_candidates && at)
                status = search_manager(search, at + 1, search->name, (size_t)(at - search->name),
                                        managers, error);
        if (status || search->n_candidates)
                return status;
        return not_offered(search, managers, error);
}

/* -- who gives one ---------------------------------------------------------------------------- */

/* Adds one job manager's failure to what will be told. The class of a remote exception is left out:
 * the text of a job manager says it all. */
static void search_failed(Search *search, const Candidate *candidate, pyrope_status status,
                          const pyrope_error *why)
{
        CLEANUP(pyrope_error_freep) pyrope_error *before = TAKE(search->why);
        const char *text = error_words(status, why);
        /* What failed on the way there has the name in front already. */
        bool is_named = strncmp(text, candidate->name, strlen(candidate->name)) == 0;

        /* What is wrong counts more than what is full. */
        if (!before || search->status == PYROPE_E_BUSY)
                search->status = status;
        (void)error_set(&search->why, search->status, "%s%s%s%s%s",
                        before ? pyrope_error_text(before) : "", before ? "; " : "",
                        is_named ? "" : candidate->name, is_named ? "" : ": ", text);
}

/* A part of the time that is left, so that one silent job manager does not use up all of it. */
static Deadline share_of(const Search *search, size_t n_left)
{
        int left_ms = deadline_left_ms(search->deadline);

        if (left_ms < 0)
                return search->deadline;
        return deadline_in(left_ms / ((int)n_left + 1));
}

/* Connects to a job manager, and asks for its free slots. */
static pyrope_status ask_candidate(Search *search, Candidate *candidate, Deadline deadline,
                                   pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *n_free = NULL;
        CLEANUP(target_deinit) Target target = { .kind = TARGET_NAME };
        pyrope_status status;

        target.text = strdup(candidate->name);
        if (!target.text)
                return error_nomem(error);
        status = proxy_new(search->context, &target, deadline, &candidate->manager, error);
        if (!status)
                status = proxy_ask(candidate->manager, deadline, &n_free, error,
                                   "getNumberOfFreeJobs", "s", search->application);
        if (!status && pyrope_get_int(pyrope_value_view(n_free), &candidate->n_free) != PYROPE_OK)
                status = error_set(error, PYROPE_E_PROTOCOL,
                                   "the answer of getNumberOfFreeJobs is no number");
        return status;
}

static int by_free_slots(const void *one, const void *other)
{
        const Candidate *a = one, *b = other;

        return (a->n_free < b->n_free) - (a->n_free > b->n_free);
}

static void ask_candidates(Search *search)
{
        for (size_t i = 0; i < search->n_candidates; i++) {
                Candidate *candidate = &search->candidates[i];
                CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
                pyrope_status status;

                status = ask_candidate(search, candidate,
                                       share_of(search, search->n_candidates - i), &why);
                if (status) {
                        search_failed(search, candidate, status, why);
                        candidate->manager = pyrope_proxy_free(candidate->manager);
                }
        }
        qsort(search->candidates, search->n_candidates, sizeof(*search->candidates), by_free_slots);
}

/* The first that gives one. A job manager that says it is full is asked all the same: only its own
 * refusal tells why, and a slot may have become free. */
static pyrope_instance *try_candidates(Search *search)
{
        for (size_t i = 0; i < search->n_candidates; i++) {
                Candidate *candidate = &search->candidates[i];
                CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
                pyrope_instance *instance = NULL;
                pyrope_status status;

                if (!candidate->manager)
                        continue;
                status = instance_new(search->context, candidate->name, &candidate->manager,
                                      search->application, search->deadline, &instance, &why);
                if (!status)
                        return instance;
                search_failed(search, candidate, status, why);
        }
        return NULL;
}

pyrope_status pyrope_allocate(pyrope_context *context, const char *name, int64_t timeout_ms,
                              pyrope_instance **ret, pyrope_error **error)
{
        if (!context || !name || !ret)
                return error_null(error);

        CLEANUP(search_deinit)
        Search search = { .context = context,
                          .name = name,
                          .deadline = context_deadline(context, timeout_ms) };
        pyrope_instance *instance;
        pyrope_status status;

        status = search_candidates(&search, error);
        if (status)
                return status;
        ask_candidates(&search);
        instance = try_candidates(&search);
        if (!instance) {
                (void)error_prefix(&search.why, search.status, "%s", name);
                if (error)
                        *error = TAKE(search.why);
                return search.status;
        }

        *ret = instance;
        return PYROPE_OK;
}
