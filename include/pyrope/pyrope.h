#ifndef PYROPE_PYROPE_H
#define PYROPE_PYROPE_H

/* SPDX-License-Identifier: MIT */

/*
 * Client API: find remote objects and call them, through SSH where they are elsewhere.
 *
 * A context knows where nameservers are, the SSH settings and the sessions that are up: one
 * authenticated session per host, whatever number of calls it carries. A location is where
 * something listens:
 *
 *      /path or ./u:/path              a Unix socket of this machine
 *      host:port                       a TCP port
 *      ssh://[user@]host[:port]/./u:/path   a Unix socket of that machine
 *      ssh://[user@]host[:port]        the nameserver of that machine
 *
 * A port of the loopback interface may be another user's, who took it when its daemon had ended. So
 * nothing is sent to one before the kernel has said that it is our own user's or root's, or that of
 * one of the options' port_users; else the call fails with PYROPE_E_DENIED.
 *
 * Where one goes through other hosts to an SSH host, these stand in front of it, with commas
 * between (ssh://gateway,me@host:22/./u:/path; at most 8 in all), except in a list of nameservers.
 *
 * An SSH session that is lost, silent for 4 s while its host answers others, or for 13 s, or behind
 * a suspend of this computer, is made anew by the next call that wants it. While the host cannot be
 * reached, calls wait for it within their timeouts, through the first 10 s of an outage; then each
 * fails with the last reason, and attempts go on once a second at most. Whoever refuses us is not
 * asked again at once: the refusal is told from memory, for 3 s if it was for the host key, else
 * for 10 s, and longer each time, up to 5 minutes.
 *
 * An object is named by a name in the nameserver, or by a URI: PYRO:object@location,
 * PYRONAME:name[@location], PYROMETA:tag,tag[@location].
 *
 * NULL: see <pyrope/error.h>.
 *
 * Any thread may use a context and all that comes from it; calls on one proxy follow each other.
 * Text is UTF-8, NUL-terminated. Durations are milliseconds; -1 waits without limit, 0 means the
 * default of the context (60 s). What a function returns by a pointer belongs to the caller, who
 * frees it by the function of its type, before the context.
 */

#include <pyrope/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pyrope_context pyrope_context;
typedef struct pyrope_proxy pyrope_proxy;
typedef struct pyrope_instance pyrope_instance;
typedef struct pyrope_forward pyrope_forward;

/* -- questions to a person -------------------------------------------------------------------- */

#define PYROPE_ANSWER_SIZE 1024u /* bytes of an answer, its terminator among them */

/* What a login wants to know: the passphrase of a key file, a password, a one-time code, or "yes"
 * for a host key that is not known. Borrowed during the call. The host's words are in it, cut to a
 * few lines and with nothing but printable characters. */
typedef struct pyrope_question {
        const char *host;        /* the login it is for: "h1 (me@10.0.0.2 port 22)" */
        const char *instruction; /* to be shown before; lines, each with its \n; "" for none */
        const char *prompt;      /* "Password: "; it may have several lines, the last without \n */
        bool is_echoed;          /* the answer may be seen while it is typed */
        int64_t timeout_ms;      /* later, the answer is of no use; -1: no limit */
        int stop_fd;             /* poll() finds it readable: it is of no use any more */
} pyrope_question;

/**
 * pyrope_ask_fn - asks a person
 * @userdata: as in the options
 * @answer:   PYROPE_ANSWER_SIZE bytes of the library, which clears them after use; receives the
 *            answer, terminated
 *
 * Called by a thread of the library, in which no signal is delivered, while a login goes on; for
 * one question of a context at a time. It returns soon after its time is over or stop_fd is
 * readable, for pyrope_context_free() waits for it. It calls nothing of the context.
 *
 * Return: PYROPE_OK; PYROPE_E_DENIED (nobody is there, or does not want to answer),
 * PYROPE_E_TIMEOUT, PYROPE_E_CLOSED (stop_fd), PYROPE_E_IO.
 */
typedef pyrope_status (*pyrope_ask_fn)(void *userdata, const pyrope_question *question,
                                       char *answer);

/* -- context ---------------------------------------------------------------------------------- */

