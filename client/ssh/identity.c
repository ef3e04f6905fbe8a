/* SPDX-License-Identifier: MIT */

#include "client/ssh/identity.h"

#include "client/ssh/agent.h"
#include "client/ssh/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void ssh_identity_note(Buffer *list, const char *name, const char *why)
{
        int r;

        r = buffer_append_printf(list, "%s%s%s%s%s", list->n ? ", " : "", name, why ? " (" : "",
                                 why ? why : "", why ? ")" : "");
        (void)r;
}

/* -- private key files ------------------------------------------------------------------------- */

/* Why a file may not be used. Return: false if it may. */
static bool is_unfit(const struct stat *st, const char *path, Buffer *why)
{
        int r = 0;

        if (!S_ISREG(st->st_mode) || st->st_size > SSH_KEY_FILE_MAX_BYTES)
                r = buffer_append_printf(why, "not a key file");
        else if (st->st_uid != geteuid())
                r = buffer_append_printf(why, "belongs to user %u", st->st_uid);
        else if (st->st_mode & 077)
                r = buffer_append_printf(why, "mode %04o, open to others; run 'chmod 600 %s'",
                                         st->st_mode & 07777, path);
        return r || why->n;
}

/* NULL: @why says why, or there is no such file. */
static char *read_fit(int fd, const char *path, Buffer *why)
{
        struct stat st;
        char *text;

        if (fstat(fd, &st) || is_unfit(&st, path, why))
                return NULL;
        text = calloc(1, SSH_KEY_FILE_MAX_BYTES + 1);
        if (text && read(fd, text, SSH_KEY_FILE_MAX_BYTES) > 0)
                return text;
        free(text);
        return NULL;
}

char *ssh_identity_read(const char *path, Buffer *unusable)
{
        /* A pipe must not have us wait for its writer. */
        CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        CLEANUP(buffer_deinit) Buffer why = BUFFER_INIT(2048);
        char *text;

        if (fd < 0 && errno == ENOENT)
                return NULL;
        text = fd < 0 ? NULL : read_fit(fd, path, &why);
        if (!text)
                ssh_identity_note(unusable, path,
                                  why.n ? (const char *)why.data : "cannot be read");
        return text;
}

void ssh_identity_forget(char *secret)
{
        if (secret)
                explicit_bzero(secret, strlen(secret));
        free(secret);
}

/* -- what is known of them --------------------------------------------------------------------- */

typedef struct Search Search;

struct Search {
        const SshSettings *settings;
        Buffer *unusable;
        SshIdentities files;        /* in the order of the settings */
        SshIdentities certificates; /* CertificateFile */
        SshNames known;             /* what the agent may have of these, in base64 */
        SshNames agent;             /* what it has */
        SshIdentities *ret;
};

static void identity_deinit(SshIdentity *identity)
{
        free(identity->name);
        ssh_key_free(identity->key);
        free(identity->shown);
        free(identity->signer);
        free(identity->path);
}

void ssh_identities_deinit(SshIdentities *identities)
{
        for (size_t i = 0; i < identities->n; i++)
                identity_deinit(&identities->all[i]);
        identities->n = 0;
}

/* Takes it, or frees it where there is no room: there are more than a host would let one try. */
static void add(SshIdentities *to, SshIdentity identity)
{
        if (to->n == SSH_IDENTITIES_MAX)
                identity_deinit(&identity);
        else
                to->all[to->n++] = identity;
}

static bool is_complete(const SshIdentity *identity, bool has_path)
{
        return identity->name && (!identity->key || identity->shown) &&
               (!has_path || identity->path);
}

/* libssh reads the public half of a key file, also of an encrypted one; but it would wait for ever
 * for the writer of a pipe. */
static ssh_key load_public(const char *path)
{
        ssh_key key = NULL;
        struct stat st;

        if (stat(path, &st) || !S_ISREG(st.st_mode) || ssh_pki_import_pubkey_file(path, &key))
                return NULL;
        return key;
}

