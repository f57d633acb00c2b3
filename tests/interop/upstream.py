"""Our clients, as http_get and ws_client, through squid, tinyproxy, privoxy."""

import contextlib
import glob
import os
import re

from client import EXPECT, MIB, a_file, get
from client_proxy import proxy
from curl import curl
from https import CA, TLS, http_server
from kit import Program, a_port, at_once, check, daemon, eventually, expect, need_file, room, run
from sockets import Talk, program
from ws import ws_server

USER = "me:secret"


def with_user(at: str) -> str:
    return at.replace("//", f"//{USER}@")


# ---- squid ------------------------------------------------------------------------------------------

SQUID = """
http_port 127.0.0.1:{port}
visible_hostname squid.test
pid_filename none
access_log stdio:{folder}/access.log
cache_log {folder}/cache.log
coredump_dir {folder}
cache deny all
pinger_enable off
{more}
acl forbidden dstdomain forbidden.test
http_access deny forbidden
{asks}
http_access deny all
"""
ASKS = """
auth_param basic program {helper} {folder}/users
auth_param basic realm squid
acl known proxy_auth REQUIRED
http_access allow known
"""


@contextlib.contextmanager
def squid(demo, asks=False, more=""):
    """A running squid: its URL, and a function that returns the methods that it has been asked with."""
    port = a_port()
    user, password = USER.split(":")
    crypted = run("openssl", "passwd", "-apr1", password).stdout.decode()
    folder = room(demo, "squid", users=f"{user}:{crypted}")
    rules = "http_access allow localhost"
    if asks:
        rules = ASKS.format(folder=folder, helper=need_file("/usr/lib/squid/basic_ncsa_auth"))
    config = os.path.join(folder, "squid.conf")
    with open(config, "w") as file:
        file.write(SQUID.format(port=port, folder=folder, asks=rules, more=more))

    def methods() -> list[str]:
        with open(os.path.join(folder, "access.log")) as log:
            return [method for line in log if (method := line.split()[5]) != "-"]  # a connection without a request

    name = f"barewire{port}"  # of its shared memory
    try:
        with daemon(demo, folder, port, "squid", "-N", "-n", name, "-f", config):
            yield f"http://127.0.0.1:{port}", methods
    finally:
        for left in glob.glob(f"/dev/shm/{name}-*"):
            os.unlink(left)


@check("squid")
def squid_plain(demo):
    """GET, HEAD, ranges, uploads and 100-continue; one connection to the proxy"""
    path = a_file(demo, "body", 3 * MIB)
    with squid(demo) as (at, _):
        out, said = get(demo, "-v", "-x", at, "-w", "%{num_connects}", demo.url + "/", demo.url + "/length")
        expect(out == b"Hello World\n1Hello World\n0" and said.count("< Via: 1.1 squid.test") == 2, out, said)
        head, _ = get(demo, "-I", "-x", at, demo.url + "/length")
        expect(b"Content-Length: 12\r\n" in head, head)
        for args in ((), EXPECT):
            out, _ = get(demo, "-x", at, "-T", path, *args, demo.url + "/upload")
            expect(int(out) == 3 * MIB, args, out)
        out, _ = get(demo, "-x", at, "-T", "-", demo.url + "/upload", stdin=b"x" * MIB)
        expect(int(out) == MIB, out)
        out, _ = get(demo, "-x", at, "-w", "%{http_code}", *(demo.url + f"/status/{code}" for code in (204, 304, 204)))
        expect(out == b"204304204", out)


@check("squid")
def squid_tunnel(demo):
    """CONNECT: two requests to https_server through one tunnel, in the clear as well"""
    with squid(demo) as (at, methods), http_server(demo) as url:
        for args in ((*CA, url + "/", url + "/length"), ("-p", demo.url + "/", demo.url + "/length")):
            out, said = get(demo, "-v", "-x", at, "-w", "%{num_connects}", *args)
            expect(out == b"Hello World\n1Hello World\n0" and "Via" not in said, out, said)
        out, _ = get(demo, *CA, "-x", at, "-T", "-", url + "/upload", stdin=b"x" * MIB)
        expect(int(out) == MIB, out)
        expect(set(methods()) == {"CONNECT"}, methods())


