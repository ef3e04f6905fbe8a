/* SPDX-License-Identifier: MIT */

/*
 * The methods, called over a socket as clients call them. What comes back is compared as Python
 * would print it; an exception as "NamingError: text".
 */

#include "tests/unit/nameserver-fixture.h"

#include "base/clock.h"
#include "proto/repr.h"
#include "proto/value.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void setup(void)
{
        nameserver_set_up();
        ck_assert_int_eq(nameserver_announce(&nameserver, own_uri, NULL), 0);
}

static void restart(void)
{
        nameserver_down();
        nameserver_up();
        ck_assert_int_eq(nameserver_announce(&nameserver, own_uri, NULL), 0);
}

/* "Pyro5.errors.NamingError" and a text as "NamingError: text". */
static void format_error(const pyrope_error *error, char *ret, size_t n_ret)
{
        const char *class_ = pyrope_error_class(error);
        const char *dot;

        ck_assert_msg(class_, "%s", pyrope_error_text(error));
        dot = strrchr(class_, '.');
        snprintf(ret, n_ret, "%s: %s", dot ? dot + 1 : class_, pyrope_error_text(error));
}

/* Calls with a packed list of arguments; the answer as text, good until the next call. */
static const char *call(const char *method, pyrope_writer *writer)
{
        static char text[8192];
        CLEANUP(pyrope_value_freep) pyrope_value *args = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *result = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        ConnCall conn_call = { .object = OWN, .method = method };
        pyrope_status status;

        ck_assert_int_eq(pyrope_writer_take(writer, &args, NULL), PYROPE_OK);
        conn_call.args = pyrope_value_view(args);
        status = conn_invoke(&conn, &conn_call, DEADLINE_NONE, &result, &error);
        if (status == PYROPE_OK)
                repr_format(pyrope_value_view(result), text, sizeof(text));
        else
                format_error(error, text, sizeof(text));
        return text;
}

static const char *answer(const char *method, const char *format, ...)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        va_list arguments;

        va_start(arguments, format);
        pyrope_vpack(writer, format, arguments);
        va_end(arguments);
        return call(method, writer);
}

#define EXPECT(expected, ...) ck_assert_str_eq(answer(__VA_ARGS__), (expected))
#define EXPECT_BEGINS(expected, ...)                                                               \
        do {                                                                                       \
                const char *given = answer(__VA_ARGS__);                                           \
                                                                                                   \
                ck_assert_msg(strncmp(given, expected, strlen(expected)) == 0, "%s", given);       \
        } while (0)
#define URI(object, host, port)                                                                    \
        "{'__class__': 'Pyro5.core.URI', 'state': ['PYRO', '" object "', None, '" host "', " port  \
        "]}"

/* Registers a, b and c with URIs of their own, and tags x; x, y; none. */
static void register_three(void)
{
        EXPECT("None", "register", "[s s b [s]]", "a", "PYRO:oa@h:1", 0, "x");
        EXPECT("None", "register", "[s s b [s s]]", "b", "PYRO:ob@h:2", 0, "x", "y");
        EXPECT("None", "register", "[s s]", "c", "PYRO:oc@h:3");
}

START_TEST(the_nameserver_knows_itself)
{
        char expected[2 * PATH_MAX];

        snprintf(expected, sizeof(expected),
                 "{'%s': ['%s', ['class:Pyro5.nameserver.NameServer']]}", OWN, own_uri);
        EXPECT("1", "count", "[]");
        EXPECT("None", "ping", "[]");
        EXPECT(expected, "list", "[n n b]", 1);
}
END_TEST

START_TEST(its_own_entry_can_be_neither_taken_nor_removed)
{
        EXPECT("NamingError: name is reserved: " OWN, "register", "[s s]", OWN, "PYRO:x@h:1");
        EXPECT("NamingError: name is reserved: " OWN, "register_endpoint", "[s s]", OWN,
               "PYRO:x@h:1");
        EXPECT("0", "remove", "[s]", OWN);
        EXPECT("0", "remove", "[n s]", "Pyro");
        EXPECT("0", "remove", "[n n s]", ".*");
        EXPECT("1", "count", "[]");
        /* As in Pyro5, this name counts as no filter. */
        EXPECT("None", "register", "[s s]", "a", "PYRO:o@h:1");
        EXPECT("1", "remove", "[s s]", OWN, "a");
}
END_TEST

