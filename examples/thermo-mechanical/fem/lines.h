#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Lines: a text in memory, read line by line and word by word
 *
 * Words are parted by blanks. Numbers are read as in the C locale; a program that sets another
 * LC_NUMERIC is on its own. Complaints read "name:line: what".
 */

#include "examples/thermo-mechanical/fem/complaint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINES_LINE_MAX 1000u /* bytes of one line */

typedef struct Lines Lines;

struct Lines {
        const char *name; /* of the text, for complaints; borrowed */
        const char *next; /* first byte not yet read; borrowed */
        const char *end;  /* behind the last byte */
        char comment;     /* starts a comment that ends with its line; 0 if none does */
        size_t number;    /* of the current line; the first is 1 */
        char line[LINES_LINE_MAX + 1]; /* the current line, cut into words as they are taken */
        char *rest;                    /* what is not yet taken of it */
};

/**
 * lines_init() - start before the first line
 * @name:       names the text in complaints; borrowed
 * @text:       @n_text bytes, not terminated; borrowed as long as @lines is read
 * @comment:    the character that starts a comment, or 0
 */
void lines_init(Lines *lines, const char *name, const char *text, size_t n_text, char comment);

/**
 * lines_next() - go to the next line, empty or not
 *
 * Return: 0, FEM_E_END, or FEM_E_REFUSED for a line too long or with a zero byte.
 */
NODISCARD int lines_next(Lines *lines, Complaint *complaint);

/** lines_refuse() - complain about the current line. Return: FEM_E_REFUSED. */
int lines_refuse(const Lines *lines, Complaint *complaint, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/** lines_blank() - is there nothing left of the line but blanks? */
bool lines_blank(const Lines *lines);

/** lines_rest() - take the rest of the line, without the blanks around it; valid until the next */
char *lines_rest(Lines *lines);

/** lines_cut() - take the text before the next @mark likewise; NULL if there is no such mark */
char *lines_cut(Lines *lines, char mark);

/** lines_word() - take the next word; NULL if the line has no more */
char *lines_word(Lines *lines);

/**
 * lines_number() - take the next word as a finite number
 * @what:       what is wanted, for the complaint: "a temperature"
 */
NODISCARD int lines_number(Lines *lines, const char *what, double *ret, Complaint *complaint);

/** lines_count() - take the next word as a whole number from @min to @max */
NODISCARD int lines_count(Lines *lines, const char *what, uint32_t min, uint32_t max, uint32_t *ret,
                          Complaint *complaint);

/** lines_finish() - refuse a line that has words left */
NODISCARD int lines_finish(Lines *lines, Complaint *complaint);
