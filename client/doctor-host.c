/* SPDX-License-Identifier: MIT */

#include "client/doctor-host.h"

#include "client/where.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX     32u /* sockets of ours that are looked at */
#define SAID          "pyrope"
#define ASK_SHELL     "echo " SAID
#define ASK_DIRECTORY "pyrope where"
#define ASK_VERSION   "pyrope --version"
#define ASK_LISTENING "cat /proc/net/unix"
#define ASK_SOCKETS   "sh -c 'find \"$(pyrope where)\" -maxdepth 1 -type s'"
#define SAMPLE_BYTES  60
#define ECHOES        20u
#define FIRST_MIB     1u  /* to see how fast it is ... */
#define MORE_MIB      16u /* ... and for the figure, if that took no longer than ... */
#define QUICK_MS      250

typedef struct Tries Tries;

/* Sockets that a channel was asked for, to see whether any is given. */
struct Tries {
        const char *opened;   /* NULL: none */
        const char *refused;  /* though somebody listens there; NULL: none */
        bool is_prohibited;   /* the host said so */
        pyrope_status status; /* the session broke */
        pyrope_error *error;
};

void doctor_place_deinit(DoctorPlace *place)
{
        free(place->directory);
        free(place->nameserver);
        free(place->daemon);
        ssh_exam_output_deinit(&place->listening);
}

/* -- commands ---------------------------------------------------------------------------------- */

/* The length of a line, as far as it is shown. */
static int sample_length(const char *text)
{
        size_t n = strcspn(text, "\r\n");

        return (int)(n < SAMPLE_BYTES ? n : SAMPLE_BYTES);
}

static void judge_noise(DoctorPlace *place, DoctorCheck *check, const char *text)
{
        const char *noise =
                strncmp(text, SAID "\n", strlen(SAID "\n")) ? text : strchr(text, '\n') + 1;

        doctor_remedy(check,
                      "in ~/.bashrc, or whatever the shell of %s reads there, put 'case $- in *i*) "
                      ";; *) return ;; esac' before what prints, so that it does so in terminals "
                      "only",
                      ssh_exam_settings(place->host->exam)->user);
        doctor_fail(check, "the shell there prints '%.*s' beside what a command does",
                    sample_length(noise), noise);
}

static void judge_shell(DoctorPlace *place, DoctorCheck *check, const SshExamOutput *output)
{
        const char *text = (const char *)output->text.data;
        const char *why = output->text.n ? text : (const char *)output->words.data;

        if (!output->exit_status && !strcmp(text, SAID "\n")) {
                place->has_commands = true;
                doctor_pass(check, "run, and print nothing of their own");
        } else if (!output->exit_status && !output->text.n) {
                place->is_held = true;
                doctor_remedy(check, "none, if that command is 'pyrope pipe nameserver'; for "
                                     "anything else take a key without command= in "
                                     "authorized_keys");
                doctor_warn(check, "the key is held to a command over there, others do not run");
        } else if (strstr(text, SAID "\n")) {
                judge_noise(place, check, text);
        } else {
                doctor_remedy(check,
                              "see which shell %s has there: 'getent passwd %s'; it must run "
                              "commands, and the account and its password must be in force",
                              ssh_exam_settings(place->host->exam)->user,
                              ssh_exam_settings(place->host->exam)->user);
                doctor_fail(check, "'%s' ended with status %d: '%.*s'", ASK_SHELL,
                            output->exit_status, sample_length(why), why);
        }
}

static void check_commands(DoctorPlace *place)
{
        CLEANUP(ssh_exam_output_deinit) SshExamOutput output = SSH_EXAM_OUTPUT_INIT;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        DoctorHost *host = place->host;
        DoctorCheck check = doctor_begin(host->doctor, "commands");
        pyrope_status status;

        status = ssh_exam_run(host->exam, ASK_SHELL, check.deadline, &output, &error);
        if (!status) {
                judge_shell(place, &check, &output);
                return;
        }
        doctor_remedy(&check,
                      "'MaxSessions 10' in sshd_config of %s (0 forbids commands), and no "
                      "'ForceCommand' that waits",
                      host->way);
        doctor_fail_by(&check, status, error, NULL);
}

