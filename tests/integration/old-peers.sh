#!/bin/bash
# SPDX-License-Identifier: MIT
# check calls our functions by name.
# shellcheck disable=SC2317

. "$(dirname "$0")/../support/lib.sh"
begin "real Pyro4 at either end: it is told, and tells, that Pyro5 is another language"
need_python
"$python" -c 'import Pyro4' 2>/dev/null || skip "no Pyro4: pip could not fetch it"
start ns nameserver --socket "$tmp/ns.sock" --listen 127.0.0.1:0
port=$(ready_uri ns 1)

cat >"$tmp/client.py" <<'END'
import sys
import Pyro4
with Pyro4.Proxy(sys.argv[1]) as proxy:
    proxy._pyroTimeout = 20
    try:
        proxy.ping()
    except Pyro4.errors.CommunicationError as error:
        print(error)
END
for uri in "PYRO:Pyro.NameServer@./u:$tmp/ns.sock" "$port"; do
        expect 0 "$python" "$tmp/client.py" "$uri"
        check "its client shows our reason" said 'rejected: you speak Pyro4, and this daemon Pyro5'
done
expect 0 pyrope --nameserver "$tmp/ns.sock" list
check "and we go on" said Pyro.NameServer

cat >"$tmp/daemon.py" <<'END'
import sys
import threading
import Pyro4
@Pyro4.expose
class Old:
    def ping(self):
        pass
daemons = [Pyro4.Daemon(unixsocket=sys.argv[1]), Pyro4.Daemon(host="127.0.0.1")]
for daemon in daemons:
    threading.Thread(target=daemon.requestLoop, daemon=True).start()
    print("READY", daemon.register(Old(), "old"), flush=True)
threading.Event().wait()
END
start old "$python" "$tmp/daemon.py" "$tmp/old.sock"
check "both listen" grep -q . <(wait_for_line "$tmp/old.out" '^READY PYRO:old@127' "$(pid old)")
for uri in "$(ready_uri old 1)" "$(ready_uri old 2)"; do
        expect 1 pyrope call "$uri" ping
        check "we say what its daemon is" complained 'old at .*: the daemon speaks Pyro4, which is not compatible with Pyro5$'
done
finish
