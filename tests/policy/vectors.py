#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Replays every scenario of a folder with `fairlead lab` and compares what comes out.

    vectors.py FAIRLEAD FOLDER [NAME...]

A vector is a scenario with two more keys: "vector" says what it shows, "expect" holds the part of
the output that must be so. Objects are compared by the keys given, lists element by element and in
length. Nothing may ever leak, and the same scenario must print the same bytes twice.
"""
import json
import pathlib
import subprocess
import sys

no_leaks = {"timers": 0, "permits": 0, "reservations": 0, "flights": 0, "tasks": 0}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def differences(expected, got, where):
    if isinstance(expected, dict) and isinstance(got, dict):
        for key, value in expected.items():
            if key not in got:
                yield f"{where}/{key}: missing"
            else:
                yield from differences(value, got[key], f"{where}/{key}")
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            yield f"{where}: expected {len(expected)} of them, got {len(got)}: {json.dumps(got)}"
        for i, (one, other) in enumerate(zip(expected, got)):
            yield from differences(one, other, f"{where}/{i}")
    elif is_number(expected) and is_number(got):
        if abs(expected - got) > 1e-6:
            yield f"{where}: expected {expected}, got {got}"
    elif type(expected) is not type(got) or expected != got:
        yield f"{where}: expected {json.dumps(expected)}, got {json.dumps(got)}"


def replay(fairlead, scenario):
    run = subprocess.run([fairlead, "lab", "-"], input=json.dumps(scenario), text=True,
                         capture_output=True, timeout=60)
    if run.returncode != 0 or run.stderr:
        return None, f"exit status {run.returncode}: {run.stderr.strip()}"
    return run.stdout, None


def check(fairlead, path):
    scenario = json.loads(path.read_text())
    title, expected = scenario.pop("vector"), scenario.pop("expect")
    if not title.startswith(path.stem + ": "):
        return [f"\"vector\" should begin with \"{path.stem}: \""]
    out, problem = replay(fairlead, scenario)
    if problem:
        return [problem]
    found = list(differences({**expected, "leaks": no_leaks}, json.loads(out), ""))
    if replay(fairlead, scenario)[0] != out:
        found.append("two runs differ")
    return found


def main(fairlead, folder, *names):
    paths = [p for p in sorted(pathlib.Path(folder).glob("*.json")) if not names or p.stem in names]
    failed = 0
    for path in paths:
        for i, line in enumerate(check(fairlead, path)):
            failed += i == 0
            print(f"{path.name}: {line}")
    print(f"{len(paths) - failed} of {len(paths)} vectors hold")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
