/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/complaint.h"

#include <stdarg.h>
#include <stdio.h>

int complaint_set(Complaint *complaint, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(complaint->text, sizeof(complaint->text), format, arguments);
        va_end(arguments);

        /* The line ends in a terminal, in a log and in a message that must be valid UTF-8. */
        for (char *c = complaint->text; *c; c++)
                if (*c < 0x20 || *c > 0x7e)
                        *c = '?';
        return FEM_E_REFUSED;
}
