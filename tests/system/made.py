# SPDX-License-Identifier: BSD-3-Clause
"""Captures of what the captures at hand hold none of, made from the standards' own layouts, for tshark and the sensor to
agree on: IEC 60870-5-104, connectionless LDAP, version 4 of NFS."""
import struct
from files import segment
from reload import HEADER, frame


def connection(number, port, *turns):
    """A TCP connection of turns (from the server?, bytes), each cut into two segments."""
    ends = [("10.0.1.%d" % number, "192.0.2.%d" % number, 40000 + number, port)]
    ends.append((ends[0][1], ends[0][0], port, 40000 + number))
    seq = [1000, 9000]
    out = [segment(1000, *ends[0], seq[0], 0, 2), segment(1000, *ends[1], seq[1], seq[0] + 1, 18)]
    seq = [s + 1 for s in seq]
    for server, data in turns:
        cut = len(data) // 2
        for part in (data[:cut], data[cut:]):
            out.append(segment(1000, *ends[server], seq[server], seq[not server], 24, part))
            seq[server] += len(part)
    return b"".join(out)


# ---- IEC 60870-5-104 (6: APCI; IEC 60870-5-101, 7: ASDU) ----

def iec104_data(number, kind, cause, station, *objects, negative=False):
    asdu = struct.pack("<BBBBH", kind, len(objects), cause | (0x40 if negative else 0), 0, station)
    asdu += b"".join(struct.pack("<I", at)[:3] + value for at, value in objects)
    return struct.pack("<BBHH", 0x68, 4 + len(asdu), number << 1, 0) + asdu


def iec104():
    start, started, test = (bytes([0x68, 4, what, 0, 0, 0]) for what in (0x07, 0x0b, 0x43))
    clock = bytes((0, 0, 30, 9, 23, 11, 26))
    asked = iec104_data(0, 100, 6, 300, (0, b"\x14")) + iec104_data(1, 103, 6, 300, (0, clock))
    answer = (iec104_data(0, 100, 7, 300, (0, b"\x14")) + iec104_data(1, 1, 20, 300, (11, b"\1"), (12, b"\0"))
              + iec104_data(2, 13, 3, 301, (700, struct.pack("<f", 49.98) + b"\0")) + test
              + iec104_data(3, 36, 3, 301, (701, struct.pack("<f", 0.5) + b"\0" + clock)))
    switch = iec104_data(2, 45, 6, 65535, (5, b"\x81"))
    refused = iec104_data(4, 45, 7, 65535, (5, b"\x81"), negative=True)
    return connection(1, 2404, (0, start), (1, started), (0, asked), (1, answer), (0, switch), (1, refused))


# ---- CLDAP (RFC 1798; the ping of MS-ADTS 6.3.3) ----

def der(tag, *parts):
    body = b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack(">H", len(body))
    return bytes([tag]) + size + body


def cldap():
    number = lambda n: der(2, bytes([n]))
    equal = lambda name, value: der(0xa3, der(4, name), der(4, value))

    def search(n, base, scope, *tests):
        return der(0x30, number(n), der(0x63, der(4, base), der(10, bytes([scope])), der(10, b"\0"), number(0), number(0),
                                        der(1, b"\0"), der(0xa0, *tests), der(0x30, der(4, "Netlogon"))))

    def found(n, name, value):
        entry = der(0x64, der(4, name), der(0x30, der(0x30, der(4, "Netlogon"), der(0x31, der(4, value)))))
        done = der(0x65, der(10, b"\0"), der(4, ""), der(4, ""))
        return der(0x30, number(n), entry) + der(0x30, number(n), done)

    ping = search(1, "", 0, equal("DnsDomain", "corp.example."), equal("Host", "PC7"), equal("NtVer", b"\x16\0\0\x20"))
    one = search(2, "CN=Configuration,DC=corp,DC=example", 2, equal("objectClass", "site"))
    ends = ("10.0.1.2", "192.0.2.2", 40002, 389)
    back = ("192.0.2.2", "10.0.1.2", 389, 40002)
    return b"".join((frame(1000, *ends, ping), frame(1000, *back, found(1, "", b"\x17\0" + bytes(22))), frame(1001, *ends, one),
                     frame(1001, *back, found(2, "CN=Sites,CN=Configuration,DC=corp,DC=example", b"x"))))


# ---- NFS 4 over TCP (RFC 7530; RFC 5531) ----

def opaque(data):
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


def nfs4():
    op = lambda n, *parts: struct.pack(">I", n) + b"".join(parts)
    lookup = lambda name: op(15, opaque(name))
    attributes = op(9, struct.pack(">III", 2, 0x10011A, 0xB0A23A))

    def call(xid, *ops):
        body = struct.pack(">IIIIII", xid, 0, 2, 100003, 4, 1) + bytes(16) + opaque(b"") + struct.pack(">II", 0, len(ops))
        body += b"".join(ops)
        return struct.pack(">I", 0x80000000 | len(body)) + body

    def reply(xid):
        body = struct.pack(">IIIIII", xid, 1, 0, 0, 0, 0) + struct.pack(">I", 0) + opaque(b"") + struct.pack(">I", 0)
        return struct.pack(">I", 0x80000000 | len(body)) + body

    return connection(3, 2049, (0, call(1, op(24), lookup(b"export"), lookup(b"payroll.xls"), op(10), attributes)), (1, reply(1)),
                      (0, call(2, op(24), op(28, opaque(b"old.doc"))) + call(3, op(24), op(32), lookup(b"new"), op(29, opaque(b"a"), opaque(b"bb")))),
                      (1, reply(2) + reply(3)))


def captures(folder):
    """Writes each into the folder: their paths."""
    paths = []
    for make in (iec104, cldap, nfs4):
        paths.append("%s/%s.pcap" % (folder, make.__name__))
        with open(paths[-1], "wb") as f:
            f.write(HEADER + make())
    return paths
