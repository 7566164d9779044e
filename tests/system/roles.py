#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a sighting says of hosts beyond its flow: resolver, proxy, mail relay and NAT by what they do, who asked for a name,
which names led to an address, and what hosts are called. The capture is an office, made here, behind a tap that sees both
sides of its servers; it says the same with 1, 2 and 3 workers, and nothing of hosts that are only like those."""
import ipaddress, json, struct
from harness import *
from subscribe import collector, out

RESOLVER, PROXY, RELAY, NAT, DHCP = "10.0.0.53", "10.0.0.80", "10.0.0.25", "10.0.0.9", "10.0.0.254"
UPSTREAM, EVIL, SITES = "198.51.100.53", "203.0.113.66", ["203.0.113.%d" % i for i in range(10, 16)]
SECOND = 0.5  # between two steps of the office


def client(n):
    return "10.0.1.%d" % n


def labels(name):
    return b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0"


class Office:
    """Packets in order of time; each step of what people do is half a second after the one before."""

    def __init__(self, at=1700000000.0):
        self.at, self.frames, self.port = at, [], 20000

    def step(self, seconds=SECOND):
        self.at += seconds

    def ip(self, src, dst, protocol, l4, hops=64):
        self.at += 0.001
        src, dst = ipaddress.ip_address(src), ipaddress.ip_address(dst)
        if src.version == 4:
            head = b"\x08\0" + struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(l4), 1, 0, hops, protocol, 0)
        else:
            head = b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(l4), protocol, hops)
        frame = b"\x02\0\0\0\0\1\x02\0\0\0\0\2" + head + src.packed + dst.packed + l4
        self.frames.append((self.at, frame))

    def udp(self, src, sport, dst, dport, data):
        self.ip(src, dst, 17, struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data)

    def tcp(self, src, dst, dport, turns, hops=64):
        """A connection; turns: (0 of the client or 1, bytes)."""
        self.port += 1
        ends, ports, seq = (src, dst), (self.port, dport), [1000, 5000]

        def put(way, flags, data=b""):
            l4 = struct.pack(">HHIIBBHHH", ports[way], ports[1 - way], seq[way], seq[1 - way], 0x50, flags, 8192, 0, 0) + data
            self.ip(ends[way], ends[1 - way], 6, l4, hops if way == 0 else 64)
            seq[way] += len(data) + (flags & 3 != 0)
        put(0, 2), put(1, 0x12), put(0, 0x10)
        for way, data in turns:
            put(way, 0x18, data)
        put(0, 0x11), put(1, 0x11), put(0, 0x10)
        self.step()

    # -- look-ups --

    def ask(self, src, server, name):
        self.port += 1
        self.question = self.port, labels(name) + b"\0\1\0\1"
        self.udp(src, self.port, server, 53, struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + self.question[1])

    def answer(self, src, server, question, *addresses, code=0):
        port, text = question
        head = struct.pack(">HHHHHH", 7, 0x8180 | code, 1, len(addresses), 0, 0)
        self.udp(server, 53, src, port, head + text + b"".join(
            b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4" + ipaddress.ip_address(a).packed for a in addresses))

    def look_up(self, src, server, name, *addresses, upstream=None):
        """With upstream, the server asks there first."""
        self.ask(src, server, name)
        first = self.question
        if upstream:
            self.look_up(server, upstream, name, *addresses)
        self.answer(src, server, first, *addresses, code=0 if addresses else 3)
        self.step()

    # -- pages and mail --

    def get(self, src, dst, host, path="/", dport=80, **kw):
        request = "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (path, host)
        self.tcp(src, dst, dport, [(0, request.encode()), (1, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")], **kw)

    def page(self, src, host, site):
        """By the proxy, which looks the name up and fetches the page while the client waits."""
        self.get(src, PROXY, host, "http://%s/" % host, 3128)
        self.look_up(PROXY, RESOLVER, host, site, upstream=UPSTREAM)
        self.get(PROXY, site, host)

    def mail(self, src, dst, to="you@example.org"):
        say = ["220 hi", "EHLO x", "250 hi", "MAIL FROM:<me@example.net>", "250 ok", "RCPT TO:<%s>" % to, "250 ok", "QUIT", "221 ok"]
        self.tcp(src, dst, 25, [(1 - i % 2, (line + "\r\n").encode()) for i, line in enumerate(say)])

    # -- names of hosts --

    def lease(self, n, name, at=None):
        mac = bytes([2, 0, 0, 0, 1, n])
        dhcp = lambda op, ip, options: struct.pack(">BBBBIHH4s4s4s4s", op, 1, 6, 0, n, 0, 0, bytes(4), ip, bytes(4), bytes(4)) + mac + bytes(10 + 192) + (
            b"\x63\x82\x53\x63" + options + b"\xff")
        self.udp("0.0.0.0", 68, "255.255.255.255", 67, dhcp(1, bytes(4), b"\x35\1\3" + bytes([12, len(name)]) + name.encode()))
        self.udp(DHCP, 67, at or client(n), 68, dhcp(2, ipaddress.ip_address(at or client(n)).packed, b"\x35\1\5"))

    def lease6(self, n, name, address):
        """The reply has the address before whose it is."""
        option = lambda code, data: struct.pack(">HH", code, len(data)) + data
        who = option(1, bytes([0, 3, 0, 1, 2, 0, 0, 0, 6, n]))
        given = option(3, bytes(12) + option(5, ipaddress.ip_address(address).packed + struct.pack(">II", 300, 600)))
        self.udp("fe80::%x" % n, 546, "ff02::1:2", 547, b"\3\0\0" + bytes([n]) + who + option(39, b"\0" + labels(name)))
        self.udp("fd00::547", 547, "fe80::%x" % n, 546, b"\7\0\0" + bytes([n]) + given + who)

    def mdns(self, src, name, address):
        self.udp(src, 5353, "224.0.0.251", 5353, struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0) + labels(name) + (
            b"\0\1\x80\1\0\0\0\x78\0\4" + ipaddress.ip_address(address).packed))

    def netbios(self, src, name, kind=0, group=False):
        text = b"\x20" + b"".join(bytes([65 + (c >> 4), 65 + (c & 15)]) for c in name.upper().ljust(15).encode() + bytes([kind])) + b"\0"
        self.udp(src, 137, "10.0.255.255", 137, struct.pack(">HHHHHH", 9, 0x2910, 1, 0, 0, 1) + text + b"\0\x20\0\1" + (
            b"\xc0\x0c\0\x20\0\1\0\4\x93\xe0\0\6" + (b"\x80\0" if group else b"\0\0") + ipaddress.ip_address(src).packed))

    def write(self, path):
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
            for at, frame in self.frames:
                f.write(struct.pack("<IIII", int(at), int(at * 1e6) % 1000000, len(frame), len(frame)) + frame)


INTEL = [("domain-name", "evil.example"), ("domain-name", "bad.example"), ("ipv4-addr", EVIL), ("email-addr", "evil@example.org")]


def comparable(s):
    """Without what depends on how packets were read: message numbers, how far the flow was."""
    flow = {k: v for k, v in s["flow"].items() if k not in ("packets", "bytes", "app")}
    return {**{k: v for k, v in s.items() if k not in ("seq", "revision")}, "flow": flow}


def sightings(folder, office, *args, workers=(1, 2, 3), **config):
    """Each sighting in its last revision; the same with any number of workers."""
    office.write(folder + "/in.pcap")
    with open(folder + "/in.jsonl", "w") as f:
        f.writelines(json.dumps({"type": t, "value": v}) + "\n" for t, v in INTEL)
    with open(folder + "/config.yaml", "w") as f:
        json.dump({"no_huge": True, **config}, f)
    found = []
    for n in workers:
        _, text, _ = sensor("-c", folder + "/config.yaml", "-r", folder + "/in.pcap", "-i", folder + "/in.jsonl", "--emit",
                            "sightings", "--workers", n, "--stats", folder + "/stats", *args)
        accounts(stats(folder + "/stats"))
        found.append({i: comparable(s) for i, s in latest(lines(text)).items()})
    assert all(f == found[0] for f in found), "workers disagree"
    return list(found[0].values())


def one(found, src, where, value=None):
    rows = [s for s in found if s["flow"]["src"] == src and s["observable"]["where"] == where and value in (None, s["observable"]["value"])]
    assert len(rows) == 1, "%d sightings of %s %s %s" % (len(rows), src, where, value)
    return rows[0]["context"]


def morning():
    """Everybody does something, so that servers are known by what they do."""
    o = Office()
    for n in 1, 2, 3:
        o.look_up(client(n), RESOLVER, "www%d.example" % n, SITES[n], upstream=UPSTREAM)
        o.page(client(n), "page%d.example" % n, SITES[n])
        o.mail(client(n), RELAY)
    o.mail(RELAY, SITES[0]), o.mail(RELAY, SITES[1])
    for site in SITES[:3]:
        o.get(NAT, site, "a.example", hops=63), o.get(NAT, site, "b.example", hops=127)
    return o


def test_a_resolver_and_who_asked_it(folder):
    o = morning()
    for n in 4, 5, 4:
        o.look_up(client(n), RESOLVER, "evil.example", EVIL, upstream=UPSTREAM if n == 4 else None)
    found = sightings(folder, o)
    asks = one(found, RESOLVER, "dns.query")
    assert asks["roles"] == {"src": ["resolver"], "dst": []}, asks
    assert asks["asked_by"] == [client(4)], asks
    assert one(found, client(5), "dns.query")["roles"] == {"src": [], "dst": ["resolver"]}
    assert one(found, client(5), "dns.query")["asked_by"] == [client(4)]
    answer = one(found, RESOLVER, "dns.answer.ip")
    assert answer["asked_by"] == [client(4)], answer


def test_the_newest_first_and_in_the_last_minutes(folder):
    o = morning()
    for n in range(20, 30):
        o.look_up(client(n), RESOLVER, "evil.example")
    o.look_up(RESOLVER, UPSTREAM, "evil.example", EVIL)
    o.step(3600)
    o.look_up(RESOLVER, UPSTREAM, "evil.example", EVIL)
    found = sightings(folder, o)
    rows = sorted((s for s in found if s["flow"]["src"] == RESOLVER and s["observable"]["where"] == "dns.query"),
                  key=lambda s: s["first_seen"])
    assert rows[0]["context"]["asked_by"] == [client(n) for n in range(29, 21, -1)], rows[0]
    assert "asked_by" not in rows[1]["context"] and rows[1]["context"]["roles"]["src"] == ["resolver"], rows[1]


def test_a_proxy_and_who_asked_it(folder):
    o = morning()
    o.page(client(6), "bad.example", EVIL)
    found = sightings(folder, o)
    page = one(found, PROXY, "http.host")
    assert page["roles"] == {"src": ["proxy"], "dst": []}, page
    assert page["asked_by"] == [client(6)] and page["names"] == ["bad.example"], page
    address = one(found, PROXY, "ip.dst")
    assert address["asked_by"] == [client(6)] and address["names"] == ["bad.example"], address
    assert one(found, client(6), "http.host")["roles"] == {"src": [], "dst": ["proxy"]}
    # The resolver that the proxy asked says who it was for.
    asks = one(found, RESOLVER, "dns.query")
    assert asks["asked_by"] == [client(6)] and asks["roles"]["src"] == ["resolver"], asks


def test_names_by_client(folder):
    """One address, many names: a client's own count, and where it was told none, others'."""
    o = morning()
    o.look_up(client(1), RESOLVER, "one.example", EVIL)
    o.look_up(client(2), RESOLVER, "two.example", EVIL)
    o.look_up(client(2), RESOLVER, "three.example", SITES[1], EVIL)
    for n in 1, 2, 3:
        o.get(client(n), EVIL, "x%d.example" % n)
    found = sightings(folder, o)
    names = [one(found, client(n), "ip.dst")["names"] for n in (1, 2, 3)]
    assert names == [["one.example"], ["three.example", "two.example"], ["three.example", "two.example", "one.example"]], names
    assert "asked_by" not in one(found, client(1), "ip.dst"), "itself alone asked"


def test_a_mail_relay_and_nat(folder):
    o = morning()
    o.mail(RELAY, SITES[2], to="evil@example.org")
    o.get(NAT, SITES[4], "evil.example", hops=63)
    found = sightings(folder, o)
    assert one(found, RELAY, "smtp.rcpt_to")["roles"] == {"src": ["mail-relay"], "dst": []}
    assert one(found, NAT, "http.host")["roles"] == {"src": ["nat"], "dst": []}


def test_what_only_looks_like_it(folder):
    o = morning()
    few, silent, deaf, web, store, host = ("10.0.2.%d" % i for i in range(1, 7))
    for n in 1, 2, 3:
        if n < 3:
            o.look_up(client(n), few, "w.example", SITES[0], upstream=UPSTREAM)  # two clients only
        o.look_up(client(n), silent, "w.example", SITES[0])  # asks nobody itself
        o.ask(client(n), deaf, "w.example")  # answers nobody
        o.get(client(n), web, "w.example", "http://w.example/")  # a server, however it is asked
        o.mail(client(n), store)  # sends none
        o.get(host, SITES[n], "w.example", hops=64), o.get(host, SITES[n], "w.example", hops=n)  # traces a route
    for like in few, silent, deaf, web, store, host:
        o.get(like, SITES[5], "evil.example")
    o.look_up(deaf, UPSTREAM, "evil.example", EVIL)
    # Outside, the same behaviour is no host of ours.
    for n in 1, 2, 3:
        o.look_up(client(n), UPSTREAM, "w.example", SITES[0])
    found = sightings(folder, o)
    for like in few, silent, deaf, web, store, host:
        assert "roles" not in one(found, like, "http.host"), like


def test_before_it_was_known(folder):
    """A role is as of the sighting's time."""
    o = Office()
    for n in 1, 2, 3, 4:
        o.look_up(client(n), RESOLVER, "www%d.example" % n, SITES[n], upstream=UPSTREAM)
        o.step(400)
        o.look_up(RESOLVER, UPSTREAM, "evil.example", EVIL)
    rows = sorted((s for s in sightings(folder, o) if s["observable"]["where"] == "dns.query"), key=lambda s: s["first_seen"])
    assert ["roles" in s["context"] for s in rows] == [False, False, True, True], rows


