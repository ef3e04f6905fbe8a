/* SPDX-License-Identifier: MIT */

#include "client/ssh/alive.h"

#include "tests/unit/unit.h"

enum { START = 5000000, SLEPT = 700000 };

/* What happens at which time since the session began, and what is said to it. */
typedef struct Step {
        int64_t at_ms;    /* while the computer was awake */
        int64_t slept_ms; /* all in all until then */
        int64_t heard_ms; /* at that time the last byte was read; 0: none yet */
        SshAliveSays says;
        int64_t next_ms;   /* from now; of a lost session: 0 if its time was over */
        SshAliveSeen seen; /* the rest; times are since the session began, awake */
} Step;

typedef struct Case {
        const char *what;
        unsigned interval_s, n_asked_max;
        bool is_owed;
        Step steps[9];
} Case;

static const Case silences[] = {
        { "a host that talks is not asked", .steps = { { 4000, 0, 3900, SSH_ALIVE_WELL, 1500 },
                                                       { 8900, 0, 8000, SSH_ALIVE_WELL, 1500 },
                                                       { 12999, 0, 8000, SSH_ALIVE_WELL, 1 } } },
        { "a silent one is asked, and lost when it does not answer",
          .steps = { { 4999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 5000, 0, 0, SSH_ALIVE_ASK, 1000 },
                     { 6000, 0, 0, SSH_ALIVE_WELL, 1500 },
                     { 12999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 13000, 0, 0, SSH_ALIVE_LOST, 0 } } },
        { "one that owes an answer is asked soon, and lost no sooner", .is_owed = true,
          .steps = { { 1499, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 1500, 0, 0, SSH_ALIVE_ASK, 1000 },
                     { 12999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 13000, 0, 0, SSH_ALIVE_LOST, 0 } } },
        { "time counts from the last byte, whenever one looks",
          .steps = { { 5000, 0, 100, SSH_ALIVE_WELL, 100 },
                     { 5100, 0, 100, SSH_ALIVE_ASK, 1000 },
                     { 13100, 0, 100, SSH_ALIVE_LOST, 0 } } },
        { "any byte is an answer", .steps = { { 5000, 0, 0, SSH_ALIVE_ASK, 1000 },
                                              { 12000, 0, 11000, SSH_ALIVE_WELL, 1500 },
                                              { 16000, 0, 11000, SSH_ALIVE_ASK, 1000 },
                                              { 24000, 0, 11000, SSH_ALIVE_LOST, 0 } } },
        { "it is asked before it is lost, however late one looks",
          .steps = { { 60000, 0, 0, SSH_ALIVE_ASK, 1000 },
                     { 67999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 120000, 0, 120000, SSH_ALIVE_WELL, 1500 } } },
        { "an answer is seen soon, and the silence behind it",
          .steps = { { 5000, 0, 0, SSH_ALIVE_ASK, 1000 },
                     { 10000, 0, 5001, SSH_ALIVE_WELL, 1 },
                     { 10001, 0, 5001, SSH_ALIVE_ASK, 1000 },
                     { 15001, 0, 5001, SSH_ALIVE_WELL, 1500 },
                     { 18001, 0, 5001, SSH_ALIVE_LOST, 0 } } },
        { "an answer that was long ago is no proof",
          .steps = { { 5000, 0, 0, SSH_ALIVE_ASK, 1000 },
                     { 60000, 0, 5100, SSH_ALIVE_ASK, 1000 },
                     { 68000, 0, 5100, SSH_ALIVE_LOST, 0 } } },
        { "after a suspend it is asked at once, and has not long",
          .steps = { { 1000, 0, 1000, SSH_ALIVE_WELL, 1500 },
                     { 2000, SLEPT, 1000, SSH_ALIVE_ASK, 1000 },
                     { 4999, SLEPT, 1000, SSH_ALIVE_WELL, 1 },
                     { 5000, SLEPT, 1000, SSH_ALIVE_LOST, 0 } } },
        { "an answer then makes it as before",
          .steps = { { 2000, SLEPT, 0, SSH_ALIVE_ASK, 1000 },
                     { 5000, SLEPT, SLEPT + 2100, SSH_ALIVE_WELL, 1500 },
                     { 7100, SLEPT, SLEPT + 2100, SSH_ALIVE_ASK, 1000 } } },
        { "what was asked before the suspend is asked anew",
          .steps = { { 5000, 0, 0, SSH_ALIVE_ASK, 1000 },
                     { 6000, SLEPT, 0, SSH_ALIVE_ASK, 1000 },
                     { 9000, SLEPT, 0, SSH_ALIVE_LOST, 0 } } },
        { "what is read after the suspend may have lain there",
          .steps = { { 2000, SLEPT, SLEPT + 2000, SSH_ALIVE_ASK, 1000 },
                     { 5000, SLEPT, SLEPT + 2000, SSH_ALIVE_LOST, 0 } } },
        { "a clock that is read late is no suspend",
          .steps = { { 1000, 2000, 0, SSH_ALIVE_WELL, 1500 },
                     { 1000, 4000, 0, SSH_ALIVE_ASK, 1000 } } },
        { "the least suspend", .steps = { { 1000, 2001, 0, SSH_ALIVE_ASK, 1000 } } },
        { "the user's interval and count", .interval_s = 60, .n_asked_max = 2, .is_owed = true,
          .steps = { { 59999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 60000, 0, 0, SSH_ALIVE_ASK, 1000 },
                     { 120000, 0, 0, SSH_ALIVE_WELL, 60000 },
                     { 179999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 180000, 0, 0, SSH_ALIVE_LOST, 0 } } },
        { "a count of none", .interval_s = 1,
          .steps = { { 1000, 0, 0, SSH_ALIVE_ASK, 1000 },
                     { 2000000, 0, 0, SSH_ALIVE_WELL, 1000 } } },
        { "a count without an interval", .n_asked_max = 1,
          .steps = { { 5000, 0, 0, SSH_ALIVE_ASK, 1000 } } },
};

