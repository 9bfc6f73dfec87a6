# SPDX-License-Identifier: BSL-1.0
"""What the tests of the command have in common: running it, servers for it, and things in the way."""

import contextlib
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

PROGRAM = sys.argv.pop(1)
# Nothing here takes long, but sanitizers and busy machines do.
PATIENCE = 60


def run(*words, text=None, timeout=PATIENCE, env=None):
    """Runs the command to its end; standard input is empty unless given, `env` adds to the environment."""
    return subprocess.run([PROGRAM, *words], input="" if text is None else text, capture_output=True, text=True,
                          check=False, timeout=timeout, env={**os.environ, **(env or {})})


def failure(done, status=1):
    """The one line of JSON that a failed call prints."""
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return json.loads(lines[0])


class Echo:
    """`fairlead echo` for the length of a `with`; it must stop in order."""

    def __init__(self, protocol, *options):
        self.process = subprocess.Popen([PROGRAM, "echo", "--protocol", protocol, *options], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line + self.process.stderr.read()
        self.address = line.removeprefix("listening on ").strip()

    @property
    def url(self):
        return f"http://{self.address}"

    def connect(self):
        host, _, port = self.address.rpartition(":")
        connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
        return connection

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            status, _, err = self.stop()
            assert status == 0, (status, err)
        self.process.stdout.close()
        self.process.stderr.close()


@contextlib.contextmanager
def origin(answer, context=None):
    """An HTTP server: `answer(handler)` serves each request. Gives its port and the list of requests seen."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self):
            length = int(self.headers.get("Content-Length", 0))
            self.received = self.rfile.read(length)
            seen.append((self.command, self.path, dict(self.headers), self.received))
            answer(self)

        do_GET = do_POST = do_PUT = do_DELETE = handle_one

        def reply(self, status, body=b"", **headers):
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), str(value))
            if "Content_Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass  # clients that go away are part of the tests

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1], seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def peer(serve):
    """A socket server of one's own: `serve(connection)` in a thread for each connection. Gives the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return

            def one(c=connection):
                with c, contextlib.suppress(OSError):
                    serve(c)

            threads.append(threading.Thread(target=one, daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield "127.0.0.1:%d" % listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()


def unused_port():
    """A port on which nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def read_all(connection):
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def on_terminal(*words, timeout=PATIENCE, which="stderr", no_color=""):
    """Runs the command with one output on a terminal: exit status, the other output, what the terminal got."""
    ours, theirs = os.openpty()
    outputs = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, which: theirs}
    process = subprocess.Popen([PROGRAM, *words], stdin=subprocess.DEVNULL, **outputs,
                               env={**os.environ, "TERM": "xterm", "NO_COLOR": no_color})
    os.close(theirs)
    shown = []

    def watch():
        with contextlib.suppress(OSError):  # the end of a terminal is an error on Linux
            while piece := os.read(ours, 4096):
                shown.append(piece)

    watching = threading.Thread(target=watch)
    watching.start()
    out, err = process.communicate(timeout=timeout)
    watching.join()
    os.close(ours)
    return process.returncode, out if which == "stderr" else err, b"".join(shown).decode()
