#ifndef PYROPE_DAEMON_H
#define PYROPE_DAEMON_H

/* SPDX-License-Identifier: MIT */

/*
 * Serving objects.
 *
 * A program describes a class by a table of methods, registers objects of it with a daemon, and
 * runs. Peers are Pyro5 programs, in C or Python; another user of the machine is refused. The
 * daemon listens on a Unix socket, and, where it is told so, on a port of the loopback interface. A
 * whole application:
 *
 *      static int add(pyrope_call *call, void *self)
 *      {
 *              double a, b;
 *
 *              (void)self;
 *              if (pyrope_arguments(call, "ff", &a, &b))
 *                      return PYROPE_RAISED;
 *              return pyrope_reply(call, "f", a + b);
 *      }
 *
 *      static const pyrope_method methods[] = {
 *              { "add", "a b", add, 0, "sum of two numbers" },
 *              { 0 },
 *      };
 *      static const pyrope_class adder = { .name = "Adder", .methods = methods };
 *
 *      int main(void)
 *      {
 *              return pyrope_serve(&adder, NULL, NULL);
 *      }
 *
 * What the peers of one user make the daemon keep is limited (docs/protocol.md, section 6): who has
 * too much is refused more by a sentence, and others notice nothing.
 *
 * NULL: see <pyrope/error.h>; what a method returns is PYROPE_RAISED then.
 *
 * pyrope_publish() of <pyrope/pyrope.h> gives an object a name, and keeps it registered.
 *
 * Threads: methods run on threads of the daemon, one call at a time per object, unless the class is
 * PYROPE_CONCURRENT; so a method that calls its own serial object waits for itself. Everything that
 * takes a daemon may be called from any thread, from methods too; a call belongs to the thread that
 * runs its method.
 *
 * Signals: threads of the daemon block all that a program may expect. SIGURG wakes them: a program
 * that has a handler for it before it starts the daemon keeps it, and is served a little slower.
 */

#include <pyrope/value.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pyrope_daemon pyrope_daemon;
typedef struct pyrope_call pyrope_call;

/* What a method returns: 0 when it is done, PYROPE_RAISED after pyrope_raise(). */
#define PYROPE_RAISED (-1)

typedef int (*pyrope_method_fn)(pyrope_call *call, void *self);

enum {
        PYROPE_ONEWAY = 1u << 0,     /* method: stock clients do not wait for its answer */
        PYROPE_CONCURRENT = 1u << 1, /* class: its methods may run side by side */
        PYROPE_WAITS = 1u << 2,      /* method of such a class: it mostly waits, for a disk, say;
                                        however many are called, half of the threads are left for
                                        calls of others */
};

typedef struct pyrope_method {
        const char *name;       /* NULL ends the table */
        const char *parameters; /* "a b [c d]": optional ones in brackets; NULL: none */
        pyrope_method_fn run;
        unsigned flags;  /* PYROPE_ONEWAY, PYROPE_WAITS */
        const char *doc; /* one line, or NULL */
} pyrope_method;

typedef struct pyrope_attribute {
        const char *name; /* NULL ends the table */
        pyrope_method_fn get;
        pyrope_method_fn set; /* one argument, the new value; NULL: read-only */
} pyrope_attribute;

typedef struct pyrope_class {
        const char *name; /* for messages */
        const pyrope_method *methods;
        const pyrope_attribute *attributes; /* or NULL */
        unsigned flags;                     /* PYROPE_CONCURRENT */
        void (*released)(void *self);       /* no call uses the object any more; or NULL */
} pyrope_class;

/* What makes the items of a stream, see pyrope_reply_stream(). */
typedef struct pyrope_stream_class {
        pyrope_method_fn next;      /* given the state, not the object: writes the next item as its
                                       result and returns 0, or returns PYROPE_STREAM_END, or
                                       pyrope_wait_bell(); an exception ends the stream too */
        void (*close)(void *state); /* once, when the stream is over or given up; or NULL */
} pyrope_stream_class;

