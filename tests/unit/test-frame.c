/* SPDX-License-Identifier: MIT */

#include "proto/frame.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

static const FrameHeader sample = {
        .type = FRAME_RESULT,
        .serializer = FRAME_SERIALIZER_MSGPACK,
        .flags = FRAME_EXCEPTION | FRAME_CORRELATION,
        .seq = 0xfffe,
        .n_payload = 0x01020304,
        .n_annotations = 0x0a0b,
        .correlation = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
};

/* As stock Pyro5 would send the sample. */
static const uint8_t sample_bytes[FRAME_HEADER_SIZE] = {
        'P', 'Y', 'R', 'O', 0x01, 0xf6, 5,  4,  0x00, 0x41, 0xff, 0xfe, 1, 2,
        3,   4,   0,   0,   0x0a, 0x0b, 1,  2,  3,    4,    5,    6,    7, 8,
        9,   10,  11,  12,  13,   14,   15, 16, 0,    0,    0x4d, 0xc5,
};

START_TEST(write_gives_the_documented_bytes)
{
        uint8_t bytes[FRAME_HEADER_SIZE];

        frame_header_write(&sample, bytes);

        ck_assert_mem_eq(bytes, sample_bytes, sizeof(bytes));
}
END_TEST

START_TEST(parse_reads_what_write_wrote)
{
        FrameHeader header;

        ck_assert_int_eq(
                frame_header_parse(sample_bytes, sizeof(sample_bytes), UINT64_MAX, &header), 0);

        ck_assert_uint_eq(header.type, sample.type);
        ck_assert_uint_eq(header.serializer, sample.serializer);
        ck_assert_uint_eq(header.flags, sample.flags);
        ck_assert_uint_eq(header.seq, sample.seq);
        ck_assert_uint_eq(header.n_payload, sample.n_payload);
        ck_assert_uint_eq(header.n_annotations, sample.n_annotations);
        ck_assert_mem_eq(header.correlation, sample.correlation, sizeof(header.correlation));
}
END_TEST

/* Each row changes one byte of a valid header. */
static const struct {
        const char *what;
        size_t offset;
        uint8_t byte;
        int r;
} changes[] = {
        { "tag P", 0, 'p', FRAME_E_CORRUPT },
        { "tag O", 3, '0', FRAME_E_CORRUPT },
        { "version 501", 5, 0xf5, FRAME_E_VERSION },
        { "version 246", 4, 0x00, FRAME_E_VERSION },
        { "magic, first byte", 38, 0x4c, FRAME_E_CORRUPT },
        { "magic, last byte", 39, 0xc4, FRAME_E_CORRUPT },
        { "a type nobody knows", 6, 77, 0 },
        { "a serializer nobody knows", 7, 99, 0 },
        { "unknown flags", 8, 0xff, 0 },
        { "reserved field not 0", 36, 0xff, 0 },
};

START_TEST(parse_judges_each_field)
{
        uint8_t bytes[FRAME_HEADER_SIZE];
        FrameHeader header = { .seq = 99 };
        int r;

        memcpy(bytes, sample_bytes, sizeof(bytes));
        bytes[changes[_i].offset] = changes[_i].byte;

        r = frame_header_parse(bytes, sizeof(bytes), UINT64_MAX, &header);

        ck_assert_msg(r == changes[_i].r, "%s: got %d", changes[_i].what, r);
        if (r)
                ck_assert_uint_eq(header.seq, 99);
}
END_TEST

START_TEST(parse_waits_for_the_whole_header)
{
        FrameHeader header;

        for (size_t n = 0; n < FRAME_HEADER_SIZE; n++) {
                uint8_t *exact = malloc(n ? n : 1);

                memcpy(exact, sample_bytes, n);
                ck_assert_int_eq(frame_header_parse(exact, n, UINT64_MAX, &header),
                                 FRAME_E_INCOMPLETE);
                free(exact);
        }
}
END_TEST

