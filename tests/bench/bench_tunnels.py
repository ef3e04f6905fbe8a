# SPDX-License-Identifier: MIT
"""P13 to P16: SSH tunnels, beside ssh -L, ssh -W and a ControlMaster. Real sshds of our own, Unix sockets at both ends.

Every side uses CIPHER, the same key and the same sshd. Raw messages go through ssh; whole calls go through Pyrope.
"""

import contextlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import time

from bench_report import Skip, interleaved, ratio, report

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
CIPHER = "aes128-gcm@openssh.com"
LISTEN_S = 10
BULK_BYTES = 1024 * 1024  # of one message beside which small calls are made
PIECE_BYTES = 64 * 1024  # the same, of who asks for pieces
FULL_S = 3  # then a download has filled every buffer on the way
LITTLE_UNSENT = "net.ipv4.tcp_notsent_lowat=16384"  # what an administrator can do about downloads
SHAPED = "tbf rate 20mbit burst 16kb latency 50ms"
SHAPED_MB = 20 / 8  # per second


class Tunnels:
    """sshds, servers behind them, and ways to them. @near, @far: before every command near us, and far."""

    def __init__(self, bench, stack, near=(), far=(), address=None, hosts=1):
        self.bench = bench
        self.stack = stack
        self.near = list(near)
        self.far = list(far)
        bench.n_servers += 1
        self.directory = pathlib.Path(bench.tmp, f"tunnel{bench.n_servers}")
        self.directory.mkdir(mode=0o700)
        self.start_sshds(address, hosts)
        with open(self.directory / "fx/ssh_config", encoding="utf-8") as file:
            lines = f"Ciphers {CIPHER}\n" + file.read()
        self.config = self.directory / "ssh_config"
        self.config.write_text(lines, encoding="utf-8")

    def start_sshds(self, address, hosts):
        if not os.access("/usr/sbin/sshd", os.X_OK) or not shutil.which("ssh"):
            raise Skip("OpenSSH is not installed")
        fixture = [str(TOP / "tests/support/sshd_fixture.sh")]
        directory = str(self.directory / "fx")
        environment = {**os.environ, **({"FIXTURE_ADDRESS_1": address} if address else {})}
        done = subprocess.run([*self.far, *fixture, "start", directory, str(hosts)], capture_output=True, text=True,
                              check=False, env=environment)
        if done.returncode:
            raise Skip("no sshd: " + done.stderr.strip().splitlines()[-1])
        self.stack.callback(subprocess.run, [*fixture, "stop", directory], check=False)

    def start(self, command, is_near=True):
        process = self.stack.enter_context(subprocess.Popen(
            [*(self.near if is_near else self.far), *map(str, command)], stdout=subprocess.PIPE, text=True))
        self.stack.callback(process.kill)
        return process

    def serve(self, command):
        """Runs a server over there; returns its address."""
        word, address = self.start(command, is_near=False).stdout.readline().split()
        if word != "READY":
            raise RuntimeError(f"{command[0]} did not become ready")
        return address

    def raw(self, transport="unix"):
        name = f"u:{self.directory}/raw.sock" if transport == "unix" else "127.0.0.1:0"
        return self.serve([self.bench.program("bench-raw"), "serve", "thread", name])

    def pyrope(self, way="h1"):
        """The URI of the object, as seen from here."""
        address = self.serve([self.bench.program("bench-pyrope-server"), f"u:{self.directory}/pyrope.sock"])
        return address.replace("@./u:", f"@ssh://{way}/./u:")

    def place(self):
        """A bench-raw, as seen from here."""
        return self.raw().replace("u:", "ssh://h1/./u:")

    def tunnel(self, mode, place, *arguments):
        """What bench-tunnel measures of streams alone."""
        return self.measure("bench-tunnel", mode, self.config, place, *arguments)

    def ssh(self, *arguments, host="h1"):
        return ["ssh", "-F", str(self.config), *arguments, host]

    @staticmethod
    def await_socket(path):
        deadline = time.monotonic() + LISTEN_S
        while not path.exists():
            if time.monotonic() > deadline:
                raise RuntimeError(f"ssh did not make {path}")
            time.sleep(0.01)  # ssh tells nobody

    def forwarded(self, address):
        """ssh -L; returns the address near us."""
        path = self.directory / "near.sock"
        self.start(self.ssh("-N", "-o", "ExitOnForwardFailure=yes", "-L", f"{path}:{address.removeprefix('u:')}"))
        self.await_socket(path)
        return f"u:{path}"

    def master(self):
        path = self.directory / "master.sock"
        self.start(self.ssh("-N", "-M", "-S", str(path)))
        self.await_socket(path)
        return str(path)

    def begin(self, program, *arguments):
        command = [*self.near, self.bench.program(program), *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                env={**os.environ, "PYROPE_SSH_CONFIG": str(self.config)})

    def measure(self, program, *arguments):
        with self.begin(program, *arguments) as process:
            said = process.communicate()[0]
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        return [float(word) for word in said.split()]

    def compared(self, mode, *arguments):
        """What to run for a table: the same mode through ssh -L and through Pyrope."""
        forwarded, uri = self.forwarded(self.raw()), self.pyrope()
        return {
            "ssh -L": lambda: self.measure("bench-raw", mode, forwarded, *arguments)[0],
            "Pyrope": lambda: self.measure("bench-pyrope", mode, uri, *arguments)[0],
        }


