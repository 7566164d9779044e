#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Indicators that join several observations of a host, on the wire: which are joined, and how often that counts. Each runs
with 1, 2 and 3 workers and says the same."""
import json, signal
from harness import *
from reload import FILLER, fed, frame, put
from reload import query as question
from subscribe import collector, out
from trees import HOST, HEADER, PATH, SERVER, Tcp, bundle, expect, query, request, web

A, B = "[domain-name:value = 'a.example']", "[domain-name:value = 'b.example']"
AT = 1000.0


def ask(host, name, at, dst="10.0.0.53"):
    """A query of a flow of its own: each has another server."""
    ask.n += 1
    return query(40000 + host, name, AT + at, dst="198.51.%d.%d" % (ask.n // 250, ask.n % 250 + 1))


ask.n = 0


def one(rows):
    return [(40000 + host, count) for host, count in rows]


def test_followed_by_in_packet_time_order(folder):
    expect(folder, {"followed": ("%s FOLLOWEDBY %s" % (A, B), one([(1, 1), (3, 1)]))},
           ask(1, "a.example", 0), ask(2, "b.example", 0), ask(3, "a.example", 5), ask(3, "b.example", 5),
           ask(1, "b.example", 10), ask(2, "a.example", 10), ask(4, "a.example", 10), ask(5, "b.example", 11))


def test_within_exactly_at_the_bound(folder):
    expect(folder, {"within": ("(%s FOLLOWEDBY %s) WITHIN 10 SECONDS" % (A, B), one([(1, 1)])),
                    "and": ("(%s AND %s) WITHIN 10 SECONDS" % (A, B), one([(1, 1), (4, 1)]))},
           ask(1, "a.example", 0), ask(2, "a.example", 0), ask(3, "a.example", 0), ask(4, "b.example", 1),
           ask(1, "b.example", 9.999999), ask(2, "b.example", 10), ask(3, "b.example", 10.5), ask(4, "a.example", 10.9))


def test_without_a_window_a_day(folder):
    day = 86400
    expect(folder, {"day": ("%s FOLLOWEDBY %s" % (A, B), one([(1, 1)]))},
           ask(1, "a.example", 0), ask(2, "a.example", 0), ask(1, "b.example", day - 0.001), ask(2, "b.example", day))


def test_repeats_count_by_the_set(folder):
    """Seven observations satisfy REPEATS 3 twice."""
    flows = [ask(1, "a.example", i) for i in range(7)] + [ask(2, "a.example", i / 2) for i in range(2)]
    flows += [ask(3, "a.example", 10 * i) for i in range(4)]
    expect(folder, {"repeats": (A + " REPEATS 3 TIMES WITHIN 10 SECONDS", one([(1, 2)])),
                    "any": ("(%s OR %s) REPEATS 2 TIMES" % (A, B), one([(1, 3), (2, 1), (3, 2)]))}, *flows)


def test_start_and_stop(folder):
    qualifier = " START t'1970-01-01T00:16:50Z' STOP t'1970-01-01T00:17:00Z'"
    expect(folder, {"between": ("(%s AND %s)%s" % (A, B, qualifier), one([(1, 1)]))},
           *[ask(host, name, at) for host, first, then in ((1, 10, 19.999999), (2, 9.999999, 15), (3, 15, 20))
             for name, at in (("a.example", first), ("b.example", then))])


def test_observations_differ(folder):
    """One request is one observation, however many tests it satisfies; two requests of a connection are two."""
    pattern = "[%s = 'c2.example'] AND [%s = '/gate.php']" % (HOST, PATH)
    expect(folder, {"differ": (pattern, one([(2, 1), (3, 1)]))},
           web(40001, request("/gate.php", "c2.example")),
           web(40002, request("/gate.php", "other.example"), request("/", "c2.example")),
           web(40003, request("/gate.php", "c2.example")),
           web(40003, request("/", "c2.example"), dst="203.0.113.10", at=1010.0),
           web(40004, request("/", "c2.example")))


def test_hosts_do_not_join(folder):
    """Clients of one resolver are not one host."""
    flows = [query(40001, "a.example"), query(40002, "b.example", at=1001.0)]
    expect(folder, {"both": ("%s AND %s" % (A, B), [])}, *flows)


def test_what_ends_decide_comes_late_and_in_order(folder):
    """How much a flow carried is known at its end, long after what followed its last packet."""
    big = "[network-traffic:src_packets >= 7 AND %s = 'c2.example']" % HOST
    expect(folder, {"then": ("(%s FOLLOWEDBY %s) WITHIN 60 SECONDS" % (big, A), one([(1, 1)]))},
           web(40001, request("/", "c2.example"), *[request("/%d" % i, "c2.example") for i in range(4)]),
           web(40002, request("/", "c2.example")), ask(1, "a.example", 30), ask(2, "a.example", 31),
           ask(3, "c.example", 4000))


def test_ends_among_many_flows_and_little_traffic(folder):
    """A flow's end is found late where thousands of silent ones are to be looked at and a packet comes once an hour; what
    it decides is joined with what followed all the same."""
    one_packet = "[domain-name:value = 'a.example' AND network-traffic:src_packets NOT > 1]"
    crowd = [query(40009, "c.example", dst="198.51.%d.%d" % (100 + i // 250, i % 250 + 1)) for i in range(3000)]
    hourly = [query(40009, "c.example", AT + 3600 * (i + 1), dst="198.51.99.%d" % (i % 9 + 1)) for i in range(2000)]
    expect(folder, {"then": ("(%s FOLLOWEDBY %s) WITHIN 60 SECONDS" % (one_packet, B), one([(1, 1)]))}, *crowd,
           ask(1, "a.example", 10), ask(1, "b.example", 20), *hourly)


def test_what_a_sighting_says(folder):
    with open(folder + "/in.pcap", "wb") as f:
        f.write(HEADER + ask(1, "a.example", 0) + web(40001, request("/gate.php", "c2.example"), at=1005.0))
    with open(folder + "/in.json", "w") as f:
        f.write(bundle({"both": "%s FOLLOWEDBY [%s = '/gate.php' AND network-traffic:dst_port = 80]" % (A, PATH)}))
    _, text, _ = sensor("--replay", folder + "/in.pcap", "-i", folder + "/in.json", "--emit", "sightings", "--no-huge")
    rows = lines(text)
    assert len(rows) == 1, rows
    s = rows[0]
    assert s["match"] == "tree" and s["count"] == 1 and s["flow"]["dst"] == SERVER, s
    assert s["observable"]["where"] == "http.uri" and s["observable"]["value"] == "/gate.php", s
    assert sorted((m["where"], m["value"], m["leaf"]) for m in s["matched"]) == [
        ("", "", "network-traffic:dst_port = 80"), ("dns.query", "a.example", "domain-name:value = 'a.example'"),
        ("http.uri", "/gate.php", PATH + " = '/gate.php'")], s["matched"]
    assert s["context"].get("http.host") == "c2.example", s["context"]


def test_tail_names_the_leaves(folder):
    with open(folder + "/in.pcap", "wb") as f:
        f.write(HEADER + ask(1, "a.example", 0) + ask(1, "b.example", 2))
    with open(folder + "/in.json", "w") as f:
        f.write(bundle({"both": "%s FOLLOWEDBY %s" % (A, B)}))
    with collector(folder) as c, Running(TOOL, "tail", "--count", 1, out(folder)) as plain, \
            Running(TOOL, "tail", "--json", "--count", 1, out(folder)) as full:
        for t in (plain, full):
            t.until("subscribed")
        sensor("--replay", folder + "/in.pcap", "-i", folder + "/in.json", "--collector", "ipc://%s/in" % folder, "--no-huge")
        line = plain.end()[1]
        assert "{%s; %s}  x1" % (A[1:-1], B[1:-1]) in line, line
        s, = lines(full.end()[1])
        assert [m["value"] for m in s["matched"]] == ["a.example", "b.example"], s
        c.end(signal.SIGTERM)


def pattern_line(i, pattern):
    return json.dumps({"id": i, "pattern": pattern, "source": "test"}) + "\n"


def test_a_change_of_intelligence_between(folder):
    """What stays goes on from where it was, what goes is forgotten, what is new begins."""
    follows = "[domain-name:value = '%s.example'] FOLLOWEDBY [domain-name:value = 'b.example']"
    feed, run = fed(folder, pattern_line("stays", follows % "a") + pattern_line("goes", follows % "a" + " WITHIN 9 SECONDS")
                    + json.dumps({"id": "mark", "type": "domain-name", "value": "mark.example"}) + "\n")
    ask = lambda at, name: frame(at, "10.0.0.1", "10.0.0.53", 40000 + at, 53, question(at, name))
    with run:
        put(run, HEADER, FILLER, ask(1000, "a.example"), ask(1001, "mark.example"))
        run.until('"mark.example"', "out")
        with open(feed, "w") as f:
            f.write(pattern_line("new", follows % "c") + pattern_line("stays", follows % "a"))
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        put(run, ask(1005, "b.example"), ask(1006, "c.example"), ask(1007, "b.example"))
        run.p.stdin.close()
        _, text, _ = run.end()
    got = {s["indicators"][0]["id"]: (s["count"], s["generation"]) for s in latest(lines(text)).values()}
    assert got == {"mark": (1, 1), "stays": (1, 2), "new": (1, 2)}, got


def test_trees_half_true_at_a_change(folder):
    """What a flow made true of a tree goes on in a tree that stays, also where it comes to its end without another packet;
    what it made true of one that goes is counted. The newer set is the smaller one, and a message is open."""
    tree = lambda i, uri: pattern_line(i, "[%s = '%s' AND network-traffic:src_packets > 3]" % (PATH, uri))
    mark = json.dumps({"id": "mark", "type": "domain-name", "value": "mark.example"}) + "\n"
    goes = "".join(tree("goes%d" % i, "/gate.php") for i in range(9))
    feed, run = fed(folder, goes + tree("stays", "/gate.php") + mark, "--reload-min-ratio", 0)
    sessions = [Tcp(40000 + i) for i in (1, 2)]
    sent = [0, 0]

    def rest(i):
        piece, sent[i] = sessions[i].out[sent[i]:], len(sessions[i].out)
        return piece

    with run:
        for s in sessions:
            s.say(request("/gate.php", "c2.example"))
            s.say(request("/", "c2.example"))
        put(run, HEADER, FILLER, rest(0), rest(1), query(40003, "mark.example"))
        run.until('"mark.example"', "out")
        with open(feed, "w") as f:
            f.write(tree("stays", "/gate.php") + tree("new", "/gate.php"))
        run.p.send_signal(signal.SIGHUP)
        run.until("generation 2 in force")
        sessions[0].say(request("/", "c2.example"))
        put(run, rest(0))
        run.p.stdin.close()
        _, text, _ = run.end()
    got = {}
    for s in latest(lines(text)).values():
        got.setdefault(s["indicators"][0]["id"], []).append((s["flow"]["src"], s["count"]))
    assert {i: sorted(rows) for i, rows in got.items() if i != "mark"} == {
        "stays": [("10.0.0.1", 1), ("10.0.0.2", 1)]}, got
    st = stats(folder + "/stats")
    assert st["sightline_tree_states_forgotten_total"] == 18, st["sightline_tree_states_forgotten_total"]
    accounts(st)


def test_joined_while_workers_have_no_packets(folder):
    """All traffic is of two hosts, and so one worker's: the others hold nothing up, neither a join nor what ends decide."""
    host, server = "10.0.0.1", "198.51.100.1"
    dns = lambda at, name: frame(at, host, server, 40000 + at % 10000, 53, question(at % 65536, name))
    patterns = (pattern_line("then", A + " FOLLOWEDBY " + B) + pattern_line(
        "late", "[domain-name:value = 'a.example' AND network-traffic:src_packets NOT > 1] FOLLOWEDBY " + B))
    for workers in (2, 3):
        with fed(folder, patterns, workers=workers)[1] as run:
            put(run, HEADER, frame(999, host, server, 9, 9, bytes(1200)) * 55, dns(1000, "a.example"), dns(1001, "b.example"),
                dns(1010, "c.example"))
            run.until('"then"', "out")
            put(run, dns(5000, "c.example"))
            run.until('"late"', "out")
            run.p.stdin.close()
            _, text, _ = run.end()
        got = {s["indicators"][0]["id"]: s["count"] for s in latest(lines(text)).values()}
        assert got == {"then": 1, "late": 1}, got


if __name__ == "__main__":
    main()
