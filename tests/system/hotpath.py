#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A worker neither allocates, locks, reads nor writes while packets flow: what it does in one pass of the mix it does in
ten, which is what it does at its start and end. A preloaded library counts."""
import os, subprocess
from harness import *

MIX = data("bench-mix.pcap.gz")
INTEL = data("intel/derived-from-pcaps/iocs.stix21.json")


def calls(folder, loops):
    library, counts = folder + "/interpose.so", folder + "/counts"
    if not os.path.exists(library):
        run("cc", "-O2", "-shared", "-fPIC", "-o", library, os.path.join(TOP, "tests/system/interpose.c"), "-ldl")
    env = dict(os.environ, LD_PRELOAD=library, INTERPOSE_COUNTS=counts)
    r = subprocess.run([SENSOR, "--replay", MIX, "--loop", str(loops), "-i", INTEL, "--emit", "sightings", "--emit", "flows",
                        "--emit", "observables", "--workers", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
    assert r.returncode == 0, r.stderr
    with open(counts) as f:
        return dict((n, int(c)) for n, c in (l.split() for l in f))


def test_workers_do_nothing_but_packets(folder):
    one, ten = calls(folder, 1), calls(folder, 10)
    # Before and after its run a worker waits for its orders at a pipe: how often it looks is chance, once or twice.
    assert all(ten[n] - one[n] <= 2 for n in one), "in one pass %s, in ten %s" % (one, ten)
    assert sum(one.values()) < 100, one


def test_the_library_counts(folder):
    """What the counting itself sees: a worker's registration with RCU takes a lock, once."""
    assert calls(folder, 1)["pthread_mutex_lock"] > 0


if __name__ == "__main__":
    main(needs_data=True)
