/* SPDX-License-Identifier: MIT */

#include "client/ssh/destination.h"

#include "proto/value.h"

#include <string.h>

#define CANCEL_MS 1000 /* for one, where another takes its place; for all, at the end */

static bool is_same(const char *one, const char *other)
{
        return one == other || (one && other && strcmp(one, other) == 0);
}

static bool leads_to(const SshDestination *destination, const Location *to)
{
        const Location *there = &destination->to;

        return is_same(there->path, to->path) && is_same(there->host, to->host) &&
               there->port == to->port;
}

static void destination_deinit(SshDestination *destination)
{
        location_deinit(&destination->to);
        *destination = (SshDestination){ 0 };
}

/* The one that is there, or a place for it. */
static SshDestination *choose(SshDestinations *destinations, const Location *to)
{
        SshDestination *oldest = &destinations->all[0];

        for (size_t i = 0; i < ARRAY_SIZE(destinations->all); i++) {
                SshDestination *there = &destinations->all[i];

                if (leads_to(there, to))
                        return there;
                if (there->used_at < oldest->used_at)
                        oldest = there;
        }
        return oldest;
}

static pyrope_status begin(SshDestination *there, SshMaster *master, const Location *to,
                           const SshWatch *watch, pyrope_error **error)
{
        const Location far = { .path = to->path, .host = to->host, .port = to->port };
        pyrope_status status;

        if (location_is_given(&there->to))
                (void)ssh_master_unlisten(master, &there->to, there->path, deadline_in(CANCEL_MS));
        destination_deinit(there);
        status = ssh_master_listen(master, to, watch, there->path, error);
        if (status)
                return status;
        return location_copy(&far, &there->to) ? error_nomem(error) : PYROPE_OK;
}

pyrope_status ssh_destinations_reach(SshDestinations *destinations, SshMaster *master,
                                     const Location *to, const SshWatch *watch,
                                     const char **ret_path, pyrope_error **error)
{
        SshDestination *there = choose(destinations, to);
        pyrope_status status = PYROPE_OK;

        if (!leads_to(there, to))
                status = begin(there, master, to, watch, error);
        if (status)
                return status;
        there->used_at = ++destinations->n_uses;
        *ret_path = there->path;
        return PYROPE_OK;
}

/* One of ours ends with all its sockets. */
void ssh_destinations_end(SshDestinations *destinations, const SshMaster *master)
{
        Deadline deadline = deadline_in(CANCEL_MS);
        bool is_to_be_told = master->is_foreign;

        for (size_t i = 0; i < ARRAY_SIZE(destinations->all); i++) {
                SshDestination *there = &destinations->all[i];

                if (is_to_be_told && location_is_given(&there->to))
                        is_to_be_told =
                                ssh_master_unlisten(master, &there->to, there->path, deadline);
                destination_deinit(there);
        }
}
