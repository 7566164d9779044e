#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A worker neither allocates, locks, reads nor writes while packets flow: what it does in one pass of the mix it does in
ten, which is what it does at its start and end. A preloaded library counts."""
import json, os, subprocess
from harness import *

MIX = data("bench-mix.pcap.gz")
INTEL = data("intel/derived-from-pcaps/iocs.stix21.json")


# What every observable is put to, through each engine; true of much of the mix, so that states come and go.
TREES = [
    "[domain-name:value LIKE '%om%' AND domain-name:value NOT LIKE '%microsoft%' AND network-traffic:dst_port < 1024]",
    "[url:value MATCHES '^http://[a-z]+' AND network-traffic:protocols[*] = 'http']",
    "[url:value MATCHES '([a-z])\\\\1.*([a-z])\\\\2' AND network-traffic:src_packets > 2]",
    "[domain-name:value != 'www.example' AND network-traffic:dst_byte_count < 100000 AND domain-name:value LIKE '%om%']",
    "[network-traffic:src_ref.value ISSUBSET '10.0.0.0/8' AND domain-name:value LIKE '%com']",
    "[domain-name:value LIKE '%net'] FOLLOWEDBY [domain-name:value LIKE '%com']",
]


def trees(folder):
    path, made = folder + "/trees.json", "2024-01-01T00:00:00.000Z"
    with open(path, "w") as f:
        json.dump({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000000", "objects": [
            {"type": "indicator", "spec_version": "2.1", "id": "indicator--00000000-0000-4000-8000-%012d" % i, "created": made,
             "modified": made, "name": "tree", "pattern_type": "stix", "pattern": pattern, "valid_from": made}
            for i, pattern in enumerate(TREES, 1)]}, f)
    return path


def calls(folder, loops, *args):
    library, counts = folder + "/interpose.so", folder + "/counts"
    if not os.path.exists(library):
        run("cc", "-O2", "-shared", "-fPIC", "-o", library, os.path.join(TOP, "tests/system/interpose.c"), "-ldl")
    env = dict(os.environ, LD_PRELOAD=library, INTERPOSE_COUNTS=counts)
    r = subprocess.run([SENSOR, "--replay", MIX, "--loop", str(loops), "-i", INTEL, "-i", trees(folder), "--emit", "sightings",
                        "--emit", "flows", "--emit", "observables", "--workers", "2", "--stats", folder + "/stats", *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
    assert r.returncode == 0, r.stderr
    assert b" 0 refused" in r.stderr, r.stderr
    with open(counts) as f:
        return dict((n, int(c)) for n, c in (l.split() for l in f))


def test_workers_do_nothing_but_packets(folder):
    more_by_passes(folder)
    assert stats(folder + "/stats")["sightline_tree_expressions_total"] > 1000 * 10


def test_paced_and_timed(folder):
    """The ring of a paced queue, packets missed, and the timing of stages."""
    more_by_passes(folder, "--speed", "2mpps", "--timing")
    assert stats(folder + "/stats")["sightline_missed_packets_total"] > 0


def more_by_passes(folder, *args):
    one, ten = calls(folder, 1, *args), calls(folder, 10, *args)
    # Before and after its run a worker waits for its orders at a pipe: how often it looks is chance, once or twice.
    assert all(ten[n] - one[n] <= 2 for n in one), "in one pass %s, in ten %s" % (one, ten)
    assert sum(one.values()) < 100, one


def test_the_library_counts(folder):
    """What the counting itself sees: a worker's registration with RCU takes a lock, once."""
    assert calls(folder, 1)["pthread_mutex_lock"] > 0


if __name__ == "__main__":
    main(needs_data=True)