/* Whose SSH sessions a context uses; see <pyrope/agent.h>. */
typedef enum pyrope_share {
        PYROPE_SHARE_DEFAULT, /* $PYROPE_SHARE, yes or no; else its own, for a program that goes on
                                 for long needs no other process */
        PYROPE_SHARE_YES,     /* those of an agent, which is started if need be; its own where that
                                 cannot be */
        PYROPE_SHARE_NO,      /* its own */
} pyrope_share;

/* Every member may be NULL or 0: then the environment decides, then the default. */
typedef struct pyrope_options {
        const char *nameserver;  /* a location, or several, separated by commas and blanks, of which
                                    the first that answers is asked; $PYROPE_NAMESERVER; else the
                                    socket "nameserver.sock" in the runtime directory, else
                                    /run/pyrope/nameserver.sock */
        const char *ssh_config;  /* file; $PYROPE_SSH_CONFIG; else ~/.ssh/config */
        const char *ssh_backend; /* who logs in: "libssh", in this process; "program", which is ssh;
                                    "auto": libssh, but the program for a host whose settings
                                    libssh cannot honour; $PYROPE_SSH_BACKEND; else "auto" */
        const char *zone;        /* $PYROPE_ZONE; else from the host's name and machine id */
        const char *runtime_dir; /* $PYROPE_RUNTIME_DIR; else see "pyrope where" */
        int64_t timeout_ms;      /* for whatever names no other; 60 s */
        unsigned spin_us;        /* an answer is waited for so long (20 is good, 1000 the most) by
                                    asking again and again, before the thread sleeps: it comes sooner,
                                    and costs more of the processor; 0: not at all */
        pyrope_ask_fn ask;       /* NULL: there is nobody to ask; a login does without, or fails */
        void *ask_userdata;      /* for ask; valid as long as the context */
        pyrope_share share;      /* a session that another program has is used, too */
        const char *port_users;  /* names or numbers of users, separated by commas and blanks, whose
                                    ports of the loopback interface are believed, beside our own and
                                    root's; $PYROPE_PORT_USERS; else nobody's */
} pyrope_options;

/**
 * pyrope_context_new() - nothing is connected yet
 * @options: NULL for the defaults; borrowed during the call
 *
 * Return: PYROPE_OK, PYROPE_E_INVALID (a location, zone or backend of no known form, a spin_us
 * above 1000, a user that is not known), PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_context_new(const pyrope_options *options, pyrope_context **ret,
                                            pyrope_error **error);

/** pyrope_context_free() - close every session; NULL is fine. Return: NULL. */
PYROPE_API pyrope_context *pyrope_context_free(pyrope_context *context);

/* Counts since the context was made. */
typedef struct pyrope_statistics {
        uint64_t n_calls;        /* requests sent */
        uint64_t n_ssh_sessions; /* logins that succeeded; those of an agent are not counted */
        uint64_t n_ssh_channels; /* channels opened through them */
        uint64_t n_local;        /* connections to sockets of this machine */
} pyrope_statistics;

/** pyrope_context_statistics() - the counts as they are now. */
PYROPE_API void pyrope_context_statistics(pyrope_context *context, pyrope_statistics *ret);

/* A session to an SSH host, which is one of: "resolving settings", "connecting", "authenticating",
 * "up"; "lost", which is made anew as soon as somebody wants it, "backing off", which waits before
 * that, and "closed". Borrowed during the callback. */
typedef struct pyrope_session {
        const char *label;       /* "h1 (me@10.0.0.2 port 22)"; "h1" until its settings are read */
        const char *targets;     /* all that callers call it, with blanks between */
        const char *state;       /* in which it is ... */
        int64_t since_ms;        /* ... since that moment of CLOCK_BOOTTIME ... */
        const char *reason;      /* ... because of this */
        int64_t next_attempt_ms; /* until the next attempt; -1: none is planned */
        uint64_t n_logins;       /* that succeeded */
        uint64_t n_channels;     /* open, or asked for */
        uint64_t n_received;     /* bytes since the last login */
        uint64_t n_sent;         /* the same */
        int64_t quiet_ms;        /* since the last byte was received; -1: none was */
        const char *server;      /* its version, as it told at the last login; "": none yet */
        const char *cipher;      /* the same */
} pyrope_session;

