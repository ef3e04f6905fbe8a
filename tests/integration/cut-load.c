/* SPDX-License-Identifier: MIT */

/*
 * cut-load HOOK LOG CUTS SEED MOST_MS KIND...: calls of several threads, whose way is cut CUTS
 * times
 *
 * HOOK is a program that is run with one of the KINDs and a number of milliseconds, cuts the way so
 * (for so long, at most MOST_MS, if it is of a kind that lasts), and ends when it is open again.
 * All threads share one context; they call "Target" (cut-target.c, whose log is LOG), in quick
 * succession, through one proxy together, with long calls and with large answers, and one
 * allocates, calls and releases instances of "Target@jobs" all the time. A cut comes when all have
 * recovered from the one before.
 *
 * Prints "name value limit PASS|FAIL"; exit status 1 if one failed. Recovery is the time from the
 * end of HOOK to the end of the first call that succeeds.
 */

#include "base/defs.h"
#include "base/log.h"
#include "base/process.h"
#include "tests/integration/cut-account.h"
#include "tests/support/footprint.h"
#include "tests/support/patience.h"

#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define WORKERS         8u
#define KINDS_MAX       16
#define CALL_MS         5000
#define INSTANCE_MS     25000 /* a silent host is noticed before that is over, also in an outage */
#define PAUSE_MS        2     /* between two calls */
#define RETRY_MS        20    /* after one that failed */
#define RECOVER_MS      40000 /* then nobody will any more */
#define HANG_MS         60000
#define GROW_MAX_MIB    16  /* with 1 MiB in eight threads, a session's, and those before */
#define WARM_UP         40  /* calls of each */
#define BETWEEN_MS      200 /* a cut comes so long after the last recovery, at most */
#define RECOVERY_P50_MS 1000
#define RECOVERY_P99_MS 5000
#define SLOW_MS         2000 /* a recovery that is told of */
#define LASTS_LEAST_MS  50

extern char **environ;

DEFINE_CLEANUP(pyrope_error, pyrope_error_free);

typedef struct Worker Worker;

struct Worker {
        Caller caller;
        pyrope_proxy **proxy; /* NULL: allocates */
        int work_ms, n_bytes;
        pthread_t thread;

        /* Under the lock. */
        size_t n_good;
        double good_ms; /* when the latest success ended */
        bool is_paused;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool shall_pause, shall_end;
static pyrope_context *context;
static pyrope_proxy *own[4], *shared;
static size_t n_instances, n_not_allocated, n_not_released;

/* How long the way is closed: mostly as briefly as networks and hosts stumble, seldom for as long
 * as a session must outlive. */
static const struct {
        unsigned percent;
        unsigned most_ms;
} lengths[] = { { 70, 1000 }, { 25, 4000 }, { 5, 10000 } };

static Worker workers[WORKERS] = {
        { .proxy = &own[0] },
        { .proxy = &own[1] },
        { .proxy = &shared },
        { .proxy = &shared },
        { .proxy = &shared },
        { .proxy = &own[2], .work_ms = 100 },
        { .proxy = &own[3], .n_bytes = 1 << 20 },
        { .proxy = NULL },
};

/* -- the callers ------------------------------------------------------------------------------- */

static void note_good(Worker *worker)
{
        (void)pthread_mutex_lock(&lock);
        worker->n_good++;
        worker->good_ms = now_ms();
        (void)pthread_cond_broadcast(&changed);
        (void)pthread_mutex_unlock(&lock);
}

static void tick(Worker *worker, pyrope_proxy *proxy)
{
        bool is_good = caller_tick(&worker->caller, proxy, worker->work_ms, worker->n_bytes,
                                   CALL_MS) == OUTCOME_RESULT;

        if (is_good)
                note_good(worker);
        (void)poll(NULL, 0, is_good ? PAUSE_MS : RETRY_MS);
}

static void tell(const char *what, const pyrope_error *error)
{
        printf("# %s: %s: %s\n", what, pyrope_status_name(pyrope_error_status(error)),
               pyrope_error_text(error));
}

static void use_instance(Worker *worker)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *kept = NULL;
        pyrope_instance *instance;

