#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "leases end when their terms are over and never before, whatever the clocks say: wall time 10 years off, another time namespace, a process that stood still"
need_root make time namespaces
need_python
unshare --time --boottime 86400 --fork true 2>/dev/null || skip "the kernel has no time namespaces for us"
preload=$PYROPE_TEST_BIN_DIR/libwall-clock.so
export PYRO_SERIALIZER=msgpack
WAIT_S=60

# Registers N names for TERM seconds and hangs up, so that the leases run.
cat >"$tmp/lease.py" <<'END'
import sys
import Pyro5.api
uri, prefix, n, term = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with Pyro5.api.Proxy(uri) as ns:
    for i in range(n):
        ns.register_endpoint("%s.%d" % (prefix, i), "PYRO:o@h:1", ttl=term)
END
cat >"$tmp/renew.py" <<'END'
import sys
import Pyro5.api
with Pyro5.api.Proxy(sys.argv[1]) as ns:
    names = list(ns.list(prefix=sys.argv[2]))
    print(len(names) - len(ns.renew(names)), "renewed")
END
# shellcheck disable=SC2317 # check and wait_until call it
count() { # PREFIX
        pyrope --nameserver "$tmp/ns.sock" list --prefix "$1" | wc -l
}
unconfirmed() { # NAME
        pyrope --nameserver "$tmp/ns.sock" lookup --json "$1" | grep -q '"confirmed": *false'
}
# shellcheck disable=SC2317
is_count() { # PREFIX N
        [ "$(count "$1")" = "$2" ]
}
begin_ns() { # COMMAND...: in front of the nameserver
        start ns "$@" nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock"
}

begin_ns env
expect 0 "$python" "$tmp/lease.py" "$(ready_uri ns)" long 100 3600
stop ns

# Other boots, each with a clock that says something else: a day, 10 years, and back to now.
for offset in 86400 315360000 1 86400; do
        begin_ns unshare --time --boottime $offset --monotonic $offset --fork --kill-child
        check "boot time + $offset s: none of 100 leases is over" is_count long. 100
        check "and they are unconfirmed" unconfirmed long.7
        expect 0 "$python" "$tmp/renew.py" "$(ready_uri ns)" long.
        check "until they are renewed" said '^100 renewed$'
        check "then one is not" test "$(unconfirmed long.7 || echo confirmed)" = confirmed
        kill "$(pgrep -P "$(pid ns)")" # unshare waits for it
        wait_until is_gone "$(pid ns)"
        stop ns
done

# The wall clock jumps while it runs.
echo 0 >"$tmp/offset"
begin_ns env LD_PRELOAD="$preload" WALL_CLOCK="$tmp/offset" ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"
expect 0 "$python" "$tmp/renew.py" "$(ready_uri ns)" long.
for offset in 315360000 -315360000 0; do
        echo "$offset" >"$tmp/offset"
        expect 0 "$python" "$tmp/lease.py" "$(ready_uri ns)" short 10 1
        check "wall time $offset s off: leases of a second are over" wait_until is_count short. 0
        check "and none of 100 others" is_count long. 100
done
check "the log has been in another decade" grep -qE '^(20[3-9]|201)' "$tmp/ns.err"
stop ns

# A process that stood still could not hear of renewals: nobody is taken at his word who could not speak.
begin_ns env
expect 0 "$python" "$tmp/lease.py" "$(ready_uri ns)" still 10 6
kill -STOP "$(pid ns)"
read -r -t 8 -u "$never_fd" # here time itself is what is waited for
kill -CONT "$(pid ns)"
check "after 8 s of standing still none of 10 leases of 6 s is over" is_count still. 10
check "they are unconfirmed" unconfirmed still.3
check "and over a term later, if nobody renews them" wait_until is_count still. 0
check "the log says that it stood still" grep -q 'stood still for' "$tmp/ns.err"
check "none of 100 other leases was lost in all of this" is_count long. 100
stop ns
finish
