#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # check runs the functions

. "$(dirname "$0")/../support/lib.sh"
begin "host keys: no state of known_hosts but the right key lets any method of logging in begin, on any way; and what a person may add"

probe=$PYROPE_TEST_BIN_DIR/ssh-probe
terminal=$top/tests/support/at-terminal
export FIXTURE_EXTRA="PasswordAuthentication yes
KbdInteractiveAuthentication yes
TrustedUserCAKeys $tmp/ca.pub"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/ca"
need_sshd 2
sed -i '/BatchMode\|IdentityFile\|IdentitiesOnly\|StrictHostKeyChecking\|UserKnownHostsFile/d' "$FX_SSH_CONFIG"
echo "    HashKnownHosts no" >>"$FX_SSH_CONFIG"
key2=$(cut -d' ' -f1,2 "$FX_DIR/h2/hostkey.pub")
key1=$(cut -d' ' -f1,2 "$FX_DIR/h1/hostkey.pub")
name2="[$FX_H2]:$FX_PORT"
print2=$(ssh-keygen -l -f "$FX_DIR/h2/hostkey.pub" | cut -d' ' -f2)
ssh-keygen -q -t ecdsa -N '' -f "$tmp/ecdsa"
ecdsa=$(cut -d' ' -f1,2 "$tmp/ecdsa.pub")

with() { # NAME LINES: a configuration $tmp/NAME with these lines before the fixture's own
        { printf '%s\n' "$2"; cat "$FX_SSH_CONFIG"; } >"$tmp/$1"
}
is_idle() { # whether no process of h2 serves anybody any more
        [ -z "$(ps -o pid= --ppid "$(cut -d' ' -f1 "$FX_DIR/h2/pid")")" ]
}
attempts() { # how often h2 was asked to let somebody in, by whatever method; all of it is in its log by then
        wait_until is_idle
        grep -cE 'userauth|publickey|password|keyboard|Accepted|Failed|authenticating user' "$FX_DIR/h2/log"
}

echo "# every state, every method, every way"
declare -A known=(
        [unknown]=""
        [changed]="$name2 $key1"
        [type]="$name2 $ecdsa"
        [revoked]="$name2 $key2
@revoked $name2 $key2"
        [revoked-unknown]="@revoked * $key2"
        [authority]="@cert-authority * $key1"
        [negated]="!$name2,* $key2"
        [other-port]="[$FX_H2]:1 $key2
$FX_H2 $key2"
        [cut]="$name2 ssh-ed25519"
)
for state in "${!known[@]}"; do printf '%s\n' "${known[$state]}" >"$tmp/kh.$state"; done
mkdir "$tmp/kh.directory"
eval "$(ssh-agent -a "$tmp/agent")" >/dev/null
agent_pid=$SSH_AGENT_PID
SSH_AUTH_SOCK=$tmp/agent ssh-add -q "$FX_KEY"
unset SSH_AUTH_SOCK SSH_AGENT_PID
ssh-keygen -q -t ed25519 -N '' -f "$tmp/certified"
ssh-keygen -q -s "$tmp/ca" -I me -n "$FX_USER" "$tmp/certified"
declare -A method=(
        [file]="IdentityFile $FX_KEY"
        [agent]="IdentityAgent $tmp/agent"
        [certificate]="IdentityFile $tmp/certified"
        [password]="PreferredAuthentications password"
        [questions]="PreferredAuthentications keyboard-interactive"
)
config_of() { # METHOD STATE: h2 so, and h1 as it should be
        printf 'Host h2\nUserKnownHostsFile %s\n%s\nHost *\nUserKnownHostsFile %s\n%s\n' \
                "$tmp/kh.$2" "${method[$1]}" "$FX_DIR/known_hosts" "${method[file]}"
        cat "$FX_SSH_CONFIG"
}
printf '%s %s\n' "$name2" "$key2" >"$tmp/kh.right"
refused() { # WAY STATE METHOD [TERMINAL...]: no, and h2 saw nothing of a login
        local before
        config_of "$3" "$2" >"$tmp/config"
        before=$(attempts)
        "${@:4}" "$probe" "$tmp/config" exec "$1" true </dev/null >"$tmp/out" 2>"$tmp/err" {never_fd}<&- && return 1
        grep -qE '^E_HOST_KEY ' "$tmp/err" && [ "$(attempts)" = "$before" ]
}
for m in "${!method[@]}"; do
        before=$(attempts)
        config_of "$m" right >"$tmp/config"
        timeout 20 setsid -w "$probe" "$tmp/config" exec h2 true </dev/null >"$tmp/out" 2>"$tmp/err" {never_fd}<&- || true
        case $m in
        file | agent | certificate) check "with the right key, $m logs in" said '^exit 0$' ;;
        *) check "with the right key, $m is not tried where nobody is to be asked" test "$(grep -c '^E_AUTH' "$tmp/err")" = 1 ;;
        esac
        check "and h2 saw it" test "$(attempts)" -gt "$before"
        for state in "${!known[@]}" missing directory; do
                check "$state, $m: refused, and not seen" refused h2 "$state" "$m" setsid -w
        done
done
for state in "${!known[@]}" missing directory; do
        check "$state, through h1: refused, and not seen" refused h1,h2 "$state" file setsid -w
        check "$state, on the way to h1: refused, and not seen" refused h2,h1 "$state" file setsid -w
