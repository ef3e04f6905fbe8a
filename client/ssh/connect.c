/* SPDX-License-Identifier: MIT */

#include "client/ssh/connect.h"

#include "client/ssh/expand.h"
#include "client/ssh/resolve.h"
#include "client/ssh/socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define ATTEMPTS_MAX     16u  /* addresses tried of one name */
#define ATTEMPT_DELAY_MS 250  /* RFC 8305, section 5 */
#define AGAIN_MS         1000 /* all addresses hang: from the last one's start to the first's next */
#define OF_ONE_ADDRESS   3u   /* attempts under way, the oldest of which makes room */
#define ADDRESS_BYTES    64u
#define WORDS_BYTES      256u

_Static_assert(ATTEMPTS_MAX <= SSH_WATCH_FDS_MAX, "each attempt is polled");

typedef struct Race Race;

/* The attempts under way; fds[i] is -1 if there is none. */
struct Race {
        const SshSettings *settings;
        const struct addrinfo *first; /* of the list */
        const struct addrinfo *next;  /* to be started */
        Deadline next_at;             /* ... then */
        size_t n_addresses;
        size_t n_started;
        struct pollfd fds[ATTEMPTS_MAX];
        const struct addrinfo *addresses[ATTEMPTS_MAX];
        size_t n_fds;
        char words[WORDS_BYTES]; /* why the last one failed, with its address */
};

static void race_init(Race *race, const SshSettings *settings, const struct addrinfo *list)
{
        *race = (Race){ .settings = settings, .first = list, .next = list };
        race->next_at = deadline_in(0);
        while (list && race->n_addresses < ATTEMPTS_MAX) {
                race->n_addresses++;
                list = list->ai_next;
        }
        race->n_fds = race->n_addresses * OF_ONE_ADDRESS;
        if (race->n_fds > ATTEMPTS_MAX)
                race->n_fds = ATTEMPTS_MAX;
        for (size_t i = 0; i < race->n_fds; i++)
                race->fds[i].fd = -1;
}

static void race_deinit(Race *race)
{
        for (size_t i = 0; i < race->n_fds; i++)
                closep(&race->fds[i].fd);
}

/* Whose fault it may be that there is no socket at all; "" if there is one. */
static void tell_binding(const SshSettings *settings, int fd, char *out, size_t n_out)
{
        out[0] = '\0';
        if (fd < 0 && settings->bind_address)
                (void)snprintf(out, n_out, " by BindAddress %s", settings->bind_address);
        else if (fd < 0 && settings->bind_interface)
                (void)snprintf(out, n_out, " by BindInterface %s", settings->bind_interface);
}

static void race_failed(Race *race, size_t i, int error_number)
{
        char address[ADDRESS_BYTES] = "?", binding[ADDRESS_BYTES];

        (void)getnameinfo(race->addresses[i]->ai_addr, race->addresses[i]->ai_addrlen, address,
                          sizeof(address), NULL, 0, NI_NUMERICHOST);
        tell_binding(race->settings, race->fds[i].fd, binding, sizeof(binding));
        (void)snprintf(race->words, sizeof(race->words), "%s%s: %s", address, binding,
                       strerror(error_number));
        closep(&race->fds[i].fd);
        if (race->n_started < race->n_addresses)
                race->next_at = deadline_in(0);
}

/* The list begins again and again: the kernel sends what got lost after 1, 3, 7, 15 s, and a
 * network that is there again after the third try would be noticed late. */