@contextlib.contextmanager
def tunnels(bench, **arguments):
    with contextlib.ExitStack() as stack:
        yield Tunnels(bench, stack, **arguments)


def compare(bench, what, name, mode, limit, *arguments, is_pinned=False):
    """One mode through both; a limit "<=" is for Pyrope / ssh -L, as is ">="."""
    core = ["taskset", "-c", str(bench.core)] if is_pinned else []
    try:
        with tunnels(bench, near=core, far=core) as ways:
            found = interleaved(bench, what, ways.compared(mode, *arguments), "ssh")
    except Skip as skip:
        found = {"Pyrope": skip, "ssh -L": skip}
    report(name, lambda: ratio(found["Pyrope"], found["ssh -L"]), limit)


def calls(bench, _):
    """P13: everything on one core, also the sshd."""
    compare(bench, "latency through a tunnel, one core, us", "P13", "latency", "<=0.62", bench.size.calls,
            is_pinned=True)


def bulk(bench, _):
    """P14: bulk on all cores; streams on one, for on several it is their wake-ups that are measured."""
    for mode in ("put", "get"):
        compare(bench, f"{mode} through a tunnel, {bench.size.blob >> 20} MiB, MB/s", f"P14-{mode}", mode, ">=1.25",
                bench.size.blob, bench.size.repeats)
    compare(bench, f"{bench.size.streams} streams of a tunnel, one core, calls/s", "P14-streams", "many", ">=1.15",
            bench.size.streams, bench.size.ms, is_pinned=True)


def set_up_chain(bench, hosts):
    """The same to a host behind others."""
    names = [f"h{i + 1}" for i in range(hosts)]
    n = bench.size.logins
    try:
        with tunnels(bench, hosts=hosts) as ways:
            port, uri = ways.raw("tcp"), ways.pyrope(",".join(names))
            command = ways.ssh("-J", ",".join(names[:-1]), "-W", port, host=names[-1])
            found = interleaved(bench, f"set-up of a chain of {hosts}, ms", {
                "ssh -J -W": lambda: ways.measure("bench-raw", "first", n, *command)[0],
                "Pyrope": lambda: ways.measure("bench-pyrope", "first", uri, n)[0]}, "ssh")
    except Skip as skip:
        found = {"Pyrope": skip, "ssh -J -W": skip}
    report(f"P15-chain-{hosts}", lambda: ratio(found["Pyrope"], found["ssh -J -W"]), "<=0.5")


def set_up(bench, _):
    """P15: until the first message is back, raw through both. ssh -W knows ports only."""
    found = {}
    n = bench.size.logins
    try:
        with tunnels(bench) as ways:
            port, uri, place = ways.raw("tcp"), ways.pyrope(), ways.place()
            master = ways.master()

            def through(*arguments):
                return ways.measure("bench-raw", "first", n, *ways.ssh(*arguments, "-W", port))[0]

            both = interleaved(bench, "set-up of a tunnel, ms", {
                "ssh -W": lambda: through("-S", "none"),
                "Pyrope": lambda: ways.tunnel("first", place, n)[0],
                "Pyrope, call": lambda: ways.measure("bench-pyrope", "first", uri, n)[0]}, "ssh")
            found = interleaved(bench, "a further channel, ms", {
                "ssh -S -W": lambda: through("-S", master),
                "Pyrope": lambda: ways.tunnel("first", place, n)[2],
                "Pyrope, second": lambda: ways.tunnel("first", place, n)[1],
                "Pyrope, call": lambda: ways.measure("bench-pyrope", "first", uri, n)[1]}, "ssh")
    except Skip as skip:
        both = {"Pyrope": skip, "ssh -W": skip}
        found = {"Pyrope": skip, "ssh -S -W": skip}
    report("P15-set-up", lambda: ratio(both["Pyrope"], both["ssh -W"]), "<=0.2")
    report("P15-channel", lambda: ratio(found["Pyrope"], found["ssh -S -W"]), "<=0.06")
    for hosts in (2, 3):
        set_up_chain(bench, hosts)


# -- a slow link ----------------------------------------------------------------------------------