START_TEST(parse_judges_tag_and_version_by_six_bytes)
{
        FrameHeader header;

        ck_assert_int_eq(frame_header_parse((const uint8_t *)"GET / ", 6, UINT64_MAX, &header),
                         FRAME_E_CORRUPT);
        ck_assert_int_eq(
                frame_header_parse((const uint8_t *)"PYRO\x01\xf5", 6, UINT64_MAX, &header),
                FRAME_E_VERSION);
}
END_TEST

/* Announced lengths around every edge, against the limit beside them. */
static const struct {
        uint32_t n_payload, n_annotations;
        uint64_t n_max;
        int r;
} sizes[] = {
        { 0, 0, 0, 0 },
        { 1, 0, 0, FRAME_E_TOO_LARGE },
        { 0, 1, 0, FRAME_E_TOO_LARGE },
        { 39, 0, 39, 0 },
        { 40, 0, 39, FRAME_E_TOO_LARGE },
        { 41, 0, 41, 0 },
        { FRAME_HANDSHAKE_MAX_BYTES - 1, 0, FRAME_HANDSHAKE_MAX_BYTES, 0 },
        { FRAME_HANDSHAKE_MAX_BYTES, 0, FRAME_HANDSHAKE_MAX_BYTES, 0 },
        { FRAME_HANDSHAKE_MAX_BYTES, 1, FRAME_HANDSHAKE_MAX_BYTES, FRAME_E_TOO_LARGE },
        { FRAME_MESSAGE_MAX_BYTES, 0, FRAME_MESSAGE_MAX_BYTES, 0 },
        { FRAME_MESSAGE_MAX_BYTES - 8, 8, FRAME_MESSAGE_MAX_BYTES, 0 },
        { FRAME_MESSAGE_MAX_BYTES - 8, 9, FRAME_MESSAGE_MAX_BYTES, FRAME_E_TOO_LARGE },
        { 0x7fffffff, 0, FRAME_MESSAGE_MAX_BYTES, FRAME_E_TOO_LARGE },
        { 0x80000001, 0, FRAME_MESSAGE_MAX_BYTES, FRAME_E_TOO_LARGE },
        { 0x80000000, 0x80000000, FRAME_MESSAGE_MAX_BYTES, FRAME_E_TOO_LARGE },
        { 0xffffffff, 1, FRAME_MESSAGE_MAX_BYTES, FRAME_E_TOO_LARGE },
        { 0xffffffff, 0xffffffff, 0x1fffffffe, 0 },
        { 0xffffffff, 0xffffffff, 0x1fffffffd, FRAME_E_TOO_LARGE },
};

START_TEST(parse_holds_both_lengths_to_the_limit)
{
        FrameHeader header = sample;
        uint8_t bytes[FRAME_HEADER_SIZE];

        header.n_payload = sizes[_i].n_payload;
        header.n_annotations = sizes[_i].n_annotations;
        frame_header_write(&header, bytes);

        ck_assert_int_eq(frame_header_parse(bytes, sizeof(bytes), sizes[_i].n_max, &header),
                         sizes[_i].r);
}
END_TEST

START_TEST(size_of_a_frame_cannot_wrap)
{
        FrameHeader header = { .n_payload = UINT32_MAX, .n_annotations = UINT32_MAX };

        ck_assert_uint_eq(frame_size(&header), UINT64_C(0x1fffffffe) + FRAME_HEADER_SIZE);
}
END_TEST

