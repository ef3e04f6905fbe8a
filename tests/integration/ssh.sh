#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/ssh-probe.sh"
. "$(dirname "$0")/../support/ssh-core.sh"
begin "SSH sessions and their channels: bytes, host keys, logins, refusals, lost and silent hosts, forwards"

core_up
core_bytes 33554432

core_commands
# shellcheck disable=SC2016 # for the shell over there
expect 0 "$probe" "$config" exec h1 'kill -TERM $$'
check "killed by a signal" said '^exit 143$'

echo "# host keys"
before=$(logins)
refused() { # NAME LINES REGEX SENTENCE
        with "$1" "$2"
        expect 1 "$probe" "$tmp/$1" open "$at/echo"
        check "$4" complained "^E_HOST_KEY h1 .*$3"
}
known=$(cut -d' ' -f2- "$FX_DIR/known_hosts" | head -1)
other=$(cut -d' ' -f2- "$FX_DIR/known_hosts" | tail -1)
name="[$FX_H1]:$FX_PORT"
quoted="\\[$FX_H1\\]:$FX_PORT"
print=$(ssh-keygen -l -f "$FX_DIR/h1/hostkey.pub" | cut -d' ' -f2 | sed 's/+/\\+/g')
ssh-keygen -q -t ecdsa -N '' -f "$tmp/ecdsa"
: >"$tmp/kh.none"
echo "$name $other" >"$tmp/kh.changed"
echo "$name $(cut -d' ' -f1,2 "$tmp/ecdsa.pub")" >"$tmp/kh.type"
printf '%s\n' "$name $known" "@revoked * $known" >"$tmp/kh.revoked"
printf '%s\n' "$name $known" "@revoked $name $other" "@cert-authority * $other" >"$tmp/kh.marked"
refused unknown "UserKnownHostsFile $tmp/kh.none" "is not in $tmp/kh.none: it is ssh-ed25519 $print; run 'ssh -F $tmp/unknown h1' once and compare" \
        "an unknown key: its fingerprint, and what to do"
refused missing "UserKnownHostsFile $tmp/nothing" "is not in $tmp/nothing" "no known_hosts file at all"
refused lax "StrictHostKeyChecking no
UserKnownHostsFile $tmp/kh.none" "is not in" "StrictHostKeyChecking no weakens nothing"
refused changed "UserKnownHostsFile $tmp/kh.changed" "HAS CHANGED.*ssh-keygen -R '$quoted' -f $tmp/kh.changed$" "a changed key"
refused lax-changed "StrictHostKeyChecking no
UserKnownHostsFile $tmp/kh.changed" "HAS CHANGED" "a changed key with StrictHostKeyChecking no"
refused type "UserKnownHostsFile $tmp/kh.type" "is of a type that is not known" "a key of another type"
refused revoked "UserKnownHostsFile $tmp/kh.revoked" "revoked in $tmp/kh.revoked" "a revoked key that is also listed plainly"
refused global "UserKnownHostsFile $FX_DIR/known_hosts
GlobalKnownHostsFile $tmp/kh.revoked" "revoked in $tmp/kh.revoked" "a key that the system's file revokes"
mkdir "$tmp/only-ssh"
ln -s "$(command -v ssh)" "$tmp/only-ssh/ssh"
with marked "UserKnownHostsFile $tmp/kh.marked"
expect 1 env PATH="$tmp/only-ssh" "$probe" "$tmp/marked" open "$at/echo"
check "marked lines without ssh-keygen" complained '^E_HOST_KEY h1 .*install openssh-client$'
check "none of these got as far as a login" test "$(logins)" = "$before"
expect 0 "$probe" "$tmp/marked" open "$at/echo"
with hashed "UserKnownHostsFile $FX_DIR/known_hosts.hashed"
expect 0 "$probe" "$tmp/hashed" open "$at/echo"
with second "UserKnownHostsFile $tmp/kh.none $FX_DIR/known_hosts"
expect 0 "$probe" "$tmp/second" open "$at/echo"
echo "cluster-a $known" >"$tmp/kh.alias"
with alias "Host h1
HostKeyAlias cluster-a
UserKnownHostsFile $tmp/kh.alias"
expect 0 "$probe" "$tmp/alias" open "$at/echo"
sed -i s/cluster-a/cluster_a/ "$tmp/alias" "$tmp/kh.alias"
expect 1 "$probe" "$tmp/alias" open "$at/echo"
check "an alias that libssh does not take" complained '^E_CONFIG h1 .*HostKeyAlias of letters'

