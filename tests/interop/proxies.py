#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""nginx and haproxy as reverse proxies in front of our server.

    proxies.py PEER-SERVER [CASE...]
"""
import asyncio
import contextlib
import http.client
import json
import socket
import sys
import time

import peers
from peers import case, has, same

NGINX = """daemon off; master_process off; pid {dir}/pid; error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off; proxy_temp_path {dir}/p; client_body_temp_path {dir}/b; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  client_max_body_size 64m;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream ours {{ server 127.0.0.1:{upstream}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://ours; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off;
      proxy_set_header Connection $connection_upgrade; proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
    }}
    location /buffered/ {{ proxy_pass http://ours/; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    location /plain/ {{ proxy_pass http://ours/; }}
    location /unix/ {{ proxy_pass http://unix:{unix}:/; }}
    location /tls/ {{
      proxy_pass https://127.0.0.1:{tls}/; proxy_ssl_trusted_certificate {ca}; proxy_ssl_verify on;
      proxy_ssl_name localhost; proxy_ssl_server_name on;
    }}
  }}
}}
"""

HAPROXY = """global
  maxconn 200
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
  timeout tunnel 10s
  option http-no-delay
frontend in
  bind 127.0.0.1:{port}
  default_backend ours
backend ours
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host check
  http-check expect status 200
  http-reuse always
  server one 127.0.0.1:{upstream} check inter 100ms fall 2 rise 1
frontend stats
  bind 127.0.0.1:{stats}
  stats enable
  stats uri /