#define PYROPE_STREAM_END  1
#define PYROPE_STREAM_WAIT 2 /* nothing yet, see pyrope_wait_bell() */

/* What those wait for who asked for an item that is not there yet, see pyrope_bell_new(). */
typedef struct pyrope_bell pyrope_bell;

/* -- daemon ----------------------------------------------------------------------------------- */

typedef struct pyrope_daemon_options {
        const char *socket;         /* path; NULL: the inherited socket (LISTEN_FDS), else
                                       $PYROPE_SOCKET, else (without listen) a name of its own in
                                       the runtime directory */
        uint64_t message_max_bytes; /* 0: 1 GiB */
        const uid_t *allowed_uids;  /* users beside our own who may connect; borrowed during new */
        size_t n_allowed_uids;
        unsigned n_workers_max; /* calls that run at once; 0: 64. While others are ready and
                                   none of these ends, one more each half second, up to as many
                                   again: they may be waiting for those */
        const char *listen;     /* "127.0.0.1:PORT" or "[::1]:PORT", port 0: any; NULL: no TCP */
        const gid_t *group; /* who is in this group may connect to the Unix socket, too: one that
                               is made here has mode 0660 and that group, as its directory
                               0750; NULL: none; borrowed during new */
        unsigned spin_us; /* a conversation's next call is waited for so long (20 is good, 1000 the
                             most) by asking again and again, before the thread sleeps: answers
                             come sooner, and cost more of the processor; 0: not at all */
} pyrope_daemon_options;

/**
 * pyrope_daemon_new() - bind the sockets; nothing is served yet
 * @options: NULL for the defaults
 *
 * Return: PYROPE_OK; PYROPE_E_EXISTS if a live daemon has the socket or port; PYROPE_E_DENIED if
 * its directory is not private; PYROPE_E_INVALID for a path that is too long, another address
 * than of the loopback interface, or a number above its limit; PYROPE_E_IO; PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_daemon_new(const pyrope_daemon_options *options,
                                           pyrope_daemon **ret, pyrope_error **error);

/**
 * pyrope_daemon_allow() - other users beside our own who may connect, from now on
 * @uids: @n_uids of them, copied; they take the place of those in the options
 *
 * Connections that are there stay. Return: PYROPE_OK; PYROPE_E_NOMEM, and then the Unix socket may
 * follow the new list, and the port the old one.
 */
PYROPE_API pyrope_status pyrope_daemon_allow(pyrope_daemon *daemon, const uid_t *uids,
                                             size_t n_uids, pyrope_error **error);

/**
 * pyrope_daemon_free() - stop, wait for running calls, release; NULL is fine
 *
 * Not from a method, which it would wait for. Return: NULL.
 */
PYROPE_API pyrope_daemon *pyrope_daemon_free(pyrope_daemon *daemon);

/**
 * pyrope_daemon_register() - make an object callable
 * @id:    its id in URIs; NULL: the one that a job manager chose ($PYROPE_OBJECT), if still free,
 *         else a random one
 * @class_: borrowed for the life of the daemon
 * @self:  handed to each method
 *
 * Return: PYROPE_OK; PYROPE_E_EXISTS if the id is taken; PYROPE_E_INVALID for an id with blanks or
 * a class whose table is wrong (a name twice, no function, unknown flags); PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_daemon_register(pyrope_daemon *daemon, const char *id,
                                                const pyrope_class *class_, void *self,
                                                pyrope_error **error);

/**
 * pyrope_daemon_unregister() - the object answers no new call; running ones end in peace
 *
 * Return: PYROPE_OK, PYROPE_E_NOT_FOUND.
 */
PYROPE_API pyrope_status pyrope_daemon_unregister(pyrope_daemon *daemon, const char *id);

/**
 * pyrope_daemon_uri() - PYRO:id@./u:path, or that of the port where there is no Unix socket
 * @id: an id, or NULL for the object that was registered first
 *
 * Return: owned by the caller, free(); NULL if there is no such object or memory is out.
 */
