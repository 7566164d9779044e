#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Files that messages carry: every content coding, the same whatever the number of workers; no allocation while they pass;
those kept on disk. Bombs are in bounds.py."""
import ctypes, fcntl, gzip, hashlib, json, os, struct, subprocess, zlib
from harness import *
from reload import HEADER

MSS = 1400
CRLF = b"\r\n"


def brotli(b):
    lib, out = ctypes.CDLL("libbrotlienc.so.1"), ctypes.create_string_buffer(len(b) + 1000)
    n = ctypes.c_size_t(len(out))
    assert lib.BrotliEncoderCompress(5, 22, 0, ctypes.c_size_t(len(b)), b, ctypes.byref(n), out) == 1
    return out.raw[:n.value]


def zstd(b):
    lib = ctypes.CDLL("libzstd.so.1")
    lib.ZSTD_compress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(len(b) + 1000)
    n = lib.ZSTD_compress(out, ctypes.c_size_t(len(out)), b, ctypes.c_size_t(len(b)), 3)
    return out.raw[:n]


CODINGS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "br": brotli, "zstd": zstd,
           "gzip, br": lambda b: brotli(gzip.compress(b))}


def segment(seconds, src, dst, sport, dport, seq, ack, flags, payload=b""):
    ip = lambda a: bytes(map(int, a.split(".")))
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 65535, 0, 0) + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + ip(src) + ip(dst)
    data = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + head + tcp
    return struct.pack("<IIII", seconds, 0, len(data), len(data)) + data


def session(number, *turns):
    """A TCP connection: turns of (from the server?, bytes)."""
    ends = [("10.0.%d.%d" % (number >> 8 & 255, number & 255), "192.0.2.80", 40000, 80)]
    ends.append((ends[0][1], ends[0][0], 80, 40000))
    seq = [1000, 9000]
    yield segment(1000, *ends[0], seq[0], 0, 2)
    yield segment(1000, *ends[1], seq[1], seq[0] + 1, 18)
    seq = [1001, 9001]
    yield segment(1000, *ends[0], *seq, 16)
    for server, data in turns:
        for at in range(0, len(data), MSS):
            part = data[at:at + MSS]
            yield segment(1000, *ends[server], seq[server], seq[not server], 24, part)
            seq[server] += len(part)
    for server in (1, 0):
        yield segment(1001, *ends[server], seq[server], seq[not server], 17)
        seq[server] += 1


def download(number, body, *head):
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body)] + [h.encode() for h in head]
    return session(number, (0, b"GET /f%d.bin HTTP/1.1\r\nHost: h.example\r\n\r\n" % number),
                   (1, CRLF.join(head) + CRLF + CRLF + body))


def written(path, *sessions):
    with open(path, "wb") as f:
        f.write(HEADER)
        for s in sessions:
            f.writelines(s)
    return path


def pages(n, size=20000):
    return [(b"<html>page %d " % i + b"".join(b"%x " % (j * i * 2654435761 & 0xffff) for j in range(size // 5))) for i in range(n)]


def every_coding(path, repeat=1):
    sessions, bodies = [], []
    for name, pack in CODINGS.items():
        for body in pages(repeat):
            body = name.encode() + body
            sessions.append(download(len(sessions), pack(body), "Content-Encoding: " + name))
            bodies.append(body)
    return written(path, *sessions), bodies


def hashes(path, *args):
    _, out, _ = sensor("--replay", path, "--emit", "observables", "--allow-empty", *args)
    return sorted(o["value"] for o in lines(out) if o["where"] == "file.sha256")


def test_every_coding_and_any_number_of_workers(folder):
    path, bodies = every_coding(folder + "/codings.pcap", 3)
    want = sorted(hashlib.sha256(b).hexdigest() for b in bodies)
    for workers in (1, 2, 3):
        assert hashes(path, "--workers", workers) == want


def test_a_listed_hash_is_sighted(folder):
    path, bodies = every_coding(folder + "/codings.pcap")
    with open(folder + "/intel.jsonl", "w") as f:
        for i, (b, hash) in enumerate(zip(bodies, ("md5", "sha1", "sha256") * 2)):
            f.write(json.dumps({"id": "i%d" % i, "type": "file", "where": "file." + hash, "source": "test",
                                "value": hashlib.new(hash, b).hexdigest()}) + "\n")
    _, out, _ = sensor("--replay", path, "-i", folder + "/intel.jsonl", "--emit", "sightings", "--stats", folder + "/stats")
    assert {i["id"] for s in lines(out) for i in s["indicators"]} == {"i%d" % i for i in range(len(bodies))}
    assert stats(folder + "/stats")["sightline_files_total"] == len(bodies)


def test_workers_allocate_nothing(folder):
    path, _ = every_coding(folder + "/codings.pcap", 5)
    library, first = folder + "/interpose.so", None
    run("cc", "-O2", "-shared", "-fPIC", "-o", library, os.path.join(TOP, "tests/system/interpose.c"), "-ldl")
    for loops in ("1", "10"):
        env = dict(os.environ, LD_PRELOAD=library, INTERPOSE_COUNTS=folder + "/counts")
        r = subprocess.run([SENSOR, "--replay", path, "--loop", loops, "--emit", "observables", "--allow-empty", "--workers", "2"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
        assert r.returncode == 0, r.stderr
        with open(folder + "/counts") as f:
            counts = dict((n, int(c)) for n, c in (l.split() for l in f))
        first = first or counts
        assert all(counts[n] - first[n] <= 2 for n in counts), (first, counts)


def stored(folder, path, policy, *args, intel=(), workers=2):
    """What is in a fresh store after a replay, and the counters."""
    store = "%s/store-%s-%d" % (folder, policy, len(os.listdir(folder)))
    os.mkdir(store)
    with open(folder + "/store.yaml", "w") as f:
        f.write("file_store:\n  dir: %s\n  policy: %s\n" % (store, policy) + "".join("  %s\n" % a for a in args))
    with open(folder + "/intel.jsonl", "w") as f:
        f.writelines(json.dumps({"id": v, "type": "file", "where": "file.sha256", "source": "test", "value": v}) + "\n" for v in intel)
    sensor("-c", folder + "/store.yaml", "--replay", path, "-i", folder + "/intel.jsonl", "--emit", "sightings", "--allow-empty",
           "--workers", workers, "--stats", folder + "/stats")
    kept = {}
    for name in os.listdir(store):
        with open(os.path.join(store, name), "rb") as f:
            kept[name] = f.read()
        assert hashlib.sha256(kept[name]).hexdigest() == name
    return kept, stats(folder + "/stats")


def test_store(folder):
    path, bodies = every_coding(folder + "/codings.pcap", 3)
    by_hash = {hashlib.sha256(b).hexdigest(): b for b in bodies}
    kept, st = stored(folder, path, "all")
    assert kept == by_hash and st["sightline_stored_files_total"] == len(bodies)
    listed = sorted(by_hash)[:4]
    kept, st = stored(folder, path, "matched", intel=listed)
    assert sorted(kept) == listed and st["sightline_stored_files_total"] == 4
    kept, st = stored(folder, path, "all", "types: [application/pdf, image/]")
    assert not kept
    kept, st = stored(folder, path, "all", "max_size: 1024")
    assert not kept and st['sightline_unstored_files_total{why="size"}'] == len(bodies)
    kept, st = stored(folder, path, "all", "quota: 20000")
    assert sum(map(len, kept.values())) <= 20000 and kept
    assert len(kept) + st['sightline_unstored_files_total{why="quota"}'] == len(bodies)


def test_store_counts_what_it_writes(folder):
    """A file that does not end takes its room meanwhile."""
    path = written(folder + "/open.pcap", list(download(1, b"x" * 40000))[:-16], download(2, b"y" * 20000))
    kept, st = stored(folder, path, "all", "quota: 30000", workers=1)
    assert not kept and st['sightline_unstored_files_total{why="quota"}'] == 1, st
    kept, st = stored(folder, path, "all", "quota: 60000", workers=1)
    assert len(kept) == 1 and st["sightline_stored_files_total"] == 1


def test_store_after_a_kill(folder):
    """What another run left half written is gone, unless that run is there still."""
    path, store = written(folder + "/one.pcap", download(1, b"y" * 20000)), folder + "/store"
    os.mkdir(store)
    for name in ".part-1-1-0", ".part-2-2-0":
        with open(os.path.join(store, name), "wb") as f:
            f.write(b"z" * 15000)
        os.utime(f.name, (1e9, 1e9))
    with open(folder + "/store.yaml", "w") as f:
        f.write("file_store:\n  dir: %s\n  policy: all\n  quota: 40000\n" % store)
    with open(store + "/.part-2-2-0") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        sensor("-c", folder + "/store.yaml", "--replay", path, "--allow-empty")
    assert sorted(os.listdir(store)) == [".part-2-2-0", hashlib.sha256(b"y" * 20000).hexdigest()]


def test_store_must_be_named(folder):
    with open(folder + "/none.yaml", "w") as f:
        f.write("file_store:\n  policy: all\n")
    path = written(folder + "/one.pcap", download(1, b"x"))
    _, _, err = run(SENSOR, "-c", folder + "/none.yaml", "--replay", path, "--allow-empty", check=2)
    assert "file_store.dir" in err
    with open(folder + "/none.yaml", "w") as f:
        f.write("file_store:\n  policy: all\n  dir: %s/nosuch\ncollector: tcp://127.0.0.1:%d\n" % (folder, free_port()))
    _, _, err = run(SENSOR, "-c", folder + "/none.yaml", "--replay", path, "--allow-empty", check=2, timeout=30)
    assert "file_store.dir %s/nosuch: " % folder in err, err


if __name__ == "__main__":
    main()
