/* SPDX-License-Identifier: MIT */

#include "proto/codec.h"

#include "proto/value.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* The linker sends every allocation of the program through these, those of Check too. */
static size_t n_allocations;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t n);

void *__wrap_malloc(size_t n)
{
        n_allocations++;
        return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
        n_allocations++;
        return __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t n)
{
        n_allocations++;
        return __real_realloc(memory, n);
}

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static const struct {
        const char *what;
        const uint8_t *bytes;
        size_t n_bytes;
} good[] = {
        { "nil", BYTES("\xc0") },
        { "false", BYTES("\xc2") },
        { "fixint", BYTES("\x7f") },
        { "negative fixint", BYTES("\xe0") },
        { "uint64", BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff") },
        { "int8 in 64 bits", BYTES("\xd3\0\0\0\0\0\0\0\1") },
        { "float32", BYTES("\xca\x3f\x80\0\0") },
        { "empty str", BYTES("\xa0") },
        { "str with NUL", BYTES("\xa3"
                                "a\0b") },
        { "str of two bytes a character", BYTES("\xa2\xc3\xa9") },
        { "str of 4 bytes a character", BYTES("\xa4\xf0\x9f\x94\xa5") },
        { "str8 of no byte", BYTES("\xd9\0") },
        { "str32", BYTES("\xdb\0\0\0\1x") },
        { "bin with any byte", BYTES("\xc4\2\xff\xfe") },
        { "empty list", BYTES("\x90") },
        { "list32 of one", BYTES("\xdd\0\0\0\1\xc0") },
        { "map with str and bin keys", BYTES("\x82\xa1"
                                             "a\1\xc4\1b\2") },
        { "nested", BYTES("\x92\x81\xa1k\x92\1\2\x90") },
        { "the same key twice", BYTES("\x82\xa1k\1\xa1k\2") },
        { "ext of any type", BYTES("\xc7\0\x55") },
        { "fixext 1", BYTES("\xd4\x30\1") },
        { "fixext 16", BYTES("\xd8\x30"
                             "0123456789abcdef") },
        { "timestamp", BYTES("\xd6\xff\0\0\0\5") },
};

START_TEST(check_accepts_well_formed_items)
{
        pyrope_view view = { NULL, NULL };
        int r = codec_check(good[_i].bytes, good[_i].n_bytes, &view);

        ck_assert_msg(r == 0, "%s: %s", good[_i].what, codec_strerror(r));
        ck_assert_ptr_eq(view.at, good[_i].bytes);
        ck_assert_ptr_eq(codec_skip(view), good[_i].bytes + good[_i].n_bytes);
}
END_TEST

START_TEST(check_refuses_every_beginning_of_an_item)
{
        pyrope_view view;

        for (size_t n = 0; n < good[_i].n_bytes; n++) {
                uint8_t *exact = malloc(n ? n : 1);
                int r;

                memcpy(exact, good[_i].bytes, n);
                r = codec_check(exact, n, &view);
                ck_assert_msg(r == CODEC_E_INCOMPLETE, "%zu bytes of %s: %s", n, good[_i].what,
                              codec_strerror(r));
                free(exact);
        }
}
END_TEST

START_TEST(check_refuses_a_byte_behind_the_item)
{
        uint8_t bytes[64];
        pyrope_view view;

        memcpy(bytes, good[_i].bytes, good[_i].n_bytes);
        bytes[good[_i].n_bytes] = 0xc0;

        ck_assert_int_eq(codec_check(bytes, good[_i].n_bytes + 1, &view), CODEC_E_TRAILING);
}
END_TEST

/* What a stranger may send to make us allocate, recurse, or read elsewhere. */
static const struct {
        const char *what;
        const uint8_t *bytes;
        size_t n_bytes;
        int r;
} bombs[] = {
        { "nothing", BYTES(""), CODEC_E_INCOMPLETE },
        { "the unused tag", BYTES("\xc1"), CODEC_E_FORMAT },
        { "the unused tag in a list", BYTES("\x92\1\xc1"), CODEC_E_FORMAT },
        { "the unused tag as key", BYTES("\x81\xc1\1"), CODEC_E_FORMAT },
        { "list16 of 65535", BYTES("\xdc\xff\xff"), CODEC_E_INCOMPLETE },
        { "list32 of 2^32-1", BYTES("\xdd\xff\xff\xff\xff"), CODEC_E_INCOMPLETE },
        { "list32 of 2^32-1, some there", BYTES("\xdd\xff\xff\xff\xff\1\2\3"), CODEC_E_INCOMPLETE },
        { "list32 of 2^31", BYTES("\xdd\x80\0\0\0\1"), CODEC_E_INCOMPLETE },
        { "list of one more than bytes", BYTES("\x94\1\2\3"), CODEC_E_INCOMPLETE },
        { "map16 of 65535", BYTES("\xde\xff\xff"), CODEC_E_INCOMPLETE },
        { "map32 of 2^32-1", BYTES("\xdf\xff\xff\xff\xff"), CODEC_E_INCOMPLETE },
        { "map32 of 2^31", BYTES("\xdf\x80\0\0\0\xa0\1"), CODEC_E_INCOMPLETE },
        { "map with bytes for its keys only", BYTES("\x82\xa0\xa0"), CODEC_E_INCOMPLETE },
        { "map with half a pair", BYTES("\x82\xa0\1\xa0"), CODEC_E_INCOMPLETE },
        { "str8 of 255", BYTES("\xd9\xff"), CODEC_E_INCOMPLETE },
        { "str16 of 65535", BYTES("\xda\xff\xff"), CODEC_E_INCOMPLETE },
        { "str32 of 2^32-1", BYTES("\xdb\xff\xff\xff\xff"), CODEC_E_INCOMPLETE },
        { "str32 of one too many", BYTES("\xdb\0\0\0\3ab"), CODEC_E_INCOMPLETE },
        { "bin8 of 255", BYTES("\xc4\xff"), CODEC_E_INCOMPLETE },
        { "bin16 of 65535", BYTES("\xc5\xff\xff"), CODEC_E_INCOMPLETE },
        { "bin32 of 2^32-1", BYTES("\xc6\xff\xff\xff\xff"), CODEC_E_INCOMPLETE },
        { "bin32 of 2^32-5", BYTES("\xc6\xff\xff\xff\xfb"), CODEC_E_INCOMPLETE },
        { "ext8 of 255", BYTES("\xc7\xff\1"), CODEC_E_INCOMPLETE },
        { "ext16 of 65535", BYTES("\xc8\xff\xff\1"), CODEC_E_INCOMPLETE },
        { "ext32 of 2^32-1", BYTES("\xc9\xff\xff\xff\xff\1"), CODEC_E_INCOMPLETE },
        { "ext32 of 2^32-6", BYTES("\xc9\xff\xff\xff\xfa\1"), CODEC_E_INCOMPLETE },
        { "ext32 without its type", BYTES("\xc9\0\0\0\0"), CODEC_E_INCOMPLETE },
        { "fixext 16 of 15",
          BYTES("\xd8\1"
                "0123456789abcde"),
          CODEC_E_INCOMPLETE },
        { "half a double", BYTES("\xcb\0\0\0\0"), CODEC_E_INCOMPLETE },
        { "list in list, each of 2^32-1", BYTES("\xdd\xff\xff\xff\xff\xdd\xff\xff\xff\xff"),
          CODEC_E_INCOMPLETE },
        { "list whose inner list takes all", BYTES("\x92\x93\1\2\3"), CODEC_E_INCOMPLETE },
        { "int key", BYTES("\x81\1\1"), CODEC_E_KEY },
        { "nil key", BYTES("\x81\xc0\1"), CODEC_E_KEY },
        { "float key", BYTES("\x81\xca\0\0\0\0\1"), CODEC_E_KEY },
        { "list key", BYTES("\x81\x90\1"), CODEC_E_KEY },
        { "map key", BYTES("\x81\x80\1"), CODEC_E_KEY },
        { "ext key", BYTES("\x81\xd4\1\1\1"), CODEC_E_KEY },
        { "int key behind a good one", BYTES("\x82\xa0\1\1\1"), CODEC_E_KEY },
        { "int key deep inside", BYTES("\x91\x81\xa0\x81\1\1"), CODEC_E_KEY },
        { "lone continuation byte", BYTES("\xa1\x80"), CODEC_E_UTF8 },
        { "overlong NUL", BYTES("\xa2\xc0\x80"), CODEC_E_UTF8 },
        { "overlong slash in 3 bytes", BYTES("\xa3\xe0\x80\xaf"), CODEC_E_UTF8 },
        { "surrogate", BYTES("\xa3\xed\xa0\x80"), CODEC_E_UTF8 },
        { "above U+10FFFF", BYTES("\xa4\xf4\x90\x80\x80"), CODEC_E_UTF8 },
        { "character cut by the str's end", BYTES("\x92\xa1\xc3\xa1\xa9"), CODEC_E_UTF8 },
        { "bad key text", BYTES("\x81\xa1\xff\1"), CODEC_E_UTF8 },
};

START_TEST(check_refuses_bombs_without_allocating)
{
        pyrope_view view = { NULL, NULL };
        pyrope_value *value = NULL;
        uint8_t *exact = malloc(bombs[_i].n_bytes + 1);
        int r, r_value;
        size_t n;

        memcpy(exact, bombs[_i].bytes, bombs[_i].n_bytes);
        exact = realloc(exact, bombs[_i].n_bytes ? bombs[_i].n_bytes : 1);

        n_allocations = 0;
        r = codec_check(exact, bombs[_i].n_bytes, &view);
        r_value = value_new_copy(exact, bombs[_i].n_bytes, &value);
        n = n_allocations;

        ck_assert_msg(r == bombs[_i].r, "%s: %s", bombs[_i].what, codec_strerror(r));
        ck_assert_ptr_null(view.at);
        ck_assert_int_eq(r_value, bombs[_i].r);
        ck_assert_ptr_null(value);
        ck_assert_uint_eq(n, 0);
        free(exact);
}
END_TEST

/* @depth lists or maps of one inside each other, the innermost empty. */
static size_t nest(uint8_t *bytes, size_t depth, bool is_map)
{
        size_t n = 0;

        for (size_t i = 1; i < depth; i++) {
                bytes[n++] = is_map ? 0x81 : 0x91;
                if (is_map)
                        bytes[n++] = 0xa0;
        }
        bytes[n++] = is_map ? 0x80 : 0x90;
        return n;
}

/* Every beginning of what is good can become good, with as much room as that takes. */
START_TEST(beginnings_of_items_are_let_through)
{
        for (size_t n = 0; n <= good[_i].n_bytes; n++)
                ck_assert_msg(codec_check_beginning(good[_i].bytes, n, good[_i].n_bytes) == 0,
                              "%zu bytes of %s are refused", n, good[_i].what);
}
END_TEST

static const struct {
        const char *what;
        const uint8_t *bytes;
        size_t n_bytes;
        size_t n_max;
        int r;
} hopeless[] = {
        { "list that fills the limit", BYTES("\xdd\0\0\1\xfb"), 512, 0 },
        { "list above it", BYTES("\xdd\0\0\1\xfc"), 512, CODEC_E_INCOMPLETE },
        { "map that fills the limit", BYTES("\xdf\0\0\0\xfd"), 511, 0 },
        { "map above it", BYTES("\xdf\0\0\0\xfe"), 511, CODEC_E_INCOMPLETE },
        { "bin that fills the limit, and a byte of it", BYTES("\xc5\1\xfdx"), 512, 0 },
        { "bin above it", BYTES("\xc5\1\xfex"), 512, CODEC_E_INCOMPLETE },
        { "str inside, above what is left", BYTES("\x92\xa0\xda\1\xfc"), 512, CODEC_E_INCOMPLETE },
        { "half a character at the end", BYTES("\xa4\xf0\x9f"), 512, 0 },
        { "a str that is not UTF-8", BYTES("\x92\xa1\xff"), 512, CODEC_E_UTF8 },
        { "an int as key", BYTES("\xde\0\2\1"), 512, CODEC_E_KEY },
        { "an unknown byte", BYTES("\xdd\0\0\1\0\xc1"), 512, CODEC_E_FORMAT },
        { "a second item", BYTES("\x90\x90"), 512, CODEC_E_TRAILING },
};

START_TEST(beginnings_without_hope_are_refused)
{
        int r = codec_check_beginning(hopeless[_i].bytes, hopeless[_i].n_bytes, hopeless[_i].n_max);

        ck_assert_msg(r == hopeless[_i].r, "%s: %s", hopeless[_i].what, codec_strerror(r));
}
END_TEST

START_TEST(check_holds_the_depth_to_the_limit)
{
        static uint8_t bytes[4 * CODEC_DEPTH_MAX];
        bool is_map = _i;
        pyrope_view view;
        size_t n;

        n = nest(bytes, CODEC_DEPTH_MAX, is_map);
        ck_assert_int_eq(codec_check(bytes, n, &view), 0);
        ck_assert_ptr_eq(codec_skip(view), bytes + n);

        n = nest(bytes, CODEC_DEPTH_MAX + 1, is_map);
        ck_assert_int_eq(codec_check(bytes, n, &view), CODEC_E_DEPTH);
}
END_TEST

START_TEST(check_stands_a_megabyte_of_nesting)
{
        size_t n_bytes = 1u << 20;
        uint8_t *bytes = malloc(n_bytes);
        pyrope_view view;
        size_t n;
        int r;

        memset(bytes, 0x91, n_bytes);

        n_allocations = 0;
        r = codec_check(bytes, n_bytes, &view);
        n = n_allocations;

        ck_assert_int_eq(r, CODEC_E_DEPTH);
        ck_assert_uint_eq(n, 0);
        free(bytes);
}
END_TEST

/* Wide, not deep: each row of the comb is empty, which must not count as depth. */
START_TEST(check_takes_a_long_list_of_empty_lists)
{
        static uint8_t bytes[3 + 0xffff];
        pyrope_view view;

        memset(bytes, 0x90, sizeof(bytes));
        memcpy(bytes, "\xdc\xff\xff", 3);

        ck_assert_int_eq(codec_check(bytes, sizeof(bytes), &view), 0);
        ck_assert_ptr_eq(codec_skip(view), bytes + sizeof(bytes));
}
END_TEST

START_TEST(every_outcome_has_words)
{
        for (int r = CODEC_E_INCOMPLETE; r <= CODEC_E_KEY; r++)
                ck_assert_str_ne(codec_strerror(r), codec_strerror(CODEC_E_KEY + 1));
}
END_TEST

/* One row per tag, at both ends of what it holds. */
static const struct {
        int64_t number;
        const uint8_t *bytes;
        size_t n_bytes;
} ints[] = {
        { 0, BYTES("\0") },
        { 127, BYTES("\x7f") },
        { 128, BYTES("\xcc\x80") },
        { 255, BYTES("\xcc\xff") },
        { 256, BYTES("\xcd\1\0") },
        { 65535, BYTES("\xcd\xff\xff") },
        { 65536, BYTES("\xce\0\1\0\0") },
        { 4294967295, BYTES("\xce\xff\xff\xff\xff") },
        { 4294967296, BYTES("\xcf\0\0\0\1\0\0\0\0") },
        { INT64_MAX, BYTES("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff") },
        { -1, BYTES("\xff") },
        { -32, BYTES("\xe0") },
        { -33, BYTES("\xd0\xdf") },
        { -128, BYTES("\xd0\x80") },
        { -129, BYTES("\xd1\xff\x7f") },
        { -32768, BYTES("\xd1\x80\0") },
        { -32769, BYTES("\xd2\xff\xff\x7f\xff") },
        { INT32_MIN, BYTES("\xd2\x80\0\0\0") },
        { (int64_t)INT32_MIN - 1, BYTES("\xd3\xff\xff\xff\xff\x7f\xff\xff\xff") },
        { INT64_MIN, BYTES("\xd3\x80\0\0\0\0\0\0\0") },
};

START_TEST(ints_are_packed_shortest_and_read_back)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(64);
        pyrope_view view;
        int64_t number;

        ck_assert_int_eq(codec_pack_int(&buffer, ints[_i].number), 0);

        ck_assert_uint_eq(buffer.n, ints[_i].n_bytes);
        ck_assert_mem_eq(buffer.data, ints[_i].bytes, buffer.n);
        ck_assert_int_eq(codec_check(buffer.data, buffer.n, &view), 0);
        ck_assert_int_eq(pyrope_get_int(view, &number), PYROPE_OK);
        ck_assert_int_eq(number, ints[_i].number);
}
END_TEST

