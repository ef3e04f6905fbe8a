#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks a nameserver by scenarios, with the unmodified Pyro5 client.

usage: nameserver.py URI [--stock]

URI is that of the nameserver, on a Unix socket; its names are removed. A scenario is a title and calls, each with what
must come back. --stock leaves out those where Pyro5's own nameserver is known to do otherwise, so that the rest can
be held against it: what passes on both sides is no opinion of ours. The last line is "N passed, M failed".
"""

import socket
import sys

import Pyro5.api
import Pyro5.core
import Pyro5.errors

Pyro5.config.SERIALIZER = "msgpack"

OWN = "Pyro.NameServer"
NamingError, PyroError = Pyro5.errors.NamingError, Pyro5.errors.PyroError
U1, U2, U3 = "PYRO:one@host:1", "PYRO:two@./u:/run/two.sock", "PYRO:three@[::1]:3"
LONG = "n" * 5000
NETWORK = 'network:{"host": "far", "port": 4000, "nathost": "127.0.0.1", "natport": 5555}'
MIXED = ["a%b", "a_b", "aXb", "ab", "A", "a b", "a'b\"; --", "a@b", "a\nb", "ä", "\U0001f600", "a\0b", "a\0", "a",
         LONG]


class Raises:
    def __init__(self, class_, text=None):
        self.class_, self.text = class_, text

    def __repr__(self):
        return "%s(%r)" % (self.class_.__name__, self.text)


class Call:
    """a method, its arguments, and what must come back"""

    def __init__(self, method, *args, gives=None, **kwargs):
        self.method, self.args, self.kwargs, self.gives = method, args, kwargs, gives

    def __repr__(self):
        args = [repr(a) for a in self.args] + ["%s=%r" % item for item in self.kwargs.items()]
        return "%s(%s)" % (self.method, ", ".join(args))


class Has(dict):
    """a map with at least these"""


class Endpoint(dict):
    """a record whose one endpoint has at least these"""


def resolves(name, host, port, nathost=None, natport=None):
    return Call("resolve", name, gives=Endpoint({"host": host, "port": port, "nathost": nathost, "natport": natport}))


ANY = object()  # something, but no exception
THREE = [Call("register", "a", U1, metadata=["x"]), Call("register", "b", U2, metadata=("y", "x")),
         Call("register", "c", U3)]


# Title, calls; OURS in front of a title: Pyro5's own nameserver does otherwise.
SCENARIOS = [
    ("an empty nameserver has its own entry", [
        Call("count", gives=1), Call("ping", gives=None), Call("lookup", OWN, gives=ANY),
        Call("yplookup", meta_all=["class:Pyro5.nameserver.NameServer"], return_metadata=False, gives={})]),
    ("a name is registered, looked up, removed", [
        Call("register", "a", U1), Call("lookup", "a", gives=Pyro5.core.URI(U1)), Call("count", gives=2),
        Call("remove", "a", gives=1), Call("lookup", "a", gives=Raises(NamingError, "unknown name: a")),
        Call("remove", "a", gives=0)]),
    ("URIs of every kind are kept", [
        Call("register", "1", Pyro5.core.URI(U1)), Call("lookup", "1", gives=Pyro5.core.URI(U1)),
        Call("register", "2", Pyro5.core.URI(U2)), Call("lookup", "2", gives=Pyro5.core.URI(U2)),
        Call("register", "3", Pyro5.core.URI(U3)), Call("lookup", "3", gives=Pyro5.core.URI(U3)),
        Call("register", "4", "PYRONAME:1"), Call("lookup", "4", gives=Pyro5.core.URI("PYRONAME:1")),
        Call("register", "5", "PYROMETA:x,y"), Call("list", prefix="5", gives={"5": "PYROMETA:x,y"}),
        Call("list", prefix="1", gives={"1": U1}), Call("list", prefix="2", gives={"2": U2}),
        Call("list", prefix="3", gives={"3": U3}), Call("list", prefix="4", gives={"4": "PYRONAME:1"})]),
    ("metadata come back where they are asked for", THREE + [
        Call("lookup", "a", True, gives=[Pyro5.core.URI(U1), ["x"]]),
        Call("lookup", name="b", return_metadata=True, gives=[Pyro5.core.URI(U2), ["x", "y"]]),
        Call("lookup", "c", 1, gives=[Pyro5.core.URI(U3), []]),
        Call("lookup", "a", 0.0, gives=Pyro5.core.URI(U1)), Call("lookup", "a", None, gives=Pyro5.core.URI(U1)),
        Call("lookup", "a", "", gives=Pyro5.core.URI(U1)), Call("lookup", "a", [], gives=Pyro5.core.URI(U1))]),
    ("registering again replaces, metadata too", [
        Call("register", "a", U1, metadata={"x"}), Call("register", "a", U2),
        Call("lookup", "a", True, gives=[Pyro5.core.URI(U2), []])]),
    ("a safe registration does not replace", [
        Call("register", "a", U1, True), Call("register", "a", U2, safe=True,
                                              gives=Raises(NamingError, "name already registered: a")),
        Call("register", "a", U2, 0.0), Call("lookup", "a", gives=Pyro5.core.URI(U2))]),
    ("what is no URI is refused", [
        Call("register", "a", 5, gives=Raises(TypeError, "only URIs or strings can be registered")),
        Call("register", "a", None, gives=Raises(TypeError, "only URIs or strings can be registered")),
        Call("register", "a", "", gives=Raises(PyroError, "invalid uri")),
        Call("register", "a", "PYRO:nowhere", gives=Raises(PyroError, "invalid uri")),
        Call("register", "a", "http://example.com", gives=Raises(PyroError)), Call("count", gives=1)]),
    ("what is no name is refused", [
        Call("register", None, U1, gives=Raises(TypeError, "name must be a str")),
        Call("register", 5, U1, gives=Raises(TypeError, "name must be a str")),
        Call("set_metadata", 5, [], gives=Raises(TypeError, "name must be a str")), Call("count", gives=1)]),
    ("what are no metadata is refused", [
        Call("register", "a", U1, metadata="x", gives=Raises(
            TypeError, "metadata should not be a str, but another iterable (set, list, etc)")),
        Call("register", "a", U1, metadata=7, gives=Raises(TypeError, "'int' object is not iterable")),
        Call("register", "a", U1), Call("set_metadata", "a", "x", gives=Raises(
            TypeError, "metadata should not be a str, but another iterable (set, list, etc)")),
        Call("set_metadata", "a", 7, gives=Raises(TypeError, "'int' object is not iterable"))]),
    ("metadata are replaced and cleared", THREE + [
        Call("set_metadata", "a", ["q", "q", ""]), Call("lookup", "a", True, gives=[Pyro5.core.URI(U1), ["", "q"]]),
        Call("set_metadata", name="a", metadata=None), Call("lookup", "a", True, gives=[Pyro5.core.URI(U1), []]),
        Call("set_metadata", "b", []), Call("lookup", "b", True, gives=[Pyro5.core.URI(U2), []]),
        Call("set_metadata", "none", [], gives=Raises(NamingError, "unknown name: none"))]),
    ("lists are filtered by prefix", THREE + [
        Call("list", "a", gives={"a": U1}),
        Call("list", prefix="b", return_metadata=True, gives={"b": [U2, ["x", "y"]]}),
        Call("list", "none", gives={}), Call("list", prefix="%", gives={}), Call("list", prefix="_", gives={}),
        Call("list", None, None, False, gives={"a": U1, "b": U2, "c": U3}), Call("list", "", "", gives=ANY)]),
    ("lists are filtered by regular expression", THREE + [
        Call("list", regex="[ab]$", gives={"a": U1, "b": U2}),
        Call("list", None, r"\w", gives={"a": U1, "b": U2, "c": U3}),
        Call("list", regex="(?:x|c)", gives={"c": U3}), Call("list", regex="(?!a)[abc]", gives={"b": U2, "c": U3}),
        Call("list", regex="$", gives={}), Call("list", regex="(?P<n>a)", gives={"a": U1}),
        Call("list", regex="(", gives=Raises(NamingError)), Call("list", regex="*", gives=Raises(NamingError)),
        Call("list", "a", "a", gives=Raises(ValueError, "you can only filter on one thing at a time"))]),
    ("the beginning is enough for a regular expression, the middle is not", [
        Call("register", "http.gateway", U1), Call("register", "my.http", U2),
        Call("list", regex=r"http\.", gives={"http.gateway": U1}),
        Call("list", regex="http", gives={"http.gateway": U1})]),
    ("tags find objects", THREE + [
        Call("yplookup", ["x"], gives={"a": [U1, ["x"]], "b": [U2, ["x", "y"]]}),
        Call("yplookup", meta_all={"x", "y"}, gives={"b": [U2, ["x", "y"]]}),
        Call("yplookup", meta_all=["x", "none"], gives={}), Call("yplookup", ["x", "x"], gives=ANY),
        Call("yplookup", meta_any=["y", "none"], return_metadata=False, gives={"b": U2}),
        Call("yplookup", None, ["none"], gives={}), Call("yplookup", gives={}), Call("yplookup", [], [], gives={}),
        Call("yplookup", ["x"], ["y"], gives=Raises(
            ValueError, "you can't use meta_all or meta_any at the same time")),
        Call("yplookup", "x", gives=Raises(
            TypeError, "metadata_all should not be a str, but another iterable (set, list, etc)")),
        Call("yplookup", meta_any="x", gives=Raises(
            TypeError, "metadata_any should not be a str, but another iterable (set, list, etc)")),
        Call("yplookup", 7, gives=Raises(TypeError, "'int' object is not iterable"))]),
    ("the first filter that is not empty removes", THREE + [
        Call("remove", gives=0), Call("remove", "", None, "", gives=0), Call("remove", "none", "a", gives=0),
        Call("remove", "a", "b", gives=1), Call("remove", None, "b", "c", gives=1), Call("count", gives=2),
        Call("remove", regex="c", gives=1), Call("remove", prefix="c", gives=0),
        Call("remove", regex="(", gives=Raises(NamingError))]),
    ("the nameserver's own entry stays", [
        Call("remove", OWN, gives=0), Call("remove", prefix="Pyro", gives=0), Call("remove", regex=".*", gives=0),
        Call("register", "Pyro.Other", U1), Call("remove", prefix="Pyro", gives=1), Call("count", gives=1)]),
    ("a call needs its arguments", [
        Call("lookup", gives=Raises(TypeError)), Call("register", "a", gives=Raises(TypeError)),
        Call("ping", 1, gives=Raises(TypeError)), Call("count", x=1, gives=Raises(TypeError)),
        Call("lookup", "a", name="b", gives=Raises(TypeError))]),
    ("every parameter has its name", [
        Call("register", name="a", uri=U1, safe=False, metadata=["x"]), Call("register", uri=U2, name="b"),
        Call("lookup", name="a", return_metadata=True, gives=[Pyro5.core.URI(U1), ["x"]]),
        Call("set_metadata", metadata=["y"], name="a"), Call("count", gives=3), Call("ping", gives=None),
        Call("list", prefix="a", regex=None, return_metadata=False, gives={"a": U1}),
        Call("list", prefix=None, regex="b", return_metadata=False, gives={"b": U2}),
        Call("yplookup", meta_all=["y"], meta_any=None, return_metadata=False, gives={"a": U1}),
        Call("yplookup", meta_all=None, meta_any=["y"], return_metadata=True, gives={"a": [U1, ["y"]]}),
        Call("remove", name="a", prefix=None, regex=None, gives=1),
        Call("remove", name=None, prefix="b", regex=None, gives=1),
        Call("remove", name=None, prefix=None, regex=".*", gives=0),
        Call("lookup", nmae="a", gives=Raises(TypeError))]),
    ("what is true counts as true", [
        Call("register", "a", U1, metadata=["x"]), Call("lookup", "a", [0], gives=[Pyro5.core.URI(U1), ["x"]]),
        Call("lookup", "a", "no", gives=[Pyro5.core.URI(U1), ["x"]]), Call("lookup", "a", {}, gives=Pyro5.core.URI(U1)),
        Call("register", "a", U2, [], gives=None),
        Call("register", "a", U1, "safe", gives=Raises(NamingError, "name already registered: a")),
        Call("yplookup", ["x"], (), False, gives={}), Call("list", "a", "", 0, gives={"a": U2})]),
    ("names may hold anything", [Call("register", name, "PYRO:o%d@h:1" % i) for i, name in enumerate(MIXED)] +
     [Call("lookup", name, gives=Pyro5.core.URI("PYRO:o%d@h:1" % i)) for i, name in enumerate(MIXED)] +
     [Call("count", gives=len(MIXED) + 1),
      Call("list", prefix="a\0", gives={"a\0": "PYRO:o12@h:1", "a\0b": "PYRO:o11@h:1"}),
      Call("list", prefix="a%", gives={"a%b": "PYRO:o0@h:1"}), Call("list", regex="a.b$", gives=ANY)] +
     [Call("remove", name, gives=1) for name in MIXED] + [Call("count", gives=1)]),
    ("OURS its own entry cannot be taken", [
        Call("register", OWN, U1, gives=Raises(NamingError, "name is reserved: " + OWN)),
        Call("lookup", OWN, gives=ANY)]),
    ("OURS objects without metadata are listed with them too", THREE + [
        Call("list", None, None, True, gives={"a": [U1, ["x"]], "b": [U2, ["x", "y"]], "c": [U3, []]})]),
    ("OURS a wildcard address is no place to go", [
        Call("register", "a", "PYRO:o@0.0.0.0:1", gives=Raises(PyroError)), Call("count", gives=1)]),
    ("OURS a regular expression cannot hold the nameserver up", [
        Call("list", regex="(a+)+[bc]", gives={}), Call("register", "a" * 60, U1),
        Call("list", regex="(a+)+[bc]", gives=Raises(NamingError, "invalid regex: it takes too many steps"))]),
    ("OURS a NAT address on the loopback interface is told if there is nothing else", [
        Call("register_endpoint", "a", "PYRO:o@h:1", zone="z1", nathost="127.0.0.1", natport=5555),
        Call("lookup", "a", gives=Pyro5.core.URI("PYRO:o@127.0.0.1:5555")),
        Call("register_endpoint", "a", "PYRO:o@g:2", zone="z2"), Call("lookup", "a", gives=Pyro5.core.URI("PYRO:o@h:1")),
        Call("list", "a", gives={"a": "PYRO:o@h:1"})]),
    ("OURS MuPIF's tag is read into an endpoint, and written from one", [
        Call("register", "a", "PYRO:o@127.0.0.1:5555", metadata=[NETWORK]),
        Call("resolve", "a", gives=Has({"uri": "PYRO:o@127.0.0.1:5555", "metadata": [NETWORK]})),
        Call("lookup", "a", True, gives=[Pyro5.core.URI("PYRO:o@127.0.0.1:5555"), [NETWORK]]),
        Call("register_endpoint", "b", "PYRO:o@far:4000", nathost="127.0.0.1", natport=5555, metadata=["t"]),
        Call("lookup", "b", True, gives=[Pyro5.core.URI("PYRO:o@127.0.0.1:5555"), ["t", NETWORK]])]),
    ("OURS lists tell MuPIF's tag, too", [
        Call("register_endpoint", "a", "PYRO:o@far:4000", nathost="127.0.0.1", natport=5555, metadata=["t"]),
        Call("register", "b", U1, metadata=["t"]),
        Call("list", None, None, True, gives={"a": ["PYRO:o@127.0.0.1:5555", ["t", NETWORK]], "b": [U1, ["t"]]}),
        Call("list", "a", return_metadata=True, gives={"a": ["PYRO:o@127.0.0.1:5555", ["t", NETWORK]]}),
        Call("list", regex="a", return_metadata=True, gives={"a": ["PYRO:o@127.0.0.1:5555", ["t", NETWORK]]}),
        Call("yplookup", ["t"], gives={"a": ["PYRO:o@127.0.0.1:5555", ["t", NETWORK]], "b": [U1, ["t"]]}),
        Call("yplookup", meta_any=["t"], return_metadata=False, gives={"a": "PYRO:o@127.0.0.1:5555", "b": U1}),
        Call("resolve", "a", gives=Has({"metadata": ["t"]}))]),
    ("OURS MuPIF's tag is read from metadata that are set, replaced and cleared", [
        Call("register", "a", "PYRO:o@127.0.0.1:5555", metadata=["t"]), resolves("a", "127.0.0.1", 5555),
        Call("set_metadata", "a", ["t", NETWORK]), resolves("a", "far", 4000, "127.0.0.1", 5555),
        Call("lookup", "a", True, gives=[Pyro5.core.URI("PYRO:o@127.0.0.1:5555"), ["t", NETWORK]]),
        Call("set_metadata", "a", [NETWORK.replace("127.0.0.1", "gate"), "u"]),
        resolves("a", "far", 4000, "gate", 5555),
        Call("set_metadata", "a", ['network:{"host": "near", "port": 1, "nathost": null, "natport": null}']),
        resolves("a", "near", 1), Call("set_metadata", "a", [NETWORK]), resolves("a", "far", 4000, "127.0.0.1", 5555),
        Call("set_metadata", "a", ["t", "network:{no place}"]), resolves("a", "far", 4000),
        Call("set_metadata", "a", [NETWORK]), Call("set_metadata", "a", None), resolves("a", "far", 4000),
        Call("lookup", "a", True, gives=[Pyro5.core.URI("PYRO:o@127.0.0.1:5555"), []]),
        Call("list", "a", None, True, gives={"a": ["PYRO:o@127.0.0.1:5555", []]})]),
    ("OURS a NAT address that no metadata told stays when they change", [
        Call("register_endpoint", "a", "PYRO:o@far:4000", nathost="127.0.0.1", natport=5555, metadata=["t"]),
        Call("set_metadata", "a", ["u"]), resolves("a", "far", 4000, "127.0.0.1", 5555),
        Call("lookup", "a", True, gives=[Pyro5.core.URI("PYRO:o@127.0.0.1:5555"), ["u", NETWORK]]),
        Call("set_metadata", "a", None), resolves("a", "far", 4000, "127.0.0.1", 5555),
        Call("register", "b", "PYRONAME:a"), Call("set_metadata", "b", [NETWORK]),
        Call("resolve", "b", gives=Has({"endpoints": [], "metadata": [NETWORK]})),
        Call("register", "c", U2), Call("set_metadata", "c", [NETWORK]),
        Call("resolve", "c", gives=Endpoint({"unix": "/run/two.sock", "host": None, "nathost": "127.0.0.1"}))]),
    ("OURS a version binds a change to what was read", [
        Call("register_endpoint", "a", U1), Call("register_endpoint", "a", "PYRO:one@host:2", version=1,
                                                 gives=Raises(NamingError, "name is of another version: a")),
        Call("register_endpoint", "b", U1, version=1, gives=Raises(NamingError, "name is of another version: b")),
        Call("resolve", "a", gives=Has({"uri": U1, "ttl": None, "confirmed": None}))]),
    ("OURS leases are renewed by their owner", [
        Call("register_endpoint", "a", U1, ttl=60), Call("resolve", "a", gives=Has({"ttl": 60, "confirmed": True})),
        Call("renew", "a", gives=[]), Call("renew", ["a", "b"], gives=["b"]), Call("register", "a", U1),
        Call("renew", names="a", gives=["a"]), Call("register_endpoint", "a", U1, ttl=0, gives=Raises(ValueError))]),
    ("OURS endpoints are resolved by zone", [
        Call("register_endpoint", "a", U2, zone="z1", ssh="me@far", metadata=["x"]),
        Call("register_endpoint", "a", "PYRO:two@h:1", "z2", None, "nat.example", 5555),
        Call("lookup", "a", True, gives=[Pyro5.core.URI("PYRO:two@nat.example:5555"), [
            'network:{"host": "h", "port": 1, "nathost": "nat.example", "natport": 5555}', "x"]]),
        Call("resolve", "a", gives=Has({
            "name": "a", "object": "two", "uri": "PYRO:two@nat.example:5555", "metadata": ["x"], "endpoints": [
                {"zone": "z1", "unix": "/run/two.sock", "host": None, "port": None, "nathost": None, "natport": None,
                 "ssh": "me@far"},
                {"zone": "z2", "unix": None, "host": "h", "port": 1, "nathost": "nat.example", "natport": 5555,
                 "ssh": None}]})),
        Call("register_endpoint", "a", "PYRO:other@h:1", safe=True,
             gives=Raises(NamingError, "name already registered: a")),
        Call("register_endpoint", "a", U1, ssh="-oProxyCommand=id", gives=Raises(ValueError)),
        Call("resolve", "b", gives=Raises(NamingError, "unknown name: b"))]),
    ("OURS an ssh way has hops, and each of them is checked", [
        Call("register_endpoint", "a", "PYRO:o@./u:/x", zone="z", ssh="gw,inner:22,me@far"),
        Call("resolve", "a", gives=Has({"endpoints": [
            {"zone": "z", "unix": "/x", "host": None, "port": None, "nathost": None, "natport": None,
             "ssh": "gw,inner:22,me@far"}]})),
        Call("register_endpoint", "a", "PYRO:o@./u:/x", zone="z", ssh=",".join(["h"] * 8)),
        Call("register_endpoint", "a", "PYRO:o@./u:/x", zone="z", ssh=",".join(["h"] * 9), gives=Raises(ValueError))] +
     [Call("register_endpoint", "a", "PYRO:o@./u:/x", ssh=ssh, gives=Raises(ValueError))
      for ssh in ("gw,", ",far", "gw, far", "gw,-oProxyCommand=id", "gw,,far", "gw,far;id", "h" * 4000)]),
]


def canonical(value):
    """without the nameserver's own entry; tags are a set, so their order means nothing"""
    if isinstance(value, (list, tuple)):
        items = [canonical(item) for item in value]
        return sorted(items) if all(isinstance(item, str) for item in items) else items
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in value.items() if key != OWN}
    return value


