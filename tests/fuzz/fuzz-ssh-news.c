/* SPDX-License-Identifier: MIT */

/* A line of ssh is read without leaving it, and its words are its own end. */

#include "client/ssh/news.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static bool is_end_of(const char *text, const char *line)
{
        return text >= line && text <= line + strlen(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *line = malloc(size + 1); /* a sanitizer sees one byte too many */
        SshNews news;

        PROPERTY(line);
        memcpy(line, data, size);
        line[size] = '\0';
        news = ssh_news_parse(line);
        if (news.kind == SSH_NEWS_OTHER || news.kind == SSH_NEWS_REFUSED) {
                PROPERTY(is_end_of(news.text, line));
                (void)ssh_news_status(news.text);
                (void)ssh_news_is_prohibited(news.text);
        } else {
                PROPERTY(!news.text && news.channel <= 999999999);
        }
        PROPERTY(!news.is_stream || news.kind == SSH_NEWS_MADE);
        free(line);
        return 0;
}
