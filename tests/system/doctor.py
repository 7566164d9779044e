#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`sightline doctor`: recorded trees of machines whose faults are known, and this machine against its own files."""
import ctypes
import json
import os
import struct

from harness import SENSOR, TOOL, main, run

FLAGS = "fpu ssse3 sse4_1 sse4_2 avx avx2 bmi1 bmi2 f16c fma abm movbe avx512f avx512bw avx512vl avx512_vbmi " \
        "constant_tsc nonstop_tsc"
ALL_CAPS = "000001ffffffffff"


class Machine:
    """A recorded tree: what a healthy server with two nodes shows, then changed by a test."""

    def __init__(self, root):
        self.root = root
        self.put("proc/cpuinfo", "processor : 0\nflags : %s\n" % FLAGS)
        self.put("proc/cmdline", "BOOT_IMAGE=/vmlinuz isolcpus=2-7")
        self.put("proc/sys/kernel/osrelease", "6.1.0-18-amd64")
        os.makedirs(os.path.join(root, "lib/modules/6.1.0-18-amd64"))
        self.put("proc/mounts", "proc /proc proc rw 0 0\nhugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0")
        self.put("proc/self/status", "Name:\tx\nCapEff:\t%s\n" % ALL_CAPS)
        self.put("proc/self/limits", "Max locked memory         8388608              8388608              bytes")
        self.put("etc/passwd", "root:x:0:0::/:/bin/sh\nsightline:x:990:990::/:/usr/sbin/nologin")
        self.put("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc")
        self.put("sys/devices/system/node/online", "0-1")
        self.put("sys/devices/system/cpu/online", "0-7")
        self.put("sys/devices/system/cpu/isolated", "2-7")
        self.put("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never")
        for node, cpus, distance in ((0, "0-3", "10 21"), (1, "4-7", "21 10")):
            self.put("sys/devices/system/node/node%d/cpulist" % node, cpus)
            self.put("sys/devices/system/node/node%d/distance" % node, distance)
            self.pages(node, 2048, 1024, 1000)
            self.pages(node, 1048576, 0, 0)
        for cpu in range(8):
            self.governor(cpu, "performance")
        os.makedirs(os.path.join(root, "sys/kernel/iommu_groups/0"))
        os.makedirs(os.path.join(root, "sys/bus/pci/drivers/vfio-pci"))
        self.card("0000:01:00.0", "8086", "1583", "vfio-pci", None, 0)
        self.card("0000:02:00.0", "8086", "1521", "igb", "eno1", 0)
        self.put("proc/net/route", "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
                 "eno1\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0")

    def put(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text + "\n")

    def remove(self, path):
        os.remove(os.path.join(self.root, path))

    def link(self, at, to):
        """A link below the root, relative as sysfs has them."""
        at, to = os.path.join(self.root, at), os.path.join(self.root, to)
        os.makedirs(os.path.dirname(at), exist_ok=True)
        os.makedirs(to, exist_ok=True)
        os.symlink(os.path.relpath(to, os.path.dirname(at)), at)

    def pages(self, node, kib, total, free):
        for name, value in (("nr", total), ("free", free)):
            self.put("sys/devices/system/node/node%d/hugepages/hugepages-%dkB/%s_hugepages" % (node, kib, name), str(value))

    def governor(self, cpu, name):
        self.put("sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor" % cpu, name)

    def card(self, address, vendor, device, driver, interface, node, below=""):
        real = "sys/devices/pci0000:00/" + address
        for name, text in (("class", "0x020000"), ("vendor", "0x" + vendor), ("device", "0x" + device),
                           ("numa_node", str(node))):
            self.put(real + "/" + name, text)
        self.link("sys/bus/pci/devices/" + address, real)
        if driver:
            self.link(real + "/driver", "sys/bus/pci/drivers/" + driver)
        if interface:
            self.interface(interface)
            self.link("sys/class/net/%s/device" % interface, real + below)

    def interface(self, name):
        os.makedirs(os.path.join(self.root, "sys/class/net", name), exist_ok=True)


def doctor(*args, check=None):
    status, out, err = run(TOOL, "doctor", "--json", *args, check=check)
    assert status in (0, 1), err
    found = [json.loads(line) for line in out.splitlines()]
    assert (status == 0) == all(f["grade"] == "ok" for f in found), (status, out)
    for f in found:
        assert (f["grade"] == "ok") == (f["mend"] == ""), f  # each fault has what mends it
    return found


def of(found, topic, grade=None):
    return [f for f in found if f["topic"] == topic and grade in (None, f["grade"])]


def only(found, topic, grade, *words):
    """The machine has this fault and no other; the line says each word. Its mend."""
    faults = [f for f in found if f["grade"] != "ok"]
    assert len(faults) == 1 and faults[0]["topic"] == topic and faults[0]["grade"] == grade, faults
    for w in words:
        assert w in faults[0]["what"] + " " + faults[0]["mend"], (w, faults[0])
    return faults[0]["mend"]


