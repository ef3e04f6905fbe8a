/* SPDX-License-Identifier: MIT */

/* make-mesh WIDTH HEIGHT NX NY: prints the mesh of a rectangle; data/t4.msh was made with
 * make-mesh 0.6 1.0 24 40. */

#include "examples/thermo-mechanical/fem/rectangle.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define ELEMENTS_MAX 1000 /* along each side */

static bool read_length(const char *text, double *ret)
{
        char *behind;

        *ret = strtod(text, &behind);
        return behind != text && !*behind && isfinite(*ret) && *ret > 0;
}

static bool read_elements(const char *text, unsigned *ret)
{
        char *behind;
        long n = strtol(text, &behind, 10);

        *ret = (unsigned)n;
        return behind != text && !*behind && n >= 1 && n <= ELEMENTS_MAX;
}

int main(int argc, char **argv)
{
        Rectangle rectangle;

        if (argc != 5 || !read_length(argv[1], &rectangle.width) ||
            !read_length(argv[2], &rectangle.height) || !read_elements(argv[3], &rectangle.nx) ||
            !read_elements(argv[4], &rectangle.ny)) {
                fprintf(stderr, "usage: make-mesh WIDTH HEIGHT NX NY (metres; elements, 1 to %d)\n",
                        ELEMENTS_MAX);
                return 2;
        }
        if (rectangle_write(stdout, &rectangle)) {
                fprintf(stderr, "make-mesh: cannot write the mesh\n");
                return 1;
        }
        return 0;
}
