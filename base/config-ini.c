/* SPDX-License-Identifier: MIT */

#include "base/config-ini.h"

#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <ini.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

/*
 * Design notes
 *
 * Debian's libinih has its options as global variables; what cannot be chosen is that the handler
 * gets no line number, is not called for a section without keys, and sees a section's name cut at
 * 49 bytes. So the lines are handed to inih one by one by a reader of ours, which counts and
 * measures them, and which puts the key MARKER behind each section's header. No line of a file can
 * be taken for it, since control bytes are refused before.
 */

#define MARKER    "\x01"
#define LINE_SIZE (CONFIG_INI_LINE_MAX + 3) /* with "\r\n" and the terminator */
#define BOM       "\xef\xbb\xbf"

typedef struct Parsing Parsing;

struct Parsing {
        const char *rest; /* text still to be read */
        size_t n_rest;
        unsigned line;      /* handed out last */
        bool is_marker_due; /* behind the header handed out last */
        bool has_section;   /* one was seen */
        const char *what;   /* wrong with that line; NULL if nothing */
        bool is_stopped;    /* by a callback */
        const ConfigIniEvents *events;
        void *userdata;
};

/* What is wrong with a line as such; NULL if nothing. */
static const char *check_text(const char *line, size_t n)
{
        if (n > CONFIG_INI_LINE_MAX)
                return "the line is longer than " STRINGIFY(CONFIG_INI_LINE_MAX) " bytes";
        if (!text_is_utf8(line, n))
                return "the line is not UTF-8";
        for (size_t i = 0; i < n; i++)
                if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
                        return "the line has control characters";
        return NULL;
}

/* What is wrong with a section's header; NULL if nothing. */
static const char *check_header(const char *header, size_t n)
{
        const char *end = memchr(header, ']', n);

        if (!end)
                return "the name of a section ends in ']'";
        if (end - header - 1 > CONFIG_INI_SECTION_MAX)
                return "the name of a section is longer than " STRINGIFY(
                        CONFIG_INI_SECTION_MAX) " bytes";
        for (end++; end < header + n; end++)
                if (*end != ' ' && *end != '\t')
                        return "nothing may follow the ']' of a section";
        return NULL;
}

/* The next line without its end, and how much text it takes with it. */
static size_t next_line(const Parsing *parsing, size_t *ret_n_taken)
{
        const char *newline = memchr(parsing->rest, '\n', parsing->n_rest);
        size_t n = newline ? (size_t)(newline - parsing->rest) : parsing->n_rest;

        *ret_n_taken = n + !!newline;
        return n && parsing->rest[n - 1] == '\r' ? n - 1 : n;
}

static bool is_header(const char *line, size_t n, size_t *ret_n_blanks)
{
        size_t n_blanks = 0;

        while (n_blanks < n && (line[n_blanks] == ' ' || line[n_blanks] == '\t'))
                n_blanks++;
        *ret_n_blanks = n_blanks;
        return n_blanks < n && line[n_blanks] == '[';
}

/* Copies a line that is good so far to @out, which has LINE_SIZE bytes, and passes it. */
static bool take_line(Parsing *parsing, char *out)
{
        size_t n_taken, n_blanks;
        size_t n = next_line(parsing, &n_taken);

        parsing->line++;
        parsing->what = check_text(parsing->rest, n);
        if (parsing->what)
                return false;
        if (is_header(parsing->rest, n, &n_blanks)) {
                parsing->what = check_header(parsing->rest + n_blanks, n - n_blanks);
                parsing->is_marker_due = true;
        }
        if (parsing->what)
                return false;

        memcpy(out, parsing->rest, n);
        memcpy(out + n, "\n", 2);
        parsing->rest += n_taken;
        parsing->n_rest -= n_taken;
        return true;
}

