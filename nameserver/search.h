#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Search
 *
 * Names by prefix or regular expression: the query for the store, with a limit on the time that
 * all names together may take.
 */

#include "base/clock.h"
#include "nameserver/pattern.h"
#include "nameserver/store.h"

#define SEARCH_MAX_MS 5000 /* a million names take about a tenth of it */

typedef struct Search Search;

struct Search {
        StoreQuery query;
        Pattern *pattern; /* NULL for a prefix */
        Deadline deadline;
};

/** search_prefix() - @prefix is not empty, and borrowed as long as @search. */
void search_prefix(Search *search, StoreText prefix);

/**
 * search_regex() - @regex is borrowed for the call
 *
 * The store's STORE_E_STOPPED then means that the names took too long, one or all. @search must not
 * move until search_deinit().
 *
 * Return: 0, PATTERN_E_INVALID, -ENOMEM.
 */
NODISCARD int search_regex(Search *search, StoreText regex, ErrorText *error);
void search_deinit(Search *search);
