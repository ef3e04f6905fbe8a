#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the conformance checks against our daemon: ours.py URI

What our daemons cannot do yet, or do otherwise on purpose, is listed here with the reason.
"""
import sys

# Each import adds its checks to the list.
import check_calls  # noqa: F401
import check_values  # noqa: F401
import check_flows  # noqa: F401
import harness

# role of a method that the target lacks -> why; the checks that need it are skipped
MISSING = {}

# title of a check that is skipped -> why
LATER = {}

# title of a check that runs leniently -> why
LENIENT = {}


def skip(_):
    raise harness.Skip


def leniently(func):
    def run(e):
        func(harness.Env(str(e.uri), lenient=True))
    return run


def main():
    titles = {title for title, _, _ in harness.CHECKS}
    strangers = (LATER.keys() | LENIENT.keys()) - titles | MISSING.keys() - harness.METHODS.keys()
    assert not strangers, "listed here, but no such check: %s" % sorted(strangers)

    for role in MISSING:
        harness.METHODS[role] = None
    for i, (title, needs, func) in enumerate(harness.CHECKS):
        if title in LATER:
            harness.CHECKS[i] = title, needs, skip
        elif title in LENIENT:
            harness.CHECKS[i] = title, needs, leniently(func)
    return 0 if harness.run(harness.Env(sys.argv[1], lenient=False), only="", verbose=False) else 1


if __name__ == "__main__":
    sys.exit(main())
