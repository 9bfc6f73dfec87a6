#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Compares the traces of simulated stories between builds, byte for byte.

    compare_traces.py BUILD BUILD ...

Each BUILD is a build directory with tests/sim/trace-story. Prints where a trace first differs from
that of the first build, and ends with `passed failed`: one case per seed and further build.
"""

import pathlib
import subprocess
import sys

SEEDS = (1, 7, 42, 1001, 2**63)


def tell(build, seed):
    """The trace, or None when the program failed; then what it says is printed."""
    program = pathlib.Path(build) / "tests" / "sim" / "trace-story"
    run = subprocess.run([program, str(seed)], capture_output=True, check=False, timeout=300)
    if run.returncode != 0:
        print(f"{program} {seed}: ended with {run.returncode}")
        print(run.stderr.decode(errors="replace"))
        return None
    return run.stdout


def first_difference(one, other):
    """Line number and both lines, of the first line in which two different traces differ."""
    ours, theirs = one.split(b"\n"), other.split(b"\n")
    n = next((i for i, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]),
             min(len(ours), len(theirs)))
    return n + 1, ours[n:n + 1], theirs[n:n + 1]


def main():
    builds = sys.argv[1:]
    if len(builds) < 2:
        print(__doc__)
        sys.exit(2)
    passed = failed = 0
    for seed in SEEDS:
        expected = tell(builds[0], seed)
        for build in builds[1:]:
            got = tell(build, seed)
            if expected and got == expected:
                passed += 1
                continue
            failed += 1
            if expected and got is not None:
                line, ours, theirs = first_difference(expected, got)
                print(f"seed {seed}, line {line}:\n  {builds[0]}: {ours}\n  {build}: {theirs}")
    print(passed, failed)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
