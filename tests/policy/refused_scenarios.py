#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Scenarios that `fairlead lab` must refuse: exit status 2, nothing on standard output, and every
problem on a line of its own that begins with the JSON Pointer of the value that is wrong.

    refused_scenarios.py FAIRLEAD
"""
import json
import subprocess
import sys

sound = {"policies": [{"type": "retry"}], "operation": [{"outcome": "success"}],
         "calls": [{"at_ms": 0}]}


def with_policies(*policies, **more):
    return {**sound, "policies": list(policies), **more}


def with_calls(*calls, **more):
    return {**sound, "calls": list(calls), **more}


def with_operation(*operation):
    return {**sound, "operation": list(operation)}


def with_action(action, *policies):
    return with_policies(*policies, actions=[action])


def without(key):
    return {k: v for k, v in sound.items() if k != key}


def breaker(**more):
    return {"type": "circuit_breaker", "trip": {"kind": "consecutive", "failures": 3}, **more}


def limit(**more):
    return {"type": "rate_limit", "permits": 10, "period_ms": 1000, "burst": 5, **more}


bulkhead = {"type": "bulkhead", "max": 1}

# What is wrong -> (the scenario, the pointers in the order of the lines)
refused = {
    "an array": ([], [""]),
    "a number": (1, [""]),
    "null": (None, [""]),
    # Unknown keys.
    "at the top": ({**sound, "polices": []}, ["/polices"]),
    "in a policy": (with_policies({"type": "retry", "attempts": 3}), ["/policies/0/attempts"]),
    "of another policy": (with_policies({"type": "timeout", "ms": 1, "max_attempts": 3}),
                          ["/policies/0/max_attempts"]),
    "in a backoff": (with_policies({"type": "retry", "backoff": {"kind": "constant", "ms": 3}}),
                     ["/policies/0/backoff/ms"]),
    "in a trip": (with_policies(breaker(trip={"kind": "consecutive", "failures": 1, "of": 3})),
                  ["/policies/0/trip/of"]),
    "in a window": (with_policies(breaker(trip={
        "kind": "rate", "rate": 0.5, "min_throughput": 1,
        "window": {"kind": "count", "size": 3, "slices": 10}})),
        ["/policies/0/trip/window/slices"]),
    "in an outcome": (with_operation({"outcome": "success", "after": 3}), ["/operation/0/after"]),
    "in a call": (with_calls({"at_ms": 0}, {"at": 0}), ["/calls/1/at"]),
    "in an action": (with_action({"at_ms": 0, "do": "reset", "policy": "b", "max": 1},
                                 breaker(name="b")), ["/actions/0/max"]),
    "in a budget": ({**sound, "budgets": {"g": {"kind": "token", "min": 3}}}, ["/budgets/g/min"]),
    "with a slash and a tilde": ({**sound, "a/b~c": 1}, ["/a~1b~0c"]),
    "with what breaks a line": ({**sound, "a\nb\u001b\u0085\u2028c": 1},
                                ["/a\\u000ab\\u001b\\u0085\\u2028c"]),
    "of other actions": (with_action({"at_ms": 0, "do": "isolate", "policy": "b", "ms": 1,
                                      "max": 1}, breaker(name="b")),
                         ["/actions/0/ms", "/actions/0/max"]),
    # Missing.
    "no policies": (without("policies"), ["/policies"]),
    "no operation": (without("operation"), ["/operation"]),
    "no calls": (without("calls"), ["/calls"]),
    "an empty operation": (with_operation(), ["/operation"]),
    "an operation of null": ({**sound, "operation": None}, ["/operation"]),
    "an operation that is an object": ({**sound, "operation": {}}, ["/operation"]),
    "an outcome that is a number": ({**sound, "operation": [1]}, ["/operation/0"]),
    "an action without an instant": (with_action({"do": "reset", "policy": "b"},
                                                 breaker(name="b")), ["/actions/0/at_ms"]),
    "no type": (with_policies({"max": 1}), ["/policies/0/type"]),
    "no outcome": (with_operation({"after_ms": 1}), ["/operation/0/outcome"]),
    "a timeout without a limit": (with_policies({"type": "timeout"}), ["/policies/0/ms"]),
    "a bulkhead without a size": (with_policies({"type": "bulkhead"}), ["/policies/0/max"]),
    "a rate limit without a rate": (with_policies({"type": "rate_limit", "period_ms": 1}),
                                    ["/policies/0/permits"]),
    "a fallback without an answer": (with_policies({"type": "fallback"}), ["/policies/0/value"]),
    "latency of unknown length": (with_policies({"type": "chaos", "inject": "latency"}),
                                  ["/policies/0/ms"]),
    "an action without its policy": (with_action({"at_ms": 0, "do": "reset"}, breaker()),
                                     ["/actions/0/policy"]),
    "open, for how long?": (with_action({"at_ms": 0, "do": "open_for", "policy": "b"},
                                        breaker(name="b")), ["/actions/0/ms"]),
    "resize, to what?": (with_action({"at_ms": 0, "do": "resize", "policy": "bulkhead"}, bulkhead),
                         ["/actions/0/max"]),
    # Wrong types.
    "policies are no list": ({**sound, "policies": {}}, ["/policies"]),
    "a policy is no object": (with_policies("retry"), ["/policies/0"]),
    "a type is no text": (with_policies({"type": 3}), ["/policies/0/type"]),
    "a count is a text": (with_policies({"type": "retry", "max_attempts": "3"}),
                          ["/policies/0/max_attempts"]),
    "a count has a fraction": (with_policies({"type": "retry", "max_attempts": 2.5}),
                               ["/policies/0/max_attempts"]),
    "a flag is a number": (with_policies({"type": "retry", "retry_rejections": 1}),
                           ["/policies/0/retry_rejections"]),
    "a wait is null": (with_policies({"type": "timeout", "ms": None}), ["/policies/0/ms"]),
    "a time is a text": (with_calls({"at_ms": "0"}), ["/calls/0/at_ms"]),
    "a call is a number": (with_calls(0), ["/calls/0"]),
    "a key is a number": (with_calls({"key": 3}), ["/calls/0/key"]),
    "a seed is a text": ({**sound, "seed": "one"}, ["/seed"]),
    "draws are no list": ({**sound, "uniform": 0.5}, ["/uniform"]),
    "jitter is a number": (with_policies({"type": "retry", "jitter": 0.5}), ["/policies/0/jitter"]),
    # Out of range.
    "no attempt": (with_policies({"type": "retry", "max_attempts": 0}),
                   ["/policies/0/max_attempts"]),
    "a negative wait": (with_policies({"type": "retry", "backoff": {"delay_ms": -1}}),
                        ["/policies/0/backoff/delay_ms"]),
    "a factor above one": (with_policies({"type": "retry", "jitter": {"factor": 1.5}}),
                           ["/policies/0/jitter/factor"]),
    "a rate above one": (with_policies({"type": "chaos", "rate": 1.01}), ["/policies/0/rate"]),
    "a rate below zero": (with_policies({"type": "chaos", "rate": -0.01}), ["/policies/0/rate"]),
    "a window of no calls": (with_policies(breaker(trip={
        "kind": "rate", "rate": 0.5, "window": {"kind": "count", "size": 0}})),
        ["/policies/0/trip/window/size"]),
    "more failures than calls": (with_policies(breaker(trip={
        "kind": "count", "failures": 5, "of": 4})), ["/policies/0/trip/failures"]),
    "more successes than probes": (with_policies(breaker(half_open={"successes": 3, "of": 2})),
                                   ["/policies/0/half_open/of"]),
    "a negative limit": (with_policies({"type": "timeout", "ms": -1}), ["/policies/0/ms"]),
    "an empty bulkhead": (with_policies({"type": "bulkhead", "max": 0}), ["/policies/0/max"]),
    "no period": (with_policies(limit(period_ms=0)), ["/policies/0/period_ms"]),
    "a quantile of one": (with_policies({"type": "hedge", "quantile": 1}),
                          ["/policies/0/quantile"]),
    "a draw of one": ({**sound, "uniform": [0, 0.5, 1]}, ["/uniform/2"]),
    "a draw below zero": ({**sound, "uniform": [-0.1]}, ["/uniform/0"]),
    "before the beginning": (with_calls({"at_ms": -1}), ["/calls/0/at_ms"]),
    "after the end of time": ({**sound, "end_ms": 1000000001}, ["/end_ms"]),
    "a deadline before its call": (with_calls({"deadline_ms": -5}), ["/calls/0/deadline_ms"]),
    "a cost of nothing": (with_calls({"cost": 0}), ["/calls/0/cost"]),
    "a resize to nothing": (with_action({"at_ms": 0, "do": "resize", "policy": "bulkhead",
                                         "max": 0}, bulkhead), ["/actions/0/max"]),
    "a cap below the wait": (with_policies({"type": "retry", "backoff": {"delay_ms": 9, "cap_ms": 5}}),
                             ["/policies/0/backoff/cap_ms"]),
    "a minimum that no window holds": (with_policies(breaker(trip={
        "kind": "rate", "rate": 0.5, "min_throughput": 11,
        "window": {"kind": "count", "size": 10}})), ["/policies/0/trip/min_throughput"]),
    "a maximum below the minimum": (with_policies({"type": "adaptive_limit", "min": 9, "max": 5}),
                                    ["/policies/0/max"]),
    "a beginning above the maximum": (with_policies({"type": "adaptive_limit", "initial": 9,
                                                     "max": 5}), ["/policies/0/initial"]),
    "half a seed": ({**sound, "seed": 0.5}, ["/seed"]),
    "a negative seed": ({**sound, "seed": -1}, ["/seed"]),
    # Names that are none of the known ones.
    "no such policy": (with_policies({"type": "retries"}), ["/policies/0/type"]),
    "no such outcome": (with_operation({"outcome": "succes"}), ["/operation/0/outcome"]),
    "no such backoff": (with_policies({"type": "retry", "backoff": {"kind": "cubic"}}),
                        ["/policies/0/backoff/kind"]),
    "no such jitter": (with_policies({"type": "retry", "jitter": "half"}), ["/policies/0/jitter"]),
    "no such trip": (with_policies(breaker(trip={"kind": "never"})), ["/policies/0/trip/kind"]),
    "no such scope": (with_policies({"type": "timeout", "ms": 1, "scope": "try"}),
                      ["/policies/0/scope"]),
    "no such algorithm": (with_policies(limit(algorithm="leaky")), ["/policies/0/algorithm"]),
    "no such budget": (with_policies({"type": "retry", "budget": "g"}), ["/policies/0/budget"]),
    "no such budget among others": (with_policies(
        {"type": "hedge", "delay_ms": 1, "budget": "h"},
        budgets={"g": {"kind": "token"}}), ["/policies/0/budget"]),
    "no such kind of budget": ({**sound, "budgets": {"g": {"kind": "gold"}}}, ["/budgets/g/kind"]),
    "nothing of that name": (with_action({"at_ms": 0, "do": "reset", "policy": "c"},
                                         breaker(name="b")), ["/actions/0/policy"]),
    "no such deed": (with_action({"at_ms": 0, "do": "explode", "policy": "b"}, breaker(name="b")),
                     ["/actions/0/do"]),
    "isolate a bulkhead": (with_action({"at_ms": 0, "do": "isolate", "policy": "bulkhead"},
                                       bulkhead), ["/actions/0/policy"]),
    "resize a breaker": (with_action({"at_ms": 0, "do": "resize", "policy": "b", "max": 3},
                                     breaker(name="b")), ["/actions/0/policy"]),
    # Policies that cannot stand together.
    "the same name twice": (with_policies(breaker(name="b"), {**bulkhead, "name": "b"}),
                            ["/policies/1/name"]),
    "the same name twice, by default": (with_policies(bulkhead, bulkhead), ["/policies/1"]),
    "the same name, once by default": (with_policies(bulkhead, breaker(name="bulkhead")),
                                       ["/policies/1/name"]),
    "two retries of one name": (with_policies({"type": "retry", "name": "r"},
                                              {"type": "retry", "name": "r"}),
                                ["/policies/1/name"]),
    "the name of a budget": (with_policies({**bulkhead, "name": "g"},
                                           budgets={"g": {"kind": "token"}}),
                             ["/policies/0/name"]),
    "a retry that never sees a failure": (with_policies({"type": "retry"}, {"type": "timeout",
                                                                           "ms": 5},
                                                        {"type": "fallback", "value": 1}),
                                          ["/policies/0"]),
    "a hedge that never sees a failure": (with_policies({"type": "hedge", "delay_ms": 5},
                                                        {"type": "fallback", "value": 1}),
                                          ["/policies/0"]),
    # Costs.
    "a cost above the burst": (with_policies(limit(), calls=[{"cost": 5}, {"cost": 6}]),
                               ["/calls/1/cost"]),
    "a cost above what a period has": (with_policies(
        limit(algorithm="sliding_log", permits=3), calls=[{"cost": 4}]), ["/calls/0/cost"]),
    # A fallback's own script.
    "two answers": (with_policies({"type": "fallback", "value": 1,
                                   "operation": [{"outcome": "success"}]}), ["/policies/0/value"]),
    "no run of a fallback": (with_policies({"type": "fallback", "operation": []}),
                             ["/policies/0/operation"]),
    "a fallback's outcome": (with_policies({"type": "fallback",
                                            "operation": [{"outcome": "perhaps"}]}),
                             ["/policies/0/operation/0/outcome"]),
    # Everything at once, in the order of the document's parts.
    "several problems": ({"policies": [{"type": "retry", "max_attempts": 0, "jiter": "none"},
                                       {"type": "bulkhead"}],
                          "operation": [{"outcome": "maybe"}], "calls": [{"at_ms": -1}]},
                         ["/policies/0/max_attempts", "/policies/0/jiter", "/policies/1/max",
                          "/operation/0/outcome", "/calls/0/at_ms"]),
}

# What a parsed document cannot say: the text, and the pointers
refused_texts = {
    "a key twice": ('{"seed": 1, "seed": 1, ' + json.dumps(sound)[1:], ["/seed"]),
    "keys twice, below": (
        '{"policies": [{"type": "retry"}, {"type": "timeout", "ms": 1, "ms": 2}],'
        ' "operation": [{"outcome": "success", "value": [{"a/": [], "a/": {}}]}],'
        ' "calls": [{"at_ms": 0, "at\\u005fms": 1}]}',
        ["/policies/1/ms", "/operation/0/value/0/a~1", "/calls/0/at_ms"]),
    "a key twice, and what is wrong beside it": (
        '{"seed": 1, "seed": 1, "sed": 2, ' + json.dumps(sound)[1:], ["/seed", "/sed"]),
}

# What a line must say, and what it must not
said = {
    "an action of another": (with_action({"at_ms": 0, "do": "isolate", "policy": "b", "ms": 1},
                                         breaker(name="b")),
                             'only "open_for" takes it', "did you mean"),
    "an operation of null": ({**sound, "operation": None}, "expected an array, not null",
                             "at least one outcome"),
}

# Sound, although it looks odd: the same key in objects of its own
accepted_texts = [
    '{"policies": [{"type": "timeout", "ms": 1}, {"type": "timeout", "ms": 1}],'
    ' "operation": [{"outcome": "success", "value": {"a": {"a": [{"a": 1}, {"a": 1}]}}}],'
    ' "calls": [{"at_ms": 0}, {"at_ms": 0}]}',
]

not_json = ["", "{", "{]", "{\"policies\": [}", "nonsense", json.dumps(sound) + " {}",
            json.dumps(sound)[:-1], "[" * 100000, "{\"seed\": 01}", "{\"seed\": NaN}", "\"\\ud800"]


def run(fairlead, text):
    return subprocess.run([fairlead, "lab", "-"], input=text, text=True, capture_output=True,
                          timeout=60)


def problems(result, pointers):
    lines = result.stderr.splitlines()
    if result.returncode != 2:
        yield f"exit status {result.returncode}"
    if result.stdout:
        yield f"printed {result.stdout[:60]!r}"
    found = [line.split(": ", 1)[0] for line in lines]
    if found != pointers:
        yield f"expected problems at {pointers}, got {lines}"
    if any(not line.split(": ", 1)[1:] for line in lines):
        yield f"not a pointer and a text: {lines}"


def main(fairlead):
    failed = 0
    cases = [(name, json.dumps(scenario), pointers)
             for name, (scenario, pointers) in refused.items()]
    cases += [(name, text, pointers) for name, (text, pointers) in refused_texts.items()]
    cases += [(repr(text[:30]), text, [""]) for text in not_json]
    for name, text, pointers in cases:
        for line in problems(run(fairlead, text), pointers):
            failed += 1
            print(f"{name}: {line}")
    for name, (scenario, right, wrong) in said.items():
        line = run(fairlead, json.dumps(scenario)).stderr
        if right not in line or wrong in line:
            failed += 1
            print(f"{name}: {line}")
    for text in [json.dumps(sound), *accepted_texts]:
        if run(fairlead, text).returncode != 0:
            failed += 1
            print(f"refused what is sound: {text}")
    print(f"{len(cases)} scenarios, {failed} problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
