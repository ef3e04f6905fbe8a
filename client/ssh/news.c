/* SPDX-License-Identifier: MIT */

#include "client/ssh/news.h"

#include "base/defs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL_DIGITS 9

/* -- channels ---------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
        return strncmp(text, with, strlen(with)) == 0;
}

/* What LogVerbose puts before the words: "debug1: channels.c:channel_new():503 (pid=42): ".
 * Return: the name of the function, with what follows it; NULL: nothing of the kind. */
static const char *find_function(const char *line, const char **ret_words)
{
        const char *function, *colon, *end = strstr(line, "): ");

        if (begins(line, "debug"))
                line += strcspn(line, " ");
        colon = strchr(line, ':');
        if (!end || !colon || colon > end || colon < line + 2 || memcmp(colon - 2, ".c", 2) != 0)
                return NULL;
        function = colon + 1;
        if (!strstr(function, " (pid=") || strstr(function, " (pid=") > end)
                return NULL;
        *ret_words = end + strlen("): ");
        return function;
}

static SshNews made(unsigned channel, const char *words)
{
        /* "new [direct-tcpip]" until OpenSSH 9.2, then "new direct-tcpip [direct-tcpip]". */
        words += strlen("new ");
        words += *words == '[';
        return (SshNews){ .kind = SSH_NEWS_MADE,
                          .channel = channel,
                          .is_stream = begins(words, "direct-") };
}

static SshNews refused(unsigned channel, const char *words)
{
        return (SshNews){ .kind = SSH_NEWS_REFUSED,
                          .channel = channel,
                          .text = words + strlen("open failed: ") };
}

static SshNews parse_channel(const char *words)
{
        char digits[CHANNEL_DIGITS + 1]; /* %u would take a sign, too */
        unsigned channel;
        int n = 0;

        if (sscanf(words, "channel %" STRINGIFY(CHANNEL_DIGITS) "[0-9]: %n", digits, &n) < 1 || !n)
                return (SshNews){ .kind = SSH_NEWS_NOTHING };
        channel = (unsigned)strtoul(digits, NULL, 10);
        words += n;
        if (begins(words, "new "))
                return made(channel, words);
        if (begins(words, "open confirm "))
                return (SshNews){ .kind = SSH_NEWS_OPENED, .channel = channel };
        if (begins(words, "open failed: "))
                return refused(channel, words);
        return (SshNews){ .kind = SSH_NEWS_NOTHING };
}

SshNews ssh_news_parse(const char *line)
{
        const char *words = line, *function = find_function(line, &words);

        if (function && begins(function, "channel_"))
                return parse_channel(words);
        return (SshNews){ .kind = SSH_NEWS_OTHER, .text = words };
}

bool ssh_news_is_prohibited(const char *text)
{
        return begins(text, "administratively prohibited");
}

/* -- logins ------------------------------------------------------------------------------------ */

/* OpenSSH's own words, which have been these for many years. */
static const struct {
        const char *words;
        pyrope_status status;
} sayings[] = {
        { " host key is known for ", PYROPE_E_HOST_KEY },
        { " has changed and you have requested strict checking", PYROPE_E_HOST_KEY },
        { " revoked", PYROPE_E_HOST_KEY },
        { "Host key verification failed", PYROPE_E_HOST_KEY },
        { "Permission denied (", PYROPE_E_AUTH },
        { "Too many authentication failures", PYROPE_E_AUTH },
        { "Bad configuration option", PYROPE_E_CONFIG },
        { "bad configuration options", PYROPE_E_CONFIG },
        { "Bad owner or permissions on", PYROPE_E_CONFIG },
        { "Can't open user config file", PYROPE_E_CONFIG },
        { "Could not resolve hostname", PYROPE_E_UNREACHABLE },
        { "connect to host ", PYROPE_E_UNREACHABLE },
        { "Unable to negotiate with", PYROPE_E_UNREACHABLE },
        { "Connection closed by", PYROPE_E_UNREACHABLE },
        { "Connection reset by", PYROPE_E_UNREACHABLE },
        { "Timeout, server ", PYROPE_E_UNREACHABLE },
};

pyrope_status ssh_news_status(const char *line)
{
        for (size_t i = 0; i < ARRAY_SIZE(sayings); i++) {
                if (strstr(line, sayings[i].words))
                        return sayings[i].status;
        }
        return PYROPE_OK;
}
