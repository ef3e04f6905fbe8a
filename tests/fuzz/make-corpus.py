#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

"""
Makes the seeds of the wire's fuzz targets from real traffic: what stock Pyro5, its client and its server, say to each
other with msgpack, and what msgpack and msgpack-numpy pack.

    python make-corpus.py DIR      writes DIR/frame, DIR/annotations, DIR/codec, DIR/message, DIR/exception, DIR/inflate,
                                   DIR/uri, DIR/conn, DIR/handshake, DIR/dispatch, DIR/marshal, DIR/reach, DIR/json-value,
                                   DIR/ssh-share-message

The interpreter needs Pyro5, msgpack, msgpack-numpy and numpy (tests/support/venv makes one). Seeds are named by their
contents, so that running it again changes only what changed.
"""

import datetime
import hashlib
import marshal
import os
import struct
import sys
import tempfile
import threading
import uuid
import zlib

import msgpack
import msgpack_numpy
import numpy
import Pyro5.api
import Pyro5.client
import Pyro5.errors
import Pyro5.nameserver
import Pyro5.protocol

HEADER = struct.Struct("!4sHBBHHII16sHH")
CORRELATION = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
sent = []  # every frame of both ends, in order


def record(cls):
    plain = cls.__init__

    def init(self, *args, **kwargs):
        plain(self, *args, **kwargs)
        sent.append(bytes(self.data))

    cls.__init__ = init


@Pyro5.api.expose
class Target:
    value = 5

    def echo(self, *args, **kwargs):
        return [list(args), kwargs]

    def fail(self, kind):
        raise {"value": ValueError("wrong value"), "key": KeyError("missing"),
               "os": FileNotFoundError(2, "No such file or directory"), "two": RuntimeError("a", 2),
               "naming": Pyro5.errors.NamingError("unknown name: x"), "empty": RuntimeError()}[kind]

    def items(self):
        yield from range(2)

    @Pyro5.api.oneway
    def quiet(self):
        pass

    @property
    def number(self):
        return 1.5

    @number.setter
    def number(self, to):
        pass


def converse(uri):
    """One of each kind of message."""
    with Pyro5.api.Proxy(uri) as proxy:
        proxy.echo(1, "two", [3.0, None, True], key=b"\x00\xff", big=2**70, when=datetime.date(2026, 1, 2))
        proxy.quiet()
        proxy.number = proxy.number
        for kind in ("value", "key", "os", "two", "naming", "empty"):
            try:
                proxy.fail(kind)
            except Exception:
                pass
        list(proxy.items())
        batch = Pyro5.api.BatchProxy(proxy)
        batch.echo(1)
        batch.fail("value")
        try:
            list(batch())
        except ValueError:
            pass
        Pyro5.api.current_context.annotations = {"TEST": b"an annotation"}
        proxy.echo()
        Pyro5.api.current_context.annotations = {}
        Pyro5.api.config.COMPRESSION = True
        proxy.echo("long " * 100)
        Pyro5.api.config.COMPRESSION = False
        proxy._pyroConnection.send(
            Pyro5.protocol.SendingMessage(Pyro5.protocol.MSG_PING, 0, 0, 42, b"ping").data)
        proxy._pyroConnection.recv(HEADER.size + 4)
    try:
        Pyro5.api.Proxy(uri.replace("target", "nobody"))._pyroBind()
    except Pyro5.errors.CommunicationError:
        pass


def ask_nameserver(uri):
    with Pyro5.client.Proxy(uri) as names:
        names.register("a name", "PYRO:obj@./u:/run/x", metadata=["tag"])
        names.lookup("a name", return_metadata=True)
        names.list(return_metadata=True)
        names.yplookup(meta_any=["tag"])
        names.remove("a name")


def traffic(directory):
    Pyro5.api.config.SERIALIZER = "msgpack"
    record(Pyro5.protocol.SendingMessage)
    Pyro5.api.current_context.correlation_id = CORRELATION
    daemon = Pyro5.api.Daemon(unixsocket=os.path.join(directory, "d"))
    uri = str(daemon.register(Target, "target"))
    names_uri = daemon.register(Pyro5.nameserver.NameServer(), "Pyro.NameServer")
    thread = threading.Thread(target=daemon.requestLoop, daemon=True)
    thread.start()
    converse(uri)
    ask_nameserver(str(names_uri))
    daemon.shutdown()
    thread.join()
    # Paths of this machine, in URIs and tracebacks, become as many slashes: lengths must stay.
    paths = [directory, os.path.dirname(os.path.dirname(Pyro5.__file__)), os.path.dirname(os.path.abspath(__file__))]
    return [without(frame, paths) for frame in sent]


