#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Blob
 *
 * A call with FRAME_KEEP_SERIALIZED: Pyro5's SerializedBlob as the only argument. Object and method
 * stand in the annotation BLBI, for those in the payload are of whoever made the blob, and a
 * dispatcher may have handed it on to others.
 */

#include "broker/call.h"

/**
 * blob_read() - such a call, as if the blob's content were its argument
 * @call:    keeps content and info; gets an exception
 * @payload: validated
 * @ret:     its args are a list of one nil, which call->blob stands for
 *
 * Return: 0, PYROPE_RAISED.
 */
NODISCARD int blob_read(Call *call, const Frame *frame, pyrope_view payload, MessageInvoke *ret);
