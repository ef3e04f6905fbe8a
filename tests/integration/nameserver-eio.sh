#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "a nameserver whose disk fails to sync acknowledges nothing, goes on reading, and recovers with what it acknowledged"

export PYROPE_NAMESERVER=./u:$tmp/ns.sock
export FAILING_FSYNC=$tmp/failing
preload=$PYROPE_TEST_BIN_DIR/libfailing-fsync.so
serve() { # the sanitizers of that build insist on being first
        start ns env LD_PRELOAD="$preload" ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" \
                nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock"
}

serve
expect 0 pyrope register before PYRO:o@./u:/run/o.sock
: >"$FAILING_FSYNC"
for name in one two; do
        expect 1 pyrope register $name PYRO:o@./u:/run/o.sock
        check "$name is not acknowledged, and the reason has the file's name" complained "OSError: $tmp/ns\.db: disk I/O error"
done
expect 1 pyrope remove before
check "nor is a removal" complained "OSError: $tmp/ns\.db: disk I/O error"
expect 0 pyrope lookup before
check "reading goes on" said '^PYRO:o@'
expect 1 pyrope lookup one
check "what was not acknowledged is not told" complained 'one'
check "the log has one line when it begins" test "$(grep -c ' error .*disk I/O error' "$tmp/ns.err")" = 1

rm "$FAILING_FSYNC"
expect 0 pyrope register after PYRO:o@./u:/run/o.sock
check "the log has one line when it is over" test "$(grep -c ' works again' "$tmp/ns.err")" = 1
kill -KILL "$(pid ns)"
stop ns
serve
for name in before after; do
        expect 0 pyrope lookup $name
done
for name in one two; do
        expect 1 pyrope lookup $name
done
check "it ends with status 0" stop ns

: >"$FAILING_FSYNC"
expect 1 env LD_PRELOAD="$preload" ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" \
        nameserver --database "$tmp/new.db" --socket "$tmp/ns.sock"
check "on such a disk none begins" complained "$tmp/new\.db: disk I/O error"
finish
