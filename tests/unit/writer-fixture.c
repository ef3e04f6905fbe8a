/* SPDX-License-Identifier: MIT */

#include "tests/unit/writer-fixture.h"

#include "tests/unit/unit.h"

pyrope_writer *writer;

void writer_set_up(void)
{
        writer = pyrope_writer_new();
}

void writer_tear_down(void)
{
        writer = pyrope_writer_free(writer);
}

pyrope_value *taken(void)
{
        pyrope_value *value = NULL;

        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        return value;
}
