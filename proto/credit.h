#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Credit
 *
 * How much of an answer a daemon may send before it hears more (docs/protocol.md, "Large answers"):
 * a number in the annotation PACE of a request, later ones in frames of their own. Both count the
 * bytes of the whole answer, from the first of its header on. Bytes only, no I/O.
 */

#include "proto/frame.h"

#define CREDIT_CHUNK_SIZE 16u /* id, length, and a number of 8 bytes: a multiple of 8 */
#define CREDIT_FRAME_SIZE (FRAME_HEADER_SIZE + CREDIT_CHUNK_SIZE)
#define CREDIT_OFFER_SIZE 8u /* a chunk without data: it is offered, or confirmed */

enum {
        CREDIT_E_SUCCESS,

        CREDIT_E_ABSENT,     /* there is none; what comes is something else */
        CREDIT_E_INCOMPLETE, /* more bytes are needed */
        CREDIT_E_CORRUPT,    /* an annotation of that id, and no number */
};

extern const uint8_t credit_offer[CREDIT_OFFER_SIZE];

/** credit_is_offered() - by annotations of a CONNECT or CONNECTOK that were checked. */
bool credit_is_offered(const uint8_t *annotations, size_t n_annotations);

/** credit_write() - the annotation. */
void credit_write(uint64_t n_allowed, uint8_t ret[static CREDIT_CHUNK_SIZE]);

/**
 * credit_find() - the number among the annotations of a frame, which were checked
 * @ret: for 0 only
 *
 * Return: 0, CREDIT_E_ABSENT, CREDIT_E_CORRUPT.
 */
NODISCARD int credit_find(const uint8_t *annotations, size_t n_annotations, uint64_t *ret);

/** credit_frame_write() - a whole frame, for the answer to request @seq. */
void credit_frame_write(uint16_t seq, uint64_t n_allowed, uint8_t ret[static CREDIT_FRAME_SIZE]);

/**
 * credit_frame_read() - whether what came begins with such a frame, of CREDIT_FRAME_SIZE bytes
 * @ret_seq, @ret: for 0 only
 *
 * Return: 0, CREDIT_E_ABSENT, CREDIT_E_INCOMPLETE.
 */
NODISCARD int credit_frame_read(const uint8_t *bytes, size_t n_bytes, uint16_t *ret_seq,
                                uint64_t *ret);
