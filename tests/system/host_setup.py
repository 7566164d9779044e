#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""deploy/host-setup.sh: what it does to a recorded machine, twice and taken back; and that the card of the default route
is out of its reach, in network namespaces with real interfaces and routes."""
import os
import shutil
import subprocess

from harness import TOOL, TOP, main, run

SCRIPT = os.path.join(TOP, "deploy/host-setup.sh")
CARD, OTHER = "0000:02:00.0", "0000:03:00.0"


class Machine:
    def __init__(self, root):
        self.root = root
        for node in (0, 1):
            self.put("sys/devices/system/node/node%d/hugepages/hugepages-2048kB/nr_hugepages" % node, "0")
        self.put("sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "0")
        self.put("sys/devices/system/cpu/present", "0-7")
        for cpu in range(2):
            self.put("sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor" % cpu, "powersave")
        self.put("etc/passwd", "root:x:0:0:root:/root:/bin/sh")
        self.put("etc/group", "root:x:0:")
        self.put("etc/shadow", "root:*:19000:0:99999:7:::")
        self.put("etc/gshadow", "root:*::")
        self.put("etc/login.defs", "USERGROUPS_ENAB yes\nSYS_UID_MIN 100\nSYS_UID_MAX 999\nSYS_GID_MIN 100\nSYS_GID_MAX 999")
        self.put("proc/cpuinfo", "vendor_id : GenuineIntel")
        self.put("sys/bus/pci/drivers_probe", "")
        self.card(CARD, "v0")
        self.card(OTHER, "v1")

    def path(self, name):
        return os.path.join(self.root, name)

    def put(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text + "\n")

    def get(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read().strip()

    def card(self, address, interface):
        real = "sys/devices/pci0000:00/" + address
        self.put(real + "/class", "0x020000")
        self.put(real + "/driver_override", "(null)")
        self.put("sys/bus/pci/drivers/i40e/unbind", "")
        os.symlink("../../../bus/pci/drivers/i40e", self.path(real + "/driver"))
        os.makedirs(self.path("sys/bus/pci/devices"), exist_ok=True)
        os.symlink("../../../devices/pci0000:00/" + address, self.path("sys/bus/pci/devices/" + address))
        os.makedirs(self.path("sys/class/net/" + interface))
        os.symlink("../../../devices/pci0000:00/" + address, self.path("sys/class/net/%s/device" % interface))

    def tree(self):
        """Every file and what is in it."""
        found = {}
        for folder, _, files in os.walk(self.root):
            for name in files:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, self.root)] = self.get(path)
        return found

    def setup(self, *args, check=0):
        return run(SCRIPT, "--root", self.root, *args, check=check)


ALL = ["--huge", "512@0", "--huge", "256@1", "--huge-1g", "4", "--isolate", "2-7", "--iommu", "--governor", "--memlock",
       "--user", "--no-iommu"]


def inside(script, machine, *args, check=None):
    """The script in a network namespace of its own, once `script` has made interfaces and routes there."""
    text = "set -e\nip link set lo up\n%s\nexec \"$@\"" % script
    r = subprocess.run(["unshare", "--net", "bash", "-c", text, "-", SCRIPT, "--root", machine.root, *args],
                       capture_output=True, text=True, timeout=60)
    assert check is None or r.returncode == check, (r.returncode, r.stdout, r.stderr)
    return r.returncode, r.stdout, r.stderr


PAIR = "ip link add v0 type veth peer name v1\nip link set v0 up\nip link set v1 up\n"
ROUTES = {
    "IPv4": PAIR + "ip addr add 192.0.2.1/24 dev v0\nip route add default via 192.0.2.2",
    "another table": PAIR + "ip addr add 192.0.2.1/24 dev v0\nip route add default via 192.0.2.2 table 77",
    "IPv6": PAIR + "ip -6 addr add 2001:db8::1/64 dev v0 nodad\nip -6 route add default via 2001:db8::2 dev v0",
    "a bridge": PAIR + "ip link add br0 type bridge\nip link set br0 up\nip link set v0 master br0\n"
                "ip addr add 192.0.2.1/24 dev br0\nip route add default via 192.0.2.2",
    "a VLAN": PAIR + "ip link add link v0 name v0.7 type vlan id 7\nip link set v0.7 up\n"
              "ip addr add 192.0.2.1/24 dev v0.7\nip route add default via 192.0.2.2",
    "a MAC VLAN": PAIR + "ip link add link v0 name mac0 type macvlan\nip link set mac0 up\n"
                  "ip addr add 192.0.2.1/24 dev mac0\nip route add default via 192.0.2.2",
    "a VLAN on a bridge": PAIR + "ip link add br0 type bridge\nip link set br0 up\nip link set v0 master br0\n"
                          "ip link add link br0 name br0.7 type vlan id 7\nip link set br0.7 up\n"
                          "ip addr add 192.0.2.1/24 dev br0.7\nip route add default via 192.0.2.2",
}


def kernel_makes(script):
    return subprocess.run(["unshare", "--net", "bash", "-ec", script], capture_output=True).returncode == 0


def test_default_route_is_left_alone(folder):
    m = Machine(folder)
    before, held = m.tree(), 0
    for what, script in ROUTES.items():
        if not kernel_makes(script):
            print("  this kernel can't make a route over %s" % what)
            continue
        held += 1
        for name in ("v0", CARD):
            _, out, err = inside(script, m, "--bind", name, check=1)
            assert "carries the default route" in err, (what, name, out, err)
            assert m.tree() == before, (what, name)
    assert held >= 2, held


def test_the_card_beside_it_is_taken(folder):
    m = Machine(folder)
    _, out, _ = inside(ROUTES["IPv4"], m, "--bind", "v1", check=0)
    assert m.get("sys/bus/pci/devices/%s/driver_override" % OTHER) == "vfio-pci", out
    assert m.get("sys/bus/pci/drivers/i40e/unbind") == OTHER and m.get("sys/bus/pci/drivers_probe") == OTHER
    assert m.get("sys/bus/pci/devices/%s/driver_override" % CARD) == "(null)"
    assert "vfio-pci" in m.get("etc/tmpfiles.d/sightline-bind-%s.conf" % OTHER)


def test_one_group_changes_hands_together(folder):
    m = Machine(folder)
    for a in (CARD, OTHER):
        os.makedirs(m.path("sys/kernel/iommu_groups/7/devices/" + a), exist_ok=True)
        os.symlink("../../../kernel/iommu_groups/7", m.path("sys/devices/pci0000:00/%s/iommu_group" % a))
    before = m.tree()
    _, _, err = inside(ROUTES["IPv4"], m, "--bind", OTHER, check=1)
    assert "one IOMMU group" in err and m.tree() == before, err


def test_no_route_known_no_card_touched(folder):
    """Without `ip` nobody knows what the default route needs."""
    m = Machine(folder)
    before, tools = m.tree(), os.path.join(os.path.dirname(folder), os.path.basename(folder) + "-bin")
    os.mkdir(tools)
    for name in ("bash", "grep", "cat", "awk", "sort", "readlink", "basename"):
        os.symlink(subprocess.run(["which", name], capture_output=True, text=True).stdout.strip(), os.path.join(tools, name))
    r = subprocess.run([SCRIPT, "--root", m.root, "--bind", "v1"], capture_output=True, text=True, env={"PATH": tools})
    shutil.rmtree(tools)
    assert r.returncode == 1 and "none is touched" in r.stderr, r
    assert m.tree() == before


def test_done_twice_taken_back(folder):
    m = Machine(folder)
    before = m.tree()
    _, said, _ = inside(ROUTES["IPv4"], m, *ALL, "--dry-run", "--bind", "v1", check=0)
    assert m.tree() == before and "would do: echo 512 >" in said and "done:" not in said, said
    _, said, _ = inside(ROUTES["IPv4"], m, *ALL, "--bind", "v1", check=0)
    once = m.tree()
    assert "a reboot is needed" in said
    assert m.get("sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages") == "256"
    assert m.get("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor") == "performance"
    assert "isolcpus=managed_irq,domain,2-7 nohz_full=2-7" in m.get("etc/default/grub.d/sightline-isolate.cfg")
    assert "intel_iommu=on iommu=pt" in m.get("etc/default/grub.d/sightline-iommu.cfg")
    assert "nr_hugepages - - - - 512" in m.get("etc/tmpfiles.d/sightline-huge-2048-node0.conf")
    assert "unlimited" in m.get("etc/security/limits.d/sightline.conf") and "sightline:" in m.get("etc/passwd")
    _, said, _ = inside(ROUTES["IPv4"], m, *ALL[:-1], check=0)
    assert m.tree() == once and "done:" not in said, said
    _, said, _ = m.setup("--undo")
    left = {k: v for k, v in m.tree().items() if before.get(k) != v}
    # What the kernel is told by writing is no value that was there before.
    told = {"sys/bus/pci/drivers/i40e/unbind", "sys/bus/pci/drivers_probe",
            "sys/devices/pci0000:00/%s/driver_override" % OTHER}
    own = {k for k in left if k.startswith("etc/") and (k.endswith("-") or k.endswith(".lock") or "sub" in k)}  # useradd's
    assert set(left) - told - own == set(), left
    assert m.get("sys/bus/pci/devices/%s/driver_override" % OTHER) == ""
    assert "nothing to undo" in m.setup("--undo")[1]


def test_the_user_and_its_folder(folder):
    """The state of sensor and collector is the user's, what --undo reads is root's alone."""
    m = Machine(folder)
    state = m.path("var/lib/sightline")

    def owner(name=""):
        st = os.stat(os.path.join(state, name))
        return "%d:%d" % (st.st_uid, st.st_gid)

    m.setup("--user")
    uid, gid = [l.split(":")[2:4] for l in m.get("etc/passwd").splitlines() if l.startswith("sightline:")][0]
    mine = "%s:%s" % (uid, gid)
    assert owner() == mine != "0:0" and os.stat(state).st_mode & 0o777 == 0o770
    assert owner("../sightline-host-setup") == "0:0" and os.stat(m.path("var/lib")).st_uid == 0
    # Made by systemd for a sensor that is root, before there was the user: with what lies there, a link itself alone.
    m.put("var/lib/sightline/kept/set", "x")
    m.put("theirs", "x")
    os.symlink(m.path("theirs"), m.path("var/lib/sightline/link"))
    os.chown(state, 0, 0)
    _, out, _ = m.setup("--user", "--dry-run")
    assert "would give" in out and owner() == "0:0", out
    m.setup("--user")
    assert owner() == owner("kept") == owner("kept/set") == mine and os.stat(m.path("theirs")).st_uid == 0
    _, out, _ = m.setup("--user")
    assert "done" not in out, out
    m.setup("--undo")
    assert m.get("var/lib/sightline/kept/set") == "x"


def test_more_pages_are_somebody_elses(folder):
    m = Machine(folder)
    m.put("sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", "4096")
    m.setup("--huge", "512@0")
    assert m.get("sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages") == "4096"


def test_what_is_not_there(folder):
    m = Machine(folder)
    for args, word in ((["--huge", "8@5"], "is not there"), (["--bind", "0000:09:00.0"], "no such card"),
                       (["--bind", "nic9"], "no card on PCI")):
        assert word in m.setup(*args, check=1)[2], args


def test_unusable(folder):
    m = Machine(folder)
    before = m.tree()
    for args in (["--huge", "many"], ["--huge", "8@"], ["--huge"], ["--isolate", "0-3"], ["--isolate", "2-"],
                 ["--isolate", "2-99"], ["--no-iommu"], ["--nonsense"], []):
        _, out, err = m.setup(*args, check=2)
        assert err.count("\n") == 1, (args, out, err)
    assert m.tree() == before


def test_doctor_names_it(folder):
    """Every option that doctor gives as a mend is one."""
    _, out, _ = run(TOOL, "doctor", check=None)
    _, text, _ = run(SCRIPT, "--help")
    for line in out.splitlines():
        for word in line.split("host-setup.sh", 1)[1].split() if "host-setup.sh" in line else []:
            assert not word.startswith("--") or word in text, line


if __name__ == "__main__":
    main()
