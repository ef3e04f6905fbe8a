/* SPDX-License-Identifier: MIT */

#include "client/ssh/exam.h"

#include "client/ssh/auth.h"
#include "client/ssh/login.h"
#include "client/ssh/resolve.h"
#include "client/ssh/step.h"
#include "client/ssh/stream.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define NOTE_BYTES    512u
#define ADDRESS_BYTES 64u
#define CHUNK_BYTES   32768u
#define MIB           1048576u
#define COMMAND_BYTES 64u
#define READY         "ready"
#define TAKEN         "taken"
#define ORIGIN        "127.0.0.1" /* who asks: sshd logs it */
#define TURN_MS       1000        /* libssh's poll may be so late for a deadline */

struct SshExam {
        SshPool *pool;     /* borrowed */
        const SshAsk *ask; /* borrowed */
        SshHop hop;
        SshSettings settings;
        SshConnection connection;
        SshTrust *trust; /* NULL until the host key is checked */
        ssh_event event; /* of the session, once it is logged in; NULL before */
        char note[NOTE_BYTES];
};

/* One command that runs there. */
typedef struct Run Run;

struct Run {
        SshExam *exam;
        const char *command;
        ssh_channel channel; /* NULL: none */
        struct ssh_channel_callbacks_struct callbacks;
        Buffer *text;  /* NULL: counted only */
        Buffer *words; /* the same */
        uint64_t n;    /* bytes of standard output so far */
        int exit_status;
        bool is_closed; /* by the host */
        bool is_too_much;
};

/* -- life -------------------------------------------------------------------------------------- */

/* The hosts in front have sessions in the pool. */
static pyrope_status open_hop(void *userdata, const SshSettings *settings, const SshWatch *watch,
                              int *ret_fd, pyrope_error **error)
{
        SshExam *exam = userdata;
        const Location to = { .ssh = settings->proxy_jump,
                              .host = settings->host_name,
                              .port = settings->port };

        return ssh_pool_open(exam->pool, &to, watch->deadline, ret_fd, error);
}

SshExam *ssh_exam_new(SshPool *pool, const SshAsk *ask)
{
        SshExam *exam = calloc(1, sizeof(*exam));

        if (!exam)
                return NULL;
        exam->pool = pool;
        exam->ask = ask;
        exam->hop = (SshHop){ .open = open_hop, .userdata = exam };
        exam->settings = (SshSettings)SSH_SETTINGS_INIT;
        exam->connection = (SshConnection)SSH_CONNECTION_INIT;
        return exam;
}

SshExam *ssh_exam_free(SshExam *exam)
{
        if (!exam)
                return NULL;
        if (exam->event) {
                (void)ssh_event_remove_session(exam->event, exam->connection.session);
                ssh_event_free(exam->event);
        }
        ssh_trust_free(exam->trust);
        ssh_connection_deinit(&exam->connection);
        ssh_settings_deinit(&exam->settings);
        free(exam);
        return NULL;
}

const SshSettings *ssh_exam_settings(const SshExam *exam)
{
        return &exam->settings;
}

const char *ssh_exam_note(const SshExam *exam)
{
        return exam->note;
}

const char *ssh_exam_libssh(void)
{
        return ssh_version(0);
}

const char *ssh_exam_banner(const SshExam *exam)
{
        const char *banner = ssh_get_serverbanner(exam->connection.session);

        return banner ? banner : "";
}

void ssh_exam_output_deinit(SshExamOutput *output)
{
        buffer_deinit(&output->text);
        buffer_deinit(&output->words);
}

/* -- the steps of a login ---------------------------------------------------------------------- */

static void on_note(void *userdata, const char *note)
{
        SshExam *exam = userdata;

        (void)snprintf(exam->note, sizeof(exam->note), "%s", note);
}

/* For one step, which has found nothing so far. */
static SshWatch watch_until(SshExam *exam, Deadline deadline)
{
        exam->note[0] = '\0';
        return (SshWatch){ .stop_fd = -1,
                           .deadline = deadline,
                           .on_note = on_note,
                           .userdata = exam,
                           .ask = exam->ask,
                           .hop = &exam->hop };
}

