/* SPDX-License-Identifier: MIT */

#include "jobman/supervisor.h"

#include "base/clock.h"
#include "base/text.h"
#include "jobman/work-dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

/*
 * Design notes
 *
 * States: the application runs; it is ending (asked by "T", by the control socket's end, or because
 * the application itself exited and left others behind); killing (the grace period is over); gone.
 * All descendants that lose their parent become our children, so "no child left" (ECHILD) means
 * that nothing of the instance lives, also if it made sessions of its own. Killing our direct
 * children again and again reaches those behind them, one generation a round.
 */

enum {
        SUPERVISOR_STAT_BYTES = 255, /* of /proc/PID/stat: enough for parent and group */
        SUPERVISOR_POLL_MS = 50,     /* between two rounds of killing */
};

typedef enum SupervisorState {
        SUPERVISOR_RUNNING,
        SUPERVISOR_ENDING,
        SUPERVISOR_KILLING,
} SupervisorState;

typedef struct Supervisor Supervisor;

struct Supervisor {
        char **command;
        int64_t grace_ms;
        bool inherits; /* SUPERVISOR_LISTEN_FD goes to the application */

        SupervisorState state;
        bool is_deaf;   /* the control socket has closed */
        pid_t pid;      /* the application; leader of its process group */
        bool exited;    /* the application is reaped, status holds */
        bool has_heirs; /* it was, and did not go alone */
        int status;     /* as wait(2) has it */
        Deadline grace;
        int signal_fd;
};

/* The job manager may be gone: then nobody wants to know. */
static void supervisor_tell(char kind, long number)
{
        char line[32];
        int n;

        n = snprintf(line, sizeof(line), "%c %ld\n", kind, number);
        (void)send(SUPERVISOR_CONTROL_FD, line, (size_t)n, MSG_NOSIGNAL);
}

