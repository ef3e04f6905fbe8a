#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Settings
 *
 * What the user's `ssh -J HOPS TARGET` would do, as far as it concerns us: `ssh -G` reads the
 * configuration (Include, Match, aliases and all), here its answer becomes a structure with every
 * ~, %token and ${VARIABLE} replaced. Settings that would make ssh refuse or check something that
 * libssh would not are noted by name, as are others that we cannot honour. Knows nothing of
 * libssh.
 */

#include "client/ssh/expand.h"
#include "client/ssh/names.h"
#include "client/ssh/target.h"
#include "client/ssh/watch.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct SshSettings SshSettings;
typedef enum SshMethod SshMethod;

/* Ways to log in, in the order that ssh prefers. */
enum SshMethod {
        SSH_METHOD_PUBLICKEY,
        SSH_METHOD_INTERACTIVE,
        SSH_METHOD_PASSWORD,
        SSH_METHODS_N,
};

/* All owned; NULL where not set. */
struct SshSettings {
        char *target;      /* as the user said it: a way, uri.h */
        char *hops;        /* of it, all but the last; NULL: none */
        SshTarget typed;   /* the parts of the last */
        char *config_file; /* NULL: the default ones */
        char *name;        /* for errors: "h3 via h1,h2" */
        char *label;       /* for errors: "h3 via h1,h2 (me@10.0.0.4 port 22)" */

        char *host_name; /* to connect to */
        char *user;
        uint16_t port;
        int family;                /* AF_UNSPEC, AF_INET, AF_INET6 */
        int connect_timeout_ms;    /* -1: none */
        unsigned alive_interval_s; /* ServerAliveInterval; 0: not set */
        unsigned n_alive_max;      /* ServerAliveCountMax */
        char *bind_address;        /* of ours to connect from */
        char *bind_interface;      /* if there is no address: one of that interface */
        int tos;                   /* how packets are marked; -1: as they are */
        bool is_keepalive_off;     /* the kernel asks for no sign of life */
        char *proxy_command;       /* for the user's shell */
        char *control_path;        /* where the user's own ControlMaster may take orders */
        char *proxy_jump;          /* a way, uri.h: the hosts to go through */

        char *known_as;      /* what known_hosts calls it: HostKeyAlias, else the host name; at most
                                URI_HOST_MAX_BYTES */
        uint16_t known_port; /* 22 with an alias */
        SshNames user_known_hosts;
        SshNames global_known_hosts;

        SshNames identities;     /* private key files; they need not exist */
        SshNames certificates;   /* files; if there are none, an identity's own, -cert.pub */
        bool is_identities_only; /* offer no other key */
        char *agent;             /* path of its socket */
        int rsa_min_bits;        /* 0: libssh's own limit */

        bool is_compressed;
        uint64_t rekey_bytes; /* 0: when libssh thinks it right */
        uint32_t rekey_s;     /* 0: never for the time that has passed */

        SshMethod methods[SSH_METHODS_N]; /* those that may be tried, in this order */
        size_t n_methods;
        int n_prompts; /* how often a person may answer wrong */
        bool is_batch; /* ask nobody */

        bool is_host_key_strict;  /* do not offer to add the key of an unknown host */
        bool is_hiding_host_name; /* where a key is added, the host's name is hashed */

        char *unsupported; /* "bindaddress to 10.0.0.1": the first one that is beyond libssh */

        /* Algorithms, where the user chose other than ssh's defaults. */
        char *ciphers;
        char *macs;
        char *key_exchanges;
        char *host_key_algorithms;
        char *public_key_algorithms;

        /* What the configuration sets, and ssh would do, but we do not: "controlmaster auto". */
        SshNames unhonoured;
};

#define SSH_SETTINGS_INIT                                                                          \
        {                                                                                          \
                .connect_timeout_ms = -1, .n_alive_max = 3, .tos = -1, .n_prompts = 3              \
        }

/**
 * ssh_settings_read() - ask ssh -G, or where there is no ssh, libssh
 * @config_file: NULL for ssh's own
 * @target:     a way, uri.h, whose parts may be aliases; hops win over the configuration's
 *              ProxyJump and ProxyCommand
 * @ret:        SSH_SETTINGS_INIT; owned by the caller, ssh_settings_deinit(), whatever is returned
 *
 * Return: PYROPE_OK; PYROPE_E_INVALID (the target), PYROPE_E_CONFIG (ssh refuses the configuration,
 * or we do), PYROPE_E_TOO_LARGE (what ssh says), PYROPE_E_TIMEOUT, PYROPE_E_CLOSED, PYROPE_E_IO,
 * PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_settings_read(const char *config_file, const char *target,
                                          const SshWatch *watch, SshSettings *ret,
                                          pyrope_error **error);

/** ssh_settings_check() - whether libssh honours all of them. Return: PYROPE_OK, PYROPE_E_CONFIG.
 */
NODISCARD pyrope_status ssh_settings_check(const SshSettings *settings, pyrope_error **error);

void ssh_settings_deinit(SshSettings *settings);

/** ssh_settings_key() - equal for two targets that can share a session: the same host, known by the
 * same name, and the same ways to log in. Return: owned, free(); NULL: out of memory. */
NODISCARD char *ssh_settings_key(const SshSettings *settings);

/** ssh_settings_tokens() - what the tokens of its values stand for. Return: borrowed from them. */
SshTokens ssh_settings_tokens(const SshSettings *settings);

/** ssh_method_name() - as configurations and hosts call it: "publickey". */
const char *ssh_method_name(SshMethod method);

/** ssh_settings_warn() - log what is not honoured, in one line. */
void ssh_settings_warn(const SshSettings *settings);

/** ssh_settings_command() - "ssh -F FILE -J HOPS TARGET" for a person to type. Return: as
 * snprintf(). */
int ssh_settings_command(const SshSettings *settings, const char *option, char *out, size_t n_out);
