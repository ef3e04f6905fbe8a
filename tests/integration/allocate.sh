#!/bin/bash
# SPDX-License-Identifier: MIT
# JSON has dollar signs; check calls our functions by name.
# shellcheck disable=SC2016,SC2317

. "$(dirname "$0")/../support/lib.sh"
begin "allocate-app: instances on two hosts through SSH, held, used, released, lost"
need_sshd 2
export PYROPE_SSH_CONFIG=$FX_SSH_CONFIG

# Under the address sanitizer the search for leaks at the end of an instance takes seconds now and then, more than
# allocate-app has patience for; other tests look for them.
quick_end='set = ASAN_OPTIONS=detect_leaks=0'

# The nameserver and job manager A play host h1, in zone one; job manager B plays h2, in zone two. We are in zone
# steer, so that nothing but the nameserver's own location leads anywhere without SSH.
solver=$PYROPE_BIN_DIR/thermal-solver
jobman_conf() { # NAME SSH-HOST WORK-DIR APPLICATIONS: the rest of the file from stdin
        printf '[jobman]\nname = %s\nssh = %s\nworkDir = %s\n' "$1" "$2" "$3"
        printf '[nameserver]\nlocation = %s\n' "$tmp/one/nameserver.sock"
        cat
}
mkdir "$tmp/one" "$tmp/two" "$tmp/steer" "$tmp/jobs-a" "$tmp/jobs-b"
jobman_conf Jobs@A h1 "$tmp/jobs-a" >"$tmp/a.conf" <<END
[application Thermal]
command = $solver
$quick_end
maxJobs = 2
[application Broken]
command = /bin/false
[application Slow]
command = /bin/sleep 600
startTimeout = 60s
END
jobman_conf Jobs@B h2 "$tmp/jobs-b" >"$tmp/b.conf" <<END
[application Thermal]
command = $solver
$quick_end
END
in_one=(env PYROPE_ZONE=one "PYROPE_RUNTIME_DIR=$tmp/one")
in_two=(env PYROPE_ZONE=two "PYROPE_RUNTIME_DIR=$tmp/two")
start ns "${in_one[@]}" nameserver --database "$tmp/ns.db"
start a "${in_one[@]}" jobman --config "$tmp/a.conf"
start b "${in_two[@]}" jobman --config "$tmp/b.conf"
export PYROPE_ZONE=steer PYROPE_RUNTIME_DIR=$tmp/steer
export PYROPE_NAMESERVER=ssh://h1/./u:$tmp/one/nameserver.sock

free_slots() { # JOB-MANAGER
        pyrope call "$1" getNumberOfFreeJobs
}
has_free() { # JOB-MANAGER N
        [ "$(free_slots "$1")" = "$2" ]
}
lines() { # FILE N
        [ "$(wc -l <"$1")" = "$2" ]
}
nothing_left() { # but directories that begin with a dot
        find "$tmp/steer" "$tmp/jobs-a" "$tmp/jobs-b" -mindepth 1 ! -name '.*' >"$tmp/left"
        [ ! -s "$tmp/left" ]
}
hold() { # NAME ARGUMENT...: allocate-app in the background, until it prints a line
        : >"$tmp/$1.out"
        allocate-app "${@:2}" >>"$tmp/$1.out" 2>>"$tmp/$1.err" </dev/null {never_fd}<&- &
        pid_of[$1]=$!
        check "$1 has an instance" grep -q . <(wait_for_line "$tmp/$1.out" . "$!")
}

# --- names through SSH ---
expect 0 pyrope list
check "both job managers" said '^Jobs@B '
expect 0 pyrope call Jobs@B getApplicationSignature
expect 0 pyrope ping Jobs@A

