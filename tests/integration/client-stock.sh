#!/bin/bash
# SPDX-License-Identifier: MIT
# JSON has dollar signs; check calls our functions by name.
# shellcheck disable=SC2016,SC2317

. "$(dirname "$0")/../support/lib.sh"
server=${1:-thread}
begin "our client and a stock Pyro5 nameserver and daemons of the server type $server, on Unix sockets and on ports"
need_python
mkdir "$tmp/sock"
start stock "$python" "$top/tests/integration/stock_daemon.py" "$tmp/sock" "$server"
check "they listen" grep -q . <(wait_for_line "$tmp/stock.out" '^READY PYRO:stock-object@127' "$(pid stock)")
export PYROPE_NAMESERVER=$tmp/sock/names.sock
uri=$(ready_uri stock 2)

said_just() { # TEXT: stdout is this one line
        [ "$(cat "$tmp/out")" = "$1" ]
}
was_quiet() { [ ! -s "$tmp/out" ]; }

calls_of() { # SENTENCE ARGUMENT...: the checks of stock-calls count as ours
        local sentence=$1
        shift
        expect 0 "$PYROPE_TEST_BIN_DIR/stock-calls" "$@"
        sed "s/ - / - $sentence: /" "$tmp/out"
        n_checks=$((n_checks + $(grep -c '^ok - ' "$tmp/out")))
        n_failed=$((n_failed + $(grep -c '^NOT OK - ' "$tmp/out")))
}

# --- names ---
expect 0 pyrope list
check "the table is aligned" said "^stock            $uri\$"
expect 0 pyrope list --prefix st
check "only the prefix" said_just "stock  $uri"
expect 0 pyrope list --regex 'Pyro\..*'
check "only the regex" said '^Pyro.NameServer  PYRO:'
expect 1 pyrope list --regex '('
check "a bad regex is named" complained 'NamingError: invalid regex'
expect 2 pyrope list --prefix a --regex b
expect 0 pyrope --json list
check "an object" said "\"stock\": \"$uri\""
expect 0 pyrope lookup stock
check "its URI" said_just "$uri"
expect 0 pyrope lookup --json stock
check "its record" said "\"object\": \"stock-object\".*\"endpoints\": \[\]"
expect 1 pyrope lookup nobody
check "an unknown name is an error" complained "nobody: no such name \(nameserver $tmp/sock/names.sock\)"
expect 1 pyrope lookup nobody --json
check "and as JSON" said '^\{"error": \{"code": "E_NOT_FOUND", "text": "nobody: no such name'

expect 0 pyrope register new PYRO:x@./u:/nowhere.sock --tag red --tag round
expect 0 pyrope lookup new --json
check "both tags" said '"metadata": \[("red", "round"|"round", "red")\]'
expect 1 pyrope register --safe new PYRO:y@./u:/nowhere.sock
check "--safe keeps what is there" complained 'NamingError: name already registered: new'
expect 1 pyrope register bad 'no uri'
expect 0 pyrope remove new
check "one removed" said_just 1
expect 0 pyrope remove --prefix none
check "none removed" said_just 0
expect 2 pyrope remove
expect 2 pyrope remove one --prefix other

# --- calls ---
call() { expect "$1" pyrope call "${@:2}"; }
call 0 stock echo '{"a": [1, 2.5, "x", null, true, {"$bytes": "AAEC"}], "b": {}}'
check "values come back" said_just '{"a": [1, 2.5, "x", null, true, {"$bytes": "AAEC"}], "b": {}}'
call 0 "$uri" echo '"\u00fc \u0000"'
check "text comes back" said_just '"ü \u0000"'
call 0 PYROMETA:kind:test,stock echo 1
check "found by tags" said_just 1
call 0 PYRONAME:stock echo 1
call 0 stock type_of '{"$bytes": "AAEC"}'
check "bytes are bytes" said_just '"bytes"'
call 0 stock describe 1 '"b"' --keyword 'x=[1]' -k y=null
check "positional and keyword arguments" said_just "{\"args\": \"(1, 'b')\", \"kwargs\": \"[('x', [1]), ('y', None)]\"}"
call 0 stock numbers
check "numbers beyond JSON's" said_just '[{"$int": "9223372036854775808"}, {"$int": "18446744073709551615"}, {"$int": "1180591620717411303424"}, -9223372036854775808, 0.1, {"$float": "nan"}, {"$float": "-inf"}, null, true]'
call 0 stock echo '{"$int": "18446744073709551615"}'
check "2^64 - 1 both ways" said_just '{"$int": "18446744073709551615"}'
call 0 stock array 2 3
check "numpy's array as lists" said_just '[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]'
call 0 stock own_uri
check "a URI is a plain map" said '^\{"__class__": "Pyro5.core.URI"'
check "8 MiB arrive whole" test "$(pyrope call stock make_bytes 8388864 | wc -c)" = $((2796288 * 4 + 15))

# --- exceptions ---
call 1 stock fail '"why not"'
check "class and text on stderr" complained '^pyrope: ValueError: why not$'
check "nothing on stdout" was_quiet
call 1 stock fail '"why not"' --json
check "as JSON" said '^\{"error": \{"code": "E_REMOTE", "text": "why not", "class": "builtins.ValueError", "traceback": "'
call 1 stock fail '"why not"' -v
check "the traceback with -v" grep -q '^Traceback (most recent call last)' "$tmp/err"
call 1 stock fail '"two\nlines \u001b[31m"'
check "text of strangers stays one harmless line" complained 'two\\x0alines \\x1b\[31m$'
call 1 stock unknown_class
check "a class of their own" complained 'Odd: odd'
call 1 stock nothing
check "an unknown method" complained "AttributeError: .*nothing"
call 1 stock echo
check "wrong arguments" complained "TypeError: .*missing 1 required positional argument"
call 0 stock echo -- -1
check "a negative number behind --" said_just -1