        if (pyrope_allocate(context, "Target@jobs", INSTANCE_MS, &instance, &error)) {
                tell("allocate", error);
                n_not_allocated++;
                (void)poll(NULL, 0, RETRY_MS);
                return;
        }
        n_instances++;
        tick(worker, pyrope_instance_proxy(instance));
        if (pyrope_release(instance, INSTANCE_MS, &kept)) {
                tell("release", kept);
                n_not_released++;
        }
}

/* Return: whether to go on. */
static bool pause_if_told(Worker *worker)
{
        bool is_to_go_on;

        (void)pthread_mutex_lock(&lock);
        worker->is_paused = shall_pause;
        (void)pthread_cond_broadcast(&changed);
        while (shall_pause && !shall_end)
                (void)pthread_cond_wait(&changed, &lock);
        worker->is_paused = false;
        is_to_go_on = !shall_end;
        (void)pthread_mutex_unlock(&lock);
        return is_to_go_on;
}

static void *work(void *userdata)
{
        Worker *worker = userdata;

        while (pause_if_told(worker)) {
                if (worker->proxy)
                        tick(worker, *worker->proxy);
                else
                        use_instance(worker);
        }
        return NULL;
}

/* -- what the others wait for ------------------------------------------------------------------ */

/* With the lock held: until @is_so, or @ms are over. Return: whether it is so. */
static bool await(bool (*is_so)(double), double value, int ms)
{
        struct timespec until;

        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += ms / 1000;
        while (!is_so(value)) {
                if (pthread_cond_timedwait(&changed, &lock, &until))
                        return is_so(value);
        }
        return true;
}

static bool have_all_warmed_up(double unused)
{
        (void)unused;
        for (size_t i = 0; i < WORKERS; i++) {
                if (workers[i].n_good < (workers[i].proxy ? WARM_UP : 3))
                        return false;
        }
        return true;
}

static bool are_all_paused(double unused)
{
        (void)unused;
        for (size_t i = 0; i < WORKERS; i++) {
                if (!workers[i].is_paused)
                        return false;
        }
        return true;
}

static bool has_one_succeeded_since(double ms)
{
        for (size_t i = 0; i < WORKERS; i++) {
                if (workers[i].good_ms >= ms)
                        return true;
        }
        return false;
}

static bool have_all_succeeded_since(double ms)
{
        for (size_t i = 0; i < WORKERS; i++) {
                if (workers[i].proxy && workers[i].good_ms < ms)
                        return false;
        }
        return true;
}

/* Everybody rests meanwhile, between two calls. */
static void pause_all(bool is_on)
{
        (void)pthread_mutex_lock(&lock);
        shall_pause = is_on;
        (void)pthread_cond_broadcast(&changed);
        if (is_on && !await(are_all_paused, 0, HANG_MS))
                printf("# a call does not come back\n");
        (void)pthread_mutex_unlock(&lock);
}

/* -- cuts -------------------------------------------------------------------------------------- */

typedef struct Cuts {
        size_t n;                  /* made so far */
        double *first_ms, *all_ms; /* recovery of the first, and of the last caller */
        int *kinds;
        double *hook_ms; /* how long the way was closed */
        size_t n_stuck;
} Cuts;

/* How long a cut is to last. */
static unsigned draw_ms(unsigned *seed, unsigned most_ms)
{
        unsigned percent = (unsigned)rand_r(seed) % 100, from_ms = LASTS_LEAST_MS, to_ms = 0;

        for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
                to_ms = lengths[i].most_ms;
                if (percent < lengths[i].percent)
                        break;
                percent -= lengths[i].percent;
                from_ms = to_ms;
        }
        if (to_ms > most_ms)
                to_ms = most_ms;
        return from_ms < to_ms ? from_ms + (unsigned)rand_r(seed) % (to_ms - from_ms) : to_ms;
}

static int run_hook(char *hook, char *kind, unsigned lasts_ms)
{
        char number[16];
        char *argv[] = { hook, kind, number, NULL };
        int status = -1;
        pid_t pid;

        (void)snprintf(number, sizeof(number), "%u", lasts_ms);

        if (posix_spawn(&pid, hook, NULL, NULL, argv, environ))
                return -1;
        (void)waitpid(pid, &status, 0);
        return status;
}

