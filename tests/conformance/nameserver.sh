#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
WAIT_S=60
begin "a stock client finds our nameserver to be Pyro5's own, but for the faults; the same scenarios pass on that one"
need_python
scenarios=$top/tests/conformance/nameserver.py
export PYRO_SERIALIZER=msgpack

start ours nameserver --database "$tmp/ns.db" --socket "$tmp/ours.sock"
expect 0 "$python" "$scenarios" "$(ready_uri ours)"
check "ours: every scenario was run" said '^24 passed, 0 failed$'

start stock "$python" "$top/tests/conformance/reference_nameserver.py" "$tmp/stock.sock"
expect 0 "$python" "$scenarios" "$(ready_uri stock)" --stock
check "Pyro5: every scenario but ours was run" said '^19 passed, 0 failed$'
expect 1 "$python" "$scenarios" "$(ready_uri stock | sed 's/NameServer/Daemon/')"
check "an object that is no nameserver fails" said '^0 passed, [1-9][0-9]* failed$'

# Pyro5's own command, which people have in their scripts.
nsc() { # ARGUMENT...
        expect 0 "$python" -m Pyro5.nsc -u "$tmp/ours.sock" "$@"
}
nsc ping
nsc register a.name PYRO:obj@localhost:5555
nsc setmeta a.name tag1 tag2
nsc lookup a.name
check "pyro5-nsc looks a name up" said 'PYRO:obj@localhost:5555'
nsc list a.
check "pyro5-nsc lists by prefix" said 'a\.name --> PYRO:obj@localhost:5555'
nsc listmatching 'a\.n'
check "pyro5-nsc lists by regular expression" said 'a\.name --> PYRO:obj@localhost:5555'
nsc yplookup_all tag1 tag2
check "pyro5-nsc finds by metadata" said 'a\.name --> PYRO:obj@localhost:5555'
nsc remove a.name
check "the nameserver ends on SIGTERM with status 0" stop ours
finish
