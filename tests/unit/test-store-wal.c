/* SPDX-License-Identifier: MIT */

#include "nameserver/store-wal.h"

#include "nameserver/store-db.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_FAILURE INT32_MAX

typedef ssize_t (*WriteFn)(int fd, const void *bytes, size_t n, off_t offset);

static StoreDb db; /* of the store; with a cache so small that its transactions write early */
static char path[PATH_MAX];
static WriteFn real_write;
static int n_writes; /* of logs, by any connection of this process */
static int fails_at; /* which of them fails, and all that follow */
static int fails_with;
static void (*before_write)(void);

/* What SQLite calls instead of pwrite(). A disk that becomes full takes a part of the last one. */
static ssize_t write_or_fail(int fd, const void *bytes, size_t n, off_t offset)
{
        char link[64], name[PATH_MAX];
        ssize_t n_name;

        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n_name = readlink(link, name, sizeof(name));
        if (n_name < 4 || memcmp(name + n_name - 4, "-wal", 4) != 0)
                return real_write(fd, bytes, n, offset);
        n_writes++;
        if (before_write)
                before_write();
        if (n_writes == fails_at && n > 1)
                return real_write(fd, bytes, n / 2, offset);
        if (n_writes < fails_at)
                return real_write(fd, bytes, n, offset);
        errno = fails_with;
        return -1;
}

static void watch_writes(void)
{
        static const char *const names[] = { "pwrite", "pwrite64" };
        sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                sqlite3_syscall_ptr found = vfs->xGetSystemCall(vfs, names[i]);

                if (!found)
                        continue;
                real_write = (WriteFn)(void *)found;
                ck_assert_int_eq(vfs->xSetSystemCall(vfs, names[i],
                                                     (sqlite3_syscall_ptr)(void *)write_or_fail),
                                 SQLITE_OK);
        }
        ck_assert_ptr_nonnull(real_write);
}

static int run(const char *sql)
{
        return sqlite3_exec(db.sqlite, sql, NULL, NULL, NULL);
}

static void must(const char *sql)
{
        ck_assert_msg(run(sql) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db.sqlite));
}

static void setup(void)
{
        scratch_setup();
        (void)snprintf(path, sizeof(path), "%s", scratch_path("db"));
        n_writes = 0;
        fails_at = NO_FAILURE;
        ck_assert_int_eq(store_db_open(&db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE), 0);
        watch_writes();
        must("PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; PRAGMA cache_size = 5;"
             "CREATE TABLE t (n INTEGER PRIMARY KEY, what BLOB)");
        n_writes = 0;
}

static void teardown(void)
{
        store_db_close(&db);
        scratch_teardown();
}

/* -- what is where ---------------------------------------------------------------------------- */

static const char sum[] = "SELECT count(*) || ' ' || total(n) || ' ' || total(length(what)) || ' '"
                          " || coalesce(hex(max(what)), '') FROM t";

static char *sum_by(StoreDb *connection)
{
        char *text = NULL;

        ck_assert_int_eq(store_db_query_text(connection, sum, &text), 0);
        return text;
}

static void copy(const char *suffix)
{
        char from[PATH_MAX + 8], to[PATH_MAX + 16];
        struct stat st;
        int in, out;

        (void)snprintf(from, sizeof(from), "%s%s", path, suffix);
        (void)snprintf(to, sizeof(to), "%s-copy%s", path, suffix);
        in = open(from, O_RDONLY | O_CLOEXEC);
        out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ck_assert(in >= 0 && out >= 0 && fstat(in, &st) == 0);
        for (off_t at = 0; at < st.st_size;)
                ck_assert_int_gt(sendfile(out, in, &at, (size_t)(st.st_size - at)), 0);
        close(in);
        close(out);
}