echo "# settings"
with list "RevokedHostKeys $tmp/list"
expect 1 "$probe" "$tmp/list" open "$at/echo"
check "a check that is not made is refused by name" complained '^E_CONFIG h1: .*revokedhostkeys'
with broken "NoSuchKeyword yes"
expect 1 "$probe" "$tmp/broken" open "$at/echo"
check "a configuration that ssh refuses" complained '^E_CONFIG h1: ssh refuses its configuration: .*nosuchkeyword'
expect 1 "$probe" "$config" open "h1;id,x,1"
check "a host that is no host" complained '^E_INVALID '
without_ssh() { # ARGUMENTS: the probe, where there is no ssh program
        expect "$1" env PATH=/nonexistent "$probe" "${@:2}"
}
without_ssh 1 "$config" open "$at/echo"
check "without ssh, a setting that libssh passes over is refused by name" \
        complained "^E_CONFIG h1: IdentitiesOnly in $config means nothing without the program ssh; install openssh-client$"
grep -vE 'IdentitiesOnly|ConnectTimeout' "$config" >"$tmp/simple"
without_ssh 0 "$tmp/simple" open "$at/echo"
{ echo "StrictHostKeyChecking no"; sed "s|$FX_DIR/known_hosts|$tmp/kh.changed|" "$tmp/simple"; } >"$tmp/simple-changed"
without_ssh 1 "$tmp/simple-changed" open "$at/echo"
check "nor does it weaken host keys" complained '^E_HOST_KEY h1 .*HAS CHANGED'
{ printf 'Host h1\nUser no-such-user\n'; cat "$tmp/simple"; } >"$tmp/simple-user"
without_ssh 1 "$tmp/simple-user" open "$at/echo"
check "nor loses a name" complained '^E_AUTH h1 \(no-such-user@'
without_ssh 1 "$tmp/nothing" open "$at/echo"
check "nor passes over a file that is not there" complained "^E_CONFIG h1: $tmp/nothing: No such file"

echo "# logins"
with nobody "User no-such-user"
expect 1 "$probe" "$tmp/nobody" open "$at/echo"
check "a refused login tells who, what was tried and what helps" \
        complained "^E_AUTH h1 \(no-such-user@$FX_H1 port $FX_PORT\): login refused; the host allows publickey; keys tried: $FX_DIR/id_ed25519; .*'ssh -v -F $tmp/nobody h1'$"
expect 1 "$probe" "$config" open "ssh://h3/./u:$tmp/s/echo"
check "a host that takes no keys" complained '^E_AUTH h3 .*the host allows password'
own_key() { # NAME: a configuration with the key $tmp/NAME.key, which h1 lets in, and no other
        with "$1" "IdentityFile $tmp/$1.key"
        sed -i "/$(basename "$FX_KEY")/d" "$tmp/$1"
        cat "$tmp/$1.key.pub" >>"$FX_DIR/h1/authorized_keys"
}
ssh-keygen -q -t ed25519 -N '' -f "$tmp/open.key"
own_key open
expect 0 "$probe" "$tmp/open" open "$at/echo"
for mode in 0640 0604 0620 0677; do
        chmod $mode "$tmp/open.key"
        expect 1 "$probe" "$tmp/open" open "$at/echo"
        check "a key file of mode $mode" complained "^E_AUTH .*keys tried: none; .*open.key \(mode $mode"
done
chmod 600 "$tmp/open.key"
if [ "$(id -u)" = 0 ]; then
        chown 65534 "$tmp/open.key"
        expect 1 "$probe" "$tmp/open" open "$at/echo"
        check "a key file of another user" complained '^E_AUTH .*open.key \(belongs to user 65534\)'