typedef void (*pyrope_session_fn)(void *userdata, const pyrope_session *session);

/**
 * pyrope_context_sessions() - what each SSH session is doing
 * @fn: called once for each, in this thread; may call anything
 *
 * Return: PYROPE_OK, PYROPE_E_INVALID (a NULL), PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_context_sessions(pyrope_context *context, pyrope_session_fn fn,
                                                 void *userdata, pyrope_error **error);

/* -- proxies and calls ------------------------------------------------------------------------ */

/**
 * pyrope_proxy_new() - connect to an object
 * @object:  a name or a URI; "Pyro.NameServer" is the nameserver itself
 * @timeout_ms: for finding and connecting
 *
 * Return: PYROPE_OK; PYROPE_E_NOT_FOUND (no such name or object), PYROPE_E_UNREACHABLE,
 * PYROPE_E_TIMEOUT, PYROPE_E_HOST_KEY, PYROPE_E_AUTH, PYROPE_E_DENIED, PYROPE_E_PROTOCOL,
 * PYROPE_E_INVALID (a URI of no known form), PYROPE_E_CONFIG (the SSH settings), PYROPE_E_NOMEM,
 * PYROPE_E_IO.
 */
PYROPE_API pyrope_status pyrope_proxy_new(pyrope_context *context, const char *object,
                                          int64_t timeout_ms, pyrope_proxy **ret,
                                          pyrope_error **error);

/**
 * pyrope_proxy_received() - connect to an object that a daemon told us about
 * @from: the proxy whose call gave it, or told it
 * @item: a str with a PYRO: URI, a URI or a proxy, as Pyro5 sends them
 *
 * The location counts as seen from the machine of @from's daemon, and is reached the same way.
 * Return: as pyrope_proxy_new(), and PYROPE_E_TYPE if @item is nothing of the kind.
 */
PYROPE_API pyrope_status pyrope_proxy_received(pyrope_proxy *from, pyrope_view item,
                                               int64_t timeout_ms, pyrope_proxy **ret,
                                               pyrope_error **error);

/**
 * pyrope_proxy_from() - connect to an object that somebody else told us about
 * @item: as for pyrope_proxy_received(): an argument of a method, say, that a daemon shall call
 * back
 *
 * The location counts as seen from this machine. Who may tell it makes this process connect there,
 * to a port too, and no further: a location through SSH is refused.
 *
 * Return: as pyrope_proxy_received().
 */
PYROPE_API pyrope_status pyrope_proxy_from(pyrope_context *context, pyrope_view item,
                                           int64_t timeout_ms, pyrope_proxy **ret,
                                           pyrope_error **error);

/** pyrope_proxy_free() - hang up; NULL is fine. Return: NULL. */
PYROPE_API pyrope_proxy *pyrope_proxy_free(pyrope_proxy *proxy);

/** pyrope_proxy_uri() - the object's URI at its own machine. Return: borrowed from @proxy. */
PYROPE_API const char *pyrope_proxy_uri(const pyrope_proxy *proxy);

/**
 * pyrope_proxy_metadata() - what the daemon told on connecting first: a map with the lists methods,
 * oneway, attrs. Return: valid as long as @proxy.
 */
PYROPE_API pyrope_view pyrope_proxy_metadata(const pyrope_proxy *proxy);

/**
 * pyrope_proxy_fd() - what a program's own poll() watches besides pyrope_wait_hangup()
 *
 * Between calls it becomes readable when the daemon, or the way to it, is gone; then ask
 * pyrope_wait_hangup(). Never read, write or close it; another one may take its place at each call.
 * Return: a descriptor, or -1 while @proxy is not connected.
 */
PYROPE_API int pyrope_proxy_fd(pyrope_proxy *proxy);

