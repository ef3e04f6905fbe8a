/* SPDX-License-Identifier: MIT */

#include "base/runtime-dir.h"

#include "base/private-dir.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PW_BUFFER_SIZE 16384u /* what getpwuid_r() may need for one user */

/* secure_getenv() below: who runs us set-uid has no say in where our sockets are. */

typedef struct Place Place;

struct Place {
        /* Writes the path, and returns true; false if there is no such place for us here. */
        bool (*find)(char path[static PATH_MAX]);
        bool is_only;   /* if there is this place, no other counts */
        bool is_fading; /* it may vanish at logout, so a daemon has to look first */
        bool is_deep;   /* the directories above it may be missing */
};

typedef struct User User;

struct User {
        struct passwd pw;
        char buffer[PW_BUFFER_SIZE];
};

static bool user_init(User *user)
{
        struct passwd *found = NULL;

        return getpwuid_r(geteuid(), &user->pw, user->buffer, sizeof(user->buffer), &found) == 0 &&
               found;
}

PRINTF(2, 3) static bool print_path(char path[static PATH_MAX], const char *format, ...)
{
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vsnprintf(path, PATH_MAX, format, arguments);
        va_end(arguments);
        return n > 0 && n < PATH_MAX;
}

static bool find_explicit(char path[static PATH_MAX])
{
        const char *value = secure_getenv("PYROPE_RUNTIME_DIR");

        return value && print_path(path, "%s", value);
}

static bool find_xdg(char path[static PATH_MAX])
{
        const char *value = secure_getenv("XDG_RUNTIME_DIR");

        if (value && value[0] == '/')
                return print_path(path, "%s/pyrope", value);
        return print_path(path, "/run/user/%u/pyrope", (unsigned)geteuid());
}

static bool find_tmp(char path[static PATH_MAX])
{
        return print_path(path, "/tmp/pyrope-%u", (unsigned)geteuid());
}

static bool find_home(char path[static PATH_MAX])
{
        const char *home = secure_getenv("HOME");
        char host[HOST_NAME_MAX + 1] = "";
        User user;

        if (!home || home[0] != '/')
                home = user_init(&user) ? user.pw.pw_dir : NULL;
        if (!home || gethostname(host, sizeof(host) - 1) < 0 || host[0] == '.' || !host[0] ||
            strchr(host, '/'))
                return false;
        return print_path(path, "%s/.pyrope/run/%s", home, host);
}

static const Place places[] = {
        { .find = find_explicit, .is_only = true },
        { .find = find_xdg, .is_fading = true },
        { .find = find_tmp },
        { .find = find_home, .is_deep = true },
};

_Static_assert(ARRAY_SIZE(places) == RUNTIME_DIR_PLACES_MAX, "as the header says");

static bool user_lingers(void)
{
        char path[PATH_MAX];
        User user;

        return user_init(&user) &&
               print_path(path, "/var/lib/systemd/linger/%s", user.pw.pw_name) &&
               access(path, F_OK) == 0;
}

/* The two directories above the last one; whether they could be made shows when the last is. */
static void create_above(const char *path)
{
        char above[PATH_MAX];
        const char *slash = path + strlen(path);

        for (int level = 0; level < 2; level++)
                slash = memrchr(path, '/', (size_t)(slash - path));
        for (int level = 0; level < 2; level++) {
                memcpy(above, path, (size_t)(slash - path));
                above[slash - path] = '\0';
                (void)mkdir(above, 0700);
                slash = strchr(slash + 1, '/');
        }
}

static int create_place(const Place *place, const char *path, ErrorText *error)
{
        if (place->is_fading && !user_lingers() && !isatty(STDIN_FILENO)) {
                error_text_set(error, "%s: would vanish at logout", path);
                return RUNTIME_DIR_E_UNUSABLE;
        }
        if (strlen(path) > RUNTIME_DIR_MAX) {
                error_text_set(error,
                               "%s: longer than %u bytes, the paths of sockets in it would "
                               "not fit",
                               path, RUNTIME_DIR_MAX);
                return RUNTIME_DIR_E_UNUSABLE;
        }
        if (place->is_deep)
                create_above(path);
        return private_dir_create(path, error) ? RUNTIME_DIR_E_UNUSABLE : 0;
}