/* In the child: becomes the application, or writes errno to @report_fd. */
static void supervisor_become(const Supervisor *self, int report_fd)
{
        char pid[24];
        sigset_t none;
        int e;

        /* A supervisor that is killed takes the application along. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)setpgid(0, 0);
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)signal(SIGPIPE, SIG_DFL);
        (void)close(SUPERVISOR_CONTROL_FD);
        if (self->inherits) {
                (void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
                (void)setenv("LISTEN_FDS", "1", 1);
                (void)setenv("LISTEN_PID", pid, 1);
        }
        (void)execvp(self->command[0], self->command);
        e = errno;
        (void)!write(report_fd, &e, sizeof(e));
        _exit(127);
}

/* Return: 0; the errno with which the application could not be started. */
static int supervisor_start(Supervisor *self)
{
        int report[2], e = 0;
        ssize_t n;

        if (pipe2(report, O_CLOEXEC) < 0)
                return errno;
        self->pid = fork();
        if (self->pid < 0) {
                e = errno;
                (void)close(report[0]);
                (void)close(report[1]);
                return e;
        }
        if (self->pid == 0)
                supervisor_become(self, report[1]);
        (void)close(report[1]);
        if (self->inherits)
                (void)close(SUPERVISOR_LISTEN_FD);

        /* Closed by the exec that works; filled by the one that does not. */
        do
                n = read(report[0], &e, sizeof(e));
        while (n < 0 && errno == EINTR);
        (void)close(report[0]);
        return n == (ssize_t)sizeof(e) ? e : 0;
}

/* Parent and process group of a process as /proc tells them. Return: whether it is there. */
static bool look_up(const char *pid, long *ret_parent, long *ret_group)
{
        char path[64], stat[SUPERVISOR_STAT_BYTES + 1], *at;
        ssize_t n;
        int fd;

        (void)snprintf(path, sizeof(path), "/proc/%s/stat", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        n = read(fd, stat, SUPERVISOR_STAT_BYTES);
        (void)close(fd);
        stat[n > 0 ? n : 0] = '\0';
        /* "PID (NAME) STATE PPID PGRP": a name may hold anything, so from its last bracket on. */
        at = strrchr(stat, ')');
        if (!at || strlen(at) < 5)
                return false;
        *ret_parent = strtol(at + 4, &at, 10);
        *ret_group = strtol(at, NULL, 10);
        return true;
}

/*
 * One signal to those who became our children and are not of the application's group. Not every
 * kernel has /proc/self/task/TID/children, so all of /proc is looked through.
 */
static void supervisor_signal_orphans(const Supervisor *self, int number)
{
        struct dirent *entry;
        long parent, group;
        DIR *proc;

        proc = opendir("/proc");
        if (!proc)
                return;
        while ((entry = readdir(proc))) {
                if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
                        continue;
                if (!look_up(entry->d_name, &parent, &group) || parent != (long)getpid())
                        continue;
                /* The group has got it already, as long as its number was ours to use. */
                if (group != (long)self->pid || self->state == SUPERVISOR_KILLING)
                        (void)kill((pid_t)strtol(entry->d_name, NULL, 10), number);
        }
        (void)closedir(proc);
}

/* One signal to all that can be reached: the application's group, and our own children. */
static void supervisor_signal(const Supervisor *self, int number)
{
        /* The group's number stays taken as long as its leader is not reaped. */
        if (!self->exited)
                (void)kill(-self->pid, number);
        supervisor_signal_orphans(self, number);
}

/* Return: whether nothing is left. */
static bool supervisor_reap(Supervisor *self)
{
        pid_t pid;
        int status;

        for (;;) {
                pid = waitpid(-1, &status, WNOHANG);
                if (pid < 0 && errno == EINTR)
                        continue;
                if (pid <= 0)
                        return pid < 0;
                if (pid == self->pid) {
                        self->exited = true;
                        self->status = status;
                }
        }
}

static void supervisor_end(Supervisor *self)
{
        if (self->state != SUPERVISOR_RUNNING)
                return;
        self->state = SUPERVISOR_ENDING;
        self->grace = deadline_in(self->grace_ms);
        supervisor_signal(self, SIGTERM);
        /* A stopped process cannot obey before it goes on. */
        supervisor_signal(self, SIGCONT);
}

static void supervisor_on_control(Supervisor *self)
{
        char word;
        ssize_t n;

        n = recv(SUPERVISOR_CONTROL_FD, &word, 1, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0)
                self->is_deaf = true;
        if (n <= 0 || word == 'T')
                supervisor_end(self);
}

static void supervisor_on_signal(Supervisor *self)
{
        struct signalfd_siginfo info;

        while (read(self->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
                if (info.ssi_signo != SIGCHLD)
                        supervisor_end(self);
        }
}

static int supervisor_poll_ms(const Supervisor *self)
{
        switch (self->state) {
        case SUPERVISOR_RUNNING:
                return -1;
        case SUPERVISOR_ENDING:
                return deadline_left_ms(self->grace);
        case SUPERVISOR_KILLING:
                return SUPERVISOR_POLL_MS;
        }
        return -1;
}

static void supervisor_loop(Supervisor *self)
{
        struct pollfd fds[2] = {
                { .fd = self->signal_fd, .events = POLLIN },
                { .fd = SUPERVISOR_CONTROL_FD, .events = POLLIN },
        };

        while (!supervisor_reap(self)) {
                if (self->exited && !self->has_heirs) {
                        /* What the application left behind is ours now, and was not asked yet. */
                        self->has_heirs = true;
                        if (self->state == SUPERVISOR_RUNNING)
                                supervisor_end(self);
                        else
                                supervisor_signal_orphans(self, SIGTERM);
                }
                if (self->state == SUPERVISOR_ENDING && deadline_passed(self->grace))
                        self->state = SUPERVISOR_KILLING;
                if (self->state == SUPERVISOR_KILLING)
                        supervisor_signal(self, SIGKILL);
                fds[1].fd = self->is_deaf ? -1 : SUPERVISOR_CONTROL_FD;
                if (poll(fds, ARRAY_SIZE(fds), supervisor_poll_ms(self)) < 0)
                        continue;
                if (fds[0].revents)
                        supervisor_on_signal(self);
                if (fds[1].revents)
                        supervisor_on_control(self);
        }
}

static bool supervisor_parse(Supervisor *self, int argc, char **argv)
{
        int at = 0;

        if (at < argc && !strcmp(argv[at], "--inherit")) {
                self->inherits = true;
                at++;
        }
        if (at + 3 >= argc || strcmp(argv[at], "--grace") || strcmp(argv[at + 2], "--"))
                return false;
        if (text_parse_int64(argv[at + 1], 0, INT32_MAX, &self->grace_ms))
                return false;
        self->command = argv + at + 3;
        return true;
}

/* Return: 0, errno. */
static int supervisor_prepare(Supervisor *self)
{
        sigset_t signals;

        (void)prctl(PR_SET_NAME, "pyrope-super");
        work_dir_hold_current();
        if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                return errno;
        (void)sigemptyset(&signals);
        (void)sigaddset(&signals, SIGCHLD);
        (void)sigaddset(&signals, SIGTERM);
        (void)sigaddset(&signals, SIGINT);
        (void)sigaddset(&signals, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return errno;
        self->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        if (self->signal_fd < 0)
                return errno;
        return fcntl(SUPERVISOR_CONTROL_FD, F_SETFD, FD_CLOEXEC) < 0 ? errno : 0;
}

int supervisor_main(int argc, char **argv)
{
        Supervisor self = { .signal_fd = -1 };
        int e;

        if (!supervisor_parse(&self, argc, argv)) {
                (void)fputs("jobman: supervise is started by the job manager only\n", stderr);
                return 2;
        }
        e = supervisor_prepare(&self);
        if (!e)
                e = supervisor_start(&self);
        if (e) {
                supervisor_tell('F', e);
                return 0;
        }
        supervisor_tell('P', (long)self.pid);
        supervisor_loop(&self);
        supervisor_tell('X', (long)self.status);
        return 0;
}
