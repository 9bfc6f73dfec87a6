#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Runs the sample beside a NATS server, where there is one, and looks at what it prints.

    run.py path/to/swap_transport
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

WAYS = ["in process", "the broker in this process", "lines of JSON, Unix socket", "lines of JSON, TCP", "HTTP"]


def with_nats(work):
    """`work(url)` beside a server on a port that it has chosen itself."""
    with tempfile.TemporaryDirectory() as directory:
        server = subprocess.Popen(["nats-server", "--addr", "127.0.0.1", "--port", "-1", "--ports_file_dir", directory],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            until = time.monotonic() + 60
            while not (found := list(pathlib.Path(directory).glob("*.ports"))) or not found[0].read_text():
                assert server.poll() is None and time.monotonic() < until, server.stderr.read()
                time.sleep(0.02)
            return work(re.search(r"nats://[0-9.:]+", found[0].read_text())[0])
        finally:
            server.terminate()
            server.communicate(timeout=60)


def run(*words):
    done = subprocess.run([sys.argv[1], *words], capture_output=True, text=True, timeout=100, check=False)
    print(done.stdout + done.stderr)
    assert done.returncode == 0, done.returncode
    return done.stdout


def main():
    ways = list(WAYS)
    if shutil.which("nats-server"):
        ways.append("NATS")
        printed = with_nats(run)
    else:
        print("NOT TESTED: NATS, for there is no nats-server here", file=sys.stderr)
        printed = run()
    rows = [re.fullmatch(r"(.{34}) (.{28}) +([0-9.]+) +([0-9.]+)", line) for line in printed.splitlines()[1:]]
    said = {row[1].strip(): row[2].strip() for row in rows if row}
    assert [way for way in said if way in ways] == ways, said
    assert {said[way] for way in ways} == {"3299, unknown_item"}, said
    assert all(float(row[3]) > 0 for row in rows if row), printed


main()
