#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Overload: what is left undone comes in its order, is counted and written where it matters, and what headers say is
matched for every packet that was received. A paced replay far beyond any capacity keeps a worker's queue full."""
import hashlib, json, os, signal, struct, time
from harness import *
from files import segment
from metrics import get, read
from reload import HEADER, frame, query

LEVELS = ("bodies", "elephants", "streams", "names")
NET = "198.51.100.0/24"  # of every responder; passes change the last byte
BODY = b"MZ" + bytes(range(256)) * 3
HOSTS = 100


def connection(i):
    """An HTTP exchange over an open connection, longer than the test's elephants; its client has a port of its own."""
    a, b = ("10.0.0.7", "198.51.100.9", 1024 + i, 80), ("198.51.100.9", "10.0.0.7", 80, 1024 + i)
    ask = b"GET /a HTTP/1.1\r\nHost: www.example\r\n\r\n"
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
    return [segment(1000, *a, 99, 0, 2), segment(1000, *b, 499, 100, 18), segment(1000, *a, 100, 500, 24, ask),
            segment(1000, *b, 500, 100 + len(ask), 24, reply)]


def capture(folder):
    """What falls due first is taken before the level can rise: less than eight bursts."""
    path = folder + "/a.pcap"
    with open(path, "wb") as f:
        f.write(HEADER + b"".join(p for i in range(HOSTS) for p in connection(i)))
        for i in range(1000):
            f.write(frame(1000, "10.0.0.7", "198.51.100.9", 2000 + i, 53, query(i, "name%d.example" % i)))
        f.write(b"".join(p for i in range(HOSTS, 3 * HOSTS) for p in connection(i)))
    return path


def intel(folder):
    path = folder + "/intel.jsonl"
    rows = [{"type": "ipv4-addr", "value": NET}, {"type": "file", "value": hashlib.sha256(BODY).hexdigest()}]
    with open(path, "w") as f:
        f.write("".join(json.dumps(dict(r, source="test")) + "\n" for r in rows))
    return path


def config(folder):
    """So few bits are changed by a pass that addresses come again, and the same connections go on."""
    path = folder + "/config.yaml"
    with open(path, "w") as f:
        f.write("home_net: [10.0.0.0/24]\nshed_elephant: 1KiB\n")
    return path


def shed(st, what):
    return [st['sightline_shed_%s_total{level="%s"}' % (what, level)] for level in LEVELS]


class Overloaded(Running):
    """A sensor whose packets come much faster than it can look at them, until it is ended."""

    def __init__(self, folder, *args):
        self.stats = folder + "/stats"
        super().__init__(SENSOR, "-c", config(folder), "--replay", capture(folder), "-i", intel(folder), "--workers", 1, "--loop",
                         10**9, "--speed", "5mpps", "--emit", "sightings", "--emit", "flows", "--metrics", 0, "--stats",
                         self.stats, *args)

    def url(self):
        self.until("counters are at ")
        self.until("/metrics\n")
        return self.text["err"].decode().split("counters are at ")[1].split()[0]

    def when(self, url, what):
        """Reads what the sensor writes until `what` holds of its counters."""
        end, st = time.monotonic() + PATIENCE, {}
        while time.monotonic() < end:
            self._pump(0)
            st = read(get(url))
            if what(st):
                return
        raise AssertionError("it did not come: %s" % {k: v for k, v in st.items() if "shed" in k or "packets" in k})

    def over(self):
        """(statistics, sightings, flows, log)"""
        _, out, err = self.end(signal.SIGINT)
        st, got = stats(self.stats), lines(out)
        accounts(st)
        sent, rx, missed = (st["sightline_%s_packets_total" % n] for n in ("replay_sent", "rx", "missed"))
        assert sent == rx + missed and missed > 0, (sent, rx, missed)
        seen = latest(r for r in got if r["record"] == "sighting").values()
        return st, list(seen), [r for r in got if r["record"] == "flow"], err


def count(sightings, where):
    return sum(s["count"] for s in sightings if s["observable"]["where"] == where)


def test_order_and_headers(folder):
    with Overloaded(folder) as run_:
        url = run_.url()
        run_.when(url, lambda st: all(shed(st, "flows")))
        status = json.loads(run(TOOL, "status", "--once", "--json", url.split("/")[2])[1])
        table = run(TOOL, "status", "--once", url.split("/")[2])[1]
        found = [json.loads(l) for l in run(TOOL, "doctor", "--live", "--json", "--for", "100ms", url.split("/")[2], check=None)[1].splitlines()]
        st, seen, flows, err = run_.over()
    entries = shed(st, "entries")
    assert all(entries) and entries == sorted(entries, reverse=True), entries  # a level is met behind the one before it
    assert all(shed(st, what)[i] for what in ("bursts", "packets", "bytes") for i in range(4)), st
    # Whatever was shed, the addresses of every flow that was received are told.
    assert count(seen, "ip.dst") == len(flows) == st["sightline_flows_total"], (count(seen, "ip.dst"), len(flows))
    # What was left undone is written at the flow, and at what was seen of it.
    for i, level in enumerate(LEVELS):
        assert sum(level in f["shed"] for f in flows) == shed(st, "flows")[i], level
    whole = [f for f in flows if not f["shed"]]
    assert all(("names" in f["shed"]) <= (f["dport"] == 53) and ("streams" in f["shed"]) <= (f["dport"] == 80) for f in flows)
    assert 0 < count(seen, "file.sha256") <= len(whole), (count(seen, "file.sha256"), len(whole))
    assert not any(s["context"].get("shed") for s in seen if s["observable"]["where"] == "file.sha256")
    assert any(s["context"].get("shed") == "bodies,streams" for s in seen), [s["context"] for s in seen][:5]
    # And said.
    assert "overload: shed bodies in" in err, err
    assert status["shed"] > 0 and status["workers"][0]["shed_level"] == "names", status
    assert "OVERLOADED: sheds names" in table and "shed        packets bodies" in table, table
    assert [f["grade"] for f in found if f["topic"] == "shedding"] == ["wrong"], found


