#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

"""
What a program (codec-echo) makes of random values, and of as many that are damaged, against Python's msgpack; and of
repr, numpy's arrays, URIs, proxies and exceptions, against Python, msgpack-numpy and Pyro5.
"""

import argparse
import builtins
import random
import struct
import subprocess
import sys

import msgpack
import msgpack_numpy
import numpy
import Pyro5.client
import Pyro5.core
import Pyro5.errors
import Pyro5.serializers

OK, INCOMPLETE, TRAILING, DEPTH, FORMAT, UTF8, KEY, REFUSED = 0, 1, 2, 3, 4, 5, 6, 255
BATCH = 20000  # values that are in memory at once
DTYPES = ("|b1 |i1 |u1 <i2 <u2 <i4 <u4 <i8 <u8 <f2 <f4 <f8 <c8 <c16 >i2 >i4 >f4 >f8 >c16").split()


class Differ:
    def __init__(self, program):
        self.program = program
        self.n_asked = 0
        self.n_failed = 0

    def ask(self, letter, questions):
        """The answers, each (verdict, bytes)."""
        blob = b"".join(struct.pack(">cI", letter.encode(), len(q)) + q for q in questions)
        out = subprocess.run([self.program], input=blob, stdout=subprocess.PIPE, check=True, timeout=600).stdout
        answers, at = [], 0
        for _ in questions:
            verdict, n = struct.unpack_from(">BI", out, at)
            answers.append((verdict, out[at + 5:at + 5 + n]))
            at += 5 + n
        assert at == len(out), "more answers than questions"
        self.n_asked += len(answers)
        return answers

    def differ(self, what, *details):
        self.n_failed += 1
        if self.n_failed <= 20:
            print("DIFFERS", what, *(ascii(d)[:300] for d in details))


def random_scalar(rng):
    kind = rng.randrange(10)
    if kind == 0:
        return rng.choice((None, True, False))
    if kind <= 3:
        return rng.choice((1, -1)) * rng.getrandbits(rng.randrange(64))
    if kind == 4:
        return rng.choice((rng.random() * 10.0 ** rng.randrange(-320, 308), float(rng.randrange(-100, 100)), 0.1, -0.0,
                           float("inf"), float("-inf"), 1e16, 1e-5, 5e-324))
    if kind <= 7:
        return "".join(rng.choice(("a", "é", "€", "🔥", " ", "'", '"', "\\", "\n", "\0", "z" * 40))
                       for _ in range(rng.randrange(12)))
    if kind == 8:
        return rng.randbytes(rng.choice((0, 1, 5, 31, 32, 255, 256, 300)))
    return msgpack.ExtType(rng.randrange(128), rng.randbytes(rng.choice((0, 1, 2, 3, 4, 8, 16, 17, 255, 256))))


def random_value(rng, depth=0):
    kind = rng.randrange(8)
    if depth >= 5 or kind < 4:
        return random_scalar(rng)
    n = rng.choice((0, 1, 2, 3, 5, 15, 16, 17)) if depth < 1 else rng.randrange(4)
    if kind < 6:
        return [random_value(rng, depth + 1) for _ in range(n)]
    return {rng.choice((str, lambda i: str(i).encode()))(rng.randrange(1000)): random_value(rng, depth + 1) for _ in range(n)}


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def unpack(data):
    # The hook takes every type; msgpack.ExtType would refuse negative ones.
    return msgpack.unpackb(data, raw=False, strict_map_key=True, ext_hook=lambda code, data: (code, data))


def check_values(differ, rng, n):
    values = [random_value(rng) for _ in range(n)]
    packed = [pack(value) for value in values]
    for value, data, (verdict, again) in zip(values, packed, differ.ask("v", packed)):
        if verdict != OK or again != data:
            differ.differ("a value", value, verdict, data, again)


def has_ext(value):
    if isinstance(value, dict):
        return any(has_ext(v) for v in value.values())
    if isinstance(value, list):
        return any(map(has_ext, value))
    return isinstance(value, (msgpack.ExtType, msgpack.Timestamp))


