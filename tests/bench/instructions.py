#!/usr/bin/env python3
"""User instructions that a server executes for each request, counted by valgrind's callgrind: `make bench`, or

    tests/bench/instructions.py [--only WORD] [FOLDER]      the demos in FOLDER (target/fastest)
    tests/bench/instructions.py --against REVISION          this tree beside that one, in ratios: `make instructions`

For each row the script starts the server with FEW requests and with MANY requests on one connection, and divides the
difference of the two counts. So the server's start, its end, the handshake and the first request drop out. The client
waits for the whole answer before it sends again. On one machine with one compiler the figures repeat within 0.1 %.
The kernel's instructions are not counted, and an instruction is no nanosecond: seconds are what the other
measurements are for.

With --against the script builds both trees in the same way: release, without LTO, one codegen unit. That is faster to
build than what `make bench` measures, and has other figures: compare ratios. A row that has become more than
3 % worse fails, unless a commit after REVISION says why, in a line of its message that starts with `Instructions:`.
"""

import argparse
import collections
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = os.path.abspath(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")))
DEMOS = ("http_server", "ws_server", "tls_echo")
CA = os.path.join(ROOT, "fixtures", "tls", "ca.crt")

FEW, MANY = 1_000, 5_000
# More than ten times what two runs of the same tree differ by.
TOLERATED = 1.03
PATIENCE_SECS = 60

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
BROWSER = (
    b"GET / HTTP/1.1\r\nHost: localhost:1337\r\nConnection: keep-alive\r\nCache-Control: max-age=0\r\n"
    b'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"\r\n'
    b'sec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: "Linux"\r\nUpgrade-Insecure-Requests: 1\r\n'
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n"
    b"Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n\r\n"
)
POST = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1024\r\n\r\n" + b"x" * 1024
HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
MASK = bytes.fromhex("37fa213d")
FRAME = b"\x81\xa0" + MASK + bytes(b"x"[0] ^ MASK[i % 4] for i in range(32))
CHUNKED_END = b"\r\n0\r\n\r\n"

# The client sends `opening` and reads until what came ends with `opened`. Then it sends `request` again and again,
# `at_once` of them in one write; the answer to each ends with `answered`.
Row = collections.namedtuple("Row", "name demo opening opened request answered at_once")
ROWS = [
    Row("GET /, one at a time", "http_server", GET, CHUNKED_END, GET, CHUNKED_END, 1),
    Row("GET /, 16 in flight", "http_server", GET, CHUNKED_END, GET, CHUNKED_END, 16),
    Row("GET / of a browser", "http_server", BROWSER, CHUNKED_END, BROWSER, CHUNKED_END, 1),
    Row("POST /echo, 1 KiB", "http_server", POST, b"x" * 1024, POST, b"x" * 1024, 1),
    Row("WebSocket echo, 32 bytes", "ws_server", HANDSHAKE, b"\r\n\r\n", FRAME, b"\x81\x20" + b"x" * 32, 1),
    Row("WebSocket, 16 in flight", "ws_server", HANDSHAKE, b"\r\n\r\n", FRAME, b"\x81\x20" + b"x" * 32, 16),
    Row("TLS echo, 32 bytes", "tls_echo", b"", b"welcome!\n", b"x" * 32, b"x" * 32, 1),
]


class Server:
    """A server under a tool of valgrind; the `with` block kills it if `end` has not ended it."""

    def __init__(self, command: list[str], scratch: str, tool: list[str]):
        self.log = open(os.path.join(scratch, "server.log"), "w+")
        self.process = subprocess.Popen(["valgrind", *tool, *command], cwd=scratch, stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read()

    def port(self) -> int:
        """Waits for the line that says where the server listens."""
        while not (found := re.search(r"127\.0\.0\.1:([1-9]\d*)", self.said())):
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            sys.exit(f"the server has ended: {self.said()}")
        return int(found[1])

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_SECS)

    def instructions(self) -> int:
        """Ends the server and returns what callgrind has counted since its start."""
        self.end()
        return int(re.search(r"Collected : (\d+)", self.said())[1])


def connect(row: Row, server: Server):
    client = socket.create_connection(("127.0.0.1", server.port()), timeout=PATIENCE_SECS)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if row.demo == "tls_echo":
        client = ssl.create_default_context(cafile=CA).wrap_socket(client, server_hostname="localhost")
    return client


def exchange(client, request: bytes, length: int = 0, ending: bytes = b"") -> bytes:
    """Sends `request` and reads `length` bytes, or up to where what came ends with `ending`."""
    client.sendall(request)
    answer = b""
    while len(answer) < length or not answer.endswith(ending):
        answer += client.recv(65536) or sys.exit("the server has closed a connection")
    return answer


def demo(row: Row, folder: str) -> list[str]:
    """The command of the row's demo."""
    return [os.path.join(folder, row.demo), "--listen", "127.0.0.1:0"]


def count(row: Row, command: list[str], requests: int) -> int:
    """The instructions of a server from its start to its end, with this number of requests between."""
    with tempfile.TemporaryDirectory(prefix="barewire-") as scratch:
        tool = ["--tool=callgrind", f"--callgrind-out-file={scratch}/callgrind.out"]
        with Server(command, scratch, tool) as server, connect(row, server) as client:
            exchange(client, row.opening, ending=row.opened)
            length = len(exchange(client, row.request, ending=row.answered))
            batch = row.request * row.at_once
            for _ in range(requests // row.at_once):
                exchange(client, batch, length * row.at_once, row.answered)
            return server.instructions()


def measure(row: Row, command: list[str]) -> float:
    """Instructions a request. Chance only adds to a run (a thread wakes and finds nothing to do), so the smaller of
    two counts is taken."""
    few, many = FEW // row.at_once * row.at_once, MANY // row.at_once * row.at_once
    least = lambda requests: min(count(row, command, requests) for _ in range(2))
    return (least(many) - least(few)) / (many - few)


def build(tree: str, to: str):
    """Builds the demos of a tree and copies them. One codegen unit: how code is cut into units decides what is inlined,
    and a new function may change that everywhere."""
    profile = {"LTO": "off", "CODEGEN_UNITS": "1", "DEBUG": "0"}
    target = os.path.join(TARGET, "instructions")
    env = {**os.environ, **{f"CARGO_PROFILE_RELEASE_{key}": value for key, value in profile.items()}}
    # cargo takes two trees of one package for the same, and files that are older than what it has built for built.
    clean = ["cargo", "clean", "--quiet", "--release", "--package", "barewire", "--target-dir", target]
    subprocess.run(clean, cwd=tree, check=True)
    command = ["cargo", "build", "--release", "--target-dir", target]
    for demo in DEMOS:
        command += ["--bin", demo]
    if subprocess.run(command, cwd=tree, env=env).returncode:
        sys.exit(f"the demos of {tree} do not build")
    os.mkdir(to)
    for demo in DEMOS:
        shutil.copy(os.path.join(target, "release", demo), to)


def git(*args) -> bytes:
    return subprocess.run(["git", *args], cwd=ROOT, check=True, capture_output=True).stdout


def parent(revision: str) -> str | None:
    """The commit to compare with; None where this clone does not have it."""
    try:
        return git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
    except (subprocess.CalledProcessError, FileNotFoundError):
        return None


def reasons(revision: str) -> list[str]:
    messages = git("log", "--format=%B", f"{revision}..HEAD").decode()
    return re.findall(r"^Instructions: .+", messages, re.MULTILINE)


def compare(revision: str, rows: list[Row]) -> int:
    base = parent(revision)
    if base is None:
        print(f"there is no {revision} here (a shallow clone, or the first commit): nothing to compare with")
        return 0
    with tempfile.TemporaryDirectory(prefix="barewire-") as scratch:
        tree, before, now = (os.path.join(scratch, name) for name in ("tree", "before", "now"))
        os.mkdir(tree)
        subprocess.run(["tar", "-x", "-C", tree], input=git("archive", base), check=True)
        build(tree, before)
        build(ROOT, now)
        print(f"user instructions a request, this tree beside {base[:9]}")
        worse = []
        for row in rows:
            old, new = measure(row, demo(row, before)), measure(row, demo(row, now))
            print(f"{row.name:<26}{new:>9,.0f}{old:>9,.0f}   x{new / old:.3f}", flush=True)
            if new > old * TOLERATED:
                worse.append(row.name)
    return verdict(worse, len(rows), reasons(base))


def verdict(worse: list[str], rows: int, why: list[str]) -> int:
    for name in worse:
        print(f"{'said' if why else 'FAIL'} {name}: more than {TOLERATED - 1:.0%} worse")
    if worse:
        print("\n".join(why) or "a line in the commit message, `Instructions: …`, says why that is right")
    failed = 0 if why else len(worse)
    print(f"{rows - failed} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default=os.path.join(TARGET, "fastest"), help="where the demos are")
    parser.add_argument("--against", metavar="REVISION", help="build that one too, and print ratios")
    parser.add_argument("--only", default="", help="rows whose name has this word")
    args = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("instructions: there is no valgrind on this machine")
        return 1 if os.environ.get("CI") == "true" else 0
    rows = [row for row in ROWS if args.only.lower() in row.name.lower()]
    if args.against:
        return compare(args.against, rows)
    print("user instructions a request")
    for row in rows:
        print(f"{row.name:<26}{measure(row, demo(row, os.path.abspath(args.folder))):>9,.0f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
