#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What somebody sends to use up memory: each attack whole, and at a tenth of its size among as many harmless packets,
at caps that both reach. The whole takes no more memory than the tenth, the counters say what was shed, every packet is accounted for, and a sighting
in a connection that was open all the while is made. Nothing is timed.

An attack is a function (capture, n) that writes n of its packets; `attacked` does the rest:

    def test_name(folder):
        st = attacked(folder, name, 100000, "stream: {memory: 1MiB}")
        assert st["sightline_..."] > 0
"""
import gzip, hashlib, json, os, struct, subprocess
from files import brotli, zstd
from harness import *

SYN, ACK, PSH = 2, 16, 8
SLACK = 4 << 20  # of memory: pages of the allocator, not of what was sent
START = 1700000000


class Capture:
    """A pcap of raw IP, written as it grows; packets are a microsecond apart."""

    def __init__(self, path):
        self.f = open(path, "wb", buffering=1 << 20)
        self.f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 101))
        self.at = 0

    def ip(self, proto, src, dst, payload, number=0, fragment=0):
        n = 20 + len(payload)
        self.f.write(struct.pack("<IIII", START + self.at // 1000000, self.at % 1000000, n, n) + struct.pack(
            ">BBHHHBBHII", 0x45, 0, n, number & 0xffff, fragment, 64, proto, 0, src, dst) + payload)
        self.at += 1

    def tcp(self, src, sport, dst, dport, flags, seq, ack=0, payload=b""):
        self.ip(6, src, dst, struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags,
                                         65535, 0, 0) + payload)

    def close(self):
        self.f.close()


def address(i):
    """Hosts of 11.0.0.0/8."""
    return 0x0b000000 + i % 0xffffff


class Bystander:
    """A connection to a host that is on the list; its request is half said when the attack begins."""
    ENDS = 0xc6336401, 40000, 0xc6336402, 80
    HOST = b"bystander.example"
    FILE = b"ok"

    def __init__(self, capture):
        self.c, self.seq = capture, 1000
        client, cport, server, sport = self.ENDS
        capture.tcp(client, cport, server, sport, SYN, 999)
        capture.tcp(server, sport, client, cport, SYN | ACK, 4999, 1000)
        capture.tcp(client, cport, server, sport, ACK, 1000, 5000)
        self.say(b"GET / HTTP/1.1\r\nHost: bystan")

    def say(self, text):
        self.c.tcp(*self.ENDS, ACK | PSH, self.seq, 5000, text)
        self.seq += len(text)

    def end(self):
        self.say(b"der.example\r\n\r\n")
        client, cport, server, sport = self.ENDS
        self.c.tcp(server, sport, client, cport, ACK | PSH, 5000, self.seq,
                   b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + self.FILE)


def replayed(folder, attack, n, size, config, listed):
    """Counters and the most memory that the sensor had at once, of a capture filled up to so many bytes (None: as
    long as it gets) with pings between two hosts; and the capture's size."""
    path = os.path.join(folder, "%d.pcap" % n)
    c = Capture(path)
    victim = Bystander(c)
    attack(c, n)
    while size is not None and c.f.tell() < size:
        c.ip(1, 0x0afffffe, 0x0afffffd, b"\x08\0\0\0" + bytes(20))
    victim.end()
    size = c.f.tell()
    c.close()
    with open(folder + "/config.yaml", "w") as f:
        f.write("replay_memory: 8MiB\nmemory: {size: 1MiB}\n" + config + "\n")
    with open(folder + "/intel.jsonl", "w") as f:
        for i in listed:
            f.write(json.dumps(dict(i, id=i["value"], source="test")) + "\n")
    with open(folder + "/out", "wb") as out, open(folder + "/err", "wb") as err:
        p = subprocess.Popen([SENSOR, "-c", folder + "/config.yaml", "-r", path, "-i", folder + "/intel.jsonl", "--emit",
                              "sightings", "--workers", "1", "--no-huge", "--stats", folder + "/stats"], stdout=out, stderr=err)
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = status
    os.unlink(path)
    with open(folder + "/err") as f:
        assert status == 0, "status %d: %s" % (status, f.read()[-2000:])
    with open(folder + "/out") as f:
        seen = {s["observable"]["value"] for s in lines(f.read())}
    assert seen == {i["value"] for i in listed}, "sighted: %s" % sorted(seen)
    st = stats(folder + "/stats")
    accounts(st)
    # How much of the capture lies between reader and worker depends on their pace; it has a bound and a counter of its own.
    return st, (used.ru_maxrss << 10) - st["sightline_replay_memory_bytes"], size


HOST = {"type": "domain-name", "value": Bystander.HOST.decode()}
FILE = {"type": "file", "where": "file.sha256", "value": hashlib.sha256(Bystander.FILE).hexdigest()}


