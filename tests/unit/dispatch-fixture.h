#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Dispatching Without a Daemon
 *
 * One object, "t", and a call that is reused; a test puts a request into `asked` and sees the
 * answer.
 */

#include "broker/dispatch.h"
#include "tests/unit/wire-client.h"

#define RESULT_MAX 1000u /* bytes of an answer */

extern Registry registry;
extern StreamTable streams;
extern Call the_call;
extern Buffer asked; /* a frame */

void dispatch_set_up(const pyrope_class *target);
void dispatch_tear_down(void);

#define ASK(flags, ...)                                                                            \
        do {                                                                                       \
                buffer_clear(&asked);                                                              \
                wire_frame(&asked, FRAME_INVOKE, (flags), 9, __VA_ARGS__);                         \
        } while (0)

Frame frame_of(const Buffer *bytes);

/* The answer to the frame in `asked`; its payload as a view. */
FrameHeader answer(pyrope_view *ret_payload);

bool starts_with(pyrope_view item, const char *text);

/* The answer is an exception whose text begins so. */
void expect_raised(const char *class_, const char *text);
