/* SPDX-License-Identifier: MIT */

#include "client/ssh/helm.h"

#include "base/thread.h"
#include "client/ssh/link.h"
#include "client/ssh/round.h"

#include <sys/eventfd.h>

#define STARVING_MS 20 /* for the lock; then whoever wants it as well stands behind */

#define REST_MS  2    /* of the thread, while a caller may come back */
#define SLEEP_MS 1000 /* while a caller waits long; he wakes it when he goes */
#define CROWD    4    /* callers who wait, from whom on packets go together */
#define BUSY_MS  20   /* after bytes of a descriptor nobody rests */

void ssh_helm_init(SshHelm *helm)
{
        helm->status = PYROPE_E_CLOSED; /* until ssh_round_begin() */
        pthread_mutexattr_t spinning;

        /* It is mostly held for less than a switch of threads takes. None of these can fail. */
        (void)pthread_mutexattr_init(&spinning);
        (void)pthread_mutexattr_settype(&spinning, PTHREAD_MUTEX_ADAPTIVE_NP);
        (void)pthread_mutex_init(&helm->lock, &spinning);
        (void)pthread_mutexattr_destroy(&spinning);
        (void)pthread_mutex_init(&helm->turnstile, NULL);
        atomic_init(&helm->n_starving, 0);
        thread_cond_init(&helm->rest);
        helm->over_end = &helm->over;
}

void ssh_helm_deinit(SshHelm *helm)
{
        (void)pyrope_error_free(helm->error);
        (void)pthread_cond_destroy(&helm->rest);
        (void)pthread_mutex_destroy(&helm->turnstile);
        (void)pthread_mutex_destroy(&helm->lock);
}

/* Return: whether it has the lock, in a while. */
static bool lock_in_time(SshHelm *helm)
{
        return !pthread_mutex_trylock(&helm->lock) || thread_mutex_lock(&helm->lock, STARVING_MS);
}

void ssh_helm_lock(SshLink *link)
{
        SshHelm *helm = &link->helm;

        if (!atomic_load_explicit(&helm->n_starving, memory_order_relaxed) && lock_in_time(helm))
                return;
        atomic_fetch_add(&helm->n_starving, 1);
        (void)pthread_mutex_lock(&helm->turnstile);
        (void)pthread_mutex_lock(&helm->lock);
        (void)pthread_mutex_unlock(&helm->turnstile);
        atomic_fetch_sub(&helm->n_starving, 1);
}

void ssh_helm_unlock(SshLink *link)
{
        SshHelm *helm = &link->helm;
        SshHelmWaiter *over = helm->over, *waiter;

        helm->over = NULL;
        helm->over_end = &helm->over;
        helm->n_over = 0;
        (void)pthread_mutex_unlock(&helm->lock);
        while ((waiter = over)) {
                over = waiter->next;
                (void)sem_post(&waiter->woken); /* and then it may be gone */
        }
}

bool ssh_helm_is_full(const SshLink *link)
{
        return ssh_get_status(link->connection.session) & SSH_WRITE_PENDING;
}

/* Whether the thread had better watch the descriptors itself. */
static bool is_busy(const SshLink *link)
{
        return link->n_unanswered || clock_coarse_ms() - link->moved_ms < BUSY_MS;
}

/* A round of whoever calls. One that ends the session is for the thread to act on. */
static void steer(SshLink *link, Deadline until, bool is_idle)
{
        SshHelm *helm = &link->helm;

        helm->is_taken = true;
        helm->is_idle = is_idle;
        helm->status = ssh_round(link, until, &helm->error);
        helm->is_taken = false;
}

void ssh_helm_wait_over(SshHelm *helm, SshHelmWaiter *waiter)
{
        if (!waiter->is_waiting)
                return;
        waiter->is_waiting = false;
        waiter->next = NULL;
        *helm->over_end = waiter;
        helm->over_end = &waiter->next;
        helm->n_waiting--;
        helm->n_over++;
}

static void wake_thread(SshHelm *helm)
{
        (void)pthread_cond_signal(&helm->rest);
}

/* -- a caller ---------------------------------------------------------------------------------- */

static void steer_for_caller(SshLink *link, Deadline until)
{
        link->helm.is_hot = true;
        link->helm.n_steered++;
        steer(link, until, /* is_idle= */ false);
}

void ssh_helm_waiter_init(SshHelmWaiter *waiter)
{
        *waiter = (SshHelmWaiter){ .next = NULL };
        (void)sem_init(&waiter->woken, /* pshared= */ 0, 0); /* cannot fail */
}

void ssh_helm_waiter_deinit(SshHelmWaiter *waiter)
{
        (void)sem_destroy(&waiter->woken);
}

static void wait_for_another(SshLink *link, const SshHelmWait *wait)
{
        SshHelmWaiter *waiter = wait->waiter;
        SshHelm *helm = &link->helm;
        bool is_woken;

        waiter->is_waiting = true;
        helm->n_waiting++;
        ssh_helm_unlock(link);
        is_woken = thread_sem_wait(&waiter->woken, deadline_left_ms(wait->deadline));
        ssh_helm_lock(link);
        if (is_woken)
                return;
        if (waiter->is_waiting)
                helm->n_waiting--;
        else /* just now: it will come, or has */
                (void)thread_sem_wait(&waiter->woken, -1);
        waiter->is_waiting = false;
}

