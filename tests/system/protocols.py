#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What tshark finds of the long tail of protocols in the captures (protocols.tsv: our place, tshark's fields, its filter,
the form of a value) against what the sensor says of them: how many of tshark's values are among ours. Where the form is
`flow`, the place is the name of an application, and flows are compared instead of values.
`protocols.py report [WORD...]` prints each value missed and each that is only ours, of the places that begin so."""
import collections, concurrent.futures, ipaddress, re
import made
from harness import *

BOUND = 0.99
MARK = "\x02"  # between the values of a field
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "protocols.tsv")
# capture, place, value: what tshark says wrongly, or of bytes that are not there; with the reason
KNOWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "protocols-known.tsv")
Row = collections.namedtuple("Row", "where fields filter form")


def table(path, columns):
    with open(path, encoding="utf-8") as f:
        for n, line in enumerate(f, 1):
            if line.strip() and not line.startswith("#"):
                cells = line.rstrip("\n").split("\t")
                assert len(cells) == columns, "%s:%d has %d columns, not %d" % (path, n, len(cells), columns)
                yield cells


def rows():
    return [Row(w, tuple(f.split(",")), y, form) for w, f, y, form in table(TABLE, 4)]


def folded(text):
    """Bytes that are no printable ASCII are written in as many ways as there are programs."""
    return re.sub(r"[^ -~]+", "?", re.sub(r"(\\x[0-9a-f]{2})+", "?", text)).strip()


def plain(form, value):
    if form == "addr":
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            return value
    if form == "hex":
        return value.replace(":", "").lower().removeprefix("0x")
    if form == "number":
        return str(int(value, 0)) if re.fullmatch(r"\d+|0x[0-9a-fA-F]+", value) else value
    if form == "last":  # of what a word and an equals sign stand before
        value = value.split("=")[-1]
    if form == "sip":  # tshark leaves the parameters of a URI at it
        value = re.sub(r"^([^@]*@[^;?]*|[^@;?]*).*$", r"\1", value)
    value = folded(value.replace("\\\\", "\\"))
    return value.rstrip(".").lower() if form in ("name", "email") else value.lower() if form in ("lower", "sip") else value


def flow_of(a, aport, b, bport):
    ends = sorted([(str(ipaddress.ip_address(a)), int(aport)), (str(ipaddress.ip_address(b)), int(bport))])
    return "%s:%d %s:%d" % (*ends[0], *ends[1])


ENDS = ["ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "udp.srcport", "tcp.dstport", "udp.dstport"]


def ends_of(cells):
    """The innermost addresses and ports of a packet."""
    a, a6, b, b6, st, su, dt, du = (c.split(MARK)[-1] for c in cells)
    return flow_of(a6 or a, st or su, b6 or b, dt or du) if (a or a6) and (st or su) else None


def tshark(capture, wanted):
    """{(place, value)} of one capture; one pass for each filter."""
    found = set()
    for y in sorted({r.filter for r in wanted}):
        of = [r for r in wanted if r.filter == y]
        fields = ENDS + [f for r in of if r.form != "flow" for f in r.fields]
        args = ["tshark", "-n", "-r", capture, "-Y", y, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a",
                "-E", "aggregator=" + MARK]
        r = subprocess.run(args + [w for f in fields for w in ("-e", f)], capture_output=True, timeout=600)
        # A capture that is cut in the middle of a packet is read up to there.
        said = r.stderr.decode("utf-8", "replace")
        assert r.returncode == 0 or "cut short" in said or "damaged" in said, "%s: %s" % (capture, said)
        for line in r.stdout.decode("utf-8", "replace").split("\n"):
            cells = line.split("\t")
            if len(cells) != len(fields):
                continue
            at = len(ENDS)
            for row in of:
                if row.form == "flow":
                    ends = ends_of(cells[:len(ENDS)])
                    found |= {("app " + row.where, ends)} if ends else set()
                    continue
                for cell in cells[at:at + len(row.fields)]:
                    found |= {(row.where, plain(row.form, v)) for v in cell.split(MARK) if v.strip()}
                at += len(row.fields)
    return {(w, v) for w, v in found if v}


def ours(capture, forms):
    found = set()
    _, out, _ = sensor("--replay", capture, "--emit", "observables", "--emit", "flows", "--allow-empty",
                       "--no-huge", "--workers", 1, check=None)
    for o in lines(out):
        if o["record"] == "observable" and o["where"] in forms:
            form = forms[o["where"]]
            # tshark tells the parts of a Kerberos name one by one.
            values = o["value"].split("/") if form == "parts" else [o["value"]]
            found |= {(o["where"], plain(form, v)) for v in values}
        elif o["record"] == "flow" and "sport" in o:
            found.add(("app " + (o.get("app") or "?"), flow_of(o["src"], o["sport"], o["dst"], o["dport"])))
    return found


def protocols_of(capture):
    _, out, _ = run("tshark", "-n", "-q", "-z", "io,phs", "-r", capture)
    return set(re.findall(r"^\s*([\w.-]+)\s+frames:", out, re.M))


def compare(folder, begin=()):
    """place -> captures, values, found, only ours; the values missed and those only ours. What the captures hold none of
    is made in the folder."""
    asked = [r for r in rows() if not begin or r.where.startswith(tuple(begin))]
    # The first word of a filter is the protocol that the list of captures names.
    protocol = {r: re.match(r"\w+", r.filter).group() for r in asked}
    known = {(c, w, v) for c, w, v, _ in table(KNOWN, 4)} if os.path.exists(KNOWN) else set()
    here = [(os.path.basename(p), p, protocols_of(p)) for p in made.captures(folder)]
    with open(data("PCAPS.tsv"), encoding="utf-8") as f:
        for line in f:
            cells = line.rstrip("\n").split("\t")
            if cells[0].startswith("pcap/"):
                here.append((cells[0][5:], data(cells[0]), set(cells[-1].split(","))))
    work = [(name, path, [r for r in asked if protocol[r] in holds]) for name, path, holds in here]
    forms = {r.where: r.form for r in asked if r.form != "flow"}
    counted = collections.defaultdict(lambda: [0, 0, 0, 0])
    missed, extra = [], []

    def one(item):
        capture, path, wanted = item
        return capture, wanted, tshark(path, wanted), ours(path, forms)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for capture, wanted, theirs, mine in pool.map(one, [w for w in work if w[2]]):
            places = {"app " + r.where if r.form == "flow" else r.where for r in wanted}
            for place in places:
                want = {v for w, v in theirs if w == place and (capture, w, v) not in known}
                have = {v for w, v in mine if w == place}
                c = counted[place]
                c[0] += bool(want)
                c[1] += len(want)
                c[2] += len(want & have)
                c[3] += len(have - want)
                missed += [(place, capture, v) for v in want - have]
                extra += [(place, capture, v) for v in have - want]
    return counted, sorted(missed), sorted(extra)


def tell(counted):
    print("%-28s %8s %8s %8s %8s" % ("place", "captures", "values", "found", "only ours"))
    for place, (captures, n, found, more) in sorted(counted.items()):
        print("%-28s %8d %8d %8d %8d  %s" % (place, captures, n, found, more, "%.4f" % (found / n) if n else "-"))


def test_values(folder):
    counted, missed, _ = compare(folder)
    tell(counted)
    for m in missed:
        print("missed  " + "  ".join(m)[:160])
    short = [p for p, (_, n, found, _) in counted.items() if n and found / n < BOUND]
    assert sum(c[1] for c in counted.values()) > 70, "the captures hold next to nothing"
    assert not short, "below %.2f: %s" % (BOUND, ", ".join(sorted(short)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["report"]:
        with tempfile.TemporaryDirectory(prefix="sightline-") as folder_:
            counts_, missed_, extra_ = compare(folder_, sys.argv[2:])
        for what, values in (("missed", missed_), ("only ours", extra_)):
            for m in values:
                print(what, "\t".join(m), sep="\t")
        tell(counts_)
    else:
        main(needs_data=True)
