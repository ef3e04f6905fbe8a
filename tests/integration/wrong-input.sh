#!/bin/bash
# SPDX-License-Identifier: MIT
# JSON has dollar signs.
# shellcheck disable=SC2016

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
begin "wrong input of every kind gets one clear line on standard error, and a failing exit status"
need_sshd 2
PYROPE_TEST_BIN_DIR=${PYROPE_TEST_BIN_DIR:-$(dirname "$PYROPE_BIN_DIR")/tests}
example=$top/examples/thermo-mechanical
line_max=500 # bytes that one can still read

refused() { # STATUS REGEX COMMAND...: it fails by this status, with just one line, like this one, and no result
        expect "$1" "${@:3}"
        check "one line: $2" complained "$2"
        check "of a length that one reads" test "$(wc -c <"$tmp/err")" -le "$line_max"
}
works() { # COMMAND...
        expect 0 "$@"
        check "without a word" test ! -s "$tmp/err"
}

# The nameserver is on host h1, the job manager on h2, each in a zone of its own; we reach both by SSH alone.
one=(env "PYROPE_ZONE=one" "PYROPE_RUNTIME_DIR=$tmp/one")
two=(env "PYROPE_ZONE=two" "PYROPE_RUNTIME_DIR=$tmp/two")
mkdir "$tmp/one" "$tmp/two" "$tmp/steer"
cat >"$tmp/jobman.conf" <<END
[jobman]
name = Jobs@h2
ssh = h2
workDir = $tmp/jobs
[nameserver]
location = $tmp/one/nameserver.sock
[application Thermal]
command = $PYROPE_BIN_DIR/thermal-solver
[application Mechanical]
command = $PYROPE_BIN_DIR/mechanical-solver
[application Missing]
command = $tmp/no-such-solver --fast
[application Text]
command = /etc/passwd
END
start ns "${one[@]}" nameserver --database "$tmp/ns.db"
start jobs "${two[@]}" jobman --config "$tmp/jobman.conf"
export PYROPE_ZONE=steer PYROPE_RUNTIME_DIR=$tmp/steer PYROPE_SSH_CONFIG=$FX_SSH_CONFIG
export PYROPE_NAMESERVER=ssh://h1/./u:$tmp/one/nameserver.sock
where="nameserver ssh://h1/\./u:$tmp/one/nameserver\.sock"
works pyrope call Jobs@h2 getNumberOfFreeJobs

echo "# unknown names"
refused 1 "^pyrope: nobody: no such name \($where\); 'pyrope list' prints" pyrope call nobody ping
refused 1 "^pyrope: nobody: no such name \($where\)" pyrope lookup nobody
refused 1 '^pyrope: nothing at .*nameserver.sock: the daemon has no such object$' \
        pyrope call "PYRO:nothing@./u:$tmp/one/nameserver.sock" list --zone one
refused 1 "^allocate-app: Nothing: no job manager offers it \($where knows: Mechanical, Missing, Text, Thermal\)$" \
        allocate-app Nothing
refused 1 '^allocate-app: Nothing@Jobs@h2: Jobs@h2: no application Nothing; on offer: Thermal, ' \
        allocate-app Nothing@Jobs@h2
refused 1 "^allocate-app: Thermal@Jobs@h3: no job manager Jobs@h3 \($where\); 'Thermal' alone asks every one$" \
        allocate-app Thermal@Jobs@h3
refused 1 '^workflow: cannot allocate a thermal solver: Nothing: no job manager offers it' workflow Nothing Thermal

echo "# hosts"
refused 1 '^pyrope: nameserver ssh://127\.0\.0\.9:1/.*: connecting to 127\.0\.0\.9 port 1: .*Connection refused$' \
        pyrope --nameserver ssh://127.0.0.9:1/./u:/x list
refused 1 '^pyrope: .*there is no host name no-such-host\.invalid: ' \
        pyrope --nameserver ssh://no-such-host.invalid/./u:/x list
"$top/tests/support/sshd_fixture.sh" kill1 "$FX_DIR" 1
refused 1 "^allocate-app: $where: h1: connecting to $FX_H1 port $FX_PORT: .*Connection refused$" allocate-app Thermal
"$top/tests/support/sshd_fixture.sh" up1 "$FX_DIR" 1
"$top/tests/support/sshd_fixture.sh" freeze "$FX_DIR" 1
refused 1 "^pyrope: $where: h1 .*: exchanging keys: timed out$" pyrope --timeout 300ms list
"$top/tests/support/sshd_fixture.sh" thaw "$FX_DIR" 1
refused 1 "^pyrope: .*h1 .*: sshd cannot connect to the socket $tmp/none: nobody listens there, or sshd " \
        pyrope --nameserver "ssh://h1/./u:$tmp/none" list
