#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Listens, as another user, on a port that somebody else's daemon had.

usage: tests/support/squat.py UID PORT [--deaf] ADDRESS...      (as root; python3 without modules)

Takes whatever comes; --deaf accepts nobody before the end. After SIGTERM it says what it got:

    N connections M bytes
"""

import os
import select
import signal
import socket
import sys

TIMEOUT_S = 10


def listen(address, port):
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen()
    listener.setblocking(False)
    return listener


def accept_all(listeners, visitors):
    for listener in listeners:
        try:
            while True:
                visitors.append(listener.accept()[0])
        except BlockingIOError:
            pass


def count_bytes(visitor):
    visitor.settimeout(TIMEOUT_S)
    n = 0
    try:
        while piece := visitor.recv(65536):
            n += len(piece)
    except ConnectionError:
        pass
    return n


def main():
    uid, port = int(sys.argv[1]), int(sys.argv[2])
    is_deaf = "--deaf" in sys.argv
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    ours, theirs = os.pipe2(os.O_NONBLOCK)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.set_wakeup_fd(theirs)
    listeners = [listen(address, port) for address in sys.argv[3:] if address != "--deaf"]
    visitors = []
    print("READY to be taken for another", flush=True)
    while ours not in select.select([ours] + (listeners if not is_deaf else []), [], [])[0]:
        accept_all(listeners, visitors)
    accept_all(listeners, visitors)
    print(len(visitors), "connections", sum(map(count_bytes, visitors)), "bytes")


main()
