#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""curl, and bare sockets that say what curl cannot, against our server.

    curl_calls.py PEER-SERVER [CASE...]
"""
import contextlib
import gzip
import json
import socket
import sys

import peers
from peers import case, has, same


def curl(*arguments, data=b"", status=0):
    got, out, errors = peers.call(peers.need("curl"), "-sS", "--noproxy", "*", "--max-time", "20",
                                  *arguments, data=data)
    same(got, status, f"exit status of curl {arguments}: {errors}")
    return out, errors


def raw(server, text, limit=10):
    """What comes back for these bytes until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), limit) as s:
        s.sendall(text)
        out = b""
        while piece := s.recv(65536):
            out += piece
        return out


@case
def keeps_a_connection_alive(server):
    out, errors = curl("-v", server.url + "/hello", server.url + "/hello", server.url + "/inspect")
    same(out.count("hello\n"), 2)
    same(errors.count("Re-using existing connection"), 2)


@case
def closes_when_curl_asks_for_it(server):
    out, errors = curl("-v", "-H", "Connection: close", server.url + "/hello")
    same(out, "hello\n")
    has(errors.lower(), "< connection: close")
    has(errors, "Closing connection 0")


@case
def answers_HEAD_without_a_body(server):
    out, _ = curl("-I", server.url + "/hello", server.url + "/letters/5000000")
    same(out.count("HTTP/1.1 200 OK"), 2)
    has(out.lower(), "content-length: 5000000")
    has(out.lower(), "date: ")


@case
def answers_OPTIONS_with_Allow(server):
    out, _ = curl("-i", "-X", "OPTIONS", server.url + "/take")
    has(out, "HTTP/1.1 204")
    for method in ("OPTIONS", "POST", "PUT"):
        has(out.split("llow: ")[1].split("\r\n")[0], method)


@case
def says_no_in_ways_that_curl_understands(server):
    out, _ = curl("-o", "/dev/null", "-w", "%{http_code} ", server.url + "/nowhere",
                  "-o", "/dev/null", server.url + "/status/418")
    same(out, "404 418 ")
    out, _ = curl("-i", "-X", "DELETE", server.url + "/hello")
    has(out, "HTTP/1.1 405")
    has(out.lower(), "allow: get")
    curl("-f", server.url + "/nowhere", status=22)
    out, _ = curl("-X", "MYSTERY", "-w", "%{http_code}", "-o", "/dev/null", server.url + "/hello")
    same(out, "501")


@case
def takes_a_chunked_upload(server):
    out, errors = curl("-v", "-T", "-", server.url + "/take", data=b"abc" * 700_000)
    has(errors, "> Transfer-Encoding: chunked")
    same(json.loads(out), {"size": 2_100_000, "announced": -1, "sum": 700_000 * 294, "trailers": []})


@case
def takes_a_large_upload_with_100_continue(server):
    large = server.dir / "large"
    large.write_bytes(b"a" * 3_000_000)
    for waiting in (("-T", large), ("-H", "Expect: 100-continue", "--data-binary", f"@{large}")):
        out, errors = curl("-v", *waiting, server.url + "/take")
        has(errors, "< HTTP/1.1 100 Continue")
        same(json.loads(out)["size"], 3_000_000)


@case
def refuses_before_the_body_is_sent(server):
    large = server.dir / "large"
    large.write_bytes(b"a" * 3_000_000)
    out, errors = curl("-v", "-H", "Expect: 100-continue", "--expect100-timeout", "10", "-w", "%{size_upload}",
                       "--data-binary", f"@{large}", server.url + "/refuse")
    has(errors, "< HTTP/1.1 403")
    same("100 Continue" in errors, False)
    same(out, "no\n0")
    # Beyond the limit of the route, by its length alone.
    out, errors = curl("-v", "-H", "Expect: 100-continue", "-o", "/dev/null", "-w", "%{http_code} %{size_upload}",
                       "--expect100-timeout", "10", "--data-binary", f"@{large}", server.url + "/inspect")
    same(out, "413 0")
    out, _ = curl("-H", "Expect: 42-wonders", "-o", "/dev/null", "-w", "%{http_code}", "-d", "x",
                  server.url + "/inspect")
    same(out, "417")


