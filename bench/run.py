#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The bench: rows, each against its baseline in interleaved pairs, held against their bounds.

usage: bench/run.sh [NAME...] [--json FILE] [--pairs N] [--quick] [--list]

Prints a table, and writes bench/results/: bench.json (rows of earlier runs on the same machine stay until they are run
again; each has its commit), bench.txt and SVG plots. --json FILE has the rows of this run alone. --quick takes 5 pairs, counts
no instructions, is never ok, and leaves the results alone. Exit 1: a bound does not hold, or a row could not be measured.

A row is a class of a module in bench/rows/, named in its __init__.py. Its interface is Row in bench/row.py; what programs in
C say to it is in bench/serve.h. A curve is a Curve of the same module. A ratio is such that higher is better; `low` is the
lower end of the 95 % bootstrap interval of the median ratio of at least 21 pairs, and has to reach `bound`."""
import argparse, json, os, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import figures, machine, plots, rows
from row import Bench, NotMeasured

PAIRS, QUICK = 21, 5


def chosen(kinds, wanted):
    """Rows whose name begins with one of the wanted words; all where none is."""
    return [k for k in kinds if not wanted or any(k.profile.startswith(w) for w in wanted)]


def take(row, pairs, quick):
    """The row's figures as the JSON has them."""
    said = figures.empty(row)
    try:
        row.start()
        got = []
        for n in range(pairs):
            got.append(row.pair())
            print("\r%s: pair %d of %d: %.4g against %s   " % (row.profile, n + 1, pairs, got[-1][0], figures.number(got[-1][1])), end="", file=sys.stderr)
        said.update(figures.of_pairs(row, got))
        if not quick:
            said["instructions"] = row.instructions()
        said.update(packets=row.packets, baseline=row.baseline, note=row.note, facts=row.facts)
        said["ok"] = not quick and not row.failures and (row.bound is None or said["low"] >= row.bound)
        said["failures"] = row.failures
    except NotMeasured as why:
        said["note"] = str(why)
    finally:
        row.stop()
        print("\r" + 78 * " " + "\r", end="", file=sys.stderr, flush=True)
    said["quick"] = quick
    return said


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("names", nargs="*", metavar="NAME")
    p.add_argument("--json", metavar="FILE")
    p.add_argument("--pairs", type=int, help="of each row, %d at least" % PAIRS)
    p.add_argument("--quick", action="store_true")
    p.add_argument("--list", action="store_true", help="name the rows and curves, and measure nothing")
    a = p.parse_args()
    kinds, curves = chosen(rows.all_rows(), a.names), chosen(rows.all_curves(), a.names)
    if a.list:
        print("\n".join("%-18s %s" % (k.profile, k.what) for k in kinds + curves))
        return 0
    if not kinds and not curves:
        sys.exit("no row is called %s; --list names them" % " or ".join(a.names))
    pairs = QUICK if a.quick else max(PAIRS, a.pairs or 0)
    result = {"machine": machine.describe(), "commit": machine.commit(), "rows": [], "curves": []}
    with tempfile.TemporaryDirectory(prefix="sightline-bench-") as folder:
        bench = Bench(folder, a.quick)
        print(figures.HEAD)
        for kind in kinds:
            said = take(kind(bench), pairs, a.quick)
            said.update(commit=result["commit"], taken=int(time.time()))
            result["rows"].append(said)
            print(figures.line(said), flush=True)
        for kind in curves:
            curve = kind(bench)
            said = {"profile": curve.profile, **curve.shape(), **curve.take(), "commit": result["commit"], "taken": int(time.time())}
            result["curves"].append(said)
            print(figures.curve_text(said), flush=True)
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)
    if not a.quick:
        plots.write(figures.keep(result))
    return 0 if all(r["ok"] for r in result["rows"]) and not any(c.get("failures") for c in result["curves"]) else 1


if __name__ == "__main__":
    sys.exit(main())
