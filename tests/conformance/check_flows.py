# SPDX-License-Identifier: MIT
"""What is more than one call and its answer: oneway, batches, streams, annotations, many clients."""

import threading
import time
import uuid

import Pyro5.client
import Pyro5.errors
from Pyro5.api import current_context

from harness import (ATTRIBUTE, F_BATCH, F_CORR, F_EXC, F_ONEWAY, F_STREAM, INVOKE, METHODS, PING, RESULT, Raw, Skip,
                     check, raises, same)


# -- oneway ----------------------------------------------------------------

def wait_log(e, p, want):
    for _ in range(60):
        got = e.m(p, "get_log")()
        if sorted(map(str, got)) == sorted(map(str, want)):
            return
        time.sleep(0.05)
    raise AssertionError("log is %r, want %r" % (got, want))


@check("oneway calls", "oneway_log", "get_log", "clear_log")
def _(e):
    with e.proxy() as p:
        e.m(p, "clear_log")()
        same(e.m(p, "oneway_log")("one"), None)
        same(e.m(p, "oneway_log")(msg="two"), None)
        wait_log(e, p, ["one", "two"])


@check("oneway is never answered, not even with an error", "oneway_log", "oneway_error", "add")
def _(e):
    with Raw(e) as r:
        r.call(METHODS["oneway_log"], ["x"], flags=F_ONEWAY)
        r.call(METHODS["oneway_error"], flags=F_ONEWAY)
        r.call("no_such", flags=F_ONEWAY)
        r.call("x", flags=F_ONEWAY, objectid="no such object")
        r.call(METHODS["add"], [1, 2, 3, 4], flags=F_ONEWAY)
        r.call(METHODS["add"], [1, 2], flags=F_ONEWAY)
        r.silent()
        assert r.alive()


@check("the flag decides, not the method", "oneway_log", "clear_log", "get_log")
def _(e):
    with Raw(e) as r:
        r.call(METHODS["oneway_log"], ["asked"], seq=6)
        f = r.frame()
        assert (f.type, f.seq) == (RESULT, 6)


@check("oneway, then hang up at once", "oneway_log", "clear_log", "get_log")
def _(e):
    with e.proxy() as p:
        e.m(p, "clear_log")()
    for n in range(10):
        with e.proxy() as q:
            e.m(q, "oneway_log")(n)
    with e.proxy() as p:
        wait_log(e, p, list(range(10)))


@check("a oneway call does not block the next", "sleep", "add")
def _(e):
    with e.proxy() as p:
        p._pyroBind()
        p._pyroOneway.add(METHODS["sleep"])
        t = time.monotonic()
        e.m(p, "sleep")(2.0)
        same(e.m(p, "add")(1, 1), 2)
        assert time.monotonic() - t < 1.5


# -- batch -----------------------------------------------------------------

@check("a batch", "add", "echo", "kw")
def _(e):
    with e.proxy() as p:
        b = Pyro5.client.BatchProxy(p)
        e.m(b, "add")(1, 2)
        e.m(b, "echo")({"x": [1]})
        e.m(b, "kw")(1, c=5)
        same(list(b()), [3, {"x": [1]}, {"a": 1, "b": 2, "c": 5}])
        same(list(b()), [])
        for n in range(500):
            e.m(b, "add")(n, 1)
        same(list(b()), list(range(1, 501)))


@check("a batch stops at the first error", "add", "error", "oneway_log", "get_log", "clear_log")
def _(e):
    with e.proxy() as p:
        e.m(p, "clear_log")()
        b = Pyro5.client.BatchProxy(p)
        e.m(b, "add")(1, 2)
        e.m(b, "error")("mid")
        e.m(b, "oneway_log")("must not run")
        results = b()
        same(next(results), 3)
        x = raises(ValueError, next, results, text="mid")
        assert hasattr(x, "_pyroTraceback")
        time.sleep(0.2)
        same(e.m(p, "get_log")(), [])


@check("batch frame", "add", "error")
def _(e):
    with Raw(e) as r:
        r.send(INVOKE, [e.objectid, "<batch>", [[METHODS["add"], [1, 2], {}], [METHODS["error"], ["m"], {}], [METHODS["add"], [1, 2], {}]], None],
               flags=F_BATCH, seq=5)
        f = r.frame()
        assert (f.type, f.flags & ~F_CORR, f.seq) == (RESULT, F_BATCH, 5)
        v = f.value()
        assert len(v) == 2 and v[0] == 3
        assert v[1]["__class__"] == "Pyro5.core._ExceptionWrapper"
        assert v[1]["exception"]["__class__"] == "builtins.ValueError" and v[1]["exception"]["args"] == ["m"]