@case
def refuses_a_body_that_comes_all_the_same(server):
    """curl still sees the answer: the connection is not reset under it."""
    out, _ = curl("-H", "Expect:", "-w", "%{http_code}", "--data-binary", "@-", server.url + "/refuse",
                  data=b"a" * 200_000)
    same(out, "no\n403")


@case
def serves_ranges_and_resumes(server):
    content = bytes(range(256)) * 400
    (server.files / "data.bin").write_bytes(content)
    target = server.dir / "got.bin"

    def get(*arguments):
        target.unlink(missing_ok=True)
        curl("-o", target, *arguments, server.url + "/files/data.bin")
        return target.read_bytes()

    same(get(), content)
    same(get("-r", "10-19"), content[10:20])
    same(get("-r", "-100"), content[-100:])
    same(get("-r", "102000-"), content[102000:])
    several = get("-r", "0-9,100-109,-5")
    for part in (content[:10], content[100:110], content[-5:]):
        same(part in several, True)
    has(several.decode("latin-1"), f"ontent-Range: bytes 100-109/{len(content)}")
    target.write_bytes(content[:50_000])
    curl("-C", "-", "-o", target, server.url + "/files/data.bin")
    same(target.read_bytes(), content)
    out, _ = curl("-r", "200000-", "-i", "-o", "/dev/null", "-w", "%{http_code}", server.url + "/files/data.bin")
    same(out, "416")


@case
def serves_what_has_changed_only(server):
    (server.files / "page.html").write_text("<p>hello")
    first, _ = curl("-i", server.url + "/files/page.html")
    has(first, "ext/html")
    etags = server.dir / "etags"
    curl("--etag-save", etags, "-o", "/dev/null", server.url + "/files/page.html")
    out, _ = curl("--etag-compare", etags, "-w", "%{http_code}", server.url + "/files/page.html")
    same(out, "304")
    out, _ = curl("-z", server.files / "page.html", "-w", "%{http_code}", server.url + "/files/page.html")
    same(out, "304")
    out, _ = curl("--path-as-is", "-o", "/dev/null", "-w", "%{http_code}", server.url + "/files/../ca.pem")
    same(out, "400")
    out, _ = curl("-w", "%{http_code}", "-o", "/dev/null", server.url + "/files/%2e%2e%2fca.pem")
    same(out[0], "4")


@case
def compresses(server):
    codings = json.loads(curl(server.url + "/codings")[0])
    same(set(codings) >= {"gzip", "deflate"}, True)
    for coding in codings:
        out, errors = curl("-v", "--compressed", "-H", f"Accept-Encoding: {coding}",
                           "-w", "%{size_download}", server.url + "/compressed/text")
        has(errors.lower(), f"< content-encoding: {coding}")
        same(out[:100_001], "z" * 100_000 + "\n")
        same(int(out[100_001:]) < 2000, True)
        out, errors = curl("-v", "--compressed", "-H", f"Accept-Encoding: {coding}", server.url + "/compressed/drip")
        has(errors.lower(), f"< content-encoding: {coding}")
        same(out, "".join(f"piece {i}\n" for i in range(5)))
    out, errors = curl("-v", "--compressed", server.url + "/compressed/text")
    has(errors.lower(), f"< content-encoding: {codings[0]}")
    same(out, "z" * 100_000 + "\n")
    out, errors = curl("-v", "-o", "/dev/null", server.url + "/compressed/text")
    same("content-encoding" in errors.lower(), False)
    (server.files / "app.js").write_text("plain()")
    (server.files / "app.js.gz").write_bytes(gzip.compress(b"packed()"))
    out, _ = curl("--compressed", server.url + "/files/app.js")
    same(out, "packed()")


