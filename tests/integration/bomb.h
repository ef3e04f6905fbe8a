#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Bombs: what a peer may send to make the other end take much memory or time
 *
 * A table, and how a row of it becomes bytes. Each must be refused, see bombs.c.
 */

#include "base/buffer.h"

#include <stdbool.h>

typedef struct Bomb Bomb;
typedef struct BombBytes BombBytes;

typedef enum BombPlace {
        BOMB_FIRST,  /* a client says it instead of a handshake */
        BOMB_CALL,   /* a client says it in a session */
        BOMB_ANSWER, /* a daemon answers a call so */
        BOMB_TEXT,   /* no frame, but the text of a URI */
} BombPlace;

struct BombBytes {
        const void *bytes;
        size_t n;
};

/* The payload is head, then unit as often as told, then tail. */
struct Bomb {
        const char *name;
        BombPlace place;
        BombBytes head;
        BombBytes unit;
        size_t n_units;
        BombBytes tail;
        size_t n_zero_mib; /* 0, or the payload is zlib of head and so many MiB of zeros */

        BombBytes annotations;
        uint8_t type; /* 0: as belongs there */
        uint8_t serializer;
        uint16_t flags;
        uint32_t claimed_payload; /* 0: as it is */
        uint32_t claimed_annotations;
        bool is_raw; /* the payload stands alone, without a header */

        size_t n_max;    /* limit of a message, where it is not the default */
        size_t n_memory; /* most bytes it may cost, where it is not twice the input and 64 KiB */
        unsigned n_ms;   /* longest that it may take, where it is not 100 */
};

extern const Bomb bombs[];
extern const size_t n_bombs;

/* All bytes that are sent. Aborts if memory is out. */
void bomb_make(const Bomb *bomb, Buffer *ret);
