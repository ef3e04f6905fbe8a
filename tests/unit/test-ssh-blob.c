/* SPDX-License-Identifier: MIT */

#include "client/ssh/blob.h"

#include "base/base64.h"
#include "base/buffer.h"
#include "tests/unit/unit.h"

#include <endian.h>
#include <string.h>

/* A certificate, and the strings of the key in it; PROTOCOL.certkeys of OpenSSH. */
static const struct {
        const char *certificate, *plain;
        unsigned n_strings;
} types[] = {
        { "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1 },
        { "ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2 },
        { "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2 },
        { "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2 },
        { "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2 },
        { "sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", 2 },
        { "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", 3 },
};

static void append(Buffer *to, const char *text)
{
        uint32_t n = htobe32((uint32_t)strlen(text));

        ck_assert_int_eq(buffer_append(to, &n, sizeof(n)), 0);
        ck_assert_int_eq(buffer_append(to, text, strlen(text)), 0);
}

/* Type, nonce or none, strings "key", and for a certificate what follows. */
static void write_key(Buffer *to, const char *type, bool is_certificate, unsigned n_strings)
{
        append(to, type);
        if (is_certificate)
                append(to, "nonce");
        for (unsigned i = 0; i < n_strings; i++)
                append(to, "key");
}

static int plain_of(const Buffer *blob, size_t n, char **ret)
{
        CLEANUP(freep) char *text = base64_encode(blob->data, n);

        return ssh_blob_plain(text, ret);
}

START_TEST(certificate_has_a_key)
{
        CLEANUP(buffer_deinit) Buffer certificate = BUFFER_INIT(65536), key = BUFFER_INIT(65536);
        CLEANUP(freep) char *plain = NULL;
        CLEANUP(freep) char *expected = NULL;

        write_key(&certificate, types[_i].certificate, true, types[_i].n_strings);
        append(&certificate, "what follows");
        write_key(&key, types[_i].plain, false, types[_i].n_strings);
        expected = base64_encode(key.data, key.n);

        ck_assert_int_eq(plain_of(&certificate, certificate.n, &plain), 0);
        ck_assert_str_eq(plain, expected);
        free(TAKE(plain));
        ck_assert_int_eq(ssh_blob_plain(expected, &plain), SSH_BLOB_E_OTHER);
        ck_assert_ptr_null(plain);
}
END_TEST

START_TEST(a_cut_certificate_is_refused)
{
        CLEANUP(buffer_deinit) Buffer blob = BUFFER_INIT(65536);
        char *plain = NULL;

        write_key(&blob, types[_i].certificate, true, types[_i].n_strings);
        for (size_t n = 0; n < blob.n; n++)
                ck_assert_int_eq(plain_of(&blob, n, &plain), SSH_BLOB_E_CORRUPT);
        ck_assert_ptr_null(plain);
}
END_TEST

START_TEST(type_has_a_name_that_fits)
{
        CLEANUP(buffer_deinit) Buffer blob = BUFFER_INIT(65536);
        CLEANUP(freep) char *text = NULL;
        char type[8] = "";

        write_key(&blob, "seven77", false, 1);
        text = base64_encode(blob.data, blob.n);
        ck_assert_int_eq(ssh_blob_type(text, type, sizeof(type) - 1), SSH_BLOB_E_CORRUPT);
        ck_assert_str_eq(type, "");
        ck_assert_int_eq(ssh_blob_type(text, type, sizeof(type)), 0);
        ck_assert_str_eq(type, "seven77");
        ck_assert_int_eq(ssh_blob_type("AAAA", type, sizeof(type)), SSH_BLOB_E_CORRUPT);
        ck_assert_int_eq(ssh_blob_type("!", type, sizeof(type)), SSH_BLOB_E_CORRUPT);
}
END_TEST

START_TEST(what_is_no_base64_is_refused)
{
        char *plain = NULL;

        ck_assert_int_eq(ssh_blob_plain("AAA!", &plain), SSH_BLOB_E_CORRUPT);
        ck_assert_int_eq(ssh_blob_plain("", &plain), SSH_BLOB_E_CORRUPT);
        ck_assert_ptr_null(plain);
}
END_TEST

START_TEST(size_has_a_limit)
{
        CLEANUP(buffer_deinit) Buffer blob = BUFFER_INIT(65536);
        CLEANUP(freep) char *plain = NULL;
        const char zeros[SSH_BLOB_MAX_BYTES + 1] = "";

        write_key(&blob, types[0].certificate, true, types[0].n_strings);
        ck_assert_int_eq(buffer_append(&blob, zeros, SSH_BLOB_MAX_BYTES + 1 - blob.n), 0);
        ck_assert_int_eq(plain_of(&blob, SSH_BLOB_MAX_BYTES + 1, &plain), SSH_BLOB_E_CORRUPT);
        ck_assert_int_eq(plain_of(&blob, SSH_BLOB_MAX_BYTES, &plain), 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-blob");
        TCase *tcase = tcase_create("ssh-blob");

        tcase_add_loop_test(tcase, certificate_has_a_key, 0, ARRAY_SIZE(types));
        tcase_add_loop_test(tcase, a_cut_certificate_is_refused, 0, ARRAY_SIZE(types));
        tcase_add_test(tcase, type_has_a_name_that_fits);
        tcase_add_test(tcase, what_is_no_base64_is_refused);
        tcase_add_test(tcase, size_has_a_limit);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
