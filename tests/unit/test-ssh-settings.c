/* SPDX-License-Identifier: MIT */

#include "client/ssh/keywords.h"

#include "proto/uri.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const struct {
        const char *text;
        const char *user, *host;
        int port;
} targets[] = {
        { "host", NULL, "host", 0 },
        { "me@host", "me", "host", 0 },
        { "me@host:22022", "me", "host", 22022 },
        { "10.0.0.2:65535", NULL, "10.0.0.2", 65535 },
        { "me@[::1]:22", "me", "::1", 22 },
        { "[10.0.0.2]:22", NULL, "10.0.0.2", 22 }, /* as ssh -G writes a jump host */
};

START_TEST(target_has_user_host_and_port)
{
        CLEANUP(ssh_target_deinit) SshTarget target = { 0 };

        ck_assert_int_eq(ssh_target_parse(targets[_i].text, &target, NULL), PYROPE_OK);
        ck_assert_pstr_eq(target.user, targets[_i].user);
        ck_assert_pstr_eq(target.host, targets[_i].host);
        ck_assert_int_eq(target.port, targets[_i].port);
}
END_TEST

static const char *const no_targets[] = { "",       "-oProxyCommand=x", "host;id", "a b",
                                          "host:0", "host:65536",       "me@",     "[::1",
                                          "$(id)",  "me@-host" };

START_TEST(what_is_no_target_is_refused)
{
        SshTarget target = { 0 };

        ck_assert_int_eq(ssh_target_parse(no_targets[_i], &target, NULL), PYROPE_E_INVALID);
        ck_assert_ptr_null(target.host);
}
END_TEST

static const struct {
        const char *text, *plain;
} ways[] = {
        { "a", "a" },
        { "a,b", "a,b" },
        { "[10.0.0.2]:22,me@[h]", "10.0.0.2:22,me@h" },
        { "[::1]:24,u@[fe80::1]", "[::1]:24,u@[fe80::1]" },
        { "ssh://u@b:2222/,ssh://c,d", "u@b:2222,c,d" },
        { "]a[,[", "]a[,[" }, /* what is wrong stays wrong */
        { "ssh://", "" },
        { "", "" },
        { ",", "," },
};

START_TEST(jump_is_written_as_people_write_a_way)
{
        CLEANUP(freep) char *plain = ssh_target_plain_way(ways[_i].text);

        ck_assert_str_eq(plain, ways[_i].plain);
}
END_TEST

#define DEFAULTS                                                                                   \
        "host h\nuser me\nhostname h\nport 22\naddressfamily any\nconnecttimeout none\n"           \
        "ciphers aes,chacha\nmacs hmac\nrequiredrsasize 1024\nproxyusefdpass no\n"                 \
        "pubkeyauthentication true\nidentitiesonly no\nipqos lowdelay throughput\n"                \
        "tcpkeepalive yes\ncompression no\nrekeylimit 0 0\ncontrolmaster false\n"

/* Parses DEFAULTS and then @lines, as ssh -G would write them. */
static pyrope_status parse(const char *lines, SshSettings *settings, pyrope_error **error)
{
        char text[4096];

        (void)snprintf(text, sizeof(text), "%s%s", DEFAULTS, lines);
        settings->target = strdup("me@h");
        ck_assert_int_eq(ssh_target_parse("me@h", &settings->typed, NULL), PYROPE_OK);
        return ssh_keywords_parse(text, DEFAULTS, settings, error);
}

START_TEST(defaults_set_nothing)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;

        ck_assert_int_eq(unsetenv("SSH_AUTH_SOCK"), 0);
        ck_assert_int_eq(parse("", &settings, NULL), PYROPE_OK);
        ck_assert_str_eq(settings.label, "me@h (me@h port 22)");
        ck_assert_str_eq(settings.host_name, "h");
        ck_assert_str_eq(settings.known_as, "h");
        ck_assert_int_eq(settings.known_port, 22);
        ck_assert_int_eq(settings.family, AF_UNSPEC);
        ck_assert_int_eq(settings.connect_timeout_ms, -1);
        ck_assert_uint_eq(settings.alive_interval_s, 0);
        ck_assert_ptr_null(settings.ciphers);
        ck_assert_ptr_null(settings.agent);
        ck_assert_int_eq(settings.rsa_min_bits, 0);
        ck_assert_int_eq(settings.tos, -1);
        ck_assert_uint_eq(settings.unhonoured.n, 0);
        ck_assert(!settings.is_identities_only);
}
END_TEST

