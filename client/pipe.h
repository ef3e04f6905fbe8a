#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Pipe
 *
 * Joins a connected socket with two other descriptors, whatever they are: pipes, terminals, files.
 */

#include "base/defs.h"

/**
 * pipe_run() - until both directions have ended
 * @fd:         a stream socket, non-blocking
 * @in_fd:      read; its end is passed on to the socket
 * @out_fd:     written; when nothing more comes from the socket, all is over
 *
 * SIGPIPE is ignored by the program. None of them is closed. The other two are set non-blocking for
 * the time.
 *
 * Return: 0; -errno if one of the two others failed. That the socket's other end is gone is no
 * failure.
 */
NODISCARD int pipe_run(int fd, int in_fd, int out_fd);
