/* SPDX-License-Identifier: MIT */

/*
 * Registers, replaces and removes names by several clients at once, kills the nameserver while they
 * do, and looks at what is there after the next start.
 *
 *      nameserver-churn NAMESERVER DIRECTORY ROUNDS SECONDS NAMES [CUT]
 *      nameserver-churn shutdown DIRECTORY
 *
 * Each round starts NAMESERVER on DIRECTORY/ns.db, where NAMES more names lie that nobody touches.
 * What was acknowledged must be there as it was acknowledged; what was under way is there whole or
 * not at all. Then the clients go on, until the nameserver is killed at some moment: with kill -9,
 * or by the program CUT, which gets its process id and ends it in a way of its own. Stops after
 * ROUNDS rounds, or SECONDS.
 *
 * The last line is "acknowledged N lost N undone N rounds N restart_p99_ms N": registrations that
 * are lost, removals that are undone. The exit status is 1 if there are any.
 *
 * "shutdown" cuts the ext4 file system of DIRECTORY off from its disk, as if the power went: what
 * was not yet written is never written.
 */

#include "base/defs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pyrope/pyrope.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>

#define CLIENTS      4u
#define NAMES        40u /* of each client, which nobody else touches */
#define CHURN_MAX_MS 60u
#define FULL_ROUNDS  100u /* so often all names are looked at */
#define PREFIX_FIRST 10u  /* those that begin with 1 */
#define REGEX_FIRST  20u  /* those that begin with 2 */
#define TEN          10u
#define BROKEN       UINT32_MAX /* in the place of a value: what is there is none of ours */

#define EXT4_SHUTDOWN         _IOR('X', 125, uint32_t) /* EXT4_IOC_SHUTDOWN, which no header has */
#define EXT4_SHUTDOWN_NO_SYNC 2u                       /* not even the journal's commit */

typedef struct Names Names;
typedef struct Client Client;

/* What each name stands for: a number that is in its URI and its tag; 0: it is not there. */
struct Names {
        uint32_t value[NAMES];
};

struct Client {
        pthread_t thread;
        unsigned number;
        unsigned random;
        uint32_t last; /* value given */
        Names now;     /* as acknowledged */
        Names after;   /* if what is under way happens */
        bool is_under_way;
        uint64_t n_acknowledged;
};

static const char *program;
static const char *directory;
static const char *cut;
static char uri[4096];
static pyrope_context *context;
static Client clients[CLIENTS];
static unsigned n_rest; /* names that nobody touches */
static unsigned n_lost, n_undone;

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        (void)vfprintf(stderr, format, arguments);
        va_end(arguments);
        (void)fputc('\n', stderr);
        exit(2);
}

