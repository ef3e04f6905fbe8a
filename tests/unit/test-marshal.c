/* SPDX-License-Identifier: MIT */

#include "proto/marshal.h"

#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1
#define OBJECT      "\xda\1o"
#define METHOD      "\xfa\1m"

/* As marshal.dumps() writes them. */
static const struct {
        const char *what;
        const uint8_t *bytes;
        size_t n_bytes;
        const char *info; /* NULL: no str */
        const char *object;
        const char *method;
} blobs[] = {
        { "texts", BYTES("\xa9\3\xda\5topic\xfa\5obj.1\xda\6method"), "topic", "obj.1", "method" },
        { "method refers to info", BYTES("\xa9\3\xda\7process\xda\3objr\1\0\0\0"), "process", "obj",
          "process" },
        { "empty texts", BYTES("\xa9\3\xda\0\xda\1or\1\0\0\0"), "", "o", "" },
        { "unicode", BYTES("\xa9\3\xf5\2\0\0\0\xc3\xa9\xf5\2\0\0\0\xc3\xb6" METHOD), "\xc3\xa9",
          "\xc3\xb6", "m" },
        { "ASCII of any length", BYTES(")\3a\1\0\0\0xA\1\0\0\0oZ\1m"), "x", "o", "m" },
        { "tuple with a long length", BYTES("(\3\0\0\0N" OBJECT METHOD), NULL, "o", "m" },
        { "none", BYTES("\xa9\3N" OBJECT METHOD), NULL, "o", "m" },
        { "true", BYTES("\xa9\3T" OBJECT METHOD), NULL, "o", "m" },
        { "ellipsis", BYTES("\xa9\3." OBJECT METHOD), NULL, "o", "m" },
        { "int", BYTES("\xa9\3\xe9\1\0\0\0" OBJECT METHOD), NULL, "o", "m" },
        { "float", BYTES("\xa9\3\xe7\0\0\0\0\0\0\x0c\x40" OBJECT METHOD), NULL, "o", "m" },
        { "2**70", BYTES("\xa9\3l\5\0\0\0\0\0\0\0\0\0\0\0\0\4" OBJECT METHOD), NULL, "o", "m" },
        { "-2**70", BYTES("\xa9\3l\xfb\xff\xff\xff\0\0\0\0\0\0\0\0\0\4" OBJECT METHOD), NULL, "o",
          "m" },
        { "bytes", BYTES("\xa9\3\xf3\1\0\0\0x" OBJECT METHOD), NULL, "o", "m" },
        { "nested lists", BYTES("\xa9\3[\2\0\0\0\xe9\1\0\0\0[\1\0\0\0\xe9\2\0\0\0" OBJECT METHOD),
          NULL, "o", "m" },
        { "a tuple of texts", BYTES("\xa9\3)\2\xda\1a\xda\1b" OBJECT METHOD), NULL, "o", "m" },
        { "dicts",
          BYTES("\xa9\3{\xda\1a{\xe9\1\0\0\0\xe9\2\0\0\0"
                "00" OBJECT METHOD),
          NULL, "o", "m" },
        { "a set", BYTES("\xa9\3<\1\0\0\0\xe9\1\0\0\0" OBJECT METHOD), NULL, "o", "m" },
        { "info that is no UTF-8", BYTES("\xa9\3\xf5\1\0\0\0\xff" OBJECT METHOD), NULL, "o", "m" },
};

static bool is_text(const MarshalText *text, const char *wanted)
{
        if (!wanted)
                return !text->text;
        return text->text && text->n == strlen(wanted) && memcmp(text->text, wanted, text->n) == 0;
}

START_TEST(a_blob_is_read_as_python_wrote_it)
{
        MarshalBlob blob;

        ck_assert_msg(marshal_blob_parse(blobs[_i].bytes, blobs[_i].n_bytes, &blob) == 0, "%s",
                      blobs[_i].what);
        ck_assert_msg(is_text(&blob.info, blobs[_i].info), "%s", blobs[_i].what);
        ck_assert(is_text(&blob.object, blobs[_i].object));
        ck_assert(is_text(&blob.method, blobs[_i].method));
}
END_TEST

START_TEST(half_a_blob_and_one_byte_more_are_refused)
{
        uint8_t bytes[64] = { 0 };
        MarshalBlob blob;

        for (size_t n = 0; n < blobs[_i].n_bytes; n++)
                ck_assert_int_eq(marshal_blob_parse(blobs[_i].bytes, n, &blob), MARSHAL_E_SHAPE);
        memcpy(bytes, blobs[_i].bytes, blobs[_i].n_bytes);
        ck_assert_int_eq(marshal_blob_parse(bytes, blobs[_i].n_bytes + 1, &blob), MARSHAL_E_SHAPE);
}
END_TEST

