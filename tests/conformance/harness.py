# SPDX-License-Identifier: MIT
"""What the conformance checks share: the target's surface, frames written by hand, the list of checks."""

import contextlib
import socket
import struct
import tempfile
import threading
import traceback
import zlib

import msgpack
import Pyro5.api
import Pyro5.client
import Pyro5.core
from Pyro5.api import current_context

# role -> name on the wire
METHODS = {
    "echo": "echo",                  # echo(x) -> x
    "add": "add",                    # add(a, b) -> a + b
    "kw": "kw",                      # kw(a, b=2, c=None) -> {"a": a, "b": b, "c": c}
    "nothing": "nothing",            # nothing() -> nil
    "error": "error",                # error(text="boom") raises builtins.ValueError(text)
    "pyro_error": "pyro_error",      # pyro_error(text) raises Pyro5.errors.NamingError(text)
    "oneway_log": "oneway_log",      # oneway: append to a log
    "oneway_error": "oneway_error",  # oneway: fails
    "get_log": "get_log",            # get_log() -> the log as a list
    "clear_log": "clear_log",        # clear_log() -> nil
    "sleep": "sleep",                # sleep(seconds) -> "woke"
    "count_stream": "count_stream",  # count_stream(n): item stream 0 .. n-1
    "fail_stream": "fail_stream",    # n items, then ValueError("stream broke")
    "size": "size",                  # size(x) -> len(x)
    "make_bytes": "make_bytes",      # make_bytes(n) -> n bytes 00 01 .. ff 00 ..
    "myself": "myself",              # myself() -> proxy to this object, as a value
    "my_uri": "my_uri",              # my_uri() -> URI of this object, as a value
    "call_back": "call_back",        # call_back(proxy, text) -> proxy.notify(text)
    "context": "context",            # context() -> what the frame header said, see below
    "annotate": "annotate",          # annotate(key, data): answer carries that annotation
    "getitem": "__getitem__",        # obj[i], i in 0..2 -> "zero", "one", "two"; else IndexError
    "len": "__len__",                # len(obj) -> 3
}
ATTRIBUTE = "value"         # read-write attribute holding any value
READONLY = "readonly"       # read-only attribute, always "fixed"
HIDDEN = ["_private", "unexposed", "__init__", "__class__", "__dict__", "_pyroDaemon", "__getattribute__"]

HEADER = struct.Struct("!4sHBBHHII16sHH")
CONNECT, CONNECTOK, CONNECTFAIL, INVOKE, RESULT, PING = range(1, 7)
F_EXC, F_ZIP, F_ONEWAY, F_BATCH, F_STREAM, F_KEEP, F_CORR = (1 << n for n in range(7))
CHECKS = []


class Skip(Exception):
    """the target has not got what the check needs"""


def check(title, *needs):
    def wrap(func):
        CHECKS.append((title, needs, func))
        return func
    return wrap


def same(got, want):
    assert type(got) is type(want) and got == want, "got %.300r, want %.300r" % (got, want)


def raises(exc, func, *args, text=None, **kwargs):
    try:
        got = func(*args, **kwargs)
    except exc as x:
        if text is not None:
            assert str(x) == text, "text is %r, want %r" % (str(x), text)
        return x
    except Exception as x:
        raise AssertionError("got %s(%s), want %s" % (type(x).__name__, x, exc)) from None
    raise AssertionError("returned %.200r, want %s" % (got, exc))


class Frame:
    def __init__(self, raw, body):
        (self.tag, self.version, self.type, self.serializer, self.flags, self.seq, self.size, self.annsize,
         self.corr, self.reserved, self.magic) = HEADER.unpack(raw)
        self.annotations, pos = {}, 0
        while pos < self.annsize:
            key, length = struct.unpack_from("!4sI", body, pos)
            self.annotations[key.decode("ascii")] = body[pos + 8:pos + 8 + length]
            pos += 8 + length
        assert pos == self.annsize, "annotation chunks do not add up"
        self.payload = body[self.annsize:]
        if self.flags & F_ZIP:
            self.payload = zlib.decompress(self.payload)

    def value(self):
        return msgpack.unpackb(self.payload, raw=False)


