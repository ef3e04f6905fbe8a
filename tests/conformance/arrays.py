#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""numpy's arrays, there and back, by msgpack-numpy: arrays.py call URI | serve SOCKET.

The other end is array-peer.c, as a daemon, or as a client of the one that `serve` starts.
"""

import itertools
import sys

import msgpack_numpy
import numpy
import Pyro5.api

msgpack_numpy.patch()
Pyro5.config.SERIALIZER = "msgpack"

DTYPES = "|b1 |i1 <i2 <i4 <i8 |u1 <u2 <u4 <u8 <f2 <f4 <f8 <c8 <c16 >i2 >u4 >i8 >f4 >f8 >c16".split()
SHAPES = (), (0,), (1,), (7,), (3, 4), (2, 3, 4), (5, 0, 2), (512, 256)
STRANGE = {
    "object": numpy.array([1, None], dtype=object),
    "structure": numpy.zeros(2, dtype=[("a", "<f8"), ("b", "<i4")]),
    "text": numpy.array(["text"]),
}


def orders(array):
    """The same items as they may lie in memory: in C order, in Fortran's, and with gaps."""
    yield array
    yield array.copy(order="F")
    if array.ndim:
        yield numpy.repeat(array, 2, axis=-1)[..., ::2]


def is_same(one, other):
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def call(uri):
    n_arrays, n_wrong = 0, 0
    rng = numpy.random.default_rng(1)
    with Pyro5.api.Proxy(uri) as peer:
        for dtype, shape in itertools.product(map(numpy.dtype, DTYPES), SHAPES):
            for array in orders((rng.random(shape) * 2).astype(dtype) if shape else numpy.array(1, dtype)):
                n_arrays += 1
                description = peer.describe(array)
                if (description != [array.dtype.str, list(array.shape), array.tobytes(), True]
                        or not is_same(peer.echo(array), array) or not is_same(peer.lend(array), array)):
                    n_wrong += 1
                    print(f"{dtype.str} {shape}: {description[:2]}", file=sys.stderr)
        for kind, array in STRANGE.items():
            n_arrays += 1
            try:
                peer.describe(array)
                n_wrong += 1
                print(f"an array of kind {kind} is taken", file=sys.stderr)
            except TypeError as error:
                assert "no array of numbers" in str(error)
    print(f"{n_arrays} arrays, {n_wrong} wrong")
    return n_wrong > 0


@Pyro5.api.expose
class Arrays:
    def echo(self, array):
        assert array.flags.c_contiguous
        return array

    def fortran(self, array):
        return array.copy(order="F")

    def strange(self, kind):
        return STRANGE[kind]


def serve(path):
    with Pyro5.api.Daemon(unixsocket=path) as daemon:
        print("READY", daemon.register(Arrays(), "arrays"), flush=True)
        daemon.requestLoop()


sys.exit({"call": call, "serve": serve}[sys.argv[1]](sys.argv[2]))
