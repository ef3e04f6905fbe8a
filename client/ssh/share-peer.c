/* SPDX-License-Identifier: MIT */

#include "client/ssh/share-peer.h"

#include "base/log.h"
#include "base/thread.h"
#include "base/unix-message.h"
#include "proto/codec.h"
#include "proto/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define GREET_MS      5000 /* from a connection to its first words */
#define SEND_MS       5000 /* for a command to take its answer */
#define MARGIN_MAX_MS 200  /* an answer has to be back before the command's own deadline */

static void lock(SshSharePeer *peer)
{
        (void)pthread_mutex_lock(&peer->server->lock);
}

static void unlock(SshSharePeer *peer)
{
        (void)pthread_mutex_unlock(&peer->server->lock);
}

/* Return: whether it was sent. */
static bool say(const SshSharePeer *peer, const SshShareMessage *message, int passed_fd,
                Deadline deadline)
{
        CLEANUP(buffer_deinit) Buffer packed = BUFFER_INIT(SSH_SHARE_MESSAGE_MAX_BYTES);

        return !ssh_share_message_pack(message, &packed) &&
               !unix_message_send(peer->fd, packed.data, packed.n, passed_fd, deadline);
}

/* Return: whether there was a message. @ret_fd: NULL: no descriptor is wanted. */
static bool hear(const SshSharePeer *peer, Deadline deadline, SshShareMessage *ret, int *ret_fd)
{
        CLEANUP(buffer_deinit) Buffer packed = BUFFER_INIT(SSH_SHARE_REQUEST_MAX_BYTES);
        bool is_heard = !unix_message_receive(peer->fd, deadline, &packed, ret_fd) &&
                        !ssh_share_message_unpack(packed.data, packed.n, ret);

        if (packed.data)
                explicit_bzero(packed.data, packed.n); /* it may have been a secret */
        return is_heard;
}

/* -- questions --------------------------------------------------------------------------------- */

/* Whether the login that asks, "h1 (me@10.0.0.2 port 22)", is of the host that is wanted. */
static bool is_about(const pyrope_question *question, const char *ssh)
{
        size_t n = strlen(ssh);

        return strncmp(question->host, ssh, n) == 0 &&
               (question->host[n] == ' ' || !question->host[n]);
}

static bool is_askable(const SshSharePeer *peer)
{
        return peer->order && peer->order->is_askable && !peer->is_gone;
}

bool ssh_share_peer_can_ask(void *userdata)
{
        SshShareServer *server = userdata;
        bool is = false;

        (void)pthread_mutex_lock(&server->lock);
        for (const SshSharePeer *peer = server->peers; peer; peer = peer->next)
                is |= is_askable(peer);
        (void)pthread_mutex_unlock(&server->lock);
        return is;
}

/* Whom to ask next; marked as asked. NULL: nobody is left. */
static SshSharePeer *pick(SshShareServer *server, const pyrope_question *question)
{
        SshSharePeer *best = NULL;

        (void)pthread_mutex_lock(&server->lock);
        for (SshSharePeer *peer = server->peers; peer; peer = peer->next) {
                if (!is_askable(peer))
                        continue;
                if (!best || is_about(question, peer->order->ssh))
                        best = peer;
        }
        if (best) {
                eventfd_t n;

                best->is_asked = true;
                (void)eventfd_read(server->unask_fd, &n);
        }
        (void)pthread_mutex_unlock(&server->lock);
        return best;
}

static void release(SshSharePeer *peer, bool is_gone)
{
        lock(peer);
        peer->is_asked = false;
        peer->is_gone |= is_gone;
        (void)pthread_cond_broadcast(&peer->server->unasked);
        unlock(peer);
}

/* Before its thread speaks again; with the lock held. */
static void take_back_question(SshSharePeer *peer)
{
        if (peer->is_asked)
                (void)eventfd_write(peer->server->unask_fd, 1);
        while (peer->is_asked)
                (void)pthread_cond_wait(&peer->server->unasked, &peer->server->lock);
}

typedef enum Asked {
        ASKED_ANSWERED,   /* or there is no time left */
        ASKED_NOT_YET,    /* it was an answer to another question, that was taken back */
        ASKED_GONE,       /* the peer has hung up, or as good as that */
        ASKED_TAKEN_BACK, /* it does not wait for that login any more */
} Asked;

static Asked take_answer(const SshSharePeer *peer, int64_t id, pyrope_status *ret_status,
                         char *answer)
{
        CLEANUP(ssh_share_message_deinit) SshShareMessage message = { 0 };

        if (!hear(peer, deadline_in(SEND_MS), &message, NULL) || message.kind != SSH_SHARE_ANSWER)
                return ASKED_GONE;
        if (message.id != id)
                return ASKED_NOT_YET;
        if (message.text && strlen(message.text) >= PYROPE_ANSWER_SIZE)
                return ASKED_GONE;
        *ret_status = (pyrope_status)message.status;
        strcpy(answer, message.text ? message.text : "");
        return ASKED_ANSWERED;
}

