#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/ssh-probe.sh"
begin "what sshd can refuse, each named by its option, and what does not matter to us"

export FIXTURE_EXTRA_1="AllowStreamLocalForwarding no"
export FIXTURE_EXTRA_2="AllowTcpForwarding no"
export FIXTURE_EXTRA_3="DisableForwarding yes"
export FIXTURE_EXTRA_4="PermitOpen 127.0.0.1:1"
export FIXTURE_EXTRA_5="MaxSessions 1"
export FIXTURE_EXTRA_7="ForceCommand echo forced"
# shellcheck disable=SC2016 # sshd's shell expands it
export FIXTURE_EXTRA_8='ForceCommand echo noise; echo more noise >&2; eval "$SSH_ORIGINAL_COMMAND"'
export FIXTURE_EXTRA_9="PermitTTY no"
export FIXTURE_EXTRA_10="AllowUsers somebody-else"
export FIXTURE_EXTRA_11="MaxSessions 0"
need_sshd 12
config=$FX_SSH_CONFIG
sed -i 's/^/restrict /' "$FX_DIR/h12/authorized_keys"
mkdir "$tmp/s"
for mode in echo stall; do
        start $mode "$server" "$tmp/s/$mode" $mode
done

socket() { # HOST
        echo "ssh://$1/./u:$tmp/s/echo"
}
no_socket() { # HOST OPTION
        expect 1 "$probe" "$config" open "$(socket "$1")"
        check "$2: no sockets" complained "^E_UNREACHABLE $1 .*sshd cannot connect to the socket $tmp/s/echo: .*$2"
}
no_port() { # HOST OPTION
        expect 1 "$probe" "$config" open "$1,$FX_H9,$FX_PORT"
        check "$2: no ports" complained "^E_DENIED $1 .*sshd does not permit port $FX_PORT .*$2"
}
runs() { # HOST
        expect 0 "$probe" "$config" exec "$1" 'echo hello'
        check "$1: commands run" said '^hello$'
}

echo "# forwarding"
no_socket h1 'AllowStreamLocalForwarding no'
expect 0 "$probe" "$config" open "h1,$FX_H9,$FX_PORT"
runs h1
no_socket h2 'AllowTcpForwarding no'
no_port h2 AllowTcpForwarding
runs h2
no_socket h3 'DisableForwarding yes'
no_port h3 'AllowTcpForwarding'
runs h3
no_socket h4 'a PermitOpen'
no_port h4 PermitOpen
runs h4
no_port h12 "'restrict' at the key"
runs h12

echo "# sessions"
expect 0 "$probe" "$config" many "$(socket h5)" 20
check "MaxSessions does not count forwarded connections" said '^sessions 1 channels 20$'
runs h5
expect 0 "$probe" "$config" open "$(socket h11)"
expect 1 "$probe" "$config" exec h11 'echo hello'
check "MaxSessions 0" complained "^E_DENIED h11 .*sshd does not run 'echo hello': see MaxSessions in its configuration$"

echo "# commands"
expect 0 "$probe" "$config" exec h7 'echo hello'
check "ForceCommand: its output" said '^forced$'
expect 0 "$probe" "$config" open "$(socket h7)"
expect 0 "$probe" "$config" exec h8 'echo hello; exit 3'
check "a shell that prints when it starts: its words come before" test "$(head -2 "$tmp/out" | paste -sd' ')" = "noise hello"
check "the status is the command's" said '^exit 3$'
expect 0 "$probe" "$config" text "$(socket h8)" hello
check "and sockets have none of it" said '^hello$'
runs h9
expect 0 "$probe" "$config" text "$(socket h9)" hello

# The place of the nameserver is asked for by a command; noise around it does not mislead.
mkdir "$tmp/far"
start ns env PYROPE_ZONE=far "PYROPE_RUNTIME_DIR=$tmp/far" nameserver --database "$tmp/ns.db"
for host in h8 h7; do
        expect 1 env "PYROPE_SSH_CONFIG=$config" pyrope --nameserver "ssh://$host" list
        check "$host: no nameserver is found there, in words" complained "^pyrope: .*$host"
done
expect 0 env "PYROPE_SSH_CONFIG=$config" pyrope --nameserver "ssh://h8/./u:$tmp/far/nameserver.sock" list
check "by its path it is" said '^Pyro\.NameServer'

echo "# logins"
expect 1 "$probe" "$config" exec h10 true
check "AllowUsers: sshd does not say so; we say who was refused, and how to see more" \
        complained "^E_AUTH h10 .*login refused; .*'ssh -v -F $config h10'$"

# Of two such lines the last one counts, so it cannot stand in front.
sed -i 's/^MaxStartups.*/MaxStartups 1:100:1/' "$FX_DIR/h6/sshd_config"
"$fixture" kill1 "$FX_DIR" 6
"$fixture" up1 "$FX_DIR" 6
crowd() { # somebody who does not log in has the only place
        exec 8<>"/dev/tcp/$FX_H6/$FX_PORT"
        IFS= read -r -t 5 <&8
}
crowd
expect 1 "$probe" "$config" exec h6 'echo hello'
check "MaxStartups" complained '^E_UNREACHABLE h6 .*no SSH connection: .*; it hung up 4 times before it said who it is: .*MaxStartups'
n_dropped=$(grep -c '^drop connection' "$FX_DIR/h6/log")
check "which was tried again" test "$n_dropped" -ge 4
"$probe" "$config" exec h6 'echo hello' >"$tmp/out" 2>"$tmp/err" {never_fd}<&- 8>&- &
pid_of[crowded]=$!
# shellcheck disable=SC2317 # wait_until calls it
one_more_dropped() { [ "$(grep -c '^drop connection' "$FX_DIR/h6/log")" -gt "$n_dropped" ]; }
check "one is turned away again" wait_until one_more_dropped
exec 8>&-
check "and let in when the place is free" wait_for_line "$tmp/out" '^hello$' "$(pid crowded)"
stop crowded
finish
