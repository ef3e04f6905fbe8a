# SPDX-License-Identifier: MIT
"""What every goal of the benchmarks is measured and reported with."""

import statistics


class Skip(Exception):
    """Why something cannot be measured here."""


def ratio(over, under):
    for value in (over, under):
        if isinstance(value, Skip):
            raise value
    return over / under


def report(name, value, limit):
    """@value: a number, or what gives one. @limit: "<=1.2" or ">=5"."""
    try:
        value = value() if callable(value) else value
    except Skip as skip:
        print(f"{name} - {limit} SKIP {skip}", flush=True)
        return
    bound = float(limit[2:])
    is_good = value <= bound if limit.startswith("<=") else value >= bound
    print(f"{name} {value:.3g} {limit} {'PASS' if is_good else 'FAIL'}", flush=True)


def interleaved(bench, what, runs, transport="unix"):
    """The median of each over the rounds; one that cannot be had is its Skip."""
    found = {peer: [] for peer in runs}
    for _ in range(bench.size.rounds):
        for peer, run in runs.items():
            found[peer].append(run if isinstance(run, Skip) else run())
    for peer, values in found.items():
        measured = [value for value in values if not isinstance(value, Skip)]
        found[peer] = statistics.median(measured) if measured else values[0]
        if not isinstance(found[peer], Skip):
            bench.table[(what, transport, peer)] = found[peer]
    return found
