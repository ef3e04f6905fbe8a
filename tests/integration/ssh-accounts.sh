#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/ssh-probe.sh"
with_own_mounts "$@"
begin "accounts without a shell, expired, locked, or with a password that is too old: what goes on through SSH, and what is said"
need_own_mounts
command -v useradd usermod chage >/dev/null || skip "there is no useradd, usermod or chage"

# A copy of /etc for this script and what it starts; the machine's own stays as it is.
before=$(md5sum /etc/passwd /etc/shadow)
own_etc=$tmp/etc
cp -a /etc/. "$own_etc"
mount --bind "$own_etc" /etc
for state in plain nologin false expired locked shellless aged; do
        useradd -M -N -d /nonexistent -s /bin/sh -p '*' "acc-$state" || finish
done
usermod -s /usr/sbin/nologin acc-nologin
usermod -s /bin/false acc-false
usermod -s /no/such/shell acc-shellless 2>/dev/null
usermod -L acc-locked
chage -E 0 acc-expired
chage -d 0 acc-aged

export FIXTURE_EXTRA_1="UsePAM no"
export FIXTURE_EXTRA_2="UsePAM yes"
need_sshd 2
config=$FX_SSH_CONFIG
chmod 711 "$tmp" "$FX_DIR" "$FX_DIR"/h? # sshd reads the keys as the user who logs in
chmod 644 "$FX_DIR"/h?/authorized_keys
mkdir "$tmp/s"
start echo "$server" "$tmp/s/echo" echo
chmod 711 "$tmp/s"
chmod 666 "$tmp/s/echo"

socket() { # LOGIN
        echo "ssh://$1/./u:$tmp/s/echo"
}
doctor() { # LOGIN: it finds fault, and says how to mend it
        expect 1 env "PYROPE_SSH_CONFIG=$config" pyrope doctor "$1"
}

for host in h1 h2; do
        for backend in libssh program; do
                export PYROPE_SSH_BACKEND=$backend PROBE_BACKEND=$backend
                for state in plain nologin false; do
                        expect 0 "$probe" "$config" text "$(socket "acc-$state@$host")" hello
                        check "$host, $backend: a socket needs no shell ($state)" said '^hello$'
                done
                expect 0 "$probe" "$config" exec acc-plain@$host 'echo hello'
                expect 0 "$probe" "$config" exec acc-nologin@$host 'echo hello'
                check "$host, $backend: nologin says so in place of the command" said '^This account is currently not available'
                check "and fails" said '^exit 1$'
                expect 0 "$probe" "$config" exec acc-false@$host 'echo hello'
                check "$host, $backend: 'false' fails without a word" test "$(cat "$tmp/out")" = "exit 1"
                expect 1 env "PYROPE_SSH_CONFIG=$config" pyrope --nameserver "ssh://acc-nologin@$host" list
                check "$host, $backend: without a command no nameserver is found, in words" \
                        complained "^pyrope: nameserver ssh://acc-nologin@$host: .* \\(exit status 1\\), .*; name its socket: "
                expect 1 "$probe" "$config" exec acc-shellless@$host true
                check "$host, $backend: a shell that is not there keeps its user out" complained '^E_AUTH acc-shellless@.*(login refused|Permission denied)'
        done
        unset PYROPE_SSH_BACKEND PROBE_BACKEND
        doctor acc-nologin@$host
        check "the doctor repeats it" said "commands +failed .*'This account is currently not available\.'"
        check "and says where to look" said "'getent passwd acc-nologin'; it must run commands"
        doctor acc-shellless@$host
        check "the doctor knows what else than the key it may be" said '-> .*expired, locked or without a shell'
done

echo "# sshd by itself"
for state in expired locked; do
        expect 1 "$probe" "$config" exec acc-$state@h1 true
        check "$state: refused, for nothing more is told" complained "^E_AUTH acc-$state@h1 .*login refused"
        doctor acc-$state@h1
        check "the doctor knows what it may be" said '-> .*expired, locked or without a shell'
done
expect 0 "$probe" "$config" text "$(socket acc-aged@h1)" hello

echo "# PAM"
expect 1 env PROBE_BACKEND=program "$probe" "$config" exec acc-expired@h2 true
check "expired: ssh tells that the host hung up" complained '^E_UNREACHABLE acc-expired@h2 .*ssh: Connection closed by'
expect 1 "$probe" "$config" exec acc-expired@h2 true
check "we also what it said before" complained "^E_UNREACHABLE acc-expired@h2 .*; it said 'Your account has expired"
doctor acc-expired@h2
check "the doctor repeats it" said 'login +failed .*Your account has expired'
expect 0 "$probe" "$config" text "$(socket acc-locked@h2)" hello
expect 1 "$probe" "$config" text "$(socket acc-aged@h2)" hello
check "an old password: sshd opens nothing" complained '^E_UNREACHABLE acc-aged@h2 .*cannot connect to the socket'
doctor acc-aged@h2
check "the doctor tells what the host says to commands" said "commands +failed .*Your password has expired"

check "the machine's own accounts are as they were" test "$(umount -l /etc; md5sum /etc/passwd /etc/shadow)" = "$before"
finish