START_TEST(a_registered_name_is_looked_up)
{
        EXPECT("None", "register", "[s s b [s]]", "a", "PYRO:o@h:1", 0, "t");

        EXPECT(URI("o", "h", "1"), "lookup", "[s]", "a");
        EXPECT("[" URI("o", "h", "1") ", ['t']]", "lookup", "[s b]", "a", 1);
        EXPECT("NamingError: unknown name: b", "lookup", "[s]", "b");
        EXPECT("TypeError: name must be a str", "lookup", "[i]", 5);
}
END_TEST

START_TEST(booleans_are_taken_by_truth)
{
        EXPECT("None", "register", "[s s]", "a", "PYRO:o@h:1");

        /* What PYRONAME sends in stock Python. */
        EXPECT(URI("o", "h", "1"), "lookup", "[s f]", "a", 0.0);
        EXPECT(URI("o", "h", "1"), "lookup", "[s n]", "a");
        EXPECT(URI("o", "h", "1"), "lookup", "[s s]", "a", "");
        EXPECT("[" URI("o", "h", "1") ", []]", "lookup", "[s f]", "a", 0.5);
        EXPECT("NamingError: name already registered: a", "register", "[s s s]", "a", "PYRO:o@h:1",
               "yes");
}
END_TEST

START_TEST(registering_again_replaces_unless_safe)
{
        EXPECT("None", "register", "[s s b [s]]", "a", "PYRO:o@h:1", 1, "t");
        EXPECT("NamingError: name already registered: a", "register", "[s s b]", "a", "PYRO:p@h:2",
               1);
        EXPECT("[" URI("o", "h", "1") ", ['t']]", "lookup", "[s b]", "a", 1);

        EXPECT("None", "register", "[s s]", "a", "PYRO:p@h:2");
        EXPECT("[" URI("p", "h", "2") ", []]", "lookup", "[s b]", "a", 1);
}
END_TEST

START_TEST(what_cannot_be_registered_is_refused)
{
        EXPECT("TypeError: only URIs or strings can be registered", "register", "[s i]", "a", 5);
        EXPECT("PyroError: invalid uri", "register", "[s s]", "a", "nonsense");
        EXPECT("TypeError: name must be a str", "register", "[n s]", "PYRO:o@h:1");
        EXPECT("TypeError: metadata should not be a str, but another iterable (set, list, etc)",
               "register", "[s s n s]", "a", "PYRO:o@h:1", "t");
        EXPECT("TypeError: 'int' object is not iterable", "register", "[s s n i]", "a",
               "PYRO:o@h:1", 7);
        EXPECT("PyroError: invalid uri (0.0.0.0 is an address to listen on)", "register", "[s s]",
               "a", "PYRO:o@0.0.0.0:1");
        EXPECT("1", "count", "[]");
}
END_TEST

START_TEST(metadata_are_replaced_and_cleared)
{
        EXPECT("None", "register", "[s s n [s]]", "a", "PYRO:o@h:1", "t");

        EXPECT("None", "set_metadata", "[s [s s s]]", "a", "v", "u", "v");
        EXPECT("[" URI("o", "h", "1") ", ['u', 'v']]", "lookup", "[s b]", "a", 1);
        EXPECT("None", "set_metadata", "[s n]", "a");
        EXPECT("[" URI("o", "h", "1") ", []]", "lookup", "[s b]", "a", 1);
        EXPECT("NamingError: unknown name: b", "set_metadata", "[s []]", "b");
}
END_TEST

START_TEST(names_are_listed)
{
        register_three();

        EXPECT("{'a': 'PYRO:oa@h:1'}", "list", "[s]", "a");
        EXPECT("{'b': ['PYRO:ob@h:2', ['x', 'y']]}", "list", "[s n b]", "b", 1);
        EXPECT("{'a': 'PYRO:oa@h:1', 'c': 'PYRO:oc@h:3'}", "list", "[n s]", "[ac]$");
        EXPECT("{}", "list", "[s]", "%");
        EXPECT("ValueError: you can only filter on one thing at a time", "list", "[s s]", "a", "a");
        EXPECT("TypeError: prefix must be a str", "list", "[i]", 5);
        EXPECT("NamingError: invalid regex: missing closing parenthesis at position 2", "list",
               "[n s]", "(a");
        EXPECT("4", "count", "[]");
}
END_TEST

