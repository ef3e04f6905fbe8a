/* SPDX-License-Identifier: MIT */

#include "client/ssh/settings.h"

#include "base/log.h"
#include "client/ssh/defaults.h"
#include "client/ssh/fallback.h"
#include "client/ssh/keywords.h"
#include "client/ssh/run.h"
#include "proto/uri.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The hops and the last host of settings->target. */
static pyrope_status split_way(SshSettings *settings, pyrope_error **error)
{
        const char *comma = strrchr(settings->target, ',');

        if (!comma)
                return ssh_target_parse(settings->target, &settings->typed, error);
        if (!uri_is_ssh_way(settings->target))
                return error_set(error, PYROPE_E_INVALID,
                                 "%s: is not up to %u [user@]host[:port] with ',' between them",
                                 settings->target, URI_SSH_HOPS_MAX);
        settings->hops = strndup(settings->target, (size_t)(comma - settings->target));
        return settings->hops ? ssh_target_parse(comma + 1, &settings->typed, error)
                              : error_nomem(error);
}

/* -- asking ------------------------------------------------------------------------------------ */

/* Runs ssh -G; @run holds the answer. */
static pyrope_status ask(const char *config_file, const char *hops, const SshTarget *target,
                         const SshWatch *watch, SshRun *run, pyrope_error **error)
{
        const char *argv[14];
        char port[8];
        size_t n = 0;

        argv[n++] = "ssh";
        argv[n++] = "-GT";
        if (config_file) {
                argv[n++] = "-F";
                argv[n++] = config_file;
        }
        if (target->user) {
                argv[n++] = "-l";
                argv[n++] = target->user;
        }
        if (target->port) {
                (void)snprintf(port, sizeof(port), "%u", target->port);
                argv[n++] = "-p";
                argv[n++] = port;
        }
        if (hops) {
                argv[n++] = "-J";
                argv[n++] = hops;
        }
        argv[n++] = "--";
        argv[n++] = target->host;
        argv[n] = NULL;
        return ssh_run(argv, watch, run, error);
}

/* The same, for a program that is there; what it said tells why it does not answer. */
static pyrope_status check_answer(const SshTarget *target, const SshRun *run, pyrope_error **error)
{
        if (!run->exit_status && run->output.n)
                return PYROPE_OK;
        return error_set(error, PYROPE_E_CONFIG, "%s: ssh refuses its configuration: %.*s",
                         target->host, (int)strcspn((const char *)run->words.data, "\r\n"),
                         (const char *)run->words.data);
}

static pyrope_status read_by_ssh(const SshWatch *watch, SshDefaults *defaults, SshSettings *ret,
                                 SshRun *answer, pyrope_error **error)
{
        pyrope_status status;

        status = check_answer(&ret->typed, answer, error);
        if (!status)
                status = ssh_defaults_finish(defaults, watch, error);
        return status ? status
                      : ssh_keywords_parse((char *)answer->output.data, defaults->text, ret, error);
}

static pyrope_status read_by_libssh(SshSettings *ret, pyrope_error **error)
{
        CLEANUP(buffer_deinit) Buffer answer = BUFFER_INIT(SSH_RUN_OUTPUT_MAX_BYTES);
        pyrope_status status;

        status = ssh_fallback_ask(ret, &answer, error);
        return status ? status : ssh_keywords_parse((char *)answer.data, NULL, ret, error);
}

pyrope_status ssh_settings_read(const char *config_file, const char *target, const SshWatch *watch,
                                SshSettings *ret, pyrope_error **error)
{
        CLEANUP(ssh_defaults_deinit) SshDefaults defaults = SSH_DEFAULTS_INIT;
        CLEANUP(ssh_run_deinit) SshRun answer = SSH_RUN_INIT;
        pyrope_status status;

        ret->target = strdup(target);
        ret->config_file = config_file ? strdup(config_file) : NULL;
        if (!ret->target || (config_file && !ret->config_file))
                return error_nomem(error);
        status = split_way(ret, error);
        if (status)
                return status;
        status = ssh_defaults_start(&defaults, error);
        if (!status)
                status = ask(config_file, ret->hops, &ret->typed, watch, &answer, error);
        if (status)
                return status;
        return answer.is_missing ? read_by_libssh(ret, error)
                                 : read_by_ssh(watch, &defaults, ret, &answer, error);
}

pyrope_status ssh_settings_check(const SshSettings *settings, pyrope_error **error)
{
        if (!settings->unsupported)
                return PYROPE_OK;
        return error_set(error, PYROPE_E_CONFIG,
                         "%s: the SSH configuration sets %s, which libssh does not support; give "
                         "this host an entry without it, or use the program ssh (--ssh-backend "
                         "program)",
                         settings->target, settings->unsupported);
}

/* -- the structure ----------------------------------------------------------------------------- */

