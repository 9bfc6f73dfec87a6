#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Keeps what a user has to compile under a cap.

usage: compile_budget.py BUILD_DIRECTORY

Preprocesses tests/compile_budget/user.cpp, with the flags of the build, and counts the lines that
are left. Lines, because they are the same on every machine; the time is printed beside them.
"""

import os
import pathlib
import subprocess
import sys
import time

import headers
import tree

# Measured with g++ 12: 89,800, of which asio/awaitable.hpp alone brings more than half; plus a tenth.
# Raise it only with the reason in the commit.
MOST_LINES = 99_000


def main():
    os.chdir(sys.argv[1])
    command = headers.compiler_command(pathlib.Path("."))
    user = str(tree.ROOT / "tests" / "compile_budget" / "user.cpp")
    text = subprocess.run([*command, "-E", user], capture_output=True, text=True, check=True).stdout
    lines = sum(1 for line in text.splitlines() if line.strip() and not line.startswith("#"))
    started = time.monotonic()
    subprocess.run([*command, "-O2", "-c", user, "-o", os.devnull], check=True)
    took = time.monotonic() - started
    print(f"{lines} lines after preprocessing, {took:.2f} s to compile at -O2")
    problems = [f"more than {MOST_LINES} lines"] if lines > MOST_LINES else []
    if lines < 1000:
        problems.append("so few lines that something else was counted")
    tree.finish("compile budget", problems, 1)


if __name__ == "__main__":
    main()