def check_repr(differ, rng, n):
    values = [v for v in (random_value(rng, 2) for _ in range(n)) if not has_ext(v)]
    for value, (verdict, text) in zip(values, differ.ask("r", [pack(v) for v in values])):
        if verdict != OK or text.decode() != repr(value):
            differ.differ("repr", value, verdict, text)


def damaged(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(data)) if data else 0
        kind = rng.randrange(4)
        if kind == 0 and data:
            data[at] = rng.randrange(256)
        elif kind == 1 and data:
            del data[at:at + rng.randrange(1, 4)]
        elif kind == 2:
            data[at:at] = bytes([rng.choice((0xc1, 0xdc, 0xdd, 0xde, 0xdf, 0xd9, 0xc4, 0xc6, 0x91, 0x81, 0xff, 0xc0))])
        elif data:
            data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def python_verdict(data):
    """True, False, or None where Python judges by what is none of the codec's business."""
    try:
        return True, unpack(data)
    except msgpack.StackError:
        return None, None
    except Exception as error:
        return (None if "imestamp" in str(error) or "nanoseconds" in str(error) else False), None


def is_same(one, other):
    return repr(one) == repr(other)  # NaN too


def check_damaged(differ, rng, n):
    packed = [damaged(rng, pack(random_value(rng))) for _ in range(n)]
    n_bad = 0
    for data, (verdict, again) in zip(packed, differ.ask("v", packed)):
        is_good, value = python_verdict(data)
        if is_good is None or verdict == DEPTH:
            continue
        n_bad += not is_good
        if is_good != (verdict == OK) or (is_good and not is_same(unpack(again), value)):
            differ.differ("damaged bytes", data, verdict, is_good)
    if not n // 10 < n_bad < n:
        differ.differ("the share of bad ones", n_bad, n)


def check_depth(differ):
    nested = {depth: b"\x91" * (depth - 1) + b"\x90" for depth in (1, 511, 512, 513, 1000)}
    for (depth, data), (verdict, again) in zip(nested.items(), differ.ask("v", list(nested.values()))):
        if (verdict, again) != ((OK, data) if depth <= 512 else (DEPTH, b"")):
            differ.differ("nesting", depth, verdict)


def check_arrays(differ, rng, n):
    arrays = []
    for _ in range(n):
        shape = tuple(rng.randrange(4) for _ in range(rng.randrange(5)))
        dtype = numpy.dtype(rng.choice(DTYPES))
        size = int(numpy.prod(shape)) * dtype.itemsize
        data = rng.randbytes(size) if dtype.kind != "b" else bytes(rng.randrange(2) for _ in range(size))
        arrays.append(numpy.ndarray(shape, dtype, data))
    packed = [msgpack.packb(array, use_bin_type=True, default=msgpack_numpy.encode) for array in arrays]
    for array, (verdict, again) in zip(arrays, differ.ask("a", packed)):
        got = msgpack.unpackb(again, raw=False, object_hook=msgpack_numpy.decode) if verdict == OK else None
        if got is None or got.dtype != array.dtype or got.shape != array.shape or got.tobytes() != array.tobytes():
            differ.differ("an array", array.dtype, array.shape, verdict)
    scalars = [numpy.dtype(d).type(1) for d in DTYPES if d[0] != ">" and not d.endswith(("f8", "c16", "b1"))]
    packed = [msgpack.packb(scalar, use_bin_type=True, default=msgpack_numpy.encode) for scalar in scalars]
    for scalar, (verdict, again) in zip(scalars, differ.ask("a", packed)):
        got = msgpack.unpackb(again, raw=False, object_hook=msgpack_numpy.decode) if verdict == OK else None
        if got is None or got.shape != () or got.dtype != scalar.dtype or got != scalar:
            differ.differ("a scalar", scalar, verdict)
    others = [numpy.array(["text"]), numpy.array([b"bytes"]), numpy.zeros(1, dtype=[("a", "<f8")])]
    packed = [msgpack.packb(array, use_bin_type=True, default=msgpack_numpy.encode) for array in others]
    packed.append(msgpack.packb({b"nd": True, b"type": "|O", b"kind": b"O", b"shape": [1], b"data": b"pickle.."}))
    for data, (verdict, _) in zip(packed, differ.ask("a", packed)):
        if verdict != REFUSED:
            differ.differ("an array of no numbers", data, verdict)