/**
 * pyrope_call_method() - call, and wait for the result
 * @method:    name of the method
 * @arguments: a list, or NULL: none; borrowed
 * @keywords:  a map, or NULL: none; borrowed
 * @ret:       the result; may be NULL
 *
 * A method that the daemon told of as oneway is only sent, and its result is nil. After
 * PYROPE_E_TIMEOUT or PYROPE_E_UNREACHABLE the method may have run, or still run, unless
 * pyrope_error_is_unsent() says otherwise; the proxy connects again at its next call. Nothing is
 * ever sent twice.
 *
 * Return: PYROPE_OK; PYROPE_E_REMOTE (@error has class, text and traceback), PYROPE_E_TIMEOUT,
 * PYROPE_E_TOO_LARGE (not sent), PYROPE_E_INVALID (arguments are no list, keywords no map),
 * PYROPE_E_TYPE (the result is an item stream, which pyrope_call_with() gives), and all of
 * pyrope_proxy_new().
 */
PYROPE_API pyrope_status pyrope_call_method(pyrope_proxy *proxy, const char *method,
                                            const pyrope_value *arguments,
                                            const pyrope_value *keywords, int64_t timeout_ms,
                                            pyrope_value **ret, pyrope_error **error);

/**
 * pyrope_callf() - the same, with positional arguments by a format of pyrope_pack()
 * @format: the arguments one after another, "sif"; "" for none; large bytes, arrays and views are
 *          sent from where they lie, without a copy
 *
 * The timeout is the context's. Return: as pyrope_call_method().
 */
PYROPE_API pyrope_status pyrope_callf(pyrope_proxy *proxy, const char *method, pyrope_value **ret,
                                      pyrope_error **error, const char *format, ...);

/* -- all that can be said with a call --------------------------------------------------------- */

/* What a call ends in: a result or an item stream, and what came beside it. For one thread at a
 * time. */
typedef struct pyrope_answer pyrope_answer;
/* The items of a generator of the remote side, one at a time. */
typedef struct pyrope_stream pyrope_stream;

enum {
        PYROPE_CALL_ONEWAY = 1u << 0, /* nobody waits: the method may fail unheard, or never run */
};

/* Every member may be 0 or NULL. */
typedef struct pyrope_call_options {
        int64_t timeout_ms; /* as everywhere: -1 waits without limit, 0 is the context's */
        unsigned flags;     /* PYROPE_CALL_* */
        const pyrope_annotation *annotations; /* sent with the call; borrowed */
        size_t n_annotations;
        const unsigned char *correlation; /* 16 bytes of a UUID that ties calls together; inside a
                                             method that of pyrope_call_correlation(); borrowed */
} pyrope_call_options;

/**
 * pyrope_call_with() - as pyrope_call_method(), and all that can be said and heard beside it
 * @options: NULL for the defaults
 * @ret:     may be NULL: then an item stream is closed at once
 *
 * A oneway call returns when it is sent, and its answer has neither result nor stream. The
 * annotations beside a remote exception are in @error.
 *
 * Return: as pyrope_call_method(); PYROPE_E_INVALID also for unknown flags, or an id of an
 * annotation that is not four ASCII characters or one of the protocol's own (STRM, BLBI, PACE);
 * PYROPE_E_TOO_LARGE also above 60 annotations or 1 MiB of them.
 */
PYROPE_API pyrope_status pyrope_call_with(pyrope_proxy *proxy, const char *method,
                                          const pyrope_value *arguments,
                                          const pyrope_value *keywords,
                                          const pyrope_call_options *options, pyrope_answer **ret,
                                          pyrope_error **error);

/** pyrope_answer_free() - with what was not taken out of it; NULL is fine. Return: NULL. */
PYROPE_API pyrope_answer *pyrope_answer_free(pyrope_answer *answer);

/** pyrope_answer_result() - absent for a stream and a oneway call. Valid as long as @answer. */
PYROPE_API pyrope_view pyrope_answer_result(const pyrope_answer *answer);

/** pyrope_answer_take_result() - Return: owned by the caller; NULL if there is none (any more). */
PYROPE_API pyrope_value *pyrope_answer_take_result(pyrope_answer *answer);

/** pyrope_answer_take_stream() - Return: owned by the caller; NULL if there is none (any more). */
PYROPE_API pyrope_stream *pyrope_answer_take_stream(pyrope_answer *answer);

