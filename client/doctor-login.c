/* SPDX-License-Identifier: MIT */

#include "client/doctor-login.h"

#include "client/doctor-advice.h"
#include "client/ssh/choice.h"

#include <stdio.h>
#include <string.h>

#define COMMAND_BYTES 1024u

typedef struct Step Step;

/* Of a login. Each stands on all before it. */
struct Step {
        const char *name;
        pyrope_status (*run)(SshExam *exam, Deadline deadline, pyrope_error **error);
        DoctorAdvice *advise;
};

static bool login_at_depth(DoctorHost *host, const SshSettings *next, unsigned depth);

static bool is_direct(const SshSettings *settings)
{
        return !settings->proxy_command && !settings->proxy_jump;
}

/* -- the steps --------------------------------------------------------------------------------- */

static const Step steps[] = {
        { "dns", ssh_exam_look_up, doctor_advise_dns },
        { "connection", ssh_exam_connect, doctor_advise_connection },
        { "key exchange", ssh_exam_shake, doctor_advise_exchange },
        { "host key", ssh_exam_check, doctor_advise_host_key },
        { "login", ssh_exam_log_in, doctor_advise_login },
};

/* What a step found; a program in between leaves no note. */
static const char *found(const DoctorHost *host, const SshSettings *settings)
{
        const char *note = ssh_exam_note(host->exam);

        if (note[0])
                return note;
        return settings->proxy_jump      ? settings->proxy_jump
               : settings->proxy_command ? settings->proxy_command
                                         : "done";
}

static void run_step(DoctorHost *host, const Step *step)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        const SshSettings *settings = ssh_exam_settings(host->exam);
        DoctorCheck check;
        pyrope_status status;

        if (step->run == ssh_exam_look_up && !is_direct(settings)) {
                doctor_skip(host->doctor, step->name, "left to %s", found(host, settings));
                return;
        }
        check = doctor_begin(host->doctor, step->name);
        status = step->run(host->exam, check.deadline, &error);
        if (!status) {
                doctor_pass(&check, "%s", found(host, settings));
                return;
        }
        host->failed = step->name;
        step->advise(&check, settings, status, error_words(status, error));
        if (host->doubt)
                doctor_fail(&check, "%s; %s", error_words(status, error), host->doubt);
        else
                doctor_fail_by(&check, status, error, settings->label);
}

/* -- the settings ------------------------------------------------------------------------------ */

static void append_names(ErrorText *text, const char *what, const SshNames *names)
{
        for (size_t i = 0; i < names->n; i++)
                error_text_set(text, "%s%s%s", text->text, i ? ", " : what, names->names[i]);
}

/* Of a host whose session ssh makes. */
static void warn_program(DoctorCheck *check, const SshSettings *settings, const char *found)
{
        doctor_remedy(check,
                      "nothing; it is slower, and of a login less can be told. '--ssh-backend "
                      "libssh' refuses such settings by name");
        doctor_warn(check, "%s; the program ssh makes the session%s%s%s", found,
                    settings->unsupported ? ", for the configuration sets " : "",
                    settings->unsupported ? settings->unsupported : "",
                    settings->unsupported ? ", which libssh does not support" : "");
}

static void pass_settings(const DoctorHost *host, DoctorCheck *check, const SshSettings *settings)
{
        ErrorText found = { "" }, unhonoured = { "" };
        char command[COMMAND_BYTES];

        error_text_set(&found, "%s@%s port %u%s%s%s%s", settings->user, settings->host_name,
                       settings->port, is_direct(settings) ? "" : ", through ",
                       settings->proxy_jump      ? settings->proxy_jump
                       : settings->proxy_command ? settings->proxy_command
                                                 : "",
                       settings->agent ? "; agent " : "", settings->agent ? settings->agent : "");
        append_names(&found, "; keys ", &settings->identities);
        append_names(&found, "; host keys ", &settings->user_known_hosts);
        append_names(&unhonoured, "", &settings->unhonoured);
        if (host->is_program) {
                warn_program(check, settings, found.text);
                return;
        }
        if (!unhonoured.text[0]) {
                doctor_pass(check, "%s", found.text);
                return;
        }
        (void)ssh_settings_command(settings, "-G", command, sizeof(command));
        doctor_remedy(check,
                      "nothing, as long as one gets there without; '%s' prints all that ssh would "
                      "do",
                      command);
        doctor_warn(check, "%s; as ssh -G has it, but not done here: %s", found.text,
                    unhonoured.text);
}