def test_healthy(folder):
    m = Machine(folder)
    found = doctor("--sysroot", m.root, check=0)
    assert "0000:01:00.0" in of(found, "nic", "ok")[0]["what"]
    assert "default route" in of(found, "nic", "ok")[1]["what"]
    assert "distances 10 21" in of(found, "numa")[0]["what"]
    assert "pagesize" not in str(found) and "/dev/hugepages (2M)" in str(found)
    _, out, _ = run(TOOL, "doctor", "--sysroot", m.root, check=0)
    assert out.splitlines()[-1].endswith(" 0 warnings, 0 wrong"), out


def test_cpu_without_ssse3(folder):
    m = Machine(folder)
    m.put("proc/cpuinfo", "flags : fpu sse4_2 avx2")
    only(doctor("--sysroot", m.root), "cpu", "wrong", "ssse3", "Hyperscan")


def test_cpu_below_the_build(folder):
    m = Machine(folder)
    m.put("proc/cpuinfo", "flags : " + FLAGS.replace("bmi2 ", "") .replace("constant_tsc", ""))
    only(doctor("--sysroot", m.root), "cpu", "wrong", "bmi2", "-march=x86-64-v2")


def test_slow_clock(folder):
    m = Machine(folder)
    m.put("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet")
    only(doctor("--sysroot", m.root), "cpu", "warning", "hpet", "echo tsc >")


def test_no_pages_on_one_node(folder):
    m = Machine(folder)
    m.pages(1, 2048, 0, 0)
    only(doctor("--sysroot", m.root), "huge pages", "wrong", "on node 1", "host-setup.sh --huge 1024@1")


def test_pages_taken(folder):
    m = Machine(folder)
    m.pages(0, 2048, 1024, 0)
    only(doctor("--sysroot", m.root), "huge pages", "warning", "all are taken on node 0")


def test_transparent_pages_off(folder):
    m = Machine(folder)
    m.put("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]")
    only(doctor("--sysroot", m.root), "huge pages", "warning", "echo madvise")


def test_nothing_isolated(folder):
    m = Machine(folder)
    m.put("sys/devices/system/cpu/isolated", "")
    m.put("sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0,4")
    only(doctor("--sysroot", m.root), "isolated cores", "warning", "--isolate 1-3,5-7", "reboot")


def test_governor(folder):
    m = Machine(folder)
    m.governor(3, "powersave")
    m.governor(4, "powersave")
    only(doctor("--sysroot", m.root), "governor", "warning", "powersave on cores 3-4", "--governor")


def test_iommu_off(folder):
    m = Machine(folder)
    os.rmdir(os.path.join(m.root, "sys/kernel/iommu_groups/0"))
    only(doctor("--sysroot", m.root), "iommu", "warning", "--iommu")
    m.put("proc/cpuinfo", "flags : hypervisor " + FLAGS)
    only(doctor("--sysroot", m.root), "iommu", "warning", "--no-iommu")


def test_vfio_not_loaded(folder):
    m = Machine(folder)
    os.remove(os.path.join(m.root, "sys/bus/pci/devices/0000:01:00.0/driver"))
    os.rmdir(os.path.join(m.root, "sys/bus/pci/drivers/vfio-pci"))
    m.card("0000:03:00.0", "15b3", "1017", "mlx5_core", "p0", 1)
    found = doctor("--sysroot", m.root)
    assert of(found, "vfio", "warning")[0]["mend"] == "modprobe vfio-pci"
    assert "beside the kernel's driver" in of(found, "nic", "ok")[-1]["what"]
    assert of(found, "nic", "warning")[0]["mend"] == "deploy/host-setup.sh --bind 0000:01:00.0"
    m.put("proc/cmdline", "nomodule")
    found = doctor("--sysroot", m.root)
    assert "loads no modules" in of(found, "vfio", "warning")[0]["what"]
    assert "afpacket:" in of(found, "nic", "warning")[0]["mend"]


def test_card_of_the_kernel(folder):
    m = Machine(folder)
    m.card("0000:04:00.0", "8086", "1572", "i40e", "ens4", 1)
    only(doctor("--sysroot", m.root), "nic", "warning", "ens4", "net_i40e", "host-setup.sh --bind 0000:04:00.0")


