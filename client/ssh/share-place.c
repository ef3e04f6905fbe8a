/* SPDX-License-Identifier: MIT */

#include "client/ssh/share-place.h"

#include "base/buffer.h"
#include "client/ssh/scan.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define KEY_MAX_BYTES 8000u /* as a text of ssh/share-message.h */

/* What ssh and we take from the environment by ourselves, for a session. */
static const char *const variables[] = { "HOME", "SSH_AUTH_SOCK", "KRB5CCNAME" };

/* With its length, so that no value looks like the line of another variable. */
static int add_variable(Buffer *key, const char *name)
{
        const char *value = getenv(name);

        return value ? buffer_append_printf(key, "%s=%zu:%s\n", name, strlen(value), value)
                     : buffer_append_printf(key, "%s\n", name);
}

static int add_variables(Buffer *key)
{
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(variables) && !r; i++)
                r = add_variable(key, variables[i]);
        return r;
}

/* The ssh that would be run: the first one in $PATH. */
static int add_program(Buffer *key)
{
        const char *search = getenv("PATH");
        char path[PATH_MAX];

        for (const char *at = search; at && *at;) {
                int n_dir = (int)strcspn(at, ":");

                (void)snprintf(path, sizeof(path), "%.*s/ssh", n_dir, at);
                if (access(path, X_OK) == 0)
                        return buffer_append_printf(key, "ssh=%s\n", path);
                at += n_dir + (at[n_dir] == ':');
        }
        return buffer_append_printf(key, "ssh=\n");
}

/* The files as they are now, and what they name of the environment. */
static int add_configuration(Buffer *key, const char *config_file)
{
        CLEANUP(ssh_scan_deinit) SshScan scan = SSH_SCAN_INIT;
        int r = ssh_scan(config_file, &scan);

        if (!r)
                r = buffer_append_printf(key, "config=%s\nfiles=%016llx\n",
                                         config_file ? config_file : "",
                                         (unsigned long long)scan.files);
        for (size_t i = 0; i < scan.variables.n && !r; i++)
                r = add_variable(key, scan.variables.names[i]);
        return r;
}

/* FNV-1a. The agent compares the whole key, so two equal hashes do no harm. */
static uint64_t hash(const Buffer *key)
{
        uint64_t h = 0xcbf29ce484222325u;

        for (size_t i = 0; i < key->n; i++)
                h = (h ^ key->data[i]) * 0x100000001b3u;
        return h;
}

static int copy_absolute(const char *path, char **ret)
{
        char here[PATH_MAX];

        if (path[0] == '/')
                *ret = strdup(path);
        else if (!getcwd(here, sizeof(here)))
                return -errno;
        else if (asprintf(ret, "%s/%s", here, path) < 0)
                *ret = NULL;
        return *ret ? 0 : -ENOMEM;
}

int ssh_share_place_init(const char *config_file, SshBackend backend, SshSharePlace *ret)
{
        CLEANUP(ssh_share_place_deinit) SshSharePlace place = { .backend = backend };
        CLEANUP(buffer_deinit) Buffer key = BUFFER_INIT(KEY_MAX_BYTES);
        int r = 0;

        if (config_file)
                r = copy_absolute(config_file, &place.config_file);
        r = r ? r : add_variables(&key);
        r = r ? r : add_program(&key);
        r = r ? r : add_configuration(&key, place.config_file);
        r = r ? r : buffer_append_printf(&key, "backend=%s\n", ssh_backend_name(backend));
        if (r)
                return r;
        (void)snprintf(place.name, sizeof(place.name), SSH_SHARE_PREFIX "%016llx" SSH_SHARE_SUFFIX,
                       (unsigned long long)hash(&key));
        place.key = strdup((const char *)key.data);
        if (!place.key)
                return -ENOMEM;
        *ret = place;
        place = (SshSharePlace){ 0 };
        return 0;
}

void ssh_share_place_deinit(SshSharePlace *place)
{
        free(place->config_file);
        free(place->key);
        *place = (SshSharePlace){ 0 };
}
