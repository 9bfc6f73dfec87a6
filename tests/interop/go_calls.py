#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Go's net/http client against our server.

    go_calls.py PEER-SERVER GO-CLIENT

GO-CLIENT is empty where there is no Go to compile it with.
"""
import sys

import peers
from peers import case

CLIENT = sys.argv.pop(2)


def server_if_there_is_go():
    if not CLIENT:
        raise peers.Skip("golang-go is not installed: nothing was tested (scripts/setup --ci)")
    return peers.our_server(sys.argv[1])


@case
def go_says_how_it_went(server):
    peers.relay(CLIENT, server.url, server.tls_url, server.ca)


@case
def nothing_is_left_of_it(server):
    peers.eventually(lambda: server.stats()["connections"] == 1)


if __name__ == "__main__":
    peers.run(server_if_there_is_go)
