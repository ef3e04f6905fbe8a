/* SPDX-License-Identifier: MIT */

#include "client/ssh-agent.h"

#include "base/thread.h"
#include "base/unix-socket.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_MAX_BYTES  262144u /* as libssh's own limit */
#define REQUEST_IDENTITIES 11
#define IDENTITIES_ANSWER  12
#define KEY_MAX_BYTES      16384u

struct SshAgent {
        SshWatch watch;
        const SshSettings *settings;
        const SshNames *keys;
        int client_fd; /* libssh has the other end */
        int agent_fd;
        pthread_t thread;
        SshNames offered; /* the thread's until it is joined */
};

/* -- the list of keys -------------------------------------------------------------------------- */

typedef struct Cursor Cursor;

struct Cursor {
        const uint8_t *at, *end;
};

static int read_u32(Cursor *cursor, uint32_t *ret)
{
        if (cursor->end - cursor->at < 4)
                return -EBADMSG;
        memcpy(ret, cursor->at, 4);
        *ret = be32toh(*ret);
        cursor->at += 4;
        return 0;
}

static int skip_string(Cursor *cursor, const uint8_t **ret, uint32_t *ret_n)
{
        uint32_t n;
        int r = read_u32(cursor, &n);

        if (r || (size_t)(cursor->end - cursor->at) < n)
                return -EBADMSG;
        *ret = cursor->at;
        *ret_n = n;
        cursor->at += n;
        return 0;
}

/* As ssh writes public keys. NULL: out of memory. */
static char *base64(const uint8_t *data, uint32_t n)
{
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        char *text = malloc((size_t)(n + 2) / 3 * 4 + 1), *out = text;

        if (!text)
                return NULL;
        for (uint32_t i = 0; i < n; i += 3) {
                uint32_t left = n - i;
                uint32_t bits = (uint32_t)data[i] << 16;

                bits |= left > 1 ? (uint32_t)data[i + 1] << 8 : 0;
                bits |= left > 2 ? data[i + 2] : 0;
                *out++ = digits[bits >> 18];
                *out++ = digits[bits >> 12 & 63];
                *out++ = left > 1 ? digits[bits >> 6 & 63] : '=';
                *out++ = left > 2 ? digits[bits & 63] : '=';
        }
        *out = '\0';
        return text;
}

/* Copies one entry if it is of the kind asked for, and there is room. Return: 0, -errno. */
static int copy_entry(Cursor *from, const SshNames *keys, bool want_known, Buffer *to,
                      SshNames *offered)
{
        CLEANUP(freep) char *text = NULL;
        const uint8_t *begin = from->at, *key, *comment;
        uint32_t n_key, n_comment;

        if (skip_string(from, &key, &n_key) || skip_string(from, &comment, &n_comment) ||
            n_key > KEY_MAX_BYTES)
                return -EBADMSG;
        text = base64(key, n_key);
        if (!text)
                return -ENOMEM;
        if (ssh_names_have(keys, text) != want_known || offered->n == SSH_NAMES_MAX)
                return 0;
        if (ssh_names_add(offered, text) || buffer_append(to, begin, (size_t)(from->at - begin)))
                return -ENOMEM;
        return 0;
}

/* One pass over the list: those that are known, or those that are not. */
static int copy_entries(const Buffer *list, const SshNames *keys, bool want_known, Buffer *to,
                        SshNames *offered)
{
        Cursor from = { .at = list->data + 1, .end = list->data + list->n };
        uint32_t n = 0;
        int r = read_u32(&from, &n);

        for (uint32_t i = 0; !r && i < n; i++)
                r = copy_entry(&from, keys, want_known, to, offered);
        return r;
}

int ssh_agent_filter(Buffer *list, const SshNames *keys, bool is_only, SshNames *offered)
{
        Buffer filtered = BUFFER_INIT(MESSAGE_MAX_BYTES);
        uint32_t n;
        int r;

        if (!list->n || list->data[0] != IDENTITIES_ANSWER)
                return -EBADMSG;
        ssh_names_deinit(offered);
        r = buffer_append(&filtered, (const uint8_t[5]){ IDENTITIES_ANSWER }, 5);
        r = r ? r : copy_entries(list, keys, true, &filtered, offered);
        if (!r && !is_only)
                r = copy_entries(list, keys, false, &filtered, offered);
        if (r) {
                buffer_deinit(&filtered);
                return r;
        }
        n = htobe32((uint32_t)offered->n);
        memcpy(filtered.data + 1, &n, sizeof(n));
        buffer_deinit(list);
        *list = filtered;
        return 0;
}

/* -- passing on -------------------------------------------------------------------------------- */

