#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "slow patterns, of a list and of a removal, keep nobody from looking up, listing, registering and removing"
need_python

cat >"$tmp/stock.py" <<'END'
import sys
import threading
import Pyro5.api

Pyro5.config.SERIALIZER = "msgpack"
N, CLIENTS = 1600, 16
SLOW = "(a+)+[bc]"  # some milliseconds with each of the names


def call(method, *arguments, **keywords):
    with Pyro5.api.Proxy(sys.argv[1]) as nameserver:
        return getattr(nameserver, method)(*arguments, **keywords)


def fill(first):
    with Pyro5.api.Proxy(sys.argv[1]) as nameserver:
        for i in range(first, N, CLIENTS):
            nameserver.register("a" * 16 + "%05d" % i, "PYRO:o@h:1")


def start(function, *arguments, **keywords):
    thread = threading.Thread(target=function, args=arguments, kwargs=keywords)
    thread.start()
    return thread


for thread in [start(fill, i) for i in range(CLIENTS)]:
    thread.join()
for method in "list", "remove":
    slow = start(call, method, regex=SLOW)
    for i in range(20):
        call("register", "quick", "PYRO:o@h:1")
        call("lookup", "quick")
        call("list", prefix="quick")
        call("remove", "quick")
    print(method, "goes on" if slow.is_alive() else "was waited for", flush=True)
    slow.join()
print("names", call("count"))
END
start ns nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock"
WAIT_S=100 expect 0 "$python" "$tmp/stock.py" "$(ready_uri ns)"
check "others are served while a list is slow" said '^list goes on$'
check "others are served while a removal is slow" said '^remove goes on$'
check "what does not match stays" said '^names 1601$'
check "it ends with status 0" stop ns
finish
