/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/json-value.h"
#include "client/cli/terminal.h"

#include "base/log.h"
#include "base/process.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define MESSAGE_SIZE 4200u /* the longest text of an error of the library, and its terminator */

CommandSettings command_settings;

const Option command_options[] = {
        { .name = "nameserver",
          .argument = "LOCATION",
          .help = "/path, host:port, ssh://host or ssh://host/./u:/path; or several, separated by "
                  "commas, of which the first that answers is asked",
          .string = &command_settings.nameserver },
        { .name = "ssh-config",
          .argument = "FILE",
          .help = "SSH configuration instead of ~/.ssh/config",
          .string = &command_settings.ssh_config },
        { .name = "ssh-backend",
          .argument = "WHO",
          .help = "who logs in: libssh, program (ssh itself), or auto (libssh, where it can do "
                  "what "
                  "the SSH configuration wants)",
          .string = &command_settings.ssh_backend },
        { .name = "zone",
          .argument = "ZONE",
          .help = "the zone of this machine",
          .string = &command_settings.zone },
        { .name = "runtime-dir",
          .argument = "DIR",
          .help = "directory of our sockets",
          .string = &command_settings.runtime_dir },
        { .name = "timeout",
          .argument = "SECONDS",
          .help = "give up after it (default 60; also 500ms, 2m, 1h)",
          .string = &command_settings.timeout },
        { .name = "port-users",
          .argument = "USERS",
          .help = "users, separated by commas, whose ports of this machine are believed to be what "
                  "they seem, beside our own and root's",
          .string = &command_settings.port_users },
        { .name = "no-share",
          .help = "log in by itself, without the agent that keeps SSH sessions for all commands",
          .flag = &command_settings.is_alone },
        { .name = "batch",
          .help = "ask nothing, also not for a passphrase or password; fail instead",
          .flag = &command_settings.is_batch },
        { .name = "json", .help = "results and errors as JSON", .flag = &command_settings.is_json },
        { .name = "verbose",
          .letter = 'v',
          .help = "more words, as the traceback of a remote exception",
          .flag = &command_settings.is_verbose },
        { 0 },
};

/* -- contexts --------------------------------------------------------------------------------- */

/* A bare number is seconds, as for ssh -o ConnectTimeout and timeout(1). */
static int timeout_parse(const char *text, int64_t *ret_ms)
{
        int64_t ms;

        if (text_parse_int64(text, 0, INT64_MAX / 1000, &ms) == 0)
                ms *= 1000;
        else if (text_parse_duration(text, &ms) != 0)
                return command_misused("--timeout: '%s' is no time; 30 (seconds), 500ms, 2m", text);
        if (ms == 0)
                return command_misused("--timeout: nothing can be done in no time");

        *ret_ms = ms;
        return 0;
}

/* A command is short, and often comes with others: so it shares, if nothing else is said. */
static pyrope_share share(void)
{
        const char *said = getenv("PYROPE_SHARE");

        if (command_settings.is_alone)
                return PYROPE_SHARE_NO;
        return said && *said ? PYROPE_SHARE_DEFAULT : PYROPE_SHARE_YES;
}

int command_library_options(pyrope_options *ret)
{
        const CommandSettings *settings = &command_settings;
        pyrope_options options = { .nameserver = settings->nameserver,
                                   .ssh_config = settings->ssh_config,
                                   .ssh_backend = settings->ssh_backend,
                                   .zone = settings->zone,
                                   .runtime_dir = settings->runtime_dir,
                                   .port_users = settings->port_users,
                                   .share = share() };
        int r = 0;

        if (!settings->is_batch && terminal_find())
                options.ask = terminal_ask;
        if (settings->timeout)
                r = timeout_parse(settings->timeout, &options.timeout_ms);
        if (!r)
                *ret = options;
        return r;
}

int command_context(pyrope_context **ret)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_options options;
        pyrope_status status;
        int r;

        r = command_library_options(&options);
        if (r)
                return r;
        status = pyrope_context_new(&options, ret, &error);
        if (status == PYROPE_E_INVALID)
                return command_misused("%s",
                                       error ? pyrope_error_text(error) : pyrope_strerror(status));
        return status ? command_failed(status, error) : 0;
}

