#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/cuts.sh"
. "$(dirname "$0")/../support/sessions.sh"
begin "an SSH connection that is silent for good while the host answers others: through another host, by a program; and one that is only slow"
need_sshd 2
config=$FX_SSH_CONFIG
mkdir "$tmp/s"
for mode in echo count; do start $mode "$PYROPE_TEST_BIN_DIR/stream-server" "$tmp/s/$mode" $mode; done
logins() { # I: how many came to host I
        grep -c '^Accepted publickey' "$FX_DIR/h$1/log"
}
taken() { # so many connections came to the proxy
        order counts
        grep -oE '^ok connections [0-9]+' <<<"$told" | cut -d' ' -f3
}

echo "# they fall silent"
cuts_up h2 behind
config=$cut_config with behind "Host cut
ProxyJump h1"
probe behind "$tmp/behind"
ask behind "open 1 $(at cut) 15000" OK "a session through another host"
ask behind "echo 1 hello" 'OK hello' "is there"
order cut silence
before=$(logins 1)
tell behind "wait 1 20000"

cuts_up h2 program
config=$cut_config with program "Host cut
ProxyCommand sh -c 'echo once >>$tmp/ran; exec ssh -F $FX_SSH_CONFIG -W %h:%p h1'"
probe program "$tmp/program"
ask program "open 1 $(at cut) 15000" OK "one by a program of the user's"
ask program "echo 1 hello" 'OK hello' "is there, too"
order cut silence
tell program "wait 1 20000"

echo "# one that is slow"
cuts_up h2 slow
probe slow "$cut_config"
ask slow "open 1 ssh://cut/./u:$tmp/s/count 15000" OK "a session"
order rate 34000 # sshd says something after each 131072 bytes, every 3.9 s
ask slow "push 1 260000" OK "bytes, which the way in between takes at once and hands on slowly"
ask slow "wait 1 60000" 'OK bytes' "all come to the other end"
check "which was doubted meanwhile" test "$(taken)" -gt 1
ask slow sessions 'OK \[cut: up logins=1 .*\]' "but it is the same session"

echo "# they are noticed"
hears behind 'OK gone' "through another host it is noticed"
check "as silence of this connection alone" logs behind ' lost: .*the SSH connection broke: silent for [0-9]+ s, while a new connection was answered in [0-9]+ ms$'
ask behind sessions 'OK .*\[h1: up logins=1 .*' "the session to the host in front is as before"
check "nobody logged in there for it" test "$(logins 1)" -le $((before + 1)) # the program did
ask behind "open 1 $(at cut) 15000" OK "a new session is made at once"
ask behind "echo 1 hello" 'OK hello' "and is well"
hears program 'OK gone' "by a program it is noticed as well"
check "but not by a second connection" logs program ' lost: .*the SSH connection broke: silent for 1[345] s$'
check "for the program is run once for each login only" test "$(wc -l <"$tmp/ran")" = 1
finish
