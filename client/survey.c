/* SPDX-License-Identifier: MIT */

#include "base/unix-socket.h"
#include "client/context.h"
#include "client/ssh/share-call.h"
#include "client/ssh/share-place.h"
#include "client/where.h"

#include <errno.h>
#include <poll.h>
#include <pyrope/agent.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>

#define LIST_MAX_BYTES 16777216u /* of all agents, or all daemons */
#define PROBE_MS       200       /* for a daemon to accept a connection */

static bool is_agent(const char *name)
{
        return strncmp(name, SSH_SHARE_PREFIX, strlen(SSH_SHARE_PREFIX)) == 0;
}

/* -- what runs --------------------------------------------------------------------------------- */

typedef struct Survey {
        int64_t timeout_ms;
        Buffer agents; /* items, one behind the other */
        Buffer daemons;
        size_t n_agents;
        size_t n_daemons;
} Survey;

static pyrope_status add_item(pyrope_writer *writer, Buffer *items, size_t *n_items,
                              pyrope_error **error)
{
        const uint8_t *bytes;
        size_t n;

        if (writer_finish(writer, &bytes, &n) || buffer_append(items, bytes, n))
                return error_nomem(error);
        (*n_items)++;
        return PYROPE_OK;
}

/* Return: 0 with a state, a map; SSH_SHARE_CALL_E_*. */
static int ask_state(const SshShareCall *call, Deadline deadline, pyrope_value **ret)
{
        const SshShareMessage survey = { .kind = SSH_SHARE_SURVEY };
        CLEANUP(ssh_share_message_deinit) SshShareMessage said = { 0 };
        CLEANUP(pyrope_value_freep) pyrope_value *state = NULL;
        int r;

        r = ssh_share_call_greet(call, "", deadline);
        r = r ? r : ssh_share_call_say(call, &survey, -1, deadline);
        r = r ? r : ssh_share_call_hear(call, deadline, &said, NULL);
        if (r)
                return r;
        if (said.kind != SSH_SHARE_STATE || value_new_copy(said.bytes, said.n_bytes, &state) ||
            value_type(state) != PYROPE_MAP)
                return SSH_SHARE_CALL_E_LOST;
        *ret = TAKE(state);
        return 0;
}

/* What it told, and its socket. */
static void write_state(pyrope_writer *writer, const char *path, const pyrope_value *state)
{
        pyrope_view map = pyrope_value_view(state), key, item;

        pyrope_write_map(writer, 1 + pyrope_count(map));
        pyrope_write_str(writer, "socket");
        pyrope_write_str(writer, path);
        for (pyrope_iter it = pyrope_each(map); pyrope_next(&it, &key, &item);) {
                pyrope_write_view(writer, key);
                pyrope_write_view(writer, item);
        }
}

static pyrope_status survey_agent(Survey *survey, const char *path, pyrope_error **error)
{
        Deadline deadline = deadline_in(survey->timeout_ms);
        CLEANUP(ssh_share_call_close) SshShareCall call = SSH_SHARE_CALL_INIT;
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *state = NULL;
        int r;

        if (!writer)
                return error_nomem(error);
        r = ssh_share_call_open(path, deadline, &call);
        if (r == SSH_SHARE_CALL_E_NOBODY)
                return PYROPE_OK; /* what a killed one left; the next one removes it */
        r = r ? r : ask_state(&call, deadline, &state);
        if (!r)
                write_state(writer, path, state);
        else
                pyrope_pack(writer, "{s:s s:i s:s}", "socket", path, "pid", (int)call.pid, "error",
                            r == SSH_SHARE_CALL_E_LATE ? "does not answer"
                                                       : "speaks another protocol");
        return add_item(writer, &survey->agents, &survey->n_agents, error);
}

static pyrope_status survey_daemon(Survey *survey, const char *path, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(closep) int fd = -1;
        int r;

        if (!writer)
                return error_nomem(error);
        r = unix_connect(path, deadline_in(PROBE_MS), &fd);
        pyrope_pack(writer, "{s:s s:b}", "socket", path, "is_listening",
                    r == 0 || r == UNIX_E_TIMEOUT);
        return add_item(writer, &survey->daemons, &survey->n_daemons, error);
}

