#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
# shellcheck disable=SC2317 # `check` runs functions
. "$(dirname "$0")/../support/lib.sh"
begin "scripts/demo ${1:-} does the main job, through SSH only, and leaves nothing behind"
all_gone() { # PID...
        local pid
        for pid in "$@"; do wait_until is_gone "$pid" || return 1; done
}
[ -x /usr/sbin/sshd ] || skip "openssh-server is not installed; scripts/packages --install installs it"
[ "$PYROPE_BIN_DIR" = "$top/build/dev/bin" ] || skip "the demo runs the programs of the preset dev"

if [ "${1:-}" = --netns ]; then
        # As a stranger, who may not be let into this tree: it is refused before anything else is looked at.
        mkdir -p "$tmp/open/scripts"
        cp "$top/scripts/demo" "$tmp/open/scripts"
        chmod -R a+rX "$tmp/open"
        chmod a+X "$tmp"
        stranger=()
        [ "$(id -u)" != 0 ] || stranger=(setpriv --reuid 65534 --regid 65534 --clear-groups)
        expect 1 "${stranger[@]}" "$tmp/open/scripts/demo" --netns
        check "who is not root hears that, and no more" complained '^demo: --netns makes networks, which only root can$'
        need_root "make networks"
        unshare --net true 2>/dev/null || skip "no network of one's own here: $(unshare --net true 2>&1)"
fi

WAIT_S=100 expect 0 "$top/scripts/demo" "$@" --results "$tmp/results"
ours=$(sed -n 's/^T4 ours \([0-9.]*\) published 18.25$/\1/p' "$tmp/out")
check "the temperature is within 1 % of the published one" \
        awk -v ours="$ours" 'BEGIN { exit !(ours > 18.25 * 0.99 && ours < 18.25 * 1.01) }'
check "no TCP port was opened" said '^tcp listeners of ours: 0$'
check "and there was something to look at" said 'looked [1-9][0-9]* times for TCP listeners, of up to [3-9] processes'
check "nothing is left behind" said '^left behind: 0 processes, 0 sockets, 0 directories$'
check "every connection went through SSH" said '^[0-9]+ calls over [3-9] channels of 3 SSH sessions and 0 local connections$'
if [ "${1:-}" = --netns ]; then
        check "of the SSH servers only the gateway is reached directly" said ' of their 3 sshds this computer reaches 1 by itself$'
fi
check "each step has its time" test "$(grep -cE '^\[ *[0-9]+\.[0-9]{2} s\] |^ +[0-9]+\.[0-9]{3} s ' "$tmp/out")" -ge 12
check "the results are there" test -s "$tmp/results/thermal.vtk" -a -s "$tmp/results/mechanical.vtk"

if [ "${1:-}" = --netns ]; then
        "$top/scripts/demo" --netns --results "$tmp/results" >"$tmp/interrupted.out" 2>&1 {never_fd}<&- &
        demo=$!
        wait_for_line "$tmp/interrupted.out" 'job manager A' "$demo" >/dev/null
        mapfile -t keepers < <(ps -o pid=,args= --ppid "$demo" | awk '/sleep infinity/ { print $1 }')
        check "three networks are kept while it runs" test "${#keepers[@]}" = 3
        kill -TERM "$demo"
        wait "$demo"
        check "it ends when it is interrupted" test $? = 1
        check "and its networks with it" all_gone "${keepers[@]}"
fi

# What the demo counts, it would find: a process, a socket and a port in the directory of a run.
echo "run=$tmp/scene" >"$tmp/functions"
sed -n '/^ours() {/,/^}/p; /^listeners() {/,/^}/p; /^everywhere() {/,/^}/p; /^left_behind() {/,/^}/p' "$top/scripts/demo" >>"$tmp/functions"
mkdir -p "$tmp/scene/a/jobs/Solver-1" "$tmp/scene/b/jobs"
cat >"$tmp/planted.py" <<'END'
import socket, sys
unix, tcp = socket.socket(socket.AF_UNIX), socket.socket()
unix.bind(sys.argv[1] + "/planted.sock"), unix.listen()
tcp.bind(("127.0.0.1", 0)), tcp.listen()
print("READY", flush=True)
sys.stdin.read()
END
mkfifo "$tmp/hold"
python3 "$tmp/planted.py" "$tmp/scene" <"$tmp/hold" >"$tmp/planted.out" &
planted=$!
exec {hold}>"$tmp/hold"
wait_for_line "$tmp/planted.out" '^READY' "$planted" >/dev/null
# shellcheck disable=SC2016 # expanded by the inner shell
expect 1 bash -c '. "$1"; listeners; left_behind' demo "$tmp/functions"
check "a port would be seen" said "127.0.0.1:[0-9]+.*pid=$planted,"
check "and what is left would be counted" said '^left behind: 1 processes, 1 sockets, 1 directories$'
exec {hold}>&-
wait "$planted"
finish