def without(frame, paths):
    for path in paths:
        frame = frame.replace(path.encode(), b"/" * len(path))
    return frame


def values():
    pack = lambda value: msgpack.packb(value, use_bin_type=True, default=msgpack_numpy.encode)
    for value in (None, True, 0, 127, 128, 65536, 2**32, 2**64 - 1, -1, -33, -2**15, -2**31, -2**63, 1.5, float("nan"), "",
                  "é" * 20, "x" * 40, "y" * 300, b"", b"\x00" * 300, [], {}, list(range(20)), {str(i): i for i in range(17)},
                  {b"bytes": {"": [[], {}, [None]]}}, msgpack.ExtType(0x31, b"123456789012345678901"),
                  msgpack.ExtType(0x30, bytes(16)), msgpack.ExtType(5, b"abc"), msgpack.Timestamp(5, 6)):
        yield pack(value)
    for array in (numpy.zeros(0), numpy.arange(6.0).reshape(2, 3), numpy.arange(4, dtype=">i4"), numpy.array(1.0),
                  numpy.ones((1, 1, 2), dtype=bool), numpy.array(["text"]), numpy.array([1j]),
                  numpy.zeros(2, dtype=[("a", "<f8"), ("b", "<i4")]), numpy.float32(1.5), numpy.int64(7)):
        yield pack(array)
    packer = msgpack.Packer(use_single_float=True)
    yield packer.pack(0.5)
    nested = []
    for _ in range(500):
        nested = [nested]
    yield pack(nested)


URIS = ("PYRO:obj@host:9090", "PYRO:obj@./u:/run/x", "PYRO:obj@[::1]:9090", "pyro:Pyro.Daemon@127.0.0.1:1", "PYRONAME:name",
        "PYRONAME:a.name@host", "PYROMETA:tag,other@host:9090", "PYRO:o@ssh://me@far:22/./u:/run/x", "ssh://host", "/run/x",
        "[fe80::1%eth0]:80", "ssh://me@[::1]:22/host:80", "ssh://gw,me@inner,[::1]:22/./u:/run/x")


def places():
    """What nameservers and daemons say of where an object is."""
    endpoint = dict.fromkeys(("zone", "unix", "host", "port", "nathost", "natport", "ssh"))
    for changes in ({"zone": "here", "unix": "/run/x"}, {"zone": "there", "unix": "/run/x", "ssh": "me@node:22"},
                    {"zone": "there", "unix": "/run/x", "ssh": "gw,inner,me@node:22"},
                    {"host": "10.0.0.1", "port": 9090, "nathost": "localhost", "natport": 65535},
                    {"zone": "here", "unix": "relative", "ssh": "-oProxyCommand=x", "host": "a;b", "port": 70000}):
        yield {"object": "obj", "uri": "PYRO:obj@./u:/run/x", "endpoints": [{**endpoint, **changes}, endpoint]}
    for uri in URIS:
        yield uri
        yield {"uri": uri, "endpoints": []}
        yield {"__class__": "Pyro5.client.Proxy", "state": [uri, [], [], [], "hello", None]}
    for state in (["PYRO", "obj", "/run/x", None, None], ["PYRO", "obj", None, "::1", 9090], ["PYRO", "obj"]):
        yield {"__class__": "Pyro5.core.URI", "state": state}


JSON = ('null', '[true, false, -1, 0.1, 1e300, -0.0, 9223372036854775807]', '{"a": {"b": []}, "$a": 1}', '"\\u00fc \\u0000 \\n"',
        '[{"$int": "18446744073709551615"}, {"$float": "nan"}, {"$bytes": "AAEC/w=="}]',
        '{"$map": [[{"$bytes": "AA=="}, 1], [["list"], {}], ["$x", null]]}')


NOTES = ((b"ABCD", b"one"), (b"BLBI", b")\x03"), (b"ABCD", b""), (b"a\x00bc", b"x"), (b"STRM", b"y"))


def annotations(*chunks):
    return b"".join(struct.pack("!4sI", key, len(data)) + data for key, data in chunks)


