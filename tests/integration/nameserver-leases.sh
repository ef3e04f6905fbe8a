#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "200 leases through restarts and kill -9 of the nameserver: none is over before its term, none stays beyond it"
need_python
export PYRO_SERIALIZER=msgpack
rounds=${LEASES_ROUNDS:-10}

cat >"$tmp/lease.py" <<'END'
import sys
import Pyro5.api
with Pyro5.api.Proxy(sys.argv[1]) as ns:
    names = ["lease.%d" % i for i in range(200)]
    if sys.argv[2] == "register":
        for name in names:
            ns.register_endpoint(name, "PYRO:o@h:1", ttl=int(sys.argv[3]))
    n_lost = 200 - len(ns.list(prefix="lease."))
    n_wrong = sum(ns.resolve(name)["confirmed"] != (sys.argv[2] == "register") for name in names) if not n_lost else 0
    print(n_lost, "lost,", n_wrong, "of the wrong state,", len(ns.renew(names)), "not renewed")
END
ns() { # WORD [TERM]: the script above; its answer is kept
        "$python" "$tmp/lease.py" "$(ready_uri ns)" "$@" >"$tmp/said" 2>&1 && grep -q '^0 lost, 0 of the wrong state, 0 not renewed$' "$tmp/said"
}

start ns nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock"
check "200 names are registered for a minute" ns register 60
n_good=0
for ((i = 0; i < rounds; i++)); do
        stop ns $((i % 2 ? 9 : 15))
        start ns nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock"
        if ns look; then n_good=$((n_good + 1)); else cat "$tmp/said"; fi
done
echo "# $n_good of $rounds restarts with 0 leases lost, all unconfirmed and then renewed"
check "each restart keeps all, unconfirmed, and all are renewed" test "$n_good" = "$rounds"

# A term of two seconds, through a restart in the middle of it.
check "they are registered for 2 s instead" ns register 2
stop ns 9
start ns nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock"
check "after a restart all are there" ns look
# shellcheck disable=SC2317 # wait_until calls it
is_empty() {
        [ -z "$(pyrope --nameserver "$tmp/ns.sock" list --prefix lease.)" ]
}
check "and gone a term after they were renewed last" wait_until is_empty
# shellcheck disable=SC2317 # wait_until calls it
are_told() { # in one line or in several, as their terms end
        [ "$(awk '/ names are forgotten:/ { n += $4 } END { print n }' "$tmp/ns.err")" = 200 ]
}
check "of which the log tells" wait_until are_told
stop ns
finish
