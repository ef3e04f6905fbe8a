#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Held Instances
 *
 * The instances that allocate-app holds: made one after another, watched, and released together.
 * What is printed about one is copied, so that it can still be said while another thread releases
 * it.
 */

#include "client/cli/command.h"
#include "client/cli/task.h"

#include <poll.h>

/* Patience for each instance: who presses Ctrl-C does not want to wait; a job manager that gives a
 * program time to end, by default 5 s before SIGKILL, is waited for otherwise. */
#define HELD_RELEASE_MS        30000
#define HELD_RELEASE_SIGNAL_MS 3000

typedef struct Held {
        char *job;
        char *manager;
        char *uri; /* as foreign programs of this machine can use it */
        pyrope_instance *instance;
        pyrope_forward *forward;
        atomic_bool is_released;
        bool is_gone; /* it ended by itself, and that was said */
} Held;

typedef struct HeldSet {
        pyrope_context *context; /* borrowed */
        TaskSignals *signals;    /* borrowed */
        char *const *names;      /* what to allocate; borrowed */
        size_t n_names;

        Held *all;       /* room for n_names */
        atomic_size_t n; /* that are there; they are not touched by held_allocate() any more */
        int exit_status; /* of held_allocate() and held_release() */
} HeldSet;

/** held_set_init() - Return: 0, -ENOMEM. */
NODISCARD int held_set_init(HeldSet *set, pyrope_context *context, TaskSignals *signals,
                            char *const *names, size_t n_names);
void held_set_deinit(HeldSet *set);

/** held_allocate() - for task_run(): all, or up to the first failure, which is said, or signal. */
void held_allocate(void *set);

/** held_hide() - take away the local sockets, at once. */
void held_hide(HeldSet *set);

/** held_release() - for task_run(): those that are there. */
void held_release(void *set);

/** held_say_left() - how to release later what is not released. */
void held_say_left(const HeldSet *set);

/** held_watch() - what to poll() for: room for n descriptors, -1 for those that need no watching.
 */
void held_watch(const HeldSet *set, struct pollfd *ret_fds);

/**
 * held_check() - see whether an instance that held_watch() noticed still serves
 *
 * Return: true if it does; else its end and the reason are said.
 */
bool held_check(Held *held);
