#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "a nameserver's database is copied while it runs and put back; one that is damaged is refused, or set aside on request"

db=$tmp/ns.db
export PYROPE_NAMESERVER=./u:$tmp/ns.sock
serve() { start ns nameserver --database "$db" --socket "$tmp/ns.sock" "$@"; }
register() { expect 0 pyrope register "$1" "PYRO:o@h:1"; }
only() { find "$tmp" -maxdepth 1 -name "$1"; }  # GLOB: the files of that name; one, it is hoped

# --- a copy ---

serve
register first
expect 0 nameserver --database "$db" --backup "$tmp/copy.db"
check "a copy of a running one says what it has" said "^$tmp/copy\.db: 2 names\$"
check "the copy is private and one file" test "$(stat -c '%a %h' "$tmp/copy.db")$(ls "$tmp"/copy.db*)" = "600 1$tmp/copy.db"
expect 1 nameserver --database "$db" --backup "$tmp/copy.db"
check "it takes no file's place" complained "$tmp/copy\.db: exists already; name another file"
register second
expect 1 nameserver --database "$db" --restore "$tmp/copy.db"
check "nothing is put back under a running one" complained 'another nameserver serves this database'
expect 0 pyrope lookup second
kill -KILL "$(pid ns)"
stop ns
check "a killed one leaves a log" test -s "$db-wal"
expect 0 nameserver --database "$db" --backup "$tmp/killed.db"
check "a copy has what is in the log" said ': 3 names$'

# --- and back ---

expect 0 nameserver --database "$db" --restore "$tmp/copy.db"
check "the way back says what there is" said "^$db: 2 names\$"
kept=$(only 'ns.db.replaced-*Z')
check "and where the database before is" said "^$kept: the database before\$"
check "its log is not left for the new one" test ! -e "$db-wal"
serve
expect 0 pyrope lookup first
expect 1 pyrope lookup second
stop ns
expect 0 nameserver --database "$tmp/new.db" --restore "$kept"
check "the database before is whole" said "^$tmp/new\.db: 3 names\$"
expect 1 nameserver --database "$tmp/new.db" --backup "$tmp/a.db" --restore "$kept"
check "one at a time" complained 'either --backup or --restore'

# --- damage ---

head -c 5000 /dev/urandom >"$tmp/noise"
cp "$tmp/copy.db" "$tmp/damaged.db"
printf 'x%.0s' {1..4096} | dd of="$tmp/damaged.db" bs=4096 seek=2 conv=notrunc status=none
for file in noise damaged.db; do
        expect 1 nameserver --database "$db" --restore "$tmp/$file"
        check "$file is not put back" complained "$tmp/$file: (is damaged|file is not a database)"
done
: >"$tmp/empty"
chmod 600 "$tmp/empty"
expect 1 nameserver --database "$db" --restore "$tmp/empty"
check "nor is an empty file" complained "$tmp/empty: is empty"
serve
expect 0 pyrope lookup first
stop ns

cp "$tmp/damaged.db" "$db"
expect 1 nameserver --database "$db" --socket "$tmp/ns.sock"
check "a damaged database is refused" complained "$db: is damaged: "
check "and left as it was" cmp -s "$db" "$tmp/damaged.db"
serve --set-aside
check "on request it is set aside" cmp -s "$(only 'ns.db.damaged-*Z')" "$tmp/damaged.db"
check "the log tells why, and where it is" test "$(grep -cE 'warning .*(is damaged|it is kept there)' "$tmp/ns.err")" = 2
expect 1 pyrope lookup first
register first
stop ns
serve --set-aside
expect 0 pyrope lookup first
stop ns
check "no other file is left" test "$(only 'ns.db.damaged-*Z') $(find "$tmp" -name '*.part')" = "$(only 'ns.db.damaged-*Z') "
finish
