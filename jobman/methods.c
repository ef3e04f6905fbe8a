/* SPDX-License-Identifier: MIT */

#include "jobman/methods.h"

#include "base/clock.h"

#include <string.h>

#define METHODS_STOP_MARGIN_MS 10000 /* beyond the grace period, for killing and cleaning */
#define METHODS_LIST_BYTES     1024

/* -- what several methods need ---------------------------------------------------------------- */

static int raise_no_job(pyrope_call *call, const char *id)
{
        return pyrope_raise(call, "ValueError", "no such job: %s", id);
}

/* Return: the application, or NULL after raising. */
static const Application *need_application(pyrope_call *call, MethodsSelf *self, const char *name)
{
        const Application *application = settings_find(self->settings, name);
        char offer[METHODS_LIST_BYTES];

        if (application)
                return application;
        settings_offer(self->settings, offer, sizeof(offer));
        if (name)
                (void)pyrope_raise(call, "ValueError", "no application %s; on offer: %s", name,
                                   offer);
        else
                (void)pyrope_raise(call, "ValueError", "say which application: %s", offer);
        return NULL;
}

/* Return: the job, to be given back by job_table_unuse(); NULL after raising. */
static Job *need_work_dir(pyrope_call *call, MethodsSelf *self, const char *id)
{
        Job *job;
        int r;

        r = job_table_use(self->host->table, id, &job);
        if (!r)
                return job;
        if (r == JOB_E_ENDED)
                (void)pyrope_raise(call, "ValueError", "job %s has ended", id);
        else
                (void)raise_no_job(call, id);
        return NULL;
}

static int raise_file(pyrope_call *call, int r, const ErrorText *error)
{
        switch (r) {
        case WORK_DIR_E_NAME:
        case WORK_DIR_E_OFFSET:
                return pyrope_raise(call, "ValueError", "%s", error->text);
        case WORK_DIR_E_NOT_FOUND:
                return pyrope_raise(call, "FileNotFoundError", "%s", error->text);
        case WORK_DIR_E_DENIED:
                return pyrope_raise(call, "PermissionError", "%s", error->text);
        default:
                return pyrope_raise(call, "OSError", "%s", error->text);
        }
}

/* -- jobs ------------------------------------------------------------------------------------- */

static int allocate_job(pyrope_call *call, void *userdata)
{
        MethodsSelf *self = userdata;
        const char *name = NULL, *user = NULL;
        const Application *application;
        pyrope_view nat_port = { 0 }, ticket = { 0 };
        ErrorText error = { "" };
        JobInfo info;
        int r;

        if (pyrope_arguments(call, "ssvv", &name, &user, &nat_port, &ticket))
                return PYROPE_RAISED;
        if (pyrope_type_of(nat_port) > PYROPE_NIL || pyrope_type_of(ticket) > PYROPE_NIL)
                return pyrope_raise(call, "NotImplementedError",
                                    "natPort and ticket are not taken here; leave them out");
        application = need_application(call, self, name);
        if (!application)
                return PYROPE_RAISED;
        r = instance_start(self->host, application, user, &info, &error);
        if (r == INSTANCE_E_FULL)
                return pyrope_raise(call, "Pyro5.errors.PyroError", "no free slot: %s", error.text);
        if (r)
                return pyrope_raise(call, "RuntimeError", "%s", error.text);
        return pyrope_reply(call, "{s:s s:s s:s}", "job", info.id, "uri", info.uri, "application",
                            application->name);
}

static int terminate_job(pyrope_call *call, void *userdata)
{
        MethodsSelf *self = userdata;
        JobTable *table = self->host->table;
        const char *id;
        JobInfo info;

        if (pyrope_arguments(call, "s", &id))
                return PYROPE_RAISED;
        if (job_table_find(table, id, &info) || job_table_end(table, id, "released"))
                return raise_no_job(call, id);
        if (job_table_wait_done(table, id,
                                deadline_in(info.application->stop_timeout_ms +
                                            METHODS_STOP_MARGIN_MS)) == JOB_E_TIMEOUT)
                return pyrope_raise(call, "RuntimeError", "job %s does not end", id);
        return 0;
}

