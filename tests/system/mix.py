#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark mix against the indicators made from it: every expected sighting, files among them, no decoy, and
the same answer whatever the number of workers and the kind of memory."""
import csv, json, os, re
from harness import *
from hotpath import trees

MIX = data("bench-mix.pcap.gz")
INTEL = data("intel/derived-from-pcaps/iocs.stix21.json")
FORMS = [INTEL, data("intel/derived-from-pcaps/iocs.csv"), data("intel/derived-from-pcaps/iocs.misp.json")]
DECOYS = data("intel/derived-from-pcaps/decoys.jsonl")
EXPECTED = data("intel/derived-from-pcaps/expected-sightings.tsv")
WHERES = {"ip": {"ip.src", "ip.dst"}, "dns_qname": {"dns.query"}, "http_host": {"http.host"},
          "http_url": {"http.url"}, "tls_sni": {"tls.sni"},
          "cert_sha1": {"tls.cert_sha1"}, "ja3": {"ja3.hash"}, "http_object": {"file.sha256", "file.sha1", "file.md5"}}


def indicators(form):
    """Value as published -> its indicator: a listed value and what is seen compare in normal form. A table gives no
    ids: what the checker says of its lines does."""
    if form.endswith(".csv"):
        _, out, _ = run(os.path.join(BUILD, "app/sightline/sightline"), "intel", "check", "--json", form, check=None)
        ids = {f["line"]: f["id"] for f in lines(out)}
        with open(form) as f:
            for number, row in enumerate(csv.DictReader(f), 2):
                yield row["value"], ids[number]
        return
    with open(form) as f:
        tree = json.load(f)
    for o in tree.get("objects", []):
        if o["type"] == "indicator":
            value = re.search(r"= '((?:[^'\\]|\\.)*)'", o["pattern"]).group(1)
            yield re.sub(r"\\(.)", r"\1", value), o["id"]
    for a in tree.get("Event", {}).get("Attribute", []):
        yield a["value"], a["uuid"]


def sightings(*args, form=INTEL):
    _, out, err = sensor("--replay", MIX, "-i", form, "-i", DECOYS, "--emit", "sightings", *args)
    return out


def expected():
    for line in open(EXPECTED):
        cells = line.rstrip("\n").split("\t")
        if not line.startswith("#") and cells[2] in WHERES:
            yield cells[1], cells[2]


def check_form(form, folder):
    seen = set()
    for s in lines(sightings("--stats", folder + "/stats", form=form)):
        for i in s["indicators"]:
            assert not i["id"].startswith("decoy"), "a decoy fired: %s" % s
            seen.add((s["observable"]["where"], i["id"]))
    rows, ids = list(expected()), dict(indicators(form))
    missing = [(v, w) for v, w in rows if not any((where, ids[v]) in seen for where in WHERES[w])]
    assert len(rows) > 300, "only %d rows were expected: is the file whole?" % len(rows)
    assert not missing, "%s: %d of %d not found: %s" % (form, len(missing), len(rows), missing[:10])
    accounts(stats(folder + "/stats"))


def test_every_expected_sighting_and_no_decoy(folder):
    for form in FORMS:
        check_form(form, folder)


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


def test_every_flow_is_told_once(folder):
    """Packets of flow records and packets that left the path by name are all the packets, and the flows are the same for
    any number of workers."""
    first = None
    for workers in (1, 2, 3):
        _, out, _ = sensor("--replay", MIX, "--emit", "flows", "--stats", folder + "/stats", "--workers", workers)
        st, flows = stats(folder + "/stats"), lines(out)
        accounts(st)
        assert sum(sum(f["packets"]) for f in flows) == st["sightline_processed_packets_total"]
        assert len(flows) == st["sightline_flows_total"]
        first = first or sorted(out.splitlines())
        assert sorted(out.splitlines()) == first, "%d workers tell other flows" % workers


def test_sanitizers_find_nothing(folder):
    one = counts(lines(sightings("--workers", 1)))
    _, out, err = run(os.path.join(ASAN, "app/sensor/sightline-sensor"), "--replay", MIX, "-i", INTEL, "-i", DECOYS,
                      "--emit", "sightings", "--emit", "observables", "--emit", "flows", "--workers", 2)
    assert "runtime error" not in err, err[-3000:]
    assert counts(l for l in lines(out) if l["record"] == "sighting") == one


def test_trees_say_the_same_with_any_number_of_workers(folder):
    """Also where numbers that grow and what a flow speaks are asked for: how packets fall into bursts must not show."""
    intel, answers = trees(folder), []
    for workers in 1, 2, 3:
        _, out, _ = sensor("--replay", data("bench-mix.pcap.gz"), "-i", intel, "--emit", "sightings", "--workers", workers)
        answers.append(counts(lines(out)))
    assert len(answers[0]) > 1000 and answers[0] == answers[1] == answers[2], [len(a) for a in answers]


if __name__ == "__main__":
    main(needs_data=True)
