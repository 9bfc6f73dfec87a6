#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Compiles every public header alone, and looks at what it drags in.

usage: headers.py [--self-test] BUILD_DIRECTORY

One translation unit per header is generated in BUILD_DIRECTORY/self-contained and compiled with the
flags of the build, without making an object. The dependencies the compiler reports say what is
reachable: no socket, timer, TLS or HTTP library may be. A header is compiled again only when
something it includes has changed.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import tree

# What a user of fairlead must not be made to compile.
UNREACHABLE = re.compile(
    r"/(boost/beast|openssl|boost/asio/ssl|boost/asio/ip|boost/asio/local|boost/asio/generic|boost/asio/posix"
    r"|boost/asio/experimental)/"
    r"|/zlib\.h$"
    r"|/boost/asio/(io_context|steady_timer|basic_waitable_timer|deadline_timer|signal_set|co_spawn"
    r"|basic_socket|basic_stream_socket|basic_datagram_socket|basic_socket_acceptor|basic_signal_set)\.hpp$")


def compiler_command(build):
    """The command by which the build compiles a library file, without its input and outputs."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if entry["file"].endswith("lib/core/error.cpp"):
            break
    else:
        raise SystemExit("compile_commands.json knows no lib/core/error.cpp")
    words = shlex.split(entry["command"])
    command, skip = [], False
    for word in words:
        if skip or word == entry["file"] or word in ("-c", "-MD", "-MMD", "ccache", "-fdiagnostics-color=always",
                                                         "-fcolor-diagnostics"):
            skip = False
        elif word in ("-o", "-MF", "-MQ"):
            skip = True
        else:
            command.append(word)
    return command


class Unit:
    """One header in one generated translation unit."""

    def __init__(self, build, header, include_root):
        name = header.relative_to(include_root).as_posix()
        self.name = name
        self.source = build / "self-contained" / (name.replace("/", "-") + ".cpp")
        self.depfile = self.source.with_suffix(".d")
        self.text = f"#include <{name}>\n#include <{name}>  // again: it must not mind\n"

    def dependencies(self):
        if not self.depfile.exists():
            return []
        words = self.depfile.read_text().replace("\\\n", " ").split()
        return [w for w in words[1:] if w]

    def up_to_date(self):
        if not self.depfile.exists() or self.source.read_text() != self.text:
            return False
        made = self.depfile.stat().st_mtime
        # Headers of the system count too: they change with the next upgrade.
        return all(os.path.exists(d) and os.path.getmtime(d) < made for d in self.dependencies()[1:])

    def compile(self, command):
        """The problems found."""
        if not self.up_to_date():
            self.source.parent.mkdir(parents=True, exist_ok=True)
            self.source.write_text(self.text)
            self.depfile.unlink(missing_ok=True)
            run = subprocess.run(
                [*command, "-fsyntax-only", "-MD", "-MF", str(self.depfile), "-MT", "x", str(self.source)],
                capture_output=True, text=True, check=False)
            if run.returncode != 0:
                self.depfile.unlink(missing_ok=True)
                return [f"{self.name}: does not compile alone:\n{run.stderr[:3000]}"]
        reached = sorted(d for d in self.dependencies() if UNREACHABLE.search(os.path.normpath(d)))
        return [f"{self.name}: reaches {d}" for d in reached[:3]]


def check(build, headers, include_root, command):
    units = [Unit(build, h, include_root) for h in headers]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [p for found in pool.map(lambda u: u.compile(command), units) for p in found]


def self_test(build, command):
    root = build / "self-contained" / "bad"
    cases = [("good.hpp", "#include <vector>\ninline std::vector<int> x;\n", None),
             ("needs_vector.hpp", "#include <cstddef>\ninline std::vector<int> x;\n", "does not compile alone"),
             ("twice.hpp", "struct twice {};\n", "does not compile alone"),
             ("timer.hpp", "#include <boost/asio/steady_timer.hpp>\n", "steady_timer.hpp"),
             ("socket.hpp", "#include <boost/asio/ip/tcp.hpp>\n", "basic_stream_socket.hpp")]
    problems = []
    root.mkdir(parents=True, exist_ok=True)
    for name, text, expected in cases:
        header = root / name
        text = text if name == "twice.hpp" else "#pragma once\n" + text
        if not header.exists() or header.read_text() != text:
            header.write_text(text)
        found = check(build, [header], root, [*command, f"-I{root}"])
        if not (not found if expected is None else any(expected in f for f in found)):
            problems.append(f"self-test: {name}: expected {expected}, got {found}")
    tree.finish("headers, self-test", problems, len(cases))


def main():
    build = pathlib.Path(sys.argv[-1]).resolve()
    os.chdir(build)  # the compiler's paths are relative to it
    command = compiler_command(build)
    if "--self-test" in sys.argv:
        self_test(build, command)
    headers = tree.public_headers()
    tree.finish("headers", check(build, headers, tree.ROOT / "include", command), len(headers))


if __name__ == "__main__":
    main()
