#pragma once

/* SPDX-License-Identifier: MIT */

/* The subcommands of `pyrope`: NAME lives in cmd-NAME.c. */

#include "base/options.h"

extern const OptionsCommand command_agent;
extern const OptionsCommand command_call;
extern const OptionsCommand command_doctor;
extern const OptionsCommand command_list;
extern const OptionsCommand command_lookup;
extern const OptionsCommand command_ping;
extern const OptionsCommand command_pipe;
extern const OptionsCommand command_register;
extern const OptionsCommand command_remove;
extern const OptionsCommand command_status;
extern const OptionsCommand command_tunnel;
extern const OptionsCommand command_where;
