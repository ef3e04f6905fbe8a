/* SPDX-License-Identifier: MIT */

#include "client/ssh/run.h"

#include "base/unix-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PROXY_GRACE_MS 1000 /* between SIGTERM and SIGKILL */
#define READ_STEP      4096u

extern char **environ;

static void file_actions_deinit(posix_spawn_file_actions_t *actions)
{
        (void)posix_spawn_file_actions_destroy(actions);
}

static void attributes_deinit(posix_spawnattr_t *attributes)
{
        (void)posix_spawnattr_destroy(attributes);
}

/* The child's descriptors 0 to 2; -1 is /dev/null. Its signals are as a shell would set them: a
 * session's thread blocks all of them. Its own process group keeps Ctrl-C away, for a program that
 * ends cleanly still needs its way to the host then. */
int ssh_run_spawn(const char *const argv[], const int fds[static 3], pid_t *ret_pid)
{
        CLEANUP(file_actions_deinit) posix_spawn_file_actions_t actions;
        CLEANUP(attributes_deinit) posix_spawnattr_t attributes;
        sigset_t none, usual;
        int r;

        r = posix_spawn_file_actions_init(&actions);
        if (r)
                abort(); /* glibc's cannot fail */
        r = posix_spawnattr_init(&attributes);
        if (r)
                abort();

        sigemptyset(&none);
        sigemptyset(&usual);
        sigaddset(&usual, SIGPIPE);
        for (int i = 0; !r && i < 3; i++) {
                if (fds[i] < 0)
                        r = posix_spawn_file_actions_addopen(&actions, i, "/dev/null", O_RDWR, 0);
                else
                        r = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
        }
        r = r ? r : posix_spawnattr_setsigmask(&attributes, &none);
        r = r ? r : posix_spawnattr_setsigdefault(&attributes, &usual);
        r = r ? r
              : posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
                                                              POSIX_SPAWN_SETSIGDEF |
                                                              POSIX_SPAWN_SETPGROUP);
        /* posix_spawnp() takes char *const[] for history's sake and writes to none of it. */
        r = r ? r
              : posix_spawnp(ret_pid, argv[0], &actions, &attributes,
                             (char *const *)(uintptr_t)argv, environ);
        return -r;
}

