# SPDX-License-Identifier: BSD-3-Clause
"""Figures of pairs: median, bootstrap interval, the table, and the results that are kept."""
import json, os, random, statistics

RESULTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "results")
SAMPLES = 10000
HEAD = "%-18s %10s %10s  %-10s %7s %7s %7s  %-4s %9s" % (
    "row", "value", "baseline", "unit", "ratio", "low", "bound", "ok", "instr.")


def interval_low(ratios):
    """Lower end of the 95 % bootstrap interval of the median; the same for the same ratios."""
    r = random.Random(8)
    medians = sorted(statistics.median(r.choices(ratios, k=len(ratios))) for _ in range(SAMPLES))
    return medians[int(SAMPLES * 0.025)]


def empty(row):
    return {"profile": row.profile, "value": None, "unit": row.unit, "baseline": row.baseline, "baseline_value": None, "ratio": None,
            "low": None, "bound": row.bound, "ok": False, "runs": [], "instructions": None, "packets": None, "note": "",
            "what": row.what}


def of_pairs(row, pairs):
    if pairs[0][1] is None:
        return {"value": statistics.median(v for v, _ in pairs), "runs": [], "pairs": pairs}
    ratios = [v / b if row.rate else b / v for v, b in pairs]
    return {"value": statistics.median(v for v, _ in pairs), "baseline_value": statistics.median(b for _, b in pairs),
            "ratio": statistics.median(ratios), "low": interval_low(ratios), "runs": ratios, "pairs": pairs}


def number(x, form="%.3f"):
    return "-" if x is None else form % x


def line(r):
    ok = "ok" if r["ok"] else "quick" if r.get("quick") and r["value"] is not None else "NOT"
    text = "%-18s %10s %10s  %-10s %7s %7s %7s  %-4s %9s" % (
        r["profile"], number(r["value"], "%.4g"), number(r["baseline_value"], "%.4g"), r["unit"], number(r["ratio"]),
        number(r["low"]), number(r["bound"], "%.2f"), ok, number(r["instructions"], "%.1f"))
    more = list(r.get("failures") or ())
    more += [r["note"]] if r["note"] else []
    more += ["%d packets each" % r["packets"]] if r["packets"] else []
    return text + "".join("\n    " + m for m in more)


def curve_text(c):
    text = ["%s: %s" % (c["profile"], c["what"])]
    for name, points in c["series"].items():
        text += ["    %-24s %s" % (name, "  ".join("%g: %.4g" % (x, y) for x, y in points))]
    return "\n".join(text + ["    NOT: " + f for f in c.get("failures", ())])


def merged(old, new):
    """Rows of an earlier run stay where they were not run again, on the same machine."""
    if old.get("machine") != new["machine"]:
        return new
    for part in ("rows", "curves"):
        fresh = {r["profile"]: r for r in new[part]}
        kept = [fresh.pop(r["profile"], r) for r in old.get(part, ())]
        new[part] = sorted(kept + list(fresh.values()), key=lambda r: r["profile"])
    return new


def keep(result):
    """Writes bench.json and bench.txt; what they hold."""
    os.makedirs(RESULTS, exist_ok=True)
    path = os.path.join(RESULTS, "bench.json")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            result = merged(json.load(f), result)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    m = result["machine"]
    with open(os.path.join(RESULTS, "bench.txt"), "w", encoding="utf-8") as f:
        f.write("%s, %d cores, %d GiB, Linux %s; commit %s\n\n" % (m["cpu"], m["cores"], m["memory_gib"], m["kernel"], result["commit"]))
        f.write("\n".join([HEAD] + [line(r) for r in result["rows"]] + [curve_text(c) for c in result["curves"]]) + "\n")
    return result
