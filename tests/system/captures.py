#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every capture of the data, damaged ones too, through the sensor: no crash, no sanitizer finding, the accounting adds up.
Run with SIGHTLINE_BUILD=build-asan for the second of these."""
import os
from harness import *


def captures(*tops):
    magic = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\n\r\r\n")
    for top in tops:
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    if f.read(4) in magic:
                        yield path


def replay_all(paths, folder, *args):
    """One process for many captures; damaged ones make it end with 1."""
    replays = [a for p in paths for a in ("--replay", p)]
    status, out, err = sensor(*replays, "--emit", "observables", "--emit", "flows", "--emit", "sightings",
                              "-i", data("intel/derived-from-pcaps/iocs.stix21.json"), "--stats", folder + "/stats",
                              *args, check=None, timeout=1800)
    assert status in (0, 1), "exit %d\n%s" % (status, err[-3000:])
    assert "Sanitizer" not in err and "runtime error" not in err, err[-3000:]
    accounts(stats(folder + "/stats"))
    return lines(out)


def test_all_captures(folder):
    paths = sorted(captures(data("pcap"), data("suricata-verify")))
    assert len(paths) > 1900, "only %d captures" % len(paths)
    seen = {l["capture"] for l in replay_all(paths, folder, "--workers", 2) if l["record"] == "observable"}
    assert len(seen) > 1200, "only %d captures said anything" % len(seen)


def test_every_flow_is_told_once(folder):
    """Packets of flow records and packets that left the path by name are all the packets."""
    flows = [l for l in replay_all([data("bench-mix.pcap.gz")], folder, "--workers", 3) if l["record"] == "flow"]
    st = stats(folder + "/stats")
    assert sum(sum(f["packets"]) for f in flows) == st["sightline_processed_packets_total"]
    assert len(flows) == st["sightline_flows_total"]


if __name__ == "__main__":
    main()