pyrope_status ssh_exam_read(SshExam *exam, const char *config_file, const char *way,
                            Deadline deadline, pyrope_error **error)
{
        const SshWatch watch = watch_until(exam, deadline);

        return ssh_settings_read(config_file, way, &watch, &exam->settings, error);
}

static void note_addresses(SshExam *exam, const struct addrinfo *address)
{
        char text[ADDRESS_BYTES];
        size_t n = 0;

        for (; address && n < sizeof(exam->note); address = address->ai_next)
                if (!getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof(text), NULL, 0,
                                 NI_NUMERICHOST))
                        n += (size_t)snprintf(exam->note + n, sizeof(exam->note) - n, "%s%s",
                                              n ? ", " : "", text);
}

pyrope_status ssh_exam_look_up(SshExam *exam, Deadline deadline, pyrope_error **error)
{
        CLEANUP(ssh_addresses_freep) SshAddresses *addresses = NULL;
        const SshWatch watch = watch_until(exam, deadline);
        pyrope_status status = ssh_resolve(&exam->settings, &watch, &addresses, error);

        if (!status)
                note_addresses(exam, ssh_addresses_get(addresses));
        return status;
}

pyrope_status ssh_exam_connect(SshExam *exam, Deadline deadline, pyrope_error **error)
{
        const SshWatch watch = watch_until(exam, deadline);

        return ssh_login_connect(&exam->settings, &watch, &exam->connection, error);
}

pyrope_status ssh_exam_shake(SshExam *exam, Deadline deadline, pyrope_error **error)
{
        const SshWatch watch = watch_until(exam, deadline);
        ssh_session session = exam->connection.session;
        pyrope_status status;

        status = ssh_login_shake(&exam->connection, &exam->settings, &watch, error);
        if (!status)
                ssh_watch_note(&watch, "%s; %s, %s", ssh_exam_banner(exam),
                               ssh_get_kex_algo(session), ssh_get_cipher_in(session));
        return status;
}

pyrope_status ssh_exam_check(SshExam *exam, Deadline deadline, pyrope_error **error)
{
        SshWatch watch = watch_until(exam, deadline);

        return ssh_hostkey_check(exam->connection.session, &exam->settings, &watch, &exam->trust,
                                 error);
}

pyrope_status ssh_exam_log_in(SshExam *exam, Deadline deadline, pyrope_error **error)
{
        SshWatch watch = watch_until(exam, deadline);
        pyrope_status status = ssh_auth(exam->trust, &watch, error);

        if (status)
                return status;
        exam->event = ssh_event_new();
        if (!exam->event || ssh_event_add_session(exam->event, exam->connection.session))
                return error_nomem(error);
        return PYROPE_OK;
}

/* -- channels ---------------------------------------------------------------------------------- */

/* Lets libssh do what the socket is ready for, and waits for that. */
static pyrope_status turn(SshExam *exam, Deadline deadline, const char *what, pyrope_error **error)
{
        ssh_session session = exam->connection.session;
        int left_ms = deadline_left_ms(deadline);

        if (left_ms == 0)
                return error_set(error, PYROPE_E_TIMEOUT, "%s: timed out", what);
        (void)ssh_event_dopoll(exam->event, left_ms < 0 || left_ms > TURN_MS ? TURN_MS : left_ms);
        if (ssh_step_is_lost(session))
                return error_set(error, PYROPE_E_UNREACHABLE, "%s: the SSH connection broke: %s",
                                 what, ssh_get_error(session));
        ssh_step_acknowledge(ssh_get_fd(session));
        return PYROPE_OK;
}

static int ask_for(ssh_channel channel, const Location *to)
{
        return to->path ? ssh_channel_open_forward_unix(channel, to->path, ORIGIN, 0)
                        : ssh_channel_open_forward(channel, to->host, to->port, ORIGIN, 0);
}

pyrope_status ssh_exam_try(SshExam *exam, const Location *to, Deadline deadline, SshExamAnswer *ret,
                           pyrope_error **error)
{
        const SshWatch watch = watch_until(exam, deadline);
        ssh_channel channel = ssh_channel_new(exam->connection.session);
        pyrope_status status = PYROPE_OK;
        int r;

        if (!channel)
                return error_nomem(error);
        while (!status && (r = ask_for(channel, to)) == SSH_AGAIN)
                status = turn(exam, deadline, "opening a channel", error);
        if (!status && r)
                ssh_watch_note(&watch, "%s", ssh_get_error(exam->connection.session));
        if (!status)
                *ret = !r                                     ? SSH_EXAM_OPENED
                       : ssh_stream_is_prohibited(exam->note) ? SSH_EXAM_PROHIBITED
                                                              : SSH_EXAM_FAILED;
        ssh_channel_free(channel);
        return status;
}

