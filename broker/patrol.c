/* SPDX-License-Identifier: MIT */

#include "broker/patrol.h"

#include "base/thread.h"

#include <sched.h>

#define N_QUIET_MAX 25 /* looks that found nobody, then it sleeps */

void patrol_init(Patrol *patrol)
{
        *patrol = (Patrol){ .is_running = false };
        (void)pthread_mutex_init(&patrol->lock, NULL);
        thread_cond_init(&patrol->changed);
}

/* All there is to do is to end a system call. */
static void on_signal(UNUSED int number)
{
}

/* Whether the signal is ours, for the process as a whole. */
static bool take_signal(void)
{
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        const struct sigaction ours = { .sa_handler = on_signal };
        struct sigaction theirs;
        bool is_ours;

        pthread_mutex_lock(&lock);
        is_ours = sigaction(PATROL_SIGNAL, NULL, &theirs) == 0 &&
                  (theirs.sa_handler == SIG_DFL || theirs.sa_handler == SIG_IGN ||
                   theirs.sa_handler == on_signal);
        if (is_ours)
                is_ours = sigaction(PATROL_SIGNAL, &ours, NULL) == 0;
        pthread_mutex_unlock(&lock);
        return is_ours;
}

/* Wakes who waits as it did when this looked last. Returns whether anybody waits. */
static bool look(Patrol *patrol)
{
        bool is_anybody = false;
        PatrolPost *post;

        LIST_FOREACH(post, &patrol->posts, link)
        {
                uint64_t state = atomic_load(&post->state);

                is_anybody = is_anybody || state;
                /* A signal may come too early to find the system call: then again. */
                if (state == PATROL_WOKEN ||
                    (state && state == post->seen &&
                     atomic_compare_exchange_strong(&post->state, &state, PATROL_WOKEN)))
                        (void)pthread_kill(post->thread, PATROL_SIGNAL); /* it has not left */
                post->seen = state;
        }
        return is_anybody;
}

/* Says that it sleeps before it looks for the last time. */
static void sleep_until_woken(Patrol *patrol)
{
        atomic_store(&patrol->is_asleep, true);
        while (!patrol->is_ending && patrol->is_asleep && !look(patrol))
                pthread_cond_wait(&patrol->changed, &patrol->lock);
        atomic_store(&patrol->is_asleep, false);
}

static void *patrol_main(void *userdata)
{
        Patrol *patrol = userdata;
        unsigned n_quiet = N_QUIET_MAX;

        (void)pthread_setname_np(pthread_self(), "pyrope-patrol"); /* only debuggers read it */
        pthread_mutex_lock(&patrol->lock);
        while (!patrol->is_ending) {
                if (n_quiet >= N_QUIET_MAX) {
                        sleep_until_woken(patrol);
                        n_quiet = 0;
                }
                (void)thread_cond_wait(&patrol->changed, &patrol->lock, PATROL_MS);
                n_quiet = look(patrol) ? 0 : n_quiet + 1;
        }
        pthread_mutex_unlock(&patrol->lock);
        return NULL;
}

int patrol_start(Patrol *patrol)
{
        int r;

        if (!take_signal())
                return 0;
        r = thread_start(&patrol->thread, patrol_main, patrol);
        patrol->is_running = r == 0;
        return r;
}

void patrol_deinit(Patrol *patrol)
{
        pthread_mutex_lock(&patrol->lock);
        patrol->is_ending = true;
        pthread_cond_signal(&patrol->changed);
        pthread_mutex_unlock(&patrol->lock);
        if (patrol->is_running)
                pthread_join(patrol->thread, NULL);
        pthread_cond_destroy(&patrol->changed);
        pthread_mutex_destroy(&patrol->lock);
}

bool patrol_is_running(const Patrol *patrol)
{
        return patrol->is_running;
}

void patrol_join(Patrol *patrol, PatrolPost *post)
{
        *post = (PatrolPost){ .thread = pthread_self() };
        pthread_mutex_lock(&patrol->lock);
        LIST_INSERT_HEAD(&patrol->posts, post, link);
        pthread_mutex_unlock(&patrol->lock);
}

void patrol_leave(Patrol *patrol, PatrolPost *post)
{
        pthread_mutex_lock(&patrol->lock);
        LIST_REMOVE(post, link);
        pthread_mutex_unlock(&patrol->lock);
}

/* The signal must not interrupt what the thread does next. With the lock had once, nothing is being
 * sent to it any more; and what was sent comes at the end of a system call at the latest. */
void patrol_settle_(Patrol *patrol)
{
        pthread_mutex_lock(&patrol->lock);
        pthread_mutex_unlock(&patrol->lock);
        (void)sched_yield();
}

void patrol_rouse_(Patrol *patrol)
{
        pthread_mutex_lock(&patrol->lock);
        atomic_store(&patrol->is_asleep, false);
        pthread_cond_signal(&patrol->changed);
        pthread_mutex_unlock(&patrol->lock);
}