START_TEST(every_setting_is_read)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;

        ck_assert_int_eq(setenv("HOME", "/home/me", 1), 0);
        ck_assert_int_eq(
                parse("hostname 10.0.0.2\nport 2222\naddressfamily inet6\n"
                      "connecttimeout 7\nserveraliveinterval 9\n"
                      "serveralivecountmax 2\nciphers chacha\nmacs hmac\nhostkeyalias cluster\n"
                      "identityfile ~/.ssh/%n key\nidentityfile none\n"
                      "identityfile /k\nidentitiesonly yes\nidentityagent ~/agent\n"
                      "userknownhostsfile /a ~/b\nglobalknownhostsfile none\n"
                      "requiredrsasize 3072\nproxyjump %n.gw,[b]\n",
                      &settings, NULL),
                PYROPE_OK);
        ck_assert_str_eq(settings.host_name, "10.0.0.2");
        ck_assert_int_eq(settings.port, 2222);
        ck_assert_int_eq(settings.family, AF_INET6);
        ck_assert_int_eq(settings.connect_timeout_ms, 7000);
        ck_assert_uint_eq(settings.alive_interval_s, 9);
        ck_assert_uint_eq(settings.n_alive_max, 2);
        ck_assert_str_eq(settings.ciphers, "chacha");
        ck_assert_ptr_null(settings.macs);
        ck_assert_str_eq(settings.known_as, "cluster");
        ck_assert_int_eq(settings.known_port, 22);
        ck_assert_uint_eq(settings.identities.n, 2);
        ck_assert_str_eq(settings.identities.names[0], "/home/me/.ssh/h key");
        ck_assert_str_eq(settings.identities.names[1], "/k");
        ck_assert(settings.is_identities_only);
        ck_assert_str_eq(settings.agent, "/home/me/agent");
        ck_assert_uint_eq(settings.user_known_hosts.n, 2);
        ck_assert_str_eq(settings.user_known_hosts.names[1], "/home/me/b");
        ck_assert_uint_eq(settings.global_known_hosts.n, 0);
        ck_assert_int_eq(settings.rsa_min_bits, 3072);
        ck_assert_str_eq(settings.proxy_jump, "h.gw,b");
        ck_assert_str_eq(settings.name, "me@h via h.gw,b");
        ck_assert_str_eq(settings.label, "me@h via h.gw,b (me@10.0.0.2 port 2222)");
}
END_TEST

static const struct {
        const char *lines;
        unsigned interval_s;
} intervals[] = {
        { "serveraliveinterval 0\n", 0 },
        { "serveraliveinterval 300\nbatchmode no\n", 300 },
        { "serveraliveinterval 300\nbatchmode yes\n", 0 },
        { "batchmode yes\nserveraliveinterval 300\n", 0 },
        { "batchmode yes\nserveraliveinterval 299\n", 299 },
        { "serveraliveinterval -1\n", 0 },
};

START_TEST(interval_that_ssh_sets_for_batches_is_none_of_the_user)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;

        ck_assert_int_eq(parse(intervals[_i].lines, &settings, NULL), PYROPE_OK);
        ck_assert_uint_eq(settings.alive_interval_s, intervals[_i].interval_s);
}
END_TEST

