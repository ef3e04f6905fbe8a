#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pyro5 with msgpack, both ends.

bench_pyro5.py serve unix PATH | tcp ADDRESS    prints "READY URI"
bench_pyro5.py names memory|sql PATH N         a nameserver with N names; sql keeps them in PATH.db
bench_pyro5.py latency URI N                    median of N round trips, in microseconds
bench_pyro5.py put|get URI BYTES N              MB/s, median of N
"""

import sqlite3
import statistics
import sys
import time

import Pyro5.api
import Pyro5.nameserver

Pyro5.config.SERIALIZER = "msgpack"
BENCH_BYTES = 64
WARM_UP_CALLS = 200


@Pyro5.api.expose
class Bench:
    def __init__(self):
        self.blob = b""

    def echo(self, what):
        return what

    def put(self, what):
        return len(what)

    def get(self, n):
        if len(self.blob) != n:
            self.blob = b"x" * n
        return self.blob


def serve(kind, where):
    daemon = Pyro5.api.Daemon(unixsocket=where) if kind == "unix" else Pyro5.api.Daemon(host=where)
    print("READY", daemon.register(Bench(), "bench"), flush=True)
    daemon.requestLoop()


def serve_names(storage, path, n):
    uri = "PYRO:obj_1@./u:/run/user/1000/pyrope/solver.sock"
    names = ["solver.%07d" % i for i in range(n)]
    with Pyro5.nameserver.NameServerDaemon(
            unixsocket=path + ".sock", storage="sql:" + path + ".db" if storage == "sql" else storage) as daemon:
        if storage == "sql":
            with sqlite3.connect(path + ".db") as database:
                database.executemany("INSERT INTO pyro_names (name, uri) VALUES (?, ?)", ((name, uri) for name in names))
        else:
            daemon.nameserver.storage.update((name, (uri, set())) for name in names)
        print("READY", daemon.uriFor(daemon.nameserver), flush=True)
        daemon.requestLoop()


def timed(n, call):
    took_ns = []
    for _ in range(n):
        began_ns = time.perf_counter_ns()
        call()
        took_ns.append(time.perf_counter_ns() - began_ns)
    return statistics.median(took_ns)


def main():
    mode, address, *rest = sys.argv[1:]
    if mode == "serve":
        return serve(address, *rest)
    if mode == "names":
        return serve_names(address, rest[0], int(rest[1]))
    numbers = [int(text) for text in rest]
    with Pyro5.api.Proxy(address) as proxy:
        if mode == "latency":
            what = b"x" * BENCH_BYTES
            timed(WARM_UP_CALLS, lambda: proxy.echo(what))
            print(f"{timed(numbers[0], lambda: proxy.echo(what)) / 1e3:.3f}")
            return None
        what = b"x" * numbers[0]
        call = (lambda: proxy.put(what)) if mode == "put" else (lambda: proxy.get(numbers[0]))
        print(f"{numbers[0] * 1e3 / timed(numbers[1], call):.0f}")
    return None


sys.exit(main())
