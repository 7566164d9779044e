#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Indicators that are trees against traffic made for them: what has to join, and what must not. Each pair runs with 1, 2
and 3 workers; the number is how often the tree became true (the sum of its sightings' counts)."""
import hashlib, json, os, struct
from harness import *
from reload import HEADER

RESOLVER, HOME, OTHER, EVIL = "192.0.2.53", "10.0.0.66", "10.0.0.77", "203.0.113.7"
DAY = 86400
UA = "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
HOST = "network-traffic:extensions.'http-request-ext'.request_header.Host"
URI = "network-traffic:extensions.'http-request-ext'.request_value"


def name(n):
    return "domain-name:value = '%s.example'" % n


def packet(t, src, dst, proto, l4):
    ip = lambda a: bytes(map(int, a.split(".")))
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(l4), 1, 0, 64, proto, 0) + ip(src) + ip(dst)
    data = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + head + l4
    us = round(t * 1e6)
    return us, struct.pack("<IIII", 1000000000 + us // 1000000, us % 1000000, len(data), len(data)) + data


def ask(t, what, host=HOME, port=40000):
    """One DNS query."""
    labels = b"".join(bytes([len(x)]) + x.encode() for x in (what if "." in what else what + ".example").split("."))
    dns = struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"
    return [packet(t, host, RESOLVER, 17, struct.pack(">HHHH", port, 53, 8 + len(dns), 0) + dns)]


def tcp(t, src, dst, sport, dport, says):
    """A connection; says: (to the server, bytes) in order, a millisecond apart."""
    out, seq = [], {True: 100, False: 500}

    def send(up, flags, payload=b""):
        a, b = (src, dst) if up else (dst, src)
        p, q = (sport, dport) if up else (dport, sport)
        l4 = struct.pack(">HHIIBBHHH", p, q, seq[up], seq[not up] if flags & 16 else 0, 5 << 4, flags, 8192, 0, 0) + payload
        out.append(packet(t + len(out) / 1000, a, b, 6, l4))
        seq[up] += len(payload) + (flags & 3 != 0)

    send(True, 2)
    send(False, 0x12)
    send(True, 0x10)
    for up, payload in says:
        for at in range(0, len(payload), 1400):
            send(up, 0x18, payload[at:at + 1400])
    send(True, 0x11)
    send(False, 0x11)
    send(True, 0x10)
    return out


def web(t, *requests, host=HOME, server=EVIL, sport=41000, dport=80):
    """Requests of one kept connection: (Host, path, User-Agent or None, response's body)."""
    says = []
    for site, path, agent, body in requests:
        says.append((True, ("GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (
            path, site, "User-Agent: %s\r\n" % agent if agent is not None else "")).encode()))
        says.append((False, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body))
    return tcp(t, host, server, sport, dport, says)


def talk(t, host=HOME, server=EVIL, sport=42000, dport=6633, up=b"hello there, whoever you are\n", down=b"and hello to you\n"):
    return tcp(t, host, server, sport, dport, [(True, up), (False, down)])


BODY = b"MZ this is what was fetched, and nothing else is like it"
MD5 = hashlib.md5(BODY).hexdigest()


def page(site, path="/", agent="Mozilla/5.0", body=b"ok"):
    return (site, path, agent, body)


