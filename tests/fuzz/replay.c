/* SPDX-License-Identifier: MIT */

/*
 * Stands in for libFuzzer where there is no clang: feeds every file of the named directories to
 * the target, and every beginning of it, for a cut message is the commonest bad one.
 */

#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIXES_MAX_BYTES 2048u /* longer seeds are cut within this many bytes only */

/* Each input lies alone in memory of exactly its size, so that a sanitizer sees one byte too many.
 */
static void feed(const uint8_t *bytes, size_t n_bytes)
{
        uint8_t *copy = malloc(n_bytes ? n_bytes : 1);

        if (!copy)
                abort();
        if (n_bytes)
                memcpy(copy, bytes, n_bytes);
        (void)LLVMFuzzerTestOneInput(copy, n_bytes);
        free(copy);
}

static void feed_with_beginnings(const uint8_t *bytes, size_t n_bytes)
{
        for (size_t n = 0; n < n_bytes && n <= PREFIXES_MAX_BYTES; n++)
                feed(bytes, n);
        feed(bytes, n_bytes);
}

/* Returns 0 and the whole file in memory to be freed, or -errno. */
static int file_read(int dir_fd, const char *name, uint8_t **ret_bytes, size_t *ret_n)
{
        FILE *file;
        uint8_t *bytes;
        struct stat st;
        int fd;

        fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        file = fdopen(fd, "rb");
        if (!file || fstat(fd, &st) < 0)
                return -errno;
        bytes = malloc((size_t)st.st_size + 1);
        if (!bytes)
                abort();
        *ret_n = fread(bytes, 1, (size_t)st.st_size, file);
        *ret_bytes = bytes;
        fclose(file);
        return 0;
}

/* Returns the number of files fed, or -errno. */
static int replay(const char *path)
{
        DIR *dir = opendir(path);
        struct dirent *entry;
        uint8_t *bytes = NULL;
        size_t n_bytes = 0;
        int n_fed = 0;
        int r = 0;

        if (!dir)
                return -errno;
        while (r == 0 && (entry = readdir(dir))) {
                if (entry->d_name[0] == '.')
                        continue;
                fprintf(stderr, "%s/%s\n", path, entry->d_name);
                r = file_read(dirfd(dir), entry->d_name, &bytes, &n_bytes);
                if (r == 0) {
                        feed_with_beginnings(bytes, n_bytes);
                        free(bytes);
                        n_fed++;
                }
        }
        closedir(dir);
        return r ? r : n_fed;
}

int main(int argc, char **argv)
{
        int n_inputs = 0;

        for (int i = 1; i < argc; i++) {
                int n_fed = replay(argv[i]);

                if (n_fed <= 0) {
                        fprintf(stderr, "%s: %s\n", argv[i],
                                n_fed ? strerror(-n_fed) : "no input in this directory");
                        return 1;
                }
                n_inputs += n_fed;
        }
        printf("replayed %d inputs and their beginnings\n", n_inputs);
        return n_inputs == 0;
}
