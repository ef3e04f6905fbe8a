/* SPDX-License-Identifier: MIT */

#include "client/instance.h"

#include "base/log.h"
#include "base/random.h"
#include "client/context.h"
#include "client/proxy.h"

#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define INSTANCE_END_MS    10000 /* for ending what could not be reached, whatever the deadline */
#define INSTANCE_RECALL_MS 10000 /* for finding and ending a job whose answer did not come */
#define INSTANCE_RETRY_MS  200   /* the way to its job manager is tried again after so long */
#define EXPLAIN_MS         1000  /* for asking why an instance is lost, all together ... */
#define EXPLAIN_ASK_MAX    8     /* ... this many times at most, ... */
#define EXPLAIN_PAUSE_MS   25    /* ... so long apart */
#define USER_NAME_SIZE     256u
#define MARK_CHARS         8u /* random ones at the end of the name, which tell our job from others */
#define PASSWD_BUFFER_SIZE 4096u

/* Frees what is here; the run over there goes on. */
static pyrope_instance *instance_free(pyrope_instance *instance)
{
        if (!instance)
                return NULL;
        pyrope_proxy_free(instance->proxy);
        pyrope_proxy_free(instance->manager);
        free(instance->job);
        free(instance->manager_name);
        free(instance);
        return NULL;
}

DEFINE_CLEANUP(pyrope_instance, instance_free);

/* Who asks, for people who read the job manager's status: "alice@laptop #k7m2xq4p". The end is ours
 * alone, so that we know our job even if its id never reached us. */
static void user_name(char out[static USER_NAME_SIZE])
{
        char buffer[PASSWD_BUFFER_SIZE], host[65] = "", mark[MARK_CHARS + 1], uid[16];
        struct passwd entry, *found = NULL;

        (void)getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found);
        (void)gethostname(host, sizeof(host) - 1);
        (void)snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
        random_id(mark, MARK_CHARS);
        (void)snprintf(out, USER_NAME_SIZE, "%.100s@%s #%s", found ? entry.pw_name : uid, host,
                       mark);
}

static char *text_of(pyrope_view item)
{
        const char *text;
        size_t n;

        return pyrope_get_str(item, &text, &n) == PYROPE_OK ? strndup(text, n) : NULL;
}

static pyrope_status terminate(pyrope_instance *instance, Deadline deadline, pyrope_error **error)
{
        return proxy_ask(instance->manager, deadline, NULL, error, "terminateJob", "s",
                         instance->job);
}

/* A job manager's answer says "no free slot: ..."; a status of its own lets callers look further.
 */
static pyrope_status allocation_failed(pyrope_status status, pyrope_error **error)
{
        const char *text = *error ? pyrope_error_text(*error) : "";
        const char *busy = status == PYROPE_E_REMOTE ? strstr(text, "no free slot: ") : NULL;
        pyrope_error *said = *error;

        if (!busy)
                return status;
        status = error_set(error, PYROPE_E_BUSY, "%s", busy);
        pyrope_error_free(said);
        return status;
}

/* The request may have arrived although no answer came back: ends the job that it may have begun,
 * as soon as there is a way to it. */
static void take_back(pyrope_instance *instance, const char *user)
{
        CLEANUP(pyrope_value_freep) pyrope_value *jobs = NULL;
        Deadline deadline = deadline_in(INSTANCE_RECALL_MS);
        pyrope_status status;
        pyrope_view entry;

        while ((status = proxy_ask(instance->manager, deadline, &jobs, NULL, "getStatus", "")) ==
                       PYROPE_E_UNREACHABLE &&
               !deadline_passed(deadline))
                (void)poll(NULL, 0, INSTANCE_RETRY_MS);
        if (status)
                return;
        for (pyrope_iter it = pyrope_each(pyrope_value_view(jobs));
             pyrope_next(&it, NULL, &entry);) {
                if (!pyrope_str_equals(pyrope_find(entry, "user"), user))
                        continue;
                if (proxy_ask(instance->manager, deadline, NULL, NULL, "terminateJob", "v",
                              pyrope_find(entry, "job")) != PYROPE_OK)
                        log_debug("%s may have a job of %s", instance->manager_name, user);
        }
}

/* Asks for the job; what comes back is not believed before it is looked at. */
static pyrope_status allocate(pyrope_instance *instance, const char *application, Deadline deadline,
                              pyrope_value **ret, pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *answer = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        char user[USER_NAME_SIZE];
        pyrope_status status;

        user_name(user);
        status = proxy_callf(instance->manager, deadline, &answer, &why, "allocateJob", "ss",
                             application, user);
        if (status == PYROPE_E_TIMEOUT || status == PYROPE_E_UNREACHABLE)
                take_back(instance, user);
        if (status) {
                status = allocation_failed(status, &why);
                if (error)
                        *error = TAKE(why);
                return status;
        }

        instance->job = text_of(pyrope_find(pyrope_value_view(answer), "job"));
        if (!instance->job)
                return error_set(error, PYROPE_E_PROTOCOL, "the answer of allocateJob has no job");
        *ret = TAKE(answer);
        return PYROPE_OK;
}

