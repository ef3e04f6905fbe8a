#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Unit Test Program
 *
 * Every tests/unit/test-<module>.c builds one Check suite and ends in `return unit_run(suite)`.
 * Each test runs in a process of its own, so a crash or a leak fails that test by name.
 * TEST_DATA_DIR is the tree's tests/data, TEST_BIN_DIR where the programs are built.
 */

#include <check.h>

/**
 * unit_run() - run a suite and print what failed
 * @suite:      taken
 *
 * CK_RUN_CASE and CK_RUN_SUITE select a part, CK_FORK=no helps a debugger.
 *
 * Return: the exit status of main(): 0 if every test passed, else 1.
 */
int unit_run(Suite *suite);
