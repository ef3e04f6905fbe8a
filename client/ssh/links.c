/* SPDX-License-Identifier: MIT */

#include "client/ssh/links.h"

#include "base/unix-socket.h"
#include "client/ssh/direct.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define WHAT_BYTES       512u
#define HOP_BUFFER_BYTES 32768 /* between two sessions: what a small call may have to wait for */
#define CIRCLE_BYTES     1024u

/* -- the list ---------------------------------------------------------------------------------- */

/* Their threads are at their last instruction, so they can be joined with the lock held, too. */
void ssh_links_reap(SshShared *shared)
{
        SshLink **at = &shared->links;

        while (*at) {
                SshLink *link = *at;

                if (!link->is_ended) {
                        at = &link->next;
                        continue;
                }
                *at = link->next;
                (void)ssh_link_join(link);
        }
}

SshLink *ssh_links_find(SshShared *shared, const char *target)
{
        SshLink *link;

        ssh_links_reap(shared);
        for (link = shared->links; link; link = link->next) {
                if (!link->is_over && ssh_link_is_called(link, target))
                        return link;
        }
        link = ssh_link_start(shared, target);
        if (!link)
                return NULL;
        link->next = shared->links;
        shared->links = link;
        return link;
}

/* -- chains ------------------------------------------------------------------------------------ */

/* The link that this one waits for, if any. */
static const SshLink *next_hop(const SshLink *link)
{
        return link->hop && !link->hop->is_answered ? link->hop->link : NULL;
}

static bool is_waiting_for(const SshLink *link, const SshLink *other)
{
        while (link && link != other)
                link = next_hop(link);
        return link;
}

bool ssh_links_may_merge(const SshLink *link, const SshLink *other)
{
        for (const SshRequest *request = link->queue; request; request = request->next) {
                if (request->asker && is_waiting_for(other, request->asker))
                        return false;
        }
        return true;
}

void ssh_links_leave(SshShared *shared, uint64_t group)
{
        ssh_shared_lock(shared);
        for (SshLink *link = shared->links; link; link = link->next)
                ssh_link_leave(link, group);
        ssh_shared_unlock(shared);
}

bool ssh_links_lost_hop(const SshLink *link, char *out, size_t n_out)
{
        const char *way = link->settings.proxy_jump;
        bool is_lost = false;

        if (!way)
                return false;
        ssh_shared_lock(link->shared);
        for (const SshLink *hop = link->shared->links; hop && !is_lost; hop = hop->next) {
                is_lost = ssh_link_is_called(hop, way) && hop->shown.state != SSH_STATE_UP;
                if (is_lost)
                        (void)snprintf(out, n_out, "%s", hop->shown.reason);
        }
        ssh_shared_unlock(link->shared);
        return is_lost;
}

static pyrope_status fail_circle(const SshLink *asker, const SshLink *hop, pyrope_error **error)
{
        CLEANUP(buffer_deinit) Buffer circle = BUFFER_INIT(CIRCLE_BYTES);
        const char *name = asker->targets.names[0];
        int r;

        r = buffer_append_printf(&circle, "%s", name);
        for (; !r && hop != asker; hop = next_hop(hop))
                r = buffer_append_printf(&circle, " goes through %s, which", hop->targets.names[0]);
        if (r)
                return error_set(error, PYROPE_E_CONFIG, "%s: its ProxyJump leads back to it",
                                 name);
        return error_set(error, PYROPE_E_CONFIG,
                         "%s: ProxyJump leads round in a circle: %s goes through %s", name,
                         (char *)circle.data, name);
}

/* Whether a link may go through another one. */
static pyrope_status check_hop(const SshLink *asker, SshLink *hop, pyrope_error **error)
{
        if (is_waiting_for(hop, asker))
                return fail_circle(asker, hop, error);
        if (hop->n_behind <= asker->n_behind)
                hop->n_behind = asker->n_behind + 1;
        if (hop->n_behind >= SSH_LINKS_CHAIN_MAX)
                return error_set(error, PYROPE_E_CONFIG,
                                 "%s: more than %u hosts one behind the other by ProxyJump",
                                 hop->targets.names[0], SSH_LINKS_CHAIN_MAX);
        return PYROPE_OK;
}

