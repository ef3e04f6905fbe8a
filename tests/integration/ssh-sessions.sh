#!/bin/bash
# SPDX-License-Identifier: MIT
# Helpers are called by name.
# shellcheck disable=SC2317

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/cuts.sh"
. "$(dirname "$0")/../support/sessions.sh"
begin "the life of an SSH session: states, loss, silence, back-off, refusals, restarts, many threads, the end"
fixture=$top/tests/support/sshd_fixture.sh
export FIXTURE_EXTRA_5="LogLevel VERBOSE"
need_sshd 5
config=$FX_SSH_CONFIG
mkdir "$tmp/s"
start echo "$PYROPE_TEST_BIN_DIR/stream-server" "$tmp/s/echo" echo
echo "# states"
probe one
ask one sessions 'OK' "no session is made before somebody wants one"
ask one "open 1 $(at h1) 15000" OK "a stream"
ask one "echo 1 hello" 'OK hello' "carries bytes"
ask one sessions 'OK \[h1: up logins=1 channels=1 next=0\]' "its session is up"
check "each change is logged with its reason" logs one "h1 \(.*@$FX_H1 port $FX_PORT\): connecting: the SSH configuration was read$"
check "the host is reached" logs one 'authenticating: the host was reached$'
check "and lets us in" logs one 'up: logged in; SSH-2.0-OpenSSH.*, aes128-gcm@openssh.com$'

echo "# silence begins; the rest of it is below"
with proxied "Host far
HostName $FX_H3
ProxyCommand ssh -F $config -W [%h]:%p h1"
with eager "ServerAliveInterval 1
ServerAliveCountMax 1"
probe frozen
probe proxied "$tmp/proxied"
cuts_up h4
probe cut "$cut_config"
ask frozen "open 1 $(at h2) 15000" OK "a session to a host that will freeze"
ask proxied "open 1 $(at far) 15000" OK "one through a ProxyCommand to a host that will freeze"
ask cut "open 1 $(at cut) 15000" OK "one over a connection that will fall silent"
expect 0 "$fixture" freeze "$FX_DIR" 2
expect 0 "$fixture" freeze "$FX_DIR" 3
order cut silence
for name in frozen proxied cut; do tell $name "wait 1 15000"; done

echo "# so does a suspend, of the clocks alone"
echo 0 >"$tmp/slept"
with minute "ServerAliveInterval 1
ServerAliveCountMax 60"
probe asleep "$tmp/minute" "LD_PRELOAD=$PYROPE_TEST_BIN_DIR/libsuspended.so" "SUSPENDED=$tmp/slept" "$no_link_order"
ask asleep "open 1 $(at h4) 15000" OK "a session"
echo 3600 >"$tmp/slept"
tell asleep "wait 1 6000"

echo "# restarts"
read -r sshd _ <"$FX_DIR/h1/pid"
kill -TERM "$sshd"
wait_until is_gone "$sshd"
ask one "echo 1 still" 'OK still' "an sshd that was stopped leaves sessions as they are"
ask one "open 2 $(at h1) 15000" OK "which carry new streams"
probe late
ask late "open 1 $(at h1) 15000" "E_UNREACHABLE h1: connecting to $FX_H1 port $FX_PORT: $FX_H1: Connection refused" \
        "another client is told, at once"
expect 0 "$fixture" up1 "$FX_DIR" 1
ask late "open 1 $(at h1) 15000" OK "and let in when it runs again"
ask one "echo 1 still" 'OK still' "the session of before goes on"

echo "# loss"
expect 0 "$fixture" kill1 "$FX_DIR" 1
ask late "wait 1 15000" 'OK gone' "a killed host hangs up its streams"
ask late sessions 'OK \[h1: (lost|backing off) logins=1 channels=0 next=[01]\]' "the session is lost"
check "with the reason" logs late ' lost: .*the SSH connection broke: '
tell late "open 1 $(at h1) 15000"
check "who asks for it while the host is down waits for the next attempt" logs late ' backing off: .*Connection refused$'
expect 0 "$fixture" up1 "$FX_DIR" 1
hears late OK "and gets his stream when it is up again"
ask late "echo 1 again" 'OK again' "which carries bytes"
ask late sessions 'OK \[h1: up logins=2 channels=1 next=0\]' "through a second login"

echo "# back-off"
with closed "Port 1"
probe closed "$tmp/closed"
ask closed "hammer $(at h1) 1000 5" "OK opened 0 tried [0-9]+ told [0-9]+ E_UNREACHABLE h1: connecting to .*Connection refused.*" \
        "a loop of hasty callers is told"
check "nearly always from memory" test "$(cut -d' ' -f7 <<<"$answer")" -gt 900
check "attempts are few" test "$(grep -c ' connecting: ' "$tmp/closed.err")" -lt 50
ask closed "open 1 $(at h1) 15000" 'E_UNREACHABLE h1: connecting to .*Connection refused' "a patient one waits for the next attempt"

echo "# refusals"
mv "$FX_DIR/h5/authorized_keys" "$tmp/keys"
before=$(grep -c '^Connection from' "$FX_DIR/h5/log")
probe refused
ask refused "hammer $(at h5) 200 15000" 'OK opened 0 tried 1 told 199 E_AUTH h5 .*login refused; .*; next attempt in [0-9]+\.[0-9] s' \
        "a loop of callers is told the same refusal"