START_TEST(names_are_found_by_metadata)
{
        register_three();

        EXPECT("{'b': ['PYRO:ob@h:2', ['x', 'y']]}", "yplookup", "[[s s]]", "x", "y");
        EXPECT("{'a': 'PYRO:oa@h:1', 'b': 'PYRO:ob@h:2'}", "yplookup", "[n [s s] b]", "x", "q", 0);
        EXPECT("{}", "yplookup", "[[s]]", "q");
        EXPECT("{}", "yplookup", "[[] []]");
        EXPECT("{}", "yplookup", "[]");
        EXPECT("ValueError: you can't use meta_all or meta_any at the same time", "yplookup",
               "[[s] [s]]", "x", "y");
        EXPECT("TypeError: metadata_all should not be a str, but another iterable (set, list, "
               "etc)",
               "yplookup", "[s]", "x");
}
END_TEST

START_TEST(names_are_removed_by_the_first_filter)
{
        register_three();

        EXPECT("0", "remove", "[]");
        EXPECT("0", "remove", "[s s]", "none", "a");
        EXPECT("1", "remove", "[s s]", "a", "b");
        EXPECT("1", "remove", "[n s s]", "b", "c");
        EXPECT("1", "remove", "[n n s]", "c|d");
        EXPECT("NamingError: invalid regex: missing closing parenthesis at position 1", "remove",
               "[n n s]", "(");
        EXPECT("1", "count", "[]");
}
END_TEST

START_TEST(a_regex_that_would_take_for_ever_is_given_up)
{
        char name[100];

        memset(name, 'a', sizeof(name));
        name[sizeof(name) - 1] = '\0';
        EXPECT("None", "register", "[s s]", name, "PYRO:o@h:1");

        EXPECT("NamingError: invalid regex: it takes too many steps", "list", "[n s]", "(a+)+[bc]");
        EXPECT("NamingError: invalid regex: it takes too many steps", "remove", "[n n s]",
               "(a+)+[bc]");
        EXPECT("2", "count", "[]");
}
END_TEST

START_TEST(arguments_may_have_names)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *kwargs = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *result = NULL;
        ConnCall register_call = { .object = OWN, .method = "register" };

        pyrope_pack(writer, "{s:s s:s s:[s]}", "uri", "PYRO:o@h:1", "name", "a", "metadata", "t");
        ck_assert_int_eq(pyrope_writer_take(writer, &kwargs, NULL), PYROPE_OK);
        register_call.kwargs = pyrope_value_view(kwargs);

        ck_assert_int_eq(conn_invoke(&conn, &register_call, DEADLINE_NONE, &result, NULL),
                         PYROPE_OK);

        EXPECT("[" URI("o", "h", "1") ", ['t']]", "lookup", "[s b]", "a", 1);
}
END_TEST

/* Calls with one name of bytes that C would not take for a string. */
static const char *answer_bytes(const char *method, const char *name, size_t n, const char *uri)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();

        pyrope_write_list(writer, uri ? 2 : 1);
        pyrope_write_strn(writer, name, n);
        if (uri)
                pyrope_write_str(writer, uri);
        return call(method, writer);
}

START_TEST(a_name_may_hold_anything)
{
        static char longest[5000];

        memset(longest, '\'', sizeof(longest));
        ck_assert_str_eq(answer_bytes("register", "a\0b", 3, "PYRO:o@h:1"), "None");
        ck_assert_str_eq(answer_bytes("lookup", "a\0b", 3, NULL), URI("o", "h", "1"));
        ck_assert_str_eq(answer_bytes("lookup", "a\0c", 3, NULL),
                         "NamingError: unknown name: a\\x00c");
        ck_assert_str_eq(answer_bytes("lookup", "a", 1, NULL), "NamingError: unknown name: a");

        ck_assert_str_eq(answer_bytes("register", longest, sizeof(longest), "PYRO:o@h:2"), "None");
        ck_assert_str_eq(answer_bytes("lookup", longest, sizeof(longest), NULL),
                         URI("o", "h", "2"));
        ck_assert_str_eq(answer_bytes("remove", longest, sizeof(longest), NULL), "1");
}
END_TEST

#define RECORD(name, uri, tags, endpoints)                                                         \
        "{'name': '" name "', 'object': 'o', 'uri': '" uri "', 'metadata': [" tags                 \
        "], 'endpoints': [" endpoints "], 'owner': "
#define ENDPOINT(zone, unix_, host, port, nathost, natport, ssh)                                   \
        "{'zone': '" zone "', 'unix': " unix_ ", 'host': " host ", 'port': " port                  \
        ", 'nathost': " nathost ", 'natport': " natport ", 'ssh': " ssh "}"

