#!/bin/bash
# SPDX-License-Identifier: MIT
# check calls our functions by name; the inner shell expands.
# shellcheck disable=SC2016,SC2317

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
begin "each daemon serves a port of the loopback interface where it is told to, to us alone, and no other address"
need_python

cat >"$tmp/jobman.conf" <<END
[jobman]
name = Jobs@here
workDir = $tmp/jobs
[nameserver]
location = $tmp/names.sock
[application Sleep]
command = /bin/sleep 1000
END
start names nameserver --database "$tmp/names.db" --socket "$tmp/names.sock"

daemon() { # NAME ADDR:PORT: its command
        case $1 in
        nameserver) command=(nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock" --listen "$2") ;;
        jobman) command=(jobman --config "$tmp/jobman.conf" --socket "$tmp/jobs.sock" --listen "$2") ;;
        target) command=(conformance-target --listen "$2") ;;
        esac
}
tcp_uri() { # NAME: of its port
        sed -n 's/^READY \(PYRO:.*@\(127\|\[\).*\)/\1/p' "$tmp/$1.out"
}
cat >"$tmp/ask.py" <<'END'
import sys

import Pyro5.api

Pyro5.config.SERIALIZER = "msgpack"
with Pyro5.api.Proxy(sys.argv[1]) as proxy:
    proxy._pyroBind()
    print(len(proxy._pyroMethods), "methods")
END

# A handshake by hand: an answer begins with 40 bytes, be it that there is no such object.
{
        printf 'PYRO\x01\xf6\x01\x04\0\0\0\0\0\0\0\x1d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x4d\xc5'
        printf '\x82\xa9handshake\xa5hello\xa6object\xa4none'
} >"$tmp/hello"
answered() { # URI [as_stranger]: how many of them came
        local host=${1##*@}
        local port=${host##*:}
        host=${host%:*}
        host=${host#\[}
        "${@:2}" bash -c 'exec 3<>"/dev/tcp/$1/$2" && cat >&3; head -c 40 <&3 2>/dev/null | wc -c' - "${host%]}" "$port" \
                <"$tmp/hello" 2>/dev/null
}

for name in nameserver jobman target; do
        for address in 127.0.0.1 '[::1]'; do
                daemon "$name" "$address:0"
                start "$name" "${command[@]}"
                uri=$(tcp_uri "$name")
                check "$name says where: $address" grep -qF "@$address:" <<<"$uri"
                expect 0 "$python" "$tmp/ask.py" "$uri"
                check "stock Pyro5 is served" said '^[1-9][0-9]* methods$'
                expect 0 pyrope ping "$uri"
                check "who greets it by hand is answered" [ "$(answered "$uri")" = 40 ]
                if [ "$(id -u)" = 0 ]; then
                        check "another user is not" [ "$(answered "$uri" as_stranger)" = 0 ]
                else
                        echo "# another user was not tried: only root can act as one"
                fi
                check "$name ends in peace" stop "$name"
        done
done

# Our own address, or one that stands for such.
own=$(ip -o -4 address show scope global 2>/dev/null | sed -n 's,.* inet \([0-9.]*\)/.*,\1,p' | head -n 1)
for name in nameserver jobman target; do
        for where in 0.0.0.0:0 '[::]:0' "${own:-192.0.2.1}:0" localhost:0 example.org:80 127.0.0.1 127.0.0.1: \
                127.0.0.1:65536 127.0.0.1:-1 '::1:0' '[::1]' ''; do
                daemon "$name" "$where"
                expect 1 "${command[@]}"
                check "$name: '$where' is refused with a sentence" complained "cannot listen on '"
        done
done

daemon target 127.0.0.1:0
start target "${command[@]}"
port=$(tcp_uri target | sed 's/.*@//')
daemon nameserver "$port"
expect 1 "${command[@]}"
check "a port that is taken is told" complained "cannot listen on $port: Address already in use"
finish
