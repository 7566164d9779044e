#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Overlapping fragments are decided as the receiver would, which the configuration says by network; those that no
receiver takes are named. The cases of suricata-verify need SIGHTLINE_DATA."""
import glob, os, struct
from harness import *
from fragments import header4, write

POLICIES = {"first": "oooo", "last": "nnnn", "bsd": "nnoo", "linux": "nnno", "windows": "nooo"}
# Old and new fragment as (from, to); which of them the bytes at 32 are of tells the policies apart.
CASES = [((32, 48), (24, 56)), ((32, 48), (24, 48)), ((24, 40), (24, 48)), ((24, 48), (32, 48))]
ETHERNET = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\x00"
LENGTH = 80  # of the datagram


def datagram(letter, case):
    """A DNS query over UDP whose name is a label of one letter from byte 24 on, and tells its case."""
    name = b"\x33cas" + letter.encode() * 48 + bytes([1, ord("0") + case]) + b"\0"
    body = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)
    b = struct.pack(">HHHH", 40000 + case, 53, 8 + len(body), 0) + body
    return b + bytes(LENGTH - len(b))


def attack(dst, case, ident):
    """What lies between the old and the new one, and around them, is the same in both."""
    old, new, same = datagram("o", case), datagram("n", case), datagram("s", case)
    parts = [(0, 24, same)] + [CASES[case][0] + (old,), CASES[case][1] + (new,)]
    end = max(CASES[case][0][1], CASES[case][1][1])
    ends = b"\xc0\x00\x02\x01" + dst
    for start, stop, b in parts + [(end, LENGTH, same)]:
        field = start // 8 | (0x2000 if stop < LENGTH else 0)
        yield ETHERNET + header4(stop - start, 17, ends, ident, field) + b[start:stop]


def test_every_policy_by_network(folder):
    packets, ident = [], 0
    for i, policy in enumerate(POLICIES):
        for case in range(len(CASES)):
            ident += 1
            packets += [(bytes(8), f) for f in attack(bytes([198, 51, 100, 8 + i]), case, ident)]
    write(folder + "/a.pcap", packets)
    with open(folder + "/config.yaml", "w") as f:
        # "last" for all of them, but for longer prefixes; whoever sends does not matter.
        f.write("overlap_policy:\n  - 198.51.100.0/24=last\n  - 192.0.2.0/24=first\n")
        for i, policy in enumerate(POLICIES):
            if policy != "last":
                f.write("  - 198.51.100.%d/32=%s\n" % (8 + i, policy))
    for workers in 1, 2:
        _, out, _ = sensor("-c", folder + "/config.yaml", "--replay", folder + "/a.pcap", "--emit", "observables",
                           "--allow-empty", "--workers", workers, "--no-huge", "--stats", folder + "/stats")
        seen = {}
        for o in lines(out):
            if o["where"] == "dns.query":
                label, case = o["value"].split(".")
                seen[o["dst"], int(case)] = label[32 - 21]
        for i, (policy, want) in enumerate(POLICIES.items()):
            got = "".join(seen.get(("198.51.100.%d" % (8 + i), case), "-") for case in range(len(CASES)))
            assert got == want, "%s: %s instead of %s" % (policy, got, want)
        st = stats(folder + "/stats")
        accounts(st)
        assert st['sightline_defrag_fragments_total{kind="conflict"}'] == 20


def test_a_policy_that_is_none_is_refused(folder):
    for text in "solaris", "10.0.0.0/8", "10.0.0.0/33=bsd", "[10.0.0.0/8=bsd, 10.1.0.0/8=linux]":
        with open(folder + "/config.yaml", "w") as f:
            f.write("overlap_policy: %s\n" % text)
        _, _, err = sensor("-c", folder + "/config.yaml", "-T", check=2)
        assert "overlap_policy" in err, err


# What suricata-verify's ipv6-evasion cases (of the University of Potsdam) expect an event of, by its signature.
EVENTS = {"2200072": ("overlap", "teardrop"), "2200071": ("ping_of_death",), "2200119": ("uneven",),
          "2200080": ("atomic",)}


def test_cases_of_suricata_verify(folder):
    if os.environ.get("SIGHTLINE_DATA") == "none":
        return
    seen = 0
    for case in sorted(glob.glob(data("suricata-verify/tests/ipv6-evasion/*"))):
        captures = glob.glob(case + "/*.pcap")
        with open(case + "/test.yaml") as f:
            text = f.read()
        wanted = [e for e in EVENTS if e in text]
        if not captures or not wanted:
            continue
        sensor("--replay", captures[0], "--emit", "observables", "--allow-empty", "--stats", folder + "/stats", "--no-huge")
        st = stats(folder + "/stats")
        accounts(st)
        for e in wanted:
            kinds = [st['sightline_defrag_fragments_total{kind="%s"}' % k] for k in EVENTS[e]]
            assert sum(kinds) > 0, "%s: none of %s" % (case, EVENTS[e])
            seen += 1
        if "2200072" in wanted:
            assert st['sightline_defrag_datagrams_total{end="whole"}'] == 0, case
    assert seen >= 20, seen
    for case in sorted(glob.glob(data("suricata-verify/tests/defrag/*"))):
        sensor("--replay", *glob.glob(case + "/*.pcap"), "--emit", "observables", "--allow-empty", "--stats",
               folder + "/stats", "--no-huge")
        assert stats(folder + "/stats")['sightline_defrag_datagrams_total{end="whole"}'] == 1, case


if __name__ == "__main__":
    main()
