/* SPDX-License-Identifier: MIT */

#include "client/context.h"
#include "client/publisher.h"
#include "client/ssh/direct.h"
#include "client/ssh/share.h"
#include "client/tcp.h"

#include "base/log.h"
#include "base/spin.h"
#include "base/text.h"
#include "base/unix-socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

DEFINE_CLEANUP(pyrope_context, pyrope_context_free);

/* The option, else the environment, else NULL. An empty variable is as good as none. */
static const char *setting(const char *option, const char *variable)
{
        const char *value = option ? option : secure_getenv(variable);

        return value && *value ? value : NULL;
}

static pyrope_status set_nameservers(pyrope_context *context, const char *text,
                                     pyrope_error **error)
{
        switch (ns_places_parse(text, &context->nameservers)) {
        case 0:
                return PYROPE_OK;
        case NS_PLACE_E_INVALID:
                return error_set(error, PYROPE_E_INVALID,
                                 "nameserver '%s' is no location: /path, host:port, ssh://host or "
                                 "ssh://host/./u:/path, or several separated by commas",
                                 text);
        case NS_PLACE_E_TOO_MANY:
                return error_set(error, PYROPE_E_INVALID, "more than %u nameservers",
                                 NS_PLACES_MAX);
        default:
                return error_nomem(error);
        }
}

static pyrope_status set_zone(pyrope_context *context, const char *text, pyrope_error **error)
{
        if (!text) {
                zone_default(context->zone);
                return PYROPE_OK;
        }
        if (!zone_is_valid(text))
                return error_set(error, PYROPE_E_INVALID,
                                 "zone '%s': at most %u letters, digits, '.', '_' and '-'", text,
                                 ZONE_SIZE - 1);
        strcpy(context->zone, text);
        return PYROPE_OK;
}

static pyrope_status set_runtime_dir(pyrope_context *context, const char *path,
                                     pyrope_error **error)
{
        if (!path)
                return PYROPE_OK;
        if (path[0] != '/')
                return error_set(error, PYROPE_E_INVALID,
                                 "runtime directory '%s' is no absolute path", path);
        context->runtime_dir = strdup(path);
        return context->runtime_dir ? PYROPE_OK : error_nomem(error);
}

static pyrope_status set_port_users(pyrope_context *context, const char *text, pyrope_error **error)
{
        ErrorText why = { "" };
        int r = port_users_parse(text, &context->port_users, &why);

        if (r < 0)
                return error_nomem(error);
        return r ? error_set(error, PYROPE_E_INVALID, "port users '%s': %s", text, why.text)
                 : PYROPE_OK;
}

/* The links' threads ask, but a person answers one question at a time. Whoever waits here waits for
 * the end of another question, and that ends; later, there may be no use for its own. */
static pyrope_status ask_in_turn(void *userdata, const pyrope_question *question, char *answer)
{
        pyrope_context *context = userdata;
        Deadline deadline = deadline_in(question->timeout_ms);
        struct pollfd stop = { .fd = question->stop_fd, .events = POLLIN };
        pyrope_question now = *question;
        pyrope_status status;

        (void)pthread_mutex_lock(&context->ask_lock);
        now.timeout_ms = deadline_left_ms(deadline);
        if (poll(&stop, 1, 0) > 0)
                status = PYROPE_E_CLOSED;
        else if (deadline_passed(deadline))
                status = PYROPE_E_TIMEOUT;
        else
                status = context->ask(context->ask_userdata, &now, answer);
        (void)pthread_mutex_unlock(&context->ask_lock);
        return status;
}

/* Whether an agent has the sessions. */
static pyrope_status is_shared(const pyrope_options *options, bool *ret, pyrope_error **error)
{
        const char *said = setting(NULL, "PYROPE_SHARE");

        *ret = options->share == PYROPE_SHARE_YES;
        if (options->share || !said || text_parse_bool(said, ret) == 0)
                return PYROPE_OK;
        return error_set(error, PYROPE_E_INVALID, "PYROPE_SHARE: '%s' is neither yes nor no", said);
}

static pyrope_status share_sessions(pyrope_context *context, const pyrope_options *options,
                                    pyrope_error **error)
{
        SshShare *share = NULL;
        pyrope_status status;
        bool is = false;
        int r;

        status = is_shared(options, &is, error);
        if (status || !is)
                return status;
        r = ssh_share_new(context->ssh_config, context->ssh_backend, context->runtime_dir, &share);
        if (r == -ENOMEM)
                return error_nomem(error);
        if (r)
                log_debug("no agent: %s", strerror(-r));
        ssh_pool_share(context->pool, share);
        return PYROPE_OK;
}

