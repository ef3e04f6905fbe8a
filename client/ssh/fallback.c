/* SPDX-License-Identifier: MIT */

#include "client/ssh/fallback.h"

#include "client/ssh/expand.h"
#include "client/ssh/free.h"
#include "client/ssh/keywords.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SYSTEM_CONFIG "/etc/ssh/ssh_config"
#define WORD_ENDS     " \t\r\n"

/* What libssh reads, and tells us; and what cannot matter, for StrictHostKeyChecking weakens
 * nothing here, and nobody is asked anything. */
static const char *const known_here[] = {
        "batchmode",
        "globalknownhostsfile",
        "hashknownhosts",
        "host",
        "hostname",
        "identityfile",
        "kbdinteractiveauthentication",
        "numberofpasswordprompts",
        "passwordauthentication",
        "port",
        "proxycommand",
        "stricthostkeychecking",
        "user",
        "userknownhostsfile",
};

/* What it passes over, needs ssh itself for, or reads without telling what; and where to do without
 * would be to go elsewhere, as somebody else, or with less care. */
static const char *const refused_here[] = {
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
        "preferredauthentications",
        "proxyjump",
        "proxyusefdpass",
        "pubkeyacceptedalgorithms",
        "pubkeyauthentication",
        "requiredrsasize",
        "revokedhostkeys",
};

/* The words of a Match that it judges as ssh does, each with one argument. */
static const char *const matches_here[] = { "host", "localuser", "user" };

static bool is_listed(const char *const list[], size_t n_list, const char *word)
{
        for (size_t i = 0; i < n_list; i++) {
                if (!strcasecmp(list[i], word))
                        return true;
        }
        return false;
}

static pyrope_status refuse(const SshSettings *settings, const char *path, const char *what,
                            const char *word, pyrope_error **error)
{
        return error_set(error, PYROPE_E_CONFIG,
                         "%s: %s%s in %s means nothing without the program ssh; install "
                         "openssh-client",
                         settings->target, what, word, path);
}

/* @words: what follows Match. */
static pyrope_status check_match(const SshSettings *settings, const char *path, char *words,
                                 pyrope_error **error)
{
        char *word;

        while ((word = strtok_r(NULL, WORD_ENDS, &words))) {
                if (!strcasecmp(word, "all"))
                        continue;
                if (!is_listed(matches_here, ARRAY_SIZE(matches_here), word + (word[0] == '!')))
                        return refuse(settings, path, "Match ", word, error);
                (void)strtok_r(NULL, WORD_ENDS, &words);
        }
        return PYROPE_OK;
}

/* Only said, by name: neither harm nor good. */
static pyrope_status note(SshSettings *settings, const char *path, const char *word,
                          pyrope_error **error)
{
        CLEANUP(freep) char *line = NULL;
        int r;

        if (asprintf(&line, "%s in %s", word, path) < 0)
                line = NULL;
        if (line && ssh_names_have(&settings->unhonoured, line))
                return PYROPE_OK;
        r = line ? ssh_names_add(&settings->unhonoured, line) : -ENOMEM;
        return r == -ENOMEM ? error_nomem(error) : PYROPE_OK;
}

static pyrope_status check_line(SshSettings *settings, const char *path, char *line,
                                pyrope_error **error)
{
        const char *word = strtok_r(line, WORD_ENDS "=\"", &line);

        if (!word || word[0] == '#')
                return PYROPE_OK;
        if (!strcasecmp(word, "match"))
                return check_match(settings, path, line, error);
        if (is_listed(refused_here, ARRAY_SIZE(refused_here), word))
                return refuse(settings, path, "", word, error);
        if (is_listed(known_here, ARRAY_SIZE(known_here), word) || !ssh_keywords_are_ours(word))
                return PYROPE_OK;
        return note(settings, path, word, error);
}

static pyrope_status check_file(SshSettings *settings, const char *path, pyrope_error **error)
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

static pyrope_status check_files(SshSettings *settings, pyrope_error **error)
{
        CLEANUP(freep) char *home = NULL;
        CLEANUP(freep) char *path = NULL;
        pyrope_status status;

        if (settings->config_file)
                return check_file(settings, settings->config_file, error);
        home = ssh_expand_home();
        if (asprintf(&path, "%s/.ssh/config", home ? home : "") < 0) {
                path = NULL;
                return error_nomem(error);
        }
        status = check_file(settings, path, error);
        return status ? status : check_file(settings, SYSTEM_CONFIG, error);
}

/* "keyword value", or the value given for what libssh has none. */
static int append(ssh_session session, Buffer *answer, const char *keyword,
                  enum ssh_options_e option, const char *otherwise)
{
        CLEANUP(ssh_text_freep) char *value = NULL;
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
        CLEANUP(ssh_text_freep) char *user = NULL;

        return !ssh_options_get(session, SSH_OPTIONS_USER, &user);
}

static int append_all(ssh_session session, const SshSettings *settings, Buffer *answer)
{
        const SshTarget *typed = &settings->typed;
        unsigned port = 22;
        int r;

        if (typed->port)
                port = typed->port;
        else
                (void)ssh_options_get_port(session, &port);
        /* Whether the configuration lets us ask is not told; so nobody is asked. */
        r = buffer_append_printf(answer, "port %u\nbatchmode yes\nstricthostkeychecking yes\n",
                                 port);
        r = r ? r : append(session, answer, "hostname", SSH_OPTIONS_HOST, NULL);
        r = r ? r : append(session, answer, "user", SSH_OPTIONS_USER, NULL);
        if (!r && settings->hops)
                r = buffer_append_printf(answer, "proxyjump %s\n", settings->hops);
        else if (!r)
                r = append(session, answer, "proxycommand", SSH_OPTIONS_PROXYCOMMAND, NULL);
        r = r ? r : append(session, answer, "identityfile", SSH_OPTIONS_IDENTITY, NULL);
        r = r ? r
              : append(session, answer, "userknownhostsfile", SSH_OPTIONS_KNOWNHOSTS,
                       "~/.ssh/known_hosts");
        return r ? r
                 : append(session, answer, "globalknownhostsfile", SSH_OPTIONS_GLOBAL_KNOWNHOSTS,
                          "/etc/ssh/ssh_known_hosts");
}

pyrope_status ssh_fallback_ask(SshSettings *settings, Buffer *answer, pyrope_error **error)
{
        CLEANUP(ssh_session_freep) ssh_session session = ssh_new();
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
        if (append_all(session, settings, answer))
                return error_nomem(error);
        return PYROPE_OK;
}
