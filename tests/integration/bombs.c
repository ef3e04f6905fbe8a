/* SPDX-License-Identifier: MIT */

/*
 * What bombs cost: time and memory until each is refused, a line for each, as
 * `name value limit PASS|FAIL`.
 *
 *      bombs                   our decoders, in this process
 *      bombs PROGRAM SOCKET    conformance-target, a new one for each, on that socket
 *
 * Memory is what was allocated; that of the daemon is what it has of the machine, and then
 * MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ should let it give back at once what is free.
 * Under a sanitizer neither time nor memory tells anything, and both are left out.
 */

#include "tests/integration/bombs.h"

#include "proto/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MS_MAX       100.0
#define MEMORY_SLACK (64u * 1024)
#define TRIES        10                 /* at most, see try_bomb() */
#define AS_MAX_BYTES (256ul << 20)      /* of our own address space */
#define DEADLINE_MS  (10000.0 + 1000.0) /* PEER_HANDSHAKE_MS, and the clock's tick */

#ifdef __SANITIZE_ADDRESS__
#define COST_IS_KNOWN false
#else
#define COST_IS_KNOWN true
#endif

static const char *who = "decoder";
static int status;

/* -- measuring -------------------------------------------------------------------------------- */

void bombs_must(bool is_so, const char *what)
{
        if (is_so)
                return;
        fprintf(stderr, "bombs: %s: %s\n", what, strerror(errno));
        exit(1);
}

double bombs_now_ms(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now); /* it exists */
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A line of /proc/PID/status, in bytes. */
static size_t status_bytes(pid_t pid, const char *key)
{
        unsigned long kib = 0;
        char path[64], line[128];
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        file = fopen(path, "re");
        bombs_must(file, path);
        while (fgets(line, sizeof(line), file))
                if (strncmp(line, key, strlen(key)) == 0)
                        bombs_must(sscanf(line + strlen(key), ": %lu kB", &kib) == 1, line);
        (void)fclose(file);
        return kib * 1024;
}

size_t bombs_reset_peak(pid_t pid)
{
        char path[64];
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)pid);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        bombs_must(fd >= 0 && write(fd, "5", 1) == 1 && close(fd) == 0, path);
        return status_bytes(pid, "VmRSS");
}

size_t bombs_peak_above(pid_t pid, size_t n_before)
{
        size_t n = status_bytes(pid, "VmHWM");

        return n > n_before ? n - n_before : 0;
}

static void report(const char *name, const char *unit, double value, double limit)
{
        bool is_good = value <= limit;

        printf("bomb.%s.%s.%s %.6g %.6g %s\n", who, name, unit, value, limit,
               is_good ? "PASS" : "FAIL");
        if (!is_good)
                status = 1;
}

static void report_cost(const char *name, const char *unit, double value, double limit)
{
        if (COST_IS_KNOWN)
                report(name, unit, value, limit);
}

/* -- bombs ------------------------------------------------------------------------------------ */

static Damage better(Damage one, Damage other)
{
        return (Damage){
                .is_refused = one.is_refused && other.is_refused,
                .n_memory = one.n_memory < other.n_memory ? one.n_memory : other.n_memory,
                .ms = one.ms < other.ms ? one.ms : other.ms,
        };
}

static Damage try_once(const Bomb *bomb, const Buffer *bytes, const char *program, const char *path)
{
        Damage damage;
        pid_t pid;

        if (!program)
                return decoder_try(bomb, bytes);
        pid = daemon_start(program, path);
        damage = daemon_try(path, pid, bomb, bytes);
        daemon_end(pid);
        return damage;
}

/* Of several tries the best counts: others use the machine too, and the kernel, which counts the
 * pages of the daemon for each CPU apart, is off by 128 KiB for each at times. */
static void try_bomb(const Bomb *bomb, const char *program, const char *path)
{
        CLEANUP(buffer_deinit) Buffer bytes = BUFFER_INIT(SIZE_MAX / 2);
        const double n_ms = bomb->n_ms ? bomb->n_ms : MS_MAX;
        size_t n_memory;
        Damage damage;

        bomb_make(bomb, &bytes);
        n_memory = bomb->n_memory ? bomb->n_memory : 2 * bytes.n + MEMORY_SLACK;
        damage = try_once(bomb, &bytes, program, path);
        for (int i = 1; i < TRIES && (damage.ms > n_ms || damage.n_memory > n_memory); i++)
                damage = better(damage, try_once(bomb, &bytes, program, path));

        report(bomb->name, "accepted", !damage.is_refused, 0);
        report_cost(bomb->name, "ms", damage.ms, n_ms);
        report_cost(bomb->name, "bytes", (double)damage.n_memory, (double)n_memory);
}

static void try_decoders(void)
{
        const struct rlimit limit = { AS_MAX_BYTES, AS_MAX_BYTES };

        bombs_must(!COST_IS_KNOWN || setrlimit(RLIMIT_AS, &limit) == 0, "RLIMIT_AS");
        for (size_t i = 0; i < n_bombs; i++)
                try_bomb(&bombs[i], NULL, NULL);
}

/* A header that announces as much as may be, and nothing behind it. */
static void try_silence(const char *program, const char *path)
{
        static const Bomb first = { .place = BOMB_FIRST,
                                    .claimed_payload = FRAME_HANDSHAKE_MAX_BYTES };
        static const Bomb later = { .place = BOMB_CALL,
                                    .claimed_payload = FRAME_MESSAGE_MAX_BYTES };
        CLEANUP(buffer_deinit) Buffer bytes = BUFFER_INIT(SIZE_MAX / 2);
        pid_t pid = daemon_start(program, path);
        Damage damage;

        bomb_make(&later, &bytes);
        damage = daemon_try_silence(path, pid, /* is_open= */ true, &bytes);
        report_cost("silence-after-header-of-call", "bytes", (double)damage.n_memory, MEMORY_SLACK);
        buffer_clear(&bytes);
        bomb_make(&first, &bytes);
        damage = daemon_try_silence(path, pid, /* is_open= */ false, &bytes);
        report_cost("silence-after-first-header", "bytes", (double)damage.n_memory, MEMORY_SLACK);
        report("silence-after-first-header", "ms", damage.ms, DEADLINE_MS);
        daemon_end(pid);
}

/* Those that a client can send, and that need no other limit than the daemon's own. */
static void try_daemon(const char *program, const char *path)
{
        for (size_t i = 0; i < n_bombs; i++)
                if (bombs[i].n_max == 0 && bombs[i].place <= BOMB_CALL)
                        try_bomb(&bombs[i], program, path);
        try_silence(program, path);
}

int main(int argc, char **argv)
{
        if (argc != 1 && argc != 3) {
                fprintf(stderr, "usage: bombs [PROGRAM SOCKET]\n");
                return 2;
        }
        if (argc == 3) {
                who = "daemon";
                try_daemon(argv[1], argv[2]);
        } else {
                try_decoders();
        }
        return status;
}
