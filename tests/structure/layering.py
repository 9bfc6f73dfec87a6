#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Holds every #include against the table in docs/layers.md.

`--self-test` proves each rule with a file that breaks it.
"""

import pathlib
import posixpath
import re
import sys

import tree

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
PRIVATE = {"detail", "impl"}
# Only these are held against the third-party column; Asio and tl::expected are everybody's.
THIRD_PARTY = ("boost/json", "boost/describe", "boost/beast", "openssl", "zlib.h")
NEVER_PUBLIC = ("boost/beast", "openssl", "zlib.h")


class Area:
    def __init__(self, uses, third_party):
        self.uses = uses
        self.third_party = third_party


def read_table(text):
    """`{area: Area}` from the first Markdown table."""
    table = {}
    for line in text.splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and cells[0].isdigit():
            words = [set(c.split()) - {"–"} for c in cells[2:4]]
            table[cells[1]] = Area(*words)
    return table


def begins_with(header, prefix):
    return header == prefix or header.startswith((prefix + "/", prefix + "."))


class Checker:
    def __init__(self, table):
        self.table = table

    def area_of(self, path):
        """(top directory, area or None) of a path in the repository."""
        parts = pathlib.PurePosixPath(path).parts
        if parts[:2] == ("include", "fairlead"):
            return "include", self.known(parts[2])
        return parts[0], self.known(parts[1]) if len(parts) > 2 else None

    def known(self, name):
        name = name.removesuffix(".hpp")
        return name if name in self.table else None

    def check(self, path, text):
        """The problems of one file, as `path:line: what`."""
        top, area = self.area_of(path)
        problems = []
        if top in ("include", "lib") and area is None and path != "include/fairlead/fairlead.hpp":
            problems.append(f"{path}:1: its area is not in docs/layers.md")
        code = tree.without_comments(text, keep_strings=True)
        for match in INCLUDE.finditer(code):
            what = self.check_include(path, top, area, match.group(1) == '"', match.group(2))
            if what:
                problems.append(f"{path}:{tree.line_of(code, match.start())}: {what}")
        return problems

    def check_include(self, path, top, area, quoted, header):
        library = top in ("include", "lib")
        if quoted:
            header = posixpath.normpath(posixpath.join(posixpath.dirname(path), header))
            if library and (top, area) != self.area_of(header):
                return f"includes {header}, which is outside its own directory"
        elif not header.startswith("fairlead/"):
            return self.check_third_party(top, area, header) if library and area else None
        else:
            header = "include/" + header
        _, used = self.area_of(header)
        if PRIVATE & set(header.split("/")) and used != area:
            return f"includes {header}, which is private to {used}"
        if library and area and used != area:
            if used is None:
                return f"includes {header}, whose area is not in docs/layers.md"
            if used not in self.table[area].uses:
                return f"{area} may not use {used} (docs/layers.md), but includes {header}"
        return None

    def check_third_party(self, top, area, header):
        for library in THIRD_PARTY:
            if begins_with(header, library):
                if library not in self.table[area].third_party:
                    return f"{area} may not use {library} (docs/layers.md), but includes {header}"
                if top == "include" and library in NEVER_PUBLIC:
                    return f"a public header includes {header}"
        return None


def self_test(checker):
    """Each rule refuses what it is for, and lets the lawful neighbour pass."""
    cases = [
        ("include/fairlead/core/x.hpp", "#include <fairlead/core/error.hpp>", None),
        ("include/fairlead/core/x.hpp", "#include <fairlead/net/stream.hpp>", "core may not use net"),
        ("include/fairlead/core/x.hpp", "// #include <fairlead/net/stream.hpp>", None),
        ("include/fairlead/core/x.hpp", "#include <fairlead/net.hpp>", "core may not use net"),
        ("include/fairlead/port.hpp", "#include <fairlead/http/client.hpp>", None),
        ("include/fairlead/fairlead.hpp", "#include <fairlead/http/client.hpp>", None),
        ("include/fairlead/nowhere/x.hpp", "", "not in docs/layers.md"),
        ("lib/policy/x.cpp", "#include <fairlead/core/error.hpp>", None),
        ("lib/policy/x.cpp", "  #  include <fairlead/net/stream.hpp>", "policy may not use net"),
        ("lib/net/x.cpp", "#include <fairlead/new/x.hpp>", "not in docs/layers.md"),
        ("lib/http/x.cpp", '#include "detail/y.hpp"', None),
        ("lib/http/detail/x.cpp", '#include "../y.hpp"', None),
        ("lib/http/x.cpp", '#include "../net/detail/y.hpp"', "outside its own directory"),
        ("lib/http/x.cpp", "#include <fairlead/net/detail/y.hpp>", "private to net"),
        ("lib/http/x.cpp", "#include <fairlead/http/detail/y.hpp>", None),
        ("lib/http/x.cpp", "#include <fairlead/core/impl/error.hpp>", "private to core"),
        ("lib/http/x.cpp", "#include <boost/beast/core.hpp>", None),
        ("lib/net/x.cpp", "#include <boost/beast/core.hpp>", "net may not use boost/beast"),
        ("lib/net/x.cpp", "#include <openssl/ssl.h>", None),
        ("include/fairlead/net/x.hpp", "#include <openssl/ssl.h>", "a public header includes"),
        ("include/fairlead/json/x.hpp", "#include <boost/json/value.hpp>", None),
        ("include/fairlead/net/x.hpp", "#include <boost/json.hpp>", "net may not use boost/json"),
        ("tests/net/x_test.cpp", '#include "../../lib/net/detail/y.hpp"', None),
        ("tests/http/x_test.cpp", '#include "../../lib/net/detail/y.hpp"', "private to net"),
        ("tests/net/x_test.cpp", "#include <fairlead/sim/world.hpp>", None),
        ("samples/x.cpp", "#include <fairlead/core/impl/error.hpp>", "private to core"),
    ]
    problems = []
    for path, text, expected in cases:
        found = checker.check(path, "// SPDX\n" + text + "\n")
        right = not found if expected is None else len(found) == 1 and expected in found[0]
        if not right:
            problems.append(f"self-test: {path} with {text!r}: expected {expected}, got {found}")
    tree.finish("layering, self-test", problems, len(cases))


def main():
    table = read_table((tree.ROOT / "docs" / "layers.md").read_text())
    checker = Checker(table)
    if "--self-test" in sys.argv:
        self_test(checker)
    problems = [f"docs/layers.md: {name} uses the unknown area {used}"
                for name, area in table.items() for used in sorted(area.uses - set(table))]
    paths = tree.files(*tree.CODE_DIRECTORIES)
    for path in paths:
        problems += checker.check(path.relative_to(tree.ROOT).as_posix(), path.read_text())
    tree.finish("layering", problems, len(paths))


if __name__ == "__main__":
    main()
