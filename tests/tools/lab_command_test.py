#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""`fairlead lab` as its user sees it: pictures that parse, exit statuses, complaints that help."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET

PROGRAM = sys.argv.pop(1)
SVG = "{http://www.w3.org/2000/svg}"

OUTAGE = {
    "policies": [
        {"type": "retry", "max_attempts": 3, "backoff": {"kind": "constant", "delay_ms": 100}, "jitter": "none"},
        {"type": "circuit_breaker", "name": 'a <"b"> & c', "trip": {"kind": "consecutive", "failures": 3},
         "break_ms": 300},
        {"type": "timeout", "scope": "attempt", "ms": 50},
    ],
    "operation": [{"outcome": "hang"}, {"after_ms": 20, "outcome": "failure"}, {"after_ms": 5, "outcome": "failure"},
                  {"after_ms": 10, "outcome": "success"}],
    "calls": [{"at_ms": 0}, {"at_ms": 10, "deadline_ms": 0}, {"at_ms": 280}, {"at_ms": 800}],
}
HEDGED = {
    "policies": [{"type": "hedge", "delay_ms": 20, "max_hedges": 2}],
    "operation": [{"outcome": "hang"}, {"outcome": "hang"}, {"after_ms": 30, "outcome": "success"}],
    "calls": [{"at_ms": 0}, {"at_ms": 5, "cancel_at_ms": 8}],
}
CACHED = {
    "policies": [{"type": "cache", "ttl_ms": 100}, {"type": "coalesce"}],
    "operation": [{"after_ms": 50, "outcome": "success"}],
    "calls": [{"at_ms": t, "key": "k"} for t in (0, 10, 80)],
}
WAITING = {
    "policies": [{"type": "bulkhead", "max": 1, "queue": 1, "max_wait_ms": 100}],
    "operation": [{"after_ms": 40, "outcome": "success"}],
    "calls": [{"at_ms": 0}, {"at_ms": 5}, {"at_ms": 6}],
}

LATE = {
    "policies": [{"type": "circuit_breaker", "name": "b"}],
    "operation": [{"after_ms": 20, "outcome": "failure"}],
    "calls": [{"at_ms": 0}, {"at_ms": 100}],
    "actions": [{"at_ms": 120, "do": "isolate", "policy": "b"}],
}


def run(*words, scenario=None):
    text = None if scenario is None else json.dumps(scenario)
    return subprocess.run([PROGRAM, *words], input=text, capture_output=True, text=True, check=False)


def picture(scenario):
    done = run("lab", "--svg", "-", "-", scenario=scenario)
    assert done.returncode == 0, done.stderr
    return done.stdout


def groups(svg, name):
    return [g for g in ET.fromstring(svg).iter(SVG + "g") if g.get("class") == name]


def texts(element):
    return [t.text for t in element.iter(SVG + "text")]


def marks(element):
    return [u.get("href").removeprefix("#fl-mark-") for u in element.iter(SVG + "use")]


