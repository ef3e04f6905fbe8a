# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the integration scripts share. A script begins and ends like this; its exit status is the test's:
#
#   . "$(dirname "$0")/../support/lib.sh"
#   begin "what it covers, in one sentence"
#   start ns nameserver --socket "$tmp/ns.sock"
#   expect 0 pyrope --nameserver "./u:$tmp/ns.sock" list
#   check "the list names the nameserver" said 'Pyro\.NameServer'
#   stop ns
#   finish
#
# Everything lives in $tmp, a private directory that goes away at the end with all that was started; KEEP_TMP=1 keeps it.
# PYROPE_BIN_DIR (where the programs are) and PYROPE_VENV (see need_python) come from CTest, or from build/dev.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PYROPE_BIN_DIR=${PYROPE_BIN_DIR:-$top/build/dev/bin}
PYROPE_VENV=${PYROPE_VENV:-$(dirname "$PYROPE_BIN_DIR")/python}
WAIT_S=${WAIT_S:-20} # longest wait for anything that should happen at once; far more than any machine needs

declare -A pid_of=() # NAME -> pid of what start began
n_checks=0
n_failed=0

# --- the test ---

own_mounts=(unshare --mount --propagation private)

with_own_mounts() { # ARGUMENT... of the script, before begin: it goes on where mounts are its own and end with it, if it may
        if [ -z "${OWN_MOUNTS:-}" ] && "${own_mounts[@]}" true 2>/dev/null; then
                OWN_MOUNTS=1 exec "${own_mounts[@]}" "$0" "$@"
        fi
}

begin() { # SENTENCE
        echo "# $1"
        set -u
        umask 077
        tmp=$(mktemp -d /tmp/pyrope-test.XXXXXX) || exit 1 # without one clean_up must never look; short: the path of a Unix socket has 107 bytes
        trap clean_up EXIT
        trap 'exit 1' INT TERM HUP
        # A descriptor that never has anything to read: `read -t` on it is a pause without a process.
        exec {never_fd}<> <(:)
        unset PYROPE_NAMESERVER PYROPE_SSH_CONFIG PYROPE_CONFIG PYROPE_ZONE XDG_RUNTIME_DIR SSH_AUTH_SOCK
        # Whose login it is that fails or is counted: of the command itself, unless the script is about the agent.
        export PYROPE_SHARE=no PYROPE_RUNTIME_DIR=$tmp/run XDG_CONFIG_HOME=$tmp/config XDG_STATE_HOME=$tmp/state
        PATH=$PYROPE_BIN_DIR:$PATH
}

finish() { # ends the script
        echo "# $n_checks checks, $n_failed failed"
        [ "$n_checks" -gt 0 ] || echo "# nothing was checked"
        [ "$n_checks" -gt 0 ] && [ "$n_failed" = 0 ]
        exit
}

skip() { # REASON
        echo "SKIP: $*"
        exit 77
}

left_behind() { # prints the pids of processes that still work in $tmp, or were told of it
        local found pid
        found=$({
                grep -lsF -- "$tmp" /proc/[0-9]*/environ /proc/[0-9]*/cmdline
                find /proc/[0-9]*/cwd -maxdepth 0 -lname "$tmp*"
        } 2>/dev/null | cut -d/ -f3 | sort -u)
        for pid in $found; do
                # Those that looked have seen themselves, and are gone by now.
                is_gone "$pid" || [ "$pid" = $$ ] || echo "$pid"
        done
}

clean_up() { # before the directory goes, what uses it must be gone
        local status=$? name left pid
        for name in "${!pid_of[@]}"; do
                stop "$name"
        done
        [ -z "${FX_DIR:-}" ] || "$top/tests/support/sshd_fixture.sh" stop "$FX_DIR"
        left=$(left_behind)
        # shellcheck disable=SC2086 # one word per pid
        [ -z "$left" ] || kill -KILL $left 2>/dev/null
        for pid in $left; do wait_until is_gone "$pid"; done
        [ -z "${OWN_MOUNTS:-}" ] || awk -v below="$tmp/" 'index($2, below) == 1 { print $2 }' /proc/mounts | xargs -r umount -l
        if [ -n "${KEEP_TMP:-}" ]; then echo "# kept $tmp"; else rm -rf "$tmp"; fi
        exit "$status"
}

# --- checks ---

pass() { # SENTENCE
        n_checks=$((n_checks + 1))
        echo "ok - $1"
}

fail() { # SENTENCE [DETAIL...]: prints also what the last command of expect said
        n_checks=$((n_checks + 1))
        n_failed=$((n_failed + 1))
        echo "NOT OK - $1"
        shift
        printf '    %s\n' "$@"
        [ ! -e "$tmp/out" ] || sed 's/^/    stdout: /' "$tmp/out"
        [ ! -e "$tmp/err" ] || sed 's/^/    stderr: /' "$tmp/err"
}

check() { # SENTENCE COMMAND...: the command, a function or `test`, says whether the sentence is true
        local sentence=$1
        shift
        if "$@"; then pass "$sentence"; else fail "$sentence" "false: $*"; fi
}

