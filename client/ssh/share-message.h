#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Share Message
 *
 * What commands and the agent that has their SSH sessions tell each other: messages of
 * base/unix-message, each a msgpack map of the members below that are neither NULL, 0 nor false.
 *
 *      command                               agent
 *      HELLO version, key               ->
 *                                       <-   WELCOME version, pid [is_other: not for you; it hangs
 *                                            up, as it does if the versions differ]
 *      OPEN ssh, path | host, port,     ->
 *           ms, is_askable, is_fresh
 *      PIPE, EXEC ssh, command, ms,     ->
 *           is_askable, is_fresh
 *                                       <-   ASK id, host, instruction, prompt, is_echoed, ms
 *      ANSWER id, status, text          ->
 *                                       <-   DONE status, text [is_other: do it yourself]
 *                                            | fd | bytes, exit_status
 *      JOIN ssh, path | host, port, ms, ->
 *           fd
 *                                       <-   DONE status, text (only if it was refused)
 *      SURVEY                           ->
 *                                       <-   STATE bytes
 *
 * WELCOME comes before anything else is said. A connection on which streams are joined is for
 * nothing else; any other may be used again when it is DONE. ASK may come any number of times; any
 * other message from the agent takes it back. Who hangs up takes back what is not DONE, and ends
 * what is joined. Pure.
 */

#include "base/buffer.h"

#include <stdbool.h>

#define SSH_SHARE_TEXT_MAX_BYTES    8192u    /* of each text */
#define SSH_SHARE_BYTES_MAX         1048576u /* of bytes */
#define SSH_SHARE_MESSAGE_MAX_BYTES 1114112u /* of what the agent says */
#define SSH_SHARE_REQUEST_MAX_BYTES 65536u   /* of what it is told */

enum {
        SSH_SHARE_MESSAGE_E_SUCCESS,

        SSH_SHARE_MESSAGE_E_INVALID, /* not of the documented form, or above a limit */
};

typedef enum SshShareKind {
        SSH_SHARE_HELLO,
        SSH_SHARE_WELCOME,
        SSH_SHARE_OPEN,
        SSH_SHARE_PIPE,
        SSH_SHARE_EXEC,
        SSH_SHARE_JOIN,
        SSH_SHARE_DONE,
        SSH_SHARE_ASK,
        SSH_SHARE_ANSWER,
        SSH_SHARE_SURVEY,
        SSH_SHARE_STATE,
        SSH_SHARE_N,
} SshShareKind;

typedef struct SshShareMessage SshShareMessage;

/* Of one that was unpacked all is owned, see ssh_share_message_deinit(); of one that is packed all
 * is borrowed. */
struct SshShareMessage {
        SshShareKind kind;

        const char *version; /* of the program */
        const char *key;     /* of ssh/share-place.h */
        const char *ssh;     /* a way, uri.h; checked by the pool */
        const char *path;
        const char *host; /* to connect to; of a question: the login it is for */
        const char *command;
        const char *text; /* of an error, or an answer */
        const char *instruction;
        const char *prompt;
        const uint8_t *bytes; /* the output of a command; a state, msgpack to be checked */
        size_t n_bytes;

        int64_t port;   /* 0..65535 */
        int64_t ms;     /* what is left until the deadline; -1: none */
        int64_t status; /* pyrope_status; numbers of later versions are PYROPE_E_IO */
        int64_t exit_status;
        int64_t pid;
        int64_t id; /* of a question, so that no answer is taken for another one's */

        bool is_askable; /* the command has somebody to ask */
        bool is_fresh;   /* as of SshOrder */
        bool is_echoed;
        bool is_other;
};

/**
 * ssh_share_message_pack() - as bytes, at the end of @out
 *
 * A member that does not belong to the kind is left out. Grows @out once, so that no bytes of it
 * stay behind. Return: 0, -ENOMEM, -EMSGSIZE (a limit above).
 */
NODISCARD int ssh_share_message_pack(const SshShareMessage *message, Buffer *out);

/**
 * ssh_share_message_unpack() - check and copy
 *
 * Return: 0 with @ret owned by the caller; SSH_SHARE_MESSAGE_E_INVALID, -ENOMEM.
 */
NODISCARD int ssh_share_message_unpack(const uint8_t *bytes, size_t n_bytes, SshShareMessage *ret);

/* Clears what may be a secret; safe on a zeroed one. */
void ssh_share_message_deinit(SshShareMessage *message);
