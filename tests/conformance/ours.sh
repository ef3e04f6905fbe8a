#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
WAIT_S=60
begin "a stock Pyro5 client is at home with our daemon, as far as the broker goes by now"
need_python
conformance=$top/tests/conformance

start target "$PYROPE_TEST_BIN_DIR/conformance-target" --socket "$tmp/target.sock"
expect 0 "$python" "$conformance/ours.py" "$(ready_uri target)"
check "none of the checks failed" said '^[1-9][0-9]* passed, 0 failed$'
sed 's/^/# /' "$tmp/out"
check "SIGTERM ends the daemon with exit 0" stop target
check "its socket is gone" test ! -e "$tmp/target.sock"
finish
