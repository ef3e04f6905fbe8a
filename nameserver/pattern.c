/* SPDX-License-Identifier: MIT */

#include "nameserver/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>

/*
 * As Python's: \w \d \s \b and (?i) know all of Unicode (UCP), \uXXXX is a character and \xXX has
 * two digits (ALT_BSUX). \C would see into characters.
 */
#define OPTIONS                                                                                    \
        (PCRE2_ANCHORED | PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_UCP | PCRE2_ALT_BSUX |            \
         PCRE2_NEVER_BACKSLASH_C)

struct Pattern {
        pcre2_code *code;
        pcre2_match_context *context;
        pcre2_match_data *data;
};

static void compile_context_freep(pcre2_compile_context **context)
{
        pcre2_compile_context_free(*context);
}

/* Return: owned; NULL: out of memory. */
static pcre2_compile_context *compile_context_new(void)
{
        pcre2_compile_context *context = pcre2_compile_context_create(NULL);

        if (!context)
                return NULL;
        pcre2_set_max_pattern_length(context, PATTERN_MAX_BYTES);
        pcre2_set_parens_nest_limit(context, PATTERN_NESTING_MAX);
        pcre2_set_newline(context, PCRE2_NEWLINE_LF);
        return context;
}

static int refuse(int code, size_t offset, ErrorText *error)
{
        PCRE2_UCHAR message[256];

        if (code == PCRE2_ERROR_HEAP_FAILED)
                return error_origin(-ENOMEM);
        (void)pcre2_get_error_message(code, message, sizeof(message)); /* always terminated */
        error_text_set(error, "%s at position %zu", (const char *)message, offset);
        return PATTERN_E_INVALID;
}

static int compile(const char *text, size_t n_text, pcre2_code **ret, ErrorText *error)
{
        CLEANUP(compile_context_freep) pcre2_compile_context *context = NULL;
        pcre2_code *code;
        PCRE2_SIZE offset;
        int failure;

        context = compile_context_new();
        if (!context)
                return error_origin(-ENOMEM);
        /* PCRE2 takes settings there, such as (*UTF); Python has nothing to repeat. */
        if (n_text >= 2 && text[0] == '(' && text[1] == '*') {
                error_text_set(error, "nothing to repeat at position 1");
                return PATTERN_E_INVALID;
        }
        code = pcre2_compile((PCRE2_SPTR)text, n_text, OPTIONS, &failure, &offset, context);
        if (!code)
                return refuse(failure, offset, error);
        *ret = code;
        return 0;
}

int pattern_new(const char *text, size_t n_text, Pattern **ret, ErrorText *error)
{
        CLEANUP(pattern_freep) Pattern *pattern = NULL;
        int r;

        pattern = calloc(1, sizeof(*pattern));
        if (!pattern)
                return error_origin(-ENOMEM);
        r = compile(text, n_text, &pattern->code, error);
        if (r)
                return r;
        pattern->context = pcre2_match_context_create(NULL);
        /* What a group matched is of no interest: room for the whole match is enough. */
        pattern->data = pcre2_match_data_create(1, NULL);
        if (!pattern->context || !pattern->data)
                return error_origin(-ENOMEM);
        pcre2_set_match_limit(pattern->context, PATTERN_STEPS_MAX);
        pcre2_set_depth_limit(pattern->context, PATTERN_DEPTH_MAX);
        pcre2_set_heap_limit(pattern->context, PATTERN_HEAP_KIB);
        *ret = TAKE(pattern);
        return 0;
}

Pattern *pattern_free(Pattern *pattern)
{
        if (pattern) {
                pcre2_match_data_free(pattern->data);
                pcre2_match_context_free(pattern->context);
                pcre2_code_free(pattern->code);
        }
        free(pattern);
        return NULL;
}

int pattern_match(const Pattern *pattern, const char *text, size_t n_text)
{
        int n = pcre2_match(pattern->code, (PCRE2_SPTR)text, n_text, /* start= */ 0,
                            PCRE2_NO_UTF_CHECK, pattern->data, pattern->context);

        if (n >= 0)
                return 0;
        switch (n) {
        case PCRE2_ERROR_NOMATCH:
                return PATTERN_E_NO_MATCH;
        case PCRE2_ERROR_NOMEMORY:
                return error_origin(-ENOMEM);
        case PCRE2_ERROR_MATCHLIMIT:
        case PCRE2_ERROR_DEPTHLIMIT:
        case PCRE2_ERROR_HEAPLIMIT:
        default: /* such as endless recursion: it cannot be decided either */
                return PATTERN_E_LIMIT;
        }
}
