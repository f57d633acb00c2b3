"""WebSocket: npm's ws and Python's websockets in both roles, Node's own, and the demo's page in Chromium."""

import contextlib
import json
import os
import re
import select
import socket
import subprocess
import zlib

from browser import Browser
from client import peak_kib
from kit import Background, Missing, check, eventually, expect, need, package, run
from node import HERE, install
from sockets import Talk, program


DEFLATE = ("--deflate", "--deflate=takeover")
# The parameters of permessage-deflate: what Python's websockets asks for, and what it then sends.
PARAMETERS = (
    {},
    {"server_no_context_takeover": True, "client_no_context_takeover": True},
    {"server_max_window_bits": 9},
    {"server_max_window_bits": 12, "client_max_window_bits": 10},
    {"client_max_window_bits": 9, "client_no_context_takeover": True},
)
MESSAGES = ("你好", b"\0\xff", "", "again and again " * 100, "月" * 300_000, os.urandom(100_000), bytes(1_000_000))


@contextlib.contextmanager
def ws_server(demo, *args):
    """The demo, and its `127.0.0.1:port`."""
    with a_ws_server(demo, *args) as (_, address):
        yield address


@contextlib.contextmanager
def a_ws_server(demo, *args):
    """The same, and the program."""
    with Talk(program(demo, "ws_server"), "--listen", "127.0.0.1:0", *args) as server:
        yield server, server.tells(rb"listening on (\S+)\n")


@check("ws")
def node(demo):
    """websocket_client.mjs"""
    folder, client = install(demo, "ws@8"), program(demo, "ws_client")
    with ws_server(demo) as address:
        script = os.path.join(HERE, "websocket_client.mjs")
        for line in run("node", script, f"ws://{address}", client, folder).stdout.splitlines():
            result = json.loads(line)
            yield result["name"], result["error"]


@check("ws")
def node_deflate(demo):
    """websocket_deflate.mjs"""
    folder, client = install(demo, "ws@8"), program(demo, "ws_client")
    script = os.path.join(HERE, "websocket_deflate.mjs")
    for flag in DEFLATE:
        with ws_server(demo, flag) as address:
            for line in run("node", script, f"ws://{address}", client, folder, flag).stdout.splitlines():
                result = json.loads(line)
                yield result["name"], result["error"]


@check("Node's WebSocket")
def builtin(demo):
    """texts, bytes, a mebibyte, a subprotocol, a refusal; closed with a code, and cleanly"""
    need("node")
    flag = "--experimental-websocket"  # on without it from Node 22 on
    if subprocess.run(["node", flag, "-e", ""], capture_output=True).returncode:
        raise Missing("a Node that has a WebSocket of its own")
    with ws_server(demo) as address:
        run("node", flag, os.path.join(HERE, "builtin_websocket.mjs"), f"ws://{address}")


@check("websockets")
def python_client(demo):
    """our server: texts, bytes, parts, pings, a subprotocol; compression is declined"""
    client = package("websockets.sync.client")
    with ws_server(demo) as address, client.connect(f"ws://{address}/echo", subprotocols=["chat"], max_size=None) as ws:
        expect(ws.subprotocol == "chat", ws.subprotocol)
        expect("Sec-WebSocket-Extensions" not in ws.response.headers, ws.response.headers)
        for message in ("你好", b"\0\xff", "", "月" * 300_000, bytes(1_000_000)):
            ws.send(message)
            expect(ws.recv(30) == message, len(message))
        ws.send(iter(["hel", "lo ", "world!"]))
        expect(ws.recv(30) == "hello world!")
        expect(ws.ping().wait(30), "no pong")
        ws.close(4001, "enough")
        expect(ws.close_code == 4001, ws.close_code)


@check("websockets")
def python_client_deflate(demo):
    """our server --deflate: all parameters, with context takeover and without"""
    client, deflate = package("websockets.sync.client"), package("websockets.extensions.permessage_deflate")
    for flag in DEFLATE:
        with ws_server(demo, flag) as address:
            for parameters in PARAMETERS:
                extensions = [deflate.ClientPerMessageDeflateFactory(**parameters)]
                options = {"compression": None, "extensions": extensions, "max_size": None}
                with client.connect(f"ws://{address}/echo", **options) as ws:
                    agreed = ws.response.headers["Sec-WebSocket-Extensions"]
                    expect(agreed.startswith("permessage-deflate"), agreed)
                    alone = flag == "--deflate" or "server_no_context_takeover" in parameters
                    expect(("server_no_context_takeover" in agreed) == alone, agreed, parameters)
                    for message in (*MESSAGES, *MESSAGES):
                        ws.send(message)
                        expect(ws.recv(30) == message, len(message), parameters)