PYROPE_API char *pyrope_daemon_uri(pyrope_daemon *daemon, const char *id);

/** pyrope_daemon_tcp_uri() - PYRO:id@127.0.0.1:port. Return: the same; NULL also without a port. */
PYROPE_API char *pyrope_daemon_tcp_uri(pyrope_daemon *daemon, const char *id);

/**
 * pyrope_daemon_start() - serve, on threads of the daemon
 *
 * Nothing happens if it does so already; one that was stopped before ends at once, and none can be
 * started again.
 *
 * Return: PYROPE_OK, PYROPE_E_NOMEM, PYROPE_E_IO.
 */
PYROPE_API pyrope_status pyrope_daemon_start(pyrope_daemon *daemon, pyrope_error **error);

/**
 * pyrope_daemon_stop() - take no new calls; finish running ones
 *
 * Returns at once; may be called from a method. pyrope_daemon_wait() waits for the end.
 */
PYROPE_API void pyrope_daemon_stop(pyrope_daemon *daemon);

/**
 * pyrope_daemon_wait() - until the daemon was stopped and the last call is answered
 * @drain_ms: how long running calls may still take once it is stopped; -1: no limit
 *
 * Return: PYROPE_OK; PYROPE_E_TIMEOUT if calls still run.
 */
PYROPE_API pyrope_status pyrope_daemon_wait(pyrope_daemon *daemon, int64_t drain_ms);

/**
 * pyrope_daemon_run() - start, print "READY URI" on standard output for each listener (that of
 * the port first), serve until pyrope_daemon_stop(), SIGTERM or SIGINT; then drain for at most 10 s
 *
 * A service manager ($NOTIFY_SOCKET) is told that it is ready, and that it stops.
 *
 * Call it from the main thread, before other threads are made: it blocks the two signals there.
 * Return: as pyrope_daemon_start(), and PYROPE_E_TIMEOUT if calls still ran at the end.
 */
PYROPE_API pyrope_status pyrope_daemon_run(pyrope_daemon *daemon, pyrope_error **error);

/**
 * pyrope_serve() - a whole main(): a daemon with one object, run; errors to standard error
 * @id: as for pyrope_daemon_register()
 *
 * Return: the exit status of the program, 0 or 1.
 */
PYROPE_API int pyrope_serve(const pyrope_class *class_, void *self, const char *id);

/* -- inside a method -------------------------------------------------------------------------- */

/** pyrope_argument() - argument @index, in the order of the parameters; absent if not given. */
PYROPE_API pyrope_view pyrope_argument(pyrope_call *call, size_t index);

/**
 * pyrope_arguments() - all arguments, typed
 * @format: one letter a parameter: b bool by truth (bool *); i int *; I int64_t *; f double *;
 *      s const char ** (NUL-terminated, lives as long as the call; a str with NUL is refused);
 *      y const void **, size_t *; v pyrope_view *; a pyrope_array * of dtype "<f8", aligned.
 *      Optional parameters that were not given, or nil, leave their targets as they are.
 *
 * Return: 0; PYROPE_RAISED with a TypeError that names the parameter.
 */
PYROPE_API int pyrope_arguments(pyrope_call *call, const char *format, ...);

/**
 * pyrope_call_array() - an array in an argument, aligned for its dtype
 *
 * A copy, if one had to be made, lives as long as the call.
 * Return: as pyrope_get_array(), and PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_call_array(pyrope_call *call, pyrope_view item, const char *dtype,
                                           pyrope_array *ret);

/** pyrope_result() - where the result is written; nothing written means nil. Return: borrowed. */
PYROPE_API pyrope_writer *pyrope_result(pyrope_call *call);

/** pyrope_reply() - the result by a format, see pyrope_pack(). Return: 0. */
PYROPE_API int pyrope_reply(pyrope_call *call, const char *format, ...);

