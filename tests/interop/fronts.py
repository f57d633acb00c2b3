"""HAProxy, Apache and nginx in front of our servers: curl and our own clients come by way of them."""

import contextlib
import os
import re

from client import EXPECT, MIB, a_file, get, nginx
from curl import curl, served_file
from https import CA, TLS, http_server
from kit import Program, a_port, at_once, check, daemon, eventually, expect, package, room
from sockets import Talk, program
from tls import contents
from webservers import apache
from ws import ws_server

# ---- what each of them must let through -------------------------------------------------------------


def everything(demo, url: str, *args: str):
    """curl's requests of many kinds; `args` are for all of them."""
    text = served_file(demo)
    body, said = curl("-v", *args, url + "/", url + "/length")
    expect(body == b"Hello World\n" * 2 and "Re-using existing" in said, body, said)
    head, _ = curl("-I", *args, url + "/length")
    expect(re.search(rb"(?i)content-length: 12\r\n", head), head)
    path = a_file(demo, "body", 3 * MIB)
    for expects in ((), EXPECT):
        body, said = curl("-v", *args, *expects, "-T", path, url + "/upload")
        expect(int(body) == 3 * MIB, expects, body, said)
    body, said = curl("-v", *args, "-T", "-", url + "/upload", stdin=b"x" * MIB)
    expect(int(body) == MIB, body, said)
    body, _ = curl(*args, "--data-binary", f"@{a_file(demo, 'echo', MIB)}", url + "/echo")
    expect(len(body) == MIB, len(body))
    codes = ("-o", "/dev/null", "-w", "%{http_code} ")
    urls = [f"{url}/status/{status}" for status in (204, 304, 204, 404)]
    out, said = curl("-v", *args, *codes[:2] * 3, *codes, *urls)
    expect(out == b"204 304 204 404 ", out, said)
    body, _ = curl(*args, "-r", "1000-1999", url + "/files/numbers")
    expect(body == text[1000:2000], len(body))
    out, _ = curl(*args, *codes, "-X", "BREW", url + "/")
    expect(out == b"501 ", out)
    with at_once():
        out, said = curl("-v", *args, *codes, "--data-binary", f"@{a_file(demo, 'large', 11 * MIB)}", url + "/echo")
        expect(out == b"413 ", out, said)
    with Program("curl", "-sN", *args, url + "/events") as stream:
        stream.read_until(rb"event: tick\ndata: 1\n\n")
    out, _ = curl(*args, "-Z", "--parallel-max", "20", *codes, f"{url}/stream?[1-40]")
    expect(out == b"200 " * 40, out)


def websockets_through(demo, url: str, websockets=None, *trust: str):
    """Our client and, in the clear, Python's, at /hello and /echo."""
    with Talk(program(demo, "ws_client"), *trust, f"{url}/hello") as client:
        client.type(b"hello world!\n")
        client.prints(b"yakexi\n")
        client.half_closes()
        client.ends()
    if websockets:
        with websockets.connect(f"{url}/echo", max_size=None) as ws:
            for message in ("你好", "月" * 300_000, bytes(1_000_000)):
                ws.send(message)
                expect(ws.recv(30) == message, len(message))
            ws.close(4001, "enough")
            expect(ws.close_code == 4001, ws.close_code)


# ---- HAProxy ----------------------------------------------------------------------------------------

HAPROXY = """
defaults
    mode {mode}
    timeout connect 2s
    timeout client 20s
    timeout server 20s
    timeout tunnel 20s
    retries 3
    option redispatch
    {options}
frontend front
    bind 127.0.0.1:{port}
    {binds}
    default_backend back
backend back
    {servers}
"""
# What a server is asked to see that it is well.
ASKED = """option httpchk
    http-check send meth GET uri /length ver HTTP/1.1 hdr Host it
    http-check expect status 200"""


@contextlib.contextmanager
def haproxy(demo, *servers: str, mode="http", options="", binds=""):
    """A running HAProxy: its port."""
    keys = {"ca.crt": contents("ca.crt"), "both.pem": contents("server.crt") + contents("server.key")}
    folder, port = room(demo, "haproxy", **keys), a_port()
    config = os.path.join(folder, "config")
    lines = "\n    ".join(server if " " in server else f"server s{i} {server}" for i, server in enumerate(servers))
    with open(config, "w") as file:
        file.write(HAPROXY.format(mode=mode, options=options, binds=binds, port=port, servers=lines))
    with daemon(demo, folder, port, "haproxy", "-db", "-f", config):
        yield port


