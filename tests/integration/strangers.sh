#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
begin "two other users of the machine reach nothing of ours while solvers run behind SSH, through tunnels too, whatever our umask is"
need_root
for program in python3 ss; do
        command -v $program >/dev/null || skip "there is no $program"
done
# The worst sshd: a port that it were asked for would be open to the network. What it is asked for, it logs.
export FIXTURE_EXTRA="GatewayPorts yes
LogLevel DEBUG"
need_sshd 3
# What a user's own configuration wants of every host, for the sessions of a person.
eval "$(ssh-agent -a "$tmp/lent")" >/dev/null
lent_pid=$SSH_AGENT_PID
unset SSH_AGENT_PID
export SSH_AUTH_SOCK=$tmp/lent
printf '    %s\n' 'ForwardAgent yes' 'RemoteForward 0 127.0.0.1:9' "RemoteForward $tmp/far.sock 127.0.0.1:9" >>"$FX_SSH_CONFIG"
strangers="65534 65533"
chmod 755 "$tmp" # so that nothing but our own modes keeps them out

# --- the stack of the demo: a nameserver, two compute servers, a steering computer ---

jobman_at() { # PLACE HOST APPLICATION: a job manager in a zone of its own, with room for two instances
        cat >"$tmp/$1.conf" <<END
[jobman]
name = Jobs@$2
ssh = $2
workDir = $place/$1-jobs
[nameserver]
location = $place/head/nameserver.sock
[application ${3^}Solver]
command = $PYROPE_BIN_DIR/$3-solver
maxJobs = 2
END
        start "$1" env PYROPE_ZONE="$1" PYROPE_RUNTIME_DIR="$place/$1" jobman --config "$tmp/$1.conf"
}
hold() { # NAME APPLICATION: an instance, with its local socket
        : >"$tmp/$1.out"
        allocate-app "$2" >>"$tmp/$1.out" 2>>"$tmp/$1.err" </dev/null {never_fd}<&- &
        pid_of[$1]=$!
        check "there is an instance of $2" grep -q . <(wait_for_line "$tmp/$1.out" ^PYRO: "$!")
}
up() { # PLACE: everything below this directory
        place=$1
        mkdir -p "$place"
        chmod 755 "$place"
        start head env PYROPE_ZONE=head PYROPE_RUNTIME_DIR="$place/head" nameserver --database "$place/names.db"
        jobman_at a h2 thermal
        jobman_at b h3 mechanical
        export PYROPE_ZONE=steering PYROPE_RUNTIME_DIR=$place/steering PYROPE_SSH_CONFIG=$FX_SSH_CONFIG
        export PYROPE_NAMESERVER=ssh://h1/./u:$place/head/nameserver.sock
        hold hot ThermalSolver
        hold cold MechanicalSolver
        for backend in libssh program; do
                start $backend-socket pyrope tunnel --ssh-backend $backend Jobs@h2
                start $backend-port pyrope tunnel --ssh-backend $backend --nat-port 0 Jobs@h2
        done
        start agent-port env PYROPE_SHARE=yes pyrope tunnel --nat-port 0 Jobs@h2
}
tunnels="libssh-socket libssh-port program-socket program-port agent-port"
down() {
        local name
        expect 0 pyrope agent --stop
        for name in $tunnels hot cold b a head; do
                stop "$name"
                check "$name ends in order" test $? = 0
        done
}
path_of() { # NAME: the socket in the URI that it printed
        sed -n 's/.*@\.\/u://p' "$tmp/$1.out" | head -n 1
}
instances() { # the sockets of all that are registered
        pyrope list --prefix ThermalSolver- | sed 's/.*@\.\/u://'
        pyrope list --prefix MechanicalSolver- | sed 's/.*@\.\/u://'
}

# --- the scan ---

watch() { # as the strangers, until end_watch
        # shellcheck disable=SC2086 # one word per user
        start scan "$top/tests/support/scan.py" "$tmp" $strangers
}
end_watch() { # returns its exit status
        local status=0
        stop scan || status=$?
        tail -n 2 "$tmp/scan.out" | sed 's/^/# /'
        return $status
}
kept_from() { # KIND PATH: the strangers tried it, and were not let near
        check "$1 was tried in vain" grep -qx "EACCES $2" "$tmp/scan.out"
}
ports_tried() { # of all that was scanned
        grep -E '^[A-Z_]+ [^/@]*:[0-9]+$' "$tmp/scan.out"
}
open_to_others() { # what below $place others may read, write or enter
        find "$place" -mindepth 1 -perm /077 ! -type l
}

