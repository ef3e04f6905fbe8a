#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # `check` runs functions

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/ssh-probe.sh"
begin "commands share their SSH sessions through an agent: one login, whatever happens to the agent; nobody else gets in"
FIXTURE_EXTRA_2="MaxSessions 1" need_sshd 2
agent_probe=$PYROPE_TEST_BIN_DIR/agent-probe
# What sanitizers find in a process without a terminal is to be seen, too.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:log_path=$tmp/sanitizer TSAN_OPTIONS=${TSAN_OPTIONS:-}:log_path=$tmp/sanitizer
export PYROPE_SHARE=yes PROBE_BACKEND=auto PYROPE_SSH_CONFIG=$FX_SSH_CONFIG
mkdir "$tmp/run" "$tmp/s"
start echo "$server" "$tmp/s/echo" echo
start stall "$server" "$tmp/s/stall" stall
start ns nameserver --socket "$tmp/ns.sock"
export PYROPE_NAMESERVER=ssh://h1/./u:$tmp/ns.sock
at=ssh://h1/./u:$tmp/s

logins() { # I: to that host, so far
        grep -c 'Accepted publickey' "$FX_DIR/h$1/log"
}
agents() { # the pids of agents that run here
        pgrep -f -- "--runtime-dir $tmp/run"
}
status() { # FIELD of the one agent
        pyrope status --json | sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p"
}
the_agent() { # waits until there is one agent; sets $agent
        wait_until one_agent
        agent=$(agents)
}
channels_are() { [ "$(status channels)" = "$1" ]; }
one_agent() { [ "$(agents | wc -l)" = 1 ]; }
no_agent() { [ -z "$(agents)" ]; }
ended() { # NAME STATUS SENTENCE: a program in the background ends so
        local status=0
        wait "${pid_of[$1]}" || status=$?
        unset "pid_of[$1]"
        check "$3" test "$status" = "$2"
}
end_agents() {
        expect 0 pyrope agent --stop
        check "no agent is left" no_agent
}

