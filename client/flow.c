/* SPDX-License-Identifier: MIT */

#include "client/flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pollfd flow_events(const Flow *flow)
{
        if (flow->waiting)
                return (struct pollfd){ .fd = flow->to, .events = POLLOUT };
        return (struct pollfd){ .fd = flow->has_ended ? -1 : flow->from, .events = POLLIN };
}

static bool is_again(ssize_t n)
{
        return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Return: how many were written, 0 also for none now; -errno. */
static ssize_t write_some(int fd, const uint8_t *bytes, size_t n)
{
        ssize_t n_written = write(fd, bytes, n);

        if (is_again(n_written))
                return 0;
        return n_written < 0 ? -errno : n_written;
}

static int write_waiting(Flow *flow)
{
        ssize_t n = write_some(flow->to, flow->waiting + flow->n_sent, flow->n - flow->n_sent);

        if (n < 0)
                return (int)n;
        flow->n_sent += (size_t)n;
        flow->n_total += (size_t)n;
        if (flow->n_sent == flow->n)
                flow_deinit(flow);
        return 0;
}

static int keep(Flow *flow, const uint8_t *bytes, size_t n)
{
        flow->waiting = malloc(n);
        if (!flow->waiting)
                return -ENOMEM;
        memcpy(flow->waiting, bytes, n);
        flow->n = n;
        flow->n_sent = 0;
        return 0;
}

int flow_move(Flow *flow, uint8_t scratch[static FLOW_BYTES])
{
        ssize_t n, n_written;

        if (flow->waiting)
                return write_waiting(flow);
        n = read(flow->from, scratch, FLOW_BYTES);
        if (is_again(n))
                return 0;
        if (n < 0)
                return -errno;
        flow->has_ended = n == 0;
        n_written = n ? write_some(flow->to, scratch, (size_t)n) : 0;
        if (n_written < 0)
                return (int)n_written;
        flow->n_total += (size_t)n_written;
        return n_written < n ? keep(flow, scratch + n_written, (size_t)(n - n_written)) : 0;
}

void flow_drop(Flow *flow)
{
        flow->has_ended = true;
        flow_deinit(flow);
}

bool flow_is_over(const Flow *flow)
{
        return flow->has_ended && !flow->waiting;
}

void flow_deinit(Flow *flow)
{
        free(flow->waiting);
        flow->waiting = NULL;
}