@check("websockets")
def python_client_bomb(demo):
    """our server --deflate: a gigabyte in a megabyte gets a Close 1009"""
    client = package("websockets.sync.client")
    with ws_server(demo, "--deflate") as address, client.connect(f"ws://{address}/echo", max_size=None) as ws:
        try:
            ws.send(b"\0" * 1_000_000 for _ in range(1000))
            expect(False, ws.recv(30))
        except package("websockets.exceptions").ConnectionClosedError as closed:
            expect(closed.rcvd.code == 1009, closed.rcvd)


HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)


def bomb() -> list[bytes]:
    """Ten gigabytes of zeros in ten megabytes of compressed pieces."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    first, again = (deflate.compress(bytes(1_000_000)) + deflate.flush(zlib.Z_SYNC_FLUSH) for _ in range(2))
    pieces = [first] + [again] * 9_999
    expect(sum(map(len, pieces)) < 11_000_000)
    return pieces


def masked(first: int, length: int) -> bytes:
    """The header of a frame whose key leaves its payload as it is."""
    of_length = b"\xff" + length.to_bytes(8, "big") if length > 0xFFFF else b"\xfe" + length.to_bytes(2, "big")
    return bytes([first]) + of_length + bytes(4)


@check("Python")
def bombs_take_no_memory(demo):
    """our server --deflate: 10 GB out of 10 MB, in one frame and in 10,000, get a Close 1009 in less than 40 MiB"""
    pieces = bomb()
    in_one = [masked(0xC2, sum(map(len, pieces))), *pieces]
    in_many = [masked(0 if n else 0x42, len(piece)) + piece for n, piece in enumerate(pieces)]
    for pieces in (in_one, in_many):
        with a_ws_server(demo, "--deflate") as (server, address):
            host, port = address.split(":")
            with socket.create_connection((host, int(port)), 30) as peer:
                peer.sendall(HANDSHAKE)
                heard = b""
                while not heard.endswith(b"\r\n\r\n"):
                    heard += peer.recv(1)
                expect(b"permessage-deflate" in heard, heard)
                for piece in pieces:
                    if select.select([peer], [], [], 0)[0]:
                        break
                    peer.sendall(piece)
                expect((heard := peer.recv(4))[::3] == b"\x88\xf1" and heard[2] == 0x03, heard)
                peak = peak_kib(server.process.pid)
                expect(peak < 40 * 1024, peak)  # a message of 16 MiB, and 4 MiB


@check("websockets")
def python_client_too_long(demo):
    """our server: a message beyond --max-message gets a Close 1009"""
    client = package("websockets.sync.client")
    with ws_server(demo, "--max-message", "1000") as address, client.connect(f"ws://{address}/echo") as ws:
        ws.send("x" * 1000)
        expect(len(ws.recv(30)) == 1000)
        ws.send("x" * 1001)
        try:
            expect(False, ws.recv(30))
        except package("websockets.exceptions").ConnectionClosedError as closed:
            expect(closed.rcvd.code == 1009, closed.rcvd)


@contextlib.contextmanager
def python_server(demo, handler, **options):
    """The URL of a server of websockets."""
    serving = package("websockets.sync.server")
    with serving.serve(handler, "127.0.0.1", 0, **options) as server, Background(server.serve_forever):
        try:
            yield "ws://127.0.0.1:%d/" % server.socket.getsockname()[1]
        finally:
            server.shutdown()


@check("websockets")
def python_server_echo(demo):
    """our client --echo: what is sent comes back, until the server closes"""
    seen = []

    def talk(ws):
        seen.append(ws.recv(30))
        for message in ("你好", b"\0\xff", "月" * 300_000):
            ws.send(message)
            seen.append(ws.recv(30) == message)
        seen.append(ws.ping().wait(30))
        ws.close(1000, "bye")

    with python_server(demo, talk) as url:
        run(program(demo, "ws_client"), "--echo", url)
    expect(seen == ["hello", True, True, True, True], seen)


def compressed_echo(seen):
    """What a server says to our client --echo --deflate, each message twice; `seen` gets whether all came back."""

    def talk(ws):
        seen.append(len(ws.protocol.extensions) == 1 and ws.recv(30) == "hello")
        for message in (*MESSAGES, *MESSAGES):
            ws.send(message)
            seen.append(ws.recv(30) == message)
        ws.close(1000, "bye")

    return talk


@check("websockets")
def python_server_deflate(demo):
    """our client --echo --deflate: all parameters, with context takeover and without"""
    deflate, seen = package("websockets.extensions.permessage_deflate"), []
    talk = compressed_echo(seen)
    for flag in DEFLATE:
        for parameters in PARAMETERS:
            extensions = [deflate.ServerPerMessageDeflateFactory(**parameters)]
            options = {"compression": None, "extensions": extensions, "max_size": None}
            with python_server(demo, talk, **options) as url:
                run(program(demo, "ws_client"), flag, "--echo", url)
    expect(len(seen) == 150 and all(seen), seen)


@check("websockets")
def python_server_lines(demo):
    """our client: lines there and back, the server's code and reason"""

    def talk(ws):
        for message in ws:
            if message == "好":
                return ws.close(4002, "good night")
            ws.send(f"{message}!")

    with python_server(demo, talk) as url, Talk(program(demo, "ws_client"), url) as client:
        client.type("你\n".encode())
        client.prints("你!\n".encode())
        client.type("好\n".encode())
        expect(client.tells(rb"closed with (.*)\n") == '4002 "good night"')
        client.ends()


