/* SPDX-License-Identifier: MIT */

#include "client/ssh/pool.h"

#include "client/ssh/links.h"
#include "client/ssh/share.h"
#include "proto/value.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

struct SshPool {
        SshShared shared;
        SshShare *share; /* NULL: no sessions but those of this pool */
};

const char *ssh_backend_name(SshBackend backend)
{
        static const char *const names[SSH_BACKEND_N] = { [SSH_BACKEND_AUTO] = "auto",
                                                          [SSH_BACKEND_LIBSSH] = "libssh",
                                                          [SSH_BACKEND_PROGRAM] = "program" };

        return names[backend];
}

/* -- requests ---------------------------------------------------------------------------------- */

static pyrope_status check(const Location *to, bool is_command, pyrope_error **error)
{
        if (!to->ssh || !uri_is_ssh_way(to->ssh))
                return error_set(error, PYROPE_E_INVALID,
                                 "%s: is not [user@]host[:port], nor up to %u of these with ',' "
                                 "between them",
                                 to->ssh ? to->ssh : "no SSH host", URI_SSH_HOPS_MAX);
        if (is_command)
                return PYROPE_OK;
        if (to->path ? to->path[0] != '/' : !to->host || !to->port)
                return error_set(error, PYROPE_E_INVALID,
                                 "%s: neither an absolute path nor a host and port to connect to",
                                 to->ssh);
        return PYROPE_OK;
}

static pyrope_status run_collected(SshPool *pool, const SshOrder *order, SshOutput *ret,
                                   pyrope_error **error)
{
        SshRequest *request = ssh_request_new(&order->to, order->command, -1, order->deadline);
        pyrope_status status;

        if (!request)
                return error_nomem(error);
        request->group = order->group;
        request->is_fresh = order->is_fresh;
        ssh_shared_lock(&pool->shared);
        status = ssh_links_run(&pool->shared, request, error);
        if (!status) {
                *ret = request->output;
                buffer_init(&request->output.text, 0);
        }
        (void)ssh_request_unref(request);
        ssh_shared_unlock(&pool->shared);
        return status;
}

pyrope_status ssh_pool_run(SshPool *pool, const SshOrder *order, SshResult *ret,
                           pyrope_error **error)
{
        pyrope_status status = check(&order->to, order->command, error);

        if (status)
                return status;
        if (pool->share &&
            !ssh_share_run(pool->share, order, &pool->shared.ask, ret, &status, error)) {
                atomic_fetch_add(&pool->shared.n_channels, !status && !order->is_collected);
                return status;
        }
        if (order->is_collected)
                return run_collected(pool, order, &ret->output, error);
        return ssh_links_open(&pool->shared, order, ret, error);
}

static pyrope_status run_stream(SshPool *pool, const SshOrder *order, int *ret_fd,
                                pyrope_error **error)
{
        SshResult result;
        pyrope_status status = ssh_pool_run(pool, order, &result, error);

        if (!status)
                *ret_fd = result.fd;
        return status;
}

pyrope_status ssh_pool_open(SshPool *pool, const Location *to, Deadline deadline, int *ret_fd,
                            pyrope_error **error)
{
        const SshOrder order = { .to = *to, .deadline = deadline };

        return run_stream(pool, &order, ret_fd, error);
}

pyrope_status ssh_pool_pipe(SshPool *pool, const char *target, const char *command,
                            Deadline deadline, int *ret_fd, pyrope_error **error)
{
        const SshOrder order = { .to.ssh = (char *)(uintptr_t)target,
                                 .command = command,
                                 .deadline = deadline };

        return run_stream(pool, &order, ret_fd, error);
}

pyrope_status ssh_pool_exec(SshPool *pool, const char *target, const char *command,
                            Deadline deadline, SshOutput *ret, pyrope_error **error)
{
        const SshOrder order = { .to.ssh = (char *)(uintptr_t)target,
                                 .command = command,
                                 .is_collected = true,
                                 .deadline = deadline };
        SshResult result;
        pyrope_status status = ssh_pool_run(pool, &order, &result, error);

        if (!status)
                *ret = result.output;
        return status;
}

