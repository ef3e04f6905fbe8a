#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Examination of a Login
 *
 * The steps from the settings to a session, at the host and before it at each one that stands on
 * the way there.
 */

#include "client/doctor-check.h"
#include "client/ssh/exam.h"

typedef struct DoctorHost DoctorHost;

/* A host under examination. */
struct DoctorHost {
        Doctor *doctor;
        const char *way;    /* as it was named; borrowed */
        const char *doubt;  /* why it is taken for a host at all; NULL: none; borrowed */
        SshExam *exam;      /* owned */
        bool is_program;    /* the program ssh logs in, and @exam knows the settings alone */
        const char *failed; /* the step that did; NULL: none, it is logged in to; static */
};

/**
 * doctor_login() - examine the way to a host, and log in
 * @host:       doctor, way and doubt are set; doctor_host_deinit() whatever is returned
 *
 * Return: whether it is logged in to.
 */
bool doctor_login(DoctorHost *host);

void doctor_host_deinit(DoctorHost *host);
