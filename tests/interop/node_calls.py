#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Node's http and fetch, and its ws package, against our server.

    node_calls.py PEER-SERVER [CASE...]
"""
import contextlib
import os
import sys

import peers
from peers import case

# Where Debian keeps packages for Node, whoever made the Node that is installed.
MODULES = "/usr/share/nodejs"


@contextlib.contextmanager
def server_and_node():
    node = peers.need("node")
    with peers.our_server(sys.argv[1]) as server:
        yield node, server


@case
def node_says_how_it_went(given):
    node, server = given
    peers.relay(node, peers.HERE / "node/client.js", server.port, server.tls_port, server.ca,
                env={**os.environ, "NODE_PATH": MODULES})


@case
def the_ws_package(given):
    if not os.path.exists(MODULES + "/ws"):
        raise peers.Skip("node-ws is not installed: no WebSocket was tested (scripts/setup --ci)")


@case
def nothing_is_left_of_it(given):
    server = given[1]

    def idle():
        now = server.stats()
        return (now["connections"], now["upgraded"]) == (1, 0)
    peers.eventually(idle)


if __name__ == "__main__":
    peers.run(server_and_node)
