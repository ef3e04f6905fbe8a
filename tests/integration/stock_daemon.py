#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stock Pyro5 for our client: a nameserver and a daemon with one object, on Unix sockets.

usage: stock_daemon.py DIRECTORY

Prints READY and the URI of the nameserver, then of the object, which is registered as "stock". SIGUSR1 hangs up on
every client, as a daemon does that restarts.
"""

import os
import signal
import sys
import threading

import msgpack_numpy
import numpy
import Pyro5.api
import Pyro5.nameserver

msgpack_numpy.patch()
Pyro5.config.SERIALIZER = "msgpack"
Pyro5.config.DETAILED_TRACEBACK = False


@Pyro5.api.expose
class Stock:
    def echo(self, value):
        return value

    def describe(self, *args, **kwargs):
        return {"args": repr(args), "kwargs": repr(sorted(kwargs.items()))}

    def type_of(self, value):
        return type(value).__name__

    def fail(self, text):
        raise ValueError(text)

    def key(self):
        return {}["missing"]

    def unknown_class(self):
        class Odd(Exception):
            pass
        raise Odd("odd")

    def make_bytes(self, n):
        return bytes(i % 256 for i in range(256)) * (n // 256)

    def length(self, data):
        return len(data)

    def array(self, *shape):
        return numpy.arange(float(numpy.prod(shape))).reshape(shape)

    def total(self, array):
        return float(numpy.sum(array))

    def numbers(self):
        return [2**63, 2**64 - 1, 2**70, -2**63, 0.1, float("nan"), float("-inf"), None, True]

    def stream(self):
        yield 1
        yield 2

    def sleep(self, seconds):
        threading.Event().wait(seconds)

    def own_uri(self):
        return self._pyroDaemon.uriFor(self)

    def hang_up(self):
        os._exit(0)


def main():
    directory = sys.argv[1]
    names = Pyro5.nameserver.NameServerDaemon(unixsocket=os.path.join(directory, "names.sock"))
    daemon = Pyro5.api.Daemon(unixsocket=os.path.join(directory, "stock.sock"))
    uri = daemon.register(Stock(), "stock-object")
    names.nameserver.register("stock", str(uri), metadata={"kind:test", "stock"})
    for stopped in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopped, lambda *_: os._exit(0))
    threading.Thread(target=names.requestLoop, daemon=True).start()
    print("READY", names.uriFor(names.nameserver), flush=True)
    print("READY", uri, flush=True)
    daemon.requestLoop()


main()
