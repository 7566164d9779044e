# SPDX-License-Identifier: BSD-3-Clause
"""What a sighting costs the worker that makes it (bench/handover.c)."""
from row import ServedRow


class Handover(ServedRow):
    profile, what = "p11-handover", "a worker's cost of a sighting: found, gathered, handed over in its ring"
    unit, bound = "ns/sighting", 6.0
    program = "bench-handover"

    def start(self):
        super().start()
        self.baseline = "protobuf-c get_packed_size and pack of the message that comes of it (%g bytes)" % self.facts["message_bytes"]
        self.note = "bursts of 64 listed names, less the same of names that aren't listed"

