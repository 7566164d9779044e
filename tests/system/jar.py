#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The worked example of the README: its commands are run, and what it shows of their output is held against it, figures
and all. JAR-16-20296A.csv is not part of the project, so that it is skipped without the data."""
import collections, gzip, re, shutil
from harness import *

SECTION = re.compile(r"^### A feed that should not be armed as it is\n(.*?)^## ", re.M | re.S)
EXAMPLE = re.compile(r"^```\n\$ sightline (.*?)\n(.*?)^```\n", re.M | re.S)
FEED = "JAR-16-20296A.csv"


def section():
    with open(os.path.join(TOP, "README.md")) as f:
        return SECTION.search(f.read()).group(1)


def tool(folder, *args):
    """Where the README's reader stands: the project, with the feed and MISP's warninglists beside it."""
    for name, target in ((FEED, data("intel/csv", FEED)), ("misp-warninglists", data("intel/warninglists")),
                         ("tests", os.path.join(TOP, "tests"))):
        if not os.path.lexists(os.path.join(folder, name)):
            os.symlink(os.path.abspath(target), os.path.join(folder, name))
    r = subprocess.run([TOOL, *args], cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert r.returncode == 1, (args, r.returncode, r.stderr)
    return r.stdout


def test_every_command_says_what_the_readme_shows(folder):
    examples = EXAMPLE.findall(section())
    assert len(examples) == 3
    for command, shown in examples:
        out = tool(folder, *command.split()).splitlines()
        at = 0
        for line in shown.splitlines():
            if line == "…":
                continue
            assert line in out[at:], "%s: '%s' is not said (or not there)\n%s" % (command, line, "\n".join(out[-12:]))
            at = out.index(line, at) + 1
        assert at == len(out), "%s: the README does not end where the output does: %s" % (command, out[at:])
        # What it leaves out has to be marked.
        hidden = len(out) - len([l for l in shown.splitlines() if l != "…"])
        assert (hidden > 0) == ("…" in shown), command


def addresses(folder, *args):
    """code -> addresses that are quiet, or armed and noted; and those that would have fired."""
    codes, seen = collections.defaultdict(set), set()
    for f in lines(tool(folder, "intel", "check", "--json", *args, FEED)):
        if not re.fullmatch(r"[\d.]+", f["part"]) or f["verdict"] == "refused":
            continue
        codes[f["code"], f["verdict"]].add(f["part"])
        if f.get("past", {}).get("count"):
            seen.add(f["part"])
    return codes, seen


def test_the_figures_of_the_table(folder):
    text = section()
    rows = {m[0].strip(): (int(m[1]), int(m[2])) for m in re.findall(r"^\| (by .*?) \| (\d+) \| (\d+) \|$", text, re.M)}
    by_lists, _ = addresses(folder, "--warninglists", "misp-warninglists")
    whole = set().union(*by_lists.values())
    assert "of %d addresses" % len(whole) in text
    noted = {a for (code, _), those in by_lists.items() if code for a in those}
    quiet = {a for (_, verdict), those in by_lists.items() if verdict == "quiet" for a in those}
    assert rows["by the lists"] == (len(noted), len(quiet))
    by_age, _ = addresses(folder, "-c", "tests/data/jar/age.yaml")
    aged = len(by_age["AGED", "quiet"])
    assert rows["by their age"] == (aged, aged)
    past, seen = addresses(folder, "--against", "tests/data/jar/office.pcap.gz")
    assert rows["by what they would have done (impact)"] == (len(seen), len(past["HIGH_IMPACT", "quiet"]))
    own = len(past["ORDINARY_HOST", "quiet"])
    assert rows["by the network's own DNS"] == (own, own)


def test_hits_that_are_left(folder):
    counts = collections.Counter()
    for f in lines(tool(folder, "intel", "check", "--json", "--against", "tests/data/jar/office.pcap.gz", FEED)):
        if f.get("past", {}).get("count"):
            counts[f["verdict"]] += f["past"]["count"]
    assert counts["armed"] == 2 and "Two hits are left" in section()
    assert "instead of %d that" % (counts["armed"] + counts["quiet"]) in section(), counts


def test_the_capture_is_what_its_script_makes(folder):
    for name in ("make.py", "office.pcap.gz"):
        shutil.copy(sample("jar", name), folder)
    os.rename(os.path.join(folder, "office.pcap.gz"), os.path.join(folder, "kept"))
    run(sys.executable, os.path.join(folder, "make.py"))
    made, kept = (gzip.open(os.path.join(folder, n)).read() for n in ("office.pcap.gz", "kept"))
    assert made == kept


if __name__ == "__main__":
    main(needs_data=True)
