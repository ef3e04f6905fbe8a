#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Terminal
 *
 * Questions to the person at the terminal that the program was started from: always /dev/tty, never
 * standard input or output, and only in its foreground. What is secret is not shown, and however a
 * question ends, also by a signal, the terminal is then as before.
 */

#include <pyrope/pyrope.h>

/**
 * terminal_find() - look for a terminal, before anything is asked
 *
 * Return: whether there is one, and this program is in its foreground; nobody else can be asked.
 */
bool terminal_find(void);

/** terminal_ask() - a pyrope_ask_fn, which needs no userdata; for one context, as terminal_find()
 * found. */
pyrope_status terminal_ask(void *userdata, const pyrope_question *question, char *answer);

/** terminal_cancel() - an open question has no answer, nor has any later one. Any thread. */
void terminal_cancel(void);
