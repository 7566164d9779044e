#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What overload costs with and without shedding: finds what this machine can take, offers more than that (150 % unless told
otherwise), and says what was shed, in which order, and how much was missed. That headers of all that is received are matched is
held by tests/system/shed.py.

usage: bench/shed.py [--capture FILE] [--loop N] [--workers N] [--runs N] [--load PERCENT]
Needs a release build in build/ (SIGHTLINE_BUILD names another), and cores that nothing else uses."""
import argparse, json, os, statistics, subprocess, sys, tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SENSOR = os.path.join(TOP, os.environ.get("SIGHTLINE_BUILD", "build"), "app/sensor/sightline-sensor")
DATA = os.environ.get("SIGHTLINE_DATA") or os.path.join(TOP, "..", "shared", "data")
LEVELS = ("bodies", "elephants", "streams", "names")
# Every value that deep inspection can find is wanted, and every address.
INTEL = [{"type": "ipv4-addr", "value": "%d.%d.0.0/16" % (a, b)} for a in (198, 203) for b in range(0, 256, 5)]
INTEL += [{"type": "file", "value": "%064x" % i} for i in range(1, 100)]
INTEL += [{"type": "domain-name", "value": "host%d.example" % i} for i in range(10000)]


def run(folder, *args):
    r = subprocess.run([SENSOR, "--intel", folder + "/intel.jsonl", "--stats", folder + "/stats"] + [str(a) for a in args],
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if r.returncode != 0:
        sys.exit("the sensor failed:\n" + r.stderr)
    with open(folder + "/stats") as f:
        return json.load(f)


def capacity(folder, base):
    st = run(folder, *base)
    return st["sightline_rx_packets_total"] / (st["sightline_replay_longest_nanoseconds_total"] / 1e9)


def missed(st):
    return 100 * st["sightline_missed_packets_total"] / st["sightline_replay_sent_packets_total"]


def shed(st, what):
    return [st['sightline_shed_%s_total{level="%s"}' % (what, level)] for level in LEVELS]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--capture", default=os.path.join(DATA, "bench-mix.pcap.gz"))
    p.add_argument("--loop", type=int, default=50)
    p.add_argument("--workers", type=int, default=1)
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--load", type=float, default=150)
    a = p.parse_args()
    base = ["-r", a.capture, "--loop", a.loop, "--workers", a.workers]
    with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
        with open(folder + "/intel.jsonl", "w") as f:
            f.write("".join(json.dumps(dict(r, source="bench")) + "\n" for r in INTEL))
        found = [capacity(folder, base) for _ in range(3)]
        rate = int(max(found) * a.load / 100)
        print("capacity %.3f Mpps (of %s), %d workers; offered %.3f Mpps" % (
            max(found) / 1e6, " ".join("%.3f" % (x / 1e6) for x in found), a.workers, rate / 1e6))
        runs = {"never": [], "auto": []}
        for _ in range(a.runs):
            for how, got in runs.items():
                got.append(run(folder, *base, "--speed", "%dpps" % rate, "--shed", how))
        for how, got in runs.items():
            print("--shed %-6s missed %5.1f %% of packets (median of %d: %s)" % (
                how, statistics.median(map(missed, got)), a.runs, " ".join("%.1f" % missed(st) for st in got)))
        st = sorted(runs["auto"], key=missed)[a.runs // 2]
        print("%-12s %10s %12s %10s %12s %14s" % ("shed", "entries", "bursts", "flows", "packets", "bytes"))
        rows = zip(LEVELS, *(shed(st, what) for what in ("entries", "bursts", "flows", "packets", "bytes")))
        for row in rows:
            print("%-12s %10d %12d %10d %12d %14d" % row)
        rx = st["sightline_rx_packets_total"]
        print("of %d packets received; bypassed behind their handshake: %d; flows %d" % (
            rx, st["sightline_bypassed_packets_total"], st["sightline_flows_total"]))
    entries = shed(st, "entries")
    sys.exit(0 if entries == sorted(entries, reverse=True) and not any(v for s in runs["never"] for v in shed(s, "packets")) else 1)


if __name__ == "__main__":
    main()
