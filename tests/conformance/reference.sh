#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
WAIT_S=60
begin "stock Pyro5 passes every conformance check, so a failing check is the fault of the daemon it is run against"
need_python
conformance=$top/tests/conformance

start reference "$python" "$conformance/reference_daemon.py" "$tmp/reference.sock"
expect 0 "$python" "$conformance/daemon.py" "$(ready_uri reference)"
check "all of the checks were run" said '^79 passed, 0 failed$'
check "none was skipped" test "$(grep -c '^skipped' "$tmp/out")" = 0

expect 1 "$python" "$conformance/daemon.py" "$(ready_uri reference | sed 's/conformance.target/conformance.decoy/')"
check "an object without that surface fails" said '^[0-9]* passed, [1-9][0-9]* failed$'
finish
