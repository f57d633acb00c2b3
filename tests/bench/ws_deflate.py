#!/usr/bin/env python3
"""Compressed WebSocket messages that come back compressed, beside npm's `ws` in the same run:

    tests/bench/ws_deflate.py [--seconds 1] [--rounds 9] [--connections 64] [BINARY] [--npm FOLDER]

BINARY is ws_server (target/fastest/ws_server); FOLDER has `ws` in node_modules (else npm fetches it). Both servers decompress
1 KiB of JSON and compress it again for each message. There is no context takeover in either direction, `ws` has a threshold
of 0 and zlib's level 6, and ours is `Normal`. They take turns; a ratio is of two neighbours, and its median is printed.

The client cannot be what limits: its frame is compressed and masked once, and of an answer it counts the bytes, because each
answer is as long as the first one, which it has decompressed and compared. Server and client share the cores. The
processor time a message says what a server has to do, also on a machine that has other work; the client's is printed, too.
"""

import argparse
import json
import os
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.abspath(os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "..", "..", "target")))
MASK = bytes.fromhex("37fa213d")
TAIL = b"\x00\x00\xff\xff"
HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n\r\n"
)
PEER = """
const { WebSocketServer } = require("ws");
const perMessageDeflate = { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0, zlibDeflateOptions: { level: 6 } };
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate });
server.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
server.on("listening", () => console.log(`127.0.0.1:${server.address().port}`));
"""


def message() -> bytes:
    """The first 1,024 bytes of a list of items, as an API would send it."""
    names = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel")
    items = [
        {"id": 10007 * at, "name": names[at % 8], "price": at * 37 % 1000 / 10, "tags": [names[at * 3 % 8], names[at * 5 % 8]]}
        for at in range(1, 20)
    ]
    return json.dumps(items).encode()[:1024]


def frame(payload: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    compressed = (deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)
    masked = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(compressed))
    return b"\xc1\xfe" + len(masked).to_bytes(2) + MASK + masked


class Server:
    """A server; the `with` block ends it."""

    def __init__(self, command: list[str], cwd: str):
        self.process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def __enter__(self):
        self.port = int(re.search(r"127\.0\.0\.1:(\d+)", self.process.stdout.readline())[1])
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def seconds(self) -> float:
        """Processor time of all its threads, in the kernel too; without what other processes took."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            user, system = stat.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def receive(client: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        got += client.recv(count - len(got)) or sys.exit("the server has closed a connection")
    return got


def opened(port: int, payload: bytes) -> tuple[socket.socket, int]:
    """A connection that has compressed its first message, and how long the answer was."""
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(HANDSHAKE)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += receive(client, 1)
    for name in (b"permessage-deflate", b"server_no_context_takeover", b"client_no_context_takeover"):
        assert name in head, head
    client.sendall(frame(payload))
    first, length = receive(client, 2)
    assert first == 0xC1 and length == 126, (first, length)
    length = int.from_bytes(receive(client, 2))
    assert zlib.decompressobj(wbits=-15).decompress(receive(client, length) + TAIL) == payload
    return client, 4 + length


def measure(server: Server, connections: int, seconds: float) -> tuple[float, float, float, int]:
    """Messages a second; microseconds of processor time a message, of the server and of this client; bytes of an answer."""
    payload = message()
    clients = [opened(server.port, payload) for _ in range(connections)]
    length = clients[0][1]
    request, missing, count = frame(payload), {}, 0
    with selectors.DefaultSelector() as selector:
        for client, own in clients:
            assert own == length, "each message is compressed alone"
            selector.register(client, selectors.EVENT_READ)
            missing[client] = length
            client.sendall(request)
        before, own, start = server.seconds(), time.process_time(), time.monotonic()
        while (took := time.monotonic() - start) < seconds:
            for key, _ in selector.select(1):
                client = key.fileobj
                missing[client] -= len(client.recv(65536)) or sys.exit("the server has closed a connection")
                if missing[client] == 0:
                    missing[client] = length
                    count += 1
                    client.sendall(request)
        busy, own = server.seconds() - before, time.process_time() - own
    for client, _ in clients:
        client.close()
    return count / took, busy / count * 1e6, own / count * 1e6, length


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?", default=os.path.join(TARGET, "fastest", "ws_server"))
    parser.add_argument("--npm", metavar="FOLDER", help="where ws is installed")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1)
    args = parser.parse_args()
    if shutil.which("npm") is None:
        print("ws_deflate: there is no npm on this machine")
        return
    with tempfile.TemporaryDirectory(prefix="barewire-") as scratch:
        if args.npm is None:
            subprocess.run(["npm", "install", "--silent", "--no-save", "--prefix", scratch, "ws@8"], check=True)
        command = [os.path.abspath(args.binary), "--listen", "127.0.0.1:0", "--deflate"]
        with Server(command, scratch) as ours, Server(["node", "-e", PEER], args.npm or scratch) as peer:
            # Node compiles what runs often.
            for server in (ours, peer):
                measure(server, args.connections, 2 * args.seconds)
            rounds = []
            for _ in range(args.rounds):
                rounds.append([measure(server, args.connections, args.seconds) for server in (ours, peer)])
    for name, at in (("barewire", 0), ("npm ws", 1)):
        rate, each, client = (statistics.median(pair[at][what] for pair in rounds) for what in range(3))
        print(f"{name:<10}{rate:>8,.0f} messages a second, {each:5.1f} us of processor time each and {client:4.1f} us of the "
              f"client's, {rounds[0][at][3]} bytes back")
    rates = [a[0] / b[0] for a, b in rounds]
    times = [b[1] / a[1] for a, b in rounds]
    for what, all in (("rate", rates), ("processor time, npm ws to barewire", times)):
        print(f"x{statistics.median(all):.2f} of the {what} ({min(all):.2f} to {max(all):.2f})")


if __name__ == "__main__":
    main()
