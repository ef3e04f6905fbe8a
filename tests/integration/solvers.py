# SPDX-License-Identifier: MIT
"""Drives the two solvers of the example: solvers.py THERMAL-DIR MECHANICAL-DIR THERMAL-URI MECHANICAL-URI."""

import os
import re
import sys

import msgpack_numpy
import numpy
import Pyro5.api
import Pyro5.errors

PUBLISHED = 18.25
HEATED = "[mechanical]\nyoung = 210e9\npoisson = 0.3\nexpansion = 1.2e-5\nreference = 20\nplane = stress\n" \
         "[mechanical boundary]\nleft = fixed x\nright = fixed x\norigin = fixed y\n"


def refused(kind, pattern, method, *arguments):
    """The call raises that exception, with one line of text like this."""
    try:
        method(*arguments)
    except kind as error:
        text = str(error)
        assert re.search(pattern, text) and "\n" not in text, f"said: {text!r}"
    else:
        raise AssertionError(f"not refused: {arguments}")


def before_input(thermal, mechanical):
    assert "heat conduction" in thermal.getApplicationSignature()
    assert "thermo-elasticity" in mechanical.getApplicationSignature()
    for solver in thermal, mechanical:
        refused(RuntimeError, "setInput", solver.solveStep)
        refused(RuntimeError, "nothing is solved", solver.writeResults, "a.vtk")
        refused(ValueError, "nothing is solved", solver.getField, "temperature")
        refused(ValueError, "nothing is solved", solver.getFieldObject, "temperature")
    refused(RuntimeError, "setInput", mechanical.setField, "temperature", numpy.zeros(5))


def bad_input(thermal, mechanical):
    refused(FileNotFoundError, "^no.msh: no such file", thermal.setInput, "no.msh", "t4.problem")
    for name in "../t4.msh", "/etc/passwd", "", ".", "a/b":
        refused(ValueError, "is no name of a file", thermal.setInput, name, "t4.problem")
    refused(ValueError, r"^t4\.problem:1: a section", thermal.setInput, "t4.problem", "t4.problem")
    refused(ValueError, r"^mesh:2: .*MSH 2\.2", thermal.setInput, "$MeshFormat\n4.1 0 8\n", "t4.problem")
    refused(ValueError, r'^problem:3: .*no group "lover"', thermal.setInput, "t4.msh",
            "[thermal]\n[thermal boundary]\nlover = insulated\n")
    refused(ValueError, r"no section \[thermal\]", thermal.setInput, "t4.msh", HEATED)
    refused(ValueError, r"no section \[mechanical\]", mechanical.setInput, "t4.msh", "[thermal]\nconductivity = 1\n")
    refused(TypeError, "problem", thermal.setInput, "t4.msh")
    refused(TypeError, "mesh", thermal.setInput, 1, 2)


def heat(thermal, _):
    assert thermal.setInput("t4.msh", "t4.problem") == {"nodes": 1025, "elements": 960}
    summary = thermal.solveStep(1.5)
    assert summary["time"] == 1.5 and summary["equations"] == 1000
    temperature = thermal.getField("temperature")
    assert temperature.shape == (1025,) and temperature.dtype == numpy.float64
    assert summary["maximum"] == temperature.max() and summary["minimum"] == temperature.min()

    with thermal.getFieldObject("temperature") as field:
        ours = field.evaluate(numpy.array([[0.6, 0.2]]))[0]
        print(f"T4 ours {ours:.2f} published {PUBLISHED}")
        assert abs(ours - PUBLISHED) < 0.01 * PUBLISHED
        # At its own nodes the field has its own values.
        assert numpy.allclose(field.evaluate(field.getNodes()), temperature, rtol=0, atol=1e-9)
        assert (field.getValues() == temperature).all()
        assert field.evaluate(numpy.zeros((0, 2))).shape == (0,)
        refused(ValueError, r"point 1 \(0\.61, 0\.2\) lies outside", field.evaluate,
                numpy.array([[0.1, 0.2], [0.61, 0.2]]))
        refused(ValueError, r"shape \[n, 2\]", field.evaluate, numpy.zeros(2))
        refused(ValueError, r"shape \[n, 2\]", field.evaluate, numpy.zeros((2, 3)))
        refused(TypeError, "points", field.evaluate, [[0.1, 0.2]])
        refused(TypeError, "points", field.evaluate, numpy.zeros((1, 2), dtype=numpy.float32))