/* A second connection, begun at 6000. */
#define ANSWERED .answered_at_ms = 6030
/* ... and the kernel has sent data, and sends them again. */
#define REPEATS(SENT, AGAIN) ANSWERED, .sent_at_ms = (SENT), .resend_at_ms = (AGAIN)

/* All of them were silent when they were asked, after five seconds. */
static const Case doubts[] = {
        { "a second connection is begun a second after the question",
          .steps = { { 5999, 0, 0, SSH_ALIVE_WELL, 1 }, { 6000, 0, 0, SSH_ALIVE_PROBE, 50 } } },
        { "the session has a second once it is answered",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 6049, 0, 0, SSH_ALIVE_WELL, 50, { .is_probing = true } },
                     { 6999, 0, 0, SSH_ALIVE_WELL, 31, { ANSWERED } },
                     { 7029, 0, 0, SSH_ALIVE_WELL, 1, { ANSWERED } },
                     { 7030, 0, 0, SSH_ALIVE_LOST, 50, { ANSWERED } } } },
        { "or five times there and back",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 8029, 0, 0, SSH_ALIVE_WELL, 1, { ANSWERED, .trip_ms = 400 } },
                     { 8030, 0, 0, SSH_ALIVE_LOST, 50, { ANSWERED, .trip_ms = 400 } } } },
        { "or two seconds, through another host",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 8029, 0, 0, SSH_ALIVE_WELL, 1, { ANSWERED, .is_hidden = true } },
                     { 8030, 0, 0, SSH_ALIVE_LOST, 50, { ANSWERED, .is_hidden = true } } } },
        { "a byte ends it", .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                                       { 7020, 0, 7015, SSH_ALIVE_WELL, 1500, { ANSWERED } },
                                       { 12015, 0, 7015, SSH_ALIVE_ASK, 1000 },
                                       { 13015, 0, 7015, SSH_ALIVE_PROBE, 50 } } },
        { "one that is not answered is no proof, nor are three",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 6050, 0, 0, SSH_ALIVE_WELL, 1500 },
                     { 8999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 9000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 11999, 0, 0, SSH_ALIVE_WELL, 50, { .is_probing = true } },
                     { 12000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 12999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 13000, 0, 0, SSH_ALIVE_LOST, 0 } } },
        { "there are no more than three", .interval_s = 5, .n_asked_max = 9,
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 9000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 12000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 15000, 0, 0, SSH_ALIVE_WELL, 5000 },
                     { 49999, 0, 0, SSH_ALIVE_WELL, 1 },
                     { 50000, 0, 0, SSH_ALIVE_LOST, 0 } } },
        { "but of the next silence", .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                                                { 9000, 0, 0, SSH_ALIVE_PROBE, 50 },
                                                { 12000, 0, 0, SSH_ALIVE_PROBE, 50 },
                                                { 12500, 0, 12500, SSH_ALIVE_WELL, 1500 },
                                                { 17500, 0, 12500, SSH_ALIVE_ASK, 1000 },
                                                { 18500, 0, 12500, SSH_ALIVE_PROBE, 50 } } },
        { "what the kernel is about to repeat is waited for, and its answer",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 12029, 0, 0, SSH_ALIVE_WELL, 50, { REPEATS(5800, 12030) } },
                     { 12030, 0, 0, SSH_ALIVE_WELL, 50, { REPEATS(12030, 25000) } },
                     { 12279, 0, 0, SSH_ALIVE_WELL, 1, { REPEATS(12030, 25000) } },
                     { 12280, 0, 0, SSH_ALIVE_LOST, 50, { REPEATS(12030, 25000) } } } },
        { "also beyond the time that any silence has",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 11999, 0, 0, SSH_ALIVE_WELL, 50, { REPEATS(5800, 12030) } },
                     { 12000, 0, 0, SSH_ALIVE_WELL, 50, { REPEATS(5800, 12030) } },
                     { 13000, 0, 0, SSH_ALIVE_WELL, 50, { REPEATS(12800, 25000) } },
                     { 13049, 0, 0, SSH_ALIVE_WELL, 1, { REPEATS(12800, 25000) } },
                     { 13050, 0, 0, SSH_ALIVE_LOST, 50, { REPEATS(12800, 25000) } } } },
        { "but not for longer than six seconds",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 7029, 0, 0, SSH_ALIVE_WELL, 1, { REPEATS(5800, 12031) } },
                     { 7030, 0, 0, SSH_ALIVE_LOST, 50, { REPEATS(5800, 12031) } } } },
        { "and once only",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 6400, 0, 0, SSH_ALIVE_WELL, 50, { REPEATS(6390, 6800) } },
                     { 7000, 0, 0, SSH_ALIVE_WELL, 30, { REPEATS(6990, 7600) } },
                     { 7030, 0, 0, SSH_ALIVE_LOST, 50, { REPEATS(6990, 7600) } } } },
        { "as long as what we sent is taken, it is a slow way",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 7500, 0, 0, SSH_ALIVE_WELL, 50, { ANSWERED, .is_moving = true } },
                     { 8499, 0, 0, SSH_ALIVE_WELL, 1, { ANSWERED } },
                     { 8500, 0, 0, SSH_ALIVE_LOST, 50, { ANSWERED } } } },
        { "or if much was sent before",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 9999, 0, 0, SSH_ALIVE_WELL, 1, { ANSWERED, .slow_until_ms = 10000 } },
                     { 10000, 0, 0, SSH_ALIVE_LOST, 50, { ANSWERED, .slow_until_ms = 10000 } } } },
        { "but not beyond the time that any silence has",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 12980, 0, 0, SSH_ALIVE_WELL, 20, { ANSWERED, .is_moving = true } },
                     { 13000, 0, 0, SSH_ALIVE_LOST, 50, { ANSWERED, .is_moving = true } } } },
        { "a suspend makes a new question, and the old connection no proof",
          .steps = { { 6000, 0, 0, SSH_ALIVE_PROBE, 50 },
                     { 7000, SLEPT, 0, SSH_ALIVE_ASK, 1000, { ANSWERED } },
                     { 8000, SLEPT, 0, SSH_ALIVE_PROBE, 50 } } },
        { "none is begun where the user wants no session to be lost", .interval_s = 5,
          .steps = { { 6000, 0, 0, SSH_ALIVE_WELL, 5000 } } },
};

