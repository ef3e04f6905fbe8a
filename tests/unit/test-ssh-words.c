/* SPDX-License-Identifier: MIT */

#include "client/ssh/hostkey.h"
#include "client/ssh/stream.h"
#include "tests/unit/unit.h"

#include <string.h>

static const struct {
        enum ssh_known_hosts_e verdict;
        const char *text;
} verdicts[] = {
        { SSH_KNOWN_HOSTS_UNKNOWN,
          "h1 (me@h port 22): host key is not in /kh: it is ssh-ed25519 SHA256:x; run 'ssh me@h1' "
          "once and compare the fingerprint with what the administrator says" },
        { SSH_KNOWN_HOSTS_NOT_FOUND,
          "h1 (me@h port 22): host key is not in /kh: it is ssh-ed25519 SHA256:x; run 'ssh me@h1' "
          "once and compare the fingerprint with what the administrator says" },
        { SSH_KNOWN_HOSTS_CHANGED,
          "h1 (me@h port 22): host key HAS CHANGED: it is ssh-ed25519 SHA256:x; somebody may be "
          "between you and the host; ask the administrator, and only if the key was replaced run "
          "ssh-keygen -R '[h]:22022' -f /kh" },
        { SSH_KNOWN_HOSTS_OTHER,
          "h1 (me@h port 22): host key is of a type that is not known of it: it is ssh-ed25519 "
          "SHA256:x; somebody may be between you and the host; ask the administrator, and only if "
          "the key was replaced run ssh-keygen -R '[h]:22022' -f /kh" },
        { SSH_KNOWN_HOSTS_ERROR, "h1 (me@h port 22): host key cannot be checked with /kh" },
        /* Nobody asks for the words of a key that is good; if he does, it is still a refusal. */
        { SSH_KNOWN_HOSTS_OK, "h1 (me@h port 22): host key cannot be checked with /kh" },
};

START_TEST(each_verdict_on_a_host_key_refuses_and_says_what_helps)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;
        const SshHostKey key = { .settings = &settings,
                                 .type = "ssh-ed25519",
                                 .fingerprint = "SHA256:x",
                                 .name = "[h]:22022",
                                 .file = "/kh" };

        settings.label = strdup("h1 (me@h port 22)");
        ck_assert_int_eq(ssh_target_parse("me@h1", &settings.typed, NULL), PYROPE_OK);
        ck_assert_int_eq(ssh_hostkey_refuse(&key, verdicts[_i].verdict, &error), PYROPE_E_HOST_KEY);
        ck_assert_str_eq(pyrope_error_text(error), verdicts[_i].text);
}
END_TEST

#define TEXT(text) ((char *)(uintptr_t)(text)) /* members of a Location are not const */

static const struct {
        SshRequest request;
        const char *said;
        pyrope_status status;
        const char *text; /* stands in the error */
} refusals[] = {
        { { .to.path = TEXT("/s") },
          "Channel opening failure: channel 43 error (2) open failed",
          PYROPE_E_UNREACHABLE,
          "cannot connect to the socket /s: nobody listens there, or sshd is configured with a "
          "PermitOpen, DisableForwarding yes, AllowTcpForwarding no or AllowStreamLocalForwarding "
          "no" },
        { { .to.path = TEXT("/s") },
          "Channel opening failure: channel 43 error (1) administratively prohibited",
          PYROPE_E_DENIED,
          "does not permit the socket /s: see AllowTcpForwarding" },
        { { .to.host = TEXT("db"), .to.port = 80 },
          "Channel opening failure: channel 43 error (2) Connection refused",
          PYROPE_E_UNREACHABLE,
          "cannot connect to port 80 of db: " },
        { { .to.host = TEXT("db"), .to.port = 80 },
          "Channel opening failure: channel 43 error (1) open failed",
          PYROPE_E_DENIED,
          "does not permit port 80 of db: see AllowTcpForwarding" },
        { { .command = TEXT("pyrope where") },
          "Channel request exec failed",
          PYROPE_E_DENIED,
          "does not run 'pyrope where': Channel request exec failed" },
        { { .command = TEXT("pyrope where") },
          "Channel opening failure: channel 43 error (2) open failed",
          PYROPE_E_DENIED,
          "does not run 'pyrope where': see MaxSessions in its configuration" },
};

START_TEST(each_refused_channel_says_what_to_look_at)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        ck_assert_int_eq(ssh_stream_refusal("h1", &refusals[_i].request, refusals[_i].said, &error),
                         refusals[_i].status);
        ck_assert_ptr_nonnull(strstr(pyrope_error_text(error), refusals[_i].text));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-words");
        TCase *tcase = tcase_create("ssh-words");

        tcase_add_loop_test(tcase, each_verdict_on_a_host_key_refuses_and_says_what_helps, 0,
                            ARRAY_SIZE(verdicts));
        tcase_add_loop_test(tcase, each_refused_channel_says_what_to_look_at, 0,
                            ARRAY_SIZE(refusals));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
