/* SPDX-License-Identifier: MIT */

/*
 * The floor of a durable nameserver: sockets, SQLite, and nothing else. A message is a name in
 * BENCH_BYTES, its answer the URI.
 *
 *      bench-sqlite fill DATABASE N              makes a database of N names
 *      bench-sqlite serve DATABASE ADDRESS       a thread and a connection for each client;
 *                                                prints "READY ADDRESS"
 *      bench-sqlite autocommit DATABASE MS       prints registrations per second, each a
 *                                                transaction that is on the disk
 *      bench-sqlite MODE ...                     as a client, see bench.h
 */

#include "tests/bench/bench.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define URI "PYRO:obj_1@./u:/run/user/1000/pyrope/solver.sock"

static const char *database;

static void check(sqlite3 *sqlite, int is_good)
{
        if (!is_good)
                bench_die(database, sqlite3_errmsg(sqlite));
}

static void execute(sqlite3 *sqlite, const char *sql)
{
        check(sqlite, sqlite3_exec(sqlite, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3 *connect_to(int flags)
{
        sqlite3 *sqlite;

        check(sqlite,
              sqlite3_open_v2(database, &sqlite, flags | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK);
        return sqlite;
}

static sqlite3_stmt *prepare(sqlite3 *sqlite, const char *sql)
{
        sqlite3_stmt *statement;

        check(sqlite, sqlite3_prepare_v3(sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                                         NULL) == SQLITE_OK);
        return statement;
}

/* -- registrations ---------------------------------------------------------------------------- */

static sqlite3 *create(void)
{
        sqlite3 *sqlite = connect_to(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

        execute(sqlite, "PRAGMA journal_mode = WAL");
        execute(sqlite, "PRAGMA synchronous = FULL");
        execute(sqlite, "CREATE TABLE IF NOT EXISTS objects"
                        " (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, uri TEXT NOT NULL)");
        return sqlite;
}

static void insert(sqlite3 *sqlite, sqlite3_stmt *statement, const char *name)
{
        check(sqlite,
              sqlite3_bind_blob(statement, 1, name, (int)strlen(name), SQLITE_STATIC) == SQLITE_OK);
        check(sqlite, sqlite3_step(statement) == SQLITE_DONE);
        (void)sqlite3_reset(statement);
}

static int fill(unsigned n)
{
        sqlite3 *sqlite = create();
        sqlite3_stmt *statement =
                prepare(sqlite, "INSERT INTO objects (name, uri) VALUES (?1, '" URI "')");
        char name[BENCH_NAME_SIZE];

        execute(sqlite, "BEGIN");
        for (unsigned i = 0; i < n; i++) {
                bench_name(i, name);
                insert(sqlite, statement, name);
        }
        execute(sqlite, "COMMIT");
        (void)sqlite3_finalize(statement);
        (void)sqlite3_close(sqlite);
        return 0;
}

static int autocommit(int64_t ms)
{
        sqlite3 *sqlite = create();
        sqlite3_stmt *statement =
                prepare(sqlite, "INSERT INTO objects (name, uri) VALUES (?1, '" URI "')");
        int64_t began_ns, now_ns;
        unsigned n = 0;
        char name[64];

        /* A log that has its size already is faster than one that grows. */
        execute(sqlite, "CREATE TABLE IF NOT EXISTS large (bytes BLOB); INSERT INTO large"
                        " VALUES (zeroblob(8000000)); PRAGMA wal_checkpoint(RESTART)");
        began_ns = now_ns = bench_now_ns();
        for (; now_ns - began_ns < ms * 1000000; now_ns = bench_now_ns()) {
                (void)snprintf(name, sizeof(name), "new.%d.%u", (int)getpid(), n++);
                insert(sqlite, statement, name);
        }
        printf("%.0f\n", n * 1e9 / (double)(now_ns - began_ns));
        (void)sqlite3_finalize(statement);
        (void)sqlite3_close(sqlite);
        return 0;
}

/* -- lookups ---------------------------------------------------------------------------------- */

static void answer(sqlite3 *sqlite, sqlite3_stmt *statement, char message[BENCH_BYTES])
{
        size_t n = strnlen(message, BENCH_BYTES);
        const unsigned char *uri;

        check(sqlite, sqlite3_bind_blob(statement, 1, message, (int)n, SQLITE_STATIC) == SQLITE_OK);
        check(sqlite, sqlite3_step(statement) == SQLITE_ROW);
        uri = sqlite3_column_text(statement, 0);
        memset(message, 0, BENCH_BYTES);
        memcpy(message, uri, strnlen((const char *)uri, BENCH_BYTES));
        (void)sqlite3_reset(statement);
}

static void *thread_main(void *userdata)
{
        int fd = (int)(intptr_t)userdata;
        sqlite3 *sqlite = connect_to(SQLITE_OPEN_READONLY);
        sqlite3_stmt *statement = prepare(sqlite, "SELECT uri FROM objects WHERE name = ?1");
        char message[BENCH_BYTES];

        while (bench_receive(fd, message, sizeof(message))) {
                answer(sqlite, statement, message);
                bench_send(fd, message, sizeof(message));
        }
        (void)close(fd);
        (void)sqlite3_finalize(statement);
        (void)sqlite3_close(sqlite);
        return NULL;
}

static int serve(const char *where)
{
        char address[128];
        int listen_fd = bench_listen(where, address, sizeof(address));
        pthread_t thread;
        int fd;

        printf("READY %s\n", address);
        (void)fflush(stdout);
        while ((fd = accept(listen_fd, NULL, NULL)) >= 0)
                if (pthread_create(&thread, NULL, thread_main, (void *)(intptr_t)fd) ||
                    pthread_detach(thread))
                        bench_die("a thread", NULL);
        return 1;
}

static void *client_open(const char *address)
{
        int *fd = malloc(sizeof(*fd));

        if (!fd)
                bench_die("memory", NULL);
        *fd = bench_connect(address);
        return fd;
}

static void look_up(void *connection)
{
        const int fd = *(int *)connection;
        char message[BENCH_BYTES] = { 0 };

        bench_some_name(message);
        bench_send(fd, message, sizeof(message));
        if (!bench_receive(fd, message, sizeof(message)))
                bench_die("the server", "hung up");
}

int main(int argc, char **argv)
{
        static const BenchPeer peer = { .open = client_open, .echo = look_up };

        if (argc != 4)
                return bench_main(&peer, argc, argv);
        database = argv[2];
        if (strcmp(argv[1], "fill") == 0)
                return fill((unsigned)atol(argv[3]));
        if (strcmp(argv[1], "autocommit") == 0)
                return autocommit(atol(argv[3]));
        if (strcmp(argv[1], "serve") == 0)
                return serve(argv[3]);
        return bench_main(&peer, argc, argv);
}
