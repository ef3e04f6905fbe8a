#pragma once

/* SPDX-License-Identifier: MIT */

/* Numbering: from the numbers that a file gives to its nodes or elements, to places in a list */

#include "examples/thermo-mechanical/fem/defs.h"

#include <stddef.h>
#include <stdint.h>

#define NUMBERING_NONE UINT32_MAX

typedef struct Numbering Numbering;
typedef struct NumberingEntry NumberingEntry;

struct NumberingEntry {
        uint32_t number;
        uint32_t place;
};

struct Numbering {
        size_t n_entries;
        NumberingEntry *entries; /* by number, once sorted; owned */
};

/** numbering_init() - room for @n_max entries. Return: 0, -ENOMEM. */
NODISCARD int numbering_init(Numbering *numbering, size_t n_max);

/** numbering_deinit() - free what it owns; fine for one of zeros */
void numbering_deinit(Numbering *numbering);

/** numbering_add() - the next entry; places count from 0 in the order of the calls */
void numbering_add(Numbering *numbering, uint32_t number);

/**
 * numbering_sort() - after the last entry, before the first search
 *
 * Return: the entry of a number that an earlier one bears already; NULL if all differ.
 */
const NumberingEntry *numbering_sort(Numbering *numbering);

/** numbering_find() - the place of a number; NUMBERING_NONE if nothing bears it */
uint32_t numbering_find(const Numbering *numbering, uint32_t number);