static pyrope_status choose_backend(const char *text, SshBackend *ret, pyrope_error **error)
{
        *ret = SSH_BACKEND_AUTO;
        for (SshBackend i = 0; text && i < SSH_BACKEND_N; i++) {
                if (strcmp(text, ssh_backend_name(i)) == 0) {
                        *ret = i;
                        return PYROPE_OK;
                }
        }
        return text ? error_set(error, PYROPE_E_INVALID,
                                "SSH backend '%s' is not auto, libssh or program", text)
                    : PYROPE_OK;
}

static pyrope_status make_pool(pyrope_context *context, const pyrope_options *options,
                               pyrope_error **error)
{
        const char *ssh_config = setting(options->ssh_config, "PYROPE_SSH_CONFIG");
        pyrope_status status;

        status = choose_backend(setting(options->ssh_backend, "PYROPE_SSH_BACKEND"),
                                &context->ssh_backend, error);
        if (status)
                return status;

        context->ask = options->ask;
        context->ask_userdata = options->ask_userdata;
        context->ssh_ask = (SshAsk){ .fn = options->ask ? ask_in_turn : NULL, .userdata = context };
        context->ssh_config = ssh_config ? strdup(ssh_config) : NULL;
        if (!ssh_config || context->ssh_config)
                context->pool = ssh_pool_new(ssh_config, context->ssh_backend, &context->ssh_ask);
        if (!context->pool)
                return error_nomem(error);
        return share_sessions(context, options, error);
}

static pyrope_status configure(pyrope_context *context, const pyrope_options *options,
                               pyrope_error **error)
{
        pyrope_status status;

        if (options->spin_us > SPIN_MAX_US)
                return error_set(error, PYROPE_E_INVALID, "a wait spins for at most %u us",
                                 SPIN_MAX_US);
        context->spin_us = options->spin_us;
        context->timeout_ms = options->timeout_ms ? options->timeout_ms : CONTEXT_TIMEOUT_MS;
        status = set_nameservers(context, setting(options->nameserver, "PYROPE_NAMESERVER"), error);
        if (!status)
                status = set_zone(context, setting(options->zone, "PYROPE_ZONE"), error);
        if (!status) /* the variable is looked at by base/runtime-dir */
                status = set_runtime_dir(context, options->runtime_dir, error);
        if (!status)
                status = set_port_users(context, setting(options->port_users, "PYROPE_PORT_USERS"),
                                        error);
        return status ? status : make_pool(context, options, error);
}

pyrope_status pyrope_context_new(const pyrope_options *options, pyrope_context **ret,
                                 pyrope_error **error)
{
        CLEANUP(pyrope_context_freep) pyrope_context *context = calloc(1, sizeof(*context));
        pyrope_status status;

        if (!ret)
                return error_null(error);
        log_init_library();
        if (!context)
                return error_nomem(error);
        (void)pthread_mutex_init(&context->lock, NULL); /* cannot fail without attributes */
        (void)pthread_mutex_init(&context->ask_lock, NULL);
        status = configure(context, options ? options : &(pyrope_options){ 0 }, error);
        if (status)
                return status;

        *ret = TAKE(context);
        return PYROPE_OK;
}

pyrope_context *pyrope_context_free(pyrope_context *context)
{
        if (!context)
                return NULL;
        publisher_free(context->publisher);
        pyrope_proxy_free(context->nameserver_proxy);
        ssh_pool_free(context->pool);
        (void)pthread_mutex_destroy(&context->ask_lock);
        (void)pthread_mutex_destroy(&context->lock);
        free(context->runtime_dir);
        free(context->ssh_config);
        ns_places_deinit(&context->nameservers);
        free(context);
        return NULL;
}

void pyrope_context_statistics(pyrope_context *context, pyrope_statistics *ret)
{
        SshPoolCounts counts;

        if (!context || !ret)
                return;
        ssh_pool_counts(context->pool, &counts);
        *ret = (pyrope_statistics){ .n_calls = atomic_load(&context->n_calls),
                                    .n_ssh_sessions = counts.n_sessions,
                                    .n_ssh_channels = counts.n_channels,
                                    .n_local = atomic_load(&context->n_local) };
}

static void show_session(const SshSession *session, pyrope_session_fn fn, void *userdata)
{
        const pyrope_session shown = { .label = session->label,
                                       .targets = session->targets,
                                       .state = ssh_state_name(session->state),
                                       .since_ms = session->since_ms,
                                       .reason = session->reason,
                                       .next_attempt_ms = session->next_attempt_ms,
                                       .n_logins = session->n_logins,
                                       .n_channels = session->n_channels,
                                       .n_received = session->n_received,
                                       .n_sent = session->n_sent,
                                       .quiet_ms = session->quiet_ms,
                                       .server = session->server,
                                       .cipher = session->cipher };

        fn(userdata, &shown);
}