/* -- commands ---------------------------------------------------------------------------------- */

static int on_data(ssh_session session, ssh_channel channel, void *data, uint32_t n, int is_stderr,
                   void *userdata)
{
        Run *run = userdata;
        Buffer *to = is_stderr ? run->words : run->text;

        (void)session, (void)channel;
        if (!is_stderr)
                run->n += n;
        if (to && buffer_append(to, data, n))
                run->is_too_much = true;
        return (int)n;
}

static void on_close(ssh_session session, ssh_channel channel, void *userdata)
{
        Run *run = userdata;

        (void)session, (void)channel;
        run->is_closed = true;
}

static void on_exit_status(ssh_session session, ssh_channel channel, int status, void *userdata)
{
        Run *run = userdata;

        (void)session, (void)channel;
        run->exit_status = status;
}

static void run_deinit(Run *run)
{
        if (!run->channel)
                return;
        (void)ssh_remove_channel_callbacks(run->channel, &run->callbacks);
        ssh_channel_free(run->channel);
}

static pyrope_status fail_refused(const Run *run, pyrope_error **error)
{
        return error_set(error, PYROPE_E_DENIED, "the host does not run '%s': %s", run->command,
                         ssh_get_error(run->exam->connection.session));
}

/* Until the command runs. */
static pyrope_status run_start(Run *run, Deadline deadline, pyrope_error **error)
{
        pyrope_status status = PYROPE_OK;
        int r;

        run->exit_status = -1;
        run->callbacks = (struct ssh_channel_callbacks_struct){
                .userdata = run,
                .channel_data_function = on_data,
                .channel_close_function = on_close,
                .channel_exit_status_function = on_exit_status,
        };
        ssh_callbacks_init(&run->callbacks);
        run->channel = ssh_channel_new(run->exam->connection.session);
        if (!run->channel || ssh_add_channel_callbacks(run->channel, &run->callbacks))
                return error_nomem(error);
        while (!status && (r = ssh_channel_open_session(run->channel)) == SSH_AGAIN)
                status = turn(run->exam, deadline, run->command, error);
        if (status || r)
                return status ? status : fail_refused(run, error);
        /* A command that is over at once may have run, and its channel be closed, in one turn. */
        while (!status && (r = ssh_channel_request_exec(run->channel, run->command)) == SSH_AGAIN &&
               !run->is_closed)
                status = turn(run->exam, deadline, run->command, error);
        return status || !r ? status : fail_refused(run, error);
}

/* Until it has ended. */
static pyrope_status run_end(Run *run, Deadline deadline, pyrope_error **error)
{
        pyrope_status status = PYROPE_OK;

        (void)ssh_channel_send_eof(run->channel);
        while (!status && !run->is_closed && !run->is_too_much)
                status = turn(run->exam, deadline, run->command, error);
        if (run->is_too_much)
                return error_set(error, PYROPE_E_TOO_LARGE, "'%s' wrote more than %u bytes",
                                 run->command, SSH_EXAM_OUTPUT_MAX_BYTES);
        return status;
}

/* Until it has written so many bytes. */
static pyrope_status run_hear(Run *run, uint64_t n, Deadline deadline, pyrope_error **error)
{
        pyrope_status status = PYROPE_OK;

        while (!status && run->n < n && !run->is_closed)
                status = turn(run->exam, deadline, run->command, error);
        if (!status && run->n != n)
                return error_set(error, PYROPE_E_PROTOCOL, "'%s' wrote %ju bytes and not %ju",
                                 run->command, (uintmax_t)run->n, (uintmax_t)n);
        return status;
}

