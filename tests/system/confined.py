#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a running sensor has given up, thread by thread, as the kernel tells it; and that it lives on with that: reload,
file store, metrics, collector. As root, who alone can become somebody else."""
import json
import os
import pwd
import shutil
import signal
import sys

from harness import COLLECTOR, SENSOR, Running, main, run, sample

CAPTURES = [sample("agenttesla/beacon.pcap"), sample("maltrail/trails.pcap")]
USER = "nobody"


def packets(times):
    """One capture, its packets over and over: more than the 64 KiB that a sensor wants to see of a pipe."""
    with open(CAPTURES[0], "rb") as f:
        data = f.read()
    return data + data[24:] * times


def open_to_all(folder):
    """The folder of a test is its user's alone; somebody else is to read and write here."""
    os.chmod(folder, 0o755)
    intel = os.path.join(folder, "intel")
    shutil.copytree(sample("intel"), intel)
    for name in ["store"]:
        os.mkdir(os.path.join(folder, name))
        os.chmod(os.path.join(folder, name), 0o777)
    return intel


def config(folder, **keys):
    path = os.path.join(folder, "sensor.yaml")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(keys, f)  # JSON is YAML
    return path


def threads(pid):
    """tid -> its status, as a dictionary."""
    found = {}
    for tid in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, tid), encoding="utf-8") as f:
            found[tid] = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    return found


class Sensor(Running):
    def __init__(self, folder, *args, **keys):
        intel = open_to_all(folder)
        path = config(folder, **keys)
        read, self.write = os.pipe()
        super().__init__(SENSOR, "-c", path, "-r", "-", "-i", intel, "--metrics", "0", "--emit", "sightings", *args, stdin=read)
        os.close(read)
        data, at = packets(8), 0
        while at < len(data):
            at += os.write(self.write, data[at:at + 4096])

    def finish(self):
        """The end of the capture: it ends by itself, in good order."""
        os.close(self.write)
        self.write = -1
        return self.end()

    def __exit__(self, *exc):
        if self.write >= 0:
            os.close(self.write)
        super().__exit__(*exc)


NOTHING = "0" * 16


def test_another_user(folder):
    with Sensor(folder, "--workers", "2", user=USER, file_store={"dir": os.path.join(folder, "store"), "policy": "all"}) as s:
        s.until("runs as %s; capabilities kept: none; system calls filtered" % USER)
        s.until("sighting", "out")
        found = threads(s.p.pid)
        assert len(found) >= 5, len(found)  # control, two workers, publisher, metrics, reader
        uid = str(pwd.getpwnam(USER).pw_uid)
        for tid, status in found.items():
            assert set(status["Uid"].split()) == {uid} and set(status["Gid"].split()) == {str(pwd.getpwnam(USER).pw_gid)}
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                assert status[name] == NOTHING, (tid, name, status[name])
            assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", (tid, status)
        s.p.send_signal(signal.SIGHUP)
        s.until("generation 2 in force")
        s.finish()
    stored = os.listdir(os.path.join(folder, "store"))
    assert stored and all(os.stat(os.path.join(folder, "store", f)).st_uid == int(uid) for f in stored)


def test_root_keeps_what_it_names(folder):
    with Sensor(folder) as s:
        s.until("sighting", "out")
        for tid, status in threads(s.p.pid).items():
            for name in ("CapPrm", "CapEff", "CapBnd"):
                assert int(status[name], 16) == 1 << 1, (tid, name, status[name])  # cap_dac_override
            assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
        s.finish()


def test_switched_off(folder):
    with Sensor(folder, "--no-seccomp", user=USER) as s:
        s.until("system calls not filtered")
        s.until("sighting", "out")
        for status in threads(s.p.pid).values():
            assert status["Seccomp"] == "0" and status["CapEff"] == NOTHING
        s.finish()


