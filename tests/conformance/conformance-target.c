/* SPDX-License-Identifier: MIT */

/*
 * The target of the conformance checks on our own daemon: the object that reference_daemon.py has
 * on stock Pyro5, and a decoy beside it.
 *
 *      conformance-target [--listen ADDR:PORT] [--socket PATH] [--object-id ID]
 */

#include <getopt.h>
#include <pthread.h>
#include <pyrope/daemon.h>
#include <pyrope/pyrope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOG_MAX      1024 /* entries; the checks make a few dozen */
#define BYTES_MAX    (1 << 28)
#define CALL_BACK_MS 20000
#define OBJECT_ID    "conformance.target"
#define DECOY_ID     "conformance.decoy"

typedef struct Target Target;

/* Its methods run side by side, as under Pyro5's threads. */
struct Target {
        pyrope_context *context; /* for callbacks */
        pthread_mutex_t lock;
        pyrope_value *value; /* the attribute */
        pyrope_value *log[LOG_MAX];
        size_t n_log;
};

/* A copy that outlives the call. */
static pyrope_value *copy_of(pyrope_view item)
{
        pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *value = NULL;

        if (!writer)
                return NULL;
        pyrope_write_view(writer, item);
        (void)pyrope_writer_take(writer, &value, NULL); /* else it stays NULL */
        pyrope_writer_free(writer);
        return value;
}

/* Whether Python's Pyro5 would take it: it builds objects from maps with __class__, and knows few
 * extensions. A method in C gets all values as they came, and judges itself. */
static int is_known_ext(pyrope_view item)
{
        const void *data;
        size_t n_data;
        int type;

        if (pyrope_get_ext(item, &type, &data, &n_data) != PYROPE_OK)
                return 0;
        return type == -1 || (type >= 0x30 && type <= 0x33);
}

static int is_known_class(pyrope_view class_)
{
        static const char *const known[] = { "Pyro5.core.URI", "Pyro5.client.Proxy",
                                             "Pyro5.server.Daemon" };

        if (pyrope_type_of(class_) == PYROPE_ABSENT)
                return 1;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                if (pyrope_str_equals(class_, known[i]))
                        return 1;
        return 0;
}

static int is_known(pyrope_view item)
{
        pyrope_view element;

        if (pyrope_type_of(item) == PYROPE_EXT)
                return is_known_ext(item);
        if (pyrope_type_of(item) == PYROPE_MAP && !is_known_class(pyrope_find(item, "__class__")))
                return 0;
        for (pyrope_iter it = pyrope_each(item); pyrope_next(&it, NULL, &element);)
                if (!is_known(element))
                        return 0;
        return 1;
}

static int echo(pyrope_call *call, void *self)
{
        (void)self;
        if (!is_known(pyrope_argument(call, 0)))
                return pyrope_raise(call, "Pyro5.errors.SerializeError",
                                    "unsupported serialized class or extension");
        pyrope_write_view(pyrope_result(call), pyrope_argument(call, 0));
        return 0;
}

static int add(pyrope_call *call, void *self)
{
        int64_t x, y;
        double a, b;

        (void)self;
        if (pyrope_get_int(pyrope_argument(call, 0), &x) == PYROPE_OK &&
            pyrope_get_int(pyrope_argument(call, 1), &y) == PYROPE_OK)
                return pyrope_reply(call, "I", x + y);
        if (pyrope_arguments(call, "ff", &a, &b))
                return PYROPE_RAISED;
        return pyrope_reply(call, "f", a + b);
}

static int kw(pyrope_call *call, void *self)
{
        pyrope_view b = pyrope_argument(call, 1);
        pyrope_writer *result = pyrope_result(call);

        (void)self;
        pyrope_write_map(result, 3);
        pyrope_write_str(result, "a");
        pyrope_write_view(result, pyrope_argument(call, 0));
        pyrope_write_str(result, "b");
        if (pyrope_type_of(b) == PYROPE_ABSENT)
                pyrope_write_int(result, 2);
        else
                pyrope_write_view(result, b);
        pyrope_write_str(result, "c");
        pyrope_write_view(result, pyrope_argument(call, 2));
        return 0;
}

static int nothing(pyrope_call *call, void *self)
{
        (void)call;
        (void)self;
        return 0;
}

static int error(pyrope_call *call, void *self)
{
        const char *text = "boom";

        (void)self;
        if (pyrope_arguments(call, "s", &text))
                return PYROPE_RAISED;
        return pyrope_raise(call, "ValueError", "%s", text);
}

