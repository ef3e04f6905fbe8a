/* SPDX-License-Identifier: MIT */

#include "client/ssh-auth.h"

#include "client/ssh-agent.h"
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
        Buffer tried;      /* "3 of the agent, /home/me/.ssh/id_rsa" */
        Buffer unusable;   /* "/home/me/.ssh/id_dsa (encrypted)" */
        SshNames known;    /* public halves of the key files, in base64 */
        SshNames offered;  /* those that the agent has shown to the host */
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

/* -- outcomes ---------------------------------------------------------------------------------- */

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
        if (strstr(ssh_get_error(login->session), "Too many authentication failures"))
                return error_set(login->error, PYROPE_E_AUTH,
                                 "%s: hung up at the login after too many keys, %s; name the right "
                                 "one by IdentityFile in the SSH configuration",
                                 login->settings->label, list_text(&login->tried));
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

/* -- tries ------------------------------------------------------------------------------------- */

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
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        char what[WHAT_BYTES];
        pyrope_status status;
        int auth;

        (void)snprintf(what, sizeof(what), "%s: logging in%s%s", login->settings->label,
                       fn == try_agent ? " with the agent at " : "",
                       fn == try_agent ? login->settings->agent : "");
        ssh_watch_tell(login->watch, what); /* the agent is waited for within libssh */
        while ((auth = fn(login->session, userdata)) == SSH_AUTH_AGAIN) {
                status = ssh_step_wait(login->session, login->watch, what, &why);
                if (status == PYROPE_E_UNREACHABLE)
                        break;
                if (status && login->error)
                        *login->error = TAKE(why);
                if (status)
                        return status;
        }
        *ret = answer_of(auth); /* "again" is broken, too */
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

/* -- keys -------------------------------------------------------------------------------------- */

static void key_freep(ssh_key *key)
{
        ssh_key_free(*key);
}

static void string_freep(char **text)
{
        ssh_string_free_char(*text);
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

/* The public half in base64. NULL: out of memory. */
static char *public_half(ssh_key key)
{
        CLEANUP(string_freep) char *text = NULL;

        return ssh_pki_export_pubkey_base64(key, &text) ? NULL : strdup(text);
}

static bool was_offered(const Login *login, ssh_key key)
{
        CLEANUP(freep) char *text = public_half(key);

        return text && ssh_names_have(&login->offered, text);
}

static bool ends_in_pub(const char *path)
{
        size_t n = strlen(path);

        return n > 4 && !strcmp(path + n - 4, ".pub");
}

static pyrope_status try_file(Login *login, const char *path, bool *ret_is_in)
{
        CLEANUP(key_freep) ssh_key key = NULL;
        pyrope_status status;
        Answer answer;

        *ret_is_in = false;
        if (ends_in_pub(path)) /* names a key of the agent */
                return PYROPE_OK;
        key = load_key(login, path);
        if (!key || was_offered(login, key))
                return PYROPE_OK;
        note(&login->tried, path, NULL);
        status = run_try(login, try_key, key, &answer);
        if (!status)
                status = judge(login, answer, ret_is_in);
        if (!status && *ret_is_in)
                ssh_watch_note(login->watch, "publickey, the key file %s", path);
        return status;
}

/* libssh reads the public half of a key file, also of an encrypted one; but it would wait for ever
 * for the writer of a pipe. */
static ssh_key load_public_half(const char *path)
{
        ssh_key key = NULL;
        struct stat st;

        if (stat(path, &st) || !S_ISREG(st.st_mode) || ssh_pki_import_pubkey_file(path, &key))
                return NULL;
        return key;
}

static void learn_public_halves(Login *login)
{
        const SshNames *identities = &login->settings->identities;

        for (size_t i = 0; i < identities->n; i++) {
                CLEANUP(key_freep) ssh_key key = NULL;
                CLEANUP(freep) char *path = NULL;
                CLEANUP(freep) char *text = NULL;

                if (asprintf(&path, "%s.pub", identities->names[i]) < 0)
                        path = NULL;
                key = path ? load_public_half(path) : NULL;
                if (!key)
                        key = load_public_half(identities->names[i]);
                text = key ? public_half(key) : NULL;
                if (text && ssh_names_add(&login->known, text))
                        return;
        }
}

static pyrope_status try_agent_keys(Login *login, bool *ret_is_in)
{
        const SshSettings *settings = login->settings;
        char words[64];
        SshAgent *agent;
        pyrope_status status;
        Answer answer = ANSWER_NO;
        int fd;

        *ret_is_in = false;
        if (!settings->agent)
                return PYROPE_OK;
        learn_public_halves(login);
        if (ssh_agent_start(settings, login->watch, &login->known, &fd, &agent, NULL)) {
                note(&login->unusable, "those of the agent", "nobody answers at its socket");
                return PYROPE_OK;
        }
        (void)ssh_set_agent_socket(login->session, fd); /* fails only for no session */
        status = run_try(login, try_agent, NULL, &answer);
        (void)ssh_agent_end(agent, &login->offered);
        if (status)
                return status;
        (void)snprintf(words, sizeof(words), "%zu of the agent", login->offered.n);
        note(&login->tried, words, NULL);
        /* An agent that cannot sign is no reason to leave the files untried. */
        if (answer == ANSWER_BROKEN && ssh_is_connected(login->session) &&
            !(ssh_get_status(login->session) & (SSH_CLOSED | SSH_CLOSED_ERROR)))
                answer = ANSWER_NO;
        status = judge(login, answer, ret_is_in);
        if (!status && *ret_is_in)
                ssh_watch_note(login->watch, "publickey, a key of the agent at %s",
                               settings->agent);
        return status;
}

static pyrope_status run(Login *login)
{
        bool is_in = false;
        pyrope_status status;
        Answer answer;

        status = run_try(login, try_none, NULL, &answer);
        if (!status)
                status = judge(login, answer, &is_in);
        if (is_in)
                ssh_watch_note(login->watch, "none, the host asks for nothing");
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

pyrope_status ssh_auth(const SshTrust *trust, SshWatch *watch, pyrope_error **error)
{
        Login login = { .session = ssh_trust_session(trust),
                        .settings = ssh_trust_settings(trust),
                        .watch = watch,
                        .error = error,
                        .tried = BUFFER_INIT(WORDS_MAX_BYTES),
                        .unusable = BUFFER_INIT(WORDS_MAX_BYTES) };
        pyrope_status status = run(&login);

        buffer_deinit(&login.tried);
        buffer_deinit(&login.unusable);
        ssh_names_deinit(&login.known);
        ssh_names_deinit(&login.offered);
        return status;
}
