#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # check runs the functions

. "$(dirname "$0")/../support/lib.sh"
with_own_mounts "$@"
begin "a nameserver on a full disk refuses changes and goes on reading; one on a read-only disk says so and ends; a full disk for the log hinders nothing"
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

# Where only the log has no room.
mkdir "$tmp/logs"
mount -t tmpfs -o size=64k,mode=700 tmpfs "$tmp/logs"
printf '[nameserver]\nlog = %s\nlog_level = debug\n' "$tmp/logs/ns.log" >"$tmp/ns.conf"
fill() { # what is left of it
        cat /dev/zero >"$tmp/logs/rest" 2>/dev/null
        test "$(stat -f -c %a "$tmp/logs")" = 0
}
check "the log's disk is full" fill
start ns nameserver --config "$tmp/ns.conf" --database "$tmp/logged.db" --socket "$tmp/ns.sock"
stock 0 'for i in range(1000): ns.register("name%d" % i, "PYRO:o@h:1")' 'print(ns.count())'
check "names are registered" said '^1001$'
kill -HUP "$(pid ns)"
stock 0 'print(ns.remove(prefix="name"))'
check "and removed" said '^1000$'
rm "$tmp/logs/rest"
kill -HUP "$(pid ns)"
check "when there is room the log goes on" wait_until grep -qs 'SIGHUP: configuration read' "$tmp/logs/ns.log"
check "with whole lines" test -z "$(grep -vE '^[0-9T:.Z-]+ (error|warning|info|debug) nameserver' "$tmp/logs/ns.log")"
check "it ends with status 0" stop ns
finish