static pyrope_status run_say(Run *run, const uint8_t *data, size_t n, Deadline deadline,
                             pyrope_error **error)
{
        pyrope_status status = PYROPE_OK;

        while (!status && n) {
                uint32_t window = ssh_channel_window_size(run->channel);
                uint32_t n_now = window < n ? window : (uint32_t)n;
                int n_taken = n_now ? ssh_channel_write(run->channel, data, n_now) : 0;

                if (n_taken < 0 || run->is_closed)
                        return error_set(error, PYROPE_E_PROTOCOL, "'%s' ended before its time",
                                         run->command);
                data += n_taken;
                n -= (size_t)n_taken;
                if (!n_taken)
                        status = turn(run->exam, deadline, run->command, error);
        }
        return status;
}

static pyrope_status terminate(Buffer *text, pyrope_error **error)
{
        if (buffer_reserve(text, 1))
                return error_nomem(error);
        text->data[text->n] = '\0';
        return PYROPE_OK;
}

pyrope_status ssh_exam_run(SshExam *exam, const char *command, Deadline deadline,
                           SshExamOutput *ret, pyrope_error **error)
{
        CLEANUP(run_deinit)
        Run run = { .exam = exam, .command = command, .text = &ret->text, .words = &ret->words };
        pyrope_status status = run_start(&run, deadline, error);

        if (!status)
                status = run_end(&run, deadline, error);
        ret->exit_status = run.exit_status;
        if (!status)
                status = terminate(&ret->text, error);
        return status ? status : terminate(&ret->words, error);
}

/* -- measures ---------------------------------------------------------------------------------- */

pyrope_status ssh_exam_echo(SshExam *exam, unsigned n, Deadline deadline, double *ret_ms,
                            pyrope_error **error)
{
        CLEANUP(run_deinit) Run run = { .exam = exam, .command = "cat" };
        pyrope_status status = run_start(&run, deadline, error);

        for (unsigned i = 0; !status && i < n; i++) {
                double before_ms = clock_fine_ms();

                status = run_say(&run, (const uint8_t *)"x", 1, deadline, error);
                if (!status)
                        status = run_hear(&run, i + 1, deadline, error);
                ret_ms[i] = clock_fine_ms() - before_ms;
        }
        return status;
}

pyrope_status ssh_exam_receive(SshExam *exam, unsigned n_mib, Deadline deadline, double *ret_ms,
                               pyrope_error **error)
{
        const uint64_t n_bytes = (uint64_t)n_mib * MIB;
        char command[COMMAND_BYTES];
        CLEANUP(run_deinit) Run run = { .exam = exam, .command = command };
        double before_ms = 0;
        pyrope_status status;

        (void)snprintf(command, sizeof(command), "cat; head -c %ju /dev/zero", (uintmax_t)n_bytes);
        status = run_start(&run, deadline, error);
        if (!status) /* the shell has started once it gives this back */
                status = run_say(&run, (const uint8_t *)"x", 1, deadline, error);
        if (!status)
                status = run_hear(&run, 1, deadline, error);
        if (!status) {
                before_ms = clock_fine_ms();
                (void)ssh_channel_send_eof(run.channel);
                status = run_hear(&run, 1 + n_bytes, deadline, error);
        }
        if (!status)
                *ret_ms = clock_fine_ms() - before_ms;
        return status;
}

pyrope_status ssh_exam_send(SshExam *exam, unsigned n_mib, Deadline deadline, double *ret_ms,
                            pyrope_error **error)
{
        static const uint8_t chunk[CHUNK_BYTES];
        const uint64_t n_bytes = (uint64_t)n_mib * MIB;
        CLEANUP(run_deinit)
        Run run = { .exam = exam, .command = "echo " READY "; cat >/dev/null; echo " TAKEN };
        pyrope_status status = run_start(&run, deadline, error);
        double before_ms = 0;

        if (!status)
                status = run_hear(&run, strlen(READY "\n"), deadline, error);
        before_ms = clock_fine_ms();
        for (uint64_t n = 0; !status && n < n_bytes; n += sizeof(chunk))
                status = run_say(&run, chunk, sizeof(chunk), deadline, error);
        if (!status) {
                (void)ssh_channel_send_eof(run.channel);
                status = run_hear(&run, strlen(READY "\n" TAKEN "\n"), deadline, error);
        }
        if (!status)
                *ret_ms = clock_fine_ms() - before_ms;
        return status;
}
