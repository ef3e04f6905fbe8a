#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Couples the two solvers with stock Pyro5: the same workflow as workflow.c.

usage: workflow.py [--nameserver LOCATION] [--data DIR] [--output DIR] [THERMAL MECHANICAL]

THERMAL and MECHANICAL are names of job managers; without them those are taken that offer ThermalSolver and
MechanicalSolver. Stock Pyro5 knows no SSH: it reaches what listens on this machine. Arrays travel by the msgpack-numpy
convention; here they are kept as they come, so that numpy is not needed (with it, msgpack_numpy.patch() is all).
"""

import argparse
import os
import struct
import sys
import time

import Pyro5.api
import Pyro5.errors

MESH, PROBLEM = "t4.msh", "t4.problem"
T4_POINT, T4_PUBLISHED = (0.6, 0.2), 18.25  # metres; degrees Celsius: NAFEMS, test T4
CHUNK = 1 << 20
HERE = os.path.dirname(os.path.abspath(__file__))


def array(shape, numbers):
    """An array of doubles as msgpack-numpy writes it."""
    data = struct.pack(f"<{len(numbers)}d", *numbers)
    return {b"nd": True, b"type": "<f8", b"kind": b"", b"shape": shape, b"data": data}


def numbers(received):
    """The doubles of a received array."""
    data = received[b"data"]
    return struct.unpack(f"<{len(data) // 8}d", data)


class Instance:
    """One allocated solver, released at the end of a with statement."""

    def __init__(self, nameserver, application, manager_name):
        name = manager_name or self.offering(nameserver, application)
        self.manager = Pyro5.api.Proxy(nameserver.lookup(name))
        allocated = self.manager.allocateJob(application)
        self.job = allocated["job"]
        self.solver = Pyro5.api.Proxy(allocated["uri"])
        self.text = f"{self.job} by {name}"

    @staticmethod
    def offering(nameserver, application):
        managers = nameserver.yplookup(meta_all=["type:jobmanager", f"application:{application}"])
        if not managers:
            raise Pyro5.errors.NamingError(f"no job manager offers {application}")
        return min(managers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.manager.terminateJob(self.job)

    def upload(self, path):
        name = os.path.basename(path)
        with open(path, "rb") as file:
            data, offset = file.read(CHUNK), 0
            while True:
                following = file.read(CHUNK)
                self.manager.uploadFile(self.job, name, data, offset, not following)
                if not following:
                    return
                offset += len(data)
                data = following

    def download(self, name, directory):
        with open(os.path.join(directory, name), "wb") as file:
            while True:
                part = self.manager.getPyroFile(self.job, name, file.tell(), CHUNK)
                file.write(part["data"])
                if part["last"]:
                    return


class Steps:
    """Prints each step with the time since the one before."""

    def __init__(self):
        self.start = time.monotonic()

    def done(self, title, text):
        now = time.monotonic()
        print(f"{now - self.start:8.3f} s  {title}: {text}", flush=True)
        self.start = now


def solve(thermal, mechanical, data, output, steps):
    for instance in thermal, mechanical:
        instance.upload(os.path.join(data, MESH))
        instance.upload(os.path.join(data, PROBLEM))
        instance.solver.setInput(MESH, PROBLEM)
    steps.done("upload the input", f"{MESH} and {PROBLEM} to both")

    summary = thermal.solver.solveStep(0.0)
    steps.done("solve heat conduction",
               f"{summary['equations']} equations, {summary['minimum']:.2f} to {summary['maximum']:.2f} degrees")

    with thermal.solver.getFieldObject("temperature") as field:
        ours, = numbers(field.evaluate(array([1, 2], T4_POINT)))
        print(f"T4 ours {ours:.2f} published {T4_PUBLISHED}")
        steps.done("compare with NAFEMS T4", f"evaluated at {T4_POINT} by {field._pyroUri}")

    temperature = thermal.solver.getField("temperature")
    mechanical.solver.setField("temperature", temperature)
    steps.done("pass the temperatures on", f"{len(temperature[b'data'])} bytes")

    summary = mechanical.solver.solveStep(0.0)
    steps.done("solve thermo-elasticity",
               f"{summary['equations']} equations, at most {1e3 * summary['displacement']:.3f} mm and "
               f"{1e-6 * summary['von_mises']:.1f} MPa (von Mises)")

    for instance, name in (thermal, "thermal.vtk"), (mechanical, "mechanical.vtk"):
        instance.solver.writeResults(name)
        instance.download(name, output)
    steps.done("download the results", f"thermal.vtk and mechanical.vtk in {output}")


def nameserver_at(location):
    """A proxy for the nameserver at /path, ./u:/path or host:port."""
    if location.startswith("/"):
        location = "./u:" + location
    return Pyro5.api.Proxy(f"PYRO:Pyro.NameServer@{location}")


def main():
    parser = argparse.ArgumentParser(description="Couples two solvers with stock Pyro5.")
    parser.add_argument("--nameserver", default=os.environ.get("PYROPE_NAMESERVER"), metavar="LOCATION")
    parser.add_argument("--data", default=os.path.join(HERE, "data"), metavar="DIR")
    parser.add_argument("--output", default=".", metavar="DIR")
    parser.add_argument("managers", nargs="*", metavar="THERMAL MECHANICAL")
    arguments = parser.parse_args()
    if not arguments.nameserver:
        parser.error("where is the nameserver? give --nameserver, or set PYROPE_NAMESERVER")
    if len(arguments.managers) not in (0, 2):
        parser.error("two job managers, or none")

    Pyro5.config.SERIALIZER = "msgpack"
    thermal_manager, mechanical_manager = arguments.managers or (None, None)
    steps = Steps()
    try:
        nameserver = nameserver_at(arguments.nameserver)
        with Instance(nameserver, "ThermalSolver", thermal_manager) as thermal:
            steps.done("allocate a thermal solver", thermal.text)
            with Instance(nameserver, "MechanicalSolver", mechanical_manager) as mechanical:
                steps.done("allocate a mechanical solver", mechanical.text)
                solve(thermal, mechanical, arguments.data, arguments.output, steps)
        steps.done("release", "both")
    except Exception as error:  # what a remote method raises may be of any class
        print(f"workflow.py: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
