#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Where headers alone are inspected, what they say is told as ever, and nothing else; looking up each packet's addresses finds
what looking up each flow's does. A file that a port gives without end may have more packets than the port has buffers."""
from harness import *
from metrics import when
from ports import Live, frame, main_in_namespace, write_pcap

CAPTURE = sample("agenttesla/beacon.pcap")
FEED = "78.41.139.12\noriginwealth.ydns.eu\nhttp://originwealth.ydns.eu/sew/inc/10a5031d37bc79.php\n"
HEADERS = {"ip.src", "ip.dst", "icmp.quoted.src", "icmp.quoted.dst", "mac.src", "mac.dst"}


def told(folder, inspect):
    """What was told of each sighting, and the counters."""
    config, st, feed = folder + "/config.yaml", folder + "/stats", folder + "/feed.txt"
    with open(feed, "w") as f:
        f.write(FEED)
    with open(config, "w") as f:
        f.write("inspect: %s\n" % inspect)
    _, out, _ = sensor("-r", CAPTURE, "-i", feed, "--config", config, "--emit", "sightings", "--stats", st)
    found = latest(lines(out)).values()
    return {(s["observable"]["where"], s["observable"]["value"], s["flow"]["src"], s["count"], s["outcome"]) for s in found}, stats(st)


def test_headers_alone(folder):
    everything, _ = told(folder, "all")
    headers = {s for s in everything if s[0] in HEADERS}
    assert headers and headers != everything
    for inspect in "flows", "packets":
        found, st = told(folder, inspect)
        accounts(st)
        assert found == headers, (inspect, found ^ headers)
    assert st["sightline_observables_total"] > told(folder, "flows")[1]["sightline_observables_total"]


def test_file_without_end(folder):
    """The driver keeps each of its packets in a buffer of the port's own."""
    path, count = folder + "/many.pcap", 12000
    write_pcap(path, [frame("10.1.%d.%d" % (i >> 8 & 255, i & 255), "10.2.2.2", i) for i in range(count)])
    with Live(folder, ["net_pcap0,infinite_rx=1,rx_pcap=" + path], "--allow-empty", "--workers", "1", "--metrics", "0") as live:
        when(live.url(), lambda v: (v["sightline_rx_packets_total"] > 2 * count, live.run._pump(0))[0])
        _, _, st = live.end()
    accounts(st)


if __name__ == "__main__":
    main_in_namespace()
