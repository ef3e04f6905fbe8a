/* SPDX-License-Identifier: MIT */

/*
 * cut-proxy TARGET CONTROL [LISTEN]: a TCP connection that goes wrong when it is told to
 *
 * Says "READY ADDRESS:PORT", where it listens (LISTEN; else any port of 127.0.0.1), and joins each
 * connection with one to TARGET, ADDRESS:PORT. "Up" is towards TARGET. Orders come by the Unix
 * socket CONTROL, one a connection, and are answered by "ok ..." or by "no" to what is no order:
 *
 *      latency MS            what is read from now on is handed on so much later; 0: at once
 *      rate BYTES            a second, of each direction of each connection; 0: no limit
 *      arm up|down K HOW     the next connection is cut once K bytes of it went there
 *      cut HOW               all that are open, now
 *      freeze, thaw          nothing is read or handed on, nor a connection taken; go on, nothing
 * lost refuse, listen        new connections are refused; are taken again counts                "ok
 * connections N open N cut N up BYTES down BYTES": since the start, now, cut since the start, and
 * the bytes of the latest one
 *
 * HOW: rst resets both ends, fin closes both in order, silence keeps both and hands nothing on any
 * more (it is no longer counted as open, and another cut that is not silent ends it).
 *
 * cut-proxy tell CONTROL WORD...: gives one order, prints the answer; exit status 1 for "no".
 *
 * One thread, one poll(). What is read is queued with the time at which it is due.
 */

#include "base/clock.h"
#include "base/defs.h"
#include "base/unix-socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define CONNECTIONS_MAX 512u
#define PIECE_BYTES     4096u
#define PIECES_MAX      256u /* in one direction; then it is not read from */
#define BACKLOG         128
#define ORDER_MS        1000
#define LINE_BYTES      256u
#define PORT_TRIES      100
#define NEVER           UINT64_MAX

typedef enum How { HOW_RST, HOW_FIN, HOW_SILENCE, HOW_N } How;

typedef struct Piece Piece;
typedef struct Flow Flow;
typedef struct Connection Connection;

struct Piece {
        Piece *next;
        int64_t due_us;
        size_t n, n_sent; /* n 0: the end of the stream */
        uint8_t bytes[PIECE_BYTES];
};

/* One direction. */
struct Flow {
        Piece *first, **end;
        size_t n_pieces;
        int64_t free_us;    /* the rate lets no byte go before */
        uint64_t n_bytes;   /* handed on */
        uint64_t cut_after; /* NEVER */
        bool is_read_out, is_ended;
};

struct Connection {
        int fds[2];    /* the one who connected, and TARGET */
        Flow flows[2]; /* up: from fds[0] to fds[1]; down */
        How how;       /* if a flow comes to its cut_after */
        bool is_cut;   /* what comes is dropped */
        bool is_over;
};

static const char *const hows[HOW_N] = { "rst", "fin", "silence" };
static Connection *connections[CONNECTIONS_MAX];
static size_t n_connections;
static struct sockaddr_in target, listen_at;
static int listen_fd = -1, control_fd = -1;
static int64_t latency_us;
static uint64_t rate;
static bool is_frozen, is_refusing;
static bool is_armed;
static unsigned armed_flow;
static uint64_t armed_after;
static How armed_how;
static unsigned long n_taken, n_cut;
static uint64_t latest[2];