/* Lengths around the change of the tag: how many bytes the head of str, bytes, list, map take. */
static const struct {
        size_t n;
        size_t n_str, n_bytes, n_list, n_map;
} heads[] = {
        { 0, 1, 2, 1, 1 },   { 15, 1, 2, 1, 1 },    { 16, 1, 2, 3, 3 },
        { 31, 1, 2, 3, 3 },  { 32, 2, 2, 3, 3 },    { 255, 2, 2, 3, 3 },
        { 256, 3, 3, 3, 3 }, { 65535, 3, 3, 3, 3 }, { 65536, 5, 5, 5, 5 },
};

static size_t head_size(const Buffer *buffer)
{
        return codec_head(buffer->data).n_head;
}

START_TEST(lengths_are_packed_shortest)
{
        static const char data[65536];
        size_t n = heads[_i].n;
        Buffer buffer;

        buffer_init(&buffer, 1u << 20);
        ck_assert_int_eq(codec_pack_str(&buffer, data, n), 0);
        ck_assert_uint_eq(buffer.n, n + heads[_i].n_str);
        ck_assert_uint_eq(head_size(&buffer), heads[_i].n_str);
        buffer_clear(&buffer);
        ck_assert_int_eq(codec_pack_bytes(&buffer, data, n), 0);
        ck_assert_uint_eq(buffer.n, n + heads[_i].n_bytes);
        ck_assert_uint_eq(head_size(&buffer), heads[_i].n_bytes);
        buffer_clear(&buffer);
        ck_assert_int_eq(codec_pack_list(&buffer, n), 0);
        ck_assert_uint_eq(buffer.n, heads[_i].n_list);
        ck_assert_uint_eq(head_size(&buffer), heads[_i].n_list);
        buffer_clear(&buffer);
        ck_assert_int_eq(codec_pack_map(&buffer, n), 0);
        ck_assert_uint_eq(buffer.n, heads[_i].n_map);
        ck_assert_uint_eq(head_size(&buffer), heads[_i].n_map);
        buffer_deinit(&buffer);
}
END_TEST

