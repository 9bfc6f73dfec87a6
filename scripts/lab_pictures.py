#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Draws the pictures of docs/lab.md anew, and what the page shows of scenarios and their output.

    scripts/lab_pictures.py [--check] path/to/fairlead

Every docs/lab/NAME.json becomes docs/images/lab-NAME.svg. In docs/lab.md a block that follows
`<!-- lab/NAME.json -->` is that file, one that follows `<!-- lab/NAME.json --text -->` is what
`fairlead lab --text` prints. With `--check` nothing is written: what differs is reported, and the
exit status is 1.
"""

import pathlib
import re
import subprocess
import sys

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
BLOCK = re.compile(r"<!-- lab/([\w-]+\.json)( --text)? -->\n```(\w*)\n(.*?)```\n", re.DOTALL)


def lab(program, *words):
    """What `fairlead lab` prints."""
    done = subprocess.run([program, "lab", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"fairlead lab {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


def wanted(program):
    """Each file that this script makes, and its text."""
    files = {}
    for scenario in sorted((DOCS / "lab").glob("*.json")):
        files[DOCS / "images" / f"lab-{scenario.stem}.svg"] = lab(program, "--svg", "-", scenario)

    def block(found):
        name, text, language, _ = found.groups()
        scenario = DOCS / "lab" / name
        inside = lab(program, "--text", scenario) if text else scenario.read_text()
        return f"<!-- lab/{name}{text or ''} -->\n```{language}\n{inside}```\n"

    page = DOCS / "lab.md"
    files[page] = BLOCK.sub(block, page.read_text())
    return files


def main(words):
    check = "--check" in words
    programs = [w for w in words if w != "--check"]
    if len(programs) != 1:
        sys.exit(__doc__)
    stale = 0
    for path, text in wanted(programs[0]).items():
        if path.exists() and path.read_text() == text:
            continue
        stale += 1
        if check:
            print(f"{path} is not what scripts/lab_pictures.py makes")
        else:
            path.write_text(text)
            print(f"wrote {path}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
