#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
n_actions=${1:-2000}
seed=${2:-$RANDOM}
n_clients=${3:-16}
how=${4:-} # "flood": nothing but that, without end
export PATIENCE=${PATIENCE:-20}
begin "an SSH host that lies, floods, stalls, opens what nobody asked for and ends at each step ($n_actions actions, seed $seed)"

start evil "$PYROPE_TEST_BIN_DIR/hostile-sshd" "$seed" "$tmp/counts" ${how:+"$how"}
read -r port key <<<"$(ready_uri evil)"
echo "evil $key" >"$tmp/known_hosts"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/key"
cat >"$tmp/config" <<END
Host evil
    HostName 127.0.0.1
    Port $port
    HostKeyAlias evil
    User nobody
    IdentityFile $tmp/key
    IdentitiesOnly yes
    UserKnownHostsFile $tmp/known_hosts
    GlobalKnownHostsFile /dev/null
END
WAIT_S=$((100 + n_actions / 25))
expect 0 "$PYROPE_TEST_BIN_DIR/hostile-probe" "$tmp/config" "$tmp/counts" "$n_actions" "$n_clients"
cat "$tmp/out"
check "streams were opened, and failed" grep -qE '^# [1-9][0-9]* streams and commands, [1-9]' "$tmp/out"
tr ' ' '\n' <"$tmp/evil.err" | grep -v ':' | sort | uniq -c | sort -rn >"$tmp/kinds"
read -r _ n_opened _ _ _ n_bad _ <"$tmp/out"
[ -n "$how" ] || check "not all of them" test "$n_opened" -gt "$n_bad"
[ -n "$how" ] || check "of nearly every kind" test "$(wc -l <"$tmp/kinds")" -ge 25
finish
