/* SPDX-License-Identifier: MIT */

#include "client/pump.h"

#include "base/thread.h"
#include "client/flow.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

typedef struct Pair Pair;

struct Pair {
        int fds[2]; /* owned */
        Flow flows[2];
        uint64_t group;
        Pair *next;   /* under the lock, as long as it is new */
        bool is_left; /* under the lock */
        bool is_over;
};

struct Pump {
        pthread_t thread;
        int wake_fd;                                     /* eventfd */
        void (*on_over)(void *userdata, uint64_t group); /* NULL: nobody wants to know */
        void *userdata;
        pthread_mutex_t lock;
        Pair *newcomers; /* under the lock */
        size_t n_pairs;  /* under the lock: newcomers, too */
        bool is_ending;  /* under the lock */
        atomic_uint_fast64_t n_moved[2];

        /* The thread's own, but the list is changed under the lock. */
        Pair *pairs[PUMP_PAIRS_MAX];
        size_t n;
        struct pollfd polled[1 + 2 * PUMP_PAIRS_MAX]; /* wake_fd, then two for each pair */
        uint8_t scratch[FLOW_BYTES];
};

static void lock(Pump *pump)
{
        (void)pthread_mutex_lock(&pump->lock);
}

static void unlock(Pump *pump)
{
        (void)pthread_mutex_unlock(&pump->lock);
}

/* -- pairs ------------------------------------------------------------------------------------- */

static void pair_free(Pair *pair)
{
        for (size_t i = 0; i < ARRAY_SIZE(pair->fds); i++) {
                flow_deinit(&pair->flows[i]);
                closep(&pair->fds[i]);
        }
        free(pair);
}

static void move(Pump *pump, Pair *pair, size_t direction)
{
        Flow *flow = &pair->flows[direction];
        uint64_t n_before = flow->n_total;
        int r = flow_move(flow, pump->scratch);

        atomic_fetch_add(&pump->n_moved[direction], flow->n_total - n_before);

        if (r == -EPIPE) {
                /* Who does not read any more may still have something to say; and who writes to him
                 * learns it. */
                flow_drop(flow);
                (void)shutdown(flow->from, SHUT_RD);
        } else if (r) {
                pair->is_over = true;
        }
        if (flow_is_over(flow))
                (void)shutdown(flow->to, SHUT_WR);
        if (flow_is_over(&pair->flows[0]) && flow_is_over(&pair->flows[1]))
                pair->is_over = true;
}

/* -- the thread -------------------------------------------------------------------------------- */

/* Takes what others left. Return: whether it goes on. */
static bool take_orders(Pump *pump)
{
        eventfd_t n;
        bool is_ending;

        (void)eventfd_read(pump->wake_fd, &n);
        lock(pump);
        while (pump->newcomers) {
                pump->pairs[pump->n++] = pump->newcomers;
                pump->newcomers = pump->newcomers->next;
        }
        for (size_t i = 0; i < pump->n; i++)
                pump->pairs[i]->is_over |= pump->pairs[i]->is_left;
        is_ending = pump->is_ending;
        unlock(pump);
        return !is_ending;
}

static void drop_ended(Pump *pump)
{
        for (size_t i = pump->n; i-- > 0;) {
                Pair *pair = pump->pairs[i];

                if (!pair->is_over)
                        continue;
                lock(pump);
                pump->pairs[i] = pump->pairs[--pump->n];
                pump->n_pairs--;
                unlock(pump);
                if (pump->on_over && pair->group)
                        pump->on_over(pump->userdata, pair->group);
                pair_free(pair);
        }
}

static void wait_for_events(Pump *pump)
{
        pump->polled[0] = (struct pollfd){ .fd = pump->wake_fd, .events = POLLIN };
        for (size_t i = 0; i < pump->n; i++) {
                pump->polled[1 + 2 * i] = flow_events(&pump->pairs[i]->flows[0]);
                pump->polled[2 + 2 * i] = flow_events(&pump->pairs[i]->flows[1]);
        }
        if (poll(pump->polled, 1 + 2 * pump->n, -1) < 0) {
                for (size_t i = 0; i < 1 + 2 * pump->n; i++)
                        pump->polled[i].revents = 0;
        }
}

static void *run(void *userdata)
{
        Pump *pump = userdata;

        do {
                drop_ended(pump);
                wait_for_events(pump);
                for (size_t i = 0; i < 2 * pump->n; i++) {
                        Pair *pair = pump->pairs[i / 2];

                        if (pump->polled[1 + i].revents)
                                move(pump, pair, i % 2);
                }
        } while (!pump->polled[0].revents || take_orders(pump));
        return NULL;
}

/* -- life -------------------------------------------------------------------------------------- */

int pump_new(void (*on_over)(void *userdata, uint64_t group), void *userdata, Pump **ret)
{
        Pump *pump = calloc(1, sizeof(*pump));
        int r;

        if (!pump)
                return -ENOMEM;
        pump->on_over = on_over;
        pump->userdata = userdata;
        (void)pthread_mutex_init(&pump->lock, NULL); /* glibc's cannot fail */
        pump->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = pump->wake_fd < 0 ? -errno : thread_start(&pump->thread, run, pump);
        if (r) {
                closep(&pump->wake_fd);
                (void)pthread_mutex_destroy(&pump->lock);
                free(pump);
                return r;
        }
        *ret = pump;
        return 0;
}

Pump *pump_free(Pump *pump)
{
        if (!pump)
                return NULL;
        lock(pump);
        pump->is_ending = true;
        unlock(pump);
        (void)eventfd_write(pump->wake_fd, 1);
        (void)pthread_join(pump->thread, NULL);
        for (size_t i = 0; i < pump->n; i++)
                pair_free(pump->pairs[i]);
        closep(&pump->wake_fd);
        (void)pthread_mutex_destroy(&pump->lock);
        free(pump);
        return NULL;
}

static int add(Pump *pump, Pair *pair)
{
        bool is_full;

        lock(pump);
        is_full = pump->n_pairs == PUMP_PAIRS_MAX;
        if (!is_full) {
                pair->next = pump->newcomers;
                pump->newcomers = pair;
                pump->n_pairs++;
        }
        unlock(pump);
        if (is_full)
                return PUMP_E_FULL;
        (void)eventfd_write(pump->wake_fd, 1); /* fails only if it is readable anyway */
        return 0;
}

int pump_join(Pump *pump, const int fds[static 2], uint64_t group)
{
        Pair *pair = calloc(1, sizeof(*pair));
        int r;

        if (!pair) {
                (void)close(fds[0]);
                (void)close(fds[1]);
                return -ENOMEM;
        }
        *pair = (Pair){ .fds = { fds[0], fds[1] },
                        .flows = { { .from = fds[0], .to = fds[1] },
                                   { .from = fds[1], .to = fds[0] } },
                        .group = group };
        r = add(pump, pair);
        if (r)
                pair_free(pair);
        return r;
}

void pump_moved(const Pump *pump, uint64_t ret[static 2])
{
        for (size_t i = 0; i < 2; i++)
                ret[i] = atomic_load(&pump->n_moved[i]);
}

void pump_leave(Pump *pump, uint64_t group)
{
        lock(pump);
        for (Pair *pair = pump->newcomers; pair; pair = pair->next)
                pair->is_left |= pair->group == group;
        for (size_t i = 0; i < pump->n; i++)
                pump->pairs[i]->is_left |= pump->pairs[i]->group == group;
        unlock(pump);
        (void)eventfd_write(pump->wake_fd, 1);
}
