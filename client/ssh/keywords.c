/* SPDX-License-Identifier: MIT */

#include "client/ssh/keywords.h"

#include "base/text.h"
#include "client/ssh/expand.h"
#include "client/ssh/socket.h"
#include "proto/uri.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define METHODS "publickey,keyboard-interactive,password"

#define BATCH_INTERVAL_S 300u

typedef struct Reading Reading;
typedef struct Keyword Keyword;

struct Reading {
        SshSettings *settings;
        const char *defaults;
        pyrope_error **error;
        const char *agent;           /* IdentityAgent; NULL if not set */
        const char *host_key_alias;  /* NULL if not set */
        const char *jump;            /* NULL if not set */
        const char *user_known;      /* paths with blanks between them */
        const char *global_known;    /* the same */
        const char *preferred;       /* names of methods, with commas; NULL: all */
        bool is_off[SSH_METHODS_N];  /* methods that are not to be tried */
        SshNames identities_unready; /* not yet expanded; borrowed from the text */
        SshNames certificates_unready;
};

struct Keyword {
        const char *name;
        pyrope_status (*take)(Reading *reading, const Keyword *keyword, char *value);
        size_t offset;       /* of the member of SshSettings or Reading that it fills */
        const char *allowed; /* take_unsupported: the one value that is supported */
};

static pyrope_status take_string(Reading *reading, const Keyword *keyword, char *value)
{
        char **member = (char **)((char *)reading->settings + keyword->offset);

        if (!strcasecmp(value, "none"))
                return PYROPE_OK;
        free(*member);
        *member = strdup(value);
        if (!*member)
                return error_nomem(reading->error);
        return PYROPE_OK;
}

/* Whether the defaults have the same line; the value stands at the end of "keyword value". */
static bool is_default(const Reading *reading, const char *name, const char *value)
{
        size_t n_name = strlen(name), n_value = strlen(value);
        const char *line = reading->defaults;

        while (line && *line) {
                if (!strncmp(line, name, n_name) && line[n_name] == ' ' &&
                    !strncmp(line + n_name + 1, value, n_value) &&
                    (line[n_name + 1 + n_value] == '\n' || !line[n_name + 1 + n_value]))
                        return true;
                line = strchr(line, '\n');
                line = line ? line + 1 : NULL;
        }
        return false;
}

static pyrope_status take_algorithms(Reading *reading, const Keyword *keyword, char *value)
{
        return is_default(reading, keyword->name, value) ? PYROPE_OK
                                                         : take_string(reading, keyword, value);
}

static pyrope_status take_port(Reading *reading, const Keyword *keyword, char *value)
{
        int64_t port;

        if (text_parse_int64(value, 1, UINT16_MAX, &port))
                return error_set(reading->error, PYROPE_E_CONFIG, "%s: Port %s is not 1 to 65535",
                                 reading->settings->target, value);
        reading->settings->port = (uint16_t)port;
        (void)keyword;
        return PYROPE_OK;
}

static pyrope_status take_family(Reading *reading, const Keyword *keyword, char *value)
{
        reading->settings->family = !strcmp(value, "inet")    ? AF_INET
                                    : !strcmp(value, "inet6") ? AF_INET6
                                                              : AF_UNSPEC;
        (void)keyword;
        return PYROPE_OK;
}

static pyrope_status take_connect_timeout(Reading *reading, const Keyword *keyword, char *value)
{
        int64_t seconds;

        if (!text_parse_int64(value, 1, INT_MAX / 1000, &seconds))
                reading->settings->connect_timeout_ms = (int)seconds * 1000;
        (void)keyword;
        return PYROPE_OK; /* "none" */
}

static pyrope_status take_count(Reading *reading, const Keyword *keyword, char *value)
{
        int64_t count;

        if (!text_parse_int64(value, 0, INT_MAX, &count))
                *(unsigned *)((char *)reading->settings + keyword->offset) = (unsigned)count;
        return PYROPE_OK;
}

static pyrope_status take_rsa_bits(Reading *reading, const Keyword *keyword, char *value)
{
        int64_t bits;

        if (!is_default(reading, keyword->name, value) &&
            !text_parse_int64(value, 1, INT_MAX, &bits))
                reading->settings->rsa_min_bits = (int)bits;
        return PYROPE_OK;
}

static pyrope_status take_flag(Reading *reading, const Keyword *keyword, char *value)
{
        bool *member = (bool *)((char *)reading->settings + keyword->offset);

        *member = !strcmp(value, "yes") || !strcmp(value, "true");
        return PYROPE_OK;
}

