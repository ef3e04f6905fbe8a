/* SPDX-License-Identifier: MIT */

#include "client/ssh/watch.h"

#include "base/error.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void ssh_watch_tell(const SshWatch *watch, const char *what)
{
        if (watch->on_wait)
                watch->on_wait(watch->userdata, what);
}

void ssh_watch_note(const SshWatch *watch, const char *format, ...)
{
        ErrorText note; /* harmless to show, whatever the host said */
        va_list arguments;

        va_start(arguments, format);
        error_text_vset(&note, format, arguments);
        va_end(arguments);
        log_debug("%s", note.text);
        if (watch->on_note)
                watch->on_note(watch->userdata, note.text);
}

void ssh_watch_connected(const SshWatch *watch)
{
        if (watch->on_connected)
                watch->on_connected(watch->userdata);
}

pyrope_status ssh_watch_poll(const SshWatch *watch, struct pollfd *fds, nfds_t n_fds,
                             Deadline until, const char *what, pyrope_error **error)
{
        struct pollfd all[SSH_WATCH_FDS_MAX + 1];
        int n_ready;

        assert(n_fds <= SSH_WATCH_FDS_MAX);
        ssh_watch_tell(watch, what);
        memcpy(all, fds, n_fds * sizeof(*fds));
        all[n_fds] = (struct pollfd){ .fd = watch->stop_fd, .events = POLLIN };
        do {
                n_ready = poll(all, n_fds + 1,
                               deadline_left_ms(deadline_min(until, watch->deadline)));
        } while (n_ready < 0 && errno == EINTR);
        memcpy(fds, all, n_fds * sizeof(*fds));

        if (n_ready < 0)
                return error_set(error, PYROPE_E_IO, "%s: poll: %s", what, strerror(errno));
        if (all[n_fds].revents)
                return error_set(error, PYROPE_E_CLOSED, "%s: the program ends", what);
        if (n_ready == 0 && deadline_passed(watch->deadline))
                return error_set(error, PYROPE_E_TIMEOUT, "%s: timed out", what);
        return PYROPE_OK;
}