static int64_t now_us(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int die(const char *what)
{
        perror(what);
        return 1;
}

/* -- a direction ------------------------------------------------------------------------------- */

static void flow_drop(Flow *flow)
{
        Piece *piece;

        while ((piece = flow->first)) {
                flow->first = piece->next;
                free(piece);
        }
        flow->end = &flow->first;
        flow->n_pieces = 0;
}

static void flow_push(Flow *flow, Piece *piece)
{
        piece->next = NULL;
        piece->due_us = now_us() + latency_us;
        *flow->end = piece;
        flow->end = &piece->next;
        flow->n_pieces++;
}

static void flow_pop(Flow *flow)
{
        Piece *piece = flow->first;

        flow->first = piece->next;
        if (!flow->first)
                flow->end = &flow->first;
        flow->n_pieces--;
        free(piece);
}

/* Reads a piece, if there is one. Return: false: the connection is broken. */
static bool flow_read(Flow *flow, int from)
{
        Piece *piece;
        ssize_t n;

        if (flow->is_read_out || flow->n_pieces == PIECES_MAX)
                return true;
        piece = calloc(1, sizeof(*piece));
        if (!piece)
                return false;
        n = recv(from, piece->bytes, sizeof(piece->bytes), MSG_DONTWAIT);
        if (n < 0) {
                free(piece);
                return errno == EAGAIN || errno == EINTR;
        }
        piece->n = (size_t)n;
        flow->is_read_out = n == 0;
        flow_push(flow, piece);
        return true;
}

/* When the next byte may go; INT64_MAX: there is none. */
static int64_t flow_due_us(const Flow *flow)
{
        if (!flow->first)
                return INT64_MAX;
        return flow->first->due_us > flow->free_us ? flow->first->due_us : flow->free_us;
}

/* Hands on what is due. Return: false: broken; the caller looks for n_bytes == cut_after. */
static bool flow_write(Flow *flow, int to)
{
        while (flow->n_bytes < flow->cut_after && flow_due_us(flow) <= now_us()) {
                Piece *piece = flow->first;
                uint64_t n_left = flow->cut_after - flow->n_bytes;
                size_t n = piece->n - piece->n_sent;
                ssize_t n_sent;

                if (!piece->n) {
                        (void)shutdown(to, SHUT_WR);
                        flow->is_ended = true;
                        flow_pop(flow);
                        return true;
                }
                n_sent = send(to, piece->bytes + piece->n_sent, n < n_left ? n : (size_t)n_left,
                              MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n_sent < 0)
                        return errno == EAGAIN || errno == EINTR;
                flow->n_bytes += (uint64_t)n_sent;
                piece->n_sent += (size_t)n_sent;
                if (rate)
                        flow->free_us = now_us() + n_sent * 1000000 / (int64_t)rate;
                if (piece->n_sent == piece->n)
                        flow_pop(flow);
        }
        return true;
}

/* -- a connection ------------------------------------------------------------------------------ */

static void connection_cut(Connection *connection, How how)
{
        static const struct linger none = { .l_onoff = 1 };

        if (!connection->is_cut)
                n_cut++;
        connection->is_cut = true;
        for (int i = 0; i < 2; i++) {
                flow_drop(&connection->flows[i]);
                if (how == HOW_RST)
                        (void)setsockopt(connection->fds[i], SOL_SOCKET, SO_LINGER, &none,
                                         sizeof(none));
                else if (how == HOW_FIN)
                        (void)shutdown(connection->fds[i], SHUT_WR);
                connection->flows[i].is_ended = how == HOW_FIN;
        }
        connection->is_over = how == HOW_RST;
}

/* Drops what is there. Return: whether the other end is gone. */
static bool swallow(int fd)
{
        uint8_t bytes[PIECE_BYTES];
        ssize_t n;

        while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
                ;
        return n == 0 || (errno != EAGAIN && errno != EINTR);
}

/* Of one that was cut: closing what has unread bytes would reset it, which is not the order. */
static void connection_swallow(Connection *connection)
{
        bool is_over = true;

        for (int i = 0; i < 2; i++) {
                Flow *flow = &connection->flows[i];

                flow->is_read_out = flow->is_read_out || swallow(connection->fds[i]);
                is_over = is_over && flow->is_ended && flow->is_read_out;
        }
        connection->is_over |= is_over;
}

static void connection_pump(Connection *connection)
{
        bool is_broken = false, is_at_cut = false;

        if (connection->is_cut) {
                connection_swallow(connection);
                return;
        }
        for (int i = 0; i < 2 && !is_broken; i++) {
                Flow *flow = &connection->flows[i];

                is_broken = !flow_read(flow, connection->fds[i]) ||
                            !flow_write(flow, connection->fds[1 - i]);
                is_at_cut = is_at_cut || flow->n_bytes == flow->cut_after;
                latest[i] =
                        connection == connections[n_connections - 1] ? flow->n_bytes : latest[i];
        }
        if (is_at_cut)
                connection_cut(connection, connection->how);
        else if (is_broken)
                connection_cut(connection, HOW_RST);
        else
                connection->is_over =
                        connection->flows[0].is_ended && connection->flows[1].is_ended;
}

static void connection_free(Connection *connection)
{
        for (int i = 0; i < 2; i++) {
                flow_drop(&connection->flows[i]);
                closep(&connection->fds[i]);
        }
        free(connection);
}

static void connection_new(int fd)
{
        Connection *connection = calloc(1, sizeof(*connection));
        int to = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (!connection || to < 0 || n_connections == CONNECTIONS_MAX) {
                (void)close(fd);
                closep(&to);
                free(connection);
                return;
        }
        connection->fds[0] = fd;
        connection->fds[1] = to;
        for (int i = 0; i < 2; i++) {
                (void)setsockopt(connection->fds[i], IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
                                 sizeof(int));
                connection->flows[i].end = &connection->flows[i].first;
                connection->flows[i].cut_after = NEVER;
                latest[i] = 0;
        }
        if (is_armed) {
                connection->flows[armed_flow].cut_after = armed_after;
                connection->how = armed_how;
                is_armed = false;
        }
        /* Should it fail, the first recv() says so. */
        (void)connect(to, (const struct sockaddr *)&target, sizeof(target));
        connections[n_connections++] = connection;
        n_taken++;
}

/* -- orders ------------------------------------------------------------------------------------ */

static bool parse_how(const char *word, How *ret)
{
        for (int i = 0; word && i < HOW_N; i++) {
                if (!strcmp(word, hows[i])) {
                        *ret = (How)i;
                        return true;
                }
        }
        return false;
}

static bool order_latency(char **words)
{
        latency_us = (int64_t)strtoull(words[1] ? words[1] : "", NULL, 10) * 1000;
        return words[1];
}

static bool order_rate(char **words)
{
        rate = strtoull(words[1] ? words[1] : "", NULL, 10);
        return words[1];
}

static bool order_arm(char **words)
{
        if (!words[1] || !words[2] || !parse_how(words[3], &armed_how))
                return false;
        armed_flow = !strcmp(words[1], "down");
        armed_after = strtoull(words[2], NULL, 10);
        is_armed = true;
        return armed_flow || !strcmp(words[1], "up");
}

static bool order_cut(char **words)
{
        How how;

        if (!parse_how(words[1], &how))
                return false;
        for (size_t i = 0; i < n_connections; i++) {
                if (!connections[i]->is_cut || how != HOW_SILENCE)
                        connection_cut(connections[i], how);
        }
        return true;
}

static bool order_freeze(char **words)
{
        is_frozen = !strcmp(words[0], "freeze");
        return true;
}

/* A socket that is bound to its port keeps it, listening or not. */
static bool order_refuse(char **words)
{
        is_refusing = !strcmp(words[0], "refuse");
        return is_refusing ? !shutdown(listen_fd, SHUT_RD) : !listen(listen_fd, BACKLOG);
}

static bool order_counts(char **words)
{
        (void)words;
        return true;
}

static const struct {
        const char *word;
        bool (*run)(char **words);
} orders[] = {
        { "latency", order_latency }, { "rate", order_rate },     { "arm", order_arm },
        { "cut", order_cut },         { "freeze", order_freeze }, { "thaw", order_freeze },
        { "refuse", order_refuse },   { "listen", order_refuse }, { "counts", order_counts },
};

static bool run_order(char *line)
{
        char *words[5] = { NULL }, *rest = NULL;
        size_t n = 0;

        for (char *word = strtok_r(line, " \n", &rest); word && n < ARRAY_SIZE(words) - 1;
             word = strtok_r(NULL, " \n", &rest))
                words[n++] = word;
        for (size_t i = 0; n && i < ARRAY_SIZE(orders); i++) {
                if (!strcmp(words[0], orders[i].word))
                        return orders[i].run(words);
        }
        return false;
}

static void take_order(void)
{
        int fd = accept4(control_fd, NULL, NULL, SOCK_CLOEXEC);
        struct pollfd polled = { .fd = fd, .events = POLLIN };
        char line[LINE_BYTES] = "", answer[LINE_BYTES] = "no\n";
        size_t n_open = 0;

        if (fd < 0)
                return;
        if (poll(&polled, 1, ORDER_MS) == 1 && recv(fd, line, sizeof(line) - 1, 0) > 0 &&
            run_order(line)) {
                for (size_t i = 0; i < n_connections; i++)
                        n_open += !connections[i]->is_cut;
                (void)snprintf(answer, sizeof(answer),
                               "ok connections %lu open %zu cut %lu up %llu down %llu\n", n_taken,
                               n_open, n_cut, (unsigned long long)latest[0],
                               (unsigned long long)latest[1]);
        }
        (void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
        (void)close(fd);
}

/* -- the loop ---------------------------------------------------------------------------------- */

/* Milliseconds, rounded up, until something is due; -1: nothing is. */
static int wait_ms(void)
{
        int64_t first_us = INT64_MAX, now = now_us();

        for (size_t i = 0; i < n_connections && !is_frozen; i++) {
                for (int k = 0; k < 2; k++) {
                        int64_t due_us = flow_due_us(&connections[i]->flows[k]);

                        /* One that is due already waits for its descriptor. */
                        if (due_us > now && due_us < first_us)
                                first_us = due_us;
                }
        }
        return first_us == INT64_MAX ? -1 : (int)((first_us - now + 999) / 1000);
}

static struct pollfd events_of(const Connection *connection, int i)
{
        const Flow *from = &connection->flows[i], *to = &connection->flows[1 - i];
        struct pollfd polled = { .fd = is_frozen ? -1 : connection->fds[i] };

        if (!from->is_read_out && from->n_pieces < PIECES_MAX)
                polled.events |= POLLIN;
        if (flow_due_us(to) <= now_us())
                polled.events |= POLLOUT;
        /* A hang-up is told whatever is asked for. */
        if (!polled.events)
                polled.fd = -1;
        return polled;
}

static void pump_all(void)
{
        size_t n = 0;

        for (size_t i = 0; i < n_connections; i++)
                connection_pump(connections[i]);
        for (size_t i = 0; i < n_connections; i++) {
                if (connections[i]->is_over)
                        connection_free(connections[i]);
                else
                        connections[n++] = connections[i];
        }
        n_connections = n;
}

static int serve(void)
{
        static struct pollfd polled[2 + 2 * CONNECTIONS_MAX];
        int fd;

        for (;;) {
                bool may_take = !is_frozen && !is_refusing;

                polled[0] = (struct pollfd){ .fd = control_fd, .events = POLLIN };
                polled[1] = (struct pollfd){ .fd = may_take ? listen_fd : -1, .events = POLLIN };
                for (size_t i = 0; i < 2 * n_connections; i++)
                        polled[2 + i] = events_of(connections[i / 2], (int)(i % 2));
                if (poll(polled, 2 + 2 * n_connections, wait_ms()) < 0 && errno != EINTR)
                        return die("poll");
                if (polled[0].revents)
                        take_order();
                if (polled[1].revents && !is_frozen && !is_refusing) {
                        fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
                        if (fd >= 0)
                                connection_new(fd);
                }
                if (!is_frozen)
                        pump_all();
        }
}

/* -- beginning --------------------------------------------------------------------------------- */

static bool parse_address(const char *text, struct sockaddr_in *ret)
{
        char host[INET_ADDRSTRLEN];
        const char *colon = strchr(text, ':');

        if (!colon || (size_t)(colon - text) >= sizeof(host))
                return false;
        memcpy(host, text, (size_t)(colon - text));
        host[colon - text] = '\0';
        *ret = (struct sockaddr_in){ .sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10)) };
        return inet_pton(AF_INET, host, &ret->sin_addr) == 1;
}

