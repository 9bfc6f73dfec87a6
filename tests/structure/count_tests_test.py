#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""scripts/count_tests.py against logs as Meson writes them, of good programs and of bad ones."""

import json
import pathlib
import sys
import tempfile
import unittest

import tree

sys.path.insert(0, str(tree.ROOT / "scripts"))
import count_tests  # noqa: E402

GTEST = """<testsuite name="fairlead.fairlead:core / core.Error">
<testcase name="A" status="run"/><testcase name="B" status="run"/></testsuite>
<testsuite name="fairlead.fairlead:core / core.All/Ports.x"><testcase name="C" status="run"/></testsuite>"""
FAILED = GTEST.replace('<testcase name="B" status="run"/>', '<testcase name="B"><failure>no</failure></testcase>')
TAP = """<testsuite name="fairlead.fairlead:core / core"><testcase name="1 A"/><testcase name="2 B"/>
<testcase name="3 C"><skipped/></testcase></testsuite>"""
SKIPPED = GTEST.replace('name="A" status="run"', 'name="A" status="notrun"')


def plain(text=""):
    return f'<testsuite name="fairlead"><testcase name="x"/><system-out>{text}</system-out></testsuite>'


class Count(unittest.TestCase):
    def counted(self, suites, **results):
        with tempfile.TemporaryDirectory() as directory:
            logs = pathlib.Path(directory)
            names = {"core": "fairlead:core / core"}
            lines = [json.dumps({"name": names.get(n, n), "result": r}) for n, r in results.items()]
            (logs / "testlog.json").write_text("\n".join(lines))
            (logs / "testlog.junit.xml").write_text(
                f"<?xml version='1.0' encoding='utf-8'?>\n<testsuites>{suites}</testsuites>")
            return count_tests.count(logs)

    def test_counts_the_cases_of_a_program(self):
        self.assertEqual(self.counted(GTEST + plain(), core="OK", layering="OK"), (4, 0, 0))

    def test_counts_failed_and_skipped_cases(self):
        self.assertEqual(self.counted(FAILED, core="FAIL"), (2, 1, 0))
        self.assertEqual(self.counted(SKIPPED, core="OK"), (2, 0, 1))

    def test_counts_the_cases_of_a_program_that_speaks_TAP(self):
        self.assertEqual(self.counted(TAP + plain(), core="OK", layering="OK"), (3, 0, 1))
        failed = TAP.replace('"2 B"/>', '"2 B"><failure/></testcase>')
        self.assertEqual(self.counted(failed, core="FAIL"), (1, 1, 1))
        self.assertEqual(self.counted(TAP, core="ERROR"), (2, 1, 1))
        none = TAP.replace('"1 A"/>', '"1 A"><skipped/></testcase>').replace('"2 B"/>', '"2 B"><skipped/></testcase>')
        self.assertEqual(self.counted(none, core="SKIP"), (0, 0, 3))

    def test_a_program_that_ends_badly_after_its_cases_is_a_failure(self):
        self.assertEqual(self.counted(GTEST, core="FAIL"), (3, 1, 0))

    def test_a_program_without_cases_counts_by_how_it_ended(self):
        for result, expected in [("OK", (1, 0, 0)), ("FAIL", (0, 1, 0)), ("TIMEOUT", (0, 1, 0)),
                                 ("ERROR", (0, 1, 0)), ("SKIP", (0, 0, 1)), ("INTERRUPT", (0, 1, 0))]:
            self.assertEqual(self.counted(plain(), core=result), expected, result)

    def test_reads_what_xml_does_not_allow(self):
        self.assertEqual(self.counted(plain("\x1b[1m\x00") + GTEST, core="OK", layering="FAIL"), (3, 1, 0))


if __name__ == "__main__":
    unittest.main()
