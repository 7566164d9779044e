# SPDX-License-Identifier: BSD-3-Clause
"""What figures were taken on, and of what."""
import os, platform, re, subprocess

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def said(path, pattern):
    with open(path, encoding="utf-8") as f:
        m = re.search(pattern, f.read(), re.M)
    return m.group(1) if m else ""


def describe():
    return {"cpu": said("/proc/cpuinfo", r"^model name\s*: (.*)"), "family": said("/proc/cpuinfo", r"^cpu family\s*: (.*)"),
            "model": said("/proc/cpuinfo", r"^model\s*: (.*)"), "cores": os.cpu_count(),
            "virtual": "hypervisor" in said("/proc/cpuinfo", r"^flags\s*: (.*)"),
            "memory_gib": round(int(said("/proc/meminfo", r"^MemTotal:\s*(\d+)")) / 2**20),
            "huge_pages": said("/sys/kernel/mm/transparent_hugepage/enabled", r"\[(\w+)\]"), "kernel": platform.release()}


def commit():
    """The commit that is checked out; with a + where files differ from it."""
    def git(*args):
        return subprocess.run(["git", *args], cwd=TOP, capture_output=True, text=True).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results")
    return git("rev-parse", "HEAD") + ("+" if changed else "")
