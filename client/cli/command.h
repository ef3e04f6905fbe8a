#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Command
 *
 * What every command of the command line has in common: its options, its context, and how it says
 * what came out. Results go to standard output, words to standard error; with --json a failure is
 * the object {"error": {"code", "text"}} on standard output.
 */

#include "base/options.h"

#include <jansson.h>
#include <pyrope/pyrope.h>
#include <stdio.h>

DEFINE_CLEANUP(pyrope_context, pyrope_context_free);
DEFINE_CLEANUP(pyrope_proxy, pyrope_proxy_free);
DEFINE_CLEANUP(pyrope_value, pyrope_value_free);
DEFINE_CLEANUP(pyrope_writer, pyrope_writer_free);
DEFINE_CLEANUP(pyrope_answer, pyrope_answer_free);
DEFINE_CLEANUP(pyrope_stream, pyrope_stream_free);
DEFINE_CLEANUP(pyrope_error, pyrope_error_free);

#define COMMAND_ENVIRONMENT                                                                        \
        "PYROPE_NAMESERVER   where the nameserver is: /path, host:port, ssh://host; or several\n"  \
        "PYROPE_SSH_CONFIG   SSH configuration file instead of ~/.ssh/config\n"                    \
        "PYROPE_SSH_BACKEND  who logs in: auto, libssh or program\n"                               \
        "PYROPE_ZONE         the zone of this machine\n"                                           \
        "PYROPE_RUNTIME_DIR  directory of our sockets\n"                                           \
        "PYROPE_SHARE        no: as --no-share\n"                                                  \
        "PYROPE_PORT_USERS   as --port-users\n"                                                    \
        "PYROPE_LOG          error, warning, info or debug\n"

/* Filled by the options; the same for each command of a program. */
typedef struct CommandSettings {
        const char *nameserver;
        const char *ssh_config;
        const char *ssh_backend;
        const char *zone;
        const char *runtime_dir;
        const char *timeout;
        const char *port_users;
        bool is_alone; /* --no-share */
        bool is_batch; /* ask nothing */
        bool is_json;
        bool is_verbose;
} CommandSettings;

extern CommandSettings command_settings;

/* For Options.options of a program. */
extern const Option command_options[];

/**
 * command_library_options() - what the settings and the environment say to the library
 *
 * Return: as command_context().
 */
int command_library_options(pyrope_options *ret);

/**
 * command_context() - a context by the settings and the environment
 *
 * Return: 0; else the exit status, and why is said.
 */
int command_context(pyrope_context **ret);

/** command_nameserver() - a context and its nameserver's proxy. Return: as command_context(). */
int command_nameserver(pyrope_context **ret_context, pyrope_proxy **ret_nameserver);

/**
 * command_failed() - say why a call of the library failed
 * @error: NULL if memory was too short even for it; not freed
 *
 * Return: OPTIONS_EXIT_FAILED.
 */
int command_failed(pyrope_status status, const pyrope_error *error);

/** command_problem() - say what this program itself found. Return: OPTIONS_EXIT_FAILED. */
int command_problem(pyrope_status code, const char *format, ...) PRINTF(2, 3);

/** command_misused() - a mistake in the command line. Return: OPTIONS_EXIT_MISUSED. */
int command_misused(const char *format, ...) PRINTF(1, 2);

/** command_print_json() - @json, which is taken and may be NULL, as one line. Return: exit status.
 */
int command_print_json(json_t *json);

/** command_harmless() - text of strangers for a terminal. Return: owned, free(); NULL: out of
 * memory.
 */
char *command_harmless(const char *text, size_t n_text);

/** command_print_text() - text of strangers, made harmless, and @end. */
void command_print_text(FILE *to, const char *text, size_t n_text, const char *end);

/** command_end() - flush standard output. Return: exit status, which is 1 if that fails. */
int command_end(void);

/** command_start() - what main() does first: a known state. Return: 0; exit status, and said why.
 */
NODISCARD int command_start(const char *program);