scan_everything() { # PLACE
        local held forward
        up "$1"
        watch
        held=$(instances)
        check "both instances are registered" test "$(wc -l <<<"$held")" = 2
        mkdir "$tmp/results"
        for _ in 1 2 3; do
                expect 0 workflow --output "$tmp/results"
                check "the workflow's way is SSH" said ' over [1-9][0-9]* channels of 3 SSH sessions and 0 local connections$'
                for tunnel in $tunnels; do
                        expect 0 pyrope call "$(ready_uri "$tunnel")" getNumberOfFreeJobs
                done
        done
        rm -r "$tmp/results"
        check "nothing that is there is open to others" test -z "$(open_to_others)"
        end_watch
        check "none of them is connectable" test $? = 0
        kept_from "the nameserver" "$(path_of head)"
        kept_from "job manager A" "$(path_of a)"
        kept_from "job manager B" "$(path_of b)"
        for forward in hot cold libssh-socket program-socket; do
                kept_from "the local socket $forward" "$(path_of $forward)"
        done
        kept_from "the agent that has the sessions of commands" "$(find "$place/steering" -name 'agent-*.sock')"
        check "no port is open but those that were asked for" test "$(ports_tried | wc -l)" = 6
        for tunnel in libssh-port program-port agent-port; do
                port=$(ready_uri $tunnel | sed 's/.*://')
                for address in 127.0.0.1 ::1; do
                        check "$tunnel hung up on them at $address" grep -qx "HUNG_UP $address:$port" "$tmp/scan.out"
                done
        done
        check "so were the sockets of the program ssh" grep -q '^EACCES /tmp/pyrope-ssh-.*/s[0-9]*$' "$tmp/scan.out"
        while read -r path; do
                kept_from "an instance" "$path"
        done <<<"$held"
        down
        check "nothing that is left is open to others" test -z "$(open_to_others)"
}

scan_everything "$tmp/usual"
umask 000
scan_everything "$tmp/umask-000"
umask 077

# --- nothing was asked of the sshds that would listen there, or lend our keys ---

asked() { # how many requests of that kind the sshds have seen
        cat "$FX_DIR"/h*/log | grep -cE 'rtype (cancel-)?(tcpip|streamlocal)-forward|(auth-agent|x11)-req'
}
check "the sshds have seen streams to sockets" grep -q 'direct-streamlocal' "$FX_DIR/h2/log"
check "but nobody asked them to listen, or for an agent" test "$(asked)" = 0
expect 0 ssh -F "$FX_SSH_CONFIG" h1 true
check "as ssh itself does, for that configuration" test "$(asked)" -ge 3
kill "$lent_pid"
wait_until test ! -e "$tmp/lent"
rm -f "$tmp/far.sock"

# --- the scan finds what is open: here a socket of each kind, held open by a program of ours ---

start leak python3 -c 'if True:
        import os, signal, socket, sys
        unix, abstract, tcp = (socket.socket(family) for family in (socket.AF_UNIX, socket.AF_UNIX, socket.AF_INET))
        os.umask(0)
        unix.bind(sys.argv[1])
        abstract.bind("\0" + sys.argv[1])
        tcp.bind(("127.0.0.1", 0))
        for each in unix, abstract, tcp:
                each.listen()
        print("READY to be found", flush=True)
        signal.pause()' "$tmp/leak.sock"
watch
end_watch
check "it fails" test $? = 1
for found in "$tmp/leak.sock" "@$tmp/leak.sock" '127\.0\.0\.1:[0-9]*'; do
        check "it finds $found" grep -qx "CONNECTED $found" "$tmp/scan.out"
done
check "it finds no more" grep -qx 'scanned 3 sockets connectable 3' "$tmp/scan.out"
stop leak

# --- and were a socket open, its daemon would still ask the kernel who is there ---

start head env PYROPE_RUNTIME_DIR="$tmp/head" nameserver --database "$tmp/names.db"
chmod 755 "$tmp/head"
chmod 666 "$(path_of head)"
listen_as() { # UID: what a silent visitor is told: END if the daemon hangs up, NOTHING if it waits for a word
        python3 -c 'if True:
                import os, socket, sys
                os.setresuid(*3 * [int(sys.argv[2])])
                visitor = socket.socket(socket.AF_UNIX)
                visitor.connect(sys.argv[1])
                visitor.settimeout(0.5)
                try:
                        print(visitor.recv(1) or "END")
                except TimeoutError:
                        print("NOTHING")' "$(path_of head)" "$1"
}
for uid in $strangers; do
        check "user $uid is hung up on" test "$(listen_as "$uid")" = END
done
check "we are not" test "$(listen_as 0)" = NOTHING
finish
