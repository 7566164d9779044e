#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each pass of a looped replay says what the first one said, but for the addresses and the time: `--loop 100` of captures
with TCP, three passes of captures with tunnels and fragments. What an address means to HOME_NET stays. Needs SIGHTLINE_DATA
for all but the sample captures."""
import calendar, collections, glob, ipaddress, struct, time
from harness import *

MAIL = sample("agenttesla/mail.pcap")
SAMPLES = [MAIL, sample("agenttesla/beacon.pcap"), sample("maltrail/trails.pcap")]
CARRIED = {"ip.src", "ip.dst", "icmp.quoted.src", "icmp.quoted.dst"}  # addresses of headers
SECOND = 10**9


def times(path):
    """Nanoseconds of each packet."""
    with open(path, "rb") as f:
        b = f.read()
    assert b[:4] == b"\xd4\xc3\xb2\xa1", path
    at, out = 24, []
    while at + 16 <= len(b):
        sec, usec, have, _ = struct.unpack("<IIII", b[at:at + 16])
        out.append(sec * SECOND + usec * 1000)
        at += 16 + have
    return out


def nanoseconds(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) * SECOND + int(text[20:29])


class Passes:
    """What each pass said; its addresses apart."""

    def __init__(self, path, loop, *args):
        stamps = times(path)
        self.begin, self.period = min(stamps), max(stamps) - min(stamps) + SECOND
        self.said = [collections.Counter() for _ in range(loop)]
        self.addresses = [set() for _ in range(loop)]
        _, out, self.err = sensor("--replay", path, "--loop", loop, "--emit", "observables", "--emit", "flows", *args)
        self.lines = [self.add(l) for l in lines(out)]

    def number(self, stamp):
        return (nanoseconds(stamp) - self.begin) // self.period

    def add(self, l):
        n = self.number(l["ts" if l["record"] == "observable" else "last"])
        for f in ("ts", "first", "last"):
            if f in l:
                l[f] = nanoseconds(l[f]) - n * self.period
        self.addresses[n] |= {l.pop("src"), l.pop("dst")}
        del l["community_id"]  # is made of the addresses
        if l.get("where") in CARRIED:
            self.addresses[n].add(l.pop("value"))
        if l["record"] == "flow":
            # The end of time ends what the next pass would have let fall silent.
            del l["tunnel"], l["end"]
        self.said[n][json.dumps(l, sort_keys=True)] += 1

    def check(self):
        first = self.said[0]
        for n, said in enumerate(self.said):
            assert said == first, "pass %d: %s instead of %s" % (
                n, list((said - first).elements())[:3], list((first - said).elements())[:3])


def number(address):
    return int(ipaddress.ip_address(address))


def version(address):
    return ipaddress.ip_address(address).version


def test_a_hundred_passes(folder):
    for workers in (1, 3):
        p = Passes(MAIL, 100, "--workers", workers, "--stats", folder + "/stats")
        p.check()
        assert sum(p.said[0].values()) > 50 and any('"tls.sni"' in l for l in p.said[0]), p.said[0]
        assert any('"smtp.mail_from"' in l for l in p.said[0])
        st = stats(folder + "/stats")
        accounts(st)
        assert st["sightline_rx_packets_total"] == 100 * len(times(MAIL))
        assert st["sightline_flows_total"] % 100 == 0


def test_addresses_are_fresh_and_alike(folder):
    """The same is added to the low 16 bits (of IPv6: 32) of all addresses of a pass, and something new in each."""
    for path in SAMPLES:
        p = Passes(path, 20, "--workers", 2)
        seen = set()
        for n, there in enumerate(p.addresses):
            for v, low in ((4, 16), (6, 32)):
                first = sorted(number(a) for a in p.addresses[0] if version(a) == v)
                now = {number(a) for a in there if version(a) == v}
                mask = (1 << low) - 1
                assert not first or any({(a & ~mask) | (a + b - first[0] & mask) for a in first} == now for b in now), (
                    "pass %d of %s" % (n, path))
            assert n == 0 or there != p.addresses[0]
            seen.add(frozenset(there))
        assert len(seen) == 20, "%s: %d different sets of addresses" % (path, len(seen))


def home_net_holds(folder, net, loop):
    path, inside = SAMPLES[1], ipaddress.ip_network(net)
    p = Passes(path, loop, "--home-net", net, "--workers", 1)
    p.check()
    own = [{a for a in there if version(a) == 4 and ipaddress.ip_address(a) in inside} for there in p.addresses]
    assert own[0] and all(len(o) == len(own[0]) for o in own), own
    return own


def test_home_net_holds(folder):
    """A prefix up to /24 keeps its hosts and gets no others; after 255 changes they come again."""
    own = home_net_holds(folder, "192.168.100.0/24", 300)
    assert len({frozenset(o) for o in own}) == 256 and own[1] == own[256]
    home_net_holds(folder, "192.168.0.0/16", 30)


def test_listed_addresses_meet_the_first_pass(folder):
    """An address is itself in the first pass alone; a name is the same in all."""
    path, feed = SAMPLES[1], folder + "/feed.txt"
    addresses = [l["dst"] for l in lines(sensor("--replay", path, "--emit", "flows")[1])]
    listed = next(a for a in addresses if ipaddress.ip_address(a).is_global)
    with open(feed, "w") as f:
        f.write(listed + "\n")
    def counted(*args):
        _, out, _ = sensor("--replay", path, *args, "--emit", "sightings")
        return collections.Counter((s["observable"]["type"], s["count"]) for s in latest(lines(out)).values())
    once, often = counted("-i", feed), counted("-i", feed, "--loop", 10)
    assert once == often and once, (once, often)
    intel = sample("intel/agenttesla.stix.json")
    def total(*args):
        _, out, _ = sensor("--replay", path, "-i", intel, *args, "--emit", "sightings")
        return sum(s["count"] for s in latest(lines(out)).values() if s["observable"]["type"] != "ipv4-addr")
    assert total("--loop", 10) == 10 * total() > 0


def test_tunnels_and_fragments(folder):
    if os.environ.get("SIGHTLINE_DATA") == "none":
        return
    words, seen = ("tunnel", "gre", "vxlan", "gtp", "teredo", "frag", "6in4", "icmp", "ftp"), 0
    for path in sorted(glob.glob(data("pcap/zeek+zeek/**/*.pcap"), recursive=True)):
        with open(path, "rb") as f:
            plain = f.read(4) == b"\xd4\xc3\xb2\xa1"
        if not plain or not any(w in path for w in words) or os.path.getsize(path) > 1 << 20:
            continue
        for workers in (1, 2):
            p = Passes(path, 3, "--workers", workers)
            p.check()
        seen += any("ip.src" in l for l in p.said[0])
    assert seen > 20, seen


if __name__ == "__main__":
    main()
