#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
WAIT_S=60
begin "a stock Pyro5 client is at home with our daemon, on a port and on a Unix socket: every check, none left out"
need_python
conformance=$top/tests/conformance
n_titles=$(cat "$conformance"/check_*.py | grep -c '^@check(')

start target conformance-target --listen 127.0.0.1:0 --socket "$tmp/target.sock"
check "it says both its URIs" [ "$(grep -c '^READY PYRO:conformance\.target@' "$tmp/target.out")" = 2 ]
for where in port socket; do
        uri=$(ready_uri target "$([ "$where" = port ] && echo 1 || echo 2)")
        check "the URI of the $where is one" grep -q "@$([ "$where" = port ] && echo 127 || echo ./u:)" <<<"$uri"
        expect 0 "$python" "$conformance/daemon.py" "$uri"
        check "all $n_titles checks passed on the $where" said "^$n_titles passed, 0 failed\$"
done

check "SIGTERM ends the daemon with exit 0" stop target
check "its socket is gone" test ! -e "$tmp/target.sock"

start v6 conformance-target --listen '[::1]:0' --object-id other
expect 0 "$python" "$conformance/daemon.py" "$(ready_uri v6)" -k "a batch"
check "IPv6 is served, too" said '^[1-9][0-9]* passed, 0 failed$'
check "on a port alone there is no socket" [ "$(grep -c '^READY' "$tmp/v6.out")" = 1 ]
finish
