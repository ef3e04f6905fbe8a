#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Store
 *
 * The names that must not be lost: objects with their endpoints and metadata tags, in one SQLite
 * database (WAL, synchronous=FULL). A change is on the disk before its function returns 0, and is
 * whole or not there. It knows nothing of Pyro's methods, and trusts what it is given: the limits
 * below are for its callers to keep.
 *
 * A Store writes, for any thread; changes that are asked for at one time share one transaction. Any
 * number of StoreReaders read, each by a connection of its own, and see all that was committed when
 * their call (or listing) began. Each reader is used by one thread at a time; different ones may be
 * used side by side, and beside changes.
 *
 * Functions that fail say in @error (NULL is fine) what was tried, on which file, and why.
 */

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

#define STORE_NAME_MAX_BYTES  65536u /* of a name, and of a metadata tag */
#define STORE_TAGS_MAX        4096u  /* metadata tags of one object */
#define STORE_ENDPOINTS_MAX   256u   /* zones of one object */
#define STORE_SCHEMA_VERSION  4
#define STORE_APPLICATION_ID  0x5059524e /* "PYRN", in the file's header */
#define STORE_BUSY_TIMEOUT_MS 5000       /* wait for a stranger's hand (sqlite3) on the file */

enum {
        STORE_E_SUCCESS,

        STORE_E_NOT_FOUND, /* no such name; no further object */
        STORE_E_EXISTS,    /* the name is taken */
        STORE_E_LIMIT,     /* STORE_ENDPOINTS_MAX zones are there already */
        STORE_E_DENIED,    /* the name is another user's; nothing was changed */
        STORE_E_CHANGED,   /* the name is not of the version that was asked for */
        STORE_E_QUOTA,     /* the user has as many names, or bytes of them, as he may */
        STORE_E_STOPPED,   /* the match function ended the search; nothing was changed */

        STORE_E_FULL,     /* disk full; nothing was changed, reading goes on */
        STORE_E_READONLY, /* not writable; nothing was changed, reading goes on */
        STORE_E_BUSY,     /* another program holds the file; nothing was changed */
        STORE_E_IO,       /* the file could not be read or written */
        STORE_E_DAMAGED,  /* the contents do not make sense */

        STORE_E_IN_USE,  /* open: another nameserver serves this database */
        STORE_E_UNSAFE,  /* open: others may write the file, or put another in its place */
        STORE_E_FOREIGN, /* open: no database, or another program's */
        STORE_E_NEWER,   /* open: written by a newer nameserver */
};

typedef struct Store Store;
typedef struct StoreReader StoreReader;
typedef struct StoreText StoreText;
typedef struct StoreEndpoint StoreEndpoint;
typedef struct StoreObject StoreObject;
typedef struct StoreQuery StoreQuery;
typedef struct StoreTerms StoreTerms;
typedef struct StoreNews StoreNews;
typedef struct StoreLease StoreLease;

/* UTF-8 that may hold NUL, not terminated; borrowed. */
struct StoreText {
        const char *at;
        size_t n;
};

/* Where an object is, as seen from one zone; either path or host and port. All borrowed. */
struct StoreEndpoint {
        const char *zone;
        const char *path; /* Unix socket, or NULL */
        const char *host; /* NULL with a path */
        uint16_t port;
        const char *nathost; /* NULL: no NAT address */
        uint16_t natport;
        const char *ssh; /* the way there, or NULL */
};

struct StoreObject {
        StoreText name;
        const char *object; /* the daemon's id for it */
        const char *uri;    /* what lookup and list answer */
        uid_t owner;        /* who registered it; of a change: ignored */
        int64_t version;    /* number of the change that made it so; of a change: ignored */
        int64_t created_s;  /* Unix time of the registration; of a change: ignored */
        int64_t ttl_ms;     /* term of its lease; 0: it stays */
        const StoreText *tags;
        size_t n_tags;
        const StoreEndpoint *endpoints; /* in the order of their registration */
        size_t n_endpoints;
};

/* Who changes a name, and under which conditions. */
struct StoreTerms {
        uid_t uid;             /* whose the name must be, if it is anybody's */
        bool is_administrator; /* others' names too */
        bool safe;             /* registering: refuse a name that stands for another object */
        bool keep_tags;        /* registering an endpoint: leave the tags as they are */
        int64_t version;       /* refuse a name that is not of this version; 0: any */
        int64_t n_names_max;   /* names the user may have; 0: any number */
        int64_t n_bytes_max;   /* bytes of them, tags and endpoints included; 0: any number */
};