# name, pattern, frames, how often
PAIRS = [
    # -- one observation is one message with its flow --
    ("two requests of one connection never join", "[%s = 'a.example' AND %s = '/evil']" % (HOST, URI),
     web(0, page("a.example", "/ok"), page("b.example", "/evil")), 0),
    ("one request that says both", "[%s = 'a.example' AND %s = '/evil']" % (HOST, URI),
     web(0, page("a.example", "/ok"), page("a.example", "/evil")), 1),
    ("each message counts once", "[%s = 'a.example' AND %s = '/evil']" % (HOST, URI),
     web(0, page("a.example", "/evil"), page("b.example", "/evil"), page("a.example", "/evil")), 2),
    ("request and response are one message", "[file:hashes.MD5 = '%s' AND %s = 'Fetcher/1']" % (MD5, UA),
     web(0, page("a.example", "/x", "Fetcher/1", BODY)), 1),
    ("another request's response is not", "[file:hashes.MD5 = '%s' AND %s = 'Fetcher/1']" % (MD5, UA),
     web(0, page("a.example", "/x", "Fetcher/1"), page("a.example", "/y", "Mozilla/5.0", BODY)), 0),
    # -- the flow's own numbers --
    ("a name and the port", "[%s AND network-traffic:dst_port = 53]" % name("evil"), ask(0, "evil"), 1),
    ("a name and another port", "[%s AND network-traffic:dst_port = 5353]" % name("evil"), ask(0, "evil"), 0),
    ("a port in quotes", "[%s AND network-traffic:dst_port = '53']" % name("evil"), ask(0, "evil"), 1),
    ("ports compared", "[%s AND network-traffic:dst_port < 1024 AND network-traffic:src_port >= 40000]" % name("evil"),
     ask(0, "evil"), 1),
    ("address and port of one flow", "[network-traffic:dst_ref.value = '%s' AND network-traffic:dst_port = 6633]" % EVIL,
     talk(0) + talk(1, dport=80, sport=42001), 1),
    ("address and port of two flows", "[network-traffic:dst_ref.value = '%s' AND network-traffic:dst_port = 6633]" % EVIL,
     talk(0, dport=80) + talk(1, server="203.0.113.8", sport=42001), 0),
    ("an own address beside another",
     "[network-traffic:src_ref.value = '%s' AND network-traffic:dst_ref.value = '%s' AND network-traffic:dst_port = 6633]" % (
         HOME, EVIL), talk(0) + talk(1, host=OTHER) + talk(2, dport=6634), 1),
    ("a large flow", "[network-traffic:dst_ref.value = '%s' AND network-traffic:src_byte_count > 5000]" % EVIL,
     talk(0, up=b"x" * 9000) + talk(1, sport=42001), 1),
    ("a small flow", "[network-traffic:dst_ref.value = '%s' AND network-traffic:src_byte_count > 5000]" % EVIL, talk(0), 0),
    ("a protocol that is spoken", "[%s AND network-traffic:protocols[*] = 'dns']" % name("evil"), ask(0, "evil"), 1),
    ("a protocol that is not", "[%s AND network-traffic:protocols[*] = 'http']" % name("evil"), ask(0, "evil"), 0),
    # -- absent is false, whatever the operator --
    ("!= of what is absent", "[%s AND %s != 'curl']" % (name("evil"), UA), ask(0, "evil"), 0),
    ("!= of what is there and differs", "[%s AND %s != 'curl']" % (name("evil"), UA), web(0, page("evil.example")), 1),
    ("!= of what is there and equal", "[%s AND %s != 'curl']" % (name("evil"), UA),
     web(0, page("evil.example", agent="curl")), 0),
    ("!= of a header that the request lacks", "[%s AND %s != 'curl']" % (name("evil"), UA),
     web(0, page("evil.example", agent=None)), 0),
    ("NOT LIKE of what is absent", "[%s AND %s NOT LIKE 'curl%%']" % (name("evil"), UA), ask(0, "evil"), 0),
    ("NOT IN of what is there", "[%s AND %s NOT IN ('curl', 'wget')]" % (name("evil"), UA), web(0, page("evil.example")), 1),
    # -- operators --
    ("LIKE", "[domain-name:value LIKE 'ev_l.%' AND network-traffic:dst_port = 53]", ask(0, "evil"), 1),
    ("LIKE holds both ends", "[domain-name:value LIKE 'ev_l.%' AND network-traffic:dst_port = 53]", ask(0, "www.evil.example"), 0),
    ("MATCHES searches", "[url:value MATCHES '/gate\\\\.php\\\\?id=[0-9]+$']",
     web(0, page("a.example", "/x/gate.php?id=42"), page("a.example", "/x/gate.php?id=4x")), 1),
    ("IN", "[domain-name:value IN ('a.example', 'b.example') AND network-traffic:dst_port = 53]",
     ask(0, "a") + ask(1, "b") + ask(2, "c"), 2),
    ("ISSUBSET", "[network-traffic:dst_ref.value ISSUBSET '203.0.113.0/24' AND network-traffic:dst_port = 6633]",
     talk(0) + talk(1, server="198.51.100.7"), 1),
    ("OR inside an AND", "[(%s OR %s) AND network-traffic:src_port = 40001]" % (name("a"), name("b")),
     ask(0, "a", port=40001) + ask(1, "b", port=40001) + ask(2, "a"), 2),
    # -- between observations --
    ("AND of two look-ups", "[%s] AND [%s]" % (name("a"), name("b")), ask(0, "a") + ask(5, "b"), 1),
    ("AND in the other order", "[%s] AND [%s]" % (name("a"), name("b")), ask(0, "b") + ask(5, "a"), 1),
    ("AND on two hosts", "[%s] AND [%s]" % (name("a"), name("b")), ask(0, "a") + ask(5, "b", host=OTHER), 0),
    ("one look-up is not two", "[%s] AND [domain-name:value LIKE 'a.exa%%' AND network-traffic:dst_port = 53]" % name("a"),
     ask(0, "a"), 0),
    ("two look-ups are", "[%s] AND [domain-name:value LIKE 'a.exa%%' AND network-traffic:dst_port = 53]" % name("a"),
     ask(0, "a") + ask(1, "a", port=40001), 1),
    ("FOLLOWEDBY", "[%s] FOLLOWEDBY [%s]" % (name("a"), name("b")), ask(0, "a") + ask(5, "b"), 1),
    ("FOLLOWEDBY the wrong way", "[%s] FOLLOWEDBY [%s]" % (name("a"), name("b")), ask(0, "b") + ask(5, "a"), 0),
    ("FOLLOWEDBY at the same time", "[%s] FOLLOWEDBY [%s]" % (name("a"), name("b")), ask(0, "b") + ask(0, "a", port=40001), 1),
    ("a chain", "[%s] FOLLOWEDBY [%s] FOLLOWEDBY [%s]" % (name("a"), name("b"), name("c")),
     ask(0, "a") + ask(1, "b") + ask(2, "c"), 1),
    ("a chain with its middle last", "[%s] FOLLOWEDBY [%s] FOLLOWEDBY [%s]" % (name("a"), name("b"), name("c")),
     ask(0, "a") + ask(1, "c") + ask(2, "b"), 0),
    ("OR before FOLLOWEDBY", "([%s] OR [%s]) FOLLOWEDBY [%s]" % (name("a"), name("b"), name("c")), ask(0, "b") + ask(1, "c"), 1),
    ("a look-up, then a flow", "[%s] FOLLOWEDBY [network-traffic:dst_ref.value = '%s' AND network-traffic:dst_port = 6633]" % (
        name("a"), EVIL), ask(0, "a") + talk(3), 1),
    ("WITHIN, exactly at its end", "([%s] AND [%s]) WITHIN 10 SECONDS" % (name("a"), name("b")), ask(0, "a") + ask(10, "b"), 0),
    ("WITHIN, just inside", "([%s] AND [%s]) WITHIN 10 SECONDS" % (name("a"), name("b")), ask(0, "a") + ask(9.999999, "b"), 1),
    ("FOLLOWEDBY WITHIN, exactly at its end", "([%s] FOLLOWEDBY [%s]) WITHIN 10 SECONDS" % (name("a"), name("b")),
     ask(0, "a") + ask(10, "b"), 0),
    ("FOLLOWEDBY WITHIN, a later first", "([%s] FOLLOWEDBY [%s]) WITHIN 10 SECONDS" % (name("a"), name("b")),
     ask(0, "a") + ask(5, "a", port=40001) + ask(12, "b"), 1),
    ("without WITHIN: a day, exactly", "[%s] AND [%s]" % (name("a"), name("b")), ask(0, "a") + ask(DAY, "b"), 0),
    ("without WITHIN: nearly a day", "[%s] AND [%s]" % (name("a"), name("b")), ask(0, "a") + ask(DAY - 1, "b"), 1),
    ("REPEATS", "[%s] REPEATS 3 TIMES" % name("a"), ask(0, "a") + ask(1, "a", port=40001) + ask(2, "a", port=40002), 1),
    ("REPEATS, one too few", "[%s] REPEATS 3 TIMES" % name("a"), ask(0, "a") + ask(1, "a", port=40001), 0),
    ("REPEATS WITHIN, at its end", "[%s] REPEATS 3 TIMES WITHIN 10 SECONDS" % name("a"),
     ask(0, "a") + ask(4, "a", port=40001) + ask(10, "a", port=40002), 0),
    ("REPEATS WITHIN, the later three", "[%s] REPEATS 3 TIMES WITHIN 10 SECONDS" % name("a"),
     ask(0, "a") + ask(4, "a", port=40001) + ask(10, "a", port=40002) + ask(11, "a", port=40003), 1),
    ("START is inside", "[%s AND network-traffic:dst_port = 53] START t'2001-09-09T01:46:50Z' STOP t'2001-09-09T01:46:55Z'" %
     name("a"), ask(10, "a"), 1),
    ("STOP is not", "[%s AND network-traffic:dst_port = 53] START t'2001-09-09T01:46:45Z' STOP t'2001-09-09T01:46:50Z'" %
     name("a"), ask(10, "a"), 0),
    ("the host is the one at home", "[network-traffic:src_ref.value = '%s' AND network-traffic:dst_port = 445] FOLLOWEDBY [%s]" % (
        EVIL, name("a")), talk(0, host=EVIL, server=HOME, dport=445) + ask(5, "a"), 1),
]


