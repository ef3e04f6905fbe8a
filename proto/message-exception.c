/* SPDX-License-Identifier: MIT */

#include "proto/message.h"

#include "base/text.h"
#include "proto/repr.h"
#include "proto/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLASS_SIZE     256u /* of a class name that is shown; longer ones are cut */
#define FALLBACK_CLASS "Pyro5.errors.PyroError"

typedef struct Module Module;

/* Exceptions that stock Python rebuilds from one text argument. Those that would end the program
 * (SystemExit, KeyboardInterrupt) and those that need more arguments (UnicodeDecodeError) are left
 * out. A bare name is looked for in this order. */
struct Module {
        const char *name; /* with the dot */
        const char *const *classes;
};

static const char *const builtins[] = {
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "BlockingIOError",
        "BrokenPipeError",
        "BufferError",
        "BytesWarning",
        "ChildProcessError",
        "ConnectionAbortedError",
        "ConnectionError",
        "ConnectionRefusedError",
        "ConnectionResetError",
        "DeprecationWarning",
        "EOFError",
        "Exception",
        "FileExistsError",
        "FileNotFoundError",
        "FloatingPointError",
        "FutureWarning",
        "IOError",
        "ImportError",
        "ImportWarning",
        "IndentationError",
        "IndexError",
        "InterruptedError",
        "IsADirectoryError",
        "KeyError",
        "LookupError",
        "MemoryError",
        "ModuleNotFoundError",
        "NameError",
        "NotADirectoryError",
        "NotImplementedError",
        "OSError",
        "OverflowError",
        "PendingDeprecationWarning",
        "PermissionError",
        "ProcessLookupError",
        "RecursionError",
        "ReferenceError",
        "ResourceWarning",
        "RuntimeError",
        "RuntimeWarning",
        "StopAsyncIteration",
        "StopIteration",
        "SyntaxError",
        "SyntaxWarning",
        "SystemError",
        "TabError",
        "TimeoutError",
        "TypeError",
        "UnboundLocalError",
        "UnicodeError",
        "UnicodeWarning",
        "UserWarning",
        "ValueError",
        "Warning",
        "ZeroDivisionError",
        NULL,
};

static const char *const pyro[] = {
        "CommunicationError", "ConnectionClosedError", "DaemonError", "MessageTooLargeError",
        "NamingError",        "ProtocolError",         "PyroError",   "SecurityError",
        "SerializeError",     "TimeoutError",          NULL,
};

static const char *const structs[] = { "error", NULL };

static const char *const sqlite[] = {
        "DataError",
        "DatabaseError",
        "Error",
        "IntegrityError",
        "InterfaceError",
        "InternalError",
        "NotSupportedError",
        "OperationalError",
        "ProgrammingError",
        NULL,
};

static const Module modules[] = {
        { "builtins.", builtins },
        { "Pyro5.errors.", pyro },
        { "struct.", structs },
        { "sqlite3.", sqlite },
};

/* The full name under which a class travels; NULL if it has none of its own. */
static const char *class_on_wire(const char *name, char *ret, size_t n_ret)
{
        const char *bare;

        for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
                bare = name;
                if (strncmp(name, modules[i].name, strlen(modules[i].name)) == 0)
                        bare += strlen(modules[i].name);
                for (size_t c = 0; modules[i].classes[c]; c++)
                        if (strcmp(modules[i].classes[c], bare) == 0) {
                                (void)snprintf(ret, n_ret, "%s%s", modules[i].name, bare);
                                return ret;
                        }
        }
        return NULL;
}

/* A text that no receiver would take must not cost the whole answer. */
static void write_text(pyrope_writer *writer, const char *text)
{
        char escaped[ERROR_TEXT_MAX_BYTES];

        if (!text_is_utf8(text, strlen(text))) {
                text_escape(text, strlen(text), escaped, sizeof(escaped));
                text = escaped;
        }
        pyrope_write_str(writer, text);
}

void message_exception_pack(pyrope_writer *writer, const MessageException *exception)
{
        char full[CLASS_SIZE];
        const char *class_ = class_on_wire(exception->class_, full, sizeof(full));

        pyrope_write_map(writer, 4);
        pyrope_pack(writer, "s s s b s", "__class__", class_ ? class_ : FALLBACK_CLASS,
                    "__exception__", true, "args");
        pyrope_write_list(writer, exception->text != NULL);
        if (exception->text)
                write_text(writer, exception->text);
        pyrope_write_str(writer, "attributes");
        pyrope_write_map(writer, class_ ? 1 : 2);
        pyrope_write_str(writer, "_pyroTraceback");
        pyrope_write_list(writer, exception->traceback != NULL);
        if (exception->traceback)
                write_text(writer, exception->traceback);
        if (!class_) {
                pyrope_write_str(writer, "_pyroClass");
                write_text(writer, exception->class_);
        }
}