@check("an unknown method in a batch fails the whole", "add")
def _(e):
    with e.proxy() as p:
        b = Pyro5.client.BatchProxy(p)
        e.m(b, "add")(1, 2)
        b.no_such_method()
        if e.lenient:
            raises(AttributeError, lambda: list(b()))
        else:
            raises(AttributeError, b)
        same(e.m(p, "add")(1, 1), 2)


@check("a oneway batch", "oneway_log", "clear_log", "get_log", "error")
def _(e):
    with e.proxy() as p:
        e.m(p, "clear_log")()
        b = Pyro5.client.BatchProxy(p)
        e.m(b, "oneway_log")("b1")
        e.m(b, "oneway_log")("b2")
        same(b(oneway=True), None)
        wait_log(e, p, ["b1", "b2"])


@check("attribute access in a batch is refused")
def _(e):
    if not ATTRIBUTE:
        raise Skip
    with Raw(e) as r:
        r.send(INVOKE, [e.objectid, "<batch>", [["__getattr__", [ATTRIBUTE], {}]], None], flags=F_BATCH)
        e.refused(r.frame(), "builtins.AttributeError")


# -- item streams ----------------------------------------------------------

@check("an item stream", "count_stream")
def _(e):
    with e.proxy() as p:
        same(list(e.m(p, "count_stream")(5)), [0, 1, 2, 3, 4])
        same(list(e.m(p, "count_stream")(0)), [])
        same(list(e.m(p, "count_stream")(300)), list(range(300)))


@check("two streams at once, other calls between", "count_stream", "add")
def _(e):
    with e.proxy() as p:
        a, b = e.m(p, "count_stream")(3), e.m(p, "count_stream")(3)
        got = []
        for x, y in zip(a, b):
            got.append((x, y, e.m(p, "add")(x, y)))
        same(got, [(0, 0, 0), (1, 1, 2), (2, 2, 4)])


@check("a stream that breaks", "fail_stream")
def _(e):
    with e.proxy() as p:
        it = e.m(p, "fail_stream")(2)
        same([next(it), next(it)], [0, 1])
        raises(ValueError, next, it, text="stream broke")
        raises(Pyro5.errors.PyroError, next, it)


@check("a stream closed early", "count_stream", "add")
def _(e):
    with e.proxy() as p:
        it = e.m(p, "count_stream")(1000)
        same([next(it), next(it)], [0, 1])
        sid = it.streamId
        it.close()
        raises(StopIteration, next, it)
        time.sleep(0.2)
        raises(Pyro5.errors.PyroError, p._pyroInvoke, "get_next_stream_item", [sid], {}, objectId="Pyro.Daemon")
        same(e.m(p, "add")(1, 1), 2)


@check("stream frames", "count_stream")
def _(e):
    with Raw(e) as r:
        r.call(METHODS["count_stream"], [1], seq=3)
        f = r.frame()
        assert f.type == RESULT and f.flags & ~F_CORR == F_STREAM | F_EXC and f.seq == 3, "%#x" % f.flags
        assert f.value()["__class__"] == "Pyro5.errors.ProtocolError"
        sid = f.annotations["STRM"].decode()
        r.call("get_next_stream_item", [sid], objectid="Pyro.Daemon")
        same(r.frame().value(), 0)
        r.call("get_next_stream_item", [sid], objectid="Pyro.Daemon")
        e.refused(r.frame(), "builtins.StopIteration")
        r.call("get_next_stream_item", [sid], objectid="Pyro.Daemon")
        e.refused(r.frame(), "Pyro5.errors.PyroError")


@check("a stream survives a reconnect", "count_stream")
def _(e):
    with e.proxy() as p:
        it = e.m(p, "count_stream")(4)
        same(next(it), 0)
        p._pyroReconnect()
        same(list(it), [1, 2, 3])


@check("one client's stream ids are not guessable", "count_stream")
def _(e):
    with e.proxy() as p:
        ids = [e.m(p, "count_stream")(1).streamId for _ in range(5)]
        assert len(set(ids)) == 5 and all(len(i) >= 16 for i in ids), ids


