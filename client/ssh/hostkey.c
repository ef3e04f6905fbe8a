/* SPDX-License-Identifier: MIT */

#include "client/ssh/hostkey.h"

#include "client/ssh/ask.h"
#include "client/ssh/free.h"
#include "client/ssh/known.h"
#include "proto/uri.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COMMAND_BYTES     1024u
#define NAME_BYTES        (URI_HOST_MAX_BYTES + sizeof("[]:65535"))
#define ASK_MAX           3
#define INSTRUCTION_BYTES 1024u
#define NO_FILE           "/dev/null"

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
                return error_nomem(error);
        user = choose(session, &settings->user_known_hosts, SSH_OPTIONS_KNOWNHOSTS);
        if (ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, NO_FILE))
                return error_nomem(error);
        global = choose(session, &settings->global_known_hosts, SSH_OPTIONS_GLOBAL_KNOWNHOSTS);
        if (ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, user) ||
            ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, global) ||
            ssh_options_set(session, SSH_OPTIONS_STRICTHOSTKEYCHECK, &(int){ 1 }))
                return error_nomem(error);
        return PYROPE_OK;
}

/* -- words ------------------------------------------------------------------------------------- */

static pyrope_status refuse_unknown(const SshHostKey *key, pyrope_error **error)
{
        char command[COMMAND_BYTES];

        if (key->authority_file)
                return error_set(error, PYROPE_E_HOST_KEY,
                                 "%s: %s trusts an authority for this host (@cert-authority), and "
                                 "libssh cannot check the host's certificate; add the host's own "
                                 "key, %s %s, if the administrator says that it is right",
                                 key->settings->label, key->authority_file, key->type,
                                 key->fingerprint);
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
        CLEANUP(ssh_text_freep) char *global = NULL;
        bool is_there;

        if (ssh_options_get(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, &global) ||
            ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, NO_FILE))
                return true;
        is_there = ssh_session_has_known_hosts_entry(session) == SSH_KNOWN_HOSTS_OK;
        (void)ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, global);
        return is_there;
}

/* What all the files say that libssh passes over. */
static pyrope_status look_through(SshHostKey *key, const SshNames *files, bool is_thorough,
                                  const SshWatch *watch, unsigned *marks, pyrope_error **error)
{
        const SshKnown known = { .label = key->settings->label,
                                 .name = key->name,
                                 .key = key->text };
        pyrope_status status = PYROPE_OK;
        unsigned found;

        for (size_t i = 0; !status && i < files->n; i++) {
                status =
                        ssh_known_marks(&known, files->names[i], is_thorough, watch, &found, error);
                if (status)
                        break;
                *marks |= found;
                if (found & SSH_MARK_AUTHORITY)
                        key->authority_file = files->names[i];
                if (found & SSH_MARK_REVOKED)
                        status = error_set(error, PYROPE_E_HOST_KEY,
                                           "%s: host key %s %s is marked as revoked in %s; do not "
                                           "trust this host, ask its administrator",
                                           known.label, key->type, key->fingerprint,
                                           files->names[i]);
        }
        return status;
}

static pyrope_status look_through_all(SshHostKey *key, bool is_thorough, const SshWatch *watch,
                                      unsigned *ret, pyrope_error **error)
{
        const SshSettings *settings = key->settings;
        pyrope_status status;

        *ret = 0;
        status = look_through(key, &settings->user_known_hosts, is_thorough, watch, ret, error);
        return status ? status
                      : look_through(key, &settings->global_known_hosts, is_thorough, watch, ret,
                                     error);
}

/* -- a key that nobody knows ------------------------------------------------------------------- */

/* Whether the person says that it is right, by "yes" or by the fingerprint. */
static pyrope_status ask(const SshHostKey *key, SshWatch *watch, bool *ret_is_right,
                         pyrope_error **error)
{
        char instruction[INSTRUCTION_BYTES], answer[PYROPE_ANSWER_SIZE];
        pyrope_question question = { .host = key->settings->label,
                                     .instruction = instruction,
                                     .prompt = "Is this the right key (yes/no/fingerprint)? ",
                                     .is_echoed = true };
        pyrope_status status = PYROPE_OK;

        (void)snprintf(instruction, sizeof(instruction),
                       "The host key of %s is not known.\nIt is %s %s.\nCompare the fingerprint "
                       "with what the administrator says.\n",
                       key->name, key->type, key->fingerprint);
        *ret_is_right = false;
        for (int i = 0; !status && !*ret_is_right && i < ASK_MAX; i++) {
                status = ssh_ask(watch, &question, answer, error);
                if (status || !strcasecmp(answer, "no"))
                        break;
                *ret_is_right = !strcasecmp(answer, "yes") || !strcmp(answer, key->fingerprint);
                question.instruction = "";
                question.prompt = "Please type 'yes', 'no' or the fingerprint: ";
        }
        return status;
}

