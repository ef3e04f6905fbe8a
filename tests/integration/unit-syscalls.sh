#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "the nameserver makes no system call, from start to end, that its unit for systemd refuses"
command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed; scripts/packages --install installs it"
strace -qq -o /dev/null true 2>/dev/null || skip "strace is not installed, or may trace nothing here"
unit=$top/packaging/systemd/system/pyrope-nameserver.service.in

expand() { # CALL|@GROUP...: the calls, one a line
        local word
        for word in "$@"; do
                case $word in
                @*) # shellcheck disable=SC2046 # one word per call
                        expand $(systemd-analyze syscall-filter "$word" | sed -n 's/^ *\([@a-z][a-z0-9_-]*\)$/\1/p' | grep -vx -- "$word") ;;
                *) echo "$word" ;;
                esac
        done
}
allowed() { # the unit's: the first line says what there is, the others take away (~) or add
        local line
        : >"$tmp/so-far"
        while read -r line; do
                # shellcheck disable=SC2086 # one word per group
                expand ${line#\~} | sort -u >"$tmp/these"
                case $line in
                '~'*) comm -23 "$tmp/so-far" "$tmp/these" >"$tmp/next" ;;
                *) sort -u "$tmp/so-far" "$tmp/these" >"$tmp/next" ;;
                esac
                mv "$tmp/next" "$tmp/so-far"
        done < <(sed -n 's/^SystemCallFilter=//p' "$unit")
        cat "$tmp/so-far"
}
allowed >"$tmp/allowed"
check "the unit allows what services need" grep -qx sendmsg "$tmp/allowed"
check "and refuses what they do not" test "$(grep -cxE 'setuid|mount|ptrace|reboot|setpriority' "$tmp/allowed")" = 0

# A life: a group's socket, names, a search, SIGHUP with a log to be opened again, the end.
mkdir -m 700 "$tmp/shared"
printf '[nameserver]\ndatabase = %s\nsocket = %s\ngroup = %s\nlog = %s\n' \
        "$tmp/ns.db" "$tmp/shared/ns.sock" "$(id -g)" "$tmp/log" >"$tmp/ns.conf"
start ns strace -f -qq -o "$tmp/trace" nameserver --config "$tmp/ns.conf"
export PYROPE_NAMESERVER=$tmp/shared/ns.sock
expect 0 pyrope register a.name PYRO:x@./u:/run/x.sock --tag t
expect 0 pyrope list --regex 'a\..*'
expect 0 pyrope remove --prefix a.
traced=$(ps -o pid= --ppid "$(pid ns)")
kill -HUP "$traced"
check "it reads its configuration again" wait_until grep -q 'SIGHUP: configuration read' "$tmp/log"
kill -TERM "$traced"
check "it ends" wait_until is_gone "$traced"
sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' "$tmp/trace" | sort -u >"$tmp/used"
comm -23 "$tmp/used" "$tmp/allowed" | tee "$tmp/refused"
check "$(wc -l <"$tmp/used") system calls were made" grep -qx fdatasync "$tmp/used"
check "none of them is refused" test ! -s "$tmp/refused"
finish
