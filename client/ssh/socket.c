/* SPDX-License-Identifier: MIT */

#include "client/ssh/socket.h"

#include "client/ssh/pace.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define KEEPALIVE_IDLE_S  4 /* the first probe after so long without a byte ... */
#define KEEPALIVE_EVERY_S 2 /* ... then one each ... */
/* ... and the end after so long without an answer; ssh/alive.h has ended it before, as a rule. */
#define UNANSWERED_MS 16000
#define TOS_MAX       255

/* -- marks ------------------------------------------------------------------------------------- */

/* The names that OpenSSH knows; 0 is a value like any other. */
static const struct {
        const char *name;
        int tos;
} marks[] = {
        { "none", -1 },       { "af11", 0x28 },       { "af12", 0x30 }, { "af13", 0x38 },
        { "af21", 0x48 },     { "af22", 0x50 },       { "af23", 0x58 }, { "af31", 0x68 },
        { "af32", 0x70 },     { "af33", 0x78 },       { "af41", 0x88 }, { "af42", 0x90 },
        { "af43", 0x98 },     { "cs0", 0x00 },        { "cs1", 0x20 },  { "cs2", 0x40 },
        { "cs3", 0x60 },      { "cs4", 0x80 },        { "cs5", 0xa0 },  { "cs6", 0xc0 },
        { "cs7", 0xe0 },      { "ef", 0xb8 },         { "le", 0x04 },   { "lowdelay", 0x10 },
        { "reliability", 4 }, { "throughput", 0x08 },
};

int ssh_socket_parse_tos(const char *word, int *ret)
{
        char *end;
        long tos;

        for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
                if (!strcasecmp(word, marks[i].name)) {
                        *ret = marks[i].tos;
                        return 0;
                }
        }
        errno = 0;
        tos = strtol(word, &end, 0);
        if (end == word || *end || errno || tos < 0 || tos > TOS_MAX)
                return -EINVAL;
        *ret = (int)tos;
        return 0;
}

/* -- our address ------------------------------------------------------------------------------- */

static void addresses_freep(struct addrinfo **list)
{
        if (*list)
                freeaddrinfo(*list);
}

static int parse_address(const char *text, int family, struct addrinfo **ret)
{
        const struct addrinfo hints = { .ai_family = family,
                                        .ai_socktype = SOCK_STREAM,
                                        .ai_flags = AI_NUMERICHOST };

        return getaddrinfo(text, NULL, &hints, ret) ? -EAFNOSUPPORT : 0;
}

bool ssh_socket_is_address(const char *text)
{
        CLEANUP(addresses_freep) struct addrinfo *list = NULL;

        return !parse_address(text, AF_UNSPEC, &list);
}

static int bind_to_address(int fd, int family, const char *text)
{
        CLEANUP(addresses_freep) struct addrinfo *list = NULL;
        int r = parse_address(text, family, &list);

        if (r)
                return r;
        return bind(fd, list->ai_addr, list->ai_addrlen) < 0 ? -errno : 0;
}

static bool is_local(const struct ifaddrs *at)
{
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)at->ifa_addr;

        return at->ifa_flags & IFF_LOOPBACK ||
               (v6->sin6_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr));
}

static const struct sockaddr *find_address(const struct ifaddrs *list, const char *interface,
                                           int family, bool is_any)
{
        for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
                if (at->ifa_addr && at->ifa_name && at->ifa_addr->sa_family == family &&
                    at->ifa_flags & IFF_UP && !strcmp(at->ifa_name, interface) &&
                    (is_any || !is_local(at)))
                        return at->ifa_addr;
        }
        return NULL;
}

/* To an address of it, as ssh does; to one that is good on the machine or the link alone if there
 * is no other. */
static int bind_to_interface(int fd, int family, const char *interface)
{
        socklen_t n = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
        const struct sockaddr *address;
        struct ifaddrs *list;
        int r = -EADDRNOTAVAIL;

        if (getifaddrs(&list) < 0)
                return -errno;
        address = find_address(list, interface, family, /* is_any= */ false);
        if (!address)
                address = find_address(list, interface, family, /* is_any= */ true);
        if (address)
                r = bind(fd, address, n) < 0 ? -errno : 0;
        freeifaddrs(list);
        return r;
}

/* -- the socket -------------------------------------------------------------------------------- */

static void set_option(int fd, int level, int name, int value)
{
        /* Each of them only makes things better; none is worth a failure. */
        (void)setsockopt(fd, level, name, &value, sizeof(value));
}

static int bind_as_said(const SshSettings *settings, int fd, int family)
{
        if (settings->bind_address)
                return bind_to_address(fd, family, settings->bind_address);
        if (settings->bind_interface)
                return bind_to_interface(fd, family, settings->bind_interface);
        return 0;
}

int ssh_socket_new(const SshSettings *settings, int family)
{
        CLEANUP(closep) int fd = -1;
        int r;

        fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        r = bind_as_said(settings, fd, family);
        if (r)
                return r;
        /* The first packet, too. */
        if (settings->tos >= 0)
                set_option(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
                           family == AF_INET ? IP_TOS : IPV6_TCLASS, settings->tos);
        return TAKE_FD(fd);
}

void ssh_socket_tune(const SshSettings *settings, int fd)
{
        set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE, !settings->is_keepalive_off);
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY_S);
        set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNANSWERED_MS);
        /* What little is under way is repeated every time-out at first, not after twice the time:
         * so a network that is there again after seconds is noticed sooner. */
        set_option(fd, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1);
        set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, SSH_PACE_UNSENT_MAX_BYTES);
}
