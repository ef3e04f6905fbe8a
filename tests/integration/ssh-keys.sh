#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # check runs the functions

. "$(dirname "$0")/../support/lib.sh"
begin "keys: passphrases, certificates, their order beside ssh's own, modes of files; no agent is lent; weak algorithms are refused by name"

probe=$PYROPE_TEST_BIN_DIR/ssh-probe
terminal=$top/tests/support/at-terminal
ssh-keygen -q -t ed25519 -N '' -f "$tmp/ca"
export FIXTURE_EXTRA="TrustedUserCAKeys $tmp/ca.pub
MaxAuthTries 30"
export FIXTURE_EXTRA_2="AuthenticationMethods publickey,publickey"
export FIXTURE_EXTRA_3="Ciphers aes128-cbc,3des-cbc"
export FIXTURE_EXTRA_4="KexAlgorithms diffie-hellman-group1-sha1,diffie-hellman-group14-sha1"
export FIXTURE_EXTRA_5="HostKeyAlgorithms ssh-rsa
HostKey $tmp/rsa.host"
export FIXTURE_EXTRA_6="MACs hmac-sha1,hmac-md5
Ciphers aes128-ctr"
export FIXTURE_EXTRA_7="LogLevel DEBUG3
PubkeyAcceptedAlgorithms ssh-rsa"
export FIXTURE_EXTRA_8="LogLevel DEBUG"
ssh-keygen -q -t rsa -b 2048 -N '' -f "$tmp/rsa.host"
need_sshd 8
sed -i '/BatchMode\|IdentityFile\|IdentitiesOnly/d' "$FX_SSH_CONFIG"
printf '[%s]:%s %s\n' "$FX_H5" "$FX_PORT" "$(cut -d' ' -f1,2 "$tmp/rsa.host.pub")" >>"$FX_DIR/known_hosts"
mkdir "$tmp/s"
start echo "$PYROPE_TEST_BIN_DIR/stream-server" "$tmp/s/echo" echo

with() { # LINES: the configuration $tmp/config with these before the fixture's own
        { printf '%s\n' "$1"; cat "$FX_SSH_CONFIG"; } >"$tmp/config"
}
log_in() { # STATUS LINES [HOST]: nobody at a terminal
        with "$2"
        expect "$1" setsid -w "$probe" "$tmp/config" exec "${3:-h1}" 'echo there'
}
ask() { # STATUS LINES [REGEX ANSWER]...
        with "$2"
        expect "$1" "$terminal" "$tmp/seen" "${@:3}" -- "$probe" "$tmp/config" exec h1 'echo there'
}
key() { # NAME OPTION...: the key $tmp/NAME
        ssh-keygen -q -C "$1" -f "$tmp/$1" "${@:2}"
}
allow() { # NAME...: h1 lets these in, and no others
        : >"$FX_DIR/h1/authorized_keys"
        for name in "$@"; do cat "$tmp/$name.pub" >>"$FX_DIR/h1/authorized_keys"; done
}
questions() { # how often the terminal was asked
        grep -c 'Enter passphrase' "$tmp/seen"
}

echo "# passphrases"
key sealed -t ed25519 -N secret
key other -t ed25519 -N other
key old -t rsa -b 2048 -m PEM -N secret
allow sealed old
for name in sealed old; do
        ask 0 "IdentityFile $tmp/$name" "$tmp/$name': \$" 'secret\n'
        check "$name: the passphrase is asked for" said '^there$'
        check "and not shown" test "$(grep -c secret "$tmp/seen")" = 0
done
ask 0 "IdentityFile $tmp/sealed" ': $' 'a\n' 'not its passphrase' '' "': \$" 'secret\n'
check "a wrong one is told" said '^there$'
ask 1 "IdentityFile $tmp/sealed" "': \$" 'a\n' "': \$" 'b\n' "': \$" 'c\n'
check "three wrong ones are enough" complained '^E_AUTH h1 .*keys that cannot be used: .*sealed \(encrypted, no passphrase\)'
ask 0 "IdentityFile $tmp/sealed
IdentityFile $tmp/old" "sealed': \$" '\n' "old': \$" 'secret\n'
check "no passphrase means the next key" said '^there$'
ask 0 "IdentityFile $tmp/other
IdentityFile $tmp/sealed" "': \$" 'secret\n'
check "none is asked for a key that the host does not take" test "$(questions)" = 1
log_in 1 "IdentityFile $tmp/sealed"
check "without a terminal" complained '^E_AUTH .*sealed \(encrypted; give it to the agent by ssh-add\)'
with "IdentityFile $tmp/sealed"
expect 0 "$terminal" "$tmp/seen" "': \$" 'secret\n' -- "$probe" "$tmp/config" many "ssh://h1/./u:$tmp/s/echo" 20
check "20 callers who wait for one host ask one question" test "$(questions)" = 1
check "and share one session" said '^sessions 1 channels 20$'
expect 0 "$terminal" "$tmp/seen" "': \$" 'secret\n' -- "$probe" "$tmp/config" two "ssh://h1/./u:$tmp/s/echo" "ssh://$FX_H1/./u:$tmp/s/echo"
check "as do two names of it" test "$(questions)" = 1

