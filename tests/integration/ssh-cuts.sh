#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stack.sh"
. "$(dirname "$0")/../support/cuts.sh"
export PATIENCE=${PATIENCE:-20}
begin "an SSH connection cut after any byte of an allocate-call-release: each call ends in time, is told truly, and leaves nothing"
need_sshd 1
step=${1:-113} silent_step=${2:-1700} # a cut every so many bytes; a silent one takes 4 s to be noticed
WAIT_S=$((60 + 5000 / step + 100000 / silent_step)) # for all of them
kinds='up-rst up-fin up-silence down-rst down-fin down-silence'

for kind in $kinds; do cuts_up h1 "$kind"; done
in_far=(env PYROPE_ZONE=far "PYROPE_RUNTIME_DIR=$tmp/far")
mkdir "$tmp/far"
start ns "${in_far[@]}" nameserver --database "$tmp/ns.db"
jobman_conf jobs 'ssh = cut' <<END
[nameserver]
location = $tmp/far/nameserver.sock
[application Target]
command = $PYROPE_TEST_BIN_DIR/cut-target $tmp/log
maxJobs = 100
END
start jobs "${in_far[@]}" jobman --config "$tmp/jobs.conf"
: >"$tmp/log"

id=0
for kind in $kinds; do
        first=0 every=$step
        [ "${kind#*-}" != silence ] || first=700 every=$silent_step
        PYROPE_ZONE=near PYROPE_RUNTIME_DIR=$tmp/near PYROPE_SSH_CONFIG=$tmp/cut$kind/ssh_config \
                PYROPE_NAMESERVER=ssh://cut/./u:$tmp/far/nameserver.sock \
                "$PYROPE_TEST_BIN_DIR/cut-calls" $id "$tmp/cut$kind/control" "$tmp/log" "${kind%-*}" "${kind#*-}" "$first" "$every" \
                >"$tmp/$kind.out" 2>&1 </dev/null {never_fd}<&- &
        pid_of[$kind]=$!
        id=$((id + 1))
done
for kind in $kinds; do
        status=0
        wait_until is_gone "$(pid "$kind")"
        stop "$kind" || status=$?
        cat "$tmp/$kind.out"
        check "$kind: all pass" test $status = 0
        check "$kind: and were cut" grep -qE '^# [1-9][0-9]{3,} bytes' "$tmp/$kind.out"
done
# shellcheck disable=SC2317 # wait_until calls it
nothing_left() { [ "$("${in_far[@]}" pyrope --nameserver "$tmp/far/nameserver.sock" call jobs getNumberOfFreeJobs)" = 100 ]; }
WAIT_S=20
check "no instance is left behind" wait_until nothing_left
finish
