/* SPDX-License-Identifier: MIT */

#include "client/ssh/login.h"

#include "base/random.h"
#include "client/ssh/auth.h"
#include "client/ssh/hostkey.h"
#include "client/ssh/step.h"

#include <fcntl.h>
#include <libssh/server.h>
#include <stdio.h>
#include <string.h>

#define SHAKE_MS      15000
#define WHAT_BYTES    512u
#define WORDS_BYTES   256u
#define CROWDED_TRIES 4u
#define CROWDED_MS    200u /* between two of them, and as much again by chance */

/* The first choice of libssh's own list is chacha20, which costs twice as much where the processor
 * has AES. */
#define CIPHERS                                                                                    \
        "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,"             \
        "aes256-ctr,aes192-ctr,aes128-ctr"

void ssh_connection_deinit(SshConnection *connection)
{
        ssh_free(connection->session);
        connection->session = NULL;
        ssh_proxy_end(&connection->proxy);
}

/* Channels and requests that the host opens unasked: 1 has libssh refuse them. Without this
 * callback it would keep them for us, as many as the host likes. */
static int refuse(ssh_session session, ssh_message message, void *userdata)
{
        (void)session, (void)message, (void)userdata;
        return 1;
}

static pyrope_status set_algorithms(ssh_session session, const SshSettings *settings,
                                    pyrope_error **error)
{
        const char *const ciphers = settings->ciphers ? settings->ciphers : CIPHERS;
        const int *const rsa = settings->rsa_min_bits ? &settings->rsa_min_bits : NULL;
        const uint64_t *const bytes = settings->rekey_bytes ? &settings->rekey_bytes : NULL;
        const uint32_t *const seconds = settings->rekey_s ? &settings->rekey_s : NULL;
        const struct {
                const char *name;
                enum ssh_options_e option;
                const void *value;
        } choices[] = {
                { "Ciphers", SSH_OPTIONS_CIPHERS_C_S, ciphers },
                { "Ciphers", SSH_OPTIONS_CIPHERS_S_C, ciphers },
                { "MACs", SSH_OPTIONS_HMAC_C_S, settings->macs },
                { "MACs", SSH_OPTIONS_HMAC_S_C, settings->macs },
                { "KexAlgorithms", SSH_OPTIONS_KEY_EXCHANGE, settings->key_exchanges },
                { "HostKeyAlgorithms", SSH_OPTIONS_HOSTKEYS, settings->host_key_algorithms },
                { "PubkeyAcceptedAlgorithms", SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES,
                  settings->public_key_algorithms },
                { "RequiredRSASize", SSH_OPTIONS_RSA_MIN_SIZE, rsa },
                { "Compression", SSH_OPTIONS_COMPRESSION, settings->is_compressed ? "yes" : "no" },
                { "RekeyLimit", SSH_OPTIONS_REKEY_DATA, bytes },
                { "RekeyLimit", SSH_OPTIONS_REKEY_TIME, seconds },
        };

        for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
                if (choices[i].value &&
                    ssh_options_set(session, choices[i].option, choices[i].value))
                        return error_set(error, PYROPE_E_CONFIG,
                                         "%s: libssh knows nothing of what %s in the SSH "
                                         "configuration allows",
                                         settings->label, choices[i].name);
        }
        return PYROPE_OK;
}

/* libssh's own reading of configuration files stays off: the settings are what counts. */
static pyrope_status prepare(ssh_session session, const SshSettings *settings, int fd,
                             pyrope_error **error)
{
        unsigned port = settings->known_port;
        pyrope_status status;

        ssh_set_blocking(session, 0);
        if (ssh_options_set(session, SSH_OPTIONS_HOST, settings->known_as))
                return error_set(error, PYROPE_E_CONFIG,
                                 "%s: libssh looks for no host key of a name like %s; give the "
                                 "host a HostKeyAlias of letters, digits, '.' and '-'",
                                 settings->label, settings->known_as);
        if (ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &(bool){ false }) ||
            ssh_options_set(session, SSH_OPTIONS_PORT, &port) ||
            ssh_options_set(session, SSH_OPTIONS_USER, settings->user) ||
            ssh_options_set(session, SSH_OPTIONS_FD, &fd))
                return error_set(error, PYROPE_E_CONFIG, "%s: libssh refuses the settings: %s",
                                 settings->label, ssh_get_error(session));
        ssh_set_message_callback(session, refuse, NULL);
        status = set_algorithms(session, settings, error);
        return status ? status : ssh_hostkey_prepare(session, settings, error);
}

static pyrope_status fail_handshake(const SshConnection *connection, const SshSettings *settings,
                                    pyrope_error **error)
{
        char words[WORDS_BYTES];

        ssh_proxy_words(&connection->proxy, words, sizeof(words));
        return error_set(error, PYROPE_E_UNREACHABLE, "%s: no SSH connection: %s%s%s",
                         settings->label, ssh_get_error(connection->session),
                         words[0] ? "; the program in between said: " : "", words);
}

