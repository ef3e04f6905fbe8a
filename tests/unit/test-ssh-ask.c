/* SPDX-License-Identifier: MIT */

#include "client/ssh/ask.h"

#include "tests/unit/unit.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Somebody who answers, and what was asked. */
static struct {
        pyrope_status status;
        char instruction[SSH_ASK_TEXT_BYTES + 1];
        char prompt[SSH_ASK_TEXT_BYTES];
        int64_t timeout_ms;
        int64_t takes_ms;
        bool is_stopped;
} person;

static pyrope_status answer_it(void *userdata, const pyrope_question *question, char *answer)
{
        int64_t until = clock_boottime_ms() + person.takes_ms;

        ck_assert_ptr_eq(userdata, &person);
        strcpy(person.instruction, question->instruction);
        strcpy(person.prompt, question->prompt);
        person.timeout_ms = question->timeout_ms;
        while (clock_boottime_ms() < until)
                ;
        memset(answer, 'x', PYROPE_ANSWER_SIZE); /* whoever answers may forget to end it */
        return person.status;
}

static const SshAsk somebody = { .fn = answer_it, .userdata = &person };
static const SshAsk nobody = { 0 };

static pyrope_status ask(SshWatch *watch, const char *instruction, const char *prompt,
                         pyrope_error **error)
{
        const pyrope_question question = { .host = "h1",
                                           .instruction = instruction,
                                           .prompt = prompt };
        char answer[PYROPE_ANSWER_SIZE];
        pyrope_status status = ssh_ask(watch, &question, answer, error);

        if (!status)
                ck_assert_uint_eq(strlen(answer), PYROPE_ANSWER_SIZE - 1);
        return status;
}

START_TEST(nobody_is_asked_where_nobody_is)
{
        SshWatch watches[] = { { .deadline = DEADLINE_NONE },
                               { .deadline = DEADLINE_NONE, .ask = &nobody } };

        for (size_t i = 0; i < ARRAY_SIZE(watches); i++) {
                pyrope_error *error = NULL;

                ck_assert(!ssh_ask_can(&watches[i]));
                ck_assert_int_eq(ask(&watches[i], NULL, "?", &error), PYROPE_E_DENIED);
                ck_assert_str_eq(pyrope_error_text(error), "h1: nobody answers its question");
                pyrope_error_free(error);
        }
}
END_TEST

START_TEST(the_time_a_person_takes_does_not_count)
{
        Deadline deadline = deadline_in(1000);
        SshWatch watch = { .deadline = deadline, .ask = &somebody };
        SshWatch endless = { .deadline = DEADLINE_NONE, .ask = &somebody };

        person.takes_ms = 5;
        ck_assert_int_eq(ask(&watch, NULL, "Password: ", NULL), PYROPE_OK);
        ck_assert_int_eq(ask(&endless, NULL, "Password: ", NULL), PYROPE_OK);

        ck_assert_int_ge(watch.deadline.at_ms, deadline.at_ms + 5);
        ck_assert(deadline_is_none(endless.deadline));
        ck_assert_int_eq(person.timeout_ms, SSH_ASK_MS);
        ck_assert_str_eq(person.prompt, "Password: ");
        ck_assert_str_eq(person.instruction, "");
}
END_TEST

/* What whoever is asked may return, and what becomes of it. */
static const struct {
        pyrope_status said, status;
        const char *text;
} refusals[] = {
        { PYROPE_E_DENIED, PYROPE_E_DENIED, "h1: nobody answers its question" },
        { PYROPE_E_TIMEOUT, PYROPE_E_TIMEOUT, "h1: nobody answered its question in time" },
        { PYROPE_E_CLOSED, PYROPE_E_CLOSED, "h1: the program ends" },
        { PYROPE_E_IO, PYROPE_E_IO,
          "h1: its question cannot be asked: the operating system refused" },
        { PYROPE_E_REMOTE, PYROPE_E_IO,
          "h1: its question cannot be asked: the remote method raised an exception" },
};

