/* SPDX-License-Identifier: MIT */

#include "nameserver/store-group.h"

#include "base/clock.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <sched.h>
#include <string.h>

#define WAIT_MS 20000

typedef struct Asked Asked;

/* A change that a thread of its own asks for. */
struct Asked {
        pthread_t thread;
        const char *sql;
        int ends;            /* what it returns after the SQL */
        unsigned n_wait_for; /* others that it lets queue behind it */
        int n_runs;
        int r;
        ErrorText error;
};

static StoreDb db;
static StoreGroup group;
static const char *path;
static int n_commits;
static int n_reopened;
static int reopening; /* what comes of it */

static int count_commit(UNUSED void *userdata)
{
        n_commits++;
        return 0;
}

static int open_database(void)
{
        int r = store_db_open(&db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

        if (r == 0)
                sqlite3_commit_hook(db.sqlite, count_commit, NULL);
        return r;
}

static int reopen(UNUSED void *context)
{
        n_reopened++;
        store_db_close(&db);
        return reopening ? store_db_refuse(&db, reopening, "is gone") : open_database();
}

static void setup(void)
{
        scratch_setup();
        path = scratch_path("db");
        n_reopened = 0;
        reopening = 0;
        ck_assert_int_eq(open_database(), 0);
        ck_assert_int_eq(store_db_execute(&db, "CREATE TABLE t (what TEXT)"), 0);
        n_commits = 0;
        store_group_init(&group, &db, reopen, /* context= */ NULL);
}

static void teardown(void)
{
        store_group_deinit(&group);
        store_db_close(&db);
        scratch_teardown();
}

static unsigned count_waiting(void)
{
        StoreChange *change;
        unsigned n = 0;

        pthread_mutex_lock(&group.lock);
        STAILQ_FOREACH(change, &group.waiting, link)
        n++;
        pthread_mutex_unlock(&group.lock);
        return n;
}

static void wait_for_waiting(unsigned n)
{
        Deadline deadline = deadline_in(WAIT_MS);

        while (count_waiting() < n) {
                ck_assert_msg(!deadline_passed(deadline), "no %u changes wait", n);
                sched_yield();
        }
}

static bool is_running(void)
{
        bool r;

        pthread_mutex_lock(&group.lock);
        r = group.is_running;
        pthread_mutex_unlock(&group.lock);
        return r;
}

static int run(UNUSED void *context, void *userdata)
{
        Asked *asked = userdata;
        int r;

        wait_for_waiting(asked->n_wait_for);
        asked->n_runs++;
        r = store_db_execute(&db, asked->sql);
        return r ? r : asked->ends;
}

static void *ask(void *userdata)
{
        Asked *asked = userdata;

        asked->r = store_group_change(&group, run, asked, &asked->error);
        return NULL;
}

/* The first runs alone, and all others share the next transaction. */
static void ask_all(Asked *asked, unsigned n)
{
        asked[0].n_wait_for = n - 1;
        for (unsigned i = 0; i < n; i++) {
                ck_assert_int_eq(pthread_create(&asked[i].thread, NULL, ask, &asked[i]), 0);
                while (i == 0 && !is_running())
                        sched_yield();
        }
        for (unsigned i = 0; i < n; i++)
                ck_assert_int_eq(pthread_join(asked[i].thread, NULL), 0);
}

/* Everything in the table, in the order of the alphabet. */
static void assert_holds(const char *expected)
{
        CLEANUP(freep) char *all = NULL;

        ck_assert_int_eq(store_db_query_text(&db,
                                             "SELECT group_concat(what, ' ') FROM"
                                             " (SELECT what FROM t ORDER BY what)",
                                             &all),
                         0);
        ck_assert_str_eq(all, expected);
}

#define PUT(text) .sql = "INSERT INTO t VALUES ('" text "')"
/* About 400 KiB. */
#define PUT_MUCH .sql = "INSERT INTO t VALUES (hex(zeroblob(200000)))"

/* As if a large group were just over, whose clients ask for nothing any more. */
START_TEST(nobody_is_waited_for_longer_than_a_moment)
{
        Asked asked = { .sql = "INSERT INTO t VALUES ('a')" };

        group.n_latest = STORE_GROUP_MAX + 1;
        group.ended_ms = clock_fine_ms() + 1000;
        ask_all(&asked, 1);
        ck_assert_int_eq(asked.r, 0);
        ck_assert_uint_eq(group.n_latest, 1);
        ck_assert_uint_eq(group.n_waiting, 0);
        ck_assert_uint_eq(group.n_awaited, 0);
}
END_TEST

/* The last of those that are awaited begins the group; nobody is woken twice, or never. */
START_TEST(many_that_follow_each_other_run_once_each)
{
        Asked asked[8];

        for (unsigned n = 0; n < 200; n++) {
                memset(asked, 0, sizeof(asked));
                for (unsigned i = 0; i < ARRAY_SIZE(asked); i++) {
                        asked[i].sql = "INSERT INTO t VALUES ('a')";
                        ck_assert_int_eq(pthread_create(&asked[i].thread, NULL, ask, &asked[i]), 0);
                }
                for (unsigned i = 0; i < ARRAY_SIZE(asked); i++) {
                        ck_assert_int_eq(pthread_join(asked[i].thread, NULL), 0);
                        ck_assert_int_eq(asked[i].r, 0);
                        ck_assert_int_eq(asked[i].n_runs, 1);
                }
        }
        ck_assert_uint_eq(group.n_waiting, 0);
        ck_assert(!group.is_running);
}
END_TEST

START_TEST(a_single_change_is_a_transaction)
{
        Asked asked = { PUT("a") };

        ask(&asked);

        ck_assert_int_eq(asked.r, 0);
        ck_assert_int_eq(n_commits, 1);
        ck_assert(sqlite3_get_autocommit(db.sqlite));
        assert_holds("a");
}
END_TEST

START_TEST(a_single_failure_changes_nothing)
{
        Asked asked = { PUT("a"), .ends = STORE_E_EXISTS };

        ask(&asked);

        ck_assert_int_eq(asked.r, STORE_E_EXISTS);
        ck_assert_int_eq(n_commits, 0);
        assert_holds("");
}
END_TEST

START_TEST(changes_that_come_meanwhile_share_a_transaction)
{
        Asked asked[] = { { PUT("a") }, { PUT("b") }, { PUT("c") }, { PUT("d") } };

        ask_all(asked, ARRAY_SIZE(asked));

        for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
                ck_assert_int_eq(asked[i].r, 0);
        ck_assert_int_eq(n_commits, 2);
        assert_holds("a b c d");
}
END_TEST

START_TEST(one_that_fails_undoes_itself_alone)
{
        Asked asked[] = {
                { PUT("a") },
                { PUT("b") },
                { PUT("c"), .ends = STORE_E_EXISTS },
                { .sql = "INSERT INTO t VALUES ('e'); INSERT INTO missing VALUES (1)" },
                { PUT("d") },
        };

        ask_all(asked, ARRAY_SIZE(asked));

        ck_assert_int_eq(asked[1].r, 0);
        ck_assert_int_eq(asked[2].r, STORE_E_EXISTS);
        ck_assert_str_eq(asked[2].error.text, "");
        ck_assert_int_lt(asked[3].r, 0);
        ck_assert_ptr_nonnull(strstr(asked[3].error.text, "no such table"));
        ck_assert_int_eq(asked[4].r, 0);
        ck_assert_int_eq(n_commits, 2);
        assert_holds("a b d");
}
END_TEST

START_TEST(one_that_fails_before_it_changes_anything_disturbs_nobody)
{
        Asked asked[] = {
                { PUT("a") },
                { PUT("b") },
                { .sql = "SELECT 1", .ends = STORE_E_EXISTS },
                { PUT("c") },
        };

        ask_all(asked, ARRAY_SIZE(asked));

        ck_assert_int_eq(asked[1].r, 0);
        ck_assert_int_eq(asked[2].r, STORE_E_EXISTS);
        ck_assert_int_eq(asked[3].r, 0);
        ck_assert_int_eq(asked[1].n_runs, 1);
        ck_assert_int_eq(asked[3].n_runs, 1);
        assert_holds("a b c");
}
END_TEST

START_TEST(a_failure_of_the_disk_fails_all)
{
        Asked asked[] = { { PUT("a") }, { PUT("b") }, { PUT("c"), .ends = STORE_E_IO } };

        ask_all(asked, ARRAY_SIZE(asked));

        ck_assert_int_eq(asked[0].r, 0);
        ck_assert_int_eq(asked[1].r, STORE_E_IO);
        ck_assert_int_eq(asked[2].r, STORE_E_IO);
        ck_assert_int_eq(n_reopened, 1);
        assert_holds("a");
}
END_TEST

START_TEST(one_too_large_for_the_disk_fails_alone)
{
        Asked asked[] = { { PUT("a") }, { PUT("b") }, { PUT_MUCH }, { PUT("c") } };

        ck_assert_int_eq(store_db_execute(&db, "PRAGMA max_page_count = 20"), 0);
        ask_all(asked, ARRAY_SIZE(asked));

        ck_assert_int_eq(asked[0].r, 0);
        ck_assert_int_eq(asked[1].r, 0);
        ck_assert_int_eq(asked[2].r, STORE_E_FULL);
        ck_assert_ptr_nonnull(strstr(asked[2].error.text, "full"));
        ck_assert_int_eq(asked[3].r, 0);
        assert_holds("a b c");
        ck_assert_int_eq(n_reopened, 0);
}
END_TEST

START_TEST(no_transaction_has_more_changes_than_it_may)
{
        static Asked asked[STORE_GROUP_MAX + 2];

        for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
                asked[i] = (Asked){ PUT("a") };
        ask_all(asked, ARRAY_SIZE(asked)); /* the first, STORE_GROUP_MAX more, and the last */

        ck_assert_int_eq(n_commits, 3);
}
END_TEST

START_TEST(after_a_failure_of_the_disk_the_connection_is_made_anew)
{
        Asked asked = { PUT("a"), .ends = STORE_E_IO };

        ask(&asked);

        ck_assert_int_eq(asked.r, STORE_E_IO);
        ck_assert_int_eq(n_reopened, 1);
        assert_holds("");
        asked.ends = 0;
        ask(&asked);
        ck_assert_int_eq(asked.r, 0);
        ck_assert_int_eq(n_reopened, 1);
        assert_holds("a");
}
END_TEST

START_TEST(a_connection_that_cannot_be_had_is_tried_again)
{
        Asked asked[] = { { PUT("a"), .ends = STORE_E_IO }, { PUT("b") }, { PUT("c") } };

        reopening = STORE_E_IO;
        ask_all(asked, ARRAY_SIZE(asked));

        for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
                ck_assert_int_eq(asked[i].r, STORE_E_IO);
        ck_assert_ptr_nonnull(strstr(asked[1].error.text, "is gone"));
        ck_assert_ptr_nonnull(strstr(asked[2].error.text, "is gone"));

        reopening = 0;
        ask(&asked[1]);
        ck_assert_int_eq(asked[1].r, 0);
        assert_holds("b");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("store-group");
        TCase *tcase = tcase_create("changes");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, nobody_is_waited_for_longer_than_a_moment);
        tcase_add_test(tcase, many_that_follow_each_other_run_once_each);
        tcase_add_test(tcase, a_single_change_is_a_transaction);
        tcase_add_test(tcase, a_single_failure_changes_nothing);
        tcase_add_test(tcase, changes_that_come_meanwhile_share_a_transaction);
        tcase_add_test(tcase, one_that_fails_undoes_itself_alone);
        tcase_add_test(tcase, one_that_fails_before_it_changes_anything_disturbs_nobody);
        tcase_add_test(tcase, a_failure_of_the_disk_fails_all);
        tcase_add_test(tcase, one_too_large_for_the_disk_fails_alone);
        tcase_add_test(tcase, no_transaction_has_more_changes_than_it_may);
        tcase_add_test(tcase, after_a_failure_of_the_disk_the_connection_is_made_anew);
        tcase_add_test(tcase, a_connection_that_cannot_be_had_is_tried_again);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
