#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""docs/command-line.md shows what the command prints today.

    command_line_doc_test.py path/to/fairlead [--write]

Above a `console` block stands a comment that says how it is made:

    <!-- run -->                       each line that begins with "$ " is run in a shell; what it prints follows
    <!-- run with http=8080 -->        beside `fairlead echo --protocol http --listen 127.0.0.1:8080`; several may stand
    <!-- run with line=7000+fail-every=2 -->   with options for it
    <!-- run, numbers vary -->         numbers are not compared, as times and sizes of headers are not

Ports are replaced by free ones. A `json` block below `<!-- file NAME -->` is a file that the commands find. What a
command prints is its standard output, then its standard error. With `--write` the blocks are made again.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from program import PROGRAM, Echo, unused_port

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
RUN = re.compile(r"<!-- run(?P<vary>, numbers vary)?(?: with (?P<servers>[^>]*?))? -->\n```console\n(?P<text>.*?)```\n",
                 re.DOTALL)
FILE = re.compile(r"<!-- file (\S+) -->\n```\w+\n(.*?)```\n", re.DOTALL)


def commands_of(block):
    """(command, what it is said to print) for each command; commands may go on over lines that end in a backslash."""
    found = []
    for line in block.splitlines(keepends=True):
        if found and found[-1][0].endswith("\\\n"):
            found[-1][0] += line
        elif line.startswith("$ "):
            found.append([line[2:], ""])
        else:
            found[-1][1] += line
    return found


def run_block(match, directory):
    """The block as it should be."""
    servers, ports = [], {}
    try:
        for entry in (match["servers"] or "").split():
            name, _, rest = entry.partition("=")
            port, *options = rest.split("+")
            if name == "nobody":
                ports[port] = str(unused_port())
                continue
            words = [word for option in options for word in ("--" + option).split("=", 1)]
            servers.append(Echo(name, *words))
            ports[port] = servers[-1].address.rpartition(":")[2]
        made = ""
        for command, _ in commands_of(match["text"]):
            real = command
            for shown, port in ports.items():
                real = re.sub(rf":{shown}\b", f":{port}", real)
            done = subprocess.run(real, shell=True, cwd=directory, capture_output=True, text=True, check=False,
                                  stdin=subprocess.DEVNULL, timeout=60,
                                  env={**os.environ, "PATH": f"{pathlib.Path(PROGRAM).resolve().parent}:{os.environ['PATH']}"})
            printed = done.stdout + ("" if done.stdout.endswith("\n") or not done.stdout else "\n") + done.stderr
            for shown, port in ports.items():
                printed = re.sub(rf":{port}\b", f":{shown}", printed)
            made += "$ " + command + printed.replace("\r\n", "\n")
        return made
    finally:
        for server in servers:
            server.stop()


def comparable(text, vary):
    """What of a block is compared."""
    return re.sub(r" *\d+(\.\d+)?", " N", text) if vary else text


def main():
    writing = "--write" in sys.argv
    page = PAGE.read_text()
    problems = 0
    with tempfile.TemporaryDirectory() as directory:
        for name, text in FILE.findall(page):
            pathlib.Path(directory, name).write_text(text)
            json.loads(text)
        blocks = 0
        for match in list(RUN.finditer(page)):
            blocks += 1
            made = run_block(match, directory)
            if comparable(made, match["vary"]) == comparable(match["text"], match["vary"]):
                continue
            if writing:
                page = page.replace(match[0], match[0].replace(match["text"], made))
            else:
                problems += 1
                print(f"{PAGE.name} says\n{match['text']}\nand it is\n{made}")
    if writing:
        PAGE.write_text(page)
    print(f"command-line.md: {blocks} blocks, {problems} problems")
    sys.exit(1 if problems or not blocks else 0)


if __name__ == "__main__":
    main()
