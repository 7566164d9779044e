# SPDX-License-Identifier: BSD-3-Clause
"""Tables of indicators and of flows, each against DPDK's rte_hash with the same keys, in one process (bench/tables.c)."""
from row import ServedRow


class Ipv4(ServedRow):
    profile, what = "p4-ipv4", "10 M IPv4 addresses, uniform, looked up by batches of 64"
    unit, bound = "ns/lookup", 5.0
    program, args, short_args, counted = "bench-tables", ("ipv4", 10000000), ("ipv4", 100000), "sl_match"

    def start(self):
        super().start()
        self.baseline = "rte_hash_lookup_bulk of 64 keys, rte_hash_crc, EXT_TABLE | RW_CONCURRENCY_LF, 2 MiB pages"
        self.note = "sl_match over observables; one in 1000 is listed; both find the same"


class Domain(Ipv4):
    profile, what = "p6-domain", "5 M domains with all below them, names as hosts ask for, by batches of 64"
    unit, bound = "ns/name", 3.0
    args, short_args = ("domain", 5000000), ("domain", 100000)

    def start(self):
        super().start()
        self.baseline = ("rte_hash_lookup_bulk of every suffix of two labels or more, by 128 bits of its hash (sl_hash_bytes), "
                         "EXT_TABLE | RW_CONCURRENCY_LF, 2 MiB pages")


class Flow1m(ServedRow):
    profile, what = "p5-flow-1m", "1 M flows, chosen evenly, by bursts of 64: found, counted, timed out, swept"
    bound = 2.0
    program, args, short_args, counted = "bench-flow", (1000000,), (100000,), "bind_burst"

    def start(self):
        super().start()
        self.baseline = "rte_hash_lookup_bulk of 64 keys of 16 bytes, rte_hash_crc, EXT_TABLE, then a 64-byte record; 2 MiB pages"


class Flow10m(Flow1m):
    profile, what, bound = "p5-flow-10m", "the same of 10 M flows", 1.7
    args = (10000000,)
