#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Uses fairlead as other projects do.

usage: consumer_test.py subproject|pkgconfig|no-boost BUILD_DIRECTORY

subproject   fairlead lies in subprojects/: the program builds and runs, and of fairlead nothing but
             the libraries is built
pkgconfig    fairlead is installed from BUILD_DIRECTORY and found with pkg-config: by Meson, and by a
             compiler call with nothing but what `pkg-config --cflags --libs` says
no-boost     without Boost, or with one too old, configuring says which package to install

Works in BUILD_DIRECTORY/consumer, and keeps what it built there for the next run.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "subproject"
FAST = ["--buildtype=plain", "-Doptimization=0", "-Dunity=subprojects", "-Dunity_size=16"]


def run(*command, env=None, fails=False):
    """The output of a command; the test is over when it ends otherwise than expected."""
    shown = " ".join(map(str, command))
    print("+", shown, flush=True)
    done = subprocess.run(list(map(str, command)), env={**os.environ, **(env or {})}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if (done.returncode != 0) != fails:
        sys.exit(f"{done.stdout}\nended with {done.returncode}: {shown}")
    return done.stdout


def expect(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def project(work, name):
    """A copy of the consumer project `name` to build in."""
    source = work / name
    source.mkdir(parents=True, exist_ok=True)
    shutil.copy2(HERE / name / "meson.build", source)
    shutil.copy2(HERE / "consumer.cpp", source)
    return source


def build_and_run(source, env=None):
    """Configures, compiles and runs; returns Meson's list of targets."""
    build = source / "build"
    setup = ["meson", "setup", build, source, *FAST]
    run(*setup, *(["--reconfigure"] if (build / "build.ninja").exists() else []), env=env)
    run("ninja", "-C", build, env=env)
    for program in ("consumer", "consumer-of-core"):
        output = run(build / program)
        expect(output.startswith("42\n") and "must be even" in output, f"{program} printed {output!r}")
    return json.loads(run("meson", "introspect", "--targets", build))


def via_subproject(work, _):
    source = project(work, "via_subproject")
    (source / "subprojects").mkdir(exist_ok=True)
    link = source / "subprojects" / "fairlead"
    if not link.is_symlink():
        link.symlink_to(ROOT)
    targets = build_and_run(source)
    ours = [t for t in targets if t["subproject"] == "fairlead"]
    areas = {p.parent.name for p in (ROOT / "lib").glob("*/meson.build")}
    expect({t["name"] for t in ours} == {f"fairlead-{a}" for a in areas},
           f"as a subproject only the libraries are built, not {[t['name'] for t in ours]}")
    expect(all(t["type"] == "static library" for t in ours), "they are static libraries")


def via_pkgconfig(work, build):
    destination = work / "installed"
    shutil.rmtree(destination, ignore_errors=True)
    run("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", destination)
    pc = next(destination.rglob("fairlead.pc")).parent
    for file in pc.glob("*.pc"):  # as if it had been configured with this prefix
        file.write_text(file.read_text().replace("prefix=/", f"prefix={destination}/", 1))
    env = {"PKG_CONFIG_PATH": str(pc)}

    headers = {p.relative_to(ROOT / "include") for p in (ROOT / "include").rglob("*.hpp")}
    include = next(destination.rglob("include"))
    expect({p.relative_to(include) for p in include.rglob("*.hpp")} == headers,
           "every header is installed, under its own path")
    areas = {p.parent.name for p in (ROOT / "lib").glob("*/meson.build")}
    expect({p.stem for p in pc.glob("*.pc")} == {"fairlead"} | {f"fairlead-{a}" for a in areas},
           "there is a .pc file for each area and one for all")

    source = project(work, "via_pkgconfig")
    if (source / "build").exists():  # Meson remembers what pkg-config said, so an old answer stays
        shutil.rmtree(source / "build")
    build_and_run(source, env)

    flags = run("pkg-config", "--cflags", "--libs", "fairlead", env=env).split()
    program = work / "plain-compiler-call"
    run(*os.environ.get("CXX", "c++").split(), "-std=c++20", source / "consumer.cpp", "-o", program, *flags)
    run(program)


def no_boost(work, _):
    old = work / "old-boost" / "include" / "boost"
    old.mkdir(parents=True, exist_ok=True)
    (old / "version.hpp").write_text('#define BOOST_VERSION 107400\n#define BOOST_LIB_VERSION "1_74"\n')
    (work / "empty").mkdir(exist_ok=True)
    for root in (old.parents[1], work / "empty"):
        shutil.rmtree(work / "no-boost", ignore_errors=True)
        output = run("meson", "setup", work / "no-boost", ROOT, env={"BOOST_ROOT": str(root)}, fails=True)
        expect("apt-get install libboost1.81-dev libboost-json1.81-dev" in output,
               f"the message does not name the packages:\n{output}")


def main():
    mode, build = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    work = build / "consumer"
    work.mkdir(exist_ok=True)
    os.environ["CCACHE_SLOPPINESS"] = "pch_defines,time_macros"
    {"subproject": via_subproject, "pkgconfig": via_pkgconfig, "no-boost": no_boost}[mode](work, build)
    print(f"consumer {mode}: as it should be")


if __name__ == "__main__":
    main()