# -- ping, annotations, correlation id -------------------------------------

@check("ping frames")
def _(e):
    with Raw(e) as r:
        for seq, serializer, body in ((0, 42, b"ping"), (5, 4, b""), (65535, 0, b"x" * 1000)):
            r.send(PING, body, serializer=serializer, seq=seq)
            f = r.frame()
            assert (f.type, f.seq, f.serializer) == (PING, seq, serializer), vars(f)
            assert f.payload == b"pong"
        assert r.alive()


@check("annotations reach the method", "context")
def _(e):
    current_context.annotations = {"ABCD": b"hello", "WXYZ": b"", "BIGG": b"z" * 70000}
    try:
        with e.proxy() as p:
            c = e.m(p, "context")()
        same(c["annotations"], {"ABCD": b"hello", "WXYZ": b"", "BIGG": b"z" * 70000})
        same(c["serializer_id"], 4)
    finally:
        current_context.annotations = {}


@check("a stray BLBI annotation is harmless", "add")
def _(e):
    # Pyro5's client leaves it in its context after it has sent a blob once
    current_context.annotations = {"BLBI": b")\x03\xda\x01i\xda\x01o\xda\x01m"}
    try:
        with e.proxy() as p:
            same(e.m(p, "add")(1, 2), 3)
    finally:
        current_context.annotations = {}


@check("answers carry annotations, for one answer only", "annotate", "add")
def _(e):
    with e.proxy() as p:
        e.m(p, "annotate")("RSPA", b"data\0")
        same(bytes(current_context.response_annotations["RSPA"]), b"data\0")
        e.m(p, "add")(1, 1)
        assert "RSPA" not in current_context.response_annotations


@check("correlation id is passed in and echoed", "context")
def _(e):
    given = uuid.uuid4()
    current_context.correlation_id = given
    try:
        with e.proxy() as p:
            same(e.m(p, "context")()["correlation_id"], str(given))
    finally:
        current_context.correlation_id = None
    with Raw(e) as r:
        r.call(METHODS["add"], [1, 1], flags=F_CORR, corr=given.bytes)
        f = r.frame()
        assert f.flags & F_CORR and f.corr == given.bytes
        r.call("no_such", flags=F_CORR, corr=given.bytes)
        assert r.frame().corr == given.bytes
        r.send(PING, b"ping", flags=F_CORR, corr=given.bytes)
        assert r.frame().corr == given.bytes


@check("without a correlation id, each call gets a fresh one or none", "context")
def _(e):
    with Raw(e) as r:
        seen = set()
        for _ in range(3):
            r.call(METHODS["add"], [1, 1])
            f = r.frame()
            assert bool(f.flags & F_CORR) == (f.corr != b"\0" * 16)
            seen.add(f.corr)
        assert len(seen) in (1, 3) and (len(seen) == 3 or seen == {b"\0" * 16})


# -- many clients ----------------------------------------------------------

@check("30 clients at once", "add", "sleep")
def _(e):
    errors = []

    def work(n):
        try:
            with e.proxy() as p:
                for i in range(10):
                    same(e.m(p, "add")(n, i), n + i)
        except Exception as x:
            errors.append(x)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(30)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not errors, errors[0]


@check("a slow call of one client does not hold up another", "sleep", "add")
def _(e):
    t = threading.Thread(target=lambda: e.m(e.proxy(), "sleep")(1.5))
    t.start()
    try:
        time.sleep(0.2)
        start = time.monotonic()
        with e.proxy() as p:
            same(e.m(p, "add")(1, 1), 2)
        assert time.monotonic() - start < 1.0
    finally:
        t.join()


@check("client timeout leaves the daemon sane", "sleep", "add")
def _(e):
    with e.proxy() as p:
        p._pyroBind()
        p._pyroTimeout = 0.3
        raises(Pyro5.errors.TimeoutError, e.m(p, "sleep"), 1.0)
        p._pyroTimeout = 10
        same(e.m(p, "add")(1, 1), 2)


@check("release and use again; reconnect; two hundred connections in turn", "add")
def _(e):
    with e.proxy() as p:
        for _ in range(3):
            same(e.m(p, "add")(1, 1), 2)
            p._pyroRelease()
        p._pyroReconnect(tries=1)
        same(e.m(p, "add")(1, 1), 2)
    for n in range(200):
        with Raw(e):
            pass
    with Raw(e) as r:
        assert r.alive()
