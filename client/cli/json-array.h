#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Arrays as JSON
 *
 * A numeric array as nested lists of numbers, one level a dimension; an array without dimensions is
 * the number.
 */

#include <jansson.h>
#include <pyrope/value.h>

/** json_array_can() - whether its dtype has numbers of JSON: bool, int, uint, float of 4 or 8. */
bool json_array_can(const pyrope_array *array);

/** json_array_from() - Return: a new reference; NULL: out of memory. */
json_t *json_array_from(const pyrope_array *array);
