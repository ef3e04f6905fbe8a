/* SPDX-License-Identifier: MIT */

#include "client/cli/command.h"
#include "client/cli/commands.h"

#include <pyrope/doctor.h>
#include <string.h>

typedef struct Report {
        const char *target;
        unsigned n_failed;
        json_t *checks; /* NULL: printed as they come */
} Report;

/* "  4  host key      passed     12.3 ms  ssh-ed25519 SHA256:..." */
static void print(Report *report, const pyrope_check *check)
{
        printf("%3u  %-12s  %-7s  ", check->number, check->name,
               pyrope_outcome_name(check->outcome));
        if (check->outcome == PYROPE_SKIPPED)
                printf("%13s", "");
        else
                printf("%8.1f ms  ", check->ms);
        if (check->host && strcmp(check->host, report->target) != 0)
                printf("%s: ", check->host);
        puts(check->finding);
        if (check->remedy)
                printf("     -> %s\n", check->remedy);
        (void)fflush(stdout);
}

static void append(json_t *checks, const pyrope_check *check)
{
        (void)json_array_append_new(
                checks, json_pack("{s: i, s: s?, s: s, s: s, s: f, s: s, s: s?}", "number",
                                  (int)check->number, "host", check->host, "name", check->name,
                                  "outcome", pyrope_outcome_name(check->outcome), "ms", check->ms,
                                  "finding", check->finding, "remedy", check->remedy));
}

static void on_check(void *userdata, const pyrope_check *check)
{
        Report *report = userdata;

        report->n_failed += check->outcome == PYROPE_FAILED;
        if (report->checks)
                append(report->checks, check);
        else
                print(report, check);
}

static int end(Report *report)
{
        int r;

        if (report->checks)
                r = command_print_json(json_pack("{s: s, s: i, s: o}", "target", report->target,
                                                 "failed", (int)report->n_failed, "checks",
                                                 report->checks));
        else
                r = command_end();
        return r ? r : report->n_failed ? OPTIONS_EXIT_FAILED : OPTIONS_EXIT_DONE;
}

static int run(int n_args, char **args)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        Report report = { .target = args[0] };
        pyrope_status status;
        int r;

        (void)n_args;
        r = command_context(&context);
        if (r)
                return r;
        if (command_settings.is_json && !(report.checks = json_array()))
                return command_failed(PYROPE_E_NOMEM, NULL);
        status = pyrope_doctor(context, args[0], on_check, &report, &error);
        if (!status)
                return end(&report);
        json_decref(report.checks);
        if (status == PYROPE_E_INVALID)
                return command_misused("%s", pyrope_error_text(error));
        return command_failed(status, error);
}

const OptionsCommand command_doctor = {
        .name = "doctor",
        .usage = "[OPTION...] HOST|NAME",
        .summary = "examine the way to a host or an object, step by step, and say what helps",
        .details =
                "HOST is as for ssh: [user@]host[:port], an alias, hosts with commas in between;\n"
                "ssh://HOST if it is a name as well. Each check has its time; the line behind one\n"
                "that failed says what to do. Exit status 1 if any failed.",
        .n_args_min = 1,
        .n_args_max = 1,
        .run = run,
};
