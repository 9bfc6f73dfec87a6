#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""`fairlead echo` as its peers see it, and `fairlead send` against it and against servers that are less polite."""

import http.client
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from program import PATIENCE, PROGRAM, Echo, failure, peer, read_all, run, unused_port


def exchange(echo, sent):
    """What comes back for these bytes, until the server closes."""
    with echo.connect() as c:
        c.sendall(sent)
        c.shutdown(socket.SHUT_WR)
        return read_all(c)


def ask(echo, method, path, body=None, **headers):
    where = urllib.parse.urlsplit(echo.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=PATIENCE)
    connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
    response = connection.getresponse()
    got = response.status, response.read()
    connection.close()
    return got


class Framed(unittest.TestCase):
    def test_lines_come_back_with_one_lf(self):
        with Echo("line") as echo:
            self.assertEqual(exchange(echo, b"one\r\ntwo\n\n\xff\x00\n"), b"one\ntwo\n\n\xff\x00\n")

    def test_jsonl_answers_as_the_services_do(self):
        with Echo("jsonl") as echo:
            sent = b'{"_id":"u-1","_payload":{"n":1}}\n\n{"n":2}\n[1]\n{oops\n{"_payload":null,"_id":3}\n'
            replies = [json.loads(line) for line in exchange(echo, sent).splitlines()]
        self.assertEqual(replies[0], {"_id": "u-1", "_status": "ok", "_payload": {"n": 1}})
        self.assertEqual(replies[1], {"_status": "ok", "_payload": {"n": 2}})
        self.assertEqual([r.get("_error_type") for r in replies[2:]], ["error", "parse_error", None])
        self.assertEqual(replies[4], {"_id": 3, "_status": "ok", "_payload": None})

    def test_length32_is_four_bytes_big_endian(self):
        with Echo("length32") as echo:
            sent = struct.pack(">I", 3) + b"a\nb" + struct.pack(">I", 0)
            self.assertEqual(exchange(echo, sent), sent)

    def test_frames_have_a_limit(self):
        with Echo("line", "--max-frame", "5") as echo:
            self.assertEqual(exchange(echo, b"12345\n123456\n"), b"12345\n")
        with Echo("length32", "--max-frame", "5") as echo:
            self.assertEqual(exchange(echo, struct.pack(">I", 6)), b"")

    def test_every_nth_request_fails_in_the_way_of_its_protocol(self):
        with Echo("jsonl", "--fail-every", "2") as echo:
            replies = [json.loads(line) for line in exchange(echo, b'{"_id":1}\n{"_id":2}\n{"_id":3}\n').splitlines()]
            self.assertEqual([r["_status"] for r in replies], ["ok", "error", "ok"])
            self.assertEqual((replies[1]["_id"], replies[1]["_error_type"]), (2, "service_error"))
        with Echo("line", "--fail-every", "2") as echo:
            self.assertEqual(exchange(echo, b"a\nb\nc\n"), b"a\n")

    def test_idle_connections_are_closed(self):
        with Echo("line", "--idle-timeout", "100") as echo, echo.connect() as c:
            c.sendall(b"x\n")
            self.assertEqual(read_all(c), b"x\n")

    def test_unix_sockets_are_removed_at_the_end(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "s")
            with Echo("line", "--listen", f"unix:{path}") as echo:
                self.assertEqual(echo.address, f"unix:{path}")
                done = run("send", "--protocol", "line", echo.address, text="hello\n")
                self.assertEqual((done.returncode, done.stdout), (0, "hello\n"), done.stderr)
            self.assertFalse(os.path.exists(path))


