/* SPDX-License-Identifier: MIT */

#include "nameserver/search.h"

void search_prefix(Search *search, StoreText prefix)
{
        *search = (Search){ .query = { .kind = STORE_PREFIX, .text = prefix } };
}

static int match(StoreText name, void *userdata)
{
        const Search *search = userdata;

        if (deadline_passed(search->deadline))
                return STORE_MATCH_STOP;
        switch (pattern_match(search->pattern, name.at, name.n)) {
        case 0:
                return STORE_MATCH_YES;
        case PATTERN_E_NO_MATCH:
                return STORE_MATCH_NO;
        default:
                return STORE_MATCH_STOP;
        }
}

int search_regex(Search *search, StoreText regex, ErrorText *error)
{
        Pattern *pattern;
        int r;

        r = pattern_new(regex.at, regex.n, &pattern, error);
        if (r)
                return r;
        *search = (Search){
                .query = { .kind = STORE_MATCHING, .match = match, .userdata = search },
                .pattern = pattern,
                .deadline = deadline_in(SEARCH_MAX_MS),
        };
        return 0;
}

void search_deinit(Search *search)
{
        pattern_free(search->pattern);
        search->pattern = NULL;
}
