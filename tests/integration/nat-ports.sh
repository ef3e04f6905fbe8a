#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
begin "NAT ports are ours from the moment they are told, while another user binds whatever he can"
need_root
n=${1:-500}

start echo "$PYROPE_TEST_BIN_DIR/stream-server" "$tmp/echo" echo
WAIT_S=600 expect 0 "$PYROPE_TEST_BIN_DIR/nat-ports" "$tmp/echo" "$n"
sed 's/^/# /' "$tmp/out"
check "no connection reached anybody else" said "^$n allocations, [0-9]+ ports squatted, 0 wrong peers$"
check "though he had more ports than we" test "$(cut -d' ' -f3 "$tmp/out")" -gt "$n"
finish