static void write_status(pyrope_writer *writer, const JobInfo *info)
{
        int64_t end_ms = info->state == JOB_DONE ? info->ended_ms : clock_boottime_ms();

        pyrope_pack(writer, "{s:s s:s s:s s:s s:i s:f s:f s:s}", "job", info->id, "application",
                    info->application->name, "state", job_state_name(info->state), "user",
                    info->user, "pid", (int)info->pid, "started", info->started, "seconds",
                    (double)(end_ms - info->started_ms) * 1e-3, "reason", info->reason);
}

static int get_status(pyrope_call *call, void *userdata)
{
        MethodsSelf *self = userdata;
        CLEANUP(freep) JobInfo *infos = NULL;
        size_t n, i;

        infos = job_table_list(self->host->table, &n);
        if (!infos)
                return pyrope_raise(call, "MemoryError", "out of memory");
        pyrope_write_list(pyrope_result(call), n);
        for (i = 0; i < n; i++)
                write_status(pyrope_result(call), &infos[i]);
        return 0;
}

static int get_number_of_free_jobs(pyrope_call *call, void *userdata)
{
        MethodsSelf *self = userdata;
        const Application *application = NULL;
        const char *name = NULL;

        if (pyrope_arguments(call, "s", &name))
                return PYROPE_RAISED;
        if (name) {
                application = need_application(call, self, name);
                if (!application)
                        return PYROPE_RAISED;
        }
        return pyrope_reply(call, "I",
                            (int64_t)job_table_free_slots(self->host->table, application));
}

static int get_application_signature(pyrope_call *call, void *userdata)
{
        MethodsSelf *self = userdata;
        const Application *application;
        const char *name = NULL;

        if (pyrope_arguments(call, "s", &name))
                return PYROPE_RAISED;
        application = need_application(call, self, name);
        return application ? pyrope_reply(call, "s", application->signature) : PYROPE_RAISED;
}

static int ping(pyrope_call *call, void *userdata)
{
        (void)call;
        (void)userdata;
        return 0;
}

/* -- files ------------------------------------------------------------------------------------ */

/* A name with NUL inside is refused by "s". */
static int upload_file(pyrope_call *call, void *userdata)
{
        MethodsSelf *self = userdata;
        WorkDirPiece piece = { .is_last = true };
        ErrorText error = { "" };
        const char *id;
        int64_t offset = 0;
        uint64_t size;
        Job *job;
        int r;

        if (pyrope_arguments(call, "ssyIb", &id, &piece.name, &piece.data, &piece.n_data, &offset,
                             &piece.is_last))
                return PYROPE_RAISED;
        if (offset < 0)
                return pyrope_raise(call, "ValueError", "offset is negative");
        if (piece.n_data > METHODS_PIECE_MAX_BYTES)
                return pyrope_raise(call, "ValueError", "%zu bytes in one call, at most %u",
                                    piece.n_data, METHODS_PIECE_MAX_BYTES);
        piece.offset = (uint64_t)offset;
        job = need_work_dir(call, self, id);
        if (!job)
                return PYROPE_RAISED;
        r = work_dir_put(&job->work_dir, &piece, &size, &error);
        job_table_unuse(self->host->table, job);
        return r ? raise_file(call, r, &error) : pyrope_reply(call, "I", (int64_t)size);
}

