#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

"""The same on stock Pyro5. A job manager says in the environment where it is to listen."""

import os

import Pyro5.api

Pyro5.config.SERIALIZER = "msgpack"


@Pyro5.api.expose
class Bar:
    def __init__(self, length, conductivity):
        self._length = length
        self._conductivity = conductivity

    def flux(self, hot, cold=0):
        """heat that flows through the bar, in W/m2"""
        if hot < cold:
            raise ValueError("%g is colder than %g" % (hot, cold))
        return self._conductivity * (hot - cold) / self._length


with Pyro5.api.Daemon(unixsocket=os.environ["PYROPE_SOCKET"]) as daemon:
    uri = daemon.register(Bar(0.5, 52), os.environ.get("PYROPE_OBJECT", "bar"))
    print("READY", uri, flush=True)
    daemon.requestLoop()
