/* SPDX-License-Identifier: MIT */

#include "broker/session.h"

#include "proto/credit.h"
#include "proto/pyro4.h"

#include <inttypes.h>
#include <stdio.h>

#define SERIALIZER_SERPENT 1u /* the default of stock Pyro5 */

static int reject(SessionReject *ret, const FrameHeader *header, const char *text)
{
        *ret = (SessionReject){ .serializer = FRAME_SERIALIZER_MSGPACK };
        if (header)
                ret->seq = header->seq;
        snprintf(ret->text, sizeof(ret->text), "%s", text);
        return SESSION_E_REJECT;
}

static int judge_open(const FrameHeader *header)
{
        if (header->type == FRAME_PING)
                return 0;
        if (header->type == FRAME_INVOKE && header->serializer == FRAME_SERIALIZER_MSGPACK)
                return 0;
        return SESSION_E_CLOSE;
}

static int judge_large(const FrameHeader *header, uint64_t n_max, SessionReject *ret_reject)
{
        uint64_t n = (uint64_t)header->n_payload + header->n_annotations;
        char text[128];

        if (judge_open(header) || header->type != FRAME_INVOKE || header->flags & FRAME_ONEWAY)
                return SESSION_E_CLOSE;
        snprintf(text, sizeof(text), "the call has %" PRIu64 " bytes, the daemon takes %" PRIu64, n,
                 n_max);
        (void)reject(ret_reject, header, text);
        ret_reject->is_call = true;
        return SESSION_E_REJECT;
}

/* Judges a header that cannot be parsed, of one with whom there was no handshake yet. */
static int judge_unparsed(int r, const uint8_t *bytes, SessionReject *ret_reject)
{
        char text[64];

        if (r == FRAME_E_VERSION && pyro4_is_version(frame_version(bytes))) {
                (void)reject(
                        ret_reject, NULL,
                        "you speak Pyro4, and this daemon Pyro5: use the Python package Pyro5");
                ret_reject->pyro4_version = (uint16_t)frame_version(bytes);
                return SESSION_E_REJECT;
        }
        if (r == FRAME_E_VERSION) {
                snprintf(text, sizeof(text), "invalid protocol version: %u", frame_version(bytes));
                return reject(ret_reject, NULL, text);
        }
        if (r == FRAME_E_TOO_LARGE)
                return reject(ret_reject, NULL, "the handshake is larger than 262144 bytes");
        return reject(ret_reject, NULL, "this is not the Pyro protocol");
}

static int judge_handshake(const FrameHeader *header, SessionReject *ret_reject)
{
        char text[64];

        if (header->type != FRAME_CONNECT) {
                snprintf(text, sizeof(text), "invalid msg type %u received (expected: %u)",
                         header->type, (unsigned)FRAME_CONNECT);
                return reject(ret_reject, header, text);
        }
        if (header->serializer >= SERIALIZER_SERPENT &&
            header->serializer < FRAME_SERIALIZER_MSGPACK) {
                /* The commonest mistake of a Pyro user: told in a form that needs no msgpack. */
                reject(ret_reject, header,
                       "this daemon speaks msgpack; set Pyro5.config.SERIALIZER = 'msgpack'");
                ret_reject->serializer = SESSION_SERIALIZER_JSON;
                return SESSION_E_REJECT;
        }
        if (header->serializer != FRAME_SERIALIZER_MSGPACK)
                return SESSION_E_CLOSE;
        if (header->flags & FRAME_COMPRESSED)
                return reject(ret_reject, header, "a compressed handshake is not accepted");
        return 0;
}

COLD static bool is_pace_corrupt(const uint8_t *annotations, size_t n_annotations)
{
        uint64_t n_allowed;

        return credit_find(annotations, n_annotations, &n_allowed) == CREDIT_E_CORRUPT;
}

int session_next(const Session *session, const uint8_t *bytes, size_t n_bytes, Frame *ret,
                 size_t *ret_needed, SessionReject *ret_reject)
{
        FrameHeader header;
        size_t n_frame;
        int r;

        r = frame_header_parse(bytes, n_bytes,
                               session->is_open ? session->n_max : FRAME_HANDSHAKE_MAX_BYTES,
                               &header);
        if (r == FRAME_E_INCOMPLETE) {
                *ret_needed = FRAME_HEADER_SIZE;
                return SESSION_E_INCOMPLETE;
        }
        if (r && !session->is_open)
                return judge_unparsed(r, bytes, ret_reject);
        if (r == FRAME_E_TOO_LARGE)
                return judge_large(&header, session->n_max, ret_reject);
        if (r)
                return SESSION_E_CLOSE;
        r = session->is_open ? judge_open(&header) : judge_handshake(&header, ret_reject);
        if (r)
                return r;

        n_frame = (size_t)frame_size(&header);
        if (n_bytes < n_frame) {
                *ret_needed = n_frame;
                return SESSION_E_INCOMPLETE;
        }
        if (frame_annotations_check(bytes + FRAME_HEADER_SIZE, header.n_annotations))
                return SESSION_E_CLOSE;
        if (session->is_paced && is_pace_corrupt(bytes + FRAME_HEADER_SIZE, header.n_annotations))
                return SESSION_E_CLOSE;
        *ret = (Frame){
                .header = header,
                .bytes = bytes + FRAME_HEADER_SIZE,
                .n_bytes = n_frame,
        };
        return 0;
}

bool session_pace(const Session *session, const Frame *frame, uint64_t *ret)
{
        *ret = UINT64_MAX;
        return session->is_paced &&
               credit_find(frame->bytes, frame->header.n_annotations, ret) == 0;
}
