"""Our servers behind nginx and HAProxy: who the client is, TLS and Unix sockets between, a server that is killed, a cluster
that is restarted."""

import contextlib
import http.client
import os
import re
import socket
import threading

from client import nginx
from curl import curl
from fronts import everything, haproxy, ours, websockets_through
from https import TLS
from kit import PATIENCE_SECS, Program, a_port, check, eventually, expect, package, room
from sockets import Talk, program
from tls import contents
from ws import ws_server

# ---- nginx in its ways with a server ------------------------------------------------------------------

SITE = """
upstream ours_{port} {{ server {server}; keepalive 4; }}
server {{
    listen 127.0.0.1:{port};
    client_max_body_size 0;
    proxy_http_version 1.1;
    proxy_ssl_trusted_certificate {folder}/ca.crt;
    proxy_ssl_verify on;
    proxy_ssl_name localhost;
    proxy_ssl_server_name on;
    {more}
    location / {{ {headers} proxy_pass {scheme}://ours_{port}; }}
    location /sockets/ {{
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection Upgrade;
        proxy_pass {scheme}://{sockets}/;
    }}
}}
"""
KEPT = 'proxy_set_header Connection "";'
UNBUFFERED = "proxy_buffering off; proxy_request_buffering off;"


@contextlib.contextmanager
def site(demo, server: str, scheme="http", more="", headers=KEPT, sockets="127.0.0.1:1"):
    """nginx before this server: its port."""
    port, folder = a_port(), room(demo, "keys", **{"ca.crt": contents("ca.crt")})
    os.chmod(folder, 0o755)
    values = {"port": port, "server": server, "scheme": scheme, "headers": headers, "more": more}
    with nginx(demo, SITE.format(folder=folder, sockets=sockets, **values)):
        yield port


@contextlib.contextmanager
def started(demo, *args: str):
    """http_server, and its `127.0.0.1:port` or `unix:/path`."""
    listens = () if "--listen" in args else ("--listen", "127.0.0.1:0")
    with Program(demo.binary, *listens, *args) as server:
        address = re.search(rb"running at (?:https?://)?(\S+)/\n", server.read_until(rb"/try\n"))[1].decode()
        yield address


@contextlib.contextmanager
def at_a_path(demo, *args: str):
    """The same at a Unix socket that everyone may connect to: a proxy is not of our user."""
    path = os.path.join(room(demo, "socket"), "ours.sock")
    with started(demo, "--listen", f"unix:{path}", *args) as address:
        os.chmod(os.path.dirname(path), 0o755)
        os.chmod(path, 0o777)
        yield address


@check("nginx")
def nginx_buffers(demo):
    """with and without buffers, a connection for each request and a pool of them, over a Unix socket: everything"""
    with at_a_path(demo, "--files", demo.files) as path:
        ways = ((ours(demo), "", KEPT), (ours(demo), UNBUFFERED, ""), (ours(demo), "", ""))
        for server, more, headers in (*ways, (path, UNBUFFERED, KEPT), (path, "", KEPT)):
            with site(demo, server, more=more, headers=headers) as port:
                everything(demo, f"http://127.0.0.1:{port}")
    expect(demo.complaints() == "", demo.complaints())


@check("nginx")
def nginx_tls(demo):
    """TLS to our servers, our certificate verified: everything, and WebSockets"""
    websockets = package("websockets.sync.client")  # before the servers, which live for PROGRAM_SECS
    with started(demo, *TLS, "--files", demo.files) as server, ws_server(demo, *TLS) as sockets:
        for more in ("", UNBUFFERED):
            with site(demo, server, "https", more, sockets=sockets) as port:
                everything(demo, f"http://127.0.0.1:{port}")
                websockets_through(demo, f"ws://127.0.0.1:{port}/sockets", websockets)


