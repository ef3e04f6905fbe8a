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

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF(format_index, first_index)                                                          \
        __attribute__((format(printf, format_index, first_index)))
#define CLEANUP(fn)      __attribute__((cleanup(fn)))
#define UNUSED           __attribute__((unused))
#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
#define STRINGIFY_(text) #text
#define STRINGIFY(text)  STRINGIFY_(text)

#define TAKE(pointer)                                                                              \
        __extension__({                                                                            \
                __typeof__(pointer) taken_ = (pointer);                                            \
                (pointer) = NULL;                                                                  \
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