/* -- what is there ----------------------------------------------------------------------------- */

bool doctor_listens(const char *table, const char *path)
{
        size_t n_path = strlen(path);

        for (const char *line = table; *line; line += line[0] == '\n') {
                size_t n = strcspn(line, "\n");
                /* Flags, type and state of a stream socket that accepts. */
                const char *mark = memmem(line, n, " 00010000 0001 01 ", 18);

                if (mark && n > n_path && mark < line + n - n_path && line[n - n_path - 1] == ' ' &&
                    !memcmp(line + n - n_path, path, n_path))
                        return true;
                line += n;
        }
        return false;
}

static bool listens(const DoctorPlace *place, const char *path)
{
        return place->listening.text.n &&
               doctor_listens((const char *)place->listening.text.data, path);
}

/* The path that a command of ours prints there. NULL: none. */
static char *ask_path(DoctorPlace *place, const char *command, Deadline deadline)
{
        CLEANUP(ssh_exam_output_deinit) SshExamOutput output = SSH_EXAM_OUTPUT_INIT;

        if (ssh_exam_run(place->host->exam, command, deadline, &output, NULL) || output.exit_status)
                return NULL;
        return where_printed(&output.text);
}

static void look_around(DoctorPlace *place, Deadline deadline)
{
        pyrope_status status;

        if (!place->has_commands)
                return;
        place->directory = ask_path(place, ASK_DIRECTORY, deadline);
        if (!place->nameserver)
                place->nameserver = ask_path(place, WHERE_COMMAND, deadline);
        status = ssh_exam_run(place->host->exam, ASK_LISTENING, deadline, &place->listening, NULL);
        if (status || place->listening.exit_status)
                buffer_clear(&place->listening.text);
        if (place->nameserver && listens(place, place->nameserver))
                place->daemon = strdup(place->nameserver);
}

/* -- forwarding -------------------------------------------------------------------------------- */

static void try_socket(DoctorPlace *place, const char *path, Deadline deadline, Tries *tries)
{
        const Location to = { .path = (char *)(uintptr_t)path };
        SshExamAnswer answer = SSH_EXAM_FAILED;

        if (!path || tries->opened || tries->status)
                return;
        tries->status = ssh_exam_try(place->host->exam, &to, deadline, &answer, &tries->error);
        if (tries->status)
                return;
        if (answer == SSH_EXAM_OPENED)
                tries->opened = path;
        else if (listens(place, path))
                tries->refused = path;
        if (answer == SSH_EXAM_PROHIBITED)
                tries->is_prohibited = true;
}

/* Whether ports are permitted; nobody need listen there. */
static bool try_ports(DoctorPlace *place, Deadline deadline)
{
        const Location to = { .host = (char *)(uintptr_t) "127.0.0.1", .port = 1 };
        SshExamAnswer answer = SSH_EXAM_FAILED;

        return ssh_exam_try(place->host->exam, &to, deadline, &answer, NULL) ||
               answer != SSH_EXAM_PROHIBITED;
}

static void judge_refused(DoctorPlace *place, DoctorCheck *check, const Tries *tries,
                          bool has_ports)
{
        doctor_remedy(check,
                      "'AllowStreamLocalForwarding yes' and no 'DisableForwarding yes' in "
                      "sshd_config of %s, then 'systemctl reload ssh' there; no 'restrict' or "
                      "'no-port-forwarding' at your key in authorized_keys",
                      place->host->way);
        place->failed = "forwarding";
        doctor_fail(check, "sshd opens no channel to %s, though somebody listens there%s",
                    tries->refused ? tries->refused : "a socket",
                    has_ports ? "" : ", nor to ports");
}