def test_many_of_all(folder):
    """A server with more devices, cards and interfaces than anybody thought of: the last of each is told."""
    m = Machine(folder)
    for i in range(300):
        m.put("sys/bus/pci/devices/0000:05:%02x.%x/class" % (i // 8, i % 8), "0x060400")
        m.interface("a%d" % i)
    for i in range(80):
        m.card("0000:06:%02x.%x" % (i // 8, i % 8), "8086", "1583", "vfio-pci", None, 0)
    m.card("0000:07:00.0", "8086", "1572", "i40e", "zz9", 1)
    only(doctor("--sysroot", m.root), "nic", "warning", "0000:07:00.0 zz9")


def test_card_unknown_to_dpdk(folder):
    m = Machine(folder)
    m.card("0000:04:00.0", "10ec", "8168", "r8169", "enp4s0", 1)
    only(doctor("--sysroot", m.root), "nic", "warning", "r8169", "afpacket:enp4s0")


def test_route_through_a_bond(folder):
    """The default route is on a VLAN on a bond: none of its cards is offered."""
    m = Machine(folder)
    m.card("0000:04:00.0", "8086", "1572", "i40e", "ens4", 1)
    for lower, upper in (("ens4", "bond0"), ("bond0", "bond0.7")):
        m.interface(upper)
        m.link("sys/class/net/%s/upper_%s" % (lower, upper), "sys/class/net/" + upper)
    m.put("proc/net/route", "Iface\nbond0.7\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0")
    m.put("proc/net/ipv6_route", "0" * 32 + " 00 " + "0" * 32 + " 00 " + "0" * 32 +
          " 00000400 00000001 00000000 00000003     eno1")
    found = doctor("--sysroot", m.root, check=0)
    kept = [f["what"] for f in of(found, "nic", "ok") if "default route" in f["what"]]
    assert len(kept) == 2 and "eno1" in kept[0] and "ens4" in kept[1], kept  # IPv6's, and IPv4's through the bond


def test_virtio_has_a_bus_between(folder):
    m = Machine(folder)
    m.card("0000:00:03.0", "1af4", "1041", "virtio-pci", "eth9", -1, below="/virtio2")
    only(doctor("--sysroot", m.root), "nic", "warning", "0000:00:03.0 eth9", "net_virtio")


def test_card_on_a_node_without_cores(folder):
    m = Machine(folder)
    m.put("sys/devices/system/node/node0/cpulist", "")
    only(doctor("--sysroot", m.root), "numa", "warning", "0000:01:00.0 is on node 0")


def test_rights(folder):
    m = Machine(folder)
    m.put("proc/self/status", "CapEff:\t0000000000002000")  # cap_net_raw alone
    found = doctor("--sysroot", m.root)
    lacks = of(found, "capabilities", "warning")[0]
    assert "cap_ipc_lock" in lacks["what"] and "cap_net_raw" not in lacks["what"] and "setcap" in lacks["mend"]
    assert "8388608" in of(found, "memlock", "warning")[0]["what"]
    m.put("proc/self/status", "CapEff:\t" + ALL_CAPS)
    m.put("etc/passwd", "root:x:0:0::/:/bin/sh\nsightlines:x:1:1::/:/bin/sh")
    only(doctor("--sysroot", m.root), "user", "warning", "stays root", "--user")


def test_versions(folder):
    _, said, _ = run(SENSOR, "--version")
    found = doctor()
    assert of(found, "versions")[0]["what"] == said.strip() and "Hyperscan" in said, (found[-1], said)
    other = os.path.join(folder, "other")
    with open(other, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\necho sightline-sensor 0.0.1 '(of another build)'\n")
    os.chmod(other, 0o755)
    assert "another build" in of(doctor("--sensor", other), "versions", "warning")[0]["what"]
    gone = of(doctor("--sensor", os.path.join(folder, "none")), "versions", "warning")[0]
    assert "No such file" in gone["what"] and "--sensor" in gone["mend"]


def text(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read().strip()
    except OSError:
        return None


def test_this_machine(_):
    """The lines agree with what this machine's own files and calls say, asked another way."""
    found = doctor()
    pages = 0
    for size in ("2048", "1048576"):
        pages += int(text("/sys/kernel/mm/hugepages/hugepages-%skB/nr_hugepages" % size) or 0)
    assert bool(of(found, "huge pages", "wrong")) == (pages == 0), of(found, "huge pages")
    isolated = text("/sys/devices/system/cpu/isolated")
    assert bool(of(found, "isolated cores", "warning")) == (not isolated)
    groups = os.path.isdir("/sys/kernel/iommu_groups") and os.listdir("/sys/kernel/iommu_groups")
    assert bool(of(found, "iommu", "warning")) == (not groups)
    timex = ctypes.create_string_buffer(512)
    state = ctypes.CDLL(None).adjtimex(timex)
    status = struct.unpack_from("<i", timex.raw, 40)[0]
    assert bool(of(found, "clock", "wrong")) == (state == 5 or bool(status & 0x40)), (state, status)
    passwd = text("/etc/passwd").splitlines()
    assert bool(of(found, "user", "warning")) == (not any(l.startswith("sightline:") for l in passwd))
    routes = [l.split() for l in text("/proc/net/route").splitlines()[1:]]
    for name in {r[0] for r in routes if r[1] == r[7] == "00000000"}:
        offered = [f for f in of(found, "nic") if name in f["what"].split() and f["grade"] != "ok"]
        assert not offered, offered
    for name in os.listdir("/sys/class/net"):
        device = os.path.realpath("/sys/class/net/%s/device" % name)
        if os.path.exists("/sys/class/net/%s/device" % name) and "/pci" in device:
            assert any(name in f["what"].split() for f in of(found, "nic")), (name, of(found, "nic"))


def test_bad_arguments(folder):
    for args, word in ((["extra"], "extra"), (["--sysroot", os.path.join(folder, "none")], "--sysroot"), (["--nonsense"], "nonsense")):
        _, out, err = run(TOOL, "doctor", *args, check=2)
        assert word in err and out == "", (out, err)


if __name__ == "__main__":
    main()
