#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Metrics of a running sensor: the numbers of --stats, on the port while packets flow; `sightline status` reads them; and
what a port that is no sensor's says does no harm."""
import contextlib
import json
import os
import re
import signal
import socket
import struct
import threading
import time
import urllib.error
import urllib.request

from harness import PATIENCE, SENSOR, TOOL, Running, free_port, main, run, sample, stats

CAPTURE = sample("maltrail/trails.pcap")
INTEL = sample("intel")


class Fed(Running):
    """A sensor that reads from a pipe which stays open, with its metrics on a port of its own."""

    def __init__(self, *args):
        self.read, self.write = os.pipe()
        super().__init__(SENSOR, "-r", "-", "-i", INTEL, "--metrics", "0", *args, stdin=self.read)
        os.close(self.read)

    def __exit__(self, *exc):
        self.close()
        super().__exit__(*exc)

    def close(self):
        if self.write >= 0:
            os.close(self.write)
        self.write = -1

    def feed(self, data=None):
        """A capture, as often as makes more than 64 KiB, which the sensor wants to see of a pipe before it begins; then
        it waits for more. The number of packets."""
        if data is None:
            with open(CAPTURE, "rb") as f:
                data = f.read()
        packets, at, n = data[24:], 0, 0
        while at < len(packets):
            at, n = at + 16 + struct.unpack_from("<I", packets, at + 8)[0], n + 1
        times = -(-65537 // len(packets))
        for piece in [data] + [packets] * (times - 1):
            sent = 0
            while sent < len(piece):
                sent += os.write(self.write, piece[sent:sent + 4096])
        return n * times

    def url(self):
        self.until("counters are at ")
        self.until("/metrics\n")
        text = self.text["err"].decode()
        return text.split("counters are at ")[1].split()[0]


def get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as r:
        return r.read().decode()


def read(text):
    """Samples, and what they are of: each name once with a help and a type before its samples."""
    values, types, last = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types, name
            types[name] = kind
        elif not line.startswith("#"):
            key, value = line.rsplit(" ", 1)
            name = key.split("{")[0]
            assert name in types and (name == last or last is None or all(k.split("{")[0] != name for k in values)), key
            assert (types[name] == "counter") == name.endswith("_total"), name
            values[key], last = int(value), name
    return values


def when(url, what):
    """The samples once `what` holds of them."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        values = read(get(url))
        if what(values):
            return values
    raise AssertionError("it did not come: %s" % values)


def test_numbers_are_those_of_stats(folder):
    path = os.path.join(folder, "stats.json")
    with Fed("--workers", "2", "--stats", path) as s:
        n = s.feed()
        url = s.url()
        seen = when(url, lambda v: v["sightline_rx_packets_total"] == n)
        assert seen["sightline_indicators{verdict=\"armed\"}"] > 0 and seen["sightline_intel_generation"] == 1
        assert sum(seen["sightline_worker_packets_total{worker=\"%d\"}" % i] for i in (0, 1)) == n
        assert seen["sightline_worker_bursts_total{worker=\"0\",state=\"idle\"}"] > 0
        assert abs(seen["sightline_start_seconds"] - time.time()) < 2 * PATIENCE
        s.close()
        s.end(check=None)
        told = stats(path)
    assert set(told) == set(seen)
    for key in told:  # what was counted is there still, and what the end adds comes on top
        if key.endswith("_total") or "_total{" in key:
            assert told[key] >= seen[key], key
    assert told["sightline_rx_packets_total"] == n


def test_reload_shows(_):
    with Fed() as s:
        s.feed()
        url = s.url()
        before = when(url, lambda v: v["sightline_rx_packets_total"] > 0)
        s.p.send_signal(signal.SIGHUP)
        after = when(url, lambda v: v["sightline_intel_generation"] == 2)
        assert after["sightline_intel_reloads_total{result=\"ok\"}"] == 1
        feeds = {k for k in after if k.startswith("sightline_feed_changed_seconds")}
        assert feeds and feeds == {k for k in before if k.startswith("sightline_feed_changed_seconds")}
        for name in os.listdir(INTEL):
            key = 'sightline_feed_changed_seconds{feed="%s"}' % os.path.join(INTEL, name)
            if key in after:
                assert after[key] == int(os.stat(os.path.join(INTEL, name)).st_mtime)
        assert after["sightline_feeds"] * 2 == sum(k.startswith("sightline_feed_indicators") for k in after)


def test_only_what_it_is_for(_):
    with Fed() as s:
        s.feed()
        url = s.url()
        assert url.startswith("http://127.0.0.1:")
        for wrong, status in ((urllib.request.Request(url[:-len("/metrics")] + "/etc/passwd"), 404),
                              (urllib.request.Request(url, data=b"x" * 100000), 405)):
            try:
                urllib.request.urlopen(wrong, timeout=PATIENCE)
                raise AssertionError(status)
            except urllib.error.HTTPError as e:
                assert e.code == status, e
            except (ConnectionError, urllib.error.URLError):
                assert status == 405  # it may hang up before the body is sent
        host, port = url.split("/")[2].split(":")
        for bytes_sent in (b"\0" * 5000, b"GET /metrics HTTP/9.9\r\n\r\n", b"GET " + b"a" * 100000, b""):
            with socket.create_connection((host, int(port)), timeout=PATIENCE) as c:
                try:
                    c.sendall(bytes_sent)
                    c.shutdown(socket.SHUT_WR)
                    c.recv(1 << 16)
                except OSError:
                    pass
        idle = [socket.create_connection((host, int(port)), timeout=PATIENCE) for _ in range(10)]
        assert "sightline_rx_packets_total" in get(url)
        for c in idle:
            c.close()


def test_status(_):
    with Fed("--workers", "1") as s:
        n = s.feed()
        url = s.url()
        seen = when(url, lambda v: v["sightline_rx_packets_total"] == n)
        where = url.split("/")[2]
        _, out, _ = run(TOOL, "status", "--once", where)
        for word in ("Mpps", "%d in all" % n, "of its bursts busy", "left out by name", "generation 1", "sightings   ",
                     "%d armed" % seen["sightline_indicators{verdict=\"armed\"}"], "changed"):
            assert word in out, (word, out)
        _, out, _ = run(TOOL, "status", "--once", "--json", url)
        told = json.loads(out)
        assert told["packets"] == n and told["generation"] == 1 and 0 <= told["workers"][0]["busy_percent"] <= 100
        assert told["dropped"] == sum(v for k, v in seen.items() if k.startswith("sightline_drop_packets_total"))
        assert {f["feed"] for f in told["feeds"]} <= {os.path.join(INTEL, f) for f in os.listdir(INTEL)} and told["feeds"]
        with Running(TOOL, "status", "--json", "--interval", "100ms", where) as t:
            t.until("\n", "out", 3)  # it refreshes
            _, out, _ = t.end(signal.SIGTERM)
        later = [json.loads(line) for line in out.splitlines()][1]
        assert later["packets"] == n and later["packets_per_second"] == 0 and later["workers"][0]["busy_percent"] == 0


def test_status_of_nobody(_):
    port = str(free_port())
    _, out, _ = run(TOOL, "status", "--once", port, check=1)
    assert "nobody is there" in out and "--metrics" in out, out
    _, out, _ = run(TOOL, "status", "--once", "--json", "nonsense", check=1)
    assert "no address" in json.loads(out)["error"]
    run(TOOL, "status", "--nonsense", check=2)


@contextlib.contextmanager
def answering(answer):
    """Somebody who answers so, once: where."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            c, _ = server.accept()
            with c:
                try:
                    c.recv(4096)
                    c.sendall(answer)
                    c.shutdown(socket.SHUT_WR)
                    while c.recv(4096):
                        pass
                except ConnectionError:
                    pass
        t = threading.Thread(target=serve)
        t.start()
        yield "127.0.0.1:%d" % server.getsockname()[1]
        t.join()


OK = b"HTTP/1.0 200 OK\r\n\r\n"


def test_status_of_ports(_):
    """What is told for each port and queue is summed."""
    said = OK + b'sightline_missed_packets_total{port="a",queue="0"} 3\nsightline_missed_packets_total{port="b"} 4\n' \
                b'sightline_port_device_missed_packets_total{port="a"} 5\nsightline_rx_packets_total 100\n'
    with answering(said) as where:
        told = json.loads(run(TOOL, "status", "--once", "--json", where)[1])
    assert told["missed"] == 7 and told["missed_by_card"] == 5, told
    with answering(said + b"sightline_start_seconds %d\n" % time.time()) as where:
        _, out, _ = run(TOOL, "status", "--once", where)
    source, card = re.search(r"([0-9.]+) /s missed by the source, ([0-9.]+) /s by its card;", out).groups()
    assert float(source) > float(card) > 0, out


def test_status_of_a_liar(_):
    """Whoever sits on the port: too much, nothing, no HTTP, words that would steer a terminal."""
    evil = b'sightline_build_info{sensor="\x1b[2Jx",version="\x9b0m"} 1\nsightline_feeds 1\n' \
           b'sightline_feed_changed_seconds{feed="\x1b]0;y\x07"} 5\nsightline_rx_packets_total 1e999\nbroken\n' \
           b'sightline_worker_packets_total{worker="0"} -5\n'
    for answer, status in ((b"", 1), (b"SSH-2.0-x\r\n", 1), (b"HTTP/1.1 500 No\r\n\r\n", 1), (OK + b"x" * (5 << 20), 1),
                           (OK + b"a 1\n" * 70000, 1), (OK + evil, 0)):
        with answering(answer) as where:
            _, out, err = run(TOOL, "status", "--once", where, check=status)
        assert "\x1b" not in out and "\x9b" not in out and "\x07" not in out, out
        assert "Sanitizer" not in err
    assert "1 lines of its answer could not be read" in out, out


def test_unusable(_):
    port = str(free_port())
    base = ["-r", CAPTURE, "--emit", "flows"]
    for where in ("host:5", "70000", "127.0.0.1:", "203.0.113.1:0"):
        _, _, err = run(SENSOR, *base, "--metrics", where, check=2)
        assert "metrics " + where in err, err
    for where in ("host:5", "70000"):
        _, out, err = run(SENSOR, *base, "--metrics", where, "-T", check=2)
        assert "metrics " + where in err and out == "", err
    with socket.socket() as s:
        s.bind(("127.0.0.1", int(port)))
        s.listen(1)
        _, _, err = run(SENSOR, *base, "--metrics", port, check=2)
        assert "end the program that has this port" in err, err


def test_telemetry_socket(folder):
    """DPDK's own socket, of two sensors side by side, answers and is gone afterwards."""
    config = os.path.join(folder, "c.yaml")
    with open(config, "w", encoding="utf-8") as f:
        f.write("dpdk:\n  telemetry: true\n")
    with Fed("-c", config) as a, Fed("-c", config) as b:
        for s in (a, b):
            s.feed()
            s.url()
            folders = [os.path.join(d, "sightline-%d" % s.p.pid) for d in
                       ("/var/run/dpdk", "/tmp/dpdk", os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/none"), "dpdk"))]
            path = next(p for p in (os.path.join(d, "dpdk_telemetry.v2") for d in folders) if os.path.exists(p))
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as c:
                c.settimeout(PATIENCE)
                c.connect(path)
                assert json.loads(c.recv(65536))["pid"] == s.p.pid
                c.send(b"/eal/params")
                assert "/eal/params" in json.loads(c.recv(65536))
            s.close()
            s.end(check=None)
            assert not any(os.path.exists(d) for d in folders), folders


if __name__ == "__main__":
    main()
