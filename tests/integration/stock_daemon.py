#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stock Pyro5 for our client: a nameserver, and daemons with one object each.

usage: stock_daemon.py DIRECTORY [thread|multiplex]

Prints READY and the URI of the nameserver, then of the objects: on a Unix socket, which is registered as "stock", on
127.0.0.1, and on ::1 where there is such an address.
"""

import os
import signal
import socket
import sys
import threading

import msgpack_numpy
import numpy
import Pyro5.api
import Pyro5.nameserver

msgpack_numpy.patch()
Pyro5.config.SERIALIZER = "msgpack"
Pyro5.config.DETAILED_TRACEBACK = False
WAIT_S = 20


@Pyro5.api.expose
class Friend:
    """What other calls give as their result."""

    def name(self):
        return "friend"


@Pyro5.api.expose
class Stock:
    def __init__(self, dispatcher):
        self.dispatcher = dispatcher
        self.value = 7
        self.kept = []
        self.changed = threading.Condition()
        self.opened = threading.Event()

    def echo(self, value):
        return value

    def describe(self, *args, **kwargs):
        return {"args": repr(args), "kwargs": repr(sorted(kwargs.items()))}

    def type_of(self, value):
        return type(value).__name__

    # --- exceptions ---

    def fail(self, text):
        raise ValueError(text)

    def key(self):
        return {}["missing"]

    def unknown_class(self):
        class Odd(Exception):
            pass
        raise Odd("odd")

    def fail_with_attributes(self):
        error = ValueError("why not", 7)
        error.code = 42
        error.places = ["here", "there"]
        raise error

    # --- data ---

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

    def compress(self, is_on):
        Pyro5.config.COMPRESSION = is_on

    # --- attributes ---

    @property
    def number(self):
        return self.value

    @number.setter
    def number(self, value):
        if value == "bad":
            raise ValueError("a bad number")
        self.value = value

    @property
    def readonly(self):
        return "only read"

    # --- oneway ---

    def keep(self, value):
        with self.changed:
            self.kept.append(value)
            self.changed.notify_all()

    @Pyro5.api.oneway
    def keep_oneway(self, value):
        self.keep(value)

    def keep_when_opened(self, value):
        if self.opened.wait(WAIT_S):
            self.keep(value)

    def open(self):
        self.opened.set()

    def take(self, n):
        """What was kept, as soon as it is as many."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.kept) >= n, WAIT_S)
            kept, self.kept = self.kept, []
            self.opened.clear()
            return kept

    # --- item streams ---

    def stream(self, n=2):
        for i in range(1, n + 1):
            yield i

    def broken_stream(self):
        yield 1
        raise ValueError("in the middle")

    def watched_stream(self):
        """Keeps a word when it is closed before its end."""
        try:
            while True:
                yield "item"
        finally:
            self.keep("closed")

    def slow_stream(self):
        """One item, so that it is known to have begun; then nothing."""
        yield "begun"
        threading.Event().wait()

    def allow_streams(self, is_on):
        Pyro5.config.ITER_STREAMING = is_on

    # --- beside arguments and result ---

    def annotate(self, key, value):
        Pyro5.api.current_context.response_annotations = {key: value}

    def context(self):
        """What came with the call; answers with an annotation."""
        context = Pyro5.api.current_context
        self.annotate("ANSW", b"from Python")
        return {"correlation": context.correlation_id.bytes,
                "annotations": {key: bytes(value) for key, value in context.annotations.items()}}

    # --- other objects ---

    def friend(self):
        """Registered: so it travels as a proxy."""
        friend = Friend()
        self._pyroDaemon.register(friend)
        return friend

    def own_uri(self):
        return self._pyroDaemon.uriFor(self)

    def call_back(self, proxy, method, *args):
        return getattr(proxy, method)(*args)

    def call_back_failing(self, proxy, method, *args):
        """How Python sees the exception of the object called."""
        try:
            getattr(proxy, method)(*args)
        except Exception as error:
            return {"class": type(error).__name__, "text": str(error), "pyro_class": getattr(error, "_pyroClass", None),
                    "traceback": "".join(Pyro5.errors.get_pyro_traceback(type(error), error, None))}
        return None

    @Pyro5.api.oneway
    def call_back_later(self, proxy, value):
        proxy._pyroClaimOwnership()  # a oneway call has a thread of its own
        proxy.notice(value)

    def publish(self, proxy, info, data):
        """Calls with what stays serialized on its way; the annotation goes on with the proxy's other calls."""
        proxy.add(1, 2)
        received = proxy.receive(Pyro5.api.SerializedBlob(info, data))
        proxy.add(1, 2)
        return received

    def publish_refused(self, proxy, method):
        """How Python sees that a method takes no blob."""
        try:
            getattr(proxy, method)(Pyro5.api.SerializedBlob("info", 1))
        except TypeError as error:
            return str(error)
        return None

    def publish_by_dispatcher(self, uri, data):
        """Through forward(), whose info says to whom."""
        with Pyro5.api.Proxy(self.dispatcher.uri) as proxy:
            return proxy.forward(Pyro5.api.SerializedBlob(uri, data))

    # --- connections ---

    def sleep(self, seconds):
        threading.Event().wait(seconds)

    @Pyro5.api.oneway
    def drop_me(self):
        """Hangs up on the caller, and goes on."""
        Pyro5.api.current_context.client.sock.shutdown(socket.SHUT_RDWR)

    def hang_up(self):
        os._exit(0)


class Daemon(Pyro5.api.Daemon):
    def annotations(self):
        """Beside every answer, exceptions too."""
        return {"DAEM": b"daemon"}


@Pyro5.api.expose
class Dispatcher:
    """Has a daemon of its own, so that others can call it while they serve."""

    def __init__(self):
        self.daemon = Daemon(host="127.0.0.1", port=0)
        self.uri = self.daemon.register(self)

    def forward(self, blob):
        """Hands a blob on to the object that its info names, without a look into it."""
        with Pyro5.api.Proxy(blob.info) as proxy:
            return proxy.receive(blob)


def serve(dispatcher, **place):
    daemon = Daemon(**place)
    uri = daemon.register(Stock(dispatcher), "stock-object")
    return daemon, uri


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def main():
    directory = sys.argv[1]
    Pyro5.config.SERVERTYPE = sys.argv[2] if len(sys.argv) > 2 else "thread"
    names = Pyro5.nameserver.NameServerDaemon(unixsocket=os.path.join(directory, "names.sock"))
    dispatcher = Dispatcher()
    served = [serve(dispatcher, unixsocket=os.path.join(directory, "stock.sock")), serve(dispatcher, host="127.0.0.1", port=0)]
    if has_ipv6():
        served.append(serve(dispatcher, host="::1", port=0))
    names.nameserver.register("stock", str(served[0][1]), metadata={"kind:test", "stock"})
    for stopped in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopped, lambda *_: os._exit(0))
    for daemon in [names, dispatcher.daemon] + [daemon for daemon, _ in served]:
        threading.Thread(target=daemon.requestLoop, daemon=True).start()
    print("READY", names.uriFor(names.nameserver), flush=True)
    for _, uri in served:
        print("READY", uri, flush=True)
    threading.Event().wait()


main()