# --- for one command ---
expect 0 allocate-app Thermal -- pyrope call Jobs@A getStatus
check "it runs meanwhile" said '"state": "running"'
expect 0 allocate-app Thermal Thermal@Jobs@B -- sh -c 'pyrope call $PYROPE_URI getApplicationSignature &&
        [ "$PYROPE_URI" = "$PYROPE_URI_1" ] && [ "$PYROPE_JOB" = "$PYROPE_JOB_1" ] && echo "$PYROPE_JOB_2 $PYROPE_URI_2"'
check "both in the environment" said '^Thermal-[2-9a-z]{8} PYRO:Thermal-[2-9a-z]{8}@\./u:'"$tmp/steer/"
check "both are released" has_free Jobs@A 4
check "both are released" has_free Jobs@B 1
expect 7 allocate-app Thermal -- sh -c 'exit 7'
expect 143 allocate-app Thermal -- sh -c 'kill -TERM $$'
expect 127 allocate-app Thermal -- /no/such/command
check "which command" complained 'cannot run /no/such/command: No such file'
expect 126 allocate-app Thermal -- /etc/passwd
expect 2 allocate-app Thermal --
expect 2 allocate-app
expect 0 allocate-app Jobs@B -- sh -c 'umask; ulimit -c >/dev/null; trap'
check "the command has our umask, and no signal ignored" lines "$tmp/out" 1

