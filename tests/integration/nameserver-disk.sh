#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
with_own_mounts "$@"
begin "a nameserver on a full disk refuses changes and goes on reading; one on a read-only disk says so and ends"
need_own_mounts
need_python
mkdir "$tmp/disk"
mount -t tmpfs -o size=1m,mode=700 tmpfs "$tmp/disk" 2>"$tmp/err" || skip "no mounts here: $(cat "$tmp/err")"

stock() { # EXPECTED-STATUS PYTHON...: with the proxy `ns` of a stock client
        local status=$1
        shift
        printf '%s\n' 'import sys, Pyro5.api' 'Pyro5.config.SERIALIZER = "msgpack"' \
                'ns = Pyro5.api.Proxy(sys.argv[1])' "$@" >"$tmp/stock.py"
        expect "$status" "$python" "$tmp/stock.py" "$(ready_uri ns)"
}

start ns nameserver --database "$tmp/disk/ns.db" --socket "$tmp/ns.sock"
stock 0 'ns.register("before", "PYRO:o@h:1")'
stock 1 'for i in range(100): ns.register("%05d" % i * 5000, "PYRO:o@h:1")'
check "the client is told which file, and why" \
        grep -qE "^OSError: $tmp/disk/ns\.db: database or disk is full$" "$tmp/err"
stock 0 'print(ns.lookup("before"), ns.count())'
check "reading goes on" said '^PYRO:o@h:1 [1-9][0-9]*$'
count=$(cut -d ' ' -f 2 "$tmp/out")
stock 1 'ns.register("again" * 5000, "PYRO:o@h:1")'
check "the log has one line when it begins" test "$(grep -c ' error .*disk is full' "$tmp/ns.err")" = 1

mount -o remount,size=8m "$tmp/disk"
stock 0 'ns.register("after", "PYRO:o@h:2")' 'print(ns.lookup("after"))'
check "it works again when there is room" said '^PYRO:o@h:2$'
check "the log has one line when it is over" test "$(grep -c ' works again' "$tmp/ns.err")" = 1
check "it ends with status 0" stop ns
start ns nameserver --database "$tmp/disk/ns.db" --socket "$tmp/ns.sock"
stock 0 'print(ns.count() - len(ns.list(prefix="after")))'
check "what was acknowledged is there, and nothing that was refused" said "^$count\$"
stop ns

mount -o remount,ro "$tmp/disk"
expect 1 nameserver --database "$tmp/disk/ns.db" --socket "$tmp/ns.sock"
check "a read-only disk is named" complained "^nameserver: $tmp/disk/ns\.db-lock: Read-only file system"
finish
