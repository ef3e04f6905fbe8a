/* SPDX-License-Identifier: MIT */

#include "client/ssh/known.h"

#include "tests/unit/unit.h"

#include <string.h>

#define KEY "AAAAkey"

/* What ssh-keygen -F says, and what it means for a host with this key. */
static const struct {
        const char *text;
        unsigned marks;
} answers[] = {
        { "", 0 },
        { "# Host h found: line 1\nh ssh-ed25519 " KEY "\n", SSH_MARK_NAMED },
        { "h ssh-ed25519 " KEY " comment", SSH_MARK_NAMED },
        { "h ssh-ed25519 other\n", 0 },
        { "h ssh-ed25519\n", 0 },
        { "@revoked h ssh-ed25519 " KEY "\n", SSH_MARK_REVOKED },
        { "@revoked\th\tssh-ed25519\t" KEY "\r\n", SSH_MARK_REVOKED },
        { "@revoked h ssh-ed25519 other\n", 0 },
        { "@revoked h\n", 0 },
        { "@cert-authority h ssh-ed25519 other\n", SSH_MARK_AUTHORITY },
        { "h ssh-ed25519 " KEY "\n@revoked * ssh-ed25519 " KEY "\n",
          SSH_MARK_NAMED | SSH_MARK_REVOKED },
        { "@other h ssh-ed25519 " KEY "\n", 0 },
        { "# @revoked h ssh-ed25519 " KEY "\n", 0 },
};

START_TEST(answer_of_ssh_keygen_is_read)
{
        CLEANUP(freep) char *text = strdup(answers[_i].text);

        ck_assert_uint_eq(ssh_known_parse(text, KEY), answers[_i].marks);
}
END_TEST

/* Files, and whether libssh reads them as ssh does. */
static const struct {
        const char *text;
        unsigned found;
} files[] = {
        { "", 0 },
        { "h ssh-ed25519 key a@b !\n", 0 },
        { "# @revoked !\n", 0 },
        { "@revoked h ssh-ed25519 key\n", SSH_MARK_UNREAD },
        { "h ssh-ed25519 key\n \t@cert-authority h ssh-ed25519 key", SSH_MARK_UNREAD },
        { "h@x ssh-ed25519 key\n", 0 },
        { "a,!h,* ssh-ed25519 key\n", SSH_MARK_EXCEPTED },
        { "!h ssh-ed25519 key\n", SSH_MARK_EXCEPTED },
        { "@revoked !h,* ssh-ed25519 key\n", SSH_MARK_UNREAD },
        { "@revoked h ssh-ed25519 key\nx,!h ssh-ed25519 key\n",
          SSH_MARK_UNREAD | SSH_MARK_EXCEPTED },
};

START_TEST(what_libssh_does_not_read_is_noticed)
{
        unsigned state = 0, found = 0;

        for (const char *at = files[_i].text; *at; at++)
                found |= ssh_known_scan((unsigned char)*at, &state);
        ck_assert_uint_eq(found, files[_i].found);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-known");
        TCase *tcase = tcase_create("ssh-known");

        tcase_add_loop_test(tcase, answer_of_ssh_keygen_is_read, 0, ARRAY_SIZE(answers));
        tcase_add_loop_test(tcase, what_libssh_does_not_read_is_noticed, 0, ARRAY_SIZE(files));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
