#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Cores and memory for a line rate and a number of indicators, as a table for the README, from what the bench measured.

usage: bench/sizing.py [--headroom PERCENT]
Needs the curves c-indicators and c-memory in bench/results/bench.json. A core is loaded to 80 % of what it took without loss;
beside the workers' cores a sensor has one for control."""
import argparse, json, math, os, sys

RESULTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "results", "bench.json")
RATES = (1, 10, 25, 40, 100)  # Gbit/s


def curve(result, name):
    for c in result["curves"]:
        if c["profile"] == name:
            return c
    sys.exit("%s has no %s: run bench/run.sh %s" % (RESULTS, name, name))


def count(n):
    return "%g M" % (n / 1e6) if n >= 1e6 else "%g k" % (n / 1e3)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--headroom", type=float, default=20)
    a = p.parse_args()
    with open(RESULTS, encoding="utf-8") as f:
        result = json.load(f)
    rates, memory = curve(result, "c-indicators"), curve(result, "c-memory")
    gbit, resident = dict(rates["gbit"]), dict(memory["series"]["one worker"])
    more = memory["MiB of a worker more"]
    print("| indicators | one core takes | " + " | ".join("%d Gbit/s" % r for r in RATES) + " |")
    print("|---" * (len(RATES) + 2) + "|")
    for n in sorted(gbit):
        cells = []
        for r in RATES:
            workers = math.ceil(r / (gbit[n] * (1 - a.headroom / 100)))
            cells.append("%d cores, %.1f GiB" % (workers + 1, (resident[n] + (workers - 1) * more) / 1024))
        print("| %s | %.2f Gbit/s | " % (count(n), gbit[n]) + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
