/* SPDX-License-Identifier: MIT */

#include "client/proxy.h"

#include "base/log.h"
#include "client/context.h"
#include "client/nameserver.h"
#include "client/reach.h"
#include "client/turn.h"
#include "proto/conn.h"
#include "proto/frame.h"
#include "proto/value.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define HOT_MS     8     /* a conversation: the next call comes so soon after the last answer */
#define KEEP_BYTES 4096u /* memory that a writer keeps between calls */

struct pyrope_proxy {
        pyrope_context *context; /* borrowed */

        /* Never change after proxy_new(). */
        Target target;          /* what names the object */
        char *object;           /* id of the object, when it was found first */
        char *uri;              /* at its own machine, likewise */
        pyrope_value *metadata; /* as the daemon told it then */
        pyrope_view oneway;     /* of these, the methods nobody waits for; absent: none */
        ProxyExplain explain;   /* NULL if nobody knows why a daemon is lost */
        void *explain_userdata;

        Turn turn; /* held during a call; only its holder uses the connection and the writer */
        Conn conn;
        pyrope_writer *writer; /* NULL until it is first needed */
        atomic_int fd;         /* that of the connection, between calls */

        /* Written by the holder of the turn, who reads it without the lock. */
        pthread_mutex_t lock;
        Target found; /* TARGET_OBJECT; all zero until it was found */
};

/* -- connecting ------------------------------------------------------------------------------- */

char *proxy_label(const pyrope_proxy *proxy)
{
        CLEANUP(freep) char *location = NULL;
        char *label;

        switch (proxy->target.kind) {
        case TARGET_NAMESERVER_ITSELF:
                return nameserver_label(proxy->context);
        case TARGET_NAME:
        case TARGET_TAGS:
                return strdup(proxy->target.text);
        case TARGET_OBJECT:
                break;
        }
        location = reach_label(&proxy->target.at);
        return location && asprintf(&label, "%s at %s", proxy->target.text, location) >= 0 ? label
                                                                                           : NULL;
}

/* Opens the way to where the object was found, and shakes hands. *@ret_is_cut: somebody was there,
 * and hung up in the middle of it. */
static pyrope_status converse(pyrope_proxy *proxy, const Target *found, Deadline deadline,
                              pyrope_value **ret_metadata, bool *ret_is_cut, pyrope_error **error)
{
        pyrope_status status;

        status = context_converse(proxy->context, &found->at, deadline, &proxy->conn, error);
        *ret_is_cut = false;
        if (status)
                return status;
        status = conn_connect(&proxy->conn, found->text, deadline, ret_metadata, error);
        *ret_is_cut = status == PYROPE_E_UNREACHABLE;
        return status;
}

/* The same, once more where an SSH session broke meanwhile. @ret_metadata may be NULL. */
static pyrope_status open_found(pyrope_proxy *proxy, const Target *found, Deadline deadline,
                                pyrope_value **ret_metadata, pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *metadata = NULL;
        CLEANUP(freep) char *label = NULL;
        LOG_CONTEXT("object", found->text);
        pyrope_status status;
        bool is_cut;

        status = converse(proxy, found, deadline, &metadata, &is_cut, error);
        if (is_cut && found->at.ssh) {
                if (error)
                        *error = pyrope_error_free(*error);
                status = converse(proxy, found, deadline, &metadata, &is_cut, error);
        }
        if (!status) {
                if (ret_metadata)
                        *ret_metadata = TAKE(metadata);
                log_debug("connected%s%s", found->at.ssh ? " through ssh host " : "",
                          found->at.ssh ? found->at.ssh : "");
                return PYROPE_OK;
        }
        label = proxy_label(proxy);
        return error_prefix(error, status, "%s", label ? label : found->text);
}

/* Makes the connection, anew if need be. The turn is held, or nobody else knows the proxy yet. */
static pyrope_status proxy_connect(pyrope_proxy *proxy, Deadline deadline,
                                   pyrope_value **ret_metadata, pyrope_error **error)
{
        CLEANUP(target_deinit) Target found = { 0 };
        Target before;
        pyrope_status status;

        status = nameserver_find(proxy->context, &proxy->target, deadline, &found, error);
        if (!status)
                status = open_found(proxy, &found, deadline, ret_metadata, error);
        if (status)
                return status;

        before = proxy->found;
        (void)pthread_mutex_lock(&proxy->lock);
        proxy->found = found;
        (void)pthread_mutex_unlock(&proxy->lock);
        atomic_store(&proxy->fd, proxy->conn.fd);
        found = before; /* to be freed */
        return PYROPE_OK;
}

