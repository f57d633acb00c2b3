"""Our clients, as http_get and ws_client, at proxies and servers that Python plays: what no real one does on demand."""

import contextlib
import socket
import socketserver
import subprocess
import time

from client import get
from kit import PATIENCE_SECS, Background, Program, at_once, check, expect, run
from sockets import program


@contextlib.contextmanager
def played(script):
    """A server that reads a head and then does this, given the socket and the head: its URL."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.settimeout(20)
            head = b""
            with contextlib.suppress(OSError):
                while b"\r\n\r\n" not in head and (piece := self.request.recv(65536)):
                    head += piece
                script(self.request, head)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, block_on_close = True, False

    with Server(("127.0.0.1", 0), Handler) as server, Background(lambda: server.serve_forever(0.05)):
        try:
            yield "http://127.0.0.1:%d" % server.server_address[1]
        finally:
            server.shutdown()


HEADS = {
    "until close": b"Connection: close\r\n\r\n",
    "in chunks": b"Transfer-Encoding: chunked\r\n\r\n",
    "of a length": b"Content-Length: 99999999999\r\n\r\n",
}


def refusing_for_ever(status: str, framing: str, pause: float):
    def script(peer: socket.socket, _):
        piece = b"no tunnels today, says the proxy\n" * 10
        if framing == "in chunks":
            piece = b"%x\r\n%s\r\n" % (len(piece), piece)
        peer.sendall(f'HTTP/1.1 {status}\r\nProxy-Authenticate: Basic realm="it"\r\n'.encode() + HEADS[framing])
        while True:
            peer.sendall(piece)
            time.sleep(pause)

    return script


@check("Python")
def endless_refusals(demo):
    """a proxy that refuses a tunnel, a server that refuses a WebSocket, with a body that never ends: told at once"""
    ways = ((framing, pause) for framing in HEADS for pause in (0, 0.01))
    for framing, pause in ways:
        for status in ("403 Forbidden", "407 Proxy Authentication Required"):
            with played(refusing_for_ever(status, framing, pause)) as at:
                with at_once():
                    _, said = get(demo, "-x", at, "-p", "http://a.test/", status=56)
                    expect(status in said and "no tunnels today" in said, framing, pause, said)
                for args in (("-x", at, "ws://a.test/"), (at.replace("http:", "ws:"),)):
                    with at_once():
                        done = run(program(demo, "ws_client"), *args, status=1)
                        expect(status[:3].encode() in done.stderr, framing, pause, args, done.stderr)


@check("Python")
def endless_redirect(demo):
    """a redirect whose body never ends, from a server and from a proxy: followed at once"""
    for framing in HEADS:
        answer = refusing_for_ever(f"302 Found\r\nLocation: {demo.url}/length", framing, 0.01)

        def script(peer, head, answer=answer):
            answer(peer, head) if b"a.test" in head else relay(peer, demo.port)

        with played(script) as at:
            for args in (("-x", at, "http://a.test/"), ("-H", "X: a.test", at)):
                with at_once():
                    out, said = get(demo, "-v", "-L", *args)
                    expect(out.endswith(b"Hello World\n"), framing, args, out, said)


def relay(peer: socket.socket, port: int):
    """Asks our demo for /length in its place."""
    with socket.create_connection(("127.0.0.1", port)) as server:
        server.sendall(b"GET /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        while piece := server.recv(65536):
            peer.sendall(piece)


@check("Python")
def early_answers(demo):
    """an answer before the body has come, and no byte read of it: told at once, though stdin goes on"""
    endings = {
        "with a length": b"Content-Length: 9\r\n\r\nno thanks",
        "and closed": b"Connection: close\r\nContent-Length: 9\r\n\r\nno thanks",
        "until it closes": b"Connection: close\r\n\r\nno thanks",
    }
    for name, ending in endings.items():

        def script(peer, _, ending=ending):
            peer.sendall(b"HTTP/1.1 403 Forbidden\r\n" + ending)
            if b"close" in ending:
                peer.shutdown(socket.SHUT_WR)
            time.sleep(PATIENCE_SECS)

        with played(script) as at:
            for args in (("-x", at, "http://a.test/"), (at,)):
                command = (program(demo, "http_get"), "-m", "20", "-w", " %{http_code}", "-T", "-", *args)
                with Program(*command, stdin=subprocess.PIPE, bufsize=0) as client, at_once():
                    client.process.stdin.write(b"a first piece")
                    client.read_until(rb"no thanks 403")
                    expect(client.process.wait(PATIENCE_SECS) == 0, name, args)


@check("Python")
def odd_tunnels(demo):
    """a tunnel of HTTP/1.0, one with fields that mean nothing, interim answers; none at all, and half a head"""
    grants = (
        b"HTTP/1.0 200 Connection established\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nProxy-agent: it\r\n\r\n",
        b"HTTP/1.1 299 Fine\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    )
    for grant in grants:

        def script(peer, _, grant=grant):
            peer.sendall(grant)
            peer.recv(65536)
            relay(peer, demo.port)

        with played(script) as at:
            out, said = get(demo, "-v", "-p", "-x", at, "http://a.test/")
            expect(out == b"Hello World\n", grant, out, said)
    for nothing in (b"", b"HTTP/1.1 200 OK\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"):
        with played(lambda peer, _, nothing=nothing: peer.sendall(nothing)) as at, at_once():
            out, said = get(demo, "-p", "-x", at, "http://a.test/", status=None)
            expect(out == b"" and said.startswith("http_get: ("), nothing, out, said)