class Http(unittest.TestCase):
    def test_requests_come_back_as_json(self):
        with Echo("http") as echo:
            status, body = ask(echo, "PATCH", "/a/b?x=1", b"text", Content_Type="text/plain", X_A="1")
            seen = json.loads(body)
            self.assertEqual(status, 200)
            self.assertEqual((seen["method"], seen["path"], seen["query"], seen["body"]),
                             ("PATCH", "/a/b", {"x": "1"}, "text"))
            self.assertEqual(seen["headers"]["X-A"], "1")
            self.assertEqual(ask(echo, "HEAD", "/")[0], 200)

    def test_the_envelope_is_unwrapped_and_wrapped(self):
        with Echo("envelope", "--fail-every", "4") as echo:
            self.assertEqual(ask(echo, "POST", "/any/path", b'{"data":[1]}'), (200, b'{"success":true,"data":[1]}'))
            self.assertEqual(ask(echo, "POST", "/", b"{}"), (200, b'{"success":true,"data":null}'))
            self.assertEqual(ask(echo, "POST", "/", b'{"data":{"x":[null,1.5]}}')[1],
                             b'{"success":true,"data":{"x":[null,1.5]}}')
            status, body = ask(echo, "POST", "/", b"{}")
            self.assertEqual((status, json.loads(body)["error"]), (500, "request 4 was told to fail"))
            for sent, wanted in ((b"{", 400), (b"", 400), (b"[]", 422)):
                status, body = ask(echo, "POST", "/", sent)
                self.assertEqual((status, json.loads(body)["success"]), (wanted, False), sent)
            self.assertEqual(ask(echo, "GET", "/")[0], 405)

    def test_failures_and_delays_are_for_retries_and_timeouts_to_meet(self):
        with Echo("http", "--fail-every", "2") as echo:
            self.assertEqual(run("get", echo.url).returncode, 0)
            self.assertEqual(failure(run("get", echo.url))["status"], 503)
            self.assertEqual(run("get", echo.url).returncode, 0)
            self.assertEqual(run("get", echo.url, "--retry", "2").returncode, 0)
        with Echo("http", "--delay", "2000") as echo:
            self.assertEqual(failure(run("get", echo.url, "--timeout", "100"))["kind"], "timeout")

    def test_bodies_have_a_limit(self):
        with Echo("http", "--max-frame", "10") as echo:
            self.assertEqual(ask(echo, "POST", "/", b"1234567890")[0], 200)
            self.assertEqual(ask(echo, "POST", "/", b"12345678901")[0], 413)


