/* SPDX-License-Identifier: MIT */

#include "tests/support/zlib-bomb.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BLOCK_BYTES      (1u << 20)
#define COMPRESSED_BYTES 4096u /* of a block, at most */
#define STREAM_HEAD      2u    /* bytes of a zlib stream before its first block */

/* Bytes that can be followed by any other block. Returns how many they are. */
static size_t deflate_block(const void *bytes, size_t n_bytes, uint8_t ret[static COMPRESSED_BYTES])
{
        z_stream stream = { .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)n_bytes };

        if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK)
                abort();
        stream.next_out = ret;
        stream.avail_out = COMPRESSED_BYTES;
        if (deflate(&stream, Z_FULL_FLUSH) != Z_OK || stream.avail_out == 0)
                abort();
        (void)deflateEnd(&stream);
        return COMPRESSED_BYTES - stream.avail_out;
}

uint8_t *zlib_bomb(const void *head, size_t n_head, size_t n_mib, size_t *ret_n)
{
        uint8_t first[COMPRESSED_BYTES], block[COMPRESSED_BYTES];
        uint8_t *zeros = calloc(1, BLOCK_BYTES);
        size_t n_first, n_block;
        uint8_t *bomb;

        if (!zeros)
                abort();
        n_first = deflate_block(head, n_head, first);
        n_block = deflate_block(zeros, BLOCK_BYTES, block) - STREAM_HEAD;
        free(zeros);
        bomb = malloc(n_first + n_mib * n_block);
        if (!bomb)
                abort();
        memcpy(bomb, first, n_first);
        for (size_t i = 0; i < n_mib; i++)
                memcpy(bomb + n_first + i * n_block, block + STREAM_HEAD, n_block);
        *ret_n = n_first + n_mib * n_block;
        return bomb;
}
