#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""`fairlead call` as scripts see it: our own services over every way there is, foreign ones, and what goes wrong."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from certificates import OPENSSL, Authority
from program import PROGRAM, Echo, PATIENCE, failure, origin, peer, run, unused_port

SERVER = sys.argv.pop(1)
NATS = shutil.which("nats-server", path=os.environ["PATH"] + ":/usr/sbin")

# As a program of another kind would write it: an operation for each way of being answered.
PORT = {
    "fairlead_port": 1, "name": "toys", "version": "2.0.0",
    "operations": [
        {"name": "double", "method": "POST", "path": "/double", "delivery": "reply", "request": {"$ref": "#/$defs/n"},
         "response": {"type": "integer"}},
        {"name": "echo", "method": "POST", "path": "/echo", "delivery": "reply", "request": True, "response": True},
        {"name": "slow", "method": "GET", "path": "/slow", "delivery": "reply", "request": {"type": "object"},
         "timeout_ms": 200},
    ],
    "$defs": {"n": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "maximum": 100}}}},
}


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.port = self.file("toys.json", PORT)

    def file(self, name, content):
        path = self.directory / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def says(self, expected, *words, **options):
        """The call goes well and prints that, and nothing else."""
        done = run("call", *words, **options)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, expected, ""), words)

    def refuses(self, expected, *words):
        """It is wrong usage, and one line says why."""
        done = run("call", *words)
        self.assertEqual((done.returncode, done.stdout), (2, ""), words)
        self.assertEqual(done.stderr, "fairlead call: " + expected + "\n")


