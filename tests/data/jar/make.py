#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes office.pcap.gz beside itself: an office of 30 hosts on the day after JAR-16-20296A was published. The traffic is
made up. The listed addresses are real, and lay in networks of the companies whose names are asked for here; that just
these names led to them is made up, too."""
import gzip, os, socket, struct

DAY = 1483056000  # 2016-12-30T00:00:00Z
RESOLVER = "192.168.7.1"
HOSTS = ["192.168.7.%d" % n for n in range(11, 41)]

# Who asks for which name, what the answer is, and at which hour.
VISITS = [
    (HOSTS, "mail.yahoo.com", "98.138.199.240", 8),
    (HOSTS[:18], "login.yahoo.com", "98.138.79.73", 9),
    (HOSTS[4:26], "www.google.com", "216.58.216.142", 10),
    (HOSTS[:26], "watson.telemetry.microsoft.com", "65.55.252.43", 11),
    (HOSTS[2:], "crm.our-provider.example", "52.29.252.84", 12),
    (HOSTS, "news.example", "203.0.113.80", 13),
    (HOSTS[12:13], "one2shoppee.com", "203.0.113.66", 14),
    (HOSTS[12:13], None, "185.12.46.178", 15),
]


def checksum(b):
    b += b"\0" * (len(b) % 2)
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


def ip(src, dst, proto, payload):
    a, b = socket.inet_aton(src), socket.inet_aton(dst)
    at = 16 if proto == 6 else 6
    s = checksum(a + b + struct.pack("!BBH", 0, proto, len(payload)) + payload)
    payload = payload[:at] + struct.pack("!H", s) + payload[at + 2:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, proto, 0) + a + b
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\0" + head + payload


def udp(src, sport, dst, dport, data):
    return ip(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data)


def tcp(src, sport, dst, dport, seq, ack, flags):
    return ip(src, dst, 6, struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 64240, 0, 0))


def dns(number, name, address=None):
    question = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0\0\1\0\1"
    head = struct.pack("!HHHHHH", number, 0x8180 if address else 0x0100, 1, 1 if address else 0, 0, 0)
    answer = b"\xc0\x0c\0\1\0\1" + struct.pack("!IH", 300, 4) + socket.inet_aton(address) if address else b""
    return head + question + answer


def packets():
    port = 40000
    for hosts, name, address, hour in VISITS:
        for n, host in enumerate(hosts):
            t, port = DAY + hour * 3600 + n * 61, port + 2
            if name is not None:
                yield t, 0, udp(host, port, RESOLVER, 53, dns(port, name))
                yield t, 12000, udp(RESOLVER, 53, host, port, dns(port, name, address))
            yield t, 20000, tcp(host, port + 1, address, 443, 1000, 0, 0x02)
            yield t, 50000, tcp(address, 443, host, port + 1, 5000, 1001, 0x12)
            yield t, 50100, tcp(host, port + 1, address, 443, 1001, 5001, 0x10)
            yield t, 90000, tcp(host, port + 1, address, 443, 1001, 5001, 0x11)
            yield t, 99000, tcp(address, 443, host, port + 1, 5001, 1002, 0x11)


def main():
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for s, us, p in packets():
        out += struct.pack("<IIII", s, us, len(p), len(p)) + p
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "office.pcap.gz"), "wb") as f:
        f.write(gzip.compress(out, mtime=0))


if __name__ == "__main__":
    main()
