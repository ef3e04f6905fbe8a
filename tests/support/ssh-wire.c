/* SPDX-License-Identifier: MIT */

#include "tests/support/ssh-wire.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BANNER      "SSH-2.0-hostile_1"
#define KEY_TYPE    "ssh-ed25519"
#define MAC_BYTES   32u
#define BLOCK_BYTES 16u
#define LENGTH_MAX  40000u /* of a client's packet */
#define READ_MS     2000   /* for the rest of a packet that began */
#define WRITE_MS    2000

/* -- packets ----------------------------------------------------------------------------------- */

static void put(Packet *packet, const void *data, size_t n)
{
        if (n > PACKET_BYTES - packet->n)
                n = PACKET_BYTES - packet->n;
        if (n)
                memcpy(packet->bytes + packet->n, data, n);
        packet->n += n;
}

void packet_begin(Packet *packet, uint8_t type)
{
        packet->n = 0;
        packet_u8(packet, type);
}

void packet_u8(Packet *packet, uint8_t value)
{
        put(packet, &value, 1);
}

void packet_u32(Packet *packet, uint32_t value)
{
        value = htonl(value);
        put(packet, &value, sizeof(value));
}

void packet_string(Packet *packet, const void *data, size_t n)
{
        packet_u32(packet, (uint32_t)n);
        put(packet, data, n);
}

void packet_lie(Packet *packet, const char *text, uint32_t n_told)
{
        packet_u32(packet, n_told);
        put(packet, text, strlen(text));
}

uint32_t packet_get_u32(const Packet *packet, size_t *at)
{
        uint32_t value;

        if (*at + sizeof(value) > packet->n) {
                *at = packet->n;
                return 0;
        }
        memcpy(&value, packet->bytes + *at, sizeof(value));
        *at += sizeof(value);
        return ntohl(value);
}

void packet_get_text(const Packet *packet, size_t *at, char *out, size_t n_out)
{
        size_t n = packet_get_u32(packet, at);

        if (n > packet->n - *at)
                n = packet->n - *at;
        (void)snprintf(out, n_out, "%.*s", (int)n, (const char *)packet->bytes + *at);
        *at += n;
}

/* A number of @n bytes, without sign, as mpint. */
static void put_mpint(Packet *packet, const uint8_t *bytes, size_t n)
{
        while (n && !*bytes) {
                bytes++;
                n--;
        }
        packet_u32(packet, (uint32_t)(n + (n && *bytes & 0x80)));
        if (n && *bytes & 0x80)
                packet_u8(packet, 0);
        put(packet, bytes, n);
}

/* -- bytes ------------------------------------------------------------------------------------- */

void wire_init(Wire *wire, int fd, EVP_PKEY *host_key)
{
        memset(wire, 0, sizeof(*wire));
        wire->fd = fd;
        wire->host_key = host_key;
}

void wire_deinit(Wire *wire)
{
        closep(&wire->fd);
        EVP_CIPHER_CTX_free(wire->encrypt);
        EVP_CIPHER_CTX_free(wire->decrypt);
}

void wire_write(Wire *wire, const void *data, size_t n)
{
        struct pollfd polled = { .fd = wire->fd, .events = POLLOUT };
        const uint8_t *at = data;

        while (n && !wire->is_broken) {
                ssize_t n_sent = send(wire->fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n_sent > 0) {
                        at += n_sent;
                        n -= (size_t)n_sent;
                } else if (errno != EAGAIN || poll(&polled, 1, WRITE_MS) != 1) {
                        wire->is_broken = true;
                }
        }
}

static bool read_all(Wire *wire, uint8_t *out, size_t n, int ms)
{
        struct pollfd polled = { .fd = wire->fd, .events = POLLIN };

        while (n && !wire->is_broken) {
                ssize_t n_got;

                if (poll(&polled, 1, ms) != 1)
                        return false;
                n_got = recv(wire->fd, out, n, 0);
                if (n_got <= 0) {
                        wire->is_broken = true;
                        return false;
                }
                out += n_got;
                n -= (size_t)n_got;
                ms = READ_MS; /* in the middle of it */
        }
        return !wire->is_broken;
}

static void mac(const uint8_t *key, uint32_t number, const uint8_t *data, size_t n, uint8_t *out)
{
        uint8_t all[PACKET_BYTES + 512];
        uint32_t big = htonl(number);
        unsigned n_out = MAC_BYTES;

        assert(n <= sizeof(all) - sizeof(big));
        memcpy(all, &big, sizeof(big));
        memcpy(all + sizeof(big), data, n);
        (void)HMAC(EVP_sha256(), key, MAC_BYTES, all, n + sizeof(big), out, &n_out);
}

