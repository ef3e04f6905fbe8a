/* SPDX-License-Identifier: MIT */

#include "client/cli/json-array.h"
#include "client/cli/json-value.h"

#include <string.h>

/* How one element lies in memory: numpy's dtype, taken apart. */
typedef struct Element {
        char kind; /* 'b', 'i', 'u', 'f' */
        size_t n_bytes;
        bool is_big_endian;
} Element;

static bool element_parse(const char *dtype, Element *ret)
{
        /* Each kind with its sizes; the first letter is the order of bytes. */
        static const char *const known[] = { "b1", "i1", "i2", "i4", "i8", "u1",
                                             "u2", "u4", "u8", "f4", "f8" };

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
                if (!dtype[0] || strcmp(dtype + 1, known[i]) != 0)
                        continue;
                *ret = (Element){ .kind = dtype[1],
                                  .n_bytes = (size_t)(dtype[2] - '0'),
                                  .is_big_endian = dtype[0] == '>' };
                return true;
        }
        return false;
}

bool json_array_can(const pyrope_array *array)
{
        Element element;

        return element_parse(array->dtype, &element);
}

static uint64_t element_bits(const Element *element, const uint8_t *at)
{
        uint64_t bits = 0;

        for (size_t i = 0; i < element->n_bytes; i++) {
                size_t from = element->is_big_endian ? i : element->n_bytes - 1 - i;

                bits = bits << 8 | at[from];
        }
        return bits;
}

static double double_of_bits(uint64_t bits, size_t n_bytes)
{
        uint32_t half = (uint32_t)bits;
        double wide;
        float narrow;

        if (n_bytes == sizeof(narrow)) {
                memcpy(&narrow, &half, sizeof(narrow));
                return (double)narrow;
        }
        memcpy(&wide, &bits, sizeof(wide));
        return wide;
}

static json_t *element_json(const Element *element, const uint8_t *at)
{
        uint64_t bits = element_bits(element, at);
        unsigned n_unused = 64 - 8 * (unsigned)element->n_bytes;

        switch (element->kind) {
        case 'b':
                return json_boolean(bits);
        case 'i': /* shifted up and down again, so that the sign fills the upper bits */
                return json_integer((int64_t)(bits << n_unused) >> n_unused);
        case 'u':
                return json_value_from_uint(bits);
        default:
                return json_value_from_double(double_of_bits(bits, element->n_bytes));
        }
}

/* The part of the array under one index of each of the first @dimension dimensions; advances @at.
 */
static json_t *dimension_json(const pyrope_array *array, const Element *element, size_t dimension,
                              const uint8_t **at)
{
        json_auto_t *list = NULL;

        if (dimension == array->n_dimensions) {
                const uint8_t *here = *at;

                *at += element->n_bytes;
                return element_json(element, here);
        }

        list = json_array();
        for (size_t i = 0; i < array->shape[dimension]; i++) {
                json_t *inner = dimension_json(array, element, dimension + 1, at);

                if (json_array_append_new(list, inner) < 0)
                        return NULL;
        }
        return json_incref(list);
}

json_t *json_array_from(const pyrope_array *array)
{
        const uint8_t *at = array->data;
        Element element;

        if (!element_parse(array->dtype, &element))
                return NULL;
        return dimension_json(array, &element, 0, &at);
}