/**
 * pyrope_answer_annotation() - what the daemon annotated under an id
 * @ret, @ret_n: bytes, borrowed from @answer
 *
 * Return: whether there is such an annotation.
 */
PYROPE_API bool pyrope_answer_annotation(const pyrope_answer *answer, const char *id,
                                         const void **ret, size_t *ret_n);

/**
 * pyrope_answer_correlation() - the UUID that the answer has beside it
 *
 * It is that of the call; a stock daemon makes one up for a call without.
 *
 * Return: whether there is one.
 */
PYROPE_API bool pyrope_answer_correlation(const pyrope_answer *answer, unsigned char ret[16]);

/**
 * pyrope_stream_next() - the next item
 * @ret: owned by the caller; NULL behind the last item
 *
 * Items come through the proxy whose call gave the stream, one call for each, so calls of other
 * kinds may stand between them. A stream outlives its connection: where the proxy has to connect
 * anew it goes on, if that is within the daemon's time for it (30 s). After PYROPE_E_TIMEOUT or
 * PYROPE_E_UNREACHABLE one item may be lost. A remote exception ends it, as its last item does.
 *
 * Threads: one at a time on one stream.
 *
 * Return: as pyrope_call_method(); PYROPE_E_REMOTE also if the daemon has given it up.
 */
PYROPE_API pyrope_status pyrope_stream_next(pyrope_stream *stream, int64_t timeout_ms,
                                            pyrope_value **ret, pyrope_error **error);

/**
 * pyrope_stream_free() - no more items, before the proxy is freed; NULL is fine
 *
 * The daemon is told, unless the stream came to its end or the connection is lost; it waits for its
 * turn on the proxy as a call does, at most the context's timeout. Return: NULL.
 */
PYROPE_API pyrope_stream *pyrope_stream_free(pyrope_stream *stream);

/**
 * pyrope_get_attribute() - the value of a remote attribute
 * @ret: may be NULL
 *
 * Return: as pyrope_call_method(); PYROPE_E_REMOTE with an AttributeError if it has no such one.
 */
PYROPE_API pyrope_status pyrope_get_attribute(pyrope_proxy *proxy, const char *name,
                                              int64_t timeout_ms, pyrope_value **ret,
                                              pyrope_error **error);

/**
 * pyrope_set_attribute() - give a remote attribute a value
 * @value: borrowed; NULL: nil
 *
 * Return: as pyrope_get_attribute().
 */
PYROPE_API pyrope_status pyrope_set_attribute(pyrope_proxy *proxy, const char *name,
                                              const pyrope_value *value, int64_t timeout_ms,
                                              pyrope_error **error);

/* -- batches ---------------------------------------------------------------------------------- */

/* Calls of one object, sent as one message, and their results. For one thread at a time. */
typedef struct pyrope_batch pyrope_batch;

/** pyrope_batch_new() - Return: owned, before @proxy is freed; NULL if memory is out. */
PYROPE_API pyrope_batch *pyrope_batch_new(pyrope_proxy *proxy);

/** pyrope_batch_free() - with its results; NULL is fine. Return: NULL. */
PYROPE_API pyrope_batch *pyrope_batch_free(pyrope_batch *batch);

/**
 * pyrope_batch_add() - one more call
 * @arguments: a list, or NULL: none; copied
 * @keywords:  a map, or NULL: none; copied
 *
 * A failure sticks, and is what pyrope_batch_send() returns.
 */
PYROPE_API void pyrope_batch_add(pyrope_batch *batch, const char *method,
                                 const pyrope_value *arguments, const pyrope_value *keywords);

/** pyrope_batch_addf() - the same, with positional arguments as of pyrope_callf(). */
PYROPE_API void pyrope_batch_addf(pyrope_batch *batch, const char *method, const char *format, ...);

/**
 * pyrope_batch_send() - send the calls, and wait for the results of all
 * @options: NULL for the defaults; with PYROPE_CALL_ONEWAY there are no results
 *
 * They run in their order; the first one that fails is the last one that ran. The batch is then
 * empty again, whatever comes, and earlier results are gone.
 *
 * Return: as pyrope_call_with(); PYROPE_OK also if one of the calls failed. PYROPE_E_REMOTE if the
 * batch did as a whole, such as for a method that does not exist.
 */
