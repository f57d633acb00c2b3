"""curl, Node, Python and Chromium over https: and wss:, and our clients at Node's and Python's servers."""

import base64
import contextlib
import hashlib
import json
import os
import re
import ssl
import subprocess
import urllib.request
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from browser import Browser
from client import get
from client_proxy import proxy
from curl import MIB, a_file, curl
from kit import Background, Program, check, eventually, expect, package, run
from node import HERE, install
from sockets import Talk, program
from tls import identity, pem, talk, tls_echo
from ws import DEFLATE, MESSAGES, compressed_echo, python_server, ws_server

TLS = ("--tls", pem("server.crt"), pem("server.key"))
CA = ("--cacert", pem("ca.crt"))


@contextlib.contextmanager
def https_server(demo):
    """The book's server, and its port."""
    with Talk(program(demo, "https_server"), "127.0.0.1:0") as server:
        yield server.tells(rb"listening on 127.0.0.1:(\d+)\n")


@contextlib.contextmanager
def http_server(demo, *args):
    """What http_server has, over TLS: its URL."""
    with Program(demo.binary, "--listen", "127.0.0.1:0", *TLS, *args) as server:
        port = re.search(rb"127\.0\.0\.1:(\d+)", server.read_until(rb"/try\n"))[1]
        yield f"https://localhost:{int(port)}"


# ---- curl -------------------------------------------------------------------------------------------


@check("curl")
def row_t05(demo):
    """https: fails with (60), works with -k and with --cacert, by name and by address"""
    with https_server(demo) as port:
        url = f"https://localhost:{port}/"
        _, said = curl(url, status=60)
        expect("curl: (60)" in said, said)
        for args in (("-k", url), (*CA, url), (*CA, f"https://127.0.0.1:{port}/")):
            body, said = curl("-v", *args)
            expect(body == b"hello world\n" and "TLSv1.3" in said, said)


@check("curl")
def versions(demo):
    """https: TLS 1.2 and 1.3, ALPN; nothing older, nothing else"""
    with http_server(demo) as url:
        for version in ("1.2", "1.3"):
            body, said = curl("-v", *CA, "--tls-max", version, f"--tlsv{version}", "--http2", url)
            expect(body == b"Hello World\n" and f"SSL connection using TLSv{version}" in said, said)
            expect("ALPN: server accepted http/1.1" in said, said)
        curl(*CA, "--tls-max", "1.1", "--ciphers", "ALL@SECLEVEL=0", "--tlsv1.0", url, status=35)


@check("curl")
def all_over_tls(demo):
    """https: uploads, 100-continue, reuse, 413 while it still sends, 50 at once, 1 GiB"""
    path, large = a_file(demo, "upload", 3 * MIB + 1), a_file(demo, "large", 11 * MIB)
    with http_server(demo) as url:
        body, said = curl("-v", *CA, "-T", path, "-H", "Expect: 100-continue", url + "/upload", url + "/length")
        expect(body.startswith(b"%d\n" % (3 * MIB + 1)) and "Re-using existing" in said, body, said)
        body, _ = curl(*CA, "--data-binary", "@" + a_file(demo, "echo", MIB), url + "/echo")
        expect(len(body) == MIB, len(body))
        body, said = curl("-v", *CA, "-H", "Expect:", "--data-binary", "@" + large, url + "/echo")
        expect("HTTP/1.1 413 Content Too Large" in said and b"RFC 9110" in body, said)
        out, _ = curl(*CA, "-Z", "--parallel-max", "50", "-o", "/dev/null", "-w", "%{http_code}", f"{url}/?[1-50]")
        expect(out == b"200" * 50, out)
        out, _ = curl(*CA, "-o", "/dev/null", "-w", "%{size_download}", url + "/big")
        expect(int(out) == 1 << 30, out)


@check("curl")
def mutual(demo):
    """https --client-ca: gets in with its certificate, not without one nor with a stranger's"""
    with http_server(demo, "--client-ca", pem("ca.crt")) as url:
        for version in ("1.2", "1.3"):
            at_most = ("--tls-max", version)
            body, _ = curl(*CA, *at_most, *identity("client", "--cert", "--key"), url)
            expect(body == b"Hello World\n", body)
            for stranger in ((), identity("client-unknown", "--cert", "--key")):
                _, said = curl(*CA, *at_most, *stranger, url, status=None)
                expect(re.search(r"curl: \((35|56|98)\).*alert", said), said)


@check("curl")
def wrong_port(demo):
    """http: at the TLS port, https: at the plain port: told which, and both serve on"""
    with http_server(demo) as url:
        body, said = curl("-v", url.replace("https:", "http:"), status=None)
        expect(b"TLS" in body or b"https" in body, body, said)
        body, _ = curl(*CA, url)
        expect(body == b"Hello World\n", body)
    _, said = curl(demo.url.replace("http:", "https:"), status=35)
    expect("curl: (35)" in said, said)


