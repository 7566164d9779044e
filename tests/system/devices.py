#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Devices of DPDK's that are no card: what is sent into each is received or counted, and gives the same sightings as the
replay of a file; with huge pages and without. Needs root, for a network namespace and the pool of huge pages."""
import contextlib, re, socket, subprocess
from harness import *
from metrics import when
from ports import MARK, MTU, Known, Live, frame, main_in_namespace, named, pair, port_sum, read_frames, received, with_mark_only, \
    without_loss, write_pcap

FORWARD = os.path.join(BUILD, "tests/source/forward")


def test_tap_device(folder):
    """A tap device of DPDK's own; two workers by the dispatcher."""
    known = Known(folder, 1500)
    for workers in 1, 2:
        out, st = without_loss(folder, "tap", ["net_tap0,iface=sltap0"], ["sltap0"], known, workers, "outer",
                               ("--preload-pcap", "-i", "sltap0"))
        known.compare(out, st, "net_tap, %d workers" % workers, True)


def test_pcap_device(folder):
    """A file behind DPDK's driver; 9.6 kB frames."""
    known = Known(folder, 9600)
    frames = len(list(read_frames(known.capture)))
    with Live(folder, ["net_pcap0,rx_pcap=" + known.capture], *known.args, "--workers", "1", "--metrics", "0") as live:
        when(live.url(), lambda v: (v["sightline_rx_packets_total"] == frames, live.run._pump(0))[0])
        out, _, st = live.end()
    assert received(st, frames) == 0
    known.compare(out, st, "net_pcap", True)


def test_pcap_without_end(folder):
    """A file given over and over: in each pass every packet of it is a flow of its own once more, behind a dispatcher too."""
    path = os.path.join(folder, "few.pcap")
    write_pcap(path, [frame("10.0.0.%d" % i, "45.13.229.%d" % i, i) for i in range(1, 101)])
    dev = "net_pcap0,rx_pcap=%s,infinite_rx=1" % path
    for workers in "1", "2":
        with Live(folder, [dev], "--allow-empty", "--workers", workers, "--metrics", "0") as live:
            when(live.url(), lambda v: (v["sightline_rx_packets_total"] > 300, live.run._pump(0))[0])
            _, _, st = live.end()
        accounts(st)
        passes = 65536  # before addresses come again
        assert st["sightline_flows_total"] >= min(st["sightline_rx_packets_total"], passes * 100), st


def test_memif_device(folder):
    """Shared memory with another process, which connects after the sensor has given up its rights; jumbo frames."""
    known = Known(folder, 9600)
    with_end = os.path.join(folder, "end.pcap")
    write_pcap(with_end, list(read_frames(known.capture)) + [frame("45.13.228.1", MARK, 1)])
    where = os.path.join(folder, "memif")
    for workers in 1, 2:
        with Live(folder, ["net_memif0,role=server,socket-abstract=no,socket=" + where], *known.args, "--workers",
                  str(workers)) as live:
            with Running(FORWARD, "net_pcap0,rx_pcap=" + with_end, "net_memif0,role=client,bsize=10240,socket-abstract=no,socket=" +
                         where, "1500", stdin=subprocess.PIPE) as sender:
                while b"forwarded " not in sender.text["out"]:
                    assert sender.files, sender.text["err"]
                    sender._pump(0.02)
                    live.run._pump(0)
                assert live.told('"id":"mark"', PATIENCE), live.run.text["err"]
                sender.p.stdin.close()
                _, out, _ = sender.end()
            live.run.until("link down", count=2)
            sent = int(re.search(r"forwarded (\d+)", out).group(1))
            out, _, st = live.end()
        assert sent == len(list(read_frames(with_end)))
        if received(st, sent) == 0:
            known.compare(out, st, "net_memif, %d workers" % workers, True)


def test_null_device(folder):
    """A device that makes up frames without end: what the driver says that it gave was taken."""
    for workers, size in (1, 64), (2, 9000):
        with Live(folder, ["net_null0,size=%d" % size], "--allow-empty", "--workers", str(workers)) as live:
            _, _, st = live.end()
        accounts(st)
        taken = st["sightline_rx_packets_total"] + sum(
            v for k, v in st.items() if k.startswith('sightline_missed_packets_total{port="dispatcher"'))
        assert taken == port_sum(st, "sightline_port_packets_total") > 0, st
        assert taken * size == port_sum(st, "sightline_port_bytes_total"), st