/* -- requests ---------------------------------------------------------------------------------- */

pyrope_status ssh_links_fail(const SshRequest *request, pyrope_error **error)
{
        return error_set(error, PYROPE_E_IO,
                         "%s: no memory, descriptors or threads left for a session",
                         request->to.ssh);
}

/* Where it got stuck: perhaps on the way to a host in front of the one that was asked for. */
static pyrope_status fail_late(const SshRequest *request, pyrope_error **error)
{
        const SshLink *link = request->link, *first = link;
        char what[WHAT_BYTES];

        for (; next_hop(link); link = next_hop(link))
                request = link->hop;
        if (link->shown.state == SSH_STATE_UP) {
                ssh_request_text(request, what, sizeof(what));
                return error_set(error, PYROPE_E_TIMEOUT, "%s%s%s: waiting for %s: timed out",
                                 link != first ? first->settings.name : "",
                                 link != first ? ": " : "", link->settings.label, what);
        }
        return error_set(error, PYROPE_E_TIMEOUT, "%s%s%s: timed out%s%s",
                         link != first ? first->settings.name : "", link != first ? ": " : "",
                         link->doing, link->failure ? "; before that: " : "",
                         link->failure ? pyrope_error_text(link->failure) : "");
}

static pyrope_status fail_answered(const SshRequest *request, pyrope_error **error)
{
        if (!request->status)
                return PYROPE_OK;
        return error_set(error, request->status, "%s",
                         request->error ? pyrope_error_text(request->error)
                                        : pyrope_strerror(request->status));
}

/* Until it is answered or the deadline, moving the bytes meanwhile if nobody else does. Return:
 * whether it is answered. */
static bool await_answer(SshShared *shared, SshRequest *request)
{
        SshLink *link = ssh_link_ref(request->link);
        bool has_helped = true;
        unsigned n = 0;

        for (; has_helped && !request->is_answered && !request->is_given_up &&
               request->link == link && !deadline_passed(request->deadline);
             n++) {
                ssh_shared_unlock(shared);
                has_helped = ssh_helm_help(link, request->deadline);
                ssh_shared_lock(shared);
        }
        ssh_shared_unlock(shared);
        if (n == 1 && !has_helped)
                ssh_helm_show(link); /* it has not been taken from the queue by us */
        else
                ssh_helm_go(link);
        ssh_shared_lock(shared);
        (void)ssh_link_unref(link);
        return ssh_request_wait(request, &shared->lock);
}

pyrope_status ssh_links_run(SshShared *shared, SshRequest *request, pyrope_error **error)
{
        SshLink *link = ssh_links_find(shared, request->to.ssh);
        pyrope_status status;

        if (!link)
                return ssh_links_fail(request, error);
        status = request->asker ? check_hop(request->asker, link, error) : PYROPE_OK;
        if (status)
                return status;
        if (request->asker)
                request->asker->hop = request;
        request->n_refs++;
        ssh_link_offer(link, request);
        if (await_answer(shared, request)) {
                request->group = 0; /* a stream that is open is the caller's */
                status = fail_answered(request, error);
        } else if (request->is_given_up) {
                status = error_set(error, PYROPE_E_CLOSED, "%s: nobody waits for it any more",
                                   request->to.ssh);
                ssh_link_wake(request->link);
        } else {
                request->is_given_up = true;
                ssh_link_wake(request->link);
                status = fail_late(request, error);
        }
        if (request->asker)
                request->asker->hop = NULL;
        return status;
}

