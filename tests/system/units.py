#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The systemd units: systemd reads them without a word, and with what they allow the programs start."""
import json
import os
import re
import shutil

from harness import BUILD, COLLECTOR, SENSOR, TOP, main, run, sample

UNITS = ["sightline-sensor.service", "sightline-collector.service"]


def unit(name):
    with open(os.path.join(BUILD, "deploy", name), encoding="utf-8") as f:
        return f.read()


def test_verify(folder):
    """Of the units as they are built, with the programs where they were built."""
    os.chmod(folder, 0o755)
    for name in UNITS:
        text = unit(name)
        assert "@" not in re.sub(r"@[a-z-]+\b", "", text), name  # but for groups of system calls
        for program in (SENSOR, COLLECTOR):
            shutil.copy(program, folder)
            base = os.path.basename(program)
            text = re.sub(r"(?<==)\S*/" + base + r"\b", os.path.join(folder, base), text)
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
        _, out, err = run("systemd-analyze", "verify", "--man=no", os.path.join(folder, name))
        said = [line for line in err.splitlines() if name in line or folder in line]
        assert not said, said


def test_a_broken_unit_is_found(folder):
    """The check above can fail."""
    path = os.path.join(folder, "broken.service")
    with open(path, "w", encoding="utf-8") as f:
        f.write(unit(UNITS[0]).replace("ProtectHome=yes", "ProtectHome=perhaps").replace("Type=exec", "Tipe=exec"))
    _, _, err = run("systemd-analyze", "verify", path, check=None)
    assert "perhaps" in err and "Tipe" in err, err


def test_exposure(folder):
    """systemd's own measure of a unit, 10 is worst: the collector needs next to nothing; the sensor starts as root."""
    for name, bound in ((UNITS[0], 5.0), (UNITS[1], 1.5)):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(unit(name))
        _, out, err = run("systemd-analyze", "security", "--offline=yes", "--no-pager", path)
        found = re.search(r"Overall exposure level for \S+: ([\d.]+)", out)
        assert found and float(found.group(1)) <= bound, (name, out.splitlines()[-1:], err)
        print("  %s: exposure %s" % (name, found.group(1)))


def test_commands(folder):
    """The lines that a unit runs are ones that the programs take."""
    config = os.path.join(folder, "sensor.yaml")
    with open(config, "w", encoding="utf-8") as f:
        f.write("replay: %s\nemit: flows\nmetrics: 7690\n" % sample("agenttesla/beacon.pcap"))
    lines = re.findall(r"^ExecStart(?:Pre)?=(\S+) (.*)$", unit(UNITS[0]), re.M)
    assert len(lines) == 2
    for _, args in lines:
        args = re.sub(r"\S*/sensor\.yaml", config, args).split()
        run(SENSOR, *args, *([] if "-T" in args else ["--metrics", "0"]))
    lines = re.findall(r"^ExecStartPre=(\S+) (.*)$", unit(UNITS[1]), re.M)
    assert len(lines) == 1
    run(COLLECTOR, *lines[0][1].replace("${CONFIG}", "/dev/null").split())


def test_installed(_):
    _, out, _ = run("meson", "introspect", "--installed", BUILD)
    to = {os.path.basename(path): path for path in json.loads(out).values()}
    for name in UNITS:
        assert to[name].endswith("/lib/systemd/system/" + name), to.get(name)
    assert to["host-setup.sh"].endswith("/share/sightline/host-setup.sh")
    assert os.access(os.path.join(TOP, "deploy/host-setup.sh"), os.X_OK)


if __name__ == "__main__":
    main()
