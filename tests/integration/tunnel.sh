#!/bin/bash
# SPDX-License-Identifier: MIT

# check calls our functions by name.
# shellcheck source-path=SCRIPTDIR disable=SC2317
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/ssh-probe.sh"
begin "pyrope tunnel: sockets and NAT ports that lead through SSH, keep their address, and are ours alone"

[ "${1:-}" != shared ] || export PYROPE_SHARE=yes # through the agent

target=$top/tests/integration/tunnel_target.py
need_python
need_sshd 2
export PYROPE_SSH_CONFIG=$FX_SSH_CONFIG
streams_up

place_of() { # NAME: where a tunnel listens, as the probe takes it: /path or host:port
        ready_uri "$1" | sed 's/.*@//; s/^\.\/u://'
}
through() { # NAME COMMAND ARGUMENT...: the probe, at the place of a tunnel, succeeds
        expect 0 "$probe" "$FX_SSH_CONFIG" "$2" "$(place_of "$1")" "${@:3}"
}
warned() { # NAME REGEX: a tunnel said so meanwhile
        wait_for_line "$tmp/$1.err" "$2" "$(pid "$1")" >/dev/null
}

echo "# a location"
start echo-socket pyrope tunnel "$at/echo"
check "the place is a socket in the runtime directory" grep -q "^READY ./u:$tmp/run/forward-.*\.sock$" "$tmp/echo-socket.out"
check "the socket is ours alone" test "$(stat -c %a "$(place_of echo-socket)")" = 600
start echo-here pyrope tunnel "$at/echo" --socket "$tmp/s/here"
check "or one that we name" test "$(ready_uri echo-here)" = "./u:$tmp/s/here"
cd "$tmp/s" || exit 1
start echo-relative pyrope tunnel --socket there "$at/echo"
cd / || exit 1
check "from the working directory" test "$(ready_uri echo-relative)" = "./u:$tmp/s/there"
start echo-port pyrope tunnel --nat-port 0 "$at/echo"
check "or a port" grep -qE '^READY 127\.0\.0\.1:[0-9]+$' "$tmp/echo-port.out"
for tunnel in echo-socket echo-here echo-relative echo-port; do
        through $tunnel ping 50 64
        through $tunnel bulk 16777216
        check "16 MiB there and back through $tunnel" said '^16777216 bytes back, equal$'
        through $tunnel many 100
        check "100 connections at once through $tunnel" said '^100 of 100 equal$'
done
start count-port pyrope tunnel --nat-port 0 "$at/count"
start count-socket pyrope tunnel "$at/count"
start source-port pyrope tunnel --nat-port 0 "$at/source"
start source-socket pyrope tunnel "$at/source"
for kind in port socket; do
        through count-$kind text hello
        check "the end of one direction passes a $kind, and the other goes on" said '^5 '
        through source-$kind slow $n_source
        check "a peer that does not read stops no other" said '^quick whole$'
        check "and loses nothing" said '^slow whole$'
done

