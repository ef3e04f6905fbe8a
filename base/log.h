#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Log
 *
 * One record is one line on standard error, written by a single write(2), so that records of
 * several threads and processes never mix:
 *
 *      2026-03-01T09:30:00.123Z warning jobman conn=12 job=k7m2xq: lease expired
 *
 * Control bytes, DEL, C1 and bytes that are not UTF-8 are escaped as \xNN; a record never has more
 * than LOG_LINE_SIZE bytes, a longer one is cut and ends in "…". Under systemd ($JOURNAL_STREAM
 * names our standard error) each line starts with its priority, "<4>".
 *
 * log_open() takes a file instead of standard error.
 *
 * Libraries log at debug level only, and the changes of SSH sessions at info; warnings and errors
 * are for main() and the daemon's top object, once per event. Any thread may log. errno is kept.
 */

#include "base/error.h"

#include <stdbool.h>

#define LOG_LINE_SIZE 4096u /* bytes of one record with its newline */

typedef enum LogLevel {
        LOG_LEVEL_ERROR,
        LOG_LEVEL_WARNING,
        LOG_LEVEL_INFO,
        LOG_LEVEL_DEBUG,
} LogLevel;

typedef struct LogContext LogContext;

/* One key=value of the records of this thread; lives on the stack of LOG_CONTEXT()'s scope. */
struct LogContext {
        const char *key;
        const char *text; /* NULL if the value is the number */
        unsigned long long number;
        const LogContext *outer; /* printed before this one; NULL at the outermost */
};

#define log_error(...)   log_write_(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write_(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_write_(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write_(LOG_LEVEL_DEBUG, __VA_ARGS__)

/**
 * LOG_CONTEXT() - name what this scope works on in each of its records
 * @key:        a constant word: "conn", "call", "job"
 * @value:      a string, borrowed until the scope ends, or an unsigned number
 *
 * Costs a few stores and formats nothing until a record is written. Stands where a declaration
 * stands, and only one per source line.
 */
#define LOG_CONTEXT(key, value) LOG_CONTEXT_(CONCAT(log_context_at_, __LINE__), key, value)

/**
 * log_init() - name the program and take the level from $PYROPE_LOG
 * @program:    borrowed for ever
 * @level:      used where the variable is unset or no level; the latter gives a warning
 *
 * Before it the level is LOG_LEVEL_WARNING and the program is named by its file. Call it before the
 * first thread.
 */
void log_init(const char *program, LogLevel level);

/**
 * log_init_library() - what a library does for a program that never heard of log_init()
 *
 * Takes the level from $PYROPE_LOG, once, unless log_init() was called. Any thread.
 */
void log_init_library(void);

void log_set_level(LogLevel level);
LogLevel log_get_level(void);

/**
 * log_open() - write records to a file from now on, or open it again after it was moved away
 * @path:       absolute; created with mode 0600 less the umask, appended to
 * @error:      NULL, or says for a non-zero return what failed
 *
 * A file is opened again whatever happened to the one before; if that fails, records go on into the
 * old one. The first time before the first thread, then any thread.
 *
 * Return: 0, LOG_E_UNUSABLE.
 */
NODISCARD int log_open(const char *path, ErrorText *error);

/* Whether a record of this level would be written: ask before costly preparations. */
static inline bool log_is_enabled(LogLevel level);

/**
 * log_level_parse() - "error", "warning", "info" or "debug"
 *
 * Return: 0, LOG_E_UNKNOWN.
 */
NODISCARD int log_level_parse(const char *text, LogLevel *ret);

enum {
        LOG_E_SUCCESS,

        LOG_E_UNKNOWN,  /* not the name of a level */
        LOG_E_UNUSABLE, /* the file cannot be opened, or is no regular one */
};

/* The rest makes the macros above work. */

extern int log_level_; /* a LogLevel, read and written atomically */
/* A few bytes, so that also a library may have them where they are found without a call. */
extern _Thread_local const LogContext *log_context_ __attribute__((tls_model("initial-exec")));

void log_print_(LogLevel level, const char *format, ...) PRINTF(2, 3);

static inline bool log_is_enabled(LogLevel level)
{
        return (int)level <= __atomic_load_n(&log_level_, __ATOMIC_RELAXED);
}

#define log_write_(level, ...)                                                                     \
        do {                                                                                       \
                if (log_is_enabled(level))                                                         \
                        log_print_(level, __VA_ARGS__);                                            \
        } while (0)

static inline void log_context_enter_text_(LogContext *context, const char *key, const char *text)
{
        *context = (LogContext){ .key = key, .text = text ? text : "-", .outer = log_context_ };
        log_context_ = context;
}

static inline void log_context_enter_number_(LogContext *context, const char *key,
                                             unsigned long long number)
{
        *context = (LogContext){ .key = key, .number = number, .outer = log_context_ };
        log_context_ = context;
}

static inline void log_context_leave_(LogContext *context)
{
        log_context_ = context->outer;
}

#define LOG_CONTEXT_(name, key, value)                                                             \
        CLEANUP(log_context_leave_) LogContext name;                                               \
        _Generic((value), char * : log_context_enter_text_, const char * : log_context_enter_text_,\
                 default : log_context_enter_number_)(&name, key, value)