START_TEST(what_a_stock_client_registered_is_resolved)
{
        EXPECT("None", "register", "[s s n [s]]", "a", "PYRO:o@h:1", "t");
        EXPECT("None", "register", "[s s]", "alias", "PYRONAME:a");

        EXPECT_BEGINS(RECORD("a", "PYRO:o@h:1", "'t'",
                             ENDPOINT("here", "None", "'h'", "1", "None", "None", "None")),
                      "resolve", "[s]", "a");
        EXPECT_BEGINS("{'name': 'alias', 'object': None, 'uri': 'PYRONAME:a', 'metadata': [], "
                      "'endpoints': [], ",
                      "resolve", "[s]", "alias");
        EXPECT("NamingError: unknown name: b", "resolve", "[s]", "b");
}
END_TEST

START_TEST(endpoints_are_added_by_zone)
{
        EXPECT("None", "register_endpoint", "[s s s s n n b [s]]", "a", "PYRO:o@./u:/x", "za",
               "me@far", 1, "t");
        EXPECT("None", "register_endpoint", "[s s s n s i b]", "a", "PYRO:o@h:1", "zb", "nat", 5555,
               1);

        EXPECT_BEGINS(RECORD("a", "PYRO:o@nat:5555", "'t'",
                             ENDPOINT("za", "'/x'", "None", "None", "None", "None",
                                      "'me@far'") ", " ENDPOINT("zb", "None", "'h'", "1", "'nat'",
                                                                "5555", "None")),
                      "resolve", "[s]", "a");
        EXPECT(URI("o", "nat", "5555"), "lookup", "[s]", "a");
        EXPECT("NamingError: name already registered: a", "register_endpoint", "[s s n n n n b]",
               "a", "PYRO:other@h:1", 1);
        EXPECT("ValueError: ssh is not [user@]host[:port], nor up to 8 of these with ',' between "
               "them: '-x'",
               "register_endpoint", "[s s n s]", "a", "PYRO:o@h:1", "-x");
        EXPECT("ValueError: natport without nathost", "register_endpoint", "[s s n n n i]", "a",
               "PYRO:o@h:1", 1);
        EXPECT("ValueError: 0.0.0.0 is an address to listen on, not to go to", "register_endpoint",
               "[s s]", "a", "PYRO:o@0.0.0.0:1");
}
END_TEST

/* The version that resolve() tells of a name. */
static int64_t version_of(const char *name)
{
        const char *text = strstr(answer("resolve", "[s]", name), "'version': ");

        ck_assert_ptr_nonnull(text);
        return strtoll(text + strlen("'version': "), NULL, 10);
}

START_TEST(a_name_is_replaced_only_if_it_is_of_the_version_said)
{
        int64_t version;

        EXPECT("None", "register_endpoint", "[s s]", "a", "PYRO:o@h:1");
        version = version_of("a");

        EXPECT("NamingError: name is of another version: a", "register_endpoint",
               "[s s n n n n n n I]", "a", "PYRO:p@h:2", version + 1);
        EXPECT("None", "register_endpoint", "[s s n n n n n n I]", "a", "PYRO:p@h:2", version);
        EXPECT("NamingError: name is of another version: a", "register_endpoint",
               "[s s n n n n n n I]", "a", "PYRO:q@h:2", version);
        EXPECT(URI("p", "h", "2"), "lookup", "[s]", "a");
        EXPECT("ValueError: version should be 1 to 9223372036854775807, not 0", "register_endpoint",
               "[s s n n n n n n I]", "a", "PYRO:q@h:2", (int64_t)0);
        EXPECT("TypeError: version should be an int, not str", "register_endpoint",
               "[s s n n n n n n s]", "a", "PYRO:q@h:2", "1");
}
END_TEST

/* Another connection, which registers a name for a second and hangs up. */
static void register_and_leave(const char *name)
{
        Conn before = conn;

        nameserver_connect(&conn);
        EXPECT("None", "register_endpoint", "[s s n n n n n n n i]", name, "PYRO:o@h:1", 1);
        conn_deinit(&conn);
        conn = before;
}

/* What resolve() tells of the lease. */
static const char *lease_of(const char *name)
{
        const char *text = strstr(answer("resolve", "[s]", name), "'ttl': ");

        return text ? text : "";
}

