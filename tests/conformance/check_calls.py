# SPDX-License-Identifier: MIT
"""Handshake, metadata and calls."""

import time
import uuid

import msgpack
import Pyro5.errors

from harness import (ATTRIBUTE, CONNECT, CONNECTFAIL, CONNECTOK, F_CORR, F_EXC, F_ZIP, HIDDEN, INVOKE, METHODS, PING,
                     READONLY, RESULT, Raw, check, raises, same)


# -- handshake and metadata ------------------------------------------------

@check("bind, and metadata with it")
def _(e):
    with e.proxy() as p:
        p._pyroBind()
        want = {n for n in METHODS.values() if n}
        assert want <= p._pyroMethods, "not announced: %s" % sorted(want - p._pyroMethods)
        assert {METHODS[r] for r in ("oneway_log", "oneway_error") if METHODS[r]} <= p._pyroOneway
        assert METHODS["add"] not in p._pyroOneway
        assert {n for n in (ATTRIBUTE, READONLY) if n} <= p._pyroAttrs
        assert not p._pyroMethods & p._pyroAttrs
        assert not {n for n in p._pyroMethods if n in HIDDEN}


@check("CONNECTOK frame, byte for byte sense")
def _(e):
    with Raw(e, handshake=False) as r:
        r.send(CONNECT, {"handshake": "hello", "object": e.objectid}, seq=77)
        f = r.frame()
        assert (f.type, f.serializer, f.seq, f.flags & ~F_CORR) == (CONNECTOK, 4, 77, 0), vars(f)
        v = f.value()
        same(v["handshake"], "hello")
        assert set(v["meta"]) == {"methods", "oneway", "attrs"}
        assert all(isinstance(v["meta"][k], list) and all(isinstance(n, str) for n in v["meta"][k]) for k in v["meta"])


@check("handshake data of any kind")
def _(e):
    for data in (None, 5, "x", ["l"], {"k": {"d": 1}}, b"\0\xff", "\u20ac" * 1000):
        with e.proxy() as p:
            p._pyroHandshake = data
            same(e.m(p, "add")(1, 2), 3)


@check("handshake map in the other order, with extra keys")
def _(e):
    with Raw(e, handshake=False) as r:
        r.send(CONNECT, {"object": e.objectid, "more": 1, "handshake": None})
        assert r.frame().type == CONNECTOK


@check("unknown object at the handshake")
def _(e):
    with Raw(e, handshake=False) as r:
        r.send(CONNECT, {"handshake": "hello", "object": "no-" + uuid.uuid4().hex}, seq=3)
        f = r.frame()
        assert (f.type, f.serializer, f.seq) == (CONNECTFAIL, 4, 3)
        assert isinstance(f.value(), str)
        if not e.lenient:
            same(f.value(), "unknown object")
        assert r.frame() is None, "must hang up after CONNECTFAIL"
    x = raises(Pyro5.errors.CommunicationError, e.proxy("no-" + uuid.uuid4().hex)._pyroBind)
    assert "rejected" in str(x)


@check("bad handshakes are turned away and harm nobody")
def _(e):
    hello = {"handshake": "hello", "object": e.objectid}
    for kw in (dict(serializer=99), dict(version=501), dict(version=503), dict(magic=1), dict(tag=b"HTTP"),
               dict(payload=b"\xc1"), dict(payload=[1]), dict(payload={"handshake": "x"}), dict(payload=b""),
               dict(type_=INVOKE), dict(type_=PING), dict(type_=RESULT), dict(type_=99),
               dict(size=0xffffffff), dict(serializer=2), dict(payload={"handshake": 1, "object": 5})):
        with Raw(e, handshake=False) as r:
            r.send(**{"type_": CONNECT, "payload": hello, **kw})
            f = r.frame()
            assert f is None or f.type == CONNECTFAIL, "%s was answered with type %d" % (kw, f.type)
    for junk in (b"GET / HTTP/1.0\r\n\r\n" + b"x" * 64, b"!" * 16, b"", b"PYRO", b"PYRO\x01\xf6" + b"\0" * 10):
        with Raw(e, handshake=False) as r:
            r.put(junk, last=True)
            f = r.frame()
            assert f is None or f.type == CONNECTFAIL
    with Raw(e) as r:
        assert r.alive()


