#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Parcel
 *
 * Bytes to be sent: most of them lie in a buffer, and between these stand large pieces that are
 * lent, which are sent from where they lie. So what is large is copied by nobody but the kernel.
 *
 * A Gather collects the next parts to be sent, of bytes and parcels that follow each other.
 */

#include "base/buffer.h"
#include "base/defs.h"

#include <sys/uio.h>

typedef struct Gather Gather;
typedef struct Parcel Parcel;
typedef struct ParcelPiece ParcelPiece;

struct ParcelPiece {
        const uint8_t *data;
        size_t n;
        size_t at;                        /* of its first byte in the whole */
        size_t n_before;                  /* of the bytes before that, how many are lent */
        void (*released)(void *userdata); /* or NULL */
        void *userdata;
};

struct Parcel {
        Buffer bytes;        /* what is not lent; its limit is what the pieces leave of that of
                                the whole */
        ParcelPiece *pieces; /* owned; NULL: none */
        size_t n_pieces;
        size_t n_lent; /* bytes of all pieces */
};

/* An empty parcel: CLEANUP(parcel_deinit) Parcel parcel = PARCEL_INIT(limit); */
#define PARCEL_INIT(limit)                                                                         \
        {                                                                                          \
                .bytes = BUFFER_INIT(limit)                                                        \
        }

/* Releases the pieces and frees the bytes; the parcel is empty and usable again. */
void parcel_deinit(Parcel *parcel);

/* Releases the pieces and drops the bytes; memory for bytes is kept. */
void parcel_clear(Parcel *parcel);

/* Moves all to @to, which must be empty; @from is then empty. */
void parcel_move(Parcel *from, Parcel *to);

static inline size_t parcel_size(const Parcel *parcel)
{
        return parcel->bytes.n + parcel->n_lent;
}

/**
 * parcel_lend() - append a piece without copying it
 * @data:     must not change until it is released
 * @released: called once with @userdata, when the parcel or its last owner is done with the piece;
 *            NULL: never
 *
 * Return: 0; -EMSGSIZE above the limit; -ENOMEM; if not 0 nothing is appended, nor released.
 */
NODISCARD int parcel_lend(Parcel *parcel, const void *data, size_t n,
                          void (*released)(void *userdata), void *userdata);

/* Writes all, parcel_size() bytes, to @ret. */
void parcel_copy(const Parcel *parcel, uint8_t *ret);

/** parcel_join() - copy and release the pieces: all lies in bytes. Return: 0, -ENOMEM. */
NODISCARD int parcel_join(Parcel *parcel);

struct Gather {
        struct iovec *parts; /* room for n_room */
        size_t n_room;
        size_t n_parts;
        size_t n_skip; /* bytes still to be passed over */
        size_t n_left; /* bytes still wanted */
};

/* Appends parts of these bytes; what is to be skipped, is not wanted, or has no room is left out.
 */
void gather_bytes(Gather *gather, const void *bytes, size_t n);
void gather_parcel(Gather *gather, const Parcel *parcel);
