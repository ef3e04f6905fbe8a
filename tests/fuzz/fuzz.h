#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Fuzz Target
 *
 * A target takes any bytes and checks a property of the decoder that reads them, such as "what
 * parses is written as the same bytes". It keeps no state from one input to the next.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the run with the expression that did not hold; libFuzzer then keeps the input. */
#define PROPERTY(expression)                                                                       \
        do {                                                                                       \
                if (!(expression)) {                                                               \
                        fprintf(stderr, "%s:%d: property does not hold: %s\n", __FILE__, __LINE__, \
                                #expression);                                                      \
                        abort();                                                                   \
                }                                                                                  \
        } while (0)

/**
 * LLVMFuzzerTestOneInput() - the target: feed one input to the decoder and check its property
 * @data:       @size bytes, borrowed, not terminated
 *
 * Return: 0 always; a property that does not hold aborts.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
