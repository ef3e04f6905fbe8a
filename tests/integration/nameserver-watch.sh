#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "names are watched and waited for: by the command line, and by stock Python, through a restart of the nameserver"
need_python
start ns nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock"
export PYROPE_NAMESERVER=$tmp/ns.sock PYRO_SERIALIZER=msgpack

begin_watch() { # NAME ARGUMENT...: pyrope list --watch in the background, with its output in $tmp/NAME.out
        local name=$1
        shift
        : >"$tmp/$name.out"
        pyrope list --watch "$@" >>"$tmp/$name.out" 2>"$tmp/$name.err" </dev/null {never_fd}<&- &
        pid_of[$name]=$!
}
watched() { # NAME REGEX: it prints such a line, now or soon
        wait_for_line "$tmp/$1.out" "$2" "$(pid "$1")" >/dev/null
}

expect 0 pyrope register solver.1 PYRO:one@host:1
begin_watch lines --prefix solver.
begin_watch json --json
check "what is there comes first" watched lines '^present  solver\.1  PYRO:one@host:1$'
check "all of it, as JSON" watched json '"event": ?"current"'
expect 0 pyrope register other PYRO:x@host:1
expect 0 pyrope register solver.2 PYRO:two@host:2
check "a name that is registered is told" watched lines '^registered  solver\.2  PYRO:two@host:2$'
expect 0 pyrope register solver.2 PYRO:three@host:3
check "one that is replaced" watched lines '^replaced  solver\.2  PYRO:three@host:3$'
expect 0 pyrope remove solver.2
check "one that is removed" watched lines '^removed  solver\.2$'
check "others only to who watches all" watched json '"event": ?"registered".*"name": ?"other"'
check "and not to who does not" test -z "$(grep other "$tmp/lines.out")"
expect 2 pyrope list --watch --regex x
stop json
stop lines

expect 1 env PYROPE_ZONE=elsewhere pyrope register far PYRO:far@./u:/run/far.sock
check "a socket of another zone is refused, and how to name it is said" complained "you are not in zone '.*register_endpoint"
expect 0 env PYROPE_ZONE=elsewhere pyrope register --ssh me@far --tag t far PYRO:far@./u:/run/far.sock
expect 0 pyrope lookup --json far
check "with the way there it is taken" said '"zone": ?"elsewhere"'

# As a program would write it; the lease of one second is over when its connection is gone.
cat >"$tmp/leased.py" <<'END'
import sys
import Pyro5.api
uri = sys.argv[1]
with Pyro5.api.Proxy(uri) as watching, Pyro5.api.Proxy(uri) as leasing:
    changes = (change for item in watching.watch("leased") for change in item["changes"])
    assert next(changes)["event"] == "current"
    leasing.register_endpoint("leased", "PYRO:o@h:1", ttl=1)
    assert next(changes)["event"] == "registered"
    assert leasing.renew("leased") == [] and leasing.renew(["x", "leased"]) == ["x"]
    leasing._pyroRelease()
    print("then", next(changes)["event"])
END
expect 0 "$python" "$tmp/leased.py" "$(ready_uri ns)"
check "a lease that nobody renews ends, and is told" said '^then expired$'

wait_for() { # NAME TIME: pyrope lookup --wait in the background
        pyrope lookup --wait "$2" "$1" >"$tmp/wait.out" 2>"$tmp/wait.err" </dev/null {never_fd}<&- &
        pid_of[wait]=$!
}
begin_watch ready
watched ready '^present  other'
wait_for late 60s
expect 0 pyrope register late.not PYRO:not@host:4
expect 0 pyrope register late PYRO:late@host:4
check "who waits for a name gets it" wait_until is_gone "$(pid wait)"
check "with its URI" grep -qx 'PYRO:late@host:4' "$tmp/wait.out"
stop wait
stop ready
expect 1 pyrope lookup --wait 100ms never
check "or is told that it did not come in time" complained 'never: not registered in time'
expect 2 pyrope lookup --wait soon never
check "a time has a unit" complained '\-\-wait=soon is not a time such as 500ms, 30s, 2m, 1h'

stop ns
PYROPE_LOG=debug start ns nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock"
wait_for reborn 60s
wait_for_line "$tmp/ns.err" 'waits for a bell' "$(pid ns)" >/dev/null
stop ns
start ns nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock"
expect 0 pyrope register reborn PYRO:reborn@host:5
check "a restart of the nameserver is waited for, too" wait_until is_gone "$(pid wait)"
check "and the name is found" grep -qx 'PYRO:reborn@host:5' "$tmp/wait.out"
stop wait

start stock "$python" "$top/tests/conformance/reference_nameserver.py" "$tmp/stock.sock"
export PYROPE_NAMESERVER=$tmp/stock.sock
wait_for late 60s
expect 0 pyrope register late PYRO:stock@host:6
check "Pyro5's own nameserver is asked until it knows" wait_until is_gone "$(pid wait)"
check "what was waited for" grep -qx 'PYRO:stock@host:6' "$tmp/wait.out"
stop wait
stop stock
finish