static pyrope_status survey_socket(void *userdata, const char *path, const char *name,
                                   pyrope_error **error)
{
        if (is_agent(name))
                return survey_agent(userdata, path, error);
        if (strncmp(name, WHERE_FORWARD, strlen(WHERE_FORWARD)) == 0)
                return PYROPE_OK;
        return survey_daemon(userdata, path, error);
}

static void survey_deinit(Survey *survey)
{
        buffer_deinit(&survey->agents);
        buffer_deinit(&survey->daemons);
}

pyrope_status pyrope_survey(pyrope_context *context, int64_t timeout_ms, pyrope_value **ret,
                            pyrope_error **error)
{
        CLEANUP(survey_deinit)
        Survey survey = { .agents = BUFFER_INIT(LIST_MAX_BYTES),
                          .daemons = BUFFER_INIT(LIST_MAX_BYTES) };
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_status status;

        if (!context || !ret)
                return error_null(error);
        survey.timeout_ms = timeout_ms ? timeout_ms : context->timeout_ms;
        status = where_each(context, survey_socket, &survey, error);
        if (status)
                return status;
        pyrope_write_map(writer, 2);
        pyrope_write_str(writer, "agents");
        writer_raw_list(writer, &survey.agents, survey.n_agents);
        pyrope_write_str(writer, "daemons");
        writer_raw_list(writer, &survey.daemons, survey.n_daemons);
        return pyrope_writer_take(writer, ret, error);
}

/* -- the end of agents ------------------------------------------------------------------------- */

typedef struct Stopping {
        Deadline deadline;
        size_t n; /* that ended */
        pyrope_status
                status; /* of the first that does not; those behind it are told all the same */
        pyrope_error *error;
} Stopping;

static void note_stuck(Stopping *stopping, const SshShareCall *call)
{
        if (stopping->status)
                return;
        stopping->status = error_set(&stopping->error, PYROPE_E_TIMEOUT,
                                     "the agent (process %d) does not end; 'kill -KILL %d' ends it",
                                     (int)call->pid, (int)call->pid);
}

static bool is_hung_up(const SshShareCall *call)
{
        struct pollfd polled = { .fd = call->fd, .events = POLLRDHUP };

        return poll(&polled, 1, 0) != 0;
}

/* As long as it holds the other end, its number is nobody else's. Return: a pidfd; -1: it has
 * ended, or is unknown. */
static int open_process(const SshShareCall *call)
{
        int fd = call->pid ? pidfd_open(call->pid, 0) : -1;

        if (fd >= 0 && is_hung_up(call))
                closep(&fd);
        return fd;
}

static pyrope_status stop_agent(void *userdata, const char *path, const char *name,
                                pyrope_error **error)
{
        Stopping *stopping = userdata;
        CLEANUP(ssh_share_call_close) SshShareCall call = SSH_SHARE_CALL_INIT;
        struct pollfd ended = { .events = POLLIN };
        int r;

        (void)error;
        if (!is_agent(name) || ssh_share_call_open(path, stopping->deadline, &call))
                return PYROPE_OK;
        ended.fd = open_process(&call);
        if (ended.fd < 0)
                return PYROPE_OK; /* it has ended by itself */
        (void)pidfd_send_signal(ended.fd, SIGTERM, NULL, 0);
        do {
                r = poll(&ended, 1, deadline_left_ms(stopping->deadline));
        } while (r < 0 && errno == EINTR);
        (void)close(ended.fd);
        if (r > 0)
                stopping->n++;
        else
                note_stuck(stopping, &call);
        return PYROPE_OK;
}

pyrope_status pyrope_agent_stop(pyrope_context *context, int64_t timeout_ms, size_t *ret,
                                pyrope_error **error)
{
        Stopping stopping = { .n = 0 };
        pyrope_status status;

        if (!context || !ret)
                return error_null(error);
        stopping.deadline = context_deadline(context, timeout_ms);
        status = where_each(context, stop_agent, &stopping, error);
        if (!status && stopping.status) {
                status = stopping.status;
                if (error)
                        *error = TAKE(stopping.error);
        }
        pyrope_error_free(stopping.error);
        if (!status)
                *ret = stopping.n;
        return status;
}
