#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The sample captures through the real sensor: exactly the sightings that are expected, the same for any number of
workers, byte for byte from run to run; and what bad input gets. Needs nothing but this checkout and the build."""
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SIGHTLINE_BUILD", os.path.join(TOP, "build-release"))
BUILD_ASAN = os.environ.get("SIGHTLINE_BUILD_ASAN", os.path.join(TOP, "build-asan"))
DATA = os.path.join(TOP, "tests", "data")
CAPTURES = [os.path.join(DATA, p) for p in ("agenttesla/beacon.pcap", "agenttesla/mail.pcap", "maltrail/trails.pcap")]
SAMPLE = [a for c in CAPTURES for a in ("--replay", c)] + ["--intel", os.path.join(DATA, "intel")]
passed = failed = 0


def sensor(*args, build=BUILD, stdin=None):
    return subprocess.run([os.path.join(build, "app/sensor/sightline-sensor"), *args], input=stdin, capture_output=True,
                          timeout=120, check=False)


def check(name, ok, said=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print(f"FAILED: {name}\n    {said}")


def sightings(run):
    rows = {}
    for line in run.stdout.splitlines():
        s = json.loads(line)
        if s["revision"] >= rows.get(s["id"], s)["revision"]:
            rows[s["id"]] = s
    return rows


def expected():
    with open(os.path.join(DATA, "expected.tsv"), encoding="utf-8") as f:
        return sorted(tuple(line.rstrip("\n").split("\t")) for line in f if not line.startswith("#"))


def seen(rows):
    return sorted((s["observable"]["type"], s["observable"]["where"], s["observable"]["value"], s["flow"]["src"],
                   s["flow"]["dst"], str(s["count"]), ",".join(sorted(i["source"] for i in s["indicators"])))
                  for s in rows.values())


def the_sample():
    runs = {n: sensor(*SAMPLE, "--emit", "sightings", "--workers", str(n)) for n in (1, 2, 3)}
    got = {n: sightings(r) for n, r in runs.items()}
    for n, r in runs.items():
        check(f"{n} workers: status 0", r.returncode == 0, r.stderr)
    missing, more = set(expected()) - set(seen(got[1])), set(seen(got[1])) - set(expected())
    check("the expected sightings, and no others", not missing and not more, f"missing {missing}, unexpected {more}")
    for n in (2, 3):
        check(f"{n} workers see the same", {i: s["count"] for i, s in got[n].items()} ==
              {i: s["count"] for i, s in got[1].items()})
    again = sensor(*SAMPLE, "--emit", "sightings", "--workers", "1")
    check("two runs are the same byte for byte", again.stdout == runs[1].stdout)
    small = sensor(*SAMPLE, "--emit", "sightings", "--workers", "1", "--no-huge")
    check("without huge pages the same", small.stdout == runs[1].stdout)
    if os.path.exists(os.path.join(BUILD_ASAN, "app/sensor/sightline-sensor")):
        asan = sensor(*SAMPLE, "--emit", "sightings", "--workers", "1", build=BUILD_ASAN)
        check("under ASAN and UBSAN the same", asan.returncode == 0 and asan.stdout == runs[1].stdout, asan.stderr[-2000:])


def the_counters(folder):
    stats = os.path.join(folder, "stats.json")
    r = sensor(*SAMPLE, "--stats", stats, "--emit", "flows", "--emit", "observables")
    check("flows and observables: status 0", r.returncode == 0, r.stderr)
    kinds = {json.loads(line)["record"] for line in r.stdout.splitlines()}
    check("flows and observables are told", kinds == {"flow", "observable"}, kinds)
    with open(stats, encoding="utf-8") as f:
        c = json.load(f)
    drops = sum(v for k, v in c.items() if k.startswith("sightline_drop_packets_total"))
    rx, done = c["sightline_rx_packets_total"], c["sightline_processed_packets_total"]
    check("every packet is accounted for", rx == 1204 and rx == done + c.get("sightline_held_packets", 0) + drops, c)


def refused(name, status, says, *args, stdin=None):
    r = sensor(*args, stdin=stdin)
    check(f"{name}: status {status}", r.returncode == status, f"status {r.returncode}: {r.stderr[-500:]}")
    check(f"{name}: says {says!r}", says.encode() in r.stderr, r.stderr[-500:])


def bad_input(folder):
    def file(name, content):
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    with open(CAPTURES[0], "rb") as f:
        whole = f.read()
    intel = ["--intel", os.path.join(DATA, "intel")]
    refused("no such capture", 1, "none.pcap", "--replay", os.path.join(folder, "none.pcap"), *intel)
    refused("an empty capture", 1, "empty.pcap", "--replay", file("empty.pcap", b""), *intel)
    refused("no capture at all", 1, "text.pcap", "--replay", file("text.pcap", b"just some text\n" * 50), *intel)
    cut = file("cut.pcap", whole[:200001])
    refused("a cut capture", 1, "cut.pcap", "--replay", cut, *intel)
    r = sensor("--replay", cut, *intel, "--emit", "sightings")
    check("a cut capture: what is before the damage counts", b"batwing.ydns.eu" in r.stdout)
    first = CAPTURES[0]
    refused("no indicator at all", 2, "", "--replay", first, "--emit", "sightings")
    refused("a feed with no usable line", 2, "bad.txt", "--replay", first, "--intel", file("bad.txt", b"!!!\n???\n"))
    refused("an unknown option", 2, "did you mean \"--replay\"", "--replya", first)
    refused("an option without its value", 2, "--replay needs a value", "--replay")
    refused("an option of a later version", 2, "not built yet", "--rules", "x.rules")
    refused("an unknown key", 2, 'sensor.yaml:2: unknown key "flow.maxx"; did you mean "flow.max"?', "-c",
            file("sensor.yaml", b"flow:\n  maxx: 3\n"), "--replay", first)
    r = sensor(*SAMPLE, "-T")
    check("-T prints the configuration", r.returncode == 0 and b"replay: [" in r.stdout, r.stderr[-500:])
    again = sensor("-c", file("effective.yaml", r.stdout), "-T")
    check("-T reads back", again.returncode == 0, again.stderr[-500:])
    from_stdin = sensor("--replay", "-", *intel, "--emit", "sightings", stdin=whole)
    check("a capture on standard input", from_stdin.returncode == 0 and b"batwing" in from_stdin.stdout,
          from_stdin.stderr[-500:])
    for option in ("--help", "--version", "--man"):
        r = sensor(option)
        check(option, r.returncode == 0 and b"sightline-sensor" in r.stdout.lower() and not r.stderr, r.stderr[-500:])


def main():
    if "--expected" in sys.argv:  # to look at, and to keep once every row has been checked with another tool
        for row in seen(sightings(sensor(*SAMPLE, "--emit", "sightings", "--workers", "1"))):
            print("\t".join(row))
        return 0
    the_sample()
    with tempfile.TemporaryDirectory() as folder:
        the_counters(folder)
        bad_input(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
