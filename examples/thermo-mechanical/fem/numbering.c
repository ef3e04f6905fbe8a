/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/numbering.h"

#include <errno.h>

int numbering_init(Numbering *numbering, size_t n_max)
{
        NumberingEntry *entries = calloc(n_max + 1, sizeof(*entries));

        if (!entries)
                return -ENOMEM;
        *numbering = (Numbering){ .entries = entries };
        return 0;
}

void numbering_deinit(Numbering *numbering)
{
        free(numbering->entries);
        *numbering = (Numbering){ 0 };
}

void numbering_add(Numbering *numbering, uint32_t number)
{
        numbering->entries[numbering->n_entries] = (NumberingEntry){
                .number = number,
                .place = (uint32_t)numbering->n_entries,
        };
        numbering->n_entries++;
}

static int compare(const void *a, const void *b)
{
        const NumberingEntry *x = a;
        const NumberingEntry *y = b;

        if (x->number != y->number)
                return x->number < y->number ? -1 : 1;
        return x->place < y->place ? -1 : 1;
}

const NumberingEntry *numbering_sort(Numbering *numbering)
{
        NumberingEntry *entries = numbering->entries;

        qsort(entries, numbering->n_entries, sizeof(*entries), compare);
        for (size_t i = 1; i < numbering->n_entries; i++)
                if (entries[i].number == entries[i - 1].number)
                        return &entries[i];
        return NULL;
}

uint32_t numbering_find(const Numbering *numbering, uint32_t number)
{
        size_t low = 0;
        size_t high = numbering->n_entries;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (numbering->entries[middle].number < number)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == numbering->n_entries || numbering->entries[low].number != number)
                return NUMBERING_NONE;
        return numbering->entries[low].place;
}
