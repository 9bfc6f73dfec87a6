# SPDX-License-Identifier: BSL-1.0
"""What the interoperability tests share: programs to start and to stop, and a TAP line per case.

A script registers its cases with `@case` and ends with `run(make)`, where `make()` is a context
manager that gives what every case is called with. A case fails by an exception; `Skip` skips it.
"""
import contextlib
import functools
import http.client
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
HERE = pathlib.Path(__file__).resolve().parent
cases = []


class Skip(Exception):
    """The program that the case is about is not there."""


def case(f):
    cases.append(f)
    return f


@functools.lru_cache(None)
def find(program):
    """Where it is, or nothing; leaves its version in the log."""
    found = shutil.which(program, path=PATH)
    if found:
        flag = "-v" if program in ("nginx", "haproxy") else "--version"
        said = subprocess.run([found, flag], capture_output=True, text=True, timeout=20)
        tap.explain(f"{program}: {(said.stdout + said.stderr).splitlines()[0]}")
    return found


def need(program):
    found = find(program)
    if not found:
        raise Skip(f"{program} is not installed: nothing was tested (scripts/setup --ci)")
    return found


def same(got, expected, what="got"):
    if got != expected:
        raise AssertionError(f"{what}: {got!r}, expected {expected!r}")


def has(text, part):
    if part not in text:
        raise AssertionError(f"no {part!r} in {text[:4000]!r}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, limit=15):
    until = time.monotonic() + limit
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def eventually(check, limit=5):
    """Until `check()` is true; it may well be so at once."""
    until = time.monotonic() + limit
    while not check():
        if time.monotonic() > until:
            raise AssertionError(f"{check.__name__} did not come true within {limit} s")
        time.sleep(0.02)


class Program:
    """A program that runs, with what it has said so far in `said` (both outputs)."""

    def __init__(self, *arguments, env=None, cwd=None):
        self.said = []
        self.lines = queue.Queue()
        self.process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        errors="replace", env=env, cwd=cwd)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            self.lines.put(self.said[-1])
        self.lines.put(None)

    def wait_for(self, word, limit=30):
        """The lines up to and with the one that begins with `word`, as {first word: second}."""
        found = {}
        while True:
            line = self.lines.get(timeout=limit)
            if line is None:
                raise AssertionError(f"it ended early: {self.said}")
            first, _, rest = line.partition(" ")
            found[first] = rest
            if first == word:
                return found

    def stop(self, limit=20):
        """Its exit status after SIGTERM, or whenever it ended before."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.end(limit)

    def end(self, limit=20):
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "killed: it did not end"


class Server(Program):
    """Our server, on files in a scratch directory."""

    def __init__(self, program, *arguments):
        self.scratch = tempfile.TemporaryDirectory(prefix="fairlead-interop-")
        self.dir = pathlib.Path(self.scratch.name)
        self.dir.chmod(0o755)
        self.files = self.dir / "files"
        self.files.mkdir()
        self.unix = self.dir / "socket"
        super().__init__(program, self.files, "--tls", self.dir, "--unix", self.unix, *arguments)
        ports = self.wait_for("ready")
        self.port, self.tls_port = int(ports["http"]), int(ports["https"])
        self.url = f"http://127.0.0.1:{self.port}"
        self.tls_url = f"https://localhost:{self.tls_port}"
        self.ca = self.dir / "ca.pem"

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, path, body)
            return connection.getresponse().read()

    def stats(self):
        return json.loads(self.ask("GET", "/stats"))

    @contextlib.contextmanager
    def connections(self, most):
        """What happens inside must not take more new connections than that."""
        before = self.stats()["accepted"]
        yield
        taken = self.stats()["accepted"] - before - 1
        if taken > most:
            raise AssertionError(f"{taken} connections, expected at most {most}")


@contextlib.contextmanager
def our_server(program):
    """Our server; that it ends well, without a word from a sanitizer, is part of the test."""
    server = Server(program)
    try:
        yield server
    finally:
        status = server.stop()
        server.scratch.cleanup()
    same((status in (0, 130), [line for line in server.said if "ERROR" in line or "WARNING" in line]),
         (True, []), f"our server ended with {status} and {server.said[-30:]}")


def call(*arguments, data=b"", limit=30, env=None):
    """Runs a program to its end: (status, output, errors)."""
    done = subprocess.run([str(a) for a in arguments], input=data, capture_output=True,
                          timeout=limit, env=env)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


class Tap:
    def __init__(self):
        self.number = 0

    def line(self, good, name, extra=""):
        self.number += 1
        print(f"{'ok' if good else 'not ok'} {self.number} - {name.replace('#', '')}{extra}", flush=True)

    def explain(self, text):
        for line in text.rstrip().splitlines():
            print("#", line, flush=True)


tap = Tap()


def relay(program, *arguments, env=None, limit=60):
    """Runs a program that tests by itself and prints "ok NAME", "not ok NAME: WHY", lines."""
    status, out, errors = call(program, *arguments, env=env, limit=limit)
    found = 0
    for line in out.splitlines():
        matched = re.match(r"(not ok|ok) (.*)", line)
        if matched:
            found += 1
            name, _, why = matched.group(2).partition(": ")
            tap.line(matched.group(1) == "ok", name)
            tap.explain(why)
    if status != 0 or not found:
        raise AssertionError(f"exit status {status}\n{out[-4000:]}\n{errors[-4000:]}")


def run(make):
    only = sys.argv[2:]
    with contextlib.ExitStack() as stack:
        try:
            given = stack.enter_context(make())
        except Skip as why:
            print(f"1..0 # SKIP {why}")
            return
        for f in cases:
            name = f.__name__.replace("_", " ")
            if only and not any(part in name for part in only):
                continue
            started = time.monotonic()
            try:
                f(given)
                tap.line(True, name)
                print(f"# {time.monotonic() - started:.2f} s")
            except Skip as why:
                tap.line(True, name, f" # SKIP {why}")
            except Exception:  # whatever it was: the case failed, the others go on
                tap.line(False, name)
                tap.explain(traceback.format_exc())
        try:
            stack.close()
            tap.line(True, "our side ended in order")
        except Exception:
            tap.line(False, "our side ended in order")
            tap.explain(traceback.format_exc())
    print(f"1..{tap.number}")
