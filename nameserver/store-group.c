/* SPDX-License-Identifier: MIT */

/*
 * Design notes
 *
 * A change lives on the stack of the thread that asked for it, and is in the queue until somebody
 * runs it. The thread that finds nobody at work runs all that are there. It owns the database then,
 * without the lock, and the changes, whose threads sleep. Afterwards it wakes the first of those
 * that came meanwhile to be the next, then two whose changes are done, and goes its way: nobody
 * works for others longer than for one group. Those two wake two more each, and so on: waking costs
 * more than a change, and one that did it for all would keep its processor from the next group.
 * Each sleeps on a semaphore of its own, so that those woken do not meet at the lock. Whoever leads
 * sleeps on his own, too, until those of the latest group are back, or the time for that is over.
 *
 * Savepoints cost more than most changes, and most changes that fail do so before they change
 * anything. So the changes of a group run without; only where one fails too late for that, the
 * transaction is begun again with a savepoint for each.
 *
 * A transaction that is lost as a whole because the disk is full is tried again one change at a
 * time: a large one shall not take the small ones with it.
 */

#include "nameserver/store-group.h"

#include "base/clock.h"
#include "base/thread.h"

void store_group_init(StoreGroup *group, StoreDb *db, int (*reopen)(void *context), void *context)
{
        *group = (StoreGroup){ .db = db, .reopen = reopen, .context = context };
        STAILQ_INIT(&group->waiting);
        pthread_mutex_init(&group->lock, NULL);
}

void store_group_deinit(StoreGroup *group)
{
        pthread_mutex_destroy(&group->lock);
}

/* -- one transaction -------------------------------------------------------------------------- */

/* Some failures have ended the transaction already. */
static bool is_open(const StoreDb *db)
{
        return !sqlite3_get_autocommit(db->sqlite);
}

/* After a failure, whose reason is the one to tell even if this fails, too. */
static int undo(StoreDb *db, const char *sql)
{
        ErrorText error = db->error;
        int r = store_db_execute(db, sql);

        db->error = error;
        return r;
}

static void roll_back(StoreDb *db)
{
        if (is_open(db))
                (void)undo(db, "ROLLBACK"); /* one that fails has ended the transaction, too */
}

static void tell(const StoreGroup *group, StoreGroupStep step)
{
        if (group->on_step)
                group->on_step(group->context, step);
}

/* @r is what became of the transaction so far. */
static int end(StoreGroup *group, int r)
{
        if (r == 0 && group->write)
                r = group->write(group->context);
        if (r == 0)
                r = store_db_execute(group->db, "COMMIT");
        if (r)
                roll_back(group->db);
        tell(group, r ? STORE_GROUP_LOST : STORE_GROUP_COMMITTED);
        return r;
}

static int run_alone(StoreGroup *group, StoreChange *change)
{
        StoreDb *db = group->db;
        int r;

        r = store_db_execute(db, "BEGIN IMMEDIATE");
        if (r)
                return r;
        r = change->fn(group->context, change->userdata);
        tell(group, r ? STORE_GROUP_UNDONE : STORE_GROUP_KEPT);
        return end(group, r);
}

/* One of several. Return: 0 as long as the transaction stands, whatever became of the change. */
static int run_plainly(StoreGroup *group, StoreChange *change)
{
        StoreDb *db = group->db;
        sqlite3_int64 n_changes = sqlite3_total_changes64(db->sqlite);
        int r;

        r = change->fn(group->context, change->userdata);
        if (r && (!is_open(db) || sqlite3_total_changes64(db->sqlite) != n_changes))
                return r;
        tell(group, r ? STORE_GROUP_UNDONE : STORE_GROUP_KEPT);
        change->r = store_db_report(db, r, change->error);
        return 0;
}

/* The same, and it may fail at any time. */
static int run_guarded(StoreGroup *group, StoreChange *change)
{
        StoreDb *db = group->db;
        int r;

        r = store_db_execute(db, "SAVEPOINT one");
        if (r)
                return r;
        r = change->fn(group->context, change->userdata);
        change->r = r;
        if (r && (!is_open(db) || undo(db, "ROLLBACK TO one")))
                return r;
        tell(group, r ? STORE_GROUP_UNDONE : STORE_GROUP_KEPT);
        store_db_report(db, r, change->error);
        return store_db_execute(db, "RELEASE one");
}

static int run_each(StoreGroup *group, StoreChanges *changes,
                    int (*run_one)(StoreGroup *group, StoreChange *change))
{
        StoreDb *db = group->db;
        StoreChange *change;
        int r;

        r = store_db_execute(db, "BEGIN IMMEDIATE");
        STAILQ_FOREACH(change, changes, link)
        {
                if (r)
                        break;
                r = run_one(group, change);
        }
        return end(group, r);
}

static int run_together(StoreGroup *group, StoreChanges *changes)
{
        int r;

        r = run_each(group, changes, run_plainly);
        if (r == 0 || r == STORE_E_IO)
                return r;
        store_db_report(group->db, r, NULL);
        return run_each(group, changes, run_guarded);
}

/* -- one group -------------------------------------------------------------------------------- */

/* Runs one change in a transaction of its own, and tells it what became of it. */
static void settle_alone(StoreGroup *group, StoreChange *change)
{
        change->r = store_db_report(group->db, run_alone(group, change), change->error);
        if (change->r == STORE_E_IO)
                group->is_broken = true;
}

/* All have failed for the same reason. */
static void settle_failed(StoreGroup *group, StoreChanges *changes, int r)
{
        ErrorText error = { "" };
        StoreChange *change;

        store_db_report(group->db, r, &error);
        STAILQ_FOREACH(change, changes, link)
        {
                change->r = r;
                if (change->error)
                        *change->error = error;
        }
}

