# SPDX-License-Identifier: BSD-3-Clause
"""Indicators made up by seed, as plain lists."""
import os, random


def addresses(folder, name, v4, v6=0, networks=0):
    """Path of a list of public IPv4 addresses, IPv6 addresses and IPv4 networks of 16 to 30 bits."""
    path, r = os.path.join(folder, name), random.Random(v4)
    if os.path.exists(path):
        return path
    with open(path + ".part", "w", encoding="ascii") as f:
        for a in random.Random(v4).sample(range(0x0b000000, 0x64000000), v4):
            f.write("%d.%d.%d.%d\n" % (a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255))
        for _ in range(v6):
            a = r.getrandbits(64)
            f.write("2a%02x:%x:%x::%x:%x\n" % (a & 255, a >> 8 & 0xffff, a >> 24 & 0xffff, a >> 40 & 0xfff | 1, a >> 52 | 1))
        for _ in range(networks):
            bits = r.randint(16, 30)
            a = r.randrange(0x80000000, 0xa0000000) & -1 << 32 - bits
            f.write("%d.%d.%d.%d/%d\n" % (a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, bits))
    os.rename(path + ".part", path)
    os.utime(path, (1, 1))  # what was written just now is not put into the cache
    return path
