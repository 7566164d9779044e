#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`sightline doctor --live`: each thing that a tap can lose, made from a good capture, is named, and nothing else is."""
import json
import os
import struct
import threading

from harness import TOOL, free_port, main, run, sample
from metrics import Fed, when

CAPTURE = sample("agenttesla/beacon.pcap")


def packets(data):
    at, found = 24, []
    while at < len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        found.append((data[at:at + 16], data[at + 16:at + 16 + n]))
        at += 16 + n
    return data[:24], found


def made(change):
    """The capture with its packets changed: a list of packets for each."""
    with open(CAPTURE, "rb") as f:
        head, found = packets(f.read())
    out = [head]
    for header, packet in found:
        for p in change(packet):
            out += [header[:8] + struct.pack("<II", len(p), max(len(p), len(packet))), p]
    # Two hours of silence, so that every flow has ended; then something to see it by.
    header, packet = next((h, p) for h, p in found if not is_tcp(p))
    later = struct.unpack_from("<I", found[-1][0])[0] + 7200
    out += [struct.pack("<I", later + i) + header[4:] + packet for i in range(200)]
    return b"".join(out)


def is_tcp(p):
    return p[12:14] == b"\x08\x00" and p[23] == 6


def from_client(p):
    return not is_tcp(p) or struct.unpack_from(">H", p, 34)[0] > struct.unpack_from(">H", p, 36)[0]


class Gone:
    n = 0


def every_tenth_gone(p):
    if is_tcp(p) and len(p) > 100:
        Gone.n += 1
        return [] if Gone.n % 10 == 0 else [p]
    return [p]


def verdicts(url, status, meanwhile=None):
    """topic -> finding. The look begins, `meanwhile` happens."""
    t = threading.Thread(target=meanwhile) if meanwhile else None
    if t:
        t.start()
    _, out, _ = run(TOOL, "doctor", "--live", "--json", "--for", "1s", url, check=status)
    if t:
        t.join()
    return {f["topic"]: f for f in map(json.loads, out.splitlines())}


def judged(data, status):
    with Fed("--workers", "1") as s:
        n = s.feed(data)
        url = s.url()
        when(url, lambda v: v["sightline_rx_packets_total"] == n)
        found = verdicts(url, status)
        assert found["traffic"]["grade"] == "wrong"  # nothing comes any more, which is said
        return {t: f["grade"] for t, f in found.items() if f["grade"] != "ok" and t != "traffic"}, found


def test_a_good_tap(_):
    bad, found = judged(made(lambda p: [p]), 1)
    assert not bad, bad
    assert set(found) >= {"traffic", "loss", "one-sided", "missing bytes", "repeated bytes", "duplicates", "cut packets", "checksums", "intel"}
    assert all(f["mend"] == "" for f in found.values() if f["grade"] == "ok")


def test_one_direction(_):
    bad, _ = judged(made(lambda p: [p] if from_client(p) else []), 1)
    assert bad.get("one-sided") == "wrong", bad


def test_each_packet_twice(_):
    bad, _ = judged(made(lambda p: [p, p]), 1)
    assert bad.get("duplicates") == "wrong" and "repeated bytes" in bad, bad
    assert "one-sided" not in bad and "missing bytes" not in bad, bad


def test_packets_that_never_came(_):
    bad, _ = judged(made(every_tenth_gone), 1)
    assert "missing bytes" in bad and "repeated bytes" not in bad, bad


def test_cut(_):
    bad, _ = judged(made(lambda p: [p[:96]]), 1)
    assert bad.get("cut packets") == "wrong", bad


def test_wrong_checksums(_):
    bad, _ = judged(made(lambda p: [p[:50] + bytes([p[50] ^ 0xff]) + p[51:] if is_tcp(p) else p]), 1)
    assert "checksums" in bad, bad


def test_traffic(_):
    """While packets come nothing is wrong with them: exit 0."""
    data = made(lambda p: [p])
    with Fed("--workers", "1") as s:
        n = s.feed(data)
        url = s.url()
        when(url, lambda v: v["sightline_rx_packets_total"] == n)
        stop = threading.Event()

        def more():
            while not stop.is_set():
                for at in range(24, len(data), 4096):
                    os.write(s.write, data[at:at + 4096])
                    if stop.is_set() and at % 7 == 0:
                        break
        t = threading.Thread(target=more)
        t.start()
        found = verdicts(url, None)
        stop.set()
        t.join()
        assert found["traffic"]["grade"] == "ok", found["traffic"]


def test_nobody(_):
    _, out, err = run(TOOL, "doctor", "--live", str(free_port()), check=2)
    assert "nobody is there" in err and out == "", (out, err)
    run(TOOL, "doctor", "--live", "1", "2", check=2)


if __name__ == "__main__":
    main()
