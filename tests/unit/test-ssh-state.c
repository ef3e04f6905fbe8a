/* SPDX-License-Identifier: MIT */

#include "client/ssh/state.h"

#include "tests/unit/unit.h"

enum {
        NONE = SSH_STATE_N,
        R = SSH_STATE_RESOLVING,
        C = SSH_STATE_CONNECTING,
        A = SSH_STATE_AUTHENTICATING,
        U = SSH_STATE_UP,
        L = SSH_STATE_LOST,
        B = SSH_STATE_BACKING_OFF,
        X = SSH_STATE_CLOSED,
};

/* Where each event leads from each state. */
static const struct {
        const char *what;
        SshEvent event;
        int to[SSH_STATE_N];
} table[] = {
        /*                                    resolving connecting auth. up lost backing closed */
        { "resolved", SSH_EVENT_RESOLVED, { C, NONE, NONE, NONE, NONE, NONE, NONE } },
        { "connected", SSH_EVENT_CONNECTED, { NONE, A, NONE, NONE, NONE, NONE, NONE } },
        { "logged in", SSH_EVENT_LOGGED_IN, { NONE, NONE, U, NONE, NONE, NONE, NONE } },
        { "failed", SSH_EVENT_FAILED, { B, B, B, NONE, NONE, NONE, NONE } },
        { "broken", SSH_EVENT_BROKEN, { NONE, NONE, NONE, L, NONE, NONE, NONE } },
        { "delayed", SSH_EVENT_DELAYED, { NONE, NONE, NONE, NONE, B, NONE, NONE } },
        { "rested", SSH_EVENT_RESTED, { NONE, NONE, NONE, NONE, NONE, L, NONE } },
        { "asked", SSH_EVENT_ASKED, { NONE, NONE, NONE, NONE, R, R, NONE } },
        { "ended", SSH_EVENT_ENDED, { X, X, X, X, X, X, NONE } },
};

_Static_assert(ARRAY_SIZE(table) == SSH_EVENT_N, "a row for each event");

START_TEST(each_event_leads_where_it_may_and_nowhere_else)
{
        for (int from = 0; from < SSH_STATE_N; from++) {
                SshState to = SSH_STATE_N;
                int r = ssh_state_next((SshState)from, table[_i].event, &to);

                ck_assert_msg(r == (table[_i].to[from] == NONE ? SSH_STATE_E_ILLEGAL : 0),
                              "'%s' while %s", table[_i].what, ssh_state_name((SshState)from));
                ck_assert_int_eq(to, table[_i].to[from]);
        }
}
END_TEST

START_TEST(each_state_has_a_name_of_its_own)
{
        for (int one = 0; one < SSH_STATE_N; one++) {
                ck_assert_ptr_nonnull(ssh_state_name((SshState)one));
                for (int other = 0; other < one; other++)
                        ck_assert_str_ne(ssh_state_name((SshState)one),
                                         ssh_state_name((SshState)other));
        }
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("ssh-state");
        TCase *tcase = tcase_create("ssh-state");

        tcase_add_loop_test(tcase, each_event_leads_where_it_may_and_nowhere_else, 0,
                            (int)ARRAY_SIZE(table));
        tcase_add_test(tcase, each_state_has_a_name_of_its_own);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