START_TEST(packing_keeps_to_the_limit_of_the_buffer)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(3);

        ck_assert_int_eq(codec_pack_str(&buffer, "abc", 3), -EMSGSIZE);
        buffer_clear(&buffer);
        ck_assert_int_eq(codec_pack_str(&buffer, "ab", 2), 0);
        ck_assert_int_eq(codec_pack_nil(&buffer), -EMSGSIZE);
}
END_TEST

START_TEST(packing_refuses_what_no_length_field_holds)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(SIZE_MAX);
        size_t n = (size_t)CODEC_COUNT_MAX + 1;

        ck_assert_int_eq(codec_pack_str(&buffer, "", n), -EMSGSIZE);
        ck_assert_int_eq(codec_pack_bytes(&buffer, "", n), -EMSGSIZE);
        ck_assert_int_eq(codec_pack_list(&buffer, n), -EMSGSIZE);
        ck_assert_int_eq(codec_pack_map(&buffer, n), -EMSGSIZE);
        ck_assert_uint_eq(buffer.n, 0);
}
END_TEST

/* The bytes are not looked at: those behind the head cannot be read. */
START_TEST(bytes_cost_nothing_however_many)
{
        const size_t n = (size_t)64 << 20;
        const size_t n_page = (size_t)sysconf(_SC_PAGESIZE);
        uint8_t *memory = mmap(NULL, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        const uint32_t n_data = htobe32((uint32_t)n - 5);
        pyrope_view view;

        ck_assert_ptr_ne(memory, MAP_FAILED);
        ck_assert_int_eq(mprotect(memory, n_page, PROT_READ | PROT_WRITE), 0);
        memory[0] = 0xc6;
        memcpy(memory + 1, &n_data, sizeof(n_data));

        ck_assert_int_eq(codec_check(memory, n, &view), 0);
        ck_assert_ptr_eq(codec_skip(view), memory + n);
        ck_assert_uint_eq(pyrope_count(view), n - 5);
        (void)munmap(memory, n);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("codec");
        TCase *tcase = tcase_create("codec");

        tcase_add_loop_test(tcase, check_accepts_well_formed_items, 0, ARRAY_SIZE(good));
        tcase_add_loop_test(tcase, check_refuses_every_beginning_of_an_item, 0, ARRAY_SIZE(good));
        tcase_add_loop_test(tcase, check_refuses_a_byte_behind_the_item, 0, ARRAY_SIZE(good));
        tcase_add_loop_test(tcase, check_refuses_bombs_without_allocating, 0, ARRAY_SIZE(bombs));
        tcase_add_loop_test(tcase, beginnings_of_items_are_let_through, 0, ARRAY_SIZE(good));
        tcase_add_loop_test(tcase, beginnings_without_hope_are_refused, 0, ARRAY_SIZE(hopeless));
        tcase_add_loop_test(tcase, check_holds_the_depth_to_the_limit, 0, 2);
        tcase_add_test(tcase, check_stands_a_megabyte_of_nesting);
        tcase_add_test(tcase, check_takes_a_long_list_of_empty_lists);
        tcase_add_test(tcase, every_outcome_has_words);
        tcase_add_loop_test(tcase, ints_are_packed_shortest_and_read_back, 0, ARRAY_SIZE(ints));
        tcase_add_loop_test(tcase, lengths_are_packed_shortest, 0, ARRAY_SIZE(heads));
        tcase_add_test(tcase, packing_keeps_to_the_limit_of_the_buffer);
        tcase_add_test(tcase, packing_refuses_what_no_length_field_holds);
        tcase_add_test(tcase, bytes_cost_nothing_however_many);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
