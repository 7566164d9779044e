#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A sensor on a port, in a network namespace of its own: root opens it, nobody reads it. Packets still come, a link that
goes down and up, a reload; nothing is kept but what is named."""
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys

from confined import NOTHING, USER, config, open_to_all, threads
from harness import SENSOR, Running, main, sample

CAPTURE = sample("agenttesla/beacon.pcap")
IN_NAMESPACE = "ip link set lo up\nip link add t0 type veth peer name t1\nip link set t0 up\nip link set t1 up\nexec \"$@\""


def inside(pid, *args):
    subprocess.run(["nsenter", "--net=/proc/%d/ns/net" % pid, *args], check=True, capture_output=True)


def test_port(folder):
    intel = open_to_all(folder)
    path = config(folder, user=USER, port=["afpacket:t1"], intel=[intel], emit=["sightings"], metrics="0", workers=2)
    with Running("unshare", "--net", "bash", "-ec", IN_NAMESPACE, "-", SENSOR, "-c", path) as s:
        s.until("ready: ")
        s.until("runs as %s; capabilities kept: none; system calls filtered" % USER)
        uid = str(pwd.getpwnam(USER).pw_uid)
        for tid, status in threads(s.p.pid).items():
            assert set(status["Uid"].split()) == {uid}, (tid, status["Uid"])
            assert status["CapPrm"] == status["CapEff"] == status["CapBnd"] == NOTHING, (tid, status)
            assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", (tid, status)
        inside(s.p.pid, "tcpreplay", "-q", "-i", "t0", "--pps", "20000", CAPTURE)
        s.until("originwealth.ydns.eu", "out")
        inside(s.p.pid, "ip", "link", "set", "t1", "down")
        inside(s.p.pid, "ip", "link", "set", "t1", "up")
        s.p.send_signal(signal.SIGHUP)
        s.until("generation 2 in force")
        before = len(s.text["out"])
        inside(s.p.pid, "tcpreplay", "-q", "-i", "t0", "--pps", "20000", sample("maltrail/trails.pcap"))
        s.until("evil-test-domain.com", "out")
        assert len(s.text["out"]) > before
        _, _, err = s.end(signal.SIGTERM)
        assert not re.search(r"error|Function not implemented|not permitted", err), err


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("1 skipped\n0 passed, 0 failed")
        sys.exit(0)
    assert shutil.which("tcpreplay")
    main()
