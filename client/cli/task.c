/* SPDX-License-Identifier: MIT */

#include "client/cli/task.h"

#include "client/cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* On the heap, for the thread may outlive the caller's patience. */
typedef struct Task {
        void (*fn)(void *userdata);
        void *userdata;
        int done_fd;
} Task;

int task_signals_init(TaskSignals *signals)
{
        sigset_t set;
        int r;

        sigemptyset(&set);
        for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
                sigaddset(&set, ending[i]);
        r = pthread_sigmask(SIG_BLOCK, &set, &signals->before);
        if (r)
                return -r;

        atomic_init(&signals->first, 0);
        signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return signals->fd < 0 ? -errno : 0;
}

int task_signals_next(TaskSignals *signals, bool *ret_is_typed)
{
        struct signalfd_siginfo info;
        int none = 0;

        if (read(signals->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
                return 0;
        (void)atomic_compare_exchange_strong(&signals->first, &none, (int)info.ssi_signo);
        if (ret_is_typed)
                *ret_is_typed = info.ssi_code == SI_KERNEL;
        return (int)info.ssi_signo;
}

static void *task_main(void *userdata)
{
        Task *task = userdata;

        task->fn(task->userdata);
        (void)eventfd_write(task->done_fd, 1);
        return NULL;
}

/* Return: 0 when the task is done, else the signal that ended the patience. */
static int task_wait(TaskSignals *signals, const Task *task, const char *words)
{
        struct pollfd fds[] = { { .fd = task->done_fd, .events = POLLIN },
                                { .fd = signals->fd, .events = POLLIN } };

        for (;;) {
                bool is_first = !atomic_load(&signals->first);
                int number;

                if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
                        return 0;
                if (fds[0].revents)
                        return 0;
                number = task_signals_next(signals, NULL);
                if (number && !is_first)
                        return number;
                if (number)
                        terminal_cancel();
                if (number)
                        fprintf(stderr, "%s: %s\n", program_invocation_short_name, words);
        }
}

int task_run(TaskSignals *signals, void (*fn)(void *userdata), void *userdata, const char *words)
{
        Task *task = calloc(1, sizeof(*task));
        pthread_t thread;
        int r;

        if (!task)
                return -ENOMEM;
        *task = (Task){ .fn = fn, .userdata = userdata, .done_fd = eventfd(0, EFD_CLOEXEC) };
        r = task->done_fd < 0 ? errno : pthread_create(&thread, NULL, task_main, task);
        if (!r) {
                r = task_wait(signals, task, words);
                if (r)
                        return r; /* the thread still has the task */
                (void)pthread_join(thread, NULL);
        }

        closep(&task->done_fd);
        free(task);
        return -r;
}
