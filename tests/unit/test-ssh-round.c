/* SPDX-License-Identifier: MIT */

#include "client/ssh/round.h"

#include "tests/unit/unit.h"

static SshShared shared;
static SshLink link_;

static void setup(void)
{
        (void)pthread_mutex_init(&shared.lock, NULL);
        link_ = (SshLink){ .shared = &shared, .wake_fd = -1, .timer_fd = -1 };
        ssh_helm_init(&link_.helm);
        link_.connection.session = ssh_new();
        ck_assert_ptr_nonnull(link_.connection.session);
}

static void teardown(void)
{
        ssh_free(link_.connection.session);
        ssh_helm_deinit(&link_.helm);
        (void)pthread_mutex_destroy(&shared.lock);
}

/* Who sends meanwhile to a stream of that session uncorks what is corked: by then it may be freed,
 * or the next one, which is another thread's. */
START_TEST(a_session_that_ends_is_not_left_corked)
{
        ssh_helm_lock(&link_);
        ssh_round_cork(&link_);
        ssh_helm_unlock(&link_);
        ck_assert(link_.is_corked);
        ssh_round_end(&link_, PYROPE_E_UNREACHABLE, NULL);
        ck_assert(!link_.is_corked);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-round");
        TCase *tcase = tcase_create("ssh-round");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_session_that_ends_is_not_left_corked);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
