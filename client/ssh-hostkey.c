/* SPDX-License-Identifier: MIT */

#include "client/ssh-hostkey.h"

#include "client/ssh-run.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COMMAND_BYTES 1024u
#define NAME_BYTES    300u
#define NO_FILE       "/dev/null"

struct SshTrust {
        ssh_session session;
        const SshSettings *settings;
};

/* -- which files ------------------------------------------------------------------------------- */

/* The first file that has an entry for the host, else the first one. */
static const char *choose(ssh_session session, const SshNames *files, enum ssh_options_e option)
{
        for (size_t i = 0; i < files->n; i++) {
                if (!ssh_options_set(session, option, files->names[i]) &&
                    ssh_session_has_known_hosts_entry(session) == SSH_KNOWN_HOSTS_OK)
                        return files->names[i];
        }
        return files->n ? files->names[0] : NO_FILE;
}

pyrope_status ssh_hostkey_prepare(ssh_session session, const SshSettings *settings,
                                  pyrope_error **error)
{
        const char *user, *global;

        if (ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, NO_FILE) ||
            ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, NO_FILE))
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        user = choose(session, &settings->user_known_hosts, SSH_OPTIONS_KNOWNHOSTS);
        if (ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, NO_FILE))
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        global = choose(session, &settings->global_known_hosts, SSH_OPTIONS_GLOBAL_KNOWNHOSTS);
        if (ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, user) ||
            ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, global) ||
            ssh_options_set(session, SSH_OPTIONS_STRICTHOSTKEYCHECK, &(int){ 1 }))
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        return PYROPE_OK;
}

/* -- words ------------------------------------------------------------------------------------- */

static pyrope_status refuse_unknown(const SshHostKey *key, pyrope_error **error)
{
        char command[COMMAND_BYTES];

        (void)ssh_settings_command(key->settings, NULL, command, sizeof(command));
        return error_set(error, PYROPE_E_HOST_KEY,
                         "%s: host key is not in %s: it is %s %s; run '%s' once and compare the "
                         "fingerprint with what the administrator says",
                         key->settings->label, key->file, key->type, key->fingerprint, command);
}

static pyrope_status refuse_changed(const SshHostKey *key, const char *how, pyrope_error **error)
{
        return error_set(error, PYROPE_E_HOST_KEY,
                         "%s: host key %s: it is %s %s; somebody may be between you and the host; "
                         "ask the administrator, and only if the key was replaced run "
                         "ssh-keygen -R '%s' -f %s",
                         key->settings->label, how, key->type, key->fingerprint, key->name,
                         key->file);
}

pyrope_status ssh_hostkey_refuse(const SshHostKey *key, enum ssh_known_hosts_e verdict,
                                 pyrope_error **error)
{
        switch (verdict) {
        case SSH_KNOWN_HOSTS_CHANGED:
                return refuse_changed(key, "HAS CHANGED", error);
        case SSH_KNOWN_HOSTS_OTHER:
                return refuse_changed(key, "is of a type that is not known of it", error);
        case SSH_KNOWN_HOSTS_UNKNOWN:
        case SSH_KNOWN_HOSTS_NOT_FOUND:
                return refuse_unknown(key, error);
        case SSH_KNOWN_HOSTS_OK:
        case SSH_KNOWN_HOSTS_ERROR:
                break;
        }
        return error_set(error, PYROPE_E_HOST_KEY, "%s: host key cannot be checked with %s",
                         key->settings->label, key->file);
}

/* -- @revoked, which libssh passes over -------------------------------------------------------- */

/* Whether the file has a line with a mark. Return: 1, 0 (also if there is no such file), -errno. */
static int has_marks(const char *path)
{
        CLEANUP(freep) char *line = NULL;
        FILE *file = fopen(path, "re");
        size_t n_line = 0;
        int found = 0;

        if (!file)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        errno = 0;
        while (!found && getline(&line, &n_line, file) >= 0)
                found = line[strspn(line, " \t")] == '@';
        if (!found && ferror(file))
                found = errno ? -errno : -EIO;
        (void)fclose(file);
        return found;
}

/* A line of ssh-keygen -F: "@revoked NAMES TYPE KEY COMMENT". */
static bool is_revocation(char *line, const char *key)
{
        const char *const separators = " \t\r";
        char *state = NULL;
        const char *word = strtok_r(line, separators, &state);

        if (!word || strcmp(word, "@revoked"))
                return false;
        (void)strtok_r(NULL, separators, &state);
        (void)strtok_r(NULL, separators, &state);
        word = strtok_r(NULL, separators, &state);
        return word && !strcmp(word, key);
}