class Picture(unittest.TestCase):
    def test_has_a_lane_per_call_with_its_outcome_at_the_right(self):
        lanes = groups(picture(OUTAGE), "call")
        self.assertEqual([texts(lane)[0] for lane in lanes], ["call 0", "call 1", "call 2", "call 3"])
        self.assertIn("failure, 275 ms, 3 attempts", texts(lanes[0]))
        self.assertIn("deadline, at once", texts(lanes[1]))
        self.assertTrue(texts(lanes[2])[-1].startswith("circuit_open by a <"))
        self.assertIn("success, 10 ms", texts(lanes[3]))

    def test_has_a_bar_per_run_that_tells_about_it(self):
        lane = groups(picture(OUTAGE), "call")[0]
        said = [t.text for rect in lane.iter(SVG + "rect") for t in rect.iter(SVG + "title")]
        self.assertEqual(len(said), 3)
        self.assertIn("attempt 1: cancelled, from 0 ms to 50 ms (50 ms), told to stop", said[0])
        self.assertIn("attempt 2: failure, from 150 ms to 170 ms (20 ms)", said[1])

    def test_has_marks_for_what_policies_did(self):
        outage = groups(picture(OUTAGE), "call")
        self.assertEqual([marks(lane) for lane in outage], [["timeout"], ["deadline"], ["rejected"], []])
        self.assertEqual([marks(lane) for lane in groups(picture(CACHED), "call")], [[], ["joined"], ["hit"]])
        hedged = marks(groups(picture(HEDGED), "call")[0])
        self.assertEqual(sorted(hedged), ["hedge", "hedge", "hedge_cancelled", "hedge_cancelled"])

    def test_puts_runs_that_overlap_one_below_the_other(self):
        lane = groups(picture(HEDGED), "call")[0]
        tops = [rect.get("y") for rect in lane.iter(SVG + "rect")]
        self.assertEqual(len(tops), 3)
        self.assertEqual(len(set(tops)), 3)

    def test_has_a_band_of_states_for_a_breaker(self):
        lanes = groups(picture(OUTAGE), "policy")
        self.assertEqual(len(lanes), 1)
        said = [t.text for rect in lanes[0].iter(SVG + "rect") for t in rect.iter(SVG + "title")]
        self.assertEqual(said[0], "closed from 0 ms to 275 ms")
        self.assertEqual(said[1], "open from 275 ms to 800 ms")

    def test_says_where_a_bulkhead_refused(self):
        lane = groups(picture(WAITING), "policy")[0]
        self.assertIn("in_use 0, waiting 0; refused 1 time", texts(lane))

    def test_escapes_names(self):
        svg = picture(OUTAGE)
        self.assertIn('a <"b"> & c', texts(groups(svg, "policy")[0]))
        self.assertNotIn('<"b">', svg)

    def test_says_how_long_a_call_took_however_long_a_name_is(self):
        named = {**WAITING, "policies": [{**WAITING["policies"][0], "name": "n" * 60, "max_wait_ms": 10}]}
        self.assertIn("bulkhead_full by nnnnnnnnn..., 10 ms", texts(groups(picture(named), "call")[1]))

    def test_replaces_what_xml_cannot_carry(self):
        odd = {**WAITING, "policies": [{**WAITING["policies"][0], "name": "bell\u0007 \ufffe \u00e9\U0001f512"}]}
        self.assertIn("bell\ufffd \ufffd \u00e9\U0001f512", texts(groups(picture(odd), "policy")[0]))

    def test_draws_on_white_and_loads_nothing(self):
        svg = picture(OUTAGE)
        backgrounds = [r for r in ET.fromstring(svg).findall(SVG + "rect") if r.get("fill") == "#ffffff"]
        self.assertEqual(len(backgrounds), 1)
        for word in ("<script", "@import", "url(http", "<image", 'href="http'):
            self.assertNotIn(word, svg)

    def test_explains_each_mark_that_it_uses(self):
        for scenario in (OUTAGE, HEDGED, CACHED, WAITING):
            svg = picture(scenario)
            used = {m for lane in groups(svg, "call") for m in marks(lane)}
            self.assertEqual(set(marks(groups(svg, "legend")[0])), used)

    def test_is_the_same_bytes_every_time(self):
        for scenario in (OUTAGE, HEDGED, CACHED, WAITING):
            self.assertEqual(picture(scenario), picture(scenario))

    def test_is_bounded_and_says_what_it_leaves_out(self):
        many = {**OUTAGE, "calls": [{"at_ms": i} for i in range(10_000)]}
        svg = picture(many)
        self.assertLess(len(svg), 2_000_000)
        self.assertEqual(len(groups(svg, "call")), 40)
        said = texts(ET.fromstring(svg))
        self.assertIn("40 of the 10000 calls, evenly spread; the columns above count all", said)
        self.assertEqual(said.count("call 0"), 1)
        self.assertEqual(said.count("call 9999"), 1)
        columns = groups(svg, "columns")[0]
        counted = sum(int(t.text.split()[0]) for t in columns.iter(SVG + "title"))
        self.assertEqual(counted, 10_000)

    def test_says_how_many_runs_it_leaves_out(self):
        stubborn = {
            "policies": [{"type": "retry", "max_attempts": 5000, "jitter": "none",
                          "backoff": {"kind": "constant", "delay_ms": 1}}],
            "operation": [{"outcome": "failure"}],
            "calls": [{"at_ms": 0}],
        }
        lane = groups(picture(stubborn), "call")[0]
        drawn = len(list(lane.iter(SVG + "rect")))
        self.assertTrue(texts(lane)[-1].endswith(f"; {5000 - drawn} runs not drawn"))

    def test_draws_no_wait_of_a_call_that_begins_after_the_end(self):
        for end in (0, 50):
            lane = groups(picture({**LATE, "end_ms": end}), "call")[1]
            self.assertEqual(list(lane.iter(SVG + "line")), [])
            self.assertEqual(texts(lane), ["call 1", "pending"])

    def test_has_something_to_show_when_nothing_happens(self):
        for scenario in ({**OUTAGE, "calls": []}, {**OUTAGE, "operation": [{"outcome": "success"}]}):
            ET.fromstring(picture(scenario))


