#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stack.sh"
begin "a job manager: what an instance finds, its slots, its files, and how it ends"

# An application of a few lines of shell tells what it was given, before the solver takes its place.
cat >"$tmp/curious" <<'END'
#!/bin/bash
{ env; echo "cwd=$PWD mode=$(stat -c %a .)"; ls -l /proc/self/fd/; echo "session=$(ps -o sid= $$) group=$(ps -o pgid= $$)"; } >found.txt
sleep 1000 & # left behind, as careless programs do
setsid sleep 1000 &
export LISTEN_PID=$$
exec "$@"
END
chmod +x "$tmp/curious"

nameserver_up
jobman_conf jobs <<END
[application Solver]
command = $tmp/curious $PYROPE_BIN_DIR/thermal-solver
maxJobs = 2
set = COLOUR=red
files = $tmp/curious
[application Silent]
command = /bin/sleep 1000
startTimeout = 300ms
[application Dying]
command = /bin/sh -c "echo my last words; exit 3"
[application Missing]
command = $tmp/no-such-program
END
of_instances() { # processes in a work directory, also one that is removed; another test's may run beside them
        find /proc/[0-9]*/cwd -maxdepth 0 -lname "$tmp/jobs-jobs/*" 2>/dev/null
}

SECRET=not-for-instances jobman_up jobs

check "it is registered" test "$(names jobs)" = jobs
check "all slots are free" test "$(free_jobs jobs)" = 5
expect 0 pyrope call jobs getApplicationSignature '"Solver"'
check "the signature is the name unless configured" said '^"Solver"$'

# --- an instance ---

# shellcheck disable=SC2016 # expanded by the inner shell
inner='pyrope call jobs getStatus --json; pyrope call jobs getNumberOfFreeJobs "\"Solver\""; echo "$PYROPE_JOB"
       pyrope call jobs getPyroFile "\"$PYROPE_JOB\"" "\"found.txt\"" --json'
expect 0 allocate-app Solver -- bash -c "$inner"
check "a slot was taken" said '^1$'
job=$(grep -oE '^Solver-[a-z0-9]{8}$' "$tmp/out")
check "it had an id" test -n "$job"
check "it was running" said '"state": ?"running"'
grep -oE '"[A-Za-z0-9+/=]{100,}"' "$tmp/out" | tr -d '"' | base64 -d >"$tmp/found"
check "its directory was private" grep -q 'mode=700' "$tmp/found"
check "it led its process group, in a session of ours" grep -qE 'session= *[0-9]+ group= *[0-9]+' "$tmp/found"
check "it had what the configuration sets" grep -qx 'COLOUR=red' "$tmp/found"
check "it had the id" grep -qx "PYROPE_OBJECT=$job" "$tmp/found"
check "it inherited the socket as descriptor 3" grep -qE ' 3 -> socket:' "$tmp/found"
check "it saw nothing else of our environment" test -z "$(grep -E 'SECRET|WAIT_S|CTEST' "$tmp/found")"
check "it had no other descriptor" test -z "$(grep -E ' ([4-9]|1[0-9]) -> ' "$tmp/found" | grep -v /proc/)"
check "it is released without waiting for the grace period" test ! -s "$tmp/err"
check "its name is gone" test -z "$(names Solver-)"
check "its slot is free" test "$(free_jobs jobs)" = 5
check "its directory is gone" test -z "$(ls "$tmp/jobs-jobs")"
check "what it left behind is gone" test -z "$(of_instances)"

# --- starts that fail say why ---

expect 1 allocate-app Dying -- true
check "the exit status and the last words are told" complained 'exit status 3; last words: my last words'
expect 1 allocate-app Silent -- true
check "one that never answers is given up" complained 'Silent did not start: no answer within 300 ms'
expect 1 allocate-app Missing -- true
check "a program that is not there is named" complained 'cannot execute .*/no-such-program: No such file'
check "no slot is lost by it" test "$(free_jobs jobs)" = 5
check "and no name" test -z "$(names Dying-; names Silent-; names Missing-)"