static pyrope_status check_marks(const SshHostKey *key, const char *key_text, const SshWatch *watch,
                                 pyrope_error **error)
{
        CLEANUP(ssh_run_deinit) SshRun found = SSH_RUN_INIT;
        const char *const argv[] = { "ssh-keygen", "-F", key->name, "-f", key->file, NULL };
        pyrope_status status;
        char *rest, *line;

        status = ssh_run(argv, watch, &found, error);
        if (status)
                return status;
        if (found.is_missing)
                return error_set(error, PYROPE_E_HOST_KEY,
                                 "%s: %s has lines marked with @, which only the program "
                                 "ssh-keygen can read, and it is not here; install openssh-client",
                                 key->settings->label, key->file);
        if (found.exit_status > 1) /* 1: no entry */
                return error_set(error, PYROPE_E_HOST_KEY, "%s: ssh-keygen cannot read %s: %s",
                                 key->settings->label, key->file, (const char *)found.words.data);
        rest = (char *)found.output.data;
        while ((line = strsep(&rest, "\n"))) {
                if (is_revocation(line, key_text))
                        return error_set(error, PYROPE_E_HOST_KEY,
                                         "%s: host key %s %s is marked as revoked in %s; do not "
                                         "trust this host, ask its administrator",
                                         key->settings->label, key->type, key->fingerprint,
                                         key->file);
        }
        return PYROPE_OK;
}

static pyrope_status check_revoked(SshHostKey *key, const SshNames *files, const char *key_text,
                                   const SshWatch *watch, pyrope_error **error)
{
        pyrope_status status = PYROPE_OK;
        int marks;

        for (size_t i = 0; !status && i < files->n; i++) {
                key->file = files->names[i];
                marks = has_marks(key->file);
                if (marks < 0)
                        status = error_set(error, PYROPE_E_HOST_KEY,
                                           "%s: %s cannot be read: %s; host keys may be revoked "
                                           "there",
                                           key->settings->label, key->file, strerror(-marks));
                else if (marks)
                        status = check_marks(key, key_text, watch, error);
        }
        return status;
}

/* -- the check --------------------------------------------------------------------------------- */

/* In lower case, as known_hosts has names, and with the port unless it is SSH's own. */
static void known_name(const SshSettings *settings, char out[static NAME_BYTES])
{
        if (settings->known_port == 22)
                (void)snprintf(out, NAME_BYTES, "%s", settings->known_as);
        else
                (void)snprintf(out, NAME_BYTES, "[%s]:%u", settings->known_as,
                               settings->known_port);
        for (char *at = out; *at; at++)
                *at = (char)tolower((unsigned char)*at);
}

static void string_freep(char **text)
{
        ssh_string_free_char(*text);
}

static void key_freep(ssh_key *key)
{
        ssh_key_free(*key);
}

/* SHA256:..., as ssh-keygen -l prints it. NULL: out of memory. */
static char *fingerprint(ssh_key key)
{
        unsigned char *hash = NULL;
        size_t n_hash = 0;
        char *text;

        if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &n_hash))
                return NULL;
        text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, n_hash);
        ssh_clean_pubkey_hash(&hash);
        return text;
}

/* Whether the entry that counts is in the user's file: libssh looks there first. */
static bool is_users(ssh_session session)
{
        CLEANUP(string_freep) char *global = NULL;
        bool is_there;

        if (ssh_options_get(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, &global) ||
            ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, NO_FILE))
                return true;
        is_there = ssh_session_has_known_hosts_entry(session) == SSH_KNOWN_HOSTS_OK;
        (void)ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, global);
        return is_there;
}

pyrope_status ssh_hostkey_check(ssh_session session, const SshSettings *settings, SshWatch *watch,
                                SshTrust **ret, pyrope_error **error)
{
        CLEANUP(ssh_trust_freep) SshTrust *trust = calloc(1, sizeof(*trust));
        CLEANUP(key_freep) ssh_key server_key = NULL;
        CLEANUP(string_freep) char *print = NULL;
        CLEANUP(string_freep) char *text = NULL;
        CLEANUP(string_freep) char *file = NULL;
        char name[NAME_BYTES];
        SshHostKey key = { .settings = settings, .name = name };
        enum ssh_known_hosts_e verdict;
        pyrope_status status;

        if (ssh_get_server_publickey(session, &server_key) ||
            ssh_pki_export_pubkey_base64(server_key, &text) || !(print = fingerprint(server_key)) ||
            ssh_options_get(session, SSH_OPTIONS_KNOWNHOSTS, &file))
                return error_set(error, PYROPE_E_HOST_KEY, "%s: host key cannot be read: %s",
                                 settings->label, ssh_get_error(session));
        known_name(settings, name);
        key.type = ssh_key_type_to_char(ssh_key_type(server_key));
        key.fingerprint = print;
        key.file = file;

        verdict = ssh_session_is_known_server(session);
        if (verdict != SSH_KNOWN_HOSTS_OK)
                return ssh_hostkey_refuse(&key, verdict, error);
        status = check_revoked(&key, &settings->user_known_hosts, text, watch, error);
        if (!status)
                status = check_revoked(&key, &settings->global_known_hosts, text, watch, error);
        if (status)
                return status;
        ssh_watch_note(watch, "%s %s, known from %s", key.type, key.fingerprint,
                       is_users(session) ? file : "the system's known_hosts");
        if (!trust)
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        *trust = (SshTrust){ .session = session, .settings = settings };
        *ret = TAKE(trust);
        return PYROPE_OK;
}

/* -- what is made of it ------------------------------------------------------------------------ */

ssh_session ssh_trust_session(const SshTrust *trust)
{
        return trust->session;
}

const SshSettings *ssh_trust_settings(const SshTrust *trust)
{
        return trust->settings;
}

SshTrust *ssh_trust_free(SshTrust *trust)
{
        free(trust);
        return NULL;
}
