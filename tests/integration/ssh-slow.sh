#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/networks.sh"
with_own_network "$@"
begin "short calls beside bulk on a slow link: few milliseconds beside an upload and beside a download"
need_own_network
[ -n "$(type -P tc)" ] || skip "tc is not installed; scripts/packages --install installs it"

link=(tbf rate 20mbit burst 16kb latency 50ms)
link_kb=2500 # per second
message=1048576
piece=65536
n_calls=20
n_shorter=12 # than a message takes on this link: without ssh-pace it is 9, without credits 1.4
share=80     # percent of the link; it is 94, on a machine that has nothing else to do

network far
cable here 10.77.1.1 far 10.77.1.2
{ tc qdisc add dev a1 root "${link[@]}" && ${within[far]} tc qdisc add dev b1 root "${link[@]}"; } 2>"$tmp/tc" ||
        skip "no slow link here: $(head -1 "$tmp/tc")"
export FIXTURE_ADDRESS_1=10.77.1.2 FIXTURE_WITHIN_1=${within[far]}
need_sshd 1
export PYROPE_SSH_CONFIG=$FX_SSH_CONFIG
start pyrope "$PYROPE_TEST_BIN_DIR/bench-pyrope-server" "u:$tmp/pyrope"
uri=$(ready_uri pyrope)
uri=${uri/@.\/u:/@ssh:\/\/h1\/.\/u:}

beside() { # DIRECTION BYTES of one message
        local call_us rate_kb
        expect 0 "$PYROPE_TEST_BIN_DIR/bench-pyrope" "beside-$1" "$uri" "$2" $n_calls
        read -r call_us rate_kb < <(awk '{ printf "%d %d\n", $1 * 1000, $3 * 1000 }' "$tmp/out")
        echo "# $1 $2: a short call takes $call_us us, and $rate_kb kB are moved in a second"
        check "a short call takes less than a part in $n_shorter of what $message bytes take" \
                test $((call_us * n_shorter)) -lt $((message * 1000 / link_kb))
        check "and the bulk has $share % of the link" test $((rate_kb * 100)) -ge $((link_kb * share))
}

echo "# beside an upload"
beside put $message
echo "# beside a download"
beside get $message
echo "# beside a download in pieces"
beside get $piece
finish
