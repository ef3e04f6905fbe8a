#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Thread
 *
 * Threads that no signal comes to, for those are for the thread that waits for them; and locks,
 * condition variables and semaphores with waits that end.
 */

#include "base/defs.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

/**
 * thread_start() - begin a thread, with every signal blocked
 * @ret:        to be joined; NULL: detached
 *
 * Return: 0, -errno.
 */
NODISCARD int thread_start(pthread_t *ret, void *(*fn)(void *userdata), void *userdata);

/** thread_mutex_lock() - as pthread_mutex_lock(), with a limit; @ms as of thread_cond_wait().
 * Return: false if the time was over first. */
bool thread_mutex_lock(pthread_mutex_t *lock, int ms);

/** thread_cond_init() - one for thread_cond_wait(), to be destroyed with pthread_cond_destroy(). */
void thread_cond_init(pthread_cond_t *ret);

/**
 * thread_cond_wait() - as pthread_cond_wait(), with a limit
 * @ms: as of poll(), and what deadline_left_ms() gives: negative is no limit
 *
 * A suspend of the computer does not count, so whoever has a deadline looks at it again.
 *
 * Return: false if the time was over first.
 */
bool thread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int ms);

/** thread_sem_wait() - as sem_wait(), with a limit as above. Return: false if the time was over
 * first. */
bool thread_sem_wait(sem_t *sem, int ms);

/** thread_sem_wait_us() - the same for waits that are shorter than a millisecond. */
bool thread_sem_wait_us(sem_t *sem, unsigned us);
