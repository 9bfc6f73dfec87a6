#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""`fairlead get`, `post`, `put` and `delete` as scripts see them: bytes, exit statuses, errors as JSON."""

import json
import pathlib
import signal
import socketserver
import subprocess
import tempfile
import threading
import time
import unittest

from program import PROGRAM, Echo, failure, on_terminal, origin, peer, run, unused_port

USER = {"type": "object", "required": ["email"], "properties": {"email": {"type": "string", "format": "email"}}}


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def file(self, name, content):
        path = self.directory / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)


class Requests(Case):
    def test_the_body_comes_out_unchanged(self):
        bodies = [b"", b"plain\n", b'{ "spaced" :1 }', bytes(range(256)) * 300]
        for body in bodies:
            with origin(lambda h, b=body: h.reply(200, b)) as (port, _):
                done = subprocess.run([PROGRAM, "get", f"http://127.0.0.1:{port}/"], capture_output=True, check=False)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, body, b""))

    def test_methods_targets_headers_and_bodies_arrive(self):
        with Echo("http") as echo:
            for command, method in (("get", "GET"), ("post", "POST"), ("put", "PUT"), ("delete", "DELETE"),
                                    ("del", "DELETE")):
                done = run(command, f"{echo.url}/a/b?x=1&y=2", "--header", "X-One: 1", "--header=X-Two:2",
                           "--data", '{"n": [1, 2]}')
                self.assertEqual(done.returncode, 0, done.stderr)
                seen = json.loads(done.stdout)
                self.assertEqual((seen["method"], seen["path"], seen["query"]), (method, "/a/b", {"x": "1", "y": "2"}))
                self.assertEqual((seen["headers"]["X-One"], seen["headers"]["X-Two"]), ("1", "2"))
                self.assertEqual(seen["headers"]["Content-Type"], "application/json")
                self.assertEqual(seen["body"], {"n": [1, 2]})

    def test_data_comes_from_the_line_a_file_or_standard_input_and_is_sent_as_it_is(self):
        text = '{ "a" :\n 1.50 }'
        with origin(lambda h: h.reply(200)) as (port, seen):
            url = f"http://127.0.0.1:{port}/"
            for words, typed in ((["--data", text], None), (["--data", "@" + self.file("d", text)], None),
                                 (["--data", "-"], text)):
                self.assertEqual(run("post", url, *words, text=typed).returncode, 0)
                self.assertEqual(seen[-1][3], text.encode())

    def test_other_content_is_sent_under_its_own_type(self):
        with origin(lambda h: h.reply(200)) as (port, seen):
            done = run("post", f"http://127.0.0.1:{port}/", "--data", "a=b", "--header",
                       "Content-Type: application/x-www-form-urlencoded")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(seen[0][3], b"a=b")
            self.assertEqual(seen[0][2]["Content-Type"], "application/x-www-form-urlencoded")

    def test_include_prints_the_head_first(self):
        with origin(lambda h: h.reply(201, b"body", X_Own="v")) as (port, _):
            done = run("get", f"http://127.0.0.1:{port}/", "--include")
        head, _, body = done.stdout.partition("\n\n")
        self.assertEqual(body, "body")
        self.assertTrue(head.startswith("HTTP/1.1 201 Created\n"))
        self.assertIn("X-Own: v", head)

    def test_redirects_are_followed_unless_told_not_to(self):
        def answer(h):
            if h.path == "/old":
                h.reply(302, b"moved", Location="/new")
            else:
                h.reply(200, b"here")

        with origin(answer) as (port, seen):
            url = f"http://127.0.0.1:{port}/old"
            self.assertEqual(run("get", url).stdout, "here")
            self.assertEqual(run("get", url, "--location").stdout, "here")
            seen.clear()
            done = run("get", url, "--no-location")
            self.assertEqual((failure(done)["status"], done.stdout, len(seen)), (302, "moved", 1))

    def test_timings_are_one_line_of_json_with_every_phase(self):
        def slowly(h):
            time.sleep(0.05)
            h.reply(200, b"x")

        with origin(slowly) as (port, _):
            done = run("get", f"http://127.0.0.1:{port}/", "--timings")
        self.assertEqual((done.returncode, done.stdout), (0, "x"))
        times = json.loads(done.stderr)
        self.assertEqual(list(times), ["resolve", "connect", "tls", "first_byte", "total", "reused"])
        self.assertGreaterEqual(times["first_byte"], 50)
        self.assertGreaterEqual(times["total"], times["first_byte"])
        self.assertEqual((times["tls"], times["reused"]), (0, False))

    def test_a_unix_socket_stands_in_for_the_host(self):
        path = str(self.directory / "s")

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                head = []
                while (line := self.rfile.readline()) not in (b"\r\n", b""):
                    head.append(line)
                host = next(line for line in head if line.lower().startswith(b"host:"))
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(host) + host)

        with socketserver.UnixStreamServer(path, Handler) as server:
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            done = run("get", "http://api.internal/x", "--unix", path)
            thread.join()
        self.assertEqual((done.returncode, done.stdout), (0, "Host: api.internal\n"), done.stderr)
        self.assertEqual(failure(run("get", "http://h/", "--unix", path + "no"))["kind"], "connection_refused")


