/* SPDX-License-Identifier: MIT */

#include "client/pipe.h"

#include "client/context.h"
#include "client/nameserver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define FLOW_BYTES 65536u

typedef struct Flow Flow;

/* One direction. */
struct Flow {
        int from, to;
        bool has_ended; /* nothing more comes from there */
        size_t n;       /* bytes that wait ... */
        size_t n_sent;  /* ... of which so many are written */
        char bytes[FLOW_BYTES];
};

static bool is_waiting(const Flow *flow)
{
        return flow->n_sent < flow->n;
}

static struct pollfd flow_events(const Flow *flow)
{
        if (is_waiting(flow))
                return (struct pollfd){ .fd = flow->to, .events = POLLOUT };
        return (struct pollfd){ .fd = flow->has_ended ? -1 : flow->from, .events = POLLIN };
}

static bool is_again(ssize_t n)
{
        return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static int flow_read(Flow *flow)
{
        ssize_t n = read(flow->from, flow->bytes, sizeof(flow->bytes));

        if (is_again(n))
                return 0;
        if (n < 0)
                return -errno;
        flow->has_ended = n == 0;
        flow->n = (size_t)n;
        flow->n_sent = 0;
        return 0;
}

static int flow_write(Flow *flow)
{
        ssize_t n = write(flow->to, flow->bytes + flow->n_sent, flow->n - flow->n_sent);

        if (is_again(n))
                return 0;
        if (n < 0)
                return -errno;
        flow->n_sent += (size_t)n;
        return 0;
}

/* It is ready for what flow_events() said. */
static int flow_move(Flow *flow)
{
        int r = is_waiting(flow) ? 0 : flow_read(flow);

        return r || !is_waiting(flow) ? r : flow_write(flow);
}

static bool is_over(const Flow *flow)
{
        return flow->has_ended && !is_waiting(flow);
}

/* What comes in goes out to the socket @there, which may be gone: then nothing more is to be sent,
 * but its last words may still be read. Return: 0, -errno of the input. */
static int move_in(Flow *there)
{
        bool was_over = is_over(there);
        int r = flow_move(there);

        if (r == -EPIPE || r == -ECONNRESET) {
                there->has_ended = true;
                there->n_sent = there->n;
                r = 0;
        }
        if (!was_over && is_over(there))
                (void)shutdown(there->to, SHUT_WR);
        return r;
}

static int move_out(Flow *back)
{
        int r = flow_move(back);

        if (r == -ECONNRESET) {
                back->has_ended = true;
                r = 0;
        }
        return r;
}

static int run(Flow *there, Flow *back)
{
        struct pollfd fds[2];
        int r = 0;

        while (r == 0 && !is_over(back)) {
                fds[0] = flow_events(there);
                fds[1] = flow_events(back);
                if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
                        continue;
                if (fds[0].revents)
                        r = move_in(there);
                if (r == 0 && fds[1].revents)
                        r = move_out(back);
        }
        return r;
}

int pipe_run(int fd, int in_fd, int out_fd)
{
        CLEANUP(freep) Flow *flows = calloc(2, sizeof(*flows));
        int in_flags = fcntl(in_fd, F_GETFL), out_flags = fcntl(out_fd, F_GETFL);
        int r;

        if (!flows)
                return -ENOMEM;
        if (in_flags < 0 || out_flags < 0 || fcntl(in_fd, F_SETFL, in_flags | O_NONBLOCK) < 0 ||
            fcntl(out_fd, F_SETFL, out_flags | O_NONBLOCK) < 0)
                return -errno;
        flows[0].from = in_fd;
        flows[0].to = flows[1].from = fd;
        flows[1].to = out_fd;
        r = run(&flows[0], &flows[1]);
        (void)fcntl(in_fd, F_SETFL, in_flags); /* others may have them, too */
        (void)fcntl(out_fd, F_SETFL, out_flags);
        return r;
}

pyrope_status pyrope_pipe_nameserver(pyrope_context *context, int in_fd, int out_fd,
                                     pyrope_error **error)
{
        CLEANUP(location_deinit) Location at = { 0 };
        CLEANUP(closep) int fd = -1;
        pyrope_status status;
        Deadline deadline;
        int r;

        if (!context)
                return error_null(error);
        deadline = context_deadline(context, 0);
        status = nameserver_at(context, deadline, &at, error);
        if (!status)
                status = context_open(context, &at, deadline, &fd, error);
        if (status)
                return status;
        r = pipe_run(fd, in_fd, out_fd);
        return r ? error_set(error, PYROPE_E_IO, "standard input or output: %s", strerror(-r))
                 : PYROPE_OK;
}