/* "unbound" and "host-bound" are a yes with conditions, which concern forwarded agents. */
static pyrope_status take_method(Reading *reading, const Keyword *keyword, char *value)
{
        bool *member = (bool *)((char *)reading + keyword->offset);

        *member = !strcmp(value, "no") || !strcmp(value, "false");
        return PYROPE_OK;
}

static pyrope_status take_prompts(Reading *reading, const Keyword *keyword, char *value)
{
        int64_t n;

        if (!text_parse_int64(value, 0, INT_MAX, &n))
                reading->settings->n_prompts = (int)n;
        (void)keyword;
        return PYROPE_OK;
}

static pyrope_status take_file(Reading *reading, const Keyword *keyword, char *value)
{
        SshNames *names = (SshNames *)((char *)reading + keyword->offset);

        if (!strcasecmp(value, "none"))
                return PYROPE_OK;
        if (names->n == SSH_NAMES_MAX)
                return error_set(reading->error, PYROPE_E_CONFIG, "%s: more than %u %s settings",
                                 reading->settings->target, SSH_NAMES_MAX, keyword->name);
        names->names[names->n++] = value;
        return PYROPE_OK;
}

/* Values that can only be expanded when all lines are known. */
static pyrope_status take_later(Reading *reading, const Keyword *keyword, char *value)
{
        *(const char **)((char *)reading + keyword->offset) = value;
        return PYROPE_OK;
}

static pyrope_status take_bind_address(Reading *reading, const Keyword *keyword, char *value)
{
        if (ssh_socket_is_address(value))
                return take_string(reading, keyword, value);
        return error_set(reading->error, PYROPE_E_CONFIG,
                         "%s: BindAddress %s: write the address itself in the SSH configuration",
                         reading->settings->target, value);
}

/* The second word is for sessions that no person sits at. */
static pyrope_status take_marks(Reading *reading, const Keyword *keyword, char *value)
{
        const char *blank = strchr(value, ' ');
        const char *word = blank ? blank + 1 : value;

        if (!is_default(reading, keyword->name, value) &&
            ssh_socket_parse_tos(word, &reading->settings->tos))
                return error_set(reading->error, PYROPE_E_CONFIG,
                                 "%s: IPQoS %s in the SSH configuration is not known here",
                                 reading->settings->target, word);
        return PYROPE_OK;
}

static pyrope_status take_keepalive(Reading *reading, const Keyword *keyword, char *value)
{
        reading->settings->is_keepalive_off = !strcmp(value, "no");
        (void)keyword;
        return PYROPE_OK;
}

static pyrope_status take_compression(Reading *reading, const Keyword *keyword, char *value)
{
        reading->settings->is_compressed = !strcmp(value, "yes");
        (void)keyword;
        return PYROPE_OK;
}

/* Bytes and seconds; 0 is ssh's own choice. */
static pyrope_status take_rekey_limit(Reading *reading, const Keyword *keyword, char *value)
{
        char *seconds = strchr(value, ' ');
        int64_t n_bytes, n_seconds;

        (void)keyword;
        if (seconds)
                *seconds++ = '\0';
        if (!seconds || text_parse_int64(value, 0, INT64_MAX, &n_bytes) ||
            text_parse_int64(seconds, 0, INT_MAX, &n_seconds))
                return error_set(reading->error, PYROPE_E_CONFIG,
                                 "%s: RekeyLimit %s is not bytes and seconds",
                                 reading->settings->target, value);
        reading->settings->rekey_bytes = (uint64_t)n_bytes;
        reading->settings->rekey_s = (uint32_t)n_seconds;
        return PYROPE_OK;
}

/* Neither done nor of any harm: it is said, by name. More than the list holds are not. */
static pyrope_status take_unhonoured(Reading *reading, const char *name, const char *value)
{
        CLEANUP(freep) char *line = NULL;
        int r;

        if (!reading->defaults || is_default(reading, name, value))
                return PYROPE_OK;
        if (asprintf(&line, "%s %s", name, value) < 0)
                line = NULL;
        r = line ? ssh_names_add(&reading->settings->unhonoured, line) : -ENOMEM;
        return r == -ENOMEM ? error_nomem(reading->error) : PYROPE_OK;
}

static pyrope_status note_unsupported(Reading *reading, const Keyword *keyword, const char *value)
{
        SshSettings *settings = reading->settings;

        if (settings->unsupported)
                return PYROPE_OK;
        if (asprintf(&settings->unsupported, "%s to %s", keyword->name, value) < 0) {
                settings->unsupported = NULL;
                return error_nomem(reading->error);
        }
        return PYROPE_OK;
}

