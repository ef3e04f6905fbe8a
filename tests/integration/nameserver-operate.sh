#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # `check` runs functions

. "$(dirname "$0")/../support/lib.sh"
begin "the nameserver reads its configuration again on SIGHUP and keeps the old one if that is wrong; logs rotate; systemd is told, and may hand over the socket"
as_systemd=$top/tests/support/as_systemd
mkdir -p "$tmp/config/pyrope/nameserver.conf.d"
conf=$tmp/config/pyrope/nameserver.conf
extra=$conf.d/50-extra.conf

told() { # REGEX: waits until systemd was told so
        wait_for_line "$tmp/systemd.out" "$1" "$(pid systemd)" >/dev/null
}
logged() { # REGEX: waits until the log says so
        wait_for_line "$tmp/ns.log" "$1" "$(pid ns)" >/dev/null
}
hup() { kill -HUP "$(pid ns)"; }

# --- one look at a configuration ---
printf '[nameserver]\nzone = z\nlog = %s\n' "$tmp/ns.log" >"$conf"
expect 0 nameserver --check
check "a right configuration makes no words" test ! -s "$tmp/out" -a ! -s "$tmp/err"
check "and nothing else" test ! -e "$tmp/state" -a ! -e "$tmp/run" -a ! -e "$tmp/ns.log"
printf '[nameserver]\nusers = root no-such-user\n' >"$extra"
expect 1 nameserver --check
check "a wrong drop-in is told by its file and line" complained "50-extra\.conf:2: there is no user 'no-such-user'"
rm "$extra"

# --- what systemd hears, and SIGHUP ---
start systemd "$as_systemd" notify "$tmp/notify.sock"
NOTIFY_SOCKET=$tmp/notify.sock start ns nameserver
check "systemd hears that it serves" told '^READY=1 STATUS=serving$'
check "the log is a file" logged ' info nameserver: .* names, zone z$'
check "which is private" test "$(stat -c %a "$tmp/ns.log")" = 600
check "and standard error has nothing of it" test ! -s "$tmp/ns.err"
printf '[nameserver]\nlog_level = debug\ndatabase = /elsewhere.db\n' >"$extra"
hup
check "SIGHUP is told" told '^RELOADING=1 MONOTONIC_USEC=[0-9]+$'
check "what counts only at a start is named" logged "warning nameserver: 'database' differs"
check "and its end" logged 'info nameserver: SIGHUP: configuration read'
expect 0 pyrope ping
check "the log's level changed" logged ' debug nameserver'
echo 'log_levle = info' >>"$extra"
hup
check "a wrong configuration is told by its line" logged 'error nameserver: SIGHUP: .*stays as it was: .*50-extra\.conf:4: '
check "to systemd too" told '^READY=1 STATUS=configuration refused: .*50-extra\.conf:4: '
expect 0 pyrope ping
rm "$extra"
: >"$tmp/ns.log"
hup
check "back to what it was, in a log that was truncated" logged 'SIGHUP: configuration read'

# --- rotation under load ---
load() { # until told to end; says how many calls failed
        local failed=0
        until [ -e "$tmp/enough" ]; do pyrope list >/dev/null 2>&1 || failed=$((failed + 1)); done
        echo "$failed" >"$tmp/failed"
}
load &
load_pid=$!
for i in 1 2 3 4 5 6 7 8 9 10; do
        mv "$tmp/ns.log" "$tmp/ns.log.$i"
        hup
        wait_until test -s "$tmp/ns.log"
done
touch "$tmp/enough"
wait "$load_pid"
check "a log that is moved away is opened again" test -s "$tmp/ns.log"
check "ten rotations cost no call" test "$(cat "$tmp/failed")" = 0
mv "$tmp/ns.log" "$tmp/ns.log.old"
mkdir "$tmp/ns.log"
hup
old_goes_on() { wait_for_line "$tmp/ns.log.old" 'error nameserver: SIGHUP: log .*the old file goes on' "$(pid ns)" >/dev/null; }
check "where it cannot be, the old file goes on" old_goes_on
rmdir "$tmp/ns.log"
stop ns
status=$?
check "it ends well" test "$status" = 0
check "systemd hears of the end" told '^STOPPING=1 '

# --- a socket that is handed over, whatever its mode ---
open_programs
for mode in 600 666; do
        start ns "$as_systemd" listen "$tmp/open/ns-$mode.sock" "$mode" nameserver
        check "the inherited socket is the one" test "$(ready_uri ns)" = "PYRO:Pyro.NameServer@./u:$tmp/open/ns-$mode.sock"
        check "its mode is the administrator's" test "$(stat -c %a "$tmp/open/ns-$mode.sock")" = "$mode"
        expect 0 pyrope --nameserver "$tmp/open/ns-$mode.sock" list
        check "and serves" said 'Pyro\.NameServer'
        if [ "$(id -u)" = 0 ]; then
                expect 1 setpriv --reuid 65533 --regid 65533 --clear-groups pyrope --nameserver "$tmp/open/ns-$mode.sock" list
                check "to nobody else" complained "ns-$mode\.sock"
        fi
        stop ns
        check "its file is the administrator's to remove" test -S "$tmp/open/ns-$mode.sock"
done
finish