class Schemas(Case):
    def test_a_response_that_meets_its_schema_is_printed(self):
        schema = self.file("s", USER)
        with origin(lambda h: h.reply(200, {"email": "a@b.org"})) as (port, _):
            done = run("get", f"http://127.0.0.1:{port}/", "--schema", schema)
        self.assertEqual((done.returncode, done.stdout), (0, '{"email": "a@b.org"}'), done.stderr)

    def test_a_response_that_does_not_is_an_error_with_its_place_and_is_not_printed(self):
        schema = self.file("s", USER)
        for body, pointer, expected, actual in (({}, "/email", "string", "missing"), ({"email": 5}, "/email", None, "5"),
                                                ([], "", "object", "array"), (b"", "", "a JSON document", None),
                                                (b"{", "", "a JSON document", None)):
            with origin(lambda h, b=body: h.reply(200, b)) as (port, _):
                done = run("get", f"http://127.0.0.1:{port}/", "--schema", schema)
            e = failure(done)
            self.assertEqual((e["kind"], e["stage"], e["sent"]), ("serialization_error", "body", "answered"))
            self.assertIn("Response validation failed: ", e["message"])
            self.assertEqual(e["pointer"], pointer)
            if actual is not None:
                self.assertEqual(e["actual"], actual)
            if expected == "a JSON document":
                self.assertEqual(e["expected"], expected)
            self.assertEqual(done.stdout, "")

    def test_a_request_that_does_not_meet_its_schema_is_not_sent(self):
        schema = self.file("s", USER)
        with origin(lambda h: h.reply(200)) as (port, seen):
            url = f"http://127.0.0.1:{port}/"
            e = failure(run("post", url, "--request-schema", schema, "--data", '{"email":"x"}'))
            self.assertEqual((e["kind"], e["sent"], e["pointer"]), ("serialization_error", "not_sent", "/email"))
            self.assertEqual((e["expected"], e["actual"]), ("email address", '"x"'))
            self.assertIn("Request validation failed: ", e["message"])
            self.assertEqual(seen, [])
            self.assertEqual(run("post", url, "--request-schema", schema, "--data", '{"email":"a@b.c"}').returncode, 0)
            self.assertEqual(len(seen), 1)

    def test_schemas_that_are_wrong_are_told_with_every_place(self):
        schema = self.file("s.json", {"type": "strin", "properties": {"a": {"minimum": "1"}}})
        done = run("get", "http://127.0.0.1:1/", "--schema", schema)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("s.json at /type: unknown value", done.stderr)
        self.assertIn("s.json at /properties/a/minimum: wrong type; expected number", done.stderr)


