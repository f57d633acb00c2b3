#!/usr/bin/env python3
"""What an idle connection costs the demo: `make bench`, or

    tests/bench/idle.py [--tls] [--ws [--deflate on|takeover]] [--where] [--after WHAT] [--rest SECONDS] [CONNECTIONS] [BINARY]

Opens so many keep-alive connections (10,000 unless told), lets each have one answer, and prints how much the resident
memory of the server grew for each of them: its thread, its buffers, its place in the registry. With --ws they are
WebSockets, and the answer is a message that comes back; with --deflate they agree on permessage-deflate, and the messages are
compressed. With --tls they are under TLS 1.3. Connections cost the kernel memory too, which is not in this
figure. Nothing is asserted: it is a reading of one machine.

With --after the exchange is a large one: an answer of 15 kB, a field of 30 kB, or 20 pipelined answers of 8 kB. With
--rest the reading is taken after some seconds of quiet, in which a connection gives memory back.

With --where the pages are also told apart by what they are: a thread's stack, by its size, or the heap.
"""

import argparse
import collections
import os
import re
import resource
import socket
import ssl
import subprocess
import sys
import time
import zlib

SPARE_DESCRIPTORS = 100
FASTEST = os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "fastest")

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
END = b"\r\n0\r\n\r\n"


def echo(body: bytes) -> bytes:
    return b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


# What is said, and how the last answer ends.
AFTER = {
    "hello": (REQUEST, END),
    "answer": (echo(b"x" * 15_000 + b"!"), b"!"),
    "field": (REQUEST[:-2] + b"X: " + b"x" * 30_000 + b"\r\n\r\n", END),
    "pipelined": (echo(b"x" * 8_000) * 19 + echo(b"x" * 8_000 + b"!"), b"!"),
}

HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
HELLO = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
HELLO_BACK = b"\x81\x05Hello"

KEY = b"\x37\xfa\x21\x3d"


def offered(takeover: bool) -> list:
    """A text of 600 bytes that is compressed, and comes back so."""
    deflater = zlib.compressobj(wbits=-15)
    payload = (deflater.compress(b"again " * 100) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
    masked = bytes(byte ^ KEY[at % 4] for at, byte in enumerate(payload))
    offer = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    own = offer if takeover else offer.replace(b"; ", b"; client_no_context_takeover; ")
    frame = b"\xc1" + bytes([0x80 | len(payload)]) + KEY + masked
    return [(HANDSHAKE[:-2] + own + b"\r\n", b"\r\n\r\n"), (frame, b"\x00")]

Kind = collections.namedtuple("Kind", "name demo options talk")
PLAIN = Kind(
    "connections",
    "http_server",
    ["--keep-alive-timeout", "600"],
    [(REQUEST, END)],
)
WEBSOCKET = Kind(
    "WebSockets",
    "ws_server",
    [],
    [(HANDSHAKE, b"\r\n\r\n"), (HELLO, HELLO_BACK)],
)

TLS = ["--tls", "fixtures/tls/server.crt", "fixtures/tls/server.key"]
CA = "fixtures/tls/ca.crt"


def allowed(wanted: int) -> int:
    """As many connections as there may be descriptors, here and in the server, which inherits the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(wanted, hard - SPARE_DESCRIPTORS)


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/status") as status:
        return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])


def resident_by_place(pid: int) -> dict:
    """The resident bytes of each sort of mapping: a stack is anonymous, and of the size that threads have."""
    places, place = collections.Counter(), ""
    with open(f"/proc/{pid}/smaps") as smaps:
        for line in smaps:
            mapping = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line)
            if mapping:
                size = int(mapping[2], 16) - int(mapping[1], 16)
                place = mapping[4] or f"anonymous, {size >> 10} KiB each"
            elif line.startswith("Rss:"):
                places[place] += 1024 * int(line.split()[1])
    return places


def visit(address, talk, tls) -> socket.socket:
    """A connection that has had its answers."""
    client = socket.create_connection(address, timeout=30)
    if tls:
        client = tls.wrap_socket(client, server_hostname="localhost")
    for say, ending in talk:
        client.sendall(say)
        answer = b""
        while not answer.endswith(ending):
            answer += client.recv(65536) or sys.exit("the server has closed a connection")
    return client


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("connections", nargs="?", type=int, default=10_000)
    parser.add_argument("binary", nargs="?")
    parser.add_argument("--ws", action="store_true", help="WebSockets")
    parser.add_argument("--deflate", choices=["on", "takeover"], help="the WebSockets are compressed")
    parser.add_argument("--tls", action="store_true", help="under TLS")
    parser.add_argument("--after", choices=AFTER, default="hello", help="the exchange of a connection")
    parser.add_argument("--rest", type=float, default=0, metavar="SECONDS", help="of quiet before the reading")
    parser.add_argument("--where", action="store_true", help="which mappings hold the pages")
    return parser.parse_args()


def main():
    args = arguments()
    kind = WEBSOCKET if args.ws else PLAIN._replace(talk=[AFTER[args.after]])
    if args.ws and args.deflate:
        takeover = args.deflate == "takeover"
        flag = "--deflate=takeover" if takeover else "--deflate"
        kind = kind._replace(name="compressed WebSockets", options=[flag], talk=offered(takeover))
    connections = allowed(args.connections)
    command = [args.binary or os.path.join(FASTEST, kind.demo), "--listen", "127.0.0.1:0", *kind.options]
    command += ["--max-connections", str(connections + SPARE_DESCRIPTORS)] + (TLS if args.tls else [])
    tls = ssl.create_default_context(cafile=CA) if args.tls else None
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        address = ("127.0.0.1", int(re.search(r"127\.0\.0\.1:(\d+)", server.stdout.readline())[1]))
        clients = [visit(address, kind.talk, tls)]
        before, places = resident_bytes(server.pid), resident_by_place(server.pid)
        clients += [visit(address, kind.talk, tls) for _ in range(connections)]
        time.sleep(args.rest)
        each = (resident_bytes(server.pid) - before) / connections
        over = " over TLS" if tls else ""
        print(f"idle {kind.name}{over}: {connections}, each {each / 1024:.1f} KiB of resident memory in the server")
        if args.where:
            show(resident_by_place(server.pid) - places, connections)
    finally:
        server.kill()
        server.wait()


def show(grown: dict, connections: int):
    for place, size in grown.most_common(8):
        print(f"  {size / connections / 1024:6.2f} KiB  {place}")


if __name__ == "__main__":
    main()