PYROPE_API pyrope_status pyrope_batch_send(pyrope_batch *batch, const pyrope_call_options *options,
                                           pyrope_error **error);

/**
 * pyrope_batch_next() - the result of the next call, in their order
 * @ret: valid until @batch is sent again or freed; absent behind the last one
 *
 * Return: PYROPE_OK; PYROPE_E_REMOTE in the place of the call that raised an exception.
 */
PYROPE_API pyrope_status pyrope_batch_next(pyrope_batch *batch, pyrope_view *ret,
                                           pyrope_error **error);

/* -- the daemon of a proxy -------------------------------------------------------------------- */

/**
 * pyrope_ping() - one round trip to the daemon's protocol, no method is run
 *
 * Return: as pyrope_proxy_new().
 */
PYROPE_API pyrope_status pyrope_ping(pyrope_proxy *proxy, int64_t timeout_ms, pyrope_error **error);

/**
 * pyrope_wait_hangup() - until the daemon of the object is gone
 *
 * Notices the end of the daemon or of the way to it, whatever comes first; no call may run on
 * @proxy meanwhile. Return: PYROPE_OK when it is gone, PYROPE_E_TIMEOUT when it still serves.
 */
PYROPE_API pyrope_status pyrope_wait_hangup(pyrope_proxy *proxy, int64_t timeout_ms);

/* -- names ------------------------------------------------------------------------------------ */

/**
 * pyrope_resolve() - what the nameserver knows about a name
 * @ret: a map: name, object, uri, metadata (list), endpoints (list of maps with zone, unix, host,
 *       port, nathost, natport, ssh), owner, version, ttl, confirmed (docs/protocol.md, section 7);
 *       nil where unknown; of a stock nameserver the first four, and no endpoints
 *
 * Return: as pyrope_call_method(); PYROPE_E_NOT_FOUND: no such name.
 */
PYROPE_API pyrope_status pyrope_resolve(pyrope_context *context, const char *name,
                                        int64_t timeout_ms, pyrope_value **ret,
                                        pyrope_error **error);

/**
 * pyrope_wait_name() - until the nameserver knows a name
 * @ret: as pyrope_resolve()
 *
 * The nameserver tells when it is registered (a stock one is asked from time to time); should it
 * restart meanwhile, that is waited for, too.
 *
 * Return: as pyrope_resolve(); PYROPE_E_TIMEOUT if the name is not there in time.
 */
PYROPE_API pyrope_status pyrope_wait_name(pyrope_context *context, const char *name,
                                          int64_t timeout_ms, pyrope_value **ret,
                                          pyrope_error **error);

/**
 * pyrope_where() - the runtime directory: the one with a nameserver's socket, else the one where
 * sockets of ours would be made
 * @ret: owned by the caller, free()
 *
 * Return: PYROPE_OK, PYROPE_E_DENIED (no place is private), PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_where(pyrope_context *context, char **ret, pyrope_error **error);

/**
 * pyrope_where_nameserver() - the nameserver's location, or those of several: as given, with ", "
 * in between; or the default
 * @ret: owned by the caller, free()
 *
 * Return: PYROPE_OK, PYROPE_E_NOT_FOUND (none was given, and no socket of one is there),
 * PYROPE_E_DENIED (no place is private), PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_where_nameserver(pyrope_context *context, char **ret,
                                                 pyrope_error **error);

/**
 * pyrope_pipe_nameserver() - join two descriptors with a fresh connection to the nameserver
 * @in_fd:  what is read goes to the nameserver
 * @out_fd: what it answers is written there
 *
 * Returns when the nameserver has hung up and all that it said is written; the end of @in_fd is
 * passed on to it before. Only connecting has a limit, the context's. The descriptors stay open;
 * they do not block meanwhile; SIGPIPE should be ignored. For programs that carry the bytes
 * themselves, such as sshd.
 *
 * Return: PYROPE_OK, PYROPE_E_IO (@in_fd or @out_fd), and all of pyrope_proxy_new().
 */
