/* SPDX-License-Identifier: MIT */

#include "client/ssh-alive.h"

#include "tests/unit/unit.h"

enum { START = 5000000, SLEPT = 700000 };

/* What happens at which time since the session began, and what is said to it. */
typedef struct Step {
        int64_t at_ms;    /* while the computer was awake */
        int64_t slept_ms; /* all in all until then */
        int64_t heard_ms; /* at that time the last byte was read; 0: none yet */
        SshAliveSays says;
        int64_t next_ms; /* from now */
} Step;

static const struct {
        const char *what;
        unsigned interval_s, n_asked_max;
        Step steps[8];
} cases[] = {
        { "a host that talks is not asked", .steps = { { 4000, 0, 3900, SSH_ALIVE_WELL, 4900 },
                                                       { 8900, 0, 8000, SSH_ALIVE_WELL, 4100 },
                                                       { 12999, 0, 8000, SSH_ALIVE_WELL, 1 } } },
        { "a silent one is asked, and lost when it does not answer",
          .steps = { { 4999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 5000, 0, 0, SSH_ALIVE_ASK, 5000 },
                     { 12999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 13000, 0, 0, SSH_ALIVE_LOST, 0 } } },
        { "time counts from the last byte, whenever one looks",
          .steps = { { 5000, 0, 100, SSH_ALIVE_WELL, 100 },
                     { 5100, 0, 100, SSH_ALIVE_ASK, 5000 },
                     { 13100, 0, 100, SSH_ALIVE_LOST, 0 } } },
        { "any byte is an answer", .steps = { { 5000, 0, 0, SSH_ALIVE_ASK, 5000 },
                                              { 12000, 0, 11000, SSH_ALIVE_WELL, 4000 },
                                              { 16000, 0, 11000, SSH_ALIVE_ASK, 5000 },
                                              { 24000, 0, 11000, SSH_ALIVE_LOST, 0 } } },
        { "it is asked before it is lost, however late one looks",
          .steps = { { 60000, 0, 0, SSH_ALIVE_ASK, 5000 },
                     { 120000, 0, 120000, SSH_ALIVE_WELL, 5000 } } },
        { "an answer is seen soon, and the silence behind it",
          .steps = { { 5000, 0, 0, SSH_ALIVE_ASK, 5000 },
                     { 10000, 0, 5001, SSH_ALIVE_WELL, 1 },
                     { 10001, 0, 5001, SSH_ALIVE_ASK, 5000 },
                     { 15001, 0, 5001, SSH_ALIVE_WELL, 3000 },
                     { 18001, 0, 5001, SSH_ALIVE_LOST, 0 } } },
        { "an answer that was long ago is no proof",
          .steps = { { 5000, 0, 0, SSH_ALIVE_ASK, 5000 },
                     { 60000, 0, 5100, SSH_ALIVE_ASK, 5000 },
                     { 68000, 0, 5100, SSH_ALIVE_LOST, 0 } } },
        { "after a suspend it is asked at once, and has not long",
          .steps = { { 1000, 0, 1000, SSH_ALIVE_WELL, 5000 },
                     { 2000, SLEPT, 1000, SSH_ALIVE_ASK, 3000 },
                     { 4999, SLEPT, 1000, SSH_ALIVE_WELL, 1 },
                     { 5000, SLEPT, 1000, SSH_ALIVE_LOST, 0 } } },
        { "an answer then makes it as before",
          .steps = { { 2000, SLEPT, 0, SSH_ALIVE_ASK, 3000 },
                     { 5000, SLEPT, SLEPT + 2100, SSH_ALIVE_WELL, 2100 },
                     { 7100, SLEPT, SLEPT + 2100, SSH_ALIVE_ASK, 5000 } } },
        { "what was asked before the suspend is asked anew",
          .steps = { { 5000, 0, 0, SSH_ALIVE_ASK, 5000 },
                     { 6000, SLEPT, 0, SSH_ALIVE_ASK, 3000 },
                     { 9000, SLEPT, 0, SSH_ALIVE_LOST, 0 } } },
        { "what is read after the suspend may have lain there",
          .steps = { { 2000, SLEPT, SLEPT + 2000, SSH_ALIVE_ASK, 3000 },
                     { 5000, SLEPT, SLEPT + 2000, SSH_ALIVE_LOST, 0 } } },
        { "a clock that is read late is no suspend",
          .steps = { { 1000, 2000, 0, SSH_ALIVE_WELL, 2000 },
                     { 1000, 4000, 0, SSH_ALIVE_ASK, 5000 } } },
        { "the least suspend", .steps = { { 1000, 2001, 0, SSH_ALIVE_ASK, 3000 } } },
        { "the user's interval and count", .interval_s = 60, .n_asked_max = 2,
          .steps = { { 59999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 60000, 0, 0, SSH_ALIVE_ASK, 60000 },
                     { 120000, 0, 0, SSH_ALIVE_WELL, 60000 },
                     { 179999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 180000, 0, 0, SSH_ALIVE_LOST, 0 } } },
        { "a count of none", .interval_s = 1,
          .steps = { { 1000, 0, 0, SSH_ALIVE_ASK, 1000 },
                     { 2000000, 0, 0, SSH_ALIVE_WELL, 1000 } } },
        { "a count without an interval", .n_asked_max = 1,
          .steps = { { 5000, 0, 0, SSH_ALIVE_ASK, 5000 } } },
};

START_TEST(a_session_is_judged_by_what_was_received)
{
        SshAliveTime now = { .boot_ms = START, .mono_ms = START - 123 };
        int64_t next_ms = 0;
        SshAlive alive;

        ssh_alive_begin(&alive, cases[_i].interval_s, cases[_i].n_asked_max, &now);
        for (const Step *step = cases[_i].steps; step->at_ms; step++) {
                now.boot_ms = START + step->at_ms + step->slept_ms;
                now.mono_ms = START + step->at_ms - 123;
                ck_assert_msg(ssh_alive_judge(&alive, (uint64_t)step->heard_ms,
                                              START + step->heard_ms, &now, &next_ms) == step->says,
                              "%s: at %d", cases[_i].what, (int)step->at_ms);
                ck_assert_msg(next_ms - now.boot_ms == step->next_ms, "%s: at %d: next in %d",
                              cases[_i].what, (int)step->at_ms, (int)(next_ms - now.boot_ms));
        }
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("ssh-alive");
        TCase *tcase = tcase_create("ssh-alive");

        tcase_add_loop_test(tcase, a_session_is_judged_by_what_was_received, 0,
                            (int)ARRAY_SIZE(cases));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