typedef enum StoreEvent {
        STORE_REGISTERED,
        STORE_REPLACED, /* another object, endpoint or tags */
        STORE_REMOVED,
        STORE_EXPIRED, /* removed, for its lease was over */
} StoreEvent;

/* A change that is on the disk; all of it borrowed. */
struct StoreNews {
        StoreEvent event;
        StoreText name;
        const char *uri; /* what lookup answers now; NULL: it is gone */
        uid_t owner;
        int64_t version; /* of the change; each has the next */
        int64_t ttl_ms;
        const uint64_t *tags; /* store_tag_hash() of each that it has now, */
        size_t n_tags;
        const uint64_t *old_tags; /* and had before */
        size_t n_old_tags;
};

typedef void (*StoreNewsFn)(const StoreNews *news, void *userdata);

enum {
        STORE_MATCH_NO,
        STORE_MATCH_YES,
        STORE_MATCH_STOP, /* end the search with STORE_E_STOPPED */
};

typedef int (*StoreMatchFn)(StoreText name, void *userdata);

typedef enum StoreQueryKind {
        STORE_ALL,
        STORE_NAME,     /* just @text */
        STORE_PREFIX,   /* names that begin with @text, which is not empty */
        STORE_MATCHING, /* names that @match says yes to */
        STORE_ALL_TAGS, /* objects with all of @tags */
        STORE_ANY_TAG,  /* objects with at least one of @tags */
        STORE_LEASED,   /* objects with a lease */
} StoreQueryKind;

struct StoreQuery {
        StoreQueryKind kind;
        StoreText text;
        StoreMatchFn match;
        void *userdata; /* of match */
        const StoreText *tags;
        size_t n_tags;
};

/* What a reader fetches beside what is in the object itself. */
enum {
        STORE_WITH_TAGS = 1u << 0,
        STORE_WITH_ENDPOINTS = 1u << 1,
        STORE_WITH_NAT = 1u << 2, /* those endpoints only that have a NAT address */
};

/**
 * store_open() - open a database, create it if there is none, and see that it is sound
 * @path:       of the file; the directory must exist and be writable by nobody else. Beside it
 *              appear PATH-wal, PATH-shm, and PATH-lock, which stays
 * @ret:        owned by the caller, store_close()
 *
 * Holds a lock as long as it is open: of two processes one is refused. Older schemas are brought up
 * to date. A file that is damaged, newer or foreign is left as it is.
 *
 * Return: 0, STORE_E_IN_USE, STORE_E_UNSAFE, STORE_E_FOREIGN, STORE_E_NEWER, STORE_E_DAMAGED,
 *         STORE_E_READONLY, STORE_E_FULL, STORE_E_BUSY, STORE_E_IO, -errno.
 */
NODISCARD int store_open(const char *path, Store **ret, ErrorText *error);

/* Its readers are freed before it. Return: NULL. */
Store *store_close(Store *store);
DEFINE_CLEANUP(Store, store_close);

/* Absolute path of the database, borrowed. */
const char *store_path(const Store *store);

/* A short form of a tag, for comparing: tags that differ may have the same. */
uint64_t store_tag_hash(StoreText tag);

/**
 * store_on_news() - who is told of each change
 * @fn:         called in the order of the versions, by whichever thread runs the changes, after
 *              they are on the disk and before their functions return; must not change the store
 *
 * Call it before the first change.
 */
void store_on_news(Store *store, StoreNewsFn fn, void *userdata);

/*
 * Changes, from any thread. Each is on the disk when its function returns 0. Beside what is named,
 * each may return STORE_E_FULL, STORE_E_READONLY, STORE_E_BUSY, STORE_E_IO, STORE_E_DAMAGED,
 * -errno; then nothing was changed. What is borrowed is borrowed for the call, which another thread
 * may do the work of.
 */

/**
 * store_register() - make a name stand for an object, with these tags and endpoints and no others
 *
 * The name is then the user's of @terms.
 *
 * Return: 0, STORE_E_EXISTS, STORE_E_DENIED, STORE_E_CHANGED, STORE_E_QUOTA.
 */
NODISCARD int store_register(Store *store, const StoreObject *object, const StoreTerms *terms,
                             ErrorText *error);

