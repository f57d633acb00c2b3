"""aiohttp, httpx and websocket-client of PyPI, faye-websocket of npm: against our servers."""

import asyncio
import contextlib
import json
import logging
import os
import queue

from client import EXPECT, MIB, a_file, get
from client_proxy import proxy
from https import TLS, http_server, trusting
from kit import PATIENCE_SECS, Background, at_once, check, expect, package, run
from node import HERE, install
from sockets import Talk, program
from tls import pem
from ws import ws_server

# ---- aiohttp ----------------------------------------------------------------------------------------


async def pieces(count: int, size: int, seconds: float = 0):
    for _ in range(count):
        yield b"x" * size
        await asyncio.sleep(seconds)


@check("aiohttp")
def aiohttp_all(demo):
    """a pool, 100 at once, bodies that stream both ways, an early 413, events, a timeout of its own, TLS"""
    aiohttp = package("aiohttp")

    async def talk(session, url):
        async with session.get(url + "/") as answer:
            expect(await answer.text() == "Hello World\n", answer)
        for length in ({}, {"Content-Length": str(50 * 10_000)}):
            async with session.put(url + "/upload", data=pieces(50, 10_000), headers=length) as answer:
                expect(int(await answer.text()) == 500_000, answer)
        async with session.post(url + "/echo", data=b"y" * MIB, expect100=True) as answer:
            expect(await answer.read() == b"y" * MIB, answer)

        async def one(i):
            async with session.post(url + "/echo", data=b"%d" % i) as answer:
                return await answer.read() == b"%d" % i

        expect(all(await asyncio.gather(*(one(i) for i in range(100)))))
        form = aiohttp.FormData({"a": "1"})
        form.add_field("file", b"z" * 100_000, filename="z.bin")
        async with session.post(url + "/upload", data=form) as answer:
            expect(int(await answer.text()) > 100_000, answer)
        for status in (204, 304):
            async with session.get(f"{url}/status/{status}") as answer:
                expect((answer.status, await answer.read()) == (status, b""), answer)
        async with session.get(url + "/events") as answer:
            seen = await answer.content.readuntil(b"data: 1\n\n")
            expect(b"event: tick" in seen, seen)
        with at_once():
            with contextlib.suppress(aiohttp.ClientOSError):  # it may prefer its own failure to send to our answer
                async with session.post(url + "/echo", data=b"x" * 11 * MIB) as answer:
                    expect(answer.status == 413, answer)
            async with session.put(url + "/nothing", data=pieces(500, 1000, 0.01)) as answer:
                expect(answer.status == 404, answer)
        try:
            async with session.get(url + "/poll?timeout=20", timeout=aiohttp.ClientTimeout(total=0.2)) as answer:
                expect(False, await answer.read())
        except asyncio.TimeoutError:
            pass

    async def all_of_it():
        with http_server(demo) as tls:
            for url in (demo.url, tls):
                pool = aiohttp.TCPConnector(limit=10, ssl=trusting())
                async with aiohttp.ClientSession(connector=pool, timeout=aiohttp.ClientTimeout(total=20)) as session:
                    await talk(session, url)

    asyncio.run(all_of_it())


@check("aiohttp")
def aiohttp_websocket(demo):
    """ws: and wss: texts, bytes, a mebibyte, pings of its own, close codes; through our proxy"""
    aiohttp = package("aiohttp")

    async def talk(session, url, **options):
        async with session.ws_connect(url + "/echo", protocols=("chat",), compress=15, **options) as ws:
            expect(ws.protocol == "chat" and not ws.compress, ws.protocol, ws.compress)
            for text in ("", "你好", "月" * 300_000):
                await ws.send_str(text)
                expect(await ws.receive_str(timeout=PATIENCE_SECS) == text, len(text))
            await ws.send_bytes(bytes(MIB))
            expect(await ws.receive_bytes(timeout=PATIENCE_SECS) == bytes(MIB))
            await asyncio.sleep(0.3)  # in which it sends pings
            expect(await ws.close(code=4001, message=b"enough") and ws.close_code == 4001, ws.close_code)

    async def all_of_it():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting())) as session:
            with ws_server(demo) as address:
                await talk(session, f"ws://{address}", heartbeat=0.1, max_msg_size=0)
            with ws_server(demo, *TLS) as address, proxy(demo) as (at, _):
                for by in (None, at):
                    await talk(session, f"wss://{address}", heartbeat=0.1, max_msg_size=0, proxy=by)

    asyncio.run(all_of_it())


