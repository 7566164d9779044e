# SPDX-License-Identifier: BSD-3-Clause
"""Packets without end from one port (DPDK's net_pcap with infinite_rx), to the sensor and to testpmd by turns.

Both have the port's capture in a pool of their own of as many and as long buffers, on huge pages of the kernel's pool, and their
polling thread on the same core. Who has no turn is stopped. What a packet costs is the polling thread's processor time, as
the kernel counts it: what other programs take of the core is not in it."""
import os, random, re, select, shlex, signal, struct, subprocess, time, urllib.request
from row import NotMeasured

ROOM, BURST, CACHE = 2048, 64, 256
OWN = 9728  # buffers of a port of the sensor's beside the capture's
SETTLE, TURN, PATIENCE = 0.1, 0.6, 20  # seconds


def buffers_mib(buffers, room):
    return 64 + buffers * (room + 512) // 2**20


def pages(mib):
    """So many MiB more (or fewer) of the kernel's pool of huge pages, just before somebody takes them: whoever maps memory
    meanwhile may be faster."""
    path = "/proc/sys/vm/nr_hugepages"
    with open(path, encoding="ascii") as f:
        now = int(f.read())
    with open(path, "w", encoding="ascii") as f:
        f.write(str(max(0, now + mib // 2)))


def small_frames(bench, name, count):
    """A capture of `count` UDP frames of 64 bytes (with their check sequence) on the wire, each between two random addresses."""
    r, path = random.Random(count), os.path.join(bench.folder, name)
    with open(path + ".part", "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for n in range(count):
            ip = struct.pack(">BBHHHBBHII", 0x45, 0, 46, n & 65535, 0, 64, 17, 0, r.randrange(0x0b000000, 0xdf000000),
                             r.randrange(0x80000000, 0xdf000000))
            frame = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + struct.pack(">HHHH", r.randrange(1024, 65536), 4000, 26, 0) + bytes(18)
            out.write(struct.pack("<IIII", 1700000000 + n // 1000000, n % 1000000, len(frame), len(frame)) + frame)
    os.rename(path + ".part", path)
    return path


def cut_mix(bench):
    """(path, packets, how many were cut) of the mix as a plain capture whose frames fit ROOM."""
    import gzip
    path = os.path.join(bench.folder, "mix.pcap")
    packets = cut = 0
    with gzip.open(bench.mix) as f, open(path + ".part", "wb") as out:
        out.write(f.read(24))
        while head := f.read(16):
            seconds, fraction, length, _ = struct.unpack("<IIII", head)
            frame = f.read(length)
            packets, cut = packets + 1, cut + (length > ROOM)
            length = min(length, ROOM)
            out.write(struct.pack("<IIII", seconds, fraction, length, length) + frame[:length])
    os.rename(path + ".part", path)
    return path, packets, cut


def device(capture):
    return "net_pcap0,rx_pcap=%s,infinite_rx=1" % capture


class Turns:
    """A process whose polling thread (by its name) is let run for a while at a time."""
    def __init__(self, argv, thread, mib):
        self.argv, self.mib = argv, mib
        pages(mib)
        self.p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text, self.thread, self.tid = b"", thread, None
        try:
            self.prepare()
        except BaseException:
            self.end()
            raise

    def prepare(self):
        """Until it polls; it is stopped then."""
        self.turn(0.05)

    def line(self):
        return shlex.join(self.argv)

    def until(self, pattern, seconds=120):
        """The match of a pattern in what it says from now on."""
        end, pattern = time.monotonic() + seconds, re.compile(pattern.encode())
        while (found := pattern.search(self.text)) is None:
            ready, _, _ = select.select([self.p.stdout], [], [], max(0, end - time.monotonic()))
            more = os.read(self.p.stdout.fileno(), 65536) if ready else b""
            if not more:
                raise NotMeasured("%s: %s" % (self.line(), self.text.decode(errors="replace").strip()[-400:]))
            self.text += more
        self.text = self.text[found.end():]
        return found

    def task(self):
        if self.tid is None:
            folder = "/proc/%d/task" % self.p.pid
            for tid in sorted(os.listdir(folder), key=int):
                with open("%s/%s/comm" % (folder, tid), encoding="ascii") as f:
                    if re.match(self.thread, f.read()):
                        self.tid = tid
        return "/proc/%d/task/%s" % (self.p.pid, self.tid)

    def core(self):
        with open(self.task() + "/status", encoding="ascii") as f:
            return int(re.search(r"Cpus_allowed_list:\s*(\d+)", f.read()).group(1))

    def spent(self):
        with open(self.task() + "/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0])

    def stop(self):
        self.p.send_signal(signal.SIGSTOP)

    def packets(self):
        raise NotImplementedError

    def begin(self):
        self.p.send_signal(signal.SIGCONT)
        time.sleep(SETTLE)
        self.before, self.began = self.packets(), self.spent()

    def finish(self):
        """(ns a packet, packets) since begin; where others have the core, until there is a packet."""
        end = time.monotonic() + PATIENCE
        while (packets := self.packets() - self.before) == 0:
            if time.monotonic() > end:
                raise NotMeasured("%s: no packet came" % self.line())
            time.sleep(SETTLE)
        spent = self.spent() - self.began
        self.stop()
        return spent / packets, packets

    def turn(self, seconds=TURN):
        self.begin()
        time.sleep(seconds)
        return self.finish()

    def end(self):
        self.p.send_signal(signal.SIGCONT)
        self.p.kill()
        self.p.wait()
        self.p.stdin.close()
        self.p.stdout.close()
        pages(-self.mib)


class Testpmd(Turns):
    """testpmd in rxonly mode; control: a core for its commands."""
    def __init__(self, core, control, capture, buffers, room=ROOM):
        mib = buffers_mib(buffers, room)
        super().__init__(["stdbuf", "-oL", "dpdk-testpmd", "-l", "%d,%d" % tuple(sorted((core, control))), "--main-lcore", str(control), "--in-memory",
                          "--no-pci", "--no-telemetry", "-m", str(mib), "--vdev", device(capture), "--",
                          "-i", "--forward-mode=rxonly", "--total-num-mbufs=%d" % buffers, "--mbuf-size=%d" % (room + 128),
                          "--mbcache=%d" % CACHE, "--burst=%d" % BURST, "--no-lsc-interrupt"], r"(lcore|rte)-worker", mib)

    def prepare(self):
        self.until("testpmd>")
        self.say("start")
        self.turn(0.05)

    def say(self, what):
        self.p.stdin.write(what.encode() + b"\n")
        self.p.stdin.flush()

    def packets(self):
        self.say("show port stats 0")
        return int(self.until(r"RX-packets: (\d+)").group(1))


class Sensor(Turns):
    """The sensor on the port; config: lines of YAML beside those that keep it to one worker that polls."""
    def __init__(self, bench, name, capture, packets, intel=(), config=(), args=()):
        self.capture, self.wanted = capture, packets + OWN
        path = os.path.join(bench.folder, name + ".yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(("idle: poll",) + tuple(config)) + "\n")
        argv = [bench.sensor, "--port", device(capture), "--workers", "1", "--metrics", "0",
                "--config", path, "--intel-cache", bench.cache(), *args]
        for i in intel:
            argv += ["--intel", i]
        super().__init__(argv + ([] if intel else ["--allow-empty"]), r"(lcore|rte)-worker", buffers_mib(packets + OWN, ROOM))

    def prepare(self):
        buffers, huge = self.until(r"(\d+) buffers of \d+ bytes each \(\d+ MiB in all, (not )?in huge pages").groups()
        if int(buffers) != self.wanted or huge:
            raise NotMeasured("%s buffers %sin huge pages" % (buffers.decode(), (huge or b"").decode()))
        self.url = self.until(r"counters are at (\S+)").group(1).decode()
        self.until(r"\nready: ")
        self.turn(0.05)

    def counters(self):
        url = self.url if self.url.startswith("http") else "http://" + self.url + "/metrics"
        with urllib.request.urlopen(url, timeout=20) as r:
            return {k: float(v) for k, v in re.findall(r"^([^#\s]+) ([-+.0-9e]+)$", r.read().decode(), re.M)}

    def packets(self):
        return int(self.counters()["sightline_rx_packets_total"])


class Supply(Turns):
    """The sensor's own port, received and given back (bench/supply.c)."""
    def __init__(self, bench, capture, packets):
        super().__init__([bench.program("bench-supply"), device(capture)], r"(lcore|rte)-worker", buffers_mib(packets + OWN, ROOM))

    def packets(self):
        self.p.stdin.write(b"?\n")
        self.p.stdin.flush()
        return int(self.until(r"packets (\d+)").group(1))
