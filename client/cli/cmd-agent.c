/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"
#include "client/cli/task.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pyrope/agent.h>
#include <string.h>
#include <sys/wait.h>

static bool is_background;
static bool is_stop;
static int64_t idle_ms;

DEFINE_CLEANUP(pyrope_agent, pyrope_agent_free);

static int stop(void)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        size_t n;
        int r;

        r = command_context(&context);
        if (r)
                return r;
        status = pyrope_agent_stop(context, 0, &n, &error);
        if (status)
                return command_failed(status, error);
        if (command_settings.is_json)
                return command_print_json(json_pack("{s: I}", "ended", (json_int_t)n));
        printf("%zu ended\n", n);
        return command_end();
}

/* Nothing of the terminal is left. Return: 0, -errno. */
static int detach(void)
{
        const char *home = getenv("HOME");
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        /* Where ssh's relative paths mean what they mostly mean; any other directory would stay
         * busy as long as we live. */
        if (!home || chdir(home) < 0)
                (void)!chdir("/");
        for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
                (void)dup2(fd, i);
        (void)close(fd);
        return 0;
}

/* @ready_fd: of who waits until the agent listens; -1: tell it on standard output. */
static int serve(pyrope_agent *agent, int ready_fd)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        TaskSignals signals;
        pyrope_status status;
        int r;

        r = ready_fd < 0 ? 0 : detach();
        r = r ? r : task_signals_init(&signals);
        if (r)
                return command_problem(PYROPE_E_IO, "cannot begin: %s", strerror(-r));
        if (ready_fd >= 0) {
                (void)!write(ready_fd, "", 1); /* who does not wait any more does not care */
                (void)close(ready_fd);
        } else {
                printf("READY %s\n", pyrope_agent_socket(agent));
                r = command_end();
                if (r)
                        return r;
        }
        status = pyrope_agent_serve(agent, signals.fd, &error);
        (void)close(signals.fd);
        return status ? command_failed(status, error) : OPTIONS_EXIT_DONE;
}

static int be_agent(int ready_fd)
{
        CLEANUP(pyrope_agent_freep) pyrope_agent *agent = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_options options;
        pyrope_status status;
        int r;

        r = command_library_options(&options);
        if (r)
                return r;
        status = pyrope_agent_new(&options, idle_ms, &agent, &error);
        if (status == PYROPE_E_EXISTS && ready_fd >= 0)
                return OPTIONS_EXIT_DONE; /* another one was faster */
        return status ? command_failed(status, error) : serve(agent, ready_fd);
}

/* Until the agent listens, or has ended. Return: exit status. */
static int wait_for_agent(int ready_fd, pid_t pid)
{
        int status;
        ssize_t n;
        char byte;

        do {
                n = read(ready_fd, &byte, 1);
        } while (n < 0 && errno == EINTR);
        if (n > 0)
                return OPTIONS_EXIT_DONE;
        while (waitpid(pid, &status, 0) < 0) {
                if (errno != EINTR)
                        return OPTIONS_EXIT_FAILED;
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : OPTIONS_EXIT_FAILED;
}

/* In a process and a session of its own. */
static int be_agent_in_background(void)
{
        int fds[2];
        pid_t pid;

        /* Whoever started us may wait for the end of what he left open. */
        (void)close_range(STDERR_FILENO + 1, UINT_MAX, 0);
        if (pipe2(fds, O_CLOEXEC) < 0)
                return command_problem(PYROPE_E_IO, "pipe: %s", strerror(errno));
        pid = fork();
        if (pid < 0)
                return command_problem(PYROPE_E_IO, "fork: %s", strerror(errno));
        (void)close(fds[pid ? 1 : 0]);
        if (pid)
                return wait_for_agent(fds[0], pid);
        (void)setsid(); /* cannot fail in a new process */
        return be_agent(fds[1]);
}

static int run(int n_args, char **args)
{
        (void)n_args;
        (void)args;
        if (is_stop && (is_background || idle_ms))
                return command_misused("--stop goes with neither --background nor --idle");
        if (is_stop)
                return stop();
        return is_background ? be_agent_in_background() : be_agent(-1);
}

static const Option options[] = {
        { .name = "background",
          .help = "return as soon as it listens; it goes on by itself",
          .flag = &is_background },
        { .name = "idle",
          .argument = "DURATION",
          .help = "end when it was of no use for so long (default 10m)",
          .duration_ms = &idle_ms,
          .min = 1,
          .max = INT64_C(366) * 24 * 60 * 60 * 1000 },
        { .name = "stop",
          .help = "end every agent of yours on this computer, with its sessions",
          .flag = &is_stop },
        { 0 },
};

const OptionsCommand command_agent = {
        .name = "agent",
        .usage = "[OPTION...]",
        .summary = "keep SSH sessions for all commands",
        .details =
                "Commands start it by themselves, unless --no-share is given, and find those\n"
                "that are there: one for each SSH configuration, HOME and SSH_AUTH_SOCK. To have\n"
                "it for longer, start it first:\n"
                "  pyrope agent --background --idle 8h\n"
                "'pyrope status' shows its sessions.",
        .options = options,
        .run = run,
};
