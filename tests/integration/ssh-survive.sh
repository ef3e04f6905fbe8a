#!/bin/bash
# SPDX-License-Identifier: MIT
# check calls our functions by name.
# shellcheck disable=SC2317

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/client-probe.sh"
begin "what a lost SSH session served goes on through the next one: proxies, a held instance, a forwarded socket, a stream of changes, a published name"
need_sshd 2
export PYROPE_SSH_CONFIG=$FX_SSH_CONFIG PYROPE_SHARE=no
two_hosts_up 2
in_steer=(PYROPE_ZONE=steer "PYROPE_RUNTIME_DIR=$tmp/steer" "PYROPE_NAMESERVER=ssh://h1/./u:$tmp/one/nameserver.sock" PYROPE_LOG=info)
start kept env "${in_steer[@]}" "$PYROPE_TEST_BIN_DIR/published" kept 3

env "${in_steer[@]}" pyrope --json list --watch >"$tmp/watch.out" 2>"$tmp/watch.err" {never_fd}<&- &
pid_of[watch]=$!
check "a stream of changes is there" wait_for_line "$tmp/watch.out" Jobs "${pid_of[watch]}"
converse_with_probe "${in_steer[@]}"

cut_sessions() { # of both hosts, which go on listening; nobody has time to say good-bye
        local i sshd session
        for i in 1 2; do
                read -r sshd _ <"$FX_DIR/h$i/pid"
                for session in $(ps -o pid= --ppid "$sshd"); do
                        # Where a user is not root, a child of it has the connection.
                        # shellcheck disable=SC2046 # one word per pid
                        kill -KILL $(ps -o pid= --ppid "$session") "$session" 2>/dev/null
                done
        done
}
logins() { # FILE N: so often somebody logged in
        [ "$(grep -c ': up: logged in' "$1")" -ge "$2" ]
}

answers 'OK PYRO:Pyro.NameServer@.*' 'proxy 1 Pyro.NameServer'
answers 'OK Thermal-.*' 'allocate 1 Thermal'
answers 'OK PYRO:Thermal-.*@./u:/.*' 'forward 1 i1'
socket=${answer#OK }
is_known() {
        "${in_one[@]}" pyrope lookup "$1" >/dev/null 2>&1
}
uses() {
        answers 'OK 4' 'call 1 count'
        answers 'OK running' 'status 1'
        answers 'OK .*' 'call i1 getApplicationSignature'
        expect 0 env -u PYROPE_NAMESERVER pyrope call "$socket" getApplicationSignature
}
uses
for round in 1 2 3; do
        cut_sessions
        echo "# cut $round"
        uses
        check "the published name's nameserver is reached again" wait_until logins "$tmp/kept.err" $((round + 1))
        expect 0 "${in_one[@]}" pyrope remove kept
        check "and the name is registered again" wait_until is_known kept
        expect 0 "${in_one[@]}" pyrope register "new-$round" "PYRO:x@./u:$tmp/x"
        check "the stream of changes tells of new ones" wait_for_line "$tmp/watch.out" "new-$round" "${pid_of[watch]}"
        expect 0 "${in_one[@]}" pyrope remove "new-$round"
done
answers 'OK +\[h. [^]]*: up, logins=4 .*\] \[h. [^]]*: up, logins=4 .*\]' sessions
answers 'OK ' 'unforward 1'
answers 'OK ' 'release 1'
expect 0 "${in_one[@]}" pyrope call Jobs getNumberOfFreeJobs
check "all slots are free" said '^2$'
finish