# --- held ---
hold one --json Thermal@Jobs@B
uri=$(sed -n 's/.*"uri": "\([^"]*\)".*/\1/p' "$tmp/one.out")
job=$(sed -n 's/.*"job": "\([^"]*\)".*/\1/p' "$tmp/one.out")
check "a local socket of ours alone" test "$(stat -c %a "${uri#*@./u:}")" = 600
expect 0 pyrope call "$uri" getApplicationSignature
expect 0 pyrope lookup "$job" --json
check "known by its job id, with its SSH host" said '"ssh": "h2"'
check "its slot is taken" has_free Jobs@B 0
expect 1 allocate-app Thermal@Jobs@B -- true
check "a full job manager says so" complained '^allocate-app: Thermal@Jobs@B: Jobs@B: no free slot: 1 of 1 '
expect 1 allocate-app --json Jobs@B -- true
check "and as JSON" said '^\{"error": \{"code": "E_BUSY", "text": "Jobs@B: '
stop one INT
check "Ctrl-C ends it in order" test $? = 0
check "its only line was the result" lines "$tmp/one.out" 1
check "without words" lines "$tmp/one.err" 0
check "the slot is free" has_free Jobs@B 1
expect 1 pyrope lookup "$job"

hold one Thermal@Jobs@B
stop one TERM
check "SIGTERM ends it in order" test $? = 0
check "the slot is free" has_free Jobs@B 1

# --- killed ---
hold one Thermal@Jobs@B
socket=$(sed 's/.*@\.\/u://' "$tmp/one.out")
job=$(sed 's/^PYRO:\(.*\)@.*/\1/' "$tmp/one.out")
stop one KILL
check "a killed allocate-app leaves its socket" test -S "$socket"
expect 0 pyrope call Jobs@B terminateJob "\"$job\""
hold two Thermal@Jobs@B
check "the next one removes it" test ! -e "$socket"
hold three Thermal@Jobs@A
check "and no other" test -S "$(sed 's/.*@\.\/u://' "$tmp/two.out")"
stop three
stop two

# --- lost ---
hold one Thermal@Jobs@B
victim=$(pyrope call Jobs@B getStatus | grep -oE '"state": "running"[^}]*' | grep -oE '"pid": [0-9]+' | grep -oE '[0-9]+')
kill -KILL "$victim"
check "allocate-app notices" wait_until is_gone "$(pid one)"
wait "$(pid one)"
check "and fails" test $? = 1
check "with the reason" grep -qE '^allocate-app: Thermal-[2-9a-z]{8} on Jobs@B ended: killed by signal 9' "$tmp/one.err"
check "the slot is free" has_free Jobs@B 1

# --- a job manager that is silent for a while ---
begin_silence() { kill -STOP "$(pid b)"; }
end_silence() { kill -CONT "$(pid b)"; }
says() { # NAME REGEX: on stderr, by and by
        wait_until grep -qE "$2" "$tmp/$1.err"
}
: >"$tmp/one.err"
hold one Thermal@Jobs@B
job=$(sed 's/^PYRO:\(.*\)@.*/\1/' "$tmp/one.out")
begin_silence
stop one INT
check "the release gives up after a while" test $? = 1
check "and says so" grep -q "^allocate-app: $job is not released: Jobs@B: terminateJob: no answer in time" "$tmp/one.err"
end_silence
check "the job manager ends it all the same" wait_until has_free Jobs@B 1

: >"$tmp/one.err"
hold one Thermal@Jobs@B
job=$(sed 's/^PYRO:\(.*\)@.*/\1/' "$tmp/one.out")
begin_silence
kill -INT "$(pid one)"
stop one TERM
check "a second signal ends it at once" test $? -gt 128
check "with a word on how to release" grep -qF "$job may still run; release it by: pyrope call 'Jobs@B' terminateJob '\"$job\"'" "$tmp/one.err"
end_silence
expect 0 pyrope call Jobs@B terminateJob "\"$job\""
check "which is true" has_free Jobs@B 1

: >"$tmp/one.err"
begin_silence
allocate-app Thermal@Jobs@B >"$tmp/one.out" 2>"$tmp/one.err" </dev/null {never_fd}<&- &
pid_of[one]=$!
has_threads() { [ -e "/proc/$1/task" ] && [ "$(find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l)" -gt 1 ]; }
check "it has begun" wait_until has_threads "$(pid one)"
kill -INT "$(pid one)"
check "a signal during an allocation is heard" says one 'interrupted; waiting for the answer'
end_silence
wait_until is_gone "$(pid one)"
wait "$(pid one)"
check "its status says so" test $? = 130
check "nothing was printed" lines "$tmp/one.out" 0
check "and nothing is kept" has_free Jobs@B 1

begin_silence
expect 1 allocate-app --timeout 1 Thermal@Jobs@B
check "the deadline is kept" complained '^allocate-app: Thermal@Jobs@B: Jobs@B: (.*: )?no answer in time'
end_silence
# Finding the job manager, by a login, is part of that time: on a busy machine a second goes by with it.
expect 1 allocate-app --timeout 4 Slow
check "a start that takes too long" complained '^allocate-app: Slow: Jobs@A: allocateJob: no answer in time'
check "is taken back" has_free Jobs@A 4

# --- what cannot be had ---
expect 1 allocate-app Nothing
check "what there is instead" complained '^allocate-app: Nothing: no job manager offers it \(nameserver ssh://h1/./u:[^ ]* knows: Broken, Slow, Thermal\)$'
expect 1 allocate-app Broken
check "why it did not start" complained '^allocate-app: Broken: Jobs@A: .*exit status 1'
expect 1 allocate-app Jobs@A
check "a choice is asked for" complained 'Broken.*Thermal|Thermal.*Broken'
expect 1 allocate-app Thermal@Jobs@B Nothing -- true
check "the first is released when the second fails" has_free Jobs@B 1
expect 1 pyrope --nameserver "ssh://h1/./u:$tmp/none.sock" list
check "nobody listens over there" complained "h1.*$tmp/none.sock"
expect 1 pyrope --nameserver ssh://h1 list
check "no nameserver there by itself" complained "ssh://h1: .*pyrope where nameserver"
expect 1 pyrope --nameserver "ssh://nowhere.invalid/./u:/x" list
check "an unknown host" complained "nowhere.invalid"
expect 1 pyrope --ssh-config "$tmp/none" list
check "no such configuration" complained "$tmp/none"
nothing_left || cat "$tmp/left"
check "nothing is left behind" nothing_left
finish