/* The first connection, which tells what stays known. */
static pyrope_status proxy_begin(pyrope_proxy *proxy, Deadline deadline, pyrope_error **error)
{
        Uri uri = { .kind = URI_PYRO };
        pyrope_status status = proxy_connect(proxy, deadline, &proxy->metadata, error);

        if (status)
                return status;
        uri.object = proxy->found.text;
        uri.location = proxy->found.at;
        uri.location.ssh = NULL;
        proxy->oneway = pyrope_find(pyrope_proxy_metadata(proxy), "oneway");
        if (pyrope_count(proxy->oneway) == 0)
                proxy->oneway = (pyrope_view){ NULL, NULL };
        proxy->uri = uri_format(&uri);
        proxy->object = strdup(proxy->found.text);
        return proxy->uri && proxy->object ? PYROPE_OK : error_nomem(error);
}

pyrope_status proxy_new(pyrope_context *context, Target *target, Deadline deadline,
                        pyrope_proxy **ret, pyrope_error **error)
{
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *proxy = calloc(1, sizeof(*proxy));
        pyrope_status status;

        if (!proxy) {
                target_deinit(target);
                return error_nomem(error);
        }
        proxy->context = context;
        proxy->target = *target;
        *target = (Target){ 0 };
        conn_init(&proxy->conn, -1, FRAME_MESSAGE_MAX_BYTES);
        atomic_init(&proxy->fd, -1);
        turn_init(&proxy->turn);
        (void)pthread_mutex_init(&proxy->lock, NULL); /* cannot fail without attributes */
        status = proxy_begin(proxy, deadline, error);
        if (status)
                return status;

        *ret = TAKE(proxy);
        return PYROPE_OK;
}

pyrope_status pyrope_proxy_new(pyrope_context *context, const char *object, int64_t timeout_ms,
                               pyrope_proxy **ret, pyrope_error **error)
{
        if (!context || !object || !ret)
                return error_null(error);

        Target target;
        int r = target_parse(object, &target);

        if (r == TARGET_E_INVALID)
                return error_set(error, PYROPE_E_INVALID,
                                 "'%s' is neither a name nor a URI: PYRO:object@./u:/path, "
                                 "PYRO:object@host:port, PYRONAME:name, PYROMETA:tag",
                                 object);
        if (r)
                return error_nomem(error);
        return proxy_new(context, &target, context_deadline(context, timeout_ms), ret, error);
}

/* Who told about an object: how it is reached, and its name for messages; both borrowed. */
typedef struct Teller {
        const Location *at;
        const char *name;
} Teller;

static pyrope_status new_told(pyrope_context *context, const Teller *teller, pyrope_view item,
                              Deadline deadline, pyrope_proxy **ret, pyrope_error **error)
{
        Target target;
        int r;

        r = target_told(item, teller->at, &target);
        if (r == TARGET_E_TYPE)
                return error_set(error, PYROPE_E_TYPE, "expected the URI of an object, got %s",
                                 pyrope_type_name(pyrope_type_of(item)));
        if (r == TARGET_E_INVALID)
                return error_set(error, PYROPE_E_INVALID, "%s told a URI that is none",
                                 teller->name);
        if (r)
                return error_nomem(error);
        return proxy_new(context, &target, deadline, ret, error);
}

pyrope_status proxy_told(pyrope_proxy *from, pyrope_view item, Deadline deadline,
                         pyrope_proxy **ret, pyrope_error **error)
{
        CLEANUP(location_deinit) Location at = { 0 };
        const Teller teller = { .at = &at, .name = proxy_object(from) };

        if (proxy_at(from, &at))
                return error_nomem(error);
        return new_told(from->context, &teller, item, deadline, ret, error);
}

pyrope_status pyrope_proxy_from(pyrope_context *context, pyrope_view item, int64_t timeout_ms,
                                pyrope_proxy **ret, pyrope_error **error)
{
        const Teller caller = { .at = &(const Location){ NULL }, .name = "the caller" };

        if (!context || !ret)
                return error_null(error);
        return new_told(context, &caller, item, context_deadline(context, timeout_ms), ret, error);
}

pyrope_status pyrope_proxy_received(pyrope_proxy *from, pyrope_view item, int64_t timeout_ms,
                                    pyrope_proxy **ret, pyrope_error **error)
{
        if (!from || !ret)
                return error_null(error);
        return proxy_told(from, item, context_deadline(from->context, timeout_ms), ret, error);
}

pyrope_proxy *pyrope_proxy_free(pyrope_proxy *proxy)
{
        if (!proxy)
                return NULL;
        conn_deinit(&proxy->conn);
        pyrope_writer_free(proxy->writer);
        target_deinit(&proxy->found);
        (void)pthread_mutex_destroy(&proxy->lock);
        turn_deinit(&proxy->turn);
        pyrope_value_free(proxy->metadata);
        free(proxy->uri);
        free(proxy->object);
        target_deinit(&proxy->target);
        free(proxy);
        return NULL;
}

/* -- turns ------------------------------------------------------------------------------------ */

/* Whether the daemon still holds the line. It never speaks first, so anything to read is its end.
 * In the middle of a conversation nobody asks: a system call for each call is too much for so rare
 * an end, and most ends show when something is sent. */
