#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Session
 *
 * The server's half of a conversation, as far as bytes tell: which frames may come when, and how
 * large. Pure: bytes in, a frame or a verdict out; neither I/O nor a look into payloads.
 *
 * A session begins with one CONNECT of at most FRAME_HANDSHAKE_MAX_BYTES. Once that is answered,
 * only INVOKE and PING may come. What breaks the rules ends the session (docs/protocol.md).
 */

#include "proto/frame.h"

enum {
        SESSION_E_SUCCESS,

        SESSION_E_INCOMPLETE, /* more bytes are needed */
        SESSION_E_REJECT,     /* answer by the refusal given, then hang up */
        SESSION_E_CLOSE,      /* hang up without an answer */
};

typedef struct Session Session;
typedef struct Frame Frame;

struct Session {
        bool is_open;   /* the handshake is done */
        bool is_paced;  /* the client bounds large answers, proto/credit.h */
        uint64_t n_max; /* bytes of annotations and payload, once it is open */
};

/* A complete frame, pointing into the bytes it was found in. */
struct Frame {
        FrameHeader header;
        const uint8_t *bytes; /* header.n_annotations of annotations, header.n_payload of payload */
        size_t n_bytes;       /* of the whole frame, header included */
};

/* What to say to one who is turned away: by a CONNECTFAIL, or by an exception that answers a call.
 */
typedef struct SessionReject SessionReject;

struct SessionReject {
        bool is_call;
        uint16_t pyro4_version; /* of the protocol of a peer who speaks that; else 0 */
        uint16_t seq;
        uint8_t serializer; /* msgpack, or JSON for a peer that may not know msgpack */
        char text[160];
};

#define SESSION_SERIALIZER_JSON 3u /* every Pyro5 client can read it */

static inline const uint8_t *frame_payload(const Frame *frame)
{
        return frame->bytes + frame->header.n_annotations;
}

/**
 * session_next() - the frame at the beginning of the bytes
 * @bytes, @n_bytes: what came and was not yet used
 * @ret:        for 0 the frame; it points into @bytes
 * @ret_needed: for SESSION_E_INCOMPLETE how many bytes the frame has in all, as far as is known
 * @ret_reject: for SESSION_E_REJECT the answer
 *
 * A frame that may not come is judged by its header, before its payload is there. Of all that is
 * wrong in an open session only a call that is too large gets an answer: its sender means well.
 *
 * Return: 0, SESSION_E_INCOMPLETE, SESSION_E_REJECT, SESSION_E_CLOSE.
 */
NODISCARD int session_next(const Session *session, const uint8_t *bytes, size_t n_bytes, Frame *ret,
                           size_t *ret_needed, SessionReject *ret_reject);

/**
 * session_pace() - whether a frame tells how much of an answer may be sent
 * @ret: bytes of it; UINT64_MAX if the session is not paced, or the frame tells nothing
 */
bool session_pace(const Session *session, const Frame *frame, uint64_t *ret);