@check("nginx")
def pipelined(demo):
    """a client that pipelines to nginx and to HAProxy: each answer, in order"""
    numbers = range(1, 31)
    asked = b"".join(b"GET /client?%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in numbers)
    asked += b"GET /client?end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with site(demo, ours(demo)) as one, haproxy(demo, ours(demo)) as other:
        for port in (one, other):
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECS) as client:
                client.sendall(asked)
                answers = b"".join(iter(lambda: client.recv(65536), b""))
            expect(re.findall(rb"/client\?(\d+)\n", answers) == [b"%d" % number for number in numbers], answers)


# ---- who the client is ----------------------------------------------------------------------------------

# The client is not at the address that is trusted, and lies.
LIES = (
    *("--interface", "127.0.0.2", "-H", "X-Forwarded-For: 127.0.0.1, 6.6.6.6", "-H", "X-Forwarded-Proto: ftp"),
    *("-H", "X-Forwarded-Host: forged", "-H", "Forwarded: for=6.6.6.6;proto=ftp;host=forged"),
)
NGINX_SAYS = {
    "--trust-x-forwarded": """proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host;""",
    "--trust-forwarded": """proxy_set_header Forwarded
        '$http_forwarded, for=$remote_addr;proto=$scheme;host="$http_host"';""",
}
HAPROXY_SAYS = {
    "--trust-x-forwarded": """option forwardfor
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %[req.hdr(Host)]""",
    "--trust-forwarded": r"""http-request add-header Forwarded for=%[src];proto=http;host=\"%[req.hdr(Host)]\"""",
}


def names_the_client(demo, port: int, client=b"127.0.0.2"):
    seen = b"%s http://127.0.0.1:%d/client\n" % (client, port)
    for lies in (LIES, LIES[:2]):
        body, _ = curl(*lies, f"http://127.0.0.1:{port}/client")
        expect(body == seen, body, seen)


@check("nginx")
def nginx_names_the_client(demo):
    """X-Forwarded-For and Forwarded, over TCP, TLS and a Unix socket: the client that nginx has seen"""
    for option, says in NGINX_SAYS.items():
        headers = KEPT + says
        with started(demo, option, "127.0.0.1") as server, site(demo, server, headers=headers) as port:
            names_the_client(demo, port)
        with started(demo, option, "127.0.0.1", *TLS) as server, site(demo, server, "https", headers=headers) as port:
            names_the_client(demo, port)
        with at_a_path(demo, option, "unix:") as server, site(demo, server, headers=headers) as port:
            names_the_client(demo, port)
        # Not the address that is trusted: the peer is the client.
        with started(demo, option, "192.0.2.1") as server, site(demo, server, headers=headers) as port:
            body, _ = curl(*LIES, f"http://127.0.0.1:{port}/client")
            expect(body.startswith(b"127.0.0.1 http://ours_"), body)


@check("HAProxy")
def haproxy_names_the_client(demo):
    """X-Forwarded-For and Forwarded: the client that HAProxy has seen, and the one before two proxies"""
    for option, says in HAPROXY_SAYS.items():
        with started(demo, option, "127.0.0.1") as server, haproxy(demo, server, binds=says) as port:
            names_the_client(demo, port)
    with started(demo, "--trust-x-forwarded", "127.0.0.1") as server:
        headers = KEPT + NGINX_SAYS["--trust-x-forwarded"]
        with haproxy(demo, server, options="option forwardfor") as second:
            with site(demo, f"127.0.0.1:{second}", headers=headers) as port:
                names_the_client(demo, port)


# ---- two servers, and one of them is killed -----------------------------------------------------------

CLIENTS = 8
# A server that has died may have served what it has not answered. HAProxy sends again what RFC 9110 §9.2.2 lets it.
REPEATS = (
    "retry-on conn-failure empty-response response-timeout",
    "http-request disable-l7-retry unless METH_GET or METH_HEAD or METH_PUT",
)