static void judge_untold(DoctorPlace *place, DoctorCheck *check, bool has_ports)
{
        doctor_remedy(
                check,
                "start a daemon there and look again; should sshd refuse the channel then, it "
                "takes 'AllowStreamLocalForwarding yes' in sshd_config of %s",
                place->host->way);
        doctor_warn(check, "cannot be told, for nobody listens on a socket that could be tried%s",
                    has_ports ? "" : "; ports are not permitted (AllowTcpForwarding)");
}

static void judge_forwarding(DoctorPlace *place, DoctorCheck *check, const Tries *tries,
                             bool has_ports)
{
        if (tries->opened) {
                if (!place->daemon && tries->opened == place->nameserver)
                        place->daemon = strdup(tries->opened);
                doctor_pass(check, "a channel to %s opens; ports are %s", tries->opened,
                            has_ports ? "permitted, too"
                                      : "not permitted (AllowTcpForwarding), and seldom needed");
        } else if (place->is_held) {
                doctor_remedy(check, "none, as long as that command is all one needs");
                doctor_warn(check, "the key is held to a command, which then is the way");
        } else if (tries->refused || tries->is_prohibited) {
                judge_refused(place, check, tries, has_ports);
        } else {
                judge_untold(place, check, has_ports);
        }
}

static void try_sockets(DoctorPlace *place, const char *wanted, Deadline deadline, Tries *tries)
{
        const char *const candidates[] = {
                wanted,
                place->nameserver,
                WHERE_SITE_SOCKET,
                "/run/dbus/system_bus_socket", /* open to all, where there are any */
                "/run/systemd/journal/stdout",
        };

        for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
                try_socket(place, candidates[i], deadline, tries);
}

static void check_forwarding(DoctorPlace *place, const char *wanted)
{
        DoctorCheck check = doctor_begin(place->host->doctor, "forwarding");
        Tries tries = { .opened = NULL };

        if (!place->has_commands && !place->is_held && !wanted && !place->nameserver) {
                doctor_skip(place->host->doctor, "forwarding", "commands failed");
                return;
        }
        look_around(place, check.deadline);
        try_sockets(place, wanted, check.deadline, &tries);
        if (tries.status)
                doctor_fail_by(&check, tries.status, tries.error, NULL);
        else
                judge_forwarding(place, &check, &tries, try_ports(place, check.deadline));
        pyrope_error_free(tries.error);
}

/* -- sockets ----------------------------------------------------------------------------------- */

/* Whether it is one that a daemon of ours makes. */
static const char *our_name(const char *path)
{
        const char *name = strrchr(path, '/');

        name = name ? name + 1 : path;
        return !strcmp(name, WHERE_NAMESERVER) || !strncmp(name, "jobman-", 7) ? name : NULL;
}

/* What one socket file is: one more that is listened on, or the first that is not. */
static void sort_socket(DoctorPlace *place, const char *path, ErrorText *alive, ErrorText *stale)
{
        const char *name = our_name(path);

        if (!name)
                return;
        if (!listens(place, path)) {
                if (!stale->text[0])
                        error_text_set(stale, "%s", path);
                return;
        }
        error_text_set(alive, "%s%s%s", alive->text, alive->text[0] ? ", " : "", name);
        if (!place->daemon)
                place->daemon = strdup(path);
}

static void sort_sockets(DoctorPlace *place, char *list, ErrorText *alive, ErrorText *stale)
{
        unsigned n = 0;
        char *path;

        while ((path = strsep(&list, "\n")) && n++ < NAMES_MAX)
                sort_socket(place, path, alive, stale);
}

static void fail_stale(DoctorPlace *place, DoctorCheck *check, const char *path)
{
        bool is_nameserver = !strcmp(our_name(path) ? our_name(path) : "", WHERE_NAMESERVER);

        doctor_remedy(check,
                      "start it again on %s, it replaces the socket: 'systemctl --user restart "
                      "%s', or '%s'; 'loginctl enable-linger' lets it outlive the last logout",
                      place->host->way,
                      is_nameserver ? "pyrope-nameserver.socket" : "pyrope-jobman",
                      is_nameserver ? "nameserver" : "jobman --config FILE");
        doctor_fail(check, "%s is left behind: nobody listens there any more", path);
}