static const struct {
        const char *what;
        const uint8_t *bytes;
        size_t n_bytes;
} others[] = {
        { "no tuple", BYTES(OBJECT) },
        { "two items", BYTES("\xa9\2" OBJECT METHOD) },
        { "four items", BYTES("\xa9\4N" OBJECT METHOD "N") },
        { "an object that is no text", BYTES("\xa9\3NN" METHOD) },
        { "a method that is no text", BYTES("\xa9\3N" OBJECT "N") },
        { "an object that is no UTF-8", BYTES("\xa9\3N\xda\1\xff" METHOD) },
        { "code", BYTES("\xa9\3\xe3" OBJECT METHOD) },
        { "a reference to what is not there", BYTES("\xa9\3N" OBJECT "r\2\0\0\0") },
        { "a reference to the tuple", BYTES("\xa9\3N" OBJECT "r\0\0\0\0") },
        { "null in a tuple", BYTES("\xa9\3"
                                   "0" OBJECT METHOD) },
        { "null in a list", BYTES("\xa9\3[\1\0\0\0"
                                  "0" OBJECT METHOD) },
        { "more items than bytes", BYTES("\xa9\3[\xff\xff\xff\xff" OBJECT METHOD) },
        { "a length beyond all", BYTES("\xa9\3s\xff\xff\xff\xff" OBJECT METHOD) },
        { "the longest negative int", BYTES("\xa9\3l\0\0\0\x80" OBJECT METHOD) },
};

START_TEST(anything_else_is_refused)
{
        MarshalBlob blob;

        ck_assert_msg(marshal_blob_parse(others[_i].bytes, others[_i].n_bytes, &blob) ==
                              MARSHAL_E_SHAPE,
                      "%s", others[_i].what);
}
END_TEST

/* The info is so many lists inside each other, of which the innermost is empty. */
static int parse_nested(size_t n_lists)
{
        uint8_t bytes[256] = { 0xa9, 3 };
        size_t n = 2;
        MarshalBlob blob;

        for (size_t i = n_lists; i > 0; i--) {
                bytes[n++] = ')';
                bytes[n++] = i > 1;
        }
        memcpy(bytes + n, OBJECT METHOD, sizeof(OBJECT METHOD) - 1);
        return marshal_blob_parse(bytes, n + sizeof(OBJECT METHOD) - 1, &blob);
}

START_TEST(containers_nest_up_to_the_limit)
{
        ck_assert_int_eq(parse_nested(MARSHAL_DEPTH_MAX), 0);
        ck_assert_int_eq(parse_nested(MARSHAL_DEPTH_MAX + 1), MARSHAL_E_SHAPE);
}
END_TEST

/* The info is a tuple that makes the object number @n_before; the method refers to it. */
static int parse_referring(unsigned n_before)
{
        uint8_t bytes[512] = { ')', 3, ')', (uint8_t)n_before };
        size_t n = 4;
        MarshalBlob blob;

        for (unsigned i = 0; i < n_before; i++, n += 3)
                memcpy(bytes + n, "\xda\1x", 3);
        memcpy(bytes + n, OBJECT "r\0\0\0\0", 8);
        bytes[n + 4] = (uint8_t)n_before;
        return marshal_blob_parse(bytes, n + 8, &blob);
}

START_TEST(places_are_referred_to_up_to_the_limit)
{
        ck_assert_int_eq(parse_referring(MARSHAL_REFS_MAX - 1), 0);
        ck_assert_int_eq(parse_referring(MARSHAL_REFS_MAX), MARSHAL_E_SHAPE);
}
END_TEST

START_TEST(a_text_alone_is_read)
{
        MarshalText text;

        ck_assert_int_eq(marshal_text_parse(BYTES("\xfa\2hi and more"), &text), 0);
        ck_assert(is_text(&text, "hi"));
        ck_assert_int_eq(marshal_text_parse(BYTES("N"), &text), MARSHAL_E_SHAPE);
        ck_assert_int_eq(marshal_text_parse(BYTES("r\0\0\0\0"), &text), MARSHAL_E_SHAPE);
        ck_assert_int_eq(marshal_text_parse(BYTES(""), &text), MARSHAL_E_SHAPE);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("marshal");
        TCase *tcase = tcase_create("marshal");

        tcase_add_loop_test(tcase, a_blob_is_read_as_python_wrote_it, 0, ARRAY_SIZE(blobs));
        tcase_add_loop_test(tcase, half_a_blob_and_one_byte_more_are_refused, 0, ARRAY_SIZE(blobs));
        tcase_add_loop_test(tcase, anything_else_is_refused, 0, ARRAY_SIZE(others));
        tcase_add_test(tcase, containers_nest_up_to_the_limit);
        tcase_add_test(tcase, places_are_referred_to_up_to_the_limit);
        tcase_add_test(tcase, a_text_alone_is_read);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