def random_uri(rng):
    host = rng.choice(("host", "a.b-c", "127.0.0.1", "[::1]", "[fe80::1]", "h@i", "", "-x", "h h", "./u:/run/x", "./u:x y", "./u:"))
    port = rng.choice(("", ":1", ":9090", ":65535", ":65536", ":0", ":x", ":"))
    location = rng.choice(("", "@", "@" + host, "@" + host + port, "@" + host + port))
    name = rng.choice(("obj", "Pyro.NameServer", "a,b", "@x", "é", "a b", "", "x" * 40))
    return rng.choice(("PYRO", "PYRONAME", "PYROMETA", "pyro", "PyroName", "PYROX", "HTTP")) + ":" + name + location


def check_uris(differ, rng, n):
    texts = sorted({random_uri(rng) for _ in range(n)})
    serializer = Pyro5.serializers.serializers["msgpack"]
    n_good = 0
    for text, (verdict, data) in zip(texts, differ.ask("u", [t.encode() for t in texts])):
        try:
            expected = Pyro5.core.URI(text)
        except Pyro5.errors.PyroError:
            expected = None
        if verdict != OK:
            continue  # ours is stricter: about hosts, ports, blanks
        n_good += 1
        got = serializer.loads(data)
        if expected is not None and expected.protocol == "PYROMETA":
            got.object = set(got.object)
        if expected is None or got.__getstate__() != expected.__getstate__():
            differ.differ("a URI", text, expected and expected.__getstate__(), got.__getstate__())
    if n_good < len(texts) // 20:
        differ.differ("the share of good URIs", n_good, len(texts))


def check_classes(differ):
    serializer = Pyro5.serializers.serializers["msgpack"]
    uri = "PYRO:obj@./u:/run/x"
    proxy = serializer.loads(differ.ask("p", [uri.encode()])[0][1])
    if not isinstance(proxy, Pyro5.client.Proxy) or str(proxy._pyroUri) != uri or proxy._pyroSerializer != "msgpack":
        differ.differ("a proxy", proxy)

    classes = ["builtins." + name for name, cls in vars(builtins).items()
               if isinstance(cls, type) and issubclass(cls, BaseException)]
    classes += ["Pyro5.errors." + name for name, cls in vars(Pyro5.errors).items()
                if isinstance(cls, type) and issubclass(cls, Exception)]
    classes += ["struct.error", "sqlite3.Error", "sqlite3.IntegrityError", "solver.Diverged", "a__b.C"]
    n_own = 0
    for name, (verdict, data) in zip(classes, differ.ask("e", [c.encode() for c in classes])):
        error = serializer.loads(data)
        original = getattr(error, "_pyroClass", None)
        travelled = "%s.%s" % (type(error).__module__, type(error).__name__)
        n_own += original is None
        # EnvironmentError and IOError are other names of OSError.
        if error.args != ("text",) or error._pyroTraceback != ["line\n"] or original not in (None, name) or (
                original is None and travelled != name and not isinstance(error, OSError)) or (
                original and type(error) is not Pyro5.errors.PyroError):
            differ.differ("an exception", name, travelled, original)
    if n_own < 60:
        differ.differ("the number of classes that travel as themselves", n_own)


def check_batch(differ, rng, n):
    check_values(differ, rng, n)
    check_damaged(differ, rng, n)
    check_repr(differ, rng, n)
    check_arrays(differ, rng, n // 10)
    check_uris(differ, rng, n)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip())
    parser.add_argument("program")
    parser.add_argument("--values", type=int, default=BATCH, help="how many, in steps of %d" % BATCH)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    args = parser.parse_args()
    differ = Differ(args.program)
    rng = random.Random(args.seed)
    n_batches = max(1, -(-args.values // BATCH))
    print("seed", args.seed)
    for _ in range(n_batches):
        check_batch(differ, rng, BATCH)
    check_depth(differ)
    check_classes(differ)
    print("%d values, and as many that are damaged; %d compared, %d differ" % (
        n_batches * BATCH, differ.n_asked, differ.n_failed))
    sys.exit(differ.n_failed > 0)


main()
