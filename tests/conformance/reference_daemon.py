#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reference target for daemon.py, written on stock Pyro5.

Usage:  reference_daemon.py SOCKET-PATH

Prints one line  READY URI  and then serves until killed. A daemon that wants to pass the conformance checks exposes
an object with the same surface; the docstrings below are the contract.
"""
import sys
import threading
import time
import Pyro5.api
import Pyro5.errors
import Pyro5.server

Pyro5.config.SERVERTYPE = "thread"


class Base:
    def unexposed(self):
        return "public in Python, but not remotely"


@Pyro5.api.expose
class Target(Base):
    """One shared instance is registered, so state is shared by all clients."""

    def __init__(self):
        self._log = []
        self._value = 7
        self._lock = threading.Lock()

    def echo(self, x):
        """give the argument back unchanged"""
        return x

    def add(self, a, b):
        """sum of two numbers"""
        return a + b

    def kw(self, a, b=2, c=None):
        """show how the arguments were bound"""
        return {"a": a, "b": b, "c": c}

    def nothing(self):
        """return nil"""

    def error(self, text="boom"):
        """raise builtins.ValueError(text)"""
        raise ValueError(text)

    def pyro_error(self, text="no such thing"):
        """raise Pyro5.errors.NamingError(text)"""
        raise Pyro5.errors.NamingError(text)

    @Pyro5.api.oneway
    def oneway_log(self, msg):
        """append to the log; never answered"""
        with self._lock:
            self._log.append(msg)
        return "must not be sent"

    @Pyro5.api.oneway
    def oneway_error(self):
        """fail silently"""
        raise ValueError("nobody hears this")

    def get_log(self):
        with self._lock:
            return list(self._log)

    def clear_log(self):
        with self._lock:
            self._log.clear()

    def sleep(self, seconds):
        time.sleep(seconds)
        return "woke"

    def count_stream(self, n):
        """item stream 0 .. n-1"""
        yield from range(n)

    def fail_stream(self, n):
        """n items, then ValueError('stream broke')"""
        yield from range(n)
        raise ValueError("stream broke")

    def size(self, data):
        """length of a bytes/str/list argument"""
        return len(data)

    def make_bytes(self, n):
        """n bytes counting 0..255 around"""
        return bytes(range(256)) * (n // 256) + bytes(range(n % 256))

    def myself(self):
        """a proxy to this very object, as a value"""
        return self._pyroDaemon.proxyFor(self)

    def my_uri(self):
        """this object's URI, as a value"""
        return self._pyroDaemon.uriFor(self)

    def call_back(self, proxy, text):
        """call proxy.notify(text) and return what it gives"""
        proxy._pyroClaimOwnership()
        with proxy:
            return proxy.notify(text)

    def context(self):
        """what the wire header of this call said"""
        ctx = Pyro5.api.current_context
        return {
            "correlation_id": str(ctx.correlation_id),
            "annotations": {k: bytes(v) for k, v in ctx.annotations.items()},
            "serializer_id": ctx.serializer_id,
            "seq": ctx.seq,
        }

    def annotate(self, key, data):
        """send a response annotation"""
        Pyro5.api.current_context.response_annotations = {key: data}

    @property
    def value(self):
        """read-write remote attribute, initially 7"""
        return self._value

    @value.setter
    def value(self, v):
        self._value = v

    @property
    def readonly(self):
        """read-only remote attribute"""
        return "fixed"

    def __len__(self):
        return 3

    def __getitem__(self, i):
        return ["zero", "one", "two"][i]

    def _private(self):
        return "must stay hidden"


@Pyro5.api.expose
class Decoy:
    """registered next to Target so that Pyro.Daemon.registered() has two names"""

    def hello(self):
        return "decoy"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: reference_daemon.py SOCKET-PATH")
    daemon = Pyro5.api.Daemon(unixsocket=sys.argv[1])
    uri = daemon.register(Target(), "conformance.target")
    daemon.register(Decoy(), "conformance.decoy")
    print("READY", uri, flush=True)
    daemon.requestLoop()


if __name__ == "__main__":
    main()
