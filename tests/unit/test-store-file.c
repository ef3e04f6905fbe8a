/* SPDX-License-Identifier: MIT */

/* Opening: what is created, kept, brought up to date, and refused. */

#include "nameserver/store.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u

/* Opens the file, expects an outcome, and closes it again. */
static void assert_opens(const char *path, int expected, const char *says)
{
        CLEANUP(store_closep) Store *store = NULL;
        ErrorText error = { "" };
        int r = store_open(path, &store, &error);

        ck_assert_msg(r == expected, "got %d: %s", r, error.text);
        if (expected) {
                ck_assert_ptr_null(store);
                ck_assert_msg(strstr(error.text, says), "%s", error.text);
        }
}

static void execute(const char *name, const char *sql)
{
        sqlite3 *db;

        ck_assert_int_eq(sqlite3_open(scratch_path(name), &db), SQLITE_OK);
        ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
                      sqlite3_errmsg(db));
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
        ck_assert_int_eq(chmod(scratch_path(name), 0600), 0);
}

static int64_t query(const char *name, const char *sql)
{
        sqlite3 *db;
        sqlite3_stmt *statement;
        int64_t value;

        ck_assert_int_eq(sqlite3_open(scratch_path(name), &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
        ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
        value = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
        return value;
}

static void fill(const char *name, size_t n)
{
        CLEANUP(store_closep) Store *store = NULL;
        StoreTerms terms = { .safe = true };
        char text[64];

        ck_assert_int_eq(store_open(scratch_path(name), &store, NULL), 0);
        for (size_t i = 0; i < n; i++) {
                StoreObject object = { .object = "o", .uri = "PYRO:o@h:1" };

                snprintf(text, sizeof(text), "some name with the number %zu", i);
                object.name = (StoreText){ text, strlen(text) };
                ck_assert_int_eq(store_register(store, &object, &terms, NULL), 0);
        }
}

START_TEST(a_new_database_is_private_and_marked_as_ours)
{
        struct stat st;

        assert_opens(scratch_path("ns.db"), 0, NULL);

        ck_assert_int_eq(stat(scratch_path("ns.db"), &st), 0);
        ck_assert_int_eq(st.st_mode & 07777, 0600);
        ck_assert_int_eq(query("ns.db", "PRAGMA application_id"), STORE_APPLICATION_ID);
        ck_assert_int_eq(query("ns.db", "PRAGMA user_version"), STORE_SCHEMA_VERSION);
}
END_TEST

START_TEST(an_empty_file_is_brought_up_to_date)
{
        scratch_write("ns.db", "");
        ck_assert_int_eq(query("ns.db", "PRAGMA user_version"), 0);

        assert_opens(scratch_path("ns.db"), 0, NULL);

        ck_assert_int_eq(query("ns.db", "PRAGMA user_version"), STORE_SCHEMA_VERSION);
}
END_TEST

START_TEST(a_key_that_stands_twice_is_damage)
{
        fill("ns.db", 3);
        execute("ns.db", "INSERT INTO objects SELECT 99, name, 'other', uri, owner, version,"
                         " created, ttl, bytes FROM objects WHERE id = 2");
        assert_opens(scratch_path("ns.db"), STORE_E_DAMAGED, "a name is there twice");

        execute("ns.db", "DELETE FROM objects WHERE id = 99");
        assert_opens(scratch_path("ns.db"), 0, NULL);

        execute("ns.db", "INSERT INTO endpoints (object, zone, path, port, natport)"
                         " VALUES (1, 'z', '/a', 0, 0), (1, 'z', '/b', 0, 0)");
        assert_opens(scratch_path("ns.db"), STORE_E_DAMAGED, "a zone of an object is there twice");
}
END_TEST

START_TEST(a_closed_database_needs_nothing_beside_it)
{
        fill("ns.db", 10);

        ck_assert_int_ne(access(scratch_path("ns.db-wal"), F_OK), 0);
        ck_assert_int_eq(query("ns.db", "SELECT count(*) FROM objects"), 10);
}
END_TEST

START_TEST(of_two_nameservers_one_is_refused)
{
        CLEANUP(store_closep) Store *store = NULL;

        ck_assert_int_eq(store_open(scratch_path("ns.db"), &store, NULL), 0);
        ck_assert_int_eq(symlink(scratch_dir, scratch_path("again")), 0);

        assert_opens(scratch_path("ns.db"), STORE_E_IN_USE, "another nameserver");
        assert_opens(scratch_path("again/ns.db"), STORE_E_IN_USE, "another nameserver");
        store = store_close(store);
        assert_opens(scratch_path("ns.db"), 0, NULL);
}
END_TEST

START_TEST(the_lock_of_a_killed_nameserver_is_gone)
{
        int ready[2];
        int status;
        char byte;
        pid_t pid;

        ck_assert_int_eq(pipe(ready), 0);
        pid = fork();
        if (pid == 0) {
                Store *store;

                if (store_open(scratch_path("ns.db"), &store, NULL) == 0)
                        (void)!write(ready[1], "r", 1);
                pause();
        }
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
        assert_opens(scratch_path("ns.db"), STORE_E_IN_USE, "another nameserver");
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);

        assert_opens(scratch_path("ns.db"), 0, NULL);
}
END_TEST

START_TEST(a_newer_schema_is_refused_and_left_alone)
{
        fill("ns.db", 3);
        execute("ns.db", "PRAGMA user_version = 1000");

        assert_opens(scratch_path("ns.db"), STORE_E_NEWER, "newer nameserver (schema 1000");

        ck_assert_int_eq(query("ns.db", "PRAGMA user_version"), 1000);
        ck_assert_int_eq(query("ns.db", "SELECT count(*) FROM objects"), 3);
}
END_TEST

START_TEST(another_programs_database_is_refused_and_left_alone)
{
        execute("other.db", "CREATE TABLE t (a); PRAGMA application_id = 7");
        execute("plain.db", "CREATE TABLE t (a)");

        assert_opens(scratch_path("other.db"), STORE_E_FOREIGN, "another program");
        assert_opens(scratch_path("plain.db"), STORE_E_FOREIGN, "another program");

        ck_assert_int_eq(query("plain.db", "SELECT count(*) FROM sqlite_schema"), 1);
        ck_assert_int_eq(query("plain.db", "PRAGMA application_id"), 0);
}
END_TEST

START_TEST(a_file_that_is_no_database_is_refused)
{
        scratch_write("ns.db", "These are the notes of somebody who would miss them, and they are "
                               "longer than the header of a database, which has 100 bytes.\n");

        assert_opens(scratch_path("ns.db"), STORE_E_FOREIGN, "not a database");
}
END_TEST

typedef struct Contents Contents;

struct Contents {
        uint8_t bytes[1024 * 1024];
        size_t n;
};

static void load(const char *name, Contents *ret)
{
        FILE *file = fopen(scratch_path(name), "rbe");

        ck_assert_ptr_nonnull(file);
        ret->n = fread(ret->bytes, 1, sizeof(ret->bytes), file);
        fclose(file);
        ck_assert_uint_lt(ret->n, sizeof(ret->bytes));
}

static void save(const char *name, const Contents *contents)
{
        FILE *file = fopen(scratch_path(name), "wbe");

        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(fchmod(fileno(file), 0600), 0);
        ck_assert_uint_eq(fwrite(contents->bytes, 1, contents->n, file), contents->n);
        ck_assert_int_eq(fclose(file), 0);
}

/* A copy of a file with one page overwritten. */
static void copy_damaged(const char *from, const char *to, size_t page)
{
        static Contents contents;

        load(from, &contents);
        ck_assert_uint_le((page + 1) * PAGE, contents.n);
        memset(contents.bytes + page * PAGE, 0xa5, PAGE);
        save(to, &contents);
}

START_TEST(a_page_of_garbage_is_noticed_wherever_it_is)
{
        size_t n_pages;

        fill("ns.db", 300);
        ck_assert_int_eq(query("ns.db", "PRAGMA page_size"), PAGE);
        n_pages = (size_t)query("ns.db", "PRAGMA page_count");
        ck_assert_uint_gt(n_pages, 10);

        copy_damaged("ns.db", "first.db", 0);
        assert_opens(scratch_path("first.db"), STORE_E_FOREIGN, "not a database");
        for (size_t page = 1; page < n_pages; page++) {
                copy_damaged("ns.db", "damaged.db", page);
                assert_opens(scratch_path("damaged.db"), STORE_E_DAMAGED, "damaged.db: ");
        }
}
END_TEST

/* Objects with all that they may have. */
static void fill_richly(const char *name, size_t n)
{
        static const char *const zones[] = { "here", "there" };
        CLEANUP(store_closep) Store *store = NULL;
        StoreTerms terms = { .safe = true };
        char text[64], path[64];

        ck_assert_int_eq(store_open(scratch_path(name), &store, NULL), 0);
        for (size_t i = 0; i < n; i++) {
                StoreText tags[] = { { "type:solver", 11 }, { path, 8 } };
                StoreEndpoint endpoints[] = {
                        { .zone = zones[0], .path = path },
                        { .zone = zones[1], .host = "far", .port = 7, .ssh = "me@far" },
                };
                StoreObject object = {
                        .object = "object_1",
                        .uri = "PYRO:object_1@./u:/run/x",
                        .owner = 1000,
                        .tags = tags,
                        .n_tags = ARRAY_SIZE(tags),
                        .endpoints = endpoints,
                        .n_endpoints = ARRAY_SIZE(endpoints),
                };

                snprintf(text, sizeof(text), "solver %zu", i);
                snprintf(path, sizeof(path), "/run/%04zu.sock", i);
                object.name = (StoreText){ text, strlen(text) };
                ck_assert_int_eq(store_register(store, &object, &terms, NULL), 0);
        }
}

static void add_text(uint64_t *hash, const char *text, size_t n)
{
        *hash = (*hash ^ store_tag_hash((StoreText){ text, n })) * 0x100000001b3u;
}

/* All that a store tells about an object. */
static void add_object(uint64_t *hash, const StoreObject *object)
{
        add_text(hash, object->name.at, object->name.n);
        add_text(hash, object->object, strlen(object->object));
        add_text(hash, object->uri, strlen(object->uri));
        *hash = (*hash ^ object->owner ^ (uint64_t)object->version) * 0x100000001b3u;
        for (size_t i = 0; i < object->n_tags; i++)
                add_text(hash, object->tags[i].at, object->tags[i].n);
        for (size_t i = 0; i < object->n_endpoints; i++) {
                const StoreEndpoint *endpoint = &object->endpoints[i];
                const char *const texts[] = { endpoint->zone, endpoint->path, endpoint->host,
                                              endpoint->nathost, endpoint->ssh };

                *hash = (*hash ^ endpoint->port ^ endpoint->natport) * 0x100000001b3u;
                for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
                        add_text(hash, texts[k], texts[k] ? strlen(texts[k]) : 0);
        }
}

/* The answers to all questions, or 0 where the store is refused, at the start or by a question. */
static uint64_t answers(const char *name, size_t n)
{
        CLEANUP(store_closep) Store *store = NULL;
        CLEANUP(store_reader_freep) StoreReader *reader = NULL;
        StoreQuery all = { .kind = STORE_ALL };
        const StoreObject *object;
        uint64_t hash = 1;
        size_t n_listed;
        char text[64];
        int r;

        if (store_open(scratch_path(name), &store, NULL) ||
            store_reader_new(store, &reader, NULL) ||
            store_reader_begin(reader, &all, STORE_WITH_TAGS | STORE_WITH_ENDPOINTS, &n_listed,
                               NULL))
                return 0;
        while ((r = store_reader_next(reader, &object, NULL)) == 0)
                add_object(&hash, object);
        if (r != STORE_E_NOT_FOUND)
                return 0;
        for (size_t i = 0; i < n; i++) {
                snprintf(text, sizeof(text), "solver %zu", i);
                r = store_reader_find(reader, (StoreText){ text, strlen(text) },
                                      STORE_WITH_TAGS | STORE_WITH_ENDPOINTS, &object, NULL);
                if (r)
                        return r == STORE_E_NOT_FOUND ? 2 : 0;
                add_object(&hash, object);
        }
        return hash ^ n_listed;
}

#define RICH        40u /* objects */
#define FLIPS       24u /* of each page; $STORE_FLIPS are others */
#define FLIP_STRIDE 1021u

START_TEST(no_flipped_bit_makes_a_wrong_answer)
{
        static Contents contents;
        const char *flips = getenv("STORE_FLIPS");
        size_t n_flips = flips ? strtoul(flips, NULL, 10) : FLIPS;
        uint64_t expected;
        size_t n_refused = 0;

        fill_richly("ns.db", RICH);
        expected = answers("ns.db", RICH);
        ck_assert_uint_gt(expected, 2);
        load("ns.db", &contents);
        ck_assert_uint_gt(contents.n / PAGE, 8);

        for (size_t i = 0; i < contents.n / PAGE * n_flips; i++) {
                size_t at = i / n_flips * PAGE + i * FLIP_STRIDE % PAGE;
                uint8_t bit = (uint8_t)(1u << (i % 8));
                uint64_t got;

                contents.bytes[at] ^= bit;
                save("flipped.db", &contents);
                contents.bytes[at] ^= bit;
                got = answers("flipped.db", RICH);
                ck_assert_msg(got == expected || got == 0, "byte %zu, bit %u", at, bit);
                n_refused += got == 0;
        }
        ck_assert_uint_gt(n_refused, 0);
}
END_TEST

START_TEST(a_file_cut_short_is_noticed)
{
        fill("ns.db", 300);
        ck_assert_int_eq(truncate(scratch_path("ns.db"), 5 * PAGE), 0);

        assert_opens(scratch_path("ns.db"), STORE_E_DAMAGED, "ns.db: ");
}
END_TEST

START_TEST(a_missing_directory_is_named)
{
        assert_opens(scratch_path("none/ns.db"), STORE_E_IO, "none");
        assert_opens(scratch_path(""), STORE_E_IO, "names no file");
}
END_TEST

START_TEST(a_directory_that_others_can_write_is_refused)
{
        ck_assert_int_eq(mkdir(scratch_path("open"), 0700), 0);
        ck_assert_int_eq(chmod(scratch_path("open"), 01777), 0);

        assert_opens(scratch_path("open/ns.db"), STORE_E_UNSAFE, "others can write");
}
END_TEST

START_TEST(a_file_that_others_can_write_is_refused)
{
        scratch_write("ns.db", "");
        ck_assert_int_eq(chmod(scratch_path("ns.db"), 0620), 0);

        assert_opens(scratch_path("ns.db"), STORE_E_UNSAFE, "nobody else can write");
}
END_TEST

START_TEST(a_file_that_is_something_else_is_refused)
{
        ck_assert_int_eq(symlink("elsewhere", scratch_path("link.db")), 0);
        ck_assert_int_eq(mkfifo(scratch_path("fifo.db"), 0600), 0);
        ck_assert_int_eq(mkdir(scratch_path("dir.db"), 0700), 0);

        assert_opens(scratch_path("link.db"), STORE_E_UNSAFE, "symbolic link");
        assert_opens(scratch_path("fifo.db"), STORE_E_UNSAFE, "no file of ours");
        assert_opens(scratch_path("dir.db"), STORE_E_IO, "dir.db");
        ck_assert_int_ne(access(scratch_path("elsewhere"), F_OK), 0);
}
END_TEST

/* Another user opens a database that he may only read, in a directory he may only read. */
static int open_as_stranger(void *userdata)
{
        Store *store = NULL;
        ErrorText error = { "" };
        int r = store_open(userdata, &store, &error);

        return r == STORE_E_READONLY && strstr(error.text, "Permission denied") ? 0 : 1;
}

START_TEST(a_database_that_may_not_be_written_is_refused)
{
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s", scratch_path("ns.db"));
        fill("ns.db", 1);
        ck_assert_int_eq(chmod(scratch_dir, 0755), 0);

        ck_assert_int_eq(scratch_run_as(SCRATCH_STRANGER, open_as_stranger, path), 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/store-file");
        TCase *tests = tcase_create("store-file");

        tcase_add_checked_fixture(tests, scratch_setup, scratch_teardown);
        tcase_add_test(tests, a_new_database_is_private_and_marked_as_ours);
        tcase_add_test(tests, an_empty_file_is_brought_up_to_date);
        tcase_add_test(tests, a_key_that_stands_twice_is_damage);
        tcase_add_test(tests, a_closed_database_needs_nothing_beside_it);
        tcase_add_test(tests, of_two_nameservers_one_is_refused);
        tcase_add_test(tests, the_lock_of_a_killed_nameserver_is_gone);
        tcase_add_test(tests, a_newer_schema_is_refused_and_left_alone);
        tcase_add_test(tests, another_programs_database_is_refused_and_left_alone);
        tcase_add_test(tests, a_file_that_is_no_database_is_refused);
        tcase_add_test(tests, a_page_of_garbage_is_noticed_wherever_it_is);
        tcase_add_test(tests, no_flipped_bit_makes_a_wrong_answer);
        tcase_add_test(tests, a_file_cut_short_is_noticed);
        tcase_add_test(tests, a_missing_directory_is_named);
        tcase_add_test(tests, a_directory_that_others_can_write_is_refused);
        tcase_add_test(tests, a_file_that_others_can_write_is_refused);
        tcase_add_test(tests, a_file_that_is_something_else_is_refused);
        if (geteuid() == 0)
                tcase_add_test(tests, a_database_that_may_not_be_written_is_refused);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
