/* SPDX-License-Identifier: MIT */

#include "tests/support/heap-peak.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_size_t n_used, n_peak;
static size_t n_before;

void heap_peak_begin(void)
{
        n_before = n_used;
        n_peak = n_before;
}

size_t heap_peak(void)
{
        return n_peak - n_before;
}

static void count_more(size_t n_more)
{
        size_t n = atomic_fetch_add(&n_used, n_more) + n_more;
        size_t peak = n_peak;

        while (n > peak && !atomic_compare_exchange_weak(&n_peak, &peak, n))
                continue;
}

#ifndef __SANITIZE_ADDRESS__

/* glibc's own names of its functions; those below stand before them. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void __libc_free(void *memory);

static void *count(void *memory)
{
        count_more(malloc_usable_size(memory));
        return memory;
}

#pragma GCC visibility push(default) /* the libraries are to find these */

void *malloc(size_t n)
{
        return count(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
        return count(__libc_calloc(n, size));
}

void *realloc(void *memory, size_t n)
{
        size_t n_old = malloc_usable_size(memory);
        void *larger = __libc_realloc(memory, n);

        if (larger || n == 0)
                atomic_fetch_sub(&n_used, n_old);
        return count(larger);
}

int posix_memalign(void **ret, size_t alignment, size_t n)
{
        void *memory = __libc_memalign(alignment, n);

        if (!memory)
                return ENOMEM;
        *ret = count(memory);
        return 0;
}

void *aligned_alloc(size_t alignment, size_t n)
{
        return count(__libc_memalign(alignment, n));
}

void free(void *memory)
{
        int errno_before = errno;

        atomic_fetch_sub(&n_used, malloc_usable_size(memory));
        __libc_free(memory);
        errno = errno_before;
}

#pragma GCC visibility pop

#endif

/* -- base/pages.h, which the linker sends through here ---------------------------------------- */

void *__real_pages_new(size_t n_bytes, size_t n_expected, size_t *ret_n);
void *__real_pages_resize(void *data, size_t n_old, size_t n_bytes, size_t *ret_n);
void __real_pages_free(void *data, size_t n_bytes);
void *__wrap_pages_new(size_t n_bytes, size_t n_expected, size_t *ret_n);
void *__wrap_pages_resize(void *data, size_t n_old, size_t n_bytes, size_t *ret_n);
void __wrap_pages_free(void *data, size_t n_bytes);

void *__wrap_pages_new(size_t n_bytes, size_t n_expected, size_t *ret_n)
{
        void *data = __real_pages_new(n_bytes, n_expected, ret_n);

        if (data)
                count_more(*ret_n);
        return data;
}

void *__wrap_pages_resize(void *data, size_t n_old, size_t n_bytes, size_t *ret_n)
{
        void *larger = __real_pages_resize(data, n_old, n_bytes, ret_n);

        if (!larger)
                return NULL;
        atomic_fetch_sub(&n_used, n_old);
        count_more(*ret_n);
        return larger;
}

void __wrap_pages_free(void *data, size_t n_bytes)
{
        if (data)
                atomic_fetch_sub(&n_used, n_bytes);
        __real_pages_free(data, n_bytes);
}