echo "# certificates"
allow sealed
certify() { # NAME [OPTION...]: $tmp/NAME-cert.pub
        ssh-keygen -q -s "$tmp/ca" -I "id-of-$1" -n "$FX_USER" "${@:2}" "$tmp/$1.pub"
}
used() { # NAME: h1 let in whoever showed this certificate, at last
        tail -20 "$FX_DIR/h1/log" | grep 'Accepted' | tail -1 | grep -q "ID id-of-$1 "
}
eval "$(ssh-agent -a "$tmp/agent")" >/dev/null
agent_pid=$SSH_AGENT_PID
unset SSH_AUTH_SOCK SSH_AGENT_PID
keep() { # NAME...: the agent has these, and no others
        SSH_AUTH_SOCK=$tmp/agent ssh-add -qD 2>/dev/null
        [ $# = 0 ] || (cd "$tmp" && SSH_AUTH_SOCK=$tmp/agent ssh-add -q "$@")
}
for type in ed25519 rsa ecdsa; do
        key "$type" -t "$type" -N ''
        certify "$type"
        log_in 0 "IdentityFile $tmp/$type"
        check "$type: the certificate beside the key" used "$type"
        mkdir "$tmp/$type.d"
        mv "$tmp/$type-cert.pub" "$tmp/$type.d/x.pub"
        log_in 1 "IdentityFile $tmp/$type"
        log_in 0 "IdentityFile $tmp/$type
CertificateFile $tmp/$type.d/x.pub"
        check "$type: CertificateFile" used "$type"
        keep "$type"
        log_in 0 "IdentityAgent $tmp/agent
IdentityFile none
CertificateFile $tmp/$type.d/x.pub"
        check "$type: a certificate in a file, for a key of the agent" used "$type"
        mv "$tmp/$type.d/x.pub" "$tmp/$type-cert.pub"
        keep "$type"
        rm "$tmp/$type-cert.pub"
        log_in 0 "IdentityAgent $tmp/agent
IdentityFile none"
        check "$type: a certificate of the agent" used "$type"
        certify "$type"
done
key late -t ed25519 -N ''
certify late -V 20200101:20200102
log_in 1 "IdentityFile $tmp/late"
check "one that has expired" complained '^E_AUTH .*keys tried: .*late, .*late \(certificate\)'
key lonely -t ed25519 -N ''
certify lonely
log_in 1 "IdentityFile none
CertificateFile $tmp/lonely-cert.pub"
check "one without its key" complained '^E_AUTH .*lonely-cert.pub \(a certificate without its private key\)'
log_in 1 "CertificateFile $tmp/lonely.pub"
check "what is no certificate" complained '^E_AUTH .*lonely.pub \(no certificate that can be read\)'
key strong -t ed25519 -N secret
certify strong
ask 0 "IdentityFile $tmp/strong" "strong': \$" 'secret\n'
check "an encrypted key with a certificate" used strong

echo "# beside ssh: the same keys in the same order"
allow
for i in 1 2 3 4 5 6; do key "k$i" -t ed25519 -N ''; done
certify k2 -n stranger
offers() { # from line N of h1's log on: what was offered
        tail -n "+$1" "$FX_DIR/h1/log" | grep -oE '^Failed publickey .*' | sed 's/ port [0-9]* / /;s/ID .*CA/ID CA/'
}
same() { # SENTENCE LINES: ssh and we offer the same
        local begin
        with "$2"
        begin=$(($(wc -l <"$FX_DIR/h1/log") + 1))
        setsid -w ssh -F "$tmp/config" -o BatchMode=yes h1 true >/dev/null 2>&1 </dev/null {never_fd}<&-
        wait_until is_idle
        offers "$begin" >"$tmp/theirs"
        begin=$(($(wc -l <"$FX_DIR/h1/log") + 1))
        expect 1 setsid -w "$probe" "$tmp/config" exec h1 true
        wait_until is_idle
        offers "$begin" >"$tmp/ours"
        check "$1 ($(wc -l <"$tmp/theirs"))" cmp "$tmp/theirs" "$tmp/ours"
        check "and some were offered" test -s "$tmp/ours"
}
is_idle() { # whether no process of h1 serves anybody any more
        [ -z "$(ps -o pid= --ppid "$(cut -d' ' -f1 "$FX_DIR/h1/pid")")" ]
}
files="IdentityFile $tmp/k1
IdentityFile $tmp/k2
IdentityFile $tmp/k3"
same "files" "$files"
keep k4 k3 k5 k1
same "files, and an agent that has some of them and others" "$files
IdentityAgent $tmp/agent"
same "IdentitiesOnly" "$files
IdentityAgent $tmp/agent
IdentitiesOnly yes"
same "a public half that names a key of the agent" "IdentityFile $tmp/k5.pub
IdentityAgent $tmp/agent
IdentitiesOnly yes"
same "an agent alone" "IdentityFile none
IdentityAgent $tmp/agent"
keep k2 k6
same "an agent with a certificate, which also lies beside the file" "$files
IdentityAgent $tmp/agent"
same "a certificate that is named" "$files
CertificateFile $tmp/k2-cert.pub
IdentityAgent $tmp/agent"

echo "# two keys, one after the other"
cat "$tmp/k1.pub" "$tmp/k2.pub" >"$FX_DIR/h2/authorized_keys"
log_in 0 "IdentityFile $tmp/k1
IdentityFile $tmp/k2" h2
log_in 1 "IdentityFile $tmp/k1" h2
check "one is not enough" complained '^E_AUTH h2 .*the host allows publickey, beside what it has accepted; keys tried: '

echo "# files"
allow k1
for mode in 0600 0400 0700 0500; do
        chmod $mode "$tmp/k1"
        log_in 0 "IdentityFile $tmp/k1"
done
for mode in 0640 0604 0620 0602 0610 0601 0644 0666; do
        chmod $mode "$tmp/k1"
        log_in 1 "IdentityFile $tmp/k1"
        check "mode $mode: which file, and the command that helps" \
                complained "^E_AUTH .*keys tried: none; .*$tmp/k1 \(mode $mode, open to others; run 'chmod 600 $tmp/k1'\)"
done
ln -s k1 "$tmp/link"
log_in 1 "IdentityFile $tmp/link"
check "a link to a file that is open to others" complained "link \(mode 0666"
chmod 600 "$tmp/k1"
log_in 0 "IdentityFile $tmp/link"
if [ "$(id -u)" = 0 ]; then
        chown 65534 "$tmp/k1"
        log_in 1 "IdentityFile $tmp/link"
        check "a link to a file of another user" complained 'link \(belongs to user 65534\)'
        chown 0 "$tmp/k1"
fi

echo "# the agent stays here"
allow k1
cp "$FX_DIR/h1/authorized_keys" "$FX_DIR/h8/authorized_keys"
keep k1
with "IdentityAgent $tmp/agent
ForwardAgent yes
IdentityFile none"
offered() { # how often h8 was offered an agent
        grep -c 'request auth-agent-req' "$FX_DIR/h8/log"
}
for backend in libssh program; do
        # shellcheck disable=SC2016 # for the shell over there
        expect 0 setsid -w env SSH_AUTH_SOCK="$tmp/agent" PROBE_BACKEND=$backend "$probe" "$tmp/config" exec h8 'echo "agent: $SSH_AUTH_SOCK."'
        check "$backend: ForwardAgent yes or not, a command there has none" said '^agent: \.$'
        check "$backend: none was offered to the host" test "$(offered)" = 0
done
expect 0 setsid -w env SSH_AUTH_SOCK="$tmp/agent" ssh -F "$tmp/config" -o BatchMode=yes h8 true
check "which would have told" test "$(offered)" = 1
kill "$agent_pid"

echo "# weak algorithms"
weak() { # HOST NAMES
        log_in 1 "IdentityFile $tmp/k1" "$1"
        check "$2" complained "^E_UNREACHABLE $1 .*no SSH connection: .*$2"
}
weak h3 aes128-cbc,3des-cbc
weak h4 diffie-hellman-group1-sha1,diffie-hellman-group14-sha1
weak h5 ssh-rsa
weak h6 hmac-sha1,hmac-md5
key rsa-only -t rsa -b 2048 -N ''
cp "$tmp/rsa-only.pub" "$FX_DIR/h7/authorized_keys"
log_in 1 "IdentityFile $tmp/rsa-only" h7
check "nobody in between can leave out messages (strict key exchange)" grep -q 'will use strict KEX ordering' "$FX_DIR/h7/log"
check "a signature by SHA-1 is not made" test "$(grep -c 'Accepted publickey' "$FX_DIR/h7/log")" = 0
finish
