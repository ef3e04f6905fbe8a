/* SPDX-License-Identifier: MIT */

#include "base/log.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define CONTEXT_VALUE_SIZE 128u /* bytes a value of the context may take in a record */
#define CONTEXT_DEPTH_MAX  8u   /* values in a record: connection, call, job and some to spare */
#define TIME_SIZE          32u

static const struct {
        const char *name;
        int priority; /* of syslog(3) */
} levels[] = {
        [LOG_LEVEL_ERROR] = { "error", 3 },
        [LOG_LEVEL_WARNING] = { "warning", 4 },
        [LOG_LEVEL_INFO] = { "info", 6 },
        [LOG_LEVEL_DEBUG] = { "debug", 7 },
};

int log_level_ = LOG_LEVEL_WARNING;
_Thread_local const LogContext *log_context_;

static const char *log_program; /* NULL before log_init() */
static bool log_has_priorities; /* the journal reads standard error */
static bool log_is_set_up;      /* by log_init(); atomic */

/* Where records go. Its number never changes once a file was opened: another file takes the number
 * over, so that no thread ever writes to a descriptor that was closed. */
static int log_fd = STDERR_FILENO;

int log_level_parse(const char *text, LogLevel *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
                if (strcmp(text, levels[i].name) == 0) {
                        *ret = (LogLevel)i;
                        return 0;
                }
        return LOG_E_UNKNOWN;
}

void log_set_level(LogLevel level)
{
        __atomic_store_n(&log_level_, (int)level, __ATOMIC_RELAXED);
}

LogLevel log_get_level(void)
{
        return (LogLevel)__atomic_load_n(&log_level_, __ATOMIC_RELAXED);
}

static int open_file(const char *path, int *ret_fd, ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        struct stat st;

        /* Without waiting for the reader of a FIFO. */
        fd = open(path,
                  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
                  0600);
        if (fd < 0 || fstat(fd, &st) < 0) {
                error_text_set(error, "log %s: %s", path, strerror(errno));
                return LOG_E_UNUSABLE;
        }
        if (!S_ISREG(st.st_mode)) {
                error_text_set(error, "log %s: is not a regular file", path);
                return LOG_E_UNUSABLE;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int log_open(const char *path, ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        int r;

        r = open_file(path, &fd, error);
        if (r)
                return r;
        if (log_fd == STDERR_FILENO) {
                log_has_priorities = false;
                log_fd = TAKE_FD(fd);
        } else if (dup3(fd, log_fd, O_CLOEXEC) < 0) {
                error_text_set(error, "log %s: %s", path, strerror(errno));
                return LOG_E_UNUSABLE;
        }
        return 0;
}

/* A child of a service inherits the variable, but its standard error may be another file. */
static bool journal_reads_stderr(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        char ours[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        snprintf(ours, sizeof(ours), "%llu:%llu", (unsigned long long)st.st_dev,
                 (unsigned long long)st.st_ino);
        return strcmp(stream, ours) == 0;
}

void log_init(const char *program, LogLevel level)
{
        const char *wanted = getenv("PYROPE_LOG");

        (void)__atomic_exchange_n(&log_is_set_up, true, __ATOMIC_SEQ_CST);
        log_program = program;
        log_has_priorities = journal_reads_stderr();
        log_set_level(level);
        if (!wanted)
                return;
        if (log_level_parse(wanted, &level))
                log_warning("PYROPE_LOG=%s is none of error, warning, info, debug", wanted);
        log_set_level(level);
}

void log_init_library(void)
{
        if (!__atomic_exchange_n(&log_is_set_up, true, __ATOMIC_SEQ_CST))
                log_init(program_invocation_short_name, LOG_LEVEL_WARNING);
}

static void format_time(char out[static TIME_SIZE])
{
        struct timespec now;
        struct tm tm;
        size_t n;

        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &tm);
        n = strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(out + n, TIME_SIZE - n, ".%03ldZ", now.tv_nsec / 1000000);
}

static size_t format_head(LogLevel level, char *out, size_t n_out)
{
        char priority[8] = "";
        char time[TIME_SIZE];
        int n;

        if (log_has_priorities)
                snprintf(priority, sizeof(priority), "<%d>", levels[level].priority);
        format_time(time);
        n = snprintf(out, n_out, "%s%s %s %.64s", priority, time, levels[level].name,
                     log_program ? log_program : program_invocation_short_name);
        return (size_t)n;
}

/* Writes " key=value" for each value, the outermost scope's first; returns the length. */
static size_t format_context(char *out, size_t n_out)
{
        const LogContext *inner_first[CONTEXT_DEPTH_MAX];
        char value[CONTEXT_VALUE_SIZE];
        size_t n_values = 0;
        size_t n = 0;

        for (const LogContext *c = log_context_; c && n_values < CONTEXT_DEPTH_MAX; c = c->outer)
                inner_first[n_values++] = c;

        while (n_values-- > 0) {
                const LogContext *context = inner_first[n_values];

                if (context->text)
                        text_escape(context->text, strlen(context->text), value, sizeof(value));
                else
                        snprintf(value, sizeof(value), "%llu", context->number);
                n += (size_t)snprintf(out + n, n_out - n, " %.32s=%s", context->key, value);
        }
        return n;
}

/* The head and context always fit: each of their parts has its own limit. */
_Static_assert(LOG_LINE_SIZE > 128 + CONTEXT_DEPTH_MAX * (CONTEXT_VALUE_SIZE + 34) + 1024,
               "a record has room for some text");

void log_print_(LogLevel level, const char *format, ...)
{
        char line[LOG_LINE_SIZE + 1]; /* and the terminator, which is not written */
        char text[LOG_LINE_SIZE];
        int saved_errno = errno;
        va_list arguments;
        size_t n_line;
        ssize_t n_written;
        int n_text;

        va_start(arguments, format);
        n_text = vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        if (n_text < 0)
                n_text = 0;
        if ((size_t)n_text >= sizeof(text))
                n_text = sizeof(text) - 1; /* more than fits the line: text_escape() marks it */

        n_line = format_head(level, line, LOG_LINE_SIZE);
        n_line += format_context(line + n_line, LOG_LINE_SIZE - n_line);
        memcpy(line + n_line, ": ", 2);
        n_line += 2;
        n_line += text_escape(text, (size_t)n_text, line + n_line, LOG_LINE_SIZE - n_line);
        line[n_line++] = '\n';

        do
                n_written = write(log_fd, line, n_line);
        while (n_written < 0 && errno == EINTR);
        errno = saved_errno;
}