def annotated(frames):
    """The annotations of frames, then what is at the limit, above it, and wrong."""
    for frame in frames:
        n_notes = HEADER.unpack(frame[:40])[7]
        if n_notes:
            yield frame[40:40 + n_notes]
    yield annotations(*NOTES)
    for n in (64, 65):
        yield annotations(*[(b"N%03d" % i, b"") for i in range(n)])
    yield annotations((b"LONG", bytes(300)))
    yield annotations((b"\xc3\xbcID", b"x"))
    yield struct.pack("!4sI", b"LIES", 2**32 - 1)


def firsts(frames):
    """What strangers say first: each kind of message, and handshakes that are refused, for one reason each."""
    for kind in range(1, 7):
        yield next(frame for frame in frames if frame[6] == kind)
    for asked in ({"handshake": "hello", "object": "target"}, {"handshake": None, "object": "target", "more": [1]},
                  {"handshake": "hello"}, {"object": "target"}, {"handshake": "hello", "object": 1}, ["hello"]):
        yield connect(msgpack.packb(asked))
    hello = msgpack.packb({"handshake": {"a": [1]}, "object": "target"})
    yield connect(hello, flags=64 | 0xff80, notes=annotations(*NOTES))
    yield connect(hello, flags=2)
    for serializer in (1, 2, 3, 42):
        yield connect(hello, serializer=serializer)
    for version in (48, 501, 503):
        yield connect(hello, version=version)
    yield connect(hello, magic=0)
    yield connect(hello)[:12] + struct.pack("!II", 2**18, 1) + bytes(20) + connect(b"")[38:]
    yield connect(b"\xdd\xff\xff\xff\xff")
    yield b"GET / HTTP/1.1\r\n\r\n"
    yield b"SSH-2.0-OpenSSH_9.2\r\n"


def connect(payload, flags=0, notes=b"", serializer=4, version=502, magic=0x4dc5):
    return HEADER.pack(b"PYRO", version, 1, serializer, flags, 7, len(payload), len(notes), CORRELATION.bytes, 0,
                       magic) + notes + payload


def conversations(frames):
    """What clients say: each request after a handshake, and all of them in one session."""
    requests = [frame for frame in frames if frame[6] in (1, 4, 6)]
    hello = requests[0]
    for frame in requests:
        yield frame if frame[6] == 1 else hello + frame
    yield hello + b"".join(frame for frame in requests if frame[6] != 1)
    # What Pyro5's target cannot give here: streams, in a batch too, and annotations that stand twice.
    asks = [call("target", "items", [1, 2]), call("Pyro.Daemon", "get_next_stream_item", [str(CORRELATION)]),
            call("target", "<batch>", [["echo", [1], {}], ["items", [1], {}]], flags=8), call("target", "items", [1], flags=4)]
    notes = annotations(*NOTES)
    yield hello + b"".join(asks)
    blob = marshal.dumps(("echo", "target", "echo"))
    yield hello + call("other", "other", {"a": 1}, flags=32, notes=struct.pack("!4sI", b"BLBI", len(blob)) + blob)
    yield hello + call("target", "echo", [], notes=notes) + call("target", "items", [None] * 3, notes=notes)


def blobs():
    """What BLBI may be: infos of every kind that marshal knows, and a name that stands twice."""
    infos = ["topic", "echo", None, True, ..., 5, 2**70, -2**70, 0.5, 2j, b"bytes", "\u00fc", "x" * 300, ("a", "b"), [1, [2, []]],
             {"a": {1: (2,)}}, {1, 2}, frozenset("a"), ""]
    for version in (0, 2, 4):
        for info in infos:
            yield marshal.dumps((info, "target", "echo"), version)


def call(thing, method, args, flags=0, notes=b""):
    payload = msgpack.packb([thing, method, args, {}])
    return HEADER.pack(b"PYRO", 502, 4, 4, flags, 1, len(payload), len(notes), bytes(16), 0, 0x4dc5) + notes + payload


NETWORK_TAGS = [
    '{"host": "h", "port": 1, "nathost": "127.0.0.1", "natport": 5555}', '{"nathost":"n","natport":2}',
    '{"host": null, "port": null, "nathost": null, "natport": null}', '{"host": "::1", "port": 65535}',
    '{"host": "h", "port": 65536}', '{"host": "0.0.0.0", "port": 1}', '{"host": "h\\u0041", "port": 1}', '{', '{}',
    '{"other": 1}', '{"host": "h", "port": 1,}', ' {"host": "h", "port": 1}', '{"host":"-oProxyCommand=x","port":1}']