def test_same_output(folder):
    """The filter changes nothing of what is seen, nor of how it is delivered and published."""
    store = os.path.join(folder, "s.db")
    args = [a for c in CAPTURES for a in ("-r", c)] + ["-i", sample("intel"), "--emit", "sightings", "--workers", "1"]
    said = []
    for more in ([], ["--no-seccomp"]):
        with Running(COLLECTOR, "--listen", "tcp://127.0.0.1:0", "--publish", "tcp://127.0.0.1:0", "--store", store) as c:
            c.until("ready: sensors deliver to ")
            c.until("subscribers")
            url = c.text["err"].decode().split("deliver to ")[1].split(",")[0]
            _, out, err = run(SENSOR, *args, *more, "--collector", url, "--publish", "ipc://" + os.path.join(folder, "p"))
            assert "could not be delivered" not in err, err
            said.append(out)
            c.end(signal.SIGTERM)
    assert said[0] == said[1] and said[0]


def test_collector(folder):
    open_to_all(folder)
    path = config(folder, user=USER, store=os.path.join(folder, "store", "s.db"), listen="tcp://127.0.0.1:0",
                  publish="tcp://127.0.0.1:0")
    with Running(COLLECTOR, "-c", path) as c:
        c.until("ready: sensors deliver to ")
        c.until(", store")
        for status in threads(c.p.pid).values():
            assert status["CapEff"] == status["CapPrm"] == NOTHING and status["NoNewPrivs"] == "1", status
            assert status["Seccomp"] == "2" and str(pwd.getpwnam(USER).pw_uid) == status["Uid"].split()[0]
        url = c.text["err"].decode().split("deliver to ")[1].split(",")[0]
        run(SENSOR, "-r", CAPTURES[0], "-i", sample("intel"), "--collector", url)
        _, _, err = c.end(signal.SIGTERM)
        assert " 0 stored" not in err and " stored" in err, err
    _, _, err = run(COLLECTOR, "-c", config(folder, user="no-such-user"), check=2)
    assert "no-such-user" in err, err


def test_no_such_user(folder):
    path = config(folder, user="no-such-user")
    for check in ([], ["-T"]):
        _, out, err = run(SENSOR, "-c", path, "-r", CAPTURES[0], "--emit", "flows", *check, check=2)
        assert "no-such-user" in err and "host-setup.sh --user" in err and out == "", err


def test_a_check_is_as_confined(folder):
    """What a unit does before a start: the check reads as the sensor will, and its cache is the sensor's."""
    intel = open_to_all(folder)
    for name in os.listdir(intel):
        os.utime(os.path.join(intel, name), (1700000000, 1700000000))  # a cache is kept of what nobody writes just now
    state = os.path.join(folder, "state")
    os.mkdir(state, 0o700)
    os.chown(state, pwd.getpwnam(USER).pw_uid, -1)
    path = config(folder, user=USER)
    as_service = ["env", "STATE_DIRECTORY=" + state, SENSOR, "-c", path, "-i", intel, "-r", CAPTURES[0]]
    _, _, err = run(*as_service, "-T")
    assert "runs as nobody; capabilities kept: none" in err and "put into the cache" in err, err
    assert os.stat(os.path.join(state, "intel-cache")).st_uid == pwd.getpwnam(USER).pw_uid
    _, _, err = run(*as_service)
    assert "indicators from the cache" in err, err
    os.chmod(intel, 0o700)  # root's alone
    for check in ([], ["-T"]):
        _, out, err = run(*as_service, *check, check=2)
        assert "Permission denied" in err and out == "", err


def test_only_root_can(folder):
    """Somebody else than root can stay who it is, and gives up the rest."""
    open_to_all(folder)
    path = config(folder, user="daemon")
    shutil.copy(SENSOR, folder)  # build folders may be their owner's alone
    shutil.copy(CAPTURES[0], folder)
    sensor = os.path.join(folder, "sightline-sensor")
    capture = os.path.join(folder, os.path.basename(CAPTURES[0]))
    as_nobody = ["setpriv", "--reuid", USER, "--regid", "nogroup", "--clear-groups", sensor, "-r", capture, "--emit", "flows"]
    _, _, err = run(*as_nobody, "-c", path, check=2)
    assert "only root can become another user" in err, err
    _, out, _ = run(*as_nobody)
    assert "flow" in out


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("%d skipped\n0 passed, 0 failed" % sum(n.startswith("test_") for n in dir()))
        sys.exit(0)
    main()
