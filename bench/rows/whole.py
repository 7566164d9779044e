# SPDX-License-Identifier: BSD-3-Clause
"""The sensor end to end: everything switched on, ten million mixed indicators, packets from the port that testpmd has, too."""
import signal, statistics, threading, time
import port, product
from rows import header
from row import NotMeasured, Row

PASSES = 24  # of the mix, in a replay whose speed is taken


class OnPort(Row):
    """A sensor on the port with all there is."""
    def sensor_args(self):
        return ["--validity", "ignore", "--publish", "ipc://%s/%s.stream" % (self.bench.folder, self.profile)]

    def start(self):
        self.sides = []
        self.intel = product.Intel(self.bench)
        self.facts["seconds to load"] = self.intel.compile(self.bench)
        self.failures += product.wrong_sightings(self.bench, self.intel)
        capture, self.packets, cut = port.cut_mix(self.bench)
        self.against(capture)
        self.sensor = port.Sensor(self.intel.bench(self.bench), self.profile, capture, self.packets, [self.intel.path],
                                  args=self.sensor_args())
        self.sides.append(self.sensor)
        if self.sensor.core() != self.bench.core:
            raise NotMeasured("the worker is on core %d" % self.sensor.core())
        self.facts["sensor"] = self.sensor.line()
        self.note = "%d indicators; %d of %d frames cut to %d bytes on both sides; fresh addresses in each pass" % (
            self.intel.count, cut, self.packets, port.ROOM)

    def against(self, capture):
        """The baseline, which has a turn before the sensor is there."""
        self.baseline = "the same sensor, quiet"

    def capacity(self):
        return product.rate(product.replay(self.bench, "-r", self.bench.mix, "--loop", PASSES, "--workers", 1, *self.intel.args()))

    def stop(self):
        for side in getattr(self, "sides", ()):
            side.end()


class Full(OnPort):
    profile, what = "p7-full", "everything switched on, files hashed, 10 M mixed indicators; the mix"

    def against(self, capture):
        self.testpmd = port.Testpmd(self.bench.core, self.bench.control, capture, self.packets + port.OWN)
        self.sides.append(self.testpmd)
        self.baseline = self.testpmd.line()

    def start(self):
        super().start()
        args = ["-r", self.bench.mix, "--loop", PASSES, "--workers", 1, *self.intel.args()]
        self.facts["replay: ns added over rx and free"] = statistics.median(
            product.added(product.replay(self.bench, *args)) for _ in range(3))
        with product.Replay(self.bench, *args, "--timing") as run:
            run.stats()
            self.facts["replay: cycles a packet"] = product.cycles(run.text())

    def pair(self):
        return self.sensor.turn()[0], self.testpmd.turn()[0]

    def instructions(self):
        return header.replay_instructions(self.bench, self.bench.mix, ())


class Updates(OnPort):
    profile, what = "p10-updates", "p7 while 1,000 indicators a second come and as many go"
    bound = 0.95

    def sensor_args(self):
        self.changing = product.Changing(self.bench)
        return super().sensor_args() + self.changing.args()

    def start(self):
        super().start()
        lost_free(self, lambda run: self.changing.go(3 if self.bench.quick else 20), self.changing.args())

    def pair(self):
        quiet = self.sensor.turn(1)[0]
        before = self.sensor_changes()
        t = threading.Thread(target=self.changing.go, args=(1.5,))
        t.start()
        busy = self.sensor.turn(1.2)[0]
        t.join()
        if self.sensor_changes() == before:
            raise NotMeasured("no change of the source reached the sensor")
        return busy, quiet

    def sensor_changes(self):
        self.sensor.p.send_signal(signal.SIGCONT)
        return self.sensor.counters()['sightline_intel_changes_total{result="ok"}']

    def stop(self):
        super().stop()
        if hasattr(self, "changing"):
            self.changing.end()


class Reload(OnPort):
    profile, what = "p10-reload", "p7 during a reload of all indicators from their file"
    bound = 0.95

    def start(self):
        super().start()
        lost_free(self, self.reload_replay, ())

    def reload_replay(self, run):
        run.p.send_signal(signal.SIGHUP)
        run.until("in force")

    def pair(self):
        quiet = self.sensor.turn(1)[0]
        self.sensor.p.send_signal(signal.SIGHUP)
        self.sensor.begin()
        self.sensor.until("in force")
        return self.sensor.finish()[0], quiet


def missed_at(row, pps, during, args=()):
    """(packets missed, sent) of a replay at that rate while during(it) lasts."""
    with product.Replay(row.bench, "-r", row.bench.mix, "--loop", 10**9, "--speed", "%dpps" % pps, "--workers", 1, *row.intel.args(),
                        *args) as run:
        run.until(" armed, ")
        time.sleep(1)
        during(run)
        st = run.stats(interrupt=True)
    return product.missed(st), st["sightline_replay_sent_packets_total"]


def lost_free(row, during, args):
    """A packet that is missed at 80 % of what a replay can take is a failure of the row; whether the machine alone would have
    missed some says a quiet run."""
    pps = 0.8 * row.capacity()
    missed, sent = missed_at(row, pps, during, args)
    row.facts["paced at 80 %"] = {"packets a second": pps, "missed": missed, "sent": sent}
    if missed > 0:
        quiet = missed_at(row, pps, lambda run: time.sleep(3 if row.bench.quick else 10))
        row.failures.append("%d of %d packets missed at 80 %% paced load; with nothing going on %d of %d" % (missed, sent, *quiet))


class TwoWorkers(Row):
    profile, what = "p12-two-workers", "two workers against one, a replay without copies, each on a core"
    unit, rate = "packets/s", True

    def start(self):
        self.intel = product.Intel(self.bench)
        self.intel.compile(self.bench)
        self.args = ["-r", self.bench.mix, "--loop", PASSES, *self.intel.args()]
        self.baseline = "the same with --workers 1"
        self.note = "%d indicators; publisher and control share the cores of the workers, and have nothing to build" % self.intel.count

    def one(self, workers):
        st = product.replay(self.bench, *self.args, "--workers", workers)
        self.packets = st["sightline_rx_packets_total"]
        return product.rate(st)

    def pair(self):
        return self.one(2), self.one(1)


class Patterns(Row):
    profile, what = "p8-patterns", "p7 with 5,000 literals over streams and bodies"
    bound = 0.5

    def start(self):
        raise NotMeasured("no indicator can ask for bytes of a payload yet: artifact:payload_bin is not evaluated")
