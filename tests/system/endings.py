#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How the sensor ends when it is asked to: at the start, between captures, and while nobody reads what it writes."""
import array, fcntl, os, signal, subprocess, termios, time
from harness import *
from reload import FILLER, HEADER, frame, native, query


def drained(pipe):
    """Waits until what was written has been read at the other end."""
    left = array.array("i", [1])
    end = time.monotonic() + PATIENCE
    while left[0]:
        fcntl.ioctl(pipe, termios.FIONREAD, left)
        assert time.monotonic() < end, "nobody reads"


def one_pair(path, packets):
    """Queries between one pair of addresses, so that one worker has them all."""
    with open(path, "wb") as f:
        f.write(HEADER + b"".join(frame(1000 + i // 1000, "10.0.0.1", "192.0.2.1", 1024 + i % 60000, 53,
                                       query(i & 0xffff, "n%d.example" % i)) for i in range(packets)))


def test_interrupt_while_the_pipe_is_awaited(folder):
    with Running(SENSOR, "--replay", "-", "--allow-empty", stdin=subprocess.PIPE) as run:
        run.p.stdin.write(HEADER)
        run.p.stdin.flush()
        drained(run.p.stdin)
        run.end(signal.SIGINT)


def test_interrupt_with_workers_in_different_captures(folder):
    """One worker can't go on in the first capture, because nobody reads; the others are done with the second."""
    big, pipe = folder + "/big.pcap", folder + "/pipe"
    one_pair(big, 60000)
    os.mkfifo(pipe)
    with Running(SENSOR, "--replay", big, "--replay", pipe, "--emit", "observables", "--workers", 3, "--stats",
                 folder + "/stats") as run:
        # The loader reads beyond the first pieces of the pipe only once the first capture is wholly handed out.
        with open(pipe, "wb", buffering=0) as f:
            f.write(HEADER)
            for _ in range(40):
                f.write(FILLER)
            drained(f)
            run.end(signal.SIGINT)
    accounts(stats(folder + "/stats"))


def test_asked_twice_while_a_reload_waits(folder):
    """Workers wait for whoever reads standard output, the reload for the workers: a signal still ends the sensor."""
    big, feed = folder + "/big.pcap", folder + "/intel.jsonl"
    one_pair(big, 60000)
    with open(feed, "w") as f:
        f.write(native(("domain-name", "one.example")) + '{"type":"domain-name","value":"!"}\n')
    with Running(SENSOR, "--replay", big, "-i", feed, "--emit", "observables", "--workers", 1) as run:
        run.until("intel.jsonl:2")
        run.until("1 armed")
        del run.files["out"]  # nobody reads
        left = array.array("i", [0])
        before = -1
        while left[0] != before or before == 0:  # the pipe is full; the ring behind it soon is
            before = left[0]
            run._pump(0.5)
            fcntl.ioctl(run.p.stdout, termios.FIONREAD, left)
        run.p.send_signal(signal.SIGHUP)
        run.until("intel.jsonl:2", count=2)
        end = time.monotonic() + PATIENCE
        while run.p.poll() is None and time.monotonic() < end:
            run.p.send_signal(signal.SIGINT)
            run._pump(0.1)
        assert run.p.poll() == 1, run.p.poll()


if __name__ == "__main__":
    main()
