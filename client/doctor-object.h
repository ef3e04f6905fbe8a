#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Examination of Objects
 *
 * What speaks Pyro5: a daemon's handshake, the nameserver, job managers and their slots, round
 * trips. By the context's own sessions and proxies, as a program goes.
 */

#include "client/doctor-check.h"
#include "client/nameserver.h"
#include "client/proxy.h"

/**
 * doctor_handshake() - connect to an object, and ask its daemon who it is
 * @found:      of kind TARGET_OBJECT; borrowed
 *
 * Return: owned by the caller; NULL: it failed.
 */
pyrope_proxy *doctor_handshake(Doctor *doctor, const Target *found);

/**
 * doctor_nameserver() - that it answers, and how many names it knows
 * @at:         where; NULL: the context's own
 *
 * Return: owned by the caller; NULL: it failed.
 */
pyrope_proxy *doctor_nameserver(Doctor *doctor, const Location *at);

/**
 * doctor_managers() - the job managers that are registered and reached by a way, and their slots
 * @nameserver: where they are registered
 * @way:        of the host in question
 */
void doctor_managers(Doctor *doctor, pyrope_proxy *nameserver, const char *way);

/** doctor_slots() - those of one job manager. @name: for the findings. */
void doctor_slots(Doctor *doctor, const char *name, pyrope_proxy *manager);

/** doctor_is_manager() - whether it is a job manager, as it told on connecting. */
bool doctor_is_manager(const pyrope_proxy *proxy);

/** doctor_round_trip() - the median of some pings. */
void doctor_round_trip(Doctor *doctor, pyrope_proxy *proxy);

/**
 * doctor_name() - find an object
 * @target:     not of kind TARGET_OBJECT
 * @ret:        owned by the caller
 *
 * Return: whether it was found.
 */
bool doctor_name(Doctor *doctor, const Target *target, Target *ret);