# --- streams, oneway calls, attributes ---
call 0 stock stream 3
check "each item of a stream is a line" said_just $'1\n2\n3'
call 0 stock stream 0
check "a stream without items prints nothing" was_quiet
call 1 stock broken_stream
check "the items before it breaks" said_just 1
check "and why it broke" complained 'ValueError: in the middle$'
check "whoever stops reading ends it" test "$(pyrope call stock watched_stream | head -1)" = '"item"'
call 0 stock take 1
check "and Python is told" said_just '["closed"]'
call 0 stock --oneway fail '"unheard"'
check "a oneway call says nothing" was_quiet
call 0 stock keep_oneway 5
check "a method that is oneway prints null" said_just null
call 0 stock take 1
check "and is run" said_just '[5]'
call 0 stock .number
check "an attribute is printed" said_just 7
call 0 stock .number '{"a": [1]}'
check "setting it prints nothing" was_quiet
call 0 stock .number
check "and it is set" said_just '{"a": [1]}'
call 0 stock .number 7
call 1 stock .readonly 7
check "one that is only read" complained "AttributeError: .*readonly"
call 1 stock .nothing
check "one that is none" complained "AttributeError: .*nothing"
call 2 stock .number 1 2
check "two values are misuse" complained "an attribute takes one value"
call 2 stock .number --oneway
check "as is --oneway" complained "neither --keyword nor --oneway"

# --- every kind of call, from C ---
calls_of "Unix" "$uri"
calls_of "TCP" "$(ready_uri stock 3)" 127.0.0.1
ipv6=$(ready_uri stock 4)
check "IPv6 is there" test -n "$ipv6"
call 0 "$ipv6" echo 6
check "by a numeric IPv6 address" said_just 6
call 0 "PYRONAME:stock@$PYROPE_NAMESERVER" echo 7
check "by a name at a nameserver that is named with it" said_just 7

# --- the command line ---
call 2 stock echo x
check "which argument is no JSON, and where" complained '^pyrope: argument 1 is not JSON: line 1 column 1: '
call 2 stock echo 1 '[1,'
check "the second one" complained '^pyrope: argument 2 is not JSON: line 1 column 3: '
call 2 stock echo --keyword 'a=['
check "a keyword" complained '^pyrope: --keyword a is not JSON'
call 2 stock echo --keyword 1
check "a keyword without name" complained "NAME=JSON"
expect 2 pyrope call stock
expect 2 pyrope nonsense
expect 2 pyrope
expect 2 pyrope --timeout soon list
expect 2 pyrope --nameserver 'no location' list
check "no location" complained "^pyrope: nameserver 'no location' is no location"
expect 0 pyrope --help
check "help names the subcommands" said '^ +call '
expect 0 pyrope call --help
expect 0 pyrope --version
expect 0 pyrope ping
expect 0 pyrope ping stock
check "a time" said '^[0-9.]+ ms '
expect 0 pyrope --json ping "$uri"
check "a time as JSON" said '"ms": [0-9.]+'
expect 0 pyrope where nameserver
check "the nameserver's socket" said_just "$tmp/sock/names.sock"

# --- what is not there ---
call 1 "PYRO:other@./u:$tmp/sock/stock.sock" echo 1
check "no such object" complained "other at $tmp/sock/stock.sock: the daemon has no such object"
call 1 "PYRO:x@./u:$tmp/sock/none.sock" echo 1
check "no such socket" complained "nobody listens on $tmp/sock/none.sock"
call 1 PYRO:x@127.0.0.1:1 echo 1
check "no such port" complained 'nobody listens on 127.0.0.1 port 1'
call 1 PYRO:x@no.such.host.invalid:1 echo 1
check "no such host" complained 'host no.such.host.invalid: '
call 1 PYRO:half echo 1
check "half a URI" complained "'PYRO:half' is neither a name nor a URI"
expect 1 pyrope --nameserver "$tmp/none.sock" list
check "no nameserver there" complained "nameserver $tmp/none.sock: nobody listens"
expect 1 env -u PYROPE_NAMESERVER pyrope list
check "no nameserver anywhere" complained "no nameserver is named \(--nameserver, PYROPE_NAMESERVER\): no daemon has a socket"
if [ "$server" = thread ]; then # a daemon with one worker, who is busy: its refusal comes in marshal
        mkdir "$tmp/small"
        PYRO_THREADPOOL_SIZE=1 PYRO_THREADPOOL_SIZE_MIN=1 \
                start small "$python" "$top/tests/integration/stock_daemon.py" "$tmp/small" thread
        check "it listens" grep -q . <(wait_for_line "$tmp/small.out" '^READY PYRO:stock' "$(pid small)")
        small=$(ready_uri small 2)
        pyrope call "$small" slow_stream >"$tmp/holder.out" {never_fd}<&- &
        pid_of[holder]=$!
        check "its worker is busy" grep -q . <(wait_for_line "$tmp/holder.out" begun "$(pid holder)")
        call 1 "$small" echo 1
        check "a reason in marshal is read as text" complained 'stock-object at .*: the daemon refused the connection: no free workers, increase server threadpool size$'
        stop holder
        stop small
fi
call 1 stock --timeout 300ms sleep 1
check "the deadline is kept" complained 'stock: sleep: no answer in time'
call 1 stock hang_up
check "the daemon's end is noticed" complained 'stock: hang_up: the daemon hung up'
finish