@check("squid")
def squid_asks(demo):
    """407 until it knows who asks: an answer, and the reason that there is no tunnel"""
    with squid(demo, asks=True) as (at, _), http_server(demo) as url:
        stranger = at.replace("//", "//me:wrong@")
        for asked in (at, stranger):
            with at_once():
                out, said = get(demo, "-v", "-x", asked, "-w", "%{http_code}", demo.url)
                expect(out.endswith(b"407") and '< Proxy-Authenticate: Basic realm="squid"' in said, said)
                _, said = get(demo, "-x", asked, *CA, url, status=56)
                expect("407 Proxy Authentication Required" in said, said)
        for args in (("-x", with_user(at), demo.url), ("-x", with_user(at), *CA, url)):
            out, said = get(demo, *args)
            expect(out == b"Hello World\n", out, said)


@check("squid")
def squid_refuses(demo):
    """403 and its page, 503 for a server that is not there: told at once, and with the page's words"""
    nobody = f"http://127.0.0.1:{a_port()}/"
    with squid(demo) as (at, _):
        for url, code in (("http://forbidden.test/", "403 Forbidden"), (nobody, "503 Service Unavailable")):
            with at_once():
                out, _ = get(demo, "-x", at, "-w", "%{http_code}", url)
                expect(out.endswith(code[:3].encode()) and b"could not be retrieved" in out, out)
                _, said = get(demo, "-p", "-x", at, url, status=56)
                expect(code in said and "could not be retrieved" in said, said)
                done = run(program(demo, "ws_client"), "-x", at, url.replace("http:", "ws:"), status=1)
                expect(code in done.stderr.decode(), done.stderr)


@check("squid")
def squid_early(demo):
    """413 of its own and of our server while the body is still on its way, in the clear and in a tunnel"""
    large = a_file(demo, "large", 64 * MIB)
    with squid(demo, more="request_body_max_size 1 MB") as (at, _), at_once():
        out, said = get(demo, "-x", at, "-T", large, "-o", "/dev/null", "-w", "%{http_code}", demo.url + "/upload")
        expect(out == b"413", out, said)
    with squid(demo) as (at, _), http_server(demo) as url:
        for args in ((demo.url + "/echo",), ("-p", demo.url + "/echo"), (*CA, url + "/echo")):
            with at_once():
                out, said = get(demo, "-x", at, "-d", f"@{large}", "-o", "/dev/null", "-w", "%{http_code}", *args)
                expect(out == b"413", out, said)


@check("squid")
def squid_websocket(demo):
    """ws: and wss: through it, in a tunnel each"""
    with squid(demo, asks=True) as (at, methods):
        for tls, trust in (((), ()), (TLS, CA)):
            with ws_server(demo, *tls) as address:
                host = address.replace("127.0.0.1", "localhost")
                url = f"{'wss' if tls else 'ws'}://{host}/hello"
                with Talk(program(demo, "ws_client"), *trust, "-x", with_user(at), url) as client:
                    client.type(b"hello world!\n")
                    client.prints(b"yakexi\n")
                    client.half_closes()
                    client.ends()
        done = run(program(demo, "ws_client"), "-x", at, url, status=1)
        expect(b"407 Proxy Authentication Required" in done.stderr, done.stderr)
        eventually(lambda: methods() == ["CONNECT"] * 3)


@check("squid")
def squid_before_ours(demo):
    """our proxy as its parent: whole requests, bodies both ways, tunnels, our refusal"""
    with proxy(demo, "--name", "ours", "--auth", USER) as (at, _), http_server(demo) as url:
        port = at.rpartition(":")[2]
        peer = f"cache_peer 127.0.0.1 parent {port} 0 no-query default login={USER}\nnever_direct allow all"
        with squid(demo, more=peer) as (first, _):
            body, said = curl("-v", "-x", first, demo.url + "/", demo.url + "/length")
            expect(body == b"Hello World\n" * 2 and said.count("Via: 1.1 ours, 1.1 squid.test") == 2, body, said)
            body, said = curl("-v", "-x", first, "-T", "-", demo.url + "/upload", stdin=b"x" * MIB)
            expect(int(body) == MIB, body, said)
            body, said = curl("-v", "-x", first, *CA, url + "/", url + "/length")
            expect(body == b"Hello World\n" * 2 and said.count("> CONNECT ") == 1, body, said)
            body, said = curl("-v", "-x", first, "http://forbidden.example/")
            expect("403 Forbidden" in said and b"--allow" in body, body, said)
            with Program("curl", "-sN", "-x", first, demo.url + "/events") as stream:
                stream.read_until(rb"event: tick\ndata: 2\n\n")