static int get_pyro_file(pyrope_call *call, void *userdata)
{
        MethodsSelf *self = userdata;
        CLEANUP(freep) void *bytes = NULL;
        WorkDirRead piece = { 0 };
        ErrorText error = { "" };
        const char *id;
        int64_t offset = 0, n = 1 << 20;
        uint64_t size;
        size_t n_read;
        Job *job;
        int r;

        if (pyrope_arguments(call, "ssII", &id, &piece.name, &offset, &n))
                return PYROPE_RAISED;
        if (offset < 0 || n < 1 || n > METHODS_PIECE_MAX_BYTES)
                return pyrope_raise(call, "ValueError", "offset from 0, size from 1 to %u",
                                    METHODS_PIECE_MAX_BYTES);
        bytes = malloc((size_t)n);
        if (!bytes)
                return pyrope_raise(call, "MemoryError", "out of memory");
        piece.offset = (uint64_t)offset;
        piece.to = bytes;
        piece.n_to = (size_t)n;
        job = need_work_dir(call, self, id);
        if (!job)
                return PYROPE_RAISED;
        r = work_dir_get(&job->work_dir, &piece, &n_read, &size, &error);
        job_table_unuse(self->host->table, job);
        if (r)
                return raise_file(call, r, &error);
        return pyrope_reply(call, "{s:y s:I s:b}", "data", bytes, n_read, "size", (int64_t)size,
                            "last", (int)(piece.offset + n_read >= size));
}

static int get_job_work_dir(pyrope_call *call, void *userdata)
{
        MethodsSelf *self = userdata;
        const char *id;
        Job *job;

        if (pyrope_arguments(call, "s", &id))
                return PYROPE_RAISED;
        job = need_work_dir(call, self, id);
        if (!job)
                return PYROPE_RAISED;
        (void)pyrope_reply(call, "s", job->work_dir.path);
        job_table_unuse(self->host->table, job);
        return 0;
}

/* Of a job that has ended, what was kept of its log. */
static int get_log_file(pyrope_call *call, void *userdata)
{
        MethodsSelf *self = userdata;
        CLEANUP(freep) char *text = NULL;
        const char *id;
        int64_t n_lines = 20;
        JobInfo info;
        Job *job;

        if (pyrope_arguments(call, "sI", &id, &n_lines))
                return PYROPE_RAISED;
        if (n_lines < 1 || n_lines > INSTANCE_LOG_LINES_MAX)
                return pyrope_raise(call, "ValueError", "lines from 1 to %u",
                                    INSTANCE_LOG_LINES_MAX);
        if (job_table_use(self->host->table, id, &job) == 0) {
                text = instance_log_tail(&job->work_dir, (size_t)n_lines, INSTANCE_LOG_BYTES_MAX);
                job_table_unuse(self->host->table, job);
        } else if (job_table_find(self->host->table, id, &info) == 0) {
                text = job_table_last_words(self->host->table, id);
        } else {
                return raise_no_job(call, id);
        }
        if (!text)
                return pyrope_raise(call, "MemoryError", "out of memory");
        return pyrope_reply(call, "s", text);
}

static const pyrope_method methods[] = {
        { "allocateJob", "[application user natPort ticket]", allocate_job, 0,
          "start an instance; gives its job id and URI" },
        { "terminateJob", "job", terminate_job, 0, "end an instance and free its slot" },
        { "getStatus", NULL, get_status, 0, "jobs that run or ended lately" },
        { "getNumberOfFreeJobs", "[application]", get_number_of_free_jobs, 0, "free slots" },
        { "getApplicationSignature", "[application]", get_application_signature, 0,
          "what the application calls itself" },
        { "uploadFile", "job filename data [offset last]", upload_file, 0,
          "a piece of a file into the work directory; gives its size so far" },
        { "getPyroFile", "job filename [offset size]", get_pyro_file, 0,
          "a piece of a file of the work directory" },
        { "getJobWorkDir", "job", get_job_work_dir, 0, "path of the work directory" },
        { "getLogFile", "job [lines]", get_log_file, 0, "the end of an instance's output" },
        { "ping", NULL, ping, 0, "nothing" },
        { 0 },
};

const pyrope_class methods_class = {
        .name = "JobManager",
        .methods = methods,
        .flags = PYROPE_CONCURRENT,
};
