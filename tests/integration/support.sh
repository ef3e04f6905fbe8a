#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "what the other scripts stand on: a failing check fails the test, nothing stays behind, private SSH hosts"
support=$top/tests/support

judge() { # STATUS LINES: a script with these lines ends with this status
        printf '. %q\nbegin "inner script"\n%s\nfinish\n' "$support/lib.sh" "$2" >"$tmp/inner.sh"
        expect "$1" bash "$tmp/inner.sh"
}

# Quoted, for it is the inner script that expands them.
# shellcheck disable=SC2016
{
        judge 0 'check "true" true'
        judge 1 'check "false" false; check "true" true'
        judge 1 '# nothing is checked'
        judge 1 'expect 0 sh -c "exit 3"'
        judge 0 'expect 3 sh -c "echo out; echo err >&2; exit 3"; check out said "^out$"; check err complained "^err$"'
        judge 1 'expect 3 sh -c "echo two >&2; echo lines >&2; exit 3"; check err complained lines'
        judge 77 'skip "as it must"'
        check "the reason of a skipped test is printed" said '^SKIP: as it must$'

        judge 0 'start d sh -c "echo READY one; echo READY two; exec sleep 600"
                check "first URI" test "$(ready_uri d)" = one
                check "second URI" test "$(ready_uri d 2)" = two
                stop d
                check "ended by SIGTERM" test $? = 143'
        judge 1 'start d sh -c "echo broken >&2; exit 1"'
        check "a program that ends before it is ready is shown" said 'broken'
        judge 0 'WAIT_S=2
                start d sh -c "trap \"\" TERM; echo READY x; while :; do sleep 0.1; done"
                stop d
                check "killed in the end" test $? = 137'

        judge 0 "start d sh -c 'sleep 600 & echo \$! >$tmp/pid; echo READY x; wait'; check true true"
        check "what a program left behind is ended with the test" is_gone "$(cat "$tmp/pid")"
        judge 0 "echo \$tmp >$tmp/dir; check true true"
        check "the directory of a test goes with it" test ! -e "$(cat "$tmp/dir")"

        printf '%s\n' '#!/bin/bash' ". $(printf %q "$support/lib.sh")" with_own_mounts 'begin "mounts"' need_own_mounts \
                'mkdir "$tmp/disk"' 'mount -t tmpfs tmpfs "$tmp/disk"' "echo \$tmp >$tmp/dir" 'check "false" false' finish \
                >"$tmp/mounts.sh"
        chmod +x "$tmp/mounts.sh"
        if [ "$(id -u)" = 0 ] && "${own_mounts[@]}" true 2>/dev/null; then
                expect 1 "$tmp/mounts.sh"
                check "a mount goes with the test, and it failed nevertheless" test ! -e "$(cat "$tmp/dir")"
        else
                expect 77 "$tmp/mounts.sh"
        fi
}

need_sshd 2
expect 0 ssh -F "$FX_SSH_CONFIG" h1 echo welcome
check "a private host lets us in" said '^welcome$'
expect 0 ssh -F "$FX_SSH_CONFIG" h2-via-h1 echo welcome
expect 255 ssh -F "$FX_SSH_CONFIG" -o UserKnownHostsFile=/dev/null h1 true
check "an unknown host key is refused" grep -q 'Host key verification failed' "$tmp/err"
expect 255 ssh -F "$FX_SSH_CONFIG" -o PubkeyAuthentication=no h1 true
check "without the key nobody gets in" grep -q 'Permission denied' "$tmp/err"

expect 0 "$support/sshd_fixture.sh" kill1 "$FX_DIR" 1
expect 255 ssh -F "$FX_SSH_CONFIG" h1 true
expect 0 "$support/sshd_fixture.sh" up1 "$FX_DIR" 1
expect 0 ssh -F "$FX_SSH_CONFIG" h1 true
read -r sshd _ <"$FX_DIR/h2/pid"
expect 0 "$support/sshd_fixture.sh" stop "$FX_DIR"
check "no sshd of the fixture is left" is_gone "$sshd"
finish