static int64_t now_ms(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -- the nameserver --------------------------------------------------------------------------- */

static pid_t spawn(int stdout_fd, const char *const *arguments)
{
        pid_t pid = fork();

        if (pid < 0)
                die("fork: %s", strerror(errno));
        if (pid > 0)
                return pid;
        if (stdout_fd >= 0)
                (void)dup2(stdout_fd, STDOUT_FILENO);
        (void)execv(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
}

static pid_t start(int *ret_stdout)
{
        char database[4096], socket[4096];
        const char *arguments[] = { program, "--database", database, "--socket", socket, NULL };
        char line[4096];
        size_t n = 0;
        pid_t pid;
        int fds[2];

        (void)snprintf(database, sizeof(database), "%s/ns.db", directory);
        (void)snprintf(socket, sizeof(socket), "%s/ns.sock", directory);
        if (pipe2(fds, O_CLOEXEC) < 0)
                die("pipe: %s", strerror(errno));
        pid = spawn(fds[1], arguments);
        (void)close(fds[1]);
        while (n + 1 < sizeof(line) && read(fds[0], line + n, 1) == 1 && line[n] != '\n')
                n++;
        line[n] = '\0';
        if (strncmp(line, "READY ", 6) != 0)
                die("the nameserver does not start");
        (void)snprintf(uri, sizeof(uri), "%s", line + 6);
        *ret_stdout = fds[0];
        return pid;
}

static void end(pid_t pid)
{
        char number[16];
        const char *arguments[] = { cut, number, NULL };
        int status;

        (void)snprintf(number, sizeof(number), "%d", (int)pid);
        if (!cut) {
                (void)kill(pid, SIGKILL);
        } else {
                pid_t cutter = spawn(-1, arguments);

                if (waitpid(cutter, &status, 0) < 0 || status != 0)
                        die("%s failed", cut);
        }
        if (waitpid(pid, &status, 0) < 0)
                die("waitpid: %s", strerror(errno));
}

/* -- clients ---------------------------------------------------------------------------------- */

static pyrope_proxy *connect_to(void)
{
        pyrope_proxy *proxy = NULL;

        (void)pyrope_proxy_new(context, uri, 0, &proxy, NULL); /* NULL: it was killed already */
        return proxy;
}

static pyrope_status put(pyrope_proxy *proxy, Client *client, unsigned i, pyrope_error **error)
{
        char name[32], location[64], tag[32];

        client->after.value[i] = ++client->last;
        (void)snprintf(name, sizeof(name), "w%u.%02u", client->number, i);
        (void)snprintf(location, sizeof(location), "PYRO:o%u@h:1", client->last);
        (void)snprintf(tag, sizeof(tag), "t%u", client->last);
        return pyrope_callf(proxy, "register", NULL, error, "ssb[s]", name, location, 0, tag);
}

static pyrope_status remove_one(pyrope_proxy *proxy, Client *client, unsigned i,
                                pyrope_error **error)
{
        char name[32];

        client->after.value[i] = 0;
        (void)snprintf(name, sizeof(name), "w%u.%02u", client->number, i);
        return pyrope_callf(proxy, "remove", NULL, error, "s", name);
}

static pyrope_status remove_ten(pyrope_proxy *proxy, Client *client, bool by_prefix,
                                pyrope_error **error)
{
        unsigned first = by_prefix ? PREFIX_FIRST : REGEX_FIRST;
        char text[32];

        for (unsigned i = first; i < first + TEN; i++)
                client->after.value[i] = 0;
        (void)snprintf(text, sizeof(text), by_prefix ? "w%u.1" : "w%u\\.2\\d$", client->number);
        if (by_prefix)
                return pyrope_callf(proxy, "remove", NULL, error, "ns", text);
        return pyrope_callf(proxy, "remove", NULL, error, "nns", text);
}

/* One more change. Returns whether it was acknowledged. */
static bool change(pyrope_proxy *proxy, Client *client)
{
        unsigned choice = (unsigned)rand_r(&client->random) % 100;
        unsigned i = (unsigned)rand_r(&client->random) % NAMES;
        pyrope_error *error = NULL;
        pyrope_status status;

        client->after = client->now;
        client->is_under_way = true;
        if (choice < 70)
                status = put(proxy, client, i, &error);
        else if (choice < 90)
                status = remove_one(proxy, client, i, &error);
        else
                status = remove_ten(proxy, client, choice < 95, &error);
        if (status == PYROPE_E_REMOTE && !cut)
                die("refused: %s", pyrope_error_text(error));
        pyrope_error_free(error);
        if (status)
                return false;
        client->is_under_way = false;
        client->now = client->after;
        client->n_acknowledged++;
        return true;
}

static void *client_main(void *userdata)
{
        Client *client = userdata;
        pyrope_proxy *proxy = connect_to();

        while (proxy && change(proxy, client)) {
        }
        pyrope_proxy_free(proxy);
        return NULL;
}

/* -- what is there ---------------------------------------------------------------------------- */

/* Text of a message is not terminated. */
static unsigned number_of(const char *text, size_t n)
{
        char digits[16];

        (void)snprintf(digits, sizeof(digits), "%.*s", (int)n, text);
        return (unsigned)strtoul(digits, NULL, 10);
}

static uint32_t value_of(pyrope_view entry)
{
        const char *location, *tag;
        size_t n_location, n_tag;
        char expected[64];
        unsigned value;

        if (pyrope_unpack(entry, NULL, "[s[s]]", &location, &n_location, &tag, &n_tag) || n_tag < 2)
                return BROKEN;
        value = number_of(tag + 1, n_tag - 1);
        (void)snprintf(expected, sizeof(expected), "PYRO:o%u@h:1", value);
        return n_location == strlen(expected) && memcmp(location, expected, n_location) == 0
                       ? value
                       : BROKEN;
}

static Names find(pyrope_proxy *proxy, unsigned number)
{
        Names found = { { 0 } };
        pyrope_value *list = NULL;
        pyrope_view name, entry;
        char prefix[32];
        const char *text;
        size_t n;

        (void)snprintf(prefix, sizeof(prefix), "w%u.", number);
        if (pyrope_callf(proxy, "list", &list, NULL, "snb", prefix, 1))
                die("no list");
        for (pyrope_iter it = pyrope_each(pyrope_value_view(list));
             pyrope_next(&it, &name, &entry);) {
                unsigned i = NAMES;

                if (pyrope_get_str(name, &text, &n) == PYROPE_OK && n == strlen(prefix) + 2)
                        i = number_of(text + strlen(prefix), 2);
                if (i >= NAMES)
                        die("a name that was never registered");
                found.value[i] = value_of(entry);
        }
        pyrope_value_free(list);
        return found;
}

static void count_wrong(const Client *client, const Names *found)
{
        for (unsigned i = 0; i < NAMES; i++) {
                if (found->value[i] == client->now.value[i] ||
                    (client->is_under_way && found->value[i] == client->after.value[i]))
                        continue;
                fprintf(stderr, "w%u.%02u: is %u, should be %u\n", client->number, i,
                        found->value[i], client->now.value[i]);
                if (client->now.value[i])
                        n_lost++;
                else
                        n_undone++;
        }
}

/* Each client by itself; the change that was under way has happened whole, or not. */
static void check_client(pyrope_proxy *proxy, Client *client)
{
        Names found = find(proxy, client->number);
        bool is_before = memcmp(&found, &client->now, sizeof(found)) == 0;
        bool is_after = client->is_under_way && memcmp(&found, &client->after, sizeof(found)) == 0;

        if (!is_before && !is_after) {
                unsigned n = n_lost + n_undone;

                count_wrong(client, &found);
                if (n_lost + n_undone == n) {
                        fprintf(stderr, "w%u: a removal happened by half\n", client->number);
                        n_undone++;
                }
        }
        client->now = found;
        client->is_under_way = false;
}

static void check_rest(pyrope_proxy *proxy)
{
        pyrope_value *list = NULL;
        size_t n;

        if (pyrope_callf(proxy, "list", &list, NULL, "s", "rest."))
                die("no list");
        n = pyrope_count(pyrope_value_view(list));
        if (n != n_rest) {
                fprintf(stderr, "%zu names of %u are left\n", n, n_rest);
                n_lost += n < n_rest ? n_rest - (unsigned)n : 1;
        }
        pyrope_value_free(list);
}

/* -- rounds ----------------------------------------------------------------------------------- */

static void *fill_main(void *userdata)
{
        Client *client = userdata;
        pyrope_proxy *proxy = connect_to();
        char name[32];

        for (unsigned i = client->number; i < n_rest; i += CLIENTS) {
                (void)snprintf(name, sizeof(name), "rest.%06u", i);
                if (!proxy || pyrope_callf(proxy, "register", NULL, NULL, "ss", name,
                                           "PYRO:rest@./u:/run/pyrope/rest.sock"))
                        die("the names cannot be registered");
        }
        pyrope_proxy_free(proxy);
        return NULL;
}

static void run_clients(void *(*fn)(void *userdata))
{
        for (unsigned i = 0; i < CLIENTS; i++)
                if (pthread_create(&clients[i].thread, NULL, fn, &clients[i]))
                        die("no thread");
}

static void join_clients(void)
{
        for (unsigned i = 0; i < CLIENTS; i++)
                (void)pthread_join(clients[i].thread, NULL);
}

/* Starts, and checks. Returns how long it took until the first answer. */
static int64_t begin_round(bool is_full, pid_t *ret_pid, int *ret_fd)
{
        int64_t began_ms = now_ms();
        pyrope_proxy *proxy;
        int64_t took_ms;

        *ret_pid = start(ret_fd);
        proxy = connect_to();
        if (!proxy || pyrope_callf(proxy, "ping", NULL, NULL, ""))
                die("no answer");
        took_ms = now_ms() - began_ms;
        for (unsigned i = 0; i < CLIENTS; i++)
                check_client(proxy, &clients[i]);
        if (is_full)
                check_rest(proxy);
        pyrope_proxy_free(proxy);
        return took_ms;
}

/* The moment is what is left to chance. */
static void let_them_work(void)
{
        static unsigned seed;
        const struct timespec time = {
                .tv_nsec = (long)((unsigned)rand_r(&seed) % (CHURN_MAX_MS * 1000)) * 1000
        };

        (void)nanosleep(&time, NULL);
}

static int compare(const void *left, const void *right)
{
        int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

        return (a > b) - (a < b);
}

static unsigned run_rounds(unsigned n_rounds, int64_t end_ms, int64_t *took_ms)
{
        unsigned n = 0;
        pid_t pid;
        int fd;

        for (; n < n_rounds && now_ms() < end_ms; n++) {
                took_ms[n] = begin_round(n % FULL_ROUNDS == 0, &pid, &fd);
                run_clients(client_main);
                let_them_work();
                end(pid);
                join_clients();
                (void)close(fd);
        }
        return n;
}

static void run(unsigned n_rounds, int64_t seconds)
{
        CLEANUP(freep) int64_t *took_ms = calloc(n_rounds, sizeof(*took_ms));
        uint64_t n_acknowledged = 0;
        unsigned n;
        pid_t pid;
        int fd;

        if (!took_ms)
                die("memory");
        pid = start(&fd);
        run_clients(fill_main);
        join_clients();
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        (void)close(fd);

        n = run_rounds(n_rounds, now_ms() + seconds * 1000, took_ms);
        (void)begin_round(/* is_full= */ true, &pid, &fd);
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        for (unsigned i = 0; i < CLIENTS; i++)
                n_acknowledged += clients[i].n_acknowledged;
        qsort(took_ms, n, sizeof(*took_ms), compare);
        printf("acknowledged %llu lost %u undone %u rounds %u restart_p99_ms %lld\n",
               (unsigned long long)n_acknowledged, n_lost, n_undone, n,
               n ? (long long)took_ms[n * 99 / 100] : -1);
}

static int shut_down(const char *path)
{
        uint32_t flag = EXT4_SHUTDOWN_NO_SYNC;
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || ioctl(fd, EXT4_SHUTDOWN, &flag) < 0)
                die("%s: %s", path, strerror(errno));
        (void)close(fd);
        return 0;
}

int main(int argc, char **argv)
{
        pyrope_options options = { 0 };

        if (argc == 3 && strcmp(argv[1], "shutdown") == 0)
                return shut_down(argv[2]);
        if (argc < 6)
                die("see the top of nameserver-churn.c");
        program = argv[1];
        directory = argv[2];
        n_rest = (unsigned)atoi(argv[5]);
        cut = argv[6];
        if (pyrope_context_new(&options, &context, NULL))
                die("no context");
        for (unsigned i = 0; i < CLIENTS; i++)
                clients[i] = (Client){ .number = i, .random = (unsigned)getpid() + i };
        run((unsigned)atoi(argv[3]), atoll(argv[4]));
        pyrope_context_free(context);
        return n_lost + n_undone > 0;
}
