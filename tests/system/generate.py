#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The benches' traffic generator: the same seed gives the same bytes, and what it says that it made is what tshark and the
sensor see, checksums and all, for each profile."""
import collections, hashlib, re
from harness import *

GENERATE = os.path.join(BUILD, "bench/generate/bench-generate")
PACKETS = 8000
KNOWN = ("web", "http", "tls", "dns", "dns-flood", "tunnels", "elephants")  # by tshark; what is noise it takes for many things
PLAIN = ("flows", "new-flows", "random", "smallest", "imix")
FRAMES = {"new-flows": {60}, "random": {60}, "smallest": {60}, "imix": {60, 590, 1514}}
BAD = ("ip.checksum.status==0 || tcp.checksum.status==0 || udp.checksum.status==0 || tcp.analysis.retransmission"
       " || tcp.analysis.lost_segment || tcp.analysis.out_of_order || tcp.analysis.ack_lost_segment")


def make(path, profile, *args):
    run(GENERATE, "-p", profile, "-n", PACKETS, "--told", path + ".told", *args, path)
    return stats(path + ".told")


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def listed(path, show, *fields):
    options = [x for n in ("ip", "tcp", "udp") for x in ("-o", n + ".check_checksum:TRUE")]
    _, out, _ = run("tshark", "-n", "-r", path, *options, "-Y", show, "-T", "fields", *[x for f in fields for x in ("-e", f)])
    return out.splitlines()


def seen(folder, path, *args):
    _, out, _ = sensor("-r", path, "--allow-empty", "--emit", "observables", "--stats", folder + "/stats", *args)
    st = stats(folder + "/stats")
    accounts(st)
    return lines(out), st


def test_same_seed_same_bytes(folder):
    a, b, c = (folder + "/" + n for n in "abc")
    for profile in KNOWN + PLAIN:
        make(a, profile, "--ipv6", 20, "--seed", 7)
        make(b, profile, "--ipv6", 20, "--seed", 7)
        make(c, profile, "--ipv6", 20, "--seed", 8)
        assert digest(a) == digest(b) != digest(c), profile
        assert stats(a + ".told") == stats(b + ".told"), profile


def test_what_was_made_is_what_is_seen(folder):
    for profile in KNOWN + PLAIN:
        path = folder + "/" + profile
        told = make(path, profile, "--ipv6", 20, "--flows", 300)
        got, st = seen(folder, path)
        count = collections.Counter(o["where"] for o in got)
        assert st["sightline_rx_packets_total"] == told["packets"] == PACKETS, profile
        assert st["sightline_rx_bytes_total"] == told["bytes"], profile
        assert st["sightline_flows_total"] == told["flows"], (profile, st["sightline_flows_total"], told)
        assert not any(v for k, v in st.items() if "checksum" in k or "sightline_drop_packets" in k), profile
        assert count["http.uri"] == told["http_requests"] and count["tls.sni"] == told["tls_hellos"], (profile, count, told)
        asked = sum(o["where"] == "dns.query" and o["direction"] == "to_server" for o in got)
        assert asked == told["dns_queries"], (profile, asked, told)
        versions = {o["type"] for o in got if o["where"] == "ip.src"}
        assert versions == {"ipv4-addr", "ipv6-addr"}, (profile, versions)


def test_tshark_agrees(folder):
    for profile in KNOWN + PLAIN:
        path = folder + "/" + profile
        told = make(path, profile, "--flows", 300)
        bad = listed(path, BAD + (" || _ws.malformed" if profile in KNOWN else ""), "frame.number")
        assert not bad, (profile, bad[:10])
        sizes = set(map(int, listed(path, "frame", "frame.len")))
        assert sizes == FRAMES.get(profile, sizes), (profile, sizes)
        if profile not in KNOWN:
            continue
        for show, name in (("http.request", "http_requests"), ("tls.handshake.type==1", "tls_hellos"),
                           ("dns.flags.response==0", "dns_queries")):
            got = len(listed(path, show, "frame.number"))
            assert got == told[name], (profile, show, got, told)


def test_flows_are_what_each_profile_says(folder):
    path = folder + "/a"
    for profile, flows in (("new-flows", PACKETS), ("random", PACKETS), ("dns-flood", PACKETS), ("flows", 2000), ("smallest", 2000)):
        args = () if flows == PACKETS else ("--flows", flows)
        assert make(path, profile, *args)["flows"] == flows, profile
        got, _ = seen(folder, path)
        addresses = {o["value"] for o in got if o["where"] in ("ip.src", "ip.dst")}
        if profile in ("random", "smallest"):  # one in 2^32 comes twice, now and then
            assert len(addresses) > 1.999 * flows, (profile, len(addresses))
        if profile == "dns-flood":
            names = {o["value"] for o in got if o["where"] == "dns.query"}
            assert len(names) == flows and len({n.split(".", 1)[1] for n in names}) <= 4, len(names)


def test_names_are_as_people_give_them(folder):
    path = folder + "/a"
    make(path, "web", "--names", 1000, "--flows", 300)
    got, _ = seen(folder, path)
    names = collections.Counter(o["value"] for o in got if o["where"] in ("tls.sni", "http.host"))
    assert 50 < len(names) <= 1000 and all(re.fullmatch(r"([a-z0-9-]{1,20}\.){1,6}[a-z]{2,4}", n) for n in names), names
    assert names.most_common(1)[0][1] > 10 * sorted(names.values())[len(names) // 2], names.most_common(3)


def test_tunnels_of_each_kind(folder):
    path = folder + "/a"
    make(path, "tunnels", "--ipv6", 50)
    for show in "vxlan", "gre", "ip.proto==4", "ip.proto==41":
        assert len(listed(path, show, "frame.number")) > PACKETS / 10, show


def test_marks_say_their_packet(folder):
    path = folder + "/a"
    told = make(path, "web", "--mark", 1000)
    got, _ = seen(folder, path)
    names = sorted(o["value"] for o in got if o["value"].endswith(".mark.example"))
    assert names == sorted("p%d.mark.example" % n for n in range(1000, PACKETS, 1000)) and told["marks"] == len(names), names
    found = listed(path, 'dns.qry.name=="p7000.mark.example"', "frame.number")
    assert found == ["7001"], found


def test_pipe_to_the_sensor(folder):
    with Running(GENERATE, "-n", PACKETS, "-") as make_:
        r = subprocess.run([SENSOR, "-r", "-", "--allow-empty", "--loop", "2", "--stats", folder + "/stats"], stdin=make_.p.stdout,
                           capture_output=True, timeout=PATIENCE)
    assert r.returncode == 0, r.stderr
    assert stats(folder + "/stats")["sightline_rx_packets_total"] == 2 * PACKETS


def test_arguments(folder):
    for args in ((), ("a", "b"), ("-p", "nosuch", "a"), ("-n", "0", "a"), (folder + "/no/such/folder",)):
        _, _, err = run(GENERATE, *args, check=2)
        assert "error:" in err, err
    _, _, err = run(GENERATE, "/dev/full", check=1)
    assert "No space left" in err, err


if __name__ == "__main__":
    main()