/**
 * pyrope_reply_uri() - the result is the URI of an object of this daemon
 * @id: NULL: the object that is called
 *
 * The URI is that of the listener by which the caller came. Written where the result is, so it may
 * also be an element of a list or map that was begun there.
 *
 * Return: 0; PYROPE_RAISED with a DaemonError if there is no such object.
 */
PYROPE_API int pyrope_reply_uri(pyrope_call *call, const char *id);

/**
 * pyrope_reply_proxy() - the same as a proxy, which the caller can use at once
 *
 * It has the metadata of the object, so that Python need not ask for them. Return: as
 * pyrope_reply_uri().
 */
PYROPE_API int pyrope_reply_proxy(pyrope_call *call, const char *id);

/**
 * pyrope_reply_stream() - the result is a stream, whose items the caller fetches one by one
 * @class_: borrowed for the life of the daemon
 * @state:  taken, handed to each of its functions; what was written as a result is dropped
 *
 * Python sees an iterator. A user may have 1024 streams open, else the caller gets a RuntimeError.
 * A stream that nobody asks once its connection has been gone for 30 s, and that of a oneway call,
 * is given up; in a batch the whole batch fails.
 *
 * What is large and goes over a slow link is better given so than as one result: of an SSH session
 * all calls share the link, and other ones get through between two items. 64 KiB each cost little.
 *
 * Threads: `next` has the turn of the object whose method gave the stream, so no method of a serial
 * object runs beside it. Nothing of one stream runs beside its own `next`: of an object that is
 * PYROPE_CONCURRENT, another who asks for the same stream meanwhile gets a RuntimeError. `close`
 * may run beside methods of the object, on any thread of the daemon, or in pyrope_daemon_free().
 *
 * Return: 0; PYROPE_RAISED with a RuntimeError if there is no `next`, and then @state is not taken.
 */
PYROPE_API int pyrope_reply_stream(pyrope_call *call, const pyrope_stream_class *class_,
                                   void *state);

/**
 * pyrope_bell_new() - what the items of a stream wait for
 *
 * A `next` that has nothing to say, and shall not end the stream, returns pyrope_wait_bell(). Its
 * caller then waits without a thread and without the turn of the object, until the bell is rung;
 * then `next` is asked again. Answer something from time to time in any case: only then it is seen
 * that a caller has gone.
 *
 * Return: owned by the caller, who frees it before the daemon, or in `close`; NULL: out of memory.
 */
PYROPE_API pyrope_bell *pyrope_bell_new(pyrope_daemon *daemon);

/** pyrope_bell_free() - who waits for it is asked again; NULL is fine. Return: NULL. */
PYROPE_API pyrope_bell *pyrope_bell_free(pyrope_bell *bell);

/** pyrope_bell_ring() - all who wait for it are asked again. Any thread. */
PYROPE_API void pyrope_bell_ring(pyrope_bell *bell);

/** pyrope_bell_rings() - how often it was rung. */
PYROPE_API uint64_t pyrope_bell_rings(pyrope_bell *bell);

/**
 * pyrope_wait_bell() - in `next` of a stream: ask again when the bell is rung
 * @n_rings: pyrope_bell_rings() from before `next` looked for something to say; if the bell was
 *           rung since then, it is asked again at once
 *
 * Return: PYROPE_STREAM_WAIT, which `next` returns; PYROPE_RAISED with a RuntimeError if @bell is
 * NULL.
 */
PYROPE_API int pyrope_wait_bell(pyrope_call *call, pyrope_bell *bell, uint64_t n_rings);

/**
 * pyrope_raise() - end the method with an exception
 * @call:   the call
 * @class_: "ValueError" and any other builtin, or a full name such as "Pyro5.errors.NamingError";
 *          a class that stock Python cannot rebuild is sent as Pyro5.errors.PyroError
 * @format: text of the exception, as printf
 *
 * The C file, line and method are told in the traceback. Return: PYROPE_RAISED.
 */
