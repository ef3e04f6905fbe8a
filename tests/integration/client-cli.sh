#!/bin/bash
# SPDX-License-Identifier: MIT
# JSON has dollar signs; check calls our functions by name.
# shellcheck disable=SC2016,SC2317

. "$(dirname "$0")/../support/lib.sh"
begin "pyrope with our own nameserver: found by itself, by option, by environment, by the name of its host"

said_just() { # TEXT: stdout is this one line
        [ "$(cat "$tmp/out")" = "$1" ]
}

# --- nothing there ---
expect 1 pyrope list
check "where it was looked for, and what to do" complained '^pyrope: no nameserver is named \(--nameserver, PYROPE_NAMESERVER\): .*start it.*'"$tmp/run"
expect 1 pyrope where nameserver
expect 0 pyrope where
check "where sockets would be" said_just "$tmp/run"
check "a private directory was made" test "$(stat -c %a "$tmp/run")" = 700
mkdir -m 755 "$tmp/open"
expect 1 pyrope --runtime-dir "$tmp/open" where
check "a directory that others may enter is refused" complained "$tmp/open"
expect 2 pyrope --runtime-dir relative where

# --- on this machine ---
start ns nameserver --database "$tmp/ns.db"
socket=$tmp/run/nameserver.sock
expect 0 pyrope where nameserver
check "the default socket" said_just "$socket"
expect 0 pyrope list
check "it knows itself" said "^Pyro.NameServer  PYRO:Pyro.NameServer@./u:$socket\$"
expect 0 env -u PYROPE_RUNTIME_DIR pyrope --runtime-dir "$tmp/run" list
expect 0 env -u PYROPE_RUNTIME_DIR pyrope list --nameserver "$socket"
expect 0 env -u PYROPE_RUNTIME_DIR PYROPE_NAMESERVER=./u:"$socket" pyrope list
expect 1 env PYROPE_NAMESERVER="$socket" pyrope list --nameserver "$tmp/none.sock"
check "options win over the environment" complained "nobody listens on $tmp/none.sock"

expect 0 pyrope register a.first PYRO:x@./u:/nowhere.sock --tag 'two words' --tag red
expect 0 pyrope register a.second PYRO:y@host:1234
expect 0 pyrope list --prefix a.
check "both" test "$(wc -l <"$tmp/out")" = 2
expect 0 pyrope list --regex 'a\.[fs]e'
check "the regex has a beginning" said '^a.second  PYRO:y@host:1234$'
expect 0 pyrope lookup a.first --json
check "the whole record" said '"metadata": \["(red", "two words|two words", "red)"\].*"unix": "/nowhere.sock"'
expect 1 pyrope register --safe a.first PYRO:z@host:1
expect 1 pyrope register a.third 'no uri'
expect 0 pyrope register $'odd\tname\n\e[31m' PYRO:x@./u:/nowhere.sock
expect 0 pyrope list
check "a name cannot move the terminal" said '^odd\\x09name\\x0a\\x1b\[31m  PYRO'
expect 0 pyrope remove $'odd\tname\n\e[31m'
expect 0 pyrope remove --regex 'a\..*'
check "two removed" said_just 2
expect 0 pyrope ping
expect 0 pyrope call Pyro.NameServer count
check "a result" said_just 1
expect 0 pyrope call PYRONAME:Pyro.NameServer count
expect 0 pyrope call "PYRONAME:Pyro.NameServer@./u:$socket" count
expect 1 pyrope call PYROMETA:none ping
check "no such tags" complained 'no object has the tags none'
expect 1 sh -c 'pyrope list >/dev/full'
check "a full disk is an error" complained 'cannot write to standard output: No space left'

# --- a nameserver that does not answer ---
freeze ns
expect 1 pyrope --timeout 300ms list
check "the deadline is kept" complained 'no answer in time'
expect 1 pyrope --timeout 300ms --json ping
check "with its code" said '"code": "E_TIMEOUT"'
kill -CONT "$(pid ns)"

# --- by the name of its host ---
export FIXTURE_EXTRA="SetEnv PATH=$PYROPE_BIN_DIR:/usr/bin:/bin PYROPE_RUNTIME_DIR=$tmp/run"
need_sshd 1
export PYROPE_SSH_CONFIG=$FX_SSH_CONFIG PYROPE_RUNTIME_DIR=$tmp/steer
expect 0 pyrope --nameserver ssh://h1 list
check "the host tells its socket" said "^Pyro.NameServer  PYRO:Pyro.NameServer@./u:$socket\$"
expect 0 pyrope --nameserver ssh://h1 where nameserver
check "which is a location as given" said_just ssh://h1
expect 0 pyrope --nameserver ssh://h1 --zone steer call Pyro.NameServer count
"$top/tests/support/sshd_fixture.sh" freeze "$FX_DIR" 1
expect 1 pyrope --nameserver ssh://h1 --timeout 1 list
check "a silent host is not waited for" complained 'h1'
"$top/tests/support/sshd_fixture.sh" thaw "$FX_DIR" 1
stop ns
expect 1 pyrope --nameserver ssh://h1 list
check "no nameserver over there" complained 'nameserver ssh://h1: .pyrope where nameserver. told no path there \(exit status 1\)'
finish
