# SPDX-License-Identifier: BSL-1.0
"""Proxies for the tests of the command. All names lead to this machine, whatever they are."""

import base64
import socket
import ssl
import threading
import urllib.parse

from program import peer


def both_ways(a, b):
    """Hands on what comes from either until both have ended."""

    def pump(source, to):
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=pump, args=(b, a), daemon=True)
    back.start()
    pump(a, b)
    back.join()


def socks5(users, asked):
    """A SOCKS5 proxy that notes who asked for what."""

    def serve(c):
        methods = c.recv(2)[1]
        offered = c.recv(methods)
        if users:
            if 2 not in offered:
                c.sendall(b"\x05\xff")
                return
            c.sendall(b"\x05\x02")
            c.recv(1)
            user = c.recv(c.recv(1)[0])
            password = c.recv(c.recv(1)[0])
            c.sendall(b"\x01\x00" if users.get(user) == password else b"\x01\x01")
        else:
            c.sendall(b"\x05\x00")
        kind = c.recv(4)[3]
        host = socket.inet_ntoa(c.recv(4)) if kind == 1 else c.recv(c.recv(1)[0]).decode()
        port = int.from_bytes(c.recv(2), "big")
        asked.append((host, port))
        with socket.create_connection(("127.0.0.1", port)) as target:
            c.sendall(b"\x05\x00\x00\x01" + bytes(6))
            both_ways(c, target)

    return peer(serve)


def http_proxy(asked, user=None, certificate=None):
    """An HTTP proxy that notes each request line; `user` is "name:password", `certificate` makes it one over TLS."""
    wanted = user and "Proxy-Authorization: Basic " + base64.b64encode(user.encode()).decode()

    def answer(c, status):
        c.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n".encode())

    def hand_on(c):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = c.recv(1)
            if not piece:
                return
            head += piece
        line, *fields = head.decode().split("\r\n")
        asked.append(line)
        if wanted and wanted not in fields:
            answer(c, "407 Who?")
            return
        method, target, _ = line.split(" ")
        to = urllib.parse.urlsplit(target if "://" in target else "//" + target)
        try:
            origin = socket.create_connection(("127.0.0.1", to.port))
        except OSError:
            answer(c, "502 Nobody there")
            return
        with origin:
            if method == "CONNECT":
                c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                fields = [f for f in fields if not f.lower().startswith(("proxy-", "connection:"))]
                path = to.path + ("?" + to.query if to.query else "")
                lines = [f"{method} {path} HTTP/1.1", "Connection: close", *fields]
                origin.sendall("\r\n".join(lines).encode())
            both_ways(c, origin)

    def serve(c):
        if certificate is None:
            hand_on(c)
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with context.wrap_socket(c, server_side=True) as secured:
            hand_on(secured)

    return peer(serve)
