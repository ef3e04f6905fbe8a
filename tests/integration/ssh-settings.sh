#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/ssh-probe.sh"
begin "SSH settings: each is honoured as ssh honours it, or refused or told by name"

mkdir "$tmp/s"
ssh-keygen -q -t ecdsa -N '' -f "$tmp/s/ecdsa"
export FIXTURE_EXTRA_1="LogLevel DEBUG
HostKey $tmp/s/ecdsa"
need_sshd 2
config=$FX_SSH_CONFIG
log=$FX_DIR/h1/log
echo "[$FX_H1]:$FX_PORT $(cut -d' ' -f1,2 "$tmp/s/ecdsa.pub")" >>"$FX_KNOWN_HOSTS"
start echo "$server" "$tmp/s/echo" echo
start stall "$server" "$tmp/s/stall" stall
at=ssh://h1/./u:$tmp/s

# --- the session, as the host saw it ---

# shellcheck disable=SC2317 # wait_until calls it
last_is_over() {
        sed -n "$(($(cat "$tmp/mark") + 1))"',$p' "$log" | grep -qE '^(Connection closed|Disconnected|Received disconnect|Connection reset)'
}
last_session() { # what was agreed on with h1 last, once the session is over
        wait_until last_is_over
        sed -n "$(($(cat "$tmp/mark") + 1))"',$p' "$log" | sed -n 's/^debug1: kex: \(.*\) \[preauth\].*/\1/p'
}
agree() { # LINES: with them, ours and ssh's own session are the same
        local theirs ours name=${1//[^A-Za-z0-9]/}
        with "$name" "$1"
        wc -l <"$log" >"$tmp/mark"
        ssh -F "$tmp/$name" h1 true
        theirs=$(last_session)
        wc -l <"$log" >"$tmp/mark"
        expect 0 "$probe" "$tmp/$name" exec h1 true
        ours=$(last_session)
        check "the same algorithms as with ssh: ${1//$'\n'/, }" test "$ours" = "${theirs:-nothing}"
        agreed=$ours
}
# shellcheck disable=SC2317 # check calls it
agreed_on() { # REGEX: what agree found
        grep -qE -- "$1" <<<"$agreed"
}
echo "# algorithms"
common='Ciphers aes256-ctr
MACs hmac-sha2-512
KexAlgorithms ecdh-sha2-nistp384'
agree "$common"
check "the user's cipher" agreed_on 'cipher: aes256-ctr MAC: hmac-sha2-512 compression: none$'
check "the user's key exchange" agreed_on '^algorithm: ecdh-sha2-nistp384$'
agree "$common
HostKeyAlgorithms ecdsa-sha2-nistp256"
check "the user's kind of host key" agreed_on '^host key algorithm: ecdsa-sha2-nistp256$'
agree "$common
HostKeyAlgorithms ssh-ed25519"
check "or the other one" agreed_on '^host key algorithm: ssh-ed25519$'
agree "$common
Compression yes"
check "compression" agreed_on 'compression: zlib@openssh.com$'
agree "Ciphers -chacha20-poly1305@openssh.com,*-cbc
MACs ^hmac-sha2-256-etm@openssh.com
KexAlgorithms ^curve25519-sha256"
wc -l <"$log" >"$tmp/mark"
expect 0 "$probe" "$config" exec h1 true
agreed=$(last_session)
check "without the user's choice, the cipher that is fast where the processor has AES" agreed_on 'cipher: aes128-gcm@openssh.com'
with weak "Ciphers 3des-cbc"
expect 1 "$probe" "$tmp/weak" exec h1 true
check "no cipher that both know" complained '^E_(UNREACHABLE|CONFIG) h1 .*3des-cbc'
ssh-keygen -q -t rsa -b 2048 -N '' -f "$tmp/s/rsa"
cat "$tmp/s/rsa.pub" >>"$FX_DIR/h1/authorized_keys"
with rsa "IdentityFile $tmp/s/rsa"
sed -i "/$(basename "$FX_KEY")/d" "$tmp/rsa"
expect 0 "$probe" "$tmp/rsa" exec h1 true
sed "1iRequiredRSASize 3072" "$tmp/rsa" >"$tmp/rsa-long"
expect 1 "$probe" "$tmp/rsa-long" exec h1 true
check "RequiredRSASize: a key that is too short" complained '^E_AUTH h1 '
sed "1iPubkeyAcceptedAlgorithms ssh-ed25519" "$tmp/rsa" >"$tmp/rsa-not"
expect 1 "$probe" "$tmp/rsa-not" exec h1 true
check "PubkeyAcceptedAlgorithms: a key of another kind" complained '^E_AUTH h1 '

echo "# new keys"
rekeyed() { # LINES: how often while 16 MiB went there and back
        with rekey "$1"
        wc -l <"$log" >"$tmp/mark"
        expect 0 "$probe" "$tmp/rekey" bulk "$at/echo" 16777216
        check "RekeyLimit: no byte is lost" said '^16777216 bytes back, equal$'
        n_rekeyed=$(sed -n "$(($(cat "$tmp/mark") + 1))"',$p' "$log" | grep -c 'set_newkeys: rekeying')
}
rekeyed "RekeyLimit 1M"
check "as often as the user wants" test "$n_rekeyed" -ge 16
rekeyed "RekeyLimit 512M 1h"
check "or not at all" test "$n_rekeyed" = 0

# --- the socket ---

echo "# sockets"
with bound "BindAddress 127.0.0.77"
# shellcheck disable=SC2016 # for the shell over there
from='echo ${SSH_CONNECTION%% *}'
expect 0 "$probe" "$tmp/bound" exec h1 "$from"
check "BindAddress" said '^127\.0\.0\.77$'
with interface "BindInterface lo"
expect 0 "$probe" "$tmp/interface" exec h1 "$from"
check "BindInterface" said "^$(ssh -F "$tmp/interface" h1 "$from")$"
with not-ours "BindAddress 192.0.2.1"
expect 1 "$probe" "$tmp/not-ours" exec h1 true
check "an address that is not ours" complained "^E_UNREACHABLE h1: connecting to .*: $FX_H1 by BindAddress 192.0.2.1: Cannot assign requested address$"
with no-interface "BindInterface no-such"
expect 1 "$probe" "$tmp/no-interface" exec h1 true
check "an interface that is none" complained "^E_UNREACHABLE h1: .* by BindInterface no-such: "
with sixth "AddressFamily inet6"
expect 1 "$probe" "$tmp/sixth" exec h1 true
check "AddressFamily" complained '^E_UNREACHABLE h1: '
socket_is() { # NAME LINES REGEX SENTENCE: what the kernel says of our socket
        with "$1" "$2"
        hold "$1-held" "$tmp/$1" "$at/stall"
        ss -tnpoH --tos "dst $FX_H1:$FX_PORT" | grep -F "pid=${pid_of[$1-held]}," >"$tmp/socket"
        check "$4" grep -qE -- "$3" "$tmp/socket"
        stop "$1-held"
}
if [ -n "$(type -P ss)" ]; then
        socket_is marked "IPQoS cs2 ef" 'tos:0xb8' "IPQoS: how a session without a terminal is marked"
        socket_is plain "IPQoS none" 'tos:0( |$)' "or not"
        socket_is kept "TCPKeepAlive yes" 'timer:\(keepalive' "TCPKeepAlive"
        socket_is unkept "TCPKeepAlive no" '(^|[^:])$' "or not"
        check "no timer then" test "$(grep -c 'timer:(keepalive' "$tmp/socket")" = 0
fi

# --- names and files ---

echo "# names"
# shellcheck disable=SC2016 # for the shell over there
seen='set -- $SSH_CONNECTION; echo "$1 $3 $4" as $(id -un)'
same_as_ssh() { # NAME LINES TARGET [SCHEME]: our session is seen over there as ssh's own is
        local theirs
        with "$1" "$2"
        theirs=$(ssh -F "$tmp/$1" "${4:-}$3" "$seen" 2>"$tmp/theirs.err")
        expect 0 "$probe" "$tmp/$1" exec "$3" "$seen"
        check "$1: $3 leads where ssh goes" test "$(head -1 "$tmp/out")" = "${theirs:-nowhere: $(cat "$tmp/theirs.err")}"
}
same_as_ssh alias "Host cluster cluster.example
HostName $FX_H1" cluster.example
same_as_ssh pattern "Host node-* !node-9
HostName $FX_H2" node-1
same_as_ssh token "Host 2 3
HostName 127.0.0.%h" 2
printf 'Host included\nHostName %s\n' "$FX_H2" >"$tmp/s/included.conf"
same_as_ssh include "Include $tmp/s/*.conf" included
same_as_ssh match "Match originalhost m exec \"test %n = m\"
HostName $FX_H2
Match originalhost m exec false
HostName 192.0.2.1" m
same_as_ssh final "Host f
HostName $FX_H2
Match final host $FX_H2
HostName $FX_H1" f
same_as_ssh target "Host t
HostName $FX_H1
Port 1
User no-such-user" "$FX_USER@t:$FX_PORT" ssh://
same_as_ssh command "Host c
HostName $FX_H1
ProxyCommand ssh -F $config -W [%h]:%p h2" c
same_as_ssh percent "Host c
HostName $FX_H1
ProxyCommand sh -c 'test 5%% = 5%% && test %r = $FX_USER && test %n = c && exec ssh -F $config -W [%h]:%p h2'" c
same_as_ssh none "Host h1
ProxyCommand none
Host *
ProxyCommand /bin/false" h1
known=$(cut -d' ' -f1,2 "$FX_DIR/h1/hostkey.pub")
echo "cluster-a $known" >"$tmp/s/kh.alias"
same_as_ssh hostkeyalias "Host h1
HostKeyAlias cluster-a
UserKnownHostsFile /dev/null $tmp/s/kh.alias" h1
export KNOWN_DIR=$FX_DIR
same_as_ssh environment "Host h1
UserKnownHostsFile \${KNOWN_DIR}/known_hosts" h1
# shellcheck disable=SC2016 # no shell is to see it
for host in 'a;id' 'a$(id)' '-oProxyCommand=id' "a b"; do
        expect 1 "$probe" "$tmp/command" exec "$host" true
        check "no host name reaches a ProxyCommand unchecked: $host" complained '^E_INVALID '
done

# --- what is not honoured ---

echo "# by name"
refused() { # LINE REGEX
        with refused "$1"
        expect 1 "$probe" "$tmp/refused" exec h1 true
        check "refused by name: ${1%% *}" complained "^E_CONFIG h1[ :].*$2"
}
refused "RevokedHostKeys $tmp/none" revokedhostkeys
refused "KnownHostsCommand /bin/true" knownhostscommand
refused "ProxyUseFdpass yes" proxyusefdpass
refused "BindAddress localhost" 'BindAddress localhost'
refused "HostKeyAlias cluster_a" 'HostKeyAlias of letters'
refused "UserKnownHostsFile \"$tmp/with blank\"" blank
with told "ControlMaster auto
ControlPath $tmp/s/master-%C
GSSAPIAuthentication yes
ForwardAgent yes
HashKnownHosts yes
ConnectionAttempts 3"
expect 0 "$probe" "$tmp/told" many "$at/echo" 3
check "what is not honoured is told by name, once, and nothing that does not concern us" \
        complained '^.*: h1: the SSH configuration has what only the program ssh does \(--ssh-backend program\): controlmaster auto, connectionattempts 3$'
mkdir "$tmp/newer"
# shellcheck disable=SC2016 # for the shell that runs it
printf '#!/bin/sh\n%s "$@" && case "$1" in -G*) echo brandnewkeyword yes;; esac\n' "$(command -v ssh)" >"$tmp/newer/ssh"
chmod +x "$tmp/newer/ssh"
expect 0 env PATH="$tmp/newer:$PATH" "$probe" "$config" exec h1 true
check "a setting that both answers of a newer ssh have is its default" test ! -s "$tmp/err"
# shellcheck disable=SC2016
sed -i 's/brandnew.*yes/brandnewkeyword $(echo "$*" | cksum)/' "$tmp/newer/ssh"
expect 0 env PATH="$tmp/newer:$PATH" "$probe" "$config" exec h1 true
check "another is told by name" complained 'h1: the SSH configuration has what only the program ssh does \(--ssh-backend program\): brandnewkeyword '

# --- without the program ssh ---

echo "# without ssh"
grep -vE 'IdentitiesOnly|ConnectTimeout' "$config" >"$tmp/simple"
without_ssh() { # STATUS NAME LINES COMMAND...: the probe, with these lines before a simple configuration
        { printf '%s\n' "$3"; cat "$tmp/simple"; } >"$tmp/$2"
        expect "$1" env PATH=/nonexistent "$probe" "$tmp/$2" "${@:4}"
}
without_ssh 0 libssh-plain "" exec h1 'echo there'
check "libssh reads what is simple" test "$(cat "$tmp/err")$(head -1 "$tmp/out")" = there
without_ssh 0 libssh-alias "Host cluster
HostName $FX_H2" exec cluster "$from"
without_ssh 0 libssh-hops "" two "ssh://h1,h2/./u:$tmp/s/echo" "ssh://h1,h2,$FX_USER@h1:$FX_PORT/./u:$tmp/s/echo"
check "a way is gone without it, too: each of its hosts has a session" said '^sessions 3 '
without_ssh 1 libssh-hop "Host h2
UserKnownHostsFile /dev/null" exec h1,h2 true
check "with its key checked at each" complained '^E_HOST_KEY h2 via h1 '
for line in AddressFamily=inet "BindAddress 127.0.0.1" "BindInterface lo" "CanonicalizeHostname yes" "CertificateFile $tmp/c" \
        "Ciphers aes256-ctr" "HostKeyAlgorithms ssh-ed25519" "HostKeyAlias a" "identitiesonly yes" "IdentityAgent none" \
        "Include $tmp/none" "KexAlgorithms curve25519-sha256" "KnownHostsCommand /bin/true" "MACs hmac-sha2-256" "ProxyJump h2" \
        "ProxyUseFdpass yes" "PubkeyAcceptedAlgorithms ssh-ed25519" "RequiredRSASize 3072" "RevokedHostKeys $tmp/none"; do
        without_ssh 1 libssh-refused "$line" exec h1 true
        check "refused by name: $line" complained "^E_CONFIG h1: ${line%%[ =]*} in $tmp/libssh-refused means nothing without the program ssh; install openssh-client$"
done
for words in "exec true" "host h1 exec true" "originalhost h1" "canonical all" "final all" "!exec true"; do
        without_ssh 1 libssh-match "Match $words
Port 1" exec h1 true
        check "refused by name: Match $words" complained "^E_CONFIG h1: Match !?(exec|originalhost|canonical|final) in $tmp/libssh-match means nothing"
done
without_ssh 0 libssh-matches "Match host no-such
Port 1
Match user no-such localuser no-such
Port 1
Match all" exec h1 true
without_ssh 0 libssh-told "Compression yes
ServerAliveInterval 7
  # RevokedHostKeys is a comment here
ForwardAgent yes
Host h2
Compression no" exec h1 true
check "what is only not honoured is told by name, with its file" \
        complained "h1: the SSH configuration has what only the program ssh does \(--ssh-backend program\): Compression in $tmp/libssh-told, ServerAliveInterval in $tmp/libssh-told$"
finish