@check("proxy")
def through_a_tunnel(demo):
    """https through our proxy: curl and http_get ask for a tunnel, and TLS is with the server itself"""
    with http_server(demo) as url, proxy(demo) as (at, _):
        body, said = curl("-v", *CA, "-x", at, url + "/", url + "/length")
        expect(body == b"Hello World\n" * 2 and said.count("> CONNECT ") == 1, body, said)
        out, said = get(demo, "-v", *CA, "-x", at, "-w", "%{num_connects}", url + "/", url + "/length")
        expect(out == b"Hello World\n1Hello World\n0", out, said)
        steps = ("> CONNECT localhost", "< HTTP/1.1 200", "* SSL connection using", "> GET / ", "left intact")
        places = [said.find(step) for step in steps]
        expect(places == sorted(places) and places[0] > 0, places, said)
        expect(said.count("Closing connection") == 1, said)


# ---- Node -------------------------------------------------------------------------------------------


@check("Node")
def clients(demo):
    """tls_client.mjs"""
    with tls_echo(demo) as (server, port), https_server(demo) as hello, http_server(demo) as url:
        script = os.path.join(HERE, "tls_client.mjs")
        for line in run("node", script, pem(""), port, hello, url).stdout.splitlines():
            result = json.loads(line)
            yield result["name"], result["error"]


@check("Node")
def servers(demo):
    """our clients at tls.createServer and https.createServer: the codes of both are the same"""
    with Program("node", os.path.join(HERE, "tls_server.mjs"), pem("")) as server:
        ports = json.loads(server.read_until(rb"\n"))
        port = ports.pop("echo")
        for own, word in (((), "unauthorized"), (identity("client", "--cert", "--key"), "authorized")):
            with talk(demo, str(port), "--ca", pem("ca.crt"), *own) as client:
                client.prints(f"client connected authorized\nwelcome {word}!\n".encode())
                client.type(b"hello\n")
                client.prints(b"hello\n")
                client.half_closes()
                client.ends()
        hello = f"https://localhost:{ports.pop('https')}/"
        out, said = get(demo, "-v", *CA, "-w", "%{num_connects}", hello, hello)
        expect(out == b"hello from node\n1hello from node\n0", out, said)
        for name, (port, code) in ports.items():
            url = f"https://localhost:{port}/"
            _, said = get(demo, *CA, url, status=60)
            expect(code in said, name, code, said)
            out, _ = get(demo, "-k", url)
            expect(out == b"hello from node\n", out)


# ---- Python -----------------------------------------------------------------------------------------


def trusting(own=None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=pem("ca.crt"))
    if own:
        context.load_cert_chain(pem(f"{own}.crt"), pem(f"{own}.key"))
    return context


@check("Python")
def ssl_client(demo):
    """ssl and urllib: the echo with and without a certificate, a short second handshake, https"""
    import socket

    with tls_echo(demo) as (server, port):
        for own, word in ((None, "unauthorized"), ("client", "authorized")):
            context = trusting(own)
            session = None
            for again in (False, True):
                plain = socket.create_connection(("127.0.0.1", int(port)), timeout=30)
                with context.wrap_socket(plain, server_hostname="localhost", session=session) as stream:
                    file = stream.makefile("rb")
                    expect(file.readline() == b"welcome!\n")
                    for size in (1, 100, 16_384, 16_385, 60_000) * 10:
                        sent = os.urandom(size)
                        stream.sendall(sent)
                        expect(file.read(size) == sent, size)
                    expect(stream.session_reused == again, own, again)
                    session = stream.session
                server.prints(f"server connected {word}\n".encode())
    with http_server(demo) as url:
        with urllib.request.urlopen(url + "/echo", b"a=1", timeout=30, context=trusting()) as answer:
            expect(answer.read() == b"a=1")
        try:
            urllib.request.urlopen(url, timeout=30, context=ssl.create_default_context())
            raise AssertionError("it was trusted")
        except urllib.error.URLError as error:
            expect(isinstance(error.reason, ssl.SSLCertVerificationError), error)


@check("Python")
def one_connection(demo):
    """http.client: many requests on one connection over TLS"""
    with http_server(demo) as url:
        client = HTTPSConnection(url.removeprefix("https://"), timeout=30, context=trusting())
        client.connect()
        own_port = client.sock.getsockname()[1]
        for i in range(200):
            client.request("POST", "/echo", b"x" * i * 100)
            expect(len(client.getresponse().read()) == i * 100)
        expect(client.sock.getsockname()[1] == own_port, "another connection")


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = repr(self.connection.getpeercert().get("subject")).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@check("Python")
def ssl_server(demo):
    """http_get at ssl: a certificate is demanded and shown, TLS 1.2 and 1.3"""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pem("ca.crt"))
        context.load_cert_chain(pem("server.crt"), pem("server.key"))
        context.verify_mode, context.maximum_version = ssl.CERT_REQUIRED, version
        with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            server.handle_error = lambda *_: None
            with Background(server.serve_forever):
                try:
                    url = f"https://127.0.0.1:{server.server_port}/"
                    out, _ = get(demo, *CA, *identity("client", "--cert", "--key"), url)
                    expect(b"commonName" in out, out)
                    done = subprocess.run([program(demo, "http_get"), *CA, url], capture_output=True, timeout=30)
                    expect(done.returncode in (35, 56), done)
                finally:
                    server.shutdown()


