#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Prints `passed failed skipped` of the last `meson test` in a build directory.

Counts the single cases of GoogleTest programs and of those that speak TAP. A program that ended badly without a failed case (it
crashed, timed out, leaked) counts as one failure more.
"""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

GOOD = {"OK", "EXPECTEDFAIL"}


def read_suites(junit: pathlib.Path) -> list:
    """Its test suites. What a failing test prints may hold bytes that XML does not allow."""
    text = junit.read_text(encoding="utf-8", errors="replace")
    text = re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
    return xml.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text)).findall("testsuite")


def cases_of(program: str, suites: list) -> list:
    """The test cases of one program; Meson names its suites `project.program.suite`, and the one of a
    program that speaks TAP `project.program`."""
    names = [(s, s.get("name", "").partition(".")[2]) for s in suites]
    mine = [s for s, name in names if name == program or name.startswith(program + ".")]
    return [case for suite in mine for case in suite.findall("testcase")]


def count(logs: pathlib.Path) -> tuple:
    passed = failed = skipped = 0
    suites = read_suites(logs / "testlog.junit.xml")
    for line in (logs / "testlog.json").read_text().splitlines():
        run = json.loads(line)
        cases = cases_of(run["name"], suites)
        good, bad, left_out = 0, 0, 0
        for case in cases:
            if case.find("failure") is not None or case.find("error") is not None:
                bad += 1
            elif case.find("skipped") is not None or case.get("status") == "notrun":
                left_out += 1
            else:
                good += 1
        if run["result"] == "SKIP":
            left_out += 0 if cases else 1
        elif run["result"] not in GOOD and bad == 0:
            bad += 1
        elif not cases:
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