class OwnService(Case):
    """A service of ours, its exported port, and every way to it."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        directory = pathlib.Path(holder.name)
        cls.shop = str(directory / "shop.json")
        socket = str(directory / "s")
        words = [SERVER, cls.shop, socket]
        if OPENSSL:
            cls.authority = Authority(directory)
        words.append(cls.authority.issue("good", "DNS:localhost,IP:127.0.0.1") if OPENSSL else "")
        cls.nats = None
        if NATS:
            port = unused_port()
            cls.nats = f"nats://127.0.0.1:{port}"
            cls.addClassCleanup(cls.stop, subprocess.Popen([NATS, "-a", "127.0.0.1", "-p", str(port)],
                                                           stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            words.append(cls.nats)
        cls.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        cls.at = {"unix": socket}
        for line in iter(cls.process.stdout.readline, "ready\n"):
            assert line, "the service did not start"
            name, _, address = line.strip().partition(" ")
            cls.at[name] = address

    @staticmethod
    def stop(process):
        process.terminate()
        process.wait(timeout=PATIENCE)

    @classmethod
    def tearDownClass(cls):
        cls.process.send_signal(signal.SIGTERM)
        status = cls.process.wait(timeout=PATIENCE)
        cls.process.stdout.close()
        assert status == 0, status

    def ways(self):
        yield ["--via", "http://" + self.at["http"]]
        yield ["--via", "jsonl+tcp://" + self.at["lines"]]
        yield ["--via", "jsonl+unix:" + self.at["unix"]]
        if "lines+tls" in self.at:
            yield ["--via", "jsonl+tls://" + self.at["lines+tls"], "--cacert", self.authority.ca]
        if self.nats:
            yield ["--via", self.nats + "/shop"]

    def test_every_way_gives_the_same(self):
        for way in self.ways():
            self.says('{"id":42,"name":"user 42"}\n', self.shop, "get_user", '{"id": 42}', *way)
            self.says('{"id":7,"name":"Ann"}\n', self.shop, "create_user",
                      '{"name": "Ann", "email": "a@b.de"}', *way)
            self.says("".join(f'{{"id":{i},"name":"user {i}"}}\n' for i in range(1, 51)), self.shop, "list_users",
                      '{"count": 50, "fails": false}', *way)
            self.says("", self.shop, "forget", *way)
            self.says("", self.shop, "note", '{"text": "x"}', *way)
            end = time.monotonic() + PATIENCE
            while run("call", self.shop, "notes", "--idempotency-key", "k-1",
                      *way).stdout != '"x for k-1"\n':
                self.assertLess(time.monotonic(), end, way)

    def test_every_way_tells_errors_as_they_are(self):
        for way in self.ways():
            e = failure(run("call", self.shop, "get_user", '{"id": 404}', *way))
            self.assertEqual((e["kind"], e["sent"], e["url"]), ("application", "answered", way[1]))
            self.assertIn("not_found: no such user", e["message"])
            done = run("call", self.shop, "list_users", '{"count": 2, "fails": true}', *way)
            self.assertEqual(done.stdout, '{"id":1,"name":"user 1"}\n{"id":2,"name":"user 2"}\n')
            self.assertIn("spoiled", failure(done)["message"])
            begun = time.monotonic()
            e = failure(run("call", self.shop, "hang", '{"time": 60000}', "--timeout", "300", *way))
            self.assertIn(e["kind"], ("timeout", "deadline"))
            self.assertIn(e["sent"], ("unknown", "answered"))  # by whose clock it is over first
            self.assertLess(time.monotonic() - begun, 30)

    def test_what_the_schema_refuses_is_not_sent(self):
        for way in self.ways():
            e = failure(run("call", self.shop, "create_user", '{"name": "Ann", "email": "ann"}', *way))
            self.assertEqual((e["kind"], e["sent"], e["pointer"]), ("serialization_error", "not_sent", "/email"))
            self.assertIn("Request validation failed: ", e["message"])
            self.assertEqual(failure(run("call", self.shop, "get_user", "{", *way))["sent"], "not_sent")

    def test_envelopes_carry_what_fits_into_them(self):
        way = ["--via", "http://" + self.at["envelope"], "--envelope", "data"]
        self.says('{"id":7,"name":"Ann"}\n', self.shop, "create_user", '{"name": "Ann", "email": "a@b.de"}', *way)
        self.says("", self.shop, "forget", *way)
        e = failure(run("call", self.shop, "get_user", '{"id": 1}', *way), status=2)
        self.assertIn("parameters in the path", e["message"])
        e = failure(run("call", self.shop, "list_users", '{"count": 1, "fails": false}', *way), status=2)
        self.assertIn("a stream does not fit", e["message"])

    @unittest.skipUnless(OPENSSL, "openssl is missing: apt-get install openssl")
    def test_who_is_not_to_be_trusted_is_not_called(self):
        address = self.at["lines+tls"]
        e = failure(run("call", self.shop, "forget", "--via", "jsonl+tls://" + address))
        self.assertEqual((e["kind"], e["stage"], e["sent"]), ("tls_failure", "tls", "not_sent"))
        self.says("", self.shop, "forget", "--via", "jsonl+tls://" + address, "--insecure")

    @unittest.skipUnless(NATS, "nats-server is missing: apt-get install nats-server")
    def test_a_broker_knows_who_serves(self):
        self.says('{"id":1,"name":"user 1"}\n', self.shop, "get_user", '{"id": 1}', "--via", self.nats)
        e = failure(run("call", self.shop, "get_user", '{"id": 1}', "--via", self.nats + "/elsewhere"))
        self.assertEqual((e["kind"], e["sent"]), ("unavailable", "not_sent"))
        self.assertIn("elsewhere.get_user", e["message"])
        e = failure(run("call", self.shop, "get_user", '{"id": 1}', "--via", "nats+tls" + self.nats[4:]))
        self.assertEqual((e["kind"], e["sent"]), ("tls_failure", "not_sent"))
        large = self.file("large", {"text": "x" * (2 << 20)})
        e = failure(run("call", self.shop, "note", "@" + large, "--via", self.nats))
        self.assertEqual((e["kind"], e["sent"]), ("too_large", "not_sent"))

    def test_without_an_operation_those_of_the_port_are_listed(self):
        done = run("call", self.shop)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "shop 1.0.0")
        self.assertEqual(len(lines), 8)
        self.assertIn("  get_user                 /users/{id}", lines)
        self.assertTrue(any("list_users" in line and "(a stream)" in line for line in lines))
        self.assertTrue(any("note " in line and "(no reply)" in line for line in lines))

    def test_it_can_be_interrupted(self):
        for way in self.ways():
            process = subprocess.Popen([PROGRAM, "call", self.shop, "hang", '{"time": 61000}', "--timeout", "60000",
                                        *way], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while self.process.stdout.readline() != "hanging 61000\n":
                pass  # other tests
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
            self.assertEqual((process.returncode, out, json.loads(err)["kind"]), (130, "", "cancelled"))


class ForeignService(Case):
    """Services that know nothing of us."""

    def test_http_gets_method_path_and_body(self):
        with origin(lambda h: h.reply(200, 14)) as (port, seen):
            self.says("14\n", self.port, "double", '{"n": 7}', "--via", f"http://127.0.0.1:{port}/v1",
                      "--idempotency-key", "k")
            method, path, headers, body = seen[0]
            self.assertEqual((method, path, body), ("POST", "/v1/double", b'{"n": 7}'))
            self.assertEqual((headers["Content-Type"], headers["Idempotency-Key"]), ("application/json", "k"))
            self.assertLessEqual(int(headers["Fairlead-Timeout-Ms"]), 5000)

    def test_an_answer_that_is_not_what_was_promised_is_an_error(self):
        with origin(lambda h: h.reply(200, b'"14"')) as (port, _):
            done = run("call", self.port, "double", '{"n": 7}', "--via", f"http://127.0.0.1:{port}")
        self.assertEqual(done.stdout, "")
        e = failure(done)
        self.assertEqual((e["kind"], e["stage"], e["sent"]), ("serialization_error", "body", "answered"))
        self.assertIn("Response validation failed: double: ", e["message"])

    def test_http_errors_that_are_not_ours_keep_status_and_body(self):
        with origin(lambda h: h.reply(503, b"closed", Retry_After=2)) as (port, _):
            e = failure(run("call", self.port, "double", '{"n": 7}', "--via", f"http://127.0.0.1:{port}"))
        self.assertEqual((e["kind"], e["status"], e["body"], e["retry_after_ms"]), ("http_error", 503, "closed", 2000))

    def test_envelopes_of_generated_services(self):
        def answer(h):
            n = json.loads(h.received)["data"]["n"]
            h.reply(200 if n < 50 else 400,
                    {"success": True, "data": 2 * n} if n < 50 else {"success": False, "error": "too much"})

        with origin(answer) as (port, seen):
            way = ["--via", f"http://127.0.0.1:{port}", "--envelope", "data"]
            self.says("14\n", self.port, "double", '{"n": 7}', *way)
            self.assertEqual(json.loads(seen[0][3]), {"data": {"n": 7}})
            e = failure(run("call", self.port, "double", '{"n": 70}', *way))
            self.assertEqual((e["kind"], e["sent"]), ("application", "answered"))
            self.assertIn("too much", e["message"])
        with origin(lambda h: h.reply(200, {"_status": "ok", "_payload": 14})) as (port, seen):
            self.says("14\n", self.port, "double", '{"n": 7}', "--via", f"http://127.0.0.1:{port}",
                      "--envelope=payload")
            self.assertEqual(json.loads(seen[0][3]), {"_payload": {"n": 7}})

    def test_lines_of_a_service_with_one_operation(self):
        heard = []

        def serve(connection):
            with connection.makefile("rw", newline="\n") as lines:
                for line in lines:
                    heard.append(json.loads(line))
                    n = heard[-1]["_payload"]["n"]
                    reply = {"_id": heard[-1]["_id"], "_status": "ok", "_payload": 2 * n} if n < 50 else {
                        "_status": "error", "_error_type": "service_error", "_message": "too much"}
                    lines.write(json.dumps(reply) + "\n")
                    lines.flush()

        with peer(serve) as address:
            way = ["--via", "jsonl+tcp://" + address]
            self.says("14\n", self.port, "double", '{"n": 7}', *way)
            self.assertEqual((heard[0]["_op"], heard[0]["_payload"]), ("double", {"n": 7}))
            e = failure(run("call", self.port, "double", '{"n": 70}', *way))
            self.assertEqual((e["kind"], e["sent"]), ("application", "answered"))
            self.assertIn("service_error: too much", e["message"])

    def test_the_echo_server_will_do(self):
        with Echo("jsonl") as echo:
            self.says('{"any":["thing"]}\n', self.port, "echo", '{"any":["thing"]}', "--via",
                      f"jsonl+tcp://{echo.address}")
        with Echo("envelope") as echo:
            self.says('[1]\n', self.port, "echo", "[1]", "--via", echo.url, "--envelope", "data")

    def test_an_operation_has_a_limit_of_its_own(self):
        stop = threading.Event()
        with origin(lambda h: stop.wait(PATIENCE)) as (port, _):
            e = failure(run("call", self.port, "slow", "--via", f"http://127.0.0.1:{port}"))
            stop.set()
        self.assertEqual((e["kind"], e["limit_ms"], e["sent"]), ("timeout", 200, "unknown"))

    def test_nobody_there(self):
        port = unused_port()
        for way in (f"http://127.0.0.1:{port}", f"jsonl+tcp://127.0.0.1:{port}", f"jsonl+tls://127.0.0.1:{port}",
                    f"jsonl+unix:{self.directory}/nobody", f"nats://127.0.0.1:{port}/toys"):
            e = failure(run("call", self.port, "double", '{"n": 1}', "--via", way))
            self.assertEqual((e["kind"], e["sent"]), ("connection_refused", "not_sent"), way)
        e = failure(run("call", self.port, "double", '{"n": 1}', "--via", "jsonl+tcp://nosuch.invalid:1"))
        self.assertEqual((e["kind"], e["sent"]), ("dns_failure", "not_sent"))

    def test_a_peer_that_hangs_up_may_have_seen_it(self):
        with peer(lambda connection: connection.recv(1)) as address:
            e = failure(run("call", self.port, "double", '{"n": 1}', "--via", "jsonl+tcp://" + address))
        self.assertEqual(e["sent"], "unknown")

    def test_the_request_comes_from_the_line_a_file_or_standard_input(self):
        with Echo("jsonl") as echo:
            way = ["--via", f"jsonl+tcp://{echo.address}"]
            self.says("[2]\n", self.port, "echo", "@" + self.file("r", "[2]"), *way)
            self.says("[3]\n", self.port, "echo", "-", *way, text="[3]")
            self.says("{}\n", self.port, "echo", *way)
            self.says("[4]\n", "-", "echo", "[4]", *way, text=json.dumps(PORT))


class Usage(Case):
    def test_what_is_not_known_is_answered_with_the_nearest_name(self):
        self.refuses('the port has no operation "duble"; did you mean double?', self.port, "duble", "--via", "http://h")
        self.refuses('the port has no operation "nothing like it"', self.port, "nothing like it", "--via", "http://h")
        self.refuses("unknown option --vai; did you mean --via?", self.port, "double", "--vai", "http://h")

    def test_ways_that_are_none(self):
        ways = ("http://HOST, https://HOST, jsonl+tcp://HOST:PORT, jsonl+tls://HOST:PORT, jsonl+unix:PATH, "
                "nats://HOST/SERVICE or nats+tls://HOST/SERVICE")
        self.refuses(f"how to get there? Give --via {ways}", self.port, "double")
        self.refuses(f'"ftp://h" is no way to a service: give {ways}', self.port, "double", "--via", "ftp://h")
        self.refuses('"a b" is no subject: give words with dots between them', self.port, "double", "--via",
                     "nats://h/a b")
        odd = self.file("odd.json", {**PORT, "name": "two words"})
        self.refuses("the name of the port is no subject; give --via nats://HOST/SERVICE", odd, "double", "--via",
                     "nats://h")
        self.refuses("--envelope is of HTTP", self.port, "double", "--via", "jsonl+unix:/s", "--envelope", "data")
        self.refuses("--unix is of HTTP; for a socket there is jsonl+unix:PATH", self.port, "double", "--via",
                     "jsonl+tcp://h:1", "--unix", "/s")

    def test_documents_that_are_none(self):
        way = ["double", "--via", "http://h"]
        missing = str(self.directory / "missing")
        self.refuses(f"cannot read {missing}: {os.strerror(2)}", missing, *way)
        for text, why in (("[]", "it is no exported port"), ('{"openapi": "3.1.0"}', "it is no exported port"),
                          ('{"fairlead_port": 2, "operations": []}', "a newer fairlead wrote it"),
                          ("{", "serialization_error")):
            path = self.file("bad", text)
            done = run("call", path, *way)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertTrue(done.stderr.startswith(f"fairlead call: {path}: "), done.stderr)
            self.assertIn(why, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_other_wrong_usage(self):
        for words in ((), (self.port, "double", "{}", "more"), (self.port, "double", "@/missing", "--via", "http://h"),
                      ("-", "double", "-", "--via", "http://h"), (self.port, "double", "--via=http://h", "--timeout=0"),
                      (self.port, "double", "--via", "http://h", "--envelope", "other")):
            done = run("call", *words)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), words)

    def test_help(self):
        done = run("help", "call")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.startswith("usage: fairlead call PORT.json"))


if __name__ == "__main__":
    unittest.main()
