#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""`fairlead top` beside a program that counts its calls."""

import itertools
import signal
import subprocess
import unittest

from program import PATIENCE, PROGRAM, failure, origin, run, unused_port

PAGE = """# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{{http_route="/items",le="0.1"}} {n}
http_server_request_duration_seconds_bucket{{http_route="/items",le="+Inf"}} {n}
http_server_request_duration_seconds_count{{http_route="/items"}} {n}
# TYPE resilience_breaker_state gauge
resilience_breaker_state{{policy="stock"}} 2
"""
TASKS = '{"tasks":3,"waits":[{"waits_for":"a reply","tasks":3,"latest":[]}]}'


def busy(tasks=TASKS):
    """A program that is called a thousand times between two looks."""
    calls = itertools.count(1000, 1000)

    def answer(handler):
        if handler.path == "/metrics":
            handler.reply(200, PAGE.format(n=next(calls)).encode())
        elif handler.path == "/debug/tasks" and tasks is not None:
            handler.reply(200, tasks.encode())
        else:
            handler.reply(404, b"no")
    return origin(answer)


class Top(unittest.TestCase):
    def test_once_tells_what_happened_between_two_looks(self):
        with busy() as (port, seen):
            done = run("top", f"http://localhost:{port}", "--once", "--interval", "20")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("http_server_request /items", done.stdout)
        self.assertIn(" 2000\n", done.stdout)
        self.assertIn("half open", done.stdout)
        self.assertIn("3 tasks wait for\n       3  a reply", done.stdout)
        self.assertEqual([path for _, path, _, _ in seen], ["/metrics", "/debug/tasks"] * 2)

    def test_tasks_may_be_missing_and_metrics_elsewhere(self):
        with busy(tasks=None) as (port, _):
            done = run("top", f"http://localhost:{port}/metrics", "--once", "--interval", "20")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("tasks", done.stdout)
            told = failure(run("top", f"http://localhost:{port}/elsewhere", "--once", "--errors", "json"))
            self.assertEqual((told["kind"], told["status"]), ("http_error", 404))

    def test_goes_on_until_it_is_interrupted(self):
        with busy() as (port, _):
            with subprocess.Popen([PROGRAM, "top", f"http://localhost:{port}", "--interval", "20"], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watching:
                pictures = 0
                for line in watching.stdout:
                    pictures += line.startswith("calls ")
                    if pictures == 3:
                        break
                watching.send_signal(signal.SIGINT)
                _, err = watching.communicate(timeout=PATIENCE)
        self.assertEqual((watching.returncode, err), (0, ""))

    def test_says_what_is_wrong(self):
        told = failure(run("top", f"http://localhost:{unused_port()}", "--errors", "json"))
        self.assertEqual(told["kind"], "connection_refused")
        with origin(lambda handler: handler.reply(200, b"<html>")) as (port, _):
            told = failure(run("top", f"http://localhost:{port}", "--once", "--errors", "json"))
        self.assertEqual(told["kind"], "serialization_error")
        self.assertIn('line 1 is no metric: "<html>"', told["message"])
        for words in ([], ["no url"], ["http://a", "http://b"], ["http://a", "--interval", "0"]):
            done = run("top", *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)


if __name__ == "__main__":
    unittest.main(verbosity=2)