expect() { # STATUS COMMAND...: runs it, with its output in $tmp/out and $tmp/err, and checks its exit status
        local wanted=$1 status=0
        shift
        timeout -k 5 "$WAIT_S" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null {never_fd}<&- || status=$?
        if [ "$status" = "$wanted" ]; then
                pass "exit $wanted: $*"
        else
                fail "exit $wanted: $*" "but it was $status"
        fi
}

said() { # REGEX: the last command of expect wrote such a line on stdout
        grep -qE -- "$1" "$tmp/out"
}

complained() { # REGEX: it wrote exactly one line on stderr, like this one
        [ "$(wc -l <"$tmp/err")" = 1 ] && grep -qE -- "$1" "$tmp/err"
}

# --- programs that go on running ---

is_gone() { # PID: it has ended, whether or not its parent has taken note
        local stat
        { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
        [[ ${stat##*) } == [ZX]* ]]
}

pause() { # a moment between two looks at what sends no event
        read -r -t 0.02 -u "$never_fd" || true
}

wait_until() { # COMMAND...: until it succeeds; 1 if time is up
        local deadline=$((SECONDS + WAIT_S))
        until "$@"; do
                [ "$SECONDS" -lt "$deadline" ] || return 1
                pause
        done
}

wait_for_line() { # FILE REGEX PID: until the file has such a line, which is printed; 1 if PID ends or time is up
        local deadline=$((SECONDS + WAIT_S)) ended=
        until grep -m 1 -E -- "$2" "$1"; do
                if [ -n "$ended" ] || [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
                if is_gone "$3"; then ended=1; fi # one look more: what it wrote before its end counts
                pause
        done
}

start() { # NAME COMMAND...: in the background, until it prints READY; its output is in $tmp/NAME.out and .err
        local name=$1
        shift
        : >"$tmp/$name.out"
        "$@" >>"$tmp/$name.out" 2>>"$tmp/$name.err" </dev/null {never_fd}<&- &
        pid_of[$name]=$!
        if ! wait_for_line "$tmp/$name.out" '^READY ' "$!" >/dev/null; then
                fail "$name says READY" "$*"
                sed 's/^/    /' "$tmp/$name.out" "$tmp/$name.err"
                finish
        fi
}

ready_uri() { # NAME [N]: what stood after READY, of its N-th listener
        sed -n 's/^READY //p' "$tmp/$1.out" | sed -n "${2:-1}p"
}

pid() { # NAME
        echo "${pid_of[$1]}"
}

stop() { # NAME [SIGNAL]: ends it and returns its exit status; killed, with status 137, when it does not end in time
        local pid=${pid_of[$1]} status=0
        kill -"${2:-TERM}" "$pid" 2>/dev/null
        wait_until is_gone "$pid" || kill -KILL "$pid"
        wait "$pid" 2>/dev/null || status=$?
        unset "pid_of[$1]"
        return $status
}

freeze() { # NAME: stops it from running, and waits until no thread of it does; kill -CONT lets it go on
        kill -STOP "${pid_of[$1]}"
        wait_until is_frozen "${pid_of[$1]}"
}
is_frozen() { # PID
        ! grep -hs '^State:' "/proc/$1/task"/*/status | grep -qv 'T (stopped)'
}

# --- what a test needs ---

need_root() { # [VERB...]: what only root can, if not to become another user
        [ "$(id -u)" = 0 ] || skip "only root can ${*:-act as a second user}"
}

need_own_mounts() { # after with_own_mounts; even root has none in a container or a chroot
        need_root mount
        [ -n "${OWN_MOUNTS:-}" ] || skip "no mounts of one's own here: $("${own_mounts[@]}" true 2>&1)"
}

# Copies of the programs that other users can run wherever this tree is, at the head of PATH.
open_programs() {
        mkdir -p "$tmp/open/bin"
        cp "$PYROPE_BIN_DIR"/{nameserver,pyrope} "$PYROPE_BIN_DIR"/../lib/libpyrope.so.* "$tmp/open/bin"
        chmod -R a+rX "$tmp/open"
        chmod a+X "$tmp"
        export LD_LIBRARY_PATH=$tmp/open/bin PATH=$tmp/open/bin:$PATH
}

as_stranger() { # COMMAND...: as a user who owns nothing here (nobody)
        setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

need_python() { # sets $python, an interpreter that has stock Pyro5
        python=$("$top/tests/support/venv" "$PYROPE_VENV") || skip "${python#SKIP: }"
        export PYTHONDONTWRITEBYTECODE=1
}

need_sshd() { # N: that many private SSH hosts, in $tmp/ssh; sets what sshd_fixture.sh writes (FX_SSH_CONFIG, ...)
        [ -x /usr/sbin/sshd ] || skip "openssh-server is not installed; scripts/packages --install installs it"
        "$top/tests/support/sshd_fixture.sh" start "$tmp/ssh" "$1" || finish
        # shellcheck disable=SC1091 # made by the line above
        . "$tmp/ssh/env"
}