class Errors(Case):
    def test_a_status_outside_2xx_is_an_error_and_its_body_is_printed(self):
        with origin(lambda h: h.reply(404, b'{"why":"gone"}')) as (port, _):
            url = f"http://127.0.0.1:{port}/x"
            done = run("get", url)
        self.assertEqual(done.stdout, '{"why":"gone"}')
        e = failure(done)
        message = e.pop("message")
        self.assertEqual(e, {"kind": "http_error", "stage": "body", "sent": "answered", "url": url, "status": 404,
                             "body": '{"why":"gone"}', "attempts": 1})
        self.assertIn("404", message)

    def test_each_way_to_fail_has_its_kind_and_stage(self):
        refused = f"http://127.0.0.1:{unused_port()}/"
        e = failure(run("get", refused))
        self.assertEqual((e["kind"], e["stage"], e["sent"], e["url"]),
                         ("connection_refused", "connect", "not_sent", refused))
        e = failure(run("get", "http://nosuch.invalid/"))
        self.assertEqual((e["kind"], e["stage"], e["host"]), ("dns_failure", "resolve", "nosuch.invalid"))
        e = failure(run("get", "http://h:99999/"), status=2)
        self.assertEqual((e["kind"], e["sent"]), ("invalid_url", "not_sent"))
        done = run("get", "localhost:8080/x", "--errors", "text")
        self.assertEqual((done.returncode, done.stderr),
                         (2, 'fairlead get: invalid_url: "localhost:8080/x": give a whole URL, with its scheme: '
                             "http://localhost:8080/path\n"))
        with peer(lambda c: c.recv(1000)) as address:
            e = failure(run("get", f"http://{address}/"))
            self.assertEqual((e["kind"], e["sent"]), ("connection_closed", "unknown"))
        with peer(lambda c: (c.recv(1000), c.sendall(b"220 smtp ready\r\n"))) as address:
            self.assertEqual(failure(run("get", f"http://{address}/"))["kind"], "protocol_error")

    def test_the_timeout_is_for_the_whole_call(self):
        def half(h):
            h.reply(200, b"part", Content_Length=100)
            time.sleep(2)

        with origin(half) as (port, _):
            begun = time.monotonic()
            e = failure(run("get", f"http://127.0.0.1:{port}/", "--timeout", "300"))
            self.assertEqual((e["kind"], e["limit_ms"], e["sent"]), ("timeout", 300, "answered"), e)
            self.assertLess(time.monotonic() - begun, 1.9)

    def test_retries_are_counted_and_stay_within_the_timeout(self):
        answers = iter([503, 503, 200])
        with origin(lambda h: h.reply(next(answers), b"ok")) as (port, seen):
            done = run("get", f"http://127.0.0.1:{port}/", "--retry", "5")
            self.assertEqual((done.returncode, done.stdout, len(seen)), (0, "ok", 3), done.stderr)
        with origin(lambda h: h.reply(503)) as (port, seen):
            e = failure(run("get", f"http://127.0.0.1:{port}/", "--retry", "3"))
            self.assertEqual((e["kind"], e["attempts"], len(seen)), ("http_error", 3, 3))
        with origin(lambda h: h.reply(503, Retry_After=30)) as (port, seen):
            e = failure(run("get", f"http://127.0.0.1:{port}/", "--retry", "3", "--timeout", "400"))
            self.assertEqual(len(seen), 1, e)
            self.assertEqual(e["retry_after_ms"], 30000)

    def test_what_is_not_idempotent_is_not_sent_twice(self):
        with peer(lambda c: c.recv(1000)) as address:
            e = failure(run("post", f"http://{address}/", "--data", "1", "--retry", "3"))
            self.assertEqual((e["attempts"], e["sent"]), (1, "unknown"))

    def test_a_policy_file_goes_around_the_call(self):
        policy = self.file("p", {"policies": [{"type": "retry", "max_attempts": 2, "jitter": "none",
                                               "backoff": {"kind": "constant", "delay_ms": 1}}]})
        with origin(lambda h: h.reply(500)) as (port, seen):
            e = failure(run("get", f"http://127.0.0.1:{port}/", "--policy", policy))
            self.assertEqual((e["attempts"], len(seen)), (2, 2))
        done = run("get", "http://h/", "--policy", self.file("q", {"policies": [{"type": "retri"}]}))
        self.assertEqual(done.returncode, 2)
        self.assertIn("retri", done.stderr)

    def test_errors_are_text_when_asked_for_or_on_a_terminal(self):
        url = f"http://127.0.0.1:{unused_port()}/"
        done = run("get", url, "--errors", "text")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, f"fairlead get: connection_refused: nobody listens at {url} [connect]\n")
        status, _, shown = on_terminal("get", url)
        self.assertEqual(status, 1)
        self.assertEqual(shown, "fairlead get: \x1b[31mconnection_refused\x1b[0m: "
                                f"nobody listens at {url} [connect]\r\n")
        _, _, shown = on_terminal("get", url, "--errors", "json")
        self.assertEqual(json.loads(shown)["kind"], "connection_refused")

    def test_an_interrupted_call_gives_130(self):
        waiting = threading.Event()
        with peer(lambda c: (c.recv(1000), waiting.set(), c.recv(1))) as address:
            process = subprocess.Popen([PROGRAM, "get", f"http://{address}/", "--timeout", "60000"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            waiting.wait(60)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(json.loads(err)["kind"], "cancelled")


class Usage(Case):
    def test_wrong_usage_gives_2_and_sends_nothing(self):
        for words in (["get"], ["get", "a", "b"], ["get", "http://h/", "--tiemout", "5"],
                      ["get", "http://h/", "--timeout", "soon"], ["post", "http://h/", "--data", "{"],
                      ["post", "http://h/", "--data", "@/nonexistent"], ["get", "http://h/", "--header", "x"],
                      ["get", "http://h/", "--errors", "xml"], ["git", "http://h/"], ["--halp"], []):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertTrue(done.stderr.startswith(("fairlead", "usage")), done.stderr)

    def test_the_nearest_name_is_offered(self):
        self.assertIn("did you mean --timeout?", run("get", "u", "--tiemout", "5").stderr)
        self.assertIn("did you mean probe?", run("prob").stderr)
        self.assertIn("did you mean --version?", run("--versoin").stderr)

    def test_help_goes_to_standard_output(self):
        for words in (["help"], ["--help"], ["help", "get"], ["get", "--help"], ["help", "echo"], ["help", "send"],
                      ["help", "probe"], ["help", "del"]):
            done = run(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ""), words)
            self.assertTrue(done.stdout.startswith("usage: fairlead "), words)
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100, words)
        self.assertTrue(run("--version").stdout.startswith("fairlead "))

    def test_what_cannot_be_written_is_an_error(self):
        with origin(lambda h: h.reply(200, b"x" * 100)) as (port, _), open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "get", f"http://127.0.0.1:{port}/"], stdout=full, stderr=subprocess.PIPE,
                                  text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write", done.stderr)


if __name__ == "__main__":
    unittest.main()