def written(path, frames):
    with open(path, "wb") as f:
        f.write(HEADER + b"".join(data for _, data in sorted(frames, key=lambda x: x[0])))
    return path


def bundle(path, pattern, id="indicator--00000000-0000-4000-8000-000000000001"):
    with open(path, "w") as f:
        json.dump({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000002", "objects": [
            {"type": "indicator", "spec_version": "2.1", "id": id, "pattern_type": "stix", "pattern": pattern,
             "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z", "valid_from": "2000-01-01T00:00:00Z"}]}, f)
    return path


def sightings(capture, intel, workers):
    _, out, _ = sensor("--replay", capture, "-i", intel, "--emit", "sightings", "--workers", str(workers))
    return list(latest(lines(out)).values())


def often(capture, intel, workers):
    return sum(s["count"] for s in sightings(capture, intel, workers))


def test_pairs(folder):
    wrong = []
    for n, (what, pattern, frames, want) in enumerate(PAIRS):
        capture = written("%s/%d.pcap" % (folder, n), frames)
        intel = bundle("%s/%d.json" % (folder, n), pattern)
        got = [often(capture, intel, w) for w in (1, 2, 3)]
        if got != [want] * 3:
            wrong.append("%s: %s instead of %d" % (what, got, want))
    assert len(PAIRS) >= 40
    assert not wrong, "\n".join(wrong)