works pyrope list

echo "# host keys"
known() { # FILE HOST KEY-OF: a file of known hosts where this host has the key of that one
        grep -vF "[$2]" "$FX_KNOWN_HOSTS" >"$tmp/$1"
        [ -z "${3:-}" ] || echo "[$2]:$FX_PORT $(cut -d' ' -f1,2 "$FX_DIR/$3/hostkey.pub")" >>"$tmp/$1"
        sed "s#UserKnownHostsFile .*#UserKnownHostsFile $tmp/$1#" "$FX_SSH_CONFIG" >"$tmp/$1.ssh"
}
fingerprint() { # HOST
        ssh-keygen -l -f "$FX_DIR/$1/hostkey.pub" | cut -d' ' -f2 | sed 's/[+]/[+]/g'
}
known unknown "$FX_H1"
refused 1 "^pyrope: $where: h1 .*: host key is not in $tmp/unknown: it is ssh-ed25519 $(fingerprint h1); run 'ssh " \
        pyrope --ssh-config "$tmp/unknown.ssh" list
known unknown "$FX_H2"
refused 1 "^allocate-app: Thermal: Jobs@h2: h2 .*: host key is not in $tmp/unknown: .*$(fingerprint h2)" \
        allocate-app --ssh-config "$tmp/unknown.ssh" Thermal
known changed "$FX_H1" h2
refused 1 "^pyrope: $where: h1 .*: host key HAS CHANGED: it is .*$(fingerprint h1); .*ssh-keygen -R '\[$FX_H1\]:$FX_PORT' " \
        pyrope --ssh-config "$tmp/changed.ssh" list
known changed "$FX_H2" h1
refused 1 "^workflow: .*h2 .*: host key HAS CHANGED: it is .*$(fingerprint h2)" \
        workflow --ssh-config "$tmp/changed.ssh" Thermal Mechanical
known same "$FX_H1" h1
works pyrope --ssh-config "$tmp/same.ssh" list

echo "# logins"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/other-key"
sed "s#IdentityFile .*#IdentityFile $tmp/other-key#" "$FX_SSH_CONFIG" >"$tmp/other.ssh"
refused 1 "^pyrope: $where: h1 .*: login refused; the host allows publickey; keys tried: $tmp/other-key;.*'ssh -v " \
        pyrope --ssh-config "$tmp/other.ssh" list
sed "s#User .*#User no-such-user#" "$FX_SSH_CONFIG" >"$tmp/user.ssh"
refused 1 "^allocate-app: .*no-such-user@$FX_H1 .*: login refused" allocate-app --ssh-config "$tmp/user.ssh" Thermal
{ cat "$FX_SSH_CONFIG" && echo "    Portt 22"; } >"$tmp/broken.ssh"
refused 1 "^pyrope: .*h1: ssh refuses its configuration: $tmp/broken.ssh: line $(wc -l <"$tmp/broken.ssh"): .*portt" \
        pyrope --ssh-config "$tmp/broken.ssh" list
refused 1 "^pyrope: .*$tmp/none.ssh" pyrope --ssh-config "$tmp/none.ssh" list

echo "# job managers"
refused 1 '^allocate-app: Thermal: Jobs@h2: no free slot: 1 of 1 instances of Thermal are running$' \
        allocate-app Thermal Thermal -- true
refused 1 "^allocate-app: Missing: Jobs@h2: Missing did not start: cannot execute $tmp/no-such-solver: No such file" \
        allocate-app Missing -- true
refused 1 '^allocate-app: Text: Jobs@h2: Text did not start: cannot execute /etc/passwd: Permission denied$' \
        allocate-app Text -- true
refused 127 '^allocate-app: cannot run /no/such/command: No such file' allocate-app Thermal -- /no/such/command
check "the slot of each is free again" test "$(pyrope call Jobs@h2 getNumberOfFreeJobs)" = 4

