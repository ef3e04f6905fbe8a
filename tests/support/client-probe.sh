# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# client-probe in a conversation, and what it speaks with: a nameserver and a job manager in a zone of their own, reached
# by the hosts h1 and h2; after lib.sh and need_sshd 2.
# shellcheck disable=SC2154,SC2034 # lib.sh has $tmp, pid_of and never_fd; the scripts use the words

two_hosts_up() { # SLOTS: sets in_one, by which a command runs in that zone
        mkdir "$tmp/one" "$tmp/steer" "$tmp/jobs"
        cat >"$tmp/jobs.conf" <<END
[jobman]
name = Jobs
ssh = h2
workDir = $tmp/jobs
[nameserver]
location = $tmp/one/nameserver.sock
[application Thermal]
command = $PYROPE_BIN_DIR/thermal-solver
maxJobs = $1
END
        in_one=(env PYROPE_ZONE=one "PYROPE_RUNTIME_DIR=$tmp/one")
        start ns "${in_one[@]}" nameserver --database "$tmp/ns.db"
        start jobs "${in_one[@]}" jobman --config "$tmp/jobs.conf"
}

converse_with_probe() { # VARIABLE=VALUE...: begins, with this environment; its words are in $tmp/probe.err
        coproc PROBE { exec env "$@" "$PYROPE_TEST_BIN_DIR/client-probe" 2>"$tmp/probe.err" {never_fd}<&-; }
        pid_of[probe]=$PROBE_PID
        to_probe=${PROBE[1]} from_probe=${PROBE[0]}
}
ask() { # LINE: sets $answer
        answer=
        echo "$1" >&"$to_probe"
        IFS= read -r -t "$WAIT_S" answer <&"$from_probe"
}
answers() { # REGEX LINE: a check of its own
        ask "$2"
        if [[ $answer =~ ^$1$ ]]; then pass "$2: $answer"; else fail "$2: $1" "but: $answer"; fi
}