/* Libssh has the last word on whether what was added is what is looked for. */
static pyrope_status add(ssh_session session, const SshHostKey *key, const SshWatch *watch,
                         pyrope_error **error)
{
        CLEANUP(ssh_text_freep) char *line = NULL;
        pyrope_status status;

        if (ssh_session_export_known_hosts_entry(session, &line))
                return error_set(error, PYROPE_E_HOST_KEY, "%s: host key cannot be written: %s",
                                 key->settings->label, ssh_get_error(session));
        status = ssh_known_add(key->settings, line, watch, error);
        if (status || ssh_session_is_known_server(session) == SSH_KNOWN_HOSTS_OK)
                return status;
        return error_set(error, PYROPE_E_HOST_KEY,
                         "%s: host key was added to %s, but is not found there",
                         key->settings->label, key->file);
}

static pyrope_status meet(ssh_session session, const SshHostKey *key,
                          enum ssh_known_hosts_e verdict, SshWatch *watch, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        bool is_right = false;
        pyrope_status status = PYROPE_OK;

        if (ssh_ask_can(watch) && !key->settings->is_batch && !key->settings->is_host_key_strict &&
            !key->authority_file)
                status = ask(key, watch, &is_right, &why);
        if (is_right)
                return add(session, key, watch, error);
        if (!status || status == PYROPE_E_DENIED)
                return ssh_hostkey_refuse(key, verdict, error);
        if (error)
                *error = TAKE(why);
        return status;
}

static pyrope_status judge(ssh_session session, SshHostKey *key, SshWatch *watch,
                           pyrope_error **error)
{
        enum ssh_known_hosts_e verdict;
        pyrope_status status;
        unsigned marks;

        status = look_through_all(key, false, watch, &marks, error);
        verdict = ssh_session_is_known_server(session);
        /* libssh does not except the names with a '!'. */
        if (!status && marks & SSH_MARK_EXCEPTED && verdict == SSH_KNOWN_HOSTS_OK) {
                status = look_through_all(key, true, watch, &marks, error);
                if (!(marks & SSH_MARK_NAMED))
                        verdict = SSH_KNOWN_HOSTS_UNKNOWN;
        }
        if (status || verdict == SSH_KNOWN_HOSTS_OK)
                return status;
        if (verdict == SSH_KNOWN_HOSTS_UNKNOWN || verdict == SSH_KNOWN_HOSTS_NOT_FOUND)
                return meet(session, key, verdict, watch, error);
        return ssh_hostkey_refuse(key, verdict, error);
}

pyrope_status ssh_hostkey_check(ssh_session session, const SshSettings *settings, SshWatch *watch,
                                SshTrust **ret, pyrope_error **error)
{
        CLEANUP(ssh_trust_freep) SshTrust *trust = calloc(1, sizeof(*trust));
        CLEANUP(ssh_key_freep) ssh_key server_key = NULL;
        CLEANUP(ssh_text_freep) char *print = NULL;
        CLEANUP(ssh_text_freep) char *text = NULL;
        CLEANUP(ssh_text_freep) char *file = NULL;
        char name[NAME_BYTES];
        SshHostKey key = { .settings = settings, .name = name };
        pyrope_status status;

        if (ssh_get_server_publickey(session, &server_key) ||
            ssh_pki_export_pubkey_base64(server_key, &text) || !(print = fingerprint(server_key)) ||
            ssh_options_get(session, SSH_OPTIONS_KNOWNHOSTS, &file))
                return error_set(error, PYROPE_E_HOST_KEY, "%s: host key cannot be read: %s",
                                 settings->label, ssh_get_error(session));
        known_name(settings, name);
        key.type = ssh_key_type_to_char(ssh_key_type(server_key));
        key.fingerprint = print;
        key.text = text;
        key.file = file;

        status = judge(session, &key, watch, error);
        if (status)
                return status;
        ssh_watch_note(watch, "%s %s, known from %s", key.type, key.fingerprint,
                       is_users(session) ? file : "the system's known_hosts");
        if (!trust)
                return error_nomem(error);
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