/**
 * store_register_endpoint() - add the way from one zone to an object
 * @object:     its one endpoint takes the place of what this zone had; its uri is not used
 *
 * A name that is unknown, or stands for another object id, is registered anew with this endpoint
 * only. The uri that lookup answers follows from all endpoints, see endpoint.h. A known object
 * stays its owner's, and gets the lease of @object.
 *
 * Return: 0, STORE_E_EXISTS, STORE_E_LIMIT, STORE_E_DENIED, STORE_E_CHANGED, STORE_E_QUOTA.
 */
NODISCARD int store_register_endpoint(Store *store, const StoreObject *object,
                                      const StoreTerms *terms, ErrorText *error);

/**
 * store_set_tags() - exactly these
 *
 * An endpoint becomes what MuPIF's tag among them tells, network-tag.h; the uri that lookup answers
 * stays as it is.
 *
 * Return: 0, STORE_E_NOT_FOUND, STORE_E_DENIED, STORE_E_CHANGED, STORE_E_QUOTA.
 */
NODISCARD int store_set_tags(Store *store, StoreText name, const StoreText *tags, size_t n_tags,
                             const StoreTerms *terms, ErrorText *error);

/**
 * store_remove() - forget names
 * @reader:     finds the names, before the change and in this thread; what is registered meanwhile
 *              stays. NULL is fine for STORE_NAME
 * @query:      which: STORE_NAME, STORE_PREFIX or STORE_MATCHING
 * @keep:       a name that stays whatever the query says
 * @ret_n:      how many were removed
 * @ret_left:   how many were not, for they are others'
 *
 * Return: 0, also if none was; STORE_E_STOPPED.
 */
NODISCARD int store_remove(Store *store, StoreReader *reader, const StoreQuery *query,
                           StoreText keep, const StoreTerms *terms, size_t *ret_n, size_t *ret_left,
                           ErrorText *error);

/* A name as it was when its lease ran out. */
struct StoreLease {
        StoreText name;
        int64_t version;
};

/** store_expire() - forget those that are still of their version. Return: 0, also if none is. */
NODISCARD int store_expire(Store *store, const StoreLease *leases, size_t n, ErrorText *error);

/*
 * Reading. Beside what is named, each may return STORE_E_BUSY, STORE_E_IO, STORE_E_DAMAGED, -errno.
 * An object that is handed out is borrowed until the next call with the same reader, and keeps one
 * moment of the database alive until store_reader_end().
 */

/** store_reader_new() - Return: 0 with @ret owned by the caller. */
NODISCARD int store_reader_new(const Store *store, StoreReader **ret, ErrorText *error);
StoreReader *store_reader_free(StoreReader *reader);
DEFINE_CLEANUP(StoreReader, store_reader_free);

/** store_reader_count() - how many names there are. */
NODISCARD int store_reader_count(StoreReader *reader, size_t *ret, ErrorText *error);

/** store_reader_find() - Return: 0, STORE_E_NOT_FOUND. */
NODISCARD int store_reader_find(StoreReader *reader, StoreText name, unsigned with,
                                const StoreObject **ret, ErrorText *error);

/**
 * store_reader_begin() - begin a listing
 * @query:      any but STORE_NAME; borrowed for the call
 * @with:       STORE_WITH_*
 * @ret_n:      how many objects store_reader_next() will give
 *
 * All of the listing shows one moment, whatever is written meanwhile.
 *
 * Return: 0, STORE_E_STOPPED.
 */
NODISCARD int store_reader_begin(StoreReader *reader, const StoreQuery *query, unsigned with,
                                 size_t *ret_n, ErrorText *error);

/**
 * store_reader_from() - begin a listing in the order of the names, that may be given up at any time
 * @name:       the first that is given, or, if @is_after, the last that is not; borrowed until
 *              store_reader_end()
 *
 * Return: 0.
 */
NODISCARD int store_reader_from(StoreReader *reader, StoreText name, bool is_after, unsigned with,
                                ErrorText *error);

/** store_reader_version() - of the last change. */
NODISCARD int store_reader_version(StoreReader *reader, int64_t *ret, ErrorText *error);

/** store_reader_next() - the next object. Return: 0, STORE_E_NOT_FOUND after the last. */
NODISCARD int store_reader_next(StoreReader *reader, const StoreObject **ret, ErrorText *error);

/**
 * store_reader_end() - what was handed out is not needed any more
 *
 * Do it soon: the write-ahead log grows until then. Failures, and store_reader_next() after the
 * last object, have done it already; once more does no harm.
 */
void store_reader_end(StoreReader *reader);
