/* SPDX-License-Identifier: MIT */

#include "proto/parcel.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PARTS_MAX 64

static const char lent[] = "0123456789ABCDEFGHIJ";
static unsigned n_released;

static void on_released(void *userdata)
{
        ck_assert_ptr_eq(userdata, (void *)(uintptr_t)lent);
        n_released++;
}

/* What goes in: bytes that are copied, and those in capitals lent. */
typedef struct Script Script;

struct Script {
        const char *items[8]; /* NULL ends; one that begins with '+' is lent */
        const char *whole;
};

static const Script scripts[] = {
        { { "abc" }, "abc" },
        { { "abc", "+DEF", "ghi" }, "abcDEFghi" },
        { { "+ABC", "def" }, "ABCdef" },
        { { "abc", "+DEF" }, "abcDEF" },
        { { "a", "+BC", "+DE", "f", "+G" }, "aBCDEfG" },
        { { "+A", "+B", "+C", "+D", "+E" }, "ABCDE" },
};

static void fill(Parcel *parcel, const Script *script)
{
        for (size_t i = 0; script->items[i]; i++) {
                const char *item = script->items[i];
                bool is_lent = item[0] == '+';
                int r;

                if (is_lent)
                        r = parcel_lend(parcel, item + 1, strlen(item + 1), NULL, NULL);
                else
                        r = buffer_append(&parcel->bytes, item, strlen(item));
                ck_assert_int_eq(r, 0);
        }
        ck_assert_uint_eq(parcel_size(parcel), strlen(script->whole));
}

/* Of all that follows each other the bytes from @at on, at most @n_left in at most @n_room parts,
 * appended to @ret. Returns how many. */
static size_t gather(const Parcel *parcel, size_t at, size_t n_left, size_t n_room, char *ret)
{
        struct iovec parts[PARTS_MAX];
        Gather gather = { .parts = parts, .n_room = n_room, .n_skip = at, .n_left = n_left };
        size_t n = 0;

        gather_bytes(&gather, "<<", 2);
        gather_parcel(&gather, parcel);
        gather_bytes(&gather, ">>", 2);
        ck_assert_uint_le(gather.n_parts, n_room);
        for (size_t i = 0; i < gather.n_parts; i++) {
                ck_assert_uint_gt(parts[i].iov_len, 0);
                memcpy(ret + n, parts[i].iov_base, parts[i].iov_len);
                n += parts[i].iov_len;
        }
        ck_assert_uint_le(n, n_left);
        return n;
}

/* From every byte on, in steps of every size, and with any number of parts. */
START_TEST(whatever_is_gathered_is_the_whole_in_the_end)
{
        const Script *script = &scripts[_i];
        CLEANUP(parcel_deinit) Parcel parcel = PARCEL_INIT(1000);
        char expected[64], got[64];
        size_t n_all = strlen(script->whole) + 4;

        (void)snprintf(expected, sizeof(expected), "<<%s>>", script->whole);
        fill(&parcel, script);
        for (size_t n_step = 1; n_step <= n_all; n_step++)
                for (size_t n_room = 1; n_room <= 9; n_room++) {
                        size_t n = 0;

                        while (n < n_all) {
                                size_t n_more = gather(&parcel, n, n_step, n_room, got + n);

                                ck_assert_uint_gt(n_more, 0);
                                n += n_more;
                        }
                        ck_assert_uint_eq(n, n_all);
                        ck_assert_mem_eq(got, expected, n_all);
                }
        ck_assert_uint_eq(gather(&parcel, n_all, 100, 9, got), 0);
}
END_TEST

START_TEST(copied_and_joined_it_is_the_same)
{
        const Script *script = &scripts[_i];
        CLEANUP(parcel_deinit) Parcel parcel = PARCEL_INIT(1000);
        uint8_t copy[64];

        fill(&parcel, script);
        parcel_copy(&parcel, copy);
        ck_assert_mem_eq(copy, script->whole, strlen(script->whole));

        ck_assert_int_eq(parcel_join(&parcel), 0);
        ck_assert_ptr_null(parcel.pieces);
        ck_assert_uint_eq(parcel.bytes.n, strlen(script->whole));
        ck_assert_mem_eq(parcel.bytes.data, script->whole, strlen(script->whole));
        ck_assert_uint_eq(parcel.bytes.n_max, 1000);
}
END_TEST

static void lend_all(Parcel *parcel)
{
        n_released = 0;
        ck_assert_int_eq(buffer_append(&parcel->bytes, "head", 4), 0);
        ck_assert_int_eq(
                parcel_lend(parcel, lent, sizeof(lent), on_released, (void *)(uintptr_t)lent), 0);
        ck_assert_int_eq(
                parcel_lend(parcel, lent, sizeof(lent), on_released, (void *)(uintptr_t)lent), 0);
        ck_assert_int_eq(parcel_lend(parcel, lent, sizeof(lent), NULL, NULL), 0);
}

START_TEST(each_piece_is_released_once_whatever_becomes_of_it)
{
        Parcel parcel = PARCEL_INIT(1000);
        Parcel moved = { .n_lent = 0 };

        lend_all(&parcel);
        if (_i == 0)
                parcel_clear(&parcel);
        if (_i == 1)
                ck_assert_int_eq(parcel_join(&parcel), 0);
        if (_i == 2) {
                parcel_move(&parcel, &moved);
                ck_assert_uint_eq(parcel_size(&parcel), 0);
                ck_assert_uint_eq(parcel.bytes.n_max, 1000);
                parcel_deinit(&parcel);
                ck_assert_uint_eq(n_released, 0);
        }
        parcel_deinit(&moved);
        parcel_deinit(&parcel);

        ck_assert_uint_eq(n_released, 2);
        ck_assert_uint_eq(parcel_size(&parcel), 0);
        parcel_deinit(&parcel);
        ck_assert_uint_eq(n_released, 2);
}
END_TEST

START_TEST(what_is_lent_counts_for_the_limit)
{
        CLEANUP(parcel_deinit) Parcel parcel = PARCEL_INIT(10 + sizeof(lent));

        n_released = 0;
        ck_assert_int_eq(buffer_append(&parcel.bytes, "0123456789", 10), 0);
        ck_assert_int_eq(parcel_lend(&parcel, lent, sizeof(lent) + 1, on_released, NULL),
                         -EMSGSIZE);
        ck_assert_int_eq(parcel_lend(&parcel, lent, sizeof(lent), NULL, NULL), 0);
        ck_assert_int_eq(buffer_append(&parcel.bytes, "x", 1), -EMSGSIZE);
        ck_assert_int_eq(parcel_lend(&parcel, lent, 1, on_released, NULL), -EMSGSIZE);
        ck_assert_uint_eq(n_released, 0);

        parcel_clear(&parcel);
        ck_assert_int_eq(buffer_append(&parcel.bytes, lent, sizeof(lent)), 0);
        ck_assert_int_eq(buffer_append(&parcel.bytes, "0123456789", 10), 0);
        ck_assert_int_eq(buffer_append(&parcel.bytes, "x", 1), -EMSGSIZE);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("parcel");
        TCase *tcase = tcase_create("parcel");

        tcase_add_loop_test(tcase, whatever_is_gathered_is_the_whole_in_the_end, 0,
                            ARRAY_SIZE(scripts));
        tcase_add_loop_test(tcase, copied_and_joined_it_is_the_same, 0, ARRAY_SIZE(scripts));
        tcase_add_loop_test(tcase, each_piece_is_released_once_whatever_becomes_of_it, 0, 4);
        tcase_add_test(tcase, what_is_lent_counts_for_the_limit);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
