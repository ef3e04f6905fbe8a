/* SPDX-License-Identifier: MIT */

#include "jobman/job.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static Application applications[] = {
        { .name = "Two", .max_jobs = 2 },
        { .name = "One", .max_jobs = 1 },
};
static const Settings settings = { .applications = applications, .n_applications = 2 };
static JobTable table;

static void setup(void)
{
        job_table_init(&table, &settings, "/run/pyrope");
}

static void teardown(void)
{
        job_table_deinit(&table);
}

static Job *reserve(const Application *application)
{
        Job *job = NULL;

        ck_assert_int_eq(job_table_reserve(&table, application, "me", &job), 0);
        return job;
}

static void finish(Job *job)
{
        job_table_exited(&table, job, "exit status 0");
        job_table_unuse(&table, job);
        job_table_done(&table, job);
}

START_TEST(slots_are_taken_and_come_back)
{
        Job *first, *job;

        ck_assert_uint_eq(job_table_free_slots(&table, NULL), 3);
        first = reserve(&applications[0]);
        (void)reserve(&applications[0]);
        ck_assert_int_eq(job_table_reserve(&table, &applications[0], NULL, &job), JOB_E_FULL);
        ck_assert_uint_eq(job_table_free_slots(&table, &applications[0]), 0);
        ck_assert_uint_eq(job_table_free_slots(&table, NULL), 1);
        finish(first);
        ck_assert_uint_eq(job_table_free_slots(&table, &applications[0]), 1);
        (void)reserve(&applications[0]);
}
END_TEST

START_TEST(an_ending_job_keeps_its_slot_until_it_is_done)
{
        Job *job = reserve(&applications[1]), *other;

        ck_assert_int_eq(job_table_end(&table, job->info.id, "released"), 0);
        ck_assert_int_eq(job_table_reserve(&table, &applications[1], NULL, &other), JOB_E_FULL);
        ck_assert_int_eq(job_table_ready(&table, job), JOB_E_ENDED);
        finish(job);
        (void)reserve(&applications[1]);
}
END_TEST

START_TEST(the_first_reason_stays)
{
        Job *job = reserve(&applications[0]);
        JobInfo info;

        ck_assert_int_eq(job_table_ready(&table, job), 0);
        ck_assert_int_eq(job_table_end(&table, job->info.id, "released"), 0);
        ck_assert_int_eq(job_table_end(&table, job->info.id, "again"), 0);
        finish(job);
        ck_assert_int_eq(job_table_find(&table, job->info.id, &info), 0);
        ck_assert_str_eq(info.reason, "released");
        ck_assert_int_eq(info.state, JOB_DONE);
        ck_assert_int_eq(job_table_wait_done(&table, info.id, deadline_in(0)), 0);
}
END_TEST

START_TEST(ids_name_the_application_and_are_all_different)
{
        Job *one = reserve(&applications[0]), *two = reserve(&applications[0]);

        ck_assert_int_eq(strncmp(one->info.id, "Two-", 4), 0);
        ck_assert_uint_eq(strlen(one->info.id), 4 + JOB_RANDOM_CHARS);
        ck_assert_str_ne(one->info.id, two->info.id);
        ck_assert_ptr_nonnull(strstr(one->info.uri, one->info.socket));
}
END_TEST

START_TEST(unknown_jobs_are_told_so)
{
        JobInfo info;
        Job *job;

        ck_assert_int_eq(job_table_find(&table, "x", &info), JOB_E_NOT_FOUND);
        ck_assert_int_eq(job_table_end(&table, "x", "y"), JOB_E_NOT_FOUND);
        ck_assert_int_eq(job_table_use(&table, "x", &job), JOB_E_NOT_FOUND);
        ck_assert_int_eq(job_table_wait_done(&table, "x", DEADLINE_NONE), JOB_E_NOT_FOUND);
}
END_TEST

START_TEST(only_the_last_jobs_that_are_done_are_remembered)
{
        char first[JOB_ID_BYTES + 1];
        JobInfo info, *infos;
        size_t n, i;
        Job *job;

        for (i = 0; i < JOBS_DONE_MAX + 1; i++) {
                job = reserve(&applications[1]);
                if (i == 0)
                        memcpy(first, job->info.id, sizeof(first));
                finish(job);
        }
        infos = job_table_list(&table, &n);
        ck_assert_uint_eq(n, JOBS_DONE_MAX);
        free(infos);
        ck_assert_int_eq(job_table_find(&table, first, &info), JOB_E_NOT_FOUND);
}
END_TEST

enum { RACE_THREADS = 8, RACE_ROUNDS = 500 };

static int n_inside, n_inside_max;

/* Counts those who hold the only slot at once. */
static void *race(void *unused)
{
        Job *job;
        int i, n;

        (void)unused;
        for (i = 0; i < RACE_ROUNDS; i++) {
                if (job_table_reserve(&table, &applications[1], NULL, &job))
                        continue;
                n = __atomic_add_fetch(&n_inside, 1, __ATOMIC_SEQ_CST);
                if (n > __atomic_load_n(&n_inside_max, __ATOMIC_SEQ_CST))
                        __atomic_store_n(&n_inside_max, n, __ATOMIC_SEQ_CST);
                (void)__atomic_sub_fetch(&n_inside, 1, __ATOMIC_SEQ_CST);
                finish(job);
        }
        return NULL;
}

START_TEST(a_race_for_the_last_slot_has_one_winner)
{
        pthread_t threads[RACE_THREADS];
        int i;

        for (i = 0; i < RACE_THREADS; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, race, NULL), 0);
        for (i = 0; i < RACE_THREADS; i++)
                (void)pthread_join(threads[i], NULL);
        ck_assert_int_eq(n_inside_max, 1);
        ck_assert_uint_eq(job_table_free_slots(&table, &applications[1]), 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("job");
        TCase *tcase = tcase_create("job");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, slots_are_taken_and_come_back);
        tcase_add_test(tcase, an_ending_job_keeps_its_slot_until_it_is_done);
        tcase_add_test(tcase, the_first_reason_stays);
        tcase_add_test(tcase, ids_name_the_application_and_are_all_different);
        tcase_add_test(tcase, unknown_jobs_are_told_so);
        tcase_add_test(tcase, only_the_last_jobs_that_are_done_are_remembered);
        tcase_add_test(tcase, a_race_for_the_last_slot_has_one_winner);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
