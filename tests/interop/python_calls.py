#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Python's urllib, http.client, requests and websockets against our server.

    python_calls.py PEER-SERVER [CASE...]
"""
import asyncio
import http.client
import json
import sys
import threading
import urllib.error
import urllib.request

import peers
from peers import case, has, same


def requests():
    try:
        import requests as found
        return found
    except ImportError as e:
        raise peers.Skip("python3-requests is not installed: nothing was tested (scripts/setup --ci)") from e


def websockets():
    try:
        import websockets as found
        return found
    except ImportError as e:
        raise peers.Skip("python3-websockets is not installed: nothing was tested (scripts/setup --ci)") from e


@case
def urllib_gets_and_posts(server):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(server.url + "/hello", timeout=10) as answer:
        same(answer.read(), b"hello\n")
    with opener.open(server.url + "/redirect/302/inspect", b"body", timeout=10) as answer:
        same(json.load(answer)["method"], "GET")
    try:
        opener.open(server.url + "/nowhere", timeout=10)
        raise AssertionError("no 404")
    except urllib.error.HTTPError as e:
        same(e.code, 404)
        same(json.load(e)["error"]["code"], "not_found")


@case
def http_client_keeps_a_connection(server):
    with server.connections(1):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        for i in range(50):
            connection.request("POST", f"/inspect?{i}", iter([b"one ", b"two"]), encode_chunked=True,
                               headers={"Transfer-Encoding": "chunked"})
            answer = connection.getresponse()
            got = json.loads(answer.read())
            same((answer.status, got["body"], got["target"]), (200, "one two", f"/inspect?{i}"))
        connection.close()


@case
def requests_session_reuses_its_connection(server):
    with server.connections(1), requests().Session() as s:
        s.trust_env = False
        for i in range(20):
            same(s.get(f"{server.url}/inspect?n={i}").json()["target"], f"/inspect?n={i}")
        got = s.post(server.url + "/inspect", json={"ä": [1, 2]}).json()
        same(json.loads(got["body"]), {"ä": [1, 2]})
        same(s.head(server.url + "/letters/77").headers["Content-Length"], "77")
        same(s.put(server.url + "/take", data=b"abc" * 1000).json()["size"], 3000)
        same(s.patch(server.url + "/inspect").json()["method"], "PATCH")
        same(s.delete(server.url + "/inspect").json()["method"], "DELETE")
        has(s.options(server.url + "/hello").headers["Allow"], "GET")
        same(s.get(server.url + "/status/204").status_code, 204)
        same(s.get(server.url + "/hello").text, "hello\n")


@case
def requests_streams_both_ways(server):
    def pieces():
        for _ in range(500):
            yield b"0123456789" * 100
    got = requests().post(server.url + "/take", data=pieces(), proxies={"http": None}).json()
    same((got["size"], got["announced"]), (500_000, -1))
    with requests().get(server.url + "/drip", stream=True) as answer:
        same(list(answer.iter_lines()), [f"piece {i}".encode() for i in range(5)])
    with requests().get(server.url + "/letters/5000000", stream=True) as answer:
        same(sum(len(p) for p in answer.iter_content(65536)), 5_000_000)


@case
def requests_decodes_redirects_and_logs_in(server):
    r = requests()
    answer = r.get(server.url + "/compressed/text")
    wanted = [c for c in r.get(server.url + "/codings").json() if c in answer.request.headers["Accept-Encoding"]]
    same((answer.headers["Content-Encoding"], answer.text), (wanted[0], "z" * 100_000 + "\n"))
    answer = r.get(server.url + "/redirect/301/redirect/302/redirect/307/hello")
    same((answer.text, [h.status_code for h in answer.history]), ("hello\n", [301, 302, 307]))
    answer = r.post(server.url + "/redirect/307/inspect", data="again")
    same(answer.json()["body"], "again")
    same(r.get(server.url + "/private/hello", auth=("ann", "s3cret:ü".encode())).text, "hello ann\n")
    same(r.get(server.url + "/private/hello", auth=("ann", "no")).status_code, 401)
    with r.Session() as s:
        s.get(server.url + "/cookies/set")
        same(sorted(s.cookies.keys()), ["a", "b"])
        has("\n".join(s.get(server.url + "/inspect").json()["headers"]), "a=1")


@case
def requests_sends_forms_and_files(server):
    r = requests()
    same(r.post(server.url + "/form", data={"name": "Ann", "age": 5}).json(), {"name": "Ann", "age": 5})
    got = r.post(server.url + "/inspect", files={"f": ("f.txt", "the content")}).json()
    has(got["body"], "the content")
    files = [("f", ("ä\"b\".txt", b"\r\n--" * 500_000, "text/x-test")), ("f", ("", b"")), ("g", (None, "a field"))]
    got = r.post(server.url + "/parts", data={"name": "Ann & B", "n": ["1", "2"]}, files=files).json()
    same([(p["name"], p.get("file"), p["size"]) for p in got],
         [("name", None, 7), ("n", None, 1), ("n", None, 1), ("f", 'ä"b".txt', 2_000_000), ("f", "", 0),
          ("g", None, 7)])
    same((got[3]["type"], got[5]["text"]), ("text/x-test", "a field"))
    same(r.post(server.url + "/form", files={"name": (None, "Ann"), "age": (None, "5")}).json(),
         {"name": "Ann", "age": 5})
    (server.files / "x.txt").write_text("0123456789")
    answer = r.get(server.url + "/files/x.txt", headers={"Range": "bytes=2-4"})
    same((answer.status_code, answer.text, answer.headers["Content-Range"]), (206, "234", "bytes 2-4/10"))
    again = r.get(server.url + "/files/x.txt", headers={"If-None-Match": answer.headers["ETag"]})
    same((again.status_code, again.content), (304, b""))


@case
def requests_verifies_our_certificate(server):
    r = requests()
    with r.Session() as s:
        s.trust_env = False
        s.verify = str(server.ca)
        same(s.get(server.tls_url + "/hello").text, "hello\n")
        same(s.post(server.tls_url + "/take", data=b"x" * 300_000).json()["size"], 300_000)
    try:
        r.get(server.tls_url + "/hello", proxies={"https": None})  # another session: one keeps its connection
        raise AssertionError("it trusts anybody")
    except r.exceptions.SSLError:
        pass


@case
def many_threads_at_once(server):
    r = requests()
    wrong = []

    def work(n):
        try:
            with r.Session() as s:
                s.trust_env = False
                for i in range(10):
                    same(s.post(f"{server.url}/inspect?{n}-{i}", data=str(n) * 2000).json()["body"], str(n) * 2000)
        except Exception as e:
            wrong.append(e)
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    same(wrong, [])


def talking(server, path, talk, **how):
    w = websockets()

    async def go():
        address = f"ws://127.0.0.1:{server.port}{path}"
        async with w.connect(address, max_size=8 << 20, open_timeout=10, **how) as ws:
            await talk(ws)
    asyncio.run(asyncio.wait_for(go(), 20))


async def exchange(ws):
    for message in ("", "hello", "grüße \U0001f600", b"", bytes(range(256)), "x" * 125, "x" * 126, "y" * 65535,
                    "z" * 65536, "ab" * 524_288, bytes(range(256)) * 4096):
        await ws.send(message)
        same(await ws.recv() == message, True, f"{len(message)} came back")
    await ws.send(["in ", "three ", "frames"])
    same(await ws.recv(), "in three frames")
    await (await ws.ping(b"are you there"))


@case
def websockets_talks(server):
    async def talk(ws):
        same((ws.subprotocol, ws.extensions), ("echo", []))
        await exchange(ws)
        await ws.close(4000, "enough")
        same(ws.close_code, 4000)
    talking(server, "/ws", talk, subprotocols=["other", "echo"])


@case
def websockets_talks_compressed(server):
    websockets()
    from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory as Deflate
    for path in ("/ws/each", "/ws/shared"):
        for how in ({}, {"server_no_context_takeover": True, "client_no_context_takeover": True},
                    {"server_max_window_bits": 10, "client_max_window_bits": 12}):
            async def talk(ws):
                same([e.name for e in ws.extensions], ["permessage-deflate"])
                for i in range(20):
                    await ws.send(f"the same {i} again and again " * 50)
                    same(await ws.recv(), f"the same {i} again and again " * 50)
                await exchange(ws)
            talking(server, path, talk, extensions=[Deflate(**how)])


@case
def websockets_hears_our_close(server):
    async def talk(ws):
        same(await ws.recv(), "one two three")
        try:
            await ws.recv()
            raise AssertionError("something more came")
        except websockets().ConnectionClosed as e:
            same((e.rcvd.code, e.rcvd.reason, e.sent.code), (4001, "said it all", 4001))
    talking(server, "/ws/talk", talk)


@case
def websockets_is_told_of_too_much(server):
    async def talk(ws):
        await ws.send("x" * 1001)
        try:
            await ws.recv()
            raise AssertionError("something came back")
        except websockets().ConnectionClosed as e:
            same(e.rcvd.code, 1009)
    talking(server, "/ws/small", talk)


@case
def websockets_answers_our_pings(server):
    async def talk(ws):
        await asyncio.sleep(0.5)
        await ws.send("still here")
        same(await ws.recv(), "still here")
    talking(server, "/ws/pings", talk, ping_interval=None)


@case
def websockets_over_TLS(server):
    import ssl
    w = websockets()

    async def go():
        trust = ssl.create_default_context(cafile=server.ca)
        async with w.connect(f"wss://localhost:{server.tls_port}/ws", ssl=trust, max_size=8 << 20) as ws:
            await exchange(ws)
    asyncio.run(asyncio.wait_for(go(), 20))


if __name__ == "__main__":
    peers.run(lambda: peers.our_server(sys.argv[1]))