def ours(demo) -> str:
    return f"127.0.0.1:{demo.port}"


@check("HAProxy")
def haproxy_http(demo):
    """mode http in its three ways with connections, and HTTP/2 before it"""
    for option in ("http-keep-alive", "http-server-close", "httpclose"):
        with haproxy(demo, ours(demo), options=f"option {option}\n    option forwardfor") as port:
            if option == "httpclose":
                body, said = curl("-v", f"http://127.0.0.1:{port}/length")
                expect(body == b"Hello World\n" and "close" in said, body, said)
            else:
                everything(demo, f"http://127.0.0.1:{port}")
            out, said = get(demo, "-v", f"http://127.0.0.1:{port}/stream", f"http://127.0.0.1:{port}/length")
            expect(out.endswith(b"line 5 of 5\nHello World\n"), out, said)
    tls = a_port()
    with haproxy(demo, ours(demo), binds=f"bind 127.0.0.1:{tls} ssl crt both.pem alpn h2"):
        everything(demo, f"https://localhost:{tls}", *CA, "--http2")


@check("HAProxy")
def haproxy_websocket(demo):
    """ws: and wss: through it, in both modes, and a WebSocket that closes on either side"""
    websockets = package("websockets.sync.client")  # before the servers, which live for PROGRAM_SECS
    with ws_server(demo) as address:
        for mode in ("http", "tcp"):
            with haproxy(demo, address, mode=mode) as port:
                websockets_through(demo, f"ws://127.0.0.1:{port}", websockets)
    with ws_server(demo, *TLS) as address, haproxy(demo, address, mode="tcp") as port:
        websockets_through(demo, f"wss://localhost:{port}", None, *CA)