/* Return: whether anybody recovered. */
static bool cut_once(char *hook, char **kinds, int kind, unsigned lasts_ms, Cuts *cuts)
{
        double open_ms, cut_ms = now_ms();
        bool is_good;

        if (run_hook(hook, kinds[kind], lasts_ms)) {
                printf("# %s cannot be done\n", kinds[kind]);
                return false;
        }
        open_ms = now_ms();
        cuts->hook_ms[cuts->n] = open_ms - cut_ms;
        (void)pthread_mutex_lock(&lock);
        is_good = await(has_one_succeeded_since, open_ms, RECOVER_MS);
        cuts->first_ms[cuts->n] = now_ms() - open_ms;
        if (is_good && !await(have_all_succeeded_since, open_ms, RECOVER_MS)) {
                printf("# %s: not all recover\n", kinds[kind]);
                cuts->n_stuck++;
        }
        cuts->all_ms[cuts->n] = now_ms() - open_ms;
        (void)pthread_mutex_unlock(&lock);
        if (cuts->first_ms[cuts->n] > SLOW_MS)
                printf("# cut %zu, %s for %.1f s: recovery %.0f ms\n", cuts->n, kinds[kind],
                       cuts->hook_ms[cuts->n] / 1e3, cuts->first_ms[cuts->n]);
        cuts->kinds[cuts->n++] = kind;
        return is_good;
}

static int by_size(const void *one, const void *other)
{
        double a = *(const double *)one, b = *(const double *)other;

        return (a > b) - (a < b);
}

static double percentile(const double *values, size_t n, unsigned part)
{
        double *sorted = calloc(n + 1, sizeof(*sorted)), value;

        if (!sorted || !n)
                return 0;
        memcpy(sorted, values, n * sizeof(*sorted));
        qsort(sorted, n, sizeof(*sorted), by_size);
        value = sorted[(n * part + 99) / 100 - 1];
        free(sorted);
        return value;
}

/* The recoveries of one kind. Return: how many. */
static size_t recoveries(const Cuts *cuts, int kind, double *ret)
{
        size_t n = 0;

        for (size_t i = 0; i < cuts->n; i++) {
                if (cuts->kinds[i] == kind)
                        ret[n++] = cuts->first_ms[i];
        }
        return n;
}

static void print_lengths(const Cuts *cuts)
{
        size_t n[ARRAY_SIZE(lengths) + 1] = { 0 };

        for (size_t i = 0; i < cuts->n; i++) {
                size_t k = 0;

                while (k < ARRAY_SIZE(lengths) && cuts->hook_ms[i] > lengths[k].most_ms)
                        k++;
                n[k]++;
        }
        printf("# the way was closed for up to");
        for (size_t k = 0; k < ARRAY_SIZE(lengths); k++)
                printf(" %u s: %zu times,", lengths[k].most_ms / 1000, n[k]);
        printf(" for longer: %zu times; longest %.1f s\n", n[ARRAY_SIZE(lengths)],
               percentile(cuts->hook_ms, cuts->n, 100) / 1e3);
}

static int cuts_figures(const Cuts *cuts, size_t n_wanted, char **kinds, int n_kinds)
{
        double *some_ms = calloc(cuts->n + 1, sizeof(*some_ms));
        size_t n;
        int is_good;

        if (!some_ms)
                return 0;
        for (int i = 0; i < n_kinds; i++) {
                n = recoveries(cuts, i, some_ms);
                printf("# %s: %zu, recovery p50 %.0f ms, most %.0f ms\n", kinds[i], n,
                       percentile(some_ms, n, 50), percentile(some_ms, n, 100));
        }
        print_lengths(cuts);
        printf("# all callers: recovery p50 %.0f ms, p99 %.0f ms\n",
               percentile(cuts->all_ms, cuts->n, 50), percentile(cuts->all_ms, cuts->n, 99));
        printf("# %zu instances, %zu times none, %zu not released\n", n_instances, n_not_allocated,
               n_not_released);
        is_good = figure("ssh-cuts", "cuts-missing", (double)(n_wanted - cuts->n), 0);
        is_good &= figure("ssh-cuts", "callers-stuck", (double)cuts->n_stuck, 0);
        is_good &= figure("ssh-cuts", "recovery-p50-ms", percentile(cuts->first_ms, cuts->n, 50),
                          patience(RECOVERY_P50_MS));
        is_good &= figure("ssh-cuts", "recovery-p99-ms", percentile(cuts->first_ms, cuts->n, 99),
                          patience(RECOVERY_P99_MS));
        free(some_ms);
        return is_good;
}