def test_what_a_tree_says(folder):
    """Its sighting names the leaves that were true, and where."""
    capture = written(folder + "/a.pcap", ask(0, "evil"))
    intel = bundle(folder + "/a.json", "[%s AND network-traffic:dst_port = 53]" % name("evil"))
    s, = sightings(capture, intel, 1)
    assert s["match"] == "tree", s
    assert any(m["where"] == "dns.query" for m in s["matched"]), s["matched"]
    assert s["flow"]["dport"] == 53 and s["indicators"][0]["id"].startswith("indicator--"), s


def classic(folder, own="10.0.0.5"):
    """A planted flow among thousands of other DNS messages: an own machine asks a public resolver from port 6633."""
    frames = []
    for n in range(3000):
        frames += ask(n / 100, "host%d" % n, host="10.0.%d.%d" % (n % 7, 1 + n % 200), port=20000 + n)
    query = ask(10, "planted", host=own, port=6633)
    planted = [packet(10, own, "8.8.8.8", 17, query[0][1][16 + 34:])]
    return written("%s/classic-%s.pcap" % (folder, own), frames + planted)


def test_the_classic(folder):
    """Four observables ORed: none fires on all DNS; what is proposed instead fires on the planted flow alone."""
    capture = classic(folder)
    pattern = ("[ipv4-addr:value = '10.0.0.5' OR network-traffic:dst_port = 53 OR ipv4-addr:value = '8.8.8.8' OR "
               "network-traffic:dst_port = 6633]")
    intel = bundle(folder + "/classic.json", pattern)
    assert not [s for s in sightings(capture, intel, 2) if not s["quiet"]]
    _, out, _ = run(TOOL, "intel", "check", "--json", intel, check=None)
    found = lines(out)
    assert any(f["verdict"] in ("refused", "quiet") and f["code"] for f in found), found
    proposed = {f["suggestion"] for f in found if f["suggestion"]}
    assert len(proposed) == 1, proposed
    better = bundle(folder + "/better.json", proposed.pop())
    for workers in (1, 2, 3):
        s, = sightings(capture, better, workers)
        assert (s["flow"]["src"], s["flow"]["sport"], s["flow"]["dst"], s["count"]) == ("10.0.0.5", 6633, "8.8.8.8", 1), s
        assert not s["quiet"]
    fifth = bundle(folder + "/fifth.json", pattern[:-1] + " OR ipv4-addr:value = '%s']" % EVIL)
    assert not [s for s in sightings(capture, fifth, 1) if not s["quiet"]]
    armed = written(folder + "/c2.pcap", talk(0))
    s, = [s for s in sightings(armed, fifth, 1) if not s["quiet"]]
    assert s["observable"]["value"] == EVIL, s


def test_the_classic_in_stix_1_and_2(folder):
    """The files of the classic: the ORed forms never fire on all DNS, the sound branch does on its flow; the AND, nested,
    by reference, in both families, on exactly the planted flow."""
    files = [sample("classic", f) for f in sorted(os.listdir(sample("classic")))]
    fives = [f for f in files if "five" in f]
    ands = [f for f in files if "and" in os.path.basename(f)]
    assert len(files) == 11 and len(fives) == 3 and len(ands) == 5, files
    captures = {own: classic(folder, own) for own in ("10.0.0.5", "10.20.30.40")}
    for f in files:
        own, bad = ("10.20.30.40", "198.51.100.77") if f.endswith(".json") else ("10.0.0.5", "176.103.48.27")
        if f in ands:
            for workers in (1, 2, 3):
                s, = sightings(captures[own], f, workers)
                flow = s["flow"]
                assert (flow["src"], flow["sport"], flow["dst"], s["count"]) == (own, 6633, "8.8.8.8", 1), (f, s)
            continue
        assert not [s for s in sightings(captures[own], f, 2) if not s["quiet"]], f
        if f in fives:
            c2 = written(folder + "/c2.pcap", talk(0, server=bad))
            assert [s["flow"]["dst"] for s in sightings(c2, f, 1) if not s["quiet"]] == [bad], f


if __name__ == "__main__":
    main()
