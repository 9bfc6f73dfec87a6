#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Stacks that can never do what they say do not compile, and the compiler says why.

usage: refused_stacks.py SOURCE COMPILER [ARGUMENT ...]
"""

import concurrent.futures
import re
import subprocess
import sys


def main():
    source, compiler = sys.argv[1], sys.argv[2:]
    with open(source, encoding="utf-8") as file:
        cases = re.findall(r"CASE == (\d+)  // (.*)", file.read())

    def check(case):
        number, expected = case
        run = subprocess.run(
            [*compiler, "-std=c++20", "-fsyntax-only", f"-DCASE={number}", source],
            capture_output=True, text=True, check=False)
        if expected == "compiles":
            return "" if run.returncode == 0 else f"case {number} should compile:\n{run.stderr}"
        if run.returncode == 0:
            return f"case {number} compiles, but should not: {expected}"
        if expected not in run.stderr:
            return f"case {number} does not say `{expected}`:\n{run.stderr[:3000]}"
        return ""

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        problems = [p for p in pool.map(check, cases) if p]
    print("\n".join(problems) or f"{len(cases)} cases")
    sys.exit(1 if problems or len(cases) < 2 else 0)


main()
