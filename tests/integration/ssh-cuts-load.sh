#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stack.sh"
. "$(dirname "$0")/../support/cuts.sh"
. "$(dirname "$0")/../support/networks.sh"
with_own_network "$@"
n_cuts=${1:-20}
seed=${2:-$RANDOM}
most_ms=${3:-2000} # that the way is closed
export PATIENCE=${PATIENCE:-20}
begin "$n_cuts cuts of all kinds under calls of several threads: every call ends in time, is told truly, runs once at most; all recover"
need_sshd 1

kinds=(rst fin silence outage frozen refused killed ended restarted stopped)
if [ -n "${OWN_NETWORK:-}" ] && [ -n "$(type -P ip)" ]; then
        CUT_ADDRESS=10.255.77.1
        ip addr add $CUT_ADDRESS/32 dev lo
        kinds+=(link address)
else
        echo "# without the kinds link and address: they take root, iproute2 and a network of one's own"
fi
cuts_up h1 '' "${CUT_ADDRESS:-127.0.0.1}"
mkdir "$tmp/far" "$tmp/near"
in_far=(env PYROPE_ZONE=far "PYROPE_RUNTIME_DIR=$tmp/far")
start ns "${in_far[@]}" nameserver --database "$tmp/ns.db"
jobman_conf jobs 'ssh = cut' <<END
[nameserver]
location = $tmp/far/nameserver.sock
[application Target]
command = $PYROPE_TEST_BIN_DIR/cut-target $tmp/log
maxJobs = 50
END
start jobs "${in_far[@]}" jobman --config "$tmp/jobs.conf"
start target "$PYROPE_TEST_BIN_DIR/cut-target" "$tmp/log" "$tmp/far/target.sock"
expect 0 "${in_far[@]}" pyrope --nameserver "$tmp/far/nameserver.sock" register --ssh cut Target "PYRO:target@./u:$tmp/far/target.sock"

export CUT_CONTROL=$cut_control CUT_ADDRESS FX_DIR
WAIT_S=$((60 + n_cuts * 45)) # each cut is given so long
expect 0 env PYROPE_ZONE=near "PYROPE_RUNTIME_DIR=$tmp/near" "PYROPE_SSH_CONFIG=$cut_config" \
        "PYROPE_NAMESERVER=ssh://cut/./u:$tmp/far/nameserver.sock" \
        "$PYROPE_TEST_BIN_DIR/cut-load" "$top/tests/support/cut-way" "$tmp/log" "$n_cuts" "$seed" "$most_ms" "${kinds[@]}"
cat "$tmp/out"
WAIT_S=20
# shellcheck disable=SC2317 # wait_until calls it
nothing_left() { [ "$("${in_far[@]}" pyrope --nameserver "$tmp/far/nameserver.sock" call jobs getNumberOfFreeJobs)" = 50 ]; }
check "no instance is left behind" wait_until nothing_left
finish
