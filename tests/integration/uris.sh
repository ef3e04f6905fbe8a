#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
begin "every form of a URI leads to its object, from the command line, and from Python where Pyro5 has that form"
need_python

start target conformance-target --socket "$tmp/a b.sock" --listen 127.0.0.1:0 --object-id Obj.1
start v6 conformance-target --listen '[::1]:0' --object-id Obj.1
start ns nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock" --listen 127.0.0.1:0
start ns6 nameserver --database "$tmp/ns6.db" --socket "$tmp/ns6.sock" --listen '[::1]:0'
port=$(ready_uri target | sed 's/.*://')
port6=$(ready_uri v6 | sed 's/.*://')
ns_port=$(ready_uri ns | sed 's/.*://')
ns6_port=$(ready_uri ns6 | sed 's/.*://')
export PYROPE_NAMESERVER=$tmp/ns.sock
for names in "$tmp/ns.sock" "[::1]:$ns6_port"; do
        expect 0 pyrope --nameserver "$names" register 'a@name' "PYRO:Obj.1@127.0.0.1:$port" --tag kind:test --tag one
        expect 0 pyrope --nameserver "$names" register 'düse' "PYRO:Obj.1@./u:$tmp/a b.sock" --tag two
done

cat >"$tmp/add.py" <<'END'
import sys

import Pyro5.api

Pyro5.config.SERIALIZER = "msgpack"
Pyro5.config.NS_HOST, Pyro5.config.NS_PORT = "127.0.0.1", int(sys.argv[2])
with Pyro5.api.Proxy(sys.argv[1]) as proxy:
    print(proxy.add(1, 2))
END

leads() { # URI [ours]: to the object; with "ours", a form that Pyro5 does not have
        expect 0 pyrope call "$1" add 1 2
        check "$1 is called" said '^3$'
        [ -z "${2:-}" ] || return 0
        expect 0 "$python" "$tmp/add.py" "$1" "$ns_port"
        check "by Pyro5, too" said '^3$'
}

echo "# objects"
leads "PYRO:Obj.1@127.0.0.1:$port"
leads "pyro:Obj.1@127.0.0.1:$port"
leads "PYRO:Obj.1@localhost:$port"
leads "PYRO:Obj.1@[::1]:$port6"
leads "PYRO:Obj.1@[0:0:0:0:0:0:0:1]:$port6"
leads "PYRO:Obj.1@./u:$tmp/a b.sock"
leads "PYRO:Obj.1@$tmp/a b.sock" ours

echo "# names"
leads "PYRONAME:düse"
leads "PyroName:düse"
leads "PYRONAME:düse@127.0.0.1:$ns_port"
leads "PYRONAME:düse@[::1]:$ns6_port"
leads "PYRONAME:düse@./u:$tmp/ns6.sock" ours
leads "PYRONAME:düse@$tmp/ns6.sock" ours
leads 'düse' ours
leads 'a@name' ours

echo "# tags"
leads PYROMETA:one
leads PYROMETA:kind:test,one
leads "PYROMETA:two@127.0.0.1:$ns_port"
leads "PYROMETA:two@[::1]:$ns6_port"
leads "PYROMETA:kind:test,one@./u:$tmp/ns6.sock" ours

echo "# what leads nowhere says so"
nowhere() { # URI REGEX
        expect 1 pyrope call "$1" add 1 2
        check "$1 is not" complained "$2"
}
nowhere PYROMETA:one,two 'no object has the tags one,two$'
nowhere PYRONAME:none 'no such name'
nowhere "PYRO:other@127.0.0.1:$port" 'the daemon has no such object'
nowhere "PYRO:Obj.1@./u:$tmp/none.sock" 'nobody listens'
nowhere 'PYRO:Obj.1@127.0.0.1' 'is neither a name nor a URI'
nowhere 'PYRO:Obj.1@-oProxyCommand=x:1' 'is neither a name nor a URI'
finish
