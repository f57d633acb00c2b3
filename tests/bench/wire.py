#!/usr/bin/env python3
"""How fast `wire FILE --json` explains a capture of 100 MB beside `tshark -T pdml`, which gets a tenth of it:

    tests/bench/wire.py [target/fastest/wire]

The captures are made here: responses of 20 kB in 3 segments each, WebSocket messages of 100 bytes in batches, and heads.
"""

import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "interop"))

import pcap  # noqa: E402
from pcap import CLIENT, SERVER, Conversation  # noqa: E402
from vectors import UPGRADE, UPGRADED, head  # noqa: E402

ASKED = b"GET /a/file?of=20000&bytes HTTP/1.1\r\nHost: example.com\r\nUser-Agent: bench/1\r\nAccept: */*\r\n\r\n"
TYPE = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"


def conversations(size: int) -> list[Conversation]:
    """About this many bytes: a third of large bodies, a third of frames, a third of heads."""
    made, body = [], bytes(range(256)) * 80
    large = TYPE + b"Content-Length: %d\r\n\r\n" % len(body) + body
    pieces = [(SERVER, large[at : at + 8000]) for at in range(0, len(large), 8000)]
    frame = b"\x82\xe4\x37\xfa\x21\x3d" + body[:100]
    upgrade = [(CLIENT, head(UPGRADE, [])), (SERVER, head(UPGRADED, []))]
    small = [(CLIENT, ASKED), (SERVER, TYPE + b"Content-Length: 0\r\n\r\n")]
    for _ in range(max(size // 3_000_000, 1)):
        made.append(Conversation("bodies", "http", [(CLIENT, ASKED), *pieces] * 48))
        made.append(Conversation("frames", "http", upgrade + [(CLIENT, frame * 10)] * 900))
        made.append(Conversation("heads", "http", small * 3500))
    return pcap.in_a_file(made)


def seconds(*command: str) -> float:
    began = time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        subprocess.run(command, stdout=nowhere, stderr=nowhere, check=True)
    return time.monotonic() - began


def main() -> None:
    wire = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "target", "fastest", "wire")
    with tempfile.TemporaryDirectory() as folder:
        rates = {}
        for name, size, *command in (("wire --json", 100_000_000, wire, "FILE", "--json"), PDML):
            file = os.path.join(folder, "bench.pcap")
            pcap.write(file, conversations(size))
            took = seconds(*(file if word == "FILE" else word for word in command))
            rates[name] = os.path.getsize(file) / took / 1e6
            print(f"{name:16} {os.path.getsize(file) / 1e6:6.1f} MB in {took:6.1f} s: {rates[name]:6.1f} MB/s", flush=True)
        print(f"wire is {rates['wire --json'] / rates[PDML[0]]:.0f} times as fast")


PDML = ("tshark -T pdml", 10_000_000, "tshark", "-n", "-r", "FILE", "-T", "pdml")

if __name__ == "__main__":
    main()
