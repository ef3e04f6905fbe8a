/* SPDX-License-Identifier: MIT */

#include "tests/integration/bomb.h"

#include "proto/frame.h"
#include "tests/support/zlib-bomb.h"

#include <string.h>

#define MIB (1u << 20)

#define TEXT(text)                                                                                 \
        {                                                                                          \
                (text), sizeof(text) - 1                                                           \
        }
#define CALL(what) TEXT("\x94\xa6target\xa4" what)
#define ARRAY(type, kind)                                                                          \
        CALL("take\x91\x85\xc4\2nd\xc3\xc4\4type" type "\xc4\4kind" kind "\xc4\5shape")
#define NO_DATA TEXT("\xc4\4data\xc4\0\x80")

const Bomb bombs[] = {
        /* counts and lengths that lie */
        { "list32-of-2^32-1", BOMB_CALL, TEXT("\xdd\xff\xff\xff\xff") },
        { "list32-of-2^31", BOMB_CALL, TEXT("\xdd\x80\0\0\0") },
        { "list16-of-2^16-1", BOMB_CALL, TEXT("\xdc\xff\xff") },
        { "map32-of-2^32-1", BOMB_CALL, TEXT("\xdf\xff\xff\xff\xff") },
        { "map16-of-2^16-1", BOMB_CALL, TEXT("\xde\xff\xff") },
        { "str32-of-2^32-1", BOMB_CALL, TEXT("\xdb\xff\xff\xff\xff") },
        { "bin32-of-2^32-1", BOMB_CALL, TEXT("\xc6\xff\xff\xff\xff") },
        { "ext32-of-2^32-1", BOMB_CALL, TEXT("\xc9\xff\xff\xff\xff\x31") },
        { "str16-of-2^16-1", BOMB_CALL, TEXT("\xda\xff\xff") },
        { "bin16-of-2^16-1", BOMB_CALL, TEXT("\xc5\xff\xff") },
        { "ext16-of-2^16-1", BOMB_CALL, TEXT("\xc8\xff\xff\x31") },
        { "list-one-short", BOMB_CALL, TEXT("\xdd\0\x10\0\1"), TEXT("\xc0"), MIB },
        { "map-one-short", BOMB_CALL, TEXT("\xdf\0\x08\0\0"), TEXT("\xa0\xc0"), MIB / 2 - 1,
          TEXT("\xa0") },
        { "argument-list32-of-2^32-1", BOMB_CALL, CALL("take\x91\xdd\xff\xff\xff\xff") },

        /* nests */
        { "nest-of-513-lists", BOMB_CALL, TEXT(""), TEXT("\x91"), 512, TEXT("\x91\xc0") },
        { "nest-of-lists", BOMB_CALL, TEXT(""), TEXT("\x91"), MIB },
        { "nest-of-maps", BOMB_CALL, TEXT(""), TEXT("\x81\xa0"), MIB / 2 },
        { "nest-of-both", BOMB_CALL, TEXT(""), TEXT("\x91\x81\xa0"), MIB / 3 },
        { "nest-of-list32-that-lie", BOMB_CALL, TEXT(""), TEXT("\xdd\0\xff\xff\xff"), MIB / 5 },
        { "nest-of-list16-that-lie", BOMB_CALL, TEXT(""), TEXT("\xdc\xff\xff"), 31 },
        { "nest-of-keys", BOMB_CALL, TEXT(""), TEXT("\x81\x91"), MIB / 2 },
        { "argument-nest", BOMB_CALL, CALL("take\x91"), TEXT("\x91"), MIB },

        /* a megabyte of values that are none */
        { "str-not-utf-8", BOMB_CALL, TEXT("\xdb\0\x10\0\1"), TEXT("a"), MIB, TEXT("\xff") },
        { "unknown-byte-at-the-end", BOMB_CALL, TEXT("\xdd\0\x10\0\1"), TEXT("\xc0"), MIB,
          TEXT("\xc1") },
        { "bytes-behind-the-value", BOMB_CALL, TEXT("\xc0"), TEXT("\xc0"), MIB },
        { "ints-as-keys", BOMB_CALL, TEXT("\xdf\0\x08\0\0"), TEXT("\1\1"), MIB / 2 },

        /* values that are no call, or no good one */
        { "million-of-lists", BOMB_CALL, TEXT("\xdd\0\x10\0\0"), TEXT("\x90"), MIB },
        { "million-of-arguments", BOMB_CALL, CALL("take\xdd\0\x10\0\0"), TEXT("\xc0"), MIB,
          TEXT("\x80") },
        { "many-keywords", BOMB_CALL, CALL("take\x90\xdf\0\4\0\0"), TEXT("\xa2no\xc0"), MIB / 4 },
        { "same-keyword-again", BOMB_CALL, CALL("take\x90\xdf\0\2\0\0"), TEXT("\xa5value\1"),
          MIB / 8 },
        { "batch-of-no-calls", BOMB_CALL, TEXT("\x94\xa6target\xa7<batch>\xdd\0\x10\0\0"),
          TEXT("\xc0"), MIB, TEXT("\xc0"), .flags = FRAME_BATCH },
        { "name-of-a-megabyte", BOMB_CALL, TEXT("\x94\xa6target\xdb\0\x10\0\0"), TEXT("n"), MIB,
          TEXT("\x90\x80") },
        { "object-of-a-megabyte", BOMB_CALL, TEXT("\x94\xdb\0\x10\0\0"), TEXT("o"), MIB,
          TEXT("\xa1m\x90\x80") },
        { "int-of-a-million-digits", BOMB_CALL, CALL("grow\x91\xc9\0\x10\0\0\x31"), TEXT("9"), MIB,
          TEXT("\x80") },

        /* arrays whose shape lies */
        { "shape-that-wraps", BOMB_CALL, ARRAY("\xa3<f8", "\xc4\0"),
          TEXT("\x94\xcf\x80\0\0\0\0\0\0\0\2\1\1"), 1, NO_DATA },
        { "shape-of-2^40", BOMB_CALL, ARRAY("\xa3<f8", "\xc4\0"), TEXT("\x91\xcf\0\0\1\0\0\0\0\0"),
          1, NO_DATA },
        { "shape-that-is-negative", BOMB_CALL, ARRAY("\xa3<f8", "\xc4\0"), TEXT("\x91\xff"), 1,
          NO_DATA },
        { "shape-of-9-dimensions", BOMB_CALL, ARRAY("\xa3<f8", "\xc4\0"),
          TEXT("\x99\0\0\0\0\0\0\0\0\0"), 1, NO_DATA },
        { "array-of-pickle", BOMB_CALL, ARRAY("\xa2|O", "\xc4\1O"), TEXT("\x90"), 1, NO_DATA },
        { "dtype-of-a-megabyte", BOMB_CALL,
          CALL("take\x91\x83\xc4\2nd\xc3\xc4\4data\xc4\0\xc4\4type\xdb\0\x10\0\0"), TEXT("<"), MIB,
          TEXT("\x80") },

        /* headers that lie: before the handshake, and after it */
        { "first-of-2^18+1", BOMB_FIRST, .claimed_payload = FRAME_HANDSHAKE_MAX_BYTES + 1 },
        { "first-of-2^31-1", BOMB_FIRST, .claimed_payload = INT32_MAX },
        { "first-of-2^31", BOMB_FIRST, .claimed_payload = 1u << 31 },
        { "first-of-2^31+1", BOMB_FIRST, .claimed_payload = (1u << 31) + 1 },
        { "first-of-2^32-1", BOMB_FIRST, .claimed_payload = UINT32_MAX },
        { "first-with-annotations-of-2^32-1", BOMB_FIRST, .claimed_annotations = UINT32_MAX },
        { "first-sum-wraps-to-0", BOMB_FIRST, .claimed_payload = 1u << 31,
          .claimed_annotations = 1u << 31 },
        { "first-sum-wraps-to-1", BOMB_FIRST, .claimed_payload = UINT32_MAX,
          .claimed_annotations = 2 },
        { "first-sum-of-2^18+1", BOMB_FIRST, .claimed_payload = 1u << 17,
          .claimed_annotations = (1u << 17) + 1 },
        { "first-is-invoke", BOMB_FIRST, .type = FRAME_INVOKE, .claimed_payload = 1000 },
        { "first-is-ping", BOMB_FIRST, .type = FRAME_PING, .claimed_payload = 1000 },
        { "first-of-unknown-type", BOMB_FIRST, .type = 77, .claimed_payload = 1000 },
        { "first-of-unknown-serializer", BOMB_FIRST, .serializer = 99, .claimed_payload = 1000 },
        { "first-is-http", BOMB_FIRST, TEXT("GET / HTTP/1.1\r\n"), .is_raw = true },
        { "first-of-version-501", BOMB_FIRST, TEXT("PYRO\1\xf5\1\4"), .is_raw = true },
        { "first-with-wrong-magic", BOMB_FIRST, TEXT("PYRO\1\xf6\1\4"), TEXT("\xff\xff\xff\xff"), 8,
          .is_raw = true },
        { "call-of-2^30+1", BOMB_CALL, .claimed_payload = FRAME_MESSAGE_MAX_BYTES + 1 },
        { "call-of-2^32-1", BOMB_CALL, .claimed_payload = UINT32_MAX },
        { "call-sum-wraps-to-0", BOMB_CALL, .claimed_payload = 1u << 31,
          .claimed_annotations = 1u << 31 },
        { "oneway-of-2^32-1", BOMB_CALL, .flags = FRAME_ONEWAY, .claimed_payload = UINT32_MAX },
        { "ping-of-2^32-1", BOMB_CALL, .type = FRAME_PING, .claimed_payload = UINT32_MAX },
        { "second-connect", BOMB_CALL, .type = FRAME_CONNECT, .claimed_payload = 1u << 30 },
        { "result-from-a-client", BOMB_CALL, .type = FRAME_RESULT, .claimed_payload = 1u << 30 },

        /* annotations that do not add up */
        { "annotation-of-2^32-1", BOMB_FIRST, .annotations = TEXT("LIES\xff\xff\xff\xff") },
        { "annotation-one-byte-too-long", BOMB_CALL, .annotations = TEXT("LIES\0\0\0\2x") },
        { "annotation-cut-in-its-head", BOMB_CALL, .annotations = TEXT("LIES\0\0\0") },
        { "annotation-not-ascii", BOMB_FIRST, .annotations = TEXT("\xc3\xbcID\0\0\0\0") },

        /* handshakes */
        { "handshake-map32-of-2^32-1", BOMB_FIRST, TEXT("\xdf\xff\xff\xff\xff") },
        { "handshake-nest", BOMB_FIRST, TEXT(""), TEXT("\x91"), FRAME_HANDSHAKE_MAX_BYTES },
        { "handshake-of-many-keys", BOMB_FIRST, TEXT("\xdf\0\0\xff\xff"), TEXT("\xa2no\xc0"),
          65535 },
        { "handshake-compressed", BOMB_FIRST, .n_zero_mib = 200 },

        /* a kilobyte that is a megabyte, a megabyte that is a gigabyte */
        { "zlib-of-1-MiB-of-zeros", BOMB_CALL, .n_zero_mib = 1 },
        { "zlib-of-1-GiB-of-zeros", BOMB_CALL, .n_zero_mib = 1024 },
        { "zlib-of-int-keys", BOMB_CALL, TEXT("\xdf\0\xff\xff\xff"), .n_zero_mib = 1024 },
        { "zlib-of-bin-above-the-limit", BOMB_CALL, CALL("take\x91\xc6\x40\0\0\0"),
          .n_zero_mib = 1024 },
        { "zlib-of-list-above-the-limit", BOMB_CALL, CALL("take\x91\xdd\x40\0\0\0"),
          .n_zero_mib = 1024 },
        { "zlib-that-ends-early", BOMB_CALL, TEXT("\xc6\0\x20\0\0"), .n_zero_mib = 1,
          .n_memory = 3 * MIB },
        { "zlib-that-fills-a-limit-of-2-MiB", BOMB_CALL, TEXT("\xdd\0\x1f\xff\xfb"),
          .n_zero_mib = 1024, .n_max = 2 * MIB },
        { "zlib-that-fills-a-limit-of-32-MiB", BOMB_CALL, TEXT("\xdd\1\xff\xff\xfb"),
          .n_zero_mib = 1024, .n_max = 32 * MIB, .n_memory = 33 * MIB, .n_ms = 1000 },

        /* what a hostile daemon answers */
        { "answer-of-2^32-1", BOMB_ANSWER, .claimed_payload = UINT32_MAX },
        { "answer-sum-wraps-to-0", BOMB_ANSWER, .claimed_payload = 1u << 31,
          .claimed_annotations = 1u << 31 },
        { "answer-list32-of-2^32-1", BOMB_ANSWER, TEXT("\xdd\xff\xff\xff\xff") },
        { "answer-nest", BOMB_ANSWER, TEXT(""), TEXT("\x91"), 100000 },
        { "answer-annotation-of-2^32-1", BOMB_ANSWER, .annotations = TEXT("LIES\xff\xff\xff\xff") },
        { "answer-zlib-of-100-MiB-of-zeros", BOMB_ANSWER, .n_zero_mib = 100 },
        { "answer-of-unknown-type", BOMB_ANSWER, .type = 77 },
        { "exception-nest", BOMB_ANSWER, TEXT(""), TEXT("\x81\xa0"), 50000,
          .flags = FRAME_EXCEPTION },
        { "exception-of-many-arguments", BOMB_ANSWER,
          TEXT("\x82\xa9__class__\xa1X\xa4"
               "args\xdc\xff\xff"),
          TEXT("\xc0"), 65535, .flags = FRAME_EXCEPTION },
        { "exception-with-a-long-traceback", BOMB_ANSWER,
          TEXT("\x82\xa9__class__\xa1X\xaa"
               "attributes\x81\xaf_pyroTraceback\xdc\xff\xff"),
          TEXT("\xa1\x1b"), 65535, .flags = FRAME_EXCEPTION },

        /* URIs */
        { "uri-of-a-megabyte", BOMB_TEXT, TEXT("PYRO:"), TEXT("o"), MIB, TEXT("@h:1") },
        { "uri-of-at-signs", BOMB_TEXT, TEXT("PYRO:"), TEXT("@"), MIB },
        { "uri-of-brackets", BOMB_TEXT, TEXT("PYRO:o@"), TEXT("["), MIB },
        { "uri-of-colons", BOMB_TEXT, TEXT("PYRO:o@["), TEXT(":"), 8000, TEXT("]:1") },
        { "uri-of-a-long-host", BOMB_TEXT, TEXT("PYRO:o@"), TEXT("h"), 256, TEXT(":1") },
        { "uri-of-a-large-port", BOMB_TEXT, TEXT("PYRO:o@h:"), TEXT("9"), 8000 },
};

