#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Live ports: network devices of a namespace of the test's own (veth pairs), captures sent through them by tcpreplay.
The captures of the data folder give the same sightings as their replay from a file, whatever the number of workers and
ports; a flood is received or counted to the last frame; links go down and up, devices vanish. Needs root, for
the namespace; what needs SIGHTLINE_DATA uses the sample captures without it."""
import collections, ctypes, os, re, signal, socket, subprocess, time
from frames import captures, frame, read_frames, write_pcap
from harness import *

MARK = "45.13.227.9"  # of the frames that say: everything before is sent; in no capture
NET = "198.51.100.0/24"  # nobody's own: every address may fire
FLOOD = 300000
MTU = {"afpacket": 9600, "af_xdp": 3400}
# Frames a second, until none is lost: the rings of AF_XDP hold 4,096, which a busy machine fills while the worker waits
# for its core.
RATES = {"afpacket": (30000, 10000, 3000), "af_xdp": (20000, 5000, 2000), "tap": (10000, 3000, 1000)}
TYPES = ("ipv4-addr", "ipv6-addr", "domain-name", "url")
CLONE_NEWNET = 0x40000000


def named(kind, device, i=0):
    return {"afpacket": "afpacket:%s" % device, "af_xdp": "net_af_xdp%d,iface=%s" % (i, device)}[kind]


MARKS = 8


def command(*args, check=True):
    return subprocess.run(args, check=check, capture_output=True, text=True).stdout


def pair(i, mtu):
    """Two ends of a cable: (the sender's, the port's)."""
    a, b = "sla%d" % i, "slb%d" % i
    if not os.path.exists("/proc/sys/net/ipv6/conf/" + a):
        command("ip", "link", "add", a, "type", "veth", "peer", "name", b)
    for end in a, b:
        command("ip", "link", "set", end, "mtu", str(mtu), "up")
        command("ethtool", "-K", end, "gro", "off", "gso", "off", "tso", "off", "tx", "off", "rx", "off", check=False)
    return a, b


def everything(folder, mtu):
    """All captures as one, on a clock of its own: what a port would see of them."""
    path = os.path.join(folder, "all.pcap")
    write_pcap(path, [f for p in sorted(captures(mtu + 14)) for f in read_frames(p)])
    return path


def told(out):
    """(indicator, where, initiator, responder) -> count, over all windows."""
    sum_ = collections.Counter()
    for s in latest(lines(out)).values():
        for i in s["indicators"]:
            if i["id"] != "mark":
                sum_[i["id"], s["observable"]["where"], s["flow"]["src"], s["flow"]["dst"]] += s["count"]
    return sum_


def mark(end, src):
    """One frame behind all others: on the same core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {0})
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((end, 0))
        s.send(frame(src, MARK, 1))
    os.sched_setaffinity(0, before)


def port_sum(st, name):
    return sum(v for k, v in st.items() if k.startswith(name + "{"))


def received(st, sent):
    """The accounting identity, and that of the port: what was sent came or is counted. Returns what was missed."""
    accounts(st)
    rx, missed = st["sightline_rx_packets_total"], port_sum(st, "sightline_missed_packets_total")
    undealt = sum(v for k, v in st.items() if k.startswith('sightline_missed_packets_total{port="dispatcher"'))
    assert rx + undealt == port_sum(st, "sightline_port_packets_total"), st
    assert rx + missed == sent, "sent %d, received %d + missed %d" % (sent, rx, missed)
    return missed


class Live:
    """A sensor on ports, ready."""

    def __init__(self, folder, ports, *args, ring="32MiB", spread="outer", watchdog="30s", more=""):
        self.stats, self.marks = os.path.join(folder, "stats"), 0
        config = os.path.join(folder, "ports.yaml")
        with open(config, "w") as f:
            f.write("port_ring: %s\nport_spread: %s\nwatchdog: %s\n%s" % (ring, spread, watchdog, more))
        self.run = Running(SENSOR, "-c", config, *(a for p in ports for a in ("-p", p)), "--stats", self.stats, *args)

    def __enter__(self):
        self.run.__enter__()
        self.run.until("ready:")
        return self

    def __exit__(self, *exc):
        self.run.__exit__(*exc)

    def send(self, capture, *how):
        """Frames that left, as tcpreplay counts them; on one core, so that none overtakes another. What the sensor
        says is read meanwhile."""
        with Running("taskset", "-c", "0", "tcpreplay", "-q", *how, capture) as sender:
            while sender.files:
                sender._pump(0.02)
                self.run._pump(0)
            _, out, err = sender.end()
        return sum(map(int, re.findall(r"Successful packets:\s+(\d+)", out + err)))

    def mark(self, *ends):
        """Sends a mark behind everything, and another where a full ring lost it; how many."""
        before = self.marks
        for end in ends:
            for _ in range(MARKS):
                self.marks += 1
                mark(end, "45.13.228.%d" % self.marks)
                if self.told('"src":"45.13.228.%d"' % self.marks):
                    break
            else:
                raise AssertionError("%d marks were lost\n%s" % (MARKS, self.run.text["err"].decode()))
        return self.marks - before

    def told(self, word, seconds=3):
        end = time.monotonic() + seconds
        while word.encode() not in self.run.text["out"] and time.monotonic() < end:
            self.run._pump(0.1)
        return word.encode() in self.run.text["out"]

    def url(self):
        self.run.until("counters are at ")
        return self.run.text["err"].decode().split("counters are at ")[1].split()[0]

    def end(self, check=0, sig=signal.SIGINT):
        _, out, err = self.run.end(sig, check)
        return out, err, stats(self.stats)