START_TEST(a_lease_has_a_term_and_is_renewed)
{
        EXPECT("None", "register_endpoint", "[s s n n n n n n n i]", "a", "PYRO:o@h:1", 3600);
        EXPECT("None", "register", "[s s]", "b", "PYRO:o@h:1");

        ck_assert_str_eq(lease_of("a"), "'ttl': 3600, 'confirmed': True}");
        ck_assert_str_eq(lease_of("b"), "'ttl': None, 'confirmed': None}");
        EXPECT("[]", "renew", "[s]", "a");
        EXPECT("['b']", "renew", "[s]", "b");
        EXPECT("['b', 'c']", "renew", "[[s s s]]", "b", "a", "c");
        EXPECT("[]", "renew", "[[]]");
        EXPECT("TypeError: name must be a str", "renew", "[i]", 5);
        EXPECT("TypeError: name must be a str", "renew", "[[s i]]", "a", 5);
}
END_TEST

START_TEST(a_lease_stays_with_endpoints_and_metadata_but_not_with_another_object)
{
        EXPECT("None", "register_endpoint", "[s s n n n n n n n i]", "a", "PYRO:o@h:1", 3600);
        EXPECT("None", "set_metadata", "[s [s]]", "a", "t");
        EXPECT("None", "register_endpoint", "[s s s]", "a", "PYRO:o@h:2", "z2");
        ck_assert_str_eq(lease_of("a"), "'ttl': 3600, 'confirmed': True}");
        EXPECT("None", "register_endpoint", "[s s n n n n n n n i]", "a", "PYRO:o@h:1", 60);
        ck_assert_str_eq(lease_of("a"), "'ttl': 60, 'confirmed': True}");

        EXPECT("None", "register", "[s s]", "a", "PYRO:p@h:1");
        ck_assert_str_eq(lease_of("a"), "'ttl': None, 'confirmed': None}");
}
END_TEST

START_TEST(a_term_has_limits)
{
        EXPECT("None", "register_endpoint", "[s s n n n n n n n i]", "a", "PYRO:o@h:1",
               LEASE_TTL_MAX_S);
        EXPECT("ValueError: ttl should be 1 to 2592000, not 2592001", "register_endpoint",
               "[s s n n n n n n n i]", "a", "PYRO:o@h:1", LEASE_TTL_MAX_S + 1);
        EXPECT("ValueError: ttl should be 1 to 2592000, not 0", "register_endpoint",
               "[s s n n n n n n n i]", "a", "PYRO:o@h:1", 0);
        EXPECT("TypeError: ttl should be an int, not float", "register_endpoint",
               "[s s n n n n n n n f]", "a", "PYRO:o@h:1", 1.5);
}
END_TEST

START_TEST(as_many_names_are_renewed_at_once_as_may_be)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();

        pyrope_write_list(writer, 1);
        pyrope_write_list(writer, NAMESERVER_RENEW_MAX + 1);
        for (unsigned i = 0; i <= NAMESERVER_RENEW_MAX; i++)
                pyrope_write_str(writer, "a");
        ck_assert_str_eq(call("renew", writer), "ValueError: at most 65536 names at once");

        pyrope_write_list(writer, 1);
        pyrope_write_list(writer, NAMESERVER_RENEW_MAX);
        for (unsigned i = 0; i < NAMESERVER_RENEW_MAX; i++)
                pyrope_write_str(writer, "a");
        ck_assert_str_ne(call("renew", writer), "ValueError: at most 65536 names at once");
}
END_TEST

START_TEST(a_lease_is_held_by_the_open_connection_and_ends_without_it)
{
        const Deadline deadline = deadline_in(60000);

        EXPECT("None", "register_endpoint", "[s s n n n n n n n i]", "held", "PYRO:o@h:1", 1);
        register_and_leave("left");
        ck_assert_str_eq(lease_of("left"), "'ttl': 1, 'confirmed': True}");

        while (strcmp(answer("lookup", "[s]", "left"), "NamingError: unknown name: left") != 0) {
                ck_assert(!deadline_passed(deadline));
                usleep(10000);
        }
        EXPECT(URI("o", "h", "1"), "lookup", "[s]", "held");
        EXPECT("['left']", "renew", "[[s s]]", "left", "held");
}
END_TEST

START_TEST(after_a_restart_leases_are_unconfirmed)
{
        EXPECT("None", "register_endpoint", "[s s n n n n n n n i]", "a", "PYRO:o@h:1", 3600);
        restart();

        ck_assert_str_eq(lease_of("a"), "'ttl': 3600, 'confirmed': False}");
        EXPECT("[]", "renew", "[s]", "a");
        ck_assert_str_eq(lease_of("a"), "'ttl': 3600, 'confirmed': True}");
}
END_TEST