static void read_settings(DoctorHost *host)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        const pyrope_context *context = host->doctor->context;
        DoctorCheck check = doctor_begin(host->doctor, "settings");
        const SshSettings *settings;
        pyrope_status status;

        host->exam = ssh_exam_new(context->pool, &context->ssh_ask);
        if (!host->exam) {
                host->failed = "settings";
                doctor_fail_by(&check, PYROPE_E_NOMEM, NULL, NULL);
                return;
        }
        settings = ssh_exam_settings(host->exam);
        status = ssh_exam_read(host->exam, context->ssh_config, host->way, check.deadline, &error);
        if (!status)
                status = ssh_choice(context->ssh_backend, settings, &host->is_program, &error);
        if (!status) {
                pass_settings(host, &check, settings);
                return;
        }
        host->failed = "settings";
        doctor_advise_settings(&check, settings, status, error_words(status, error));
        doctor_fail_by(&check, status, error, host->way);
}

/* -- the program ssh --------------------------------------------------------------------------- */

/* All that it does is one step to us. */
static void log_in_by_program(DoctorHost *host)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        const SshSettings *settings = ssh_exam_settings(host->exam);
        DoctorCheck check = doctor_begin(host->doctor, "login");
        SshOutput output = { .exit_status = -1 };
        char command[COMMAND_BYTES];
        pyrope_status status;

        (void)ssh_settings_command(settings, "-v", command, sizeof(command));
        doctor_remedy(&check, "'%s' shows where ssh gets stuck", command);
        status = ssh_pool_exec(host->doctor->context->pool, host->way, "exit 0", check.deadline,
                               &output, &error);
        if (status) {
                host->failed = "login";
                doctor_fail_by(&check, status, error, settings->label);
                return;
        }
        buffer_deinit(&output.text);
        doctor_pass(&check, "by the program ssh");
}

static void run_program(DoctorHost *host, const SshSettings *next)
{
        for (size_t i = 0; i + 1 < ARRAY_SIZE(steps); i++)
                doctor_skip(host->doctor, steps[i].name, "left to the program ssh");
        log_in_by_program(host);
        if (next)
                doctor_skip(host->doctor, "forwarding", "left to the program ssh");
}

/* -- the hosts on the way ---------------------------------------------------------------------- */

/* Whether a host lets us go on to the next one. */
static void check_onward(DoctorHost *hop, const SshSettings *next)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        const Location to = { .host = next->host_name, .port = next->port };
        DoctorCheck check = doctor_begin(hop->doctor, "forwarding");
        SshExamAnswer answer = SSH_EXAM_FAILED;
        pyrope_status status = ssh_exam_try(hop->exam, &to, check.deadline, &answer, &error);

        if (!status && answer == SSH_EXAM_OPENED) {
                doctor_pass(&check, "a channel to %s port %u opens", to.host, to.port);
                return;
        }
        hop->failed = "forwarding";
        if (status) {
                doctor_fail_by(&check, status, error, NULL);
        } else if (answer == SSH_EXAM_PROHIBITED) {
                doctor_remedy(&check,
                              "'AllowTcpForwarding yes' in sshd_config of %s, no PermitOpen there "
                              "that leaves out %s:%u, no 'DisableForwarding yes', and no "
                              "'restrict' at the key in authorized_keys",
                              hop->way, to.host, to.port);
                doctor_fail(&check, "it permits no channel to %s port %u: %s", to.host, to.port,
                            ssh_exam_note(hop->exam));
        } else {
                doctor_remedy(&check,
                              "ask at %s whether '%s' is known there and answers: 'nc -vz %s %u'",
                              hop->way, to.host, to.host, to.port);
                doctor_fail(&check, "from there %s port %u cannot be reached: %s", to.host, to.port,
                            ssh_exam_note(hop->exam));
        }
}

/* Return: whether the hosts before this one let us through. */
static bool pass_hops(DoctorHost *host, unsigned depth)
{
        const SshSettings *settings = ssh_exam_settings(host->exam);
        CLEANUP(doctor_host_deinit)
        DoctorHost hop = { .doctor = host->doctor, .way = settings->proxy_jump };
        const char *outer = host->doctor->host;

        if (!settings->proxy_jump || depth == URI_SSH_HOPS_MAX)
                return true;
        host->doctor->host = hop.way;
        (void)login_at_depth(&hop, settings, depth + 1);
        host->doctor->host = outer;
        return !hop.failed;
}

static bool login_at_depth(DoctorHost *host, const SshSettings *next, unsigned depth)
{
        read_settings(host);
        if (host->is_program) {
                run_program(host, next);
                return !host->failed;
        }
        if (!host->failed && !pass_hops(host, depth))
                host->failed = "the way there";
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                if (host->failed)
                        doctor_skip(host->doctor, steps[i].name, "%s failed", host->failed);
                else
                        run_step(host, &steps[i]);
        }
        if (next && host->failed)
                doctor_skip(host->doctor, "forwarding", "%s failed", host->failed);
        else if (next)
                check_onward(host, next);
        return !host->failed;
}

bool doctor_login(DoctorHost *host)
{
        return login_at_depth(host, NULL, 0);
}

void doctor_host_deinit(DoctorHost *host)
{
        host->exam = ssh_exam_free(host->exam);
}
