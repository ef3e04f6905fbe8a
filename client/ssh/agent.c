/* SPDX-License-Identifier: MIT */

#include "client/ssh/agent.h"

#include "base/base64.h"
#include "base/thread.h"
#include "base/unix-socket.h"
#include "client/ssh/blob.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define WHAT_BYTES         512u
#define CONNECT_STEP_MS    100     /* then it is seen whether the pool has ended meanwhile */
#define MESSAGE_MAX_BYTES  262144u /* as libssh's own limit */
#define REQUEST_IDENTITIES 11
#define IDENTITIES_ANSWER  12
#define SIGN_REQUEST       13
#define FAILURE            5

typedef struct Pair Pair;

/* As SshAgentKey, in bytes. */
struct Pair {
        void *shown, *key;
        size_t n_shown, n_key;
};

struct SshAgent {
        SshWatch watch;
        Buffer list; /* the answer that libssh gets */
        Pair pairs[SSH_AGENT_KEYS_MAX];
        size_t n_pairs;
        size_t n_signed; /* the thread's until it is joined */
        int client_fd;   /* libssh has the other end */
        int agent_fd;
        pthread_t thread;
};

/* -- the list of keys -------------------------------------------------------------------------- */

/* Copies one entry if it is of the kind asked for, and there is room. Return: 0, -errno. */
static int copy_entry(SshCursor *from, const SshNames *keys, bool want_known, Buffer *to,
                      SshNames *offered)
{
        CLEANUP(freep) char *text = NULL;
        const uint8_t *begin = from->at, *key, *comment;
        uint32_t n_key, n_comment;

        if (ssh_cursor_string(from, &key, &n_key) ||
            ssh_cursor_string(from, &comment, &n_comment) || n_key > SSH_BLOB_MAX_BYTES)
                return -EBADMSG;
        text = base64_encode(key, n_key);
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
        SshCursor from = { .at = list->data + 1, .end = list->data + list->n };
        uint32_t n = 0;
        int r = ssh_cursor_u32(&from, &n);

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

static bool wait_ready(const SshWatch *watch, int fd, short events)
{
        struct pollfd ready = { .fd = fd, .events = events };

        return !ssh_watch_poll(watch, &ready, 1, DEADLINE_NONE, "the agent", NULL);
}

static bool read_exactly(const SshWatch *watch, int fd, uint8_t *data, size_t n)
{
        while (n) {
                ssize_t n_got = recv(fd, data, n, 0);

                if (n_got > 0) {
                        data += n_got;
                        n -= (size_t)n_got;
                } else if (n_got == 0 || errno != EAGAIN || !wait_ready(watch, fd, POLLIN)) {
                        return false;
                }
        }
        return true;
}

static bool write_exactly(const SshWatch *watch, int fd, const uint8_t *data, size_t n)
{
        while (n) {
                ssize_t n_sent = send(fd, data, n, MSG_NOSIGNAL);

                if (n_sent > 0) {
                        data += n_sent;
                        n -= (size_t)n_sent;
                } else if (errno != EAGAIN || !wait_ready(watch, fd, POLLOUT)) {
                        return false;
                }
        }
        return true;
}

static bool read_message(const SshWatch *watch, int fd, Buffer *message)
{
        uint32_t n;

        if (!read_exactly(watch, fd, (uint8_t *)&n, sizeof(n)))
                return false;
        n = be32toh(n);
        buffer_clear(message);
        if (!n || buffer_reserve(message, n) || !read_exactly(watch, fd, message->data, n))
                return false;
        message->n = n;
        return true;
}

static bool write_message(const SshWatch *watch, int fd, const Buffer *message)
{
        uint32_t n = htobe32((uint32_t)message->n);

        return write_exactly(watch, fd, (const uint8_t *)&n, sizeof(n)) &&
               write_exactly(watch, fd, message->data, message->n);
}

static int append_string(Buffer *to, const void *data, size_t n)
{
        uint32_t n_sent = htobe32((uint32_t)n);
        int r = buffer_append(to, &n_sent, sizeof(n_sent));

        return r ? r : buffer_append(to, data, n);
}

/* The key that libssh means. NULL: none that it was shown. */
static const Pair *find_pair(SshAgent *agent, const uint8_t *shown, uint32_t n_shown)
{
        for (size_t i = 0; i < agent->n_pairs; i++) {
                const Pair *pair = &agent->pairs[i];

                if (n_shown == pair->n_shown && !memcmp(shown, pair->shown, n_shown)) {
                        agent->n_signed = i + 1;
                        return pair;
                }
        }
        return NULL;
}

/* The request to sign becomes one that the agent understands: the key that it has instead of the
 * certificate that the host has seen. Return: 0, -EBADMSG if it is no such request, -ENOMEM. */
static int name_own_key(SshAgent *agent, Buffer *message)
{
        SshCursor cursor = { .at = message->data + 1, .end = message->data + message->n };
        Buffer request = BUFFER_INIT(MESSAGE_MAX_BYTES);
        const Pair *pair = NULL;
        const uint8_t *shown;
        uint32_t n_shown;
        int r;

        if (message->data[0] == SIGN_REQUEST && !ssh_cursor_string(&cursor, &shown, &n_shown))
                pair = find_pair(agent, shown, n_shown);
        if (!pair)
                return -EBADMSG;
        r = buffer_append(&request, &(uint8_t){ SIGN_REQUEST }, 1);
        r = r ? r : append_string(&request, pair->key, pair->n_key);
        r = r ? r : buffer_append(&request, cursor.at, (size_t)(cursor.end - cursor.at));
        if (r) {
                buffer_deinit(&request);
                return r;
        }
        buffer_deinit(message);
        *message = request;
        return 0;
}

/* One question and its answer. The list is ours, signatures are the agent's, and there is nothing
 * else to be had. */
static bool pass_on(SshAgent *agent, Buffer *message)
{
        const SshWatch *watch = &agent->watch;

        if (!read_message(watch, agent->client_fd, message))
                return false;
        if (message->data[0] == REQUEST_IDENTITIES)
                return write_message(watch, agent->client_fd, &agent->list);
        if (name_own_key(agent, message)) {
                buffer_clear(message);
                return !buffer_append(message, &(uint8_t){ FAILURE }, 1) &&
                       write_message(watch, agent->client_fd, message);
        }
        return write_message(watch, agent->agent_fd, message) &&
               read_message(watch, agent->agent_fd, message) &&
               write_message(watch, agent->client_fd, message);
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

/* -- asking for the list ----------------------------------------------------------------------- */

static pyrope_status connect_agent(const SshSettings *settings, const SshWatch *watch, int *ret_fd,
                                   pyrope_error **error)
{
        struct pollfd stop = { .fd = watch->stop_fd, .events = POLLIN };
        int r;

        /* That a queue is full of others can be waited for, but not together with anything else. */
        do {
                Deadline step = deadline_in(CONNECT_STEP_MS);

                r = unix_connect(settings->agent, deadline_min(watch->deadline, step), ret_fd);
        } while (r == UNIX_E_TIMEOUT && !deadline_passed(watch->deadline) &&
                 poll(&stop, 1, 0) == 0);
        if (r)
                return error_set(error, PYROPE_E_UNREACHABLE, "%s: nobody answers",
                                 settings->agent);
        return PYROPE_OK;
}

pyrope_status ssh_agent_list(const SshSettings *settings, const SshWatch *watch,
                             const SshNames *keys, SshNames *ret, pyrope_error **error)
{
        CLEANUP(buffer_deinit) Buffer message = BUFFER_INIT(MESSAGE_MAX_BYTES);
        SshWatch quiet = { .stop_fd = watch->stop_fd, .deadline = watch->deadline };
        CLEANUP(closep) int fd = -1;
        char what[WHAT_BYTES];
        pyrope_status status;

        (void)snprintf(what, sizeof(what), "%s: logging in with the agent at %s", settings->label,
                       settings->agent);
        ssh_watch_tell(watch, what);
        status = connect_agent(settings, &quiet, &fd, error);
        if (status)
                return status;
        if (buffer_append(&message, &(uint8_t){ REQUEST_IDENTITIES }, 1))
                return error_nomem(error);
        if (!write_message(&quiet, fd, &message) || !read_message(&quiet, fd, &message) ||
            ssh_agent_filter(&message, keys, settings->is_identities_only, ret))
                return error_set(error, PYROPE_E_UNREACHABLE, "%s: gives no list of its keys",
                                 settings->agent);
        return PYROPE_OK;
}

/* -- life -------------------------------------------------------------------------------------- */

static SshAgent *agent_free(SshAgent *agent)
{
        buffer_deinit(&agent->list);
        closep(&agent->client_fd);
        closep(&agent->agent_fd);
        for (size_t i = 0; i < agent->n_pairs; i++) {
                free(agent->pairs[i].shown);
                free(agent->pairs[i].key);
        }
        free(agent);
        return NULL;
}

/* Return: 0; -EMSGSIZE; -ENOMEM; -EBADMSG for what is no base64. */
static int add_key(SshAgent *agent, const SshAgentKey *key)
{
        Pair *pair = &agent->pairs[agent->n_pairs++];
        int r;

        r = base64_decode(key->shown, strlen(key->shown), &pair->shown, &pair->n_shown);
        r = r ? r : base64_decode(key->key, strlen(key->key), &pair->key, &pair->n_key);
        if (r > 0)
                return -EBADMSG;
        r = r ? r : append_string(&agent->list, pair->shown, pair->n_shown);
        return r ? r : append_string(&agent->list, "", 0);
}

static int set_keys(SshAgent *agent, const SshAgentKey *keys, size_t n_keys)
{
        const uint8_t head[5] = { IDENTITIES_ANSWER, 0, 0, 0, (uint8_t)n_keys };
        int r = buffer_append(&agent->list, head, sizeof(head));

        for (size_t i = 0; !r && i < n_keys; i++)
                r = add_key(agent, &keys[i]);
        return r;
}

static int begin(SshAgent *agent, int *ret_fd)
{
        int fds[2], r;

        r = unix_socketpair(fds);
        if (r)
                return r;
        agent->client_fd = fds[0];
        r = thread_start(&agent->thread, run, agent);
        if (r)
                (void)close(fds[1]);
        else
                *ret_fd = fds[1];
        return r;
}

pyrope_status ssh_agent_start(const SshSettings *settings, const SshWatch *watch,
                              const SshAgentKey *keys, size_t n_keys, int *ret_fd, SshAgent **ret,
                              pyrope_error **error)
{
        SshAgent *agent = calloc(1, sizeof(*agent));
        pyrope_status status;
        int r;

        assert(n_keys <= SSH_AGENT_KEYS_MAX);
        if (!agent)
                return error_nomem(error);
        agent->watch = (SshWatch){ .stop_fd = watch->stop_fd, .deadline = watch->deadline };
        agent->client_fd = agent->agent_fd = -1;
        buffer_init(&agent->list, MESSAGE_MAX_BYTES);
        status = connect_agent(settings, watch, &agent->agent_fd, error);
        if (status) {
                (void)agent_free(agent);
                return status;
        }
        r = set_keys(agent, keys, n_keys);
        r = r ? r : begin(agent, ret_fd);
        if (r) {
                (void)agent_free(agent);
                return error_set(error, PYROPE_E_IO, "agent: %s", strerror(-r));
        }
        *ret = agent;
        return PYROPE_OK;
}

SshAgent *ssh_agent_end(SshAgent *agent, size_t *ret_n)
{
        (void)shutdown(agent->client_fd, SHUT_RDWR);
        (void)shutdown(agent->agent_fd, SHUT_RDWR);
        (void)pthread_join(agent->thread, NULL);
        *ret_n = agent->n_signed;
        return agent_free(agent);
}