# ---- tinyproxy and privoxy --------------------------------------------------------------------------

TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 20
MaxClients 20
LogLevel Error
ViaProxyName "tiny"
{more}
"""


@contextlib.contextmanager
def tinyproxy(demo, more=""):
    """A running tinyproxy: its URL."""
    port = a_port()
    folder = room(demo, "tinyproxy", config=TINYPROXY.format(port=port, more=more))
    with daemon(demo, folder, port, "tinyproxy", "-d", "-c", os.path.join(folder, "config")):
        yield f"http://127.0.0.1:{port}"


@check("tinyproxy")
def tinyproxy_all(demo):
    """whole requests, which it answers until it closes; tunnels, 407, a port that it refuses, no server"""
    user = USER.replace(":", " ")
    with tinyproxy(demo, f"BasicAuth {user}") as at, http_server(demo) as url:
        known = with_user(at)
        out, said = get(demo, "-v", "-x", known, demo.url + "/", demo.url + "/length")
        expect(out == b"Hello World\n" * 2 and "(tinyproxy/" in said, out, said)
        out, _ = get(demo, "-x", known, "-T", a_file(demo, "body", MIB), demo.url + "/upload")
        expect(int(out) == MIB, out)
        out, said = get(demo, *CA, "-x", known, "-w", "%{num_connects}", url + "/", url + "/length")
        expect(out == b"Hello World\n1Hello World\n0", out, said)
        with at_once():
            out, _ = get(demo, "-x", at, "-o", "/dev/null", "-w", "%{http_code}", demo.url)
            expect(out == b"407", out)
            _, said = get(demo, "-x", at, *CA, url, status=56)
            expect("407 Proxy Authentication Required" in said, said)
            _, said = get(demo, "-x", known, "-p", f"http://127.0.0.1:{a_port()}/", status=56)
            expect(re.search("50[0-9] ", said), said)
        with ws_server(demo) as address:
            run(program(demo, "ws_client"), "-x", known, f"ws://{address}/hello")
    with tinyproxy(demo, "ConnectPort 443") as at, at_once():
        _, said = get(demo, "-x", at, "-p", demo.url, status=56)
        expect("403 " in said, said)


PRIVOXY = """
listen-address 127.0.0.1:{port}
confdir .
templdir {templates}
logdir .
logfile log
actionsfile {folder}/rules
keep-alive-timeout 5
tolerate-pipelining 1
"""


@check("privoxy")
def privoxy_all(demo):
    """whole requests over one connection, a tunnel, and the long page of what it blocks"""
    port = a_port()
    rules = "{+block{not for you}}\nforbidden.test\n"
    folder = room(demo, "privoxy", rules=rules)
    config = os.path.join(folder, "config")
    with open(config, "w") as file:
        file.write(PRIVOXY.format(port=port, folder=folder, templates=need_file("/etc/privoxy/templates")))
    at = f"http://127.0.0.1:{port}"
    with daemon(demo, folder, port, "privoxy", "--no-daemon", config), http_server(demo) as url:
        out, said = get(demo, "-v", "-x", at, "-w", "%{num_connects}", demo.url + "/length", demo.url + "/length")
        expect(out == b"Hello World\n1Hello World\n0", out, said)
        out, _ = get(demo, "-x", at, "-T", a_file(demo, "body", MIB), demo.url + "/upload")
        expect(int(out) == MIB, out)
        out, said = get(demo, *CA, "-x", at, "-w", "%{num_connects}", url + "/", url + "/length")
        expect(out == b"Hello World\n1Hello World\n0", out, said)
        with at_once():
            out, _ = get(demo, "-x", at, "-w", "%{http_code}", "http://forbidden.test/")
            expect(b"not for you" in out and out.endswith(b"403"), out)
            _, said = get(demo, "-x", at, "-p", "http://forbidden.test/", status=56)
            expect("403 " in said, said)
        with ws_server(demo) as address:
            run(program(demo, "ws_client"), "-x", at, f"ws://{address}/hello")