static bool wait_ready(const SshAgent *agent, int fd, short events)
{
        struct pollfd ready = { .fd = fd, .events = events };

        return !ssh_watch_poll(&agent->watch, &ready, 1, DEADLINE_NONE, "the agent", NULL);
}

static bool read_exactly(const SshAgent *agent, int fd, uint8_t *data, size_t n)
{
        while (n) {
                ssize_t n_got = recv(fd, data, n, 0);

                if (n_got > 0) {
                        data += n_got;
                        n -= (size_t)n_got;
                } else if (n_got == 0 || errno != EAGAIN || !wait_ready(agent, fd, POLLIN)) {
                        return false;
                }
        }
        return true;
}

static bool write_exactly(const SshAgent *agent, int fd, const uint8_t *data, size_t n)
{
        while (n) {
                ssize_t n_sent = send(fd, data, n, MSG_NOSIGNAL);

                if (n_sent > 0) {
                        data += n_sent;
                        n -= (size_t)n_sent;
                } else if (errno != EAGAIN || !wait_ready(agent, fd, POLLOUT)) {
                        return false;
                }
        }
        return true;
}

static bool read_message(const SshAgent *agent, int fd, Buffer *message)
{
        uint32_t n;

        if (!read_exactly(agent, fd, (uint8_t *)&n, sizeof(n)))
                return false;
        n = be32toh(n);
        buffer_clear(message);
        if (!n || buffer_reserve(message, n) || !read_exactly(agent, fd, message->data, n))
                return false;
        message->n = n;
        return true;
}

static bool write_message(const SshAgent *agent, int fd, const Buffer *message)
{
        uint32_t n = htobe32((uint32_t)message->n);

        return write_exactly(agent, fd, (const uint8_t *)&n, sizeof(n)) &&
               write_exactly(agent, fd, message->data, message->n);
}

/* One question and its answer. */
static bool pass_on(SshAgent *agent, Buffer *message)
{
        bool is_list;

        if (!read_message(agent, agent->client_fd, message))
                return false;
        is_list = message->data[0] == REQUEST_IDENTITIES;
        if (!write_message(agent, agent->agent_fd, message) ||
            !read_message(agent, agent->agent_fd, message))
                return false;
        if (is_list && ssh_agent_filter(message, agent->keys, agent->settings->is_identities_only,
                                        &agent->offered))
                return false;
        return write_message(agent, agent->client_fd, message);
}

static void *run(void *userdata)
{
        CLEANUP(buffer_deinit) Buffer message = BUFFER_INIT(MESSAGE_MAX_BYTES);
        SshAgent *agent = userdata;

        while (pass_on(agent, &message))
                ;
        /* Whatever it was, libssh must not go on waiting. */
        (void)shutdown(agent->client_fd, SHUT_RDWR);
        return NULL;
}

/* -- life
 * ------------------------------------------------------------------------------------------ */

static SshAgent *agent_free(SshAgent *agent)
{
        ssh_names_deinit(&agent->offered);
        closep(&agent->client_fd);
        closep(&agent->agent_fd);
        free(agent);
        return NULL;
}

pyrope_status ssh_agent_start(const SshSettings *settings, const SshWatch *watch,
                              const SshNames *keys, int *ret_fd, SshAgent **ret,
                              pyrope_error **error)
{
        SshAgent *agent = calloc(1, sizeof(*agent));
        int fds[2], r;

        if (!agent)
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        agent->watch = (SshWatch){ .stop_fd = watch->stop_fd, .deadline = watch->deadline };
        agent->settings = settings;
        agent->keys = keys;
        agent->client_fd = agent->agent_fd = -1;
        r = unix_connect(settings->agent, watch->deadline, &agent->agent_fd);
        if (r) {
                (void)agent_free(agent);
                return error_set(error, PYROPE_E_UNREACHABLE, "%s: nobody answers",
                                 settings->agent);
        }
        r = unix_socketpair(fds);
        if (!r) {
                agent->client_fd = fds[0];
                r = thread_start(&agent->thread, run, agent);
                if (r)
                        (void)close(fds[1]);
        }
        if (r) {
                (void)agent_free(agent);
                return error_set(error, PYROPE_E_IO, "agent: %s", strerror(-r));
        }
        *ret_fd = fds[1];
        *ret = agent;
        return PYROPE_OK;
}

SshAgent *ssh_agent_end(SshAgent *agent, SshNames *ret_offered)
{
        if (!agent)
                return NULL;
        (void)shutdown(agent->client_fd, SHUT_RDWR);
        (void)shutdown(agent->agent_fd, SHUT_RDWR);
        (void)pthread_join(agent->thread, NULL);
        *ret_offered = agent->offered;
        agent->offered.n = 0;
        return agent_free(agent);
}
