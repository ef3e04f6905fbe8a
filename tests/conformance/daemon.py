#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks a running daemon against what a Pyro5 (msgpack) client may expect.

    daemon.py URI [-v] [--lenient] [-k TEXT]      for example PYRO:conformance.target@./u:/run/user/7/target.sock

Part of the checks use the unmodified Pyro5 client, part write frames by hand. The object under test must have the
methods in harness.METHODS, with the meaning given there (reference_daemon.py is such a daemon, on stock Pyro5).
A method set to None there is not on the target, and the checks that need it are skipped.

--lenient takes any clean refusal where a daemon may well be stricter than Pyro5 or word things differently.
The last line is "N passed, M failed" (skips are listed before it); the exit status is 1 if anything failed.
"""
import argparse
import sys

# Each import adds its checks to the list.
import check_calls  # noqa: F401
import check_values  # noqa: F401
import check_flows  # noqa: F401
from harness import Env, run


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("uri")
    parser.add_argument("--lenient", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("-k", metavar="TEXT", default="", help="only checks with TEXT in the title")
    args = parser.parse_args()
    return 0 if run(Env(args.uri, args.lenient), args.k, args.verbose) else 1


if __name__ == "__main__":
    sys.exit(main())
