/* SPDX-License-Identifier: MIT */

/*
 * cut-target LOG [SOCKET]: the far end of the calls that get cut, which keeps account of them
 *
 * Serves $PYROPE_OBJECT or "target", at SOCKET or, without it, as an instance of a job manager.
 * Each call that runs is one record in the file LOG, which several of them may share: caller and
 * number, two 32-bit integers, written before anything else is done.
 */

#include "base/defs.h"

#include <fcntl.h>
#include <poll.h>
#include <pyrope/daemon.h>
#include <stdio.h>

#define BULK_MAX (8 << 20)

static int log_fd;

/* tick(caller, number, [work_ms, n_bytes]): bytes, after some time. */
static int tick(pyrope_call *call, void *self)
{
        int caller, number, work_ms = 0, n_bytes = 0;
        static char bulk[BULK_MAX];
        uint32_t record[2];

        (void)self;
        if (pyrope_arguments(call, "iiii", &caller, &number, &work_ms, &n_bytes))
                return PYROPE_RAISED;
        if (n_bytes < 0 || n_bytes > BULK_MAX)
                return pyrope_raise(call, "ValueError", "%d bytes", n_bytes);
        record[0] = (uint32_t)caller;
        record[1] = (uint32_t)number;
        if (write(log_fd, record, sizeof(record)) != sizeof(record))
                return pyrope_raise(call, "OSError", "the log does not take the record");
        if (work_ms > 0)
                (void)poll(NULL, 0, work_ms);
        pyrope_write_bytes(pyrope_result(call), bulk, (size_t)n_bytes);
        return 0;
}

static const pyrope_method methods[] = {
        { "tick", "caller number [work_ms n_bytes]", tick, 0, "is recorded, works, gives bytes" },
        { 0 },
};
static const pyrope_class class_ = { .name = "Target",
                                     .methods = methods,
                                     .flags = PYROPE_CONCURRENT };

int main(int argc, char **argv)
{
        const char *object = getenv("PYROPE_OBJECT");

        if (argc < 2) {
                fprintf(stderr, "usage: cut-target LOG [SOCKET]\n");
                return 2;
        }
        log_fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_fd < 0) {
                perror(argv[1]);
                return 1;
        }
        if (argc > 2)
                (void)setenv("PYROPE_SOCKET", argv[2], 1);
        return pyrope_serve(&class_, NULL, object ? object : "target");
}
