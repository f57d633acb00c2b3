#!/usr/bin/env python3
"""Two workers beside one process and beside nginx with two workers:

    tests/bench/workers.py [--seconds 1] [--rounds 9] [--connections 64] [BINARY]

BINARY is http_server (target/fastest/http_server); nginx is the one in PATH, without its row if there is none. `ka64` asks
on 64 connections that stay open, `close` makes a connection for each request, 64 at a time. The servers take turns (ABC, ABC …),
and a ratio is of two neighbours; its median is printed, and the processor time of all processes of a server for a request.

Server and client share the cores, and the client (one Python process) is slower than the servers: so the processor time says
more than the rate. Each answers with 12 bytes of text; nginx with fewer header fields than ours.
"""

import argparse
import contextlib
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

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.abspath(os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "..", "..", "target")))
KEPT = b"GET /length HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
NGINX = """
daemon off; worker_processes 2; error_log /dev/null; pid %(folder)s/pid;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000;
  %(temporary)s
  server { listen 127.0.0.1:%(port)d backlog=1024 %(tls)s; location / { default_type text/plain; return 200 "Hello World\\n"; } }
}
"""


class Server:
    """Its first process and the children of that; the `with` block ends them."""

    def __init__(self, name: str, command: list[str], port: int = 0):
        self.name, self.port = name, port
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        if not port:
            found = re.search(r"127\.0\.0\.1:(\d+)", self.process.stdout.readline())
            self.port = int(found[1]) if found else sys.exit(f"{name} does not listen: {' '.join(command)}")

    def __enter__(self):
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return self
            time.sleep(0.05)
        sys.exit(f"{self.name} does not listen")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def seconds(self) -> float:
        first = self.process.pid
        workers = []
        for thread in os.listdir(f"/proc/{first}/task"):  # each has the children that it has started
            with contextlib.suppress(OSError), open(f"/proc/{first}/task/{thread}/children") as children:
                workers += children.read().split()  # a thread that has ended since has none
        return sum(map(processor_seconds, [first, *workers]))


def processor_seconds(pid) -> float:
    with open(f"/proc/{pid}/stat") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def connect(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def load(server: Server, keeps: bool, connections: int, seconds: float) -> tuple[float, float]:
    """Requests a second, and microseconds of processor time for each."""
    selector = selectors.DefaultSelector()
    request = KEPT if keeps else LAST

    def begin():
        client = connect(server.port)
        client.sendall(request)
        selector.register(client, selectors.EVENT_READ)

    for _ in range(connections):
        begin()
    done, cpu, start = 0, server.seconds(), time.monotonic()
    while time.monotonic() < start + seconds:
        for key, _ in selector.select():
            client = key.fileobj
            got = client.recv(4096)
            if keeps:
                got or sys.exit(f"{server.name} has closed a connection")
                done += 1
                client.sendall(request)
            elif not got:
                done += 1
                selector.unregister(client)
                client.close()
                begin()
    rate, cpu = done / (time.monotonic() - start), server.seconds() - cpu
    for key in list(selector.get_map().values()):
        key.fileobj.close()
    return rate, 1e6 * cpu / max(done, 1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def nginx_path() -> str | None:
    return shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")


def nginx(folder: str, certificate: tuple[str, str] | None = None) -> Server:
    """With two workers; over TLS if there is a certificate and its key. What it writes is in the folder."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    tls = "ssl; ssl_protocols TLSv1.3; ssl_certificate {}; ssl_certificate_key {}".format(*certificate) if certificate else ""
    port, path = free_port(), os.path.join(folder, "conf")
    with open(path, "w") as conf:
        conf.write(NGINX % {"folder": folder, "port": port, "temporary": temporary, "tls": tls})
    return Server("nginx", [nginx_path(), "-p", folder, "-c", path], port)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?", default=os.path.join(TARGET, "fastest", "http_server"))
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--connections", type=int, default=64)
    args = parser.parse_args()
    ours = [args.binary, "--listen", "127.0.0.1:0"]
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(Server("two workers", [*ours, "--workers", "2"])),
            stack.enter_context(Server("one process", ours)),
        ]
        if nginx_path():
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            servers.append(stack.enter_context(nginx(folder)))
        for kind, keeps in (("ka64", True), ("close", False)):
            rounds = [
                [load(server, keeps, args.connections, args.seconds) for server in servers] for _ in range(args.rounds)
            ]
            for at, server in enumerate(servers):
                rate = statistics.median(figures[at][0] for figures in rounds)
                cpu = statistics.median(figures[at][1] for figures in rounds)
                line = f"{kind:<6} {server.name:<12}{rate:>9,.0f} a second{cpu:>8.1f} µs of the processor"
                if at > 0:
                    of = [statistics.median(figures[0][what] / figures[at][what] for figures in rounds) for what in (0, 1)]
                    line += f"; two workers: {of[0]:.2f} of its rate, {of[1]:.2f} of its time"
                print(line, flush=True)


if __name__ == "__main__":
    main()
