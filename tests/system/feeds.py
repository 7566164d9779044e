#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every file of the feeds at hand is read, or named as no intelligence, or refused with a reason that a person can act
on. Prints what became of each folder, by verdict and code."""
import collections, re
from harness import *

FEEDS = data("intel")
SUMMARY = re.compile(r"^(.*?): (?:(\S+): )?(\d+) armed, (\d+) quiet, (\d+) refused, (\d+) context")


def files():
    for folder, folders, names in os.walk(FEEDS):
        folders[:] = [f for f in folders if not f.startswith(".")]
        for n in names:
            if not n.startswith("."):
                yield os.path.join(folder, n)


def test_every_file_is_dealt_with(folder):
    status, out, err = run(TOOL, "intel", "check", FEEDS, check=None)
    assert status in (0, 1), (status, err[-1000:])
    rows = {m.group(1): m for m in map(SUMMARY.match, out.splitlines()) if m}
    missing = [f for f in files() if f not in rows]
    assert not missing, "%d files are not accounted for: %s" % (len(missing), missing[:5])
    silent = [f for f, m in rows.items() if not m.group(2) and not any(int(m.group(i)) for i in (3, 4, 5, 6))]
    assert not silent, "nothing is said of %s" % silent[:5]


def test_every_finding_says_why(folder):
    _, out, _ = run(TOOL, "intel", "check", "--json", FEEDS, check=None)
    _, known, _ = run(TOOL, "intel", "check", "--codes")
    codes = {line.split()[0] for line in known.splitlines() if line.strip()}
    table = collections.Counter()
    for f in lines(out):
        table[os.path.relpath(f["file"], FEEDS).split(os.sep)[0], f["verdict"], f["code"]] += 1
        if f["verdict"] in ("refused", "quiet"):
            assert f["code"] in codes and len(f["reason"]) > 10, f
    for (top, verdict, code), n in sorted(table.items()):
        print("%-20s %-8s %-24s %d" % (top, verdict, code, n))


if __name__ == "__main__":
    main(needs_data=True)