/* @ret_status: as pyrope_ask_fn, if it is answered. */
static Asked ask_peer(const SshSharePeer *peer, const pyrope_question *question, Deadline deadline,
                      pyrope_status *ret_status, char *answer)
{
        const SshShareMessage ask = { .kind = SSH_SHARE_ASK,
                                      .id = ++peer->server->last_question,
                                      .host = question->host,
                                      .instruction = question->instruction,
                                      .prompt = question->prompt,
                                      .is_echoed = question->is_echoed,
                                      .ms = deadline_left_ms(deadline) };
        struct pollfd polled[] = { { .fd = question->stop_fd, .events = POLLIN },
                                   { .fd = peer->server->unask_fd, .events = POLLIN },
                                   { .fd = peer->fd, .events = POLLIN } };
        Asked asked = ASKED_NOT_YET;

        if (!say(peer, &ask, -1, deadline_in(SEND_MS)))
                return ASKED_GONE;
        while (asked == ASKED_NOT_YET) {
                int n = poll(polled, ARRAY_SIZE(polled), deadline_left_ms(deadline));

                if (n > 0 && polled[0].revents) {
                        *ret_status = PYROPE_E_CLOSED;
                        return ASKED_ANSWERED;
                }
                if (n > 0 && polled[1].revents)
                        return ASKED_TAKEN_BACK;
                if (n > 0)
                        asked = take_answer(peer, ask.id, ret_status, answer);
                if (asked == ASKED_NOT_YET && deadline_passed(deadline)) {
                        *ret_status = PYROPE_E_TIMEOUT;
                        return ASKED_ANSWERED;
                }
        }
        return asked;
}

pyrope_status ssh_share_peer_ask(void *userdata, const pyrope_question *question, char *answer)
{
        SshShareServer *server = userdata;
        Deadline deadline = deadline_in(question->timeout_ms);
        pyrope_status status = PYROPE_E_DENIED; /* nobody is there */
        Asked asked = ASKED_GONE;
        SshSharePeer *peer;

        (void)pthread_mutex_lock(&server->ask_lock);
        while (asked != ASKED_ANSWERED && (peer = pick(server, question))) {
                asked = ask_peer(peer, question, deadline, &status, answer);
                release(peer, asked == ASKED_GONE);
        }
        (void)pthread_mutex_unlock(&server->ask_lock);
        return status;
}

/* -- what is asked of the pool ----------------------------------------------------------------- */

static Deadline deadline_of(const SshShareMessage *message)
{
        int64_t margin_ms = message->ms / 10 < MARGIN_MAX_MS ? message->ms / 10 : MARGIN_MAX_MS;

        return deadline_in(message->ms < 0 ? -1 : message->ms - margin_ms);
}

static Location location_of(const SshShareMessage *message)
{
        return (Location){ .ssh = (char *)(uintptr_t)message->ssh,
                           .path = (char *)(uintptr_t)message->path,
                           .host = (char *)(uintptr_t)message->host,
                           .port = (uint16_t)message->port };
}

static void begin_order(SshSharePeer *peer, const SshShareMessage *message)
{
        lock(peer);
        peer->order = message;
        unlock(peer);
        (void)eventfd_write(peer->server->wake_fd, 1); /* it is to be watched from now on */
}

static void end_order(SshSharePeer *peer)
{
        lock(peer);
        peer->order = NULL;
        take_back_question(peer);
        unlock(peer);
        atomic_store(&peer->server->used_at_ms, clock_boottime_ms());
}

/* In a list with blanks between. */
static bool has_name(const char *names, const char *name)
{
        size_t n = strlen(name);

        while (strncmp(names, name, n) != 0 || (names[n] && names[n] != ' ')) {
                names = strchr(names, ' ');
                if (!names)
                        return false;
                names++;
        }
        return true;
}

/* ssh asks at a terminal, and there is none here; but the command has one. */
static bool is_asked_elsewhere(SshSharePeer *peer, const SshShareMessage *message, int64_t status)
{
        CLEANUP(freep) SshSession *sessions = NULL;
        size_t n = 0;

        if (status != PYROPE_E_AUTH || !message->is_askable ||
            ssh_pool_sessions(peer->server->pool, &sessions, &n))
                return false;
        for (size_t i = 0; i < n; i++) {
                if (sessions[i].is_program && has_name(sessions[i].targets, message->ssh))
                        return true;
        }
        return false;
}

static bool do_order(SshSharePeer *peer, const SshShareMessage *message)
{
        const SshOrder order = { .to = location_of(message),
                                 .command = message->command,
                                 .is_collected = message->kind == SSH_SHARE_EXEC,
                                 .is_fresh = message->is_fresh,
                                 .group = peer->id,
                                 .deadline = deadline_of(message) };
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        SshShareMessage done = { .kind = SSH_SHARE_DONE };
        SshResult result = { .fd = -1 };
        bool is_said;

        begin_order(peer, message);
        done.status = ssh_pool_run(peer->server->pool, &order, &result, &error);
        end_order(peer);
        done.is_other = is_asked_elsewhere(peer, message, done.status);
        if (done.status) {
                done.text = error_words((pyrope_status)done.status, error);
        } else if (order.is_collected) {
                done.bytes = result.output.text.data;
                done.n_bytes = result.output.text.n;
                done.exit_status = result.output.exit_status;
        }
        is_said = say(peer, &done, result.fd, deadline_in(SEND_MS));
        closep(&result.fd);
        buffer_deinit(&result.output.text);
        return is_said;
}