/* Bound to a port that is named, so that it stays bound while it does not listen. */
static bool bind_port(uint16_t port)
{
        struct sockaddr_in at = listen_at;

        at.sin_port = htons(port);
        closep(&listen_fd);
        listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
        if (bind(listen_fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
            listen(listen_fd, BACKLOG) < 0)
                return false;
        listen_at = at;
        return true;
}

static bool listen_somewhere(void)
{
        if (listen_at.sin_port)
                return bind_port(ntohs(listen_at.sin_port));
        /* Below the ports that the kernel hands out. */
        for (int i = 0; i < PORT_TRIES; i++) {
                if (bind_port((uint16_t)(10000 + (getpid() * 31 + i * 97) % 10000)))
                        return true;
        }
        return false;
}

static int tell(const char *control, char **words)
{
        char line[LINE_BYTES] = "", answer[LINE_BYTES];
        size_t n = 0;
        ssize_t n_got;
        int fd;

        for (; *words && n < sizeof(line); words++)
                n += (size_t)snprintf(line + n, sizeof(line) - n, "%s ", *words);
        if (n >= sizeof(line) || unix_connect(control, deadline_in(ORDER_MS), &fd))
                return 2;
        (void)fcntl(fd, F_SETFL, 0);
        (void)send(fd, line, n, MSG_NOSIGNAL);
        n_got = recv(fd, answer, sizeof(answer) - 1, 0);
        (void)close(fd);
        answer[n_got < 0 ? 0 : n_got] = '\0';
        printf("%s", answer);
        return strncmp(answer, "ok", 2) != 0;
}

int main(int argc, char **argv)
{
        char host[INET_ADDRSTRLEN];
        ErrorText error;

        if (argc > 3 && !strcmp(argv[1], "tell"))
                return tell(argv[2], argv + 3);
        if (argc < 3 || !parse_address(argv[1], &target) ||
            !parse_address(argc > 3 ? argv[3] : "127.0.0.1:0", &listen_at)) {
                fprintf(stderr, "usage: see the top of cut-proxy.c\n");
                return 2;
        }
        (void)signal(SIGPIPE, SIG_IGN);
        if (!listen_somewhere())
                return die("listen");
        if (unix_listen(argv[2], BACKLOG, &control_fd, &error))
                return die(argv[2]);
        (void)inet_ntop(AF_INET, &listen_at.sin_addr, host, sizeof(host));
        printf("READY %s:%u\n", host, ntohs(listen_at.sin_port));
        (void)fflush(stdout);
        return serve();
}
