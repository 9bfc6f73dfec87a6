#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Makes again what the documentation shows of scenarios, their pictures, and samples.

    scripts/refresh_docs.py [--check] path/to/fairlead

Every docs/lab/NAME.json becomes docs/images/lab-NAME.svg, and docs/lab/AREA/NAME.json becomes
docs/images/AREA/NAME.svg. In every page below docs/, what stands in the code block that follows one
of these comments is made again:

    <!-- lab/NAME.json -->            the scenario itself
    <!-- lab/NAME.json --text -->     what `fairlead lab --text` prints for it
    <!-- samples/NAME.cpp -->         the sample, without its includes and aliases
    <!-- samples/NAME.txt -->         what the sample prints; the suite `samples` compares it

A path may have folders; it is taken from docs/ for scenarios, and from the root for samples. With
`--check` nothing is written: what differs is reported, and so are comments that no code block
follows, pictures that nothing makes and pictures that a page shows but that are not there. The exit
status is 1 then.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
MARK = re.compile(r"<!-- ((?:lab|samples)/\S+?)( --text)? -->\n")
BLOCK = re.compile(MARK.pattern + r"```(\w*)\n(.*?)```\n", re.DOTALL)
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)#?]+)\)")


def lab(program, *words):
    """What `fairlead lab` prints."""
    done = subprocess.run([program, "lab", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"fairlead lab {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


def picture_of(scenario):
    """Where the picture of a scenario lies."""
    area = scenario.parent.relative_to(DOCS / "lab")
    name = f"lab-{scenario.stem}.svg" if area == pathlib.Path() else f"{scenario.stem}.svg"
    return DOCS / "images" / area / name


def core_of(sample):
    """What a sample does: all that follows its includes, using declarations and aliases."""
    lines = sample.splitlines()
    heading = ("#include", "using ", "namespace ")
    last = max(i for i, line in enumerate(lines) if line.startswith(heading) and not line.endswith("{"))
    return "\n".join(lines[last + 1:]).strip("\n") + "\n"


def inside(program, path, text):
    """What belongs into the block that a comment with `path` announces."""
    if path.startswith("lab/"):
        scenario = DOCS / path
        return lab(program, "--text", scenario) if text else scenario.read_text()
    source = (ROOT / path).read_text()
    return core_of(source) if path.endswith(".cpp") else source


def wanted(program):
    """Each file that this script makes, and its text."""
    files = {picture_of(s): lab(program, "--svg", "-", s) for s in sorted((DOCS / "lab").rglob("*.json"))}

    def block(found):
        path, text, language, _ = found.groups()
        mark = f"<!-- {path}{text or ''} -->"
        return f"{mark}\n```{language}\n{inside(program, path, text)}```\n"

    for page in sorted(DOCS.rglob("*.md")):
        files[page] = BLOCK.sub(block, page.read_text())
    return files


def loose_ends(files):
    """What no run of this script repairs."""
    problems = []
    shown = set()
    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text()
        if len(MARK.findall(text)) != len(BLOCK.findall(text)):
            problems.append(f"{page}: a comment that announces a code block is not followed by one")
        for link in IMAGE.findall(text):
            image = (page.parent / link).resolve()
            shown.add(image)
            if not image.exists() and image not in files:
                problems.append(f"{page}: there is no {link}")
    for image in sorted((DOCS / "images").rglob("*.svg")):
        if image not in shown:
            problems.append(f"{image} is on no page")
    return problems


def main(words):
    check = "--check" in words
    programs = [w for w in words if w != "--check"]
    if "--help" in words or "-h" in words:
        print(__doc__)
        return 0
    if len(programs) != 1:
        sys.exit(__doc__)
    stale = 0
    files = wanted(programs[0])
    for path, text in files.items():
        if path.exists() and path.read_text() == text:
            continue
        stale += 1
        if check:
            print(f"{path} is not what scripts/refresh_docs.py makes")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {path}")
    problems = loose_ends(files)
    for problem in problems:
        print(problem)
    return 1 if problems or (check and stale) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