pyrope_status pyrope_context_sessions(pyrope_context *context, pyrope_session_fn fn, void *userdata,
                                      pyrope_error **error)
{
        CLEANUP(freep) SshSession *sessions = NULL;
        size_t n;

        if (!context || !fn)
                return error_null(error);
        if (ssh_pool_sessions(context->pool, &sessions, &n))
                return error_nomem(error);
        for (size_t i = 0; i < n; i++)
                show_session(&sessions[i], fn, userdata);
        return PYROPE_OK;
}

const char *pyrope_zone(const pyrope_context *context)
{
        if (!context)
                return NULL;
        return context->zone;
}

Deadline context_deadline(const pyrope_context *context, int64_t timeout_ms)
{
        return deadline_in(timeout_ms ? timeout_ms : context->timeout_ms);
}

/* -- streams ---------------------------------------------------------------------------------- */

static pyrope_status open_unix(const char *path, Deadline deadline, int *ret_fd,
                               pyrope_error **error)
{
        int r = unix_connect(path, deadline, ret_fd);

        switch (r) {
        case 0:
                return PYROPE_OK;
        case UNIX_E_REFUSED:
                return error_set(error, PYROPE_E_UNREACHABLE,
                                 "nobody listens on %s; is the daemon running?", path);
        case UNIX_E_DENIED:
                return error_set(error, PYROPE_E_DENIED,
                                 "%s: permission denied; the socket is another user's", path);
        case UNIX_E_TIMEOUT:
                return error_set(error, PYROPE_E_TIMEOUT,
                                 "%s: the daemon does not accept connections", path);
        case UNIX_E_TOO_LONG:
                return error_set(error, PYROPE_E_INVALID,
                                 "'%s' cannot be a socket: not absolute, or above %u bytes", path,
                                 UNIX_PATH_MAX_BYTES);
        default:
                return error_set(error, PYROPE_E_IO, "cannot connect to %s: %s", path,
                                 strerror(-r));
        }
}

static pyrope_status open_near(pyrope_context *context, const Location *at, Deadline deadline,
                               int *ret_fd, pyrope_error **error)
{
        pyrope_status status;

        if (at->path)
                status = open_unix(at->path, deadline, ret_fd, error);
        else
                status = tcp_connect(at->host, at->port, &context->port_users, deadline, ret_fd,
                                     error);
        if (!status)
                atomic_fetch_add(&context->n_local, 1);
        return status;
}

static pyrope_status open_far(pyrope_context *context, const Location *at, bool may_be_direct,
                              Deadline deadline, SshResult *ret, pyrope_error **error)
{
        const SshOrder order = { .to = *at,
                                 .command = at->path || at->host ? NULL : CONTEXT_PIPE_COMMAND,
                                 .may_be_direct = may_be_direct,
                                 .deadline = deadline };

        return ssh_pool_run(context->pool, &order, ret, error);
}

pyrope_status context_open(pyrope_context *context, const Location *at, Deadline deadline,
                           int *ret_fd, pyrope_error **error)
{
        pyrope_status status;
        SshResult result;

        if (!at->ssh)
                return open_near(context, at, deadline, ret_fd, error);
        status = open_far(context, at, /* may_be_direct= */ false, deadline, &result, error);
        if (!status)
                *ret_fd = result.fd;
        return status;
}

static ssize_t carry_out(void *userdata, const struct iovec *parts, size_t n_parts,
                         Deadline deadline)
{
        return ssh_direct_send(userdata, parts, n_parts, deadline);
}

static ssize_t carry_in(void *userdata, void *ret, size_t n_room, Deadline deadline)
{
        return ssh_direct_receive(userdata, ret, n_room, deadline);
}

static void stop_carrying(void *userdata)
{
        (void)ssh_direct_close(userdata);
}

pyrope_status context_converse(pyrope_context *context, const Location *at, Deadline deadline,
                               Conn *conn, pyrope_error **error)
{
        ConnCarrier carrier = { .send = carry_out, .receive = carry_in, .close = stop_carrying };
        SshResult result = { .direct = NULL };
        pyrope_status status;

        if (at->ssh)
                status = open_far(context, at, /* may_be_direct= */ true, deadline, &result, error);
        else
                status = open_near(context, at, deadline, &result.fd, error);
        if (status)
                return status;

        conn_deinit(conn);
        conn_init(conn, result.fd, FRAME_MESSAGE_MAX_BYTES);
        conn->spin.max_us = context->spin_us;
        carrier.userdata = result.direct;
        if (result.direct)
                conn_carry(conn, &carrier);
        if (at->ssh)
                conn_pace(conn); /* the session has other streams, and a buffer of the far host */
        return PYROPE_OK;
}