int ssh_run_wait(pid_t pid)
{
        int status;

        while (waitpid(pid, &status, 0) < 0) {
                if (errno != EINTR)
                        return 0; /* the program ignores SIGCHLD, so the kernel collected it */
        }
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Takes what is there. Return: 1 at the end, 0 if there may be more, -errno. */
static int drain(int fd, Buffer *into)
{
        ssize_t n;
        int r;

        r = buffer_reserve(into, READ_STEP);
        if (r)
                return r;
        n = read(fd, into->data + into->n, READ_STEP - 1);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        into->n += (size_t)n;
        into->data[into->n] = '\0';
        return n == 0;
}

/* Both streams until both end. Of too much standard error the last part is kept. */
static pyrope_status collect(const char *name, int fds[static 2], const SshWatch *watch,
                             SshRun *run, pyrope_error **error)
{
        struct pollfd polled[] = { { .fd = fds[0], .events = POLLIN },
                                   { .fd = fds[1], .events = POLLIN } };
        Buffer *const into[] = { &run->output, &run->words };
        pyrope_status status;
        int r;

        while (polled[0].fd >= 0 || polled[1].fd >= 0) {
                status = ssh_watch_poll(watch, polled, ARRAY_SIZE(polled), DEADLINE_NONE, name,
                                        error);
                if (status)
                        return status;
                for (size_t i = 0; i < ARRAY_SIZE(polled); i++) {
                        if (polled[i].fd < 0 || !polled[i].revents)
                                continue;
                        r = drain(fds[i], into[i]);
                        if (r == -EMSGSIZE && i == 1)
                                buffer_consume(into[i], into[i]->n / 2);
                        else if (r < 0)
                                return error_set(error,
                                                 r == -EMSGSIZE ? PYROPE_E_TOO_LARGE : PYROPE_E_IO,
                                                 "%s: its output: %s", name, strerror(-r));
                        else if (r)
                                polled[i].fd = -1;
                }
        }
        return PYROPE_OK;
}

static void close_both(int fds[static 2])
{
        closep(&fds[0]);
        closep(&fds[1]);
}

pyrope_status ssh_run_start(const char *const argv[], SshRun *run, pyrope_error **error)
{
        int out[2], words[2], r;

        run->name = argv[0];
        if (pipe2(out, O_CLOEXEC) < 0)
                return error_set(error, PYROPE_E_IO, "%s: pipe: %s", argv[0], strerror(errno));
        if (pipe2(words, O_CLOEXEC) < 0) {
                close_both(out);
                return error_set(error, PYROPE_E_IO, "%s: pipe: %s", argv[0], strerror(errno));
        }
        r = ssh_run_spawn(argv, (int[]){ -1, out[1], words[1] }, &run->pid);
        run->fds[0] = out[0];
        run->fds[1] = words[0];
        (void)close(out[1]);
        (void)close(words[1]);
        if (!r)
                return PYROPE_OK;
        run->pid = 0;
        run->is_missing = r == -ENOENT;
        return run->is_missing ? PYROPE_OK
                               : error_set(error, PYROPE_E_IO, "%s: cannot be started: %s", argv[0],
                                           strerror(-r));
}

static void end(SshRun *run)
{
        (void)kill(-run->pid, SIGKILL); /* it may hang in a Match exec or a name server */
        run->exit_status = ssh_run_wait(run->pid);
        run->pid = 0;
}

pyrope_status ssh_run_finish(SshRun *run, const SshWatch *watch, pyrope_error **error)
{
        pyrope_status status;

        if (run->is_missing)
                return PYROPE_OK;
        status = collect(run->name, run->fds, watch, run, error);
        if (status) {
                end(run);
                return status;
        }
        run->exit_status = ssh_run_wait(run->pid);
        run->pid = 0;
        return PYROPE_OK;
}

pyrope_status ssh_run(const char *const argv[], const SshWatch *watch, SshRun *run,
                      pyrope_error **error)
{
        pyrope_status status = ssh_run_start(argv, run, error);

        return status ? status : ssh_run_finish(run, watch, error);
}

void ssh_run_deinit(SshRun *run)
{
        if (run->pid)
                end(run);
        close_both(run->fds);
        buffer_deinit(&run->output);
        buffer_deinit(&run->words);
}

pyrope_status ssh_proxy_start(const char *const argv[], int *ret_fd, SshProxy *ret,
                              pyrope_error **error)
{
        SshProxy proxy = SSH_PROXY_INIT;
        int fds[2], r;

        r = unix_socketpair(fds);
        if (r)
                return error_set(error, PYROPE_E_IO, "socketpair: %s", strerror(-r));
        proxy.words_fd = memfd_create("ssh-proxy-words", MFD_CLOEXEC);
        /* Programs expect to block on their standard input and output. */
        (void)fcntl(fds[1], F_SETFL, 0);
        r = ssh_run_spawn(argv, (int[]){ fds[1], fds[1], proxy.words_fd }, &proxy.pid);
        (void)close(fds[1]);
        if (r) {
                closep(&proxy.words_fd);
                (void)close(fds[0]);
                return error_set(error, PYROPE_E_IO, "%s: cannot be started: %s", argv[0],
                                 strerror(-r));
        }
        *ret_fd = fds[0];
        *ret = proxy;
        return PYROPE_OK;
}

void ssh_proxy_words(const SshProxy *proxy, char *out, size_t n_out)
{
        char words[SSH_RUN_WORDS_MAX_BYTES];
        const char *line;
        struct stat st;
        off_t from;
        ssize_t n;

        out[0] = '\0';
        if (proxy->words_fd < 0 || fstat(proxy->words_fd, &st) < 0)
                return;
        from = st.st_size - (off_t)(sizeof(words) - 1);
        n = pread(proxy->words_fd, words, sizeof(words) - 1, from < 0 ? 0 : from);
        while (n > 0 && (words[n - 1] == '\n' || words[n - 1] == '\r'))
                n--;
        words[n < 0 ? 0 : n] = '\0';
        line = strrchr(words, '\n');
        (void)snprintf(out, n_out, "%s", line ? line + 1 : words);
}

void ssh_proxy_end(SshProxy *proxy)
{
        struct pollfd exited = { .events = POLLIN };

        closep(&proxy->words_fd);
        if (!proxy->pid)
                return;
        (void)kill(-proxy->pid, SIGTERM);
        exited.fd = pidfd_open(proxy->pid, 0);
        if (exited.fd >= 0) {
                (void)poll(&exited, 1, PROXY_GRACE_MS);
                (void)close(exited.fd);
        }
        (void)kill(-proxy->pid, SIGKILL); /* also what it started itself */
        (void)ssh_run_wait(proxy->pid);
        proxy->pid = 0;
}