@check("Chromium")
def page(demo):
    """the demo's page: a message there and back, a close, and the loop of 50 ms"""
    with ws_server(demo) as address, Browser(demo.folder) as window:
        window.open(f"http://{address}/")
        eventually(lambda: window.text("#state") == "open")
        window.click("#talk button")
        eventually(lambda: window.text("#came") == "hello world!\n")
        window.click("#talk button")
        eventually(lambda: window.text("#came") == "hello world!\n" * 2)

        first = eventually(lambda: re.fullmatch(r"sent (\d+), came (\d+)", window.text("#updates")))
        wanted = int(first[2]) + 10
        more = eventually(lambda: counts(window, wanted))
        expect(more[0] >= more[1], more)

        window.click("#bye")
        eventually(lambda: window.text("#state") == "closed: 1000, clean: true")
        # What is typed then is not lost without a word.
        window.click("#talk button")
        eventually(lambda: window.text("#state") == "open")
        again = "closed: 1000, clean: true\nit was closed: connecting again\nhello world!\n"
        eventually(lambda: window.text("#came").endswith(again))


def counts(window: Browser, wanted: int):
    """How many the page sent and how many it was told of, once those are `wanted`."""
    sent, came = map(int, re.findall(r"\d+", window.text("#updates")))
    return (sent, came) if came >= wanted else None


@check("Chromium")
def page_deflate(demo):
    """the demo's page, where the server compresses: Chromium always offers it"""
    for flag in ("", *DEFLATE):
        with ws_server(demo, *filter(None, [flag])) as address, Browser(demo.folder) as window:
            window.open(f"http://{address}/")
            eventually(lambda: window.text("#state") == "open")
            agreed = window.script("return socket.extensions")
            expect(agreed.startswith("permessage-deflate") == bool(flag), agreed)
            window.script(
                "window.long = 'again and again '.repeat(5000);"
                "window.heard = []; socket.addEventListener('message', e => heard.push(e.data));"
                "for (let n = 0; n < 10; n++) socket.send(n + long);"
            )
            eventually(lambda: window.script("return heard.length === 10 && heard.every((c, n) => c === n + long)"))


@check("Chromium")
def page_worked_example(demo):
    """the demo's page: hello world! is answered with yakexi"""
    with ws_server(demo) as address, Browser(demo.folder) as window:
        window.open(f"http://{address}/")
        eventually(lambda: window.text("#state") == "open")
        window.script(
            "const path = document.querySelector('select'); path.value = '/hello';"
            "path.dispatchEvent(new Event('change', {bubbles: true}));"
        )
        # The connection before is being closed; the state is that of the new one.
        eventually(lambda: window.script("return socket.url.endsWith('/hello') && socket.readyState === 1"))
        window.click("#talk button")
        eventually(lambda: window.text("#came") == "yakexi\n")