@contextlib.contextmanager
def aiohttp_server():
    """A server of aiohttp's: its port."""
    web, aiohttp = package("aiohttp.web"), package("aiohttp")
    started = queue.Queue()
    silent = logging.Logger("of clients that leave", logging.CRITICAL)

    async def count(request):
        return web.Response(text="%d\n" % len(await request.read()))

    async def lines(request):
        answer = web.StreamResponse(headers={"X-Method": request.method})
        await answer.prepare(request)
        for i in range(3):
            await answer.write(b"line %d\n" % i)
        return answer

    async def echo(request):
        ws = web.WebSocketResponse(heartbeat=0.1, compress=True, max_msg_size=0)
        await ws.prepare(request)
        async for message in ws:
            if message.data == "bye":
                await ws.close(code=4003, message="good night".encode())
            elif message.type == aiohttp.WSMsgType.TEXT:
                await ws.send_str(message.data + "!")
        return ws

    async def serve():
        app = web.Application(client_max_size=4 * MIB)
        app.add_routes([web.get("/lines", lines), web.put("/count", count), web.get("/ws", echo)])
        runner = web.AppRunner(app, access_log=None, logger=silent)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        over = asyncio.Event()
        started.put((runner.addresses[0][1], asyncio.get_running_loop(), over))
        await over.wait()
        await runner.cleanup()

    with Background(lambda: asyncio.run(serve())):
        port, loop, over = started.get(timeout=PATIENCE_SECS)
        try:
            yield port
        finally:
            loop.call_soon_threadsafe(over.set)


@check("aiohttp")
def our_clients(demo):
    """its server for our clients, and by our proxy: streams, uploads, 100-continue, 413, a WebSocket with its pings"""
    body, large = a_file(demo, "body", 3 * MIB), a_file(demo, "large", 11 * MIB)
    with aiohttp_server() as port, proxy(demo) as (at, _):
        url = f"http://127.0.0.1:{port}"
        for args in ((), ("-x", at)):
            out, said = get(demo, "-v", *args, "-w", "%{num_connects}", url + "/lines", url + "/lines")
            expect(out == b"line 0\nline 1\nline 2\n1line 0\nline 1\nline 2\n0", out, said)
            head, _ = get(demo, "-I", *args, url + "/lines")
            expect(b"X-Method: HEAD\r\n" in head, head)
            for expects in ((), EXPECT):
                out, said = get(demo, *args, *expects, "-T", body, url + "/count")
                expect(int(out) == 3 * MIB, expects, out, said)
                with at_once():
                    code = ("-o", "/dev/null", "-w", "%{http_code}")
                    out, said = get(demo, *args, *expects, "-T", large, *code, url + "/count")
                    expect(out == b"413", expects, out, said)
        with Talk(program(demo, "ws_client"), f"ws://127.0.0.1:{port}/ws") as client:
            for text in ("你好", "月" * 20_000):
                client.type(f"{text}\n".encode())
                client.prints(f"{text}!\n".encode())
            client.type(b"bye\n")
            expect(client.tells(rb"closed with (.*)\n") == '4003 "good night"')
            client.ends()


# ---- httpx ------------------------------------------------------------------------------------------


@check("httpx")
def httpx_all(demo):
    """a pool, an upload from a generator, an answer read as it comes, an early 413, its timeout, a proxy, TLS"""
    httpx = package("httpx")
    with http_server(demo) as tls, proxy(demo) as (at, _):
        for url, by in ((demo.url, None), (tls, None), (demo.url, at), (tls, at)):
            with httpx.Client(verify=trusting(), timeout=20, trust_env=False, proxy=by) as client:
                for _ in range(20):
                    expect(client.get(url + "/").text == "Hello World\n")
                expect(int(client.put(url + "/upload", content=(b"x" * 10_000 for _ in range(50))).text) == 500_000)
                expect(client.post(url + "/echo", content=b"y" * MIB).content == b"y" * MIB)
                expect(client.head(url + "/length").headers["content-length"] == "12")
                expect(client.get(url + "/status/204").status_code == 204)
                with client.stream("GET", url + "/events") as answer:
                    expect(any("event: tick" in text for text in answer.iter_text()))
                with at_once():
                    with contextlib.suppress(httpx.WriteError):  # as above
                        expect(client.post(url + "/echo", content=b"x" * 11 * MIB).status_code == 413)
                    expect(client.put(url + "/nothing", content=b"x" * 5 * MIB).status_code == 404)
                try:
                    expect(False, client.get(url + "/poll?timeout=20", timeout=0.2))
                except httpx.ReadTimeout:
                    pass


