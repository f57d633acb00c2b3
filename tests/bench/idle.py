#!/usr/bin/env python3
"""What an idle connection costs the demo: `make bench`, or

    tests/bench/idle.py [CONNECTIONS] [http_server]

Opens so many keep-alive connections (10,000 unless told), lets each have one answer, and prints how much the resident
memory of the server grew for each of them: its thread, its buffers, its place in the registry. Connections cost the
kernel memory too, which is not in this figure. Nothing is asserted: it is a reading of one machine.
"""

import re
import resource
import socket
import subprocess
import sys

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
END = b"\r\n0\r\n\r\n"
SPARE_DESCRIPTORS = 100


def allowed(wanted: int) -> int:
    """As many connections as there may be descriptors, here and in the server, which inherits the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(wanted, hard - SPARE_DESCRIPTORS)


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/status") as status:
        return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])


def visit(address) -> socket.socket:
    """A connection that has had one answer."""
    client = socket.create_connection(address, timeout=30)
    client.sendall(REQUEST)
    answer = b""
    while not answer.endswith(END):
        answer += client.recv(4096) or sys.exit("the server has closed a connection")
    return client


def main():
    connections = allowed(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    binary = sys.argv[2] if len(sys.argv) > 2 else "target/release/http_server"
    command = [binary, "--listen", "127.0.0.1:0", "--keep-alive-timeout", "600"]
    command += ["--max-connections", str(connections + SPARE_DESCRIPTORS)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = ("127.0.0.1", int(re.search(r":(\d+)/", server.stdout.readline())[1]))
        clients = [visit(address)]
        before = resident_bytes(server.pid)
        clients += [visit(address) for _ in range(connections)]
        each = (resident_bytes(server.pid) - before) / connections
        print(f"idle connections: {connections}, each {each / 1024:.1f} KiB of resident memory in the server")
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
