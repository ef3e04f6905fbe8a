/* SPDX-License-Identifier: MIT */

#include "nameserver/store-tally.h"

int store_tally_next_version(StoreTally *tally, int64_t *ret)
{
        int r = 0;

        if (!tally->has_version)
                r = store_rows_version(tally->db, &tally->version);
        if (r)
                return r;
        tally->has_version = true;
        *ret = ++tally->version;
        return 0;
}

/* Return: 0 with the place of an owner in @ret. */
static int find_owner(StoreTally *tally, uid_t uid, unsigned *ret)
{
        unsigned i = 0;
        int r = 0;

        while (i < tally->n_owners && tally->owners[i].uid != uid)
                i++;
        if (i == STORE_TALLY_OWNERS) {
                r = store_tally_write(tally);
                i = 0;
        }
        if (r == 0 && i == tally->n_owners) {
                tally->owners[i].uid = uid;
                r = store_rows_usage(tally->db, uid, &tally->owners[i].usage);
        }
        if (r)
                return r;
        if (i == tally->n_owners)
                tally->n_owners++;
        *ret = i;
        return 0;
}

int store_tally_use(StoreTally *tally, uid_t owner, int64_t n_names, int64_t n_bytes,
                    StoreUsage *ret)
{
        unsigned at = 0;
        int r;

        r = find_owner(tally, owner, &at);
        if (r)
                return r;
        tally->owners[at].usage.n_names += n_names;
        tally->owners[at].usage.n_bytes += n_bytes;
        *ret = tally->owners[at].usage;
        return 0;
}

int store_tally_write(StoreTally *tally)
{
        int r = 0;

        if (tally->has_version)
                r = store_rows_set_version(tally->db, tally->version);
        for (unsigned i = 0; r == 0 && i < tally->n_owners; i++)
                r = store_rows_set_usage(tally->db, tally->owners[i].uid, &tally->owners[i].usage);
        if (r == 0)
                store_tally_forget(tally);
        return r;
}

void store_tally_forget(StoreTally *tally)
{
        tally->has_version = false;
        tally->n_owners = 0;
}
