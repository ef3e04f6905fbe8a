/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/lines.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BLANKS " \t\r"

void lines_init(Lines *lines, const char *name, const char *text, size_t n_text, char comment)
{
        *lines = (Lines){
                .name = name,
                .next = text,
                .end = text + n_text,
                .comment = comment,
        };
        lines->rest = lines->line;
}

int lines_refuse(const Lines *lines, Complaint *complaint, const char *format, ...)
{
        char what[COMPLAINT_MAX + 1];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(what, sizeof(what), format, arguments);
        va_end(arguments);
        return complaint_set(complaint, "%.100s:%zu: %s", lines->name, lines->number, what);
}

int lines_next(Lines *lines, Complaint *complaint)
{
        size_t n_left = (size_t)(lines->end - lines->next);
        const char *newline;
        size_t n_line;
        char *comment;

        if (n_left == 0)
                return FEM_E_END;

        lines->number++;
        newline = memchr(lines->next, '\n', n_left);
        n_line = newline ? (size_t)(newline - lines->next) : n_left;
        if (n_line > LINES_LINE_MAX)
                return lines_refuse(lines, complaint, "line longer than %u bytes", LINES_LINE_MAX);
        if (memchr(lines->next, 0, n_line))
                return lines_refuse(lines, complaint, "a zero byte: this is not text");

        memcpy(lines->line, lines->next, n_line);
        lines->line[n_line] = 0;
        lines->rest = lines->line;
        lines->next += newline ? n_line + 1 : n_line;

        comment = lines->comment ? strchr(lines->line, lines->comment) : NULL;
        if (comment)
                *comment = 0;
        return 0;
}

/* Removes the blanks at both ends, in place. */
static char *trim(char *text)
{
        size_t n;

        text += strspn(text, BLANKS);
        n = strlen(text);
        while (n > 0 && strchr(BLANKS, text[n - 1]))
                n--;
        text[n] = 0;
        return text;
}

bool lines_blank(const Lines *lines)
{
        return !lines->rest[strspn(lines->rest, BLANKS)];
}

char *lines_rest(Lines *lines)
{
        char *rest = lines->rest;

        lines->rest += strlen(rest);
        return trim(rest);
}

char *lines_cut(Lines *lines, char mark)
{
        char *before = lines->rest;
        char *at = strchr(before, mark);

        if (!at)
                return NULL;
        *at = 0;
        lines->rest = at + 1;
        return trim(before);
}

char *lines_word(Lines *lines)
{
        char *word = lines->rest + strspn(lines->rest, BLANKS);
        char *behind = word + strcspn(word, BLANKS);

        lines->rest = *behind ? behind + 1 : behind;
        *behind = 0;
        return *word ? word : NULL;
}

static int refuse_word(const Lines *lines, const char *what, const char *word, Complaint *complaint)
{
        if (!word)
                return lines_refuse(lines, complaint, "%s wanted, but the line ends", what);
        return lines_refuse(lines, complaint, "%s wanted, not \"%.40s\"", what, word);
}

int lines_number(Lines *lines, const char *what, double *ret, Complaint *complaint)
{
        const char *word = lines_word(lines);
        char *behind;
        double number;

        if (!word)
                return refuse_word(lines, what, NULL, complaint);
        number = strtod(word, &behind);
        if (behind == word || *behind || !isfinite(number))
                return refuse_word(lines, what, word, complaint);

        *ret = number;
        return 0;
}

int lines_count(Lines *lines, const char *what, uint32_t min, uint32_t max, uint32_t *ret,
                Complaint *complaint)
{
        const char *word = lines_word(lines);
        long long number;
        char *behind;

        if (!word)
                return refuse_word(lines, what, NULL, complaint);
        errno = 0;
        number = strtoll(word, &behind, 10);
        if (behind == word || *behind)
                return refuse_word(lines, what, word, complaint);
        if (errno || number < min || number > max)
                return lines_refuse(lines, complaint, "%s from %u to %u wanted, not %.40s", what,
                                    min, max, word);

        *ret = (uint32_t)number;
        return 0;
}

int lines_finish(Lines *lines, Complaint *complaint)
{
        const char *word = lines_word(lines);

        if (word)
                return lines_refuse(lines, complaint, "\"%.40s\" is too much on this line", word);
        return 0;
}
