/* SPDX-License-Identifier: MIT */

#include "base/loopback.h"

#include "base/text.h"
#include "base/unix-socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

typedef union Address Address;

union Address {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
};

static socklen_t address_size(const Address *address)
{
        return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

static bool is_loopback(const Address *address)
{
        if (address->any.sa_family == AF_INET)
                return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
        return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

/* -- listening -------------------------------------------------------------------------------- */

/* "127.0.0.1" or "[::1]". */
static int parse_host(const char *host, Address *ret)
{
        size_t n = strlen(host);
        char inner[INET6_ADDRSTRLEN];

        *ret = (Address){ .any.sa_family = AF_UNSPEC };
        if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
                ret->any.sa_family = AF_INET;
                return is_loopback(ret) ? 0 : LOOPBACK_E_INVALID;
        }
        if (n < 3 || n - 2 >= sizeof(inner) || host[0] != '[' || host[n - 1] != ']')
                return LOOPBACK_E_INVALID;
        memcpy(inner, host + 1, n - 2);
        inner[n - 2] = '\0';
        if (inet_pton(AF_INET6, inner, &ret->v6.sin6_addr) != 1)
                return LOOPBACK_E_INVALID;
        ret->any.sa_family = AF_INET6;
        return is_loopback(ret) ? 0 : LOOPBACK_E_INVALID;
}

static int parse(const char *where, Address *ret)
{
        const char *colon = strrchr(where, ':');
        char host[LOOPBACK_WHERE_SIZE];
        int64_t port;
        int r;

        if (!colon || (size_t)(colon - where) >= sizeof(host) ||
            text_parse_int64(colon + 1, 0, UINT16_MAX, &port))
                return LOOPBACK_E_INVALID;
        memcpy(host, where, (size_t)(colon - where));
        host[colon - where] = '\0';
        r = parse_host(host, ret);
        if (r)
                return r;
        if (ret->any.sa_family == AF_INET)
                ret->v4.sin_port = htons((uint16_t)port);
        else
                ret->v6.sin6_port = htons((uint16_t)port);
        return 0;
}

static void format(const Address *address, char ret[static LOOPBACK_WHERE_SIZE])
{
        char host[INET6_ADDRSTRLEN];

        if (address->any.sa_family == AF_INET) {
                inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
                snprintf(ret, LOOPBACK_WHERE_SIZE, "%s:%u", host, ntohs(address->v4.sin_port));
        } else {
                inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
                snprintf(ret, LOOPBACK_WHERE_SIZE, "[%s]:%u", host, ntohs(address->v6.sin6_port));
        }
}

static int format_own(int fd, char ret[static LOOPBACK_WHERE_SIZE])
{
        Address address = { .any.sa_family = AF_UNSPEC };
        socklen_t n = sizeof(address);

        if (getsockname(fd, &address.any, &n) < 0)
                return -errno;
        format(&address, ret);
        return 0;
}

/* Returns 0 or -errno. */
static int bind_and_listen(int fd, const Address *address, int backlog)
{
        const int on = 1;

        /* A port of a daemon that ended just now is ours at once. Accepted sockets inherit the
         * other two; without the last one an address of IPv6 could stand for one of IPv4. */
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
                return -errno;
        if (address->any.sa_family == AF_INET6 &&
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
                return -errno;
        if (bind(fd, &address->any, address_size(address)) < 0 || listen(fd, backlog) < 0)
                return -errno;
        return 0;
}

int loopback_listen(const char *where, int backlog, int *ret_fd,
                    char ret_where[static LOOPBACK_WHERE_SIZE], ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        char own[LOOPBACK_WHERE_SIZE];
        Address address;
        int r;

        if (parse(where, &address)) {
                error_text_set(error,
                               "cannot listen on '%s': give 127.0.0.1:PORT or [::1]:PORT (port 0: "
                               "any); other addresses are open to other computers, and are served "
                               "through SSH only",
                               where);
                return LOOPBACK_E_INVALID;
        }
        fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        r = fd < 0 ? -errno : bind_and_listen(fd, &address, backlog);
        if (r == 0)
                r = format_own(fd, own);
        if (r) {
                error_text_set(error, "cannot listen on %s: %s", where, strerror(-r));
                return r == -EADDRINUSE ? LOOPBACK_E_IN_USE : error_origin(r);
        }
        memcpy(ret_where, own, sizeof(own));
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* -- who is there ----------------------------------------------------------------------------- */

int loopback_diag_open(int *ret_fd)
{
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);

        if (fd < 0)
                return error_origin(-errno);
        *ret_fd = fd;
        return 0;
}

typedef struct Question Question;

struct Question {
        struct nlmsghdr head;
        struct inet_diag_req_v2 body;
};

/* Who has the socket at the other end. */
typedef enum Holder {
        HOLDER_UNKNOWN,
        HOLDER_NOBODY,   /* it was closed */
        HOLDER_PROCESS,  /* a user's */
        HOLDER_LISTENER, /* it was not accepted yet */
} Holder;

/* An address of IPv4 as a socket of IPv6 shows it is told as what it is. */
static void unmap(Address *address)
{
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = address->v6.sin6_port };

        if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
                return;
        memcpy(&v4.sin_addr, &address->v6.sin6_addr.s6_addr[12], sizeof(v4.sin_addr));
        address->v4 = v4;
}

/* Fails if the connection is over: then its addresses may be another's by now. Returns 0, -errno.
 */
static int find_ends(int fd, Address *ret_own, Address *ret_peer)
{
        Address own = { .any.sa_family = AF_UNSPEC };
        Address peer = own;
        socklen_t n_own = sizeof(own);
        socklen_t n_peer = sizeof(peer);

        if (getpeername(fd, &peer.any, &n_peer) < 0 || getsockname(fd, &own.any, &n_own) < 0)
                return -errno;
        unmap(&own);
        unmap(&peer);
        *ret_own = own;
        *ret_peer = peer;
        return 0;
}

static void fill(const Address *address, __be32 ret_ip[static 4], __be16 *ret_port)
{
        if (address->any.sa_family == AF_INET) {
                *ret_port = address->v4.sin_port;
                memcpy(ret_ip, &address->v4.sin_addr, sizeof(address->v4.sin_addr));
        } else {
                *ret_port = address->v6.sin6_port;
                memcpy(ret_ip, &address->v6.sin6_addr, sizeof(address->v6.sin6_addr));
        }
}

/* The other end's socket, whose source is our destination. */
static struct inet_diag_req_v2 pair_of(const Address *own, const Address *peer)
{
        struct inet_diag_req_v2 pair = {
                .sdiag_family = (uint8_t)peer->any.sa_family,
                .sdiag_protocol = IPPROTO_TCP,
                .id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
        };

        fill(peer, pair.id.idiag_src, &pair.id.idiag_sport);
        fill(own, pair.id.idiag_dst, &pair.id.idiag_dport);
        return pair;
}

/* The kernel answers before send() returns; what else is there is left from an earlier question. */
static int receive_answer(int diag_fd, uint32_t seq, struct inet_diag_msg *ret)
{
        _Alignas(struct nlmsghdr) uint8_t bytes[1024];
        struct nlmsghdr head;
        struct sockaddr_nl from;
        socklen_t n_from;
        ssize_t n;

        for (;;) {
                n_from = sizeof(from);
                n = recvfrom(diag_fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from,
                             &n_from);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if ((size_t)n < sizeof(head))
                        continue;
                memcpy(&head, bytes, sizeof(head));
                if (from.nl_pid != 0 || head.nlmsg_seq != seq)
                        continue;
                if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
                    (size_t)n < NLMSG_HDRLEN + sizeof(*ret))
                        return -ENOENT; /* there is no such socket */
                memcpy(ret, bytes + NLMSG_HDRLEN, sizeof(*ret));
                return 0;
        }
}

