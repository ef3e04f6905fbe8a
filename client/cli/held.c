/* SPDX-License-Identifier: MIT */

#include "client/cli/held.h"

#include <errno.h>
#include <string.h>

#define REASON_MS       3000 /* patience with a job manager that is asked why */
#define REASON_ASK_MAX  20   /* a job manager may learn of an end a little after us, ... */
#define REASON_PAUSE_MS 100  /* ... so it is asked again after this */

int held_set_init(HeldSet *set, pyrope_context *context, TaskSignals *signals, char *const *names,
                  size_t n_names)
{
        Held *all = calloc(n_names, sizeof(*all));

        if (!all)
                return -ENOMEM;
        *set = (HeldSet){ .context = context,
                          .signals = signals,
                          .names = names,
                          .n_names = n_names,
                          .all = all };
        return 0;
}

void held_set_deinit(HeldSet *set)
{
        for (size_t i = 0; set->all && i < set->n_names; i++) {
                free(set->all[i].job);
                free(set->all[i].manager);
                free(set->all[i].uri);
        }
        free(set->all);
}

/* Tells what is printed about an instance. Return: PYROPE_OK, PYROPE_E_NOMEM. */
static pyrope_status held_describe(Held *held)
{
        held->job = strdup(pyrope_instance_job(held->instance));
        held->manager = strdup(pyrope_instance_manager(held->instance));
        held->uri = strdup(pyrope_forward_uri(held->forward));
        return held->job && held->manager && held->uri ? PYROPE_OK : PYROPE_E_NOMEM;
}

static pyrope_status allocate_one(HeldSet *set, const char *name, pyrope_error **error)
{
        Held *held = &set->all[set->n];
        pyrope_status status = pyrope_allocate(set->context, name, 0, &held->instance, error);

        if (status)
                return status;
        status = pyrope_forward_new(pyrope_instance_proxy(held->instance), &held->forward, error);
        if (!status)
                status = held_describe(held);
        if (status) {
                held->forward = pyrope_forward_free(held->forward);
                (void)pyrope_release(TAKE(held->instance), HELD_RELEASE_MS, NULL);
                return status;
        }
        set->n++;
        return PYROPE_OK;
}

void held_allocate(void *userdata)
{
        HeldSet *set = userdata;

        for (size_t i = 0; i < set->n_names && !atomic_load(&set->signals->first); i++) {
                CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
                pyrope_status status = allocate_one(set, set->names[i], &error);

                if (status) {
                        set->exit_status = command_failed(status, error);
                        return;
                }
        }
}

void held_hide(HeldSet *set)
{
        for (size_t i = 0; i < set->n; i++)
                set->all[i].forward = pyrope_forward_free(set->all[i].forward);
}

void held_release(void *userdata)
{
        HeldSet *set = userdata;

        for (size_t i = 0; i < set->n; i++) {
                CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
                Held *held = &set->all[i];
                pyrope_status status;

                status = pyrope_release(TAKE(held->instance),
                                        atomic_load(&set->signals->first) ? HELD_RELEASE_SIGNAL_MS
                                                                          : HELD_RELEASE_MS,
                                        &error);
                if (!status) {
                        atomic_store(&held->is_released, true);
                        continue;
                }
                fprintf(stderr, "%s: %s is not released: ", program_invocation_short_name,
                        held->job);
                command_print_text(
                        stderr, error ? pyrope_error_text(error) : pyrope_strerror(status),
                        error ? strlen(pyrope_error_text(error)) : strlen(pyrope_strerror(status)),
                        "\n");
                set->exit_status = OPTIONS_EXIT_FAILED;
        }
}

void held_say_left(const HeldSet *set)
{
        for (size_t i = 0; i < set->n; i++) {
                const Held *held = &set->all[i];

                if (!atomic_load(&held->is_released))
                        fprintf(stderr,
                                "%s: %s may still run; release it by: pyrope call '%s' "
                                "terminateJob '\"%s\"'\n",
                                program_invocation_short_name, held->job, held->manager, held->job);
        }
}

void held_watch(const HeldSet *set, struct pollfd *ret_fds)
{
        for (size_t i = 0; i < set->n; i++) {
                const Held *held = &set->all[i];
                int fd =
                        held->is_gone ? -1 : pyrope_proxy_fd(pyrope_instance_proxy(held->instance));

                ret_fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
        }
}

/* The job manager's word on why an instance ended. Return: owned, free(); NULL: it gives none. */
static char *reason_of(const Held *held)
{
        char *reason = NULL;

        for (int i = 0; i < REASON_ASK_MAX; i++) {
                free(TAKE(reason));
                if (pyrope_instance_status(held->instance, REASON_MS, &reason, NULL) != PYROPE_OK)
                        return NULL;
                if (strcmp(reason, "running") != 0 && strcmp(reason, "ending") != 0)
                        break;
                (void)poll(NULL, 0, REASON_PAUSE_MS);
        }
        return reason;
}

bool held_check(Held *held)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(freep) char *reason = NULL;

        /* A daemon may hang up on an idle connection; only one that answers no more is gone. */
        if (pyrope_ping(pyrope_instance_proxy(held->instance), REASON_MS, &error) == PYROPE_OK)
                return true;

        held->is_gone = true;
        reason = reason_of(held);
        fprintf(stderr, "%s: %s on %s ended: ", program_invocation_short_name, held->job,
                held->manager);
        if (reason)
                command_print_text(stderr, reason, strlen(reason), "\n");
        else
                fprintf(stderr, "%s, and %s does not tell why\n",
                        error ? pyrope_error_text(error) : "no answer", held->manager);
        return false;
}