static pyrope_status take_unsupported(Reading *reading, const Keyword *keyword, char *value)
{
        if (keyword->allowed && !strcasecmp(value, keyword->allowed))
                return PYROPE_OK;
        return note_unsupported(reading, keyword, value);
}

/* Who logs in by Kerberos first has no other way, or does not want it. */
static pyrope_status take_preferred(Reading *reading, const Keyword *keyword, char *value)
{
        pyrope_status status = take_later(reading, keyword, value);

        if (!status && !strncasecmp(value, "gssapi", strlen("gssapi")))
                status = note_unsupported(reading, keyword, value);
        return status;
}

#define SETTING(member) offsetof(SshSettings, member)
#define LATER(member)   offsetof(Reading, member)

static const Keyword keywords[] = {
        { "hostname", take_string, SETTING(host_name) },
        { "user", take_string, SETTING(user) },
        { "port", take_port },
        { "addressfamily", take_family },
        { "connecttimeout", take_connect_timeout },
        { "serveraliveinterval", take_count, SETTING(alive_interval_s) },
        { "serveralivecountmax", take_count, SETTING(n_alive_max) },
        { "proxycommand", take_string, SETTING(proxy_command) },
        { "proxyjump", take_later, LATER(jump) },
        { "controlpath", take_string, SETTING(control_path) },
        { "hostkeyalias", take_later, LATER(host_key_alias) },
        { "userknownhostsfile", take_later, LATER(user_known) },
        { "globalknownhostsfile", take_later, LATER(global_known) },
        { "identityfile", take_file, LATER(identities_unready) },
        { "certificatefile", take_file, LATER(certificates_unready) },
        { "identitiesonly", take_flag, SETTING(is_identities_only) },
        { "identityagent", take_later, LATER(agent) },
        { "bindaddress", take_bind_address, SETTING(bind_address) },
        { "bindinterface", take_string, SETTING(bind_interface) },
        { "ipqos", take_marks },
        { "tcpkeepalive", take_keepalive },
        { "compression", take_compression },
        { "rekeylimit", take_rekey_limit },
        { "requiredrsasize", take_rsa_bits },
        { "preferredauthentications", take_preferred, LATER(preferred) },
        { "pubkeyauthentication", take_method, LATER(is_off[SSH_METHOD_PUBLICKEY]) },
        { "kbdinteractiveauthentication", take_method, LATER(is_off[SSH_METHOD_INTERACTIVE]) },
        { "passwordauthentication", take_method, LATER(is_off[SSH_METHOD_PASSWORD]) },
        { "numberofpasswordprompts", take_prompts },
        { "batchmode", take_flag, SETTING(is_batch) },
        { "stricthostkeychecking", take_flag, SETTING(is_host_key_strict) },
        { "hashknownhosts", take_flag, SETTING(is_hiding_host_name) },
        { "ciphers", take_algorithms, SETTING(ciphers) },
        { "macs", take_algorithms, SETTING(macs) },
        { "kexalgorithms", take_algorithms, SETTING(key_exchanges) },
        { "hostkeyalgorithms", take_algorithms, SETTING(host_key_algorithms) },
        { "pubkeyacceptedalgorithms", take_algorithms, SETTING(public_key_algorithms) },
        /* Checks or ways that ssh would make or go, and libssh does not. */
        { "revokedhostkeys", take_unsupported, .allowed = "none" },
        { "knownhostscommand", take_unsupported, .allowed = "none" },
        { "proxyusefdpass", take_unsupported, .allowed = "no" },
};

/* What ssh has done itself once it answers, or what concerns sessions of persons, their forwarded
 * ports and what they see; and GSSAPI, which systems switch on for all their users. All that is in
 * neither list is not honoured. */
