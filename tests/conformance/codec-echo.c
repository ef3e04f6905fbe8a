/* SPDX-License-Identifier: MIT */

/*
 * Answers questions about the wire's values, for codec_diff.py, which asks Python's msgpack,
 * msgpack-numpy and Pyro5 the same. A question is a letter, a length in 4 bytes, and so many
 * bytes; an answer is a byte, 0 for yes, a length and so many bytes:
 *
 *      v  a value: what does not pass codec_check(); else the value packed anew
 *      r  a value: as repr() prints it
 *      a  an array of numpy: read and written again
 *      u  the text of a URI: as a value
 *      p  the text of a URI: a proxy as a value
 *      e  the class of an exception: its map
 */

#include "proto/codec.h"
#include "proto/message.h"
#include "proto/repr.h"
#include "proto/value.h"
#include "tests/support/repack.h"

#include <stdio.h>
#include <string.h>

#define QUESTION_MAX_BYTES (64u << 20)
#define REFUSED            255u /* an answer beside those of codec_check() */

static pyrope_writer *writer;

static void answer(uint8_t verdict, const void *bytes, size_t n_bytes)
{
        const uint8_t head[5] = { verdict, (uint8_t)(n_bytes >> 24), (uint8_t)(n_bytes >> 16),
                                  (uint8_t)(n_bytes >> 8), (uint8_t)n_bytes };

        (void)fwrite(head, 1, sizeof(head), stdout);
        (void)fwrite(bytes, 1, n_bytes, stdout);
}

static void answer_written(void)
{
        const uint8_t *bytes;
        size_t n_bytes;

        if (writer_finish(writer, &bytes, &n_bytes))
                answer(REFUSED, "", 0);
        else
                answer(0, bytes, n_bytes);
        writer_reset(writer, QUESTION_MAX_BYTES);
}

static void answer_repr(pyrope_view view)
{
        static char text[1u << 20];

        answer(0, text, repr_format(view, text, sizeof(text)));
}

static void answer_array(pyrope_view view)
{
        pyrope_array array;

        if (pyrope_get_array(view, NULL, &array)) {
                answer(REFUSED, "", 0);
                return;
        }
        pyrope_write_array(writer, &array);
        answer_written();
}

static void answer_view(char letter, const uint8_t *bytes, size_t n_bytes)
{
        pyrope_view view;
        int r;

        r = codec_check(bytes, n_bytes, &view);
        if (r) {
                answer((uint8_t)r, "", 0);
        } else if (letter == 'r') {
                answer_repr(view);
        } else if (letter == 'a') {
                answer_array(view);
        } else {
                (void)repack(writer, view);
                answer_written();
        }
}

static void answer_text(char letter, const char *text)
{
        const MessageException exception = { .class_ = text,
                                             .text = "text",
                                             .traceback = "line\n" };

        if (letter == 'u')
                pyrope_write_uri(writer, text);
        else if (letter == 'p')
                pyrope_write_proxy(writer, text);
        else
                message_exception_pack(writer, &exception);
        answer_written();
}

/* Returns false at the end of the questions. */
static bool answer_next(void)
{
        uint8_t head[5];
        uint8_t *bytes;
        size_t n_bytes;

        if (fread(head, 1, sizeof(head), stdin) != sizeof(head))
                return false;
        n_bytes = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
        /* Exactly as many bytes as asked about, so that a sanitizer sees one too many. */
        bytes = n_bytes <= QUESTION_MAX_BYTES ? malloc(n_bytes + !!strchr("upe", head[0])) : NULL;
        if (!bytes || fread(bytes, 1, n_bytes, stdin) != n_bytes) {
                free(bytes);
                return false;
        }
        if (strchr("upe", head[0])) {
                bytes[n_bytes] = '\0';
                answer_text((char)head[0], (const char *)bytes);
        } else {
                answer_view((char)head[0], bytes, n_bytes);
        }
        free(bytes);
        return true;
}

int main(void)
{
        writer = pyrope_writer_new();
        while (writer && answer_next())
                continue;
        writer = pyrope_writer_free(writer);
        return fflush(stdout) || !feof(stdin);
}
