#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Compares what a sample prints with the file that keeps it.

    samples/policies/prints.py [--keep] path/to/sample path/to/sample.txt

With `--keep` the file is written instead.
"""

import difflib
import pathlib
import subprocess
import sys


def main(words):
    keep = "--keep" in words
    paths = [w for w in words if w != "--keep"]
    if len(paths) != 2:
        sys.exit(__doc__)
    program, kept = paths[0], pathlib.Path(paths[1])
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{program} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    if keep:
        kept.write_text(done.stdout)
        return 0
    expected = kept.read_text() if kept.exists() else ""
    differences = list(difflib.unified_diff(expected.splitlines(keepends=True),
                                            done.stdout.splitlines(keepends=True),
                                            str(kept), "what it prints"))
    sys.stdout.writelines(differences)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
