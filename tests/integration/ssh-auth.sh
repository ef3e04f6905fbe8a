#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "logging in: questions on a terminal, several steps, key files, certificates, agents, and what is never asked or lent"

probe=$PYROPE_TEST_BIN_DIR/ssh-probe
asker=$PYROPE_TEST_BIN_DIR/asking-sshd
terminal=$top/tests/support/at-terminal
unset SSH_ASKPASS DISPLAY

need_sshd 1
sed -i '/BatchMode\|IdentityFile\|IdentitiesOnly/d' "$FX_SSH_CONFIG"
: >"$tmp/asking.conf"
asking() { # NAME STEP...: a host that asks
        start "$1" "$asker" "$FX_DIR/h1/hostkey" "${@:2}"
        printf 'Host %s\nHostName 127.0.0.1\n' "$1" >>"$tmp/asking.conf"
        printf '[127.0.0.1]:%s %s\n' "$(ready_uri "$1")" "$(cut -d' ' -f1,2 "$FX_DIR/h1/hostkey.pub")" >>"$FX_DIR/known_hosts"
}
ask_at() { # STATUS CONFIG HOST [REGEX ANSWER]...: a command there, and a person at a terminal
        local status=$1
        { printf '%s\n' "$2" "Host $3" "Port $(ready_uri "$3")" "User me" "IdentityFile $tmp/key"; cat "$tmp/asking.conf" "$FX_SSH_CONFIG"; } >"$tmp/ask.conf"
        expect "$status" "$terminal" "$tmp/seen" "${@:4}" -- "$probe" "$tmp/ask.conf" exec "$3" anything
}
# shellcheck disable=SC2317 # check runs it
shown() { # REGEX: the terminal showed such a line
        grep -qE -- "$1" "$tmp/seen"
}
times() { # N REGEX ANSWER: sets $answers, that many of these
        local i
        answers=()
        for ((i = 0; i < $1; i++)); do answers+=("$2" "$3"); done
}
tries() { # NAME: how the logins there were tried, after the first one of each, "none"
        grep '^try ' "$tmp/$1.out" | cut -d' ' -f2 | grep -v none | tr '\n' ' '
}
ssh-keygen -q -t ed25519 -N '' -f "$tmp/key"

echo "# passwords"
asking word password:secret
ask_at 0 "" word 'password: $' 'secret\n'
check "a password is asked for at the terminal" said '^there$'
check "which says for which login" shown '^ssh-probe: login to word \(me@127.0.0.1 port [0-9]+\)'
check "and does not show it" test "$(grep -c secret "$tmp/seen")" = 0
check "nor does the command, which has nothing else to say" test "$(wc -l <"$tmp/out")" = 2
check "and the terminal is as before" shown '^echo on$'
ask_at 0 "" word 'password: $' 'wrong\n' 'password: $' 'secret\n'
check "a wrong one is told, and asked for again" shown 'The host does not take this password'
before=$(tries word | wc -w)
ask_at 1 "" word 'password: $' 'a\n' 'password: $' 'b\n' 'password: $' 'c\n'
check "three wrong ones are the end" complained '^E_AUTH word .*login refused; the host allows password; keys tried: password;'
check "after as many tries" test "$(($(tries word | wc -w) - before))" = 3
ask_at 1 "NumberOfPasswordPrompts 1" word 'password: $' 'a\n'
check "or as many as the configuration says" complained '^E_AUTH word .*login refused'
ask_at 1 "" word 'password: $' '\x04'
check "no answer is the end at once" complained '^E_AUTH word .*: nobody answers its question$'
long=$(printf 'x%.0s' {1..1023})
asking long "password:$long"
ask_at 0 "" long 'password: $' "$long\\n"
ask_at 1 "" long 'password: $' "${long}x\\n"
check "an answer above the limit is none" complained '^E_AUTH long .*nobody answers'

echo "# signals"
ask_at 130 "" word 'password: $' '\x03'
check "Ctrl-C ends the command, and the terminal is as before" shown '^echo on$'
ask_at 143 "" word 'password: $' signal:TERM
check "SIGTERM, too" shown '^echo on$'
ask_at 0 "" word 'password: $' signal:TSTP 'password: $' 'secret\n'
check "after a stop the question is asked again" test "$(grep -c "login to word" "$tmp/seen")" = 2