/* The entry of a job in a job manager's status; absent if there is none. */
static pyrope_view find_job(pyrope_view status, const char *job)
{
        pyrope_view entry;

        for (pyrope_iter it = pyrope_each(status); pyrope_next(&it, NULL, &entry);)
                if (pyrope_str_equals(pyrope_find(entry, "job"), job))
                        return entry;
        return (pyrope_view){ 0 };
}

/* The job manager's word on the instance, "running" or why it ended; owned by the caller. */
static pyrope_status ask_status(pyrope_instance *instance, Deadline deadline, char **ret,
                                pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *answer = NULL;
        pyrope_view entry, reason;
        pyrope_status status;

        status = proxy_ask(instance->manager, deadline, &answer, error, "getStatus", "");
        if (status)
                return status;

        entry = find_job(pyrope_value_view(answer), instance->job);
        reason = pyrope_find(entry, "reason");
        if (!pyrope_truth(reason))
                reason = pyrope_find(entry, "state");
        *ret = pyrope_truth(reason) ? text_of(reason) : strdup("gone");
        return *ret ? PYROPE_OK : error_nomem(error);
}

/* A call lost the instance: the job manager knows why, or knows that only the way to it is lost. It
 * may learn of an end a little after us. */
static void explain_loss(void *userdata, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *before = NULL;
        CLEANUP(freep) char *reason = NULL;
        pyrope_instance *instance = userdata;
        Deadline deadline = deadline_in(EXPLAIN_MS);

        for (int i = 0; i < EXPLAIN_ASK_MAX; i++) {
                if (i > 0)
                        (void)poll(NULL, 0, EXPLAIN_PAUSE_MS);
                free(TAKE(reason));
                if (ask_status(instance, deadline, &reason, NULL) != PYROPE_OK)
                        return;
                if (strcmp(reason, "running") != 0 && strcmp(reason, "ending") != 0)
                        break;
        }
        before = TAKE(*error);
        (void)error_set(error, PYROPE_E_UNREACHABLE, "%s; %s on %s: %s", pyrope_error_text(before),
                        instance->job, instance->manager_name, reason);
        if (pyrope_error_is_unsent(before))
                (void)error_unsent(error, PYROPE_E_UNREACHABLE);
}

pyrope_status instance_new(pyrope_context *context, const char *manager_name,
                           pyrope_proxy **manager, const char *application, Deadline deadline,
                           pyrope_instance **ret, pyrope_error **error)
{
        CLEANUP(instance_freep) pyrope_instance *instance = calloc(1, sizeof(*instance));
        CLEANUP(pyrope_value_freep) pyrope_value *answer = NULL;
        pyrope_status status;

        if (!instance)
                return error_nomem(error);
        instance->context = context;
        instance->manager_name = strdup(manager_name);
        if (!instance->manager_name)
                return error_nomem(error);

        instance->manager = *manager; /* lent, until nothing can fail any more */
        status = allocate(instance, application, deadline, &answer, error);
        if (!status) {
                status =
                        proxy_told(instance->manager, pyrope_find(pyrope_value_view(answer), "uri"),
                                   deadline, &instance->proxy, error);
                if (status)
                        (void)terminate(instance, deadline_in(INSTANCE_END_MS), NULL);
        }
        if (status) {
                instance->manager = NULL;
                return status;
        }

        *manager = NULL;
        proxy_on_lost(instance->proxy, explain_loss, instance);
        *ret = TAKE(instance);
        return PYROPE_OK;
}

pyrope_proxy *pyrope_instance_proxy(pyrope_instance *instance)
{
        if (!instance)
                return NULL;
        return instance->proxy;
}

const char *pyrope_instance_job(const pyrope_instance *instance)
{
        if (!instance)
                return NULL;
        return instance->job;
}

const char *pyrope_instance_manager(const pyrope_instance *instance)
{
        if (!instance)
                return NULL;
        return instance->manager_name;
}

pyrope_status pyrope_instance_status(pyrope_instance *instance, int64_t timeout_ms, char **ret,
                                     pyrope_error **error)
{
        if (!instance || !ret)
                return error_null(error);
        return ask_status(instance, context_deadline(instance->context, timeout_ms), ret, error);
}

pyrope_status pyrope_release(pyrope_instance *instance, int64_t timeout_ms, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        pyrope_status status;

        if (!instance)
                return PYROPE_OK;
        status = terminate(instance, context_deadline(instance->context, timeout_ms), &why);
        if (status == PYROPE_E_REMOTE && why && strstr(pyrope_error_text(why), "no such job"))
                status = PYROPE_OK;
        instance_free(instance);

        if (status && error)
                *error = TAKE(why);
        return status;
}
