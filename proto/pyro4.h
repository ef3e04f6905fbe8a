#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Pyro4, as far as its peers are told that this is Pyro5
 *
 * Its frames begin as ours do, with the tag PYRO and a version of two digits, and go on in another
 * way: a header of 24 bytes with a checksum. A Pyro4 program shows what it is told in such a frame,
 * and calls anything else invalid data.
 */

#include "base/defs.h"

#include <stdbool.h>
#include <stdint.h>

#define PYRO4_HEADER_SIZE   24u
#define PYRO4_VERSION_MIN   40u /* of its protocol; Pyro 4.39 and later have 48 */
#define PYRO4_VERSION_MAX   49u
#define PYRO4_TEXT_MAX      200u
#define PYRO4_REFUSAL_BYTES (PYRO4_HEADER_SIZE + PYRO4_TEXT_MAX + 2u)

static inline bool pyro4_is_version(unsigned version)
{
        return version >= PYRO4_VERSION_MIN && version <= PYRO4_VERSION_MAX;
}

/**
 * pyro4_refusal_write() - a CONNECTFAIL of Pyro4
 * @version: that of the peer, who reads no other
 * @text:    the reason; ours: without quotes, backslashes and controls; cut at PYRO4_TEXT_MAX
 *
 * Return: bytes written.
 */
size_t pyro4_refusal_write(uint16_t version, const char *text,
                           uint8_t ret[static PYRO4_REFUSAL_BYTES]);
