# SPDX-License-Identifier: MIT
"""An object of stock Pyro5 that says its name.

usage: tunnel_target.py SOCKET NAME     serves it
       tunnel_target.py URI             asks for it
"""

import sys

import Pyro5.api

Pyro5.config.SERIALIZER = "msgpack"


@Pyro5.api.expose
class Target:
    def name(self):
        return sys.argv[2]


def serve():
    with Pyro5.api.Daemon(unixsocket=sys.argv[1]) as daemon:
        print("READY", daemon.register(Target(), "target"), flush=True)
        daemon.requestLoop()


def ask():
    with Pyro5.api.Proxy(sys.argv[1]) as target:
        print(target.name())


serve() if len(sys.argv) == 3 else ask()