def test_time_of_the_device(folder):
    """What libpcap captures has its time, which counts whole microseconds; what a tap gives has that of its reading."""
    end, port = pair(0, 1500)
    for name, to, stamped in ("net_pcap0,rx_iface=" + port, end, True), ("net_tap0,iface=sltap1", "sltap1", False):
        with Live(folder, [name], "--allow-empty", "--emit", "observables", "--workers", "1") as live:
            for i in range(20):  # one after the other: a busy machine loses none
                with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
                    s.bind((to, 0))
                    s.send(frame("10.1.1.%d" % i, "10.2.2.2", i))
                assert live.told('"value":"10.1.1.%d"' % i, PATIENCE), live.run.text["err"]
            out, err, st = live.end()
        got = port_sum(st, "sightline_port_stamped_packets_total")
        assert received(st, port_sum(st, "sightline_port_packets_total")) == 0
        assert (got == st["sightline_rx_packets_total"]) == stamped and (got == 0) != stamped, (name, st)
        assert port_sum(st, "sightline_port_stamps_refused_total") == 0
        whole = [o["ts"].endswith("000Z") for o in lines(out) if o["where"] == "ip.src"]
        assert all(whole) == stamped, (name, whole)
        assert ("libpcap's time" if stamped else "the time-stamp counter's time") in err, err


def test_idle(folder):
    """However a worker waits, what comes is seen, and where its cycles went is told."""
    end, port = pair(0, 1500)
    paused, blocked = ('sightline_idle_cycles_total{how="%s"}' % how for how in ("paused", "blocked"))
    for idle, some in ("auto", {blocked}), ("interrupt", {blocked}), ("pause", {paused}), ("poll", set()):
        with Live(folder, ["afpacket:" + port], *with_mark_only(folder), "--workers", "1", "--idle", idle) as live:
            marks = live.mark(end)
            _, _, st = live.end()
        assert received(st, marks) == 0
        assert {k for k in (paused, blocked) if st[k] > 0} == some, (idle, st[paused], st[blocked])
    _, _, err = sensor("-p", "net_null0", "--allow-empty", "--idle", "interrupt", "--workers", "1", check=2)
    assert err.strip().endswith("port net_null0: its device can't be waited for; use --idle pause, or auto"), err


@contextlib.contextmanager
def huge_pages(n):
    """That many pages more than before; given back."""
    path = "/proc/sys/vm/nr_hugepages"

    def ask(count):
        with open(path, "w") as f:
            f.write(str(count))
        return int(open(path).read())

    before = int(open(path).read())
    try:
        assert ask(before + n) == before + n, "the kernel has not %d huge pages more" % n
        yield
    finally:
        ask(before)


def free_pages():
    return int(re.search(r"HugePages_Free:\s+(\d+)", open("/proc/meminfo").read()).group(1))


def test_huge_pages(folder):
    """Buffers lie in huge pages where there are enough; with too few the plan, or the error, says how many there should
    be."""
    end, port = pair(0, MTU["af_xdp"])
    with huge_pages(256):
        known = Known(folder, MTU["af_xdp"])
        before = free_pages()
        for name in named("af_xdp", port), "net_pcap0,rx_pcap=" + known.capture:
            with Live(folder, [name], *known.args, "--workers", "1") as live:
                live.run.until("in huge pages)")
                assert before - free_pages() > 16, (before, free_pages())
                if "xdp" in name:
                    sent = live.send(known.capture, "--pps", "10000", "--preload-pcap", "-i", end) + live.mark(end)
                out, err, st = live.end()
            assert "not in huge pages" not in err, err
            if "xdp" in name and received(st, sent) == 0:
                known.compare(out, st, "in huge pages", True)
            assert free_pages() == before, (before, free_pages())
    with huge_pages(8):
        with Live(folder, [named("af_xdp", port)], *known.args, "--workers", "1") as live:
            _, err, _ = live.end()
        assert re.search(r"not in huge pages: sysctl vm.nr_hugepages=\d+\)", err), err
        _, _, err = sensor("-p", "0000:00:01.0", "--allow-empty", "--workers", "2", check=2, timeout=60)
        assert re.search(r"a card needs huge pages: \d+ MiB for 2 workers, and \d+ are free; sysctl vm.nr_hugepages=\d+, "
                         r"or use fewer workers", err), err


if __name__ == "__main__":
    main_in_namespace()
