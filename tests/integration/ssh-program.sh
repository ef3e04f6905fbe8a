#!/bin/bash
# SPDX-License-Identifier: MIT

# check calls our functions by name.
# shellcheck source-path=SCRIPTDIR disable=SC2317
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/ssh-probe.sh"
. "$(dirname "$0")/../support/ssh-core.sh"
begin "the program ssh instead of libssh: bytes, commands, host keys, logins, refusals, lost and silent hosts, its end"
core_up
export PROBE_BACKEND=program
known=$(cut -d' ' -f2- "$FX_DIR/known_hosts" | head -1)
other=$(cut -d' ' -f2- "$FX_DIR/known_hosts" | tail -1)
name="[$FX_H1]:$FX_PORT"

# Others on this machine may have masters, too: ours were told of $tmp.
masters() { # pids of those that live
        grep -lsF -- "$tmp" /proc/[0-9]*/environ | while IFS=/ read -r _ _ pid _; do
                ! grep -qsz '^/tmp/pyrope-ssh-.*/config$' "/proc/$pid/cmdline" || echo "$pid"
        done
}
directories() {
        grep -lsF -- "$tmp" /tmp/pyrope-ssh-*/config | xargs -r dirname
}
no_master() { [ -z "$(masters)" ]; }
none_left() { no_master && [ -z "$(directories)" ]; }

core_bytes 8388608
core_commands
# shellcheck disable=SC2016 # for the shell over there
expect 0 "$probe" "$config" exec h1 'kill -TERM $$'
check "ssh tells of a signal by 255" said '^exit 255$'

echo "# what it shows"
expect 0 "$probe" "$config" show "$at/echo" hello
check "its state, and what went through" said '^up logins 1 channels 1 sent 5 received [05] server \?$'

echo "# host keys"
before=$(logins)
refused() { # NAME LINES REGEX SENTENCE
        with "$1" "$2"
        expect 1 "$probe" "$tmp/$1" open "$at/echo"
        check "$4" complained "^E_HOST_KEY h1 \(.*\): ssh: .*$3"
}
: >"$tmp/kh.none"
echo "$name $other" >"$tmp/kh.changed"
printf '%s\n' "$name $known" "@revoked * $known" >"$tmp/kh.revoked"
refused unknown "UserKnownHostsFile $tmp/kh.none" "No ED25519 host key is known for .*; run 'ssh -F $tmp/unknown h1' once and compare the fingerprint$" \
        "an unknown key, and what to do"
for lax in "StrictHostKeyChecking no" "StrictHostKeyChecking accept-new" "NoHostAuthenticationForLocalhost yes
VerifyHostKeyDNS yes"; do
        refused lax "$lax
UserKnownHostsFile $tmp/kh.none" "is known for" "$lax: weakens nothing"
done
check "nor is the key noted" test ! -s "$tmp/kh.none"
refused changed "StrictHostKeyChecking no
UserKnownHostsFile $tmp/kh.changed" "has changed .*; somebody may be between you and the host; .* remove it from $tmp/kh.changed$" "a changed key"
refused revoked "UserKnownHostsFile $tmp/kh.revoked" "is marked as revoked$" "a revoked key that is also listed plainly"
check "none of these got as far as a login" test "$(logins)" = "$before"

echo "# the choice"
choice() { # BACKEND STATUS LINES: a stream to h1 with these lines in the configuration
        with choice "$3"
        expect "$2" env PROBE_BACKEND="$1" "$probe" "$tmp/choice" open "$at/echo"
}
ssh-keygen -q -k -f "$tmp/krl"
choice libssh 1 "RevokedHostKeys $tmp/krl"
check "what libssh cannot do it refuses by name, and names who can" \
        complained '^E_CONFIG h1: .*sets revokedhostkeys to .*, which libssh does not support; .*--ssh-backend program\)$'
choice auto 0 "RevokedHostKeys $tmp/krl"
ssh-keygen -q -k -f "$tmp/krl" "$FX_DIR/h1/hostkey.pub"
choice auto 1 "RevokedHostKeys $tmp/krl"
check "the program does, and means it" complained '^E_HOST_KEY h1 \(.*\): ssh: .*revoked'
choice auto 1 "UserKnownHostsFile $tmp/kh.none"
check "libssh, where nothing is beyond it" complained '^E_HOST_KEY h1 .* is not in '
choice auto 1 "PreferredAuthentications hostbased"
check "a login by none of the methods of libssh" complained '^E_AUTH h1 \(.*\): ssh: .*Permission denied \(publickey\);'
cat >"$tmp/fdpass" <<END
import os, socket, sys
host = socket.create_connection(("$FX_H1", $FX_PORT))
socket.send_fds(socket.socket(fileno=os.dup(1)), [b"x"], [host.fileno()])
END
if command -v python3 >/dev/null; then
        choice auto 0 "ProxyUseFdpass yes
ProxyCommand python3 $tmp/fdpass"
fi
echo "sk-ssh-ed25519@openssh.com AAAA" >"$tmp/token.pub"
: >"$tmp/token"
{ echo "IdentityFile $tmp/token"; grep -v IdentityFile "$config"; } >"$tmp/token.conf"
expect 1 env PROBE_BACKEND=auto "$probe" "$tmp/token.conf" open "$at/echo"
check "a key in a security token, and no other" complained '^E_AUTH h1 \(.*\): ssh: '

expect 2 pyrope --ssh-backend none list
check "there are no others" complained "^pyrope: SSH backend 'none' is not auto, libssh or program$"
expect 2 env PYROPE_SSH_BACKEND=openssh pyrope list