static ssh_key load_suffixed(const char *path, const char *suffix)
{
        CLEANUP(freep) char *name = NULL;

        if (asprintf(&name, "%s%s", path, suffix) < 0)
                name = NULL;
        return name ? load_public(name) : NULL;
}

/* In base64. NULL: out of memory. */
static char *text_of(ssh_key key)
{
        char *exported = NULL, *text = NULL;

        if (!ssh_pki_export_pubkey_base64(key, &exported))
                text = strdup(exported);
        ssh_string_free_char(exported);
        return text;
}

static bool is_certificate(const char *text)
{
        CLEANUP(freep) char *plain = NULL;

        return text && !ssh_blob_plain(text, &plain);
}

static SshIdentity identity_of(const char *name, ssh_key key, const char *path)
{
        SshIdentity identity = { .name = strdup(name), .key = key };

        identity.shown = key ? text_of(key) : NULL;
        identity.path = path ? strdup(path) : NULL;
        identity.is_certificate = is_certificate(identity.shown);
        return identity;
}

static bool ends_in_pub(const char *path)
{
        size_t n = strlen(path);

        return n > 4 && !strcmp(path + n - 4, ".pub");
}

/* A key file; and where the settings name no certificates, the one that lies beside it. One whose
 * name ends in .pub stands for a key of the agent. */
static int look_at_file(Search *search, const char *path)
{
        const char *private = ends_in_pub(path) ? NULL : path;
        ssh_key key = load_suffixed(path, ".pub");
        SshIdentity identity = identity_of(path, key ? key : load_public(path), private);

        if (!is_complete(&identity, private)) {
                identity_deinit(&identity);
                return -ENOMEM;
        }
        if (private || identity.key)
                add(&search->files, identity);
        else
                identity_deinit(&identity);
        key = search->settings->certificates.n ? NULL : load_suffixed(path, "-cert.pub");
        if (!key)
                return 0;
        identity = identity_of(path, key, private);
        if (!is_complete(&identity, private)) {
                identity_deinit(&identity);
                return -ENOMEM;
        }
        add(&search->files, identity);
        return 0;
}

/* Whose path is that of the key file that it is for, if there is one. */
static int look_at_certificate(Search *search, const char *path)
{
        CLEANUP(freep) char *plain = NULL;
        SshIdentity identity = identity_of(path, load_public(path), NULL);

        if (!identity.shown || ssh_blob_plain(identity.shown, &plain)) {
                ssh_identity_note(search->unusable, path, "no certificate that can be read");
                identity_deinit(&identity);
                return 0;
        }
        for (size_t i = 0; i < search->files.n && !identity.path; i++) {
                const SshIdentity *file = &search->files.all[i];

                if (file->shown && file->path && !strcmp(file->shown, plain))
                        identity.path = strdup(file->path);
        }
        if (!is_complete(&identity, false)) {
                identity_deinit(&identity);
                return -ENOMEM;
        }
        add(&search->certificates, identity);
        return 0;
}

/* -- what the agent has ------------------------------------------------------------------------ */

static void know(Search *search, const SshIdentities *identities)
{
        for (size_t i = 0; i < identities->n; i++) {
                const SshIdentity *identity = &identities->all[i];
                CLEANUP(freep) char *plain = NULL;

                /* Above the limit of the list, a key of the agent's stands among its others. */
                if (identity->shown && ssh_names_add(&search->known, identity->shown))
                        return;
                if (identity->is_certificate && !ssh_blob_plain(identity->shown, &plain) &&
                    ssh_names_add(&search->known, plain))
                        return;
        }
}

/* The agent may have the very thing that is offered, or else the key of the certificate. */
static int find_signer(const Search *search, SshIdentity *identity)
{
        CLEANUP(freep) char *plain = NULL;
        const char *signer = NULL;

        if (!identity->shown)
                return 0;
        if (ssh_names_have(&search->agent, identity->shown))
                signer = identity->shown;
        else if (identity->is_certificate && !ssh_blob_plain(identity->shown, &plain) &&
                 ssh_names_have(&search->agent, plain))
                signer = plain;
        if (!signer)
                return 0;
        identity->signer = strdup(signer);
        return identity->signer ? 0 : -ENOMEM;
}

