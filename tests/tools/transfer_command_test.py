#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""`fairlead get --output`: files that are whole or not there, progress on terminals, and proxies on the way."""

import gzip
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from program import PATIENCE, PROGRAM, Echo, failure, on_terminal, origin, peer, run, unused_port, wait_until

DATA = os.urandom(300_000)


class Files:
    """Serves DATA with ranges; `cut` bytes of an answer, then the connection breaks or stalls."""

    def __init__(self, tag='"one"'):
        self.tag = tag
        self.cut = None
        self.stall = 0

    def __call__(self, h):
        begin = 0
        wanted = h.headers.get("Range")
        if wanted and h.headers.get("If-Range") == self.tag:
            begin = int(wanted.removeprefix("bytes=").split("-")[0])
        h.send_response(206 if begin else 200)
        h.send_header("ETag", self.tag)
        h.send_header("Content-Length", str(len(DATA) - begin))
        if begin:
            h.send_header("Content-Range", f"bytes {begin}-{len(DATA) - 1}/{len(DATA)}")
        h.end_headers()
        h.wfile.write(DATA[begin:] if self.cut is None else DATA[begin:begin + self.cut])
        h.wfile.flush()
        if self.cut is not None:
            time.sleep(self.stall)
            h.close_connection = True


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.path = self.directory / "file"


class Downloads(Case):
    def test_the_file_is_there_when_it_is_whole_and_nothing_else_is(self):
        with origin(Files()) as (port, _):
            done = run("get", f"http://127.0.0.1:{port}/", "--output", str(self.path))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual(self.path.read_bytes(), DATA)
        self.assertEqual(os.listdir(self.directory), ["file"])

    def test_what_was_cut_off_goes_on(self):
        files = Files()
        files.cut = 100_000
        with origin(files) as (port, seen):
            words = ("get", f"http://127.0.0.1:{port}/", "--output", str(self.path))
            self.assertEqual(failure(run(*words))["kind"], "connection_closed")
            self.assertFalse(self.path.exists())
            files.cut = None
            done = run(*words, "--continue")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.path.read_bytes(), DATA)
            self.assertEqual(seen[-1][2]["Range"], "bytes=100000-")

    def test_what_has_changed_meanwhile_begins_anew(self):
        files = Files()
        files.cut = 100_000
        with origin(files) as (port, _):
            words = ("get", f"http://127.0.0.1:{port}/", "--output", str(self.path))
            run(*words)
            files.cut, files.tag = None, '"two"'
            self.assertEqual(run(*words, "--continue").returncode, 0)
        self.assertEqual(self.path.read_bytes(), DATA)

    def test_without_continue_everything_is_fetched(self):
        files = Files()
        files.cut = 1000
        with origin(files) as (port, seen):
            words = ("get", f"http://127.0.0.1:{port}/", "--output", str(self.path))
            run(*words)
            files.cut = None
            self.assertEqual(run(*words).returncode, 0)
            self.assertNotIn("Range", seen[-1][2])
        self.assertEqual(self.path.read_bytes(), DATA)

    def test_retries_go_on_where_they_were_cut_off(self):
        files = Files()
        files.cut = 120_000
        with origin(files) as (port, seen):
            done = run("get", f"http://127.0.0.1:{port}/", "--output", str(self.path), "--continue", "--retry", "5")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([r[2].get("Range") for r in seen], [None, "bytes=120000-", "bytes=240000-"])
        self.assertEqual(self.path.read_bytes(), DATA)

    def test_a_status_outside_2xx_leaves_an_old_file_alone(self):
        self.path.write_text("old")
        with origin(lambda h: h.reply(404, b"no")) as (port, _):
            e = failure(run("get", f"http://127.0.0.1:{port}/", "--output", str(self.path)))
        self.assertEqual((e["kind"], e["status"]), ("http_error", 404))
        self.assertEqual(self.path.read_text(), "old")

    def test_a_timeout_that_is_given_is_for_all_of_it(self):
        files = Files()
        files.cut, files.stall = 1000, 3
        with origin(files) as (port, _):
            e = failure(run("get", f"http://127.0.0.1:{port}/", "--output", str(self.path), "--timeout", "200"))
        self.assertEqual((e["kind"], e["limit_ms"]), ("timeout", 200))

    def test_an_interrupt_leaves_what_can_be_continued(self):
        files = Files()
        files.cut, files.stall = 1000, 5
        with origin(files) as (port, _):
            process = subprocess.Popen([PROGRAM, "get", f"http://127.0.0.1:{port}/", "--output", str(self.path)],
                                       stderr=subprocess.PIPE)
            part = self.directory / "file.part"
            wait_until(lambda: part.exists() and part.stat().st_size == 1000, "the first part never came")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE)
            self.assertEqual((process.returncode, part.stat().st_size), (130, 1000))

    def test_responses_that_are_looked_at_go_to_their_file_too(self):
        schema = self.directory / "s"
        schema.write_text('{"type":"object"}')
        with Echo("http") as echo:
            done = run("post", echo.url, "--data", "[1]", "--output", str(self.path))
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            self.assertIn('"body":[1]', self.path.read_text())
            done = run("get", echo.url, "--schema", str(schema), "--output", str(self.path))
            self.assertEqual(done.returncode, 0)
            self.assertIn('"method":"GET"', self.path.read_text())
            self.assertEqual(run("post", echo.url, "--output", str(self.directory)).returncode, 1)

    def test_a_hedge_would_write_twice_at_a_time(self):
        policy = self.directory / "p"
        policy.write_text('{"policies": [{"type": "hedge", "delay_ms": 10, "max_hedges": 1}]}')
        done = run("get", "http://h/", "--output", str(self.path), "--policy", str(policy))
        self.assertEqual(done.returncode, 2)
        self.assertIn("hedge", done.stderr)

    def test_options_that_make_no_sense_together(self):
        for words in (["--continue"], ["--output", "f", "--include"], ["--output", "f", "--compressed"],
                      ["--output", "f", "--continue", "--data", "1"]):
            self.assertEqual(run("get", "http://h/", *words).returncode, 2, words)


