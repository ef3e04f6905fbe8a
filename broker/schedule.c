/* SPDX-License-Identifier: MIT */

#include "broker/schedule.h"

#include "base/error.h"
#include "broker/bell.h"

#include <assert.h>
#include <errno.h>
#include <sys/eventfd.h>

int schedule_init(Schedule *schedule, unsigned n_running_max)
{
        *schedule = (Schedule){
                .n_running_max = n_running_max,
                .n_waits_max = n_running_max > 1 ? n_running_max / 2 : 1,
                .ready_fd = -1,
                .finished_fd = -1,
        };
        STAILQ_INIT(&schedule->ready);
        STAILQ_INIT(&schedule->waits);
        LIST_INIT(&schedule->bells);
        pthread_mutex_init(&schedule->lock, NULL);
        schedule->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
        schedule->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (schedule->ready_fd < 0 || schedule->finished_fd < 0)
                return error_origin(-errno);
        return 0;
}

void schedule_deinit(Schedule *schedule)
{
        assert(STAILQ_EMPTY(&schedule->ready) && STAILQ_EMPTY(&schedule->waits));
        assert(LIST_EMPTY(&schedule->bells));
        closep(&schedule->ready_fd);
        closep(&schedule->finished_fd);
        pthread_mutex_destroy(&schedule->lock);
}

/* An eventfd refuses only at 2^64 - 1, which nobody reaches. */
static void signal_fd(int fd)
{
        (void)eventfd_write(fd, 1);
}

static bool is_full(const Schedule *schedule)
{
        return schedule->n_running >= schedule->n_running_max + schedule->n_extra;
}

static bool has_ready(const Schedule *schedule)
{
        return !STAILQ_EMPTY(&schedule->ready) && !is_full(schedule);
}

/* Counts a call that waits. */
static bool claim_wait(Schedule *schedule)
{
        if (schedule->n_waits >= schedule->n_waits_max)
                return false;
        schedule->n_waits++;
        return true;
}

/* The place of one that is over goes to the next. */
static void release_wait(Schedule *schedule)
{
        Request *next = STAILQ_FIRST(&schedule->waits);

        if (next) {
                STAILQ_REMOVE_HEAD(&schedule->waits, link);
                STAILQ_INSERT_TAIL(&schedule->ready, next, link);
        } else {
                schedule->n_waits--;
        }
}

/* Makes the object the call's. A concurrent object belongs to all. */
static bool claim(Object *object)
{
        if (object->is_concurrent)
                return true;
        if (object->is_busy)
                return false;
        object->is_busy = true;
        return true;
}

int schedule_begin(Schedule *schedule, Object *object, bool waits)
{
        int r = 0;

        pthread_mutex_lock(&schedule->lock);
        if (schedule->is_stopping) {
                r = SCHEDULE_E_STOPPING;
        } else if (is_full(schedule) || !STAILQ_EMPTY(&schedule->ready) || !claim(object) ||
                   (waits && !claim_wait(schedule))) {
                r = SCHEDULE_E_WAIT; /* nobody overtakes those that are ready */
        } else {
                schedule->n_running++;
                schedule->n_open++;
        }
        pthread_mutex_unlock(&schedule->lock);
        return r;
}

static bool has_room(const Schedule *schedule, const Request *request)
{
        return request->peer ||
               (schedule->n_oneway < SCHEDULE_ONEWAY_MAX &&
                schedule->n_oneway_bytes + request->frame.n_bytes <= SCHEDULE_ONEWAY_MAX_BYTES);
}

static void line_up(Schedule *schedule, Request *request)
{
        if (request->waits && !claim_wait(schedule))
                STAILQ_INSERT_TAIL(&schedule->waits, request, link);
        else if (claim(request->object))
                STAILQ_INSERT_TAIL(&schedule->ready, request, link);
        else
                STAILQ_INSERT_TAIL(&request->object->waiting, request, link);
}

static void enter(Schedule *schedule, Request *request)
{
        schedule->n_open++;
        if (!request->peer) {
                schedule->n_oneway++;
                schedule->n_oneway_bytes += request->frame.n_bytes;
        }
        line_up(schedule, request);
}

int schedule_submit(Schedule *schedule, Request *request)
{
        bool is_oneway = !request->peer;
        bool needs_thread = false;
        int r = 0;

        pthread_mutex_lock(&schedule->lock);
        if (schedule->is_stopping) {
                r = SCHEDULE_E_STOPPING;
        } else if (!has_room(schedule, request)) {
                r = SCHEDULE_E_FULL;
        } else {
                enter(schedule, request);
                needs_thread = is_oneway && has_ready(schedule);
        }
        pthread_mutex_unlock(&schedule->lock);

        /* Who submits with a peer comes to take; who sends a call off goes on with his peer. */
        if (needs_thread)
                schedule_wake(schedule);
        return r;
}

