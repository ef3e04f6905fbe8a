# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Conversations with session-probe (tests/integration/session-probe.c), several at once; after lib.sh and need_sshd. The
# script sets $config, the SSH configuration of those that are told no other.
# shellcheck disable=SC2154,SC2034,SC2317 # lib.sh has $tmp, pid_of and never_fd; scripts use the rest

at() { # HOST: the echo server as seen from it
        echo "ssh://$1/./u:$tmp/s/echo"
}
with() { # NAME LINES: a configuration $tmp/NAME with these lines before the fixture's own
        { printf '%s\n' "$2"; cat "$config"; } >"$tmp/$1"
}

no_link_order="ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0" # for what is preloaded
declare -A to=() from=()
probe() { # NAME [CONFIG [VARIABLE=VALUE...]]: begins a conversation
        mkfifo "$tmp/$1.in" "$tmp/$1.out"
        exec {fd}<>"$tmp/$1.in"
        to[$1]=$fd
        exec {fd}<>"$tmp/$1.out"
        from[$1]=$fd
        env "${@:3}" "$PYROPE_TEST_BIN_DIR/session-probe" "${2:-$config}" <"$tmp/$1.in" >"$tmp/$1.out" \
                2>"$tmp/$1.err" {never_fd}<&- {fd}<&- &
        pid_of[$1]=$!
}
tell() { # NAME LINE: an order, whose answer is fetched by hears
        echo "$2" >&"${to[$1]}"
}
hears() { # NAME REGEX SENTENCE: the answer to the last order
        answer=
        IFS= read -r -t "$WAIT_S" -u "${from[$1]}" answer
        if [[ $answer =~ ^$2$ ]]; then pass "$3"; else fail "$3: $2" "but: $answer"; fi
}
ask() { # NAME LINE REGEX SENTENCE
        tell "$1" "$2"
        hears "$1" "$3" "$4"
}
logs() { # NAME REGEX: waits for such a line of its log
        wait_for_line "$tmp/$1.err" "$2" "${pid_of[$1]}" >/dev/null
}
is_said() { # NAME LINE REGEX: whether the answer is such a one now
        tell "$1" "$2"
        IFS= read -r -t "$WAIT_S" -u "${from[$1]}" answer
        [[ $answer =~ ^$3$ ]]
}
has_logged_in() { # NAME N: so often at least
        [ "$(grep -c ' up: ' "$tmp/$1.err")" -ge "$2" ]
}
sessions_of() { # I: how many sessions the sshd of host I serves
        local pid
        read -r pid _ <"$FX_DIR/h$1/pid"
        ps -o pid= --ppid "$pid" | wc -l
}
has_sessions() { # I N
        [ "$(sessions_of "$1")" = "$2" ]
}