static void judge_sockets(DoctorPlace *place, DoctorCheck *check, char *list)
{
        ErrorText alive = { "" }, stale = { "" };

        sort_sockets(place, list, &alive, &stale);
        if (stale.text[0]) {
                fail_stale(place, check, stale.text);
                return;
        }
        doctor_remedy(check,
                      "start what is to run on %s: 'systemctl --user enable --now "
                      "pyrope-nameserver.socket', or pyrope-jobman; and 'loginctl enable-linger', "
                      "so that it outlives the last logout",
                      place->host->way);
        if (alive.text[0])
                doctor_pass(check, "in %s: %s", place->directory, alive.text);
        else if (place->daemon)
                doctor_pass(check, "%s", place->daemon);
        else
                doctor_warn(check, "no daemon of ours listens in %s", place->directory);
}

static void judge_wanted(DoctorPlace *place, DoctorCheck *check, const char *wanted)
{
        const Location to = { .path = (char *)(uintptr_t)wanted };
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        SshExamAnswer answer = SSH_EXAM_FAILED;
        pyrope_status status;

        status = ssh_exam_try(place->host->exam, &to, check->deadline, &answer, &error);
        if (!status && (answer == SSH_EXAM_OPENED || listens(place, wanted))) {
                doctor_pass(check, "somebody listens on %s", wanted);
                return;
        }
        place->failed = "sockets";
        if (status)
                doctor_fail_by(check, status, error, NULL);
        else
                fail_stale(place, check, wanted);
}

static void check_sockets(DoctorPlace *place, const char *wanted)
{
        CLEANUP(ssh_exam_output_deinit) SshExamOutput output = SSH_EXAM_OUTPUT_INIT;
        DoctorCheck check = doctor_begin(place->host->doctor, "sockets");
        pyrope_status status;

        if (wanted) {
                judge_wanted(place, &check, wanted);
                return;
        }
        if (place->directory) {
                status =
                        ssh_exam_run(place->host->exam, ASK_SOCKETS, check.deadline, &output, NULL);
                judge_sockets(place, &check, status ? NULL : (char *)output.text.data);
                return;
        }
        doctor_remedy(&check,
                      "install pyrope there, or have its directory in the PATH of commands (by "
                      "~/.bashrc, or 'SetEnv PATH=...' in sshd_config); or name sockets in full: "
                      "ssh://%s/./u:/path/nameserver.sock",
                      place->host->way);
        doctor_warn(&check, "'%s' tells no directory there", ASK_DIRECTORY);
}

/* -- versions ---------------------------------------------------------------------------------- */

static void check_versions(DoctorPlace *place)
{
        CLEANUP(ssh_exam_output_deinit) SshExamOutput output = SSH_EXAM_OUTPUT_INIT;
        DoctorHost *host = place->host;
        DoctorCheck check = doctor_begin(host->doctor, "versions");
        const char *there = "none told";
        char wanted[64];

        (void)snprintf(wanted, sizeof(wanted), "pyrope %s", PYROPE_VERSION);
        if (place->has_commands &&
            !ssh_exam_run(host->exam, ASK_VERSION, check.deadline, &output, NULL) &&
            !output.exit_status && output.text.n) {
                there = (const char *)output.text.data;
                output.text.data[sample_length(there)] = '\0';
        }
        doctor_remedy(&check, "have the same version at both ends");
        if (output.exit_status == 0 && strcmp(there, wanted) != 0)
                doctor_warn(&check, "%s; libssh %s; here %s, there '%s'",
                            ssh_exam_banner(host->exam), ssh_exam_libssh(), wanted, there);
        else
                doctor_pass(&check, "%s; libssh %s; here %s, there %s", ssh_exam_banner(host->exam),
                            ssh_exam_libssh(), wanted, there);
}

/* -- all of it --------------------------------------------------------------------------------- */

