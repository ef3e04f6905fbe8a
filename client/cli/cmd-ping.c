/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"

#include <time.h>

static double now_ms(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *proxy = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        double before, connected, after;
        pyrope_status status;
        int r;

        r = command_context(&context);
        if (r)
                return r;
        before = now_ms();
        status = pyrope_proxy_new(context, n_args ? args[0] : "Pyro.NameServer", 0, &proxy, &error);
        if (status)
                return command_failed(status, error);
        connected = now_ms();
        status = pyrope_ping(proxy, 0, &error);
        if (status)
                return command_failed(status, error);
        after = now_ms();

        if (command_settings.is_json)
                return command_print_json(json_pack("{s: s, s: f, s: f}", "uri",
                                                    pyrope_proxy_uri(proxy), "connect_ms",
                                                    connected - before, "ms", after - connected));
        printf("%.3f ms (connecting took %.3f ms)\n", after - connected, connected - before);
        return command_end();
}

const OptionsCommand command_ping = {
        .name = "ping",
        .usage = "[OPTION...] [NAME|URI]",
        .summary = "print the time of a round trip to a daemon",
        .details = "Without a name, to the nameserver.",
        .n_args_max = 1,
        .run = run,
};
