#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What stays open: `fairlead ws`, and `fairlead echo` for WebSockets, server-sent events and datagrams."""

import base64
import hashlib
import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import time
import unittest

from program import PATIENCE, PROGRAM, Echo, failure, peer, run, unused_port

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(opcode, data, mask=b"\x01\x02\x03\x04"):
    """A final client's frame of at most 125 bytes."""
    masked = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
    return bytes([0x80 | opcode, 0x80 | len(data)]) + mask + masked


def read_frame(reader):
    first, second = reader.read(2)
    size = second & 0x7F
    if size == 126:
        size = struct.unpack(">H", reader.read(2))[0]
    return first & 0x0F, reader.read(size)


def upgraded(echo):
    """A WebSocket by hand: the connection and its reader."""
    connection = echo.connect()
    key = base64.b64encode(os.urandom(16))
    connection.sendall(b"GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n")
    reader = connection.makefile("rb")
    head = []
    while (line := reader.readline().strip()):
        head.append(line)
    assert head[0].startswith(b"HTTP/1.1 101"), head
    accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
    assert any(accept in line for line in head), head
    return connection, reader


class WebSockets(unittest.TestCase):
    def test_lines_go_in_and_messages_come_out(self):
        lines = "one\ntwo \u00e9\n\n" + "x" * 100_000 + "\nlast"
        with Echo("ws") as echo:
            for more in ([], ["--binary"], ["--ping", "1000"]):
                done = run("ws", f"ws://{echo.address}/any", *more, text=lines)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, lines + "\n", ""))

    def test_answers_come_while_the_input_is_open(self):
        with Echo("ws") as echo:
            process = subprocess.Popen([PROGRAM, "ws", f"http://{echo.address}/"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for word in ("a", "b"):
                process.stdin.write(word + "\n")
                process.stdin.flush()
                self.assertEqual(process.stdout.readline(), word + "\n")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
            self.assertEqual((process.returncode, out), (130, ""))
            self.assertEqual(json.loads(err)["kind"], "cancelled")

    def test_how_the_peer_closed_is_told(self):
        with Echo("ws", "--fail-every", "2") as echo:
            done = run("ws", f"ws://{echo.address}/", text="a\nb\nc\n")
            e = failure(done)
            self.assertEqual(done.stdout, "a\n")
            self.assertEqual(e["kind"], "application")
            self.assertIn("1011: request 2 was told to fail", e["message"])

    def test_a_server_that_stops_says_goodbye(self):
        with Echo("ws") as echo:
            process = subprocess.Popen([PROGRAM, "ws", f"ws://{echo.address}/"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            process.stdin.write("a\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), "a\n")
            self.assertEqual(echo.stop()[0], 0)
            self.assertEqual(process.wait(PATIENCE), 0)
            process.communicate()

    def test_servers_that_are_none_are_told_apart(self):
        with Echo("http") as echo:
            self.assertEqual(failure(run("ws", f"ws://{echo.address}/"))["kind"], "http_error")
        e = failure(run("ws", f"ws://127.0.0.1:{unused_port()}/"))
        self.assertEqual((e["kind"], e["sent"]), ("connection_refused", "not_sent"))
        with peer(lambda c: c.recv(1000) and time.sleep(2)) as address:
            e = failure(run("ws", f"ws://{address}/", "--timeout", "100"))
            self.assertEqual((e["kind"], e["limit_ms"]), ("timeout", 100))

    def test_any_client_is_answered_in_kind(self):
        with Echo("ws", "--max-frame", "100", "--idle-timeout", "60000") as echo:
            connection, reader = upgraded(echo)
            connection.sendall(frame(1, "t\u00e9xt".encode()) + frame(2, b"\x00\xff") + frame(9, b"p"))
            got = [read_frame(reader) for _ in range(3)]
            self.assertEqual(sorted(got), [(1, "t\u00e9xt".encode()), (2, b"\x00\xff"), (10, b"p")])
            connection.sendall(frame(8, struct.pack(">H", 1000)))
            self.assertEqual(read_frame(reader), (8, struct.pack(">H", 1000)))
            reader.close()
            connection.close()
            connection, reader = upgraded(echo)
            connection.sendall(frame(1, b"x" * 101))
            self.assertEqual(read_frame(reader)[1][:2], struct.pack(">H", 1009))
            reader.close()
            connection.close()

    def test_idle_connections_are_closed(self):
        with Echo("ws", "--idle-timeout", "100") as echo:
            connection, reader = upgraded(echo)
            opcode, data = read_frame(reader)
            self.assertEqual((opcode, data[:2]), (8, struct.pack(">H", 1001)))
            reader.close()
            connection.close()


def events(echo, path, body=None, **headers):
    """The events of one response: id and data of each, and whether it ended in order."""
    host, _, port = echo.address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
    connection.request("POST" if body else "GET", path, body=body,
                       headers={k.replace("_", "-"): v for k, v in headers.items()})
    response = connection.getresponse()
    assert response.headers["Content-Type"].startswith("text/event-stream"), response.headers
    text = ""
    try:
        text = response.read().decode()
        whole = True
    except http.client.IncompleteRead as cut:
        text = cut.partial.decode()
        whole = False
    connection.close()
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in fields:
            found.append((fields.get("id"), fields["data"]))
    return found, whole


class Events(unittest.TestCase):
    def test_what_is_asked_for_comes_as_events(self):
        with Echo("sse") as echo:
            self.assertEqual(events(echo, "/?data=a&data=b%20c&other=x"), ([("1", "a"), ("2", "b c")], True))
            self.assertEqual(events(echo, "/x", b"one\r\ntwo"), ([("1", "one"), ("2", "two")], True))

    def test_clients_that_come_again_get_the_rest(self):
        with Echo("sse", "--fail-every", "3") as echo:
            first, whole = events(echo, "/?data=a&data=b&data=c&data=d")
            self.assertEqual((first, whole), ([("1", "a"), ("2", "b")], False))
            rest, whole = events(echo, "/?data=a&data=b&data=c&data=d", Last_Event_ID=first[-1][0])
            self.assertEqual((rest, whole), ([("3", "c"), ("4", "d")], True))

    def test_without_anything_to_send_it_counts_until_it_is_stopped(self):
        with Echo("sse") as echo, echo.connect() as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            got = b""
            while b"data: 2" not in got:
                got += connection.recv(1000)
            self.assertIn(b"data: 1", got)


class Datagrams(unittest.TestCase):
    def ask(self, echo, *sent):
        host, _, port = echo.address.rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.5)
            answers = []
            for data in sent:
                s.sendto(data, (host, int(port)))
                try:
                    answers.append(s.recv(65536))
                except socket.timeout:
                    answers.append(None)
            return answers

    def test_come_back(self):
        with Echo("udp") as echo:
            sent = [b"a", b"", b"\x00\xff" * 500]
            self.assertEqual(self.ask(echo, *sent), sent)

    def test_that_are_too_large_or_told_to_fail_are_lost(self):
        with Echo("udp", "--max-frame", "3", "--fail-every", "3") as echo:
            self.assertEqual(self.ask(echo, b"1234", b"a", b"b", b"c", b"d"), [None, b"a", b"b", None, b"d"])

    def test_answers_in_progress_are_given_before_it_stops(self):
        with Echo("udp", "--delay", "400") as echo, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            host, _, port = echo.address.rpartition(":")
            s.settimeout(PATIENCE)
            s.sendto(b"x", (host, int(port)))
            time.sleep(0.1)
            self.assertEqual(echo.stop()[0], 0)
            self.assertEqual(s.recv(10), b"x")


if __name__ == "__main__":
    unittest.main()