static const struct {
        const char *line;
        const char *word; /* stands in the error */
} refused[] = {
        { "bindaddress myhost\n", "BindAddress myhost" },
        { "ipqos ef purple\n", "IPQoS purple" },
        { "ipqos 256\n", "IPQoS 256" },
        { "rekeylimit 1G\n", "RekeyLimit 1G" },
        { "rekeylimit 1 -1\n", "RekeyLimit 1" },
        { "port 0\n", "Port 0" },
        { "proxyjump a;b\n", "ProxyJump a;b" },
        { "proxyjump %q\n", "token" },
        { "proxyjump 1,2,3,4,5,6,7,8,9\n", "up to 8" },
        { "userknownhostsfile /home/a b\n", "blank" },
        { "identityfile /%C\n", "token" },
        { "identityfile ~other/key\n", "token" },
        { "identityfile ${NO_SUCH_VARIABLE}/key\n", "token" },
};

START_TEST(what_we_cannot_honour_is_refused_by_name)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        ck_assert_int_eq(parse(refused[_i].line, &settings, &error), PYROPE_E_CONFIG);
        ck_assert_ptr_nonnull(strstr(pyrope_error_text(error), refused[_i].word));
}
END_TEST

START_TEST(socket_and_session_are_as_the_user_wants_them)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;

        ck_assert_int_eq(parse("bindaddress 127.0.0.9\nbindinterface eth1\nipqos af21 cs1\n"
                               "tcpkeepalive no\ncompression yes\nrekeylimit 1073741824 3600\n",
                               &settings, NULL),
                         PYROPE_OK);
        ck_assert_str_eq(settings.bind_address, "127.0.0.9");
        ck_assert_str_eq(settings.bind_interface, "eth1");
        ck_assert_int_eq(settings.tos, 0x20);
        ck_assert(settings.is_keepalive_off);
        ck_assert(settings.is_compressed);
        ck_assert_uint_eq(settings.rekey_bytes, 1073741824);
        ck_assert_uint_eq(settings.rekey_s, 3600);
        ck_assert_uint_eq(settings.unhonoured.n, 0);
}
END_TEST

START_TEST(what_is_not_honoured_is_named_unless_ssh_would_do_the_same_by_itself)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;

        ck_assert_int_eq(parse("controlmaster false\ncontrolmaster auto\nforwardagent yes\n"
                               "newkeyword of a newer ssh\nloglevel DEBUG\n"
                               "gssapiauthentication yes\n",
                               &settings, NULL),
                         PYROPE_OK);
        ck_assert_uint_eq(settings.unhonoured.n, 2);
        ck_assert_str_eq(settings.unhonoured.names[0], "controlmaster auto");
        ck_assert_str_eq(settings.unhonoured.names[1], "newkeyword of a newer ssh");
        ck_assert(!ssh_keywords_are_ours("GSSAPIAuthentication")); /* as a file has it */
}
END_TEST

START_TEST(more_that_is_not_honoured_than_the_list_holds_is_no_failure)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;
        char lines[SSH_NAMES_MAX * 16] = "";

        for (unsigned i = 0; i <= SSH_NAMES_MAX; i++)
                (void)snprintf(lines + strlen(lines), 16, "new%u x\n", i);
        ck_assert_int_eq(parse(lines, &settings, NULL), PYROPE_OK);
        ck_assert_uint_eq(settings.unhonoured.n, SSH_NAMES_MAX);
}
END_TEST

#define KEY    SSH_METHOD_PUBLICKEY
#define CODE   SSH_METHOD_INTERACTIVE
#define PHRASE SSH_METHOD_PASSWORD

/* Which methods are tried, and in which order. */
static const struct {
        const char *lines;
        size_t n;
        SshMethod methods[SSH_METHODS_N];
} logins[] = {
        { "", 3, { KEY, CODE, PHRASE } },
        { "pubkeyauthentication host-bound\n", 3, { KEY, CODE, PHRASE } },
        { "pubkeyauthentication false\n", 2, { CODE, PHRASE } },
        { "kbdinteractiveauthentication no\npasswordauthentication no\n", 1, { KEY } },
        { "preferredauthentications gssapi-with-mic,password,publickey\n", 2, { PHRASE, KEY } },
        { "preferredauthentications hostbased\n", 0, { 0 } },
        { "preferredauthentications password,password,password,password\n",
          3,
          { PHRASE, PHRASE, PHRASE } },
};

