# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What sessions must do, whoever makes them, libssh or the program ssh; after ssh-probe.sh.
# shellcheck disable=SC2154,SC2034,SC2317 # lib.sh and ssh-probe.sh have the words; check calls functions by name

# h2 forwards nothing, h3 accepts no keys, h4 knows nothing but old ciphers, h5 wants new keys all the time.
core_up() { # these hosts; servers for streams, at $at; the configuration $config
        export FIXTURE_EXTRA_2="AllowTcpForwarding no
AllowStreamLocalForwarding no"
        export FIXTURE_EXTRA_3="PubkeyAuthentication no
PasswordAuthentication yes"
        export FIXTURE_EXTRA_4="Ciphers aes128-cbc,3des-cbc"
        export FIXTURE_EXTRA_5="RekeyLimit 1M
LogLevel DEBUG"
        local mode
        need_sshd 5
        config=$FX_SSH_CONFIG
        streams_up
}

logins() { # how often somebody tried to log in to h1
        grep -cE 'publickey|userauth|invalid user' "$FX_DIR/h1/log"
}

core_bytes() { # BYTES: so many while keys are exchanged anew
        echo "# bytes"
        expect 0 "$probe" "$config" text "$at/echo" hello
        check "what is sent comes back" said '^hello$'
        expect 0 "$probe" "$config" text "$at/count" hello
        check "the end of one direction passes, and the other goes on" said '^5 '
        expect 0 "$probe" "$config" bulk "$at/echo" 67108864
        check "64 MiB there and back at once" said '^67108864 bytes back, equal$'
        expect 0 "$probe" "$config" bulk "ssh://h5/./u:$tmp/s/echo" "$1"
        check "so it is while keys are exchanged anew" said "^$1 bytes back, equal\$"
        check "which happened again and again" test "$(grep -c 'set_newkeys: rekeying' "$FX_DIR/h5/log")" -gt 10
        expect 0 "$probe" "$config" many "ssh://h5/./u:$tmp/s/echo" 50
        expect 0 "$probe" "$config" slow "$at/source" "$n_source"
        check "a stream that nobody reads stops no other" said '^quick whole$'
        check "and loses nothing" said '^slow whole$'
        expect 0 "$probe" "$config" many "$at/echo" 50
        check "50 threads at once share one session" said '^sessions 1 channels 50$'
        expect 0 "$probe" "$config" two "$at/echo" "ssh://$FX_USER@$FX_H1:$FX_PORT/./u:$tmp/s/echo"
        check "two names of one host share one session" said '^sessions 1 channels 2$'
        expect 0 "$probe" "$config" text "h1,$FX_H1,$FX_PORT" ""
        check "a TCP port as seen from the host" said '^SSH-2.0-OpenSSH'
}

core_refusals() { # SSH NO_SSHD NO_HOST: what stands before the words of ssh; how it names that nobody listens, and that there is no such host
        echo "# refusals"
        expect 1 "$probe" "$config" open "$at/none"
        check "nobody listens" complained "^E_UNREACHABLE h1 \(.*\): $1.*cannot connect to the socket $tmp/s/none: nobody listens there, or .*AllowStreamLocalForwarding no$"
        expect 1 "$probe" "$config" open "h1,$FX_H1,1"
        check "nobody listens at a port" complained '^E_UNREACHABLE h1 .*port 1 of .*Connection refused'
        expect 1 "$probe" "$config" open "h2,$FX_H1,$FX_PORT"
        check "ports are not forwarded" complained '^E_DENIED h2 .*AllowTcpForwarding'
        with closed "Port 1"
        expect 1 "$probe" "$tmp/closed" open "$at/echo"
        check "no sshd" complained "^E_UNREACHABLE $2: Connection refused$"
        with nowhere "Host h1
HostName no-such-host.invalid"
        expect 1 "$probe" "$tmp/nowhere" open "$at/echo"
        check "no such host" complained "^E_UNREACHABLE $3"
}

core_commands() {
        echo "# commands"
        expect 0 "$probe" "$config" exec h1 'echo out; echo words >&2; exit 3'
        check "output" said '^out$'
        check "exit status" said '^exit 3$'
        expect 0 "$probe" "$config" exec h1 'head -c 65536 /dev/zero | tr "\0" x'
        expect 1 "$probe" "$config" exec h1 'head -c 65537 /dev/zero'
        check "more output than the limit is refused" complained '^E_TOO_LARGE h1 .* wrote more than 65536 bytes$'
}

core_liberties() { # KEY: the public half of the host key of h1
        echo "# hosts that take liberties"
        start evil "$PYROPE_TEST_BIN_DIR/unasking-sshd" "$FX_DIR/h1/hostkey" 1000
        port=$(ready_uri evil)
        echo "[127.0.0.1]:$port $1" >"$tmp/kh.evil"
        with evil "Host evil
HostName 127.0.0.1
Port $port
UserKnownHostsFile $tmp/kh.evil"
        expect 0 "$probe" "$tmp/evil" exec evil anything
        check "channels that nobody asked for are refused, all of them" said '^3000 of 3000 refused$'
}

