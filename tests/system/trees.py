#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Indicators that are trees, on the wire: what holds together holds on one message with its flow, and on nothing else.
Each pair of an indicator and a made capture runs with 1, 2 and 3 workers and says the same."""
import json, struct
from harness import *

HEADER = struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
SERVER = "203.0.113.9"


def client(sport):
    """Each flow has an initiator of its own, so that sightings tell which flow they are of."""
    return "10.0.0.%d" % (sport - 40000)


def packet(at, src, dst, protocol, l4):
    ip = lambda a: bytes(map(int, a.split(".")))
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(l4), 1, 0, 64, protocol, 0) + ip(src) + ip(dst)
    data = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + head + l4
    return struct.pack("<IIII", int(at), int(at * 1e6) % 1000000, len(data), len(data)) + data


class Tcp:
    """A connection: what each end says, in order; every piece is one segment."""

    def __init__(self, sport, dport=80, dst=SERVER, at=1000.0):
        self.ends, self.ports, self.at, self.out = (client(sport), dst), (sport, dport), at, b""
        self.seq = [1000, 5000]
        self.put(0, 2)
        self.put(1, 0x12)
        self.put(0, 0x10)

    def put(self, way, flags, data=b""):
        self.at += 0.01
        segment = struct.pack(">HHIIBBHHH", self.ports[way], self.ports[1 - way], self.seq[way],
                              self.seq[1 - way], 0x50, flags, 8192, 0, 0) + data
        self.out += packet(self.at, self.ends[way], self.ends[1 - way], 6, segment)
        self.seq[way] += len(data) + (flags & 3 != 0)

    def say(self, data, way=0):
        self.put(way, 0x18, data)

    def end(self):
        self.put(0, 0x11)
        self.put(1, 0x11)
        self.put(0, 0x10)
        return self.out


def request(path, host, *headers, method="GET"):
    lines = ["%s %s HTTP/1.1" % (method, path)] + (["Host: " + host] if host else []) + list(headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def web(sport, *requests, **kw):
    c = Tcp(sport, **kw)
    for r in requests:
        c.say(r)
        c.say(OK, 1)
    return c.end()


def query(sport, name, at=1000.0, dst="10.0.0.53", dport=53):
    q = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0\0\1\0\1"
    dns = struct.pack(">HHHHHH", sport & 0xffff, 0x0100, 1, 0, 0, 0) + q
    return packet(at, client(sport), dst, 17, struct.pack(">HHHH", sport, dport, 8 + len(dns), 0) + dns)


def bundle(patterns):
    made = "2024-01-01T00:00:00.000Z"
    return json.dumps({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000000", "objects": [
        {"type": "indicator", "spec_version": "2.1", "id": "indicator--00000000-0000-4000-8000-%012d" % i, "created": made,
         "modified": made, "name": name, "pattern_type": "stix", "pattern": pattern, "valid_from": made}
        for i, (name, pattern) in enumerate(sorted(patterns.items()), 1)]})


def fired(folder, patterns, *flows):
    """name -> ports of the initiators of what it fired on, and how often; the same with any number of workers."""
    with open(folder + "/in.pcap", "wb") as f:
        f.write(HEADER + b"".join(flows))
    with open(folder + "/in.json", "w") as f:
        f.write(bundle(patterns))
    answers = []
    for workers in 1, 2, 3:
        _, out, _ = sensor("--replay", folder + "/in.pcap", "-i", folder + "/in.json", "--emit", "sightings", "--workers",
                           workers, "--stats", folder + "/stats", "--no-huge")
        accounts(stats(folder + "/stats"))
        found = {name: {} for name in patterns}
        for s in latest(lines(out)).values():
            sport = 40000 + int(s["flow"]["src"].split(".")[3])
            for i in s["indicators"]:
                found[i["name"]][sport] = found[i["name"]].get(sport, 0) + s["count"]
        answers.append({name: sorted(rows.items()) for name, rows in found.items()})
    assert answers[0] == answers[1] == answers[2], answers
    return answers[0]


def expect(folder, table, *flows):
    got = fired(folder, {name: pattern for name, (pattern, _) in table.items()}, *flows)
    want = {name: sorted(rows) for name, (_, rows) in table.items()}
    assert got == want, "\n".join("%s: %s instead of %s" % (n, got[n], want[n]) for n in want if got[n] != want[n])


HOST = "network-traffic:extensions.'http-request-ext'.request_header.Host"
AGENT = "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
METHOD = "network-traffic:extensions.'http-request-ext'.request_method"
PATH = "network-traffic:extensions.'http-request-ext'.request_value"


def test_two_requests_of_a_connection_do_not_join(folder):
    expect(folder, {
        "both": ("[%s = 'c2.example' AND %s = '/gate.php']" % (HOST, PATH), [(40001, 1), (40004, 2)]),
        "three": ("[%s = 'c2.example' AND %s = '/gate.php' AND %s = 'POST']" % (HOST, PATH, METHOD), [(40004, 1)]),
    },
        web(40001, request("/gate.php", "c2.example"), request("/", "c2.example")),
        web(40002, request("/", "c2.example"), request("/gate.php", "other.example")),
        web(40003, request("/gate.php", "other.example"), request("/", "c2.example"), request("/x", "c2.example")),
        web(40004, request("/gate.php", "c2.example"), request("/gate.php", "c2.example", "Content-Length: 0",
                                                               method="POST")))


def test_address_port_and_host(folder):
    tree = "[network-traffic:%s_ref.value = '%s' AND network-traffic:dst_port = %d AND %s = 'c2.example']"
    expect(folder, {
        "all": (tree % ("dst", SERVER, 8080, HOST), [(40002, 1)]),
        "own address": (tree % ("src", client(40004), 8080, HOST), [(40004, 1)]),
        "protocols": ("[network-traffic:protocols[*] = 'http' AND %s = 'c2.example' AND network-traffic:dst_port != 80]"
                      % HOST, [(40002, 1), (40004, 1)]),
    },
        web(40001, request("/", "c2.example")),
        web(40002, request("/", "c2.example"), dport=8080),
        web(40003, request("/", "fine.example"), dport=8080),
        web(40004, request("/", "c2.example"), dport=8080, dst="203.0.113.10"))


def test_absent_fields_under_not(folder):
    """STIX: a comparison of what is absent is false, whatever its operator."""
    expect(folder, {
        "unequal": ("[%s = '/gate.php' AND %s != 'good']" % (PATH, AGENT), [(40001, 1)]),
        "not like": ("[%s = '/gate.php' AND %s NOT LIKE 'go%%']" % (PATH, AGENT), [(40001, 1)]),
        "not matches": ("[%s = '/gate.php' AND %s NOT MATCHES '^(g)o\\\\1?od$']" % (PATH, AGENT), [(40001, 1)]),
        "not in": ("[%s = '/gate.php' AND %s NOT IN ('good', 'better')]" % (PATH, AGENT), [(40001, 1)]),
        "exists": ("[%s = '/gate.php' AND EXISTS %s]" % (PATH, AGENT), [(40001, 1), (40003, 1)]),
    },
        web(40001, request("/gate.php", "a.example", "User-Agent: bad"), request("/", "a.example", "User-Agent: good")),
        web(40002, request("/gate.php", "a.example"), request("/", "a.example", "User-Agent: bad")),
        web(40003, request("/gate.php", "a.example", "User-Agent: good")))


def test_like_and_matches(folder):
    expect(folder, {
        "like": ("[%s LIKE '/gate_.php?id=%%' AND %s = 'a.example']" % (PATH, HOST), [(40001, 1)]),
        "anchored": ("[%s LIKE 'gate%%' AND %s = 'a.example']" % (PATH, HOST), []),
        "searched": ("[%s MATCHES 'gate[0-9]' AND %s = 'a.example']" % (PATH, HOST), [(40001, 1), (40002, 1)]),
        "back reference": ("[%s MATCHES '([a-z]{3})=.*\\\\1' AND %s = 'a.example']" % (PATH, HOST), [(40003, 1)]),
        "alone": ("[%s MATCHES 'gate7']" % PATH, [(40002, 1)]),
        "name": ("[domain-name:value LIKE '%.BAD.example']", [(40004, 1), (40005, 1)]),
    },
        web(40001, request("/gate1.php?id=7", "a.example")),
        web(40002, request("/x/gate7", "a.example")),
        web(40003, request("/?key=1&key=2", "a.example")),
        web(40004, request("/", "www.bad.example")),
        query(40005, "mail.Bad.example"),
        query(40006, "bad.example"))


def test_numbers_of_flows(folder):
    expect(folder, {
        "small": ("[%s = 'c2.example' AND network-traffic:src_packets < 7]" % HOST, [(40001, 1)]),
        "large": ("[%s = 'c2.example' AND network-traffic:src_packets >= 7]" % HOST, [(40002, 1)]),
    },
        web(40001, request("/", "c2.example")),
        web(40002, request("/", "c2.example"), *[request("/%d" % i, "fine.example") for i in range(4)]))


def test_what_became_of_the_flow(folder):
    """A tree that the first packet completes says what became of its flow, and is counted once."""
    patterns = {"ends": "[network-traffic:src_ref.value = '%s' AND network-traffic:dst_ref.value = '%s']" % (
        client(40001), SERVER)}
    assert fired(folder, patterns, web(40001, request("/", "a.example"))) == {"ends": [(40001, 1)]}
    _, out, _ = sensor("--replay", folder + "/in.pcap", "-i", folder + "/in.json", "--emit", "sightings", "--workers", 1,
                       "--no-huge")
    s, = latest(lines(out)).values()
    assert s["outcome"] == "established", s


def test_name_of_a_message_never_of_a_flow(folder):
    """Two queries of one flow are two messages, also where their leaves are the same indicator's."""
    expect(folder, {
        "both": ("[domain-name:value = 'one.example' AND domain-name:value = 'two.example']", []),
        "with port": ("[domain-name:value = 'one.example' AND network-traffic:dst_port = 53]", [(40001, 1)]),
    },
        query(40001, "one.example"), query(40001, "two.example", at=1000.1), query(40002, "one.example", dport=5300))


if __name__ == "__main__":
    main()
