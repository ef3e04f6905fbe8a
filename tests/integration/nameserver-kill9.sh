#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "kill -9 of a nameserver at any moment loses no registration and undoes no removal that it acknowledged"
churn=$PYROPE_TEST_BIN_DIR/nameserver-churn

mkdir "$tmp/kept"
seconds=${KILL9_SECONDS:-60}
WAIT_S=$((seconds + 50)) # it ends itself before
expect 0 "$churn" "$PYROPE_BIN_DIR/nameserver" "$tmp/kept" "${KILL9_ROUNDS:-200}" "$seconds" "${KILL9_NAMES:-1000}"
tail -n 1 "$tmp/out"
check "nothing was lost, and no removal undone" said '^acknowledged [1-9][0-9]* lost 0 undone 0 rounds [1-9][0-9]* '
finish
