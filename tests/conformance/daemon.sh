#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
WAIT_S=60
begin "a stock Pyro5 client is at home with our daemon, on a port and on a Unix socket: every check, none left out"
need_python
conformance=$top/tests/conformance
n_titles=$(cat "$conformance"/check_*.py | grep -c '^@check(')

start target conformance-target --listen 127.0.0.1:0 --socket "$tmp/target.sock"
check "it says both its URIs" [ "$(grep -c '^READY PYRO:conformance\.target@' "$tmp/target.out")" = 2 ]
for where in port socket; do
        uri=$(ready_uri target "$([ "$where" = port ] && echo 1 || echo 2)")
        check "the URI of the $where is one" grep -q "@$([ "$where" = port ] && echo 127 || echo ./u:)" <<<"$uri"
        expect 0 "$python" "$conformance/daemon.py" "$uri"
        check "all $n_titles checks passed on the $where" said "^$n_titles passed, 0 failed\$"
done

# A port has no owner: the daemon asks the kernel whose the other end is.
{
        printf 'PYRO\x01\xf6\x01\x04\0\0\0\0\0\0\0\x2b\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x4d\xc5'
        printf '\x82\xa9handshake\xa5hello\xa6object\xb2conformance.target'
} >"$tmp/hello"
answered() { # [as_stranger]: the bytes of an answer's header that came
        # shellcheck disable=SC2016 # the inner shell expands
        "$@" bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && cat >&3; head -c 40 <&3 2>/dev/null | wc -c' - "$port" \
                <"$tmp/hello" 2>/dev/null
}
port=$(ready_uri target | sed 's/.*://')
check "we are let in" [ "$(answered)" = 40 ]
if [ "$(id -u)" = 0 ]; then
        check "another user is not" [ "$(answered as_stranger)" = 0 ]
fi
check "SIGTERM ends the daemon with exit 0" stop target
check "its socket is gone" test ! -e "$tmp/target.sock"

start v6 conformance-target --listen '[::1]:0' --object-id other
expect 0 "$python" "$conformance/daemon.py" "$(ready_uri v6)" -k "a batch"
check "IPv6 is served, too" said '^[1-9][0-9]* passed, 0 failed$'
check "on a port alone there is no socket" [ "$(grep -c '^READY' "$tmp/v6.out")" = 1 ]

for where in 0.0.0.0:0 '[::]:0' 192.0.2.1:0 example.org:80 127.0.0.1 127.0.0.1:65536 ''; do
        expect 1 conformance-target --listen "$where"
        check "'$where' is refused with a sentence" complained "cannot listen on '"
done
expect 1 conformance-target --listen "$(ready_uri v6 | sed 's/.*@//')"
check "a port that is taken is told" complained 'Address already in use'
finish