START_TEST(no_answer_is_told_why)
{
        SshWatch watch = { .deadline = DEADLINE_NONE, .ask = &somebody };
        pyrope_error *error = NULL;

        person.status = refusals[_i].said;
        ck_assert_int_eq(ask(&watch, NULL, "?", &error), refusals[_i].status);
        ck_assert_str_eq(pyrope_error_text(error), refusals[_i].text);
        pyrope_error_free(error);
}
END_TEST

/* Texts of a host, and what is shown of them. */
static const struct {
        const char *text, *shown;
} texts[] = {
        { "", "" },
        { "Password: ", "Password: " },
        { "1. Push\n2. Code\n\nOption: ", "1. Push\n2. Code\n\nOption: " },
        { "a\tb\r\n", "a b\n" },
        { "\33]52;c;aGk=\a", "\\x1b]52;c;aGk=\\x07" },
        { "\xe2\x80\xaegnp.exe", "\\xe2\\x80\\xaegnp.exe" }, /* turns the direction of writing */
        { "h\xc3\xb6r \xff", "h\xc3\xb6r \\xff" },
};

START_TEST(a_strangers_text_becomes_harmless)
{
        char out[SSH_ASK_TEXT_BYTES];

        ssh_ask_show(texts[_i].text, out);
        ck_assert_str_eq(out, texts[_i].shown);
}
END_TEST

static size_t count(const char *text, char c)
{
        size_t n = 0;

        for (; *text; text++)
                n += *text == c;
        return n;
}

START_TEST(lines_have_a_limit)
{
        char text[SSH_ASK_LINES_MAX + 2], out[SSH_ASK_TEXT_BYTES];

        memset(text, '\n', sizeof(text));
        text[SSH_ASK_LINES_MAX - 1] = '\0';
        ssh_ask_show(text, out);
        ck_assert_uint_eq(count(out, '\n'), SSH_ASK_LINES_MAX - 1);
        ck_assert_ptr_null(strstr(out, "…"));

        memset(text, '\n', sizeof(text));
        text[SSH_ASK_LINES_MAX] = '\0';
        ssh_ask_show(text, out);
        ck_assert_uint_eq(count(out, '\n'), SSH_ASK_LINES_MAX - 1);
        ck_assert_ptr_nonnull(strstr(out, "…"));
}
END_TEST

/* Lines of so many bytes, so that the limit comes upon each place in a line. */
START_TEST(text_has_a_limit)
{
        char text[3 * SSH_ASK_TEXT_BYTES], out[SSH_ASK_TEXT_BYTES];
        SshWatch watch = { .deadline = DEADLINE_NONE, .ask = &somebody };

        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = i % (size_t)(_i + 200) ? 'x' : '\n';
        text[sizeof(text) - 1] = '\0';
        ssh_ask_show(text, out);
        ck_assert_uint_lt(strlen(out), sizeof(out));
        ck_assert_uint_gt(strlen(out), sizeof(out) - 300);
        ck_assert_ptr_nonnull(strstr(out, "…"));
        ck_assert_int_eq(ask(&watch, text, text, NULL), PYROPE_OK);
        ck_assert_int_eq(person.instruction[strlen(person.instruction) - 1], '\n');
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-ask");
        TCase *tcase = tcase_create("ssh-ask");

        tcase_add_test(tcase, nobody_is_asked_where_nobody_is);
        tcase_add_test(tcase, the_time_a_person_takes_does_not_count);
        tcase_add_loop_test(tcase, no_answer_is_told_why, 0, ARRAY_SIZE(refusals));
        tcase_add_loop_test(tcase, a_strangers_text_becomes_harmless, 0, ARRAY_SIZE(texts));
        tcase_add_test(tcase, lines_have_a_limit);
        tcase_add_loop_test(tcase, text_has_a_limit, 0, 30);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