static int pyro_error(pyrope_call *call, void *self)
{
        const char *text = "no such thing";

        (void)self;
        if (pyrope_arguments(call, "s", &text))
                return PYROPE_RAISED;
        return pyrope_raise(call, "Pyro5.errors.NamingError", "%s", text);
}

static int oneway_log(pyrope_call *call, void *self)
{
        Target *target = self;
        pyrope_value *message = copy_of(pyrope_argument(call, 0));

        if (!message)
                return pyrope_raise(call, "MemoryError", "out of memory");
        pthread_mutex_lock(&target->lock);
        if (target->n_log < LOG_MAX)
                target->log[target->n_log++] = message;
        else
                pyrope_value_free(message);
        pthread_mutex_unlock(&target->lock);
        return pyrope_reply(call, "s", "must not be sent");
}

static int oneway_error(pyrope_call *call, void *self)
{
        (void)self;
        return pyrope_raise(call, "ValueError", "nobody hears this");
}

static int get_log(pyrope_call *call, void *self)
{
        Target *target = self;

        pthread_mutex_lock(&target->lock);
        pyrope_write_list(pyrope_result(call), target->n_log);
        for (size_t i = 0; i < target->n_log; i++)
                pyrope_write_view(pyrope_result(call), pyrope_value_view(target->log[i]));
        pthread_mutex_unlock(&target->lock);
        return 0;
}

static int clear_log(pyrope_call *call, void *self)
{
        Target *target = self;

        (void)call;
        pthread_mutex_lock(&target->lock);
        while (target->n_log > 0)
                pyrope_value_free(target->log[--target->n_log]);
        pthread_mutex_unlock(&target->lock);
        return 0;
}

/* What `sleep` is asked for is time itself, so there is no event to wait for. */
static int sleep_for(pyrope_call *call, void *self)
{
        struct timespec left;
        double seconds;

        (void)self;
        if (pyrope_arguments(call, "f", &seconds))
                return PYROPE_RAISED;
        if (!(seconds >= 0 && seconds < 3600))
                return pyrope_raise(call, "ValueError", "0 to 3600 seconds");
        left.tv_sec = (time_t)seconds;
        left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
        while (nanosleep(&left, &left)) {
        }
        return pyrope_reply(call, "s", "woke");
}

/* len() as Python counts: characters of a str. */
static int size(pyrope_call *call, void *self)
{
        pyrope_view data = pyrope_argument(call, 0);
        size_t n = pyrope_count(data);
        const char *text;
        size_t n_text;

        (void)self;
        if (pyrope_get_str(data, &text, &n_text) == PYROPE_OK) {
                n = 0;
                for (size_t i = 0; i < n_text; i++)
                        n += ((unsigned char)text[i] & 0xc0) != 0x80;
        }
        return pyrope_reply(call, "I", (int64_t)n);
}

static int make_bytes(pyrope_call *call, void *self)
{
        unsigned char *bytes;
        int n;

        (void)self;
        if (pyrope_arguments(call, "i", &n))
                return PYROPE_RAISED;
        if (n < 0 || n > BYTES_MAX)
                return pyrope_raise(call, "ValueError", "0 to %d bytes", BYTES_MAX);
        bytes = malloc((size_t)n + 1);
        if (!bytes)
                return pyrope_raise(call, "MemoryError", "no memory for %d bytes", n);
        for (int i = 0; i < n; i++)
                bytes[i] = (unsigned char)i;
        pyrope_write_bytes(pyrope_result(call), bytes, (size_t)n);
        free(bytes);
        return 0;
}

static int myself(pyrope_call *call, void *self)
{
        (void)self;
        return pyrope_reply_proxy(call, NULL);
}

static int my_uri(pyrope_call *call, void *self)
{
        (void)self;
        return pyrope_reply_uri(call, NULL);
}

static int get_value(pyrope_call *call, void *self)
{
        Target *target = self;

        pthread_mutex_lock(&target->lock);
        if (target->value)
                pyrope_write_view(pyrope_result(call), pyrope_value_view(target->value));
        else
                pyrope_write_int(pyrope_result(call), 7);
        pthread_mutex_unlock(&target->lock);
        return 0;
}

static int set_value(pyrope_call *call, void *self)
{
        Target *target = self;
        pyrope_value *value = copy_of(pyrope_argument(call, 0));

        if (!value)
                return pyrope_raise(call, "MemoryError", "out of memory");
        pthread_mutex_lock(&target->lock);
        pyrope_value_free(target->value);
        target->value = value;
        pthread_mutex_unlock(&target->lock);
        return 0;
}

static int get_readonly(pyrope_call *call, void *self)
{
        (void)self;
        return pyrope_reply(call, "s", "fixed");
}

