/* SPDX-License-Identifier: MIT */

/*
 * The program `allocate-app`: fresh instances of applications, for as long as it runs, or for one
 * command.
 */

#include "client/cli/child.h"
#include "client/cli/command.h"
#include "client/cli/held.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const Options options = {
        .program = "allocate-app",
        .usage = "[OPTION...] NAME... [-- COMMAND [ARGUMENT...]]",
        .summary = "hold fresh instances of applications, and release them at the end",
        .details =
                "NAME is an application that any job manager may offer, a job manager that offers\n"
                "just one, or APPLICATION@JOBMANAGER.\n"
                "Without a command each instance's URI is printed, for any Pyro5 program of this\n"
                "machine, and the instances are held until Ctrl-C or SIGTERM. A command finds "
                "them\n"
                "in PYROPE_URI and PYROPE_JOB (the first), PYROPE_URI_1, PYROPE_JOB_1 and so on;\n"
                "its exit status becomes that of allocate-app.",
        .environment = COMMAND_ENVIRONMENT,
        .options = command_options,
        .n_args_min = 1,
        .n_args_max = OPTIONS_ANY,
};

/* -- with a command --------------------------------------------------------------------------- */

static bool is_replaced(const char *variable)
{
        return strncmp(variable, "PYROPE_URI", strlen("PYROPE_URI")) == 0 ||
               strncmp(variable, "PYROPE_JOB", strlen("PYROPE_JOB")) == 0;
}

/* A "NAME_I=VALUE" more; without an index for @i == 0. Return: false if memory is out. */
static bool add_variable(char **environment, size_t *n, const char *name, size_t i,
                         const char *value)
{
        char index[24] = "";

        if (i)
                (void)snprintf(index, sizeof(index), "_%zu", i);
        if (asprintf(&environment[*n], "%s%s=%s", name, index, value) < 0) {
                environment[*n] = NULL;
                return false;
        }
        (*n)++;
        return true;
}

static void environment_free(char **environment)
{
        for (size_t i = 0; environment && environment[i]; i++)
                free(environment[i]);
        free(environment);
}

static void environment_freep(char ***environment)
{
        environment_free(*environment);
}

/* Ours with the instances in it. Return: owned, environment_free(); NULL: out of memory. */
static char **environment_new(const HeldSet *set)
{
        CLEANUP(environment_freep) char **environment = NULL;
        size_t n_before = 0, n = 0;

        while (environ[n_before])
                n_before++;
        environment = calloc(n_before + 2 * set->n + 3, sizeof(*environment));
        if (!environment)
                return NULL;
        for (size_t i = 0; i < n_before; i++) {
                if (is_replaced(environ[i]))
                        continue;
                environment[n] = strdup(environ[i]);
                if (!environment[n++])
                        return NULL;
        }
        for (size_t i = 0; i <= set->n; i++) {
                const Held *held = &set->all[i ? i - 1 : 0]; /* the first one twice */

                if (!add_variable(environment, &n, "PYROPE_URI", i, held->uri) ||
                    !add_variable(environment, &n, "PYROPE_JOB", i, held->job))
                        return NULL;
        }
        return TAKE(environment);
}

/* -- waiting ---------------------------------------------------------------------------------- */

/* Waits for the end: of the command, where there is one; else a signal, or the end of an instance.
 * Return: 0 at a signal or the end of the command; 1 if an instance is gone; -errno. */
static int hold(HeldSet *set, const Child *child)
{
        CLEANUP(freep) struct pollfd *fds = calloc(set->n + 2, sizeof(*fds));

        if (!fds)
                return -ENOMEM;
        for (;;) {
                int number;
                bool is_typed;

                held_watch(set, fds + 2);
                fds[0] = (struct pollfd){ .fd = set->signals->fd, .events = POLLIN };
                fds[1] = (struct pollfd){ .fd = child ? child->pid_fd : -1, .events = POLLIN };
                if (poll(fds, set->n + 2, -1) < 0 && errno != EINTR)
                        return -errno;
                if (fds[1].revents)
                        return 0;

                number = task_signals_next(set->signals, &is_typed);
                if (number && !child)
                        return 0;
                if (number && !is_typed) /* the terminal told the command itself */
                        (void)kill(child->pid, number);
                for (size_t i = 0; i < set->n; i++)
                        if (fds[i + 2].revents && !held_check(&set->all[i]) && !child)
                                return 1;
        }
}

