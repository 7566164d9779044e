#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Indicators that come and go while packets flow: a collector's source changes twenty times a second, and a sensor that
replays at a share of its maximum rate has to miss nothing and to know each name that came, from the rename of the file to
the first sighting on its output, within 100 ms (the name's next packet and the collector's part among it: names are
those that the capture says most often).

usage: bench/live_changes.py [--capture FILE] [--base N] [--rate N] [--seconds N] [--share S]
Needs a release build in build/ (SIGHTLINE_BUILD names another), and cores that nothing else uses."""
import argparse, collections, json, os, random, re, signal, statistics, subprocess, sys, tempfile, threading, time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, os.environ.get("SIGHTLINE_BUILD", "build"))
SENSOR, COLLECTOR = (os.path.join(BUILD, "app", p, "sightline-" + p) for p in ("sensor", "collector"))
TOOL = os.path.join(BUILD, "app", "sightline", "sightline")
DATA = os.environ.get("SIGHTLINE_DATA") or os.path.join(TOP, "..", "shared", "data")
TICKS = 20  # changes of the file in a second
STAYS = 40  # ticks that an indicator stays
NAMES = 40  # that are probed, each once: what comes back in the same hour is the same sighting
BOUND_MS = 100


def line(n, value):
    return json.dumps({"type": "domain-name", "value": value, "source": "live", "id": n}) + "\n"


def armed(values, folder):
    """Those that a sensor would look for: a capture says addresses where names stand, too."""
    path = os.path.join(folder, "names.jsonl")
    replace(path, "".join(line(str(i), v) for i, v in enumerate(values)))
    r = subprocess.run([TOOL, "intel", "check", "--json", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    verdict = {o["line"] - 1: o["verdict"] for o in map(json.loads, r.stdout.splitlines()) if o.get("line")}
    os.unlink(path)
    return [v for i, v in enumerate(values) if verdict.get(i, "armed") == "armed"]


def names(capture, folder):
    """Those that the capture says most often, and how often the least of them."""
    r = subprocess.run([SENSOR, "-r", capture, "--allow-empty", "--emit", "observables"], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, check=True)
    said = (json.loads(text) for text in r.stdout.splitlines())
    count = collections.Counter(o["value"] for o in said if o["type"] == "domain-name")
    found = armed([v for v, _ in count.most_common(4 * NAMES)], folder)[:NAMES]
    return found, count[found[-1]]


def capacity(capture, feed, stats):
    subprocess.run([SENSOR, "-r", capture, "--loop", "20", "--workers", "1", "-i", feed, "--stats", stats],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    with open(stats) as f:
        st = json.load(f)
    packets = st["sightline_rx_packets_total"]
    return packets / st["sightline_replay_longest_nanoseconds_total"] * 1e9, packets / 20


class Child:
    """A program whose lines are read as they come."""

    def __init__(self, *args):
        self.p = subprocess.Popen([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.err, self.change, self.first = [], threading.Condition(), {}
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self.hear, self.see)]
        for t in self.threads:
            t.start()

    def hear(self):
        for text in self.p.stderr:
            with self.change:
                self.err.append(text)
                self.change.notify_all()

    def see(self):
        for text in self.p.stdout:
            now = time.monotonic()
            for n in re.findall(r'"id":"real-(\d+)"', text):
                self.first.setdefault(int(n), now)

    def until(self, word):
        with self.change:
            if not self.change.wait_for(lambda: any(word in e for e in self.err) or self.p.poll() is not None, 120) or \
                    self.p.poll() is not None:
                sys.exit("'%s' did not come:\n%s" % (word, "".join(self.err[-20:])))

    def end(self):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait(60)
        for t in self.threads:
            t.join()


def replace(path, text):
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)
    return time.monotonic()


def change(live, real, rate, seconds):
    """Keeps the file changing; when each real name was said."""
    stay, said, each = collections.deque(), {}, rate // TICKS
    apart = max(1, int(seconds * TICKS) // len(real))
    begin = time.monotonic()
    for tick in range(int(seconds * TICKS)):
        come = [line("t%d-%d" % (tick, i), "n%d-%d.invalid-live.example" % (tick, i)) for i in range(each)]
        if tick % apart == 0 and tick // apart < len(real):
            come[0] = line("real-%d" % (tick // apart), real[tick // apart])
        stay.append(come)
        if len(stay) > STAYS:
            stay.popleft()
        at = replace(live, "".join(text for lines in stay for text in lines))
        if tick % apart == 0 and tick // apart < len(real):
            said[tick // apart] = at
        time.sleep(max(0.0, begin + (tick + 1) / TICKS - time.monotonic()))
    return said


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--capture", default=os.path.join(DATA, "bench-mix.pcap.gz"))
    p.add_argument("--base", type=int, default=100000)
    p.add_argument("--rate", type=int, default=1000, help="that come in a second, and as many that go")
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--share", type=float, default=0.8)
    a = p.parse_args()
    r = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="sightline-", dir="/dev/shm") as folder:
        base, live, stats = (os.path.join(folder, n) for n in ("base.jsonl", "live.jsonl", "stats"))
        with open(base, "w") as f:
            for i in range(a.base):
                f.write(json.dumps({"type": "domain-name", "value": "%x.base.example" % r.getrandbits(60), "source": "base",
                                    "id": "b%d" % i}) + "\n")
        replace(live, line("first", "first.invalid-live.example"))
        real, least = names(a.capture, folder)
        pps, packets = capacity(a.capture, base, stats)
        print("capacity %.3f Mpps; %d indicators, %d come and %d go a second, %g s at %.0f %% of it; a name's packets at "
              "most %.0f ms apart in the mean" % (pps / 1e6, a.base, a.rate, a.rate, a.seconds, a.share * 100,
                                                 packets / least / pps / a.share * 1000))
        collector = Child(COLLECTOR, "--listen", "ipc://%s/in" % folder, "--publish", "ipc://%s/out" % folder, "--hand-out",
                          "ipc://%s/desk" % folder, "--store", folder + "/s.db", "--intel-dir", folder + "/intel",
                          "--source", "base=" + base, "--source", "live=" + live)
        collector.until("ready: sensors ask")
        sensor = Child(SENSOR, "-r", a.capture, "--loop", 1000000, "--speed", "%dpps" % int(pps * a.share), "--workers", 1,
                       "--emit", "sightings", "--collector-intel", "ipc://%s/desk" % folder, "--intel-kept",
                       folder + "/kept", "--allow-empty", "--stats", stats)
        sensor.until("is in force")
        said = change(live, real, a.rate, a.seconds)
        end = time.monotonic() + 5
        while len(sensor.first) < len(said) and time.monotonic() < end:
            time.sleep(0.05)
        sensor.end()
        collector.end()
        with open(stats) as f:
            st = json.load(f)
    ms = sorted((sensor.first[n] - at) * 1000 for n, at in said.items() if n in sensor.first)
    missed = sum(v for k, v in st.items() if k.startswith("sightline_missed_packets_total"))
    print("packets %d, missed %d; changes %d, by reload %d; %d names came, %d never seen" % (
        st["sightline_rx_packets_total"], missed, st['sightline_intel_changes_total{result="ok"}'],
        st['sightline_intel_reloads_total{result="ok"}'], len(said), len(said) - len(ms)))
    if not ms:
        sys.exit(1)
    for up in (25, 50, 75, 100, 250, 1000, 1e9):
        print("  <= %-6s ms %6d" % ("%d" % up if up < 1e9 else "more", sum(m <= up for m in ms)))
    print("median %.0f ms, 95 %% %.0f ms, worst %.0f ms" % (statistics.median(ms), ms[int(len(ms) * 0.95)], ms[-1]))
    sys.exit(0 if missed == 0 and len(ms) == len(said) and ms[-1] <= BOUND_MS else 1)


if __name__ == "__main__":
    main()
