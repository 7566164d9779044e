#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every capture of $SIGHTLINE_DATA has as many packets for us as for capinfos (package tshark).

    counts.py CAPTURE_COUNT [DATA]

A file that capinfos can't read to its end must be damaged for us too, with the same packets before
the damage; one whose link type it merely does not know is only read. Prints `N passed, N failed`."""
import os
import re
import subprocess
import sys

SUFFIXES = ('.pcap', '.pcapng', '.cap', '.trace', '.dmp', '.pcap.gz', '.ntar')
BATCH = 200
# Wiretap guesses at older forms of the record header where a second record makes no sense, and takes
# one more packet from the year 1925; read as its own header says it is, the file has one.
OTHERWISE = {'bug-6875-01/fuzz.pcap': 1}


def captures(data):
    for top in ('pcap', 'suricata-verify', 'bench-mix.pcap.gz'):
        path = os.path.join(data, top)
        if os.path.isfile(path):
            yield path
        for folder, _, names in os.walk(path):
            for name in names:
                if name.lower().endswith(SUFFIXES):
                    yield os.path.join(folder, name)


def batches(paths):
    for i in range(0, len(paths), BATCH):
        yield paths[i:i + BATCH]


def ours(program, paths):
    """path -> (packets, error, words)"""
    out = {}
    for batch in batches(paths):
        text = subprocess.run([program, *batch], stdout=subprocess.PIPE, check=True).stdout.decode()
        for line in text.splitlines():
            packets, error, path, words = line.split('\t')
            out[path] = (int(packets), int(error), words)
    return out


def theirs(path):
    """(packets, complaint): packets None where it can't be opened."""
    run = subprocess.run(['capinfos', '-Mcr', path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = run.stdout.decode(errors='replace')
    found = re.search(r'Number of packets\s*[:=]\s*(\d+)', text)
    packets = int(found.group(1)) if found else None
    partial = re.search(r'after reading (\d+) packets', text)
    if partial:
        packets = int(partial.group(1))
    return packets, text.strip() if run.returncode else ''


def judge(path, own):
    packets, error, words = own
    expected, complaint = theirs(path)
    for name, count in OTHERWISE.items():
        expected = count if path.endswith(name) else expected
    if complaint and re.search(r'network type|unsupported|reserved field', complaint) and expected is None \
            and 'version' not in complaint:
        return None  # a matter of link types, which are not the reader's
    if complaint and error == 0:
        return f'capinfos: {complaint!r}; here it is read whole, {packets} packets'
    if not complaint and error:
        return f'capinfos: {expected} packets; here: {packets}, then {words}'
    if expected is not None and expected != packets:
        return f'capinfos: {expected} packets {complaint!r}; here: {packets} {words}'
    return None


def main():
    program = sys.argv[1]
    data = sys.argv[2] if len(sys.argv) > 2 else os.environ.get('SIGHTLINE_DATA', '../shared/data')
    paths = sorted(captures(data))
    if not paths:
        print(f'no captures under {data}: set SIGHTLINE_DATA', file=sys.stderr)
        return 2
    own = ours(program, paths)
    failed = 0
    for path in paths:
        wrong = judge(path, own[path])
        if wrong:
            failed += 1
            print(f'{path}: {wrong}')
    print(f'{len(paths) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
