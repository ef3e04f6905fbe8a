/* SPDX-License-Identifier: MIT */

#include "tests/support/footprint.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define MIB          1048576.0
#define SETTLE_MS    1000
#define SETTLE_TRIES 50

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

static size_t entries(const char *path)
{
        DIR *dir = opendir(path);
        size_t n = 0;

        while (dir && readdir(dir))
                n++;
        if (dir)
                (void)closedir(dir);
        return n;
}

Footprint footprint_now(void)
{
        Footprint now = { .n_fds = entries("/proc/self/fd"),
                          .n_threads = entries("/proc/self/task") };
        FILE *file = fopen("/proc/self/statm", "re");
        unsigned long n_pages = 0;

        if (file) {
                if (fscanf(file, "%*u %lu", &n_pages) == 1)
                        now.rss_mib = (double)n_pages * (double)sysconf(_SC_PAGESIZE) / MIB;
                (void)fclose(file);
        }
        return now;
}

static bool figure(const char *name, const char *what, double value, double limit)
{
        printf("%s-%s %.1f <=%.1f %s\n", name, what, value, limit,
               value <= limit ? "PASS" : "FAIL");
        return value <= limit;
}

bool footprint_figures(const char *name, Footprint before, double grow_max_mib)
{
        Footprint after = footprint_now();
        bool is_good;

        for (int i = 0;
             i < SETTLE_TRIES && (after.n_fds > before.n_fds || after.n_threads > before.n_threads);
             i++) {
                (void)poll(NULL, 0, SETTLE_MS / SETTLE_TRIES);
                after = footprint_now();
        }
        is_good = figure(name, "fds-left", (double)after.n_fds - (double)before.n_fds, 0);
        is_good &=
                figure(name, "threads-left", (double)after.n_threads - (double)before.n_threads, 0);
        if (!IS_SANITIZED)
                is_good &=
                        figure(name, "rss-grown-mib", after.rss_mib - before.rss_mib, grow_max_mib);
        return is_good;
}
