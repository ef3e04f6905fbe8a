#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # `check` runs functions

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stack.sh"
begin "pyrope doctor finds what is meant, walks every way, leaves nothing behind, and believes no host"

mkdir "$tmp/home" "$tmp/here"
export FIXTURE_EXTRA="SetEnv PATH=$PYROPE_BIN_DIR:/usr/bin:/bin HOME=$tmp/home PYROPE_RUNTIME_DIR=$tmp/run"
export FIXTURE_EXTRA_3='ForceCommand yes'
export FIXTURE_EXTRA_4='ForceCommand printf "\033[2J\033[31mpwned\n"; exit 0'
need_sshd 4
export PYROPE_SSH_CONFIG=$FX_SSH_CONFIG
nameserver_up
jobman_conf Jobs@h1 "ssh = h1" <<END
[application Sleeper]
command = /bin/sleep 1000
maxJobs = 2
END
jobman_up Jobs@h1
socket=$PYROPE_NAMESERVER
elsewhere=(env PYROPE_ZONE=steering PYROPE_RUNTIME_DIR="$tmp/here" PYROPE_NAMESERVER="ssh://h1/./u:$socket")
passed() { # NAME [REGEX]: a check of that name passed, with that finding
        said "^ *[0-9]+  $(printf '%-12s' "$1")  passed .*${2:-}"
}

echo "# what is meant"
expect 0 "${elsewhere[@]}" pyrope doctor h1
check "an alias of the SSH configuration is a host" passed settings "$FX_H1 port $FX_PORT"
check "the nameserver is asked" passed nameserver 'knows 2 names'
check "the job manager of the host is found" passed 'job manager' 'Jobs@h1 answers'
check "and its slots" passed slots '2 free at Jobs@h1'
check "bytes were counted" passed throughput '[0-9.]+ MiB/s from there, [0-9.]+ MiB/s to there'
expect 0 "${elsewhere[@]}" pyrope doctor "ssh://$FX_USER@$FX_H1:$FX_PORT"
check "its job manager is known by another name of the host, too" passed 'job manager' 'Jobs@h1 answers'
expect 0 "${elsewhere[@]}" pyrope doctor Jobs@h1
check "what the nameserver knows is a name, though a host could be called so" passed name "object 'jobman' at ssh://h1/"
check "its host is examined" passed login 'h1: publickey'
check "and it" passed slots '2 free'
expect 0 "${elsewhere[@]}" pyrope doctor PYROMETA:type:jobmanager
check "a URI with a tag in it" passed name "object 'jobman'"
expect 0 "${elsewhere[@]}" pyrope doctor "PYRO:Pyro.NameServer@ssh://h1/./u:$socket"
check "a URI with a place" passed handshake "'Pyro.NameServer' answers: Pyrope "
expect 0 pyrope doctor Jobs@h1
check "on the same machine no SSH is needed" test "$(grep -c login "$tmp/out")" = 0
check "and the object answers" passed 'round trip' 'the median of 20 pings'
for wrong in '' 'ssh://' 'ssh://h1;id' 'PYRO:nothing'; do
        expect 2 pyrope doctor "$wrong"
done
expect 2 pyrope doctor
expect 2 pyrope doctor h1 h2
expect 1 "${elsewhere[@]}" pyrope doctor 'No such name, nor host'
check "what can be no host is a name" said 'name +failed .*no such name'

echo "# ways"
expect 0 "${elsewhere[@]}" pyrope doctor h2,h1
check "the host in front is examined first" said '^  2  settings      passed .* h2: '
check "it lets us go on" passed forwarding "h2: a channel to $FX_H1 port $FX_PORT opens"
check "and then the last one" passed login 'publickey'
printf 'Host far\n    HostName %s\n    ProxyJump near\nHost near\n    HostName %s\n    ProxyJump h2\n' "$FX_H1" "$FX_H2" >"$tmp/chain"
cat "$FX_SSH_CONFIG" >>"$tmp/chain"
expect 0 "${elsewhere[@]}" pyrope --ssh-config "$tmp/chain" doctor far
check "a jump host behind a jump host" test "$(grep -c 'login *passed' "$tmp/out")" = 3
printf 'Host far\n    HostName %s\n    ProxyCommand ssh -F %s -W [%%h]:%%p h2\n' "$FX_H1" "$FX_SSH_CONFIG" >"$tmp/command"
cat "$FX_SSH_CONFIG" >>"$tmp/command"
expect 0 "${elsewhere[@]}" pyrope --ssh-config "$tmp/command" doctor far
check "through a ProxyCommand" passed connection 'ssh -F .* h2'
expect 1 "${elsewhere[@]}" pyrope doctor h1:1,h2
check "a hop that is not there stops what comes after it" said 'dns +skipped +the way there failed$'
expect 1 env PATH=/nonexistent "${elsewhere[@]:1}" "$PYROPE_BIN_DIR/pyrope" doctor h1
check "without the program ssh, what libssh does not know is told" said 'settings +failed .*install openssh-client'

