/* SPDX-License-Identifier: MIT */

#include "client/ssh/share-server.h"

#include "client/ssh/share-peer.h"
#include "proto/value.h"

/* Of so many at most, for a message has a limit. */
#define SESSIONS_MAX 256u

static int64_t ago_ms(int64_t at_ms)
{
        return clock_boottime_ms() - at_ms;
}

static void write_session(pyrope_writer *writer, const SshSession *session)
{
        pyrope_pack(writer, "{s:s s:s s:s s:I s:s s:I s:I s:I s:I s:I s:I s:s s:s}", "host",
                    session->label, "names", session->targets, "state",
                    ssh_state_name(session->state), "since_ms", ago_ms(session->since_ms), "reason",
                    session->reason, "next_attempt_ms", session->next_attempt_ms, "logins",
                    (int64_t)session->n_logins, "channels", (int64_t)session->n_channels,
                    "received", (int64_t)session->n_received, "sent", (int64_t)session->n_sent,
                    "quiet_ms", session->quiet_ms, "server", session->server, "cipher",
                    session->cipher);
}

static size_t count_orders(SshShareServer *server)
{
        size_t n = 0;

        (void)pthread_mutex_lock(&server->lock);
        for (const SshSharePeer *peer = server->peers; peer; peer = peer->next)
                n += peer->order != NULL;
        (void)pthread_mutex_unlock(&server->lock);
        return n;
}

pyrope_value *ssh_share_server_state(SshShareServer *server)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(freep) SshSession *sessions = NULL;
        pyrope_value *state = NULL;
        size_t n = 0;

        if (!writer || ssh_pool_sessions(server->pool, &sessions, &n))
                return NULL;
        n = n < SESSIONS_MAX ? n : SESSIONS_MAX;
        pyrope_write_map(writer, 7);
        pyrope_write_str(writer, "version");
        pyrope_write_str(writer, PYROPE_VERSION);
        pyrope_write_str(writer, "pid");
        pyrope_write_int(writer, getpid());
        pyrope_write_str(writer, "ssh_config");
        if (server->place.config_file)
                pyrope_write_str(writer, server->place.config_file);
        else
                pyrope_write_nil(writer);
        pyrope_write_str(writer, "unused_ms");
        pyrope_write_int(writer, ago_ms(atomic_load(&server->used_at_ms)));
        pyrope_write_str(writer, "idle_ms");
        pyrope_write_int(writer, server->idle_ms);
        pyrope_write_str(writer, "waiting");
        pyrope_write_int(writer, (int64_t)count_orders(server));
        pyrope_write_str(writer, "sessions");
        pyrope_write_list(writer, n);
        for (size_t i = 0; i < n; i++)
                write_session(writer, &sessions[i]);
        (void)pyrope_writer_take(writer, &state, NULL);
        return state;
}