/* Who steered goes. */
static void leave(SshLink *link)
{
        SshHelm *helm = &link->helm;

        if (helm->status || helm->is_asleep || helm->n_waiting || is_busy(link))
                wake_thread(helm);
}

bool ssh_helm_await(SshLink *link, const SshHelmWait *wait)
{
        SshHelm *helm = &link->helm;
        bool has_steered = false, is_late = false;

        while (!helm->status && !wait->is_ready(wait->userdata) && !is_late) {
                if (helm->is_taken) {
                        wait_for_another(link, wait);
                } else {
                        has_steered = true;
                        steer_for_caller(link, wait->deadline);
                }
                is_late = deadline_passed(wait->deadline);
        }
        if (has_steered)
                leave(link);
        return !is_late || helm->status || wait->is_ready(wait->userdata);
}

void ssh_helm_crowd(SshLink *link)
{
        const SshHelm *helm = &link->helm;

        if (link->is_corked || !helm->is_taken || helm->n_waiting + helm->n_woken < CROWD)
                return;
        ssh_round_cork(link);
        ssh_link_wake(link);
}

void ssh_helm_sent(SshLink *link)
{
        if (!link->helm.is_taken)
                ssh_round_uncork(link);
}

bool ssh_helm_help(SshLink *link, Deadline until)
{
        SshHelm *helm = &link->helm;
        bool is_mine;

        ssh_helm_lock(link);
        is_mine = !helm->status && !helm->is_taken;
        if (is_mine)
                steer_for_caller(link, until);
        ssh_helm_unlock(link);
        return is_mine;
}

void ssh_helm_go(SshLink *link)
{
        ssh_helm_lock(link);
        leave(link);
        ssh_helm_unlock(link);
}

void ssh_helm_show(SshLink *link)
{
        (void)eventfd_write(link->wake_fd, 1); /* fails only if it is readable anyway */
}

void ssh_helm_wake(SshLink *link)
{
        ssh_helm_show(link);
        wake_thread(&link->helm);
}

void ssh_helm_defer(SshLink *link)
{
        SshHelm *helm = &link->helm;

        link->n_over++;
        if (helm->is_taken && helm->is_idle)
                ssh_helm_show(link);
        else if (helm->is_asleep)
                wake_thread(helm);
}

static void disturb(SshLink *link)
{
        link->is_unsettled = true;
        if (link->helm.is_taken)
                ssh_link_wake(link);
        else
                wake_thread(&link->helm);
}

void ssh_helm_note(SshLink *link)
{
        /* Between two sessions what is counted is the thread's. */
        if (link->helm.status)
                return;
        if (link->n_settled != link->bytes.in_bytes && !link->is_unsettled)
                disturb(link);
        if (link->helm.is_taken && !link->is_room_awaited && ssh_helm_is_full(link)) {
                link->is_room_awaited = true;
                ssh_link_wake(link);
        }
}

/* -- the thread -------------------------------------------------------------------------------- */

/* With the lock held. */
static void rest(SshHelm *helm, int ms)
{
        helm->is_asleep = ms == SLEEP_MS;
        (void)thread_cond_wait(&helm->rest, &helm->lock, ms);
        helm->is_asleep = false;
}

/* Nobody steers, but a caller may be back in a moment. What is to be closed waits one rest, not
 * more. */
static void rest_before(SshLink *link)
{
        SshHelm *helm = &link->helm;
        bool is_due = link->n_over;

        helm->is_hot = false;
        rest(helm, REST_MS);
        if (is_due && link->n_over)
                helm->is_hot = false;
}

/* A caller steers: if he does so for long, there is nothing to be seen for the thread. */
static void rest_beside(SshLink *link)
{
        SshHelm *helm = &link->helm;
        unsigned n_steered = helm->n_steered;

        rest(helm, REST_MS);
        if (!helm->is_taken)
                return;
        if (link->n_over && !helm->is_idle) {
                helm->is_idle = true;
                ssh_helm_show(link);
        } else if (helm->n_steered == n_steered) {
                rest(helm, SLEEP_MS);
        }
}

/* In a crowd the thread stays at the helm from one round to the next: those whom it wakes in
 * between would only take it from each other. */
static void steer_on(SshLink *link)
{
        SshHelm *helm = &link->helm;

        do
                steer(link, DEADLINE_NONE, /* is_idle= */ true);
        while (!helm->status && helm->n_waiting + helm->n_over >= CROWD);
}

static pyrope_status run_locked(SshLink *link, pyrope_error **error)
{
        SshHelm *helm = &link->helm;

        if (helm->is_taken) {
                rest_beside(link);
        } else if (helm->is_hot && !helm->n_waiting && !link->is_unsettled && !is_busy(link)) {
                rest_before(link);
        } else if (!helm->status) {
                steer_on(link);
        }
        if (error)
                *error = TAKE(helm->error);
        return helm->status;
}

pyrope_status ssh_helm_round(SshLink *link, pyrope_error **error)
{
        pyrope_status status;

        ssh_helm_lock(link);
        status = run_locked(link, error);
        ssh_helm_unlock(link);
        return status;
}
