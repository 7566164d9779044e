#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What machines can say about the form of the code: layers, doors, headers, format, names, lengths.

One line a check, then "N passed, N failed"; exit 1 where a check failed. Reads tracked files only.
  --build DIR   the build whose generated headers and compile_commands.json are used (default: build)
  --tidy WHAT   clang-tidy over `none` (default), `changed` (since the merge base with main), or `all` sources
"""
import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Data moves down this list, includes point up it.
LEVELS = [["base", "json", "digest", "compress"], ["source", "decode", "host", "metrics", "privilege"], ["flow", "stream"], ["observable"], ["parser"],
          ["pattern"], ["intel"], ["match", "memory"], ["wire", "sighting"], ["bus"], ["store", "handout", "feed"]]
LEVEL = {folder: n for n, row in enumerate(LEVELS) for folder in row}
# Public headers that are not called like their folder.
OWNER = {"addr": "base", "aead": "digest", "clock": "base", "config": "base", "counter": "base", "hash": "base", "io": "base", "hyperloglog": "base", "hot": "base", "capture": "source", "shed": "flow",
         "expect": "parser", "vocabulary": "observable",
         "log": "base", "mem": "base", "watchdog": "base", "tap": "metrics", "ring": "base", "span": "base", "image": "base", "packet": "base", "prefetch": "base", "record": "match",
         "breaker": "match", "correlate": "match", "hosts": "match", "trees": "match", "detection": "intel", "regex": "pattern",
         "defrag": "decode", "sieve": "decode", "overlap": "base",
         "book": "intel", "lists": "intel", "past": "intel", "seen": "intel", "policy": "intel",
         "subscribe": "bus", "inflate": "compress"}
# A third-party header and the folders that may open its door.
DOORS = [(r"yaml\.h", ["lib/base"]), (r"yajl/.*", ["lib/json"]), (r"openssl/.*", ["lib/digest"]),
         (r"(zlib|zstd|zstd_errors|bzlib|lzma|zip)\.h|brotli/.*", ["lib/compress"]), (r"rte_.*\.h", ["lib/source"]), (r"idn2\.h", ["lib/observable"]),
         (r"(pcre2.*|utf8proc)\.h", ["lib/pattern"]),
         (r"libpsl\.h", ["lib/intel"]),
         (r"urcu.*|hs\.h|hs/.*", ["lib/match"]), (r"zmq\.h|sodium\.h", ["lib/bus"]), (r"sqlite3\.h", ["lib/store"]),
         (r"curl/.*", ["lib/feed"]), (r"microhttpd\.h", ["lib/metrics"]), (r"seccomp\.h", ["lib/privilege"]), (r"protobuf-c/.*", ["lib/wire"]), (r"nghttp2/.*", ["lib/parser"]), (r"libxml/.*", ["lib/intel"]),
         (r"sightline\.pb-c\.h", ["lib/wire", "lib/sighting", "lib/bus", "lib/store", "lib/handout", "app", "include"])]
GENERATED = {"version.h", "sightline.pb-c.h"}
MAX_LINES, MAX_FUNCTION = 500, 100
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def tracked():
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP, check=True,
                         capture_output=True).stdout
    return sorted(p for p in out.decode().split("\0") if p and os.path.isfile(os.path.join(TOP, p)))


def read(path):
    with open(os.path.join(TOP, path), "rb") as f:
        return f.read().decode("utf-8", "replace")


def owner(header):
    name = header[len("sightline/"):-len(".h")]
    return OWNER.get(name, name)


def folder_of(path):
    part = path.split("/")
    if part[0] == "lib":
        return part[1]
    if path.startswith("include/sightline/"):
        return owner(path[len("include/"):])
    return None  # app: below everything


def c_files(files, *tops):
    return [p for p in files if p.endswith((".c", ".h")) and p.split("/")[0] in tops]


def layers(files):
    """Only upward: a header of a level below, or of another folder's inside, is a fault."""
    bad, edges = [], set()
    for path in c_files(files, "lib", "include", "app"):
        mine = folder_of(path)
        for kind, name in INCLUDE.findall(read(path)):
            if name.startswith("sightline/"):
                theirs = owner(name)
                if theirs not in LEVEL:
                    bad.append(f"{path}: {name} has no level in the table")
                elif mine is not None and LEVEL[theirs] > LEVEL[mine]:
                    bad.append(f"{path}: includes {name}, which lies below {mine}")
                elif mine is not None and theirs != mine:
                    edges.add((mine, theirs))
            elif kind == '"' and name not in GENERATED:
                if ".." in name or not os.path.exists(os.path.join(TOP, os.path.dirname(path), name)):
                    bad.append(f"{path}: \"{name}\" is not in its own folder")
    bad += [f"{a} and {b} include each other" for a, b in sorted(edges) if a < b and (b, a) in edges]
    return bad


