#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What Arkime's own tests expect of its sessions (ground-truth/arkime, one JSON file a capture) against what the sensor
says of the same captures: how many of Arkime's values are among ours, field by field. Not judged: captures made by a
generator (*_synthetic), link layers and protocols that no issue names (nflog, sctp-www, fbzero), versions of QUIC before
the IETF's, ports."""
import collections, ipaddress, re
from harness import *

LEFT_OUT = re.compile(r"_synthetic|nflog|sctp-www|quic24|quic33|quic43|fbzero")
BOUND = 0.98
JUDGED = ["hosts", "URIs", "DNS", "mail addresses", "file hashes"]
DOMAINS = ("http.host", "tls.sni", "quic.sni", "http2.authority")
# row -> (Arkime's fields, the wheres of which one has to say the value)
ROWS = {
    "hosts": (("http.host",), DOMAINS),
    "URIs": (("http.uri",), ("http.url",)),
    "DNS": (("dns.host", "dns.queryHost", "dns.ip", "dns.nameserverHost", "dns.nameserverIp", "dns.mailserverHost"),
            ("dns.query", "dns.answer.name", "dns.answer.ip", "mdns.query", "llmnr.query")),
    "mail addresses": (("email.src", "email.dst"), ("email.from", "email.to", "smtp.mail_from", "smtp.rcpt_to")),
    "file hashes": (("http.md5", "http.sha256", "email.md5", "email.sha256"), ("file.md5", "file.sha256")),
    "mail": (("email.subject", "email.id"), ("email.subject", "email.message_id")),
    "TLS": (("tls.ja3", "tls.ja3s", "tls.ja4", "cert.hash"), ("ja3.hash", "ja3s.hash", "ja4.hash", "tls.cert_sha1")),
    "SSH": (("ssh.hassh", "ssh.hasshServer"), ("ssh.hassh", "ssh.hasshserver")),
    "HTTP": (("http.useragent", "http.xffIp", "http.method"), ("http.user_agent", "http.xff", "http.method")),
    "QUIC": (("quic.host",), DOMAINS),
    "HELO": (("email.smtpHello",), ("smtp.helo",)),
    "users": (("user",), ("ftp.user", "ntlm.user")),
    "NBNS": (("nbns.queryHost",), ("nbns.query",)),
    "file names": (("ftp.filename", "tftp.filename", "smb.filename", "email.filename"), ("ftp.file", "tftp.file", "smb.file", "file.name")),
}


def values(node, path):
    """Every value at a path of names, through lists."""
    if isinstance(node, list):
        for n in node:
            yield from values(n, path)
    elif not path:
        yield str(node)
    elif isinstance(node, dict) and path[0] in node:
        yield from values(node[path[0]], path[1:])


def without_port(name):
    return re.sub(r":\d+$", "", name) if name.count(":") == 1 or name.startswith("[") else name


def url_key(url):
    """Arkime writes host, port, target; escapes as they stand."""
    host, slash, target = re.sub(r"^(\w+://|//)", "", url).partition("/")
    target = re.sub(r"%([0-9A-Fa-f]{2})", lambda m: chr(int(m.group(1), 16)), target.partition("#")[0])
    return without_port(host.lower()).rstrip(".") + "/" + re.sub(r"[^ -~]+", "?", target)


def plain(field, value):
    if field in ("http.uri", "http.url"):
        return url_key(value)
    if field == "cert.hash":
        value = value.replace(":", "")
    if field in ("http.xffIp", "http.xff") or field.lower().endswith("ip"):
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            pass
    value = value.lower().strip().rstrip(".").rstrip()
    if field in ("http.host", "quic.host") + DOMAINS:
        value = without_port(value).strip("[]")
    if field.endswith("filename"):
        value = re.split(r"[\\/]", value)[-1]
    return re.sub(r"[^ -~]+", "?", re.sub(r"\\x[0-9a-f]{2}", "?", value))


def expected(capture):
    want = collections.defaultdict(set)
    with open(data("ground-truth/arkime", capture + ".test"), encoding="utf-8") as f:
        for session in json.load(f)["sessions3"]:
            for row, (fields, _) in ROWS.items():
                for field in fields:
                    if field in ("http.md5", "http.sha256") and "application/x-gzip" in values(session["body"], ["http", "bodyMagic"]):
                        continue  # Arkime hashes a coded body as it is on the wire, the sensor what it holds
                    for v in values(session["body"], field.split(".")):
                        if v not in ("<root>", "*"):  # the empty name and the target that is no URL: nobody looks for them
                            want[row, field].add(plain(field, v))
    return want


def seen(capture):
    got = collections.defaultdict(set)
    _, out, err = sensor("--replay", data("pcap/arkime+arkime", capture + ".pcap"), "--emit", "observables", "--allow-empty",
                         check=None)
    for o in lines(out):
        got[o["where"]].add(plain(o["where"], o["value"]))
    return got


def compare():
    """row and field -> [values of Arkime's, those among ours]; what is missed."""
    names = sorted(n[:-5] for n in os.listdir(data("ground-truth/arkime")) if n.endswith(".test"))
    counted, missed, captures = collections.defaultdict(lambda: [0, 0]), [], 0
    for name in names:
        if LEFT_OUT.search(name) or not os.path.exists(data("pcap/arkime+arkime", name + ".pcap")):
            continue
        captures += 1
        want, got = expected(name), seen(name)
        for (row, field), vals in want.items():
            ours = set().union(*(got[w] for w in ROWS[row][1]))
            for v in vals:
                for key in ((row, field), (row, None)):
                    counted[key][0] += 1
                    counted[key][1] += v in ours
                if v not in ours:
                    missed.append((row, field, name, v))
    return counted, sorted(missed), captures


def test_sessions(folder):
    counted, missed, captures = compare()
    short = []
    for row in ROWS:
        for (r, field), (n, found) in sorted(counted.items(), key=lambda c: (c[0][0], c[0][1] or "")):
            if r == row:
                print("%-30s %5d of %5d  %.4f" % (field and "    " + field or row, found, n, found / n))
        n, found = counted[row, None]
        if row in JUDGED and (n == 0 or found / n < BOUND):
            short.append(row)
    for m in missed:
        print("missed  " + "  ".join(m)[:160])
    assert captures > 80, "only %d captures" % captures
    assert not short, "below %.2f: %s" % (BOUND, ", ".join(short))


if __name__ == "__main__":
    main(needs_data=True)