class Stopping(unittest.TestCase):
    def test_requests_in_progress_are_answered_first(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with Echo("line", "--delay", "500") as echo, echo.connect() as c, echo.connect() as idle:
                c.sendall(b"x\n")
                time.sleep(0.1)
                status, out, err = echo.stop(how)
                self.assertEqual((status, out, err), (0, "", ""))
                self.assertEqual(read_all(c), b"x\n")
                self.assertEqual(read_all(idle), b"")

    def test_http_requests_in_progress_are_answered_first(self):
        with Echo("http", "--delay", "500") as echo:
            answers = []
            asking = threading.Thread(target=lambda: answers.append(ask(echo, "GET", "/")[0]))
            asking.start()
            time.sleep(0.1)
            self.assertEqual(echo.stop()[0], 0)
            asking.join()
            self.assertEqual(answers, [200])

    def test_an_address_in_use_is_told(self):
        with Echo("line") as echo:
            done = run("echo", "--protocol", "line", "--listen", echo.address)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("in use", done.stderr)

    def test_wrong_usage_gives_2(self):
        for words in ([], ["--protocol", "tcp"], ["--protocol", "line", "--listen", "here"],
                      ["--protocol", "line", "--delay", "-1"], ["--protocol", "line", "more"]):
            self.assertEqual(run("echo", *words).returncode, 2, words)


class Sending(unittest.TestCase):
    def test_replies_come_in_the_order_of_the_requests(self):
        lines = "".join(f"line {i}\n" for i in range(200))
        with Echo("line") as echo:
            for pipeline in ("1", "7", "64"):
                done = run("send", "--protocol", "line", "--pipeline", pipeline, echo.address, text=lines)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, lines, ""))

    def test_pipelined_requests_are_under_way_together(self):
        with Echo("line", "--delay", "150") as echo:
            begun = time.monotonic()
            self.assertEqual(run("send", "--protocol", "line", "--pipeline", "8", echo.address, text="x\n" * 8).stdout,
                             "x\n" * 8)
            together = time.monotonic() - begun
            begun = time.monotonic()
            run("send", "--protocol", "line", echo.address, text="x\n" * 8)
            self.assertGreaterEqual(time.monotonic() - begun, 8 * 0.15)
            self.assertLess(together, 8 * 0.15)

    def test_the_timeout_is_for_each_call_and_not_for_its_turn(self):
        with Echo("line", "--delay", "200") as echo:
            done = run("send", "--protocol", "line", "--timeout", "1000", echo.address, text="x\n" * 8)
            self.assertEqual((done.returncode, done.stdout), (0, "x\n" * 8), done.stderr)

    def test_replies_are_there_before_the_next_line_is_typed(self):
        with Echo("line") as echo:
            process = subprocess.Popen([PROGRAM, "send", "--protocol", "line", echo.address], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
            for word in ("one", "two"):
                process.stdin.write(word + "\n")
                process.stdin.flush()
                self.assertEqual(process.stdout.readline(), word + "\n")
            process.stdin.write("last")  # no LF
            process.stdin.close()
            self.assertEqual(process.stdout.read(), "last\n")
            self.assertEqual(process.wait(PATIENCE), 0)
            process.stdout.close()

    def test_lines_may_come_from_a_file(self):
        with Echo("line") as echo, tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "lines")
            path.write_text("a\nb\n")
            with open(path, "rb") as lines:
                done = subprocess.run([PROGRAM, "send", "--protocol", "line", echo.address], stdin=lines,
                                      capture_output=True, check=False, timeout=PATIENCE)
            self.assertEqual((done.returncode, done.stdout), (0, b"a\nb\n"))

    def test_replies_that_tell_of_an_error_are_printed_and_give_1(self):
        with Echo("jsonl", "--fail-every", "2") as echo:
            done = run("send", "--protocol", "jsonl", echo.address, text='{"_id":1}\n{"_id":2}\n{"_id":3}\n')
        self.assertEqual([json.loads(line)["_status"] for line in done.stdout.splitlines()], ["ok", "error", "ok"])
        e = failure(done)
        self.assertEqual((e["kind"], e["sent"]), ("application", "answered"))
        self.assertIn("request 2 was told to fail", e["message"])

    def test_a_call_without_a_reply_ends_it(self):
        with Echo("line", "--delay", "2000") as echo:
            e = failure(run("send", "--protocol", "line", "--timeout", "100", echo.address, text="a\nb\n"))
            self.assertEqual((e["kind"], e["limit_ms"], e["url"]), ("timeout", 100, echo.address))
        e = failure(run("send", "--protocol", "line", f"127.0.0.1:{unused_port()}", text="a\n"))
        self.assertEqual((e["kind"], e["sent"]), ("connection_refused", "not_sent"))

    def test_peers_that_end_a_reply_twice(self):
        def twice(c):
            while data := c.recv(100):
                c.sendall(data + b"\n")

        with peer(twice) as address:
            done = run("send", "--protocol", "line", "--skip-empty", address, text="a\nb\n")
            self.assertEqual((done.returncode, done.stdout), (0, "a\nb\n"), done.stderr)

    def test_peers_that_fragment_or_close_instead_of_ending_the_line(self):
        def dribble(c):
            c.recv(100)
            for byte in b"slow":
                c.sendall(bytes([byte]))
                time.sleep(0.01)

        with peer(dribble) as address:
            done = run("send", "--protocol", "line", address, text="a\n")
            self.assertEqual((done.returncode, done.stdout), (0, "slow\n"), done.stderr)

    def test_without_lines_there_is_nothing_to_do(self):
        done = run("send", "--protocol", "line", f"127.0.0.1:{unused_port()}")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_an_interrupt_gives_130(self):
        with Echo("line") as echo:
            process = subprocess.Popen([PROGRAM, "send", "--protocol", "line", echo.address], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            process.stdin.write("x\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), "x\n")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(PATIENCE), 130)
            self.assertEqual(json.loads(process.stderr.read())["kind"], "cancelled")
            for pipe in (process.stdin, process.stdout, process.stderr):
                pipe.close()


if __name__ == "__main__":
    unittest.main()
