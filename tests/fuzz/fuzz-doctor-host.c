/* SPDX-License-Identifier: MIT */

/*
 * What a hostile host prints when it is asked who listens, and where its sockets are: a path, a
 * NUL, and what the host printed.
 */

#include "client/doctor-host.h"

#include "base/unix-socket.h"
#include "client/where.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#define LISTENS "\n0: 00000002 00000000 00010000 0001 01 1 "

/* Nobody listens whose path is not there; and whoever is added does. */
static void check_table(const char *path, const char *table)
{
        CLEANUP(freep) char *more = NULL;

        if (path[0] != '/' || strchr(path, '\n'))
                return;
        if (doctor_listens(table, path))
                PROPERTY(strstr(table, path));
        if (asprintf(&more, "%s" LISTENS "%s", table, path) < 0)
                abort();
        PROPERTY(doctor_listens(more, path));
}

static void check_printed(const uint8_t *bytes, size_t n)
{
        const Buffer output = { .data = (uint8_t *)(uintptr_t)bytes, .n = n };
        CLEANUP(freep) char *path = where_printed(&output);

        if (!path)
                return;
        PROPERTY(path[0] == '/' && !unix_path_check(path, NULL));
        PROPERTY(strlen(path) + 1 == n && !memcmp(path, bytes, n - 1));
        for (const char *at = path; *at; at++)
                PROPERTY((unsigned char)*at >= ' ' && *at != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(freep) char *path = strndup((const char *)data, size);
        size_t n_path = path ? strlen(path) : 0;
        CLEANUP(freep) char *table = NULL;

        if (!path)
                abort();
        n_path += n_path < size; /* the NUL */
        table = strndup((const char *)data + n_path, size - n_path);
        if (!table)
                abort();
        check_table(path, table);
        check_printed(data + n_path, size - n_path);
        return 0;
}
