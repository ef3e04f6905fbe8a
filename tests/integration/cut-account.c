/* SPDX-License-Identifier: MIT */

#include "tests/integration/cut-account.h"

#include "base/defs.h"
#include "tests/support/patience.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LATE_MS 1000 /* a machine that is busy otherwise may take so long to notice a deadline */

DEFINE_CLEANUP(pyrope_answer, pyrope_answer_free);
DEFINE_CLEANUP(pyrope_error, pyrope_error_free);
DEFINE_CLEANUP(pyrope_value, pyrope_value_free);
DEFINE_CLEANUP(pyrope_writer, pyrope_writer_free);

double now_ms(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_BOOTTIME, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A place for the next call, which is one that never came back until it does. */
static size_t note_begin(Caller *caller)
{
        if (caller->n == caller->n_allocated) {
                caller->n_allocated = caller->n_allocated ? caller->n_allocated * 2 : 1024;
                caller->outcomes = realloc(caller->outcomes, caller->n_allocated);
                assert(caller->outcomes);
        }
        caller->outcomes[caller->n] = OUTCOME_NONE;
        return caller->n++;
}

static Outcome outcome_of(pyrope_status status, const pyrope_error *error)
{
        if (status == PYROPE_OK || status == PYROPE_E_REMOTE)
                return OUTCOME_RESULT;
        return pyrope_error_is_unsent(error) ? OUTCOME_NOT_EXECUTED : OUTCOME_UNKNOWN;
}

Outcome caller_tick(Caller *caller, pyrope_proxy *proxy, int work_ms, int n_bytes, int timeout_ms)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        CLEANUP(pyrope_answer_freep) pyrope_answer *answer = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        const pyrope_call_options options = { .timeout_ms = timeout_ms };
        size_t number = note_begin(caller);
        Outcome outcome = OUTCOME_NOT_EXECUTED;
        double late_ms, begun_ms = now_ms();
        pyrope_status status;

        if (proxy) {
                pyrope_pack(writer, "[iiii]", caller->id, (int)number, work_ms, n_bytes);
                status = pyrope_writer_take(writer, &arguments, NULL);
                assert(!status);
                status =
                        pyrope_call_with(proxy, "tick", arguments, NULL, &options, &answer, &error);
                outcome = outcome_of(status, error);
        }
        late_ms = now_ms() - begun_ms - timeout_ms;
        if (late_ms > caller->worst_late_ms)
                caller->worst_late_ms = late_ms;
        caller->outcomes[number] = (uint8_t)outcome;
        return outcome;
}

void caller_deinit(Caller *caller)
{
        free(caller->outcomes);
}

/* -- the check --------------------------------------------------------------------------------- */

/* How often each call ran, as the log says; owned by the caller. */
static uint8_t *runs_of(const char *log, const Caller *caller, size_t *n_unasked)
{
        uint8_t *runs = calloc(caller->n + 1, 1);
        FILE *file = fopen(log, "re");
        uint32_t record[2];

        assert(runs);
        if (!file) {
                free(runs);
                return NULL;
        }
        while (fread(record, sizeof(record), 1, file) == 1) {
                if (record[0] != (uint32_t)caller->id)
                        continue;
                if (record[1] >= caller->n)
                        ++*n_unasked;
                else if (runs[record[1]] < UINT8_MAX)
                        runs[record[1]]++;
        }
        (void)fclose(file);
        return runs;
}

int account_check(const char *log, const Caller *callers, size_t n_callers, Account *ret)
{
        *ret = (Account){ 0 };
        for (size_t i = 0; i < n_callers; i++) {
                const Caller *caller = &callers[i];
                CLEANUP(freep) uint8_t *runs = runs_of(log, caller, &ret->n_unasked);

                if (!runs)
                        return -1;
                for (size_t k = 0; k < caller->n; k++) {
                        ret->n_calls++;
                        ret->n[caller->outcomes[k]]++;
                        ret->n_lost += caller->outcomes[k] == OUTCOME_RESULT && runs[k] != 1;
                        ret->n_ghosts += caller->outcomes[k] == OUTCOME_NOT_EXECUTED && runs[k];
                        ret->n_twice += runs[k] > 1;
                }
                if (caller->worst_late_ms > ret->worst_late_ms)
                        ret->worst_late_ms = caller->worst_late_ms;
        }
        return 0;
}

int figure(const char *name, const char *what, double value, double limit)
{
        int is_good = value <= limit;

        printf("%s-%s %.0f <=%.0f %s\n", name, what, value, limit, is_good ? "PASS" : "FAIL");
        return is_good;
}

int account_figures(const char *name, const Account *account)
{
        int is_good = 1;

        printf("# %zu calls: %zu results, %zu not executed, %zu of unknown outcome\n",
               account->n_calls, account->n[OUTCOME_RESULT], account->n[OUTCOME_NOT_EXECUTED],
               account->n[OUTCOME_UNKNOWN]);
        is_good &= figure(name, "calls-hung", (double)account->n[OUTCOME_NONE], 0);
        is_good &= figure(name, "calls-lost", (double)account->n_lost, 0);
        is_good &= figure(name, "calls-run-twice", (double)account->n_twice, 0);
        is_good &= figure(name, "calls-run-but-told-not-executed", (double)account->n_ghosts, 0);
        is_good &= figure(name, "calls-run-unasked", (double)account->n_unasked, 0);
        is_good &= figure(name, "calls-late-ms", account->worst_late_ms, patience(LATE_MS));
        return is_good;
}
