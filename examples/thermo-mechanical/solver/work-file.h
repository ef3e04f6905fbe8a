#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * WorkFile: files in the work directory, which is the current one
 *
 * Names come from callers, who may mean us harm: a name is one component without control characters
 * and without a leading dot; links are not followed, and nothing but regular files is opened.
 */

#include "examples/thermo-mechanical/fem/complaint.h"

#include <stdio.h>

#define WORK_FILE_BYTES_MAX (256u << 20)
#define WORK_FILE_NAME_MAX  200u

/**
 * work_file_read() - a whole file
 * @ret_text:   @ret_n bytes, not terminated; free()
 *
 * Return: 0; FEM_E_REFUSED for a bad name, another kind of file or one above WORK_FILE_BYTES_MAX;
 * -ENOENT and other negative errno as open() and read() tell them.
 */
NODISCARD int work_file_read(const char *name, char **ret_text, size_t *ret_n,
                             Complaint *complaint);

/**
 * work_file_create() - a file to write, 0600; one that is there is emptied
 * @suffix:     what the name must end in, so that results never replace an input
 * @ret:        fclose()
 *
 * Return: 0, FEM_E_REFUSED, a negative errno.
 */
NODISCARD int work_file_create(const char *name, const char *suffix, FILE **ret,
                               Complaint *complaint);