/* In a session of our own. */
static void join_own(SshPool *pool, const Location *to, int fd, const SshJoin *join)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(closep) int taken = fd;
        SshRequest *request = NULL;
        pyrope_status status;
        SshLink *link;

        status = check(to, /* is_command= */ false, &error);
        if (!status)
                request = ssh_request_new(to, NULL, fd, join->deadline);
        if (!request) {
                status = status ? status : PYROPE_E_NOMEM;
                if (join->on_refused)
                        join->on_refused(join->userdata, status, error_words(status, error));
                return;
        }
        taken = -1;
        request->group = join->group;
        request->on_refused = join->on_refused;
        request->userdata = join->userdata;
        ssh_shared_lock(&pool->shared);
        link = ssh_links_find(&pool->shared, to->ssh);
        if (link) {
                ssh_link_push(link, request);
        } else {
                status = ssh_links_fail(request, &error);
                ssh_request_drop(request, status, error);
        }
        ssh_shared_unlock(&pool->shared);
}

void ssh_pool_join(SshPool *pool, const Location *to, int fd, const SshJoin *join)
{
        if (!pool->share || !join->group || check(to, /* is_command= */ false, NULL) ||
            ssh_share_join(pool->share, to, fd, join))
                join_own(pool, to, fd, join);
}

void ssh_pool_leave(SshPool *pool, uint64_t group)
{
        if (pool->share)
                ssh_share_leave(pool->share, group);
        ssh_links_leave(&pool->shared, group);
}

void ssh_pool_counts(SshPool *pool, SshPoolCounts *ret)
{
        ret->n_sessions = atomic_load(&pool->shared.n_sessions);
        ret->n_channels = atomic_load(&pool->shared.n_channels);
}

/* With the lock held. */
static size_t count_links(const SshPool *pool)
{
        size_t n = 0;

        for (const SshLink *link = pool->shared.links; link; link = link->next)
                n++;
        return n;
}

int ssh_pool_sessions(SshPool *pool, SshSession **ret, size_t *ret_n)
{
        SshSession *sessions = NULL;
        size_t n;
        int r = 0;

        ssh_shared_lock(&pool->shared);
        ssh_links_reap(&pool->shared);
        n = count_links(pool);
        if (n)
                sessions = calloc(n, sizeof(*sessions));
        if (n && !sessions) {
                r = -ENOMEM;
        } else {
                *ret = sessions;
                *ret_n = n;
                for (const SshLink *link = pool->shared.links; link; link = link->next)
                        ssh_link_show(link, sessions++);
        }
        ssh_shared_unlock(&pool->shared);
        return r;
}

/* -- life -------------------------------------------------------------------------------------- */

SshPool *ssh_pool_new(const char *config_file, SshBackend backend, const SshAsk *ask)
{
        SshPool *pool = calloc(1, sizeof(*pool));

        if (!pool)
                return NULL;
        (void)pthread_mutex_init(&pool->shared.lock, NULL); /* glibc's cannot fail */
        pool->shared.backend = backend;
        pool->shared.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        pool->shared.config_file = config_file ? strdup(config_file) : NULL;
        pool->shared.ask = ask ? *ask : (SshAsk){ 0 };
        if (pool->shared.stop_fd < 0 || (config_file && !pool->shared.config_file))
                return ssh_pool_free(pool);
        return pool;
}

void ssh_pool_share(SshPool *pool, SshShare *share)
{
        pool->share = share;
}

/* The first link of the list, out of it: others look through it meanwhile. NULL: there is none. */
static SshLink *take_link(SshPool *pool)
{
        SshLink *link;

        ssh_shared_lock(&pool->shared);
        link = pool->shared.links;
        if (link)
                pool->shared.links = link->next;
        ssh_shared_unlock(&pool->shared);
        return link;
}

SshPool *ssh_pool_free(SshPool *pool)
{
        SshLink *link;

        if (!pool)
                return NULL;
        (void)ssh_share_free(pool->share);
        if (pool->shared.stop_fd >= 0)
                (void)eventfd_write(pool->shared.stop_fd, 1);
        /* One may wait for another, so all of them hear it first. */
        ssh_shared_lock(&pool->shared);
        for (link = pool->shared.links; link; link = link->next)
                ssh_link_wake(link);
        ssh_shared_unlock(&pool->shared);
        while ((link = take_link(pool)))
                (void)ssh_link_join(link);
        closep(&pool->shared.stop_fd);
        free(pool->shared.config_file);
        (void)pthread_mutex_destroy(&pool->shared.lock);
        free(pool);
        return NULL;
}