/* Returns 0, -errno. */
static int ask(int diag_fd, const struct inet_diag_req_v2 *what, struct inet_diag_msg *ret)
{
        static atomic_uint n_ever;
        struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
        const Question question = {
                .head = {
                        .nlmsg_len = sizeof(question),
                        .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                        .nlmsg_flags = NLM_F_REQUEST,
                        .nlmsg_seq = ++n_ever,
                },
                .body = *what,
        };

        if (sendto(diag_fd, &question, sizeof(question), 0, (struct sockaddr *)&kernel,
                   sizeof(kernel)) < 0)
                return -errno;
        return receive_answer(diag_fd, question.head.nlmsg_seq, ret);
}

/* A socket of IPv6 that speaks IPv4 is shown with mapped addresses. */
static bool is_address(const struct inet_diag_req_v2 *asked, const __be32 want[static 4],
                       const struct inet_diag_msg *answer, const __be32 is[static 4])
{
        const __be32 mapped[4] = { 0, 0, htonl(0xffff), want[0] };

        if (answer->idiag_family == asked->sdiag_family)
                return memcmp(is, want, sizeof(mapped)) == 0;
        return asked->sdiag_family == AF_INET && memcmp(is, mapped, sizeof(mapped)) == 0;
}

/* The kernel may answer with a socket that listens on the port, with one that only waits for late
 * packets, or with one that no process has: of these the user may show as 0. */