START_TEST(everything_is_there_after_a_restart)
{
        register_three();
        restart();

        EXPECT("4", "count", "[]");
        EXPECT("[" URI("ob", "h", "2") ", ['x', 'y']]", "lookup", "[s b]", "b", 1);
}
END_TEST

START_TEST(its_own_entry_is_written_only_where_it_is_not_there)
{
        const StoreObject *object;
        StoreText own = { OWN, strlen(OWN) };
        StoreReader *reader;
        int64_t version;

        ck_assert_int_eq(store_readers_take(nameserver.readers, &reader, NULL), 0);
        ck_assert_int_eq(store_reader_find(reader, own, 0, &object, NULL), 0);
        version = object->version;
        ck_assert_int_eq(nameserver_announce(&nameserver, own_uri, NULL), 0);
        ck_assert_int_eq(store_reader_find(reader, own, 0, &object, NULL), 0);
        ck_assert_int_eq(object->version, version);

        nameserver.zone = "moved";
        ck_assert_int_eq(nameserver_announce(&nameserver, own_uri, NULL), 0);
        ck_assert_int_eq(store_reader_find(reader, own, STORE_WITH_ENDPOINTS, &object, NULL), 0);
        ck_assert_int_eq(object->version, version + 1);
        ck_assert_str_eq(object->endpoints[0].zone, "moved");
        store_readers_give(nameserver.readers, reader);
}
END_TEST

START_TEST(when_the_disk_is_full_reading_goes_on)
{
        struct rlimit full = { .rlim_cur = 64 * 1024, .rlim_max = RLIM_INFINITY };
        struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
        static char name[STORE_NAME_MAX_BYTES + 1];
        const char *text;

        memset(name, 'n', sizeof(name) - 1);
        EXPECT("None", "register", "[s s]", "a", "PYRO:o@h:1");

        /* A file that may not grow stands for a disk that is full. */
        signal(SIGXFSZ, SIG_IGN);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
        text = answer("register", "[s s]", name, "PYRO:o@h:1");
        ck_assert_msg(strncmp(text, "OSError: ", 9) == 0 && strstr(text, "ns.db: "), "%s", text);
        EXPECT(URI("o", "h", "1"), "lookup", "[s]", "a");
        EXPECT("2", "count", "[]");

        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
        EXPECT("None", "register", "[s s]", name, "PYRO:o@h:1");
        EXPECT("3", "count", "[]");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/nameserver");
        TCase *tests = tcase_create("nameserver");

        tcase_add_checked_fixture(tests, setup, nameserver_tear_down);
        tcase_add_test(tests, the_nameserver_knows_itself);
        tcase_add_test(tests, its_own_entry_can_be_neither_taken_nor_removed);
        tcase_add_test(tests, a_registered_name_is_looked_up);
        tcase_add_test(tests, booleans_are_taken_by_truth);
        tcase_add_test(tests, registering_again_replaces_unless_safe);
        tcase_add_test(tests, what_cannot_be_registered_is_refused);
        tcase_add_test(tests, metadata_are_replaced_and_cleared);
        tcase_add_test(tests, names_are_listed);
        tcase_add_test(tests, names_are_found_by_metadata);
        tcase_add_test(tests, names_are_removed_by_the_first_filter);
        tcase_add_test(tests, a_regex_that_would_take_for_ever_is_given_up);
        tcase_add_test(tests, arguments_may_have_names);
        tcase_add_test(tests, a_name_may_hold_anything);
        tcase_add_test(tests, what_a_stock_client_registered_is_resolved);
        tcase_add_test(tests, endpoints_are_added_by_zone);
        tcase_add_test(tests, a_name_is_replaced_only_if_it_is_of_the_version_said);
        tcase_add_test(tests, a_lease_has_a_term_and_is_renewed);
        tcase_add_test(tests,
                       a_lease_stays_with_endpoints_and_metadata_but_not_with_another_object);
        tcase_add_test(tests, a_term_has_limits);
        tcase_add_test(tests, as_many_names_are_renewed_at_once_as_may_be);
        tcase_add_test(tests, a_lease_is_held_by_the_open_connection_and_ends_without_it);
        tcase_add_test(tests, after_a_restart_leases_are_unconfirmed);
        tcase_add_test(tests, everything_is_there_after_a_restart);
        tcase_add_test(tests, its_own_entry_is_written_only_where_it_is_not_there);
        tcase_add_test(tests, when_the_disk_is_full_reading_goes_on);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
