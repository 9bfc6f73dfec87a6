#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What texts point at is there: files and headings that they link to, and public headers that they name.

`--self-test` proves each rule with a text that breaks it.
"""

import re
import sys

import tree

CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
HEADER = re.compile(r"\bfairlead/\w+/\w+\.hpp\b")


def blanked(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def anchors(text):
    """The names under which a page's headings can be linked to, as GitHub makes them."""
    found = {}
    for title in HEADING.findall(CODE.sub(blanked, text)):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        name = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        before = found.get(name, 0)
        found[name] = before + 1
        if before:
            found[f"{name}-{before}"] = 1
    return found


def check(path, text, read):
    """The problems of one text; `read(path)` gives another file's text, "" for a directory, None for nothing."""
    problems = []
    prose = SPAN.sub(blanked, CODE.sub(blanked, text))
    for match in LINK.finditer(prose):
        target = match.group(1)
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name) if name else path
        other = text if not name else read(there)
        where = f"{path}:{tree.line_of(text, match.start())}"
        if other is None:
            problems.append(f"{where}: links to {target}, which is not there")
        elif anchor and there.suffix == ".md" and anchor not in anchors(other):
            problems.append(f"{where}: links to {target}, but there is no such heading")
    for match in HEADER.finditer(text):
        if read(tree.ROOT / "include" / match.group(0)) is None:
            problems.append(f"{path}:{tree.line_of(text, match.start())}: names {match.group(0)}, which is not there")
    return problems


def read_file(path):
    if path.is_dir():
        return ""
    return path.read_text(errors="replace") if path.is_file() else None


def self_test():
    page = tree.ROOT / "docs" / "page.md"
    others = {tree.ROOT / "docs" / "other.md": "# A title\n## `run(f)`, and more\n## A title\n```\n# not a title\n```\n",
              tree.ROOT / "include" / "fairlead/core/run.hpp": ""}
    cases = [
        ("[x](other.md) [y](other.md#a-title) [z](https://example.org/#no) [own](#here)\n# Here\n", None),
        ("[x](other.md#runf-and-more) [y](other.md#a-title-1)\n", None),
        ("[x](nowhere.md)\n", "which is not there"),
        ("[x](other.md#another-title)\n", "no such heading"),
        ("[x](other.md#not-a-title)\n", "no such heading"),
        ("[x](#nowhere)\n", "no such heading"),
        ("`[](const auto&)` and\n```cpp\n[x](nowhere.md)\n```\n", None),
        ("`fairlead/core/run.hpp`\n", None),
        ("```cpp\n#include <fairlead/core/walk.hpp>\n```\n", "which is not there"),
    ]
    problems = []
    for text, expected in cases:
        found = check(page, text, others.get)
        if not (not found if expected is None else len(found) == 1 and expected in found[0]):
            problems.append(f"self-test: {text!r}: expected {expected}, got {found}")
    tree.finish("documents, self-test", problems, len(cases))


def main():
    if "--self-test" in sys.argv:
        self_test()
    paths = sorted(tree.ROOT.glob("*.md")) + tree.files("docs", "samples", "tests", "tools", suffixes={".md"})
    problems = []
    for path in paths:
        problems += [p.removeprefix(f"{tree.ROOT}/") for p in check(path, path.read_text(), read_file)]
    tree.finish("documents", problems, len(paths))


if __name__ == "__main__":
    main()