static Holder holder_of(const struct inet_diag_req_v2 *asked, const struct inet_diag_msg *answer)
{
        if (answer->id.idiag_sport != asked->id.idiag_sport ||
            answer->id.idiag_dport != asked->id.idiag_dport ||
            !is_address(asked, asked->id.idiag_src, answer, answer->id.idiag_src) ||
            !is_address(asked, asked->id.idiag_dst, answer, answer->id.idiag_dst))
                return HOLDER_UNKNOWN;
        switch (answer->idiag_state) {
        case TCP_SYN_RECV:
                return HOLDER_LISTENER;
        case TCP_ESTABLISHED:
        case TCP_CLOSE_WAIT:
                return answer->idiag_inode ? HOLDER_PROCESS : HOLDER_LISTENER;
        case TCP_FIN_WAIT1:
        case TCP_FIN_WAIT2:
                return answer->idiag_inode ? HOLDER_PROCESS : HOLDER_NOBODY;
        default:
                return HOLDER_UNKNOWN;
        }
}

/* @ret_pair: what was asked for. */
static Holder find_holder(int diag_fd, int fd, struct inet_diag_req_v2 *ret_pair, uid_t *ret_uid)
{
        Address own, peer;
        struct inet_diag_msg answer;

        if (find_ends(fd, &own, &peer))
                return HOLDER_NOBODY;
        *ret_pair = pair_of(&own, &peer);
        if (ask(diag_fd, ret_pair, &answer))
                return HOLDER_UNKNOWN;
        /* As long as our end is there nobody else can have had these addresses and ports. */
        if (find_ends(fd, &own, &peer))
                return HOLDER_NOBODY;
        *ret_uid = answer.idiag_uid;
        return holder_of(ret_pair, &answer);
}

int loopback_peer_uid(int diag_fd, int fd, uid_t *ret_uid)
{
        struct inet_diag_req_v2 pair;
        uid_t uid;

        if (find_holder(diag_fd, fd, &pair, &uid) != HOLDER_PROCESS || !unix_uid_is_known(uid))
                return LOOPBACK_E_UNKNOWN;
        *ret_uid = uid;
        return 0;
}

/* The socket that gets connections to where this one leads; shown as of IPv6 if it is for both. */
static Holder find_listener(int diag_fd, const struct inet_diag_req_v2 *pair, uid_t *ret_uid)
{
        struct inet_diag_req_v2 to_anybody = *pair;
        struct inet_diag_msg answer;

        to_anybody.id.idiag_dport = 0;
        memset(to_anybody.id.idiag_dst, 0, sizeof(to_anybody.id.idiag_dst));
        if (ask(diag_fd, &to_anybody, &answer) || answer.idiag_state != TCP_LISTEN ||
            answer.id.idiag_sport != pair->id.idiag_sport || answer.idiag_inode == 0)
                return HOLDER_UNKNOWN;
        *ret_uid = answer.idiag_uid;
        return HOLDER_LISTENER;
}

int loopback_server_uid(int diag_fd, int fd, uid_t *ret_uid)
{
        struct inet_diag_req_v2 pair;
        Holder holder, listener;
        uid_t uid, listener_uid;

        holder = find_holder(diag_fd, fd, &pair, &uid);
        if (holder == HOLDER_LISTENER) {
                listener = find_listener(diag_fd, &pair, &listener_uid);
                /* As long as it waits to be accepted, its listener is there, and the port's. Of one
                 * that was accepted meanwhile we know the user himself. */
                holder = find_holder(diag_fd, fd, &pair, &uid);
                if (holder == HOLDER_LISTENER) {
                        holder = listener;
                        uid = listener_uid;
                }
        }
        if (holder == HOLDER_NOBODY)
                return LOOPBACK_E_CLOSED;
        if (holder == HOLDER_UNKNOWN || !unix_uid_is_known(uid))
                return LOOPBACK_E_UNKNOWN;
        *ret_uid = uid;
        return 0;
}

/* -- where we are ----------------------------------------------------------------------------- */

int loopback_peer_where(int fd, char ret[static LOOPBACK_WHERE_SIZE])
{
        Address own, peer;

        if (find_ends(fd, &own, &peer))
                return LOOPBACK_E_CLOSED;
        if (!is_loopback(&peer))
                return LOOPBACK_E_INVALID;
        format(&peer, ret);
        return 0;
}

bool loopback_is_itself(int fd)
{
        struct inet_diag_req_v2 pair;
        Address own, peer;

        if (find_ends(fd, &own, &peer))
                return false;
        pair = pair_of(&own, &peer);
        return pair.id.idiag_sport == pair.id.idiag_dport &&
               memcmp(pair.id.idiag_src, pair.id.idiag_dst, sizeof(pair.id.idiag_src)) == 0;
}
