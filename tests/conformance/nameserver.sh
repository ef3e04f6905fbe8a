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
check "ours: every scenario was run" said '^36 passed, 0 failed$'

start stock "$python" "$top/tests/conformance/reference_nameserver.py" "$tmp/stock.sock"
expect 0 "$python" "$scenarios" "$(ready_uri stock)" --stock
check "Pyro5: every scenario but ours was run" said '^22 passed, 0 failed$'
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
nsc yplookup_any tag2 none
check "by one of several, too" said 'a\.name --> PYRO:obj@localhost:5555'
nsc list
check "pyro5-nsc lists everything" said 'Pyro\.NameServer --> PYRO:Pyro\.NameServer@'
expect 1 "$python" -m Pyro5.nsc -u "$tmp/ours.sock" register a.name PYRO:other@localhost:5555
check "pyro5-nsc is told that a name is taken" said 'NamingError - name already registered: a\.name'
nsc setmeta a.name
check "pyro5-nsc clears metadata" said '^Metadata cleared$'
nsc remove a.none
check "pyro5-nsc is told that nothing was removed" said '^Nothing removed$'
nsc remove a.name
check "pyro5-nsc removes" said '^Removed a\.name$'
nsc register b.name PYRO:obj@localhost:5555
expect 0 sh -c "echo y | '$python' -m Pyro5.nsc -u '$tmp/ours.sock' removematching 'b\\.'"
check "pyro5-nsc removes by regular expression, and not the nameserver itself" said '1 items removed\.$'
check "the nameserver ends on SIGTERM with status 0" stop ours
finish