/* What a nameserver would find that begins after this process was killed now. */
static void assert_files_hold(const char *expected)
{
        CLEANUP(freep) char *found = NULL;
        CLEANUP(freep) char *soundness = NULL;
        char name[PATH_MAX + 16];
        StoreDb other = { 0 };

        (void)snprintf(name, sizeof(name), "%s-copy", path);
        copy("");
        copy("-wal");
        ck_assert_int_eq(store_db_open(&other, name, SQLITE_OPEN_READWRITE), 0);
        ck_assert_int_eq(store_db_query_text(&other, "PRAGMA integrity_check", &soundness), 0);
        ck_assert_str_eq(soundness, "ok");
        found = sum_by(&other);
        ck_assert_str_eq(found, expected);
        store_db_close(&other); /* removes its log */
}

static void assert_all_is_in_the_files(void)
{
        CLEANUP(freep) char *expected = sum_by(&db);

        assert_files_hold(expected);
}

/* -- tests ------------------------------------------------------------------------------------ */

#define NUMBERS(to)                                                                                \
        "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < " to ") "
#define PUT(to) NUMBERS(to) "INSERT INTO t (what) SELECT randomblob(3000) FROM s;"

START_TEST(a_commit_is_one_write)
{
        must("BEGIN; INSERT INTO t (what) VALUES (zeroblob(9000));"
             "INSERT INTO t (what) VALUES (zeroblob(4000)); COMMIT");

        ck_assert_int_eq(n_writes, 1);
        assert_all_is_in_the_files();
}
END_TEST

/* Logs that begin anew, transactions of several writes, pages that are written twice, what was
 * undone. */
START_TEST(what_was_committed_is_in_the_files)
{
        must("PRAGMA wal_autocheckpoint = 30");
        for (int i = 0; i < 25; i++) {
                must("INSERT INTO t (what) VALUES (randomblob(100))");
                assert_all_is_in_the_files();
                must("BEGIN;" PUT(
                        "40") "UPDATE t SET what = randomblob(3001) WHERE n % 7 = 1;"
                              "SAVEPOINT one;" PUT(
                                      "20") "ROLLBACK TO one;"
                                            "UPDATE t SET what = randomblob(50) WHERE n % 5 = 2;"
                                            "COMMIT");
                assert_all_is_in_the_files();
                must("BEGIN;" PUT("30") "DELETE FROM t WHERE n % 3 = 0; ROLLBACK");
                assert_all_is_in_the_files();
        }
        ck_assert_int_gt(n_writes, 0);
}
END_TEST

START_TEST(what_waits_is_read_by_its_transaction)
{
        CLEANUP(freep) char *before = NULL;
        CLEANUP(freep) char *after = NULL;

        must("BEGIN;" PUT("100"));
        before = sum_by(&db);
        must("COMMIT");

        after = sum_by(&db);
        ck_assert_str_eq(before, after);
        assert_files_hold(after);
}
END_TEST

static StoreDb reader;
static int64_t n_seen;

static void look(void)
{
        int64_t n;

        ck_assert_int_eq(store_db_query_int(&reader, "SELECT count(*) FROM t", &n), 0);
        ck_assert_int_eq(n, n_seen);
}

START_TEST(nobody_sees_what_is_not_written)
{
        ck_assert_int_eq(store_db_open(&reader, path, SQLITE_OPEN_READONLY), 0);
        before_write = look;
        for (n_seen = 0; n_seen < 200; n_seen += 50) {
                n_writes = 0;
                must(PUT("50"));
                ck_assert_int_gt(n_writes, 0);
        }
        before_write = NULL;

        look();
        store_db_close(&reader);
}
END_TEST

static const struct {
        int error;
        int result;
} failures[] = {
        { ENOSPC, SQLITE_FULL },
        { EIO, SQLITE_IOERR_WRITE },
};

#define WRITES 8 /* of which each fails once */

