#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Checks of an Examination
 *
 * What the parts of pyrope_doctor() have in common: who hears of a check, how one begins and ends.
 * Whatever is said is made one harmless line.
 */

#include "base/clock.h"
#include "base/error.h"
#include "client/context.h"

#include <pyrope/doctor.h>

#define DOCTOR_STEP_MS 20000 /* the longest that one check takes */

typedef struct Doctor Doctor;
typedef struct DoctorCheck DoctorCheck;

/* One examination. */
struct Doctor {
        pyrope_context *context;
        void (*on_check)(void *userdata, const pyrope_check *check);
        void *userdata;
        unsigned n_checks;
        const char *host; /* whose turn it is; NULL: none; borrowed */
};

/* A check under way. */
struct DoctorCheck {
        Doctor *doctor;
        const char *name;
        double begun_ms;
        Deadline deadline;
        ErrorText finding;
        ErrorText remedy; /* "" if none was set */
};

/** doctor_deadline() - for one check that begins now. */
Deadline doctor_deadline(const Doctor *doctor);

/** doctor_begin() - Return: until one of the functions below ends it. */
DoctorCheck doctor_begin(Doctor *doctor, const char *name);

/** doctor_remedy() - what to do, should it fail. The last one counts. */
void doctor_remedy(DoctorCheck *check, const char *format, ...) PRINTF(2, 3);

/* The ends; the text is what was found. */
void doctor_pass(DoctorCheck *check, const char *format, ...) PRINTF(2, 3);
void doctor_warn(DoctorCheck *check, const char *format, ...) PRINTF(2, 3);
void doctor_fail(DoctorCheck *check, const char *format, ...) PRINTF(2, 3);

/** doctor_fail_by() - with the text of an error, without "PREFIX: " at its front (NULL: none), and
 * without what the remedy says again at its end. */
void doctor_fail_by(DoctorCheck *check, pyrope_status status, const pyrope_error *error,
                    const char *prefix);

/** doctor_skip() - one that is not made. */
void doctor_skip(Doctor *doctor, const char *name, const char *format, ...) PRINTF(3, 4);

/** doctor_median() - of @n numbers, at least one, whose order it changes. */
double doctor_median(double *numbers, size_t n);
