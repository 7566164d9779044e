#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A program of yours that reads the stream of sightings, with Debian's python3-zmq, python3-protobuf and
protobuf-compiler: subscribe.py [URL [COUNT]]. The messages are described in sightline.proto; protoc makes the Python
module from it when this starts (a program that is installed somewhere would do that once)."""
import importlib, os, secrets, subprocess, sys, tempfile

import zmq


def proto_file():
    """In a checkout beside this file's folder; installed, where pkg-config says."""
    here = os.path.dirname(os.path.abspath(__file__))
    beside = os.path.join(here, "../../lib/wire/sightline.proto")
    if os.path.exists(beside):
        return os.path.abspath(beside)
    return subprocess.run(["pkg-config", "--variable=proto", "sightline"], check=True, capture_output=True,
                          text=True).stdout.strip()


def messages():
    path = proto_file()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["protoc", "--proto_path", os.path.dirname(path), "--python_out", folder, path], check=True)
        sys.path.insert(0, folder)
        return importlib.import_module("sightline_pb2")


def main():
    url = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:7611"
    left = int(sys.argv[2]) if len(sys.argv) > 2 else -1
    wire = messages()
    socket = zmq.Context().socket(zmq.SUB)
    socket.subscribe(b"sighting/")
    # The publisher answers under a topic that begins with ready/: what was subscribed to before it is in force then.
    ready = b"ready/" + secrets.token_hex(16).encode()
    socket.subscribe(ready)
    socket.connect(url)
    last = {}
    while left != 0:
        topic, message = socket.recv_multipart()
        if topic == ready:
            print("subscribed to", url, file=sys.stderr, flush=True)
            continue
        s = wire.Sighting.FromString(message)
        before = last.get((s.sensor, s.boot), s.seq - 1)
        if s.seq > before + 1:
            print(s.seq - before - 1, "sightings of", s.sensor, "were lost", file=sys.stderr)
        last[s.sensor, s.boot] = max(s.seq, before)
        names = ", ".join("%s of %s" % (i.id, i.source) for i in s.indicators)
        print("%s %s=%s seen %d times, %s -> %s, %s" % (s.id, s.observable.where, s.observable.value, s.count, s.flow.src,
                                                       s.flow.dst, names), flush=True)
        left -= 1


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
