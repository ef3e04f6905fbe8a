/* SPDX-License-Identifier: MIT */

#include "client/ssh-fallback.h"

#include "client/ssh-expand.h"

#include <errno.h>
#include <libssh/libssh.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SYSTEM_CONFIG "/etc/ssh/ssh_config"

/* What libssh passes over, needs ssh itself for, or reads without telling what. */
static const char *const unknown_here[] = {
        "addressfamily",
        "bindaddress",
        "bindinterface",
        "canonicalizehostname",
        "certificatefile",
        "ciphers",
        "hostkeyalgorithms",
        "hostkeyalias",
        "identitiesonly",
        "identityagent",
        "include",
        "kexalgorithms",
        "knownhostscommand",
        "macs",
        "proxyjump",
        "proxyusefdpass",
        "pubkeyacceptedalgorithms",
        "pubkeyauthentication",
        "requiredrsasize",
        "revokedhostkeys",
};

static pyrope_status check_line(const SshSettings *settings, const char *path, const char *line,
                                pyrope_error **error)
{
        const char *word = line + strspn(line, " \t");
        size_t n = strcspn(word, " \t=\r\n");

        for (size_t i = 0; i < ARRAY_SIZE(unknown_here); i++) {
                if (n == strlen(unknown_here[i]) && !strncasecmp(word, unknown_here[i], n))
                        return error_set(error, PYROPE_E_CONFIG,
                                         "%s: %.*s in %s means nothing without the program ssh; "
                                         "install openssh-client",
                                         settings->target, (int)n, word, path);
        }
        return PYROPE_OK;
}

static pyrope_status check_file(const SshSettings *settings, const char *path, pyrope_error **error)
{
        CLEANUP(freep) char *line = NULL;
        pyrope_status status = PYROPE_OK;
        FILE *file = fopen(path, "re");
        size_t n_line = 0;

        if (!file && errno == ENOENT && !settings->config_file)
                return PYROPE_OK;
        if (!file)
                return error_set(error, PYROPE_E_CONFIG, "%s: %s: %s", settings->target, path,
                                 strerror(errno));
        while (!status && getline(&line, &n_line, file) >= 0)
                status = check_line(settings, path, line, error);
        (void)fclose(file);
        return status;
}

static pyrope_status check_files(const SshSettings *settings, pyrope_error **error)
{
        CLEANUP(freep) char *home = NULL;
        CLEANUP(freep) char *path = NULL;
        pyrope_status status;

        if (settings->config_file)
                return check_file(settings, settings->config_file, error);
        home = ssh_expand_home();
        if (asprintf(&path, "%s/.ssh/config", home ? home : "") < 0) {
                path = NULL;
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        }
        status = check_file(settings, path, error);
        return status ? status : check_file(settings, SYSTEM_CONFIG, error);
}

static void session_freep(ssh_session *session)
{
        ssh_free(*session);
}

static void string_freep(char **text)
{
        ssh_string_free_char(*text);
}

/* "keyword value", or the value given for what libssh has none. */
static int append(ssh_session session, Buffer *answer, const char *keyword,
                  enum ssh_options_e option, const char *otherwise)
{
        CLEANUP(string_freep) char *value = NULL;
        const char *said = ssh_options_get(session, option, &value) ? otherwise : value;

        if (!said)
                return 0;
        /* To libssh %d is ~/.ssh, to ssh the home directory. */
        if (!strncmp(said, "%d/", 3))
                return buffer_append_printf(answer, "%s ~/.ssh/%s\n", keyword, said + 3);
        return buffer_append_printf(answer, "%s %s\n", keyword, said);
}

/* If neither the target nor the configuration names one, it is the local user. */
static bool has_user(ssh_session session)
{
        CLEANUP(string_freep) char *user = NULL;

        return !ssh_options_get(session, SSH_OPTIONS_USER, &user);
}

static int append_all(ssh_session session, const SshTarget *typed, Buffer *answer)
{
        unsigned port = 22;
        int r;

        if (typed->port)
                port = typed->port;
        else
                (void)ssh_options_get_port(session, &port);
        r = buffer_append_printf(answer, "port %u\n", port);
        r = r ? r : append(session, answer, "hostname", SSH_OPTIONS_HOST, NULL);
        r = r ? r : append(session, answer, "user", SSH_OPTIONS_USER, NULL);
        r = r ? r : append(session, answer, "proxycommand", SSH_OPTIONS_PROXYCOMMAND, NULL);
        r = r ? r : append(session, answer, "identityfile", SSH_OPTIONS_IDENTITY, NULL);
        r = r ? r
              : append(session, answer, "userknownhostsfile", SSH_OPTIONS_KNOWNHOSTS,
                       "~/.ssh/known_hosts");
        return r ? r
                 : append(session, answer, "globalknownhostsfile", SSH_OPTIONS_GLOBAL_KNOWNHOSTS,
                          "/etc/ssh/ssh_known_hosts");
}

pyrope_status ssh_fallback_ask(const SshSettings *settings, Buffer *answer, pyrope_error **error)
{
        CLEANUP(session_freep) ssh_session session = ssh_new();
        const SshTarget *typed = &settings->typed;
        pyrope_status status;
        int r;

        status = check_files(settings, error);
        if (status)
                return status;
        if (!session || ssh_options_set(session, SSH_OPTIONS_HOST, typed->host) ||
            (typed->user && ssh_options_set(session, SSH_OPTIONS_USER, typed->user)))
                return error_set(error, PYROPE_E_CONFIG, "%s: libssh takes no such host or user",
                                 settings->target);
        r = ssh_options_parse_config(session, settings->config_file);
        (void)ssh_set_log_level(SSH_LOG_NOLOG); /* a LogLevel there would have libssh talk to us */
        if (r)
                return error_set(error, PYROPE_E_CONFIG, "%s: libssh refuses the configuration: %s",
                                 settings->target, ssh_get_error(session));
        if (!has_user(session) && ssh_options_set(session, SSH_OPTIONS_USER, NULL))
                return error_set(error, PYROPE_E_CONFIG, "%s: who you are is not known",
                                 settings->target);
        if (append_all(session, typed, answer))
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        return PYROPE_OK;
}