START_TEST(annotations_are_read_as_they_were_appended)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(1024);
        FrameAnnotation chunk;
        const uint8_t *at;
        size_t n_left;

        ck_assert_int_eq(frame_annotation_append(&buffer, "STRM", "id", 2), 0);
        ck_assert_int_eq(frame_annotation_append(&buffer, "NONE", NULL, 0), 0);
        ck_assert_int_eq(frame_annotations_check(buffer.data, buffer.n), 0);
        at = buffer.data;
        n_left = buffer.n;

        ck_assert_int_eq(frame_annotation_next(&at, &n_left, &chunk), 0);
        ck_assert_str_eq(chunk.id, "STRM");
        ck_assert_uint_eq(chunk.n_data, 2);
        ck_assert_mem_eq(chunk.data, "id", 2);
        ck_assert_int_eq(frame_annotation_next(&at, &n_left, &chunk), 0);
        ck_assert_str_eq(chunk.id, "NONE");
        ck_assert_uint_eq(chunk.n_data, 0);
        ck_assert_int_eq(frame_annotation_next(&at, &n_left, &chunk), FRAME_E_INCOMPLETE);
        ck_assert_uint_eq(n_left, 0);
}
END_TEST

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static const struct {
        const uint8_t *bytes;
        size_t n_bytes;
        int r;
} annotations[] = {
        { BYTES(""), 0 },
        { BYTES("ABCD\0\0\0\0"), 0 },
        { BYTES("ABCD\0\0\0\1x"), 0 },
        { BYTES("ABCD\0\0\0\0ABCD\0\0\0\0"), 0 }, /* twice: allowed, the last counts */
        { BYTES("ABC"), FRAME_E_CORRUPT },
        { BYTES("ABCD\0\0\0"), FRAME_E_CORRUPT },
        { BYTES("ABCD\0\0\0\2x"), FRAME_E_CORRUPT },
        { BYTES("ABCD\0\0\0\0x"), FRAME_E_CORRUPT },
        { BYTES("ABCD\xff\xff\xff\xffx"), FRAME_E_CORRUPT },
        { BYTES("ABCD\xff\xff\xff\xf8x"), FRAME_E_CORRUPT },
        { BYTES("AB\x80"
                "D\0\0\0\0"),
          FRAME_E_CORRUPT },
};

START_TEST(annotations_must_fill_their_bytes_exactly)
{
        ck_assert_int_eq(frame_annotations_check(annotations[_i].bytes, annotations[_i].n_bytes),
                         annotations[_i].r);
}
END_TEST

START_TEST(annotations_are_limited_in_number)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(4096);

        for (size_t i = 0; i < FRAME_ANNOTATIONS_MAX; i++)
                ck_assert_int_eq(frame_annotation_append(&buffer, "ABCD", "x", 1), 0);
        ck_assert_int_eq(frame_annotations_check(buffer.data, buffer.n), 0);

        ck_assert_int_eq(frame_annotation_append(&buffer, "ABCD", "x", 1), 0);
        ck_assert_int_eq(frame_annotations_check(buffer.data, buffer.n), FRAME_E_CORRUPT);
}
END_TEST

START_TEST(an_annotation_that_does_not_fit_leaves_the_buffer_alone)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(12);

        ck_assert_int_eq(frame_annotation_append(&buffer, "ABCD", "12345", 5), -EMSGSIZE);
        ck_assert_uint_eq(buffer.n, 0);
        ck_assert_int_eq(frame_annotation_append(&buffer, "ABCD", "1234", 4), 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("frame");
        TCase *tcase = tcase_create("frame");

        tcase_add_test(tcase, write_gives_the_documented_bytes);
        tcase_add_test(tcase, parse_reads_what_write_wrote);
        tcase_add_loop_test(tcase, parse_judges_each_field, 0, ARRAY_SIZE(changes));
        tcase_add_test(tcase, parse_waits_for_the_whole_header);
        tcase_add_test(tcase, parse_judges_tag_and_version_by_six_bytes);
        tcase_add_loop_test(tcase, parse_holds_both_lengths_to_the_limit, 0, ARRAY_SIZE(sizes));
        tcase_add_test(tcase, size_of_a_frame_cannot_wrap);
        tcase_add_test(tcase, annotations_are_read_as_they_were_appended);
        tcase_add_loop_test(tcase, annotations_must_fill_their_bytes_exactly, 0,
                            ARRAY_SIZE(annotations));
        tcase_add_test(tcase, annotations_are_limited_in_number);
        tcase_add_test(tcase, an_annotation_that_does_not_fit_leaves_the_buffer_alone);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