START_TEST(methods_are_those_of_the_configuration)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;

        ck_assert_int_eq(parse(logins[_i].lines, &settings, NULL), PYROPE_OK);
        ck_assert_uint_eq(settings.n_methods, logins[_i].n);
        for (size_t i = 0; i < settings.n_methods; i++)
                ck_assert_int_eq(settings.methods[i], logins[_i].methods[i]);
}
END_TEST

START_TEST(what_may_be_asked_is_as_the_configuration_says)
{
        CLEANUP(ssh_settings_deinit) SshSettings plain = SSH_SETTINGS_INIT;
        CLEANUP(ssh_settings_deinit) SshSettings other = SSH_SETTINGS_INIT;

        ck_assert_int_eq(parse("stricthostkeychecking ask\n", &plain, NULL), PYROPE_OK);
        ck_assert_int_eq(parse("stricthostkeychecking true\nbatchmode yes\nhashknownhosts yes\n"
                               "numberofpasswordprompts 1\ncertificatefile /c\n"
                               "certificatefile /keys/%n-cert.pub\n",
                               &other, NULL),
                         PYROPE_OK);

        ck_assert(!plain.is_host_key_strict && !plain.is_batch && !plain.is_hiding_host_name);
        ck_assert_int_eq(plain.n_prompts, 3);
        ck_assert_uint_eq(plain.certificates.n, 0);
        ck_assert(other.is_host_key_strict && other.is_batch && other.is_hiding_host_name);
        ck_assert_int_eq(other.n_prompts, 1);
        ck_assert_uint_eq(other.certificates.n, 2);
        ck_assert_str_eq(other.certificates.names[1], "/keys/h-cert.pub");
}
END_TEST

static const struct {
        const char *line;
        const char *noted; /* NULL: supported */
} beyond[] = {
        { "revokedhostkeys /list\n", "revokedhostkeys to /list" },
        { "knownhostscommand /bin/x\n", "knownhostscommand to /bin/x" },
        { "proxyusefdpass yes\n", "proxyusefdpass to yes" },
        { "proxyusefdpass no\n", NULL },
        { "proxyusefdpass yes\nrevokedhostkeys /list\n", "proxyusefdpass to yes" },
        { "preferredauthentications gssapi-with-mic,publickey\n",
          "preferredauthentications to gssapi-with-mic,publickey" },
        { "preferredauthentications publickey,gssapi-with-mic\n", NULL },
};

START_TEST(what_is_beyond_libssh_is_noted_by_name)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        ck_assert_int_eq(parse(beyond[_i].line, &settings, NULL), PYROPE_OK);
        ck_assert_pstr_eq(settings.unsupported, beyond[_i].noted);
        if (!beyond[_i].noted) {
                ck_assert_int_eq(ssh_settings_check(&settings, &error), PYROPE_OK);
                return;
        }
        ck_assert_int_eq(ssh_settings_check(&settings, &error), PYROPE_E_CONFIG);
        ck_assert_ptr_nonnull(strstr(pyrope_error_text(error), beyond[_i].noted));
}
END_TEST

static char *key_of(const char *lines)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;

        ck_assert_int_eq(parse(lines, &settings, NULL), PYROPE_OK);
        return ssh_settings_key(&settings);
}

static const char *const differing[] = {
        "user you\n",
        "hostname i\n",
        "port 23\n",
        "hostkeyalias x\n",
        "proxyjump j\n",
        "proxycommand nc\n",
        "ciphers aes\n",
        "identityfile /k\n",
        "identityagent /a\n",
        "identitiesonly yes\n",
        "requiredrsasize 1\n",
        "userknownhostsfile /k\n",
        "bindaddress ::1\n",
        "bindinterface lo\n",
        "ipqos none ef\n",
        "tcpkeepalive no\n",
        "compression yes\n",
        "rekeylimit 1 0\n",
        "rekeylimit 0 1\n",
        "pubkeyauthentication no\n",
        "preferredauthentications password,publickey\n",
};

