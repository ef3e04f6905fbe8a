# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# ssh-probe for the integration scripts: configurations, and streams that are held; after lib.sh and need_sshd.
# shellcheck disable=SC2154,SC2034 # lib.sh has $tmp, pid_of and never_fd; the scripts use the words

probe=$PYROPE_TEST_BIN_DIR/ssh-probe
server=$PYROPE_TEST_BIN_DIR/stream-server
fixture=$top/tests/support/sshd_fixture.sh

n_source=33554432

streams_up() { # servers for streams, at $at on h1
        local mode
        mkdir "$tmp/s"
        for mode in echo count stall; do
                start $mode "$server" "$tmp/s/$mode" $mode
        done
        start source "$server" "$tmp/s/source" source $n_source
        at=ssh://h1/./u:$tmp/s
}

with() { # NAME LINES: a configuration $tmp/NAME with these lines before the fixture's own
        { printf '%s\n' "$2"; cat "$FX_SSH_CONFIG"; } >"$tmp/$1"
}

hold() { # NAME CONFIG PLACE: holds a stream in the background; a line to descriptor 7 opens it again
        : >"$tmp/$1.out"
        mkfifo "$tmp/$1.in"
        exec 7<>"$tmp/$1.in"
        "$probe" "$2" hold "$3" <"$tmp/$1.in" 7<&- >"$tmp/$1.out" 2>"$tmp/$1.err" {never_fd}<&- &
        pid_of[$1]=$!
        check "$1 is open" wait_for_line "$tmp/$1.out" '^READY' "${pid_of[$1]}"
}
