#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A port under the sanitizers: a few thousand frames through both ways to spread them, with ASAN+UBSAN and with TSAN. A
report ends the sensor with a status of its own. SIGHTLINE_BUILD_ASAN and SIGHTLINE_BUILD_TSAN name the build folders.
Needs root, for a network namespace."""
import ports
from harness import *
from threads import TSAN
from ports import Live, flood_file, main_in_namespace, pair, received, with_mark_only


def frames(folder, build):
    ports.SENSOR = os.path.join(build, "app/sensor/sightline-sensor")
    end, port = pair(0, 1500)
    for spread in "outer", "inner":
        with Live(folder, ["afpacket:" + port], *with_mark_only(folder), "--workers", "2", "--metrics", "0",
                  spread=spread) as live:
            sent = live.send(flood_file(folder), "--pps", "3000", "--preload-pcap", "-i", end)
            sent += live.mark(end)
            _, _, st = live.end()
        received(st, sent)
        assert st["sightline_rx_packets_total"] > 0


def test_asan(folder):
    frames(folder, ASAN)


def test_tsan(folder):
    frames(folder, TSAN)


if __name__ == "__main__":
    main_in_namespace()
