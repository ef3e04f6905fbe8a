/* SPDX-License-Identifier: MIT */

#include "client/cli/list-watch.h"

#include "client/cli/command.h"
#include "client/cli/json-value.h"

static void print_text(pyrope_view item, const char *end)
{
        const char *text = "";
        size_t n = 0;

        (void)pyrope_get_str(item, &text, &n); /* what is no str is shown as nothing */
        command_print_text(stdout, text, n, end);
}

/* "registered  NAME  URI"; what is of no name is for programs. */
static int print_change(pyrope_view change)
{
        bool is_there;

        if (command_settings.is_json)
                return command_print_json(json_value_from(change));
        if (pyrope_type_of(pyrope_find(change, "name")) != PYROPE_STR)
                return OPTIONS_EXIT_DONE;
        is_there = pyrope_type_of(pyrope_find(change, "uri")) == PYROPE_STR;
        print_text(pyrope_find(change, "event"), "  ");
        print_text(pyrope_find(change, "name"), is_there ? "  " : "\n");
        if (is_there)
                print_text(pyrope_find(change, "uri"), "\n");
        return OPTIONS_EXIT_DONE;
}

static int print_item(pyrope_view item)
{
        pyrope_view change;
        int r = OPTIONS_EXIT_DONE;

        for (pyrope_iter it = pyrope_each(pyrope_find(item, "changes"));
             r == OPTIONS_EXIT_DONE && pyrope_next(&it, NULL, &change);)
                r = print_change(change);
        return r == OPTIONS_EXIT_DONE ? command_end() : r;
}

/* The place in the nameserver's log of changes behind an item; -1: at its beginning. */
static int64_t place_of(pyrope_view item, int64_t before)
{
        int64_t version;

        return pyrope_get_int(pyrope_find(item, "version"), &version) ? before : version;
}

static pyrope_status begin(pyrope_proxy *nameserver, const char *prefix, int64_t since,
                           pyrope_stream **ret, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        CLEANUP(pyrope_answer_freep) pyrope_answer *answer = NULL;
        pyrope_status status;

        if (!writer)
                return PYROPE_E_NOMEM;
        if (since < 0)
                pyrope_pack(writer, "[s]", prefix);
        else
                pyrope_pack(writer, "[snnI]", prefix, since);
        status = pyrope_writer_take(writer, &arguments, error);
        if (!status)
                status = pyrope_call_with(nameserver, "watch", arguments, NULL, NULL, &answer,
                                          error);
        if (status)
                return status;
        *ret = pyrope_answer_take_stream(answer);
        return *ret ? PYROPE_OK : PYROPE_E_PROTOCOL;
}

/* Until it ends, or the way to it breaks. @r is what is to be returned to the shell. */
static pyrope_status follow(pyrope_stream *stream, int64_t *place, int *r, pyrope_error **error)
{
        pyrope_status status;

        do {
                CLEANUP(pyrope_value_freep) pyrope_value *item = NULL;

                status = pyrope_stream_next(stream, 0, &item, error);
                if (status || !item)
                        return status;
                *place = place_of(pyrope_value_view(item), *place);
                *r = print_item(pyrope_value_view(item));
        } while (*r == OPTIONS_EXIT_DONE);
        return PYROPE_OK;
}

int list_watch(pyrope_proxy *nameserver, const char *prefix)
{
        int64_t place = -1;
        int r = OPTIONS_EXIT_DONE;

        /* An item that was under way when the connection broke is lost; so one goes on at the place
         * where one was at, if the nameserver can be reached again. */
        for (;;) {
                CLEANUP(pyrope_stream_freep) pyrope_stream *stream = NULL;
                CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
                bool is_begun;
                pyrope_status status;

                status = begin(nameserver, prefix, place, &stream, &error);
                is_begun = !status;
                if (is_begun)
                        status = follow(stream, &place, &r, &error);
                if (!status)
                        return r;
                if (status != PYROPE_E_UNREACHABLE || !is_begun || place < 0)
                        return command_failed(status, error);
        }
}
