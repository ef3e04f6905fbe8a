/* SPDX-License-Identifier: MIT */

#include "client/ssh/state.h"

#include <assert.h>

static const char *const names[SSH_STATE_N] = {
        [SSH_STATE_RESOLVING] = "resolving settings",
        [SSH_STATE_CONNECTING] = "connecting",
        [SSH_STATE_AUTHENTICATING] = "authenticating",
        [SSH_STATE_UP] = "up",
        [SSH_STATE_LOST] = "lost",
        [SSH_STATE_BACKING_OFF] = "backing off",
        [SSH_STATE_CLOSED] = "closed",
};

/* What is not here is illegal. */
static const struct {
        SshState from;
        SshEvent event;
        SshState to;
} steps[] = {
        { SSH_STATE_RESOLVING, SSH_EVENT_RESOLVED, SSH_STATE_CONNECTING },
        { SSH_STATE_RESOLVING, SSH_EVENT_FAILED, SSH_STATE_BACKING_OFF },
        { SSH_STATE_CONNECTING, SSH_EVENT_CONNECTED, SSH_STATE_AUTHENTICATING },
        { SSH_STATE_CONNECTING, SSH_EVENT_FAILED, SSH_STATE_BACKING_OFF },
        { SSH_STATE_AUTHENTICATING, SSH_EVENT_LOGGED_IN, SSH_STATE_UP },
        { SSH_STATE_AUTHENTICATING, SSH_EVENT_FAILED, SSH_STATE_BACKING_OFF },
        { SSH_STATE_UP, SSH_EVENT_BROKEN, SSH_STATE_LOST },
        { SSH_STATE_LOST, SSH_EVENT_DELAYED, SSH_STATE_BACKING_OFF },
        { SSH_STATE_LOST, SSH_EVENT_ASKED, SSH_STATE_RESOLVING },
        { SSH_STATE_BACKING_OFF, SSH_EVENT_RESTED, SSH_STATE_LOST },
        { SSH_STATE_BACKING_OFF, SSH_EVENT_ASKED, SSH_STATE_RESOLVING },
        { SSH_STATE_RESOLVING, SSH_EVENT_ENDED, SSH_STATE_CLOSED },
        { SSH_STATE_CONNECTING, SSH_EVENT_ENDED, SSH_STATE_CLOSED },
        { SSH_STATE_AUTHENTICATING, SSH_EVENT_ENDED, SSH_STATE_CLOSED },
        { SSH_STATE_UP, SSH_EVENT_ENDED, SSH_STATE_CLOSED },
        { SSH_STATE_LOST, SSH_EVENT_ENDED, SSH_STATE_CLOSED },
        { SSH_STATE_BACKING_OFF, SSH_EVENT_ENDED, SSH_STATE_CLOSED },
};

int ssh_state_next(SshState from, SshEvent event, SshState *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                if (steps[i].from == from && steps[i].event == event) {
                        *ret = steps[i].to;
                        return 0;
                }
        }
        return SSH_STATE_E_ILLEGAL;
}

const char *ssh_state_name(SshState state)
{
        assert(state < SSH_STATE_N);
        return names[state];
}