fi
ssh-keygen -q -t ed25519 -N secret -f "$tmp/sealed.key"
own_key sealed
expect 1 "$probe" "$tmp/sealed" open "$at/echo"
check "an encrypted key" complained '^E_AUTH .*sealed.key \(encrypted; give it to the agent by ssh-add\)'
mkfifo "$tmp/fifo.key"
cp "$tmp/open.key.pub" "$tmp/fifo.key.pub"
own_key fifo
expect 1 "$probe" "$tmp/fifo" open "$at/echo"
check "a key file that is none" complained '^E_AUTH .*fifo.key \(not a key file\)'

echo "# agents"
agent() { # SOCKET: an agent with no keys; its pid is $agent_pid
        eval "$(ssh-agent -a "$1")" >/dev/null
        agent_pid=$SSH_AGENT_PID
        unset SSH_AUTH_SOCK SSH_AGENT_PID
}
keep() { # KEY: the agent $tmp/agent gets it, and has no others then
        SSH_AUTH_SOCK=$tmp/agent ssh-add -qD 2>/dev/null
        SSH_AUTH_SOCK=$tmp/agent ssh-add -q "$@"
}
agent "$tmp/agent"
for i in 1 2 3 4 5 6 7 8; do ssh-keygen -q -t ed25519 -N '' -C "other $i" -f "$tmp/other$i"; done
sed -i '/IdentitiesOnly/d' "$tmp/sealed" # the fixture has it
with sealed-only "IdentityAgent $tmp/agent
IdentitiesOnly yes"
sed -i "s|$FX_KEY|$tmp/sealed.key|" "$tmp/sealed-only"
cp "$tmp/sealed.key" "$tmp/plain.key"
ssh-keygen -q -p -P secret -N '' -f "$tmp/plain.key"
keep "$tmp/plain.key"
expect 0 env SSH_AUTH_SOCK="$tmp/agent" "$probe" "$tmp/sealed" open "$at/echo"
expect 0 "$probe" "$tmp/sealed-only" open "$at/echo"
keep "$tmp"/other[1-8]
SSH_AUTH_SOCK=$tmp/agent ssh-add -q "$tmp/plain.key"
expect 0 env SSH_AUTH_SOCK="$tmp/agent" "$probe" "$tmp/sealed" open "$at/echo"
check "of an agent with many keys the one that is named is tried first" test "$(tail -20 "$FX_DIR/h1/log" | grep -c 'Too many authentication failures')" = 0
keep "$tmp"/other[1-8]
expect 1 env SSH_AUTH_SOCK="$tmp/agent" "$probe" "$tmp/sealed" open "$at/echo"
check "too many keys: what to do about it" complained '^E_AUTH h1 .*too many keys, [0-9]+ of the agent; name the right one'
keep "$tmp/open.key"
expect 1 "$probe" "$tmp/sealed-only" open "$at/echo"
check "IdentitiesOnly: no other key of the agent is offered" complained '^E_AUTH .*keys tried: 0 of the agent; .*encrypted'
with gone "IdentityAgent $tmp/nothing"
expect 0 "$probe" "$tmp/gone" open "$at/echo"
kill -STOP "$agent_pid"
with stopped "IdentityAgent $tmp/agent"
expect 0 "$probe" "$tmp/stopped" late "$at/echo" 300
check "an agent that does not answer: where it got stuck" grep -q "^E_TIMEOUT h1 .*logging in with the agent at $tmp/agent: timed out$" "$tmp/err"
check "and the pool ends without it" said '^pool ended$'
kill -CONT "$agent_pid"
kill "$agent_pid"

core_refusals '' "h1: connecting to $FX_H1 port 1: $FX_H1" 'h1: there is no host name no-such-host.invalid: '
expect 1 "$probe" "$config" open "ssh://h4/./u:$tmp/s/echo"
check "weak ciphers" complained '^E_UNREACHABLE h4 .*no SSH connection: .*aes128-cbc'
expect 1 "$probe" "$config" open "ssh://h2/./u:$tmp/s/echo"
check "sockets are not forwarded" complained '^E_UNREACHABLE h2 .*AllowStreamLocalForwarding no$'

core_liberties "$known"
core_failures "exchanging keys"
core_ends
core_forwards
finish