static int64_t at(int64_t ms, const Step *step)
{
        return ms ? START + ms + step->slept_ms : 0;
}

static void take_step(SshAlive *alive, const Case *row, const Step *step, bool may_probe)
{
        const SshAliveTime now = { .boot_ms = START + step->at_ms + step->slept_ms,
                                   .mono_ms = START + step->at_ms - 123 };
        SshAliveSeen seen = step->seen;
        int64_t next_ms = 0;
        SshAliveSays says;

        seen.n_heard = (uint64_t)step->heard_ms;
        seen.heard_at_ms = START + step->heard_ms;
        seen.is_owed = row->is_owed;
        seen.may_probe = may_probe;
        seen.answered_at_ms = at(step->seen.answered_at_ms, step);
        seen.slow_until_ms = at(step->seen.slow_until_ms, step);
        seen.sent_at_ms = at(step->seen.sent_at_ms, step);
        seen.resend_at_ms = at(step->seen.resend_at_ms, step);
        says = ssh_alive_judge(alive, &seen, &now, &next_ms);
        ck_assert_msg(says == step->says, "%s: at %d: %d", row->what, (int)step->at_ms, (int)says);
        if (says != SSH_ALIVE_LOST)
                ck_assert_msg(next_ms - now.boot_ms == step->next_ms, "%s: at %d: next in %d",
                              row->what, (int)step->at_ms, (int)(next_ms - now.boot_ms));
        ck_assert_msg(alive->is_beaten == (says == SSH_ALIVE_LOST && step->next_ms),
                      "%s: at %d: the reason", row->what, (int)step->at_ms);
}

