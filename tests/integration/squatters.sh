#!/bin/bash
# SPDX-License-Identifier: MIT

# check calls our functions by name.
# shellcheck source-path=SCRIPTDIR disable=SC2317
. "$(dirname "$0")/../support/lib.sh"
begin "a port that another user took when its daemon had ended is told nothing, and he learns nothing"
need_root
command -v python3 >/dev/null || skip "there is no python3"
squat=$top/tests/support/squat.py

start names nameserver --database "$tmp/names.db"
target() { # ADDRESS:PORT: one of our own daemons, registered
        start target conformance-target --listen "$1"
        uri=$(sed -n 's/^READY \(PYRO:.*@\(127\|\[\).*\)/\1/p' "$tmp/target.out")
        port=${uri##*:}
        expect 0 pyrope register target "$uri"
}
squatter_got() { # REGEX: he ends, and tells
        stop squatter
        sed 's/^/# the squatter: /' "$tmp/squatter.out"
        grep -qE "$1" "$tmp/squatter.out"
}
refuses() { # ADDRESS:PORT UID COMMAND...
        expect 1 "${@:3}"
        check "it says whose port it is, and what helps" \
                complained "nothing was sent to ${1//[\[\]]/.}, which is a port of user $2; .*--port-users $2, .*your daemon has ended"
}

target 127.0.0.1:0
expect 0 pyrope ping target
stop target
for uid in 65533 64002; do
        for deaf in '' --deaf; do
                # shellcheck disable=SC2086 # it may be no word
                start squatter "$squat" $uid "$port" $deaf 127.0.0.1 ::1
                refuses "127.0.0.1:$port" $uid pyrope ping target
                refuses "127.0.0.1:$port" $uid pyrope call target echo '"secret"'
                refuses "127.0.0.1:$port" $uid pyrope call "$uri" echo '"secret"' --oneway
                refuses "[::1]:$port" $uid pyrope ping "${uri/127.0.0.1/[::1]}"
                refuses "127.0.0.1:$port" $uid pyrope ping "${uri/127.0.0.1/[::ffff:127.0.0.1]}"
                refuses "127.0.0.1:$port" $uid pyrope --nameserver "127.0.0.1:$port" list
                refuses "127.0.0.1:$port" $uid pyrope --port-users 64003,1 ping target
                expect 1 pyrope ping "${uri/127.0.0.1/localhost}"
                check "by a name of the address, too" complained "nothing was sent to .*, which is a port of user $uid; "
                expect 1 pyrope --json ping target
                check "programs are told E_DENIED" said '"code": "E_DENIED"'
                expect 1 pyrope doctor target
                check "the doctor says it" said "which is a port of user $uid; "
                check "and who can tell more" said "ss -tlpn"
                check "he got connections, and not a byte" squatter_got '^([89]|1[0-9]) connections 0 bytes$'
        done
done

echo "# nobody, whom the kernel shows also for users without a number here"
start squatter "$squat" 65534 "$port" 127.0.0.1
expect 1 pyrope call target echo '"secret"'
check "is not known" complained "nothing was sent to 127.0.0.1:$port, for the kernel does not say whose port it is"
check "nor told anything" squatter_got '^1 connections 0 bytes$'

echo "# through a tunnel of ours"
target "127.0.0.1:$port"
start tunnel pyrope tunnel "127.0.0.1:$port"
stop target
start squatter "$squat" 65533 "$port" 127.0.0.1
refuses "127.0.0.1:$port" 65533 pyrope tunnel "127.0.0.1:$port"
python3 -c 'if True:
        import socket, sys
        visitor = socket.socket(socket.AF_UNIX)
        visitor.connect(sys.argv[1])
        visitor.sendall(b"secret")
        visitor.settimeout(20)
        try:
                visitor.recv(1)
        except ConnectionError:
                pass' "$(ready_uri tunnel | sed 's/^\.\/u://')"
check "it says why it hangs up" grep -q . <(wait_for_line "$tmp/tunnel.err" "which is a port of user 65533" "$(pid tunnel)")
check "and has told nothing" squatter_got '^2 connections 0 bytes$'
stop tunnel

echo "# who is named is believed, so the squatter would have been told"
start squatter "$squat" 65533 "$port" 127.0.0.1
expect 1 pyrope --timeout 300ms --port-users 1,65533 ping target
expect 1 env PYROPE_PORT_USERS=65533 pyrope --timeout 300ms ping target
check "twice" squatter_got '^2 connections [1-9][0-9]+ bytes$'
expect 2 pyrope --port-users no-such-user list
check "a user that is not known is refused" complained "port users 'no-such-user': there is no user 'no-such-user'"

echo "# our own daemon, back on its port, and a squatter beside it"
target "127.0.0.1:$port"
start squatter "$squat" 65533 "$port" ::1
expect 0 pyrope call target echo '"hello"'
expect 0 pyrope ping "${uri/127.0.0.1/localhost}"
refuses "[::1]:$port" 65533 pyrope ping "${uri/127.0.0.1/[::1]}"
check "who has the other address of localhost gets nothing" squatter_got '^[12] connections 0 bytes$'
stop target

echo "# another daemon of our own has the port by now"
start other nameserver --database "$tmp/other.db" --socket "$tmp/other.sock" --listen "127.0.0.1:$port"
expect 1 pyrope call target echo '"hello"'
check "it has no such object" complained "target: the daemon has no such object"
stop other

echo "# a nameserver with a port, for users whom it names"
ALICE=64002 SITE=64001
open_programs
chmod a+rx "$tmp"
alice=(setpriv --reuid "$ALICE" --regid "$ALICE" --clear-groups env -u PYROPE_RUNTIME_DIR HOME=/nowhere)
site=(setpriv --reuid "$SITE" --regid "$SITE" --clear-groups)
for as in site root; do
        install -d -m 700 "$tmp/$as"
        [ $as = root ] || chown $SITE:$SITE "$tmp/$as"
        printf '[nameserver]\nusers = %s\ndatabase = %s\nsocket = %s\n' $ALICE "$tmp/$as/ns.db" "$tmp/$as/ns.sock" >"$tmp/$as.conf"
        chmod 644 "$tmp/$as.conf"
done
start site "${site[@]}" nameserver --config "$tmp/site.conf" --listen 127.0.0.1:0
start root nameserver --config "$tmp/root.conf" --listen 127.0.0.1:0
at() { # NAME: its port
        ready_uri "$1" | sed 's/.*@//'
}
refuses "$(at site)" $SITE "${alice[@]}" pyrope --nameserver "$(at site)" list
expect 0 "${alice[@]}" pyrope --nameserver "$(at site)" --port-users $SITE list
expect 0 "${alice[@]}" PYROPE_PORT_USERS=$SITE pyrope --nameserver "$(at site)" list
expect 0 "${alice[@]}" pyrope --nameserver "$(at root)" list
check "root's is believed" said '^Pyro\.NameServer '
finish
