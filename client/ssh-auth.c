/* SPDX-License-Identifier: MIT */

#include "client/ssh-auth.h"

#include "base/unix-socket.h"
#include "client/ssh-step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_FILE_MAX_BYTES 65536u
#define WORDS_MAX_BYTES    1024u
#define WHAT_BYTES         512u

typedef struct Login Login;

/* One login, and what will be said if it fails. */
struct Login {
        ssh_session session;
        const SshSettings *settings;
        const SshWatch *watch;
        pyrope_error **error;
        Buffer tried;      /* "the agent's keys, /home/me/.ssh/id_rsa" */
        Buffer unusable;   /* "/home/me/.ssh/id_dsa (encrypted)" */
        bool is_encrypted; /* libssh asked for the passphrase of the key that is being read */
};

/* To the list, as far as there is room: it is for a person's eyes. */
static void note(Buffer *list, const char *name, const char *why)
{
        int r;

        r = buffer_append_printf(list, "%s%s%s%s%s", list->n ? ", " : "", name, why ? " (" : "",
                                 why ? why : "", why ? ")" : "");
        (void)r;
}

static const char *list_text(const Buffer *list)
{
        return list->n ? (const char *)list->data : "none";
}

/* -- outcomes ------------------------------------------------------------------------------------
 */

/* What libssh said to a try, with waiting done. */
typedef enum Answer { ANSWER_YES, ANSWER_NO, ANSWER_NOT_ENOUGH, ANSWER_BROKEN } Answer;

static Answer answer_of(int auth)
{
        switch (auth) {
        case SSH_AUTH_SUCCESS:
                return ANSWER_YES;
        case SSH_AUTH_DENIED:
                return ANSWER_NO;
        case SSH_AUTH_PARTIAL:
                return ANSWER_NOT_ENOUGH;
        default:
                return ANSWER_BROKEN;
        }
}

static pyrope_status fail_broken(const Login *login)
{
        return error_set(login->error, PYROPE_E_UNREACHABLE, "%s: hung up at the login: %s",
                         login->settings->label, ssh_get_error(login->session));
}

static pyrope_status fail_partial(const Login *login)
{
        return error_set(login->error, PYROPE_E_AUTH,
                         "%s: the key was accepted, but the host asks for a second factor, which "
                         "is not supported; ask its administrator for a key that needs none",
                         login->settings->label);
}

/* Names of the methods that the host allows. */
static void methods_text(int methods, char *out, size_t n_out)
{
        static const struct {
                int method;
                const char *name;
        } names[] = {
                { SSH_AUTH_METHOD_PUBLICKEY, "publickey" },
                { SSH_AUTH_METHOD_PASSWORD, "password" },
                { SSH_AUTH_METHOD_INTERACTIVE, "keyboard-interactive" },
                { SSH_AUTH_METHOD_HOSTBASED, "hostbased" },
                { SSH_AUTH_METHOD_GSSAPI_MIC, "gssapi-with-mic" },
        };
        size_t n = 0;

        (void)snprintf(out, n_out, "nothing");
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                if (methods & names[i].method && n < n_out)
                        n += (size_t)snprintf(out + n, n_out - n, "%s%s", n ? "," : "",
                                              names[i].name);
        }
}

static pyrope_status fail_denied(const Login *login)
{
        char command[WORDS_MAX_BYTES], methods[WHAT_BYTES];

        methods_text(ssh_userauth_list(login->session, NULL), methods, sizeof(methods));
        (void)ssh_settings_command(login->settings, "-v", command, sizeof(command));
        return error_set(login->error, PYROPE_E_AUTH,
                         "%s: login refused; the host allows %s; keys tried: %s; keys that cannot "
                         "be used: %s; see '%s'",
                         login->settings->label, methods, list_text(&login->tried),
                         list_text(&login->unusable), command);
}

/* -- tries ---------------------------------------------------------------------------------------
 */

/* Each try is one of these, called again until it has an answer. */
typedef int (*TryFn)(ssh_session session, const void *userdata);

static int try_none(ssh_session session, const void *userdata)
{
        (void)userdata;
        return ssh_userauth_none(session, NULL);
}

static int try_agent(ssh_session session, const void *userdata)
{
        (void)userdata;
        return ssh_userauth_agent(session, NULL);
}

static int try_key(ssh_session session, const void *userdata)
{
        return ssh_userauth_publickey(session, NULL, (ssh_key)(uintptr_t)userdata);
}

static pyrope_status run_try(const Login *login, TryFn fn, const void *userdata, Answer *ret)
{
        char what[WHAT_BYTES];
        pyrope_status status;
        int auth;

        (void)snprintf(what, sizeof(what), "%s: logging in", login->settings->label);
        while ((auth = fn(login->session, userdata)) == SSH_AUTH_AGAIN) {
                status = ssh_step_wait(login->session, login->watch, what, login->error);
                if (status)
                        return status;
        }
        *ret = answer_of(auth);
        return PYROPE_OK;
}

/* Yes and no are for the caller, the rest ends the login. */
static pyrope_status judge(const Login *login, Answer answer, bool *ret_is_in)
{
        if (answer == ANSWER_NOT_ENOUGH)
                return fail_partial(login);
        if (answer == ANSWER_BROKEN)
                return fail_broken(login);
        *ret_is_in = answer == ANSWER_YES;
        return PYROPE_OK;
}

