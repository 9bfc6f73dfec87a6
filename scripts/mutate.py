#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Breaks the decision cores on purpose, one small change at a time, and says what no test notices.

Compiles one core and its tests with plain `$CXX -O0` (g++), then for each mutant that one source
again. A mutant that fails a test, crashes, hangs or does not compile is killed. Survivors are
printed, but for those that scripts/mutants.txt declares equivalent. Ends with 1 when there are any.

  scripts/mutate.py                          every core
  scripts/mutate.py breaker_core backoff     some
  scripts/mutate.py --list backoff           only what would be tried
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CXX = os.environ.get("CXX", "g++")
FLAGS = ["-std=c++20", "-O0", "-w", "-pthread", "-D_GLIBCXX_ASSERTIONS", "-DBOOST_ALL_NO_LIB",
         "-DBOOST_ASIO_SEPARATE_COMPILATION", "-DBOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8",
         f"-I{ROOT}/include", f"-I{ROOT}/tests", f"-I{ROOT}/lib/policy"]
HANG = 20  # seconds that the tests of one core may take

BREAKER = ["breaker_core", "breaker_counts", "breaker_fleet", "breaker_options", "breaker_window"]
BREAKER_TESTS = ["breaker_core", "breaker_counts", "breaker_fleet", "breaker_model",
                 "breaker_recovery"]
CALLS = ["bulkhead_core", "bulkhead_options", "hedge_core", "latency_quantile"]
LIMITS = ["adaptive_core", "limit_laws", "shed_core"]
HANDLE = ["circuit_breaker", "layer", "text", "verdict"]

# name of the core -> (the other sources that its tests need, its tests)
CORES = {
    **{core: (BREAKER + HANDLE, BREAKER_TESTS) for core in BREAKER},
    "backoff": ([], ["backoff"]),
    "retry_core": (["backoff"], ["retry_core"]),
    "retry_budget_core": (["retry_budget", "text"],
                          ["retry_budget_core", "retry_budget_model"]),
    "hedge_core": (CALLS, ["core_models"]),
    "latency_quantile": (CALLS, ["core_models"]),
    "bulkhead_core": (CALLS, ["bulkhead_core", "core_models"]),
    "rate_core": (["rate_options", "rate_limit", "layer", "limit_text", "text", "verdict"],
                  ["rate_core", "rate_model"]),
    "throttle_core": ([], ["throttle_core"]),
    "outlier_core": ([], ["outlier_core"]),
    "shed_core": (LIMITS, ["shed_core", "limit_models"]),
    "limit_laws": (LIMITS, ["limit_laws", "limit_models"]),
    "adaptive_core": (LIMITS, ["limit_laws", "limit_models"]),
}
CORE_LIBRARY = ["error", "error_text"]
FOR_HANDLES = ["asio"]
FOR_WAITING = ["asio", "asio_alarm", "cancellation", "clock", "context", "environment", "sleep",
               "spawn", "timer_queue", "timer_wheel", "waiter", "../sim/scheduler",
               "../sim/trace", "../sim/world"]
WAITING = ["rate_limit"]  # handles that calls wait for

COMPARISONS = {"<": ["<=", ">="], "<=": ["<"], ">": [">=", "<="], ">=": [">"],
               "==": ["!="], "!=": ["=="]}
ARITHMETIC = {"+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "+=": ["-="], "-=": ["+="],
              "&&": ["||"], "||": ["&&"]}
NOT_A_STATEMENT = re.compile(
    r"(return|const|auto|using|break|continue|case|default|static|struct|double|duration|bool|"
    r"std::vector<[^>]*> \w+;|[\w:]+ \w+;|[\w:]+ \w+ = |\}|\))")


def mutants(source: str):
    """(line number, new line) for each change, statements that span lines left alone."""
    in_code = False
    for number, line in enumerate(source.split("\n")):
        code = line.split("//")[0].rstrip()
        in_code = in_code or code.startswith("namespace")
        if not in_code or not code.startswith(" ") or "emplace_back(\"" in code:
            continue
        code_only = re.sub(r'"[^"]*"', lambda m: "\0" * len(m.group()), code)
        for m in re.finditer(r" (<=|>=|==|!=|<|>|&&|\|\||\+=|-=|\+|-|\*|/) ", code_only):
            for other in (COMPARISONS | ARITHMETIC)[m.group(1)]:
                yield number, code[:m.start(1)] + other + code[m.end(1):]
        for m in re.finditer(r"(?<![\w.:])(\d+)U?(?![\w.])", code_only):
            value = int(m.group(1))
            for other in [value + 1] + ([value - 1] if value > 0 else []):
                yield number, code[:m.start(1)] + str(other) + code[m.end(1):]
        for m in re.finditer(r"\+\+|--", code_only):
            yield number, code[:m.start()] + ("--" if m.group() == "++" else "++") + code[m.end():]
        for m in re.finditer(r"\b(true|false)\b", code_only):
            yield number, code[:m.start()] + {"true": "false", "false": "true"}[m.group()] + \
                code[m.end():]
        for m in re.finditer(r"\b(if|while) \((.*)\) \{$", code):
            if ";" not in m.group(2):
                yield number, code[:m.start(2)] + f"!({m.group(2)})" + code[m.end(2):]
        for m in re.finditer(r"std::(min|max)\b", code_only):
            yield number, code[:m.start(1)] + {"min": "max", "max": "min"}[m.group(1)] + \
                code[m.end(1):]
        statement = code.strip()
        if statement.endswith(";") and code_only.count("(") == code_only.count(")") and \
                not NOT_A_STATEMENT.match(statement):
            yield number, re.match(r"\s*", code).group() + ";"


