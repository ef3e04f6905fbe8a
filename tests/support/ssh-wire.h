#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Wire
 *
 * The server's end of SSH's transport (RFC 4253), by hand, for tests that send what no SSH library
 * would: curve25519-sha256, ssh-ed25519, aes128-ctr, hmac-sha2-256 and nothing else. It looks at
 * what the client sends only as far as it must. Any failure breaks the wire, which then takes
 * everything and gives nothing.
 */

#include "base/defs.h"

#include <openssl/evp.h>
#include <stdbool.h>

#define PACKET_BYTES 70000u

/* Numbers of RFC 4250, section 4.1. */
enum {
        MSG_DISCONNECT = 1,
        MSG_IGNORE = 2,
        MSG_UNIMPLEMENTED = 3,
        MSG_DEBUG = 4,
        MSG_SERVICE_REQUEST = 5,
        MSG_SERVICE_ACCEPT = 6,
        MSG_KEXINIT = 20,
        MSG_NEWKEYS = 21,
        MSG_KEX_ECDH_INIT = 30,
        MSG_KEX_ECDH_REPLY = 31,
        MSG_USERAUTH_REQUEST = 50,
        MSG_USERAUTH_FAILURE = 51,
        MSG_USERAUTH_SUCCESS = 52,
        MSG_USERAUTH_BANNER = 53,
        MSG_USERAUTH_INFO_REQUEST = 60,
        MSG_GLOBAL_REQUEST = 80,
        MSG_REQUEST_SUCCESS = 81,
        MSG_REQUEST_FAILURE = 82,
        MSG_CHANNEL_OPEN = 90,
        MSG_CHANNEL_OPEN_CONFIRMATION = 91,
        MSG_CHANNEL_OPEN_FAILURE = 92,
        MSG_CHANNEL_WINDOW_ADJUST = 93,
        MSG_CHANNEL_DATA = 94,
        MSG_CHANNEL_EXTENDED_DATA = 95,
        MSG_CHANNEL_EOF = 96,
        MSG_CHANNEL_CLOSE = 97,
        MSG_CHANNEL_REQUEST = 98,
        MSG_CHANNEL_SUCCESS = 99,
        MSG_CHANNEL_FAILURE = 100,
};

typedef struct Packet Packet;
typedef struct Wire Wire;

struct Packet {
        size_t n;
        uint8_t bytes[PACKET_BYTES];
};

struct Wire {
        int fd; /* owned */
        EVP_PKEY *host_key;
        bool is_broken;
        uint32_t n_in, n_out;              /* packets */
        EVP_CIPHER_CTX *encrypt, *decrypt; /* NULL: not yet */
        uint8_t mac_in[32], mac_out[32];
        uint8_t session_id[32];
        bool has_session_id;
        bool is_rekeying; /* our KEXINIT is out, and not answered to the end */
        char client_banner[256];
        Packet client_kexinit, our_kexinit;
};

/* -- packets ----------------------------------------------------------------------------------- */

void packet_begin(Packet *packet, uint8_t type);
void packet_u8(Packet *packet, uint8_t value);
void packet_u32(Packet *packet, uint32_t value);
void packet_string(Packet *packet, const void *data, size_t n);
/* A text, whose length is told as @n_told. */
void packet_lie(Packet *packet, const char *text, uint32_t n_told);

/* Reads at *@at, which moves on; 0 or "" beyond the end. */
uint32_t packet_get_u32(const Packet *packet, size_t *at);
void packet_get_text(const Packet *packet, size_t *at, char *out, size_t n_out);

/* -- the wire ---------------------------------------------------------------------------------- */

void wire_init(Wire *wire, int fd, EVP_PKEY *host_key);
void wire_deinit(Wire *wire);

/* Bytes as they are. */
void wire_write(Wire *wire, const void *data, size_t n);

/* A packet; @length_told: 0, or the length that it claims to have. */
void wire_send(Wire *wire, const Packet *packet, uint32_t length_told);

/** wire_receive() - the next packet. Return: false: none within @ms, or broken. */
bool wire_receive(Wire *wire, Packet *ret, int ms);

/** wire_read_banner() - the client's first line. Return: whether it came. */
bool wire_read_banner(Wire *wire);

/** wire_send_kexinit() - first, or to exchange keys again. */
void wire_send_kexinit(Wire *wire);

/* The client's KEXINIT came. */
void wire_take_kexinit(Wire *wire, const Packet *packet);

/** wire_send_reply() - to its MSG_KEX_ECDH_INIT, with NEWKEYS; a @is_wrong signature, or not. */
void wire_send_reply(Wire *wire, const Packet *init, bool is_wrong);

/* "ssh-ed25519 BASE64", as in known_hosts. */
void wire_print_key(EVP_PKEY *host_key);
