#!/usr/bin/env python3
"""What peers that stand still cost a demo server: threads, resident memory and CPU. `make bench`, or

    tests/bench/slow_peers.py [--seconds 10] [--binaries target/fastest] KIND[=N] …

Opens N connections (10,000 unless told, or as many as there may be descriptors), lets each come to where its kind stands
still, and measures the server for some seconds. Nothing is asserted: it is a reading of one machine.
"""

import argparse
import collections
import contextlib
import os
import re
import resource
import selectors
import socket
import subprocess
import sys
import time

SPARE_DESCRIPTORS = 100
FASTEST = os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "fastest")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

HEAD = b"Host: a\r\n\r\n"
UPLOAD = b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe"
# Enough for 256 bytes a second over half a minute.
UPLOAD_GOES_ON = b"llo\r\n3e8\r\n" + (b"x" * 1000 + b"\r\n3e8\r\n") * 9 + b"x" * 1000 + b"\r\n5\r\nhe"
POLL = b"GET / HTTP/1.1\r\n" + HEAD + b"GET /poll?timeout=60 HTTP/1.1\r\n" + HEAD
HALF_HEAD = b"GET / HTTP/1.1\r\nHost:"
BIG = b"GET /big HTTP/1.1\r\n" + HEAD

HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
# A text frame of 5 bytes, masked, of which 2 are here; and whole binary frames of 8 KiB, masked with zeros.
HALF_MESSAGE = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f"
FLOOD = (b"\x82\xfe\x20\x00\x00\x00\x00\x00" + b"x" * 8192) * 8

# `say` is sent, and what comes up to `until` is read; then `say` of the next step. `flood` is sent without reading
# until the socket takes no more. `sign` is a sign of life, sent now and then while the others come: no deadline
# passes in the measurement.
Kind = collections.namedtuple("Kind", "binary options steps flood sign", defaults=(b"", b""))
HTTP, WS, TCP = "http_server", "ws_server", "tcp_echo"
KINDS = {
    "idle": Kind(HTTP, ["--keep-alive-timeout", "600"], [(b"GET / HTTP/1.1\r\n" + HEAD, b"0\r\n\r\n")]),
    "half-head": Kind(HTTP, [], [(HALF_HEAD, b"")]),
    "upload": Kind(HTTP, [], [(UPLOAD, b"")], sign=UPLOAD_GOES_ON),
    "poll": Kind(HTTP, [], [(POLL, b"0\r\n\r\n")]),
    "big": Kind(HTTP, [], [(BIG, b"")]),
    "ws-idle": Kind(WS, [], [(HANDSHAKE, b"\r\n\r\n")]),
    "half-message": Kind(WS, [], [(HANDSHAKE, b"\r\n\r\n"), (HALF_MESSAGE, b"")]),
    "ws-flood": Kind(WS, [], [(HANDSHAKE, b"\r\n\r\n")], FLOOD),
    "net-idle": Kind(TCP, [], [(b"", b"")]),
}


class Process:
    """The server, as the system sees it."""

    def __init__(self, command):
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = iter(self.child.stdout.readline, "")
        found = next(filter(None, (re.search(r"127\.0\.0\.1:(\d+)", line) for line in lines)))
        self.address = ("127.0.0.1", int(found[1]))
        self.folder = f"/proc/{self.child.pid}"

    def status(self, name: str) -> int:
        with open(f"{self.folder}/status") as status:
            return int(re.search(rf"{name}:\s+(\d+)", status.read())[1])

    def cpu_seconds(self, path="stat") -> float:
        with open(f"{self.folder}/{path}") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def clock_seconds(self) -> float:
        """The CPU time of the thread that keeps the deadlines nobody waits for."""
        for task in os.listdir(f"{self.folder}/task"):
            with open(f"{self.folder}/task/{task}/comm") as name:
                if name.read().strip() in ("barewire clock", "watch"):
                    return self.cpu_seconds(f"task/{task}/stat")
        return 0.0

    def end(self):
        self.child.kill()
        self.child.wait()


def open_one(address, kind: Kind) -> socket.socket:
    client = socket.create_connection(address, timeout=30)
    for say, until in kind.steps:
        client.sendall(say)
        heard = b""
        while until not in heard:
            heard += client.recv(4096) or sys.exit("the server has closed a connection")
    return client


def flood(clients, bytes_to_send: bytes):
    """Sends without reading, until no socket has taken anything for a second."""
    selector = selectors.DefaultSelector()
    for client in clients:
        client.setblocking(False)
        selector.register(client, selectors.EVENT_WRITE)
    end = time.monotonic() + 1
    while time.monotonic() < end:
        for key, _ in selector.select(0.1):
            try:
                if key.fileobj.send(bytes_to_send) > 0:
                    end = time.monotonic() + 1
            except BlockingIOError:
                pass
            except OSError:
                selector.unregister(key.fileobj)


def give_signs(clients, sign: bytes):
    for client in clients if sign else []:
        with contextlib.suppress(OSError):
            client.sendall(sign)


def still_open(clients) -> int:
    def is_open(client):
        client.setblocking(False)
        try:
            return client.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    return sum(map(is_open, clients))


def measure(name: str, wanted: int, args):
    kind = KINDS[name]
    binary = os.path.join(args.binaries, kind.binary)
    server = Process([binary, *arguments(kind, wanted)])
    try:
        clients = []
        for number in range(1, wanted + 1):
            clients.append(open_one(server.address, kind))
            if number % 2500 == 0 or number == wanted:
                give_signs(clients, kind.sign)
        if kind.flood:
            flood(clients, kind.flood)
        time.sleep(2)  # so that what begins after a quiet second has begun
        cpu, clock = server.cpu_seconds(), server.clock_seconds()
        time.sleep(args.seconds)
        share = 100 * (server.cpu_seconds() - cpu) / args.seconds
        clock_share = 100 * (server.clock_seconds() - clock) / args.seconds
        resident = server.status("VmRSS") / 1024
        print(
            f"{name:<13}{wanted:>7}{still_open(clients):>7}{server.status('Threads'):>9}{resident:>10.1f} MiB"
            f"{1024 * resident / wanted:>9.1f} KiB each{share:>8.2f} % CPU, the clock's{clock_share:>7.2f} %",
            flush=True,
        )
    finally:
        server.end()


def arguments(kind: Kind, wanted: int):
    """The command line of the server; `tcp_echo` has a subcommand, and no option for how many there may be."""
    listen = ["--listen", "127.0.0.1:0"]
    if kind.binary == TCP:
        return ["server", *listen]
    return [*listen, *kind.options, "--max-connections", str(wanted + SPARE_DESCRIPTORS)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND[=N]", help=", ".join(KINDS))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--binaries", default=FASTEST, help="the folder of the demos")
    args = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"{'kind':<13}{'opened':>7}{'open':>7}{'threads':>9}{'resident':>14}")
    for name, _, wanted in (kind.partition("=") for kind in args.kinds or KINDS):
        if name not in KINDS:
            parser.error(f"there is no {name}: {', '.join(KINDS)}")
        measure(name, min(int(wanted or 10_000), hard - SPARE_DESCRIPTORS), args)


if __name__ == "__main__":
    main()
