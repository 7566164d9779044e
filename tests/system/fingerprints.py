#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""JA4 against what its authors' own tool says of their captures: every client of TLS and of QUIC."""
import glob, os, re
from harness import *

SAID = data("ground-truth/ja4/rust/*.snap")
CAPTURES = data("pcap/FoxIO-LLC+ja4")


def clients():
    """(capture, source port, JA4) of each stream; the files are lists of plain keys and values."""
    for path in sorted(glob.glob(SAID)):
        capture = os.path.basename(path).split("@")[1][:-len(".snap")]
        if not os.path.exists(os.path.join(CAPTURES, capture)):
            continue
        for stream in open(path).read().split("\n- stream:")[1:]:
            said = dict(re.findall(r"^\s+(\w+): (.*)$", stream, re.M))
            if "ja4" in said:
                yield capture, said["src_port"], said["ja4"].lower()


def test_ja4_as_published(folder):
    want, seen = set(clients()), set()
    assert len(want) > 50, "only %d clients were said: are the files whole?" % len(want)
    for capture in {c for c, _, _ in want}:
        _, out, _ = sensor("--replay", os.path.join(CAPTURES, capture), "--emit", "observables", "--allow-empty")
        seen |= {(capture, str(o["sport"]), o["value"]) for o in lines(out) if o["where"] == "ja4.hash"}
    missing = sorted(want - seen)
    assert sum(w[2].startswith("q") for w in want) > 5, "no clients of QUIC were said"
    assert not missing, "%d of %d not seen: %s" % (len(missing), len(want), missing[:5])


if __name__ == "__main__":
    main(needs_data=True)