static const char *const not_ours[] = {
        "addkeystoagent",
        "canonicaldomains",
        "canonicalizefallbacklocal",
        "canonicalizehostname",
        "canonicalizemaxdots",
        "canonicalizepermittedcnames",
        "casignaturealgorithms",
        "clearallforwardings",
        "controlpath",
        "controlpersist",
        "dynamicforward",
        "enableescapecommandline",
        "enablesshkeysign",
        "escapechar",
        "exitonforwardfailure",
        "fingerprinthash",
        "forkafterauthentication",
        "forwardagent",
        "forwardx11",
        "forwardx11timeout",
        "forwardx11trusted",
        "gatewayports",
        "gssapiauthentication",
        "gssapiclientidentity",
        "gssapidelegatecredentials",
        "gssapikexalgorithms",
        "gssapikeyexchange",
        "gssapirenewalforcesrekey",
        "gssapiserveridentity",
        "gssapitrustdns",
        "host",
        "hostbasedacceptedalgorithms",
        "ignoreunknown",
        "localcommand",
        "localforward",
        "loglevel",
        "logverbose",
        "obscurekeystroketiming",
        "permitlocalcommand",
        "permitremoteopen",
        "remotecommand",
        "remoteforward",
        "requesttty",
        "sendenv",
        "sessiontype",
        "setenv",
        "stdinnull",
        "streamlocalbindmask",
        "streamlocalbindunlink",
        "syslogfacility",
        "tag",
        "tunnel",
        "tunneldevice",
        "updatehostkeys",
        "visualhostkey",
        "xauthlocation",
};

bool ssh_keywords_are_ours(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(not_ours); i++) {
                if (!strcasecmp(name, not_ours[i]))
                        return false;
        }
        return true;
}

static pyrope_status take_line(Reading *reading, char *line)
{
        char *value = strchr(line, ' ');

        if (!value)
                return PYROPE_OK;
        *value++ = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
                if (!strcmp(line, keywords[i].name))
                        return keywords[i].take(reading, &keywords[i], value);
        }
        return ssh_keywords_are_ours(line) ? take_unhonoured(reading, line, value) : PYROPE_OK;
}

static pyrope_status add_path(Reading *reading, const SshTokens *tokens, const char *what,
                              const char *path, SshNames *names)
{
        pyrope_status status;

        if (names->n == SSH_NAMES_MAX)
                return error_set(reading->error, PYROPE_E_CONFIG, "%s: more than %u files in %s",
                                 reading->settings->target, SSH_NAMES_MAX, what);
        status = ssh_expand_path(tokens, what, path, &names->names[names->n], reading->error);
        if (!status)
                names->n++;
        return status;
}

/* ssh -G writes the paths with blanks between them, unquoted: one that has a blank itself shows by
 * a part that is not absolute. */
static pyrope_status add_known_hosts(Reading *reading, const SshTokens *tokens, const char *what,
                                     const char *paths, SshNames *names)
{
        CLEANUP(freep) char *copy = strdup(paths ? paths : "");
        pyrope_status status;
        char *rest = copy, *path;

        if (!copy)
                return error_nomem(reading->error);
        while ((path = strsep(&rest, " "))) {
                if (!path[0] || !strcasecmp(path, "none"))
                        continue;
                status = add_path(reading, tokens, what, path, names);
                if (status)
                        return status;
                if (names->names[names->n - 1][0] != '/')
                        return error_set(reading->error, PYROPE_E_CONFIG,
                                         "%s: %s %s: a path with a blank, or not absolute",
                                         reading->settings->target, what, paths);
        }
        return PYROPE_OK;
}

static pyrope_status find_agent(Reading *reading, const SshTokens *tokens)
{
        const char *said = reading->agent ? reading->agent : "SSH_AUTH_SOCK";
        const char *path = NULL;

        if (!strcasecmp(said, "none"))
                return PYROPE_OK;
        if (!strcmp(said, "SSH_AUTH_SOCK"))
                path = getenv("SSH_AUTH_SOCK");
        else if (said[0] == '$' && said[1] != '{')
                path = getenv(said + 1);
        else
                return ssh_expand_path(tokens, "IdentityAgent", said, &reading->settings->agent,
                                       reading->error);
        if (!path || !path[0])
                return PYROPE_OK;
        reading->settings->agent = strdup(path);
        return reading->settings->agent ? PYROPE_OK : error_nomem(reading->error);
}

static pyrope_status set_known_as(Reading *reading)
{
        SshSettings *settings = reading->settings;
        const char *known_as = reading->host_key_alias;

        if (!settings->host_name || !settings->user || !settings->port)
                return error_set(reading->error, PYROPE_E_CONFIG,
                                 "%s: ssh -G told no host name, user or port", settings->target);
        if (strlen(known_as ? known_as : settings->host_name) > URI_HOST_MAX_BYTES)
                return error_set(reading->error, PYROPE_E_CONFIG,
                                 "%s: its name among the known hosts is longer than %u bytes",
                                 settings->target, URI_HOST_MAX_BYTES);
        settings->known_as = strdup(known_as ? known_as : settings->host_name);
        settings->known_port = known_as ? 22 : settings->port;
        return settings->known_as ? PYROPE_OK : error_nomem(reading->error);
}