static int length(pyrope_call *call, void *self)
{
        (void)self;
        return pyrope_reply(call, "i", 3);
}

static int get_item(pyrope_call *call, void *self)
{
        static const char *const items[] = { "zero", "one", "two" };
        int i;

        (void)self;
        if (pyrope_arguments(call, "i", &i))
                return PYROPE_RAISED;
        if (i < 0 || i > 2)
                return pyrope_raise(call, "IndexError", "list index out of range");
        return pyrope_reply(call, "s", items[i]);
}

static int raise_error(pyrope_call *call, pyrope_error *error)
{
        const char *class_ = pyrope_error_class(error);

        pyrope_raise(call, class_ ? class_ : "RuntimeError", "%s", pyrope_error_text(error));
        pyrope_error_free(error);
        return PYROPE_RAISED;
}

/* Calls the object of a proxy that was given: notify(text). */
static int call_back(pyrope_call *call, void *self)
{
        Target *target = self;
        pyrope_proxy *proxy = NULL;
        pyrope_value *value = NULL;
        pyrope_error *error = NULL;
        pyrope_view item;
        const char *text;

        if (pyrope_arguments(call, "vs", &item, &text))
                return PYROPE_RAISED;
        if (pyrope_proxy_from(target->context, item, CALL_BACK_MS, &proxy, &error))
                return raise_error(call, error);
        if (pyrope_callf(proxy, "notify", &value, &error, "s", text) == PYROPE_OK)
                pyrope_write_view(pyrope_result(call), pyrope_value_view(value));
        pyrope_value_free(value);
        pyrope_proxy_free(proxy);
        return error ? raise_error(call, error) : 0;
}

static void format_uuid(const unsigned char id[16], char ret[37])
{
        for (size_t i = 0; i < 16; i++) {
                snprintf(ret, 3, "%02x", (unsigned)id[i]);
                ret += 2;
                if (i == 3 || i == 5 || i == 7 || i == 9)
                        *ret++ = '-';
        }
        *ret = '\0';
}

static void write_annotations(pyrope_call *call, pyrope_writer *result)
{
        pyrope_annotation annotation;
        size_t n = 0;

        while (pyrope_call_annotation_at(call, n, &annotation))
                n++;
        pyrope_write_map(result, n);
        for (size_t i = 0; pyrope_call_annotation_at(call, i, &annotation); i++) {
                pyrope_write_str(result, annotation.id);
                pyrope_write_bytes(result, annotation.data, annotation.n_data);
        }
}

static int context(pyrope_call *call, void *self)
{
        pyrope_writer *result = pyrope_result(call);
        unsigned char correlation[16];
        char uuid[37] = "None";

        (void)self;
        if (pyrope_call_correlation(call, correlation))
                format_uuid(correlation, uuid);
        pyrope_write_map(result, 4);
        pyrope_pack(result, "sssisi", "correlation_id", uuid, "serializer_id",
                    (int)pyrope_call_serializer(call), "seq", (int)pyrope_call_sequence(call));
        pyrope_write_str(result, "annotations");
        write_annotations(call, result);
        return 0;
}

static int annotate(pyrope_call *call, void *self)
{
        const char *id;
        const void *data;
        size_t n_data;

        (void)self;
        if (pyrope_arguments(call, "sy", &id, &data, &n_data))
                return PYROPE_RAISED;
        if (pyrope_annotate(call, id, data, n_data))
                return pyrope_raise(call, "ValueError", "no annotation: %s", id);
        return 0;
}

/* An item stream: 0, 1, .. n - 1, then its end or an exception. */
typedef struct Count Count;

struct Count {
        int64_t next;
        int64_t n;
        int breaks;
};

static int count_next(pyrope_call *call, void *state)
{
        Count *count = state;

        if (count->next < count->n)
                return pyrope_reply(call, "I", count->next++);
        if (count->breaks)
                return pyrope_raise(call, "ValueError", "stream broke");
        return PYROPE_STREAM_END;
}

static const pyrope_stream_class count_class = { .next = count_next, .close = free };

static int reply_count(pyrope_call *call, int breaks)
{
        Count *count;
        int64_t n;

        if (pyrope_arguments(call, "I", &n))
                return PYROPE_RAISED;
        count = malloc(sizeof(*count));
        if (!count)
                return pyrope_raise(call, "MemoryError", "out of memory");
        *count = (Count){ .n = n, .breaks = breaks };
        return pyrope_reply_stream(call, &count_class, count);
}

static int count_stream(pyrope_call *call, void *self)
{
        (void)self;
        return reply_count(call, 0);
}

static int fail_stream(pyrope_call *call, void *self)
{
        (void)self;
        return reply_count(call, 1);
}