def with_mark_only(folder):
    path = os.path.join(folder, "mark.jsonl")
    with open(path, "w") as f:
        f.write(json.dumps({"id": "mark", "type": "ipv4-addr", "value": MARK}) + "\n")
    return ("-i", path, "--emit", "sightings", "--home-net", NET)


class Known:
    """All captures in one, indicators for what they say, and the sightings of its replay."""

    def __init__(self, folder, mtu):
        self.capture, path = everything(folder, mtu), os.path.join(folder, "all.jsonl")
        _, out, _ = sensor("--replay", self.capture, "--emit", "observables", "--workers", "1")
        seen = lines(out)
        values = sorted({(o["type"], o["value"]) for o in seen if o["type"] in TYPES})
        with open(path, "w") as f:
            for i, (kind, value) in enumerate(values + [("ipv4-addr", MARK)]):
                name = "mark" if value == MARK else "i%d" % i
                f.write(json.dumps({"id": name, "type": kind, "value": value}) + "\n")
        self.tunnels = {frozenset((o["src"], o["dst"])) for o in seen
                        if o["where"] in ("ip.src", "ip.dst") and o["value"] not in (o["src"], o["dst"])}
        # Nothing is left undone though the machine is busy: what is received has to be told.
        self.args = ("-i", path, "--emit", "sightings", "--home-net", NET, "--shed", "never")
        _, out, _ = sensor("--replay", self.capture, *self.args, "--workers", "1")
        self.expected = told(out)
        assert len(self.expected) > 20, self.expected

    def compare(self, out, st, what, inner):
        """By the outer addresses, a flow in tunnels may be two workers': it is left out. What the sensor says that it
        lost between worker and publisher may be missing."""
        seen, lost = told(out), st["sightline_ring_dropped_records_total"]
        missing, more = ({k: n for k, n in d.items() if inner or frozenset(k[2:]) not in self.tunnels}
                         for d in (self.expected - seen, seen - self.expected))
        assert sum(missing.values()) <= lost and not more, "%s: of %d, %d missing (%d records lost): %s; %d too many: %s" % (
            what, sum(self.expected.values()), sum(missing.values()), lost, list(missing.items())[:8], sum(more.values()),
            list(more.items())[:8])


def without_loss(folder, kind, names, ends, known, workers, spread, how):
    """(output, stats) of the first rate at which nothing is lost."""
    for rate in RATES[kind]:
        with Live(folder, names, *known.args, "--workers", str(workers), spread=spread) as live:
            sent = live.send(known.capture, "--pps", str(rate), *how)
            sent += live.mark(*ends)
            out, _, st = live.end()
        if received(st, sent) == 0:
            return out, st
        print("  %s, %d workers: lost some at %d frames a second" % (kind, workers, rate))
    raise AssertionError("%s: something is lost at %d frames a second" % (kind, rate))


def same_as_file(folder, kind, ways):
    end, port = pair(0, MTU[kind])
    known = Known(folder, MTU[kind])
    for workers, spread in ways:
        out, st = without_loss(folder, kind, [named(kind, port)], [end], known, workers, spread,
                              ("--preload-pcap", "-i", end))
        known.compare(out, st, "%s, %d workers, %s" % (kind, workers, spread), spread == "inner" or workers == 1)


def test_afpacket_same_sightings(folder):
    same_as_file(folder, "afpacket", ((1, "outer"), (2, "outer"), (3, "outer"), (3, "inner")))


def test_af_xdp_same_sightings(folder):
    """The kernel chooses the queue: with several workers a dispatcher deals packets out, by the innermost pair."""
    same_as_file(folder, "af_xdp", ((1, "outer"), (2, "inner"), (3, "inner")))


