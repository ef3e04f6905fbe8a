#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Account of calls that get cut: what each caller knows of his calls, held against what the far end
 * (cut-target.c) wrote down. A call with a result ran once, one that was not executed never, any
 * other at most once. Each caller has one thread at a time.
 */

#include <pyrope/pyrope.h>
#include <stddef.h>
#include <stdint.h>

#define ACCOUNT_CALLERS_MAX 1024u

typedef enum Outcome {
        OUTCOME_NONE,         /* it never came back */
        OUTCOME_RESULT,       /* or an exception of the far end */
        OUTCOME_NOT_EXECUTED, /* for certain */
        OUTCOME_UNKNOWN,
        OUTCOME_N
} Outcome;

typedef struct Caller Caller;
typedef struct Account Account;

struct Caller {
        int id;            /* below ACCOUNT_CALLERS_MAX */
        uint8_t *outcomes; /* of call 0, 1, ...; owned */
        size_t n, n_allocated;
        double worst_late_ms; /* after its deadline */
};

/* Sums, of account_check(). */
struct Account {
        size_t n_calls;
        size_t n[OUTCOME_N];
        size_t n_lost;    /* with a result, but not run exactly once */
        size_t n_twice;   /* ran more than once, whatever the outcome */
        size_t n_ghosts;  /* "not executed", but ran */
        size_t n_unasked; /* ran, but nobody called them */
        double worst_late_ms;
};

double now_ms(void);

/**
 * caller_tick() - one call of tick(), noted down
 * @proxy:   NULL: it cannot be called, which counts as not executed
 *
 * Return: the outcome.
 */
Outcome caller_tick(Caller *caller, pyrope_proxy *proxy, int work_ms, int n_bytes, int timeout_ms);

void caller_deinit(Caller *caller);

/** account_check() - hold @callers against the log. Return: -1 if it cannot be read. */
int account_check(const char *log, const Caller *callers, size_t n_callers, Account *ret);

/** account_figures() - print them. Return: whether nothing is lost, twice or late. */
int account_figures(const char *name, const Account *account);

/** figure() - "name value limit PASS|FAIL": at most. Return: whether it passed. */
int figure(const char *name, const char *what, double value, double limit);