@case
def answers_HTTP_1_0(server):
    out, errors = curl("-0", "-v", server.url + "/hello")
    same(out, "hello\n")
    has(errors, "> GET /hello HTTP/1.0")
    out, errors = curl("-0", "-v", server.url + "/drip")
    same(out, "".join(f"piece {i}\n" for i in range(5)))
    same("chunked" in errors, False)
    same(raw(server, b"GET /hello HTTP/1.0\r\n\r\n").count(b"hello\n"), 1)
    kept = raw(server, b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /hello HTTP/1.0\r\n\r\n")
    same(kept.count(b"hello\n"), 2)


@case
def answers_a_pipeline_in_order(server):
    def head(path):
        return f"GET {path} HTTP/1.1\r\nHost: x\r\n".encode()
    many = b"".join(head(f"/inspect?{i}") + b"\r\n" for i in range(40))
    got = raw(server, head("/slow/100") + b"\r\n" + many + head("/hello") + b"Connection: close\r\n\r\n")
    places = [got.find(b"slept")] + [got.find(f'/inspect?{i}"'.encode()) for i in range(40)] + [got.rfind(b"hello")]
    same(-1 in places, False)
    same(places, sorted(places))
    # Bodies between them, of both kinds.
    got = raw(server, b"POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                      b"POST /take HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nabcd\r\n0\r\n"
                      b"X-Sum: 1\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    has(got.decode(), '"size":3')
    has(got.decode(), '"size":4')
    has(got.decode(), "X-Sum: 1")
    has(got.decode(), "hello")


@case
def refuses_what_could_be_read_in_two_ways(server):
    for field in (b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Content-Length: 5\r\nContent-Length: 6",
                  b"Content-Length: +5", b"Content-Length : 5", b"Transfer-Encoding: xchunked", b"A: b\r\n c: d"):
        got = raw(server, b"POST /take HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\nhello")
        same(got[:10] in (b"HTTP/1.1 4", b"HTTP/1.1 5"), True, f"for {field}: {got[:100]}")
        same(got.count(b"HTTP/1.1"), 1)


@case
def sends_trailers_that_curl_shows(server):
    out, errors = curl("-v", "--raw", server.url + "/drip")
    has(out, "0\r\nX-Pieces: 5\r\n\r\n")
    out, errors = curl("-v", "-D", "-", server.url + "/drip")
    has(out, "X-Pieces: 5")


@case
def sends_pieces_at_once(server):
    def reads():
        with socket.create_connection(("127.0.0.1", server.port), 10) as s:
            s.sendall(b"GET /drip HTTP/1.1\r\nHost: x\r\n\r\n")
            got, n = b"", 0
            while not got.endswith(b"\r\n\r\n") or b"X-Pieces" not in got:
                got += s.recv(65536)
                n += 1
            return n
    # Where the machine is busy, this side may be too late to see each alone.
    same(any(reads() >= 5 for _ in range(5)), True)


@case
def downloads_much(server):
    target = server.dir / "letters"
    curl("-o", target, server.url + "/letters/20000000")
    same(target.stat().st_size, 20_000_000)
    out, _ = curl("--limit-rate", "40M", server.url + "/letters/2000000")
    same(out, ("abcdefghijklmnopqrstuvwxyz" * 77_000)[:2_000_000])


@case
def takes_forms(server):
    out, _ = curl("--data-urlencode", "name=Ann & B=b + ü", "-d", "age=7", server.url + "/form")
    same(json.loads(out), {"name": "Ann & B=b + ü", "age": 7})
    out, _ = curl("-w", "%{http_code}", "-o", "/dev/null", "-d", "name=Ann&age=x", server.url + "/form")
    same(out, "422")
    out, _ = curl("-F", "name=Ann & B=b + ü", "-F", "age=7", server.url + "/form")
    same(json.loads(out), {"name": "Ann & B=b + ü", "age": 7})


@case
def takes_forms_with_files(server):
    part, large = server.dir / "part", server.dir / "large"
    part.write_text("content\r\n--of a file")
    large.write_bytes(bytes(range(256)) * 120_000)
    out, errors = curl("-v", "-F", "a=b", "-F", f'f"1=@{part};type=text/csv', "-F", f"f2=@{large}",
                       "-F", f'f3=@{part};filename="we\\"ird\\\\ü.txt"', "-F", "empty=", server.url + "/parts")
    got = json.loads(out)
    same([(p["name"], p.get("file"), p["size"]) for p in got],
         [("a", None, 1), ('f"1', "part", 20), ("f2", "large", 30_720_000), ("f3", "ü.txt", 20), ("empty", None, 0)])
    same(got[1]["text"], "content\r\n--of a file")
    same(got[1]["type"], "text/csv")
    same(got[2]["sum"], 120_000 * sum(range(256)))
    has(errors, "< HTTP/1.1 100 Continue")
    out, _ = curl("-H", "Transfer-Encoding: chunked", "-F", f"f=@{large}", server.url + "/parts")
    same(json.loads(out)[0]["size"], 30_720_000)
    out, _ = curl("-w", "%{http_code}", "-o", "/dev/null", "-H", "Content-Type: multipart/form-data; boundary=x",
                  "-d", "nonsense", server.url + "/parts")
    same(out, "400")


@case
def redirects(server):
    out, _ = curl("-L", "-w", "%{num_redirects}", server.url + "/redirect/302/redirect/307/hello")
    same(out, "hello\n2")
    out, _ = curl("-L", "-d", "body", server.url + "/redirect/308/inspect")
    same((json.loads(out)["method"], json.loads(out)["body"]), ("POST", "body"))
    out, _ = curl("-L", "-d", "body", server.url + "/redirect/303/inspect")
    same((json.loads(out)["method"], json.loads(out)["body"]), ("GET", ""))


@case
def keeps_cookies(server):
    jar = server.dir / "jar"
    out, _ = curl("-c", jar, "-b", jar, server.url + "/cookies/set", server.url + "/inspect")
    sent = [h for h in json.loads(out)["headers"] if h.startswith("Cookie: ")]
    same([sorted(h[8:].split("; ")) for h in sent], [["a=1", 'b="two words"']])


@case
def asks_for_a_password(server):
    out, _ = curl("-u", "ann:s3cret:ü", server.url + "/private/hello")
    same(out, "hello ann\n")
    out, _ = curl("-i", "-u", "ann:wrong", server.url + "/private/hello")
    has(out, "HTTP/1.1 401")
    has(out, 'asic realm="interop"')
    out, _ = curl("--anyauth", "-u", "ann:s3cret:ü", server.url + "/private/hello")
    same(out, "hello ann\n")


@case
def answers_a_preflight(server):
    out, _ = curl("-i", "-X", "OPTIONS", "-H", "Origin: https://app.example", "-H",
                  "Access-Control-Request-Method: GET", server.url + "/cors/hello")
    has(out.lower(), "access-control-allow-origin: https://app.example")


@case
def upgrades_only_what_is_a_handshake(server):
    upgrade = ("-i", "-N", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H",
               "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    status, out, _ = peers.call(peers.need("curl"), "-sS", "--noproxy", "*", "--max-time", "2", *upgrade,
                                server.url + "/ws/talk")
    has(out, "HTTP/1.1 101 Switching Protocols")
    has(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    has(out, "said it all")
    out, _ = curl("-i", server.url + "/ws")
    has(out, "HTTP/1.1 426")
    out, _ = curl(*upgrade[:-1], "Sec-WebSocket-Key: short", server.url + "/ws")
    has(out, "HTTP/1.1 400")
    out, _ = curl(*upgrade, "-H", "Origin: https://evil.example", server.url + "/ws")
    has(out, "HTTP/1.1 403")


@case
def streams_events(server):
    out, _ = curl("-N", "-i", server.url + "/events")
    has(out.lower(), "content-type: text/event-stream")
    same(out.count("event: count\n"), 3)
    out, _ = curl("-N", "-H", "Last-Event-ID: 8", server.url + "/events")
    same((out.count("id: "), "id: 10\n" in out), (2, True))


@case
def listens_on_a_unix_socket(server):
    out, _ = curl("--unix-socket", server.unix, "http://localhost/hello", "http://localhost/hello")
    same(out, "hello\nhello\n")


@case
def speaks_TLS(server):
    out, errors = curl("-v", "--cacert", server.ca, server.tls_url + "/hello", server.tls_url + "/letters/100000")
    has(out, "hello\n")
    same(len(out), 100_006)
    has(errors, "SSL certificate verify ok")
    has(errors, "Re-using existing connection")
    out, _ = curl("--cacert", server.ca, "-T", "-", server.tls_url + "/take", data=b"abc" * 300_000)
    same(json.loads(out)["size"], 900_000)


@case
def survives_callers_who_hang_up(server):
    for path in ("/letters/50000000", "/drip", "/slow/5000", "/events"):
        with contextlib.suppress(Exception):
            with socket.create_connection(("127.0.0.1", server.port), 10) as s:
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                s.settimeout(0.2)
                s.recv(100)
    peers.eventually(lambda: server.stats()["connections"] == 1)


if __name__ == "__main__":
    peers.run(lambda: peers.our_server(sys.argv[1]))
