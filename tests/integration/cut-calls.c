/* SPDX-License-Identifier: MIT */

/*
 * cut-calls ID CONTROL LOG up|down rst|fin|silence FROM STEP: an allocate-call-release, cut after
 * FROM bytes on their way up or down, the next after FROM + STEP, and so on until one is through
 * before its cut comes
 *
 * The nameserver is that of the environment, and reached through the proxy (cut-proxy.c) that
 * listens to CONTROL; LOG is that of the instances (cut-target.c), ID this caller's in it. Each
 * runs in a context of its own. Prints its figures; exit status 1 if one failed.
 */

#include "base/clock.h"
#include "base/defs.h"
#include "base/log.h"
#include "base/process.h"
#include "base/unix-socket.h"
#include "tests/integration/cut-account.h"
#include "tests/support/footprint.h"
#include "tests/support/patience.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define CALL_MS      4000
#define SILENT_MS    25000 /* of calls that must outlive a silent host, lost after 13 s at most */
#define LATE_MS      1000
#define ORDER_MS     5000
#define GROW_MAX_MIB 8
#define WARM_UP                                                                                    \
        3 /* whole ones with so many calls: then descriptors, threads and memory are what they     \
             stay */
#define WARM_CALLS 20

DEFINE_CLEANUP(pyrope_error, pyrope_error_free);
DEFINE_CLEANUP(pyrope_context, pyrope_context_free);

static const char *control;
static int call_ms = CALL_MS;
static Caller caller;
static double worst_allocate_ms, worst_release_ms;
static size_t n_allocated, n_refused, n_kept;

/* An order to the proxy, and its answer. */
static bool order(char *answer, size_t n_answer, const char *format, ...) PRINTF(3, 4);
static bool order(char *answer, size_t n_answer, const char *format, ...)
{
        char line[128];
        va_list arguments;
        ssize_t n;
        int fd;

        va_start(arguments, format);
        (void)vsnprintf(line, sizeof(line), format, arguments);
        va_end(arguments);
        if (unix_connect(control, deadline_in(ORDER_MS), &fd))
                return false;
        (void)fcntl(fd, F_SETFL, 0);
        (void)send(fd, line, strlen(line), MSG_NOSIGNAL);
        n = recv(fd, answer, n_answer - 1, 0);
        (void)close(fd);
        answer[n < 0 ? 0 : n] = '\0';
        return !strncmp(answer, "ok", 2);
}

/* How many connections the proxy has cut so far. */
static unsigned long n_cut_so_far(void)
{
        char answer[256];
        const char *cut;

        if (!order(answer, sizeof(answer), "counts") || !(cut = strstr(answer, " cut ")))
                return 0;
        return strtoul(cut + strlen(" cut "), NULL, 10);
}

static void took(double begun_ms, double *worst_ms)
{
        double ms = now_ms() - begun_ms;

        if (ms > *worst_ms)
                *worst_ms = ms;
}

static void tell(const char *what, unsigned long k, const pyrope_error *error)
{
        printf("# after byte %lu: %s: %s: %s\n", k, what,
               pyrope_status_name(pyrope_error_status(error)), pyrope_error_text(error));
}

static void run_once(unsigned long k, int n_calls)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *kept = NULL;
        pyrope_instance *instance = NULL;
        double begun_ms = now_ms();

        if (pyrope_context_new(NULL, &context, &error))
                return;
        if (pyrope_allocate(context, "Target", call_ms, &instance, &error)) {
                tell("allocate", k, error);
                n_refused++;
        }
        took(begun_ms, &worst_allocate_ms);
        if (!instance)
                return;
        n_allocated++;
        for (int i = 0; i < n_calls; i++)
                (void)caller_tick(&caller, pyrope_instance_proxy(instance), 0, 0, call_ms);
        begun_ms = now_ms();
        if (pyrope_release(instance, call_ms, &kept)) {
                tell("release", k, kept);
                n_kept++;
        }
        took(begun_ms, &worst_release_ms);
}

/* Until one is through whole. Return: the first byte behind it. */
static unsigned long run_all(const char *way, const char *how, unsigned long from,
                             unsigned long step, Footprint *ret_before)
{
        char answer[256];
        unsigned long n_cut = n_cut_so_far();

        for (int i = 0; i < WARM_UP; i++)
                run_once(0, WARM_CALLS);
        *ret_before = footprint_now();
        for (unsigned long k = from;; k += step) {
                if (!order(answer, sizeof(answer), "arm %s %lu %s", way, k, how))
                        return 0;
                run_once(k, 1);
                if (n_cut_so_far() == n_cut)
                        return k;
                /* Those that were cut silently are still there. */
                (void)order(answer, sizeof(answer), "cut rst");
                n_cut = n_cut_so_far();
        }
}

int main(int argc, char **argv)
{
        Footprint before = { 0 };
        unsigned long n_bytes;
        Account account;
        char name[64];
        int is_good;

        log_init("cut-calls", LOG_LEVEL_WARNING);
        if (argc < 8 || process_sanitize()) {
                fprintf(stderr, "usage: see the top of cut-calls.c\n");
                return 2;
        }
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
        caller.id = (int)strtol(argv[1], NULL, 10);
        control = argv[2];
        if (!strcmp(argv[5], "silence"))
                call_ms = SILENT_MS;
        (void)snprintf(name, sizeof(name), "cut-%s-%s", argv[4], argv[5]);
        n_bytes = run_all(argv[4], argv[5], strtoul(argv[6], NULL, 10), strtoul(argv[7], NULL, 10),
                          &before);
        if (!n_bytes || account_check(argv[3], &caller, 1, &account))
                return 1;
        printf("# %lu bytes; %zu allocated, %zu not; %zu not released\n", n_bytes, n_allocated,
               n_refused, n_kept);
        is_good = account_figures(name, &account);
        is_good &= figure(name, "allocate-ms", worst_allocate_ms, call_ms + patience(LATE_MS));
        is_good &= figure(name, "release-ms", worst_release_ms, call_ms + patience(LATE_MS));
        is_good &= footprint_figures(name, before, GROW_MAX_MIB);
        caller_deinit(&caller);
        return !is_good;
}