echo "# input of the solvers"
mkdir "$tmp/data"
broken() { # FILE LINE TEXT: the shipped input, with this line of one file replaced
        cp "$example"/data/t4.{msh,problem} "$tmp/data"
        sed -i "$2s/.*/$3/" "$tmp/data/$1"
}
refused_input() { # REGEX
        refused 1 "^workflow: cannot upload the input: .*$1" workflow --data "$tmp/data" --output "$tmp" Thermal Mechanical
}
broken t4.msh 3 '4.1 0 8'
refused_input 't4\.msh:3: .*4\.1'
broken t4.msh 7 'x y z'
refused_input 't4\.msh:7: .*"x"'
broken t4.problem 5 'conductivity = warm'
refused_input 't4\.problem:5: .*warm'
head -n 40 "$example/data/t4.msh" >"$tmp/data/t4.msh"
refused_input 't4\.msh:14: 1025 lines announced, but the text ends before'
rm "$tmp/data/t4.msh"
refused_input "$tmp/data/t4\.msh: No such file"
check "nothing stays allocated" test "$(pyrope call Jobs@h2 getNumberOfFreeJobs)" = 4

echo "# calls"
refused 1 "^pyrope: AttributeError: 'JobManager' object has no attribute 'nothing'$" pyrope call Jobs@h2 nothing
refused 1 "^pyrope: AttributeError: .*private.*'_secret'$" pyrope call Pyro.NameServer _secret
refused 1 "^pyrope: TypeError: NameServer\.lookup\(\) missing 1 required positional argument: 'name'$" \
        pyrope call Pyro.NameServer lookup
refused 1 "^pyrope: TypeError: NameServer\.lookup\(\) takes from 2 to 3 positional arguments but 5 were given$" \
        pyrope call Pyro.NameServer lookup '"a"' 2 3 4
refused 1 "^pyrope: TypeError: JobManager\.allocateJob\(\) got an unexpected keyword argument 'colour'$" \
        pyrope call Jobs@h2 allocateJob -k 'colour="red"'
refused 1 "^pyrope: TypeError: JobManager\.terminateJob\(\) argument 'job' must be str.*, not int$" \
        pyrope call Jobs@h2 terminateJob 5
refused 1 "^pyrope: TypeError: ThermalSolver\.solveStep\(\) argument 'time' must be float, not str$" \
        allocate-app Thermal -- sh -c 'pyrope call "$PYROPE_URI" solveStep "\"now\""'
refused 1 '^pyrope: RuntimeError: setInput\(\) comes first$' \
        allocate-app Thermal -- sh -c 'pyrope call "$PYROPE_URI" solveStep'
refused 1 '^pyrope: ValueError: no such job: none$' pyrope call Jobs@h2 getJobWorkDir '"none"'
refused 2 '^pyrope: argument 1 is not JSON: line 1 column 4: .*double quotes' pyrope call Jobs@h2 getJobWorkDir none

echo "# messages that are too large"
start scale "$PYROPE_TEST_BIN_DIR/large-message" serve "$tmp/two/scale.sock" 100000
large=("$PYROPE_TEST_BIN_DIR/large-message" call "PYRO:scale@ssh://h2/./u:$tmp/two/scale.sock")
works "${large[@]}" 90000
for n in 100000 30000000; do # what the buffers on the way hold, and what they do not
        refused 1 '^large-message: E_REMOTE: the call has [0-9]+ bytes, the daemon takes 100000$' "${large[@]}" $n
done
refused 1 '^large-message: E_TOO_LARGE: .*larger than the limit of 1073741824 bytes$' "${large[@]}" $((1 << 30))
stop scale

