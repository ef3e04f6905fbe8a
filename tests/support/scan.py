#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tries, as other users, to connect to everything that the processes of a directory listen on.

usage: tests/support/scan.py DIR UID...      (as root; python3 without modules)

Ours are the processes that work below DIR or were told of it, sshd apart. What they listen on (TCP ports, Unix sockets
with a path or an abstract name, as ss tells) and every socket that lies below DIR is tried as each of the users, round
after round, until SIGTERM. READY is said after the first round; at the end the worst outcome for each socket, and

    scanned N sockets connectable M

A port lets everybody connect; it is not connectable if it hangs up on him at once, without a word (HUNG_UP). The exit
status is 1 if M is not 0.
"""

import errno
import multiprocessing
import os
import re
import signal
import socket
import stat
import subprocess
import sys

# Whatever else happens to a connect() has come past the permissions of the socket and its directories.
REFUSALS = ["ENOENT", "ECONNREFUSED", "EPERM", "EACCES", "HUNG_UP"]  # the first two also mean: gone meanwhile
TIMEOUT_S = 2

UNIX = re.compile(r"u_\w+\s+\S+\s+\d+\s+\d+\s+(.*) \d+\s+\* 0\s+users:(.*)")
TCP = re.compile(r"tcp\s+\S+\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+\s+users:(.*)")


def belongs(pid, directory):
    """Whether a process is ours; one that is gone is nobody's."""
    try:
        with open(f"/proc/{pid}/comm") as file:
            if file.read().strip() == "sshd":
                return False
        if os.readlink(f"/proc/{pid}/cwd").startswith(directory):
            return True
        for name in "environ", "cmdline":
            with open(f"/proc/{pid}/{name}", "rb") as file:
                if directory.encode() in file.read():
                    return True
    except OSError:
        pass
    return False


def listeners(directory):
    """(family, address) of all that our processes listen on."""
    ours = {pid for pid in os.listdir("/proc") if pid.isdigit() and belongs(pid, directory)}
    for line in subprocess.run(["ss", "-Hlxtnp"], check=True, capture_output=True, text=True).stdout.splitlines():
        unix, tcp = UNIX.match(line), TCP.match(line)
        users = (unix or tcp)[(unix or tcp).lastindex] if unix or tcp else ""
        if not ours.intersection(re.findall(r"pid=(\d+)", users)):
            continue
        if unix:
            yield socket.AF_UNIX, re.sub("^@", "\0", unix[1])
        else:
            yield tcp_address(tcp[1], int(tcp[2]))


def tcp_address(host, port):
    host = re.sub(r"%.*", "", host).strip("[]")
    host = {"0.0.0.0": "127.0.0.1", "*": "::1", "::": "::1"}.get(host, host)
    return socket.AF_INET6 if ":" in host else socket.AF_INET, (host, port)


def socket_files(directory):
    for parent, _, names in os.walk(directory):
        for path in (os.path.join(parent, name) for name in names):
            try:
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    yield socket.AF_UNIX, path
            except OSError:
                pass


def try_to_connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(TIMEOUT_S)
        try:
            attempt.connect(address)
            return "HUNG_UP" if family != socket.AF_UNIX and is_hung_up_on(attempt) else "CONNECTED"
        except OSError as error:
            return errno.errorcode.get(error.errno, "TIMEOUT")


def is_hung_up_on(attempt):
    try:
        attempt.sendall(b"PYRO")
        return attempt.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def stranger(uid, pipe):
    """Another user, who answers each list of sockets by what came of trying them."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # ends with its pipe
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    try:
        while True:
            pipe.send([try_to_connect(*target) for target in pipe.recv()])
    except EOFError:
        os._exit(0)


def start_stranger(uid):
    ours, theirs = multiprocessing.Pipe()
    if os.fork() == 0:
        ours.close()
        stranger(uid, theirs)
    theirs.close()
    return ours


def severity(outcome):
    return REFUSALS.index(outcome) if outcome in REFUSALS else len(REFUSALS)


def scan(directory, strangers, worst):
    targets = sorted(set(listeners(directory)) | set(socket_files(directory)), key=repr)
    for pipe in strangers:
        pipe.send(targets)
        for target, outcome in zip(targets, pipe.recv()):
            worst[target] = max(worst.get(target, outcome), outcome, key=severity)


def label(target):
    return target[1].replace("\0", "@") if target[0] == socket.AF_UNIX else "%s:%d" % target[1]


def main():
    directory = os.path.realpath(sys.argv[1])
    over = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    strangers = [start_stranger(int(uid)) for uid in sys.argv[2:]]
    worst, rounds = {}, 0
    while not over:
        scan(directory, strangers, worst)
        rounds += 1
        if rounds == 1:
            print("READY to scan", flush=True)
    for target, outcome in worst.items():
        print(outcome, label(target))
    connectable = sum(outcome not in REFUSALS for outcome in worst.values())
    print(f"{rounds} rounds as {len(strangers)} users")
    print(f"scanned {len(worst)} sockets connectable {connectable}")
    return connectable > 0


sys.exit(main())
