/* SPDX-License-Identifier: MIT */

#include "client/ssh/ask.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define CUT "…"

bool ssh_ask_can(const SshWatch *watch)
{
        const SshAsk *ask = watch->ask;

        return ask && ask->fn && (!ask->can || ask->can(ask->userdata));
}

/* One line: what counts only for printers is taken out before it is escaped. */
static size_t show_line(const char *text, size_t n_text, char *out, size_t n_out)
{
        char line[SSH_ASK_TEXT_BYTES];
        size_t n = 0;

        for (size_t i = 0; i < n_text && n < sizeof(line); i++) {
                if (text[i] != '\r')
                        line[n++] = text[i] == '\t' ? ' ' : text[i];
        }
        return text_escape(line, n, out, n_out);
}

void ssh_ask_show(const char *text, char *out)
{
        const size_t n_room = SSH_ASK_TEXT_BYTES - sizeof(CUT);
        size_t n_out = 0, n_lines = 0;

        for (;;) {
                size_t n_line = strcspn(text, "\n");

                n_out += show_line(text, n_line, out + n_out, n_room - n_out);
                if (!text[n_line])
                        return;
                if (++n_lines == SSH_ASK_LINES_MAX || n_out + TEXT_ESCAPE_MIN + 1 >= n_room)
                        break;
                out[n_out++] = '\n';
                text += n_line + 1;
        }
        memcpy(out + n_out, CUT, sizeof(CUT));
}

static pyrope_status fail(pyrope_status status, const pyrope_question *question,
                          pyrope_error **error)
{
        switch (status) {
        case PYROPE_E_DENIED:
                return error_set(error, status, "%s: nobody answers its question", question->host);
        case PYROPE_E_TIMEOUT:
                return error_set(error, status, "%s: nobody answered its question in time",
                                 question->host);
        case PYROPE_E_CLOSED:
                return error_set(error, status, "%s: the program ends", question->host);
        default:
                return error_set(error, PYROPE_E_IO, "%s: its question cannot be asked: %s",
                                 question->host, pyrope_strerror(status));
        }
}

pyrope_status ssh_ask(SshWatch *watch, const pyrope_question *question, char *answer,
                      pyrope_error **error)
{
        char instruction[SSH_ASK_TEXT_BYTES + 1], prompt[SSH_ASK_TEXT_BYTES], what[512];
        const int64_t began_ms = clock_boottime_ms();
        const pyrope_question shown = { .host = question->host,
                                        .instruction = instruction,
                                        .prompt = prompt,
                                        .is_echoed = question->is_echoed,
                                        .timeout_ms = SSH_ASK_MS,
                                        .stop_fd = watch->stop_fd };
        pyrope_status status;
        size_t n;

        if (!ssh_ask_can(watch))
                return fail(PYROPE_E_DENIED, question, error);
        ssh_ask_show(question->instruction ? question->instruction : "", instruction);
        n = strlen(instruction);
        if (n && instruction[n - 1] != '\n')
                strcpy(instruction + n, "\n");
        ssh_ask_show(question->prompt, prompt);
        (void)snprintf(what, sizeof(what), "%s: waiting for an answer to '%.100s'", question->host,
                       prompt);
        ssh_watch_tell(watch, what);

        status = watch->ask->fn(watch->ask->userdata, &shown, answer);
        answer[PYROPE_ANSWER_SIZE - 1] = '\0';
        if (!deadline_is_none(watch->deadline))
                watch->deadline.at_ms += clock_boottime_ms() - began_ms;
        return status ? fail(status, question, error) : PYROPE_OK;
}