@check("a slow handshake, one byte at a time")
def _(e):
    with Raw(e, handshake=False) as r:
        for byte in Raw.build(CONNECT, {"handshake": "hello", "object": e.objectid}):
            r.sock.sendall(bytes([byte]))
            time.sleep(0.001)
        assert r.frame().type == CONNECTOK and r.alive()


@check("the daemon object")
def _(e):
    with e.proxy("Pyro.Daemon") as d:
        d._pyroBind()
        assert {"registered", "ping", "info", "get_metadata", "get_next_stream_item", "close_stream"} <= d._pyroMethods
        names = d.registered()
        assert type(names) is list and "Pyro.Daemon" in names and e.objectid in names
        same(d.ping(), None)
        assert isinstance(d.info(), str)
        meta = d.get_metadata(e.objectid)
        assert METHODS["echo"] in meta["methods"] and METHODS["oneway_log"] in meta["oneway"]
        raises(Pyro5.errors.DaemonError, d.get_metadata, "no-" + uuid.uuid4().hex, text=None if e.lenient else "unknown object")
        same(d.close_stream("no such stream"), None)
        raises(Pyro5.errors.PyroError, d.get_next_stream_item, "no such stream")


@check("a session on one object may call the others on the daemon")
def _(e):
    with e.proxy("Pyro.Daemon") as d:
        same(d._pyroInvoke(METHODS["add"], (1, 2), {}, objectId=e.objectid), 3)


# -- calls -----------------------------------------------------------------

@check("arguments by position, by keyword, default", "kw", "add", "nothing")
def _(e):
    with e.proxy() as p:
        same(e.m(p, "add")(1, 2), 3)
        same(e.m(p, "add")(a=1, b=2), 3)
        same(e.m(p, "add")(b=1, a=2), 3)
        same(e.m(p, "add")(1, b=2), 3)
        same(e.m(p, "kw")(1), {"a": 1, "b": 2, "c": None})
        same(e.m(p, "kw")(1, c="x"), {"a": 1, "b": 2, "c": "x"})
        same(e.m(p, "kw")(c=3, b=2, a=1), {"a": 1, "b": 2, "c": 3})
        same(e.m(p, "nothing")(), None)


@check("wrong arguments give TypeError and keep the connection", "kw", "add")
def _(e):
    with e.proxy() as p:
        p._pyroBind()
        conn = p._pyroConnection
        for args, kwargs in (((), {}), ((1,), {}), ((1, 2, 3), {}), ((1, 2), {"zz": 1}), ((1,), {"a": 1})):
            raises(TypeError, e.m(p, "add"), *args, **kwargs)
        raises(TypeError, e.m(p, "kw"))
        same(e.m(p, "add")(2, 2), 4)
        assert p._pyroConnection is conn


@check("RESULT frame")
def _(e):
    with Raw(e) as r:
        for seq in (0, 1, 65535):
            r.call(METHODS["add"], [1, 1], seq=seq)
            f = r.frame()
            assert (f.type, f.serializer, f.seq, f.flags & ~F_CORR, f.value()) == (RESULT, 4, seq, 0, 2)


@check("sequence number wraps")
def _(e):
    with e.proxy() as p:
        p._pyroBind()
        p._pyroSeq = 0xfffe
        for n in range(4):
            same(e.m(p, "add")(n, 1), n + 1)
        assert p._pyroSeq == 2


@check("several requests in one segment are answered in order")
def _(e):
    with Raw(e) as r:
        r.sock.sendall(b"".join(Raw.build(INVOKE, [e.objectid, METHODS["add"], [n, n], {}], seq=n) for n in range(20)))
        for n in range(20):
            f = r.frame()
            assert (f.seq, f.value()) == (n, 2 * n)


@check("a request in small pieces")
def _(e):
    with Raw(e) as r:
        data = Raw.build(INVOKE, [e.objectid, METHODS["add"], [1, 1], {}], seq=8, annotations=b"ABCD\0\0\0\x03xyz")
        for pos in range(0, len(data), 7):
            r.sock.sendall(data[pos:pos + 7])
            time.sleep(0.002)
        assert r.frame().value() == 2


