/* SPDX-License-Identifier: MIT */

#include "client/ssh/auth-key.h"

#include "client/ssh/agent.h"
#include "client/ssh/free.h"
#include "client/ssh/step.h"

#include <stdio.h>
#include <string.h>

#define PROMPT_BYTES 1024u
#define HOW_BYTES    512u

static int try_agent(ssh_session session, const void *userdata)
{
        (void)userdata;
        return ssh_userauth_agent(session, NULL);
}

static int try_offer(ssh_session session, const void *userdata)
{
        return ssh_userauth_try_publickey(session, NULL, (ssh_key)(uintptr_t)userdata);
}

static int try_key(ssh_session session, const void *userdata)
{
        return ssh_userauth_publickey(session, NULL, (ssh_key)(uintptr_t)userdata);
}

/* By what the host let us in, or on: for the doctor. */
static void note_accepted(const SshAuthTry *attempt, const SshIdentity *identity, SshAnswer answer)
{
        const char *name = identity->name ? identity->name : "a key that it alone has";

        if (answer != SSH_ANSWER_YES && answer != SSH_ANSWER_NOT_ENOUGH)
                return;
        if (identity->signer)
                ssh_watch_note(attempt->watch, "publickey, by the agent at %s: %s",
                               attempt->settings->agent, name);
        else
                ssh_watch_note(attempt->watch, "publickey, the %s %s",
                               identity->is_certificate ? "certificate" : "key file", name);
}

/* -- keys of the agent ------------------------------------------------------------------------- */

static bool is_signed_for(const SshIdentity *identity)
{
        return identity->signer && !identity->is_tried;
}

/* Those that follow each other from @begin on, all of which the agent signs for. libssh can be
 * given them together; for each that it is given alone it would lose some memory. */
static size_t gather(const SshIdentities *identities, size_t begin, SshAgentKey *keys)
{
        size_t n = 0;

        while (begin + n < identities->n && n < SSH_AGENT_KEYS_MAX &&
               is_signed_for(&identities->all[begin + n])) {
                const SshIdentity *identity = &identities->all[begin + n];

                keys[n++] = (SshAgentKey){ .shown = identity->shown, .key = identity->signer };
        }
        return n;
}

static pyrope_status try_agent_keys(SshAuthTry *attempt, SshIdentities *identities, size_t begin,
                                    SshAnswer *ret)
{
        SshAgentKey keys[SSH_AGENT_KEYS_MAX];
        size_t n_signed, n = gather(identities, begin, keys);
        SshAgent *agent = NULL;
        char how[HOW_BYTES];
        pyrope_status status;
        int fd;

        *ret = SSH_ANSWER_NO;
        for (size_t i = 0; i < n; i++)
                identities->all[begin + i].is_tried = true;
        if (ssh_agent_start(attempt->settings, attempt->watch, keys, n, &fd, &agent, NULL))
                return PYROPE_OK;                         /* it is gone meanwhile */
        (void)ssh_set_agent_socket(attempt->session, fd); /* fails only for no session */
        (void)snprintf(how, sizeof(how), " with the agent at %s", attempt->settings->agent);
        status = ssh_auth_try(attempt, try_agent, NULL, how, ret);
        (void)ssh_agent_end(agent, &n_signed);
        if (n_signed)
                note_accepted(attempt, &identities->all[begin + n_signed - 1], *ret);
        /* After a yes that is not enough, those behind it are still to be tried. */
        for (size_t i = n_signed; *ret == SSH_ANSWER_NOT_ENOUGH && i < n; i++)
                identities->all[begin + i].is_tried = false;
        attempt->n_agent += *ret == SSH_ANSWER_NOT_ENOUGH ? n_signed : n;
        /* An agent that cannot sign is no reason to leave the files untried. */
        if (!status && *ret == SSH_ANSWER_BROKEN && !ssh_step_is_lost(attempt->session))
                *ret = SSH_ANSWER_NO;
        return status;
}

/* -- key files --------------------------------------------------------------------------------- */

/* libssh asks for a passphrase where it needs one; that it does is all we want to know. */
static int note_passphrase(const char *prompt, char *out, size_t n_out, int echo, int verify,
                           void *userdata)
{
        (void)prompt, (void)out, (void)n_out, (void)echo, (void)verify;
        *(bool *)userdata = true;
        return -1;
}

