/* SPDX-License-Identifier: MIT */

#include "client/ssh/retry.h"

static int64_t grown(int64_t first_ms, unsigned factor, unsigned n_before, int64_t most_ms)
{
        int64_t ms = first_ms;

        while (n_before-- && ms < most_ms)
                ms *= factor;
        return ms < most_ms ? ms : most_ms;
}

static void back_off(SshRetry *retry, int64_t now_ms, uint32_t chance)
{
        int64_t ms = grown(SSH_RETRY_FIRST_MS, 2, retry->n_failures++, SSH_RETRY_MOST_MS);

        retry->next_at_ms = now_ms + ms - chance % (ms / 2 + 1);
}

void ssh_retry_failed(SshRetry *retry, pyrope_status status, int64_t now_ms, uint32_t chance)
{
        if (!retry->failing_since_ms)
                retry->failing_since_ms = now_ms;
        retry->is_refused = false;
        switch (status) {
        case PYROPE_E_CONFIG:
        case PYROPE_E_INVALID:
                retry->next_at_ms = now_ms;
                retry->n_failures = 0;
                break;
        case PYROPE_E_AUTH:
                retry->is_refused = true;
                retry->next_at_ms = now_ms + grown(SSH_RETRY_AUTH_FIRST_MS, 4, retry->n_refusals++,
                                                   SSH_RETRY_AUTH_MOST_MS);
                break;
        case PYROPE_E_HOST_KEY:
        case PYROPE_E_DENIED:
        case PYROPE_E_PROTOCOL:
                retry->is_refused = true;
                retry->next_at_ms = now_ms + SSH_RETRY_REFUSED_MS;
                break;
        default:
                back_off(retry, now_ms, chance);
                break;
        }
}

void ssh_retry_up(SshRetry *retry)
{
        retry->failing_since_ms = 0;
        retry->n_refusals = 0;
        retry->is_refused = false;
}

void ssh_retry_lost(SshRetry *retry, int64_t up_ms, int64_t now_ms, uint32_t chance)
{
        retry->next_at_ms = now_ms;
        if (up_ms >= SSH_RETRY_STABLE_MS)
                retry->n_failures = 0;
        else
                back_off(retry, now_ms, chance);
}

bool ssh_retry_is_patient(const SshRetry *retry, bool has_been_up, int64_t now_ms)
{
        return has_been_up && !retry->is_refused && retry->n_failures > 0 &&
               now_ms - retry->failing_since_ms < SSH_RETRY_PATIENCE_MS;
}

int64_t ssh_retry_forget_at_ms(const SshRetry *retry)
{
        return retry->next_at_ms +
               (retry->n_refusals ? SSH_RETRY_AUTH_FORGET_MS : SSH_RETRY_FORGET_MS);
}