def test_never(folder):
    with Overloaded(folder, "--shed", "never") as run_:
        run_.when(run_.url(), lambda st: st["sightline_missed_packets_total"] > 10**6 and st["sightline_rx_packets_total"] > 10**4)
        st, seen, flows, err = run_.over()
    assert not any(v for k, v in st.items() if "shed" in k), st
    assert not any(f["shed"] for f in flows) and not any(s["context"].get("shed") for s in seen)
    assert count(seen, "ip.dst") == len(flows) == st["sightline_flows_total"]
    assert "overload" not in err, err


def test_full_speed_sheds_nothing(folder):
    _, out, _ = sensor("-c", config(folder), "--replay", capture(folder), "-i", intel(folder), "--workers", 2, "--loop", 50, "--emit",
                       "flows", "--stats", folder + "/stats")
    st = stats(folder + "/stats")
    accounts(st)
    assert not any(v for k, v in st.items() if "shed" in k), st
    assert not any(f["shed"] for f in lines(out))


def test_behind_a_handshake(folder):
    """A TLS connection is read up to its end of the handshake, and tells what it told before."""
    _, out, _ = sensor("--replay", sample("agenttesla/mail.pcap"), "--emit", "flows", "--stats", folder + "/stats", "--workers", 1)
    st, flows = stats(folder + "/stats"), lines(out)
    accounts(st)
    through = [f for f in flows if f["bypassed"]]
    assert through and all(f["app"] in ("tls", "ssh") for f in through), through
    assert st["sightline_bypassed_flows_total"] == len(through)
    assert 0 < st["sightline_bypassed_packets_total"] < sum(sum(f["packets"]) for f in through)
    assert 0 < st["sightline_bypassed_bytes_total"] < sum(sum(f["bytes"]) for f in through)
    assert not any(f["shed"] for f in flows)


def connection_of(name):
    """The datagrams of a QUIC connection, with their directions: a seed of the fuzz target, cut from a capture."""
    with open(os.path.join(TOP, "tests/parser/corpus/quic", name), "rb") as f:
        b, at, out = f.read(), 1, []
    while at < len(b):
        n = struct.unpack_from(">H", b, at + 1)[0]
        out.append((b[at], b[at + 3:at + 3 + n]))
        at += 3 + n
    return out


def quic_said(folder, connections, ports):
    """What connections say that follow each other, and what was passed over of them: (said, flows, statistics)."""
    with open(folder + "/quic.pcap", "wb") as f:
        f.write(HEADER)
        for c, port in zip(connections, ports):
            for to_client, datagram in c:
                ends = ("192.0.2.1", "10.0.0.7", 443, port) if to_client else ("10.0.0.7", "192.0.2.1", port, 443)
                f.write(frame(1000, *ends, datagram))
    _, out, _ = sensor("--replay", folder + "/quic.pcap", "--emit", "observables", "--emit", "flows", "--allow-empty", "--workers", 1,
                       "--stats", folder + "/stats")
    got = lines(out)
    said = [(r["where"], r["value"]) for r in got if r["record"] == "observable" and not r["where"].startswith(("ip.", "mac."))]
    return said, [r for r in got if r["record"] == "flow"], stats(folder + "/stats")


def test_behind_a_quic_handshake(folder):
    """Connections on the same ports, one with a Retry: each is read, and what is secret of each is passed over."""
    connections = [connection_of(n) for n in ("chromium", "retry", "chromium")]
    apart, _, _ = quic_said(folder, connections, (4001, 4002, 4003))
    said, flows, st = quic_said(folder, connections, (4001, 4001, 4001))
    secret = sum(1 for c in connections for _, datagram in c if not datagram[0] & 0x80)
    assert said == apart and [w for w, _ in said].count("quic.sni") >= 3, (said, apart)
    assert len(flows) == 1 and flows[0]["bypassed"] and flows[0]["app"] == "quic", flows
    assert st["sightline_bypassed_flows_total"] == 1
    # The first of a connection may end its handshake.
    assert secret - 3 <= st["sightline_bypassed_packets_total"] <= secret, (st["sightline_bypassed_packets_total"], secret)


if __name__ == "__main__":
    main()