static int find_signers(const Search *search, SshIdentities *identities)
{
        int r = 0;

        for (size_t i = 0; !r && i < identities->n; i++)
                r = find_signer(search, &identities->all[i]);
        return r;
}

static void ask_agent(Search *search, const SshWatch *watch)
{
        if (!search->settings->agent)
                return;
        know(search, &search->certificates);
        know(search, &search->files);
        if (ssh_agent_list(search->settings, watch, &search->known, &search->agent, NULL))
                ssh_identity_note(search->unusable, "those of the agent",
                                  "nobody answers at its socket");
}

/* -- in order ---------------------------------------------------------------------------------- */

/* The one of the files that is this very key of the agent's, if it is not yet in the list. */
static SshIdentity *find_file(Search *search, const char *text)
{
        for (size_t i = 0; i < search->files.n; i++) {
                SshIdentity *file = &search->files.all[i];

                if (file->shown && !strcmp(file->shown, text))
                        return file;
        }
        return NULL;
}

static void take(Search *search, SshIdentity *identity)
{
        add(search->ret, *identity);
        *identity = (SshIdentity){ 0 };
}

static void take_certificates(Search *search)
{
        for (size_t i = 0; i < search->certificates.n; i++) {
                SshIdentity *certificate = &search->certificates.all[i];

                if (certificate->signer || certificate->path)
                        take(search, certificate);
                else
                        ssh_identity_note(search->unusable, certificate->name,
                                          "a certificate without its private key");
        }
}

/* libssh ends its list of an agent's keys at the first of a type that it does not know. */
static bool is_known_type(const char *text)
{
        char type[64];

        return !ssh_blob_type(text, type, sizeof(type)) &&
               ssh_key_type_from_name(type) != SSH_KEYTYPE_UNKNOWN;
}

/* Keys of the agent in its order, of which those that the settings name come first already. */
static int take_agent(Search *search)
{
        for (size_t i = 0; i < search->agent.n; i++) {
                const char *text = search->agent.names[i];
                SshIdentity *file = find_file(search, text);
                SshIdentity own = { 0 };

                if (file) {
                        take(search, file);
                        continue;
                }
                if (search->settings->is_identities_only)
                        continue; /* the key of a certificate */
                if (!is_known_type(text)) {
                        ssh_identity_note(search->unusable, "one of the agent",
                                          "of a type that libssh does not know");
                        continue;
                }
                own = (SshIdentity){ .shown = strdup(text), .signer = strdup(text) };
                add(search->ret, own);
                if (!own.shown || !own.signer)
                        return -ENOMEM;
        }
        return 0;
}

static int find_all(Search *search, const SshWatch *watch)
{
        const SshSettings *settings = search->settings;
        int r = 0;

        for (size_t i = 0; !r && i < settings->identities.n; i++)
                r = look_at_file(search, settings->identities.names[i]);
        for (size_t i = 0; !r && i < settings->certificates.n; i++)
                r = look_at_certificate(search, settings->certificates.names[i]);
        if (r)
                return r;
        ask_agent(search, watch);
        r = find_signers(search, &search->certificates);
        r = r ? r : find_signers(search, &search->files);
        if (r)
                return r;
        take_certificates(search);
        r = take_agent(search);
        for (size_t i = 0; !r && i < search->files.n; i++) {
                if (search->files.all[i].signer || search->files.all[i].path)
                        take(search, &search->files.all[i]);
        }
        return r;
}

pyrope_status ssh_identities_find(const SshSettings *settings, const SshWatch *watch,
                                  SshIdentities *ret, Buffer *unusable, pyrope_error **error)
{
        Search *search = calloc(1, sizeof(*search));
        int r = -ENOMEM;

        if (search) {
                search->settings = settings;
                search->unusable = unusable;
                search->ret = ret;
                r = find_all(search, watch);
                ssh_identities_deinit(&search->files);
                ssh_identities_deinit(&search->certificates);
                ssh_names_deinit(&search->known);
                ssh_names_deinit(&search->agent);
                free(search);
        }
        return r ? error_nomem(error) : PYROPE_OK;
}