static int run_command(HeldSet *set, char *const *argv, mode_t file_mode_mask)
{
        CLEANUP(environment_freep) char **environment = environment_new(set);
        Child child;
        int r;

        if (!environment)
                return command_failed(PYROPE_E_NOMEM, NULL);
        r = child_start(argv, environment, &set->signals->before, file_mode_mask, &child);
        if (r) {
                (void)command_problem(r == ENOENT ? PYROPE_E_NOT_FOUND : PYROPE_E_IO,
                                      "cannot run %s: %s", argv[0], strerror(r));
                return child_exit_status(r);
        }
        (void)hold(set, &child);
        /* Signals were the command's; those from now on are about the release. */
        atomic_store(&set->signals->first, 0);
        return child_end(&child);
}

static int print_instances(const HeldSet *set)
{
        int r = 0;

        for (size_t i = 0; i < set->n && !r; i++) {
                const Held *held = &set->all[i];

                if (command_settings.is_json)
                        r = command_print_json(json_pack("{s: s, s: s, s: s}", "job", held->job,
                                                         "uri", held->uri, "jobmanager",
                                                         held->manager));
                else
                        (void)puts(held->uri);
        }
        return r ? r : command_end();
}

static int hold_until_told(HeldSet *set)
{
        int r = print_instances(set);

        if (r)
                return r;
        r = hold(set, NULL);
        if (r < 0)
                return command_problem(PYROPE_E_IO, "cannot wait: %s", strerror(-r));
        return r ? OPTIONS_EXIT_FAILED : OPTIONS_EXIT_DONE;
}

/* -- from the beginning to the end ------------------------------------------------------------ */

/* A signal ended the patience, or there is no thread; nothing can be freed then. */
static _Noreturn void leave(HeldSet *set, int r)
{
        if (r < 0)
                fprintf(stderr, "%s: no thread: %s\n", program_invocation_short_name, strerror(-r));
        held_hide(set);
        held_say_left(set);
        _exit(r < 0 ? OPTIONS_EXIT_FAILED : CHILD_SIGNALLED + r);
}

static int use(HeldSet *set, char *const *command, mode_t file_mode_mask)
{
        int number;

        if (set->exit_status)
                return set->exit_status;
        number = atomic_load(&set->signals->first);
        if (number)
                return CHILD_SIGNALLED + number;
        return command ? run_command(set, command, file_mode_mask) : hold_until_told(set);
}

static int run(TaskSignals *signals, char *const *names, size_t n_names, char *const *command,
               mode_t file_mode_mask)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(held_set_deinit) HeldSet set = { 0 };
        int r, exit_status;

        r = command_context(&context);
        if (r)
                return r;
        if (held_set_init(&set, context, signals, names, n_names))
                return command_failed(PYROPE_E_NOMEM, NULL);

        r = task_run(signals, held_allocate, &set,
                     "interrupted; waiting for the answer, to release what it gives (once more: "
                     "leave at once)");
        if (r)
                leave(&set, r);
        exit_status = use(&set, command, file_mode_mask);

        held_hide(&set);
        set.exit_status = 0;
        r = task_run(signals, held_release, &set, "releasing (once more: leave at once)");
        if (r)
                leave(&set, r);
        return exit_status || command ? exit_status : set.exit_status;
}

/* Where the command begins: behind the first "--", which is cut off. Return: NULL if there is none.
 */
static char **split_command(int *argc, char **argv)
{
        for (int i = 1; i < *argc; i++) {
                if (strcmp(argv[i], "--") != 0)
                        continue;
                *argc = i;
                argv[i] = NULL;
                return argv + i + 1;
        }
        return NULL;
}

int main(int argc, char **argv)
{
        char **command = split_command(&argc, argv);
        mode_t file_mode_mask = umask(077);
        TaskSignals signals;
        OptionsResult result;
        int r;

        r = command_start(options.program);
        if (r)
                return r;
        r = options_parse(&options, argc, argv, &result);
        if (r)
                return r == OPTIONS_E_SHOWN ? OPTIONS_EXIT_DONE : OPTIONS_EXIT_MISUSED;
        if (command && !command[0])
                return command_misused("there is no command behind --");
        r = task_signals_init(&signals);
        if (r)
                return command_problem(PYROPE_E_IO, "signals: %s", strerror(-r));
        return run(&signals, result.args, (size_t)result.n_args, command, file_mode_mask);
}
