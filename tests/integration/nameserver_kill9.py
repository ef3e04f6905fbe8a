#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills a nameserver while a stock client registers and removes names, and looks at what is left.

usage: nameserver_kill9.py NAMESERVER DIRECTORY ROUNDS SECONDS

After each kill -9 a new nameserver opens the database, and every registration and removal that was acknowledged must
show in its list. The one that was under way may or may not have happened, but not by half. Stops after ROUNDS rounds,
or SECONDS. The last line is "acknowledged N lost N rounds N"; the exit status is 1 if anything was lost.
"""

import random
import signal
import subprocess
import sys
import threading
import time

import Pyro5.api
import Pyro5.errors

Pyro5.config.SERIALIZER = "msgpack"
OWN = "Pyro.NameServer"


class Killed:
    """a nameserver that is killed at some moment"""

    def __init__(self, program, directory):
        self.process = subprocess.Popen([program, "--database", directory + "/ns.db", "--socket", directory + "/ns.sock"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("READY "):
            sys.exit("the nameserver does not start: status %d" % self.process.wait())
        self.uri = line.split()[1]

    def kill_in(self, seconds):
        timer = threading.Timer(seconds, self.process.send_signal, [signal.SIGKILL])
        timer.start()
        return timer

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Model:
    """what must be there, by what was acknowledged"""

    def __init__(self):
        self.entries = {}      # name -> [uri, [tags]]
        self.under_way = None  # name, before, after: an operation without an answer
        self.n_acknowledged = 0
        self.n_names = 0

    def next(self, nameserver):
        """one more registration, replacement or removal"""
        choice, after = random.random(), None
        if self.entries and choice < 0.4:
            name = random.choice(list(self.entries))
        else:
            self.n_names += 1
            name = "name %d" % self.n_names
        if choice >= 0.2:
            after = ["PYRO:o%d@host:%d" % (self.n_acknowledged, 1 + self.n_names % 65535),
                     ["t%d" % i for i in range(random.randrange(1, 4))]]
        self.under_way = name, self.entries.get(name), after
        if after:
            nameserver.register(name, after[0], metadata=after[1])
        else:
            nameserver.remove(name)
        self.acknowledge()

    def acknowledge(self):
        name, _, after = self.under_way
        self.under_way = None
        self.n_acknowledged += 1
        self.set(name, after)

    def set(self, name, entry):
        if entry:
            self.entries[name] = entry
        else:
            self.entries.pop(name, None)

    def count_lost(self, found):
        """acknowledged operations that do not show; the one under way is taken as it is found"""
        if self.under_way:
            name, before, after = self.under_way
            if found.get(name) in (before, after):
                self.set(name, found.get(name))
            self.under_way = None
        names = set(found) | set(self.entries)
        wrong = [name for name in names if found.get(name) != self.entries.get(name)]
        for name in wrong:
            print("%s: is %r, should be %r" % (name, found.get(name), self.entries.get(name)))
        return len(wrong)


def listing(nameserver):
    found = nameserver.list(return_metadata=True)
    return {name: [uri, sorted(tags)] for name, (uri, tags) in found.items() if name != OWN}


def round_of(model, server):
    """until the kill; what is there now, after the kill before"""
    with Pyro5.api.Proxy(server.uri) as nameserver:
        n_lost = model.count_lost(listing(nameserver))
        timer = server.kill_in(random.uniform(0.0, 0.09))
        try:
            while True:
                model.next(nameserver)
        except Pyro5.errors.CommunicationError:
            timer.join()
    return n_lost


def main():
    program, directory, n_rounds, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    end = time.monotonic() + seconds
    model, n_lost, n_done = Model(), 0, 0
    while n_done < n_rounds and time.monotonic() < end:
        server = Killed(program, directory)
        try:
            n_lost += round_of(model, server)
        finally:
            server.end()
        n_done += 1
    last = Killed(program, directory)
    with Pyro5.api.Proxy(last.uri) as nameserver:
        n_lost += model.count_lost(listing(nameserver))
    last.end()
    print("acknowledged %d lost %d rounds %d" % (model.n_acknowledged, n_lost, n_done))
    return n_lost > 0


if __name__ == "__main__":
    sys.exit(main())
