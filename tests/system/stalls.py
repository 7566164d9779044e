#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A sensor on a port where something does not go on: a worker that is kept from its work or stands still, the dispatcher,
the whole process, who reads what it says, a collector that is away. Needs root, for a network namespace."""
import ctypes, hashlib, os, signal, time
from harness import *
from files import download, written
from metrics import get, read, when
from ports import Live, command, flood_file, main_in_namespace, pair, received, with_mark_only

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 17, 0x4206, 0x4207, 0x40000000


def ptrace(what, tid):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    assert libc.ptrace(what, tid, None, None) == 0, os.strerror(ctypes.get_errno())


def thread(pid, name):
    tasks = "/proc/%d/task" % pid
    return {open("%s/%s/comm" % (tasks, t)).read().strip(): int(t) for t in os.listdir(tasks)}[name]


def test_overload(folder):
    """A worker that is kept from its work finds its ring full, sheds, and says so; what headers say of what was received is
    matched, and what was not is counted."""
    end, port = pair(0, 1500)
    capture = flood_file(folder)
    with Live(folder, ["afpacket:" + port], *with_mark_only(folder), "--workers", "1", ring="1MiB", watchdog="600s") as live:
        sent, tid = live.mark(end), thread(live.run.p.pid, "rte-worker-1")
        while b"overload: worker 0 sheds bodies" not in live.run.text["err"]:
            ptrace(PTRACE_SEIZE, tid)
            ptrace(PTRACE_INTERRUPT, tid)
            os.waitpid(tid, WALL)
            sent += live.send(capture, "--topspeed", "--preload-pcap", "--loop", "4", "-i", end)
            ptrace(PTRACE_DETACH, tid)
            live.told("overload")
        sent += live.mark(end)
        live.run.until("the overload is over")
        _, _, st = live.end()
    assert received(st, sent) > 0
    assert st['sightline_shed_entries_total{level="bodies"}'] > 0 and st['sightline_shed_flows_total{level="bodies"}'] > 0
    assert st['sightline_worker_shed_level{worker="0"}'] == 0


def test_lost_ends_of_files(folder):
    """Nobody reads what is said, and more files end meanwhile than the store has open at once: afterwards it has room."""
    end, port = pair(0, 1500)
    os.mkdir(folder + "/store")
    bodies = [b"%d " % i * 700 for i in range(300)]
    records = [list(download(i, b)) for i, b in enumerate(bodies)]
    begun = written(folder + "/begun.pcap", *(r[:5] for r in records))
    rest = written(folder + "/rest.pcap", *(r[5:] for r in records))
    last = written(folder + "/last.pcap", download(900, b"last" * 500))
    more = "ring: 1MiB\nfile_store:\n  policy: all\n  dir: %s/store\n" % folder
    with Live(folder, ["afpacket:" + port], "--allow-empty", "--emit", "observables", "--workers", "1", "--metrics", "0",
              "--shed", "never", more=more) as live:
        url, how = live.url(), ("--preload-pcap", "--pps", "3000", "-i", end)
        live.send(begun, *how)
        assert live.told("/f299.bin", PATIENCE)
        command("tcpreplay", "-q", *how, flood_file(folder))
        when(url, lambda v: v["sightline_ring_dropped_records_total"] > 1000)
        before = read(get(url))["sightline_rx_packets_total"]
        command("tcpreplay", "-q", *how, rest)
        when(url, lambda v: v["sightline_rx_packets_total"] >= before + sum(len(r[5:]) for r in records))
        when(url, lambda v: (v['sightline_unstored_files_total{why="partial"}'] > 250, live.run._pump(0))[0])
        live.send(last, *how)
        when(url, lambda v: (v["sightline_stored_files_total"] > 0, live.run._pump(0))[0])
        _, _, st = live.end()
    assert hashlib.sha256(b"last" * 500).hexdigest() in os.listdir(folder + "/store")


def stopped(folder, name, said, **how):
    """One thread is stopped, as a fault of the machine might: the watchdog says which, and ends the process."""
    _, port = pair(0, 1500)
    with Live(folder, ["afpacket:" + port], *with_mark_only(folder), "--workers", "2", watchdog="300ms", **how) as live:
        tid = thread(live.run.p.pid, name)
        ptrace(PTRACE_SEIZE, tid)
        ptrace(PTRACE_INTERRUPT, tid)
        live.run.until(said + " has stood still")
        while not os.WIFSIGNALED(status := os.waitpid(tid, WALL)[1]) and not os.WIFEXITED(status):
            pass
        _, _, st = live.end(check=1, sig=None)
    assert st["sightline_worker_stalls_total"] == 1, st


def test_stalled_worker(folder):
    stopped(folder, "rte-worker-2", "worker 1")


def test_stalled_dispatcher(folder):
    """The thread that takes from the port for all workers."""
    stopped(folder, "sl-dispatcher", "the dispatcher", spread="inner")


def test_end_without_a_collector(folder):
    """It is waited for longer than the watchdog is patient: workers that have ended don't stand still."""
    end, port = pair(0, 1500)
    nobody = "tcp://127.0.0.1:%d" % free_port()
    with Live(folder, ["afpacket:" + port], *with_mark_only(folder), "--workers", "2", "--collector", nobody,
              watchdog="300ms") as live:
        marks = live.mark(end)
        _, err, st = live.end(sig=signal.SIGTERM)
    assert "stood still" not in err and "could not be delivered" in err, err
    assert received(st, marks) == 0 and st["sightline_collector_lost_sightings_total"] > 0
    assert st["sightline_worker_stalls_total"] == 0


def test_stopped_process(folder):
    """All of it stands still, as in a guest that is paused: nobody is to blame, and it goes on."""
    end, port = pair(0, 1500)
    with Live(folder, ["afpacket:" + port], *with_mark_only(folder), "--workers", "2", watchdog="300ms") as live:
        command("ip", "link", "set", port, "down")
        live.run.until("link down")  # it looks
        command("ip", "link", "set", port, "up")
        live.run.until("link up")
        live.run.p.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        while time.monotonic() < begun + 1:
            live.run._pump(0.1)
        live.run.p.send_signal(signal.SIGCONT)
        marks = live.mark(end)
        _, err, st = live.end()
    assert "has stood still" not in err, err
    assert st["sightline_worker_stalls_total"] == 0
    assert st["sightline_watchdog_late_nanoseconds_total"] > 5e8, st["sightline_watchdog_late_nanoseconds_total"]
    assert received(st, marks) == 0


if __name__ == "__main__":
    main_in_namespace()