PYROPE_API pyrope_status pyrope_pipe_nameserver(pyrope_context *context, int in_fd, int out_fd,
                                                pyrope_error **error);

/* A name, and what it stands for; all borrowed during the call. */
typedef struct pyrope_publication {
        const char *name;
        const char *uri;         /* of an object of this machine, as pyrope_daemon_uri() gives it */
        const char *const *tags; /* words by which it can be found, too */
        size_t n_tags;
        const char *ssh; /* how the ssh of others reaches this machine, GATEWAY,...,HOST; NULL: it
                            does not */
        int64_t ttl_s;   /* term of the lease in seconds, at most a day; 0: 60 */
} pyrope_publication;

/**
 * pyrope_publish() - register a name at every nameserver of the context, and keep it registered
 * @timeout_ms: until one of them has it
 *
 * From then on a thread of the context renews it, and enters it anew where a nameserver lost it:
 * one that was started again with an empty database has it back at once, one that was away for long
 * within a third of the term. It replaces what had the name. It goes by pyrope_unpublish(), or when
 * the program has ended and its lease is over; a stock Pyro5 nameserver has no leases.
 *
 * Return: PYROPE_OK; PYROPE_E_EXISTS if it is published already, or a nameserver that is away still
 * has to remove it; PYROPE_E_REMOTE (the name is another user's, say), PYROPE_E_INVALID,
 * PYROPE_E_TOO_LARGE above 4096 names, PYROPE_E_CLOSED if another thread unpublishes it meanwhile,
 * and all of pyrope_proxy_new(): then nothing is kept.
 */
PYROPE_API pyrope_status pyrope_publish(pyrope_context *context,
                                        const pyrope_publication *publication, int64_t timeout_ms,
                                        pyrope_error **error);

/**
 * pyrope_unpublish() - remove the name from every nameserver
 * @timeout_ms: until those that answer have done so; one that is away is told when it is back
 *
 * Return: PYROPE_OK, PYROPE_E_NOT_FOUND (not published), PYROPE_E_INVALID.
 */
PYROPE_API pyrope_status pyrope_unpublish(pyrope_context *context, const char *name,
                                          int64_t timeout_ms);

/** pyrope_zone() - the zone this context is in. Return: borrowed from @context. */
PYROPE_API const char *pyrope_zone(const pyrope_context *context);

/* -- instances -------------------------------------------------------------------------------- */

/**
 * pyrope_allocate() - a fresh instance of an application
 * @name: an application ("ThermalSolver"), which any job manager that offers it may give; a job
 *        manager that offers just one; or application@job-manager
 *
 * If no answer came in time, up to 10 s more pass in which what may have begun is looked for and
 * ended.
 *
 * Return: as pyrope_proxy_new(), and PYROPE_E_BUSY if no slot is free, PYROPE_E_REMOTE if the
 * instance did not start (the text has its reason and last words).
 */
PYROPE_API pyrope_status pyrope_allocate(pyrope_context *context, const char *name,
                                         int64_t timeout_ms, pyrope_instance **ret,
                                         pyrope_error **error);

/**
 * pyrope_instance_proxy() - the instance's object
 *
 * The error of a call that loses it, PYROPE_E_UNREACHABLE, has also the job manager's word on why:
 * "killed by signal 9"; "running" if only the way to it is lost.
 * Return: borrowed from @instance.
 */
PYROPE_API pyrope_proxy *pyrope_instance_proxy(pyrope_instance *instance);
/** pyrope_instance_job() - "ThermalSolver-7f3k9w2m". Return: borrowed from @instance. */
PYROPE_API const char *pyrope_instance_job(const pyrope_instance *instance);
/** pyrope_instance_manager() - name of its job manager. Return: borrowed from @instance. */
PYROPE_API const char *pyrope_instance_manager(const pyrope_instance *instance);

/**
 * pyrope_instance_status() - what the job manager knows about it
 * @ret: one line, "running", "killed by signal 9"; owned by the caller, free()
 *
 * Return: as pyrope_call_method().
 */
PYROPE_API pyrope_status pyrope_instance_status(pyrope_instance *instance, int64_t timeout_ms,
                                                char **ret, pyrope_error **error);

