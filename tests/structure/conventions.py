#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""How files look: licence and purpose on top, no file too long, no file that is not built.

`--self-test` proves each rule with a file that breaks it.
"""

import re
import sys

import tree

LONGEST = 600
LICENCE = "SPDX-License-Identifier: BSL-1.0"
# Built through a script or a wildcard of their own, or part of a project that stands alone.
NOT_LISTED = ("tests/subproject/", "tests/compile_budget/")


def check_text(path, text):
    """The problems of one file's text."""
    problems = []
    lines = text.splitlines()
    if not any(LICENCE in line for line in lines[:2]):
        problems.append(f"{path}:1: does not begin with `{LICENCE}`")
    if len(lines) > LONGEST:
        problems.append(f"{path}:{LONGEST}: {len(lines)} lines; the most is {LONGEST}")
    if path.startswith(("include/", "lib/")) and path.endswith(".hpp"):
        purpose = lines[1] if len(lines) > 1 else ""
        if not re.match(r"// \S+ \S+", purpose):
            problems.append(f"{path}:2: does not say what the header is for")
        if "#pragma once" not in lines:
            problems.append(f"{path}:1: has no #pragma once")
    return problems


def check_listed(path, listing):
    """Whether the meson.build files above name the file; `listing` maps a directory to its text."""
    directory, name = path.rsplit("/", 1)
    while directory:
        if f"'{name}'" in listing.get(directory, ""):
            return []
        directory, _, last = directory.rpartition("/")
        name = f"{last}/{name}"
    return [f"{path}:1: no meson.build lists it"]


def self_test():
    good = f"// {LICENCE}\n// What it is for.\n#pragma once\n"
    cases = [
        ("include/fairlead/core/x.hpp", good, None),
        ("include/fairlead/core/x.hpp", good.replace("BSL-1.0", "MIT"), "does not begin with"),
        ("include/fairlead/core/x.hpp", good.replace("// What it is for.\n", ""), "what the header is for"),
        ("include/fairlead/core/x.hpp", good.replace("#pragma once", ""), "no #pragma once"),
        ("lib/core/x.cpp", good + "\n" * (LONGEST - 3), None),
        ("lib/core/x.cpp", good + "\n" * (LONGEST - 2), f"the most is {LONGEST}"),
    ]
    problems = []
    for path, text, expected in cases:
        found = check_text(path, text)
        if not (not found if expected is None else len(found) == 1 and expected in found[0]):
            problems.append(f"self-test: {path}: expected {expected}, got {found}")
    listing = {"lib/http": "library('http', 'client.cpp', 'detail/pool.cpp')"}
    for path, listed in [("lib/http/client.cpp", True), ("lib/http/detail/pool.cpp", True),
                         ("lib/http/pool.cpp", False), ("lib/net/client.cpp", False)]:
        if listed != (not check_listed(path, listing)):
            problems.append(f"self-test: {path}: listed should be {listed}")
    tree.finish("conventions, self-test", problems, len(cases) + 4)


def main():
    if "--self-test" in sys.argv:
        self_test()
    listing = {p.parent.relative_to(tree.ROOT).as_posix(): p.read_text()
               for p in tree.files(*tree.CODE_DIRECTORIES, suffixes={".build"})}
    paths = tree.files(*tree.CODE_DIRECTORIES, suffixes=tree.CXX | {".py", ".build"})
    paths += [tree.ROOT / "meson.build"] + sorted(p for p in (tree.ROOT / "scripts").iterdir() if p.is_file())
    problems = []
    for path in paths:
        name = path.relative_to(tree.ROOT).as_posix()
        text = path.read_text()
        problems += check_text(name, text)
        if name.endswith(".cpp") and not name.startswith(NOT_LISTED):
            problems += check_listed(name, listing)
    tree.finish("conventions", problems, len(paths))


if __name__ == "__main__":
    main()
