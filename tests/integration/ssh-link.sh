#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/cuts.sh"
. "$(dirname "$0")/../support/networks.sh"
with_own_network "$@"
begin "the link down, or the address gone: for less than a session waits calls survive, run once, through the same session; for longer they are told, and the next is well"
need_own_network
[ $# -gt 0 ] || set -- 1 3 # seconds that it lasts, one after another
seconds='' long_seconds=''
for s in "$@"; do
        # A session is silent for 13 s before it is lost where no other connection is answered; what was sent is repeated after longer and longer times.
        if [ "$s" -le 10 ]; then seconds+=" $s"; else long_seconds+=" $s"; fi
done
ADDRESS=10.255.77.1
ip addr add $ADDRESS/32 dev lo
need_sshd 1
cuts_up h1 '' $ADDRESS
mkdir "$tmp/far" "$tmp/near"
start target env PYROPE_ZONE=far "$PYROPE_TEST_BIN_DIR/cut-target" "$tmp/log" "$tmp/far/target.sock"
start ns env PYROPE_ZONE=far "PYROPE_RUNTIME_DIR=$tmp/far" nameserver --database "$tmp/ns.db"
expect 0 env PYROPE_ZONE=far pyrope --nameserver "$tmp/far/nameserver.sock" register --ssh cut Target "PYRO:target@./u:$tmp/far/target.sock"
export PYROPE_ZONE=near PYROPE_RUNTIME_DIR=$tmp/near PYROPE_SSH_CONFIG=$cut_config PYROPE_SHARE=no
export PYROPE_NAMESERVER=ssh://cut/./u:$tmp/far/nameserver.sock

runs() { # so many calls ran so far; a record has 8 bytes
        echo $(($(stat -c %s "$tmp/log") / 8))
}
# shellcheck disable=SC2317 # wait_until calls it
ran() { [ "$(runs)" -ge "$1" ]; }
down() { # link|address
        if [ "$1" = link ]; then ip link set lo down; else ip addr del $ADDRESS/32 dev lo; fi
}
up() { # link|address SECONDS: after so long; it is the outage itself that has to last
        sleep "$2"
        if [ "$1" = link ]; then ip link set lo up; else ip addr add $ADDRESS/32 dev lo; fi
}

n=0
for kind in link address; do
        for s in $seconds; do
                before=$(runs)
                : >"$tmp/call.err"
                PYROPE_LOG=info pyrope call Target tick 0 $((n++)) $((s * 1000 / 2)) 5 >"$tmp/call.out" 2>"$tmp/call.err" {never_fd}<&- &
                pid_of[call]=$!
                check "$kind, $s s: a call is under way" wait_until ran $((before + 1))
                down $kind
                up $kind "$s"
                wait_until is_gone "$(pid call)"
                stop call
                check "$kind, $s s: it ends well" test $? = 0
                check "$kind, $s s: with its result" grep -q '"AAAAAAA="' "$tmp/call.out"
                check "$kind, $s s: it ran once" test "$(runs)" = $((before + 1))
                check "$kind, $s s: there was one session" test "$(grep -c ': up: logged in' "$tmp/call.err")" = 1
        done
done

# What is begun while it is down, in a program that has a session.
coproc PROBE { exec "$PYROPE_TEST_BIN_DIR/client-probe" {never_fd}<&-; }
pid_of[probe]=$PROBE_PID
exec {to_probe}>&"${PROBE[1]}" {from_probe}<&"${PROBE[0]}"
answers() { # REGEX SENTENCE
        answer=
        IFS= read -r -t "$WAIT_S" answer <&"$from_probe"
        if [[ $answer =~ ^$1$ ]]; then pass "$2"; else fail "$2: $1" "but: $answer"; fi
}
echo "proxy 1 Target" >&"$to_probe"
answers 'OK PYRO:.*' "there is a session"
for kind in link address; do
        for s in $seconds; do
                [ "$s" -lt 8 ] || continue # the deadline of the probe is 10 s
                down $kind
                echo "ping 1" >&"$to_probe"
                up $kind "$s"
                answers 'OK ' "$kind, $s s: what is asked meanwhile is answered afterwards"
        done
done
echo statistics >&"$to_probe"
answers 'OK .* sessions=1 .*' "all through one session"
WAIT_S=60
for kind in link address; do
        for s in $long_seconds; do
                down $kind
                echo "ping 1" >&"$to_probe"
                up $kind "$s"
                answers 'E_(UNREACHABLE|TIMEOUT) .*' "$kind, $s s: who asks meanwhile is told"
                before=$(date +%s%N)
                echo "ping 1" >&"$to_probe"
                answers 'OK ' "$kind, $s s: who asks afterwards is answered"
                check "$kind, $s s: within 5 s" test $((($(date +%s%N) - before) / 1000000)) -le 5000 # only soaks last so long
        done
done
exec {to_probe}>&-
finish
