/* SPDX-License-Identifier: MIT */

/*
 * An agent's list of keys: an input is its answer, without the length. What passes says how many
 * keys it has, and passes again unchanged.
 */

#include "client/ssh/agent.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

static void check(const uint8_t *data, size_t size, bool is_only)
{
        CLEANUP(buffer_deinit) Buffer list = BUFFER_INIT(262144), again = BUFFER_INIT(262144);
        CLEANUP(ssh_names_deinit) SshNames known = { 0 };
        CLEANUP(ssh_names_deinit) SshNames offered = { 0 };
        CLEANUP(ssh_names_deinit) SshNames same = { 0 };
        int r;

        if (ssh_names_add(&known, "Yg==") || buffer_append(&list, data, size))
                return;
        r = ssh_agent_filter(&list, &known, is_only, &offered);
        PROPERTY(r == 0 || r == -EBADMSG);
        if (r)
                return;
        PROPERTY(list.n >= 5 && list.data[4] == offered.n && offered.n <= SSH_NAMES_MAX);
        PROPERTY(!buffer_append(&again, list.data, list.n));
        PROPERTY(!ssh_agent_filter(&again, &known, is_only, &same));
        PROPERTY(again.n == list.n && !memcmp(again.data, list.data, list.n));
        for (size_t i = 0; i < offered.n; i++)
                PROPERTY(!is_only || !strcmp(offered.names[i], "Yg=="));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        check(data, size, false);
        check(data, size, true);
        return 0;
}
