/* SPDX-License-Identifier: MIT */

#include "client/ssh/resolve.h"

#include "base/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

/* Held by the one who asks and by the thread that looks up; the last one out frees it. */
struct SshAddresses {
        atomic_uint n_refs;
        char *host;
        char port[8];
        struct addrinfo hints;
        int done_fd; /* readable once the two below are set */
        struct addrinfo *list;
        atomic_int failure; /* EAI_* or 0; set last, so that who reads it sees the list */
};

SshAddresses *ssh_addresses_free(SshAddresses *addresses)
{
        if (!addresses || atomic_fetch_sub(&addresses->n_refs, 1) > 1)
                return NULL;
        if (addresses->list)
                freeaddrinfo(addresses->list);
        closep(&addresses->done_fd);
        free(addresses->host);
        free(addresses);
        return NULL;
}

const struct addrinfo *ssh_addresses_get(const SshAddresses *addresses)
{
        return addresses->list;
}

static void look_up(SshAddresses *addresses)
{
        int r = getaddrinfo(addresses->host, addresses->port, &addresses->hints, &addresses->list);

        atomic_store(&addresses->failure, r);
}

static void *look_up_thread(void *userdata)
{
        SshAddresses *addresses = userdata;

        look_up(addresses);
        (void)eventfd_write(addresses->done_fd, 1);
        (void)ssh_addresses_free(addresses);
        return NULL;
}

static int start_thread(SshAddresses *addresses)
{
        int r;

        atomic_fetch_add(&addresses->n_refs, 1);
        r = thread_start(NULL, look_up_thread, addresses);
        if (r)
                atomic_fetch_sub(&addresses->n_refs, 1);
        return r;
}

static SshAddresses *addresses_new(const SshSettings *settings)
{
        SshAddresses *addresses = calloc(1, sizeof(*addresses));

        if (!addresses)
                return NULL;
        atomic_init(&addresses->n_refs, 1);
        addresses->hints.ai_family = settings->family;
        addresses->hints.ai_socktype = SOCK_STREAM;
        addresses->hints.ai_flags = AI_NUMERICSERV;
        (void)snprintf(addresses->port, sizeof(addresses->port), "%u", settings->port);
        addresses->host = strdup(settings->host_name);
        addresses->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (!addresses->host || addresses->done_fd < 0)
                return ssh_addresses_free(addresses);
        return addresses;
}

/* A numeric address needs neither a name server nor a thread. */
static bool look_up_numeric(SshAddresses *addresses)
{
        addresses->hints.ai_flags |= AI_NUMERICHOST;
        look_up(addresses);
        addresses->hints.ai_flags &= ~AI_NUMERICHOST;
        return !addresses->failure;
}

pyrope_status ssh_resolve(const SshSettings *settings, const SshWatch *watch, SshAddresses **ret,
                          pyrope_error **error)
{
        CLEANUP(ssh_addresses_freep) SshAddresses *addresses = addresses_new(settings);
        struct pollfd done = { .events = POLLIN };
        char what[URI_HOST_MAX_BYTES * 2 + 32];
        pyrope_status status;
        int r;

        if (!addresses)
                return error_set(error, PYROPE_E_NOMEM, "out of memory or descriptors");
        if (!look_up_numeric(addresses)) {
                r = start_thread(addresses);
                if (r)
                        return error_set(error, PYROPE_E_IO, "thread: %s", strerror(-r));
                (void)snprintf(what, sizeof(what), "%s: looking up the host name %s",
                               settings->target, settings->host_name);
                done.fd = addresses->done_fd;
                status = ssh_watch_poll(watch, &done, 1, DEADLINE_NONE, what, error);
                if (status)
                        return status;
        }
        if (addresses->failure)
                return error_set(error, PYROPE_E_UNREACHABLE, "%s: there is no host name %s: %s",
                                 settings->target, settings->host_name,
                                 gai_strerror(addresses->failure));
        *ret = TAKE(addresses);
        return PYROPE_OK;
}
