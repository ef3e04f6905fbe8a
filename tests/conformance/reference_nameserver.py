#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pyro5's own nameserver on a Unix socket: what the scenarios of nameserver.py are held against.

usage: reference_nameserver.py PATH
"""

import sys

import Pyro5.nameserver

uri, daemon, _ = Pyro5.nameserver.start_ns(unixsocket=sys.argv[1], enableBroadcast=False)
print("READY", uri, flush=True)
daemon.requestLoop()
