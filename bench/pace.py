#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Whether a paced replay keeps the pace that was asked for: below capacity it has to deliver within 1 % of it and miss
nothing, above capacity the packets missed have to make up the sum. Then what --timing costs, in interleaved runs.

usage: bench/pace.py [--capture FILE] [--loop N] [--workers N] [--runs N]
Needs a release build in build/ (SIGHTLINE_BUILD names another), and cores that nothing else uses."""
import argparse, json, os, re, statistics, subprocess, sys, tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SENSOR = os.path.join(TOP, os.environ.get("SIGHTLINE_BUILD", "build"), "app/sensor/sightline-sensor")
DATA = os.environ.get("SIGHTLINE_DATA") or os.path.join(TOP, "..", "shared", "data")


def run(folder, *args):
    """(statistics, stderr)"""
    r = subprocess.run([SENSOR, "--allow-empty", "--stats", folder + "/stats"] + [str(a) for a in args],
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if r.returncode != 0:
        sys.exit("the sensor failed:\n" + r.stderr)
    with open(folder + "/stats") as f:
        return json.load(f), r.stderr


def full_speed(folder, base, *args):
    """ns a packet of one worker"""
    st, _ = run(folder, *base, *args)
    return st["sightline_replay_queues_nanoseconds_total"] / st["sightline_rx_packets_total"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--capture", default=os.path.join(DATA, "bench-mix.pcap.gz"))
    p.add_argument("--loop", type=int, default=20)
    p.add_argument("--workers", type=int, default=1)
    p.add_argument("--runs", type=int, default=11)
    a = p.parse_args()
    base = ["-r", a.capture, "--loop", a.loop, "--workers", a.workers]
    good = True
    with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
        st, _ = run(folder, *base)
        seconds = st["sightline_replay_longest_nanoseconds_total"] / 1e9
        mpps = st["sightline_rx_packets_total"] / seconds / 1e6
        gbit = st["sightline_rx_bytes_total"] * 8 / seconds / 1e9
        print("capacity %.3f Mpps, %.3f Gbit/s, %d workers" % (mpps, gbit, a.workers))
        print("%-12s %10s %10s %10s %8s" % ("asked", "delivered", "ratio", "missed", ""))
        for share, text in ((0.1, "pps"), (0.3, "pps"), (0.5, "pps"), (0.3, "mbit"), (5, "pps"), (5, "mbit")):
            rate = int(share * (mpps * 1e6 if text == "pps" else gbit * 1e3))
            st, err = run(folder, *base, "--speed", "%d%s" % (rate, text))
            sent, rx, missed = (st["sightline_%s_packets_total" % n] for n in ("replay_sent", "rx", "missed"))
            said = re.search(r"received ([0-9.]+) Mpps, ([0-9.]+) Gbit/s", err)
            got = float(said.group(1)) * 1e6 if text == "pps" else float(said.group(2)) * 1e3
            ok = sent == rx + missed and (missed > 0 if share > 1 else missed == 0 and abs(got / rate - 1) <= 0.01)
            good &= ok
            print("%-12s %10.0f %10.4f %10d %8s" % ("%d%s" % (rate, text), got, got / rate, missed, "ok" if ok else "NOT OK"))
        pairs = [(full_speed(folder, base), full_speed(folder, base, "--timing")) for _ in range(a.runs)]
        off, on = (statistics.median(x) for x in zip(*pairs))
        print("--timing: %.1f ns a packet without, %.1f with; median ratio of %d pairs %.4f" % (
            off, on, a.runs, statistics.median(b / c for c, b in pairs)))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
