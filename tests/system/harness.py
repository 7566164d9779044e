# SPDX-License-Identifier: BSD-3-Clause
"""What the system tests share: where things are, running the programs, awaiting their lines, and a runner that ends
with `N passed, N failed`. SIGHTLINE_BUILD names the build folder (default build-release), SIGHTLINE_BUILD_ASAN that with
sanitizers (build-asan), SIGHTLINE_DATA the data ('none': tests that need it are skipped and counted)."""
import fcntl, json, os, select, socket, subprocess, sys, tempfile, time, traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("SIGHTLINE_BUILD", "build-release"))
ASAN = os.path.join(TOP, os.environ.get("SIGHTLINE_BUILD_ASAN", "build-asan"))
DATA = os.environ.get("SIGHTLINE_DATA") or os.path.join(TOP, "..", "shared", "data")
SENSOR = os.path.join(BUILD, "app/sensor/sightline-sensor")
COLLECTOR = os.path.join(BUILD, "app/collector/sightline-collector")
TOOL = os.path.join(BUILD, "app/sightline/sightline")
PATIENCE = 120  # seconds after which an event that should come is said to be missing


def data(*parts):
    return os.path.join(DATA, *parts)


def sample(*parts):
    return os.path.join(TOP, "tests/data", *parts)


def run(*args, stdin=None, check=0, timeout=600):
    """Runs a program to its end; its status has to be `check` (None: any). (status, stdout, stderr as text)"""
    r = subprocess.run([str(a) for a in args], input=stdin, capture_output=True, timeout=timeout)
    out, err = r.stdout.decode("utf-8", "strict"), r.stderr.decode("utf-8", "replace")
    if check is not None and r.returncode != check:
        raise AssertionError("%s\nexit %d instead of %d\n%s" % (" ".join(map(str, args)), r.returncode, check, err[-3000:]))
    return r.returncode, out, err


def sensor(*args, **kw):
    return run(SENSOR, *args, **kw)


def lines(text):
    return [json.loads(l) for l in text.splitlines() if l]


def latest(sightings):
    """id -> its highest revision."""
    best = {}
    for s in sightings:
        if s["id"] not in best or s["revision"] > best[s["id"]]["revision"]:
            best[s["id"]] = s
    return best


def counts(sightings):
    return {i: s["count"] for i, s in latest(sightings).items()}


def stats(path):
    with open(path) as f:
        return json.load(f)


def accounts(st):
    """The accounting identity; and a replay gives each flow to one worker."""
    drops = sum(v for k, v in st.items() if k.startswith("sightline_drop_packets_total"))
    left = st["sightline_processed_packets_total"] + st["sightline_held_packets"] + drops
    assert st["sightline_rx_packets_total"] == left, "rx %d, processed + held + drops %d" % (
        st["sightline_rx_packets_total"], left)
    if "sightline_replay_sent_packets_total" in st:
        assert st["sightline_split_flows_total"] == 0, st["sightline_split_flows_total"]


class Running:
    """A program that runs beside the test; its lines are awaited, never slept for."""

    def __init__(self, *args, stdin=None):
        self.args = [str(a) for a in args]
        self.p = subprocess.Popen(self.args, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.text = {"out": bytearray(), "err": bytearray()}
        self.files = {"out": self.p.stdout, "err": self.p.stderr}
        for f in self.files.values():
            fcntl.fcntl(f, fcntl.F_SETFL, fcntl.fcntl(f, fcntl.F_GETFL) | os.O_NONBLOCK)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        for f in list(self.files.values()):
            f.close()
        if self.p.stdin:
            try:
                self.p.stdin.close()
            except BrokenPipeError:
                pass

    def _pump(self, timeout):
        if not self.files:
            return False
        names = {f: n for n, f in self.files.items()}
        ready, _, _ = select.select(list(names), [], [], timeout)
        for f in ready:
            piece = f.read()
            if piece == b"":
                del self.files[names[f]]
            elif piece:
                self.text[names[f]] += piece
        return bool(ready)

    def until(self, word, where="err", count=1):
        """Waits until `word` has come `count` times on stderr (or stdout)."""
        end = time.monotonic() + PATIENCE
        text, word, at, behind, seen = self.text[where], word.encode(), 0, 0, 0
        while seen < count:
            found = text.find(word, at)
            if found >= 0:
                seen, at, behind = seen + 1, found + len(word), found + len(word)
                continue
            at = max(behind, len(text) - len(word) + 1)
            if not self.files or time.monotonic() > end:
                raise AssertionError("%s: '%s' did not come\nstdout: %s\nstderr: %s" % (
                    " ".join(self.args), word.decode(), self.text["out"][-2000:].decode("utf-8", "replace"),
                    self.text["err"][-2000:].decode("utf-8", "replace")))
            self._pump(1)

    def end(self, signal=None, check=0):
        """Sends a signal if one is given, reads to the end. (status, stdout, stderr)"""
        if signal is not None:
            self.p.send_signal(signal)
        end = time.monotonic() + PATIENCE
        while self.files and time.monotonic() < end:
            self._pump(1)
        status = self.p.wait(timeout=PATIENCE)
        out, err = (self.text[k].decode("utf-8", "replace") for k in ("out", "err"))
        assert check is None or status == check, "exit %d instead of %d\n%s" % (status, check, err[-3000:])
        return status, out, err


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def main(needs_data=False):
    """Runs every test_* function of the calling script, each with a folder of its own."""
    import __main__
    tests = [(n, f) for n, f in vars(__main__).items() if n.startswith("test_") and callable(f)]
    if needs_data and os.environ.get("SIGHTLINE_DATA") == "none":
        print("%d skipped\n0 passed, 0 failed" % len(tests))
        return
    only = sys.argv[1:]
    passed = failed = 0
    for name, test in tests:
        if only and name not in only:
            continue
        with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
            try:
                test(folder)
            except Exception:
                failed += 1
                print("FAILED", name)
                traceback.print_exc(file=sys.stdout)
            else:
                passed += 1
                print("ok", name)
        sys.stdout.flush()
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)
