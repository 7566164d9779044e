#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The circuit breaker: what fires on too many own hosts is made quiet, its counts stay exact, and it is tried again; what is new
to the network and spreads is an outbreak and stays loud. Captures are made here; they say the same with 1, 2 and 3 workers."""
import json, os, re, signal, subprocess
from harness import *
from reload import FILLER, HEADER
from roles import Office, comparable

SERVER = "198.51.100.53"
QUIET, TRIED, OUTBREAK = ('sightline_breaker_events_total{event="%s"}' % e for e in ("quiet", "tried", "outbreak"))


def host(n):
    return "10.1.%d.%d" % (n // 250, 1 + n % 250)


def net(hosts, at=1700000000.0):
    """An office of so many hosts, each of which asked for a name that nobody minds."""
    o = Office(at)
    for n in range(hosts):
        o.ask(host(n), SERVER, "fine.example")
    return o


def fire(o, hosts, name="evil.example", apart=1):
    for n in hosts:
        o.step(apart)
        o.ask(host(n), SERVER, name)


INTEL = [{"id": "i-evil", "source": "feed", "type": "domain-name", "value": "evil.example"}]


def said_alone(s):
    """Without who asked before: of those many only the latest 16 are remembered, as a faster worker told them."""
    return dict(comparable(s), context={k: v for k, v in s["context"].items() if k != "asked_by"})


def play(folder, office, *args, workers=(1, 2, 3), intel=INTEL, **config):
    """Each sighting in its last revision, by host; what was said; the counters. Any number of workers says the same."""
    office.write(folder + "/in.pcap")
    with open(folder + "/in.jsonl", "w") as f:
        f.writelines(json.dumps(i) + "\n" for i in intel)
    with open(folder + "/config.yaml", "w") as f:
        json.dump({"no_huge": True, **config}, f)
    found = []
    for n in workers:
        _, text, said = sensor("-c", folder + "/config.yaml", "-r", folder + "/in.pcap", "-i", folder + "/in.jsonl", "--emit",
                               "sightings", "--workers", n, "--stats", folder + "/stats", *args)
        st = stats(folder + "/stats")
        accounts(st)
        events = re.findall("(?:breaker|outbreak): .*", said)
        found.append(({i: said_alone(s) for i, s in latest(lines(text)).items()}, events, [st[k] for k in (QUIET, TRIED, OUTBREAK)]))
    for n, f in zip(workers, found):
        differ = [(a, f[0].get(i)) for i, a in found[0][0].items() if a != f[0].get(i)]
        assert f == found[0], "%d workers disagree with %d: %s %s" % (n, workers[0], differ[:1], f[1:] + found[0][1:])
    rows = sorted(found[0][0].values(), key=lambda s: (s["first_seen"], s["flow"]["src"]))
    return rows, found[0][1], found[0][2]


def quiet(rows):
    return [s["flow"]["src"] for s in rows if s["quiet"]]


def hosts(numbers):
    return [host(n) for n in numbers]


def test_exactly_at_the_bound(folder):
    """20 of 199 are more than 10 %: the 20th host is told, what comes after it is quiet. 20 of 200 are not."""
    o = net(199)
    fire(o, range(30))
    rows, events, counters = play(folder, o)
    assert [s["flow"]["src"] for s in rows] == hosts(range(30)) and quiet(rows) == hosts(range(20, 30)), quiet(rows)
    reason = "fired on 20 of 199 own hosts within 1 h, and nobody judged it real"
    assert {s["quiet_reason"] for s in rows[20:]} == {reason} and {s["quiet_reason"] for s in rows[:20]} == {""}
    assert len(events) == 1 and "evil.example of feed (i-evil) " + reason in events[0], events
    assert counters == [1, 0, 0]
    o = net(200)
    fire(o, range(20))
    fire(o, range(20))
    rows, events, counters = play(folder, o)
    assert len(rows) == 20 and quiet(rows) == [] and events == [] and counters == [0, 0, 0]
    fire(o, range(25))
    rows, _, counters = play(folder, o)
    assert quiet(rows) == hosts(range(21, 25)) and counters == [1, 0, 0], quiet(rows)


def test_below_the_number(folder):
    """19 hosts, though they are most of the network."""
    o = net(25)
    fire(o, range(19))
    assert play(folder, o)[1:] == ([], [0, 0, 0])
    rows, _, counters = play(folder, o, breaker={"hosts": 19})
    assert counters == [1, 0, 0] and quiet(rows) == []
    assert play(folder, o, breaker={"hosts": 19, "percent": 76})[2] == [0, 0, 0]
    assert play(folder, o, breaker={"hosts": 19, "percent": 75})[2] == [1, 0, 0]


def test_counts_stay_exact(folder):
    """Hundreds of hosts, several messages each, over several windows: the same ids and counts as without a breaker."""
    o = net(300)
    for _ in range(3):
        for n in range(300):
            fire(o, [n] * (1 + n % 3), apart=0.2)
        o.step(300)
    rows, _, counters = play(folder, o)
    plain, _, none = play(folder, o, breaker={"hosts": 0}, workers=(1,))
    assert counters == [1, 0, 0] and none == [0, 0, 0] and quiet(plain) == []
    assert {s["id"]: s["count"] for s in rows} == {s["id"]: s["count"] for s in plain}
    assert sum(s["count"] for s in rows) == 3 * sum(1 + n % 3 for n in range(300))
    assert len(quiet(rows)) == len(rows) - 31, (len(quiet(rows)), len(rows))


def test_hosts_of_another_time(folder):
    """20 hosts, but never within a period; hosts that are not own count nowhere."""
    o = net(100)
    fire(o, range(40), apart=300)
    assert play(folder, o)[2] == [0, 0, 0]
    assert play(folder, o, breaker={"period": "4h"})[2] == [1, 0, 0]
    o = net(5)
    for n in range(60):
        o.step()
        o.ask("203.0.113.%d" % n, SERVER, "evil.example")
    rows, _, counters = play(folder, o)
    assert len(rows) == 60 and counters == [0, 0, 0]


def test_canary_and_quiet(folder):
    """A canary trips nothing and stays loud; what its feed made quiet needs no breaker."""
    o = net(100)
    fire(o, range(40))
    rows, _, counters = play(folder, o, intel=[dict(INTEL[0], test=True)])
    assert counters == [0, 0, 0] and quiet(rows) == [] and all(s["test"] for s in rows)
    rows, _, counters = play(folder, o, sources=["feed quiet"])
    assert counters == [0, 0, 0] and len(quiet(rows)) == 40
    # One value of two feeds: one by one, and quiet once both are.
    rows, _, counters = play(folder, o, intel=INTEL + [dict(INTEL[0], source="other")])
    assert counters == [2, 0, 0] and quiet(rows) == hosts(range(20, 40)) and all(len(s["indicators"]) == 2 for s in rows)


def test_tree(folder):
    o = net(100)
    fire(o, range(40))
    for pattern in ("[domain-name:value = 'evil.example' AND network-traffic:dst_port = 53]",
                    "[domain-name:value = 'fine.example'] FOLLOWEDBY [domain-name:value = 'evil.example']"):
        rows, events, counters = play(folder, o, intel=[{"id": "i-tree", "source": "feed", "pattern": pattern}])
        assert len(rows) == 40 and quiet(rows) == hosts(range(20, 40)), (pattern, quiet(rows))
        assert counters == [1, 0, 0] and "(i-tree) fired on 20 of 100" in events[0], events


def test_tried_again(folder):
    o = net(100)
    fire(o, range(30))
    o.step(1200)
    fire(o, range(5))
    rows, events, counters = play(folder, o, breaker={"quiet": "10m"})
    assert counters == [1, 1, 0] and quiet(rows) == hosts(range(20, 30)), quiet(rows)
    assert "is tried again" in events[1], events
    fire(o, range(30))
    rows, events, counters = play(folder, o, breaker={"quiet": "10m"})
    assert counters == [2, 1, 0] and quiet(rows) == hosts(range(20, 30)) * 2, quiet(rows)


def spread(before):
    """People's ordinary names for so many seconds, then one value from host to host."""
    o = net(100)
    for _ in range(before // 30):
        o.step(30)
        o.ask(host(0), SERVER, "fine.example")
    fire(o, range(40), apart=10)
    return o


def test_outbreak(folder):
    o = spread(1500)
    rows, events, counters = play(folder, o, breaker={"watch": "20m"})
    assert counters == [0, 0, 1] and quiet(rows) == [] and len(rows) == 40, counters
    text = "fired on 20 of 100 own hosts within 1 h, it was seen on none before"
    assert [s["context"].get("outbreak") for s in rows] == [None] * 19 + [text] * 21
    assert len(events) == 1 and events[0].startswith("outbreak: evil.example of feed (i-evil) " + text), events
    # Not looked for long enough, or seen long before it spreads: what is ordinary here.
    for watched in spread(900), o:
        rows, _, counters = play(folder, watched, breaker={"watch": "20m" if watched is not o else "1h"})
        assert counters == [1, 0, 0] and quiet(rows) == hosts(range(20, 40)), counters
    late = spread(1500)
    late.step(3600)
    fire(late, range(41))
    assert play(folder, late, breaker={"watch": "20m", "hosts": 41, "period": "30m"})[2] == [1, 0, 0]


def test_stream_has_none(folder):
    o = net(400)
    fire(o, range(400))
    rows, _, _ = play(folder, o, "--publish", "ipc://%s/out" % folder, workers=(1,))
    st, loud = stats(folder + "/stats"), len(rows) - len(quiet(rows))
    # What was told of the burst in which the 41st host fired was loud at first.
    assert loud == 41 and loud <= st["sightline_published_sightings_total"] <= loud + 64, st["sightline_published_sightings_total"]


def packets(folder, office):
    office.write(folder + "/part.pcap")
    office.frames = []
    with open(folder + "/part.pcap", "rb") as f:
        return f.read()[len(HEADER):]


def test_reload_changes_nothing(folder):
    """What is quiet stays quiet when the feed is read again with others in it; and what is looked for only since then is no
    outbreak."""
    o = net(100, 1000)
    fire(o, range(30))
    first = packets(folder, o)
    o.step(60)
    fire(o, range(30, 40))
    fire(o, range(40), "worse.example")
    feed = folder + "/in.jsonl"
    with open(feed, "w") as f:
        f.write(json.dumps(INTEL[0]) + "\n")
    with open(folder + "/config.yaml", "w") as f:
        json.dump({"no_huge": True, "breaker": {"watch": "150s"}}, f)
    with Running(SENSOR, "-c", folder + "/config.yaml", "-r", "-", "-i", feed, "--emit", "sightings", "--workers", 1, "--stats",
                 folder + "/stats", stdin=subprocess.PIPE) as s:
        s.p.stdin.write(HEADER + FILLER + first)
        s.p.stdin.flush()
        s.until('"record":"sighting"', "out", 30)
        with open(feed, "w") as f:
            f.writelines(json.dumps(i) + "\n" for i in (dict(INTEL[0], id="i-worse", value="worse.example"), INTEL[0]))
        s.p.send_signal(signal.SIGHUP)
        s.until("generation 2 in force")
        s.p.stdin.write(packets(folder, o))
        s.p.stdin.close()
        _, text, _ = s.end()
    rows = list(latest(lines(text)).values())
    for value, last in ("evil.example", 40), ("worse.example", 40):
        found = quiet([s for s in rows if s["observable"]["value"] == value])
        assert sorted(found) == sorted(hosts(range(20, last))), (value, found)
    st = stats(folder + "/stats")
    assert (st[QUIET], st[TRIED], st[OUTBREAK]) == (2, 0, 0), st


def test_before_valid(folder):
    """Earlier than the indicator's period: by packet time it doesn't fire, otherwise it does and says so."""
    o = net(1)
    fire(o, [1], apart=1000)
    fire(o, [2], apart=1000)
    intel = [dict(INTEL[0], valid_from="2023-11-14T22:40:00Z")] # 1,600 s after the first packet
    for how, before in ("ignore", [True, False]), ("now", [True, False]), ("packet", [False]):
        rows = play(folder, o, "--validity", how, intel=intel)[0]
        assert [s["before_valid"] for s in rows] == before, (how, rows)


if __name__ == "__main__":
    main()