SHARED = [
    {"kind": "hello", "version": "0.1.0", "key": "HOME=/home/me"}, {"kind": "welcome", "version": "0.1.0", "pid": 77},
    {"kind": "welcome", "version": "0.1.0", "pid": 77, "is_other": True},
    {"kind": "open", "ssh": "h1", "path": "/run/x.sock", "ms": 60000, "is_askable": True, "is_fresh": True},
    {"kind": "open", "ssh": "a,me@b:22", "host": "db", "port": 5432, "ms": -1},
    {"kind": "pipe", "ssh": "h1", "command": "pyrope pipe nameserver", "ms": 60000},
    {"kind": "exec", "ssh": "h1", "command": "true"}, {"kind": "join", "ssh": "h1", "path": "/run/x.sock", "ms": 30000},
    {"kind": "done"}, {"kind": "done", "status": 7, "text": "h1: no"}, {"kind": "done", "bytes": b"out\n", "exit_status": 130},
    {"kind": "ask", "id": 1, "host": "h1 (me@10.0.0.2 port 22)", "instruction": "Token\n", "prompt": "Code: ", "ms": 120000},
    {"kind": "ask", "id": 2, "host": "h1", "prompt": "Password: ", "is_echoed": True},
    {"kind": "answer", "id": 1, "text": "secret"}, {"kind": "answer", "id": 1, "status": 11}, {"kind": "survey"},
    {"kind": "state", "bytes": b"\x90"},
    # What is refused: a member that is missing, foreign, twice there, of another type, above its limit.
    {"kind": "open", "path": "/x"}, {"kind": "survey", "ms": 1}, {"kind": "done", "status": 256}, {"kind": "open", "ssh": "a\0b"},
    {"kind": "open", "ssh": 5}, {"kind": "open", "ssh": "h", "port": 65536}, {"kind": "other"}, {"ssh": "h1"}, [], {}]


def seeds():
    with tempfile.TemporaryDirectory() as directory:
        frames = traffic(directory)
    for said in conversations(frames):
        yield "dispatch", said
    for said in firsts(frames):
        yield "handshake", said
    for notes in annotated(frames):
        yield "annotations", notes
    for frame in frames:
        tag, version, kind, serializer, flags, seq, n_data, n_notes, corr, reserved, magic = HEADER.unpack(frame[:40])
        payload = frame[40 + n_notes:]
        yield "frame", frame
        if kind in (2, 3, 5, 6):
            # The target's request has sequence 1; the reserved field says whether it wants what comes beside the value.
            for wanted in (0, 1):
                yield "conn", HEADER.pack(tag, version, kind, serializer, flags, 1, n_data, n_notes, corr, wanted, magic) + frame[40:]
        if flags & 2:
            yield "inflate", payload
            payload = zlib.decompress(payload)
        if kind != 6:
            yield "message", bytes([kind, serializer]) + payload
            yield "codec", payload
        if flags & 1:
            yield "exception", payload
    for packed in values():
        yield "codec", packed
    for size in (0, 1, 1000, 100000):
        yield "inflate", zlib.compress(bytes(size), 9)
        yield "inflate", zlib.compress(msgpack.packb(bytes(size)), 9)
        yield "inflate", zlib.compress(msgpack.packb([{str(i): i} for i in range(size // 50)]), 9)
    for blob in blobs():
        yield "marshal", blob
    for uri in URIS:
        yield "uri", uri.encode()
    for place in places():
        yield "reach", msgpack.packb(place)
    for message in SHARED:
        yield "ssh-share-message", msgpack.packb(message)
    yield "ssh-share-message", b"\x82\xa4kind\xa6survey\xa4kind\xa6survey"
    for text in NETWORK_TAGS:
        yield "network-tag", ("network:" + text).encode()
    for text in JSON:
        yield "json-value", text.encode()
    for text in (b"\xfa\x0cinvalid data", b"u\x03\x00\x00\x00h\xc3\xa9"):
        yield "message", b"\x03\x02" + text


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    for target, data in seeds():
        where = os.path.join(sys.argv[1], target)
        os.makedirs(where, exist_ok=True)
        with open(os.path.join(where, hashlib.sha256(data).hexdigest()[:16]), "wb") as file:
            file.write(data)


main()