def check(nameserver, call):
    try:
        got = getattr(nameserver, call.method)(*call.args, **call.kwargs)
    except Exception as x:
        if not isinstance(call.gives, Raises):
            raise AssertionError("%.200r raises %s(%.300s)" % (call, type(x).__name__, x)) from None
        assert type(x) is call.gives.class_, "%.200r raises %s(%.300s)" % (call, type(x).__name__, x)
        assert call.gives.text in (None, str(x)), "%.200r says %.300r" % (call, str(x))
        return
    assert not isinstance(call.gives, Raises), "%.200r gives %.300r" % (call, got)
    if isinstance(call.gives, Endpoint):
        [endpoint] = got["endpoints"]
        got = {key: endpoint[key] for key in call.gives}
    if isinstance(call.gives, Has):
        got = {key: got[key] for key in call.gives}
    if call.gives is not ANY:
        assert canonical(got) == canonical(call.gives), "%.200r gives %.300r" % (call, got)


def by_stock_resolution(uri):
    """PYRONAME and PYROMETA, as stock programs use them; an IPv6 user broadcasts nothing"""
    Pyro5.config.NS_HOST = uri.location
    Pyro5.config.PREFER_IP_VERSION = 6
    with Pyro5.api.Proxy(uri) as nameserver:
        nameserver.remove(regex=".*")
        nameserver.register("an alias", uri)
        nameserver.register("alias", uri, metadata=["m1", "m2"])
    with Pyro5.api.locate_ns() as located:
        assert located.count() == 3
    with Pyro5.api.Proxy("PYRONAME:alias") as proxy:
        assert proxy.count() == 3
    with Pyro5.api.Proxy("PYROMETA:m1,m2") as proxy:
        assert proxy.count() == 3
    assert Pyro5.api.resolve("PYRONAME:alias") == uri
    for unknown in "PYRONAME:none", "PYROMETA:m1,none":
        try:
            Pyro5.api.resolve(unknown)
        except NamingError:
            continue
        raise AssertionError(unknown + " was resolved")