def stress(thermal, mechanical):
    mechanical.setInput("t4.msh", "t4.problem")
    temperature = thermal.getField("temperature")
    refused(ValueError, r"shape \[1025\]", mechanical.setField, "temperature", temperature[:-1])
    refused(ValueError, "not finite", mechanical.setField, "temperature", temperature * numpy.inf)
    refused(ValueError, '"pressure"', mechanical.setField, "pressure", temperature)
    refused(TypeError, "values", mechanical.setField, "temperature", 20.0)
    mechanical.setField("temperature", temperature)
    summary = mechanical.solveStep()
    u, von_mises = mechanical.getField("displacement"), mechanical.getField("von_mises")
    assert u.shape == (1025, 2) and mechanical.getField("stress").shape == (1025, 4)
    assert numpy.isclose(summary["displacement"], numpy.hypot(u[:, 0], u[:, 1]).max())
    assert summary["von_mises"] == von_mises.max()
    with mechanical.getFieldObject("displacement") as field:
        assert field.evaluate(numpy.array([[0.6, 0.2], [0.0, 0.0]])).shape == (2, 2)
    # A new temperature makes the old stress void.
    mechanical.setField("temperature", temperature)
    refused(ValueError, '"stress"', mechanical.getField, "stress")


def closed_solution(_, mechanical):
    """Between rigid walls: sigma_xx = - E alpha dT, and nothing else."""
    mechanical.setInput("t4.msh", HEATED)
    mechanical.setField("temperature", numpy.full(1025, 70.0))
    mechanical.solveStep()
    expected = numpy.array([-210e9 * 1.2e-5 * 50, 0, 0, 0])
    assert numpy.allclose(mechanical.getField("stress"), expected, rtol=0, atol=1)


def singular(thermal, mechanical):
    thermal.setInput("t4.msh", "[thermal]\nconductivity = 1\n")
    refused(RuntimeError, "^the equations are singular at node", thermal.solveStep)
    mechanical.setInput("t4.msh", HEATED.replace("origin = fixed y\n", ""))
    refused(RuntimeError, "^the equations are singular at node", mechanical.solveStep)


def old_objects(thermal, _):
    """An object of an earlier step is gone; it never turns into a later one."""
    thermal.setInput("t4.msh", "t4.problem")
    thermal.solveStep()
    with thermal.getFieldObject("temperature") as old:
        assert old.getValues().shape == (1025,)
        assert old._pyroUri == thermal.getFieldObject("temperature")._pyroUri
        thermal.solveStep()
        refused(Pyro5.errors.DaemonError, "unknown object", old.getValues)
        assert old._pyroUri != thermal.getFieldObject("temperature")._pyroUri


def results(thermal, mechanical):
    thermal.setInput("t4.msh", "t4.problem")
    thermal.solveStep()
    mechanical.setInput("t4.msh", "t4.problem")
    mechanical.setField("temperature", thermal.getField("temperature"))
    mechanical.solveStep()
    for name in "t4.msh", "../a.vtk", ".vtk", "a/b.vtk":
        refused(ValueError, "", thermal.writeResults, name)
    for solver, directory, n_numbers in (thermal, sys.argv[1], 1), (mechanical, sys.argv[2], 1 + 3 + 9 + 1):
        told = solver.writeResults("result.vtk")
        path = os.path.join(directory, told["name"])
        assert os.path.getsize(path) == told["size"]
        with open(path, encoding="ascii") as file:
            text = file.read()
        assert text.startswith("# vtk DataFile Version 3.0\n")
        data = text[text.index("POINT_DATA 1025\n"):]
        numbers = [word for word in data.split() if re.fullmatch(r"-?\d[-+.e\d]*", word)]
        # The two counts: 1025, and the 1 behind each scalar field.
        assert len(numbers) == 1 + data.count("SCALARS") + 1025 * n_numbers
    with open(os.path.join(sys.argv[1], "result.vtk"), encoding="ascii") as file:
        written = numpy.array(file.read().split("LOOKUP_TABLE default\n")[1].split(), dtype=float)
    assert numpy.allclose(written, thermal.getField("temperature"), rtol=1e-11)


def terminate(thermal, mechanical):
    thermal.terminate()
    mechanical.terminate()


def main():
    msgpack_numpy.patch()
    Pyro5.config.SERIALIZER = "msgpack"
    solvers = [Pyro5.api.Proxy(uri) for uri in sys.argv[3:]]
    for part in before_input, bad_input, heat, stress, closed_solution, singular, old_objects, results, terminate:
        part(*solvers)
        print(f"# {part.__name__}: ok", flush=True)


main()