class Numbering(threading.Thread):
    """A client that numbers its requests, and notes each whose answer does not come."""

    def __init__(self, port: int, name: int, stop: threading.Event, target="/client"):
        super().__init__()
        self.port, self.client, self.stop, self.target = port, name, stop, target
        self.answered, self.lost = 0, []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECS)
        number = 0
        while not self.stop.is_set():
            number += 1
            mark = f"{self.client}.{number}"
            method, url, body = ("POST", "/echo", mark) if number % 4 == 0 else ("GET", f"{self.target}?{mark}", None)
            try:
                connection.request(method, url, body)
                answer = connection.getresponse()
                text = answer.read().decode().strip()
                good = answer.status == 200 and (text.endswith(mark) or (self.target, method) == ("/", "GET"))
                self.answered += good
                if not good:
                    self.lost.append((method, mark, answer.status, text[:80]))
            except (OSError, http.client.HTTPException) as error:
                self.lost.append((method, mark, repr(error)))
                connection.close()
        connection.close()


@contextlib.contextmanager
def load(port: int, target="/client"):
    """Clients that ask until the block ends."""
    stop = threading.Event()
    clients = [Numbering(port, name, stop, target) for name in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        stop.set()
        for client in clients:
            client.join()


def more(clients):
    """Waits for 500 more answers."""
    before = sum(client.answered for client in clients)
    eventually(lambda: sum(client.answered for client in clients) > before + 500)


@check("HAProxy")
def haproxy_loses_nothing(demo):
    """two servers with health checks, each killed under load and started again: only a POST in flight may be lost"""
    ports, programs = [a_port(), a_port()], {}
    with contextlib.ExitStack() as all_of_them:
        def start(port: int):
            programs[port] = all_of_them.enter_context(Program(demo.binary, "--listen", f"127.0.0.1:{port}"))
            programs[port].read_until(rb"/try\n")

        for port in ports:
            start(port)
        stats = a_port()
        servers = [f"server s{port} 127.0.0.1:{port} check inter 100ms fall 1 rise 2" for port in ports]
        ways = ("balance roundrobin", "option httpchk GET /length", *REPEATS)
        binds = f"bind 127.0.0.1:{stats}\n    stats enable\n    stats uri /stats"
        front = all_of_them.enter_context(haproxy(demo, *ways, *servers, binds=binds))

        def state(port: int, word: bytes):
            row = rb"(?m)^back,s%d,.*,%s," % (port, word)
            eventually(lambda: re.search(row, curl(f"http://127.0.0.1:{stats}/stats;csv")[0]))

        with load(front) as clients:
            for port in ports * 2:
                more(clients)
                programs[port].kill()
                state(port, b"DOWN")
                start(port)
                state(port, b"UP")
        answered = sum(client.answered for client in clients)
        lost = [loss for client in clients for loss in client.lost]
        expect(not [loss for loss in lost if loss[0] == "GET"], answered, lost)
        # Each client has one request in flight when a server is killed, of which a quarter are POSTs.
        expect(len(lost) <= 4 * CLIENTS and answered > 2000, answered, lost)
        print(f"     {answered} requests answered, {len(lost)} POSTs lost in four kills")


@check("nginx")
def restarted(demo):
    """a cluster behind nginx and behind HAProxy, restarted five times under load: no GET is lost"""
    for front in (site, haproxy):
        with Talk(program(demo, "cluster"), "--listen", "127.0.0.1:0", "--workers", "2") as cluster:
            server = cluster.line().removeprefix("setup: ")
            ready(cluster, 2)
            ways = REPEATS if front is haproxy else ()
            with front(demo, *ways, *([f"server s {server}"] if ways else [server])) as port:
                with load(port, "/") as clients:
                    for _ in range(5):
                        more(clients)
                        cluster.type(b"restart\n")
                        ready(cluster, 2)
                    more(clients)
        answered = sum(client.answered for client in clients)
        lost = [loss for client in clients for loss in client.lost]
        expect(not [loss for loss in lost if loss[0] == "GET"], front.__name__, answered, lost)
        # Neither repeats a POST that it sends on a connection which is just being closed.
        expect(len(lost) <= 5 * CLIENTS, front.__name__, answered, lost)


def ready(cluster, workers: int):
    """Waits until this number of workers more accept connections."""
    while workers:
        workers -= cluster.line().endswith(": listening")
