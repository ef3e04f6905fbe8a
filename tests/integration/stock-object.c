/* SPDX-License-Identifier: MIT */

#include "tests/integration/stock-object.h"

#include "base/defs.h"

#include <pthread.h>
#include <pyrope/daemon.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_S 20

DEFINE_CLEANUP(pyrope_answer, pyrope_answer_free);
DEFINE_CLEANUP(pyrope_error, pyrope_error_free);
DEFINE_CLEANUP(pyrope_proxy, pyrope_proxy_free);

struct StockObject {
        pyrope_context *context; /* borrowed */
        pyrope_daemon *daemon;
        char *uri;

        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool is_noticed; /* guarded by lock, as is */
        int64_t noticed;
};

static int add(pyrope_call *call, UNUSED void *self)
{
        int a, b;

        if (pyrope_arguments(call, "ii", &a, &b))
                return PYROPE_RAISED;
        return pyrope_reply(call, "i", a + b);
}

static int fail(pyrope_call *call, UNUSED void *self)
{
        const char *class_;

        if (pyrope_arguments(call, "s", &class_))
                return PYROPE_RAISED;
        return pyrope_raise(call, class_, "from C");
}

static int notice(pyrope_call *call, void *self)
{
        StockObject *object = self;
        int64_t value;

        if (pyrope_arguments(call, "I", &value))
                return PYROPE_RAISED;
        (void)pthread_mutex_lock(&object->lock);
        object->noticed = value;
        object->is_noticed = true;
        (void)pthread_cond_signal(&object->changed);
        (void)pthread_mutex_unlock(&object->lock);
        return 0;
}

/* What came in a blob: its info and its content. */
static int receive(pyrope_call *call, UNUSED void *self)
{
        const char *info;
        size_t n_info;

        if (!pyrope_call_blob_info(call, &info, &n_info))
                return pyrope_raise(call, "TypeError", "no blob");
        pyrope_write_list(pyrope_result(call), 2);
        if (info)
                pyrope_write_strn(pyrope_result(call), info, n_info);
        else
                pyrope_write_nil(pyrope_result(call));
        pyrope_write_view(pyrope_result(call), pyrope_argument(call, 0));
        return 0;
}

static int relay(pyrope_call *call, void *self)
{
        CLEANUP(pyrope_answer_freep) pyrope_answer *answer = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *proxy = NULL;
        unsigned char correlation[16];
        const pyrope_call_options options = {
                .correlation = pyrope_call_correlation(call, correlation) ? correlation : NULL,
        };
        StockObject *object = self;
        pyrope_status status;
        const char *uri;

        if (pyrope_arguments(call, "s", &uri))
                return PYROPE_RAISED;
        status = pyrope_proxy_new(object->context, uri, 0, &proxy, &error);
        if (!status)
                status = pyrope_call_with(proxy, "context", NULL, NULL, &options, &answer, &error);
        if (status)
                return pyrope_raise(call, "RuntimeError", "%s", pyrope_error_text(error));
        return pyrope_reply(call, "v", pyrope_find(pyrope_answer_result(answer), "correlation"));
}

static const pyrope_method methods[] = {
        { "add", "a b", add, 0, "sum of two numbers" },
        { "fail", "class_", fail, 0, "an exception of that class" },
        { "notice", "value", notice, 0, "what stock_object_noticed() waits for" },
        { "receive", "message", receive, 0, "info and content of a blob" },
        { "relay", "uri", relay, 0, "a call of another object, with the same correlation id" },
        { 0 },
};
static const pyrope_class class_ = { .name = "StockObject", .methods = methods };

StockObject *stock_object_new(pyrope_context *context, const char *host)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_daemon_options options = { .socket = NULL };
        StockObject *object = calloc(1, sizeof(*object));
        char listen[64];

        if (host) {
                (void)snprintf(listen, sizeof(listen), "%s:0", host);
                options.listen = listen;
        }
        object->context = context;
        (void)pthread_mutex_init(&object->lock, NULL);
        (void)pthread_cond_init(&object->changed, NULL);
        if (pyrope_daemon_new(&options, &object->daemon, &error) ||
            pyrope_daemon_register(object->daemon, "back", &class_, object, &error) ||
            pyrope_daemon_start(object->daemon, &error)) {
                fprintf(stderr, "%s\n", error ? pyrope_error_text(error) : "no daemon");
                exit(1);
        }
        object->uri = pyrope_daemon_uri(object->daemon, NULL);
        return object;
}

void stock_object_free(StockObject *object)
{
        pyrope_daemon_free(object->daemon);
        free(object->uri);
        (void)pthread_cond_destroy(&object->changed);
        (void)pthread_mutex_destroy(&object->lock);
        free(object);
}

const char *stock_object_uri(const StockObject *object)
{
        return object->uri;
}

int64_t stock_object_noticed(StockObject *object)
{
        struct timespec until;
        int64_t noticed;
        int r = 0;

        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += WAIT_S;
        (void)pthread_mutex_lock(&object->lock);
        while (!object->is_noticed && r == 0)
                r = pthread_cond_timedwait(&object->changed, &object->lock, &until);
        noticed = object->is_noticed ? object->noticed : -1;
        (void)pthread_mutex_unlock(&object->lock);
        return noticed;
}