/* A login is more than a second connection is worth; with the lock held. */
static pyrope_status check_up(SshShared *shared, const char *target, const SshWatch *watch,
                              pyrope_error **error)
{
        struct pollfd stop = { .fd = watch->stop_fd, .events = POLLIN };
        bool is_up = false;

        for (const SshLink *link = shared->links; link && !is_up; link = link->next)
                is_up = ssh_link_is_called(link, target) && link->shown.state == SSH_STATE_UP;
        if (!is_up || poll(&stop, 1, 0))
                return error_set(error, PYROPE_E_CLOSED, "%s: there is no session", target);
        return PYROPE_OK;
}

/* @beside: NULL, or the watch of a second connection. */
static pyrope_status open_for(SshShared *shared, const SshOrder *order, SshLink *asker,
                              const SshWatch *beside, SshResult *ret, pyrope_error **error)
{
        CLEANUP(ssh_direct_closep) SshDirect *direct = NULL;
        CLEANUP(closep) int fd = -1;
        SshRequest *request;
        pyrope_status status;
        int fds[2], r;
        bool is_plain;

        r = unix_socketpair(fds);
        if (r)
                return error_set(error, PYROPE_E_IO, "socketpair: %s", strerror(-r));
        fd = fds[0];
        request = ssh_request_new(&order->to, order->command, fds[1], order->deadline);
        if (!request) {
                (void)close(fds[1]);
                return error_nomem(error);
        }
        request->group = order->group;
        request->is_fresh = order->is_fresh;
        request->asker = asker;
        if (order->may_be_direct) /* without memory it is not */
                request->direct = direct = ssh_direct_new();
        ssh_shared_lock(shared);
        status = beside ? check_up(shared, order->to.ssh, beside, error) : PYROPE_OK;
        if (!status)
                status = ssh_links_run(shared, request, error);
        is_plain = request->is_plain;
        (void)ssh_request_unref(request);
        ssh_shared_unlock(shared);
        if (!status)
                *ret = (SshResult){ .fd = TAKE_FD(fd), .direct = is_plain ? NULL : TAKE(direct) };
        return status;
}

pyrope_status ssh_links_open(SshShared *shared, const SshOrder *order, SshResult *ret,
                             pyrope_error **error)
{
        return open_for(shared, order, /* asker= */ NULL, /* beside= */ NULL, ret, error);
}

static pyrope_status open_hop(void *userdata, const SshSettings *settings, const SshWatch *watch,
                              int *ret_fd, pyrope_error **error)
{
        const SshOrder order = { .to = { .ssh = settings->proxy_jump,
                                         .host = settings->host_name,
                                         .port = settings->port },
                                 .is_fresh = ((SshLink *)userdata)->is_fresh,
                                 .deadline = watch->deadline };
        SshLink *link = userdata;
        pyrope_status status;
        SshResult result;

        status = open_for(link->shared, &order, link, /* beside= */ NULL, &result, error);
        link->is_hop_failed = status;
        if (status)
                return status;
        /* It is only slower to answer without. */
        (void)setsockopt(result.fd, SOL_SOCKET, SO_SNDBUF, &(int){ HOP_BUFFER_BYTES }, sizeof(int));
        *ret_fd = result.fd;
        return PYROPE_OK;
}

SshHop ssh_links_hop(SshLink *link)
{
        return (SshHop){ .open = open_hop, .userdata = link };
}

static pyrope_status open_beside(void *userdata, const SshSettings *settings, const SshWatch *watch,
                                 int *ret_fd, pyrope_error **error)
{
        SshLink *link = userdata;
        const SshOrder order = { .to = { .ssh = settings->proxy_jump,
                                         .host = settings->host_name,
                                         .port = settings->port },
                                 .group = ssh_links_beside_group(link),
                                 .deadline = watch->deadline };
        pyrope_status status;
        SshResult result;

        status = open_for(link->shared, &order, /* asker= */ NULL, watch, &result, error);
        if (!status)
                *ret_fd = result.fd;
        return status;
}

SshHop ssh_links_beside(SshLink *link)
{
        return (SshHop){ .open = open_beside, .userdata = link };
}

uint64_t ssh_links_beside_group(const SshLink *link)
{
        return (uint64_t)(uintptr_t)link;
}
