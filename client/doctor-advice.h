#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Advice
 *
 * What helps when a step of a login failed: from the status, what was said, and the settings, to
 * commands and options that a person can type. Sets the remedy of the check; looks at key files,
 * asks nobody.
 */

#include "client/doctor-check.h"
#include "client/ssh/settings.h"

/* @settings are those of the host, as far as they are known; @text is that of the error. */
typedef void DoctorAdvice(DoctorCheck *check, const SshSettings *settings, pyrope_status status,
                          const char *text);

DoctorAdvice doctor_advise_settings;
DoctorAdvice doctor_advise_dns;
DoctorAdvice doctor_advise_connection;
DoctorAdvice doctor_advise_exchange;
DoctorAdvice doctor_advise_host_key;
DoctorAdvice doctor_advise_login;

/** doctor_config() - the file where an entry for the host belongs. Return: borrowed. */
const char *doctor_config(const SshSettings *settings);