/* In each of its writes. */
START_TEST(what_cannot_be_written_is_not_committed)
{
        CLEANUP(freep) char *before = NULL;
        bool has_failed;
        int result;

        must(PUT("10"));
        before = sum_by(&db);
        n_writes = 0;
        fails_with = failures[_i / WRITES].error;
        fails_at = _i % WRITES + 1;

        result = run("BEGIN;" PUT(
                "100") "UPDATE t SET what = randomblob(3000) WHERE n % 3 = 0;" PUT("100") "COMMIT");
        has_failed = n_writes >= fails_at;
        fails_at = NO_FAILURE;

        ck_assert(has_failed);
        ck_assert_int_eq(result, failures[_i / WRITES].result);
        (void)run("ROLLBACK"); /* most failures have done that */
        assert_files_hold(before);
        must(PUT("100"));
        assert_all_is_in_the_files();
}
END_TEST

/* SQLite undoes no more than the statement then, and the pages of the others are lost. */
START_TEST(what_was_lost_is_not_committed_by_the_rest)
{
        CLEANUP(freep) char *before = sum_by(&db);

        must("BEGIN;" PUT("30"));
        n_writes = 0;
        fails_at = 1;
        fails_with = ENOSPC;
        ck_assert_int_eq(run(PUT("200")), SQLITE_FULL);
        fails_at = NO_FAILURE;

        ck_assert_int_ne(run("COMMIT"), SQLITE_OK);

        (void)run("ROLLBACK");
        assert_files_hold(before);
        must(PUT("100"));
        assert_all_is_in_the_files();
}
END_TEST

/* Else it would lie where somebody else has written meanwhile. */
START_TEST(what_was_rolled_back_is_never_written)
{
        StoreDb other = { 0 };
        int n;

        must("BEGIN;" PUT("25"));
        n_writes = 0;
        must("ROLLBACK");
        ck_assert_int_eq(store_db_open(&other, path, SQLITE_OPEN_READWRITE), 0);
        ck_assert_int_eq(store_db_execute(&other, PUT("60")), 0);
        n = n_writes;
        must("INSERT INTO t (what) VALUES ('a')");

        ck_assert_int_eq(n_writes, n + 1);
        assert_all_is_in_the_files();
        store_db_close(&other);
}
END_TEST

/* There SQLite writes the end of a commit after its sync. */
START_TEST(a_disk_with_torn_sectors_is_left_to_sqlite)
{
        char uri[PATH_MAX + 32];

        store_db_close(&db);
        (void)snprintf(uri, sizeof(uri), "file:%s?psow=0", path);
        ck_assert_int_eq(sqlite3_open_v2(uri, &db.sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI,
                                         store_wal_vfs()),
                         SQLITE_OK);
        must("PRAGMA synchronous = FULL; INSERT INTO t (what) VALUES (zeroblob(9000))");

        ck_assert_int_gt(n_writes, 4);
        assert_all_is_in_the_files();
}
END_TEST

/* -- bytes ------------------------------------------------------------------------------------ */

#define FAR 16777216 /* an offset far behind what SQLite has written */

static sqlite3_file *log_file(void)
{
        sqlite3_file *file = NULL;

        must("INSERT INTO t (what) VALUES ('a')");
        ck_assert_int_eq(
                sqlite3_file_control(db.sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file),
                SQLITE_OK);
        ck_assert_ptr_nonnull(file);
        n_writes = 0;
        return file;
}

static void put(sqlite3_file *file, const char *bytes, sqlite3_int64 offset)
{
        ck_assert_int_eq(file->pMethods->xWrite(file, bytes, (int)strlen(bytes), offset),
                         SQLITE_OK);
}

static void assert_reads(sqlite3_file *file, const char *expected, sqlite3_int64 offset)
{
        char bytes[32] = "";

        ck_assert_int_eq(file->pMethods->xRead(file, bytes, (int)strlen(expected), offset),
                         SQLITE_OK);
        ck_assert_str_eq(bytes, expected);
}

START_TEST(bytes_are_read_where_they_wait_and_where_they_are)
{
        sqlite3_file *file = log_file();

        put(file, "abc", FAR);
        put(file, "def", FAR + 3);
        assert_reads(file, "cd", FAR + 2);
        ck_assert_int_eq(n_writes, 0);
        put(file, "CDE", FAR + 2); /* does not continue */
        ck_assert_int_eq(n_writes, 1);
        assert_reads(file, "CDE", FAR + 2);
        assert_reads(file, "ab", FAR);
        ck_assert_int_eq(n_writes, 1);
        assert_reads(file, "abCDEf", FAR); /* in both */
        ck_assert_int_eq(n_writes, 2);
}
END_TEST