/* Called by inih in place of fgets(). */
static char *read_line(char *out, int n_out, void *userdata)
{
        static const char marker_line[] = MARKER "=\n";
        Parsing *parsing = userdata;

        if (n_out < LINE_SIZE) { /* an inih without these settings */
                parsing->what = "the INI library takes no lines of our length";
                return NULL;
        }
        if (parsing->is_marker_due) {
                parsing->is_marker_due = false;
                return memcpy(out, marker_line, sizeof(marker_line));
        }
        return parsing->n_rest && take_line(parsing, out) ? out : NULL;
}

/* Called by inih for each key; returns true to go on. */
static int on_pair(void *userdata, const char *section, const char *key, const char *value)
{
        Parsing *parsing = userdata;
        int r;

        if (strcmp(key, MARKER) == 0) {
                parsing->has_section = true;
                r = parsing->events->on_section(parsing->userdata, parsing->line, section);
        } else if (!parsing->has_section) {
                parsing->what = "a key stands before the first [section]";
                return false;
        } else {
                r = parsing->events->on_key(parsing->userdata, parsing->line, key, value);
        }
        parsing->is_stopped = r != 0;
        return !parsing->is_stopped;
}

/* The settings of inih that we change, for nobody else in the process expects other ones. */
typedef struct Settings Settings;

struct Settings {
        bool allow_multiline, allow_bom, allow_inline_comments, stop_on_first_error, use_stack,
                allow_realloc, allow_no_value;
        int initial_alloc, max_line;
};

static Settings settings_get(void)
{
        return (Settings){
                .allow_multiline = ini_allow_multiline,
                .allow_bom = ini_allow_bom,
                .allow_inline_comments = ini_allow_inline_comments,
                .stop_on_first_error = ini_stop_on_first_error,
                .use_stack = ini_use_stack,
                .allow_realloc = ini_allow_realloc,
                .allow_no_value = ini_allow_no_value,
                .initial_alloc = ini_initial_alloc,
                .max_line = ini_max_line,
        };
}

static void settings_set(const Settings *settings)
{
        ini_allow_multiline = settings->allow_multiline;
        ini_allow_bom = settings->allow_bom;
        ini_allow_inline_comments = settings->allow_inline_comments;
        ini_stop_on_first_error = settings->stop_on_first_error;
        ini_use_stack = settings->use_stack;
        ini_allow_realloc = settings->allow_realloc;
        ini_allow_no_value = settings->allow_no_value;
        ini_initial_alloc = settings->initial_alloc;
        ini_max_line = settings->max_line;
}

static int parse_locked(Parsing *parsing)
{
        static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        /* A buffer of one size from the beginning, and nothing that goes beyond a line. */
        static const Settings ours = {
                .stop_on_first_error = true,
                .initial_alloc = LINE_SIZE,
                .max_line = LINE_SIZE,
        };
        Settings theirs;
        int r;

        pthread_mutex_lock(&mutex);
        theirs = settings_get();
        settings_set(&ours);
        r = ini_parse_stream(read_line, parsing, on_pair, parsing);
        settings_set(&theirs);
        pthread_mutex_unlock(&mutex);
        return r;
}

int config_ini_parse(const char *text, size_t n_text, const ConfigIniEvents *events, void *userdata,
                     ConfigIniError *ret_error)
{
        size_t n_bom = n_text >= 3 && memcmp(text, BOM, 3) == 0 ? 3 : 0;
        Parsing parsing = {
                .rest = text + n_bom,
                .n_rest = n_text - n_bom,
                .events = events,
                .userdata = userdata,
        };
        int r;

        r = parse_locked(&parsing);
        if (r < 0)
                return error_origin(-ENOMEM);
        if (parsing.is_stopped)
                return CONFIG_INI_E_STOPPED;
        if (r && !parsing.what)
                parsing.what = "expected [section], key = value, or a comment";
        if (parsing.what) {
                *ret_error = (ConfigIniError){ .line = parsing.line, .what = parsing.what };
                return CONFIG_INI_E_SYNTAX;
        }
        return 0;
}