/* Within the ConnectTimeout, as ssh does it; without one, a host that does not even exchange keys
 * is frozen, unless a program in between has still to reach it. */
static int shake_ms(const SshConnection *connection, const SshSettings *settings)
{
        if (settings->connect_timeout_ms >= 0 || connection->proxy.pid)
                return settings->connect_timeout_ms;
        return SHAKE_MS;
}

pyrope_status ssh_login_shake(const SshConnection *connection, const SshSettings *settings,
                              const SshWatch *watch, pyrope_error **error)
{
        SshWatch shaking = *watch;
        ssh_session session = connection->session;
        char what[WHAT_BYTES];
        pyrope_status status;
        int fd, r;

        shaking.deadline =
                deadline_min(watch->deadline, deadline_in(shake_ms(connection, settings)));
        (void)snprintf(what, sizeof(what), "%s: exchanging keys", settings->label);
        while ((r = ssh_connect(session)) == SSH_AGAIN) {
                /* libssh makes the socket blocking as soon as it sees it connected. */
                fd = ssh_get_fd(session);
                if (fd >= 0)
                        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
                status = ssh_step_wait(session, &shaking, what, error);
                if (status)
                        return status;
        }
        return r ? fail_handshake(connection, settings, error) : PYROPE_OK;
}

pyrope_status ssh_login_connect(const SshSettings *settings, const SshWatch *watch,
                                SshConnection *ret, pyrope_error **error)
{
        CLEANUP(closep) int fd = -1;
        pyrope_status status;

        status = ssh_connect_host(settings, watch, &fd, &ret->proxy, error);
        if (status)
                return status;
        ssh_watch_connected(watch);
        ret->session = ssh_new();
        if (!ret->session)
                return error_nomem(error);
        status = prepare(ret->session, settings, fd, error);
        if (status)
                return status;
        fd = -1; /* the session's from now on: ssh_free() closes it */
        return PYROPE_OK;
}

/* sshd hangs up on whom it has no place for before it says who it is. */
static bool is_turned_away(const SshConnection *connection, pyrope_status status)
{
        return status == PYROPE_E_UNREACHABLE && connection->session && !connection->proxy.pid &&
               !ssh_get_serverbanner(connection->session);
}

static pyrope_status fail_turned_away(pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;

        if (!error)
                return PYROPE_E_UNREACHABLE;
        why = TAKE(*error);
        return error_set(error, PYROPE_E_UNREACHABLE,
                         "%s; it hung up %u times before it said who it is: too many log in at "
                         "once (MaxStartups in its configuration), or it keeps this computer out",
                         pyrope_error_text(why), CROWDED_TRIES);
}

static pyrope_status wait_a_moment(const SshSettings *settings, const SshWatch *watch,
                                   pyrope_error **error)
{
        struct pollfd nothing = { .fd = -1 };
        char what[WHAT_BYTES];
        uint8_t chance;

        random_bytes(&chance, sizeof(chance));
        (void)snprintf(what, sizeof(what), "%s: sshd hangs up at once: trying again",
                       settings->label);
        return ssh_watch_poll(watch, &nothing, 1,
                              deadline_in(CROWDED_MS + CROWDED_MS * chance / 256), what, error);
}

/* The first two steps; again after a moment where sshd turns us away, for those who log in are many
 * at times, but not for long. */
static pyrope_status reach(const SshSettings *settings, const SshWatch *watch, SshConnection *ret,
                           pyrope_error **error)
{
        SshWatch again = *watch;
        pyrope_status status;

        for (unsigned i = 1;; i++) {
                status = ssh_login_connect(settings, &again, ret, error);
                if (!status)
                        status = ssh_login_shake(ret, settings, &again, error);
                if (!is_turned_away(ret, status))
                        return status;
                if (i == CROWDED_TRIES)
                        return fail_turned_away(error);
                again.on_connected = NULL; /* that was told */
                ssh_connection_deinit(ret);
                if (error)
                        *error = pyrope_error_free(*error);
                status = wait_a_moment(settings, watch, error);
                if (status)
                        return status;
        }
}

/* The only way to ssh_auth(), and it leads through the check. */
pyrope_status ssh_login(const SshSettings *settings, const SshWatch *watch, SshConnection *ret,
                        pyrope_error **error)
{
        CLEANUP(ssh_trust_freep) SshTrust *trust = NULL;
        SshWatch patient = *watch;
        pyrope_status status;

        status = reach(settings, watch, ret, error);
        if (!status)
                status = ssh_hostkey_check(ret->session, settings, &patient, &trust, error);
        return status ? status : ssh_auth(trust, &patient, error);
}