static void race_start(Race *race)
{
        const struct addrinfo *address = race->next;
        size_t i = race->n_started++ % race->n_fds;
        int fd = ssh_socket_new(race->settings, address->ai_family);

        closep(&race->fds[i].fd);
        race->addresses[i] = address;
        race->fds[i] = (struct pollfd){ .fd = fd < 0 ? -1 : fd, .events = POLLOUT };
        if (race->n_started % race->n_addresses) {
                race->next = address->ai_next;
                race->next_at = deadline_in(ATTEMPT_DELAY_MS);
        } else {
                race->next = race->first;
                race->next_at = deadline_in(AGAIN_MS);
        }
        if (fd < 0)
                race_failed(race, i, -fd);
        else if (connect(fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS)
                race_failed(race, i, errno);
}

static bool race_is_lost(const Race *race)
{
        for (size_t i = 0; i < race->n_fds; i++) {
                if (race->fds[i].fd >= 0)
                        return false;
        }
        return race->n_started >= race->n_addresses;
}

/* A socket of the ephemeral range that looks for a port of it can find itself. */
static bool is_connected_to_itself(int fd)
{
        struct sockaddr_storage here = { 0 }, there = { 0 };
        socklen_t n_here = sizeof(here), n_there = sizeof(there);

        return !getsockname(fd, (struct sockaddr *)&here, &n_here) &&
               !getpeername(fd, (struct sockaddr *)&there, &n_there) && n_here == n_there &&
               !memcmp(&here, &there, n_here);
}

/* Return: the connected socket, now the caller's; -1 if none is. */
static int race_winner(Race *race)
{
        int r;

        for (size_t i = 0; i < race->n_fds; i++) {
                int error_number = 0;
                socklen_t n = sizeof(error_number);

                if (race->fds[i].fd < 0 || !race->fds[i].revents)
                        continue;
                r = getsockopt(race->fds[i].fd, SOL_SOCKET, SO_ERROR, &error_number, &n);
                if (!r && !error_number && is_connected_to_itself(race->fds[i].fd))
                        error_number = ECONNREFUSED;
                if (!r && !error_number)
                        return TAKE_FD(race->fds[i].fd);
                race_failed(race, i, r ? errno : error_number);
        }
        return -1;
}

static void note_winner(const SshWatch *watch, int fd)
{
        struct sockaddr_storage there = { 0 };
        char address[ADDRESS_BYTES], port[8];
        socklen_t n = sizeof(there);

        if (!getpeername(fd, (struct sockaddr *)&there, &n) &&
            !getnameinfo((struct sockaddr *)&there, n, address, sizeof(address), port, sizeof(port),
                         NI_NUMERICHOST | NI_NUMERICSERV))
                ssh_watch_note(watch, "%s port %s answers", address, port);
}

static pyrope_status race_run(Race *race, const SshWatch *watch, int *ret_fd, pyrope_error **error)
{
        char what[WORDS_BYTES];
        pyrope_status status;
        int fd = -1;

        (void)snprintf(what, sizeof(what), "%s: connecting to %s port %u", race->settings->target,
                       race->settings->host_name, race->settings->port);
        for (;;) {
                if (race_is_lost(race))
                        return error_set(error, PYROPE_E_UNREACHABLE, "%s: %s", what, race->words);
                if (deadline_passed(race->next_at)) {
                        race_start(race);
                        continue;
                }
                status = ssh_watch_poll(watch, race->fds, race->n_fds, race->next_at, what, error);
                if (status)
                        return status;
                fd = race_winner(race);
                if (fd < 0)
                        continue;
                ssh_socket_tune(race->settings, fd);
                note_winner(watch, fd);
                *ret_fd = fd;
                return PYROPE_OK;
        }
}

static pyrope_status connect_tcp(const SshSettings *settings, const SshWatch *watch, int *ret_fd,
                                 pyrope_error **error)
{
        CLEANUP(ssh_addresses_freep) SshAddresses *addresses = NULL;
        CLEANUP(race_deinit) Race race = { 0 };
        pyrope_status status;

        status = ssh_resolve(settings, watch, &addresses, error);
        if (status)
                return status;
        race_init(&race, settings, ssh_addresses_get(addresses));
        return race_run(&race, watch, ret_fd, error);
}

/* ProxyCommand, by the user's shell, as ssh does it. */
static pyrope_status start_command(const SshSettings *settings, int *ret_fd, SshProxy *ret_proxy,
                                   pyrope_error **error)
{
        CLEANUP(freep) char *command = NULL;
        CLEANUP(freep) char *expanded = NULL;
        const SshTokens tokens = ssh_settings_tokens(settings);
        const char *shell = getenv("SHELL");
        pyrope_status status;

        status = ssh_expand_command(&tokens, "ProxyCommand", settings->proxy_command, &expanded,
                                    error);
        if (status)
                return status;
        if (asprintf(&command, "exec %s", expanded) < 0) {
                command = NULL;
                return error_nomem(error);
        }
        return ssh_proxy_start(
                (const char *const[]){ shell && shell[0] ? shell : "/bin/sh", "-c", command, NULL },
                ret_fd, ret_proxy, error);
}

pyrope_status ssh_connect_host(const SshSettings *settings, const SshWatch *watch, int *ret_fd,
                               SshProxy *ret_proxy, pyrope_error **error)
{
        SshWatch connecting = *watch;

        if (settings->proxy_jump)
                return watch->hop->open(watch->hop->userdata, settings, watch, ret_fd, error);
        if (settings->proxy_command)
                return start_command(settings, ret_fd, ret_proxy, error);
        connecting.deadline =
                deadline_min(watch->deadline, deadline_in(settings->connect_timeout_ms));
        return connect_tcp(settings, &connecting, ret_fd, error);
}