echo "# nobody to ask"
silent() { # NAME COMMAND...: no question, and the command says what is missing
        expect 1 "${@:2}"
        check "$1" complained '^E_AUTH word .*; password needs somebody to ask: a terminal, and no --batch or BatchMode; see'
}
ask_at 0 "" word 'password: $' 'secret\n'
silent "without a terminal" setsid -w "$probe" "$tmp/ask.conf" exec word x
silent "in the background of a terminal" "$terminal" -b "$tmp/seen" -- "$probe" "$tmp/ask.conf" exec word x
check "which shows nothing of it" test "$(grep -c login "$tmp/seen")" = 0
cp "$tmp/ask.conf" "$tmp/batch.conf"
sed -i '1i BatchMode yes' "$tmp/batch.conf"
silent "with BatchMode yes" "$terminal" "$tmp/seen" -- "$probe" "$tmp/batch.conf" exec word x
expect 1 "$terminal" "$tmp/seen" -- pyrope --ssh-config "$tmp/ask.conf" --batch --nameserver ssh://word/./u:/none list
check "with --batch" complained 'login refused.*password needs somebody to ask'
expect 1 "$terminal" "$tmp/seen" 'password: $' '\x04' -- pyrope --ssh-config "$tmp/ask.conf" --nameserver ssh://word/./u:/none list
check "and without it one is asked by pyrope" shown '^pyrope: login to word'
expect 1 "$terminal" "$tmp/seen" 'password: $' '\x03' -- allocate-app --ssh-config "$tmp/ask.conf" --nameserver ssh://word/./u:/none App
check "by allocate-app as well, where Ctrl-C is an answer" shown '^allocate-app: login to word'
check "and leaves the terminal as before" shown '^echo on$'

echo "# questions of the host"
asking code code:123456
ask_at 0 "" code 'Code: $' '123456\n'
check "a code" said '^there$'
check "which is not shown" test "$(grep -c 123456 "$tmp/seen")" = 0
asking two two:know:have
ask_at 0 "" two 'Word: $' 'know\n' 'Code: $' 'have\n'
check "two questions at a time, and what the host says before" shown '^\(me@127.0.0.1\) then what you have\.'
check "one is echoed, for the host says it may be" shown 'Code: have'
check "one is not" test "$(grep -c know.n "$tmp/seen")" = 0
ask_at 1 "" two 'Word: $' 'know\n' 'Code: $' 'a\n' 'Word: $' 'b\n' 'Code: $' 'have\n' 'Word: $' '\n' 'Code: $' '\n'
check "wrong answers" complained '^E_AUTH two .*the host allows keyboard-interactive; keys tried: keyboard-interactive;'
asking late late:x
ask_at 0 "" late 'Code: $' 'x\n'
check "no question at first is no hindrance" said '^there$'
asking rude rude:x
ask_at 0 "" rude "id': \$" 'x\n'
check "what would change the terminal becomes harmless" test "$(grep -c "$(printf '\33')" "$tmp/seen")" = 0
check "and no line can pass for ours" test "$(grep -c '^\(a\|b\|hello\|Enter\)' "$tmp/seen")" = 0
asking sixteen many:16
times 16 'Code: $' '\n'
ask_at 0 "" sixteen "${answers[@]}"
check "sixteen questions at a time" said '^there$'
asking seventeen many:17
ask_at 1 "" seventeen
check "seventeen are too many" complained '^E_AUTH seventeen .*asks 17 questions at a time, above the limit of 16$'
asking crowd many:300
ask_at 1 "" crowd
check "so many that libssh drops them" complained '^E_UNREACHABLE crowd .*Too much prompts'
asking endless endless
times 16 'Code: $' 'x\n'
ask_at 1 "" endless "${answers[@]}"
check "questions without end" complained '^E_AUTH endless .*asks more questions after 16 answers$'

echo "# settings and steps"
ask_at 1 "PasswordAuthentication no" word
check "PasswordAuthentication no" complained '^E_AUTH word .*keys tried: none'
ask_at 1 "KbdInteractiveAuthentication no" code
check "KbdInteractiveAuthentication no" complained '^E_AUTH code .*keys tried: none'
asking all again
times 9 'password: $' 'x\n'
ask_at 1 "PreferredAuthentications password" all "${answers[@]}"
check "steps without end" complained '^E_AUTH all .*asks for more than 8 methods one after another$'
check "PreferredAuthentications: no key is tried" test "$(tries all)" = "$(printf 'password %.0s' {1..9})"
asking steps key code:1 password:2
ask_at 0 "" steps 'Code: $' '1\n' 'password: $' '2\n'
check "key, code and password, one after another" test "$(tries steps)" = "publickey keyboard-interactive keyboard-interactive password "
ask_at 1 "BatchMode yes" steps
check "where there is nobody, it says what is missing" complained '^E_AUTH steps .*the host allows keyboard-interactive, beside what it has accepted; keys tried: .*keyboard-interactive needs somebody to ask'
asking keyed key
ask_at 1 "PubkeyAuthentication no" keyed
check "PubkeyAuthentication no: no key is tried" test "$(tries keyed)" = ""
finish
