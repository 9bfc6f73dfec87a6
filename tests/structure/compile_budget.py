#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Keeps what a user has to compile under a cap.

usage: compile_budget.py BUILD_DIRECTORY

Compiles tests/compile_budget/user.cpp at -O2, with the other flags of the build. Two things have a cap:
the lines that are left after preprocessing, which are the same on every machine, and the memory that
g++ 12 needs, which grows with everything that is instantiated and optimized, and hardly differs from
run to run. The time is printed beside them.
"""

import os
import pathlib
import resource
import subprocess
import sys
import time

import headers
import tree

# Measured with g++ 12, plus a bit: 87,067 lines, of which asio/awaitable.hpp alone brings more than
# half; 257 MB, of which 174 are for the headers of Asio, the standard library, Boost.Describe and
# tl::expected. Raise them only with the reason in the commit.
MOST_LINES = 90_000
MOST_MEGABYTES = 262


def knows_memory(command):
    """True for the compiler and the kind of build that the cap was measured with."""
    if any("sanitize" in word or "coverage" in word for word in command):
        return False
    version = subprocess.run([command[0], "--version"], capture_output=True, text=True, check=True).stdout
    major = subprocess.run([command[0], "-dumpversion"], capture_output=True, text=True, check=True).stdout
    return "Free Software Foundation" in version and major.split(".")[0].strip() == "12"


def main():
    os.chdir(sys.argv[1])
    command = headers.compiler_command(pathlib.Path("."))
    user = str(tree.ROOT / "tests" / "compile_budget" / "user.cpp")
    text = subprocess.run([*command, "-E", user], capture_output=True, text=True, check=True).stdout
    lines = sum(1 for line in text.splitlines() if line.strip() and not line.startswith("#"))
    started = time.monotonic()
    subprocess.run([*command, "-O2", "-g0", "-c", user, "-o", os.devnull], check=True)
    took = time.monotonic() - started
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{lines} lines after preprocessing, {took:.2f} s and {megabytes:.0f} MB to compile at -O2")
    problems = [f"more than {MOST_LINES} lines"] if lines > MOST_LINES else []
    if megabytes > MOST_MEGABYTES and knows_memory(command):
        problems.append(f"more than {MOST_MEGABYTES} MB")
    if lines < 1000:
        problems.append("so few lines that something else was counted")
    tree.finish("compile budget", problems, 1)


if __name__ == "__main__":
    main()