/* The socket of a nameserver that the context says is on this host. */
static char *named_nameserver(const DoctorHost *host)
{
        const NsPlaces *places = &host->doctor->context->nameservers;

        for (size_t i = 0; i < places->n; i++) {
                const Location *given = &places->items[i].given;

                if (given->path && given->ssh && !strcmp(given->ssh, host->way))
                        return strdup(given->path);
        }
        return NULL;
}

void doctor_place(DoctorPlace *place, const char *wanted)
{
        static const char *const names[] = { "commands", "forwarding", "sockets", "versions" };
        DoctorHost *host = place->host;

        place->failed = host->failed;
        place->nameserver = named_nameserver(host);
        if (host->is_program && !host->failed && place->nameserver)
                place->daemon = strdup(place->nameserver);
        if (host->failed || host->is_program) {
                for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                        doctor_skip(host->doctor, names[i], "%s%s",
                                    host->failed ? host->failed : "not told by the program ssh",
                                    host->failed ? " failed" : "");
                return;
        }
        check_commands(place);
        check_forwarding(place, wanted);
        if (place->has_commands || wanted)
                check_sockets(place, wanted);
        else
                doctor_skip(host->doctor, "sockets", "no command of ours runs there");
        check_versions(place);
}

/* -- measures ---------------------------------------------------------------------------------- */

static bool can_measure(DoctorPlace *place, const char *name)
{
        if (place->host->failed)
                doctor_skip(place->host->doctor, name, "%s failed", place->host->failed);
        else if (place->host->is_program)
                doctor_skip(place->host->doctor, name, "not told by the program ssh");
        else if (!place->has_commands)
                doctor_skip(place->host->doctor, name, "no command of ours runs there");
        return !place->host->failed && place->has_commands;
}

void doctor_place_echo(DoctorPlace *place)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        DoctorCheck check;
        pyrope_status status;
        double times_ms[ECHOES];

        if (!can_measure(place, "round trip"))
                return;
        check = doctor_begin(place->host->doctor, "round trip");
        status = ssh_exam_echo(place->host->exam, ECHOES, check.deadline, times_ms, &error);
        doctor_remedy(&check, "see whether 'cat' runs there");
        if (status)
                doctor_fail_by(&check, status, error, NULL);
        else
                doctor_pass(&check, "%.3f ms, the median of %u, of a byte to 'cat' there and back",
                            doctor_median(times_ms, ECHOES), ECHOES);
}

/* Both ways. @ret_mib: how much of it the figures are of. */
static pyrope_status measure(SshExam *exam, Deadline deadline, unsigned *ret_mib,
                             double *ret_from_ms, double *ret_to_ms, pyrope_error **error)
{
        unsigned n_mib = FIRST_MIB;
        pyrope_status status;

        status = ssh_exam_receive(exam, n_mib, deadline, ret_from_ms, error);
        if (!status && *ret_from_ms < QUICK_MS) {
                n_mib = MORE_MIB;
                status = ssh_exam_receive(exam, n_mib, deadline, ret_from_ms, error);
        }
        if (!status)
                status = ssh_exam_send(exam, n_mib, deadline, ret_to_ms, error);
        *ret_mib = n_mib;
        return status;
}

void doctor_place_throughput(DoctorPlace *place)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        double from_ms = 0, to_ms = 0;
        unsigned n_mib = 0;
        DoctorCheck check;
        pyrope_status status;

        if (!can_measure(place, "throughput"))
                return;
        check = doctor_begin(place->host->doctor, "throughput");
        status = measure(place->host->exam, check.deadline, &n_mib, &from_ms, &to_ms, &error);
        doctor_remedy(&check, "a slow link works all the same; 'Compression yes' is of no use to "
                              "numbers");
        if (status == PYROPE_E_TIMEOUT)
                doctor_warn(&check, "%u MiB did not pass in time", n_mib);
        else if (status)
                doctor_fail_by(&check, status, error, NULL);
        else
                doctor_pass(&check,
                            "%.1f MiB/s from there, %.1f MiB/s to there; %u MiB of zeros each, "
                            "by 'head' and 'cat' there, no daemon takes part",
                            n_mib * 1e3 / from_ms, n_mib * 1e3 / to_ms, n_mib);
}
