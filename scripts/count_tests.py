#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Prints `passed failed skipped` of the last `meson test` in a build directory.

Counts the single cases of GoogleTest programs. A program that ended badly without a failed case (it
crashed, timed out, leaked) counts as one failure more.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree as xml

GOOD = {"OK", "EXPECTEDFAIL"}


def cases_by_program(logs: pathlib.Path) -> dict:
    """`{program: [testcase, ...]}` from the JUnit file, which names a suite `project.program.suite`."""
    found: dict = {}
    for suite in xml.parse(logs / "testlog.junit.xml").getroot().findall("testsuite"):
        parts = suite.get("name", "").split(".")
        if len(parts) >= 3:
            found.setdefault(parts[1], []).extend(suite.findall("testcase"))
    return found


def count(logs: pathlib.Path) -> tuple:
    passed = failed = skipped = 0
    cases = cases_by_program(logs)
    for line in (logs / "testlog.json").read_text().splitlines():
        run = json.loads(line)
        name = run["name"].split(" / ")[-1]
        good, bad, left_out = 0, 0, 0
        for case in cases.get(name, []):
            if case.find("failure") is not None or case.find("error") is not None:
                bad += 1
            elif case.find("skipped") is not None or case.get("status") == "notrun":
                left_out += 1
            else:
                good += 1
        if run["result"] == "SKIP":
            left_out += 1
        elif run["result"] not in GOOD and bad == 0:
            bad += 1
        elif name not in cases:
            good += 1
        passed, failed, skipped = passed + good, failed + bad, skipped + left_out
    return passed, failed, skipped


def main() -> None:
    logs = pathlib.Path(sys.argv[1]) / "meson-logs"
    if not (logs / "testlog.json").exists():
        print("0 1 0")  # meson itself gave up, or there was no test: neither is a success
    else:
        print(*count(logs))


if __name__ == "__main__":
    main()