static void settle(StoreGroup *group, StoreChanges *changes)
{
        StoreChange *change = STAILQ_FIRST(changes);
        int r;

        if (!STAILQ_NEXT(change, link)) {
                settle_alone(group, change);
                return;
        }
        r = run_together(group, changes);
        if (r == STORE_E_FULL) {
                store_db_report(group->db, r, NULL);
                STAILQ_FOREACH(change, changes, link)
                settle_alone(group, change);
        } else if (r) {
                settle_failed(group, changes, r);
                group->is_broken = r == STORE_E_IO;
        }
}

/* Return: 0; else the connection cannot be had, and the next group tries again. */
static int renew(StoreGroup *group)
{
        int r = group->is_broken ? group->reopen(group->context) : 0;

        if (r == 0)
                group->is_broken = false;
        return r;
}

static void run(StoreGroup *group, StoreChanges *changes)
{
        int r = renew(group);

        if (r) {
                settle_failed(group, changes, r);
                return;
        }
        settle(group, changes);
        /* At once, so that whoever is told of the failure finds what is really there. */
        r = renew(group);
        store_db_report(group->db, r, NULL);
}

/* -- who runs it ------------------------------------------------------------------------------ */

static void take_group(StoreGroup *group, StoreChanges *ret)
{
        STAILQ_INIT(ret);
        group->n_latest = 0;
        while (group->n_latest < STORE_GROUP_MAX && !STAILQ_EMPTY(&group->waiting)) {
                StoreChange *change = STAILQ_FIRST(&group->waiting);

                STAILQ_REMOVE_HEAD(&group->waiting, link);
                STAILQ_INSERT_TAIL(ret, change, link);
                group->n_latest++;
        }
        group->n_waiting -= group->n_latest;
}

/* How many changes are there in a moment, if all of the latest group are followed by others. Those
 * of a single client follow each other, and there is nobody to wait for. */
static unsigned n_expected(const StoreGroup *group, bool is_first)
{
        unsigned n = group->n_latest;

        if (!is_first)
                n += group->n_waiting;
        else if ((clock_fine_ms() - group->ended_ms) * 1000 > STORE_GROUP_BACK_US)
                n = 0;
        return n < STORE_GROUP_MAX ? n : STORE_GROUP_MAX;
}

/* With the lock held, by the first that waits. A wake-up for nothing, or a late one, does no harm.
 */
static void gather(StoreGroup *group, StoreChange *self, bool is_first)
{
        unsigned n = n_expected(group, is_first);

        if (group->n_waiting >= n)
                return;
        group->n_awaited = n;
        pthread_mutex_unlock(&group->lock);
        (void)thread_sem_wait_us(&self->woken, STORE_GROUP_WAIT_US); /* or not all come */
        pthread_mutex_lock(&group->lock);
        group->n_awaited = 0;
}

/* The first is whoever ran the group. All others sleep until one is woken, after this. */
static void share_waking(StoreChanges *changes)
{
        StoreChange *by = STAILQ_FIRST(changes);
        StoreChange *change = STAILQ_NEXT(by, link);

        for (unsigned n = 0; change; n++) {
                by->wakes[n % 2] = change;
                if (n % 2 == 1)
                        by = STAILQ_NEXT(by, link);
                change = STAILQ_NEXT(change, link);
        }
}

/* Once it is woken, a change may be gone. */
static void wake_others(const StoreChange *change)
{
        for (size_t i = 0; i < ARRAY_SIZE(change->wakes); i++) {
                if (change->wakes[i])
                        (void)sem_post(&change->wakes[i]->woken);
        }
}

/* Run by whoever has the database, and is the first that waits. */
static void lead(StoreGroup *group, StoreChange *self, bool is_first)
{
        StoreChanges changes;
        StoreChange *next;

        pthread_mutex_lock(&group->lock);
        gather(group, self, is_first);
        take_group(group, &changes);
        pthread_mutex_unlock(&group->lock);
        run(group, &changes);
        share_waking(&changes);
        pthread_mutex_lock(&group->lock);
        next = STAILQ_FIRST(&group->waiting);
        group->is_running = next != NULL;
        group->ended_ms = clock_fine_ms();
        pthread_mutex_unlock(&group->lock);
        if (next) {
                next->is_leader = true;
                (void)sem_post(&next->woken);
        }
}

/* Return: whether this change has the database; else it is done when it is woken. */
static bool enter(StoreGroup *group, StoreChange *change)
{
        bool is_leader;

        pthread_mutex_lock(&group->lock);
        STAILQ_INSERT_TAIL(&group->waiting, change, link);
        if (++group->n_waiting == group->n_awaited)
                (void)sem_post(&STAILQ_FIRST(&group->waiting)->woken);
        is_leader = !group->is_running;
        group->is_running = true;
        pthread_mutex_unlock(&group->lock);
        return is_leader;
}

int store_group_change(StoreGroup *group, StoreChangeFn fn, void *userdata, ErrorText *error)
{
        StoreChange change = { .fn = fn, .userdata = userdata, .error = error };
        bool is_first;

        (void)sem_init(&change.woken, /* pshared= */ 0, 0); /* has no failure for these values */
        is_first = enter(group, &change);
        if (!is_first) {
                while (sem_wait(&change.woken) < 0) /* a signal came */
                        ;
        }
        if (is_first || change.is_leader)
                lead(group, &change, is_first);
        wake_others(&change);
        (void)sem_destroy(&change.woken);
        return change.r;
}
