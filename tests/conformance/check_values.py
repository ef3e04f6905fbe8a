# SPDX-License-Identifier: MIT
"""Values of every kind, exceptions and attributes."""

import datetime
import math
import zlib

import msgpack
import Pyro5.api
import Pyro5.client
import Pyro5.core
import Pyro5.errors

from harness import (ATTRIBUTE, F_CORR, F_EXC, F_ZIP, INVOKE, METHODS, READONLY, RESULT, Raw, Skip, check, raises, same)


# -- values ----------------------------------------------------------------

def roundtrip(e, p, value):
    same(e.m(p, "echo")(value), value)


@check("integers at the edges", "echo")
def _(e):
    with e.proxy() as p:
        for n in sorted({s * (2 ** b + d) for b in (0, 5, 6, 7, 8, 15, 16, 31, 32, 53, 62, 63) for d in (-1, 0, 1) for s in (1, -1)}):
            if -2 ** 63 <= n < 2 ** 64:
                roundtrip(e, p, n)
        roundtrip(e, p, 2 ** 64 - 1)


@check("integers beyond 64 bits (ext 0x31)", "echo")
def _(e):
    with e.proxy() as p:
        for n in (2 ** 64, -2 ** 63 - 1, 2 ** 200, -10 ** 60):
            roundtrip(e, p, n)
            roundtrip(e, p, [n, {"k": n}])


@check("floats", "echo")
def _(e):
    with e.proxy() as p:
        for x in (0.0, 1.5, -1e308, 5e-324, 0.1, math.inf, -math.inf, 1.0, 2.0 ** 53):
            roundtrip(e, p, x)
        assert math.isnan(e.m(p, "echo")(math.nan))
        same(math.copysign(1, e.m(p, "echo")(-0.0)), -1.0)


@check("text", "echo")
def _(e):
    with e.proxy() as p:
        for s in ("", "a", "a" * 31, "a" * 32, "a" * 255, "a" * 256, "a" * 65535, "a" * 65536,
                  "\u20ac\u4e2d\U0001f600", "nul\0in", "\x7f\x80", "combin\u0301"):
            roundtrip(e, p, s)


@check("bytes are not text", "echo")
def _(e):
    with e.proxy() as p:
        for b in (b"", b"x", bytes(range(256)), b"\xff" * 255, b"\0" * 256, b"z" * 65536):
            roundtrip(e, p, b)


@check("lists and maps", "echo")
def _(e):
    with e.proxy() as p:
        for v in ([], [None], list(range(15)), list(range(16)), list(range(65536)), {}, {"": 0}, {"k": "v"},
                  {"k%d" % i: i for i in range(15)}, {"k%d" % i: i for i in range(16)}, {"k%d" % i: [i] for i in range(70000)},
                  [True, False, None, 1, 1.0, "1", b"1", [[[]]], {"a": {"b": {"c": []}}}]):
            roundtrip(e, p, v)


@check("byte keys in maps", "echo")
def _(e):
    with e.proxy() as p:
        roundtrip(e, p, {b"k": 1, "k": 2})


@check("maps keep their order", "echo")
def _(e):
    with e.proxy() as p:
        keys = ["z", "a", "m", "b"]
        same(list(e.m(p, "echo")(dict.fromkeys(keys, 1))), keys)


@check("tuples and sets come back as lists", "echo")
def _(e):
    with e.proxy() as p:
        same(e.m(p, "echo")((1, (2,))), [1, [2]])
        same(e.m(p, "echo")({5}), [5])


@check("deep nesting", "echo")
def _(e):
    with e.proxy() as p:
        v = []
        for _ in range(100):
            v = [v]
        roundtrip(e, p, v)


@check("extension values pass through: complex, datetime, date, timestamp", "echo")
def _(e):
    with e.proxy() as p:
        for v in (1.5 - 2j, datetime.datetime(2001, 2, 3, 4, 5, 6, 7000), datetime.date(1999, 12, 31), datetime.date(1, 1, 1)):
            roundtrip(e, p, v)
    with Raw(e) as r:
        r.call(METHODS["echo"], [msgpack.Timestamp(12345, 678)])
        same(r.frame().value(), msgpack.Timestamp(12345, 678))


