#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Whether the sensor's memory mistakes anything for what it saw: it reads the mix, then ten million indicators of which none
is in it are armed, and a few that are. Only those few may be told as late.

usage: bench/retro.py [--scale S] [--keep FOLDER]
As bench/ten_million.py, whose feed it takes. Exit 1: something was told that was never seen, or not told that was."""
import argparse, gzip, json, os, re, subprocess, sys, tempfile, time, urllib.request
from ten_million import SENSOR, TOP, Sensor, feed

DATA = os.environ.get("SIGHTLINE_DATA") or os.path.join(TOP, "..", "shared", "data")
CONTROLS = 20


def seen(capture):
    """What a capture says (addresses, names, URLs and hashes), and in how many packets."""
    stats = capture + ".stats"
    out = subprocess.run([SENSOR, "-r", capture, "--allow-empty", "--workers", "1", "--emit", "observables", "--stats", stats],
                         check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    with open(stats) as f:
        return {str(o["value"]) for o in map(json.loads, out.splitlines())}, json.load(f)["sightline_rx_packets_total"]


def until_read(s, packets):
    """What was written to the sensor is inspected."""
    s.until("/metrics\n")
    s.err.seek(0)
    url = s.err.read().decode().split("counters are at ")[1].split()[0]
    while True:
        with urllib.request.urlopen(url) as r:
            if float(re.search(r"(?m)^sightline_rx_packets_total (\S+)", r.read().decode()).group(1)) >= packets:
                return
        time.sleep(.05)


def controls(values):
    """Public addresses that it knows of the mix's last day; the memory may have let go of older ones."""
    return [v for v in sorted(values) if re.fullmatch(r"(?!10\.|127\.|169\.254\.|192\.168\.|172\.|0\.|22[4-9]\.|2[345]\d\.)\d+\.\d+\.\d+\.\d+", v)]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--scale", type=float, default=1)
    p.add_argument("--keep")
    a = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
        whole = os.path.join(a.keep or folder, "ten-million-%g.jsonl" % a.scale)
        if not os.path.exists(whole):
            feed(whole, a.scale)
        capture, armed = folder + "/mix.pcap", folder + "/armed.jsonl"
        with gzip.open(os.path.join(DATA, "bench-mix.pcap.gz")) as f, open(capture, "wb") as out:
            out.write(f.read())
        with open(armed, "w") as f:
            f.write('{"type":"domain-name","value":"nobody.example","source":"first"}\n')
        values, packets = seen(capture)
        said = open(folder + "/said", "wb")
        s = Sensor("-i", armed, "--emit", "sightings", "--stats", folder + "/stats", "--impact-hosts", "1000000", "--reload-min-ratio", "0",
                   "--metrics", "0", out=said)
        with open(capture, "rb") as f:
            s.p.stdin.write(f.read()[24:])
        s.p.stdin.flush()
        until_read(s, packets)
        told, n = controls(values), 0
        with open(whole) as f, open(armed, "w") as out:
            for line in f:
                value = line.split('"value":"', 1)[1].split('"', 1)[0]
                if value not in values:
                    out.write(line)
                    n += 1
            for value in told[:CONTROLS]:
                out.write('{"type":"ipv4-addr","value":"%s","source":"control"}\n' % value)
        took = s.reload()
        s.end()
        said.close()
        with open(folder + "/said") as f:
            late = {x["observable"]["value"] for x in map(json.loads, f) if x["retro"]}
        with open(folder + "/stats") as f:
            st = json.load(f)
    lost, wrong = st["sightline_retro_untold_indicators_total"], late - set(told[:CONTROLS])
    print("%d values remembered of %d packets; %d indicators armed in %.1f s" % (
        st["sightline_memory_values_total"], st["sightline_rx_packets_total"], n, took))
    print("told as late: %d of the %d that were seen, %d that were not; left untold: %d" % (
        len(late) - len(wrong), min(CONTROLS, len(told)), len(wrong), lost))
    sys.exit(bool(wrong) or not late or lost > 0)


if __name__ == "__main__":
    main()
