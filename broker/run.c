/* SPDX-License-Identifier: MIT */

/*
 * Running a daemon as a program's main purpose: signals, and who is told that it is ready.
 */

#include "broker/run.h"

#include "base/log.h"
#include "base/notify.h"
#include "base/process.h"
#include "broker/daemon.h"
#include "proto/value.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#define DRAIN_MS 10000

static void signals_of(const RunHooks *hooks, sigset_t *ret)
{
        sigemptyset(ret);
        sigaddset(ret, SIGTERM);
        sigaddset(ret, SIGINT);
        if (hooks)
                sigaddset(ret, SIGHUP);
}

/* The port first, for who chose it may not know it. */
static void tell_ready(pyrope_daemon *daemon)
{
        for (unsigned i = DAEMON_LISTENERS; i-- > 0;) {
                CLEANUP(freep) char *uri = daemon_uri_at(daemon, NULL, i);
                const char *location = daemon->listeners[i].location;

                if (location)
                        printf("READY %s\n", uri ? uri : location);
        }
        fflush(stdout);
        notify_send("READY=1\nSTATUS=serving");
}

static void reload(const RunHooks *hooks)
{
        const char *status;

        notify_send("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, notify_now_us());
        status = hooks->on_reload(hooks->userdata);
        notify_send("READY=1\nSTATUS=%s", status ? status : "serving");
}

/* Return: whether the daemon is to end. */
static bool take_signal(int signal_fd, const RunHooks *hooks)
{
        struct signalfd_siginfo info;

        if (read(signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
                return false;
        if (info.ssi_signo == SIGHUP) {
                reload(hooks);
                return false;
        }
        log_info("%s: stopping", strsignal((int)info.ssi_signo));
        return true;
}

/* Until the daemon is stopped or a signal asks for it. */
static void wait_for_end(pyrope_daemon *daemon, int signal_fd, const RunHooks *hooks)
{
        struct pollfd fds[] = {
                { .fd = daemon->stop_fd, .events = POLLIN },
                { .fd = signal_fd, .events = POLLIN },
        };

        do {
                while (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno == EINTR) {
                }
        } while (!take_signal(signal_fd, hooks) && !fds[0].revents);
        notify_send("STOPPING=1\nSTATUS=waiting for running calls");
        pyrope_daemon_stop(daemon);
}

pyrope_status daemon_run(pyrope_daemon *daemon, const RunHooks *hooks, pyrope_error **error)
{
        CLEANUP(closep) int signal_fd = -1;
        pyrope_status status;
        sigset_t signals;
        sigset_t old;

        signals_of(hooks, &signals);
        pthread_sigmask(SIG_BLOCK, &signals, &old);
        signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signal_fd < 0)
                status = error_set(error, PYROPE_E_IO, "signalfd: %s", strerror(errno));
        else
                status = pyrope_daemon_start(daemon, error);
        if (status == PYROPE_OK) {
                tell_ready(daemon);
                wait_for_end(daemon, signal_fd, hooks);
                /* A second one ends the program at once, as it would have without us; SIGHUP, too
                 * late for anything, does not. */
                sigdelset(&signals, SIGHUP);
                pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
                status = pyrope_daemon_wait(daemon, DRAIN_MS);
                if (status)
                        error_set(error, status,
                                  "calls still ran %d s after the daemon was stopped",
                                  DRAIN_MS / 1000);
        }
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        return status;
}

pyrope_status pyrope_daemon_run(pyrope_daemon *daemon, pyrope_error **error)
{
        if (!daemon)
                return error_null(error);
        return daemon_run(daemon, NULL, error);
}

static int fail(pyrope_error *error)
{
        fprintf(stderr, "%s: %s\n", program_invocation_short_name,
                error_words(PYROPE_E_NOMEM, error));
        pyrope_error_free(error);
        return 1;
}

int pyrope_serve(const pyrope_class *class_, void *self, const char *id)
{
        pyrope_daemon *daemon = NULL;
        pyrope_error *error = NULL;
        pyrope_status status;

        if (process_sanitize())
                return 1; /* there is not even a place to complain */
        log_init(program_invocation_short_name, LOG_LEVEL_WARNING);

        status = pyrope_daemon_new(NULL, &daemon, &error);
        if (status == PYROPE_OK)
                status = pyrope_daemon_register(daemon, id, class_, self, &error);
        if (status == PYROPE_OK)
                status = pyrope_daemon_run(daemon, &error);
        /* A method that still runs keeps the daemon alive until the process ends. */
        if (status != PYROPE_E_TIMEOUT)
                pyrope_daemon_free(daemon);
        return status ? fail(error) : 0;
}
