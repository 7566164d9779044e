#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Protocols that follow one another on one TCP flow: what HTTP/1 hands over to, named by it or found by a probe."""
import socket, struct
from harness import *
from reload import HEADER

ASKS = b"GET /%s HTTP/1.1\r\nHost: h.example\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n"
AGREES = b"HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\4\0\0\0\0\0"


def block(kind_flags, stream, *fields):
    text = b"".join(b"\0" + bytes([len(n)]) + n + bytes([len(v)]) + v for n, v in fields)
    return len(text).to_bytes(3, "big") + kind_flags + stream.to_bytes(4, "big") + text


def conversation(path, turns):
    """One TCP flow: (to the server?, payload), acknowledged as it should be."""
    at, out, ends = [1000, 5000], HEADER, (("10.0.0.1", 40000), ("192.0.2.1", 8080))
    for n, (asks, payload) in enumerate(turns):
        a, b = (0, 1) if asks else (1, 0)
        tcp = struct.pack(">HHIIBBHHH", ends[a][1], ends[b][1], at[a], at[b], 0x50, 0x18, 65535, 0, 0) + payload
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), n, 0, 64, 6, 0, socket.inet_aton(ends[a][0]),
                         socket.inet_aton(ends[b][0]))
        eth = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + tcp
        out += struct.pack("<IIII", 1000 + n, 0, len(eth), len(eth)) + eth
        at[a] += len(payload)
    with open(path, "wb") as f:
        f.write(out)


def said(folder, turns):
    """(app, [(where, value)], counters)"""
    conversation(folder + "/c.pcap", turns)
    _, out, _ = sensor("--replay", folder + "/c.pcap", "--emit", "observables", "--emit", "flows", "--allow-empty",
                       "--stats", folder + "/stats")
    all = lines(out)
    flows = [o for o in all if "where" not in o]
    assert len(flows) == 1, flows
    return flows[0].get("app"), [(o["where"], o["value"]) for o in all if "where" in o], stats(folder + "/stats")


def test_websocket_in_the_piece_that_agrees(folder):
    app, values, st = said(folder, [(True, ASKS % (b"ws", b"websocket")),
                                    (False, AGREES % b"websocket" + b"\x81\2hi"),
                                    (True, b"\x81\x82\0\0\0\0yo"), (False, b"\x88\2\3\xe8")])
    assert app == "websocket", app
    assert ("http.url", "http://h.example/ws") in values, values
    assert st['sightline_parser_messages_total{parser="websocket"}'] == 2, st
    assert st['sightline_websocket_closes_total{code="normal"}'] == 1, st


def masked(mask, payload):
    return bytes([0x82, 0x80 | len(payload)]) + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(payload))


def test_what_websocket_carries(folder):
    """A protocol that the upgrade names or one that it does not: the flow stays WebSocket's."""
    opened = [(True, ASKS % (b"ws", b"websocket")), (False, AGREES % b"websocket")]
    mqtt = [(True, masked(b"abcd", b"\x10\x1a\0\4MQTT\4\x82\0\x3c\0\x08meter-77\0\4site")), (False, b"\x82\4\x20\2\0\0"),
            (True, masked(b"\x91\2\xff\0", b"\x82\x0f\0\1\0\x0aplant/77/+\0"))]
    app, values, _ = said(folder, opened + mqtt)
    assert app == "websocket", app
    assert {("mqtt.client_id", "meter-77"), ("mqtt.user", "site"), ("mqtt.topic", "plant/77/+")} <= set(values), values
    app, values, _ = said(folder, opened + [(False, b"\x82\x13SSH-2.0-Go-server\r\n"),
                                            (True, masked(b"wxyz", b"SSH-2.0-chisel\r\n"))])
    assert app == "websocket" and [w for w, _ in values].count("ssh.software") == 2, values


def h2c(agreed):
    ask = block(b"\1\5", 3, (b":method", b"GET"), (b":path", b"/two"), (b":scheme", b"http"), (b":authority", b"two.example"))
    answer = block(b"\1\5", 3, (b":status", b"204"), (b"server", b"srv"))
    turns = [(True, ASKS % (b"one", b"h2c"))] + ([(False, AGREES % b"h2c" + SETTINGS)] if agreed else [])
    return turns + [(True, PREFACE + SETTINGS + ask)] + ([(False, answer)] if agreed else [])


def test_http2_after_an_upgrade(folder):
    app, values, _ = said(folder, h2c(True))
    assert app == "http2", app
    for v in [("http.url", "http://h.example/one"), ("http.url", "http://two.example/two"),
              ("http2.authority", "two.example"), ("http.server", "srv")]:
        assert v in values, (v, values)


def test_http2_after_an_upgrade_whose_answer_was_missed(folder):
    app, values, _ = said(folder, h2c(False))
    assert app == "http2", app
    assert ("http.url", "http://two.example/two") in values, values


if __name__ == "__main__":
    main()