@check("unknown method")
def _(e):
    with e.proxy() as p:
        raises(AttributeError, lambda: p.no_such_method)
        raises(AttributeError, p._pyroInvoke, "no_such_method", (), {})
        same(e.m(p, "add")(1, 1), 2)


@check("hidden names stay hidden")
def _(e):
    with e.proxy() as p:
        for name in HIDDEN + [METHODS["add"] + ".__call__", "<batch>", "", "\0", METHODS["add"] + "\0"]:
            raises((AttributeError, TypeError) if not e.lenient else Exception, p._pyroInvoke, name, (), {})
        if ATTRIBUTE:
            raises(AttributeError, p._pyroInvoke, ATTRIBUTE, (), {})
        same(e.m(p, "add")(1, 1), 2)


@check("unknown object in a call")
def _(e):
    with Raw(e) as r:
        r.call("x", objectid="no-" + uuid.uuid4().hex, seq=5)
        got = e.refused(r.frame(), "Pyro5.errors.DaemonError")
        if not e.lenient:
            same(got["args"], ["unknown object"])
        assert r.alive()


@check("malformed calls are refused, the daemon lives")
def _(e):
    obj = e.objectid
    for payload in (b"", b"\xc1", b"\x94", [obj, METHODS["add"], [1, 2]], [obj, METHODS["add"], [1, 2], {}, 5], 7, {}, [],
                    [obj, METHODS["add"], 5, {}], [obj, METHODS["add"], [1, 2], [1]], [obj, 5, [], {}], [5, "x", [], {}],
                    [None, None, None, None], [obj, METHODS["add"], [1, 2], {}, {}],
                    msgpack.packb([obj, METHODS["add"], [1, 2], {}]) + b"\xc0",
                    msgpack.packb([obj, METHODS["add"], [1, 2], {}])[:-1],
                    b"\xdd\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff" + b"\0" * 8,
                    b"\x91" * 100000, b"\x81\xa1k" * 50000):
        with Raw(e) as r:
            r.send(INVOKE, payload, seq=5)
            f = r.frame()
            assert f is None or (f.type == RESULT and f.flags & F_EXC), "%.60r was accepted" % (payload,)
    with Raw(e) as r:
        assert r.alive()


@check("frames of a type out of place end the session")
def _(e):
    for kind in (CONNECT, CONNECTOK, CONNECTFAIL, RESULT, 0, 77, 255):
        with Raw(e) as r:
            r.send(kind, {"handshake": "hello", "object": e.objectid})
            f = r.frame()
            assert f is None or f.flags & F_EXC, "type %d was answered with type %d" % (kind, f.type)


@check("bad headers in a session end it")
def _(e):
    call = [e.objectid, METHODS["add"], [1, 1], {}]
    for kw in (dict(version=501), dict(magic=0), dict(tag=b"pyro"), dict(size=0xffffffff), dict(serializer=99),
               dict(annotations=b"ABCD\0\0\0\x50xx"), dict(annotations=b"ABCD\xff\xff\xff\xff"), dict(annotations=b"AB"),
               dict(flags=F_ZIP)):
        with Raw(e) as r:
            r.put(Raw.build(INVOKE, call, **kw), last=True)
            f = r.frame()
            assert f is None or f.flags & F_EXC, "%s: type %d flags %#x" % (kw, f.type, f.flags)
    with Raw(e) as r:
        assert r.alive()


@check("unknown flag bits and the reserved field are ignored")
def _(e):
    with Raw(e) as r:
        r.call(METHODS["add"], [1, 1], flags=0xff80, reserved=0xffff)
        assert r.frame().value() == 2


@check("a client that goes away in the middle of a frame")
def _(e):
    data = Raw.build(INVOKE, [e.objectid, METHODS["add"], [1, 1], {}])
    for cut in (1, 6, 39, 40, 41, len(data) - 1):
        with Raw(e) as r:
            r.sock.sendall(data[:cut])
    with Raw(e) as r:
        r.call(METHODS["make_bytes"], [5000000])
    with Raw(e) as r:
        assert r.alive()