void wire_send(Wire *wire, const Packet *packet, uint32_t length_told)
{
        uint8_t plain[PACKET_BYTES + 512], sealed[PACKET_BYTES + 512 + MAC_BYTES];
        size_t n_pad = BLOCK_BYTES - (5 + packet->n) % BLOCK_BYTES;
        size_t n;
        uint32_t length;
        int n_sealed = 0;

        if (n_pad < 4)
                n_pad += BLOCK_BYTES;
        n = 5 + packet->n + n_pad;
        length = htonl(length_told ? length_told : (uint32_t)(n - 4));
        memcpy(plain, &length, 4);
        plain[4] = (uint8_t)n_pad;
        memcpy(plain + 5, packet->bytes, packet->n);
        (void)RAND_bytes(plain + 5 + packet->n, (int)n_pad);
        if (!wire->encrypt) {
                wire_write(wire, plain, n);
        } else {
                (void)EVP_EncryptUpdate(wire->encrypt, sealed, &n_sealed, plain, (int)n);
                mac(wire->mac_out, wire->n_out, plain, n, sealed + n);
                wire_write(wire, sealed, n + MAC_BYTES);
        }
        wire->n_out++;
}

static bool receive_block(Wire *wire, uint8_t *out, size_t n, int ms)
{
        uint8_t sealed[LENGTH_MAX + BLOCK_BYTES];
        int n_open;

        if (!wire->decrypt)
                return read_all(wire, out, n, ms);
        if (!read_all(wire, sealed, n, ms))
                return false;
        (void)EVP_DecryptUpdate(wire->decrypt, out, &n_open, sealed, (int)n);
        return true;
}

bool wire_receive(Wire *wire, Packet *ret, int ms)
{
        uint8_t plain[LENGTH_MAX + BLOCK_BYTES], dropped[MAC_BYTES];
        uint32_t length;

        if (wire->is_broken || !receive_block(wire, plain, BLOCK_BYTES, ms))
                return false;
        memcpy(&length, plain, 4);
        length = ntohl(length);
        if (length < BLOCK_BYTES - 4 || length > LENGTH_MAX || plain[4] >= length ||
            !receive_block(wire, plain + BLOCK_BYTES, length + 4 - BLOCK_BYTES, READ_MS) ||
            (wire->decrypt && !read_all(wire, dropped, MAC_BYTES, READ_MS))) {
                wire->is_broken = true;
                return false;
        }
        wire->n_in++;
        ret->n = 0;
        put(ret, plain + 5, length - 1 - plain[4]);
        return ret->n > 0;
}

bool wire_read_banner(Wire *wire)
{
        size_t n = 0;
        char byte;

        while (n < sizeof(wire->client_banner) - 1 &&
               read_all(wire, (uint8_t *)&byte, 1, READ_MS)) {
                if (byte == '\n')
                        return true;
                if (byte != '\r')
                        wire->client_banner[n++] = byte;
        }
        return false;
}

/* -- keys -------------------------------------------------------------------------------------- */

void wire_send_kexinit(Wire *wire)
{
        static const char *const lists[] = {
                "curve25519-sha256", KEY_TYPE, "aes128-ctr", "aes128-ctr", "hmac-sha2-256",
                "hmac-sha2-256",     "none",   "none",       "",           ""
        };
        Packet *packet = &wire->our_kexinit;
        uint8_t cookie[16];

        (void)RAND_bytes(cookie, sizeof(cookie));
        packet_begin(packet, MSG_KEXINIT);
        put(packet, cookie, sizeof(cookie));
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                packet_string(packet, lists[i], strlen(lists[i]));
        packet_u8(packet, 0);
        packet_u32(packet, 0);
        wire_send(wire, packet, 0);
        wire->is_rekeying = true;
}

void wire_take_kexinit(Wire *wire, const Packet *packet)
{
        wire->client_kexinit = *packet;
}

static void key_blob(EVP_PKEY *key, Packet *ret)
{
        uint8_t raw[32];
        size_t n = sizeof(raw);

        (void)EVP_PKEY_get_raw_public_key(key, raw, &n);
        ret->n = 0;
        packet_string(ret, KEY_TYPE, strlen(KEY_TYPE));
        packet_string(ret, raw, n);
}

/* The shared secret with the client's point, and our point. */
static bool agree(const uint8_t *theirs, uint8_t *ret_ours, uint8_t *ret_secret)
{
        EVP_PKEY *ours = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, theirs, 32);
        EVP_PKEY_CTX *ctx = ours ? EVP_PKEY_CTX_new(ours, NULL) : NULL;
        size_t n_ours = 32, n_secret = 32;
        bool is_good;

        is_good = ctx && peer && EVP_PKEY_derive_init(ctx) > 0 &&
                  EVP_PKEY_derive_set_peer(ctx, peer) > 0 &&
                  EVP_PKEY_derive(ctx, ret_secret, &n_secret) > 0 &&
                  EVP_PKEY_get_raw_public_key(ours, ret_ours, &n_ours) > 0;
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(peer);
        EVP_PKEY_free(ours);
        return is_good;
}