"""


class Front:
    """A proxy on a port of its own, and what is behind it."""

    def __init__(self, server, port, program, stats=None):
        self.server, self.port, self.program, self.stats = server, port, program, stats

    def ask(self, path, method="GET", body=None, headers=None, **how):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {}, **how)
            answer = connection.getresponse()
            return answer, answer.read()


@contextlib.contextmanager
def nginx(server):
    program = peers.need("nginx")
    port, directory = peers.free_port(), server.dir
    (directory / "nginx.conf").write_text(NGINX.format(dir=directory, upstream=server.port, port=port,
                                                       unix=server.unix, tls=server.tls_port, ca=server.ca))
    server.unix.chmod(0o777)
    front = peers.Program(program, "-c", directory / "nginx.conf", "-e", "stderr", "-p", directory)
    try:
        peers.wait_for_port(port)
        yield Front(server, port, front)
    finally:
        front.stop()


@contextlib.contextmanager
def haproxy(server):
    program = peers.need("haproxy")
    port, stats = peers.free_port(), peers.free_port()
    (server.dir / "haproxy.cfg").write_text(HAPROXY.format(upstream=server.port, port=port, stats=stats))
    front = peers.Program(program, "-db", "-f", server.dir / "haproxy.cfg")
    try:
        peers.wait_for_port(port)
        front_of_ours = Front(server, port, front, stats)
        peers.eventually(lambda: front_of_ours.ask("/hello")[0].status == 200)
        yield front_of_ours
    finally:
        front.stop()


def exchange_with(front):
    """What must come through whatever proxy."""
    answer, text = front.ask("/hello")
    same((answer.status, text), (200, b"hello\n"))
    same(front.ask("/inspect", "POST", b"x" * 100_000)[0].status, 200)
    same(json.loads(front.ask("/take", "POST", b"x" * 3_000_000)[1])["size"], 3_000_000)
    pieces = (b"0123456789" * 100 for _ in range(300))
    got = json.loads(front.ask("/take", "PUT", pieces, {"Transfer-Encoding": "chunked"}, encode_chunked=True)[1])
    same(got["size"], 300_000)
    same(len(front.ask("/letters/10000000")[1]), 10_000_000)
    same(front.ask("/drip")[1].count(b"piece"), 5)
    answer, text = front.ask("/hello", "HEAD")
    same((answer.status, answer.headers["Content-Length"], text), (200, "6", b""))
    (front.server.files / "ten").write_text("0123456789")
    answer, text = front.ask("/files/ten", headers={"Range": "bytes=3-5"})
    same((answer.status, text), (206, b"345"))
    tag = answer.headers["ETag"]
    same(front.ask("/files/ten", headers={"If-None-Match": tag})[0].status, 304)
    same(front.ask("/redirect/302/hello")[0].headers["Location"], "/hello")
    same(front.ask("/status/204")[0].status, 204)
    same(front.ask("/nowhere")[0].status, 404)
    same(front.ask("/refuse", "POST", b"x" * 100_000)[0].status, 403)


def pieces_come_one_by_one(front, path, sign):
    """The first piece is here long before the last."""
    with socket.create_connection(("127.0.0.1", front.port), 10) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        got, first = b"", None
        while got.count(sign) < 3:
            got += s.recv(65536)
            if first is None and sign in got:
                first = time.monotonic()
        return time.monotonic() - first


def websocket_through(front):
    try:
        import websockets
    except ImportError as e:
        raise peers.Skip("python3-websockets is not installed: no WebSocket went through") from e

    async def go():
        async with websockets.connect(f"ws://127.0.0.1:{front.port}/ws/shared", max_size=8 << 20) as ws:
            for message in ("hello", "x" * 1_000_000, b"\0\1"):
                await ws.send(message)
                same(await ws.recv() == message, True)
            await (await ws.ping())
            await ws.close(4000)
            same(ws.close_code, 4000)
    asyncio.run(asyncio.wait_for(go(), 20))


@case
def nginx_passes_everything_on(server):
    with nginx(server) as front:
        exchange_with(front)
        got = json.loads(front.ask("/inspect")[1])
        has("\n".join(got["headers"]), "X-Forwarded-For: 127.0.0.1")


@case
def nginx_keeps_connections_to_us(server):
    with nginx(server) as front, server.connections(1):
        for i in range(50):
            same(json.loads(front.ask(f"/inspect?{i}")[1])["target"], f"/inspect?{i}")


@case
def nginx_talks_HTTP_1_0_unix_and_TLS_to_us(server):
    with nginx(server) as front:
        for path in ("/plain", "/unix", "/tls", "/buffered"):
            got = json.loads(front.ask(path + "/inspect", "POST", b"body")[1])
            same((got["body"], got["minor_version"]), ("body", 1 if path == "/buffered" else 0))
            same(front.ask(path + "/drip")[1].count(b"piece"), 5)
            same(len(front.ask(path + "/letters/5000000")[1]), 5_000_000)


@case
def nginx_does_not_hold_pieces_back(server):
    with nginx(server) as front:
        same(pieces_come_one_by_one(front, "/drip", b"piece") > 0.05, True)
        # Events ask for that themselves, where nginx buffers by default.
        answer, text = front.ask("/buffered/events")
        same((answer.headers["Content-Type"], text.count(b"event: count")), ("text/event-stream", 3))


@case
def nginx_lets_WebSockets_through(server):
    with nginx(server) as front:
        websocket_through(front)


@case
def nginx_tells_us_when_a_client_leaves(server):
    with nginx(server) as front:
        for path in ("/letters/50000000", "/slow/5000"):
            with socket.create_connection(("127.0.0.1", front.port), 10) as s:
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                s.settimeout(0.2)
                with contextlib.suppress(TimeoutError):
                    s.recv(100)
        # Those that nginx keeps may stay.
        peers.eventually(lambda: server.stats()["connections"] <= 2)


@case
def haproxy_passes_everything_on(server):
    with haproxy(server) as front:
        exchange_with(front)
        websocket_through(front)
        same(pieces_come_one_by_one(front, "/drip", b"piece") > 0.05, True)


@case
def haproxy_keeps_connections_to_us(server):
    with haproxy(server) as front:
        before, started = server.stats()["accepted"], time.monotonic()
        for i in range(50):
            same(json.loads(front.ask(f"/inspect?{i}")[1])["target"], f"/inspect?{i}")
        taken = server.stats()["accepted"] - before
        checks = 15 * (time.monotonic() - started)  # those have connections of their own, one each 100 ms
        same(taken < 10 + checks, True, f"{taken} connections, about {checks} of them for checks")


@case
def haproxy_sees_us_withdraw_and_no_request_is_lost(_):
    with peers.our_server(sys.argv[1]) as server, haproxy(server) as front:
        def status(path="/"):
            connection = http.client.HTTPConnection("127.0.0.1", front.stats, timeout=5)
            with contextlib.closing(connection):
                connection.request("GET", "/;csv")
                rows = connection.getresponse().read().decode().splitlines()
            return next(r for r in rows if r.startswith("ours,one,")).split(",")[17]

        def is_down():
            return status().startswith("DOWN")
        same(status().startswith("UP"), True)
        slow = http.client.HTTPConnection("127.0.0.1", front.port, timeout=10)
        slow.request("GET", "/slow/1500")
        server.ask("POST", "/withdraw")
        same(front.ask("/hello")[1], b"hello\n", "while it has not noticed")
        peers.eventually(is_down)
        same(front.ask("/hello")[0].status, 503)
        same(server.ask("GET", "/hello"), b"hello\n", "we serve as ever")
        server.ask("POST", "/drain")
        same(slow.getresponse().read(), b"slept\n", "what was under way")
        server.wait_for("drained")
        same(server.end(), 0)


if __name__ == "__main__":
    peers.run(lambda: peers.our_server(sys.argv[1]))
