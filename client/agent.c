/* SPDX-License-Identifier: MIT */

#include "client/context.h"
#include "client/ssh/share-server.h"
#include "client/where.h"

#include <pyrope/agent.h>
#include <stdbool.h>
#include <string.h>

struct pyrope_agent {
        pyrope_context *context; /* for its settings */
        SshShareServer *server;
        bool has_served;
};

DEFINE_CLEANUP(pyrope_agent, pyrope_agent_free);

static pyrope_status start_server(pyrope_agent *agent, int64_t idle_ms, pyrope_error **error)
{
        CLEANUP(freep) char *directory = NULL;
        pyrope_status status = where_new_directory(agent->context, &directory, error);

        if (status)
                return status;
        return ssh_share_server_new(agent->context->ssh_config, agent->context->ssh_backend,
                                    directory, idle_ms, &agent->server, error);
}

pyrope_status pyrope_agent_new(const pyrope_options *options, int64_t idle_ms, pyrope_agent **ret,
                               pyrope_error **error)
{
        CLEANUP(pyrope_agent_freep) pyrope_agent *agent = NULL;
        pyrope_options own = options ? *options : (pyrope_options){ 0 };
        pyrope_status status;

        if (!ret)
                return error_null(error);
        agent = calloc(1, sizeof(*agent));
        if (!agent)
                return error_nomem(error);
        own.share = PYROPE_SHARE_NO; /* the agent asks no agent */
        status = pyrope_context_new(&own, &agent->context, error);
        status = status ? status : start_server(agent, idle_ms, error);
        if (!status)
                *ret = TAKE(agent);
        return status;
}

const char *pyrope_agent_socket(const pyrope_agent *agent)
{
        return agent ? agent->server->path : NULL;
}

pyrope_status pyrope_agent_serve(pyrope_agent *agent, int stop_fd, pyrope_error **error)
{
        if (!agent)
                return error_null(error);
        if (agent->has_served)
                return error_set(error, PYROPE_E_INVALID, "an agent serves once");
        agent->has_served = true;
        return ssh_share_server_run(agent->server, stop_fd, error);
}

pyrope_agent *pyrope_agent_free(pyrope_agent *agent)
{
        if (!agent)
                return NULL;
        ssh_share_server_free(agent->server);
        pyrope_context_free(agent->context);
        free(agent);
        return NULL;
}
