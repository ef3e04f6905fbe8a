#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # `check` runs functions

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stack.sh"
begin "systemd is told of a job manager, and may hand it the socket; drop-ins complete its configuration"
as_systemd=$top/tests/support/as_systemd
nameserver_up
told() { # REGEX: waits until systemd was told so
        wait_for_line "$tmp/systemd.out" "$1" "$(pid systemd)" >/dev/null
}
jobman_conf jobs <<END
[application Sleeper]
command = /bin/sleep 1000
END
mkdir "$tmp/jobs.conf.d"
printf '[application Sleeper]\nmaxJobs = 7\n' >"$tmp/jobs.conf.d/more.conf"
mkdir -m 700 "$tmp/handed"

start systemd "$as_systemd" notify "$tmp/notify.sock"
NOTIFY_SOCKET=$tmp/notify.sock start jobs "$as_systemd" listen "$tmp/handed/jobs.sock" 600 jobman --config "$tmp/jobs.conf"
check "the inherited socket is the one" test "$(ready_uri jobs)" = "PYRO:jobman@./u:$tmp/handed/jobs.sock"
check "systemd hears that it serves" told '^READY=1 STATUS=serving$'
expect 0 pyrope call jobs getNumberOfFreeJobs
check "a drop-in has the last word" said '^7$'
check "it ends well" stop jobs
check "systemd hears of the end" told '^STOPPING=1 '
check "the socket's file is not its to remove" test -S "$tmp/handed/jobs.sock"

echo 'maxjobs = 8' >>"$tmp/jobs.conf.d/more.conf"
expect 1 jobman --config "$tmp/jobs.conf"
check "a mistake is told by the file that has it" complained "more\.conf:3: unknown key 'maxjobs'"
finish