int command_nameserver(pyrope_context **ret_context, pyrope_proxy **ret_nameserver)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        int r;

        r = command_context(&context);
        if (r)
                return r;
        status = pyrope_proxy_new(context, "Pyro.NameServer", 0, ret_nameserver, &error);
        if (status)
                return command_failed(status, error);

        *ret_context = TAKE(context);
        return 0;
}

/* -- what is said ----------------------------------------------------------------------------- */

static json_t *error_json(pyrope_status status, const char *text, const pyrope_error *error)
{
        const char *class_ = error ? pyrope_error_class(error) : NULL;
        const char *traceback = error ? pyrope_error_traceback(error) : NULL;

        /* The * leaves out what is NULL. */
        return json_pack("{s: {s: s, s: s, s: s*, s: s*}}", "error", "code",
                         pyrope_status_name(status), "text", text, "class", class_, "traceback",
                         traceback);
}

/* "ValueError" of "builtins.ValueError". Return: borrowed; NULL if it is no remote exception. */
static const char *short_class(const pyrope_error *error)
{
        const char *class_ = pyrope_error_class(error);
        const char *dot = class_ ? strrchr(class_, '.') : NULL;

        return dot ? dot + 1 : class_;
}

static void say(pyrope_status status, const char *text, const pyrope_error *error)
{
        const char *traceback = error ? pyrope_error_traceback(error) : NULL;
        const char *class_ = error ? short_class(error) : NULL;

        if (command_settings.is_json) {
                (void)command_print_json(error_json(status, text, error));
                return;
        }
        if (traceback && command_settings.is_verbose) {
                for (const char *line = traceback; *line;) {
                        size_t n = strcspn(line, "\n");

                        command_print_text(stderr, line, n, "\n");
                        line += n + (line[n] == '\n');
                }
        }
        fprintf(stderr, "%s: ", program_invocation_short_name);
        if (class_)
                command_print_text(stderr, class_, strlen(class_), ": ");
        command_print_text(stderr, text, strlen(text), "\n");
}

int command_failed(pyrope_status status, const pyrope_error *error)
{
        say(status, error ? pyrope_error_text(error) : pyrope_strerror(status), error);
        return OPTIONS_EXIT_FAILED;
}

int command_problem(pyrope_status code, const char *format, ...)
{
        char text[MESSAGE_SIZE];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);

        say(code, text, NULL);
        return OPTIONS_EXIT_FAILED;
}

int command_misused(const char *format, ...)
{
        char text[MESSAGE_SIZE];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);

        say(PYROPE_E_INVALID, text, NULL);
        return OPTIONS_EXIT_MISUSED;
}

int command_print_json(json_t *json)
{
        CLEANUP(freep) char *text = json ? json_value_text(json) : NULL;

        json_decref(json);
        if (!text) {
                fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
                return OPTIONS_EXIT_FAILED;
        }
        (void)puts(text);
        return command_end();
}

char *command_harmless(const char *text, size_t n_text)
{
        size_t n_out = 4 * n_text + TEXT_ESCAPE_MIN; /* each byte may become \xNN */
        char *out = malloc(n_out);

        if (out)
                (void)text_escape(text, n_text, out, n_out);
        return out;
}

void command_print_text(FILE *to, const char *text, size_t n_text, const char *end)
{
        CLEANUP(freep) char *out = command_harmless(text, n_text);

        fprintf(to, "%s%s", out ? out : "(out of memory)", end);
}

int command_end(void)
{
        if (fflush(stdout) == 0 && !ferror(stdout))
                return OPTIONS_EXIT_DONE;
        fprintf(stderr, "%s: cannot write to standard output: %s\n", program_invocation_short_name,
                strerror(errno));
        return OPTIONS_EXIT_FAILED;
}

int command_start(const char *program)
{
        int r = process_sanitize();

        if (r < 0) {
                fprintf(stderr, "%s: /dev/null: %s\n", program, strerror(-r));
                return OPTIONS_EXIT_FAILED;
        }
        log_init(program, LOG_LEVEL_WARNING);
        return 0;
}