again() { # NAME TIMEOUT_MS: opens a stream, and on a line to descriptor 7 another one
        : >"$tmp/$1.out"
        mkfifo "$tmp/$1.in"
        exec 7<>"$tmp/$1.in"
        "$probe" "$config" again "$at/echo" "$2" <"$tmp/$1.in" 7<&- >"$tmp/$1.out" 2>"$tmp/$1.err" {never_fd}<&- &
        pid_of[$1]=$!
        check "$1 has a session" wait_for_line "$tmp/$1.out" READY "${pid_of[$1]}"
}
ends() { # NAME STATUS SENTENCE: the program ends so
        local status=0
        wait "${pid_of[$1]}" || status=$?
        unset "pid_of[$1]"
        check "$3" test "$status" = "$2"
}

core_failures() { # WHAT: it was doing when a silent host is given up
        echo "# hosts that fail"
        hold lost "$config" "$at/stall"
        expect 0 "$fixture" kill1 "$FX_DIR" 1
        check "a lost session hangs up its streams" wait_for_line "$tmp/lost.out" 'hung up' "${pid_of[lost]}"
        expect 0 "$fixture" up1 "$FX_DIR" 1
        echo >&7
        check "the next stream makes a new session" wait_for_line "$tmp/lost.out" 'READY again' "${pid_of[lost]}"
        stop lost

        again dying 15000
        read -r sshd _ <"$FX_DIR/h1/pid"
        sessions=$(ps -o pid= --ppid "$sshd")
        for session in $sessions; do
                sessions+=" $(ps -o pid= --ppid "$session")" # who serves a user that is not root
        done
        # shellcheck disable=SC2086 # one word per pid
        kill -STOP $sessions
        echo >&7
        check "a stream is asked of a session that does not answer" wait_for_line "$tmp/dying.out" again "${pid_of[dying]}"
        # shellcheck disable=SC2086
        kill -KILL $sessions
        ends dying 0 "when it breaks, the stream comes through a new one"
        check "which took a second login" grep -q '^sessions 2 ' "$tmp/dying.out"

        again silent 300
        expect 0 "$fixture" freeze "$FX_DIR" 1
        echo >&7
        ends silent 1 "a host that falls silent fails the next stream, and the program ends"
        check "with the place it got stuck at" grep -q "^E_TIMEOUT h1 .*waiting for the socket $tmp/s/echo: timed out$" "$tmp/silent.err"
        expect 1 "$probe" "$config" open "$at/echo" 300
        check "a silent host: where it got stuck" complained "^E_TIMEOUT h1 .*$1: timed out\$"
        expect 0 "$probe" "$config" late "$at/echo" 300
        check "the pool ends while a login hangs" test "$(head -1 "$tmp/err" | cut -c1-9)" = E_TIMEOUT
        check "without waiting for it" said '^pool ended$'
        expect 0 "$fixture" thaw "$FX_DIR" 1
}

core_ends() {
        echo "# ends"
        expect 0 "$probe" "$config" stop "$at/stall" 20
        check "the end of the pool hangs up all streams" said '^20 of 20 hung up$'
        expect 0 "$probe" "$config" cycle "$at/echo" 5
        check "one session for all" said '^sessions 1 channels 5$'
        check "descriptors and threads are given back" said '^descriptors 0 threads 0$'
}

forward() { # NAME: from $tmp/s/NAME to the echo server
        : >"$tmp/$1.out"
        mkfifo "$tmp/$1.in"
        exec 7<>"$tmp/$1.in"
        "$probe" "$config" forward "$at/echo" "$tmp/s/$1" <"$tmp/$1.in" 7<&- >"$tmp/$1.out" 2>&1 {never_fd}<&- &
        pid_of[$1]=$!
        check "$1 is ready" wait_for_line "$tmp/$1.out" READY "${pid_of[$1]}"
}

core_forwards() {
        echo "# forwards"
        forward local
        check "the socket is ours alone" test "$(stat -c %a "$tmp/s/local")" = 600
        expect 0 "$probe" "$config" ping "$tmp/s/local" 100 64
        check "another program gets through" said '^round-trip'
        if [ "$(id -u)" = 0 ]; then
                chmod 711 "$tmp" "$tmp/s"
                chmod 666 "$tmp/s/local" "$tmp/s/echo"
                expect 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$probe" "$config" ping "$tmp/s/local" 1 64
                expect 0 setpriv --reuid 65534 --regid 65534 --clear-groups "$probe" "$config" ping "$tmp/s/echo" 1 64
                chmod 700 "$tmp" "$tmp/s"
        fi
        expect 1 "$probe" "$config" forward "$at/echo" "$tmp/s/local"
        check "a socket that is in use" complained '^E_EXISTS '
        echo >&7
        check "it ends" wait_for_line "$tmp/local.out" '^ended$' "${pid_of[local]}"
        check "and its socket is gone" test ! -e "$tmp/s/local"
}