#define pyrope_raise(...) pyrope_raise_at(__FILE__, __LINE__, __VA_ARGS__)
PYROPE_API int pyrope_raise_at(const char *file, int line, pyrope_call *call, const char *class_,
                               const char *format, ...) PYROPE_PRINTF(5, 6);

/** pyrope_call_daemon() - the daemon that serves the call. Return: borrowed. */
PYROPE_API pyrope_daemon *pyrope_call_daemon(pyrope_call *call);

/** pyrope_call_object() - id of the object called. Return: borrowed until the method returns. */
PYROPE_API const char *pyrope_call_object(pyrope_call *call);

/** pyrope_call_uid() - user at the other end of the socket, as the kernel says. */
PYROPE_API uid_t pyrope_call_uid(pyrope_call *call);

/**
 * pyrope_call_session() - what was kept for the connection by which the call came
 *
 * A connection is one for all objects of the daemon that its client calls through it.
 * Return: borrowed until the method returns; NULL if nothing was kept.
 */
PYROPE_API void *pyrope_call_session(pyrope_call *call);

/**
 * pyrope_call_keep_session() - keep something as long as the connection lasts
 * @session: not NULL
 * @ended:   called once with it when the client has hung up, or the daemon was stopped, and no call
 *           of that connection uses it any more; or NULL
 *
 * Threads: a client's calls follow each other, but its oneway calls run beside them, so the session
 * may be used by several. `ended` runs on any thread of the daemon, or in pyrope_daemon_free(), and
 * beside methods for other clients.
 *
 * Return: PYROPE_OK; PYROPE_E_EXISTS if something is kept already; PYROPE_E_INVALID for NULL.
 */
PYROPE_API pyrope_status pyrope_call_keep_session(pyrope_call *call, void *session,
                                                  void (*ended)(void *session));

/** pyrope_call_sequence() - number that the caller gave to the call; it wraps at 65536. */
PYROPE_API unsigned pyrope_call_sequence(pyrope_call *call);

/** pyrope_call_serializer() - Pyro5's number of the call's serializer: 4, msgpack. */
PYROPE_API unsigned pyrope_call_serializer(pyrope_call *call);

/**
 * pyrope_call_correlation() - the UUID by which the caller ties calls together
 *
 * The answer repeats it. Return: whether there is one.
 */
PYROPE_API bool pyrope_call_correlation(pyrope_call *call, unsigned char ret[16]);

/**
 * pyrope_call_annotation() - what the caller annotated under an id
 * @ret, @ret_n: bytes, borrowed until the method returns
 *
 * Return: whether there is such an annotation.
 */
PYROPE_API bool pyrope_call_annotation(pyrope_call *call, const char *id, const void **ret,
                                       size_t *ret_n);

/** pyrope_call_annotation_at() - the same by their order, from 0. Return: false behind the last. */
PYROPE_API bool pyrope_call_annotation_at(pyrope_call *call, size_t index, pyrope_annotation *ret);

/**
 * pyrope_call_blob_info() - whether the argument came as Pyro5's SerializedBlob, and what was told
 * with it
 * @ret, @ret_n: UTF-8 without NUL behind it, borrowed until the method returns; NULL if the info is
 *               no str
 *
 * The argument itself is what the blob holds.
 *
 * Return: whether it came so.
 */
PYROPE_API bool pyrope_call_blob_info(pyrope_call *call, const char **ret, size_t *ret_n);

/**
 * pyrope_annotate() - send an annotation with the answer of this call, and no other
 * @id:   four ASCII characters; STRM, BLBI and PACE are the protocol's own
 * @data: copied
 *
 * Of an id that is given twice the last one counts. All of a batch share one answer; a oneway call
 * has none.
 *
 * Return: PYROPE_OK; PYROPE_E_INVALID for such an id; PYROPE_E_TOO_LARGE above 60 annotations or
 * 1 MiB of them; PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_annotate(pyrope_call *call, const char *id, const void *data,
                                         size_t n_data);

#ifdef __cplusplus
}
#endif

#endif
