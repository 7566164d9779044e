#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Ten million indicators in one sensor: 6 M IPv4 and 0.5 M IPv6 addresses, 0.5 M networks, 2 M domains, 0.5 M URLs and 0.5 M
hashes. How long they take from their file and from the cache, what they take of memory, and how much a reload needs on top.

usage: bench/ten_million.py [--scale S] [--runs N] [--keep FOLDER]
SCALE 0.1 is a million. KEEP: the feed (1.2 GB) is made there once and left. Needs a build in build/ (SIGHTLINE_BUILD names
another) with bench-match. Exit 1: a bound does not hold."""
import argparse, json, os, random, re, signal, statistics, subprocess, sys, tempfile, time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, os.environ.get("SIGHTLINE_BUILD", "build"))
SENSOR, MATCH = os.path.join(BUILD, "app/sensor/sightline-sensor"), os.path.join(BUILD, "bench/bench-match")
sys.path.insert(0, os.path.join(TOP, "tests/system"))
from reload import FILLER, HEADER
MIB = 2**20
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def feed(path, scale):
    """Deterministic by seed. Public addresses; names below seven zones."""
    r, n, seen = random.Random(7), 0, set()

    def many(share):
        return range(int(share * 1e6 * scale))

    with open(path + ".part", "w") as f:
        def row(kind, value, extra=""):
            nonlocal n
            n += 1
            f.write('{"id":"feed-%d","type":"%s","value":"%s","source":"ten"%s,"confidence":70,"tlp":"green"}\n' % (n, kind, value, extra))

        while len(seen) < len(many(6)):
            a = r.getrandbits(32)
            if 0x0b000000 <= a < 0xac000000 and a >> 24 != 127 and a >> 16 != 0x6440 and a not in seen:
                seen.add(a)
                row("ipv4-addr", "%d.%d.%d.%d" % (a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255))
        for _ in many(.5):
            row("ipv6-addr", "2a%02x:%x:%x::%x:%x" % (r.getrandbits(8), r.getrandbits(16), r.getrandbits(16), r.getrandbits(16) | 1,
                                                      r.getrandbits(16)))
        for _ in many(.5):
            a = r.randrange(0x0b000000, 0xac000000)
            row("ipv4-addr", "%d.%d.%d.0/24" % (a >> 24, a >> 16 & 255, a >> 8 & 255))
        for _ in many(2):
            row("domain-name", "%s%x.%s.%s" % ("".join(r.choices(LETTERS, k=r.randint(3, 14))), n,
                                               "".join(r.choices(LETTERS[:26], k=r.randint(3, 9))),
                                               r.choice(("com", "net", "org", "info", "ru", "top", "xyz"))))
        for _ in many(.5):
            row("url", "http://%s%x.com/%s/%s.php" % ("".join(r.choices(LETTERS, k=8)), n, "".join(r.choices(LETTERS, k=6)),
                                                      "".join(r.choices(LETTERS, k=8))))
        for _ in many(.5):
            row("file", "%064x" % r.getrandbits(256), ',"where":"file.sha256"')
    os.rename(path + ".part", path)
    past = time.time() - 60  # what was written just now is not put into the cache
    os.utime(path, (past, past))


class Sensor:
    """One that waits for the rest of a capture."""
    def __init__(self, *args, out=subprocess.DEVNULL):
        self.err = tempfile.TemporaryFile()
        self.began = time.monotonic()
        self.p = subprocess.Popen([SENSOR, "--replay", "-", "--workers", "1", *args], stdin=subprocess.PIPE, stdout=out,
                                  stderr=self.err)
        self.p.stdin.write(HEADER + FILLER)
        self.p.stdin.flush()

    def until(self, word, count=1):
        """Seconds since the last call for a moment began."""
        while True:
            self.err.seek(0)
            text = self.err.read().decode()
            if text.count(word) >= count:
                return time.monotonic() - self.began
            if self.p.poll() is not None:
                sys.exit("the sensor failed:\n" + text[-3000:])
            time.sleep(.01)

    def memory(self):
        """(resident now, its highest), in bytes"""
        with open("/proc/%d/status" % self.p.pid) as f:
            text = f.read()
        return tuple(int(re.search(k + r":\s+(\d+)", text).group(1)) * 1024 for k in ("VmRSS", "VmHWM"))

    def cpu(self):
        with open("/proc/%d/stat" % self.p.pid) as f:
            after = f.read().rsplit(")", 1)[1].split()
        return (int(after[11]) + int(after[12])) / os.sysconf("SC_CLK_TCK")

    def reload(self):
        with open("/proc/%d/clear_refs" % self.p.pid, "w") as f:
            f.write("5")  # the highest counts from now on
        self.began = time.monotonic()
        self.p.send_signal(signal.SIGHUP)
        return self.until("in force")

    def end(self):
        self.p.stdin.close()
        self.p.wait()
        self.err.close()


def settled(s):
    """Resident once what was left is freed."""
    last = s.memory()[0]
    while True:
        time.sleep(.5)
        now = s.memory()[0]
        if now >= last:
            return now
        last = now


def forget(path):
    """Its pages leave the page cache."""
    with open(path, "rb") as f:
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def table_bytes(kind, n):
    out = subprocess.run([MATCH, kind, str(n)], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"([0-9.]+) bytes each in tables", out).group(1))


def measure(path, cache, runs):
    """name -> figure"""
    got = {}
    s = Sensor("--allow-empty")
    s.until("armed")
    empty = settled(s)
    s.end()
    args = ["-i", path, "--intel-cache", cache]
    image = cache + "/indicators.image"
    s = Sensor(*args)
    got["from the file, s"] = s.until(" armed, ")
    got["from the file, s of CPU"] = s.cpu()
    got["peak of a load, MiB"] = s.memory()[1] / MIB
    got["into the cache, s"] = s.until("the cache", 2) - got["from the file, s"]
    got["resident, MiB"] = (settled(s) - empty) / MIB
    s.end()
    if os.path.exists(image):
        got["image, MiB"] = os.path.getsize(image) / MIB
        for name, cold in (("from the cache, s", False), ("from the cache, not in memory, s", True)):
            took, cpu = [], []
            for _ in range(runs):
                if cold:
                    forget(image)
                s = Sensor(*args)
                took.append(s.until(" armed, "))
                cpu.append(s.cpu())
                got["resident from the cache, MiB"] = (settled(s) - empty) / MIB
                s.end()
            got[name] = statistics.median(took)
            got[name + " of CPU"] = statistics.median(cpu)
    for name, more in (("reload from the file", []), ("reload from the cache", ["--intel-cache", cache])):
        s = Sensor("-i", path, *more)
        s.until(" armed, ")
        got[name + ", s"] = s.reload()
        got[name + ", peak, MiB"] = (s.memory()[1] - empty) / MIB
        s.end()
    return got


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--scale", type=float, default=1)
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--keep")
    a = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
        path = os.path.join(a.keep or folder, "ten-million-%g.jsonl" % a.scale)
        if not os.path.exists(path):
            feed(path, a.scale)
        os.mkdir(folder + "/cache", 0o700)
        got = measure(path, folder + "/cache", a.runs)
        got["tables, bytes for an IPv4 address"] = table_bytes("ipv4", int(6e6 * a.scale))
        got["tables, bytes for a domain"] = table_bytes("domain", int(2e6 * a.scale))
    for name in ("reload from the file", "reload from the cache"):
        got[name + ", peak / resident"] = got[name + ", peak, MiB"] / got["resident, MiB"]
    bounds = {"from the file, s": 120, "from the cache, s": 5, "tables, bytes for an IPv4 address": 16.5,
              "tables, bytes for a domain": 64, "resident, MiB": 1536, "resident from the cache, MiB": 1536,
              "reload from the file, peak / resident": 2.2, "reload from the cache, peak / resident": 2.2}
    bad = 0
    for name, value in got.items():
        bound = bounds.get(name) if a.scale == 1 or "/" not in name else None
        bad += bound is not None and value > bound
        print("%-42s %10.2f %s" % (name, value, "" if bound is None else "%s %g" % ("<=" if value <= bound else "OVER", bound)))
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
