#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Asks clang-format 19 whether it would change anything. Skipped where it is not installed."""

import shutil
import subprocess
import sys

import tree


def main():
    program = shutil.which("clang-format-19")
    if program is None:
        print("clang-format-19 is not installed: scripts/setup --ci")
        sys.exit(77)
    paths = tree.files(*tree.CODE_DIRECTORIES)
    run = subprocess.run([program, "--dry-run", "--Werror", "--ferror-limit=1", *map(str, paths)],
                         capture_output=True, text=True, check=False)
    problems = [line for line in run.stderr.splitlines() if " error: " in line]
    if run.returncode != 0 and not problems:
        problems = [run.stderr]
    if problems:
        problems.append("to repair: clang-format-19 -i FILE ...")
    tree.finish("formatting", problems, len(paths))


if __name__ == "__main__":
    main()
