#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""tests/sim/compare_traces.py with builds that agree, differ, stop early and fail."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import tree

SCRIPT = tree.ROOT / "tests" / "sim" / "compare_traces.py"
STORY = 'echo "begin $1"; echo middle; echo end'


class Compare(unittest.TestCase):
    def compare(self, *stories):
        """What it prints, and with what it ends, for builds whose programs are these shell texts."""
        with tempfile.TemporaryDirectory() as directory:
            builds = []
            for number, story in enumerate(stories):
                build = pathlib.Path(directory) / f"build{number}"
                program = build / "tests" / "sim" / "trace-story"
                program.parent.mkdir(parents=True)
                program.write_text(f"#!/bin/sh\n{story}\n")
                program.chmod(0o755)
                builds.append(str(build))
            run = subprocess.run([sys.executable, SCRIPT, *builds], capture_output=True, text=True,
                                 check=False)
            return run.stdout, run.returncode

    def test_equal_traces_pass(self):
        printed, status = self.compare(STORY, STORY, STORY)
        self.assertEqual((printed.splitlines()[-1], status), ("10 0", 0))

    def test_a_difference_is_shown_with_its_line(self):
        printed, status = self.compare(STORY, STORY.replace("middle", "muddle"))
        self.assertEqual((printed.splitlines()[-1], status), ("0 5", 1))
        self.assertIn("seed 42, line 2:", printed)
        self.assertIn("muddle", printed)

    def test_a_trace_that_stops_early_fails(self):
        printed, status = self.compare(STORY, STORY.replace("; echo end", ""))
        self.assertEqual((printed.splitlines()[-1], status), ("0 5", 1))
        self.assertIn("line 3:", printed)

    def test_programs_that_fail_or_print_nothing_fail(self):
        for one, other in ((STORY, "exit 3"), ("exit 3", STORY), ("exit 3", "exit 3"), ("true", "true")):
            printed, status = self.compare(one, other)
            self.assertEqual((printed.splitlines()[-1], status), ("0 5", 1))

    def test_one_build_is_not_enough(self):
        self.assertEqual(self.compare(STORY)[1], 2)


if __name__ == "__main__":
    unittest.main()