echo "# configurations"
configure() { # TEXT: in printf's form
        # shellcheck disable=SC2059
        printf "$1" >"$tmp/wrong.conf"
}
jobman_refuses() { # REGEX TEXT
        configure "$2"
        refused 1 "^jobman: $tmp/wrong\.conf$1" jobman --config "$tmp/wrong.conf"
}
nameserver_refuses() { # REGEX TEXT
        configure "$2"
        refused 1 "^nameserver: $tmp/wrong\.conf$1" env PYROPE_CONFIG="$tmp/wrong.conf" nameserver
}
named='[jobman]\nname = x\n'
command='[application A]\ncommand = /bin/true\n'
jobman_refuses ":3: unknown key 'colour' in \[jobman\]$" "${named}colour = red\n"
jobman_refuses ":5: 'maxJobs' must be a number, not 'many'$" "$named${command}maxJobs = many\n"
jobman_refuses ":4: 'command' must be a command with an absolute path, not 'true'$" "${named}[application A]\ncommand = true\n"
jobman_refuses ":4: 'command': a quote is not closed$" "${named}[application A]\ncommand = /bin/true 'it\n"
jobman_refuses ":3: \[application A\] needs the key 'command'$" "${named}[application A]\nmaxJobs = 2\n"
jobman_refuses ":1: \[jobman\] needs the key 'name'$" "[jobman]\n$command"
jobman_refuses ":3: unknown section \[aplication\]$" "${named}[aplication A]\n"
jobman_refuses ":3: expected \[section\], key = value, or a comment$" "${named}what is this\n$command"
jobman_refuses ":3: 'name' is there already, on line 2$" "${named}name = y\n$command"
jobman_refuses ":3: 'a b' is not 1 to 63 letters" "${named}zone = a b\n$command"
jobman_refuses ": no \[application NAME\] section" "$named"
nameserver_refuses ":2: unknown key 'databse' in \[nameserver\]$" '[nameserver]\ndatabse = /x\n'
nameserver_refuses ":2: 'database' must be an absolute path, not 'x.db'$" '[nameserver]\ndatabase = x.db\n'
nameserver_refuses ":2: zone 'a b' is not 1 to 63 letters" '[nameserver]\nzone = a b\n'
nameserver_refuses ":1: the name of a section ends in '\]'$" '[nameserver\n'
chmod 666 "$tmp/wrong.conf"
refused 1 "^nameserver: $tmp/wrong\.conf: others may write it \(mode 0666\); run 'chmod go-w $tmp/wrong\.conf'$" \
        nameserver --config "$tmp/wrong.conf"
refused 1 "^jobman: $tmp/none\.conf: No such file" jobman --config "$tmp/none.conf"

echo "# databases"
nameserver_on() { # DATABASE REGEX: it is refused
        refused 1 "^nameserver: $tmp/$1: $2" nameserver --socket "$tmp/steer/ns.sock" --database "$tmp/$1"
}
head -c 9000 /dev/urandom >"$tmp/noise.db"
nameserver_on noise.db 'file is not a database; name another file$'
nameserver_on steer 'Is a directory$'
nameserver_on ns.db 'another nameserver serves this database$'
stop jobs
stop ns
head -c 5000 "$tmp/ns.db" >"$tmp/half.db"
nameserver_on half.db '.*malformed; restore a copy, or move it away to begin anew$'
if [ "$(id -u)" != 0 ]; then # whom no mode holds back
        chmod 0 "$tmp/ns.db"
        nameserver_on ns.db '.*Permission denied'
        chmod 600 "$tmp/ns.db"
fi

echo "# no nameserver"
refused 1 "^pyrope: .*h1 .*: sshd cannot connect to the socket $tmp/one/nameserver\.sock: nobody listens there" pyrope list
refused 1 "^jobman: cannot register Jobs@h2: Pyro\.NameServer at $tmp/one/nameserver\.sock: nobody listens on " \
        "${two[@]}" jobman --config "$tmp/jobman.conf"
unset PYROPE_NAMESERVER
none='no nameserver is named \(--nameserver, PYROPE_NAMESERVER\): no daemon has a socket .* here; start it, or '
refused 1 "^allocate-app: $none" allocate-app Thermal
refused 1 "^workflow: cannot allocate a thermal solver: $none" workflow
refused 2 "^pyrope: nameserver 'h1:' is no location: /path, host:port, ssh://host" pyrope --nameserver h1: list

echo "# options"
for program in pyrope allocate-app nameserver jobman; do
        refused 2 "^$program: unknown option '--colour'; try '$program --help'$" $program --colour
done
refused 2 "^workflow: unrecognized option '--colour'$" workflow --colour
refused 2 '^usage: .*thermal-solver ' thermal-solver --colour
refused 2 "^pyrope: unknown command 'lst'; try 'pyrope --help'$" pyrope lst
refused 2 "^pyrope: a command is missing; try" pyrope
refused 2 "^pyrope list: 'more' is an argument too many; try 'pyrope list --help'$" pyrope list more
refused 2 "^pyrope: --timeout: 'soon' is no time; 30 \(seconds\), 500ms, 2m$" pyrope list --timeout soon
refused 2 "^allocate-app: an argument is missing: allocate-app " allocate-app
refused 2 "^jobman: say --config FILE; try 'jobman --help'$" jobman
refused 2 "^jobman: --config needs a value" jobman --config
refused 2 "^nameserver: 'more' is an argument too many" nameserver more
refused 2 "^workflow: two applications or none; try 'workflow --help'$" workflow Thermal
finish
