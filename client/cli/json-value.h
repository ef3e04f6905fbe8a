#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Values as JSON
 *
 * What JSON has is itself. What it lacks is an object with one key:
 *
 *      {"$int": "18446744073709551615"}   an int above 2^63 - 1; received, also one beyond 64 bits
 *      {"$float": "nan"}                  nan, inf, -inf
 *      {"$bytes": "AAEC"}                 bytes, as base64
 *      {"$ext": [5, "AAEC"]}              an extension type of msgpack, its number and bytes:
 *                                         received only
 *      {"$map": [[key, value], ...]}      a map whose keys are not all plain text, or one that
 *                                         would look like a line of this table
 *
 * A received numeric array becomes nested lists; a number of it that JSON lacks follows the table.
 */

#include <jansson.h>
#include <pyrope/value.h>

#define JSON_VALUE_PROBLEM_SIZE 160u

/* Where and why a JSON text is no value. */
typedef struct JsonProblem {
        char text[JSON_VALUE_PROBLEM_SIZE];
} JsonProblem;

enum {
        JSON_VALUE_E_SUCCESS,

        JSON_VALUE_E_INVALID, /* an object of the table above with something else in it */
};

/** json_value_from() - Return: a new reference; NULL: out of memory. */
json_t *json_value_from(pyrope_view item);

/* The same for numbers that are no values yet. */
json_t *json_value_from_double(double value);
json_t *json_value_from_uint(uint64_t value);

/**
 * json_value_write() - the inverse
 * @writer:  receives one item, or part of it on failure
 * @problem: says for a non-zero return what is wrong
 *
 * Return: 0, JSON_VALUE_E_INVALID, -ENOMEM.
 */
int json_value_write(pyrope_writer *writer, const json_t *json, JsonProblem *problem);

/**
 * json_value_parse() - a whole text
 * @problem: `line 1 column 3: invalid token near 'x'`, or why it is no value
 *
 * Return: as json_value_write().
 */
int json_value_parse(pyrope_writer *writer, const char *text, JsonProblem *problem);

/**
 * json_value_text() - one line, floats with as few digits as tell them apart from all others
 *
 * Return: owned by the caller, free(); NULL: out of memory.
 */
char *json_value_text(const json_t *json);
