#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the sensor sees in every capture against what tshark saw in it (ground-truth/observables.tsv.gz): every address and
every name asked for, but for what tests/observables-known.tsv lists with its reason, and nothing that tshark did not see.
tshark is a reference, not the truth: a difference is a place to look."""
import collections, gzip, ipaddress, os, re
from harness import *

KINDS = {"ip": "ip", "dns_qname": "dns.query"}
WHERES = {"ip.src": "ip", "ip.dst": "ip", "icmp.quoted.src": "quoted", "icmp.quoted.dst": "quoted", "dns.query": "dns.query",
          "mdns.query": "dns.query", "llmnr.query": "dns.query"}


def fold(value):
    """A byte that is no plain ASCII reads '?' on both sides; the sensor's escapes undone."""
    v = re.sub(r"\\(\\|x[0-9a-f]{2})", lambda m: "\\" if m.group(1) == "\\" else "?", value)
    return re.sub(r"\\[0-3][0-7]{2}|\\[abfnrtv]|[^ -~]+", "?", v).strip()


def canonical(kind, value):
    if kind == "dns.query":
        return fold(value.lower().rstrip("."))
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return value


def reference():
    want = collections.defaultdict(set)
    with gzip.open(data("ground-truth/observables.tsv.gz"), "rt", encoding="utf-8", errors="replace") as f:
        for line in f:
            cells = line.rstrip("\n").split("\t")
            if cells[1] in KINDS and not cells[2].startswith(("<", "[")):
                want[cells[0]].add((KINDS[cells[1]], canonical(KINDS[cells[1]], cells[2])))
    want.pop("bench-mix.pcap", None)
    return want


def known():
    """(kind, capture, value) -> reason; value * stands for all of that kind in the capture."""
    with open(os.path.join(TOP, "tests/observables-known.tsv"), encoding="utf-8") as f:
        return {tuple(c[:3]): c[3] for c in (l.rstrip("\n").split("\t") for l in f) if len(c) == 4 and c[0][0] != "#"}


def seen(captures):
    """Many captures in one run; a damaged one makes the status 1."""
    got = collections.defaultdict(set)
    for at in range(0, len(captures), 400):
        replays = [a for c in captures[at:at + 400] for a in ("--replay", data(c))]
        status, out, err = sensor(*replays, "--emit", "observables", "--workers", 1, check=None)
        assert status in (0, 1), err[-2000:]
        for o in lines(out):
            kind = WHERES.get(o["where"])
            if kind:
                got[os.path.relpath(o["capture"], DATA)].add((kind, canonical(kind, o["value"])))
    return got


def differences():
    want = reference()
    got = seen(sorted(want))
    missed = sorted((k, c, v) for c in want for k, v in want[c]
                    if (k, v) not in got[c] and not (k == "ip" and ("quoted", v) in got[c]))
    return want, missed


def test_every_address_and_name(folder):
    want, missed = differences()
    reasons = known()
    told = {key for key in reasons}
    new = [m for m in missed if m not in told and (m[0], m[1], "*") not in told]
    assert len(want) > 1500, "only %d captures in the reference" % len(want)
    assert not new, "%d not seen, and no reason given: %s" % (len(new), new[:20])
    stale = [key for key in reasons if not any(m[:2] == key[:2] and key[2] in ("*", m[2]) for m in missed)]
    assert not stale, "no longer missed; take them off the list: %s" % stale[:20]


if __name__ == "__main__":
    main(needs_data=True)
