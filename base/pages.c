/* SPDX-License-Identifier: MIT */

#include "base/pages.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES ((size_t)4096)
#define HUGE_BYTES ((size_t)2 * 1024 * 1024)

typedef struct Piece Piece;

struct Piece {
        uint8_t *data; /* NULL: none */
        size_t n;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Piece kept[PAGES_KEPT_MAX];
static size_t n_kept_bytes;

static size_t round_up(size_t n, size_t to)
{
        return n > SIZE_MAX - to ? 0 : (n + to - 1) / to * to;
}

/* -- mappings --------------------------------------------------------------------------------- */

/* Address space that begins where a huge page may, without memory. */
static uint8_t *reserve(size_t n)
{
        const size_t n_all = n + HUGE_BYTES;
        uint8_t *all = mmap(NULL, n_all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        size_t n_before;

        if (all == MAP_FAILED)
                return NULL;
        n_before = (0 - (uintptr_t)all) % HUGE_BYTES;
        if (n_before > 0)
                (void)munmap(all, n_before);
        (void)munmap(all + n_before + n, HUGE_BYTES - n_before);
        return all + n_before;
}

/* All of it, so that it stays one mapping, as mremap() wants it. The kernel makes no huge page
 * across the end. */
static void want_huge(uint8_t *data, size_t n)
{
        if (n >= HUGE_BYTES)
                (void)madvise(data, n, MADV_HUGEPAGE);
}

static uint8_t *map(size_t n)
{
        uint8_t *data = reserve(n);

        if (!data)
                return NULL;
        if (mprotect(data, n, PROT_READ | PROT_WRITE) < 0) {
                (void)munmap(data, n);
                return NULL;
        }
        want_huge(data, n);
        return data;
}

static uint8_t *remap_larger(uint8_t *data, size_t n_old, size_t n)
{
        uint8_t *to = reserve(n);

        if (!to)
                return NULL;
        if (mremap(data, n_old, n, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED) {
                (void)munmap(to, n);
                return NULL;
        }
        want_huge(to, n);
        return to;
}

/* -- what is kept ----------------------------------------------------------------------------- */

/* The one that spares most, and of these the smallest; with the lock held. */
static Piece *find_kept(size_t n_min, size_t n_expected)
{
        Piece *best = NULL;
        size_t best_use = 0;

        for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
                size_t n_use = kept[i].n < n_expected ? kept[i].n : n_expected;

                if (!kept[i].data || kept[i].n < n_min || kept[i].n / 2 > n_expected)
                        continue;
                if (n_use < best_use || (n_use == best_use && kept[i].n >= best->n))
                        continue;
                best = &kept[i];
                best_use = n_use;
        }
        return best;
}

static void *take_kept(size_t n_min, size_t n_expected, size_t *ret_n)
{
        void *data = NULL;
        Piece *piece;

        (void)pthread_mutex_lock(&lock);
        piece = find_kept(n_min, n_expected);
        if (piece) {
                data = TAKE(piece->data);
                *ret_n = piece->n;
                n_kept_bytes -= piece->n;
        }
        (void)pthread_mutex_unlock(&lock);
        return data;
}

/* Returns whether there was room for it. */
static bool keep(uint8_t *data, size_t n)
{
        bool is_kept = false;

        (void)pthread_mutex_lock(&lock);
        for (size_t i = 0; i < ARRAY_SIZE(kept) && !is_kept; i++) {
                if (kept[i].data || n > PAGES_KEPT_MAX_BYTES - n_kept_bytes)
                        continue;
                kept[i] = (Piece){ data, n };
                n_kept_bytes += n;
                is_kept = true;
        }
        (void)pthread_mutex_unlock(&lock);
        return is_kept;
}

/* -- calls ------------------------------------------------------------------------------------ */

void *pages_new(size_t n_bytes, size_t n_expected, size_t *ret_n)
{
        const size_t n = round_up(n_bytes, PAGE_BYTES);
        void *data;

        assert(n_bytes >= PAGES_MIN_BYTES);
        if (n == 0)
                return NULL;
        data = take_kept(n, n_expected > n ? n_expected : n, ret_n);
        if (data)
                return data;
        data = map(n);
        if (data)
                *ret_n = n;
        return data;
}

void *pages_resize(void *data, size_t n_old, size_t n_bytes, size_t *ret_n)
{
        const size_t n = round_up(n_bytes, PAGE_BYTES);

        assert(n_bytes >= PAGES_MIN_BYTES);
        if (n == 0)
                return NULL;
        if (n > n_old)
                data = remap_larger(data, n_old, n);
        else if (n < n_old)
                (void)munmap((uint8_t *)data + n, n_old - n);
        if (data)
                *ret_n = n;
        return data;
}

void pages_free(void *data, size_t n_bytes)
{
        if (!data)
                return;
        /* Before others may take it. Where it is not done the memory is merely ours for longer. */
        if (n_bytes <= PAGES_KEPT_MAX_BYTES)
                (void)madvise(data, n_bytes, MADV_FREE);
        if (!keep(data, n_bytes))
                (void)munmap(data, n_bytes);
}

void pages_trim(void)
{
        Piece trimmed[PAGES_KEPT_MAX];

        (void)pthread_mutex_lock(&lock);
        memcpy(trimmed, kept, sizeof(kept));
        memset(kept, 0, sizeof(kept));
        n_kept_bytes = 0;
        (void)pthread_mutex_unlock(&lock);
        for (size_t i = 0; i < ARRAY_SIZE(trimmed); i++)
                if (trimmed[i].data)
                        (void)munmap(trimmed[i].data, trimmed[i].n);
}

size_t pages_kept_bytes(void)
{
        size_t n;

        (void)pthread_mutex_lock(&lock);
        n = n_kept_bytes;
        (void)pthread_mutex_unlock(&lock);
        return n;
}
