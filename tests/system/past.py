#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""`intel check --against`: what it says that indicators would have done is what the sensor then counts."""
import collections, gzip, ipaddress, random, shutil
from harness import *

CAPTURES = ["agenttesla/beacon.pcap", "agenttesla/mail.pcap", "maltrail/trails.pcap", "jar/office.pcap.gz"]
# Of these one value may stand at several places.
LOOSE = {"ipv4-addr", "ipv6-addr", "domain-name", "url", "user-agent"}


HOME = [ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
                                          "fc00::/7", "fe80::/10")]


def host_of(flow):
    """The end at home; the initiator where both or neither are."""
    src, dst = (any(ipaddress.ip_address(flow[k]) in n for n in HOME) for k in ("src", "dst"))
    return flow["dst"] if dst and not src else flow["src"]


def observables(capture, path, workers=1):
    _, out, _ = sensor("--replay", capture, "--emit", "observables", "--allow-empty", "--workers", workers)
    with open(path, "w") as f:
        f.write(out)
    return lines(out)


def feed(obs, path, rng, most=2000):
    """Every value once, by its type or narrowed to a place, names with what is below them in turn."""
    values = {}
    for o in obs:
        values.setdefault(o["value"], (o["type"], o["where"]))
    chosen = rng.sample(sorted(values), min(most, len(values)))
    with open(path, "w") as f:
        for n, value in enumerate(chosen):
            kind, where = values[value]
            i = {"id": "i%d" % n, "value": value, "type": kind}
            if kind not in LOOSE or n % 4 == 0:
                i["where"] = where
            if kind == "domain-name" and n % 2:
                i["match"] = "suffix"
            f.write(json.dumps(i) + "\n")


def fired(capture, intel):
    """id -> (observations, hosts) as the sensor counts them."""
    _, out, _ = sensor("--replay", capture, "--intel", intel, "--emit", "sightings", "--workers", 1, "--allow-empty")
    count, hosts = collections.Counter(), collections.defaultdict(set)
    for s in latest(lines(out)).values():
        for i in s["indicators"]:
            if i["part"] == "":
                count[i["id"]] += s["count"]
                hosts[i["id"]].add(host_of(s["flow"]))
    return {i: (count[i], len(hosts[i])) for i in count}


def told(intel, *against):
    args = [a for path in against for a in ("--against", path)]
    _, out, _ = run(TOOL, "intel", "check", "--json", *args, intel, check=None)
    return {f["id"]: (f["past"]["count"], f["past"]["hosts"]) for f in lines(out)
            if "past" in f and not f["past"]["at_most"]}


def hold(capture, folder, most=2000):
    rng = random.Random(4)
    path, intel = os.path.join(folder, "o.jsonl"), os.path.join(folder, "i.jsonl")
    feed(observables(capture, path), intel, rng, most)
    real, said = fired(capture, intel), told(intel, path)
    assert said, "nothing was told of %s" % capture
    wrong = [(i, said[i], real.get(i)) for i in said if said[i] != real.get(i, (0, 0))]
    silent = [i for i in real if i not in said]
    assert not wrong, "%s: %d of %d: %s" % (capture, len(wrong), len(said), wrong[:5])
    assert not silent, "%s: nothing is told of %s" % (capture, silent[:5])
    return len(said)


def test_counts_are_the_sensors(folder):
    for c in CAPTURES:
        print("%s: %d values" % (c, hold(sample(c), folder)))


def test_a_capture_is_as_good_as_its_observables(folder):
    intel, path = os.path.join(folder, "i.jsonl"), os.path.join(folder, "o.jsonl")
    for c in CAPTURES:
        feed(observables(sample(c), path), intel, random.Random(1))
        whole = told(intel, path)
        assert told(intel, sample(c)) == whole
        # Lines of several workers come in another order.
        observables(sample(c), path, workers=3)
        assert told(intel, path) == whole
        with open(path, "rb") as f, gzip.open(path + ".gz", "wb") as z:
            shutil.copyfileobj(f, z)
        assert told(intel, path + ".gz") == whole
        assert told(intel, path, path) == {i: (2 * n, h) for i, (n, h) in whole.items()}


def test_what_cannot_be_read(folder):
    intel, odd = os.path.join(folder, "i.txt"), os.path.join(folder, "odd")
    with open(intel, "w") as f:
        f.write("evil.example\n")
    for name, content, word in (("none", None, "No such file"), ("text", b"no capture\n", "could not read it"),
                                ("json", b'{"a":1}\n', "no observables"), ("empty", b"", "could not read it")):
        if content is not None:
            with open(odd, "wb") as f:
                f.write(content)
        path = odd if content is not None else os.path.join(folder, "missing")
        status, out, err = run(TOOL, "intel", "check", "--against", path, intel, check=2)
        assert word in err and path in err, (name, err)
        assert out == "", (name, out)
    os.mkfifo(folder + "/pipe")
    for pipe in "-", folder + "/pipe":
        _, _, err = run(TOOL, "intel", "check", "--against", pipe, intel, check=2, timeout=30)
        assert "--against %s: a pipe can't be looked at and then read; give a file" % pipe in err, err
    _, _, err = run(TOOL, "intel", "check", "--against", "tcp://127.0.0.1:7613", intel, check=2)
    assert "a running sensor is asked alone, by http://ADDRESS:PORT" in err, err
    # A line that is none of a sensor's costs that line, and is told.
    observables(sample("maltrail/trails.pcap"), odd)
    with open(odd, "a") as f:
        f.write('{"record":"obs')
    _, out, err = run(TOOL, "intel", "check", "--against", odd, intel)
    assert "1 lines are no records" in err and "asked about 83 observables" in out, (out, err)


def test_a_tool_without_a_sensor(folder):
    """Installed alone: it says what is missing, and reads observables all the same."""
    intel, tool = os.path.join(folder, "i.txt"), os.path.join(folder, "sightline")
    with open(intel, "w") as f:
        f.write("evil.example\n")
    shutil.copy(TOOL, tool)
    env = {"PATH": folder}
    r = subprocess.run([tool, "intel", "check", "--against", sample("maltrail/trails.pcap"), intel], env=env,
                       capture_output=True, text=True)
    assert r.returncode == 2 and "sightline-sensor" in r.stderr, r
    path = os.path.join(folder, "o.jsonl")
    observables(sample("maltrail/trails.pcap"), path)
    r = subprocess.run([tool, "intel", "check", "--against", path, intel], env=env, capture_output=True, text=True)
    assert r.returncode == 0, r


if __name__ == "__main__":
    main()