class Text(unittest.TestCase):
    def lines(self, scenario):
        done = run("lab", "--text", "-", scenario=scenario)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_has_a_line_per_call_and_policy(self):
        lines = self.lines(OUTAGE)
        for i, verdict in enumerate(("failure 275 ms x3", "deadline 0 ms", "circuit_open 0 ms", "success 10 ms")):
            mine = [line for line in lines if line.startswith(f"call {i} ")]
            self.assertEqual(len(mine), 1)
            self.assertTrue(mine[0].endswith("| " + verdict), mine[0])
        self.assertEqual(len([line for line in lines if line.endswith("| circuit_breaker")]), 1)

    def test_fits_a_hundred_columns(self):
        for scenario in (OUTAGE, HEDGED, CACHED, WAITING):
            self.assertLessEqual(max(len(line) for line in self.lines(scenario)), 100)

    def test_puts_hedges_below_the_first_run(self):
        lines = self.lines(HEDGED)
        first = next(i for i, line in enumerate(lines) if line.startswith("call 0"))
        lanes = [line.split("|")[1] for line in lines[first:first + 3]]
        self.assertEqual([lane.strip()[-1] for lane in lanes], ["C", "S", "C"])


    def test_shows_nothing_of_a_call_that_begins_after_the_end(self):
        for end in (0, 50, 99):
            lines = self.lines({**LATE, "end_ms": end})
            late = next(line for line in lines if line.startswith("call 1 "))
            self.assertEqual(late.split("|")[1:], [" " * 54, " pending"])

    def test_keeps_names_on_their_line(self):
        named = {**WAITING, "policies": [{**WAITING["policies"][0], "name": "a\nb"}]}
        lines = self.lines(named)
        self.assertEqual(len([line for line in lines if line.startswith("a\\u000ab ")]), 1)


class Command(unittest.TestCase):
    def test_writes_the_picture_beside_the_json(self):
        with tempfile.TemporaryDirectory() as where:
            file = pathlib.Path(where) / "out.svg"
            done = run("lab", f"--svg={file}", "-", scenario=OUTAGE)
            self.assertEqual(done.returncode, 0)
            self.assertEqual(len(json.loads(done.stdout)["calls"]), 4)
            self.assertEqual(file.read_text(), picture(OUTAGE))

    def test_says_when_it_cannot_write(self):
        done = run("lab", "--svg", "/nowhere/out.svg", "-", scenario=OUTAGE)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("/nowhere/out.svg", done.stderr)

    def test_names_the_place_of_a_mistake(self):
        done = run("lab", "-", scenario={**OUTAGE, "polices": []})
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertTrue(done.stderr.startswith("/polices: "))

    def test_says_why_it_cannot_read(self):
        done = run("lab", "/nowhere.json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("No such file", done.stderr)
        self.assertEqual(run("lab", "/").returncode, 2)

    def test_names_what_was_probably_meant(self):
        for words, meant in ((["lba"], "lab"), (["--versoin"], "--version"), (["lab", "--txt", "x"], "--text"),
                             (["help", "labb"], "lab")):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(f"did you mean {meant}?", done.stderr)

    def test_has_room_for_many_calls_at_a_time(self):
        crowd = {**OUTAGE, "policies": [], "operation": [{"after_ms": 1000, "outcome": "success"}],
                 "calls": [{"at_ms": i / 1000} for i in range(20_000)]}
        done = subprocess.run([PROGRAM, "lab", "-"], input=json.dumps(crowd), capture_output=True, text=True,
                              check=False, timeout=60)
        ends = [c["done_ms"] for c in json.loads(done.stdout)["calls"]]
        self.assertEqual(ends, [(1_000_000 + i) / 1000 for i in range(20_000)])

    def test_explains_itself(self):
        self.assertEqual(run("help", "lab").stdout, run("lab", "--help").stdout)
        self.assertIn("--svg FILE", run("help", "lab").stdout)
        self.assertIn("lab", run("help").stdout)
        self.assertRegex(run("--version").stdout, r"^fairlead \d+\.\d+\.\d+\n$")
        self.assertEqual((run().returncode, run().stdout), (2, ""))


if __name__ == "__main__":
    unittest.main()