void ssh_settings_deinit(SshSettings *settings)
{
        ssh_names_deinit(&settings->user_known_hosts);
        ssh_names_deinit(&settings->global_known_hosts);
        ssh_names_deinit(&settings->identities);
        ssh_names_deinit(&settings->unhonoured);
        ssh_names_deinit(&settings->certificates);
        free(settings->target);
        free(settings->hops);
        ssh_target_deinit(&settings->typed);
        free(settings->config_file);
        free(settings->name);
        free(settings->label);
        free(settings->host_name);
        free(settings->user);
        free(settings->bind_address);
        free(settings->bind_interface);
        free(settings->proxy_command);
        free(settings->control_path);
        free(settings->proxy_jump);
        free(settings->known_as);
        free(settings->agent);
        free(settings->unsupported);
        free(settings->ciphers);
        free(settings->macs);
        free(settings->key_exchanges);
        free(settings->host_key_algorithms);
        free(settings->public_key_algorithms);
        *settings = (SshSettings)SSH_SETTINGS_INIT;
}

SshTokens ssh_settings_tokens(const SshSettings *settings)
{
        return (SshTokens){ .alias = settings->typed.host,
                            .host_name = settings->host_name,
                            .known_as = settings->known_as,
                            .user = settings->user,
                            .port = settings->port };
}

const char *ssh_method_name(SshMethod method)
{
        static const char *const names[SSH_METHODS_N] = {
                [SSH_METHOD_PUBLICKEY] = "publickey",
                [SSH_METHOD_INTERACTIVE] = "keyboard-interactive",
                [SSH_METHOD_PASSWORD] = "password",
        };

        return names[method];
}

static int append_part(Buffer *key, const char *part)
{
        /* A line each, so that no two lists of parts look the same; no value has a newline. */
        return buffer_append_printf(key, "%s\n", part ? part : "");
}

static int append_names(Buffer *key, const SshNames *names)
{
        int r = 0;

        for (size_t i = 0; !r && i < names->n; i++)
                r = append_part(key, names->names[i]);
        return r ? r : append_part(key, "");
}

static int append_methods(Buffer *key, const SshSettings *settings)
{
        int r = 0;

        for (size_t i = 0; !r && i < settings->n_methods; i++)
                r = buffer_append_printf(key, "%d ", (int)settings->methods[i]);
        return r ? r : append_part(key, "");
}

char *ssh_settings_key(const SshSettings *settings)
{
        CLEANUP(buffer_deinit) Buffer key = BUFFER_INIT(SSH_RUN_OUTPUT_MAX_BYTES);
        const char *const parts[] = { settings->user,
                                      settings->host_name,
                                      settings->known_as,
                                      settings->bind_address,
                                      settings->bind_interface,
                                      settings->proxy_command,
                                      settings->proxy_jump,
                                      settings->agent,
                                      settings->unsupported,
                                      settings->ciphers,
                                      settings->macs,
                                      settings->key_exchanges,
                                      settings->host_key_algorithms,
                                      settings->public_key_algorithms };
        int r;

        r = buffer_append_printf(&key, "%u %u %d %d %d %d %d %d %" PRIu64 " %" PRIu32 "\n",
                                 settings->port, settings->known_port, settings->family,
                                 settings->is_identities_only, settings->rsa_min_bits,
                                 settings->tos, settings->is_keepalive_off, settings->is_compressed,
                                 settings->rekey_bytes, settings->rekey_s);
        for (size_t i = 0; !r && i < ARRAY_SIZE(parts); i++)
                r = append_part(&key, parts[i]);
        r = r ? r : append_methods(&key, settings);
        r = r ? r : append_names(&key, &settings->identities);
        r = r ? r : append_names(&key, &settings->certificates);
        r = r ? r : append_names(&key, &settings->user_known_hosts);
        r = r ? r : append_names(&key, &settings->global_known_hosts);
        return r ? NULL : (char *)TAKE(key.data);
}

void ssh_settings_warn(const SshSettings *settings)
{
        CLEANUP(buffer_deinit) Buffer names = BUFFER_INIT(ERROR_TEXT_MAX_BYTES);
        int r = 0;

        for (size_t i = 0; !r && i < settings->unhonoured.n; i++)
                r = buffer_append_printf(&names, "%s%s", i ? ", " : "",
                                         settings->unhonoured.names[i]);
        if (names.n)
                log_warning("%s: the SSH configuration has what only the program ssh does "
                            "(--ssh-backend program): %s",
                            settings->target, (char *)names.data);
}

int ssh_settings_command(const SshSettings *settings, const char *option, char *out, size_t n_out)
{
        const SshTarget *typed = &settings->typed;
        char port[16] = "";

        if (typed->port)
                (void)snprintf(port, sizeof(port), "-p %u ", typed->port);
        return snprintf(out, n_out, "ssh %s%s%s%s%s%s%s%s%s%s%s%s", option ? option : "",
                        option ? " " : "", settings->config_file ? "-F " : "",
                        settings->config_file ? settings->config_file : "",
                        settings->config_file ? " " : "", settings->hops ? "-J " : "",
                        settings->hops ? settings->hops : "", settings->hops ? " " : "", port,
                        typed->user ? typed->user : "", typed->user ? "@" : "", typed->host);
}
