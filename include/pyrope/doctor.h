#ifndef PYROPE_DOCTOR_H
#define PYROPE_DOCTOR_H

/* SPDX-License-Identifier: MIT */

/*
 * Examination: the whole way to a host or an object, walked step by step, each with what was found,
 * how long it took, and what helps if it failed.
 *
 * It allocates nothing, registers nothing and leaves nothing behind. It logs in to the host by
 * itself, beside the sessions of the context, so that each step of a login can be told.
 */

#include <pyrope/pyrope.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are part of the ABI: append, never renumber. */
typedef enum pyrope_outcome {
        PYROPE_PASSED = 0,
        PYROPE_WARNING = 1, /* works, or cannot be told; something is to be known about it */
        PYROPE_FAILED = 2,
        PYROPE_SKIPPED = 3, /* stands on one that failed, or there is nothing to check */
} pyrope_outcome;

/* One check; every text is one line, harmless to a terminal. Valid during the callback. */
typedef struct pyrope_check {
        unsigned number;  /* from 1, in the order of the checks */
        const char *host; /* the host in question as it was named; NULL: this machine, or none */
        const char *name; /* "settings", "dns", "connection", "key exchange", "host key", "login",
                             "commands", "forwarding", "sockets", "name", "versions", "handshake",
                             "nameserver", "job manager", "slots", "round trip", "throughput";
                             there may be more, and several of one name */
        pyrope_outcome outcome;
        double ms;           /* how long it took; 0 if skipped */
        const char *finding; /* what was found; of a skipped one, why */
        const char *remedy;  /* what to do; NULL unless failed or warning */
} pyrope_check;

/**
 * pyrope_doctor() - examine a host, or an object and the host where it is
 * @target:   a host as for ssh, [user@]host[:port], an alias too; hosts with commas between, in the
 *            order of the way; ssh://WAY; a name in the nameserver; or a URI. What could be a host
 *            or a name is a host if the SSH configuration or the name service knows it and no
 *            user's name stands in front, or if the nameserver says that it is no name.
 * @on_check: called after each check, in this thread
 *
 * A check that failed skips those that stand on it; the others are made. Each takes at most 20 s,
 * or the context's timeout if that is shorter.
 *
 * Return: PYROPE_OK, whatever the checks found; PYROPE_E_INVALID (@target is none of these),
 * PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_doctor(pyrope_context *context, const char *target,
                                       void (*on_check)(void *userdata, const pyrope_check *check),
                                       void *userdata, pyrope_error **error);

/** pyrope_outcome_name() - "passed". Return: static text, never NULL. */
PYROPE_API const char *pyrope_outcome_name(pyrope_outcome outcome);

#ifdef __cplusplus
}
#endif

#endif