static pyrope_status set_jump(Reading *reading, const SshTokens *tokens)
{
        CLEANUP(freep) char *expanded = NULL;
        SshSettings *settings = reading->settings;
        pyrope_status status;

        if (!reading->jump)
                return PYROPE_OK;
        status = ssh_expand_command(tokens, "ProxyJump", reading->jump, &expanded, reading->error);
        if (status)
                return status;
        settings->proxy_jump = ssh_target_plain_way(expanded);
        if (!settings->proxy_jump)
                return error_nomem(reading->error);
        if (!uri_is_ssh_way(settings->proxy_jump))
                return error_set(reading->error, PYROPE_E_CONFIG,
                                 "%s: ProxyJump %s: is not up to %u [user@]host[:port] with ',' "
                                 "between them",
                                 settings->target, expanded, URI_SSH_HOPS_MAX);
        return PYROPE_OK;
}

static pyrope_status set_label(Reading *reading)
{
        SshSettings *settings = reading->settings;
        const char *jump = settings->proxy_jump;
        const char *comma = strrchr(settings->target, ',');

        if (asprintf(&settings->name, "%s%s%s", comma ? comma + 1 : settings->target,
                     jump ? " via " : "", jump ? jump : "") < 0)
                settings->name = NULL;
        if (!settings->name || asprintf(&settings->label, "%s (%s@%s port %u)", settings->name,
                                        settings->user, settings->host_name, settings->port) < 0) {
                settings->label = NULL;
                return error_nomem(reading->error);
        }
        return PYROPE_OK;
}

/* Methods of other names are ssh's, too, but not ours. */
static void add_method(SshSettings *settings, const Reading *reading, const char *name)
{
        for (SshMethod method = 0; method < SSH_METHODS_N; method++) {
                if (!strcmp(name, ssh_method_name(method)) && !reading->is_off[method] &&
                    settings->n_methods < SSH_METHODS_N)
                        settings->methods[settings->n_methods++] = method;
        }
}

static pyrope_status set_methods(Reading *reading)
{
        CLEANUP(freep) char *names = strdup(reading->preferred ? reading->preferred : METHODS);
        char *rest = names, *name;

        if (!names)
                return error_nomem(reading->error);
        while ((name = strsep(&rest, ",")))
                add_method(reading->settings, reading, name);
        return PYROPE_OK;
}

static pyrope_status expand_files(Reading *reading, const SshTokens *tokens, const char *what,
                                  const SshNames *files, SshNames *ret)
{
        pyrope_status status = PYROPE_OK;

        for (size_t i = 0; !status && i < files->n; i++)
                status = add_path(reading, tokens, what, files->names[i], ret);
        return status;
}

static pyrope_status expand_all(Reading *reading)
{
        SshSettings *settings = reading->settings;
        const SshTokens tokens = ssh_settings_tokens(settings);
        pyrope_status status;

        status = expand_files(reading, &tokens, "IdentityFile", &reading->identities_unready,
                              &settings->identities);
        if (!status)
                status = expand_files(reading, &tokens, "CertificateFile",
                                      &reading->certificates_unready, &settings->certificates);
        if (!status)
                status = add_known_hosts(reading, &tokens, "UserKnownHostsFile",
                                         reading->user_known, &settings->user_known_hosts);
        if (!status)
                status = add_known_hosts(reading, &tokens, "GlobalKnownHostsFile",
                                         reading->global_known, &settings->global_known_hosts);
        if (!status)
                status = set_jump(reading, &tokens);
        return status ? status : find_agent(reading, &tokens);
}

/* With BatchMode, Debian's ssh sets the interval if the user does not: that is none of his. */
static void forget_batch_interval(SshSettings *settings)
{
        if (settings->is_batch && settings->alive_interval_s == BATCH_INTERVAL_S)
                settings->alive_interval_s = 0;
}

pyrope_status ssh_keywords_parse(char *text, const char *defaults, SshSettings *ret,
                                 pyrope_error **error)
{
        Reading reading = { .settings = ret, .defaults = defaults, .error = error };
        pyrope_status status = PYROPE_OK;
        char *line;

        while (!status && (line = strsep(&text, "\n")))
                status = take_line(&reading, line);
        forget_batch_interval(ret);
        if (!status)
                status = set_methods(&reading);
        if (!status)
                status = set_known_as(&reading);
        if (!status)
                status = expand_all(&reading);
        return status ? status : set_label(&reading);
}