class Progress(Case):
    def test_is_shown_on_a_terminal_and_only_there(self):
        with origin(Files()) as (port, _):
            words = ("get", f"http://127.0.0.1:{port}/", "--output", str(self.path))
            status, out, shown = on_terminal(*words)
            self.assertEqual((status, out), (0, b""))
            self.assertIn("100 %  300 kB of 300 kB", shown)
            self.assertTrue(shown.endswith("\r\n"))
            self.assertEqual(run(*words).stderr, "")


class Compression(Case):
    def test_is_asked_for_and_undone_only_when_told_to(self):
        def answer(h):
            if "gzip" in h.headers.get("Accept-Encoding", ""):
                h.reply(200, gzip.compress(b"text" * 1000), Content_Encoding="gzip")
            else:
                h.reply(200, b"plain")

        with origin(answer) as (port, _):
            url = f"http://127.0.0.1:{port}/"
            self.assertEqual(run("get", url).stdout, "plain")
            self.assertEqual(run("get", url, "--compressed").stdout, "text" * 1000)


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

            def pump(a, b):
                while data := a.recv(65536):
                    b.sendall(data)
                b.shutdown(socket.SHUT_WR)

            back = threading.Thread(target=pump, args=(target, c), daemon=True)
            back.start()
            pump(c, target)
            back.join()

    return peer(serve)


class Proxies(Case):
    def test_names_are_resolved_by_the_proxy(self):
        asked = []
        with Echo("http") as echo, socks5({}, asked) as proxy:
            port = int(echo.address.rpartition(":")[2])
            done = run("get", f"http://only.the.proxy.knows:{port}/", "--proxy", f"socks5://{proxy}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(asked, [("only.the.proxy.knows", port)])

    def test_the_proxy_may_want_to_know_who_asks(self):
        asked = []
        with Echo("http") as echo, socks5({b"ann@x": b"p:w"}, asked) as proxy:
            done = run("get", echo.url, "--proxy", f"socks5://ann%40x:p%3Aw@{proxy}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(failure(run("get", echo.url, "--proxy", f"socks5://{proxy}"))["kind"], "unavailable")

    def test_a_proxy_that_is_not_there_is_an_error(self):
        e = failure(run("get", "http://h/", "--proxy", f"socks5://127.0.0.1:{unused_port()}"))
        self.assertEqual((e["kind"], e["stage"], e["sent"]), ("connection_refused", "connect", "not_sent"))

    def test_other_proxies_are_refused(self):
        for proxy in ("ftp://h:1", "h:1080", "socks5://", "socks5://h:0", "socks5://h:x", "socks5://:p@h"):
            self.assertEqual(run("get", "http://h/", "--proxy", proxy).returncode, 2, proxy)


if __name__ == "__main__":
    unittest.main()