def test_names_of_hosts(folder):
    o = morning()
    o.lease(7, "pc-seven"), o.mdns(client(7), "seven.local", client(7))
    o.mdns(client(8), "eight.local", client(8)), o.mdns(client(9), "liar.local", client(8))
    o.netbios(client(10), "TEN"), o.netbios(client(10), "OFFICE", group=True), o.netbios(client(11), "SERVICE", kind=0x20)
    o.lease(12, "pc-moved", at=client(13))
    o.lease6(14, "pc-six", "fd00::14")
    o.step(5)
    o.look_up("fd00::14", "fd00::53", "evil.example", EVIL)
    for n in range(7, 14):
        o.look_up(client(n), RESOLVER, "evil.example", EVIL)
    found = sightings(folder, o)
    names = {n: one(found, client(n), "dns.query").get("host_name") for n in range(7, 14)}
    assert names == {7: {"src": "pc-seven"}, 8: {"src": "eight.local"}, 9: None, 10: {"src": "ten"}, 11: None, 12: None,
                     13: {"src": "pc-moved"}}, names
    assert one(found, "fd00::14", "dns.query").get("host_name") == {"src": "pc-six"}


def test_bounds_and_off(folder):
    """Little memory forgets what is oldest, and says so; none looks for nothing."""
    o = morning()
    for n in range(300):
        o.look_up(client(n % 200), RESOLVER, "n%d.example" % n, "198.18.0.%d" % (n % 250))
    o.look_up(client(250), RESOLVER, "evil.example", EVIL, upstream=UPSTREAM)
    found = sightings(folder, o, workers=(1,), hosts={"memory": 1})
    assert one(found, RESOLVER, "dns.query")["asked_by"] == [client(250)]
    st = stats(folder + "/stats")
    for what in "host", "name", "address":
        assert st['sightline_hosts_forgotten_total{what="%s"}' % what] > 100, what
    found = sightings(folder, o, hosts={"memory": 0})
    assert found and not any({"roles", "asked_by", "names", "host_name"} & set(s["context"]) for s in found)
    assert stats(folder + "/stats")["sightline_host_facts_total"] == 0


def test_tail_says_who(folder):
    o = morning()
    o.lease(4, "pc-four")
    o.look_up(client(4), RESOLVER, "evil.example", EVIL, upstream=UPSTREAM)
    o.write(folder + "/in.pcap")
    with open(folder + "/in.jsonl", "w") as f:
        f.write(json.dumps({"type": "domain-name", "value": "evil.example"}) + "\n")
    with collector(folder) as c, Running(TOOL, "tail", "--count", 2, out(folder)) as tail:
        tail.until("subscribed")
        sensor("-r", folder + "/in.pcap", "-i", folder + "/in.jsonl", "--collector", "ipc://%s/in" % folder, "--workers", 1, "--no-huge")
        first, second = tail.end()[1].splitlines()
        assert "%s:" % client(4) in first and " (pc-four) -> %s:53 (resolver) udp" % RESOLVER in first, first
        assert " (resolver) -> %s:53 udp" % UPSTREAM in second and "  asked by %s" % client(4) in second, second
        c.end(15)


if __name__ == "__main__":
    main()