class Raw:
    """A connection on which frames are written by hand."""

    def __init__(self, env, handshake=True, objectid=None):
        self.env = env
        self.sock = env.connect()
        if handshake:
            self.send(CONNECT, {"handshake": "hello", "object": objectid or env.objectid})
            self.hello = self.frame()
            assert self.hello.type == CONNECTOK, "not let in: %r" % self.hello.payload

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.sock.close()

    @staticmethod
    def build(type_, payload=b"", serializer=4, flags=0, seq=0, version=502, magic=0x4dc5, tag=b"PYRO",
              annotations=b"", corr=b"\0" * 16, size=None, reserved=0):
        if not isinstance(payload, bytes):
            payload = msgpack.packb(payload)
        return HEADER.pack(tag, version, type_, serializer, flags, seq, len(payload) if size is None else size,
                           len(annotations), corr, reserved, magic) + annotations + payload

    def send(self, *args, **kwargs):
        self.put(self.build(*args, **kwargs))

    def put(self, data, last=False):
        """Write; a peer that has hung up already shows at the next read."""
        with contextlib.suppress(OSError):
            self.sock.sendall(data)
            if last:
                self.sock.shutdown(socket.SHUT_WR)

    def read(self, n):
        data = b""
        while len(data) < n:
            chunk = self.sock.recv(n - len(data))
            if not chunk:
                raise EOFError
            data += chunk
        return data

    def frame(self):
        """The next frame, or None if the peer hung up."""
        try:
            head = self.read(HEADER.size)
        except (EOFError, ConnectionError):
            return None
        size, annsize = struct.unpack_from("!II", head, 12)
        f = Frame(head, self.read(size + annsize))
        assert (f.tag, f.version, f.magic) == (b"PYRO", 502, 0x4dc5), "bad header %r" % head
        return f

    def silent(self, seconds=0.4):
        self.sock.settimeout(seconds)
        try:
            self.sock.recv(1)
        except socket.timeout:
            return
        finally:
            self.sock.settimeout(5)
        raise AssertionError("expected silence")

    def call(self, method, args=(), kwargs=None, seq=1, flags=0, objectid=None, **more):
        self.send(INVOKE, [objectid or self.env.objectid, method, list(args), {} if kwargs is None else kwargs],
                  seq=seq, flags=flags, **more)

    def alive(self):
        self.call(METHODS["add"], [20, 22], seq=4242)
        f = self.frame()
        return f is not None and f.type == RESULT and f.seq == 4242 and f.value() == 42


class Env:
    """The daemon under test."""

    def __init__(self, uri, lenient):
        self.uri, self.lenient = Pyro5.core.URI(uri), lenient
        self.objectid = self.uri.object

    def connect(self):
        if not self.uri.sockname:
            return socket.create_connection((self.uri.host, self.uri.port), timeout=5)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(5)
        sock.connect(self.uri.sockname)
        return sock

    def proxy(self, objectid=None):
        return Pyro5.client.Proxy("PYRO:%s@%s" % (objectid or self.objectid, self.uri.location))

    @contextlib.contextmanager
    def own_daemon(self):
        """A daemon of this process, of the same kind of socket as the one under test."""
        with tempfile.TemporaryDirectory() as folder:
            where = {"unixsocket": folder + "/sock"} if self.uri.sockname else {"host": "127.0.0.1"}
            with Pyro5.api.Daemon(**where) as daemon:
                thread = threading.Thread(target=daemon.requestLoop, daemon=True)
                thread.start()
                yield daemon
                daemon.shutdown()
                thread.join()

    def m(self, proxy, role):
        return getattr(proxy, METHODS[role])

    def refused(self, frame, *classes):
        """An exception answer of one of the classes (any class if lenient)."""
        assert frame is not None, "hung up, an exception answer was expected"
        assert frame.type == RESULT and frame.flags & F_EXC, "type %d flags %#x" % (frame.type, frame.flags)
        got = frame.value()
        assert got["__exception__"] is True and isinstance(got["args"], list) and isinstance(got["attributes"], dict), got
        if not self.lenient:
            assert got["__class__"] in classes, "class %s, want one of %s" % (got["__class__"], classes)
        return got


def run(e, only, verbose):
    """Runs the checks with `only` in the title, prints each that did not pass, and at last the count."""
    Pyro5.config.reset(False)
    Pyro5.config.SERIALIZER = "msgpack"
    Pyro5.config.COMMTIMEOUT = 20.0
    passed = failed = 0
    for title, needs, func in CHECKS:
        if only not in title:
            continue
        try:
            if not all(METHODS[r] for r in needs):
                raise Skip
            func(e)
        except Skip:
            print("skipped " + title)
        except Exception as x:
            failed += 1
            print("FAILED  %s: %s: %.400s" % (title, type(x).__name__, x))
            if verbose:
                traceback.print_exc()
        else:
            passed += 1
            if verbose:
                print("ok      " + title)
        current_context.annotations = {}
        current_context.correlation_id = None
    print("%d passed, %d failed" % (passed, failed))
    return failed == 0 and passed > 0
