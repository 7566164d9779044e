#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Shows the sightings of a sensor's --emit sightings as a table: show-sightings.py SIGHTINGS.jsonl STATS.json"""
import json
import sys


def last_revisions(path):
    """A repeat is a higher revision of the same id; the highest holds the count."""
    latest = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            s = json.loads(line)
            if s.get("record", "sighting") != "sighting":
                continue
            known = latest.get(s["id"])
            if known is None or s.get("revision", 0) >= known.get("revision", 0):
                latest[s["id"]] = s
    return sorted(latest.values(), key=lambda s: (s.get("first_seen", ""), s["id"]))


def short(text, width):
    return text if len(text) <= width else text[:width - 1] + "…"


def row(s):
    observable, flow, first = s.get("observable", {}), s.get("flow", {}), (s.get("indicators") or [{}])[0]
    where = observable.get("where", "")
    return (str(s.get("count", 1)), observable.get("type", ""), where, short(observable.get("value", ""), 40),
            f'{flow.get("src", "")} → {flow.get("dst", "")}', short(first.get("name") or first.get("id", ""), 36),
            first.get("source", ""))


def main():
    sightings = last_revisions(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as f:
        stats = json.load(f)
    rows = [("count", "type", "where", "value", "flow", "indicator", "from")] + [row(s) for s in sightings]
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    print()
    for r in rows:
        print("  ".join(c.ljust(w) for c, w in zip(r, widths)).rstrip())
    kinds = sorted({r[1] for r in rows[1:]})
    places = sorted({r[2] for r in rows[1:]})
    print(f"\n{len(sightings)} sightings of {len(kinds)} types ({', '.join(kinds)})")
    print(f"in {len(places)} places ({', '.join(places)});")
    acked = stats.get("sightline_collector_acked_sightings_total", 0)
    print(f"the collector has acknowledged {acked} messages about them.")
    if not sightings or not acked:
        sys.exit("Something is missing: there should be sightings, and the collector should have them.")


if __name__ == "__main__":
    main()
