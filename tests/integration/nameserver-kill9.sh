#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "kill -9 of a nameserver at any moment loses no registration and no removal that it acknowledged"
need_python

rounds=${KILL9_ROUNDS:-100}
WAIT_S=120 # the loop ends itself before
expect 0 "$python" "$top/tests/integration/nameserver_kill9.py" "$PYROPE_BIN_DIR/nameserver" "$tmp" "$rounds" 80
tail -n 1 "$tmp/out"
check "nothing was lost" said '^acknowledged [1-9][0-9]* lost 0 rounds [1-9][0-9]*$'
finish