START_TEST(size_and_truncation_count_what_waits)
{
        sqlite3_file *file = log_file();
        sqlite3_int64 size;

        put(file, "abc", FAR);
        ck_assert_int_eq(file->pMethods->xFileSize(file, &size), SQLITE_OK);
        ck_assert_int_eq(size, FAR + 3);
        put(file, "def", FAR + 3);
        ck_assert_int_eq(file->pMethods->xTruncate(file, FAR + 4), SQLITE_OK);
        ck_assert_int_eq(file->pMethods->xFileSize(file, &size), SQLITE_OK);
        ck_assert_int_eq(size, FAR + 4);
}
END_TEST

START_TEST(no_more_waits_than_may)
{
        CLEANUP(freep) char *bytes = calloc(1, STORE_WAL_GATHER_MAX + 1);
        sqlite3_file *file = log_file();

        ck_assert_ptr_nonnull(bytes);
        ck_assert_int_eq(file->pMethods->xWrite(file, bytes, STORE_WAL_GATHER_MAX - 1, FAR),
                         SQLITE_OK);
        put(file, "a", FAR + STORE_WAL_GATHER_MAX - 1);
        ck_assert_int_eq(n_writes, 0);
        put(file, "b", FAR + STORE_WAL_GATHER_MAX);
        ck_assert_int_eq(n_writes, 1);
        ck_assert_int_eq(file->pMethods->xWrite(file, bytes, STORE_WAL_GATHER_MAX + 1,
                                                FAR + STORE_WAL_GATHER_MAX + 1),
                         SQLITE_OK);
        ck_assert_int_eq(n_writes, 3);
        assert_reads(file, "ab", FAR + STORE_WAL_GATHER_MAX - 1);
}
END_TEST

START_TEST(a_log_that_failed_says_so_until_the_lock_is_given_back)
{
        sqlite3_file *file = log_file();
        char byte;

        put(file, "abc", FAR);
        fails_at = 1;
        fails_with = EIO;
        ck_assert_int_eq(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_IOERR_WRITE);
        fails_at = NO_FAILURE;
        ck_assert_int_eq(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_IOERR_WRITE);
        ck_assert_int_eq(file->pMethods->xWrite(file, "d", 1, FAR + 3), SQLITE_IOERR_WRITE);
        ck_assert_int_eq(file->pMethods->xRead(file, &byte, 1, FAR), SQLITE_IOERR_WRITE);
        ck_assert_int_eq(file->pMethods->xRead(file, &byte, 1, 0), SQLITE_OK);

        must("BEGIN IMMEDIATE; ROLLBACK");

        ck_assert_int_eq(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
        must(PUT("10"));
        assert_all_is_in_the_files();
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("store-wal");
        TCase *tcase = tcase_create("wal");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_commit_is_one_write);
        tcase_add_test(tcase, what_was_committed_is_in_the_files);
        tcase_add_test(tcase, what_waits_is_read_by_its_transaction);
        tcase_add_test(tcase, nobody_sees_what_is_not_written);
        tcase_add_loop_test(tcase, what_cannot_be_written_is_not_committed, 0,
                            WRITES * (int)ARRAY_SIZE(failures));
        tcase_add_test(tcase, what_was_lost_is_not_committed_by_the_rest);
        tcase_add_test(tcase, what_was_rolled_back_is_never_written);
        tcase_add_test(tcase, a_disk_with_torn_sectors_is_left_to_sqlite);
        tcase_add_test(tcase, bytes_are_read_where_they_wait_and_where_they_are);
        tcase_add_test(tcase, size_and_truncation_count_what_waits);
        tcase_add_test(tcase, no_more_waits_than_may);
        tcase_add_test(tcase, a_log_that_failed_says_so_until_the_lock_is_given_back);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
