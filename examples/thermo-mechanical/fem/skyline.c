/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/skyline.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

void skyline_deinit(Skyline *skyline)
{
        free(skyline->entries);
        free(skyline->start);
        free(skyline->first);
        *skyline = (Skyline){ 0 };
}

int skyline_init(Skyline *skyline, size_t n_rows, size_t *first, Complaint *complaint)
{
        CLEANUP(free_memory) size_t *owned_first = first;
        CLEANUP(free_memory) size_t *start = calloc(n_rows + 1, sizeof(*start));
        CLEANUP(free_memory) double *entries = NULL;

        if (!start)
                return -ENOMEM;
        for (size_t i = 0; i < n_rows; i++)
                start[i + 1] = start[i] + i + 1 - first[i];
        if (start[n_rows] > SKYLINE_ENTRIES_MAX)
                return complaint_set(complaint,
                                     "the equations need %zu matrix entries, the limit is %u: "
                                     "take a coarser mesh",
                                     start[n_rows], SKYLINE_ENTRIES_MAX);
        entries = calloc(start[n_rows] + 1, sizeof(*entries));
        if (!entries)
                return -ENOMEM;

        *skyline = (Skyline){
                .n_rows = n_rows,
                .first = TAKE(owned_first),
                .start = TAKE(start),
                .entries = TAKE(entries),
        };
        return 0;
}

/* The entry, which must lie within the envelope; those behind it in the row follow in memory. */
static double *entry(const Skyline *skyline, size_t row, size_t column)
{
        return skyline->entries + skyline->start[row] + (column - skyline->first[row]);
}

void skyline_add(Skyline *skyline, size_t row, size_t column, double value)
{
        *entry(skyline, row, column) += value;
}

void skyline_multiply(const Skyline *skyline, const double *vector, double *ret)
{
        for (size_t i = 0; i < skyline->n_rows; i++) {
                ret[i] = *entry(skyline, i, i) * vector[i];
                for (size_t j = skyline->first[i]; j < i; j++) {
                        ret[i] += *entry(skyline, i, j) * vector[j];
                        ret[j] += *entry(skyline, i, j) * vector[i];
                }
        }
}

static double dot(const double *a, const double *b, size_t n)
{
        double sum = 0;

        for (size_t k = 0; k < n; k++)
                sum += a[k] * b[k];
        return sum;
}

/* The product of what rows @i and @j hold left of column @j, with j <= i. */
static double product(const Skyline *skyline, size_t i, size_t j)
{
        size_t first = skyline->first[i];

        if (skyline->first[j] > first)
                first = skyline->first[j];
        if (first >= j)
                return 0;
        return dot(entry(skyline, i, first), entry(skyline, j, first), j - first);
}

size_t skyline_factor(Skyline *skyline)
{
        for (size_t i = 0; i < skyline->n_rows; i++) {
                double *diagonal = entry(skyline, i, i);

                for (size_t j = skyline->first[i]; j < i; j++) {
                        double *left = entry(skyline, i, j);

                        *left = (*left - product(skyline, i, j)) / *entry(skyline, j, j);
                }
                *diagonal -= product(skyline, i, i);
                /* Written so that NaN, from numbers out of all range, ends here as well. */
                if (!(*diagonal > 0))
                        return i;
                *diagonal = sqrt(*diagonal);
        }
        return skyline->n_rows;
}

void skyline_solve(const Skyline *skyline, double *b)
{
        for (size_t i = 0; i < skyline->n_rows; i++) {
                size_t first = skyline->first[i];
                const double *row = entry(skyline, i, first);

                b[i] = (b[i] - dot(row, b + first, i - first)) / row[i - first];
        }
        for (size_t i = skyline->n_rows; i-- > 0;) {
                size_t first = skyline->first[i];
                const double *row = entry(skyline, i, first);

                b[i] /= row[i - first];
                for (size_t j = first; j < i; j++)
                        b[j] -= row[j - first] * b[i];
        }
}