done
for state in changed type revoked revoked-unknown authority directory; do
        check "$state, at a terminal: no question, refused and not seen" refused h2 "$state" password "$terminal" "$tmp/seen" --
        check "no question" test "$(wc -l <"$tmp/seen")" -le 2
done
kill "$agent_pid"

echo "# what is right"
right() { # SENTENCE LINES
        printf '%s\n' "$2" >"$tmp/kh.now"
        config_of file now >"$tmp/config"
        expect 0 setsid -w "$probe" "$tmp/config" exec h2 true
        check "$1" said '^exit 0$'
}
right "a pattern of wildcards" "[127.0.*]:$FX_PORT $key2"
right "a list of names" "x,$name2 $key2"
right "among others, and comments" "# words
$name2 $ecdsa
$name2 $key2 comment"
right "a mark that means another host" "@revoked [127.0.0.9]:1 $key2
@cert-authority *.example $key1
$name2 $key2"
right "an authority beside the key itself" "@cert-authority * $key1
$name2 $key2"

echo "# words"
expect_words() { # STATE REGEX
        config_of file "$1" >"$tmp/config"
        expect 1 setsid -w "$probe" "$tmp/config" exec h2 true
        check "$1: what to do about it" complained "$2"
}
expect_words unknown "^E_HOST_KEY h2 .*is not in $tmp/kh.unknown: it is ssh-ed25519 .*; run 'ssh -F $tmp/config h2' once and compare"
expect_words authority "^E_HOST_KEY h2 .*$tmp/kh.authority trusts an authority for this host \\(@cert-authority\\), and libssh cannot check .*; add the host's own key, ssh-ed25519 SHA256:"
expect_words directory "^E_HOST_KEY h2 .*$tmp/kh.directory cannot be read: Is a directory"

echo "# a person says yes"
ask() { # STATUS LINES [REGEX ANSWER]...: to log in to h2, whose key is in no file
        { printf 'Host h2\nUserKnownHostsFile %s\nIdentityFile %s\n%s\n' "$tmp/home/known_hosts" "$FX_KEY" "$2"; cat "$FX_SSH_CONFIG"; } >"$tmp/config"
        expect "$1" "$terminal" "$tmp/seen" "${@:3}" -- "$probe" "$tmp/config" exec h2 'echo there'
}
question='\(yes/no/fingerprint\)\? $'
before=$(attempts)
ask 1 "" "$question" 'no\n'
check "no is no" complained '^E_HOST_KEY h2 .*is not in'
ask 1 "" "$question" '\n' 'fingerprint: $' 'y\n' 'fingerprint: $' 'SHA256:wrong\n'
check "nothing else is a yes" complained '^E_HOST_KEY h2 .*is not in'
ask 1 "" "$question" '\x04'
check "nor is silence" complained '^E_HOST_KEY h2 .*is not in'
ask 1 "StrictHostKeyChecking yes"
check "StrictHostKeyChecking yes: no question" test "$(wc -l <"$tmp/seen")" = 2
ask 1 "BatchMode yes"
check "BatchMode yes: no question" test "$(wc -l <"$tmp/seen")" = 2
check "no file was made" test ! -e "$tmp/home"
check "and nothing of a login was seen" test "$(attempts)" = "$before"
for lax in accept-new no; do
        ask 1 "StrictHostKeyChecking $lax" "$question" 'no\n'
        check "StrictHostKeyChecking $lax is no silent yes" grep -qF "$print2" "$tmp/seen"
done
ask 0 "" "$question" 'yes\n'
check "yes is yes" said '^there$'
check "and kept" test "$(cat "$tmp/home/known_hosts")" = "$name2 $key2"
check "in a file and a directory of one's own" test "$(stat -c %a "$tmp/home" "$tmp/home/known_hosts" | tr '\n' ' ')" = "700 600 "
ask 0 ""
check "and never asked again" test "$(wc -l <"$tmp/seen")" = 2
printf '[127.0.0.9]:1 %s' "$key1" >"$tmp/home/known_hosts"
ask 0 "HashKnownHosts yes" "$question" "$print2\\n"
check "the fingerprint is a yes as well; the name is hashed, behind a last line without an end" \
        test "$(sed 's/^|1|[^ ]*/HASHED/' "$tmp/home/known_hosts")" = "[127.0.0.9]:1 $key1
HASHED $key2"
check "and ssh finds it there" ssh-keygen -q -F "$name2" -f "$tmp/home/known_hosts"
check "nothing is left of it elsewhere" test -z "$(find /tmp -maxdepth 1 -name 'pyrope-key-*' -newer "$tmp/config" -user "$(id -u)")"
sed -i "s|^UserKnownHostsFile .*|UserKnownHostsFile none|" "$tmp/config"
expect 1 "$terminal" "$tmp/seen" "$question" 'yes\n' -- "$probe" "$tmp/config" exec h2 true
check "a yes that cannot be kept is none" complained '^E_HOST_KEY h2 .*names no file to keep the host key in'
sed -i "s|^UserKnownHostsFile .*|UserKnownHostsFile /dev/null|" "$tmp/config"
expect 1 "$terminal" "$tmp/seen" "$question" 'yes\n' -- "$probe" "$tmp/config" exec h2 true
check "nor one that would be kept nowhere" complained '^E_HOST_KEY h2 .*cannot be added to /dev/null: it is no file'
finish
