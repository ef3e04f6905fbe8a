/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"
#include "client/cli/json-value.h"

#include <inttypes.h>
#include <pyrope/agent.h>
#include <string.h>

#define ANSWER_MS     2000 /* an agent that is alive has answered by then */
#define DURATION_SIZE 32u

/* -- words ------------------------------------------------------------------------------------- */

/* "350 ms", "12 s", "3 min", "5 h" */
static const char *duration(int64_t ms, char out[static DURATION_SIZE])
{
        const struct {
                int64_t ms;
                const char *unit;
        } units[] = { { 7200000, "h" }, { 120000, "min" }, { 1000, "s" }, { 1, "ms" } };
        const int64_t lengths[] = { 3600000, 60000, 1000, 1 };
        size_t i = 0;

        while (i + 1 < sizeof(units) / sizeof(*units) && ms < units[i].ms)
                i++;
        (void)snprintf(out, DURATION_SIZE, "%" PRId64 " %s", ms / lengths[i], units[i].unit);
        return out;
}

static void print_str(const char *text, size_t n, const char *end)
{
        command_print_text(stdout, text, n, end);
}

/* -- an agent ---------------------------------------------------------------------------------- */

static void print_session(pyrope_view session)
{
        const char *host = "?", *state = "?", *reason = "";
        size_t n_host = 1, n_state = 1, n_reason = 0;
        int64_t since_ms = 0, next_ms = -1, n_channels = 0, n_received = 0, n_sent = 0;
        char text[DURATION_SIZE];

        (void)pyrope_unpack(session, NULL, "{s:s s:s s:s s:I s:I s:I s:I s:I}", "host", &host,
                            &n_host, "state", &state, &n_state, "reason", &reason, &n_reason,
                            "since_ms", &since_ms, "next_attempt_ms", &next_ms, "channels",
                            &n_channels, "received", &n_received, "sent", &n_sent);
        printf("  ");
        print_str(host, n_host, ": ");
        print_str(state, n_state, "");
        printf(" for %s", duration(since_ms, text));
        if (next_ms >= 0)
                printf("; next attempt in %s", duration(next_ms, text));
        printf("; %" PRId64 " channels, %" PRId64 " bytes received, %" PRId64 " sent\n", n_channels,
               n_received, n_sent);
        if (n_reason) {
                printf("    ");
                print_str(reason, n_reason, "\n");
        }
}

static void print_agent(pyrope_view agent)
{
        const char *version = "?", *error = NULL, *socket = "?";
        size_t n_version = 1, n_error = 0, n_socket = 1;
        int64_t pid = 0, unused_ms = 0, idle_ms = 0;
        char unused[DURATION_SIZE], idle[DURATION_SIZE];
        pyrope_view session;

        (void)pyrope_unpack(agent, NULL, "{s:s s:I s:s? s:s? s:I? s:I?}", "socket", &socket,
                            &n_socket, "pid", &pid, "error", &error, &n_error, "version", &version,
                            &n_version, "unused_ms", &unused_ms, "idle_ms", &idle_ms);
        printf("agent, process %" PRId64, pid);
        if (error) {
                printf(": ");
                print_str(error, n_error, "; ");
                printf("'kill -KILL %" PRId64 "' ends it\n", pid);
                return;
        }
        printf(", version ");
        print_str(version, n_version, "");
        printf("%s: unused for %s, ends after %s\n  socket ",
               strncmp(version, PYROPE_VERSION, n_version) == 0 ? "" : " (commands do without it)",
               duration(unused_ms, unused), duration(idle_ms, idle));
        print_str(socket, n_socket, "\n");
        for (pyrope_iter it = pyrope_each(pyrope_find(agent, "sessions"));
             pyrope_next(&it, NULL, &session);)
                print_session(session);
}

/* -- all --------------------------------------------------------------------------------------- */

static void print_daemon(pyrope_view daemon)
{
        const char *socket = "?";
        size_t n_socket = 1;
        bool is_listening = false;

        (void)pyrope_unpack(daemon, NULL, "{s:s s:b}", "socket", &socket, &n_socket, "is_listening",
                            &is_listening);
        print_str(socket, n_socket, is_listening ? ": listens\n" : ": nobody listens\n");
}

static int print_all(pyrope_view survey)
{
        pyrope_view agents = pyrope_find(survey, "agents");
        pyrope_view item;

        if (!pyrope_count(agents))
                puts("no agent runs; the next command that goes through SSH starts one");
        for (pyrope_iter it = pyrope_each(agents); pyrope_next(&it, NULL, &item);)
                print_agent(item);
        for (pyrope_iter it = pyrope_each(pyrope_find(survey, "daemons"));
             pyrope_next(&it, NULL, &item);)
                print_daemon(item);
        return command_end();
}

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *survey = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        int r;

        (void)n_args;
        (void)args;
        r = command_context(&context);
        if (r)
                return r;
        status = pyrope_survey(context, ANSWER_MS, &survey, &error);
        if (status)
                return command_failed(status, error);
        if (command_settings.is_json)
                return command_print_json(json_value_from(pyrope_value_view(survey)));
        return print_all(pyrope_value_view(survey));
}

const OptionsCommand command_status = {
        .name = "status",
        .usage = "[OPTION...]",
        .summary = "show the SSH sessions that the agent keeps, and what listens here",
        .run = run,
};
