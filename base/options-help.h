#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * What --help Prints
 *
 * The usage, summary, options, commands and environment of a program or of one of its subcommands,
 * from the tables of options.h.
 */

#include "base/options.h"

#include <stdio.h>

/* @command: NULL for the program as a whole. */
void options_help_print(const Options *program, const OptionsCommand *command, FILE *out);