@check("an unknown extension is refused or handed back whole", "echo")
def _(e):
    with Raw(e) as r:
        r.call(METHODS["echo"], [msgpack.ExtType(0x55, b"abc")])
        f = r.frame()
        if not (e.lenient and f and not f.flags & F_EXC):
            e.refused(f, "Pyro5.errors.SerializeError")
        else:
            same(f.value(), msgpack.ExtType(0x55, b"abc"))


@check("invalid UTF-8 in text is refused", "echo")
def _(e):
    with Raw(e) as r:
        head = msgpack.packb(e.objectid) + msgpack.packb(METHODS["echo"])
        r.send(INVOKE, b"\x94" + head + b"\x91\xa2\xff\xfe\x80")
        e.refused(r.frame(), "builtins.UnicodeDecodeError", "Pyro5.errors.SerializeError")
    with Raw(e) as r:
        assert r.alive()


@check("unknown class dict is refused", "echo")
def _(e):
    with Raw(e) as r:
        r.call(METHODS["echo"], [{"__class__": "some.Thing", "a": 1}])
        f = r.frame()
        if not (e.lenient and f and not f.flags & F_EXC):
            e.refused(f, "Pyro5.errors.SerializeError")
    with Raw(e) as r:
        assert r.alive()


@check("big payloads both ways", "size", "make_bytes", "echo")
def _(e):
    with e.proxy() as p:
        same(e.m(p, "size")(b"\x55" * 20000000), 20000000)
        got = e.m(p, "make_bytes")(20000000)
        same((len(got), got[:300]), (20000000, bytes(range(256)) + bytes(range(44))))
        roundtrip(e, p, "\u20ac" * 1000000)


@check("compressed requests", "size", "echo", "add")
def _(e):
    Pyro5.config.COMPRESSION = True
    try:
        with e.proxy() as p:
            same(e.m(p, "size")("a" * 100000), 100000)
            roundtrip(e, p, ["text"] * 5000)
            same(e.m(p, "add")(1, 2), 3)
    finally:
        Pyro5.config.COMPRESSION = False
    with Raw(e) as r:
        for level in (0, 1, 9):
            r.send(INVOKE, zlib.compress(msgpack.packb([e.objectid, METHODS["add"], [2, 3], {}]), level), flags=F_ZIP,
                   annotations=b"ABCD\0\0\0\x01x")
            assert r.frame().value() == 5


@check("bad compressed data ends the session or is refused")
def _(e):
    good = zlib.compress(msgpack.packb([e.objectid, METHODS["add"], [2, 3], {}]))
    for data in (b"", b"junk", good[:-3], good[:5] + b"\xff" + good[6:]):
        with Raw(e) as r:
            r.send(INVOKE, data, flags=F_ZIP)
            f = r.frame()
            assert f is None or f.flags & F_EXC
    with Raw(e) as r:
        assert r.alive()


@check("proxy as result", "myself", "add")
def _(e):
    with e.proxy() as p:
        q = e.m(p, "myself")()
        assert isinstance(q, Pyro5.client.Proxy)
        same(q._pyroUri.object, e.objectid)
        assert METHODS["add"] in q._pyroMethods and METHODS["oneway_log"] in q._pyroOneway
        with q:
            same(e.m(q, "add")(1, 2), 3)
    with Raw(e) as r:
        r.call(METHODS["myself"])
        v = r.frame().value()
        assert set(v) == {"__class__", "state"} and v["__class__"] == "Pyro5.client.Proxy" and len(v["state"]) == 6
        uri, oneway, methods, attrs, handshake, serializer = v["state"]
        assert uri.startswith("PYRO:" + e.objectid + "@") and isinstance(oneway, list) and serializer in (None, "msgpack")


@check("proxy as argument comes back as it was", "echo")
def _(e):
    with e.proxy() as p:
        q = Pyro5.client.Proxy("PYRO:elsewhere@host.example:77")
        q._pyroMethods, q._pyroOneway, q._pyroAttrs = {"m"}, {"m"}, {"a"}
        q._pyroHandshake = {"secret": 1}
        got = e.m(p, "echo")(q)
        assert isinstance(got, Pyro5.client.Proxy) and got == q
        same(got._pyroMethods, {"m"})
        same(e.m(p, "echo")([q])[0], q)


