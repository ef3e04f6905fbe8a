#!/bin/bash
# SPDX-License-Identifier: MIT

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
begin "every command of README.md does what it says"
need_python

blocks() { # LANGUAGE: into the array blocks
        mapfile -t -d '' blocks < <(python3 "$top/tests/integration/readme.py" "$top/README.md" "$1")
}

# --- the two commands; the tests of the demo and this run itself show that they work ---

blocks sh
check "there are three blocks of commands: two for here, and one for install.sh" \
        test "$(grep -c '^```sh$' "$top/README.md")" = 3
while read -r command; do
        check "$command is there" test -x "$top/$command"
done < <(grep -oE '^scripts/[a-z]+' <<<"${blocks[0]}")

# --- the first session, line by line, in a home of its own ---

mkdir "$tmp/home"
export HOME=$tmp/home
unset XDG_STATE_HOME
ln -s "$top/build" "$tmp/home/build"
session=${blocks[1]}
[ "$PYROPE_BIN_DIR" = "$top/build/dev/bin" ] || session=${session//build\/dev/build/$(basename "$(dirname "$PYROPE_BIN_DIR")")}
{
        echo 'set -e'
        # A program in the background is awaited, as a person would.
        # shellcheck disable=SC2016 # for the session
        sed -E 's/^(.*[^&])&$/\1 >"$HOME\/started" \&\nuntil grep -q READY "$HOME\/started"; do sleep 0.05; done; rm "$HOME\/started"/' <<<"$session"
        # shellcheck disable=SC2016 # for the session
        echo 'allocate-app ThermalSolver -- "$python" "$HOME/workflow.py"'
        echo 'kill %2 && wait %2; kill %1 && wait %1'
} >"$tmp/session.sh"
blocks python
printf '%s' "${blocks[0]}" >"$tmp/home/workflow.py"
export python
cd "$tmp/home" || exit 1
expect 0 bash -m "$tmp/session.sh"
check "the list has the nameserver" said '^Pyro.NameServer '
check "and the job manager" said '^Jobs@here '
check "two slots are free" said '^2$'
check "the solver answers the command line" said '^"thermal-solver .*"$'
check "and stock Pyro5" said '^thermal-solver '
check "nothing of it is left" test -z "$(find "$tmp" -type s)"
finish