echo "# logins"
with nobody "User no-such-user"
expect 1 "$probe" "$tmp/nobody" open "$at/echo"
check "a refused login tells who, what the host allows, and what tells more" \
        complained "^E_AUTH h1 \(no-such-user@$FX_H1 port $FX_PORT\): ssh: .*Permission denied \(publickey\); 'ssh -v -F $tmp/nobody h1' tells more$"
ssh-keygen -q -t ed25519 -N secret -f "$tmp/sealed"
cat "$tmp/sealed.pub" >>"$FX_DIR/h1/authorized_keys"
sed "/BatchMode/d; s|IdentityFile .*|IdentityFile $tmp/sealed|" "$config" >"$tmp/sealed.conf"
expect 1 "$probe" "$tmp/sealed.conf" exec h1 'echo there'
check "without a terminal nobody is asked" complained '^E_AUTH h1 '
if command -v python3 >/dev/null; then
        expect 0 "$top/tests/support/at-terminal" "$tmp/seen" "passphrase for key '$tmp/sealed': \$" 'secret\n' -- \
                "$probe" "$tmp/sealed.conf" exec h1 'echo there'
        check "at a terminal ssh asks itself" said '^there$'
fi
with broken "NoSuchKeyword yes"
expect 1 "$probe" "$tmp/broken" open "$at/echo"
check "a configuration that ssh refuses" complained '^E_CONFIG h1: ssh refuses its configuration: .*nosuchkeyword'
with forwards "LocalForward $tmp/s/unwanted $tmp/s/echo
RemoteForward $tmp/s/unwanted-there $tmp/s/echo
RemoteCommand false
PermitLocalCommand yes
LocalCommand touch $tmp/touched
ForwardAgent yes
ControlMaster auto
ControlPath $tmp/s/unwanted-control
ControlPersist yes"
expect 0 "$probe" "$tmp/forwards" text "$at/echo" hello
check "nothing is forwarded and no command run that only the configuration wants" test -z "$(ls -d "$tmp"/s/unwanted* "$tmp/touched" 2>/dev/null)"
check "no agent is forwarded, no port of the host is listened on" \
        test "$(grep -cE 'agent-req|tcpip-forward|streamlocal-forward' "$FX_DIR/h1/log")" = 0

core_refusals 'ssh: ' "h1 \(.*\): ssh: connect to host $FX_H1 port 1" 'h1 \(.*\): ssh: Could not resolve hostname no-such-host.invalid'
expect 1 "$probe" "$config" open "ssh://h4/./u:$tmp/s/echo"
check "weak ciphers" complained '^E_UNREACHABLE h4 \(.*\): ssh: Unable to negotiate .*aes128-cbc'
expect 1 "$probe" "$config" open "$at/\${HOME}"
check "a path that ssh would change" complained '^E_INVALID h1 '

echo "# ways"
expect 0 "$probe" "$config" exec h1,h2 'echo there'
check "through a host that stands in front of it" said '^there$'
with strict-jump "Host far
HostName $FX_H2
ProxyJump $FX_H1
Host $FX_H1
UserKnownHostsFile $tmp/kh.none
StrictHostKeyChecking no"
expect 1 "$probe" "$tmp/strict-jump" exec far true
check "a jump host with an unknown key" complained '^E_HOST_KEY far .*is known for'
with behind "Host front
HostName $FX_H1
ProxyUseFdpass no
RevokedHostKeys $tmp/none-revoked
Host back
HostName $FX_H2
ProxyJump front"
: >"$tmp/none-revoked"
expect 0 env PROBE_BACKEND=auto "$probe" "$tmp/behind" exec back 'echo there'
check "libssh goes through a host where the program logged in" said '^there$'

echo "# the user's own master"
with own "ControlPath $tmp/control"
expect 0 ssh -F "$tmp/own" -M -fN h1
own=$(pgrep -f "ssh -F $tmp/own -M")
before=$(logins)
expect 0 "$probe" "$tmp/own" text "$at/echo" hello
check "it takes us along" said '^hello$'
expect 0 "$probe" "$tmp/own" exec h1 'echo there; exit 3'
check "and our commands" said '^exit 3$'
expect 0 "$probe" "$tmp/own" many "$at/echo" 50
check "and many streams at once" said '^50 of 50 equal$'
check "without a login" test "$(logins)" = "$before"
check "it listens no more for who has gone" test "$(ss -Hlxp | grep -c "/tmp/pyrope-ssh-.*pid=$own,")" = 0
hold along "$tmp/own" "$at/stall"
expect 0 ssh -F "$tmp/own" -O exit h1
check "when it ends, our streams hang up" wait_for_line "$tmp/along.out" 'hung up' "$(pid along)"
echo >&7
check "and the next one comes by a login of ours" wait_for_line "$tmp/along.out" 'READY again' "$(pid along)"
stop along

core_liberties "$known"
core_failures "logging in"
core_ends
core_forwards

echo "# its end"
check "of all these nothing is left" wait_until none_left
hold killed "$config" "$at/stall"
check "it is there, alone" test "$(masters | wc -l)" = 1
directory=$(directories)
check "its directory is ours alone" test "$(stat -c %a "$directory")" = 700
check "so are its sockets" test "$(find "$directory" -type s -printf '%m\n' | sort -u)" = 600
kill -KILL "$(masters)"
check "when it is killed, its streams hang up" wait_for_line "$tmp/killed.out" 'hung up' "$(pid killed)"
echo >&7
check "and the next one makes another" wait_for_line "$tmp/killed.out" 'READY again' "$(pid killed)"
stop killed KILL
check "when we are killed, it ends, too" wait_until no_master
expect 0 "$probe" "$config" text "$at/echo" hello
check "and the next of us removes what it left" none_left
finish
