/* SPDX-License-Identifier: MIT */

#include "tests/integration/bombs.h"

#include "base/clock.h"
#include "proto/conn.h"
#include "proto/frame.h"
#include "proto/value.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS   30000 /* longest for anything; what takes so long has failed */
#define N_SILENT  32
#define SAID_SIZE 65536

/* -- the daemon ------------------------------------------------------------------------------- */

static void run_program(const char *program, const char *path, int out_fd)
{
        (void)dup2(out_fd, STDOUT_FILENO);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp(program, program, "--socket", path, "--object-id", "target", (char *)NULL);
        perror(program);
        _exit(127);
}

/* -- connections ------------------------------------------------------------------------------ */

static int connect_to(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        bombs_must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, path);
        return fd;
}

/* With the handshake done. */
static void open_session(const char *path, Conn *ret)
{
        CLEANUP(pyrope_value_freep) pyrope_value *metadata = NULL;

        conn_init(ret, connect_to(path), FRAME_MESSAGE_MAX_BYTES);
        bombs_must(conn_connect(ret, "target", deadline_in(WAIT_MS), &metadata, NULL) == PYROPE_OK,
                   "handshake");
}

/* Sends all, unless the daemon hangs up. */
static void say(int fd, const Buffer *bytes)
{
        size_t n_sent = 0;
        ssize_t n = 0;

        while (n_sent < bytes->n && n >= 0) {
                n = send(fd, bytes->data + n_sent, bytes->n - n_sent, MSG_NOSIGNAL);
                n_sent += n > 0 ? (size_t)n : 0;
        }
}

/* Whether the daemon hangs up, or answers by a refusal. */
static bool is_refused(int fd)
{
        struct pollfd poller = { .fd = fd, .events = POLLIN };
        static uint8_t said[SAID_SIZE];
        FrameHeader header;
        ssize_t n;

        bombs_must(poll(&poller, 1, WAIT_MS) == 1, "no answer");
        n = recv(fd, said, sizeof(said), 0);
        if (n <= 0)
                return true;
        if (frame_header_parse(said, (size_t)n, FRAME_MESSAGE_MAX_BYTES, &header))
                return false;
        return header.type == FRAME_CONNECTFAIL || header.flags & FRAME_EXCEPTION;
}

Damage daemon_try(const char *path, pid_t pid, const Bomb *bomb, const Buffer *bytes)
{
        size_t n_before;
        Damage damage;
        double begun;
        Conn conn;

        if (bomb->place == BOMB_CALL)
                open_session(path, &conn);
        else
                conn_init(&conn, connect_to(path), FRAME_MESSAGE_MAX_BYTES);
        n_before = bombs_reset_peak(pid);
        begun = bombs_now_ms();
        say(conn.fd, bytes);
        damage.is_refused = is_refused(conn.fd);
        damage.ms = bombs_now_ms() - begun;
        damage.n_memory = bombs_peak_above(pid, n_before);
        conn_deinit(&conn);
        return damage;
}

/* Small ones, so that no code is used for the first time when it is measured. */
static void use_once(const char *path, pid_t pid)
{
        static const Bomb used[] = {
                { .place = BOMB_FIRST, .head = { "\x91", 1 } },
                { .place = BOMB_CALL, .head = { "\x91", 1 } },
                { .place = BOMB_CALL, .head = { "\x91", 1 }, .n_zero_mib = 1 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
                CLEANUP(buffer_deinit) Buffer bytes = BUFFER_INIT(SIZE_MAX / 2);

                bomb_make(&used[i], &bytes);
                (void)daemon_try(path, pid, &used[i], &bytes);
        }
}

pid_t daemon_start(const char *program, const char *path)
{
        char ready[512];
        ssize_t n;
        int fds[2];
        pid_t pid;

        bombs_must(pipe2(fds, O_CLOEXEC) == 0, "pipe");
        pid = fork();
        bombs_must(pid >= 0, "fork");
        if (pid == 0)
                run_program(program, path, fds[1]);
        (void)close(fds[1]);
        n = read(fds[0], ready, sizeof(ready));
        (void)close(fds[0]);
        bombs_must(n > 6 && memcmp(ready, "READY ", 6) == 0, "the daemon is not ready");
        use_once(path, pid);
        return pid;
}

void daemon_end(pid_t pid)
{
        int how;

        bombs_must(kill(pid, SIGTERM) == 0 && waitpid(pid, &how, 0) == pid, "the daemon's end");
        bombs_must(WIFEXITED(how) && WEXITSTATUS(how) == 0, "the daemon failed in the end");
}

/* -- silence ---------------------------------------------------------------------------------- */

/* Until the daemon has read what was said. */
static void wait_until_read(int fd)
{
        double begun = bombs_now_ms();
        int n_unread;

        do {
                bombs_must(ioctl(fd, SIOCOUTQ, &n_unread) == 0, "SIOCOUTQ");
                bombs_must(bombs_now_ms() - begun < WAIT_MS, "the daemon does not read");
                (void)poll(NULL, 0, 1);
        } while (n_unread > 0);
}

Damage daemon_try_silence(const char *path, pid_t pid, bool is_open, const Buffer *bytes)
{
        Damage damage = { .is_refused = !is_open };
        double begun = bombs_now_ms();
        Conn conns[N_SILENT];
        size_t n_before;

        for (size_t i = 0; i < N_SILENT; i++) {
                if (is_open)
                        open_session(path, &conns[i]);
                else
                        conn_init(&conns[i], connect_to(path), FRAME_MESSAGE_MAX_BYTES);
        }
        n_before = bombs_reset_peak(pid);
        for (size_t i = 0; i < N_SILENT; i++)
                say(conns[i].fd, bytes);
        for (size_t i = 0; i < N_SILENT; i++)
                wait_until_read(conns[i].fd);
        damage.n_memory = bombs_peak_above(pid, n_before) / N_SILENT;
        for (size_t i = 0; i < N_SILENT; i++) {
                if (!is_open)
                        bombs_must(is_refused(conns[i].fd), "silence is answered");
                conn_deinit(&conns[i]);
        }
        damage.ms = bombs_now_ms() - begun;
        return damage;
}
