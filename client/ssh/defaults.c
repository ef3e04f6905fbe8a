/* SPDX-License-Identifier: MIT */

#include "client/ssh/defaults.h"

#include "base/clock.h"

#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *last_text; /* under the lock, as the next; NULL: not asked yet */
static int64_t last_at_ms;

static char *copy_last(void)
{
        char *copy = NULL;

        (void)pthread_mutex_lock(&lock);
        if (last_text && clock_boottime_ms() - last_at_ms < SSH_DEFAULTS_MS)
                copy = strdup(last_text);
        (void)pthread_mutex_unlock(&lock);
        return copy;
}

static void keep(const char *text)
{
        char *copy = strdup(text);

        if (!copy)
                return; /* then it is asked again */
        (void)pthread_mutex_lock(&lock);
        free(last_text);
        last_text = copy;
        last_at_ms = clock_boottime_ms();
        (void)pthread_mutex_unlock(&lock);
}

pyrope_status ssh_defaults_start(SshDefaults *ret, pyrope_error **error)
{
        static const char *const argv[] = {
                "ssh", "-GT", "-F", "/dev/null", "--", "localhost", NULL
        };

        ret->text = copy_last();
        return ret->text ? PYROPE_OK : ssh_run_start(argv, &ret->run, error);
}

pyrope_status ssh_defaults_finish(SshDefaults *defaults, const SshWatch *watch,
                                  pyrope_error **error)
{
        SshRun *run = &defaults->run;
        pyrope_status status;

        if (defaults->text)
                return PYROPE_OK;
        status = ssh_run_finish(run, watch, error);
        if (status || run->is_missing)
                return status;
        if (run->exit_status || !run->output.n)
                return error_set(error, PYROPE_E_CONFIG,
                                 "ssh does not tell its defaults by 'ssh -G -F /dev/null "
                                 "localhost': %.*s",
                                 (int)strcspn((const char *)run->words.data, "\r\n"),
                                 (const char *)run->words.data);
        keep((const char *)run->output.data);
        defaults->text = strdup((const char *)run->output.data);
        return defaults->text ? PYROPE_OK : error_nomem(error);
}

void ssh_defaults_deinit(SshDefaults *defaults)
{
        ssh_run_deinit(&defaults->run);
        free(defaults->text);
        defaults->text = NULL;
}
