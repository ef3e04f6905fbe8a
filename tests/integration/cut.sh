#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stack.sh"
begin "kill -9 in the middle of a call: the caller is told, slot and name are free at once"

FREE_S=2 # within which slot and name of a dead instance must be free

target=$(command -v conformance-target || echo "$(dirname "$PYROPE_BIN_DIR")/tests/conformance-target") # it can sleep
cat >"$tmp/slow" <<END
#!/bin/bash
exec "$target" --object-id "\$PYROPE_OBJECT"
END
chmod +x "$tmp/slow"

nameserver_up
jobman_conf jobs <<END
[application Slow]
command = $tmp/slow
[application Kept]
command = $tmp/slow
keepWorkDir = yes
END
jobman_up jobs

now() { date +%s.%N; }

# shellcheck disable=SC2317 # wait_until calls it
free_and_nameless() { [ "$(free_jobs jobs)" = 2 ] && [ -z "$(names Slow-)" ]; }

sockets() { find "$PYROPE_RUNTIME_DIR" -name 'job-*.sock'; }

figure() { # NAME SECONDS LIMIT: prints it, and whether it keeps to the limit
        awk -v name="$1" -v s="$2" -v limit="$3" 'BEGIN {
                printf "%s %.3f %s %s\n", name, s, limit, s <= limit ? "PASS" : "FAIL"; exit s > limit }'
}

status_of() { # of the one instance: a member of the job manager's answer
        pyrope call jobs getStatus --json | grep -oE "\"$1\": ?\"?[^,\"}]*" | sed 's/.*: *"\{0,1\}//' | tail -n 1
}

allocate() { # sets $holder, $uri, $victim: an instance in the middle of a call, whose end goes to $tmp/call
        : >"$tmp/held"
        allocate-app Slow >"$tmp/held" 2>"$tmp/held.err" &
        holder=$!
        uri=$(wait_for_line "$tmp/held" '^PYRO:' "$holder")
        victim=$(status_of pid)
        : >"$tmp/call"
        PYROPE_LOG=debug pyrope call "$uri" sleep 1000 >"$tmp/call" 2>&1 &
        caller=$!
        wait_for_line "$tmp/call" 'connected' "$caller" >/dev/null
}

ended() { # SENTENCE: the call and the holder are told, and all is free again
        local begun=$killed
        wait "$caller"
        check "$1: the call fails" test $? = 1
        figure "caller_told_s" "$(awk -v a="$begun" -v b="$(now)" 'BEGIN { print b - a }')" "$FREE_S"
        check "$1: the caller is told within $FREE_S s" test $? = 0
        check "$1: in words" grep -qE '^pyrope: .*(hung up|ended|closed|gone)' "$tmp/call"
        wait "$holder"
        check "$1: allocate-app fails" test $? = 1
        check "$1: and says why" grep -qE "^allocate-app: Slow-[2-9a-z]{8} on jobs ended: $2" "$tmp/held.err"
        wait_until free_and_nameless
        figure "slot_and_name_free_s" "$(awk -v a="$begun" -v b="$(now)" 'BEGIN { print b - a }')" "$FREE_S"
        check "$1: slot and name are free within $FREE_S s" test $? = 0
        check "$1: and no socket is left" test -z "$(sockets)"
}

allocate
killed=$(now)
kill -KILL "$victim"
ended "an instance is killed" "killed by signal 9"

allocate
killed=$(now)
kill -KILL "$(ps -o ppid= -p "$victim" | tr -d ' ')"
ended "its supervisor is killed" "its supervisor was killed"
check "the instance went with it" wait_until is_gone "$victim"

# The job manager itself: its instances end, and another one starts in its place, while they do so or afterwards.
kill_jobman() {
        kill -KILL "$(pid jobs)"
        wait "$(pid jobs)" 2>/dev/null
        unset "pid_of[jobs]"
}

# shellcheck disable=SC2317 # wait_until calls it
nothing_left() { # neither name, nor socket, nor work directory, but those that are to be kept
        left=$(
                names Slow-
                names Kept-
                sockets
                find "$tmp/jobs-jobs" -mindepth 1 -maxdepth 1 ! -name 'Kept-*'
        )
        [ -z "$left" ]
}

removed() { # SENTENCE: within the time that a job manager takes to look again
        check "$1" wait_until nothing_left
        [ -z "$left" ] || echo "# left: $left"
}

allocate-app Kept >"$tmp/kept" 2>"$tmp/kept.err" &
keeper=$!
wait_for_line "$tmp/kept" '^PYRO:' "$keeper" >/dev/null
allocate
kill_jobman
check "without its job manager an instance ends" wait_until is_gone "$victim"
wait "$caller"
check "and its caller is told" test $? = 1
wait "$holder"
check "and so is allocate-app" test $? = 1
wait "$keeper"
check "something was left behind" test -n "$(names Slow-)"
jobman_up jobs
check "a new job manager has all slots" test "$(free_jobs jobs)" = 2
removed "and removes what was left behind"
check "but for a work directory that is kept" test "$(find "$tmp/jobs-jobs" -name instance.log | wc -l)" = 1

allocate
mkdir "$tmp/jobs-jobs/notes" "$tmp/jobs-jobs/Other-abcdefgh"
kill_jobman
jobman_up jobs
wait "$caller" "$holder"
rmdir "$tmp/jobs-jobs/notes" "$tmp/jobs-jobs/Other-abcdefgh"
check "directories of others are theirs" test $? = 0
removed "what still lived when it started is removed, too"
expect 0 allocate-app Slow -- true
finish
