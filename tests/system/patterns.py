#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The pattern library over OASIS's own cases, those of cti-pattern-matcher (evaluated) and cti-pattern-validator
(parsed): each agrees, or is listed below with the clause of STIX 2.1 that it contradicts. Prints the table. Needs
SIGHTLINE_DATA."""
import collections
from harness import *

CASES = os.path.join(BUILD, "tests/pattern/pattern-cases")
# WITHIN is strict, the matcher takes the window's end for its inside.
STRICT = "9.5.1, WITHIN: the latest has to be before the earliest plus the window, not at it"
# (pattern, time spans of what is observed or None, STIX version or None: both) -> what the text says, and where.
LISTED = {
    ("[person:name > 'aaron'] REPEATS 5 TIMES WITHIN 1 SECONDS", None, None): ("nomatch", STRICT),
    ("([person:name='alice'] AND [person:name='bob']) WITHIN 1 SECONDS",
     ("00:00:00Z-00:00:01Z", "00:00:02Z-00:00:03Z"), None): ("nomatch", STRICT),
    ("[person:age < 20] REPEATS 10 TIMES START '2004-10-11T21:40:00Z' STOP '2004-10-11T21:50:00Z'", None, "2.1"):
        ("error", "9.5.1, START STOP: both are timestamps, which 9.2 writes as t'...'; 2.0 alone had texts"),
    ("[person:age < 20] REPEATS 5 TIMES REPEATS 2 TIMES", None, "2.1"):
        ("error", "9.5.1: an observation expression has no more than one qualifier of a type"),
}


def answers(cases):
    out = run(CASES, stdin="".join(json.dumps(c) + "\n" for c in cases).encode())[1].split("\n")[:-1]
    assert len(out) == len(cases), "%d answers to %d cases" % (len(out), len(cases))
    return [line.partition(" ")[::2] for line in out]


def spans(observed):
    found = []
    for root in observed:
        for o in root["objects"] if root["type"] == "bundle" else [root]:
            if "first_observed" in o:
                found.append("%s-%s" % (o["first_observed"].partition("T")[2], o["last_observed"].partition("T")[2]))
    return tuple(found)


def listed(case):
    for (pattern, times, version), (says, clause) in LISTED.items():
        if case["pattern"] == pattern and version in (None, case["stix_version"]):
            if times is None or spans(case["observed"])[:len(times)] == times:
                return says, clause
    return None


def table(rows):
    """rows: (group, case, expected, found, why, clause or None)"""
    agree, with_clause, differ = collections.Counter(), [], []
    groups = []
    for group, case, expected, found, why, clause in rows:
        if group not in groups:
            groups.append(group)
        if clause:
            with_clause.append((group, case, expected, found, clause))
            agree[group, "listed"] += 1
        elif expected == found:
            agree[group, "agree"] += 1
        else:
            differ.append((group, case, expected, found, why))
            agree[group, "differ"] += 1
    print("%-52s %6s %6s %6s" % ("cases", "agree", "listed", "differ"))
    for g in groups + ["all"]:
        n = [sum(v for (name, kind), v in agree.items() if kind == k and g in (name, "all"))
             for k in ("agree", "listed", "differ")]
        print("%-52s %6d %6d %6d" % (g, *n))
    for group, case, expected, found, clause in with_clause:
        print("listed: %s (%s) %s: the case says %s, here %s; STIX 2.1 %s"
              % (group, case["stix_version"], case["pattern"], expected, found, clause))
    for group, case, expected, found, why in differ:
        print("DIFFERS: %s (%s) %s: the case says %s, here %s %s"
              % (group, case["stix_version"], case["pattern"], expected, found, why))
    return differ


def test_every_case_of_the_matcher(_):
    with open(data("intel/stix-patterns/matcher-cases.json")) as f:
        all = json.load(f)
    cases = [dict(c, observed=all["observations"][c["observations_ref"]]) for c in all["cases"]]
    rows = []
    for c, (found, why) in zip(cases, answers(cases)):
        says = listed(c)
        expected, kind = c["expect"].partition(":")[::2]
        # A pattern that is none is refused by the parser; of the others what can't be evaluated is an error as well.
        assert not says or says[0] == found, "the list says %s, here %s: %s" % (says, found, c["pattern"])
        rows.append((c["source"].replace("cti-pattern-", ""), c, expected, found, why, says and says[1]))
    used = {r[5] for r in rows if r[5]}
    assert used == {clause for _, clause in LISTED.values()}, "a clause is listed for no case"
    assert not table(rows), "cases differ"
    assert len(rows) >= 400


def test_every_case_of_the_validator(_):
    with open(data("intel/stix-patterns/validator-cases.json")) as f:
        cases = json.load(f)
    rows = []
    for c, (found, why) in zip(cases, answers(cases)):
        rows.append((c["source"].replace("cti-pattern-", ""), c, "valid" if c["valid"] else "error", found, why, None))
    assert not table(rows), "cases differ"
    assert len(rows) >= 80


if __name__ == "__main__":
    main(needs_data=True)