const size_t n_bombs = ARRAY_SIZE(bombs);

static void append(Buffer *buffer, BombBytes what)
{
        if (buffer_append(buffer, what.bytes, what.n))
                abort();
}

static void make_payload(const Bomb *bomb, Buffer *ret)
{
        BombBytes compressed;
        uint8_t *bytes;

        if (bomb->n_zero_mib > 0) {
                bytes = zlib_bomb(bomb->head.bytes, bomb->head.n, bomb->n_zero_mib, &compressed.n);
                compressed.bytes = bytes;
                append(ret, compressed);
                free(bytes);
                return;
        }
        append(ret, bomb->head);
        for (size_t i = 0; i < bomb->n_units; i++)
                append(ret, bomb->unit);
        append(ret, bomb->tail);
}

static uint8_t type_of(const Bomb *bomb)
{
        static const uint8_t types[] = {
                [BOMB_FIRST] = FRAME_CONNECT,
                [BOMB_CALL] = FRAME_INVOKE,
                [BOMB_ANSWER] = FRAME_RESULT,
        };

        return bomb->type ? bomb->type : types[bomb->place];
}

void bomb_make(const Bomb *bomb, Buffer *ret)
{
        CLEANUP(buffer_deinit) Buffer payload = BUFFER_INIT(SIZE_MAX / 2);
        uint8_t bytes[FRAME_HEADER_SIZE];
        FrameHeader header;

        make_payload(bomb, &payload);
        if (!bomb->is_raw && bomb->place != BOMB_TEXT) {
                header = (FrameHeader){
                        .type = type_of(bomb),
                        .serializer =
                                bomb->serializer ? bomb->serializer : FRAME_SERIALIZER_MSGPACK,
                        .flags = bomb->flags | (bomb->n_zero_mib ? FRAME_COMPRESSED : 0),
                        .seq = 1,
                        .n_payload = (uint32_t)payload.n,
                        .n_annotations = (uint32_t)bomb->annotations.n,
                };
                if (bomb->claimed_payload)
                        header.n_payload = bomb->claimed_payload;
                if (bomb->claimed_annotations)
                        header.n_annotations = bomb->claimed_annotations;
                frame_header_write(&header, bytes);
                append(ret, (BombBytes){ bytes, sizeof(bytes) });
        }
        append(ret, bomb->annotations);
        append(ret, (BombBytes){ payload.data, payload.n });
}