/* -- keys ----------------------------------------------------------------------------------------
 */

static void key_freep(ssh_key *key)
{
        ssh_key_free(*key);
}

static int refuse_passphrase(const char *prompt, char *out, size_t n_out, int echo, int verify,
                             void *userdata)
{
        Login *login = userdata;

        (void)prompt, (void)out, (void)n_out, (void)echo, (void)verify;
        login->is_encrypted = true;
        return -1;
}

/* The text of a private key that nobody else can read. NULL: no such file, or noted why not. */
static char *read_key_file(Login *login, const char *path)
{
        CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        char *text = NULL, why[64] = "cannot be read";
        struct stat st;
        ssize_t n = -1;

        if (fd < 0 && errno == ENOENT)
                return NULL;
        if (fd >= 0 && !fstat(fd, &st)) {
                if (!S_ISREG(st.st_mode) || st.st_size > KEY_FILE_MAX_BYTES)
                        (void)snprintf(why, sizeof(why), "not a key file");
                else if (st.st_uid != geteuid())
                        (void)snprintf(why, sizeof(why), "belongs to user %u", st.st_uid);
                else if (st.st_mode & 077)
                        (void)snprintf(why, sizeof(why), "mode %04o, open to others; chmod 600",
                                       st.st_mode & 07777);
                else if ((text = calloc(1, KEY_FILE_MAX_BYTES + 1)))
                        n = read(fd, text, KEY_FILE_MAX_BYTES);
        }
        if (n > 0)
                return text;
        free(text);
        note(&login->unusable, path, why);
        return NULL;
}

/* NULL: there is no such key, or it is noted why it cannot be used. */
static ssh_key load_key(Login *login, const char *path)
{
        char *text = read_key_file(login, path);
        ssh_key key = NULL;
        int r;

        if (!text)
                return NULL;
        login->is_encrypted = false;
        r = ssh_pki_import_privkey_base64(text, NULL, refuse_passphrase, login, &key);
        explicit_bzero(text, strlen(text));
        free(text);
        if (!r)
                return key;
        note(&login->unusable, path,
             login->is_encrypted ? "encrypted; give it to the agent by ssh-add"
                                 : "of a form that libssh cannot read");
        return NULL;
}

static pyrope_status try_file(Login *login, const char *path, bool *ret_is_in)
{
        CLEANUP(key_freep) ssh_key key = load_key(login, path);
        pyrope_status status;
        Answer answer;

        *ret_is_in = false;
        if (!key)
                return PYROPE_OK;
        note(&login->tried, path, NULL);
        status = run_try(login, try_key, key, &answer);
        return status ? status : judge(login, answer, ret_is_in);
}

static pyrope_status try_agent_keys(Login *login, bool *ret_is_in)
{
        const SshSettings *settings = login->settings;
        pyrope_status status;
        Answer answer;
        int fd, r;

        *ret_is_in = false;
        if (!settings->agent)
                return PYROPE_OK;
        if (settings->is_identities_only) {
                note(&login->unusable, "the agent's keys", "IdentitiesOnly is set");
                return PYROPE_OK;
        }
        r = unix_connect(settings->agent, login->watch->deadline, &fd);
        if (r) {
                note(&login->unusable, "the agent's keys", "nobody answers at its socket");
                return PYROPE_OK;
        }
        if (ssh_set_agent_socket(login->session, fd)) {
                (void)close(fd);
                return fail_broken(login);
        }
        note(&login->tried, "the agent's keys", NULL);
        status = run_try(login, try_agent, NULL, &answer);
        if (status)
                return status;
        /* An agent that cannot sign is no reason to leave the files untried. */
        if (answer == ANSWER_BROKEN && ssh_is_connected(login->session) &&
            !(ssh_get_status(login->session) & (SSH_CLOSED | SSH_CLOSED_ERROR)))
                answer = ANSWER_NO;
        return judge(login, answer, ret_is_in);
}

static pyrope_status run(Login *login)
{
        bool is_in = false;
        pyrope_status status;
        Answer answer;

        status = run_try(login, try_none, NULL, &answer);
        if (!status)
                status = judge(login, answer, &is_in);
        if (status || is_in)
                return status;
        if (!(ssh_userauth_list(login->session, NULL) & SSH_AUTH_METHOD_PUBLICKEY))
                return fail_denied(login);

        status = try_agent_keys(login, &is_in);
        for (size_t i = 0; !status && !is_in && i < login->settings->identities.n; i++)
                status = try_file(login, login->settings->identities.names[i], &is_in);
        if (status || is_in)
                return status;
        return fail_denied(login);
}

pyrope_status ssh_auth(const SshTrust *trust, const SshWatch *watch, pyrope_error **error)
{
        Login login = { .session = trust->session,
                        .settings = trust->settings,
                        .watch = watch,
                        .error = error,
                        .tried = BUFFER_INIT(WORDS_MAX_BYTES),
                        .unusable = BUFFER_INIT(WORDS_MAX_BYTES) };
        pyrope_status status = run(&login);

        buffer_deinit(&login.tried);
        buffer_deinit(&login.unusable);
        return status;
}