static SshAlive begin(const Case *row)
{
        const SshAliveTime now = { .boot_ms = START, .mono_ms = START - 123 };
        SshAlive alive;

        ssh_alive_begin(&alive, row->interval_s, row->n_asked_max, &now);
        return alive;
}

START_TEST(a_session_is_judged_by_what_was_received)
{
        const Case *row = &silences[_i];
        SshAlive alive = begin(row);

        for (const Step *step = row->steps; step->at_ms; step++)
                take_step(&alive, row, step, /* may_probe= */ false);
}
END_TEST

START_TEST(a_second_connection_that_is_answered_ends_the_doubt)
{
        const Step asked = { 5000, 0, 0, SSH_ALIVE_ASK, 1000 };
        const Case *row = &doubts[_i];
        SshAlive alive = begin(row);

        take_step(&alive, row, &asked, /* may_probe= */ true);
        for (const Step *step = row->steps; step->at_ms; step++) {
                take_step(&alive, row, step, /* may_probe= */ true);
                ck_assert_msg(!alive.probed_at_ms == !alive.n_probes, "%s", row->what);
        }
}
END_TEST

START_TEST(a_second_connection_is_begun_no_sooner_than_the_user_has_the_host_asked)
{
        static const Case row = {
                "an interval of a minute", .interval_s = 60, .n_asked_max = 3, .is_owed = true,
                .steps = { { 59999, 0, 0, SSH_ALIVE_WELL, 1 },
                           { 60000, 0, 0, SSH_ALIVE_ASK, 1000 },
                           { 61000, 0, 0, SSH_ALIVE_PROBE, 50 },
                           { 62030, 0, 0, SSH_ALIVE_LOST, 50, { .answered_at_ms = 61030 } } }
        };
        SshAlive alive = begin(&row);

        for (const Step *step = row.steps; step->at_ms; step++)
                take_step(&alive, &row, step, /* may_probe= */ true);
}
END_TEST

static const struct {
        int64_t until_ms;
        uint64_t n_bytes;
        int64_t ret_ms;
} amounts[] = {
        { 0, 0, START },
        { 0, 19, START },
        { 0, 20, START + 1 },
        { START + 10, 20, START + 11 },
        { START - 10, 20, START + 1 },
        { 0, 159999, START + 7999 },
        { 0, 160000, START + 8000 },
        { 0, UINT64_MAX, START + 8000 },
        { START + 7999, 40, START + 8000 },
        { START + 8000, 20, START + 8000 },
};

START_TEST(a_slow_way_takes_its_time_but_not_for_ever)
{
        ck_assert_int_eq(ssh_alive_slow_until(amounts[_i].until_ms, amounts[_i].n_bytes, START),
                         amounts[_i].ret_ms);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("ssh-alive");
        TCase *tcase = tcase_create("ssh-alive");

        tcase_add_loop_test(tcase, a_session_is_judged_by_what_was_received, 0,
                            (int)ARRAY_SIZE(silences));
        tcase_add_loop_test(tcase, a_second_connection_that_is_answered_ends_the_doubt, 0,
                            (int)ARRAY_SIZE(doubts));
        tcase_add_test(tcase,
                       a_second_connection_is_begun_no_sooner_than_the_user_has_the_host_asked);
        tcase_add_loop_test(tcase, a_slow_way_takes_its_time_but_not_for_ever, 0,
                            (int)ARRAY_SIZE(amounts));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