def run_lines(text):
    for line in text.strip().splitlines():
        done = subprocess.run(shlex.split(line), capture_output=True, text=True, check=False)
        if done.returncode:
            raise Skip(f"{line.strip()}: {done.stderr.strip()}")


@contextlib.contextmanager
def slow_link(bench):
    """Two network namespaces and a slow link in between; yields what commands near and far begin with."""
    if os.getuid() != 0 or not shutil.which("ip") or not shutil.which("tc"):
        raise Skip("network namespaces need root, ip and tc")
    near, far = (f"pyrope-bench-{os.getpid()}-{end}" for end in ("near", "far"))
    with contextlib.ExitStack() as stack:
        for name in (near, far):
            run_lines(f"ip netns add {name}")
            stack.callback(subprocess.run, ["ip", "netns", "del", name], check=False)
        run_lines(f"""
            ip link add name veth-near netns {near} type veth peer name veth-far netns {far}
            ip -n {near} addr add 10.77.0.1/24 dev veth-near
            ip -n {far} addr add 10.77.0.2/24 dev veth-far
            ip -n {near} link set veth-near up
            ip -n {far} link set veth-far up
            ip -n {near} link set lo up
            ip -n {far} link set lo up
            tc -n {near} qdisc add dev veth-near root {SHAPED}
            tc -n {far} qdisc add dev veth-far root {SHAPED}""")
        yield {"near": ["ip", "netns", "exec", near], "far": ["ip", "netns", "exec", far], "address": "10.77.0.2"}


def beside(bench, ways, mode, peer, program, address, n_bytes=BULK_BYTES):
    """Small calls beside bulk in one direction; returns their median, and the bulk's part of the link."""
    p50, worst, rate = ways.measure(program, mode, address, n_bytes, bench.size.beside)
    bench.table[(f"small call {mode}, p50, ms", "20mbit", peer)] = p50
    bench.table[(f"small call {mode}, longest, ms", "20mbit", peer)] = worst
    bench.table[(f"bulk {mode}, MB/s", "20mbit", peer)] = rate
    return p50, rate / SHAPED_MB


def measure_beside(bench, ways, mode):
    """What is missing in the table is what ssh -L makes of it."""
    forwarded, uri = ways.forwarded(ways.raw()), ways.pyrope()
    beside(bench, ways, mode, "ssh -L", "bench-raw", forwarded)
    return beside(bench, ways, mode, "Pyrope", "bench-pyrope", uri)


def apart(bench, ways, uri):
    """The small calls have a session of their own."""
    with ways.begin("bench-pyrope", "beside-get", uri, BULK_BYTES, 1000) as download:
        try:
            time.sleep(FULL_S)
            p50_us = ways.measure("bench-pyrope", "latency", uri, bench.size.beside)[0]
        finally:
            download.kill()
    bench.table[("small call beside-get, p50, ms", "20mbit", "Pyrope apart")] = p50_us / 1000


def remedies(bench, _):
    """What helps beside a download; a table only."""
    with contextlib.suppress(Skip), slow_link(bench) as ends, tunnels(bench, **ends) as ways:
        uri = ways.pyrope()
        beside(bench, ways, "beside-get", "Pyrope 64KiB", "bench-pyrope", uri, PIECE_BYTES)
        apart(bench, ways, uri)
        run_lines(shlex.join([*ways.far, "sysctl", "-qw", LITTLE_UNSENT]))
        beside(bench, ways, "beside-get", "Pyrope sysctl", "bench-pyrope", uri)


def stall(bench):
    """How long a session looks at nothing, with all of it at work at once; the median of the worst."""
    try:
        with tunnels(bench) as ways:
            place, n = ways.place(), bench.size.streams
            found = interleaved(bench, f"longest turn, {n} streams, ms", {
                "Pyrope": lambda: ways.tunnel("stall", place, n, bench.size.ms)[0]}, "ssh")["Pyrope"]
    except Skip as skip:
        found = skip
    report("P16-stall-ms", lambda: ratio(found, 1), "<=50")


def beside_bulk(bench, _):
    """P16: on a link of 20 Mbit/s; what the loop is capable of, on the fastest one."""
    stall(bench)
    for mode in ("beside-put", "beside-get"):
        try:
            with slow_link(bench) as ends, tunnels(bench, **ends) as ways:
                found = measure_beside(bench, ways, mode)
        except Skip as skip:
            found = skip, skip
        report(f"P16-call-{mode}-ms", lambda found=found: ratio(found[0], 1), "<=40")
        report(f"P16-share-{mode}", lambda found=found: ratio(found[1], 1), ">=0.9")


GOALS = {"P13": calls, "P14": bulk, "P15": set_up, "P16": beside_bulk, "P16-remedies": remedies}
