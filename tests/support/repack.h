#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Packing Anew
 *
 * For tests of the codec: a received value is read by the readers and written by the writer, item
 * by item, so that both are exercised over all of it.
 */

#include <pyrope/value.h>

/**
 * repack() - write @item as it was read
 *
 * Each item comes out in its shortest form; extension types are copied.
 *
 * Return: how many lists and maps are inside each other.
 */
size_t repack(pyrope_writer *writer, pyrope_view item);