echo "# the program ssh"
for what in h1 h2,h1 Jobs@h1; do
        expect 0 "${elsewhere[@]}" pyrope --ssh-backend program doctor $what
        check "it logs in to $what" passed login 'by the program ssh'
        check "what it does not tell is skipped" said 'forwarding +skipped +(h1: )?not told by the program ssh'
        [ $what = h2,h1 ] || check "and through it a daemon answers" passed handshake answers
done
expect 1 "${elsewhere[@]}" pyrope --ssh-backend program doctor h1:1
check "its words are told" said 'login +failed .*ssh: .*Connection refused'
check "and how to see more" said "'ssh -v -F $FX_SSH_CONFIG -p 1 h1'"

echo "# keys"
eval "$(ssh-agent -a "$tmp/agent")" >/dev/null
agent=$SSH_AGENT_PID
ssh-add -q "$FX_KEY"
unset SSH_AUTH_SOCK SSH_AGENT_PID
expect 0 env SSH_AUTH_SOCK="$tmp/agent" "${elsewhere[@]}" pyrope doctor h1
check "the agent's key that let us in is named" passed login "publickey, by the agent at $tmp/agent: $FX_KEY"
kill "$agent"
expect 0 env SSH_AUTH_SOCK="$tmp/agent" "${elsewhere[@]}" pyrope doctor h1
check "without the agent it is the key file" passed login "publickey, the key file $FX_KEY"

echo "# JSON"
expect 0 "${elsewhere[@]}" pyrope --json doctor h1
cp "$tmp/out" "$tmp/sound.json"
expect 1 "${elsewhere[@]}" pyrope doctor --json h1:1
cp "$tmp/out" "$tmp/broken.json"
cat >"$tmp/check.py" <<'END'
import json, sys
for path, n_failed in zip(sys.argv[1::2], map(int, sys.argv[2::2])):
    said = json.load(open(path))
    checks = said["checks"]
    assert list(said) == ["target", "failed", "checks"], list(said)
    assert said["failed"] == n_failed == sum(c["outcome"] == "failed" for c in checks)
    assert [c["number"] for c in checks] == list(range(1, len(checks) + 1))
    for check in checks:
        assert list(check) == ["number", "host", "name", "outcome", "ms", "finding", "remedy"]
        assert check["outcome"] in ("passed", "warning", "failed", "skipped") and check["finding"]
        assert check["remedy"] is None if check["outcome"] in ("passed", "skipped") else check["remedy"]
        assert check["ms"] == 0 if check["outcome"] == "skipped" else check["ms"] >= 0
print("as documented")
END
expect 0 python3 "$tmp/check.py" "$tmp/sound.json" 0 "$tmp/broken.json" 1
expect 2 pyrope --json doctor ssh://
check "a mistake is no examination" said '^\{"error": \{"code": "E_INVALID"'

echo "# hosts that take liberties"
expect 1 "${elsewhere[@]}" pyrope doctor h3
check "endless output is not collected" said "commands +failed .*wrote more than [0-9]+ bytes"
expect 1 "${elsewhere[@]}" pyrope doctor h4
check "what a host says cannot move the terminal" said "commands +failed .*x1b\[2J.x1b\[31mpwned"
check "not a byte of it" test "$(tr -d '\n' <"$tmp/out" | LC_ALL=C grep -c '[[:cntrl:]]')" = 0

echo "# daemons that do not answer"
freeze Jobs@h1
expect 1 "${elsewhere[@]}" pyrope --timeout 1s doctor Jobs@h1
check "one that hangs is given up" said 'handshake +failed .*(no answer in time|timed out)'
kill -CONT "$(pid Jobs@h1)"
freeze nameserver
expect 1 "${elsewhere[@]}" pyrope --timeout 1s doctor Jobs@h1
check "a nameserver that hangs, too" said 'nameserver +failed '
check "and its host is examined" passed login 'publickey'
kill -CONT "$(pid nameserver)"

echo "# nothing is left"
expect 0 pyrope call Jobs@h1 getNumberOfFreeJobs
check "no slot was taken" said '^2$'
expect 0 pyrope list
check "no name was entered" test "$(wc -l <"$tmp/out")" = 2
check "no socket of ours stays" test -z "$(find "$tmp/here" -type s)"
no_sessions() {
        local sshd i
        for i in 1 2; do
                read -r sshd _ <"$FX_DIR/h$i/pid"
                [ -z "$(ps -o pid= --ppid "$sshd")" ] || return 1
        done
}
check "no session stays" wait_until no_sessions
finish
