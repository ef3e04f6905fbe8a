/* SPDX-License-Identifier: MIT */

#include "client/ssh/probe.h"

#include "base/thread.h"
#include "client/ssh/connect.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define WHAT_BYTES 512u
#define READ_BYTES 512u

struct SshProbe {
        const SshSettings *settings;
        SshHop hop;
        int stop_fd;
        pthread_t thread;
        int64_t begun_at_ms;
        atomic_int_fast64_t trip_ms;        /* there and back; 0: not known */
        atomic_int_fast64_t answered_at_ms; /* 0: not yet; set after the one above */
        atomic_bool is_over;
};

bool ssh_probe_is_possible(const SshSettings *settings)
{
        return settings->proxy_jump || !settings->proxy_command;
}

/* -- the thread -------------------------------------------------------------------------------- */

/* Where in the line that begins so one is. */
typedef struct Line {
        size_t n;        /* bytes of it */
        bool is_another; /* no identification */
} Line;

/* Return: whether that was the end of "SSH-" at the beginning of a line (RFC 4253, section 4.2:
 * others may come before). */
static bool line_take(Line *line, char c)
{
        static const char wanted[] = "SSH-";

        if (c == '\n') {
                *line = (Line){ 0 };
                return false;
        }
        line->is_another |= line->n >= strlen(wanted) || c != wanted[line->n];
        line->n++;
        return !line->is_another && line->n == strlen(wanted);
}

/* Return: whether sshd says who it is. */
static bool listen_to(int fd, const SshWatch *watch, const char *what)
{
        struct pollfd socket = { .fd = fd, .events = POLLIN };
        char bytes[READ_BYTES];
        Line line = { 0 };
        size_t n_all = 0;
        ssize_t n;

        while (n_all < SSH_PROBE_MAX_BYTES) {
                if (ssh_watch_poll(watch, &socket, 1, DEADLINE_NONE, what, NULL))
                        return false;
                n = recv(fd, bytes, sizeof(bytes), 0);
                if (n < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (n <= 0)
                        return false;
                for (ssize_t i = 0; i < n && n_all < SSH_PROBE_MAX_BYTES; i++, n_all++) {
                        if (line_take(&line, bytes[i]))
                                return true;
                }
        }
        return false;
}

/* Of a connection of ours alone. */
static int64_t trip_ms(int fd)
{
        struct tcp_info info = { 0 };
        socklen_t n = sizeof(info);

        return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0 ? 0 : info.tcpi_rtt / 1000;
}

static void *run(void *userdata)
{
        SshProbe *probe = userdata;
        const SshWatch watch = { .stop_fd = probe->stop_fd,
                                 .deadline = deadline_in(SSH_ALIVE_PROBE_MS),
                                 .hop = &probe->hop };
        CLEANUP(closep) int fd = -1;
        SshProxy none = SSH_PROXY_INIT;
        char what[WHAT_BYTES];

        (void)snprintf(what, sizeof(what), "%s: a second connection", probe->settings->label);
        if (!ssh_connect_host(probe->settings, &watch, &fd, &none, NULL) &&
            listen_to(fd, &watch, what)) {
                atomic_store(&probe->trip_ms, trip_ms(fd));
                atomic_store(&probe->answered_at_ms, clock_boottime_ms());
        }
        atomic_store(&probe->is_over, true);
        return NULL;
}

/* -- life -------------------------------------------------------------------------------------- */

SshProbe *ssh_probe_start(const SshSettings *settings, const SshHop *hop)
{
        SshProbe *probe = calloc(1, sizeof(*probe));

        if (!probe)
                return NULL;
        probe->settings = settings;
        probe->hop = *hop;
        probe->begun_at_ms = clock_boottime_ms();
        atomic_init(&probe->trip_ms, 0);
        atomic_init(&probe->answered_at_ms, 0);
        atomic_init(&probe->is_over, false);
        probe->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (probe->stop_fd >= 0 && !thread_start(&probe->thread, run, probe))
                return probe;
        closep(&probe->stop_fd);
        free(probe);
        return NULL;
}

void ssh_probe_stop(const SshProbe *probe)
{
        (void)eventfd_write(probe->stop_fd, 1); /* fails only if it is readable anyway */
}

SshProbe *ssh_probe_end(SshProbe *probe)
{
        if (!probe)
                return NULL;
        ssh_probe_stop(probe);
        (void)pthread_join(probe->thread, NULL);
        closep(&probe->stop_fd);
        free(probe);
        return NULL;
}

/* -- what is known ----------------------------------------------------------------------------- */

void ssh_probe_look(const SshProbe *probe, SshAliveSeen *ret)
{
        ret->answered_at_ms = 0;
        ret->is_probing = false;
        if (!probe)
                return;
        ret->is_probing = !atomic_load(&probe->is_over);
        ret->answered_at_ms = atomic_load(&probe->answered_at_ms);
        ret->took_ms = ret->answered_at_ms - probe->begun_at_ms;
        ret->trip_ms = atomic_load(&probe->trip_ms);
}

void ssh_probe_look_at(int fd, uint64_t *n_taken, SshAliveSeen *ret)
{
        int64_t now_ms = clock_boottime_ms();
        uint64_t n_taken_before = *n_taken;
        struct tcp_info info = { 0 };
        socklen_t n = sizeof(info);
        int n_waiting = 0;

        (void)ioctl(fd, SIOCOUTQ, &n_waiting);
        if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0) {
                /* A socket pair: what lies in it has not been sent on, and may be the question. */
                ret->is_hidden = true;
                ret->is_moving = n_waiting > 0;
                return;
        }
        *n_taken = info.tcpi_bytes_acked;
        ret->is_moving = n_waiting > 0 && *n_taken != n_taken_before;
        ret->sent_at_ms = now_ms - info.tcpi_last_data_sent;
        if (info.tcpi_unacked)
                ret->resend_at_ms = ret->sent_at_ms + info.tcpi_rto / 1000;
}