/* Adds what was wrong with one place to the list of them. */
static void add_reason(ErrorText *reasons, const ErrorText *reason)
{
        error_text_set(reasons, "%s%s%s", reasons->text, reasons->text[0] ? "; " : "",
                       reason->text);
}

static int give(const char *path, char **ret_path)
{
        char *copy = strdup(path);

        if (!copy)
                return error_origin(-ENOMEM);
        *ret_path = copy;
        return 0;
}

int runtime_dir_create(char **ret_path, ErrorText *error)
{
        ErrorText reasons = { "" };
        ErrorText reason;
        char path[PATH_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                if (!places[i].find(path))
                        continue;
                if (create_place(&places[i], path, &reason) == 0)
                        return give(path, ret_path);
                add_reason(&reasons, &reason);
                if (places[i].is_only)
                        break;
        }
        error_text_set(error,
                       "no directory for sockets; set PYROPE_RUNTIME_DIR to one of your own (%s)",
                       reasons.text);
        return RUNTIME_DIR_E_UNUSABLE;
}

/* Returns 0 and makes the path that of the socket, or says why not. */
static int find_socket(const char *name, char path[static PATH_MAX], ErrorText *error)
{
        size_t n_dir = strlen(path);
        struct stat st;
        int r;

        r = private_dir_check(path, error);
        if (r)
                return r == PRIVATE_DIR_E_NOT_FOUND ? RUNTIME_DIR_E_NOT_FOUND
                                                    : RUNTIME_DIR_E_UNUSABLE;
        if ((size_t)snprintf(path + n_dir, PATH_MAX - n_dir, "/%s", name) >= PATH_MAX - n_dir ||
            lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode)) {
                error_text_set(error, "%s: no such socket", path);
                return RUNTIME_DIR_E_NOT_FOUND;
        }
        return 0;
}

int runtime_dir_find(const char *name, char **ret_path, ErrorText *error)
{
        ErrorText reasons = { "" };
        ErrorText reason;
        char path[PATH_MAX];
        int r = RUNTIME_DIR_E_NOT_FOUND;

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                if (!places[i].find(path))
                        continue;
                r = find_socket(name, path, &reason);
                if (r == 0)
                        return give(path, ret_path);
                add_reason(&reasons, &reason);
                if (places[i].is_only)
                        break;
                r = RUNTIME_DIR_E_NOT_FOUND;
        }
        error_text_set(error,
                       "no daemon has a socket '%s' here; start it, or set PYROPE_RUNTIME_DIR as "
                       "it was for the daemon (%s)",
                       name, reasons.text);
        return r;
}

/* Root's, and nobody else's to write: so whoever owns what is in it was given that by root. */
static bool is_of_root(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && st.st_uid == 0 && !(st.st_mode & 022);
}

int runtime_dir_find_site(const char *name, char **ret_path)
{
        char path[PATH_MAX];
        struct stat st;

        if (find_explicit(path) || lstat(RUNTIME_SITE_DIR, &st) < 0)
                return RUNTIME_DIR_E_NOT_FOUND;
        if (!S_ISDIR(st.st_mode) || st.st_mode & 022 || !is_of_root("/run"))
                return RUNTIME_DIR_E_UNUSABLE;
        if (!print_path(path, RUNTIME_SITE_DIR "/%s", name) || lstat(path, &st) < 0 ||
            !S_ISSOCK(st.st_mode))
                return RUNTIME_DIR_E_NOT_FOUND;
        return give(path, ret_path);
}

size_t runtime_dir_list(char *ret[static RUNTIME_DIR_PLACES_MAX])
{
        char path[PATH_MAX];
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                if (!places[i].find(path))
                        continue;
                if (private_dir_check(path, NULL) == 0 && give(path, &ret[n]) == 0)
                        n++;
                if (places[i].is_only)
                        break;
        }
        return n;
}