def doors(files):
    bad = []
    for path in c_files(files, "lib", "include", "app"):
        for _, name in INCLUDE.findall(read(path)):
            for pattern, allowed in DOORS:
                if re.fullmatch(pattern, name) and not any(path.startswith(a + "/") for a in allowed):
                    bad.append(f"{path}: {name} belongs to {', '.join(allowed)}")
    return bad


def headers(files, build):
    """Each public header compiles alone, in both compilers."""
    jobs = []
    for path in files:
        if path.startswith("include/sightline/") and not path.endswith("hot.h"):
            for cc in ("gcc", "clang-14"):
                jobs.append((path, [cc, "-x", "c", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                                    "-Wno-unused-parameter", "-fsyntax-only", "-march=x86-64-v3", "-Iinclude",
                                    f"-I{build}/lib/wire", "-include", path, "/dev/null"]))
    return run_all(jobs)


def run_all(jobs):
    def one(job):
        r = subprocess.run(job[1], cwd=TOP, capture_output=True, text=True)
        first = (r.stdout + r.stderr).strip().splitlines()
        said = [line for line in first if "error" in line] or first
        return None if r.returncode == 0 else f"{job[0]}: {job[1][0]}: {said[0] if said else 'failed'}"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [r for r in pool.map(one, jobs) if r]


def form(files):
    paths = c_files(files, "lib", "include", "app", "tests", "bench", "deploy")
    return run_all([(p, ["clang-format-14", "--dry-run", "-Werror", p]) for p in paths])


def spdx(files):
    bad = []
    for path in files:
        if not (path.endswith((".c", ".h", ".py", ".sh", ".proto", ".in")) or path.endswith("meson.build")):
            continue
        head = read(path).splitlines()[:2]
        if path.endswith((".c", ".h")):
            head = head[:1]
        if not path.endswith(".in") and not any("SPDX-License-Identifier: BSD-3-Clause" in line for line in head):
            bad.append(f"{path}: no SPDX line")
    return bad


def names(files):
    words = re.compile(r"(^|[/_.-])(utils?|common|misc|helpers?|managers?)([/_.-]|$)", re.I)
    return [p for p in files if words.search(p)]


def lengths(files):
    return [f"{p}: {n} lines" for p in files if p.endswith((".c", ".h", ".py", ".sh"))
            for n in [read(p).count("\n")] if n > MAX_LINES]


def functions(files):
    bad = []
    for path in c_files(files, "lib", "app"):
        start = None
        for n, line in enumerate(read(path).splitlines(), 1):
            if line == "{":
                start = n
            elif line == "}" and start is not None:
                if n - start - 1 > MAX_FUNCTION:
                    bad.append(f"{path}:{start}: a function of {n - start - 1} lines")
                start = None
    return bad


def machine(files):
    """Nothing that holds on one machine only."""
    pattern = re.compile(r"(?<![\w.])/(work|root|home)/\w")
    bad = []
    for path in files:
        if path == "tests/lint/run.py" or "/corpus/" in path or path.startswith("tests/data/"):
            continue
        for n, line in enumerate(read(path).splitlines(), 1):
            if pattern.search(line):
                bad.append(f"{path}:{n}: a path of one machine")
    return bad


def unfinished(files):
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    return [f"{p}:{n}: {m.group(0)}" for p in c_files(files, "lib", "include", "app")
            for n, line in enumerate(read(p).splitlines(), 1) for m in [words.search(line)] if m]


