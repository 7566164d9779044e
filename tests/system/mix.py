#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark mix against the indicators made from it: every expected sighting that needs no reassembly, no decoy, and
the same answer whatever the number of workers and the kind of memory."""
import json, re
from harness import *

MIX = data("bench-mix.pcap.gz")
INTEL = data("intel/derived-from-pcaps/iocs.stix21.json")
DECOYS = data("intel/derived-from-pcaps/decoys.jsonl")
EXPECTED = data("intel/derived-from-pcaps/expected-sightings.tsv")
WHERES = {"ip": {"ip.src", "ip.dst"}, "dns_qname": {"dns.query"}, "http_host": {"http.host"},
          "http_url": {"http.url"}, "tls_sni": {"tls.sni"}}


def indicators():
    """Pattern's value as published -> its indicator: a listed value and what is seen compare in normal form."""
    with open(INTEL) as f:
        for o in json.load(f)["objects"]:
            if o["type"] == "indicator":
                value = re.search(r"= '((?:[^'\\]|\\.)*)'", o["pattern"]).group(1)
                yield re.sub(r"\\(.)", r"\1", value), o["id"]


def sightings(*args):
    _, out, err = sensor("--replay", MIX, "-i", INTEL, "-i", DECOYS, "--emit", "sightings", *args)
    return out


def expected():
    for line in open(EXPECTED):
        cells = line.rstrip("\n").split("\t")
        if not line.startswith("#") and cells[2] in WHERES:
            yield cells[1], cells[2]


def test_every_expected_sighting_and_no_decoy(folder):
    seen = set()
    for s in lines(sightings("--stats", folder + "/stats")):
        for i in s["indicators"]:
            assert not i["id"].startswith("decoy"), "a decoy fired: %s" % s
            seen.add((s["observable"]["where"], i["id"]))
    rows, ids = list(expected()), dict(indicators())
    missing = [(v, w) for v, w in rows if not any((where, ids[v]) in seen for where in WHERES[w])]
    assert len(rows) > 300, "only %d rows were expected: is the file whole?" % len(rows)
    assert not missing, "%d of %d not found: %s" % (len(missing), len(rows), missing[:10])
    accounts(stats(folder + "/stats"))


def test_same_for_any_number_of_workers_and_any_memory(folder):
    one = counts(lines(sightings("--workers", 1)))
    assert one
    for more in (["--workers", 2], ["--workers", 3], ["--workers", 1, "--no-huge"]):
        other = counts(lines(sightings(*more)))
        assert other == one, "%s: %d sightings instead of %d, differing: %s" % (
            more, len(other), len(one), sorted(set(other.items()) ^ set(one.items()))[:5])


def test_same_on_huge_pages(folder):
    """With pages in the pool the packets and tables lie on them, and nothing else changes."""
    pool = "/proc/sys/vm/nr_hugepages"
    before = open(pool).read()
    plain = counts(lines(sightings("--workers", 2, "--no-huge")))
    try:
        with open(pool, "w") as f:
            f.write("128")
        got = int(open(pool).read())
        out = sightings("--workers", 2, "--stats", folder + "/stats")
    finally:
        with open(pool, "w") as f:
            f.write(before)
    assert got > 0, "this kernel gave no huge page"
    assert stats(folder + "/stats")["sightline_huge_page_bytes"] > 0
    assert counts(lines(out)) == plain


def test_byte_identical_with_one_worker(folder):
    args = ("--workers", 1, "--emit", "observables", "--emit", "flows")
    assert sightings(*args) == sightings(*args)


if __name__ == "__main__":
    main()
