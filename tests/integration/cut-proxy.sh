#!/bin/bash
# SPDX-License-Identifier: MIT
# check calls our functions by name.
# shellcheck disable=SC2317

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/cuts.sh"
begin "the cutting proxy of the tests: cuts after the byte it is told to, late, slow, frozen, closed to new connections"
need_sshd 1
cuts_up h1
banner=$(timeout 5 head -c 8 </dev/tcp/"$FX_H1/$FX_PORT")
check "there is something to cut" test "$banner" = "SSH-2.0-"

dial() { exec 8<>/dev/tcp/"${cut_at/://}"; }
hear() { # SECONDS: what comes until the end or the time is up, in $heard, and how it ended in $ended
        heard=$(timeout "$1" cat <&8 2>"$tmp/cat.err")
        case $? in
        0) ended=fin ;;
        124) ended=silence ;;
        *) ended=rst ;;
        esac
        exec 8>&-
}

is_told() { [[ $told == *"$1"* ]]; } # PART of the last answer

for how in rst fin silence; do
        for k in 0 1 4 20; do
                order arm down $k $how
                dial
                hear 0.5
                check "$how after byte $k down: it came that far" test "${#heard}" -le $k
                check "$how after byte $k down: so it ends" test "$ended" = $how
                [ $how = rst ] || check "$how after byte $k down: with all of it" test "${#heard}" = $k
        done
done
order arm up 5 fin
dial
printf 'SSH-2.0-test\r\n' >&8
hear 5
check "a cut upwards" test "$ended" = fin
order counts
check "after just so many bytes, the 13th that was cut" is_told ' cut 13 up 5 '
order cut rst # those that are silent
check "none is open" is_told ' open 0 '

for how in rst fin; do
        dial
        IFS= read -r -t 5 heard <&8
        order cut $how
        hear 5
        check "$how of an open one" test "$ended" = $how
done

order freeze
dial
hear 0.5
check "frozen, nothing comes" test "$ended ${#heard}" = "silence 0"
order freeze
dial
order thaw
IFS= read -r -t 5 heard <&8
check "thawed, it comes" test "${heard:0:8}" = "$banner"
order refuse
is_refused() { ! { : <"/dev/tcp/${cut_at/://}"; } 2>"$tmp/err"; }
check "refused" is_refused
check "as where nobody listens" grep -q 'Connection refused' "$tmp/err"
order listen
exec 8>&-
dial
IFS= read -r -t 5 heard <&8
check "taken again at the same port" test "${heard:0:8}" = "$banner"
exec 8>&-

order latency 50
expect 0 "$PYROPE_TEST_BIN_DIR/ssh-probe" "$cut_config" exec cut 'echo through'
check "50 ms late, and whole" said '^through$'
order latency 0
order rate 100000
before=$(date +%s%N)
expect 0 "$PYROPE_TEST_BIN_DIR/ssh-probe" "$cut_config" exec cut 'head -c 50000 /dev/zero | tr "\0" x'
check "500 ms for 50 kB at 100 kB/s" test $((($(date +%s%N) - before) / 1000000)) -ge 450
check "and whole" test "$(wc -c <"$tmp/out")" = 50007
for wrong in '' nothing 'cut' 'cut off' 'arm down 3' 'arm sideways 3 rst' latency; do
        # shellcheck disable=SC2086 # words
        expect 1 "$PYROPE_TEST_BIN_DIR/cut-proxy" tell "$cut_control" '' $wrong
done
finish
