#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "the nameserver program starts where it is told, ends when it is told, and says in one line why it does not start"

expect 0 nameserver --help
check "help names the options" said '--database'
expect 2 nameserver --databse x
check "a misspelt option is one line" complained '^nameserver: .*databse.*nameserver --help'

start ns nameserver
check "without a word it listens in the runtime directory" \
        test "$(ready_uri ns)" = "PYRO:Pyro.NameServer@./u:$tmp/run/nameserver.sock"
check "its socket is private" test "$(stat -c %a "$tmp/run/nameserver.sock")" = 600
check "its names are in the state directory" test -s "$tmp/state/pyrope/nameserver.db"
expect 1 nameserver --socket "$tmp/other.sock"
check "a second one on its database is refused" complained 'nameserver\.db: another nameserver serves this database'
expect 1 nameserver --database "$tmp/other.db"
check "a second one on its socket is refused" complained 'nameserver\.sock'
check "SIGINT ends it with status 0" stop ns INT
check "its socket is gone" test ! -e "$tmp/run/nameserver.sock"
check "nothing waits in a log" test ! -e "$tmp/state/pyrope/nameserver.db-wal"

printf '[nameserver]\nzone = z\nsocket = %s\ndatabase = %s\n' "$tmp/conf.sock" "$tmp/conf.db" >"$tmp/ns.conf"
start ns nameserver --config "$tmp/ns.conf" --socket "$tmp/option.sock"
check "options override the configuration" test "$(ready_uri ns)" = "PYRO:Pyro.NameServer@./u:$tmp/option.sock"
check "the configuration names the database" test -s "$tmp/conf.db"
kill -KILL "$(pid ns)"
check "a killed one leaves its socket behind" test -S "$tmp/option.sock"
stop ns
PYROPE_CONFIG=$tmp/ns.conf start ns nameserver --socket "$tmp/option.sock"
check "and the next one takes it over" stop ns

echo 'sokcet = /x' >>"$tmp/ns.conf"
expect 1 nameserver --config "$tmp/ns.conf"
check "a broken configuration is told by file and line" complained "ns\.conf:5: .*sokcet"
expect 1 nameserver --config "$tmp/none.conf"
check "a missing configuration is named" complained "none\.conf: No such file"
expect 1 nameserver --database "$tmp/none/ns.db"
check "a missing directory is named" complained "$tmp/none.*No such file"
expect 1 nameserver --zone 'a b'
check "a zone has a form" complained "zone 'a b' is not"

echo "no database, but somebody's notes, which are not to be touched" >"$tmp/notes"
chmod 600 "$tmp/notes"
expect 1 nameserver --database "$tmp/notes"
check "a file that is no database is refused" complained "$tmp/notes: .*not a database"
check "and left as it was" grep -q "^no database, but somebody's notes" "$tmp/notes"
mkdir -m 777 "$tmp/open"
chmod 777 "$tmp/open"
expect 1 nameserver --database "$tmp/open/ns.db"
check "a directory that others write is refused" complained "$tmp/open: others can write this directory"
expect 1 nameserver --database "$tmp/other.db" --socket "$tmp/open/ns.sock"
check "a socket in such a directory too" complained "$tmp/open"
finish