# ---- websocket-client -------------------------------------------------------------------------------


@check("websocket-client")
def websocket_client(demo):
    """ws:, wss:, by our proxy: frames by hand, fragments with a ping between them, close codes, what is no frame"""
    module = package("websocket")
    opcodes = module.ABNF
    trust = {"ca_certs": pem("ca.crt")}

    def open_it(url, path="/echo", **options):
        return module.create_connection(url + path, timeout=20, sslopt=trust, suppress_origin=True, **options)

    def talk(url, **options):
        ws = open_it(url, subprotocols=["chat"], **options)
        expect(ws.getsubprotocol() == "chat" and ws.getstatus() == 101)
        for text in ("", "你好", "月" * 300_000):
            ws.send(text)
            expect(ws.recv() == text, len(text))
        ws.send_binary(b"\0\xff")
        expect(ws.recv() == b"\0\xff")
        # A character cut in two by fragments, an empty one, and a ping between them.
        two = "月".encode()
        for data, opcode, fin in ((two[:1], 1, 0), (b"", 0, 0), (b"are you there", 9, 1), (two[1:], 0, 1)):
            ws.send_frame(opcodes(fin, 0, 0, 0, opcode, 1, data))
        expect(ws.recv_data(control_frame=True) == (9 + 1, b"are you there"))
        expect(ws.recv() == "月")
        ws.send_close(4001, b"enough")
        code, data = ws.recv_data()
        expect((code, data[:2]) == (8, (4001).to_bytes(2, "big")), code, data)
        ws.close()
        # The first byte of a frame has FIN, three reserved bits, and the opcode.
        wrong = (
            *((1002, first, b"x") for first in (0x80, 0x83, 0x8B, 0xC1, 0x09)),
            *((1007, 0x81, text) for text in (b"\xff", b"\xed\xa0\x80", "月".encode()[:2])),
            *((1002, 0x88, body) for body in (b"\x03", b"\x03\xed")),  # half a code, and 1005
        )
        for wanted, first, body in wrong:
            ws = open_it(url, **options)
            ws.sock.sendall(bytes((first, 0x80 + len(body), 0, 0, 0, 0)) + body)
            code, data = ws.recv_data()
            expect((code, data[:2]) == (8, wanted.to_bytes(2, "big")), wanted, first, body, code, data)
            ws.shutdown()

    with ws_server(demo) as address, ws_server(demo, *TLS) as secure, proxy(demo) as (at, _):
        host, port = at.removeprefix("http://").split(":")
        by = {"http_proxy_host": host, "http_proxy_port": int(port), "proxy_type": "http"}
        secure = secure.replace("127.0.0.1", "localhost")
        for url, options in ((f"ws://{address}", {}), (f"wss://{secure}", {}), (f"ws://{address}", by)):
            talk(url, **options)
        try:
            expect(False, open_it(f"ws://{address}", "/nothing", header={"Sec-WebSocket-Version": "8"}).status)
        except module.WebSocketBadStatusException as refused:
            expect(refused.status_code in (400, 404, 426), refused)


# ---- faye-websocket ---------------------------------------------------------------------------------


@check("faye")
def faye(demo):
    """faye_websocket.mjs"""
    folder, client = install(demo, "faye-websocket@0.11"), program(demo, "ws_client")
    with ws_server(demo) as address, proxy(demo) as (at, _):
        script = os.path.join(HERE, "faye_websocket.mjs")
        for line in run("node", script, f"ws://{address}", at, client, folder).stdout.splitlines():
            result = json.loads(line)
            yield result["name"], result["error"]
