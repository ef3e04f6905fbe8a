/* SPDX-License-Identifier: MIT */

#include "client/pipe.h"

#include "client/context.h"
#include "client/flow.h"
#include "client/nameserver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

/* What comes in goes out to the socket @there, which may be gone: then nothing more is to be sent,
 * but its last words may still be read. Return: 0, -errno of the input. */
static int move_in(Flow *there, uint8_t *scratch)
{
        bool was_over = flow_is_over(there);
        int r = flow_move(there, scratch);

        if (r == -EPIPE || r == -ECONNRESET) {
                flow_drop(there);
                r = 0;
        }
        if (!was_over && flow_is_over(there))
                (void)shutdown(there->to, SHUT_WR);
        return r;
}

static int move_out(Flow *back, uint8_t *scratch)
{
        int r = flow_move(back, scratch);

        if (r == -ECONNRESET) {
                back->has_ended = true;
                r = 0;
        }
        return r;
}

static int run(Flow *there, Flow *back, uint8_t *scratch)
{
        struct pollfd fds[2];
        int r = 0;

        while (r == 0 && !flow_is_over(back)) {
                fds[0] = flow_events(there);
                fds[1] = flow_events(back);
                if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
                        continue;
                if (fds[0].revents)
                        r = move_in(there, scratch);
                if (r == 0 && fds[1].revents)
                        r = move_out(back, scratch);
        }
        return r;
}

int pipe_run(int fd, int in_fd, int out_fd)
{
        CLEANUP(flow_deinit) Flow there = { .from = in_fd, .to = fd };
        CLEANUP(flow_deinit) Flow back = { .from = fd, .to = out_fd };
        CLEANUP(freep) uint8_t *scratch = malloc(FLOW_BYTES);
        int in_flags = fcntl(in_fd, F_GETFL), out_flags = fcntl(out_fd, F_GETFL);
        int r;

        if (!scratch)
                return -ENOMEM;
        if (in_flags < 0 || out_flags < 0 || fcntl(in_fd, F_SETFL, in_flags | O_NONBLOCK) < 0 ||
            fcntl(out_fd, F_SETFL, out_flags | O_NONBLOCK) < 0)
                return -errno;
        r = run(&there, &back, scratch);
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
