#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH News
 *
 * What the program ssh says on standard error, a line at a time: what became of its channels, for
 * which it is asked by LogVerbose (OpenSSH 8.5), and why it does not log in. Pure. The words may be
 * a stranger's: a host chooses the reasons of what it refuses.
 */

#include <pyrope/error.h>
#include <stdbool.h>

/* The functions of ssh whose words tell of channels, and of how a connection ended. */
#define SSH_NEWS_OPTION                                                                            \
        "-oLogVerbose=*:channel_new():*,*:channel_input_open_confirmation():*,"                    \
        "*:channel_input_open_failure():*,*:sshpkt_vfatal():*"

typedef struct SshNews SshNews;

typedef enum SshNewsKind {
        SSH_NEWS_OTHER,   /* words for a person */
        SSH_NEWS_MADE,    /* a channel has its number; the host is asked to open it */
        SSH_NEWS_OPENED,  /* the host opened it */
        SSH_NEWS_REFUSED, /* the host did not */
        SSH_NEWS_NOTHING, /* of no interest */
} SshNewsKind;

struct SshNews {
        SshNewsKind kind;
        unsigned channel;
        bool is_stream;   /* SSH_NEWS_MADE: of a forwarded connection, not of anything else */
        const char *text; /* OTHER, REFUSED: words, without what ssh puts before them; borrowed */
};

/** ssh_news_parse() - one line, without its end. */
SshNews ssh_news_parse(const char *line);

/**
 * ssh_news_status() - what it means that ssh could not log in and says so
 * @line:       words of SSH_NEWS_OTHER
 *
 * Return: PYROPE_E_HOST_KEY, PYROPE_E_AUTH, PYROPE_E_CONFIG, PYROPE_E_UNREACHABLE; PYROPE_OK: it
 * says nothing of the kind.
 */
pyrope_status ssh_news_status(const char *line);

/** ssh_news_is_prohibited() - whether the host permits no such channel, as the words of
 * SSH_NEWS_REFUSED tell. */
bool ssh_news_is_prohibited(const char *text);