@check("HAProxy")
def haproxy_tls(demo):
    """TLS passed through, and TLS of its own to our server, with its certificate verified"""
    with http_server(demo) as url:
        tls = "127.0.0.1:" + url.rpartition(":")[2]
        with haproxy(demo, tls, mode="tcp") as port:
            body, said = curl("-v", *CA, f"https://localhost:{port}/", f"https://localhost:{port}/length")
            expect(body == b"Hello World\n" * 2 and "Re-using existing" in said, body, said)
        verify = f"server s {tls} ssl verify required ca-file ca.crt sni str(localhost) verifyhost localhost"
        with haproxy(demo, ASKED, f"{verify} check inter 100ms") as port:
            body, said = curl("-v", f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{port}/length")
            expect(body == b"Hello World\n" * 2, body, said)
            body, said = curl("-v", "-T", "-", f"http://127.0.0.1:{port}/upload", stdin=b"x" * MIB)
            expect(int(body) == MIB, body, said)


@check("HAProxy")
def haproxy_checks(demo):
    """health checks: of TCP, of HTTP/1.0 and 1.1; our server sees nothing worth a line in them"""
    ways = ((), ("option httpchk",), ("option httpchk OPTIONS *", "http-check expect rstatus ^[245]"), (ASKED,))
    with http_server(demo) as url:
        tls = "127.0.0.1:" + url.rpartition(":")[2]
        for asked, server in (*((asked, ours(demo)) for asked in ways), ((), tls)):
            stats = a_port()
            binds = f"bind 127.0.0.1:{stats}\n    stats enable\n    stats uri /stats"
            with haproxy(demo, *asked, f"server s {server} check inter 50ms fall 1 rise 2", binds=binds):
                up = rb"(?m)^back,s,.*,UP,.*,L[47]OK,"
                eventually(lambda: re.search(up, curl(f"http://127.0.0.1:{stats}/stats;csv")[0]))
    expect(demo.complaints() == "", demo.complaints())


@check("HAProxy")
def haproxy_proxy_protocol(demo):
    """its PROXY protocol, which we do not speak: refused, and served on without"""
    for version in ("send-proxy", "send-proxy-v2"):
        with haproxy(demo, f"server s {ours(demo)} {version}") as port, at_once():
            out, said = curl("-v", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{port}/")
            expect(out in (b"400", b"502"), out, said)
    body, _ = curl(demo.url)
    expect(body == b"Hello World\n", body)


@check("HAProxy")
def haproxy_denies(demo):
    """what it refuses while our client still sends: the answer is told, in the clear and under TLS"""
    tls, large = a_port(), a_file(demo, "large", 32 * MIB)
    ways = {"deny deny_status 413": b"413", "return status 403 content-type text/plain string no": b"403"}
    for denies, code in ways.items():
        binds = f"bind 127.0.0.1:{tls} ssl crt both.pem\n    http-request {denies} if METH_PUT"
        with haproxy(demo, ours(demo), binds=binds) as port:
            for args in ((f"http://127.0.0.1:{port}/",), (*CA, f"https://localhost:{tls}/")) * 3:
                with at_once():
                    out, said = get(demo, "-T", large, "-o", "/dev/null", "-w", "%{http_code}", *args)
                    expect(out == code, args, out, said)


@check("HAProxy")
def haproxy_takes_over(demo):
    """one of two servers is killed: no request fails"""
    retry = "retry-on all-retryable-errors"
    with demo.start("127.0.0.1:0") as second:
        port = re.search(rb"127\.0\.0\.1:(\d+)", second.read_until(rb"/try\n"))[1].decode()
        servers = [f"server s{p} 127.0.0.1:{p} check inter 100ms fall 1" for p in (demo.port, port)]
        with haproxy(demo, "balance roundrobin", *servers, options=retry) as front:
            urls = f"http://127.0.0.1:{front}/length?[1-200]"
            with Program("curl", "-s", "-o", "/dev/null", "-w", "%{http_code} ", urls) as client:
                seen = client.read_until(rb"(200 ){20}")
                second.kill()
                seen += client.process.stdout.read()
                expect(seen == b"200 " * 200, seen)


# ---- Apache and nginx -------------------------------------------------------------------------------

PASSES = """
SSLProxyEngine on
SSLProxyCACertificateFile ca.crt
ProxyPass /sockets/ http://{sockets}/ upgrade=websocket
ProxyPass /tls/ https://localhost:{tls}/
ProxyPass /chunks/ http://{demo}/
<Location /chunks/>
    SetEnv proxy-sendchunked 1
</Location>
ProxyPass / http://{demo}/ flushpackets=on
"""


@check("Apache")
def apache_before_us(demo):
    """mod_proxy: everything in the clear, TLS to us, chunked uploads, WebSockets"""
    websockets = package("websockets.sync.client")  # before the servers, which live for PROGRAM_SECS
    with ws_server(demo) as sockets, http_server(demo) as url:
        tls = url.rpartition(":")[2]
        more = PASSES.format(sockets=sockets, tls=tls, demo=ours(demo))
        with apache(demo, more=more) as (front, _):
            everything(demo, front)
            for path in ("/tls", "/chunks"):
                body, said = curl("-v", "-T", "-", f"{front}{path}/upload", stdin=b"x" * MIB)
                expect(int(body) == MIB, path, body, said)
                body, said = curl("-v", front + path + "/length")
                expect(body == b"Hello World\n", path, body, said)
            websockets_through(demo, front.replace("http:", "ws:") + "/sockets", websockets)


POOLED = """
upstream ours {{ server {demo}; keepalive 4; }}
server {{
    listen 127.0.0.1:{port};
    client_max_body_size 0;
    proxy_http_version 1.1;
    proxy_buffering off;
    proxy_request_buffering off;
    location / {{ proxy_set_header Connection ""; proxy_pass http://ours/; }}
    location /sockets/ {{
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection Upgrade;
        proxy_pass http://{sockets}/;
    }}
}}
"""


@check("nginx")
def nginx_before_us(demo):
    """with a pool of connections to us, and nothing buffered: everything, and WebSockets"""
    websockets = package("websockets.sync.client")  # before the servers, which live for PROGRAM_SECS
    port = a_port()
    with ws_server(demo) as sockets, nginx(demo, POOLED.format(port=port, demo=ours(demo), sockets=sockets)):
        everything(demo, f"http://127.0.0.1:{port}")
        websockets_through(demo, f"ws://127.0.0.1:{port}/sockets", websockets)