@check("URI as result and as argument", "my_uri", "echo")
def _(e):
    with e.proxy() as p:
        u = e.m(p, "my_uri")()
        assert isinstance(u, Pyro5.core.URI) and u.object == e.objectid
        for text in ("PYRO:x@h:5", "PYRO:x@./u:/s", "PYRO:x@[::1]:6", "PYRONAME:n"):
            same(e.m(p, "echo")(Pyro5.core.URI(text)), Pyro5.core.URI(text))


@check("the daemon calls back to us", "call_back")
def _(e):
    heard = []

    @Pyro5.api.expose
    class Ear:
        def notify(self, text):
            heard.append(text)
            return text.upper()

    with e.own_daemon() as d:
        ear = Ear()
        d.register(ear)
        with e.proxy() as p:
            same(e.m(p, "call_back")(d.proxyFor(ear), "hi"), "HI")
        same(heard, ["hi"])


# -- exceptions ------------------------------------------------------------

@check("a builtin exception", "error")
def _(e):
    with e.proxy() as p:
        x = raises(ValueError, e.m(p, "error"), "caf\u00e9 \U0001f600", text="caf\u00e9 \U0001f600")
        assert type(x) is ValueError and x.args == ("caf\u00e9 \U0001f600",)
        assert isinstance(x._pyroTraceback, (list, tuple)) and all(isinstance(s, str) for s in x._pyroTraceback)
        raises(ValueError, e.m(p, "error"), text="boom")
        same(e.m(p, "add")(1, 1), 2)
        assert "remote" in "".join(Pyro5.errors.get_pyro_traceback(type(x), x, x.__traceback__)).lower() or not x._pyroTraceback


@check("a Pyro exception", "pyro_error")
def _(e):
    with e.proxy() as p:
        x = raises(Pyro5.errors.NamingError, e.m(p, "pyro_error"), "gone", text="gone")
        assert type(x) is Pyro5.errors.NamingError


@check("exception frame", "error")
def _(e):
    with Raw(e) as r:
        r.call(METHODS["error"], ["t"], seq=9)
        f = r.frame()
        assert (f.type, f.serializer, f.seq, f.flags & ~F_CORR) == (RESULT, 4, 9, F_EXC)
        v = f.value()
        assert (v["__class__"], v["__exception__"], v["args"]) == ("builtins.ValueError", True, ["t"])
        assert "_pyroTraceback" in v["attributes"]
        assert r.alive()


@check("indexing: IndexError ends iteration", "getitem", "len")
def _(e):
    with e.proxy() as p:
        same(len(p), 3)
        same(p[1], "one")
        raises(IndexError, lambda: p[3])
        same(list(p), ["zero", "one", "two"])


# -- attributes ------------------------------------------------------------

@check("attributes")
def _(e):
    if not ATTRIBUTE:
        raise Skip
    with e.proxy() as p:
        old = getattr(p, ATTRIBUTE)
        setattr(p, ATTRIBUTE, {"new": [1]})
        same(getattr(p, ATTRIBUTE), {"new": [1]})
        setattr(p, ATTRIBUTE, old)
        same(getattr(p, ATTRIBUTE), old)


@check("a read-only attribute")
def _(e):
    if not READONLY:
        raise Skip
    with e.proxy() as p:
        same(getattr(p, READONLY), "fixed")
        raises(AttributeError, setattr, p, READONLY, 1)
        same(getattr(p, READONLY), "fixed")


@check("attribute access to what is no attribute")
def _(e):
    with e.proxy() as p:
        raises(AttributeError, p._pyroInvoke, "__getattr__", (METHODS["add"],), None)
        raises(AttributeError, p._pyroInvoke, "__getattr__", ("no_such",), None)
        raises(AttributeError, p._pyroInvoke, "__getattr__", ("__dict__",), None)
        raises(AttributeError, p._pyroInvoke, "__setattr__", (METHODS["add"], 1), None)
        raises(AttributeError, p._pyroInvoke, "__setattr__", ("no_such", 1), None)
        same(e.m(p, "add")(1, 1), 2)
