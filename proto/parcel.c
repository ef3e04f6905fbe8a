/* SPDX-License-Identifier: MIT */

#include "proto/parcel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static void release_pieces(Parcel *parcel)
{
        for (size_t i = 0; i < parcel->n_pieces; i++)
                if (parcel->pieces[i].released)
                        parcel->pieces[i].released(parcel->pieces[i].userdata);
        free(parcel->pieces);
        parcel->bytes.n_max += parcel->n_lent;
        parcel->pieces = NULL;
        parcel->n_pieces = 0;
        parcel->n_lent = 0;
}

void parcel_deinit(Parcel *parcel)
{
        if (parcel->pieces)
                release_pieces(parcel);
        buffer_deinit(&parcel->bytes);
}

void parcel_clear(Parcel *parcel)
{
        if (parcel->pieces)
                release_pieces(parcel);
        buffer_clear(&parcel->bytes);
}

void parcel_move(Parcel *from, Parcel *to)
{
        const size_t n_max = from->bytes.n_max + from->n_lent;

        assert(!to->pieces && !to->bytes.data);
        *to = *from;
        *from = (Parcel)PARCEL_INIT(n_max);
}

/* Room for one more; there is for a power of two of them. */
static int reserve_piece(Parcel *parcel)
{
        const size_t n = parcel->n_pieces;
        ParcelPiece *pieces;

        if (n & (n - 1))
                return 0;
        pieces = realloc(parcel->pieces, (n ? 2 * n : 1) * sizeof(*pieces));
        if (!pieces)
                return -ENOMEM;
        parcel->pieces = pieces;
        return 0;
}

int parcel_lend(Parcel *parcel, const void *data, size_t n, void (*released)(void *userdata),
                void *userdata)
{
        int r;

        if (n > parcel->bytes.n_max - parcel->bytes.n)
                return -EMSGSIZE;
        r = reserve_piece(parcel);
        if (r)
                return r;
        parcel->pieces[parcel->n_pieces++] = (ParcelPiece){
                .data = data,
                .n = n,
                .at = parcel_size(parcel),
                .n_before = parcel->n_lent,
                .released = released,
                .userdata = userdata,
        };
        parcel->n_lent += n;
        parcel->bytes.n_max -= n;
        if (parcel->bytes.n_allocated > parcel->bytes.n_max)
                parcel->bytes.n_allocated = parcel->bytes.n_max; /* room that may not be used */
        return 0;
}

/* First piece that ends behind the byte @at of the whole. */
static size_t find_piece(const Parcel *parcel, size_t at)
{
        size_t low = 0, high = parcel->n_pieces;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const ParcelPiece *piece = &parcel->pieces[middle];

                if (piece->at + piece->n <= at)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

void gather_bytes(Gather *gather, const void *bytes, size_t n)
{
        size_t n_skipped = n < gather->n_skip ? n : gather->n_skip;

        gather->n_skip -= n_skipped;
        n -= n_skipped;
        if (n > gather->n_left)
                n = gather->n_left;
        if (n == 0 || gather->n_parts == gather->n_room)
                return;
        gather->parts[gather->n_parts++] = (struct iovec){
                .iov_base = (uint8_t *)(uintptr_t)bytes + n_skipped,
                .iov_len = n,
        };
        gather->n_left -= n;
}

/* The bytes of the buffer before a piece, from the byte @at of the whole on. */
static void gather_before(Gather *gather, const Parcel *parcel, size_t at, size_t end,
                          size_t n_lent)
{
        if (at < end)
                gather_bytes(gather, parcel->bytes.data + (at - n_lent), end - at);
}

void gather_parcel(Gather *gather, const Parcel *parcel)
{
        const size_t n = parcel_size(parcel);
        size_t at = gather->n_skip < n ? gather->n_skip : n;
        size_t i;

        gather->n_skip -= at;
        for (i = find_piece(parcel, at); i < parcel->n_pieces && gather->n_left > 0; i++) {
                const ParcelPiece *piece = &parcel->pieces[i];

                gather_before(gather, parcel, at, piece->at, piece->n_before);
                if (at < piece->at)
                        at = piece->at;
                gather_bytes(gather, piece->data + (at - piece->at), piece->at + piece->n - at);
                at = piece->at + piece->n;
        }
        if (i == parcel->n_pieces) /* else enough came before */
                gather_before(gather, parcel, at, n, parcel->n_lent);
}

/* Some of the bytes that are not lent; there may be none at all. */
static void copy_bytes(const Parcel *parcel, size_t at, size_t n, uint8_t *ret)
{
        if (n > 0)
                memcpy(ret, parcel->bytes.data + at, n);
}

void parcel_copy(const Parcel *parcel, uint8_t *ret)
{
        size_t n_bytes = 0;

        for (size_t i = 0; i < parcel->n_pieces; i++) {
                const ParcelPiece *piece = &parcel->pieces[i];
                size_t n = piece->at - piece->n_before - n_bytes;

                copy_bytes(parcel, n_bytes, n, ret);
                memcpy(ret + n, piece->data, piece->n);
                ret += n + piece->n;
                n_bytes += n;
        }
        copy_bytes(parcel, n_bytes, parcel->bytes.n - n_bytes, ret);
}

int parcel_join(Parcel *parcel)
{
        const size_t n = parcel_size(parcel);
        Buffer joined = BUFFER_INIT(parcel->bytes.n_max + parcel->n_lent);
        int r;

        if (!parcel->pieces)
                return 0;
        r = buffer_reserve_of(&joined, n, n);
        if (r)
                return r;
        parcel_copy(parcel, joined.data);
        joined.n = n;
        parcel_deinit(parcel);
        parcel->bytes = joined;
        return 0;
}
