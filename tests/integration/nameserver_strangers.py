#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Another user at our nameserver: tries to change our names, sends hostile names and patterns, fills his quota.

usage: nameserver_strangers.py SOCKET-URI PORT-URI UID [--administrator]

We are root, as the nameserver is; the other one is a child with UID, who comes by the port, for the socket is ours. With
--administrator he removes all our names instead.
"""

import os
import sys
import threading
import time
import traceback

import Pyro5.api
import Pyro5.errors

Pyro5.config.SERIALIZER = "msgpack"
N = 1000
NAMES = ["ours.%d" % i for i in range(N)]
URI = "PYRO:obj@host:1"
OTHER = "PYRO:evil@host:2"

# What tools for SQL injection, path traversal, log and terminal injection send.
HOSTILE = [
    "'; DROP TABLE objects; --", "\" OR \"\"=\"", "' OR '1'='1", "1; ATTACH DATABASE '/tmp/x' AS x; --", "%", "_", "%%",
    "\\", "\\'", "x' UNION SELECT sql FROM sqlite_schema --", "'||(SELECT load_extension('x'))||'", "x\0y", "\0", "",
    "a\nb", "2026-01-01T00:00:00.000Z error nameserver: forged", "\r\n2026-01-01T00:00:00.000Z info nameserver: forged",
    "\x1b]52;c;aGk=\x07", "\x1b[2J", "\x9b31m", "\u202eabc", "\u2028", "../../etc/passwd", "$(id)", "`id`", "%s%n%x",
    "{0}", "\U0001f600" * 100, "A" * 65535, "ours.1\0", "Ours.1", " ours.1"]

# Each would take a backtracking engine for ever on a name of many a's.
PATTERNS = [
    "(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){20}$", "((a*)*)*b", "(a?){40}a{40}b", r"(\w+\s?)*!", "(?:a+)+(?:a+)+b",
    "(a*)*\\1b", "a*a*a*a*a*a*a*a*a*a*a*a*b", "(" * 100 + "a" + ")*" * 100 + "b", "(?=(a+))a*b\\1", "(x+x+)+y|(a+a+)+b",
    "(a{1,100}){1,100}b", "[a-z]*" * 1000 + "!", "(a|b|ab)*c", "(?:(?:a|b)*)*c", "a" * 8192, "(" * 4000,
    "(?R)", "(?1)(a)", "\\K", "(*COMMIT)a", "(*LIMIT_MATCH=99999999)(a+)+$", "(?C)", "\\C*"]


def tries(ns):
    """each kind of change on each of our names; gives how many were made, and how many succeeded"""
    kinds = [
        lambda name: ns.register(name, OTHER), lambda name: ns.register(name, OTHER, safe=True),
        lambda name: ns.register_endpoint(name, OTHER, zone="evil"), lambda name: ns.register_endpoint(name, URI, ttl=1),
        lambda name: ns.set_metadata(name, ["evil"]), lambda name: ns.remove(name),
        lambda name: ns.remove(prefix=name[:5]), lambda name: ns.remove(regex="ours|.*")]
    n = n_succeeded = 0
    for kind in kinds:
        for name in NAMES:
            n += 1
            try:
                kind(name)
            except Pyro5.errors.NamingError:
                continue
            n_succeeded += 1
    assert ns.renew(NAMES) == NAMES
    return n, n_succeeded


def hostile_names(ns):
    wrong = 0
    for i, name in enumerate(HOSTILE):
        uri = "PYRO:hostile%d@host:3" % i
        ns.register(name, uri, metadata=[name])
        ok = str(ns.lookup(name)) == uri and ns.list(prefix=name).get(name) == uri if name else True
        ok = ok and ns.yplookup([name], return_metadata=False).get(name) == uri
        try:
            ns.lookup(name + "?")
            ok = False
        except Pyro5.errors.NamingError:
            pass
        wrong += not ok
    for name in HOSTILE:
        if name:
            wrong += ns.remove(name) != 1
    wrong += ns.remove(regex="$") != 1  # the empty name, which is no filter
    return wrong


def hostile_patterns(ns, port):
    """meanwhile somebody else looks names up; gives the longest of both"""
    longest = {"pattern": 0.0, "lookup": 0.0}
    is_over = threading.Event()

    def look():
        with Pyro5.api.Proxy(port) as other:
            while not is_over.is_set():
                began = time.monotonic()
                other.lookup("ours.1")
                longest["lookup"] = max(longest["lookup"], time.monotonic() - began)

    looker = threading.Thread(target=look)
    looker.start()
    ns.register("a" * 5000, URI)
    for pattern in PATTERNS:
        for call in (lambda: ns.list(regex=pattern), lambda: ns.remove(regex="(?=" + pattern + ")none")):
            began = time.monotonic()
            try:
                call()
            except Pyro5.errors.NamingError:
                pass
            longest["pattern"] = max(longest["pattern"], time.monotonic() - began)
    ns.remove("a" * 5000)
    is_over.set()
    looker.join()
    return longest


def fill(ns):
    n = 0
    try:
        while n < N:
            ns.register("mine.%d" % n, URI)
            n += 1
    except Pyro5.errors.NamingError as x:
        print("%d names, then: %s" % (n, x))
    ns.remove(prefix="mine.")


def stranger(port):
    with Pyro5.api.Proxy(port) as ns:
        n, n_succeeded = tries(ns)
        print("%d tries, %d succeeded, " % (n, n_succeeded), end="", flush=True)
        sys.stdout.flush()


def stranger_rest(port):
    with Pyro5.api.Proxy(port) as ns:
        print("%d hostile names, %d wrong" % (len(HOSTILE), hostile_names(ns)))
        longest = hostile_patterns(ns, port)
        print("%d hostile patterns ended, the longest call after %.1f s; the longest lookup beside them took %.0f ms"
              % (2 * len(PATTERNS), longest["pattern"], 1000 * longest["lookup"]))
        fill(ns)


def as_user(uid, function, *args):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            function(*args)
            status = 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        sys.exit("the other user failed")


def remove_all(port):
    with Pyro5.api.Proxy(port) as ns:
        n = ns.remove(prefix="ours.")
        print("%d names removed, %d left" % (n, len(ns.list(prefix="ours."))))


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__.split("\n")[2])
    socket, port, uid = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if sys.argv[4:] == ["--administrator"]:
        as_user(uid, remove_all, port)
        return
    with Pyro5.api.Proxy(socket) as ns:
        for i, name in enumerate(NAMES):
            ns.register(name, URI, metadata=["tag%d" % (i % 10)])
        before = ns.list(prefix="ours.", return_metadata=True)
        versions = {name: ns.resolve(name)["version"] for name in NAMES}
        as_user(uid, stranger, port)
        after = ns.list(prefix="ours.", return_metadata=True)
        n_changed = sum(before.get(name) != after.get(name) or versions[name] != ns.resolve(name)["version"]
                        for name in NAMES)
        print("%d of %d names changed" % (n_changed, N))
        as_user(uid, stranger_rest, port)


if __name__ == "__main__":
    main()
