/* SPDX-License-Identifier: MIT */

#include "client/ssh/request.h"

#include "base/log.h"
#include "base/thread.h"
#include "client/ssh/direct.h"
#include "proto/value.h"

#include <stdio.h>
#include <string.h>

#define WHAT_BYTES 512u

SshRequest *ssh_request_new(const Location *to, const char *command, int fd, Deadline deadline)
{
        SshRequest *request = calloc(1, sizeof(*request));

        if (!request)
                return NULL;
        request->fd = -1;
        request->n_refs = 1;
        request->deadline = deadline;
        buffer_init(&request->output.text, SSH_OUTPUT_MAX_BYTES + 1);
        thread_cond_init(&request->answered);
        if (location_copy(to, &request->to) || (command && !(request->command = strdup(command))))
                return ssh_request_unref(request);
        request->fd = fd;
        request->is_piped = command && fd >= 0;
        return request;
}

SshRequest *ssh_request_unref(SshRequest *request)
{
        if (!request || --request->n_refs)
                return NULL;
        closep(&request->fd);
        (void)ssh_direct_unref(request->direct);
        location_deinit(&request->to);
        free(request->command);
        buffer_deinit(&request->output.text);
        (void)pyrope_error_free(request->error);
        (void)pthread_cond_destroy(&request->answered);
        free(request);
        return NULL;
}

void ssh_request_answer(SshRequest *request, pyrope_status status, const pyrope_error *error)
{
        request->is_answered = true;
        request->status = status;
        if (error) {
                log_debug("%s", pyrope_error_text(error));
                (void)error_set(&request->error, status, "%s", pyrope_error_text(error));
        }
        if (status && request->on_refused && !request->is_given_up)
                request->on_refused(request->userdata, status, error_words(status, error));
        (void)pthread_cond_signal(&request->answered);
}

void ssh_request_drop(SshRequest *request, pyrope_status status, const pyrope_error *error)
{
        ssh_request_answer(request, status, error);
        (void)ssh_request_unref(request);
}

pyrope_status ssh_request_expire(const SshRequest *request, const char *label, pyrope_error **error)
{
        char what[WHAT_BYTES];

        if (!deadline_passed(request->deadline))
                return PYROPE_OK;
        ssh_request_text(request, what, sizeof(what));
        return error_set(error, PYROPE_E_TIMEOUT, "%s: waiting for %s: timed out", label, what);
}

bool ssh_request_outlives(const SshRequest *request, pyrope_status status)
{
        return status == PYROPE_E_UNREACHABLE && request->n_lost < SSH_REQUEST_LOST_MAX;
}

void ssh_request_give_up(SshRequest *request)
{
        request->is_given_up = true;
        (void)pthread_cond_signal(&request->answered);
}

bool ssh_request_wait(SshRequest *request, pthread_mutex_t *lock)
{
        while (!request->is_answered && !request->is_given_up &&
               !deadline_passed(request->deadline))
                (void)thread_cond_wait(&request->answered, lock,
                                       deadline_left_ms(request->deadline));
        return request->is_answered;
}

void ssh_request_text(const SshRequest *request, char *out, size_t n_out)
{
        if (request->command)
                (void)snprintf(out, n_out, "'%s'", request->command);
        else if (request->to.path)
                (void)snprintf(out, n_out, "the socket %s", request->to.path);
        else
                (void)snprintf(out, n_out, "port %u of %s", request->to.port, request->to.host);
}