/* -- all of it --------------------------------------------------------------------------------- */

static bool begin(void)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status = pyrope_context_new(NULL, &context, &error);

        for (size_t i = 0; !status && i < ARRAY_SIZE(own); i++)
                status = pyrope_proxy_new(context, "Target", 0, &own[i], &error);
        if (!status)
                status = pyrope_proxy_new(context, "Target", 0, &shared, &error);
        if (status) {
                tell("the beginning", error);
                return false;
        }
        for (size_t i = 0; i < WORKERS; i++) {
                workers[i].caller.id = (int)i;
                if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
                        return false;
        }
        return true;
}

/* Return: false: a call hangs. */
static bool end(void)
{
        struct timespec until;

        (void)pthread_mutex_lock(&lock);
        shall_end = true;
        (void)pthread_cond_broadcast(&changed);
        (void)pthread_mutex_unlock(&lock);
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += HANG_MS / 1000;
        for (size_t i = 0; i < WORKERS; i++) {
                if (pthread_timedjoin_np(workers[i].thread, NULL, &until))
                        return false;
        }
        for (size_t i = 0; i < ARRAY_SIZE(own); i++)
                (void)pyrope_proxy_free(own[i]);
        (void)pyrope_proxy_free(shared);
        (void)pyrope_context_free(context);
        return true;
}

static int cut_all(char *hook, size_t n, unsigned seed, unsigned most_ms, char **kinds, int n_kinds)
{
        Cuts cuts = { .first_ms = calloc(n, sizeof(double)),
                      .all_ms = calloc(n, sizeof(double)),
                      .kinds = calloc(n, sizeof(int)),
                      .hook_ms = calloc(n, sizeof(double)) };
        double begun_ms = now_ms();
        Footprint before;
        int is_good;

        if (!cuts.first_ms || !cuts.all_ms || !cuts.kinds || !cuts.hook_ms)
                return 0;
        (void)pthread_mutex_lock(&lock);
        if (!await(have_all_warmed_up, 0, RECOVER_MS))
                printf("# not all warm up\n");
        (void)pthread_mutex_unlock(&lock);
        pause_all(true);
        before = footprint_now();
        pause_all(false);
        for (size_t i = 0; i < n; i++) {
                (void)poll(NULL, 0, rand_r(&seed) % BETWEEN_MS);
                /* Each kind once, then by chance. */
                if (!cut_once(hook, kinds, i < (size_t)n_kinds ? (int)i : rand_r(&seed) % n_kinds,
                              draw_ms(&seed, most_ms), &cuts))
                        break;
        }
        pause_all(true);
        printf("# %.1f s for each cut\n", (now_ms() - begun_ms) / 1e3 / (double)n);
        is_good = cuts_figures(&cuts, n, kinds, n_kinds);
        is_good &= footprint_figures("ssh-cuts", before, GROW_MAX_MIB);
        pause_all(false);
        free(cuts.first_ms);
        free(cuts.all_ms);
        free(cuts.kinds);
        free(cuts.hook_ms);
        return is_good;
}

int main(int argc, char **argv)
{
        Caller callers[WORKERS];
        Account account;
        int is_good;

        log_init("cut-load", LOG_LEVEL_WARNING);
        if (argc < 7 || argc - 6 > KINDS_MAX || process_sanitize()) {
                fprintf(stderr, "usage: see the top of cut-load.c\n");
                return 2;
        }
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
        printf("# seed %s\n", argv[4]);
        if (!begin())
                return 1;
        is_good = cut_all(argv[1], strtoul(argv[3], NULL, 10), (unsigned)strtoul(argv[4], NULL, 10),
                          (unsigned)strtoul(argv[5], NULL, 10), argv + 6, argc - 6);
        if (!end()) {
                (void)figure("ssh-cuts", "calls-hung", 1, 0);
                _exit(1); /* what hangs cannot be freed */
        }
        for (size_t i = 0; i < WORKERS; i++)
                callers[i] = workers[i].caller;
        if (account_check(argv[2], callers, WORKERS, &account))
                return 1;
        is_good &= account_figures("ssh-cuts", &account);
        for (size_t i = 0; i < WORKERS; i++)
                caller_deinit(&callers[i]);
        return !is_good;
}