static void derive(const Wire *wire, const uint8_t *secret, const uint8_t *hash, char letter,
                   uint8_t *out)
{
        Packet in = { .n = 0 };
        unsigned n = 32;

        put_mpint(&in, secret, 32);
        put(&in, hash, 32);
        packet_u8(&in, (uint8_t)letter);
        put(&in, wire->session_id, 32);
        (void)EVP_Digest(in.bytes, in.n, out, &n, EVP_sha256(), NULL);
}

static EVP_CIPHER_CTX *cipher(const Wire *wire, const uint8_t *secret, const uint8_t *hash,
                              const char letters[static 2], int is_to_encrypt)
{
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
        uint8_t iv[32], key[32];

        derive(wire, secret, hash, letters[0], iv);
        derive(wire, secret, hash, letters[1], key);
        (void)EVP_CipherInit_ex(ctx, EVP_aes_128_ctr(), NULL, key, iv, is_to_encrypt);
        return ctx;
}

static void hash_exchange(const Wire *wire, const Packet *blob, const uint8_t *theirs,
                          const uint8_t *ours, const uint8_t *secret, uint8_t *ret)
{
        static Packet all; /* large */
        unsigned n = 32;

        all.n = 0;
        packet_string(&all, wire->client_banner, strlen(wire->client_banner));
        packet_string(&all, BANNER, strlen(BANNER));
        packet_string(&all, wire->client_kexinit.bytes, wire->client_kexinit.n);
        packet_string(&all, wire->our_kexinit.bytes, wire->our_kexinit.n);
        packet_string(&all, blob->bytes, blob->n);
        packet_string(&all, theirs, 32);
        packet_string(&all, ours, 32);
        put_mpint(&all, secret, 32);
        (void)EVP_Digest(all.bytes, all.n, ret, &n, EVP_sha256(), NULL);
}

static void put_signature(const Wire *wire, const uint8_t *hash, bool is_wrong, Packet *reply)
{
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        Packet signature = { .n = 0 };
        uint8_t raw[64] = { 0 };
        size_t n = sizeof(raw);

        (void)EVP_DigestSignInit(ctx, NULL, NULL, NULL, wire->host_key);
        (void)EVP_DigestSign(ctx, raw, &n, hash, 32);
        EVP_MD_CTX_free(ctx);
        raw[5] ^= is_wrong;
        packet_string(&signature, KEY_TYPE, strlen(KEY_TYPE));
        packet_string(&signature, raw, sizeof(raw));
        packet_string(reply, signature.bytes, signature.n);
}

/* What comes and goes from now on is sealed by the new keys. */
static void use_keys(Wire *wire, const uint8_t *secret, const uint8_t *hash)
{
        if (!wire->has_session_id)
                memcpy(wire->session_id, hash, 32);
        wire->has_session_id = true;
        EVP_CIPHER_CTX_free(wire->encrypt);
        wire->encrypt = cipher(wire, secret, hash, "BD", 1);
        derive(wire, secret, hash, 'F', wire->mac_out);
}

/* Up to the client's NEWKEYS, by the old keys. */
static void await_new_keys(Wire *wire)
{
        Packet packet = { .n = 0 };

        do {
                if (!wire_receive(wire, &packet, READ_MS)) {
                        wire->is_broken = true;
                        return;
                }
        } while (packet.bytes[0] != MSG_NEWKEYS);
}

void wire_send_reply(Wire *wire, const Packet *init, bool is_wrong)
{
        Packet blob, reply, new_keys;
        uint8_t theirs[32] = { 0 }, ours[32], secret[32], hash[32];

        if (init->n >= 37)
                memcpy(theirs, init->bytes + 5, 32);
        if (!agree(theirs, ours, secret)) {
                wire->is_broken = true;
                return;
        }
        key_blob(wire->host_key, &blob);
        hash_exchange(wire, &blob, theirs, ours, secret, hash);
        packet_begin(&reply, MSG_KEX_ECDH_REPLY);
        packet_string(&reply, blob.bytes, blob.n);
        packet_string(&reply, ours, sizeof(ours));
        put_signature(wire, hash, is_wrong, &reply);
        wire_send(wire, &reply, 0);
        packet_begin(&new_keys, MSG_NEWKEYS);
        wire_send(wire, &new_keys, 0);
        use_keys(wire, secret, hash);
        await_new_keys(wire);
        EVP_CIPHER_CTX_free(wire->decrypt);
        wire->decrypt = cipher(wire, secret, hash, "AC", 0);
        derive(wire, secret, hash, 'E', wire->mac_in);
        wire->is_rekeying = false;
}

void wire_print_key(EVP_PKEY *host_key)
{
        unsigned char text[128];
        Packet blob;

        key_blob(host_key, &blob);
        (void)EVP_EncodeBlock(text, blob.bytes, (int)blob.n);
        printf(KEY_TYPE " %s", (const char *)text);
}
