#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The mixed capture against the indicators derived from it: every value that stands in one packet is found, no decoy
fires, and the sightings are the same for 1, 2 and 3 workers, with and without huge pages. Needs SIGHTLINE_DATA."""
import collections
import json
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SIGHTLINE_BUILD", os.path.join(TOP, "build-release"))
BUILD_ASAN = os.environ.get("SIGHTLINE_BUILD_ASAN", os.path.join(TOP, "build-asan"))
DATA = os.environ.get("SIGHTLINE_DATA", os.path.join(TOP, "..", "shared", "data"))
INTEL = os.path.join(DATA, "intel", "derived-from-pcaps")
# What the expected rows call a place, and what the sensor does. A name is looked for wherever a name stands.
PLACES = {"ip": ("ip.src", "ip.dst"), "dns_qname": ("dns.query",), "http_host": ("http.host",), "http_url": ("http.url",),
          "tls_sni": ("tls.sni",)}
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(f"{'ok' if ok else 'FAILED'}: {name}" + ("" if ok else f"\n    {said}"))


def replay(*more, build=BUILD):
    command = [os.path.join(build, "app/sensor/sightline-sensor"), "--replay", os.path.join(DATA, "bench-mix.pcap.gz"),
               "-i", os.path.join(INTEL, "iocs.stix21.json"), "-i", os.path.join(INTEL, "decoys.jsonl"),
               "--emit", "sightings", *more]
    r = subprocess.run(command, capture_output=True, timeout=300, check=False)
    rows = {}
    for line in r.stdout.splitlines():
        s = json.loads(line)
        if s["revision"] >= rows.get(s["id"], s)["revision"]:
            rows[s["id"]] = s
    return r, rows


def canonical(place, value):
    """A URL without its scheme's own port, a backslash doubled."""
    if place == "http_url":
        value = re.sub(r"^(http://[^/]*):80(?=/|$)", r"\1", value)
    return value.replace("\\", "\\\\")


def expected():
    rows = collections.defaultdict(set)
    with open(os.path.join(INTEL, "expected-sightings.tsv"), encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                _, value, place = line.rstrip("\n").split("\t")[:3]
                if place in PLACES:
                    rows[place].add(canonical(place, value))
    return rows


def main():
    if os.environ.get("SIGHTLINE_DATA") == "none":
        print("9 skipped\n0 passed, 0 failed")
        return 0
    runs = {n: replay("--workers", str(n)) for n in (1, 2, 3)}
    r, rows = runs[1]
    check("status 0", r.returncode == 0, r.stderr[-1000:])
    seen = collections.defaultdict(set)
    for s in rows.values():
        seen[s["observable"]["where"]].add(s["observable"]["value"])
    for place, values in sorted(expected().items()):
        missed = sorted(v for v in values if not any(v in seen[w] for w in PLACES[place]))
        check(f"{place}: {len(values) - len(missed)} of {len(values)} found", not missed, f"missed: {missed[:5]}")
    with open(os.path.join(INTEL, "decoys.jsonl"), encoding="utf-8") as f:
        decoys = {json.loads(line).get("value") for line in f if line.strip()}
    fired = sorted({s["observable"]["value"] for s in rows.values() if s["observable"]["value"] in decoys})
    check(f"none of {len(decoys)} decoys fires", not fired, fired)
    counts = {n: {i: s["count"] for i, s in rows.items()} for n, (_, rows) in runs.items()}
    check(f"{len(rows)} sightings, the same for 1, 2 and 3 workers", counts[1] == counts[2] == counts[3],
          [len(c) for c in counts.values()])
    again, _ = replay("--workers", "1", "--no-huge")
    check("one worker, without huge pages: the same byte for byte", again.stdout == r.stdout)
    if os.path.exists(os.path.join(BUILD_ASAN, "app/sensor/sightline-sensor")):
        asan, _ = replay("--workers", "2", build=BUILD_ASAN)
        check("ASAN and UBSAN find nothing", asan.returncode == 0, asan.stderr[-3000:].decode("utf-8", "replace"))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