/* Python's OSErrors of two arguments print as "[Errno 2] No such file or directory". */
static bool format_os_error(pyrope_view args, char *ret, size_t n_ret)
{
        int64_t number;
        int n;

        if (pyrope_count(args) != 2 || pyrope_get_int(pyrope_at(args, 0), &number) ||
            pyrope_type_of(pyrope_at(args, 1)) != PYROPE_STR)
                return false;
        n = snprintf(ret, n_ret, "[Errno %" PRId64 "] ", number);
        if (n > 0 && (size_t)n < n_ret)
                (void)repr_format_str(pyrope_at(args, 1), ret + n, n_ret - (size_t)n);
        return true;
}

static bool has_suffix(const char *text, const char *suffix)
{
        size_t n = strlen(text);
        size_t n_suffix = strlen(suffix);

        return n >= n_suffix && strcmp(text + n - n_suffix, suffix) == 0;
}

/* As str() of the exception in Python. */
static void format_args(const char *class_, pyrope_view args, char *ret, size_t n_ret)
{
        size_t n;

        if (pyrope_type_of(args) != PYROPE_LIST) {
                repr_format_str(args, ret, n_ret);
        } else if (pyrope_count(args) == 0) {
                (void)snprintf(ret, n_ret, "%s", class_);
        } else if (pyrope_count(args) == 1 && strcmp(class_, "builtins.KeyError") == 0) {
                repr_format(pyrope_at(args, 0), ret, n_ret);
        } else if (pyrope_count(args) == 1) {
                repr_format_str(pyrope_at(args, 0), ret, n_ret);
        } else if (!has_suffix(class_, "Error") || !format_os_error(args, ret, n_ret)) {
                n = repr_format(args, ret, n_ret);
                ret[0] = '('; /* a tuple in Python, a list on the wire */
                if (ret[n - 1] == ']')
                        ret[n - 1] = ')';
        }
}

/* Appends a piece of several lines, each made fit to be shown. Returns -ENOMEM or -EMSGSIZE. */
static int append_lines(Buffer *buffer, pyrope_view piece)
{
        char line[ERROR_TEXT_MAX_BYTES];
        const char *text, *end;
        size_t n, n_line;
        int r;

        if (pyrope_get_str(piece, &text, &n))
                return 0;
        while (n > 0) {
                end = memchr(text, '\n', n);
                n_line = end ? (size_t)(end - text) : n;
                text_escape(text, n_line, line, sizeof(line));
                r = buffer_append_printf(buffer, "%s%s", line, end ? "\n" : "");
                if (r)
                        return r;
                n_line += end != NULL;
                text += n_line;
                n -= n_line;
        }
        return 0;
}

/* Fills @buffer with the pieces as far as they fit; stays empty if there is none. */
static void join_traceback(pyrope_view pieces, Buffer *buffer)
{
        pyrope_iter iter = pyrope_each(pieces);
        pyrope_view piece;

        if (append_lines(buffer, pieces)) /* a str, from who knows */
                return;
        while (pyrope_next(&iter, NULL, &piece))
                if (append_lines(buffer, piece))
                        return;
}

pyrope_error *message_exception_error(pyrope_view payload)
{
        CLEANUP(buffer_deinit) Buffer traceback = BUFFER_INIT(MESSAGE_TRACEBACK_MAX_BYTES);
        pyrope_view attributes = pyrope_find(payload, "attributes");
        pyrope_view name = pyrope_find(attributes, "_pyroClass");
        pyrope_view args = pyrope_find(payload, "args");
        char text[ERROR_TEXT_MAX_BYTES];
        char class_[CLASS_SIZE];
        pyrope_error *error = NULL;

        if (pyrope_type_of(name) != PYROPE_STR)
                name = pyrope_find(payload, "__class__");
        if (pyrope_type_of(name) != PYROPE_STR || !args.at) {
                (void)error_set_remote(&error, "unknown", "an exception of no known form", NULL);
                return error;
        }

        repr_format_str(name, class_, sizeof(class_));
        format_args(class_, args, text, sizeof(text));
        join_traceback(pyrope_find(attributes, "_pyroTraceback"), &traceback);
        (void)error_set_remote(&error, class_, text,
                               traceback.n > 0 ? (const char *)traceback.data : NULL);
        return error;
}
