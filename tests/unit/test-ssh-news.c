/* SPDX-License-Identifier: MIT */

#include "client/ssh/news.h"

#include "base/defs.h"
#include "tests/unit/unit.h"

#include <string.h>

static const struct {
        const char *line;
        SshNews news;
} lines[] = {
        { "debug1: channels.c:channel_new():503 (pid=1): channel 0: new mux listener [/run/c] "
          "(inactive timeout: 0)",
          { SSH_NEWS_MADE, 0, false, NULL } },
        { "debug1: channels.c:channel_new():503 (pid=1): channel 7: new direct-tcpip "
          "[direct-tcpip] (inactive timeout: 0)",
          { SSH_NEWS_MADE, 7, true, NULL } },
        { "debug1: channels.c:channel_new():1 (pid=1): channel 7: new "
          "[direct-streamlocal@openssh.com]",
          { SSH_NEWS_MADE, 7, true, NULL } },
        { "debug1: channels.c:channel_new():1 (pid=1): channel 4: new session [direct-tcpip]",
          { SSH_NEWS_MADE, 4, false, NULL } },
        { "debug2: channels.c:channel_input_open_confirmation():3518 (pid=1): channel 12: open "
          "confirm rwindow 2097152 rmax 32768",
          { SSH_NEWS_OPENED, 12, false, NULL } },
        { "debug2: channels.c:channel_input_open_confirmation():3513 (pid=1): channel 12: "
          "callback start",
          { SSH_NEWS_NOTHING, 0, false, NULL } },
        { "channels.c:channel_input_open_failure():3563 (pid=1): channel 5: open failed: connect "
          "failed: Connection refused",
          { SSH_NEWS_REFUSED, 5, false, "connect failed: Connection refused" } },
        { "debug1: channels.c:channel_new():503 (pid=1): channel x: new session [y]",
          { SSH_NEWS_NOTHING, 0, false, NULL } },
        { "packet.c:sshpkt_vfatal():2000 (pid=1): Connection closed by 10.0.0.1 port 22",
          { SSH_NEWS_OTHER, 0, false, "Connection closed by 10.0.0.1 port 22" } },
        { "Host key verification failed.",
          { SSH_NEWS_OTHER, 0, false, "Host key verification failed." } },
        /* Words that only look like it are words. */
        { "channel 5: open failed: x", { SSH_NEWS_OTHER, 0, false, "channel 5: open failed: x" } },
        { "h:channel_new(): channel 5: new direct-tcpip [x]",
          { SSH_NEWS_OTHER, 0, false, "h:channel_new(): channel 5: new direct-tcpip [x]" } },
        { "debug1", { SSH_NEWS_OTHER, 0, false, "debug1" } },
        { ".c:channel_new():", { SSH_NEWS_OTHER, 0, false, ".c:channel_new():" } },
        { ".c:): ", { SSH_NEWS_OTHER, 0, false, ".c:): " } },
        { "", { SSH_NEWS_OTHER, 0, false, "" } },
};

START_TEST(a_line_tells_of_a_channel_or_is_words)
{
        SshNews news = ssh_news_parse(lines[_i].line);

        ck_assert_int_eq(news.kind, lines[_i].news.kind);
        ck_assert_uint_eq(news.channel, lines[_i].news.channel);
        ck_assert_int_eq(news.is_stream, lines[_i].news.is_stream);
        ck_assert_pstr_eq(news.text, lines[_i].news.text);
}
END_TEST

static const struct {
        const char *line;
        pyrope_status status;
} sayings[] = {
        { "No ED25519 host key is known for [127.0.0.2]:22 and you have requested strict checking.",
          PYROPE_E_HOST_KEY },
        { "Host key for h1 has changed and you have requested strict checking.",
          PYROPE_E_HOST_KEY },
        { "@       WARNING: REVOKED HOST KEY DETECTED!               @", PYROPE_OK },
        { "The ED25519 host key for h1 is marked as revoked.", PYROPE_E_HOST_KEY },
        { "me@10.0.0.1: Permission denied (publickey).", PYROPE_E_AUTH },
        { "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures",
          PYROPE_E_AUTH },
        { "ssh: Could not resolve hostname x: Name or service not known", PYROPE_E_UNREACHABLE },
        { "/home/me/.ssh/config: line 3: Bad configuration option: x", PYROPE_E_CONFIG },
        { "Load key \"/x\": Permission denied", PYROPE_OK },
};

START_TEST(why_there_is_no_login_is_known_by_its_words)
{
        ck_assert_int_eq(ssh_news_status(sayings[_i].line), sayings[_i].status);
}
END_TEST

START_TEST(what_is_prohibited_is_told_apart)
{
        ck_assert(ssh_news_is_prohibited("administratively prohibited: open failed"));
        ck_assert(!ssh_news_is_prohibited("connect failed: administratively prohibited"));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("ssh-news");
        TCase *tests = tcase_create("ssh-news");

        tcase_add_loop_test(tests, a_line_tells_of_a_channel_or_is_words, 0, ARRAY_SIZE(lines));
        tcase_add_loop_test(tests, why_there_is_no_login_is_known_by_its_words, 0,
                            ARRAY_SIZE(sayings));
        tcase_add_test(tests, what_is_prohibited_is_told_apart);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
