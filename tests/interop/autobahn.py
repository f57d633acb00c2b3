#!/usr/bin/env python3
"""The Autobahn|Testsuite against our WebSocket demos, in both roles: `make autobahn`, or

    tests/interop/autobahn.py [--all] [--cases '9.*'] [--role server] [--tls] [--binaries target/release] [--reports FOLDER]

It fuzzes `ws_server --deflate` and is a fuzzing server for `ws_client --autobahn --deflate`: 314 cases each, all of sections 1
to 10 and some of 12 and 13, which are about permessage-deflate; with `--all` (`make autobahn ALL=1`) 517, and that takes
half an hour a scheme. What is wanted is OK, but 3 INFORMATIONAL; NON-STRICT is not good enough.

The suite runs on Python 2.7 only: pyenv's, or `python2.7` on the PATH, or pyenv installs it. It is installed once, into
~/.cache/barewire-autobahn, with a C compiler. What it lacks on this machine is said, and with CI=true it is a failure.
"""

import argparse
import collections
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "barewire-autobahn")
WSTEST = os.path.join(CACHE, "venv", "bin", "wstest")
PYTHON = "2.7.18"
# Sections 1 to 10, and of the others: each kind of message, and each set of parameters.
SOME = [f"{section}.*" for section in range(1, 11)]
SOME += ["12.1.4", "12.1.11", "12.2.4", "12.3.3", "12.4.2", "12.5.1"]
SOME += [f"13.{params}.{case}" for params, case in zip(range(1, 8), (3, 4, 11, 3, 4, 11, 3))]
WANTED = ("OK", "INFORMATIONAL")
INFORMATIONAL = 3
COLUMNS = [*WANTED, "NON-STRICT", "FAILED"]
ROLE_SECS = 3600
START_SECS = 60


class Missing(Exception):
    """Something that the suite needs is not to be had."""


def command(*args, **options):
    """Runs a command that must go well; what it prints is shown if it does not."""
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1200, **options)
    if done.returncode:
        raise Missing(f"{' '.join(args)}: {done.stdout.decode(errors='replace')[-1500:]}")


def works(python: str | None) -> bool:
    """Whether this is a Python 2.7; a shim of pyenv may be nothing."""
    return bool(python) and subprocess.run([python, "--version"], capture_output=True).returncode == 0


def python2() -> str:
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    own = os.path.join(pyenv, "versions", PYTHON, "bin", "python")
    for python in (own if os.path.exists(own) else None, shutil.which("python2.7")):
        if works(python):
            return python
    if not shutil.which("pyenv"):
        raise Missing("there is no Python 2.7, and no pyenv to install it")
    command("pyenv", "install", "--skip-existing", PYTHON)
    return own


