#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a million addresses and a million domains cost: time to load, memory for each indicator, and packet rate with
them armed, against the same replay with one indicator.

usage: bench/intel_load.py [--addresses N] [--domains N] [--capture FILE] [--loop N] [--runs N]
Needs a release build in build/ (SIGHTLINE_BUILD names another)."""
import argparse, json, os, random, re, statistics, subprocess, sys, tempfile, time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SENSOR = os.path.join(TOP, os.environ.get("SIGHTLINE_BUILD", "build"), "app/sensor/sightline-sensor")
DATA = os.environ.get("SIGHTLINE_DATA") or os.path.join(TOP, "..", "shared", "data")


def feeds(folder, addresses, domains):
    """Deterministic by seed; public addresses, names of 12 to 34 characters under 40 suffixes."""
    r = random.Random(1)
    with open(folder + "/addresses.txt", "w") as f:
        seen = set()
        while len(seen) < addresses:
            a = r.getrandbits(32)
            if 0x0b000000 <= a < 0xac000000 and a not in seen and a >> 24 != 127:
                seen.add(a)
                f.write("%d.%d.%d.%d\n" % (a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255))
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    with open(folder + "/domains.txt", "w") as f:
        for i in range(domains):
            f.write("%s%x.%s.example\n" % ("".join(r.choices(letters, k=r.randint(3, 20))), i, "".join(r.choices(letters, k=4))))


def run(*args):
    """(seconds of wall time, peak resident bytes, stderr)"""
    with tempfile.TemporaryFile() as err:
        start = time.monotonic()
        p = subprocess.Popen([SENSOR] + [str(a) for a in args], stdout=subprocess.DEVNULL, stderr=err)
        _, status, usage = os.wait4(p.pid, 0)
        took = time.monotonic() - start
        err.seek(0)
        text = err.read().decode()
    if status != 0:
        sys.exit("the sensor failed:\n" + text)
    return took, usage.ru_maxrss * 1024, text


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--addresses", type=int, default=1000000)
    p.add_argument("--domains", type=int, default=1000000)
    p.add_argument("--capture", default=os.path.join(DATA, "bench-mix.pcap.gz"))
    p.add_argument("--loop", type=int, default=20)
    p.add_argument("--runs", type=int, default=5)
    a = p.parse_args()
    small = os.path.join(TOP, "tests/data/maltrail/trails.pcap")
    with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
        feeds(folder, a.addresses, a.domains)
        with open(folder + "/one.txt", "w") as f:
            f.write("192.0.2.1\n")
        print("%-24s %10s %12s %16s" % ("feed", "load s", "resident MiB", "bytes/indicator"))
        base_s, base_b, _ = min(run("-r", small, "-i", folder + "/one.txt", "--workers", 1) for _ in range(a.runs))
        for name, files, n in (("%d addresses" % a.addresses, ["addresses.txt"], a.addresses),
                               ("%d domains" % a.domains, ["domains.txt"], a.domains),
                               ("both", ["addresses.txt", "domains.txt"], a.addresses + a.domains)):
            inputs = [x for f in files for x in ("-i", folder + "/" + f)]
            s, b, text = min(run("-r", small, *inputs, "--workers", 1) for _ in range(3))
            assert "%d armed" % n in text, text
            print("%-24s %10.2f %12.1f %16.1f" % (name, s - base_s, b / 2**20, (b - base_b) / n))
        rates = {}
        for _ in range(a.runs):  # interleaved, so that the machine's moods meet both
            for name, inputs in (("1 indicator", [folder + "/one.txt"]),
                                 ("%d indicators" % (a.addresses + a.domains),
                                  [folder + "/addresses.txt", folder + "/domains.txt"])):
                _, _, text = run("-r", a.capture, "--loop", a.loop, "--workers", 1,
                                 *[x for f in inputs for x in ("-i", f)])
                rates.setdefault(name, []).append(float(re.search(r"([0-9.]+) Mpps", text).group(1)))
        for name, r in rates.items():
            print("%-24s %6.2f Mpps with one worker, median of %d (%s)" % (
                name, statistics.median(r), len(r), " ".join("%.2f" % x for x in r)))


if __name__ == "__main__":
    main()