static int hello(pyrope_call *call, void *self)
{
        (void)self;
        return pyrope_reply(call, "s", "decoy");
}

static const pyrope_method target_methods[] = {
        { "echo", "x", echo, 0, "give the argument back unchanged" },
        { "add", "a b", add, 0, "sum of two numbers" },
        { "kw", "a [b c]", kw, 0, "show how the arguments were bound" },
        { "nothing", NULL, nothing, 0, "return nil" },
        { "error", "[text]", error, 0, "raise builtins.ValueError(text)" },
        { "pyro_error", "[text]", pyro_error, 0, "raise Pyro5.errors.NamingError(text)" },
        { "oneway_log", "msg", oneway_log, PYROPE_ONEWAY, "append to the log" },
        { "oneway_error", NULL, oneway_error, PYROPE_ONEWAY, "fail silently" },
        { "get_log", NULL, get_log, 0, "the log as a list" },
        { "clear_log", NULL, clear_log, 0, "empty the log" },
        { "sleep", "seconds", sleep_for, 0, "take time" },
        { "size", "data", size, 0, "length of a bytes, str or list argument" },
        { "make_bytes", "n", make_bytes, 0, "n bytes counting 0..255 around" },
        { "myself", NULL, myself, 0, "a proxy to this very object" },
        { "my_uri", NULL, my_uri, 0, "this object's URI" },
        { "call_back", "proxy text", call_back, 0, "proxy.notify(text)" },
        { "count_stream", "n", count_stream, 0, "item stream 0 .. n-1" },
        { "fail_stream", "n", fail_stream, 0, "n items, then ValueError('stream broke')" },
        { "context", NULL, context, 0, "what the wire header of this call said" },
        { "annotate", "key data", annotate, 0, "send a response annotation" },
        { "__len__", NULL, length, 0, "3" },
        { "__getitem__", "i", get_item, 0, "zero, one or two" },
        { 0 },
};

static const pyrope_attribute target_attributes[] = {
        { "value", get_value, set_value },
        { "readonly", get_readonly, NULL },
        { 0 },
};

static const pyrope_class target_class = {
        .name = "Target",
        .methods = target_methods,
        .attributes = target_attributes,
        .flags = PYROPE_CONCURRENT,
};

static const pyrope_method decoy_methods[] = {
        { "hello", NULL, hello, 0, "decoy" },
        { 0 },
};

static const pyrope_class decoy_class = { .name = "Decoy", .methods = decoy_methods };

/* Returns the exit status of a wrong command line, or 0. */
static int parse(int argc, char **argv, pyrope_daemon_options *options, const char **id)
{
        static const struct option longs[] = {
                { "listen", required_argument, NULL, 'l' },
                { "socket", required_argument, NULL, 's' },
                { "object-id", required_argument, NULL, 'i' },
                { 0 },
        };
        int option;

        while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
                switch (option) {
                case 'l':
                        options->listen = optarg;
                        break;
                case 's':
                        options->socket = optarg;
                        break;
                case 'i':
                        *id = optarg;
                        break;
                default:
                        return 2;
                }
        }
        return optind == argc ? 0 : 2;
}

int main(int argc, char **argv)
{
        Target target = { .lock = PTHREAD_MUTEX_INITIALIZER };
        pyrope_daemon_options options = { .socket = NULL };
        pyrope_daemon *daemon = NULL;
        pyrope_error *why = NULL;
        const char *id = OBJECT_ID;
        pyrope_status status;

        if (parse(argc, argv, &options, &id)) {
                fprintf(stderr, "usage: conformance-target [--listen ADDR:PORT] [--socket PATH] "
                                "[--object-id ID]\n");
                return 2;
        }
        status = pyrope_context_new(NULL, &target.context, &why);
        if (status == PYROPE_OK)
                status = pyrope_daemon_new(&options, &daemon, &why);
        if (status == PYROPE_OK)
                status = pyrope_daemon_register(daemon, id, &target_class, &target, &why);
        if (status == PYROPE_OK)
                status = pyrope_daemon_register(daemon, DECOY_ID, &decoy_class, NULL, &why);
        if (status == PYROPE_OK)
                status = pyrope_daemon_run(daemon, &why);
        if (status)
                fprintf(stderr, "conformance-target: %s\n", pyrope_error_text(why));
        pyrope_error_free(why);
        pyrope_daemon_free(daemon);
        pyrope_context_free(target.context);
        while (target.n_log > 0)
                pyrope_value_free(target.log[--target.n_log]);
        pyrope_value_free(target.value);
        return status ? 1 : 0;
}