echo "# both addresses of a port"
port=$(place_of echo-port)
port=${port#*:}
listeners=$(ss -Hltn "sport = :$port" | awk '{ print $4 }' | sort | tr '\n' ' ')
check "one port is held on both addresses of the loopback interface" test "$listeners" = "127.0.0.1:$port [::1]:$port "
expect 0 "$probe" "$FX_SSH_CONFIG" ping "localhost:$port" 5 64
expect 0 "$probe" "$FX_SSH_CONFIG" ping "[::1]:$port" 5 64
expect 1 pyrope tunnel --nat-port "$port" "$at/echo"
check "a port that is in use" complained "^pyrope: cannot listen on 127.0.0.1:$port: Address already in use$"
stop echo-port
check "a tunnel ends in order" test $? = 0
start echo-port pyrope tunnel --nat-port "$port" "$at/echo"
check "the port is free again, and can be asked for" test "$(place_of echo-port)" = "127.0.0.1:$port"
stop echo-port
start twin python3 -c 'if True:
        import signal, socket, sys
        twin = socket.socket(socket.AF_INET6)
        twin.bind(("::1", int(sys.argv[1])))
        twin.listen()
        print("READY", "to be mistaken", flush=True)
        signal.pause()' "$port"
expect 1 pyrope tunnel --nat-port "$port" "$at/echo"
check "a port of which somebody has the other address is not taken" complained "cannot listen on \[::1\]:$port: Address already in use$"
stop twin

echo "# signals"
for signal in TERM INT HUP; do
        start ending pyrope tunnel --socket "$tmp/s/ending" "$at/stall"
        stop ending $signal
        check "SIG$signal ends it in order" test $? = 0
        check "and its socket is gone" test ! -e "$tmp/s/ending"
done

echo "# objects"
start ns env PYROPE_ZONE=head PYROPE_RUNTIME_DIR="$tmp/head" nameserver --database "$tmp/ns.db"
export PYROPE_NAMESERVER=ssh://h1/./u:$tmp/head/nameserver.sock PYROPE_ZONE=steering
start one "$python" "$target" "$tmp/s/one.sock" one
start two "$python" "$target" "$tmp/s/two.sock" two
expect 0 env PYROPE_ZONE=head pyrope register solver "$(ready_uri one)" --ssh h1
start solver-socket pyrope tunnel solver
start solver-port pyrope tunnel --nat-port 0 solver
start solver-json sh -c 'echo READY soon; exec pyrope tunnel --json solver'
check "a socket's URI" grep -qE '^READY PYRO:target@\./u:/.*\.sock$' "$tmp/solver-socket.out"
check "a port's URI" grep -qE '^READY PYRO:target@127\.0\.0\.1:[0-9]+$' "$tmp/solver-port.out"
wait_until grep -q uri "$tmp/solver-json.out"
check "as JSON" grep -qE '^\{"uri": *"PYRO:target@\./u:/.*\.sock"\}$' "$tmp/solver-json.out"
stop solver-json
ask() { # STATUS NAME: stock Pyro5 asks the object behind a tunnel what it is called
        expect "$1" "$python" "$target" "$(ready_uri "$2")"
}
for tunnel in solver-socket solver-port; do
        ask 0 $tunnel
        check "stock Pyro5 speaks through $tunnel" said '^one$'
done
expect 0 env PYROPE_ZONE=head pyrope register solver "$(ready_uri two)" --ssh h2
for tunnel in solver-socket solver-port; do
        ask 0 $tunnel
        check "when the name moves, also to another host, $tunnel leads there" said '^two$'
done
start here-port pyrope tunnel --nat-port 0 "$(ready_uri one)"
ask 0 here-port
check "what is on this machine gets a port, too" said '^one$'
start ns-port pyrope tunnel --nat-port 0 Pyro.NameServer
expect 0 env PYROPE_NAMESERVER="$(place_of ns-port)" pyrope lookup solver

echo "# what is lost comes back behind the same address"
expect 0 "$fixture" kill1 "$FX_DIR" 2
ask 1 solver-socket
check "a host that is down: the connection is hung up on, and why is said" warned solver-socket '^pyrope: h2: connecting to .*Connection refused$'
expect 0 "$fixture" up1 "$FX_DIR" 2
for tunnel in solver-socket solver-port; do
        check "the host is back, and so is what $tunnel leads to" wait_until "$python" "$target" "$(ready_uri $tunnel)" >/dev/null
done
stop ns
ask 0 solver-port
check "without a nameserver a name is where it was" said '^two$'
check "which is said" warned solver-port '^pyrope: going to where solver was: .*nameserver.sock'
start ns env PYROPE_ZONE=head PYROPE_RUNTIME_DIR="$tmp/head" nameserver --database "$tmp/ns.db"
stop two
ask 1 solver-socket
check "nobody listens there any more" warned solver-socket "^pyrope: h2 .*cannot connect to the socket $tmp/s/two.sock: nobody listens there"
expect 0 env PYROPE_NAMESERVER="$tmp/head/nameserver.sock" pyrope remove solver
ask 1 solver-socket
check "the name is gone" warned solver-socket '^pyrope: solver: no such name'

echo "# mistakes"
mistake() { # STATUS REGEX ARGUMENT...
        expect "$1" pyrope tunnel "${@:3}"
        check "$2" complained "$2"
}
mistake 2 "^pyrope: --socket and --nat-port exclude each other$" --socket "$tmp/s/x" --nat-port 1 solver
mistake 2 "nat-port" --nat-port 65536 solver
mistake 1 "^pyrope: nobody: no such name" nobody
mistake 1 "^pyrope: PYROMETA:red,blue: .*give a name$" PYROMETA:red,blue
mistake 1 "^pyrope: ssh://h1 names no socket there" ssh://h1
mistake 1 "^pyrope: 'ssh://h1/x' is no location" ssh://h1/x
mistake 1 "^pyrope: h1 .*nobody listens there" "$at/none"
mistake 1 "^pyrope: $tmp/s/echo: is in use by another daemon$" --socket "$tmp/s/echo" "$at/echo"
mkdir -m 755 "$tmp/open"
mistake 1 "$tmp/open" --socket "$tmp/open/x" "$at/echo"

echo "# strangers"
if [ "$(id -u)" = 0 ]; then
        start echo-port pyrope tunnel --nat-port 0 "$at/echo"
        port=$(place_of echo-port)
        for address in 127.0.0.1 ::1; do
                expect 0 python3 -c 'if True:
                        import os, socket, sys
                        os.setresuid(*3 * [65533])
                        visitor = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
                        visitor.connect((sys.argv[1], int(sys.argv[2])))
                        visitor.settimeout(10)
                        try:
                                visitor.sendall(b"hello")
                                print(visitor.recv(1) or "END")
                        except ConnectionError:
                                print("END")' $address "${port#*:}"
                check "another user is hung up on at $address" said '^END$'
                through echo-port ping 5 64
        done
        check "which is said" warned echo-port '^pyrope: a connection of user 65533 is refused$'
        chmod 711 "$tmp" "$tmp/s" "$tmp/run"
        chmod 666 "$tmp/s/here"
        expect 1 setpriv --reuid 65533 --regid 65533 --clear-groups "$probe" "$FX_SSH_CONFIG" ping "$tmp/s/here" 1 64
        check "so he is where a socket was opened to him" warned echo-here '^pyrope: a connection of user 65533 is refused$'
        chmod 700 "$tmp" "$tmp/s" "$tmp/run"
else
        echo "# SKIPPED: strangers (needs root)"
fi
finish