void schedule_end(Schedule *schedule, Object *object, bool waits)
{
        Request *next;

        pthread_mutex_lock(&schedule->lock);
        schedule->n_running--;
        schedule->n_ended++;
        if (schedule->n_running < schedule->n_running_max)
                schedule->n_extra = 0;
        if (waits)
                release_wait(schedule);
        next = STAILQ_FIRST(&object->waiting);
        if (next) {
                /* At the end of the line, so that one busy object does not keep out the others. */
                STAILQ_REMOVE_HEAD(&object->waiting, link);
                STAILQ_INSERT_TAIL(&schedule->ready, next, link);
        } else if (!object->is_concurrent) {
                object->is_busy = false;
        }
        pthread_mutex_unlock(&schedule->lock);
}

int schedule_take(Schedule *schedule, Request **ret)
{
        Request *request = NULL;
        bool has_more = false;

        pthread_mutex_lock(&schedule->lock);
        if (!is_full(schedule))
                request = STAILQ_FIRST(&schedule->ready);
        if (request) {
                STAILQ_REMOVE_HEAD(&schedule->ready, link);
                schedule->n_running++;
                has_more = has_ready(schedule);
        }
        pthread_mutex_unlock(&schedule->lock);

        if (!request)
                return SCHEDULE_E_EMPTY;
        if (has_more)
                schedule_wake(schedule);
        *ret = request;
        return 0;
}

/* With the lock held. */
static void ring(Schedule *schedule, pyrope_bell *bell)
{
        Request *request;

        bell->n_rings++;
        while ((request = STAILQ_FIRST(&bell->waiting))) {
                STAILQ_REMOVE_HEAD(&bell->waiting, link);
                line_up(schedule, request);
        }
}

void schedule_add_bell(Schedule *schedule, pyrope_bell *bell)
{
        pthread_mutex_lock(&schedule->lock);
        LIST_INSERT_HEAD(&schedule->bells, bell, link);
        pthread_mutex_unlock(&schedule->lock);
}

void schedule_ring(Schedule *schedule, pyrope_bell *bell)
{
        bool needs_thread;

        pthread_mutex_lock(&schedule->lock);
        ring(schedule, bell);
        needs_thread = has_ready(schedule);
        pthread_mutex_unlock(&schedule->lock);
        if (needs_thread)
                schedule_wake(schedule);
}

void schedule_remove_bell(Schedule *schedule, pyrope_bell *bell)
{
        pthread_mutex_lock(&schedule->lock);
        bell->is_gone = true;
        LIST_REMOVE(bell, link);
        pthread_mutex_unlock(&schedule->lock);
        schedule_ring(schedule, bell);
}

uint64_t schedule_rings(Schedule *schedule, pyrope_bell *bell)
{
        uint64_t n_rings;

        pthread_mutex_lock(&schedule->lock);
        n_rings = bell->n_rings;
        pthread_mutex_unlock(&schedule->lock);
        return n_rings;
}

int schedule_sleep(Schedule *schedule, Request *request, pyrope_bell *bell, uint64_t n_rings)
{
        int r = 0;

        pthread_mutex_lock(&schedule->lock);
        if (schedule->is_stopping)
                r = SCHEDULE_E_STOPPING;
        else if (bell->is_gone || bell->n_rings != n_rings)
                line_up(schedule, request);
        else
                STAILQ_INSERT_TAIL(&bell->waiting, request, link);
        pthread_mutex_unlock(&schedule->lock);
        return r;
}

void schedule_wake(Schedule *schedule)
{
        signal_fd(schedule->ready_fd);
}

bool schedule_relieve(Schedule *schedule, unsigned *ret_n_extra)
{
        bool is_stuck;

        pthread_mutex_lock(&schedule->lock);
        is_stuck = !STAILQ_EMPTY(&schedule->ready) && is_full(schedule);
        if (is_stuck && schedule->n_ended == schedule->n_ended_then &&
            schedule->n_extra < schedule->n_running_max)
                schedule->n_extra++;
        schedule->n_ended_then = schedule->n_ended;
        *ret_n_extra = schedule->n_extra;
        pthread_mutex_unlock(&schedule->lock);
        return is_stuck;
}

bool schedule_done(Schedule *schedule, size_t n_oneway_bytes)
{
        bool r;

        pthread_mutex_lock(&schedule->lock);
        assert(schedule->n_open > 0);
        schedule->n_open--;
        if (n_oneway_bytes > 0) {
                schedule->n_oneway--;
                schedule->n_oneway_bytes -= n_oneway_bytes;
        }
        if (schedule->is_stopping && schedule->n_open == 0)
                signal_fd(schedule->finished_fd);
        r = has_ready(schedule);
        pthread_mutex_unlock(&schedule->lock);
        return r;
}

void schedule_stop(Schedule *schedule)
{
        bool needs_thread;
        pyrope_bell *bell;

        pthread_mutex_lock(&schedule->lock);
        if (!schedule->is_stopping && schedule->n_open == 0)
                signal_fd(schedule->finished_fd);
        schedule->is_stopping = true;
        LIST_FOREACH(bell, &schedule->bells, link)
        ring(schedule, bell);
        needs_thread = has_ready(schedule);
        pthread_mutex_unlock(&schedule->lock);
        if (needs_thread)
                schedule_wake(schedule);
}

bool schedule_is_stopping(const Schedule *schedule)
{
        return schedule->is_stopping;
}