def install():
    """The newest suite forgets to name what it needs; the one before it does not."""
    if os.path.exists(WSTEST) and works(WSTEST):
        return
    print(f"installing the suite into {CACHE}", flush=True)
    python, venv = python2(), os.path.join(CACHE, "venv")
    shutil.rmtree(venv, ignore_errors=True)
    os.makedirs(CACHE, exist_ok=True)
    pip = [os.path.join(venv, "bin", "pip"), "install", "--quiet"]
    try:
        command(python, "-m", "pip", "install", "--quiet", "virtualenv")
        command(python, "-m", "virtualenv", "--quiet", venv)
        command(*pip, "autobahntestsuite==0.8.2")
        command(*pip, "--no-deps", "autobahntestsuite==25.10.1")
    except BaseException:
        shutil.rmtree(venv, ignore_errors=True)  # half of it is none
        raise


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Background:
    """A program that runs until the `with` block ends."""

    def __init__(self, *args, log: str):
        self.log = log
        with open(log, "wb") as out:
            options = {"stdout": out, "stderr": out, "cwd": os.path.dirname(log)}
            self.process = subprocess.Popen(args, start_new_session=True, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def until(self, what):
        """Asks until the answer is a true one."""
        end = time.monotonic() + START_SECS
        while not (answer := what()):
            if self.process.poll() is not None or time.monotonic() > end:
                with open(self.log, errors="replace") as log:
                    sys.exit(f"{self.process.args[0]} does not start: {log.read()[-1500:]}")
            time.sleep(0.05)
        return answer

    def says(self, pattern: str):
        with open(self.log, errors="replace") as log:
            return re.search(pattern, log.read())


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def write_spec(folder: str, **spec) -> str:
    path = os.path.join(folder, "spec.json")
    with open(path, "w") as file:
        json.dump({"exclude-cases": [], "exclude-agent-cases": {}, **spec}, file)
    return path


def run(log: str, *args):
    """Runs a program to its end. `wstest` always ends with 0: what counts is its report."""
    with open(log, "wb") as out:
        subprocess.run(args, stdout=out, stderr=out, cwd=os.path.dirname(log), timeout=ROLE_SECS)


def pem(name: str) -> str:
    return os.path.join(ROOT, "fixtures", "tls", name)


def fuzz_server(binaries: str, folder: str, cases: list[str], tls: bool):
    log, scheme = os.path.join(folder, "server.log"), "wss" if tls else "ws"
    own = ("--tls", pem("server.crt"), pem("server.key")) if tls else ()
    with Background(os.path.join(binaries, "ws_server"), "--listen", "127.0.0.1:0", "--deflate", *own, log=log) as server:
        port = server.until(lambda: server.says(r"listening on 127\.0\.0\.1:(\d+)"))[1]
        servers = [{"agent": "barewire", "url": f"{scheme}://127.0.0.1:{port}/echo"}]
        options = {"failByDrop": False}
        spec = write_spec(folder, servers=servers, outdir=folder, cases=cases, options=options)
        run(os.path.join(folder, "wstest.log"), WSTEST, "-m", "fuzzingclient", "-s", spec)


def fuzz_client(binaries: str, folder: str, cases: list[str], tls: bool):
    port = free_port()
    url = f"{'wss' if tls else 'ws'}://127.0.0.1:{port}"
    own = {"key": pem("server.key"), "cert": pem("server.crt")} if tls else {}
    spec = write_spec(folder, url=url, outdir=folder, cases=cases, options={"failByDrop": False}, **own)
    trusts = ("--cacert", pem("ca.crt")) if tls else ()
    suite = (WSTEST, "-m", "fuzzingserver", "-s", spec, "-u", "0")
    with Background(*suite, log=os.path.join(folder, "wstest.log")) as server:
        server.until(lambda: answers(port))
        client = os.path.join(binaries, "ws_client")
        own = ("--autobahn", "--deflate", *trusts, "--agent", "barewire")
        run(os.path.join(folder, "client.log"), client, *own, url)


def verdicts(folder: str) -> dict[str, str]:
    """What the report says of each case: how it went, or how it ended if that is worse."""
    path = os.path.join(folder, "index.json")
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        cases = json.load(file).get("barewire", {})
    return {case: worse(seen["behavior"], seen["behaviorClose"]) for case, seen in cases.items()}


def worse(behavior: str, closing: str) -> str:
    return behavior if behavior not in WANTED or closing in WANTED else closing


def tell(role: str, seen: dict[str, str], whole: int | None, secs: float) -> tuple[int, int]:
    """Prints a line for the table, and the cases that are not as they should be."""
    counts = collections.Counter(seen.values())
    others = sum(counts.values()) - sum(counts[column] for column in COLUMNS)
    figures = "".join(f"{counts[column]:>15}" for column in COLUMNS)
    print(f"{role:<8}{figures}{others:>15}{secs:>9.0f} s", flush=True)
    by_number = lambda case: [int(part) for part in case.split(".")]
    for case in sorted(seen, key=by_number):
        if seen[case] not in WANTED:
            print(f"     {case}: {seen[case]}")
    passed = sum(counts[column] for column in WANTED)
    wanted = whole or max(1, len(seen))
    failed = max(wanted - passed, len(seen) - passed)
    if whole and not failed and counts["INFORMATIONAL"] != INFORMATIONAL:
        print(f"     {counts['INFORMATIONAL']} are INFORMATIONAL, and not {INFORMATIONAL}")
        failed = 1
    return passed, failed


def build() -> str:
    bins = ["--bin", "ws_server", "--bin", "ws_client"]
    if subprocess.run(["cargo", "build", "--release", *bins], cwd=ROOT).returncode:
        sys.exit("the demos do not build")
    return os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release")


def main() -> int:
    parser = argparse.ArgumentParser(description="The Autobahn|Testsuite against our WebSocket demos.")
    parser.add_argument("--all", action="store_true", help="all 517 cases")
    parser.add_argument("--cases", action="append", metavar="GLOB", help="only these; '6.*' (may be repeated)")
    parser.add_argument("--role", choices=["server", "client"], help="only this role of ours")
    parser.add_argument("--tls", action="store_true", help="over wss:")
    parser.add_argument("--binaries", help="where ws_server and ws_client are, if they are built already")
    parser.add_argument("--reports", help="where to leave the suite's reports (index.html)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    try:
        install()
    except Missing as missing:
        print(f"skip: {missing}")
        in_ci = os.environ.get("CI") == "true"
        print(f"0 passed, {int(in_ci)} failed")
        return int(in_ci)

    binaries, totals = os.path.abspath(options.binaries or build()), [0, 0]
    print(f"{'role':<8}" + "".join(f"{column:>15}" for column in (*COLUMNS, "others")) + f"{'took':>11}", flush=True)
    with tempfile.TemporaryDirectory(prefix="barewire-", ignore_cleanup_errors=True) as scratch:
        for role, fuzz in (("server", fuzz_server), ("client", fuzz_client)):
            if options.role not in (None, role):
                continue
            folder = os.path.join(os.path.abspath(options.reports or scratch), role)
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            started = time.monotonic()
            fuzz(binaries, folder, options.cases or (["*"] if options.all else SOME), options.tls)
            whole = None if options.cases else 517 if options.all else 314
            results = tell(role, verdicts(folder), whole, time.monotonic() - started)
            totals = [total + result for total, result in zip(totals, results)]
    print(f"{totals[0]} passed, {totals[1]} failed")
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main())