def tap(folder, kind, ways):
    """Each direction on a port of its own."""
    known = Known(folder, MTU[kind])
    ends, ports = zip(*(pair(i, MTU[kind]) for i in range(2)))
    cache = os.path.join(folder, "cache")
    command("tcpprep", "--auto=first", "-i", known.capture, "-o", cache)
    names = [named(kind, p, i) for i, p in enumerate(ports)]
    for workers in ways:
        out, st = without_loss(folder, kind, names, ends, known, workers, "outer",
                               ("-i", ends[0], "-I", ends[1], "-c", cache))
        each = [sum(v for k, v in st.items() if k.startswith('sightline_port_packets_total{port="%s"' % n)) for n in names]
        assert min(each) > sum(each) / 10, each
        known.compare(out, st, "%s tap, %d workers" % (kind, workers), workers == 1)


def test_afpacket_tap(folder):
    tap(folder, "afpacket", (1, 3))


def flood_file(folder):
    path = os.path.join(folder, "flood.pcap")
    write_pcap(path, [frame("10.%d.%d.%d" % (i % 7, i % 251, i % 97), "172.16.%d.%d" % (i % 31, i % 253), i,
                            60 + i * 7 % 1400) for i in range(3000)])
    return path


def resident(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def flood(folder, kind, spread="outer"):
    end, port = pair(0, 1500)
    capture = flood_file(folder)
    how = "--topspeed", "--preload-pcap", "--loop", str(FLOOD // 3000), "-i", end
    with Live(folder, [named(kind, port)], *with_mark_only(folder), "--workers", "2", ring="1MiB", spread=spread) as live:
        sent = live.send(capture, *how)
        sent += live.mark(end)
        before = resident(live.run.p.pid)
        sent += live.send(capture, *how)
        sent += live.mark(end)
        grown = resident(live.run.p.pid) - before
        _, _, st = live.end()
    assert sent > 2 * FLOOD, sent
    missed = received(st, sent)
    print("  flood of %d frames: %d received, %d missed; %d KiB more at its end" % (
        sent, st["sightline_rx_packets_total"], missed, grown))
    assert grown < 8192, "%d KiB more after the second flood" % grown


def test_afpacket_flood(folder):
    flood(folder, "afpacket")


def test_afpacket_flood_dealt(folder):
    flood(folder, "afpacket", "inner")


def test_af_xdp_flood(folder):
    flood(folder, "af_xdp")


def test_link_down_and_up(folder):
    """During traffic: both are said, sightings go on, and what came is accounted for."""
    end, port = pair(0, 1500)
    with Live(folder, ["afpacket:" + port], *with_mark_only(folder), "--workers", "2") as live:
        how = "--pps", "20000", "--preload-pcap", "--loop", "0", "-i", end
        with Running("tcpreplay", "-q", *how, flood_file(folder)) as sender:
            for n in 1, 2:
                live.mark(end)
                command("ip", "link", "set", port, "down")
                live.run.until("link down", count=n)
                command("ip", "link", "set", port, "up")
                live.run.until("link up", count=n)
            live.mark(end)
            sender.end(signal.SIGINT, check=None)
        _, _, st = live.end()
    accounts(st)
    there = int(open("/sys/class/net/%s/statistics/rx_packets" % port).read()) if os.path.exists(
        "/sys/class/net/" + port) else None
    rx, missed = st["sightline_rx_packets_total"], port_sum(st, "sightline_missed_packets_total")
    assert rx == port_sum(st, "sightline_port_packets_total") and rx > 3
    assert there is None or rx + missed <= there, (rx, missed, there)


def test_device_vanishes(folder):
    end, port = pair(7, 1500)
    with Live(folder, ["afpacket:" + port], *with_mark_only(folder), "--workers", "2") as live:
        marks = live.mark(end)
        command("ip", "link", "del", end)
        _, err, st = live.end(check=1, sig=None)
    assert "port afpacket:%s: the device is gone; " % port in err, err
    assert received(st, marks) == 0


def test_a_silent_port(folder):
    """One of two: said by the sensor after ten seconds, and by the doctor; so is that packets come again, and twice."""
    (loud, a), (silent, b) = pair(0, 1500), pair(1, 1500)
    capture, twice = flood_file(folder), os.path.join(folder, "twice.pcap")
    write_pcap(twice, [f for f in read_frames(capture) for _ in range(2)])
    with Live(folder, ["afpacket:" + a, "afpacket:" + b], *with_mark_only(folder), "--workers", "1", "--metrics", "0") as live:
        url = live.url()
        with Running("tcpreplay", "-q", "--pps", "2000", "--preload-pcap", "--loop", "0", "-i", loud, capture) as sender:
            live.run.until("tap: port afpacket:%s: 0 packets in " % b)
            _, out, _ = run(TOOL, "doctor", "--live", "--json", "--for", "1s", url, check=1)
            grades = {f["topic"]: f["grade"] for f in lines(out)}
            assert grades["port afpacket:" + a] == grades["traffic"] == "ok" and grades["port afpacket:" + b] == "wrong", grades
            sender.end(signal.SIGINT, check=None)
        with Running("tcpreplay", "-q", "--pps", "4000", "--preload-pcap", "--loop", "0", "-i", silent, twice) as sender:
            live.run.until("tap: port afpacket:%s: good again: " % b)
            live.run.until("tap: duplicates: ")
            live.run.until("tap: port afpacket:%s: 0 packets in " % a)
            sender.end(signal.SIGINT, check=None)
        _, err, st = live.end()
    assert st['sightline_tap_alarm{topic="port afpacket:%s"}' % a] == 1, err
    assert st['sightline_tap_alarm{topic="port afpacket:%s"}' % b] == 0, err


def test_a_load_is_judged_by_its_own_time(folder):
    """An indicator whose time ended since the start is not valid at a reload."""
    feed = os.path.join(folder, "short.jsonl")
    over = int(time.time()) + 15
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(over))
    with open(feed, "w") as f:
        f.write(json.dumps({"id": "short", "type": "ipv4-addr", "value": "203.0.113.9", "valid_until": until}) + "\n")
    _, a = pair(0, 1500)
    with Live(folder, ["afpacket:" + a], *with_mark_only(folder), "-i", feed, "--workers", "1") as live:
        live.run.until("indicators: 2 armed, 0 quiet, 0 refused, 0 not valid")
        while time.time() <= over:
            live.run._pump(0.1)
        live.run.p.send_signal(signal.SIGHUP)
        live.run.until("indicators: 2 armed, 0 quiet, 0 refused, 1 not valid")
        live.end()


def test_bad_input(folder):
    _, port = pair(0, 1500)
    _, wide = pair(8, 9000)
    capture = sample("agenttesla/beacon.pcap")
    dev = "afpacket:" + port
    for args, said in (
            (["-p", "afpacket:nosuch0"], "port afpacket:nosuch0: no such network device; ip link shows which there are"),
            (["-p", "afpacket:"], "port afpacket:: no such network device; "),
            (["-p", "eth1"], "port eth1: no such port: "),
            (["-p", "net_nosuch0"], "port net_nosuch0: its device can't be made: "),
            (["-p", "net_pcap0,rx_pcap=/nosuch"], "/nosuch: No such file or directory; see the words of its string"),
            (["-p", "net_memif0,socket-abstract=no,socket=/run/sightline-nosuch"], "start its peer first, or write role=server"),
            (["-p", "net_af_xdp0,iface=nosuch0"], "no such network device: nosuch0; ip link shows which there are"),
            (["-p", "net_af_xdp0"], "no device is named; write net_af_xdp0,iface=IFACE"),
            (["-p", "net_af_xdp0,iface=%s,queue_count=2" % port], "has 1 queues"),
            (["-p", "net_af_xdp0,iface=%s,%s" % (port, "x" * 600)], "its name is too long"),
            (["-p", "net_af_xdp0,iface=" + wide], "an MTU of 9000 is more than AF_XDP takes; ip link set %s mtu 3482" % wide),
            (["-p", "0000:00:01.0"], "a card needs huge pages: "),
            (["-p", dev, "-p", dev], "port %s: named twice; name each port once" % dev),
            (["-p", dev, "-r", capture], "--replay and --port: "),
            (["-p", dev, "--loop", "2"], "--loop: "),
    ):
        _, out, err = sensor(*args, "--allow-empty", check=2, timeout=60)
        assert said in err and out == "", err
        assert len(err.strip().splitlines()) == 1, err
    config = os.path.join(folder, "many.yaml")
    with open(config, "w") as f:
        f.write("port_ring: 1MiB\nworkers: 64\n")
    many = ["afpacket:" + pair(i, 1500)[1] for i in range(1, 5)] + ["net_tap0,iface=sltap8"]
    _, _, err = sensor("-c", config, *(a for p in many for a in ("-p", p)), "--allow-empty", check=2, timeout=60)
    assert "ports: the dispatcher takes from 256 queues at most; use fewer workers or ports" in err, err
    r = subprocess.run([SENSOR, "-p", dev, "--allow-empty"], user=65534, capture_output=True, text=True, timeout=60)
    assert r.returncode == 2 and "CAP_NET_RAW" in r.stderr, r.stderr


def main_in_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "a network namespace can't be made: this test runs as root")
    command("ip", "link", "set", "lo", "up")
    with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w") as f:  # whose hosts talk by themselves
        f.write("1")
    main()


if __name__ == "__main__":
    main_in_namespace()