# --- a full house ---

expect 1 allocate-app Solver Solver Solver -- true
check "the third of two slots is refused in words" complained 'no free slot|2 of 2'
check "and what was allocated before is given back" test "$(free_jobs jobs)" = 5

# --- nothing is left in the table of processes ---

children() { # those of the job manager, the ended ones that it did not collect included
        ps --ppid "$(pid jobs)" -o pid=,stat=,comm=
}
allocate-app Solver >"$tmp/held" 2>&1 &
holder=$!
wait_for_line "$tmp/held" '^PYRO:' "$holder" >/dev/null
check "one instance is one child" test "$(children | wc -l)" = 1
kill "$holder"
wait "$holder"
# shellcheck disable=SC2317 # wait_until runs it
none_left() { test -z "$(children)"; }
check "every supervisor is collected" wait_until none_left

# --- files ---

# shellcheck disable=SC2016
expect 0 allocate-app Solver -- bash -c 'call() { pyrope call jobs "$@"; }
        job="\"$PYROPE_JOB\""
        for name in ../x /etc/passwd .hidden a/b ""; do call getPyroFile "$job" "\"$name\"" 2>&1; done
        call uploadFile "$job" "\"x\"" "{\"\$bytes\": \"QUJD\"}" 5 2>&1
        call getPyroFile "$job" "\"none\"" 2>&1
        call getJobWorkDir "\"no-such-job\"" 2>&1
        true'
check "names that lead elsewhere are refused" test "$(grep -c 'ValueError: a file name' "$tmp/out")" = 5
check "a piece that does not fit on is refused" said 'FileNotFoundError|ValueError: x: offset 5'
check "a file that is not there is named" said 'FileNotFoundError: none'
check "an unknown job is named" said 'ValueError: no such job: no-such-job'

# --- wrong arguments ---

expect 1 pyrope call jobs allocateJob '"Nonsense"'
check "an unknown application is told with those on offer" complained 'ValueError: no application Nonsense; on offer: Solver, Silent'
expect 1 pyrope call jobs allocateJob
check "the application must be said where there are several" complained 'say which application'
expect 1 pyrope call jobs allocateJob 1 2 3 4 5
check "too many arguments are counted" complained 'TypeError: .*takes'
expect 1 pyrope call jobs uploadFile '"x"' '"y"' 7
check "an argument of a wrong type is named" complained "TypeError: .*data"

# --- the end ---

allocate-app Solver >"$tmp/held" 2>&1 &
holder=$!
wait_for_line "$tmp/held" '^PYRO:' "$holder" >/dev/null
stop jobs
check "a job manager that is told to stop ends well" test $? = 0
check "its instances are gone" test -z "$(of_instances)"
check "its names are gone" test -z "$(names jobs; names Solver-)"
wait "$holder"
check "who held an instance is told" test $? = 1

# Told to stop just when an instance was cleaned up; slow, so that the one meets the other.
n_good=0
for _ in {1..20}; do
        start jobs nice -n 19 jobman --config "$tmp/jobs.conf"
        allocate-app Solver -- true >"$tmp/out" 2>"$tmp/err"
        stop jobs && n_good=$((n_good + 1))
done
check "20 times it ends well, whatever it was at" test "$n_good" = 20

# What one job leaves behind, such as the number of its descriptor, is not taken for another's that begins meanwhile.
jobman_conf many <<END
[application Many]
command = $PYROPE_BIN_DIR/thermal-solver
maxJobs = 8
END
start many nice -n 19 jobman --config "$tmp/many.conf" # slow, as above
side_by_side() { # NAME
        for _ in {1..20}; do timeout 10 allocate-app Many -- true || echo failed; done >"$tmp/$1" 2>&1
}
loops=()
for loop in {1..8}; do
        side_by_side "side$loop" {never_fd}<&- &
        loops+=($!)
done
wait "${loops[@]}"
check "160 instances that begin and end side by side all do so" test "$(cat "$tmp"/side[1-8])" = ""
finish