echo "# one login"
expect 0 pyrope status
check "that no agent runs is said" said '^no agent runs; '
us() { # COMMAND...: microseconds that it takes
        local begun=${EPOCHREALTIME/./}
        expect 0 "$@"
        took=$((${EPOCHREALTIME/./} - begun))
}
us pyrope list
first=$took
check "the first command logs in" test "$(logins 1)" = 1
us pyrope list
check "the second one does not" test "$(logins 1)" = 1
echo "first command: $first us; second: $took us"
the_agent
check "its socket is the user's alone" test "$(stat -c %a "$tmp"/run/agent-*.sock)" = 600
check "it has a session of its own, and no terminal" test "$(ps -o sid=,tty= -p "$agent" | xargs)" = "$agent ?"
check "and none of our descriptors" test "$(find "/proc/$agent/fd" -lname "$tmp/*" | wc -l)" = 0
expect 0 pyrope status
check "the status names process and version" said "^agent, process $agent, version [0-9.]*: unused for [0-9]* m?s, ends after 10 min$"
check "and the session" said "^  h1 \(.* port $FX_PORT\): up for .*; 0 channels, [0-9]* bytes received, [0-9]* sent$"
expect 0 pyrope status --json
check "as JSON as well" said "\"pid\": $agent.*\"state\": \"up\".*\"logins\": 1"
expect 0 pyrope --no-share list
check "--no-share logs in by itself" test "$(logins 1)" = 2
expect 0 env PYROPE_SHARE=no pyrope list
check "and so does PYROPE_SHARE=no" test "$(logins 1)" = 3
expect 2 env PYROPE_SHARE=perhaps pyrope list
check "which says nothing else" complained "PYROPE_SHARE: 'perhaps' is neither yes nor no"

echo "# what a session can do"
expect 0 "$probe" "$FX_SSH_CONFIG" text "$at/echo" hello
check "bytes go both ways" said '^hello$'
expect 0 "$probe" "$FX_SSH_CONFIG" exec h1 'echo there; exit 3'
check "commands run" said '^there$'
expect 1 "$probe" "$FX_SSH_CONFIG" open "$at/none"
check "errors come whole" complained "^E_UNREACHABLE h1 .*cannot connect to the socket $tmp/s/none: nobody listens there, or "
expect 1 "$probe" "$FX_SSH_CONFIG" open "h1;id,x,1"
check "also those of the way" complained '^E_INVALID '
expect 0 "$probe" "$FX_SSH_CONFIG" bulk "$at/echo" 8
mkfifo "$tmp/forward.in"
exec 8<>"$tmp/forward.in"
"$probe" "$FX_SSH_CONFIG" forward "$at/stall" "$tmp/s/local" <"$tmp/forward.in" 8<&- >"$tmp/forward.out" 2>&1 {never_fd}<&- &
pid_of[forward]=$!
: >>"$tmp/forward.out" # it may not have been run yet
check "a forwarded socket is ready" wait_for_line "$tmp/forward.out" READY "$(pid forward)"
"$agent_probe" greet "$tmp/s/local" >"$tmp/local.out" 8<&- &
pid_of[local]=$!
check "a connection to it is a stream of the agent's" wait_until channels_are 1
kill -KILL "$(pid forward)"
stop forward
check "which ends with the command that joined it" wait_until channels_are 0
ended local 1 "and is hung up on"
check "all that took no further login" test "$(logins 1)" = 3

echo "# commands that sshd counts"
"$agent_probe" pipe "$FX_SSH_CONFIG" h2 cat </dev/null >"$tmp/pipe.out" 2>"$tmp/pipe.err" {never_fd}<&- &
pid_of[pipe]=$!
check "a command runs at a host that permits one in a session" wait_for_line "$tmp/pipe.out" READY "$(pid pipe)"
check "its session is another one" test "$(logins 2)" = 1
expect 0 "$probe" "$FX_SSH_CONFIG" exec h2 'echo two'
check "one more runs in a session of its own" said '^two$'
check "for which it logged in" test "$(logins 2)" = 2
stop pipe

echo "# many at a time"
n_fds() { find "/proc/$agent/fd" -mindepth 1 | wc -l; }
fds_are_back() { [ "$(n_fds)" -le "$fds_before" ]; }
fds_before=$(n_fds)
for _ in 1 2 3 4; do expect 0 "$agent_probe" opens "$FX_SSH_CONFIG" "$at/echo" 250; done
check "1000 streams leave no descriptor in the agent" wait_until fds_are_back
end_agents
before=$(logins 1)
all_list() { # N: that many commands at once; what they say is in $tmp/list.*
        local i pids=()
        rm -f "$tmp"/list.*
        for ((i = 0; i < $1; i++)); do
                pyrope list >"$tmp/list.$i" 2>&1 {never_fd}<&- &
                pids+=($!)
        done
        wait "${pids[@]}"
}
listed() { cat "$tmp"/list.* | grep -c '^Pyro.NameServer '; }
all_list 8
check "eight commands at once all work" test "$(listed)" = 8
check "they start one agent" one_agent
check "and log in once" test "$(logins 1)" = $((before + 1))
all_list 200
check "200 commands at once all work" test "$(listed)" = 200
check "without a login" test "$(logins 1)" = $((before + 1))

echo "# another environment"
expect 0 env SSH_AUTH_SOCK="$tmp/other" pyrope list
check "another SSH agent, another agent of ours" test "$(agents | wc -l)" = 2
with other "Host other"
expect 0 pyrope --ssh-config "$tmp/other" list
check "and another configuration" test "$(agents | wc -l)" = 3
cd "$tmp" || exit
expect 0 pyrope --ssh-config other list
check "whatever way it is named" test "$(agents | wc -l)" = 3
cd / || exit
echo "# changed" >>"$tmp/other"
expect 0 pyrope --ssh-config "$tmp/other" list
check "one that has changed counts as another" test "$(agents | wc -l)" = 4
before=$(logins 1)
expect 0 pyrope --ssh-backend program list
check "another backend, another agent and login" test "$(agents | wc -l) $(logins 1)" = "5 $((before + 1))"
expect 0 pyrope --ssh-backend program list
check "which is shared as well" test "$(agents | wc -l) $(logins 1)" = "5 $((before + 1))"
expect 0 pyrope agent --stop
check "all of them end" said '^5 ended$'
check "none is left" no_agent
check "nor their sockets" test -z "$(find "$tmp/run" -name 'agent*')"

echo "# a key that a variable names"
# shellcheck disable=SC2016 # ssh's variable
sed 's|^ *IdentityFile .*|IdentityFile ${KEY}|' "$FX_SSH_CONFIG" >"$tmp/keyed.more"
echo "Include $tmp/*.more" >"$tmp/keyed"
expect 0 env KEY="$FX_DIR/id_ed25519" pyrope --ssh-config "$tmp/keyed" list
before=$(logins 1)
expect 0 env KEY="$FX_DIR/id_ed25519" OTHER=1 pyrope --ssh-config "$tmp/keyed" list
check "the same key: no other login" test "$(logins 1)" = "$before"
expect 1 env KEY="$tmp/none" pyrope --ssh-config "$tmp/keyed" list
check "who names a key that does not open the host has no session of another shell's" complained 'h1 .*: .*refuse'
expect 0 pyrope agent --stop
check "each had an agent" said '^2 ended$'

echo "# the end of an agent"
agent_here=(pyrope agent --runtime-dir "$tmp/run")
expect 0 "${agent_here[@]}" --background --idle 2s
the_agent
check "it ends when it is idle" wait_until is_gone "$agent"
check "and its socket is gone" test -z "$(find "$tmp/run" -name 'agent*')"
with behind "Host behind
HostName $FX_H2
ProxyJump h1"
expect 0 env PYROPE_SSH_CONFIG="$tmp/behind" "${agent_here[@]}" --background --idle 2s
expect 0 "$probe" "$tmp/behind" exec behind 'echo there'
check "a session behind another one does not keep it awake" wait_until no_agent
expect 0 "${agent_here[@]}" --background --idle 2s
the_agent
pyrope list --watch >"$tmp/watch.out" 2>"$tmp/watch.err" {never_fd}<&- &
pid_of[watch]=$!
check "a command holds a stream" wait_for_line "$tmp/watch.out" NameServer "$(pid watch)"
expect 0 env SSH_AUTH_SOCK="$tmp/other" "${agent_here[@]}" --background --idle 3s
check "another agent ends meanwhile" wait_until one_agent
check "one with a stream does not" test "$(agents)" = "$agent"
stop watch
check "until it is closed" wait_until is_gone "$agent"
"${agent_here[@]}" --idle 1h >"$tmp/foreground.out" 2>&1 {never_fd}<&- &
pid_of[foreground]=$!
check "in the foreground it says where it listens" wait_for_line "$tmp/foreground.out" "^READY $tmp/run/agent-.*\.sock$" "$(pid foreground)"
expect 1 pyrope agent
check "one is enough" complained 'is in use by another daemon$'
expect 0 pyrope agent --background
check "which is no failure for who only wants one" test ! -s "$tmp/err"
before=$(logins 1)
expect 0 pyrope list
check "it is used" test "$(logins 1)" = $((before + 1))
expect 0 pyrope list
check "as the others are" test "$(logins 1)" = $((before + 1))
kill -TERM "$(pid foreground)"
ended foreground 0 "SIGTERM ends it"
expect 0 pyrope list
the_agent
rm "$tmp"/run/agent-*.sock
check "it ends when its socket is removed" wait_until is_gone "$agent"
expect 0 pyrope list
the_agent
mv "$tmp/run" "$tmp/run.away"
check "or its directory" wait_until is_gone "$agent"
mv "$tmp/run.away" "$tmp/run"
expect 2 pyrope agent --stop --background
check "wrong options" complained -- '--stop goes with neither'
expect 2 pyrope agent --idle 0
check "no time at all" complained -- "--idle: '0'"

echo "# an agent that is killed"
hold held "$FX_SSH_CONFIG" "$at/stall"
the_agent
kill -KILL "$agent"
check "its streams hang up" wait_for_line "$tmp/held.out" 'hung up' "$(pid held)"
echo >&7
check "and the next one starts another agent" wait_for_line "$tmp/held.out" 'READY again' "$(pid held)"
the_agent
stop held
grep -v IdentitiesOnly "$FX_SSH_CONFIG" >"$tmp/simple" # which means nothing without the program ssh
echo "# who finds no program to start goes without"
expect 0 env -i "PATH=/nowhere" "HOME=$HOME" PYROPE_SHARE=yes "PYROPE_RUNTIME_DIR=$tmp/run" "$probe" "$tmp/simple" open "$at/echo"

echo "# an agent that is frozen"
the_agent
before=$(logins 1)
pid_of[agent]=$agent
freeze agent
expect 0 pyrope --timeout 8 list
check "a command does without" test "$(logins 1)" = $((before + 1))
expect 0 pyrope status
check "the status names it" said "^agent, process $agent: does not answer; 'kill -KILL $agent' ends it$"
expect 1 pyrope --timeout 500ms agent --stop
check "it cannot be stopped" complained "^pyrope: the agent \(process $agent\) does not end; 'kill -KILL $agent' ends it$"
kill -CONT "$agent"
check "when it goes on it ends, as it was told" wait_until is_gone "$agent"
unset "pid_of[agent]"
expect 0 "$fixture" freeze "$FX_DIR" 2
"$probe" "$FX_SSH_CONFIG" late "ssh://h2/./u:$tmp/s/echo" 10000 >"$tmp/late.out" 2>"$tmp/late.err" {never_fd}<&- &
pid_of[late]=$!
waits_for() { [ "$(status waiting)" = "$1" ]; }
check "an order waits for a host that is frozen" wait_until waits_for 1
the_agent
pid_of[agent]=$agent
freeze agent
ended late 0 "if the agent freezes then, the command ends at its deadline"
check "and says so" grep -q "^E_TIMEOUT h2: the agent that has the SSH sessions (process $agent) does not answer; 'kill -KILL $agent' ends it, and --no-share goes without$" "$tmp/late.err"
kill -CONT "$agent"
unset "pid_of[agent]"

echo "# questions"
sed '/BatchMode\|IdentityFile\|IdentitiesOnly/d' "$FX_SSH_CONFIG" >"$tmp/asking.rest"
start word "$PYROPE_TEST_BIN_DIR/asking-sshd" "$FX_DIR/h1/hostkey" password:secret
{ printf 'Host word\nHostName 127.0.0.1\nPort %s\nUser me\n' "$(ready_uri word)"; cat "$tmp/asking.rest"; } >"$tmp/asking"
printf '[127.0.0.1]:%s %s\n' "$(ready_uri word)" "$(cut -d' ' -f1,2 "$FX_DIR/h1/hostkey.pub")" >>"$FX_DIR/known_hosts"
end_agents
PYROPE_SSH_CONFIG=$tmp/asking PYROPE_LOG=debug "${agent_here[@]}" >"$tmp/asking.out" 2>&1 {never_fd}<&- &
pid_of[asking]=$!
check "an agent tells all that it does" wait_for_line "$tmp/asking.out" READY "$(pid asking)"
expect 1 "$probe" "$tmp/asking" exec word anything
check "without a terminal a password cannot be asked for" complained '^E_AUTH word .*login refused; the host allows password'
expect 0 pyrope status
check "the status says when it is tried again" said '^  word .*: backing off for [0-9]+ m?s; next attempt in [0-9]+ m?s; 0 channels, '
expect 0 "$top/tests/support/at-terminal" "$tmp/seen" 'password: $' 'secret\n' -- "$probe" "$tmp/asking" exec word anything
check "it is asked for at the terminal of the command" said '^there$'
check "which says for which login" grep -q 'login to word (me@127.0.0.1 port' "$tmp/seen"
expect 0 "$probe" "$tmp/asking" exec word anything
check "nobody is asked again" said '^there$'
stop asking
check "the agent never says what it was told" test "$(grep -c secret "$tmp/asking.out")" = 0
asked() { # NAME ANSWER: a command in the background
        : >"$tmp/$1.out"
        "$agent_probe" ask "$tmp/asking" word "$2" >"$tmp/$1.out" 2>"$tmp/$1.err" {never_fd}<&- &
        pid_of[$1]=$!
}
asked deaf ...
check "one command is asked" wait_for_line "$tmp/deaf.out" '^asked by word .*password: $' "$(pid deaf)"
agent=$(agents)
asked other secret
check "another one waits for the same login" wait_until waits_for 2
check "and is not asked yet" test ! -s "$tmp/other.out"
kill -KILL "$(pid deaf)"
stop deaf
check "when the first one is killed the other is asked" wait_for_line "$tmp/other.out" '^asked by word ' "$(pid other)"
ended other 0 "and gets what it wants"
end_agents
asked unwilling -
ended unwilling 1 "whoever does not want to answer"
check "has no login" grep -q '^E_AUTH word .*: nobody answers its question$' "$tmp/unwilling.err"
expect 0 env PROBE_BACKEND=program "$top/tests/support/at-terminal" "$tmp/seen" 'password: $' 'secret\n' -- "$probe" "$tmp/asking" exec word anything
check "the program ssh asks itself, in a session of the command's own" said '^there$'
end_agents
asked waiting ...
check "a command is asked again" wait_for_line "$tmp/waiting.out" '^asked by word ' "$(pid waiting)"
stop word
check "a question is of no use when its host is gone" wait_for_line "$tmp/waiting.out" '^of no use any more$' "$(pid waiting)"
ended waiting 1 "and the command fails"
end_agents

echo "# commands that go away"
"$probe" "$FX_SSH_CONFIG" late "ssh://h2/./u:$tmp/s/echo" 600000 >"$tmp/late.out" 2>"$tmp/late.err" {never_fd}<&- &
pid_of[late]=$!
check "an order waits" wait_until waits_for 1
kill -KILL "$(pid late)"
stop late
check "it is taken back when its command is killed" wait_until waits_for 0
expect 0 "$fixture" thaw "$FX_DIR" 2

echo "# other versions"
end_agents
expect 0 pyrope list
socket=$(find "$tmp/run" -name 'agent-*.sock')
end_agents
start impostor "$agent_probe" impostor "$socket" 99.0
before=$(logins 1)
expect 0 env PYROPE_LOG=debug pyrope list
check "of another version it is not used" test "$(logins 1)" = $((before + 1))
check "and that is said to who wants to know" grep -q "the agent (process $(pid impostor)) is of version 99.0, and this is .*; 'pyrope agent --stop' ends it" "$tmp/err"
expect 0 pyrope status
check "the status shows it" said "^agent, process $(pid impostor): speaks another protocol; "
stop impostor
rm -f "$socket"

echo "# strangers"
expect 0 pyrope list
the_agent
expect 0 "$agent_probe" hostile "$socket" 4 1000 # each host that it names has a state from then on
fds_before=$(n_fds)
for seed in 1 2 3; do
        expect 0 "$agent_probe" hostile "$socket" $seed 1000
        expect 0 pyrope list
done
check "3000 connections that keep to no protocol leave it as it was" test "$(agents)" = "$agent"
check "and no descriptor in it" wait_until fds_are_back
expect 0 "$agent_probe" greet "$socket"
check "it speaks with its user" said '^welcome '
if [ "$(id -u)" = 0 ]; then
        cp "$agent_probe" "$tmp/open-probe"
        chmod 755 "$tmp/open-probe"
        chmod 711 "$tmp"
        expect 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/open-probe" greet "$socket"
        check "another user does not reach it" said '^not let in$'
        chmod 711 "$tmp/run"
        chmod 666 "$socket"
        expect 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/open-probe" greet "$socket"
        check "and where he does, he is hung up on" said '^hung up on$'
        chmod 600 "$socket"
        chmod 700 "$tmp" "$tmp/run"
else
        echo "# not checked: a second user, which only root can become"
fi
end_agents
check "no sanitizer found anything" test -z "$(find "$tmp" -maxdepth 1 -name "sanitizer.*" -exec cat {} +)"
finish
