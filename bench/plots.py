# SPDX-License-Identifier: BSD-3-Clause
"""SVG plots of the results, by gnuplot."""
import os, shutil, subprocess
from figures import RESULTS


def quoted(text):
    return '"%s"' % str(text).replace("\\", "\\\\").replace('"', '\\"')


def draw(path, blocks, commands, size="900,420"):
    """blocks: lines of points, of which the commands know the first as $d0."""
    data = "".join("$d%d << END\n%s\nEND\n" % (n, "\n".join(lines)) for n, lines in enumerate(blocks))
    script = "%sset terminal svg size %s font 'sans,12' background '#ffffff'\nset output %s\n%s\n" % (data, size, quoted(path), commands)
    subprocess.run(["gnuplot", "-"], input=script, text=True, check=True)


def bounds(result):
    """What each row reached of its bound, with its interval's lower end."""
    rows = [r for r in result["rows"] if r["ratio"] is not None and r["bound"] is not None]
    if not rows:
        return
    title = "Against their bounds; %s; commit %s" % (result["machine"]["cpu"], result["commit"][:10])
    draw(os.path.join(RESULTS, "bounds.svg"),
         [["%s %g %g" % (quoted(r["profile"]), r["ratio"] / r["bound"], r["low"] / r["bound"]) for r in rows]],
         "set title %s noenhanced\nset ylabel 'of its bound (1: just met)'\nset yrange [0:*]\nset style fill solid 0.7\n"
         "set boxwidth 0.6\nset xtics rotate by -35 noenhanced\nset grid ytics\n"
         "plot 1 lw 2 lc rgb '#c03030' title 'bound', $d0 using 0:2:xtic(1) with boxes lc rgb '#4070a0' title 'median ratio', "
         "$d0 using 0:3 with points pt 7 lc rgb '#202020' title 'low'" % quoted(title))


def curve(c):
    lines = ["$d%d using 1:2 with linespoints lw 2 pt 7 title %s noenhanced" % (n, quoted(name)) for n, name in enumerate(c["series"])]
    draw(os.path.join(RESULTS, c["profile"] + ".svg"), [["%g %g" % tuple(p) for p in points] for points in c["series"].values()],
         "set title %s noenhanced\nset xlabel %s noenhanced\nset ylabel %s noenhanced\n%sset yrange [0:*]\nset grid\n"
         "set key outside right\nplot %s" % (quoted("%s; commit %s" % (c["what"], c["commit"][:10])), quoted(c["x"]), quoted(c["y"]),
                                            "set logscale x\n" if c["logx"] else "", ", ".join(lines)))


def write(result):
    if shutil.which("gnuplot") is None:
        print("no plots: gnuplot is not installed (see `bench` in deploy/packages.txt)")
        return
    bounds(result)
    for c in result["curves"]:
        curve(c)
