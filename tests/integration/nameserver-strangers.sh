#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
WAIT_S=300
begin "another user who may use a nameserver changes none of our names in 1 000 tries of each kind, nor its log, nor its time"
need_root
need_python
STRANGER=64002

cat >"$tmp/ns.conf" <<END
[nameserver]
users = $STRANGER
names_per_user = 50
END
start ns nameserver --config "$tmp/ns.conf" --database "$tmp/ns.db" --socket "$tmp/ns.sock" --listen 127.0.0.1:0
expect 0 "$python" "$top/tests/integration/nameserver_strangers.py" "$(ready_uri ns 2)" "$(ready_uri ns)" $STRANGER
cat "$tmp/out"
check "0 of 1 000 names were changed in 1 000 tries of each kind" said '^8000 tries, 0 succeeded, 0 of 1000 names changed$'
check "hostile names come back as they went" said '^[1-9][0-9]* hostile names, 0 wrong$'
check "hostile patterns end, and keep nobody waiting" said '^[1-9][0-9]* hostile patterns ended'
check "as many names as he may have are his, and one more is refused" said '^50 names, then: you have no room'
check "every line of the log begins as one" test -z "$(grep -vE '^[0-9T:.Z-]+ (error|warning|info|debug) nameserver: ' "$tmp/ns.err")"
check "no control byte is in the log" test -z "$(grep -P '[\x00-\x08\x0b-\x1f\x7f]' "$tmp/ns.err")"
check "the log has a line for each removal that left others' names, and a few more" test "$(wc -l <"$tmp/ns.err")" -lt 20

# Made an administrator while it runs, he may.
echo "administrators = $STRANGER" >>"$tmp/ns.conf"
kill -HUP "$(pid ns)"
wait_for_line "$tmp/ns.err" 'SIGHUP: configuration read' "$(pid ns)" >/dev/null
expect 0 "$python" "$top/tests/integration/nameserver_strangers.py" "$(ready_uri ns 2)" "$(ready_uri ns)" $STRANGER --administrator
check "an administrator removes them all" said '^1000 names removed, 0 left$'
check "the nameserver ends on SIGTERM with status 0" stop ns
finish
