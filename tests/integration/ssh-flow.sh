#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "bytes of many streams in one SSH session: 500 at once, new keys under load, ends that do not read, several hops"

# h2 wants new keys all the time.
export FIXTURE_EXTRA_2="RekeyLimit 1M
LogLevel DEBUG"
need_sshd 2
probe=$PYROPE_TEST_BIN_DIR/flow-probe
server=$PYROPE_TEST_BIN_DIR/stream-server
n_source=50331648
held_max=$((6 * 1024 * 1024))  # windows and sockets on the way, for each session that it goes through
window=500000 # libssh has more than that, always
grown_max_kib=$((12 * 1024))  # the same, in memory
sshd_max_kib=$((24 * 1024))   # of an sshd, which has 10 MiB when it is idle
mkdir "$tmp/s"
for mode in echo stall; do
        start $mode "$server" "$tmp/s/$mode" $mode
done
start source "$server" "$tmp/s/source" source $n_source

echo "# many at once"
expect 0 "$probe" "$FX_SSH_CONFIG" "ssh://h1/./u:$tmp/s/echo" crowd both 500 20000
check "500 streams of both kinds share a session, and none is stuck" said '^500 of 500 equal, sessions 1$'
expect 0 "$probe" "$FX_SSH_CONFIG" "ssh://h1/./u:$tmp/s/echo" crowd direct 2 2000000
check "two callers who move the bytes themselves" said '^2 of 2 equal, sessions 1$'
expect 0 "$probe" "$FX_SSH_CONFIG" "ssh://h1,h2/./u:$tmp/s/echo" crowd both 50 100000
check "50 streams through a session in a session" said '^50 of 50 equal, sessions 2$'

echo "# short streams"
for lanes in "direct 1 300" "both 6 100"; do
        # shellcheck disable=SC2086 # words
        expect 0 "$probe" "$FX_SSH_CONFIG" "ssh://h1/./u:$tmp/s/echo" churn $lanes
        check "$lanes: streams that follow each other are all served, and closed" said '^all closed$'
        check "in one session" said 'equal, sessions 1$'
done
expect 0 "$probe" "$FX_SSH_CONFIG" "ssh://h1/./u:$tmp/s/echo" beside
check "a stream is closed while somebody waits for another one's bytes" said '^closed, all$'
expect 0 "$probe" "$FX_SSH_CONFIG" "ssh://h1/./u:$tmp/s/echo" one-way
check "a message without an answer leaves by itself" said '^gone$'

echo "# new keys"
for how in direct fd; do
        expect 0 "$probe" "$FX_SSH_CONFIG" "ssh://h2/./u:$tmp/s/echo" crowd $how 8 3000000
        check "$how: 24 MB each way while keys are exchanged anew" said '^8 of 8 equal, sessions 1$'
done
check "which happened again and again" test "$(grep -c 'set_newkeys: rekeying' "$FX_DIR/h2/log")" -gt 20

echo "# ends that do not read"
kib_of_sshds() { # the largest process of h1 and h2
        local pids
        for pids in "$FX_DIR"/h[12]/pid; do
                pids=$(cut -d" " -f1 "$pids")
                while [ -n "$pids" ]; do
                        ps -o rss= -p "$pids"
                        pids=$(ps -o pid= --ppid "$pids" | tr -s ' \n' ',' | sed 's/^,//; s/,$//')
                done
        done | sort -n | tail -1
}
number() { # WORD: what stands behind it in what the probe said
        sed -nE "s/.*($1) ([0-9]+) .*/\\2/p" "$tmp/stuck.out"
}
stuck() { # SESSIONS PLACE COMMAND...: gets stuck, as it should; what is held then is little everywhere; goes on
        local n=$1 place=$2 status=0
        shift 2
        rm -f "$tmp/stuck.in"
        mkfifo "$tmp/stuck.in"
        : >"$tmp/stuck.out"
        exec 7<>"$tmp/stuck.in"
        "$probe" "$FX_SSH_CONFIG" "$place" "$@" <"$tmp/stuck.in" 7<&- >"$tmp/stuck.out" 2>"$tmp/stuck.err" {never_fd}<&- &
        check "$*, through $n: it stops" wait_for_line "$tmp/stuck.out" 'grown by' "$!"
        check "no more than $((n * held_max)) bytes are on the way" test "$(number "held|taken")" -le $((n * held_max))
        check "and no less than a window" test "$(number "held|taken")" -ge $window
        check "the client has grown by less than $((n * grown_max_kib)) KiB" test "$(number by)" -lt $((n * grown_max_kib))
        check "no sshd has more than $sshd_max_kib KiB" test "$(kib_of_sshds)" -lt "$sshd_max_kib"
        echo >&7
        wait "$!" || status=$?
        check "and then it goes on to its end" test "$status" = 0
        exec 7>&-
}
for how in direct fd; do
        stuck 1 "ssh://h1/./u:$tmp/s/source" deaf $how $n_source
        stuck 1 "ssh://h1/./u:$tmp/s/stall" flood $how
done
stuck 2 "ssh://h1,h2/./u:$tmp/s/source" deaf direct $n_source
stuck 2 "ssh://h1,h2/./u:$tmp/s/stall" flood fd

echo "# an end behind bytes that nobody read"
start small "$server" "$tmp/s/small" source 300000
{
        echo "ServerAliveInterval 600"
        cat "$FX_SSH_CONFIG"
} >"$tmp/quiet"
expect 0 "$probe" "$tmp/quiet" "ssh://h1/./u:$tmp/s/small" late-end
check "a stream ends where its bytes end, though nothing more comes from the host" said '^end$'
finish