/**
 * pyrope_put_file() - copy a local file into the instance's work directory
 * @name: one file name, without '/'
 *
 * The file appears whole or not at all. Return: as pyrope_call_method(), PYROPE_E_IO (the local
 * file), PYROPE_E_NOT_FOUND.
 */
PYROPE_API pyrope_status pyrope_put_file(pyrope_instance *instance, const char *local_path,
                                         const char *name, pyrope_error **error);

/** pyrope_get_file() - the other way; the local file appears whole or not at all. */
PYROPE_API pyrope_status pyrope_get_file(pyrope_instance *instance, const char *name,
                                         const char *local_path, pyrope_error **error);

/**
 * pyrope_release() - end the instance, and free @instance whatever comes
 * @instance:   NULL is fine
 * @timeout_ms: how long to wait for the end; the job manager goes on with it afterwards
 *
 * Return: as pyrope_call_method(); PYROPE_OK also if the instance was gone already.
 */
PYROPE_API pyrope_status pyrope_release(pyrope_instance *instance, int64_t timeout_ms,
                                        pyrope_error **error);

/* -- places on this machine for foreign programs ---------------------------------------------- */

/**
 * pyrope_forward_new() - a Unix socket of ours, 0600, through which another program of this machine
 * reaches the daemon of @proxy, be it through SSH
 *
 * The socket lies in the runtime directory; each connection made to it is one channel.
 * Return: PYROPE_OK, PYROPE_E_DENIED, PYROPE_E_INVALID (path too long), PYROPE_E_IO,
 * PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_forward_new(pyrope_proxy *proxy, pyrope_forward **ret,
                                            pyrope_error **error);

#define PYROPE_ANY_PORT (-1)

/* Where pyrope_forward_to() listens. All zero: at a socket of its own in the runtime directory. */
typedef struct pyrope_forward_options {
        const char *
                socket; /* absolute path of another socket, in a directory that only we may enter */
        int nat_port;   /* instead of a socket: a port of the loopback interface; or
                           PYROPE_ANY_PORT. For programs that know no Unix sockets */

        /* NULL, or told, in a line for a person, that a connection was hung up on and why, or that
         * a name is another object now. In threads of the library; not to be freed from there. */
        void (*on_problem)(void *userdata, const char *text);
        void *userdata;
} pyrope_forward_options;

/**
 * pyrope_forward_to() - a place on this machine that leads to something elsewhere, as long as it is
 * not freed
 * @target:  a name or a URI, but not tags; or a location, if it begins with '/', "./u:" or
 *           "ssh://", or ends as host:port does (a name of that form: PYRONAME:name)
 * @options: NULL for the defaults; borrowed during the call
 *
 * The target is found and connected to once; later, each connection made to the place gets one of
 * its own. It goes where a name leads by then, or where it led last while the nameserver does not
 * answer; it makes a new SSH session if one was lost; and if that cannot be, it is hung up on.
 * Peers of other users are hung up on, too: of a port's the kernel is asked. A port is held on
 * 127.0.0.1 and on ::1 together, so that nobody else has it where "localhost" may lead.
 *
 * Return: as pyrope_proxy_new(); PYROPE_E_INVALID (the options, too), PYROPE_E_EXISTS (somebody
 * listens there), PYROPE_E_DENIED (also: the socket's directory is open to others).
 */
PYROPE_API pyrope_status pyrope_forward_to(pyrope_context *context, const char *target,
                                           const pyrope_forward_options *options,
                                           int64_t timeout_ms, pyrope_forward **ret,
                                           pyrope_error **error);

/** pyrope_forward_free() - stop listening, remove the socket, and end what goes through. Return:
 * NULL. */
PYROPE_API pyrope_forward *pyrope_forward_free(pyrope_forward *forward);

/** pyrope_forward_uri() - PYRO:object@./u:path or PYRO:object@127.0.0.1:port, for stock Pyro5; of a
 * location the place alone. Return: borrowed. */
PYROPE_API const char *pyrope_forward_uri(const pyrope_forward *forward);

#ifdef __cplusplus
}
#endif

#endif
