#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""`fairlead get --output`: files that are whole or not there, progress on terminals, and proxies on the way."""

import gzip
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from program import PATIENCE, PROGRAM, Echo, failure, on_terminal, origin, run, unused_port, wait_until
from proxies import http_proxy, socks5

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

    def test_times_are_told_of_downloads_too(self):
        with origin(Files()) as (port, _):
            done = run("get", f"http://127.0.0.1:{port}/", "--output", str(self.path), "--timings")
        times = json.loads(done.stderr)
        self.assertEqual(list(times), ["resolve", "connect", "tls", "first_byte", "total", "reused"])
        self.assertGreater(times["connect"], 0)
        self.assertGreater(times["first_byte"], times["connect"])
        self.assertGreater(times["total"], times["first_byte"])
        self.assertFalse(times["reused"])

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

    def test_a_proxy_of_http_is_asked_for_the_whole_url(self):
        asked = []
        with Echo("http") as echo, http_proxy(asked) as proxy:
            port = echo.address.rpartition(":")[2]
            for way in (f"http://{proxy}", proxy):  # without a scheme, as in environments
                done = run("get", f"http://only.the.proxy.knows:{port}/x?y=1", "--proxy", way, "--timings")
                self.assertEqual(json.loads(done.stdout)["headers"]["Host"], f"only.the.proxy.knows:{port}")
                self.assertGreater(json.loads(done.stderr)["connect"], 0)
            self.assertEqual(asked, [f"GET http://only.the.proxy.knows:{port}/x?y=1 HTTP/1.1"] * 2)

    def test_who_we_are_goes_to_the_proxy_alone_and_is_never_shown(self):
        asked = []
        with Echo("http") as echo, http_proxy(asked, user="ann@x:p:w") as proxy:
            done = run("get", echo.url, "--proxy", f"http://ann%40x:p%3Aw@{proxy}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("Proxy-Authorization", json.loads(done.stdout)["headers"])
            done = run("get", echo.url, "--proxy", f"http://ann:secret@{proxy}")
            e = failure(done)
            self.assertEqual((e["kind"], e["status"], done.stdout), ("http_error", 407, "no\n"))
            done = run("get", "http://h/", "--proxy", "http://ann:secret@h:99999")
            self.assertEqual(done.returncode, 2)
            self.assertIn("--proxy h:99999: this is not a host and a port", done.stderr)
            self.assertNotIn("secret", done.stderr)

    def test_downloads_and_websockets_go_through_it_too(self):
        asked = []
        with origin(Files()) as (port, _), http_proxy(asked) as proxy:
            done = run("get", f"http://files:{port}/", "--output", str(self.path), "--proxy", f"http://{proxy}")
            self.assertEqual((done.returncode, self.path.read_bytes() == DATA), (0, True), done.stderr)
            self.assertEqual(asked, [f"GET http://files:{port}/ HTTP/1.1"])
        asked.clear()
        with Echo("ws") as echo, http_proxy(asked) as proxy:
            port = echo.address.rpartition(":")[2]
            done = run("ws", f"ws://chat:{port}/", "--proxy", f"http://{proxy}", text="hello\n")
            self.assertEqual((done.returncode, done.stdout), (0, "hello\n"), done.stderr)
            self.assertEqual(asked, [f"CONNECT chat:{port} HTTP/1.1"])

    def test_the_environments_proxies_are_used_when_it_is_asked_for(self):
        asked = []
        with Echo("http") as echo, http_proxy(asked) as proxy:
            port = echo.address.rpartition(":")[2]
            url = f"http://only.the.proxy.knows:{port}/"
            there = {"http_proxy": f"http://{proxy}", "no_proxy": "direct.invalid"}
            self.assertEqual(run("get", url, "--proxy-from-env", env=there).returncode, 0)
            self.assertEqual(len(asked), 1)
            self.assertEqual(failure(run("get", url, env=there))["kind"], "dns_failure")
            excepted = run("get", "http://direct.invalid/", "--proxy-from-env", env=there)
            self.assertEqual(failure(excepted)["kind"], "dns_failure")
            self.assertEqual(run("get", echo.url, "--proxy-from-env", env=there).returncode, 0)
            self.assertEqual(len(asked), 1, "the machine itself is reached directly")
            wrong = run("get", url, "--proxy-from-env", env={"http_proxy": "ftp://ann:secret@h"})
            self.assertEqual(wrong.returncode, 2)
            self.assertIn("http_proxy: ftp://: a proxy is http://", wrong.stderr)
            self.assertNotIn("secret", wrong.stderr)

    def test_a_proxy_that_is_not_there_is_named(self):
        for scheme in ("http", "https", "socks5"):
            way = f"{scheme}://127.0.0.1:{unused_port()}"
            for url in ("http://h/", "https://h/"):
                e = failure(run("get", url, "--proxy", way))
                self.assertEqual((e["kind"], e["stage"], e["sent"]), ("connection_refused", "connect", "not_sent"))
                self.assertIn(way.rpartition("/")[2], e["message"])

    def test_a_refused_tunnel_is_told_with_the_proxys_reasons(self):
        port = unused_port()
        with http_proxy([]) as proxy:
            e = failure(run("get", f"https://shop:{port}/", "--proxy", f"http://{proxy}"))
        self.assertEqual((e["kind"], e["stage"], e["sent"]), ("unavailable", "connect", "not_sent"))
        self.assertIn(f"the proxy http://{proxy} answered CONNECT with 502", e["message"])
        self.assertEqual((e["url"], e["cause"]["status"], e["cause"]["body"]), (f"https://shop:{port}/", 502, "no\n"))

    def test_what_is_no_proxy_is_refused(self):
        for proxy in ("ftp://h:1", "socks5://", "socks5://h:0", "http://h:x", "socks5://:p@h", "http://h/path", ""):
            self.assertEqual(run("get", "http://h/", "--proxy", proxy).returncode, 2, proxy)
        for more in (["--unix", "/s"], ["--proxy-from-env"]):
            self.assertEqual(run("get", "http://h/", "--proxy", "http://h", *more).returncode, 2, more)


if __name__ == "__main__":
    unittest.main()