/* In a thread of the pool, or in ours; nothing else is said on this connection. */
static void on_refused(void *userdata, pyrope_status status, const char *text)
{
        const SshShareMessage refused = { .kind = SSH_SHARE_DONE, .status = status, .text = text };

        (void)say(userdata, &refused, -1, deadline_in(0));
}

static bool is_stream_socket(int fd)
{
        socklen_t n = sizeof(int);
        int type = 0;

        return fd >= 0 && !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) && type == SOCK_STREAM;
}

/* Takes the descriptor. */
static bool do_join(SshSharePeer *peer, const SshShareMessage *message, int fd)
{
        const SshJoin join = { .group = peer->id,
                               .deadline = deadline_of(message),
                               .on_refused = on_refused,
                               .userdata = peer };
        const Location to = location_of(message);

        if (!is_stream_socket(fd) || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
                closep(&fd);
                return false;
        }
        lock(peer);
        peer->is_joining = true;
        unlock(peer);
        ssh_pool_join(peer->server->pool, &to, fd, &join);
        return true;
}

/* -- what is asked of the agent ---------------------------------------------------------------- */

static bool tell_state(const SshSharePeer *peer)
{
        CLEANUP(pyrope_value_freep) pyrope_value *state = ssh_share_server_state(peer->server);
        SshShareMessage message = { .kind = SSH_SHARE_STATE };
        const uint8_t *bytes;

        if (!state)
                return false;
        message.n_bytes = codec_view_bytes(pyrope_value_view(state), &bytes);
        message.bytes = bytes;
        return say(peer, &message, -1, deadline_in(SEND_MS));
}

/* Return: whether the connection goes on. */
static bool serve_one(SshSharePeer *peer)
{
        CLEANUP(ssh_share_message_deinit) SshShareMessage message = { 0 };
        CLEANUP(closep) int fd = -1;

        if (!hear(peer, DEADLINE_NONE, &message, &fd))
                return false;
        if (message.kind == SSH_SHARE_JOIN)
                return do_join(peer, &message, TAKE_FD(fd));
        if (peer->is_joining)
                return false;
        switch (message.kind) {
        case SSH_SHARE_OPEN:
        case SSH_SHARE_PIPE:
        case SSH_SHARE_EXEC:
                return do_order(peer, &message);
        case SSH_SHARE_SURVEY:
                return tell_state(peer);
        case SSH_SHARE_ANSWER:
                return true; /* to a question that was taken back */
        default:
                return false;
        }
}

/* Return: whether it is somebody that we can serve. */
static bool greet(const SshSharePeer *peer)
{
        CLEANUP(ssh_share_message_deinit) SshShareMessage hello = { 0 };
        SshShareMessage welcome = { .kind = SSH_SHARE_WELCOME,
                                    .version = PYROPE_VERSION,
                                    .pid = getpid() };
        bool is_same;

        if (!hear(peer, deadline_in(GREET_MS), &hello, NULL) || hello.kind != SSH_SHARE_HELLO)
                return false;
        /* Who only wants to look has no key, and may be of any version. */
        is_same = strcmp(hello.version, PYROPE_VERSION) == 0 || !hello.key[0];
        welcome.is_other = hello.key[0] && strcmp(hello.key, peer->server->place.key) != 0;
        return say(peer, &welcome, -1, deadline_in(SEND_MS)) && is_same && !welcome.is_other;
}

static void *run(void *userdata)
{
        SshSharePeer *peer = userdata;
        SshShareServer *server = peer->server;

        if (greet(peer)) {
                while (serve_one(peer))
                        ;
        }
        ssh_pool_leave(server->pool, peer->id);
        if (peer->is_joining)
                atomic_store(&server->used_at_ms, clock_boottime_ms());
        lock(peer);
        peer->is_over = true;
        unlock(peer);
        (void)eventfd_write(server->wake_fd, 1);
        return NULL;
}

/* -- life -------------------------------------------------------------------------------------- */

SshSharePeer *ssh_share_peer_start(SshShareServer *server, int fd, uint64_t id)
{
        SshSharePeer *peer = calloc(1, sizeof(*peer));

        if (!peer)
                return NULL;
        *peer = (SshSharePeer){ .server = server, .fd = fd, .id = id };
        if (thread_start(&peer->thread, run, peer)) {
                free(peer);
                return NULL;
        }
        return peer;
}

void ssh_share_peer_end(SshSharePeer *peer)
{
        (void)shutdown(peer->fd, SHUT_RDWR);
}

SshSharePeer *ssh_share_peer_join(SshSharePeer *peer)
{
        (void)pthread_join(peer->thread, NULL);
        closep(&peer->fd);
        free(peer);
        return NULL;
}