def attacked(folder, attack, n, config, listed=(HOST,)):
    """`listed`: the indicators, each of which has to be sighted."""
    st, whole, size = replayed(folder, attack, n, None, config, listed)
    _, small, _ = replayed(folder, attack, n // 10, size, config, listed)
    assert whole <= small + SLACK, "%d: %d MiB, %d: %d MiB" % (n // 10, small >> 20, n, whole >> 20)
    return st


# ---- Flows ----

def half_open(c, n):
    """SYNs, each from another host and port."""
    for i in range(n):
        c.tcp(address(i), 1024 + i % 60000, 0xc6336403, 443, SYN, i * 2654435761)


def test_half_open_flows(folder):
    st = attacked(folder, half_open, 2000000, "flow: {max: 131072}")
    shed = st['sightline_flows_evicted_total{rank="unanswered"}']
    assert shed >= 2000000 - 131072, shed
    for rank in ("closed", "ordinary", "valued"):
        assert st['sightline_flows_evicted_total{rank="%s"}' % rank] == 0, rank


# ---- Fragments ----

def never_whole(c, n):
    """Fragments of datagrams that lack one, and some of a datagram that does not."""
    for i in range(n):
        c.ip(17, 0xc6336400 + i % 251, 0xcb007102, bytes(16), i // 251, 0x2000 | i % 7)
        if i % 100 == 0:
            c.ip(17, 0xc6336403, 0xcb007102, b"\x30\x39\x30\x39\0\x10\0\0", i // 100, 0x2000)
            c.ip(17, 0xc6336403, 0xcb007102, bytes(8), i // 100, 1)


def test_fragments_that_are_never_whole(folder):
    st = attacked(folder, never_whole, 200000, "defrag: {memory: 2MiB, max: 1024}")
    ends = {k.split('"')[1]: v for k, v in st.items() if k.startswith("sightline_defrag_datagrams_total")}
    assert ends["whole"] == 2000 and ends["evicted"] > 190000, ends
    assert sum(ends.values()) - ends["whole"] == 200000, ends


# ---- Streams ----

def one_byte_one_flow(c, n):
    """Every other byte of a stream."""
    c.tcp(0x0b000001, 1024, 0xc6336403, 80, SYN, 0)
    for i in range(n):
        c.tcp(0x0b000001, 1024, 0xc6336403, 80, ACK, 2 + 2 * i, 1, b"x")


def one_byte_many_flows(c, n):
    """The same in 1000 streams at once."""
    for i in range(1000):
        c.tcp(address(i), 1024, 0xc6336403, 80, SYN, 0)
    for i in range(n):
        c.tcp(address(i % 1000), 1024, 0xc6336403, 80, ACK, 2 + 2 * (i // 1000), 1, b"x")


def test_one_byte_segments_of_a_flow(folder):
    st = attacked(folder, one_byte_one_flow, 100000, "stream: {memory: 4MiB}")
    assert st['sightline_stream_holes_given_up_total{why="bound"}'] > 90000
    assert st['sightline_stream_holes_given_up_total{why="memory"}'] == 0
    assert st["sightline_stream_held_segments_total"] == 100000


def test_one_byte_segments_of_many_flows(folder):
    st = attacked(folder, one_byte_many_flows, 100000, "stream: {memory: 1MiB}")
    assert st['sightline_stream_holes_given_up_total{why="memory"}'] > 90000


def test_one_byte_segments_and_all_workers_bound(folder):
    st = attacked(folder, one_byte_many_flows, 100000, "stream: {memory_total: 1MiB}")
    assert st['sightline_stream_holes_given_up_total{why="memory"}'] > 90000


def first_bytes(c, n):
    """Streams that say one letter of a method, and no more."""
    for i in range(n):
        c.tcp(address(i), 1024, 0xc6336403, 80, SYN, 0)
        c.tcp(address(i), 1024, 0xc6336403, 80, ACK, 1, 1, b"G")


def test_first_bytes_of_many_flows(folder):
    st = attacked(folder, first_bytes, 300000, "parser: {memory: 8MiB}\nflow: {max: 16384}")
    assert st["sightline_probe_joined_streams_total"] > 0
    assert st["sightline_probe_denied_total"] > 100000


# ---- Files ----

def download(c, host, coding, body):
    """A response with a body of this coding."""
    client, server = (address(host), 1024), (0xc6336403, 80)
    ask = b"GET /f HTTP/1.1\r\nHost: h\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body)) + body
    c.tcp(*client, *server, SYN, 0)
    c.tcp(*server, *client, SYN | ACK, 0, 1)
    c.tcp(*client, *server, ACK | PSH, 1, 1, ask)
    for at in range(0, len(answer), 1400):
        c.tcp(*server, *client, ACK, 1 + at, 1 + len(ask), answer[at:at + 1400])


def bombs(c, n):
    """n GB of zeros in gzip, which is a thousandth of it, and packed again; 256 MB in other codings."""
    bomb = gzip.compress(bytes(1 << 24)) * (64 * n)
    for i, (coding, body) in enumerate(((b"gzip", bomb), (b"gzip, gzip", gzip.compress(bomb)), (b"br", brotli(bytes(1 << 28))),
                                        (b"zstd", zstd(bytes(1 << 28))))):
        download(c, i, coding, body)


def test_bombs(folder):
    st = attacked(folder, bombs, 10, "", (HOST, FILE))
    assert st['sightline_partial_files_total{why="bomb"}'] == 4
    assert st["sightline_files_total"] == 1


def test_lost_datagrams_and_a_full_table(folder):
    """Fragments were processed when they came; that their datagram, never whole, finds no room among the flows is told,
    and counts no packet twice."""
    udp = lambda n: struct.pack(">HHHH", 5000, 6000, 8 + n, 0) + bytes(n)
    c = Capture(folder + "/in.pcap")
    for i in range(1024):
        c.ip(17, address(i), 0xc6336402, udp(4))
    for i in list(range(16)) + [5000]:
        c.ip(17, address(i), 0xc6336402, udp(16), number=i, fragment=0x2000)
    c.close()
    with open(folder + "/config.yaml", "w") as f:
        f.write("flow: {max: 1024}\n")
    sensor("-c", folder + "/config.yaml", "--replay", folder + "/in.pcap", "--emit", "flows", "--workers", 1, "--stats",
           folder + "/stats", "--no-huge")
    st = stats(folder + "/stats")
    accounts(st)
    assert st["sightline_defrag_untold_datagrams_total"] == 1, st["sightline_defrag_untold_datagrams_total"]


if __name__ == "__main__":
    main()
