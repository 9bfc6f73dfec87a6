# SPDX-License-Identifier: BSL-1.0
"""What the structure tests share: walking the source tree, and reading C++ without its comments."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE_DIRECTORIES = ("include", "lib", "tests", "samples", "bench", "tools")
CXX = {".hpp", ".cpp"}


def files(*directories, suffixes=CXX, root=ROOT):
    """All files below these directories with one of these suffixes, sorted."""
    found = []
    for directory in directories:
        base = root / directory
        found += [p for p in base.rglob("*") if p.suffix in suffixes and p.is_file()]
    return sorted(found)


def public_headers(root=ROOT):
    """What a user may include: all of `include/`, but `detail/` and `impl/`."""
    headers = files("include", suffixes={".hpp"}, root=root)
    return [h for h in headers if not {"detail", "impl"} & set(h.relative_to(root).parts)]


_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/
      |R"(?P<d>[^()\\\s]*)\(.*?\)(?P=d)"
      |"(?:\\.|[^"\\\n])*"
      |(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.VERBOSE,
)


def without_comments(text, keep_strings=False):
    """`text` with comments, and strings unless they are kept, blanked out; line numbers stay."""

    def blank(match):
        token = match.group(0)
        if keep_strings and not token.startswith("/"):
            return token
        return re.sub(r"[^\n]", " ", token)

    return _TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


_CLOSING = {"(": ")", "{": "}", "[": "]"}


def matching(text, start):
    """The offset of the bracket that closes the one at `start`, or -1."""
    stack = []
    for i in range(start, len(text)):
        c = text[i]
        if c in _CLOSING:
            stack.append(_CLOSING[c])
        elif stack and c == stack[-1]:
            stack.pop()
            if not stack:
                return i
    return -1


def finish(name, problems, looked_at):
    """Prints every problem and ends the program."""
    for problem in problems:
        print(problem)
    print(f"{name}: {looked_at} files, {len(problems)} problems")
    sys.exit(1 if problems or not looked_at else 0)