/* Asks until the passphrase fits. @ret is NULL if it never did: no answer means the next key. */
static pyrope_status unseal(const SshAuthTry *attempt, const char *path, const char *text,
                            ssh_key *ret)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        char prompt[PROMPT_BYTES], answer[PYROPE_ANSWER_SIZE] = "";
        SshAuthTry asking = *attempt;
        const char *instruction = "";
        pyrope_status status = PYROPE_OK;

        asking.error = &why;
        (void)snprintf(prompt, sizeof(prompt), "Enter passphrase for key '%s': ", path);
        for (int i = 0; !status && !*ret && i < attempt->settings->n_prompts; i++) {
                status = ssh_auth_ask(&asking, instruction, prompt, false, answer);
                if (status || !answer[0])
                        break;
                (void)ssh_pki_import_privkey_base64(text, answer, NULL, NULL, ret);
                instruction = "This is not its passphrase.\n";
        }
        explicit_bzero(answer, sizeof(answer));
        if (status == PYROPE_E_AUTH)
                return PYROPE_OK;
        if (status && attempt->error)
                *attempt->error = TAKE(why);
        return status;
}

/* An encrypted key, if the host would take it; so nobody types a passphrase for nothing. */
static pyrope_status unseal_wanted(SshAuthTry *attempt, const SshIdentity *identity,
                                   const char *text, ssh_key *ret_key, SshAnswer *ret)
{
        pyrope_status status;

        *ret = SSH_ANSWER_NO;
        if (!attempt->can_ask) {
                ssh_identity_note(&attempt->unusable, identity->path,
                                  "encrypted; give it to the agent by ssh-add");
                return PYROPE_OK;
        }
        if (identity->key) {
                status = ssh_auth_try(attempt, try_offer, identity->key, "", ret);
                if (status || *ret != SSH_ANSWER_YES) {
                        ssh_identity_note(&attempt->tried, identity->name, NULL);
                        return status;
                }
        }
        *ret = SSH_ANSWER_NO;
        status = unseal(attempt, identity->path, text, ret_key);
        if (!status && !*ret_key)
                ssh_identity_note(&attempt->unusable, identity->path, "encrypted, no passphrase");
        return status;
}

/* @ret_key is NULL if there is nothing to try; @ret is the host's answer then. */
static pyrope_status load_key(SshAuthTry *attempt, const SshIdentity *identity, ssh_key *ret_key,
                              SshAnswer *ret)
{
        char *text = ssh_identity_read(identity->path, &attempt->unusable);
        pyrope_status status = PYROPE_OK;
        bool is_encrypted = false;

        *ret = SSH_ANSWER_NO;
        if (!text)
                return PYROPE_OK;
        (void)ssh_pki_import_privkey_base64(text, NULL, note_passphrase, &is_encrypted, ret_key);
        if (!*ret_key && is_encrypted)
                status = unseal_wanted(attempt, identity, text, ret_key, ret);
        else if (!*ret_key)
                ssh_identity_note(&attempt->unusable, identity->path,
                                  "of a form that libssh cannot read");
        ssh_identity_forget(text);
        return status;
}

static pyrope_status try_file(SshAuthTry *attempt, const SshIdentity *identity, SshAnswer *ret)
{
        CLEANUP(ssh_key_freep) ssh_key key = NULL;
        pyrope_status status = load_key(attempt, identity, &key, ret);

        if (status || !key)
                return status;
        if (identity->is_certificate && ssh_pki_copy_cert_to_privkey(identity->key, key)) {
                ssh_identity_note(&attempt->unusable, identity->name,
                                  "a certificate that libssh cannot use");
                return PYROPE_OK;
        }
        ssh_identity_note(&attempt->tried, identity->name,
                          identity->is_certificate ? "certificate" : NULL);
        return ssh_auth_try(attempt, try_key, key, "", ret);
}

/* -- all --------------------------------------------------------------------------------------- */

pyrope_status ssh_auth_keys(SshAuthTry *attempt, SshIdentities *identities, SshAnswer *ret)
{
        pyrope_status status = PYROPE_OK;

        *ret = SSH_ANSWER_NO;
        for (size_t i = 0; !status && *ret == SSH_ANSWER_NO && i < identities->n; i++) {
                SshIdentity *identity = &identities->all[i];

                if (is_signed_for(identity)) {
                        status = try_agent_keys(attempt, identities, i, ret);
                } else if (!identity->is_tried) {
                        identity->is_tried = true;
                        status = try_file(attempt, identity, ret);
                        note_accepted(attempt, identity, *ret);
                }
        }
        return status;
}
