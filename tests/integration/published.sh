#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # `check` runs functions

. "$(dirname "$0")/../support/lib.sh"
begin "a published name stays registered at every nameserver of a list, through kill -9, an empty database and absence, and goes with its program"
TTL=3
one=$tmp/one.sock two=$tmp/two.sock
mkdir -m 700 "$tmp/one" "$tmp/two"
up() { start "$1" nameserver --database "$tmp/$1/ns.db" --socket "$tmp/$1.sock" --zone z; }
crash() { kill -KILL "$(pid "$1")" && stop "$1"; }
knows() { # SOCKET NAME...
        local socket=$1 name
        shift
        for name in "$@"; do
                pyrope --nameserver "$socket" lookup "$name" >/dev/null 2>&1 || return 1
        done
}
forgot() { ! knows "$@"; }
within() { # SECONDS COMMAND...: as wait_until, and no later
        local WAIT_S=$1
        shift
        wait_until "$@"
}
export PYROPE_ZONE=z

up one
PYROPE_NAMESERVER="$one,$two" start daemon "$PYROPE_BIN_DIR/../tests/published" a.daemon "$TTL"
cat >"$tmp/jobman.conf" <<END
[jobman]
name = Jobs@z
workDir = $tmp/jobs
[nameserver]
location = $one $two
lease = ${TTL}s
[application Published]
command = $PYROPE_BIN_DIR/../tests/published of.an.instance $TTL
END
start jobman jobman --config "$tmp/jobman.conf"
expect 0 pyrope --nameserver "$one" call Jobs@z allocateJob
instance=$(grep -o 'Published-[a-z0-9]*' "$tmp/out" | head -1)
check "an instance has a name" knows "$one" "$instance"
names=(a.daemon Jobs@z "$instance" of.an.instance)
check "all names are there" knows "$one" "${names[@]}"

up two
check "a nameserver that comes later has them within a term" within "$TTL" knows "$two" "${names[@]}"

# A restart costs nothing; an empty database not more than a term.
crash one
up one
check "after kill -9 all are there" knows "$one" "${names[@]}"
crash one
rm -r "$tmp/one" && mkdir -m 700 "$tmp/one"
check "while it is away, the other one answers" test "$(pyrope --nameserver "$one,$two" call a.daemon answer)" = 42
up one
check "one that lost its database is whole again within a term" within "$TTL" knows "$one" "${names[@]}"
expect 0 pyrope --nameserver "$one" remove a.daemon
check "a name that somebody removed is back, too" within "$TTL" knows "$one" a.daemon

# Leases are renewed: names outlive their terms, and only those whose program lives.
freeze daemon
check "a program that does not run keeps its name as long as its connection" knows "$one" a.daemon
crash one
up one
check "and loses it after a term without" wait_until forgot "$one" a.daemon
check "others do not" knows "$one" Jobs@z "$instance" of.an.instance
kill -CONT "$(pid daemon)"
check "when it goes on, it is back" within "$TTL" knows "$one" a.daemon
kill -KILL "$(pid daemon)"
stop daemon
check "a killed program's name goes" wait_until forgot "$one" a.daemon
check "from each nameserver" wait_until forgot "$two" a.daemon

# What ends in order removes its names, also where a nameserver is away meanwhile.
crash two
expect 0 pyrope --nameserver "$one" call Jobs@z terminateJob "\"$instance\""
check "a job that ended has no name" wait_until forgot "$one" "$instance"
up two
check "nor where the nameserver was away" wait_until forgot "$two" "$instance"
stop jobman
check "a job manager takes its name along" forgot "$one" Jobs@z
check "everywhere" forgot "$two" Jobs@z
finish
