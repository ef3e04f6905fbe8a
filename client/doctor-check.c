/* SPDX-License-Identifier: MIT */

#include "client/doctor-check.h"

#include <string.h>

Deadline doctor_deadline(const Doctor *doctor)
{
        return deadline_min(deadline_in(DOCTOR_STEP_MS), context_deadline(doctor->context, 0));
}

DoctorCheck doctor_begin(Doctor *doctor, const char *name)
{
        return (DoctorCheck){
                .doctor = doctor,
                .name = name,
                .begun_ms = clock_fine_ms(),
                .deadline = doctor_deadline(doctor),
        };
}

void doctor_remedy(DoctorCheck *check, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        error_text_vset(&check->remedy, format, arguments);
        va_end(arguments);
}

static void tell(const DoctorCheck *check, pyrope_outcome outcome, double ms)
{
        const pyrope_check told = {
                .number = ++check->doctor->n_checks,
                .host = check->doctor->host,
                .name = check->name,
                .outcome = outcome,
                .ms = ms,
                .finding = check->finding.text,
                .remedy = check->remedy.text[0] && outcome != PYROPE_PASSED ? check->remedy.text
                                                                            : NULL,
        };

        check->doctor->on_check(check->doctor->userdata, &told);
}

static void end(DoctorCheck *check, pyrope_outcome outcome, const char *format, va_list arguments)
{
        double ms = clock_fine_ms() - check->begun_ms;

        error_text_vset(&check->finding, format, arguments);
        tell(check, outcome, ms);
}

void doctor_pass(DoctorCheck *check, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        end(check, PYROPE_PASSED, format, arguments);
        va_end(arguments);
}

void doctor_warn(DoctorCheck *check, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        end(check, PYROPE_WARNING, format, arguments);
        va_end(arguments);
}

void doctor_fail(DoctorCheck *check, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        end(check, PYROPE_FAILED, format, arguments);
        va_end(arguments);
}

/* The length of a text without "; " and the remedy at its end. */
static size_t n_unsaid(const char *text, const char *remedy)
{
        size_t n_text = strlen(text), n_remedy = strlen(remedy);

        if (n_remedy && n_text > n_remedy + 2 && !strcmp(text + n_text - n_remedy, remedy) &&
            !strncmp(text + n_text - n_remedy - 2, "; ", 2))
                return n_text - n_remedy - 2;
        return n_text;
}

void doctor_fail_by(DoctorCheck *check, pyrope_status status, const pyrope_error *error,
                    const char *prefix)
{
        const char *text = error_words(status, error);
        size_t n = prefix ? strlen(prefix) : 0;

        if (n && !strncmp(text, prefix, n) && !strncmp(text + n, ": ", 2))
                text += n + 2;
        n = n_unsaid(text, check->remedy.text);
        doctor_fail(check, "%.*s", (int)n, text);
}

static int by_size(const void *one, const void *other)
{
        const double *a = one, *b = other;

        return (*a > *b) - (*a < *b);
}

double doctor_median(double *numbers, size_t n)
{
        qsort(numbers, n, sizeof(*numbers), by_size);
        return numbers[n / 2];
}

void doctor_skip(Doctor *doctor, const char *name, const char *format, ...)
{
        DoctorCheck check = { .doctor = doctor, .name = name };
        va_list arguments;

        va_start(arguments, format);
        error_text_vset(&check.finding, format, arguments);
        va_end(arguments);
        tell(&check, PYROPE_SKIPPED, 0);
}