def protocol(files):
    """A protocol is three files and two lines: counted of the one that lib/README.md shows."""
    section = read("lib/README.md").split("## To add a protocol")[1].split("\n## ")[0]
    name = re.search(r"`lib/parser/(\w+)\.c`", section).group(1)
    mine = {f"lib/parser/{name}.c", f"tests/parser/{name}_test.c", f"tests/parser/fuzz_{name}.c"}
    rows = {"lib/parser/registry.h": rf"X\({name}\) \\", "include/sightline/vocabulary.h": rf'X\({name.upper()}_\w+, "{name}\..*'}
    bad, shown = [f"{p} is missing" for p in mine - set(files)], []
    for path in files:
        if "/corpus/" in path or path in mine:
            continue
        if name in path.lower():
            bad.append(f"{path}: a file more")
        if path.endswith((".md", ".tsv", ".prose", "tests/lint/run.py")):
            continue
        said = [(n, " ".join(line.split())) for n, line in enumerate(read(path).splitlines(), 1) if name in line.lower()]
        found = [line for _, line in said if re.fullmatch(rows.get(path, "-"), line)]
        bad += [f"{path}:{n}: a line more" for n, line in said if line not in found]
        shown += found
        if path in rows and (not found or (len(found) > 1 and path.endswith("registry.h"))):
            bad.append(f"{path}: {len(found)} rows")
    told = [" ".join(line.split()) for line in section.split("```")[1].strip().splitlines()]
    return bad + [f"lib/README.md: not a row, or not shown: {line}" for line in sorted(set(told) ^ set(shown))]


def scripts(files):
    bad = []
    for path in files:
        text = read(path)[:64]
        if path.startswith("tests/system/") and text.startswith("#!") and not os.access(os.path.join(TOP, path), os.X_OK):
            bad.append(f"{path}: is not executable, so nobody runs it")
        if path.endswith(".sh") or text.startswith("#!/usr/bin/env bash") or text.startswith("#!/bin/bash"):
            r = subprocess.run(["bash", "-n", path], cwd=TOP, capture_output=True, text=True)
            if r.returncode != 0:
                bad.append(r.stderr.strip().splitlines()[0])
            r = subprocess.run(["shellcheck", "-f", "gcc", path], cwd=TOP, capture_output=True, text=True)
            bad += r.stdout.splitlines()[:3]
        if path.endswith(".py"):
            try:
                compile(read(path), path, "exec")
            except SyntaxError as e:
                bad.append(f"{path}:{e.lineno}: {e.msg}")
    return bad


def tidy(files, build, what):
    database = os.path.join(TOP, build, "compile_commands.json")
    if not os.path.exists(database):
        return [f"{build}/compile_commands.json is missing: build first"]
    with open(database, encoding="utf-8") as f:
        known = {os.path.relpath(os.path.join(e["directory"], e["file"]), TOP) for e in json.load(f)}
    paths = [p for p in c_files(files, "lib", "app") if p in known]
    if what == "changed":
        base = subprocess.run(["git", "merge-base", "HEAD", "main"], cwd=TOP, capture_output=True, text=True).stdout.strip()
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=TOP, capture_output=True, text=True).stdout.strip()
        base = base if base and base != head else "HEAD~1"
        diff = subprocess.run(["git", "diff", "--name-only", base], cwd=TOP, capture_output=True, text=True).stdout
        paths = [p for p in paths if p in diff.splitlines()]
    return run_all([(p, ["clang-tidy-14", "--quiet", "--extra-arg=-Wno-ignored-optimization-argument", "-p", build, p]) for p in paths])


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--build", default="build")
    args.add_argument("--tidy", choices=["none", "changed", "all"], default="none")
    opt = args.parse_args()
    files = tracked()
    checks = [("layers: includes point up only", layers, ()), ("doors: a third-party header in its folder", doors, ()),
              ("headers: each compiles alone", headers, (opt.build,)), ("format: clang-format", form, ()),
              ("licence: an SPDX line in each source", spdx, ()), ("names: nothing is called what it isn't", names, ()),
              (f"files: at most {MAX_LINES} lines", lengths, ()), (f"functions: at most {MAX_FUNCTION} lines", functions, ()),
              ("paths: nothing of one machine", machine, ()), ("nothing unfinished", unfinished, ()),
              ("a new protocol is three files and two lines", protocol, ()),
              ("scripts: they parse, and shellcheck has nothing to say", scripts, ())]
    if opt.tidy != "none":
        checks.append((f"clang-tidy: {opt.tidy}", tidy, (opt.build, opt.tidy)))
    failed = 0
    for name, check, more in checks:
        bad = check(files, *more)
        print(f"{'ok' if not bad else 'FAILED'}: {name}", flush=True)
        for line in bad[:20]:
            print(f"    {line}")
        if len(bad) > 20:
            print(f"    and {len(bad) - 20} more")
        failed += bool(bad)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
