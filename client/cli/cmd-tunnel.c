/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"
#include "client/cli/task.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

DEFINE_CLEANUP(pyrope_forward, pyrope_forward_free);

#define WORDS_BYTES  1024u
#define SAME_WORDS_S 1 /* what was just said is not said again for so long */
#define NO_PORT      (-1)

static const char *socket_path;
static int64_t nat_port = NO_PORT;

/* -- what goes wrong meanwhile ----------------------------------------------------------------- */

typedef struct Words {
        pthread_mutex_t lock;
        char last[WORDS_BYTES];
        time_t at_s;
} Words;

/* Somebody who knocks again and again shall not fill the terminal. */
static bool is_new(Words *words, const char *text)
{
        struct timespec now;
        bool is_same;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        (void)pthread_mutex_lock(&words->lock);
        is_same = strncmp(words->last, text, sizeof(words->last) - 1) == 0 &&
                  now.tv_sec - words->at_s <= SAME_WORDS_S;
        if (!is_same) {
                (void)snprintf(words->last, sizeof(words->last), "%s", text);
                words->at_s = now.tv_sec;
        }
        (void)pthread_mutex_unlock(&words->lock);
        return !is_same;
}

static void on_problem(void *userdata, const char *text)
{
        CLEANUP(freep) char *harmless = NULL;

        if (!is_new(userdata, text))
                return;
        harmless = command_harmless(text, strlen(text));
        fprintf(stderr, "%s: %s\n", program_invocation_short_name,
                harmless ? harmless : "out of memory");
}

/* -- the command ------------------------------------------------------------------------------- */

/* A socket's path is from the working directory; the library wants it whole. Return: 0; -ENOMEM;
 * -errno of the directory. */
static int whole_path(const char *path, char **ret)
{
        CLEANUP(freep) char *here = NULL;

        if (path[0] == '/') {
                *ret = strdup(path);
                return *ret ? 0 : -ENOMEM;
        }
        here = getcwd(NULL, 0);
        if (!here)
                return -errno;
        return asprintf(ret, "%s/%s", here, path) < 0 ? -ENOMEM : 0;
}

/* Until a signal comes. Until now one would have ended the program, with nothing to clean up. */
static int serve(const pyrope_forward *forward)
{
        struct pollfd polled = { .events = POLLIN };
        TaskSignals signals;
        int r;

        r = task_signals_init(&signals);
        if (r)
                return command_problem(PYROPE_E_IO, "signals: %s", strerror(-r));
        if (!command_settings.is_json)
                printf("READY %s\n", pyrope_forward_uri(forward));
        r = command_settings.is_json
                    ? command_print_json(json_pack("{s: s}", "uri", pyrope_forward_uri(forward)))
                    : command_end();
        polled.fd = signals.fd;
        while (!r && !task_signals_next(&signals, NULL))
                (void)poll(&polled, 1, -1);
        return r;
}

static int open_and_serve(const char *target, const pyrope_forward_options *options)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_forward_freep) pyrope_forward *forward = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        int r;

        r = command_context(&context);
        if (r)
                return r;
        status = pyrope_forward_to(context, target, options, 0, &forward, &error);
        return status ? command_failed(status, error) : serve(forward);
}

static int run(int n_args, char **args)
{
        Words words = { .lock = PTHREAD_MUTEX_INITIALIZER };
        pyrope_forward_options options = { .on_problem = on_problem, .userdata = &words };
        CLEANUP(freep) char *path = NULL;
        int r;

        (void)n_args;
        if (socket_path && nat_port != NO_PORT)
                return command_misused("--socket and --nat-port exclude each other");
        r = socket_path ? whole_path(socket_path, &path) : 0;
        if (r)
                return command_problem(PYROPE_E_IO, "working directory: %s", strerror(-r));
        options.socket = path;
        if (nat_port != NO_PORT)
                options.nat_port = nat_port ? (int)nat_port : PYROPE_ANY_PORT;
        return open_and_serve(args[0], &options);
}

static const Option options[] = {
        { .name = "socket",
          .argument = "PATH",
          .help = "listen at this Unix socket, in a directory that only you may enter (default: "
                  "one in the runtime directory)",
          .string = &socket_path },
        { .name = "nat-port",
          .argument = "PORT",
          .help = "listen at this port of 127.0.0.1 instead, for programs that know no Unix "
                  "sockets (0: any that is free)",
          .number = &nat_port,
          .max = UINT16_MAX },
        { 0 },
};

const OptionsCommand command_tunnel = {
        .name = "tunnel",
        .usage = "[OPTION...] NAME|URI|LOCATION",
        .summary = "listen on this machine for programs that shall reach something elsewhere",
        .details =
                "Prints READY and the URI (of a location: the place) for a program of this user\n"
                "and machine, and serves until Ctrl-C or SIGTERM. The place stays the same when\n"
                "the SSH session is lost and made again, and when the name moves to another place.",
        .options = options,
        .n_args_min = 1,
        .n_args_max = 1,
        .run = run,
};
