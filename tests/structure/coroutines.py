#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Refuses the ways of writing coroutines that break, here or with g++ 12 (docs/compilers.md).

A line may break a rule that its test is about: `// breaks-rule: why` at its end says so.

`--self-test` proves each rule with text that breaks it, and with its lawful neighbour.
"""

import re
import sys

import tree

DIRECTORIES = ("include", "lib", "samples", "tests", "bench", "tools")


def pattern(regex, why):
    compiled = re.compile(regex, re.DOTALL)
    return lambda code: [(m.start(), why) for m in compiled.finditer(code)]


def lambda_body_end(code, start):
    """The offset after the `}` of the lambda whose `[` is at `start`, or -1."""
    captures = tree.matching(code, start)
    body = code.find("{", captures)
    semicolon = code.find(";", captures)
    if captures < 0 or body < 0 or 0 <= semicolon < body:
        return -1
    return tree.matching(code, body) + 1


def immediately_invoked(code):
    """`co_spawn(ex, [x]() -> task<> {...}(), token)`: the lambda dies before the coroutine runs."""
    found = []
    for call in re.finditer(r"\bco_spawn\s*\(|\bspawn\s*\(", code):
        end = tree.matching(code, call.end() - 1)
        for capture in re.finditer(r"\[[^\]\[]+\]\s*[({]", code[call.end():end]):
            after = lambda_body_end(code, call.end() + capture.start())
            if 0 < after < end and code[after:].lstrip().startswith("("):
                found.append((call.end() + capture.start(),
                              "the captures of a lambda that is called here dangle; pass the lambda"))
    return found


def await_in_catch(code):
    found = []
    for match in re.finditer(r"\bcatch\s*\(", code):
        body = code.find("{", tree.matching(code, match.end() - 1))
        if "co_await" in code[body:tree.matching(code, body)]:
            found.append((match.start(), "co_await in a catch block; leave it first"))
    return found


def statements_that_await(code):
    """(offset, text) from each `co_await` back to the begin of its statement and on to its end, with
    what stands in lambda bodies of its own left out."""
    for match in re.finditer(r"\bco_await\b", code):
        begin = max(code.rfind(c, 0, match.start()) for c in ";{}") + 1
        end, i = -1, match.end()
        while i < len(code) and end < 0:
            if code[i] in "([{":
                i = max(tree.matching(code, i), i)
            elif code[i] in ";)}":
                end = i
            i += 1
        yield begin, code[begin:end]


def one_await(code):
    """One co_await per statement into a named local."""
    found = []
    for begin, text in statements_that_await(code):
        flat = re.sub(r"\{[^{}]*\}", "{}", text)
        if len(re.findall(r"\bco_await\b", flat)) > 1:
            found.append((begin + len(text) - len(text.lstrip()),
                          "more than one co_await in a statement; name the results one by one"))
    return sorted(set(found))


RULES = [
    pattern(r"#\s*include\s*<boost/asio/experimental/awaitable_operators\.hpp>",
            "awaitable operators: use when_all, when_any_ok or a deadline of the context"),
    pattern(r"#\s*include\s*<boost/asio/experimental/parallel_group\.hpp>",
            "parallel_group: use when_all, when_any_ok or a task scope"),
    pattern(r"\bswitch\s*\(\s*co_await\b", "switch (co_await ...): g++ 12 takes the wrong branch"),
    immediately_invoked,
    await_in_catch,
    one_await,
]


def check(text):
    """(line, why) of everything in `text` that breaks a rule."""
    code = tree.without_comments(text)
    lines = text.splitlines()
    found = [(tree.line_of(code, offset), why) for rule in RULES for offset, why in rule(code)]
    return [(line, why) for line, why in found if not re.search(r"// breaks-rule: \S", lines[line - 1])]


def self_test():
    cases = [
        ("#include <boost/asio/experimental/awaitable_operators.hpp>", "awaitable operators"),
        ("#  include <boost/asio/experimental/parallel_group.hpp>", "parallel_group"),
        ("// #include <boost/asio/experimental/parallel_group.hpp>", None),
        ("#include <boost/asio/experimental/parallel_group.hpp>  // breaks-rule: users may", None),
        ("#include <boost/asio/experimental/parallel_group.hpp>  // breaks-rule:", "parallel_group"),
        ("void f() { switch (co_await g()) {} }", "switch"),
        ("void f() { auto v = co_await g(); switch (v) {} }", None),
        ("void f() { co_spawn(ex, [x]() -> task<> { co_return; }(), detached); }", "dangle"),
        ("void f() { co_spawn(ex, [&, x = std::move(x)]() -> task<> { if (a) { b(); } }(), t); }", "dangle"),
        ("void f() { scope.spawn([this] { return run(); }()); }", "dangle"),
        ("void f() { co_spawn(ex, [x]() -> task<> { co_return; }, detached); }", None),
        ("void f() { co_spawn(ex, []() -> task<> { co_return; }(), detached); }", None),
        ("void f() { co_spawn(ex, [&] { g(v[0], [x] { return x; }()); }, t); }", "dangle"),
        ("void f() { try { g(); } catch (const e& x) { if (x) { co_await h(); } } }", "catch"),
        ("void f() { try { co_await g(); } catch (...) { failed = true; } co_await h(); }", None),
        ("void f() { g(co_await a(), co_await b()); }", "more than one"),
        ("void f() { auto x = co_await a() + co_await b(); }", "more than one"),
        ("void f() { auto x = co_await a(); auto y = co_await b(x); }", None),
        ("void f() { if (co_await a()) { co_await b(); } }", None),
        ("void f() { auto x = co_await run([&] { co_await a(); co_await b(); }); }", None),
        ('void f() { log("switch (co_await x)"); }', None),
    ]
    problems = []
    for text, expected in cases:
        found = check(text)
        if not (not found if expected is None else found and all(expected in w for _, w in found)):
            problems.append(f"self-test: {text!r}: expected {expected}, got {found}")
    tree.finish("coroutines, self-test", problems, len(cases))


def main():
    if "--self-test" in sys.argv:
        self_test()
    paths = tree.files(*DIRECTORIES)
    problems = [f"{path.relative_to(tree.ROOT)}:{line}: {why}"
                for path in paths for line, why in check(path.read_text())]
    tree.finish("coroutines", problems, len(paths))


if __name__ == "__main__":
    main()
