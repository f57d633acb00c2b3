#!/usr/bin/env python3
"""Real clients against our server, our client against real servers: `make interop`, or

    tests/interop/run.py [--only WORD] [--binary target/release/http_server]

Builds the demos, starts the HTTP server on a port that the system chooses and on a Unix socket, and runs the checks. A
line for each, then `N passed, N failed`. A program that is not on this machine is named and its checks are skipped;
with CI=true they fail. A check is a function whose docstring is its name; kit.py has what all of them share:

    curl.py by_hand.py sockets.py python.py node.py browser.py   clients at our servers
    tools.py packages.py ws.py                                   wget, ab, h2load; packages of PyPI and npm; WebSocket
    client.py webservers.py                                      our client at nginx, Node, Python, Go; lighttpd, Apache
    coded.py                                                     content codings, both ways
    client_proxy.py upstream.py played.py                        our proxy; our clients by way of squid, of made-up ones
    fronts.py                                                    HAProxy, Apache, nginx before our servers
    behind.py                                                    our servers behind nginx and HAProxy: who the client is,
                                                                 one of two is killed
    tls.py pem.py https.py                                       TLS: openssl, its files, all the others under TLS
    chapter.py terminal.py pasted.py                             what `make run` and the pages say to try; terminals
    page.py                                                      the page of `make run`, in Chromium
    tshark.py captures.py curl_trace.py                          second opinions on `wire`: Wireshark, dpkt, scapy, curl
    zlib_cases.py                                                the cases of `fixtures/deflate/`: zlib, gzip

Outside the standard library there is only what a check is about: pip and npm fetch it. Nothing is left behind.
"""

import argparse
import importlib
import inspect
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from kit import CHECKS, Check, Demo, Missing

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLIENTS = (
    *("curl", "by_hand", "sockets", "python", "node", "browser", "tools", "packages", "ws", "client", "webservers", "coded"),
    *("client_proxy", "upstream", "played", "fronts", "behind", "tls", "pem", "https", "chapter", "terminal", "pasted", "page"),
    *("tshark", "curl_trace", "captures", "zlib_cases"),
)
IN_CI = os.environ.get("CI") == "true"


def build() -> str:
    """Builds the demos and returns where the HTTP server is; the others are beside it."""
    if subprocess.run(["cargo", "build", "--release", "--bins"], cwd=ROOT).returncode:
        sys.exit("the demos do not build")
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    return os.path.join(target, "release", "http_server")


class Results:
    def __init__(self):
        self.passed, self.failed, self.missing = 0, 0, set()

    def take(self, check: Check, demo: Demo):
        """Runs a check; one that is a generator yields the name and error of each of its parts."""
        started = time.monotonic()
        try:
            parts = check.run(demo)
            if not inspect.isgenerator(parts):
                parts = [(check.name, None)]
            for name, error in parts:
                self.tell(check.client, name, error, time.monotonic() - started)
                started = time.monotonic()
        except Missing as missing:
            self.missing.add(str(missing))
            if IN_CI:
                self.tell(check.client, check.name, f"there is no {missing}", 0)
            else:
                print(f"skip {check.client}: {check.name}: there is no {missing}")
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[1:2]
            line = "".join(f" ({os.path.basename(at.filename)}:{at.lineno})" for at in where)
            text = f"{type(error).__name__}{line}: {error}"
            self.tell(check.client, check.name, text, time.monotonic() - started)

    def tell(self, client: str, name: str, error: str | None, secs: float):
        if error is None:
            self.passed += 1
            print(f"ok   {client}: {name} ({secs:.1f} s)", flush=True)
        else:
            self.failed += 1
            print(f"FAIL {client}: {name}\n     {error}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Real clients against our demo.")
    parser.add_argument("--only", default="", help="checks whose client, file or name has this word")
    parser.add_argument("--binary", help="an http_server that is built already, with the other demos beside it")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))

    for client in CLIENTS:
        importlib.import_module(client)  # registers its checks
    results = Results()
    binary = os.path.abspath(options.binary or build())
    for check in CHECKS:
        words = f"{check.client} {check.run.__module__} {check.name}"
        if options.only.lower() in words.lower():
            scratch = tempfile.TemporaryDirectory(prefix="barewire-", ignore_cleanup_errors=True)
            with scratch as folder, Demo(binary, folder) as demo:
                before = results.failed
                results.take(check, demo)
                if not demo.is_alive():
                    results.tell(check.client, check.name, "the server has ended", 0)
                if results.failed > before:
                    print(f"     the server says: {demo.complaints().strip() or 'nothing'}")

    if results.missing:
        print("missing on this machine:", ", ".join(sorted(results.missing)))
    print(f"{results.passed} passed, {results.failed} failed")
    return 1 if results.failed or not results.passed else 0


if __name__ == "__main__":
    sys.exit(main())
