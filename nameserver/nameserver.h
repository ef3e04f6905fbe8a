#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Nameserver
 *
 * The object `Pyro.NameServer`: Pyro5's eight methods as stock clients know them, and
 * register_endpoint() and resolve() for those who know of zones (docs/nameserver.md). It reads
 * arguments, asks the store, and writes answers.
 *
 * Its methods run side by side: each that reads takes a reader of its own, and those that change
 * something share transactions (store.h).
 */

#include "nameserver/lease-keeper.h"
#include "nameserver/rules.h"
#include "nameserver/store-readers.h"
#include "nameserver/watch-ticker.h"

#include <pyrope/daemon.h>
#include <stdatomic.h>

#define NAMESERVER_OBJECT "Pyro.NameServer" /* its id, and its name in itself */

#define NAMESERVER_LEFT      "LEFT" /* annotation of remove(): how many stayed, in decimal */
#define NAMESERVER_ZONE      "ZONE" /* annotation: the caller's zone; ours, where we took it for it */
#define NAMESERVER_RENEW_MAX 65536u /* names in one call of renew() */
#define NAMESERVER_ALIVE_MS  15000  /* watch() tells something at least so often */

typedef struct NameServer NameServer;

struct NameServer {
        Store *store;          /* borrowed */
        StoreReaders *readers; /* borrowed; of that store */
        const char *zone;      /* where it runs; borrowed */
        Rules rules;           /* as what follows, of nameserver_start() */
        LeaseTable *leases;    /* owned, as what follows */
        LeaseKeeper *keeper;
        WatchLog *log;
        WatchTicker *ticker;
        atomic_bool cannot_read;  /* the last reading failed, and the log says so */
        atomic_bool cannot_write; /* the last change failed, and the log says so */
};

/* For pyrope_daemon_register(), with a NameServer as self. */
extern const pyrope_class nameserver_class;

/**
 * nameserver_start() - leases begin to run, and changes to be told
 *
 * Store, readers and zone are set; nothing was changed in the store yet. nameserver_stop() it,
 * whatever is returned.
 *
 * Return: 0, STORE_E_*, -errno.
 */
NODISCARD int nameserver_start(NameServer *nameserver, ErrorText *error);

/* After its daemon was freed, before store and readers are. */
void nameserver_stop(NameServer *nameserver);

/**
 * nameserver_announce() - enter the nameserver's own name, which nobody else can take or remove
 * @uri:        of the object, as the daemon gives it
 *
 * Writes only if the entry is not there yet, with this URI and zone.
 *
 * Return: 0, STORE_E_*, -ENOMEM; as store_register().
 */
NODISCARD int nameserver_announce(NameServer *nameserver, const char *uri, ErrorText *error);
