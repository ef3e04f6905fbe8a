#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Words the language lacks
 *
 * Attributes and scope cleanup. A variable marked CLEANUP(x_freep) is given to x_freep() when its
 * scope ends; TAKE() moves the pointer out, so that a constructor builds aside and hands over last.
 * DEFINE_CLEANUP(Type, x_free) makes x_freep() from x_free(), which takes NULL and returns NULL.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define NODISCARD                         __attribute__((warn_unused_result))
#define PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#define CLEANUP(fn)                       __attribute__((cleanup(fn)))
#define UNUSED                            __attribute__((unused))
#define COLD                              __attribute__((cold)) /* seldom called, and not inlined */
#define ARRAY_SIZE(a)                     (sizeof(a) / sizeof((a)[0]))
#define STRINGIFY_(text)                  #text
#define STRINGIFY(text)                   STRINGIFY_(text)
#define CONCAT_(one, two)                 one##two
#define CONCAT(one, two)                  CONCAT_(one, two)

#define TAKE(pointer)                                                                              \
        __extension__({                                                                            \
                __typeof__(pointer) taken_ = (pointer);                                            \
                (pointer) = NULL;                                                                  \
                taken_;                                                                            \
        })

/* The same for a file descriptor, whose "none" is -1. */
#define TAKE_FD(fd)                                                                                \
        __extension__({                                                                            \
                int taken_ = (fd);                                                                 \
                (fd) = -1;                                                                         \
                taken_;                                                                            \
        })

#define container_of(pointer, type, member)                                                        \
        __extension__({                                                                            \
                const __typeof__(((type *)0)->member) *member_ = (pointer);                        \
                (type *)(void *)((char *)(uintptr_t)member_ - offsetof(type, member));             \
        })

#define DEFINE_CLEANUP(type, free_fn)                                                              \
        static inline void free_fn##p(type **pointer)                                              \
        {                                                                                          \
                free_fn(*pointer);                                                                 \
        }                                                                                          \
        struct free_fn##_semicolon_

/* For memory of malloc() and its like: CLEANUP(freep) char *text = NULL; */
static inline void freep(void *pointer)
{
        free(*(void **)pointer);
}

/* For file descriptors: CLEANUP(closep) int fd = -1; which is -1 again then. */
static inline void closep(int *fd)
{
        if (*fd >= 0)
                (void)close(*fd); /* nothing a scope's end could do about it */
        *fd = -1;
}
