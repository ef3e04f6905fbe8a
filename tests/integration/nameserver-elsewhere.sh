#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # `check` runs functions

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stack.sh"
begin "a nameserver on another host is reached by SSH, also with a key that is good for nothing else; of a list the first that answers is asked"
need_sshd 2
export PYROPE_SSH_CONFIG=$FX_SSH_CONFIG

# --- pyrope pipe nameserver ---
start ns nameserver --database "$tmp/ns.db" --zone there
socket=$tmp/run/nameserver.sock
piped() { # STRING of printf: what comes back
        printf '%b' "$1" | timeout 10 pyrope pipe nameserver >"$tmp/answer" 2>"$tmp/err"
}
check "a stream without a word ends in peace" piped ''
check "and nothing was said" test ! -s "$tmp/answer" -a ! -s "$tmp/err"
piped 'this is not Pyro5, whatever comes, and it has more than forty bytes'
check "the nameserver hangs up on a stranger, and so does the pipe" test ! -s "$tmp/err"
expect 2 pyrope pipe jobman
check "it knows one thing" complained "knows nothing of 'jobman'"
expect 1 env PYROPE_NAMESERVER=/nowhere.sock pyrope pipe nameserver
check "nobody there is one line" complained 'nobody listens on /nowhere.sock'

# --- keys ---
unset PYROPE_RUNTIME_DIR
mkdir -m 700 "$tmp/here"
as_here=(env "PYROPE_RUNTIME_DIR=$tmp/here" PYROPE_ZONE=here)
key=$(cat "$FX_KEY.pub")
for_all() { echo "$key" >"$FX_DIR/h1/authorized_keys"; }
held() { # one purpose: the way to the nameserver
        echo "command=\"PYROPE_RUNTIME_DIR=$tmp/run $PYROPE_BIN_DIR/pyrope pipe nameserver\",restrict $key" >"$FX_DIR/h1/authorized_keys"
}
for_all
expect 0 "${as_here[@]}" pyrope --nameserver "ssh://h1/./u:$socket" list
check "a key for all goes to the socket" said '^Pyro\.NameServer '
held
for location in ssh://h1 "ssh://h1/./u:$socket"; do
        expect 0 "${as_here[@]}" pyrope --nameserver "$location" list
        check "a key that is held to the pipe goes through it: $location" said '^Pyro\.NameServer '
done
expect 0 "${as_here[@]}" pyrope --nameserver ssh://h1 register there.solver PYRO:x@192.0.2.1:4711
expect 0 "${as_here[@]}" pyrope --nameserver ssh://h1 lookup there.solver
check "names can be entered through it" said '192\.0\.2\.1:4711'
expect 1 "${as_here[@]}" pyrope --nameserver ssh://h1 ping PYRO:x@ssh://h1/127.0.0.1:22
echo "command=\"/bin/false\",restrict $key" >"$FX_DIR/h1/authorized_keys"
expect 1 "${as_here[@]}" pyrope --nameserver ssh://h1 list
check "a key for another purpose is one line" complained 'h1'
held

# --- a job manager registers with such a key ---
cat >"$tmp/jobman.conf" <<END
[jobman]
name = Jobs@here
workDir = $tmp/jobs
ssh = h2
[nameserver]
location = ssh://h1
[application Sleeper]
command = /bin/sleep 1000
END
start jobman "${as_here[@]}" jobman --config "$tmp/jobman.conf"
expect 0 pyrope --nameserver "$socket" lookup Jobs@here
check "a job manager registers through it" said 'jobman-Jobs-here\.sock'
expect 0 env PYROPE_RUNTIME_DIR="$tmp/run" PYROPE_ZONE=there pyrope --nameserver "$socket" call Jobs@here getNumberOfFreeJobs
check "and is reached by its own ssh host" said '^1$'
stop jobman
expect 1 pyrope --nameserver "$socket" lookup Jobs@here

# --- through other hosts ---
sed 's/^ssh = .*/ssh = h1,h2/; s/^name = .*/name = Inner@here/' "$tmp/jobman.conf" >"$tmp/inner.conf"
start inner "${as_here[@]}" jobman --config "$tmp/inner.conf"
for_all # the jump needs a port there
in_there=(env PYROPE_RUNTIME_DIR="$tmp/run" PYROPE_ZONE=there pyrope --nameserver "$socket")
expect 0 "${in_there[@]}" call Pyro.NameServer resolve '"Inner@here"'
check "the way has those in front that lead there" said '"ssh": "h1,h2"'
before=$(grep -c 'Accepted publickey' "$FX_DIR/h1/log")
expect 0 "${in_there[@]}" call Inner@here getNumberOfFreeJobs
check "an object behind them is reached from another zone" said '^1$'
check "through the first" test "$(grep -c 'Accepted publickey' "$FX_DIR/h1/log")" -gt "$before"
where=$(pyrope --nameserver "$socket" --zone here lookup Inner@here)
expect 0 "${as_here[@]}" pyrope --nameserver "ssh://h1/./u:$socket" register --ssh "h1,$FX_USER@h2" of.hand "$where"
expect 0 "${in_there[@]}" call of.hand getNumberOfFreeJobs
check "so is one that was registered by hand" said '^1$'
expect 0 "${in_there[@]}" call "${where/@/@ssh://h1,h2/}" getNumberOfFreeJobs
check "and a place that a person typed" said '^1$'
for way in 'h1,' h1,-oX=y 'h1,h2 h2' h1,h1,h1,h1,h1,h1,h1,h1,h2; do
        expect 1 "${as_here[@]}" pyrope --nameserver "$socket" register --ssh "$way" of.hand "$where"
        check "what is no way is one line: $way" complained 'ssh is not \[user@\]host\[:port\], nor up to 8 of these'
done
"$top/tests/support/sshd_fixture.sh" kill1 "$FX_DIR" 1
expect 1 "${in_there[@]}" call Inner@here getNumberOfFreeJobs
check "a host on the way that is gone is one line" complained 'h2 via h1: h1: connecting to .*Connection refused$'
"$top/tests/support/sshd_fixture.sh" up1 "$FX_DIR" 1
stop inner
held

# --- a list ---
start second nameserver --database "$tmp/second.db" --socket "$tmp/here/second.sock"
list="/nowhere.sock, $tmp/here/second.sock $socket"
expect 0 pyrope --nameserver "$list" register of.the.second PYRO:x@./u:/run/x.sock
expect 0 pyrope --nameserver "$tmp/here/second.sock" lookup of.the.second
check "of a list the first that answers is asked" said '/run/x\.sock'
expect 1 pyrope --nameserver "/nowhere.sock,/nor-here.sock" list
check "if none answers each says why" complained 'no nameserver answers: .*/nowhere\.sock.*; .*/nor-here\.sock'
freeze second
SECONDS=0
expect 0 pyrope --timeout 60 --nameserver "$list" list
check "one that is frozen costs five seconds" test "$SECONDS" -lt 15
check "and the next is asked" said '^there\.solver '
kill -CONT "$(pid second)"
expect 2 pyrope --nameserver '/a.sock,-x' list
check "each must be a location" complained "'/a\.sock,-x' is no location"
finish