# ---- Chromium and WebSocket -------------------------------------------------------------------------


def pin(name: str) -> str:
    """The hash of a public key: Chromium takes the certificate that has it."""
    key = run("openssl", "x509", "-in", pem(f"{name}.crt"), "-pubkey", "-noout").stdout
    der = run("openssl", "pkey", "-pubin", "-outform", "der", input=key).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def window(demo) -> Browser:
    return Browser(demo.folder, f"--ignore-certificate-errors-spki-list={pin('server')}")


@check("Chromium")
def pages(demo):
    """https: hello, and the three ways to hear"""
    with http_server(demo) as url, window(demo) as page:
        page.open(url + "/")
        eventually(lambda: page.text("body").strip() == "Hello World")
        how = "return [performance.getEntriesByType('navigation')[0].nextHopProtocol, isSecureContext]"
        expect(page.script(how) == ["http/1.1", True], page.script(how))
        page.open(url + "/try")
        eventually(lambda: re.fullmatch(r"tick [2-9]", page.text("#events")))
        eventually(lambda: re.fullmatch(r"piece \d+", page.text("#frame")))


@check("Chromium")
def secure_websocket(demo):
    """wss: from the demo's page: a message there and back, and the loop of 50 ms"""
    with ws_server(demo, *TLS) as address, window(demo) as page:
        page.open(f"https://{address}/")
        eventually(lambda: page.text("#state") == "open")
        page.click("#talk button")
        eventually(lambda: page.text("#came") == "hello world!\n")
        eventually(lambda: re.fullmatch(r"sent \d\d+, came \d\d+", page.text("#updates")))
        expect(page.script("return socket.url").startswith("wss://"))


@check("ws")
def node_wss(demo):
    """websocket_client.mjs over wss:"""
    folder, client = install(demo, "ws@8"), program(demo, "ws_client")
    trusts = {**os.environ, "NODE_EXTRA_CA_CERTS": pem("ca.crt")}
    with ws_server(demo, *TLS) as address:
        script, keys = os.path.join(HERE, "websocket_client.mjs"), pem("server")
        for line in run("node", script, f"wss://{address}", client, folder, keys, env=trusts).stdout.splitlines():
            result = json.loads(line)
            yield result["name"] + ", over TLS", result["error"]


def connect_wss(client, url):
    """Python's websockets reads in a thread while it writes the handshake, which Python's ssl may not
    (python/cpython#151508): some 2 of 100 attempts stand still, with Python's own server as with ours."""
    for attempts_left in reversed(range(5)):
        try:
            return client.connect(url, ssl=trusting(), max_size=None, open_timeout=5)
        except (TimeoutError, OSError):
            if attempts_left == 0:
                raise


@check("websockets")
def python_wss(demo):
    """wss: our server and our client"""
    client = package("websockets.sync.client")
    with ws_server(demo, *TLS) as address, connect_wss(client, f"wss://{address}/echo") as ws:
        # One after the other: Python's ssl may not be read and written at once (python/cpython#151508).
        for message in ["你好", b"\0\xff", "月" * 300_000, bytes(1_000_000)] * 8:
            ws.send(message)
            expect(ws.recv(30) == message, len(message))
    seen = []

    def talk(ws):
        seen.append(ws.recv(30))
        ws.send("月" * 300_000)
        seen.append(len(ws.recv(30)))
        ws.close(1000, "bye")

    with wss_server(demo, talk) as url:
        run(program(demo, "ws_client"), "--echo", *CA, url)
        done = subprocess.run([program(demo, "ws_client"), "--echo", url], capture_output=True, timeout=30)
        expect(done.returncode == 1 and b"--cacert" in done.stderr or b"ca" in done.stderr, done)
    expect(seen == ["hello", 300_000], seen)


@contextlib.contextmanager
def wss_server(demo, talk):
    """The URL of a server of Python's websockets."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem("server.crt"), pem("server.key"))
    with python_server(demo, talk, ssl=context, max_size=None) as url:
        yield url.replace("ws:", "wss:")


@check("websockets")
def python_wss_deflate(demo):
    """wss: our server and our client, with --deflate"""
    client, seen = package("websockets.sync.client"), []
    for flag in DEFLATE:
        with ws_server(demo, *TLS, flag) as address, connect_wss(client, f"wss://{address}/echo") as ws:
            expect(len(ws.protocol.extensions) == 1, ws.response.headers)
            for message in (*MESSAGES, *MESSAGES):
                ws.send(message)
                expect(ws.recv(30) == message, len(message))

    talk = compressed_echo(seen)
    for flag in DEFLATE:
        with wss_server(demo, talk) as url:
            run(program(demo, "ws_client"), flag, "--echo", *CA, url)
    expect(len(seen) == 30 and all(seen), seen)