START_TEST(hosts_that_may_not_share_a_session_have_other_keys)
{
        CLEANUP(freep) char *one = key_of("");
        CLEANUP(freep) char *same = key_of("connecttimeout 3\n");
        CLEANUP(freep) char *other = key_of(differing[_i]);

        ck_assert_str_eq(one, same);
        ck_assert_str_ne(one, other);
}
END_TEST

START_TEST(another_name_among_the_known_hosts_has_another_key)
{
        CLEANUP(freep) char *one = key_of("port 2222\n");
        CLEANUP(freep) char *other = key_of("port 2222\nhostkeyalias h\n"); /* not [h]:2222 */

        ck_assert_str_ne(one, other);
}
END_TEST

/* "hostkeyalias aaa...": so many. */
static pyrope_status parse_alias(size_t n_alias)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;
        char alias[URI_HOST_MAX_BYTES + 2], line[sizeof(alias) + 32];

        memset(alias, 'a', sizeof(alias));
        alias[n_alias] = '\0';
        (void)snprintf(line, sizeof(line), "hostkeyalias %s\n", alias);
        return parse(line, &settings, NULL);
}

START_TEST(name_among_the_known_hosts_has_a_limit)
{
        ck_assert_int_eq(parse_alias(URI_HOST_MAX_BYTES), PYROPE_OK);
        ck_assert_int_eq(parse_alias(URI_HOST_MAX_BYTES + 1), PYROPE_E_CONFIG);
}
END_TEST

START_TEST(command_is_what_a_person_would_type)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;
        char command[256];

        ck_assert_int_eq(ssh_target_parse("me@h:2222", &settings.typed, NULL), PYROPE_OK);
        (void)ssh_settings_command(&settings, NULL, command, sizeof(command));
        ck_assert_str_eq(command, "ssh -p 2222 me@h");
        settings.config_file = strdup("/c");
        (void)ssh_settings_command(&settings, "-v", command, sizeof(command));
        ck_assert_str_eq(command, "ssh -v -F /c -p 2222 me@h");
        settings.hops = strdup("gw,inner");
        (void)ssh_settings_command(&settings, NULL, command, sizeof(command));
        ck_assert_str_eq(command, "ssh -F /c -J gw,inner -p 2222 me@h");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-settings");
        TCase *tcase = tcase_create("ssh-settings");

        tcase_add_loop_test(tcase, target_has_user_host_and_port, 0, ARRAY_SIZE(targets));
        tcase_add_loop_test(tcase, what_is_no_target_is_refused, 0, ARRAY_SIZE(no_targets));
        tcase_add_loop_test(tcase, jump_is_written_as_people_write_a_way, 0, ARRAY_SIZE(ways));
        tcase_add_test(tcase, defaults_set_nothing);
        tcase_add_test(tcase, every_setting_is_read);
        tcase_add_loop_test(tcase, interval_that_ssh_sets_for_batches_is_none_of_the_user, 0,
                            ARRAY_SIZE(intervals));
        tcase_add_loop_test(tcase, methods_are_those_of_the_configuration, 0, ARRAY_SIZE(logins));
        tcase_add_test(tcase, what_may_be_asked_is_as_the_configuration_says);
        tcase_add_loop_test(tcase, what_is_beyond_libssh_is_noted_by_name, 0, ARRAY_SIZE(beyond));
        tcase_add_loop_test(tcase, what_we_cannot_honour_is_refused_by_name, 0,
                            ARRAY_SIZE(refused));
        tcase_add_test(tcase, socket_and_session_are_as_the_user_wants_them);
        tcase_add_test(tcase, what_is_not_honoured_is_named_unless_ssh_would_do_the_same_by_itself);
        tcase_add_test(tcase, more_that_is_not_honoured_than_the_list_holds_is_no_failure);
        tcase_add_loop_test(tcase, hosts_that_may_not_share_a_session_have_other_keys, 0,
                            ARRAY_SIZE(differing));
        tcase_add_test(tcase, another_name_among_the_known_hosts_has_another_key);
        tcase_add_test(tcase, name_among_the_known_hosts_has_a_limit);
        tcase_add_test(tcase, command_is_what_a_person_would_type);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