static bool is_connected(const Conn *conn)
{
        struct pollfd pollfd = { .fd = conn->fd, .events = POLLIN | POLLRDHUP };

        if (!conn_is_open(conn))
                return false;
        return clock_coarse_ms() - conn->heard_ms < HOT_MS || poll(&pollfd, 1, 0) == 0;
}

pyrope_status proxy_enter(pyrope_proxy *proxy, Deadline deadline, pyrope_error **error)
{
        if (turn_take(&proxy->turn, deadline))
                return PYROPE_OK;
        (void)error_set(error, PYROPE_E_TIMEOUT, "%s: other calls took all the time",
                        proxy->object);
        return error_unsent(error, PYROPE_E_TIMEOUT);
}

pyrope_status proxy_conn(pyrope_proxy *proxy, Deadline deadline, Conn **ret,
                         const char **ret_object, pyrope_error **error)
{
        pyrope_status status;

        if (!is_connected(&proxy->conn)) {
                status = proxy_connect(proxy, deadline, NULL, error);
                if (status)
                        return status;
        }
        *ret = &proxy->conn;
        *ret_object = proxy->found.text;
        return PYROPE_OK;
}

pyrope_writer *proxy_writer(pyrope_proxy *proxy)
{
        if (proxy->writer)
                writer_reset(proxy->writer, KEEP_BYTES);
        else
                proxy->writer = pyrope_writer_new();
        return proxy->writer;
}

bool proxy_enter_connected(pyrope_proxy *proxy, Deadline deadline, Conn **ret)
{
        if (!turn_take(&proxy->turn, deadline))
                return false;
        if (!is_connected(&proxy->conn)) {
                proxy_leave(proxy);
                return false;
        }
        *ret = &proxy->conn;
        return true;
}

void proxy_leave(pyrope_proxy *proxy)
{
        atomic_store_explicit(&proxy->fd, proxy->conn.fd, memory_order_relaxed);
        turn_give(&proxy->turn);
}

int pyrope_proxy_fd(pyrope_proxy *proxy)
{
        if (!proxy)
                return -1;
        return atomic_load(&proxy->fd);
}

/* The next call need not find out again that the connection is lost: what is sent on a TCP
 * connection may seem to arrive for a while. */
static void forget(pyrope_proxy *proxy, int fd, Deadline deadline)
{
        if (!turn_take(&proxy->turn, deadline))
                return;
        if (proxy->conn.fd == fd)
                conn_hang_up(&proxy->conn);
        proxy_leave(proxy);
}

pyrope_status pyrope_wait_hangup(pyrope_proxy *proxy, int64_t timeout_ms)
{
        if (!proxy)
                return PYROPE_E_INVALID;

        struct pollfd pollfd = { .fd = pyrope_proxy_fd(proxy), .events = POLLIN | POLLRDHUP };
        Deadline deadline = context_deadline(proxy->context, timeout_ms);
        int n;

        if (pollfd.fd < 0)
                return PYROPE_OK;
        do
                n = poll(&pollfd, 1, deadline_left_ms(deadline));
        while (n < 0 && errno == EINTR);
        if (n == 0)
                return PYROPE_E_TIMEOUT;
        forget(proxy, pollfd.fd, deadline);
        return PYROPE_OK;
}

/* -- what is known ---------------------------------------------------------------------------- */

const char *proxy_object(const pyrope_proxy *proxy)
{
        return proxy->object;
}

const char *pyrope_proxy_uri(const pyrope_proxy *proxy)
{
        if (!proxy)
                return NULL;
        return proxy->uri;
}

pyrope_view pyrope_proxy_metadata(const pyrope_proxy *proxy)
{
        if (!proxy)
                return (pyrope_view){ NULL, NULL };
        return pyrope_value_view(proxy->metadata);
}

pyrope_context *proxy_context(const pyrope_proxy *proxy)
{
        return proxy->context;
}

void proxy_on_lost(pyrope_proxy *proxy, ProxyExplain explain, void *userdata)
{
        proxy->explain = explain;
        proxy->explain_userdata = userdata;
}

void proxy_explain(const pyrope_proxy *proxy, pyrope_error **error)
{
        if (proxy->explain && error && *error)
                proxy->explain(proxy->explain_userdata, error);
}

static bool is_in(pyrope_view names, const char *method)
{
        pyrope_view name;

        for (pyrope_iter it = pyrope_each(names); pyrope_next(&it, NULL, &name);)
                if (pyrope_str_equals(name, method))
                        return true;
        return false;
}

bool proxy_has_method(const pyrope_proxy *proxy, const char *method)
{
        return is_in(pyrope_find(pyrope_proxy_metadata(proxy), "methods"), method);
}

bool proxy_is_oneway(const pyrope_proxy *proxy, const char *method)
{
        return proxy->oneway.at && is_in(proxy->oneway, method);
}

int proxy_at(pyrope_proxy *proxy, Location *ret)
{
        int r;

        (void)pthread_mutex_lock(&proxy->lock);
        r = location_copy(&proxy->found.at, ret);
        (void)pthread_mutex_unlock(&proxy->lock);
        return r;
}