def compile_to(source: pathlib.Path, target: pathlib.Path) -> bool:
    done = subprocess.run([CXX, *FLAGS, f"-I{ROOT}/{source.parent}", "-c", str(source), "-o",
                           str(target)], capture_output=True, text=True)
    if done.returncode != 0 and target.name.startswith("base-"):
        sys.exit(f"{source} does not compile:\n{done.stderr}")
    return done.returncode == 0


class Core:
    def __init__(self, name: str, scratch: pathlib.Path, pool):
        self.name, self.scratch = name, scratch
        self.path = ROOT / "lib/policy" / f"{name}.cpp"
        self.source = self.path.read_text()
        needs, tests = CORES[name]
        sources = [ROOT / f"lib/policy/{n}.cpp" for n in needs if n != name]
        library = CORE_LIBRARY + (FOR_WAITING if set(WAITING) & set(needs) else
                                  FOR_HANDLES if set(HANDLE) <= set(needs) else [])
        sources += [ROOT / f"lib/core/{s}.cpp" for s in library]
        sources += [ROOT / f"tests/policy/{t}_test.cpp" for t in tests]
        self.objects = [scratch / f"base-{s.stem}.o" for s in sources]
        missing = [(s, o) for s, o in zip(sources, self.objects) if not o.exists()]
        list(pool.map(lambda so: compile_to(*so), missing))
        if not self.survives("base", self.source):
            sys.exit(f"{name}: its tests fail as it is")

    def survives(self, label: str, source: str) -> bool:
        """True when every test still passes."""
        place = self.scratch / f"{self.name}-{label}"
        mutant, program = place.with_suffix(".cpp"), place.with_suffix(".exe")
        mutant.write_text(source)
        try:
            if not compile_to(mutant, place.with_suffix(".o")):
                return False
            subprocess.run([CXX, "-pthread", str(place.with_suffix(".o")),
                            *map(str, self.objects), "-lgtest", "-lgtest_main", "-o",
                            str(program)], check=True)
            tests = subprocess.run([str(program), "--gtest_fail_fast", "--gtest_brief=1"],
                                   capture_output=True, timeout=HANG)
            return tests.returncode == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            for suffix in (".cpp", ".o", ".exe"):
                place.with_suffix(suffix).unlink(missing_ok=True)


def declared_equivalent() -> set:
    """Lines of scripts/mutants.txt: `core | line as it is | line as it may be | why`."""
    listed = ROOT / "scripts/mutants.txt"
    rows = [r.split(" | ") for r in listed.read_text().splitlines() if r and not r.startswith("#")]
    return {(r[0], r[1].strip(), r[2].strip()) for r in rows}


def main() -> int:
    args = argparse.ArgumentParser(description=__doc__,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("core", nargs="*", help=", ".join(CORES))
    args.add_argument("--list", action="store_true", help="print the mutants, try none")
    args.add_argument("-j", type=int, default=os.cpu_count(), help="mutants at the same time")
    given = args.parse_args()
    equivalent, left = declared_equivalent(), 0
    with tempfile.TemporaryDirectory() as scratch, \
            concurrent.futures.ThreadPoolExecutor(given.j) as pool:
        for name in given.core or CORES:
            source = (ROOT / "lib/policy" / f"{name}.cpp").read_text()
            lines = source.split("\n")
            found = [(n, new) for n, new in dict.fromkeys(mutants(source))
                     if (name, lines[n].strip(), new.strip()) not in equivalent]
            if given.list:
                print(*(f"{name}:{n + 1}: {new.strip()}" for n, new in found), sep="\n")
                continue
            began = time.monotonic()
            core = Core(name, pathlib.Path(scratch), pool)

            def attempt(numbered):
                label, (n, new) = numbered
                return core.survives(str(label), "\n".join(lines[:n] + [new] + lines[n + 1:]))

            alive = 0
            for (n, new), survived in zip(found, pool.map(attempt, enumerate(found))):
                if survived:
                    print(f"lib/policy/{name}.cpp:{n + 1}: survived\n  - {lines[n].strip()}\n"
                          f"  + {new.strip()}", flush=True)
                    alive += 1
            print(f"{name}: {len(found)} mutants, {alive} survived, "
                  f"{time.monotonic() - began:.0f} s", flush=True)
            left += alive
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
