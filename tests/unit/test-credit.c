/* SPDX-License-Identifier: MIT */

#include "proto/credit.h"

#include "tests/unit/unit.h"

#include <string.h>

#define CHUNK(text) (const uint8_t *)(text), sizeof(text) - 1

static uint8_t frame[CREDIT_FRAME_SIZE];
static uint64_t n_allowed;
static uint16_t seq;

static void set_up(void)
{
        n_allowed = 7;
        seq = 7;
        credit_frame_write(0xfffe, UINT64_MAX - 1, frame);
}

START_TEST(an_offer_is_an_annotation_without_data)
{
        ck_assert_int_eq(frame_annotations_check(credit_offer, sizeof(credit_offer)), 0);
        ck_assert(credit_is_offered(credit_offer, sizeof(credit_offer)));
        ck_assert(credit_is_offered(CHUNK("TEST\0\0\0\1xPACE\0\0\0\0")));
        ck_assert(!credit_is_offered(CHUNK("PACE\0\0\0\1x")));
        ck_assert(!credit_is_offered(CHUNK("PACF\0\0\0\0")));
        ck_assert(!credit_is_offered(NULL, 0));
}
END_TEST

START_TEST(a_number_has_eight_bytes)
{
        ck_assert_int_eq(credit_find(CHUNK("PACE\0\0\0\x08\0\0\0\0\0\1\0\2"), &n_allowed), 0);
        ck_assert_uint_eq(n_allowed, 0x10002);
        ck_assert_int_eq(credit_find(CHUNK("PACE\0\0\0\x07\0\0\0\0\0\1\0"), &n_allowed),
                         CREDIT_E_CORRUPT);
        ck_assert_int_eq(credit_find(CHUNK("PACE\0\0\0\x09\0\0\0\0\0\1\0\2\0"), &n_allowed),
                         CREDIT_E_CORRUPT);
        ck_assert_int_eq(credit_find(CHUNK("PACE\0\0\0\0"), &n_allowed), CREDIT_E_CORRUPT);
        ck_assert_int_eq(credit_find(CHUNK("TEST\0\0\0\1x"), &n_allowed), CREDIT_E_ABSENT);
        ck_assert_int_eq(credit_find(NULL, 0, &n_allowed), CREDIT_E_ABSENT);
}
END_TEST

START_TEST(the_number_written_is_the_number_found)
{
        uint8_t chunk[CREDIT_CHUNK_SIZE];

        credit_write(0x0102030405060708, chunk);
        ck_assert_mem_eq(chunk, "PACE\0\0\0\x08\1\2\3\4\5\6\7\x08", sizeof(chunk));
        ck_assert_int_eq(credit_find(chunk, sizeof(chunk), &n_allowed), 0);
        ck_assert_uint_eq(n_allowed, 0x0102030405060708);
}
END_TEST

START_TEST(a_frame_is_read_when_it_is_whole)
{
        for (size_t n = 0; n < sizeof(frame); n++)
                ck_assert_int_eq(credit_frame_read(frame, n, &seq, &n_allowed),
                                 CREDIT_E_INCOMPLETE);
        ck_assert_uint_eq(seq, 7);
        ck_assert_int_eq(credit_frame_read(frame, sizeof(frame), &seq, &n_allowed), 0);
        ck_assert_uint_eq(seq, 0xfffe);
        ck_assert_uint_eq(n_allowed, UINT64_MAX - 1);
}
END_TEST

/* Each differs from a credit by one thing only. */
START_TEST(other_frames_are_none)
{
        static const struct {
                size_t at;
                uint8_t byte;
        } changes[] = { { 0, 'p' },
                        { 6, FRAME_INVOKE },
                        { 15, 1 },
                        { 19, CREDIT_CHUNK_SIZE + 1 },
                        { FRAME_HEADER_SIZE, 'p' },
                        { FRAME_HEADER_SIZE + 7, 9 } };

        frame[changes[_i].at] = changes[_i].byte;
        ck_assert_int_eq(credit_frame_read(frame, sizeof(frame), &seq, &n_allowed),
                         CREDIT_E_ABSENT);
}
END_TEST

START_TEST(a_header_of_another_frame_is_enough)
{
        frame[6] = FRAME_INVOKE;
        ck_assert_int_eq(credit_frame_read(frame, FRAME_HEADER_SIZE - 1, &seq, &n_allowed),
                         CREDIT_E_INCOMPLETE);
        ck_assert_int_eq(credit_frame_read(frame, FRAME_HEADER_SIZE, &seq, &n_allowed),
                         CREDIT_E_ABSENT);
}
END_TEST

START_TEST(programs_cannot_send_it)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(100);

        ck_assert_int_eq(frame_annotation_add(&buffer, 0, "PACE", NULL, 0), FRAME_E_CORRUPT);
        ck_assert_int_eq(frame_annotation_add(&buffer, 0, "PACF", NULL, 0), 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("credit");
        TCase *tcase = tcase_create("credit");

        tcase_add_checked_fixture(tcase, set_up, NULL);
        tcase_add_test(tcase, an_offer_is_an_annotation_without_data);
        tcase_add_test(tcase, a_number_has_eight_bytes);
        tcase_add_test(tcase, the_number_written_is_the_number_found);
        tcase_add_test(tcase, a_frame_is_read_when_it_is_whole);
        tcase_add_loop_test(tcase, other_frames_are_none, 0, 6);
        tcase_add_test(tcase, a_header_of_another_frame_is_enough);
        tcase_add_test(tcase, programs_cannot_send_it);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
