#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Decode sees the outermost addresses of every packet in which tshark sees some.

    addresses.py DECODE_ADDRESSES [DATA [JOBS]]

Packets are left out where the way to IP leads through a layer that is not decoded (yet): they are
counted by that layer. What differs is printed; the last line is `N packets agree, N differ`."""
import collections
import multiprocessing
import os
import subprocess
import sys

SUFFIXES = ('.pcap', '.pcapng', '.cap', '.trace', '.dmp', '.pcap.gz')
LINKS = {'eth', 'ethertype', 'vlan', 'ieee8021ad', 'llc', 'null', 'raw', 'sll', 'frame', 'pkt_comment',
         'loop', 'mpls', 'pwethheuristic', 'pwethnocw', 'pwethcw', 'pppoes', 'ppp', 'chdlc', 'fr', 'wlan', 'wlan_radio',
         'radiotap', 'prism', 'wlancap'}
TSHARK = ['tshark', '-n', '-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE',
          '--disable-protocol', 'tcp', '--disable-protocol', 'udp', '--disable-protocol', 'icmp',
          '--disable-protocol', 'icmpv6', '--disable-protocol', 'sctp', '-T', 'fields', '-E', 'occurrence=f',
          '-e', 'frame.encap_type', '-e', 'frame.protocols', '-e', 'ip.src', '-e', 'ip.dst', '-e', 'ipv6.src',
          '-e', 'ipv6.dst', '-e', 'ip.cur_rt']


def captures(data):
    for top in ('pcap', 'suricata-verify'):
        for folder, _, names in os.walk(os.path.join(data, top)):
            for name in sorted(names):
                if name.lower().endswith(SUFFIXES):
                    yield os.path.join(folder, name)


def lines(command):
    text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return text.decode(errors='replace').splitlines()


def outermost(fields):
    """(addresses, None), or (None, the layer that leads to them) where they are not decode's to see."""
    _, protocols, src, dst, src6, dst6, hop = (fields + [''] * 7)[:7]
    for layer in protocols.split(':'):
        # With a source route tshark's ip.dst is its last hop; the header's own is told beside it.
        if layer == 'ip':
            return ((src, hop or dst), None) if dst else (None, 'an IP header that is cut or no IPv4')
        if layer == 'ipv6':
            return ((src6, dst6), None) if dst6 else (None, 'an IPv6 header that is cut')
        if layer not in LINKS:
            return None, layer
    return None, 'a header that is cut'


def compare(job):
    program, path = job
    own = {}
    for line in lines([program, path]):
        number, *rest = line.split('\t')
        own[number] = rest
    agree, other, wrong = 0, collections.Counter(), []
    if any(rest == ['linktype'] for rest in own.values()):
        return path, 0, other, wrong
    number = 0
    for line in lines(TSHARK + ['-r', path]):
        fields = line.split('\t')
        number += fields[0] != ''  # tshark numbers pcapng's other blocks, too; they have no link type
        if fields[0] == '' or not any(fields[2:]):
            continue
        addresses, layer = outermost(fields)
        if addresses is None:
            other[layer] += 1
            continue
        seen = own.get(str(number), ['no packet'])
        if tuple(seen[1:3]) == addresses:
            agree += 1
        else:
            wrong.append((number, fields[1], addresses, seen))
    return path, agree, other, wrong


def main():
    program = sys.argv[1]
    data = sys.argv[2] if len(sys.argv) > 2 else os.environ.get('SIGHTLINE_DATA', '../shared/data')
    jobs = int(sys.argv[3]) if len(sys.argv) > 3 else os.cpu_count()
    paths = [(program, p) for p in captures(data)]
    if not paths:
        print(f'no captures under {data}: set SIGHTLINE_DATA', file=sys.stderr)
        return 2
    agree, differ, other = 0, 0, collections.Counter()
    with multiprocessing.Pool(jobs) as pool:
        for path, good, layers, wrong in pool.imap_unordered(compare, paths):
            agree += good
            differ += len(wrong)
            other += layers
            for number, protocols, addresses, seen in wrong[:5]:
                print(f'{path}: {number}: tshark {addresses} ({protocols}), decode {seen}')
    for layer, count in other.most_common():
        print(f'left out: {count} packets by way of {layer}')
    print(f'{len(paths)} captures: {agree} packets agree, {differ} differ')
    return 1 if differ else 0


if __name__ == '__main__':
    sys.exit(main())