check "for which one login was tried" test "$(grep -c '^Connection from' "$FX_DIR/h5/log")" = $((before + 1))
ask refused sessions 'OK \[h5: backing off logins=0 channels=0 next=1\]' "as the session's state tells"
mv "$tmp/keys" "$FX_DIR/h5/authorized_keys"
: >"$tmp/kh"
with unknown "UserKnownHostsFile $tmp/kh"
probe unknown "$tmp/unknown"
ask unknown "hammer $(at h5) 200 15000" 'OK opened 0 tried 1 told 199 E_HOST_KEY h5 .*is not in .*; next attempt in [0-9]\.[0-9] s' \
        "so it is with an unknown host key"
cp "$FX_KNOWN_HOSTS" "$tmp/kh"
check "which is looked at again soon" wait_until is_said unknown "open 1 $(at h5) 15000" OK

echo "# many threads, while the host goes and comes"
probe storm
tell storm "storm $(at h5) 8 15000"
for n in 1 2 3; do
        check "login $n" wait_until has_logged_in storm "$n"
        expect 0 "$fixture" kill1 "$FX_DIR" 5
        expect 0 "$fixture" up1 "$FX_DIR" 5
done
check "login 4" wait_until has_logged_in storm 4
tell storm enough
hears storm 'OK began [0-9]+ came [0-9]+ lost [0-9]+ failed [0-9]+' "no failure but those of an outage"
read -r _ _ began _ came _ lost _ failed <<<"$answer"
check "each call has its end: $answer" test $((came + lost + failed)) = "$began"
check "and most of them came through" test $((2 * came)) -gt "$began"
hears storm OK "enough"
ask storm "open 1 $(at h5) 15000" OK "afterwards all is as before"

echo "# silence, as the user's settings have it"
hears asleep 'OK there' "an hour of sleep is outlived where the host is still there"
ask asleep "open 2 $(at h5) 15000" OK "a session that will not"
probe eager "$tmp/eager"
ask eager "open 1 $(at h5) 15000" OK "a session"
expect 0 "$fixture" freeze "$FX_DIR" 5
echo 7200 >"$tmp/slept"
tell asleep "wait 2 15000"
ask eager "wait 1 9000" 'OK gone' "ServerAliveInterval and ServerAliveCountMax count"
check "which is said" logs eager ' lost: .*the SSH connection broke: silent for [1-4] s$'
hears asleep 'OK gone' "where the host is not there after the sleep, that is soon noticed"
check "as what it is" logs asleep ' lost: .*the SSH connection broke: silent for [0-9]+ s, in which this computer slept$'
tell eager "open 1 $(at h5) 15000"
check "a frozen host holds the next login up" logs eager 'authenticating: the host was reached$'
expect 0 "$fixture" thaw "$FX_DIR" 5
hears eager OK "until it thaws"

echo "# silence ends"
hears cut 'OK gone' "cut: noticed"
check "cut: as silence of this connection alone" logs cut ' lost: .*the SSH connection broke: silent for [0-9]+ s, while a new connection was answered in [0-9]+ ms$'
for name in frozen proxied; do
        hears $name 'OK gone' "$name: noticed within 15 s"
        check "$name: as silence" logs $name ' lost: .*the SSH connection broke: silent for 1[345] s$'
done
expect 0 "$fixture" thaw "$FX_DIR" 2
expect 0 "$fixture" thaw "$FX_DIR" 3
ask frozen "open 1 $(at h2) 15000" OK "a host that thawed takes the next session"
check "and ends the one of before" wait_until has_sessions 2 1
check "a host that never let us in, and that nobody asks for, is forgotten" wait_until is_said closed sessions OK
check "which is said" logs closed ' closed: nobody asks for it$'
ask proxied "open 1 $(at far) 15000" OK "the ProxyCommand is started anew"
ask cut "open 1 $(at cut) 15000" OK "so is the connection"

echo "# ends"
expect 0 "$fixture" freeze "$FX_DIR" 5
ask eager end OK "the pool ends while the host of a session is frozen"
probe login
tell login "open 1 $(at h5) 300"
hears login 'E_TIMEOUT h5 .*exchanging keys: timed out' "a login to a frozen host"
ask login end OK "it ends in the middle of that"
probe behind
tell behind "open 1 $(at h5,h1) 300"
hears behind 'E_TIMEOUT h1 via h5: h5 .*exchanging keys: timed out' "a login behind that host"
ask behind end OK "it ends in the middle of that"
expect 0 "$fixture" thaw "$FX_DIR" 5
with hanging "Host h1
ProxyCommand sh -c 'trap \"\" TERM; while :; do sleep 600; done'"
probe hanging "$tmp/hanging"
ask hanging "open 1 $(at h1) 300" 'E_TIMEOUT h1 .*exchanging keys: timed out' "a ProxyCommand that says nothing, and stays"
ask hanging end OK "it ends in the middle of that"
with lookup "Host h1
HostName some-host.invalid"
probe lookup "$tmp/lookup" "LD_PRELOAD=$PYROPE_TEST_BIN_DIR/libhanging-lookup.so" "$no_link_order"
ask lookup "open 1 $(at h1) 300" 'E_TIMEOUT h1: looking up the host name some-host.invalid: timed out' "a name server that does not answer"
ask lookup end OK "it ends in the middle of that"
: >"$tmp/deaf"
probe deaf "$tmp/deaf"
ask deaf deaf 'OK [0-9]+' "a port where nobody accepts"
with deaf "Host h1
HostName 127.0.0.1
Port ${answer#OK }"
ask deaf "open 1 $(at h1) 300" "E_TIMEOUT h1: connecting to 127.0.0.1 port ${answer#OK }: timed out" "a connection attempt that hangs"
ask deaf end OK "it ends in the middle of that"
finish
