#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every capture there is through the sensor built with ASAN and UBSAN: no crash, no finding, no hang; a capture ends
with status 0, or with 1 and one line that names it. Needs SIGHTLINE_DATA."""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD_ASAN = os.environ.get("SIGHTLINE_BUILD_ASAN", os.path.join(TOP, "build-asan"))
DATA = os.environ.get("SIGHTLINE_DATA", os.path.join(TOP, "..", "shared", "data"))
SENSOR = os.path.join(BUILD_ASAN, "app/sensor/sightline-sensor")
INTEL = os.path.join(DATA, "intel", "derived-from-pcaps", "decoys.jsonl")


def captures():
    yield os.path.join(DATA, "bench-mix.pcap.gz")
    for folder in ("pcap", "suricata-verify"):
        for base, _, names in os.walk(os.path.join(DATA, folder)):
            for name in names:
                if any(part in name for part in (".pcap", ".cap", ".trace", ".pkt")):
                    yield os.path.join(base, name)


def command(paths):
    return [SENSOR, *(a for p in paths for a in ("--replay", p)), "-i", INTEL, "--emit", "sightings", "--emit", "observables", "--emit", "flows",
            "--workers", "1", "--no-huge"]


def batch(paths):
    """Starting costs more than most captures: where many in one run give nothing to say, none is run alone."""
    try:
        r = subprocess.run(command(paths), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300, check=False)
        if r.returncode == 0 and b"runtime error" not in r.stderr:
            return []
    except subprocess.TimeoutExpired:
        pass
    return [said for said in map(replay, paths) if said]


def replay(path):
    try:
        r = subprocess.run(command([path]), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return f"{path}: not done after 120 s"
    said = r.stderr.decode("utf-8", "replace")
    if r.returncode not in (0, 1) or "Sanitizer" in said or "runtime error" in said:
        return f"{path}: status {r.returncode}\n{said[-3000:]}"
    if r.returncode == 1 and os.path.basename(path) not in said:
        return f"{path}: status 1, and no line names it: {said[-500:]}"
    return None


def main():
    if os.environ.get("SIGHTLINE_DATA") == "none":
        print("1 skipped\n0 passed, 0 failed")
        return 0
    paths = sorted(captures())
    if not paths or not os.path.exists(SENSOR):
        print(f"FAILED: no captures below {DATA}, or no {SENSOR}\n0 passed, 1 failed")
        return 1
    parts = max(1, len(paths) // 24)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        bad = [said for row in pool.map(batch, [paths[i::parts] for i in range(parts)]) for said in row]
    for line in bad[:10]:
        print(f"FAILED: {line}")
    print(f"{len(paths)} captures under ASAN and UBSAN")
    print(f"{len(paths) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