def probes(uri):
    """connections that come and go without a word, as those of an autocleaner that looks who is there"""
    for _ in range(200):
        probe = socket.socket(socket.AF_UNIX)
        probe.connect(uri.sockname)
        probe.close()
    with Pyro5.api.Proxy(uri) as nameserver:
        assert nameserver.count() > 0


def elsewhere(uri):
    """a client that says it is in another zone must tell the way to its sockets; one that says nothing is told a zone"""
    context = Pyro5.api.current_context
    with Pyro5.api.Proxy(uri) as nameserver:
        nameserver.remove(regex=".*")
        context.annotations = {"ZONE": b"elsewhere"}
        try:
            for place in "PYRO:o@./u:/run/x", "PYRO:o@127.0.0.1:1", "PYRO:o@localhost:1", "PYRO:o@[::1]:1":
                for method in nameserver.register, nameserver.register_endpoint:
                    try:
                        method("a", place)
                    except ValueError as x:
                        assert "register_endpoint()" in str(x), x
                    else:
                        raise AssertionError("%s was registered" % place)
            nameserver.register("a", "PYRO:o@host:1")
            nameserver.register_endpoint("b", "PYRO:o@./u:/run/x", zone="elsewhere")
            nameserver.register_endpoint("c", "PYRO:o@./u:/run/x", ssh="me@far")
        finally:
            context.annotations = {}
        nameserver.register("d", "PYRO:o@./u:/run/x")
        zone = bytes(context.response_annotations["ZONE"]).decode()
        assert nameserver.resolve("d")["endpoints"][0]["zone"] == zone
        assert nameserver.resolve("b")["endpoints"][0]["zone"] == "elsewhere"


def run(nameserver, title, calls):
    nameserver.remove(regex=".*")
    for call in calls:
        check(nameserver, call)


def main():
    if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["--stock"]):
        sys.exit(__doc__.split("\n")[2])
    uri, stock = Pyro5.core.URI(sys.argv[1]), "--stock" in sys.argv
    checks = [(title, lambda title=title, calls=calls: run(nameserver, title, calls)) for title, calls in SCENARIOS
              if not (stock and title.startswith("OURS "))]
    checks.append(("PYRONAME and PYROMETA are resolved by the stock client", lambda: by_stock_resolution(uri)))
    checks.append(("who only looks whether it is there does no harm", lambda: probes(uri)))
    if not stock:
        checks.append(("OURS who is in another zone says so", lambda: elsewhere(uri)))
    n_failed = 0
    with Pyro5.api.Proxy(uri) as nameserver:
        for title, function in checks:
            try:
                function()
            except Exception as x:
                n_failed += 1
                print("FAILED %s: %s: %s" % (title, type(x).__name__, x))
    print("%d passed, %d failed" % (len(checks) - n_failed, n_failed))
    return n_failed > 0


if __name__ == "__main__":
    sys.exit(main())
