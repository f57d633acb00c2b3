"""openssl s_client and s_server against the demos of TLS, in both versions and both roles."""

import contextlib
import os
import re
import subprocess
import tempfile

from kit import Program, check, expect, run
from sockets import Talk, program

CERTS = os.path.join(os.path.dirname(__file__), "..", "..", "fixtures", "tls")
VERSIONS = {"-tls1_2": "TLSv1.2", "-tls1_3": "TLSv1.3"}


def pem(name: str) -> str:
    """The path of a certificate or key."""
    return os.path.normpath(os.path.join(CERTS, name))


def contents(name: str) -> bytes:
    with open(pem(name), "rb") as file:
        return file.read()


def identity(name: str, cert="-cert", key="-key") -> tuple[str, ...]:
    return cert, pem(f"{name}.crt"), key, pem(f"{name}.key")


@contextlib.contextmanager
def tls_echo(demo):
    """The book's server, and its port."""
    with Talk(program(demo, "tls_echo"), "--listen", "127.0.0.1:0") as server:
        server.prints(b"server bound\n")
        yield server, server.tells(rb"listening on 127.0.0.1:(\d+)\n")


def s_client(port: str, *args) -> Program:
    """Typing R, K, k or Q at the beginning of a line is a command for it."""
    verify = ("-CAfile", pem("ca.crt"), "-verify_return_error", "-verify_hostname", "localhost")
    command = ("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", *verify, *args)
    return Program(*command, stdin=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)


def echoes(client: Program, text: bytes):
    client.process.stdin.write(text + b"\n")
    client.read_until(rb"(?m)^" + re.escape(text) + rb"\n")


@contextlib.contextmanager
def s_server(*args):
    """A server, and its port."""
    command = ("openssl", "s_server", "-accept", "127.0.0.1:0", *identity("server"), *args)
    with Program(*command, stdin=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0) as server:
        accepting = rb"ACCEPT 127\.0\.0\.1:(\d+)"
        yield server, re.search(accepting, server.read_until(accepting + rb"\n"))[1].decode()


@check("openssl")
def row_t02(demo):
    """s_client: the book's session, without a certificate, with one, and with a stranger's; TLS 1.2 and 1.3"""
    words = {(): "unauthorized", identity("client"): "authorized", identity("client-unknown"): "unauthorized"}
    with tls_echo(demo) as (server, port):
        for version, name in VERSIONS.items():
            for own, word in words.items():
                with s_client(port, version, *own) as client:
                    seen = client.read_until(rb"welcome!\n")
                    expect(name.encode() in seen, seen)
                    echoes(client, b"hello")
                    server.prints(f"server connected {word}\n".encode())


@check("openssl")
def asks_for_a_certificate(demo):
    """s_client: the server names whose certificates it takes"""
    with tls_echo(demo) as (_, port), s_client(port) as client:
        seen = client.read_until(rb"welcome!\n")
        expect(b"Acceptable client certificate CA names" in seen and b"Verification: OK" in seen, seen)


@check("openssl")
def says_goodbye(demo):
    """s_client: an answer that ends with its connection, and close_notify behind it; TLS 1.2 and 1.3"""
    asked = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with Talk(program(demo, "https_server"), "127.0.0.1:0") as server:
        port = server.tells(rb"listening on 127.0.0.1:(\d+)\n")
        for version in VERSIONS:
            with s_client(port, version, "-ign_eof", "-msg") as client:
                client.process.stdin.write(asked)
                client.read_until(rb"(?s)hello world\n.*<<< \S+ \S+ Alert [^\n]*warning close_notify")


@check("openssl")
def key_update(demo):
    """s_client K and k: new keys, ours too, as often as they are asked for"""
    with tls_echo(demo) as (_, port), s_client(port, "-tls1_3", "-msg") as client:
        client.read_until(rb"welcome!\n")
        for command in b"KkK":
            client.process.stdin.write(bytes([command]) + b"\n")
            client.read_until(rb"KEYUPDATE\n")
            client.process.stdin.write(b"still here\n")
            seen = client.read_until(rb"(?m)^still here\n")
            asked = b"<<< TLS 1.3, Handshake [length 0005], KeyUpdate" in seen
            expect(asked == (command == ord("K")), command, seen)


@check("openssl")
def renegotiation(demo):
    """s_client R under TLS 1.2: refused, and others are served on"""
    with tls_echo(demo) as (_, port):
        with s_client(port, "-tls1_2") as client, s_client(port, "-tls1_2") as other:
            for it in (client, other):
                it.read_until(rb"welcome!\n")
            client.process.stdin.write(b"R\n")
            client.read_until(rb"no renegotiation|alert")
            echoes(other, b"still here")


@check("openssl")
def resumption(demo):
    """s_client -sess_out, -sess_in: the second handshake is short, and who it is known to be stays so"""
    with tls_echo(demo) as (server, port), tempfile.TemporaryDirectory() as folder:
        for version in VERSIONS:
            for own, word in {(): "unauthorized", identity("client"): "authorized"}.items():
                session = os.path.join(folder, "session")
                for flag, how in (("-sess_out", b"New, "), ("-sess_in", b"Reused, ")):
                    with s_client(port, version, *own, flag, session) as client:
                        seen = client.read_until(rb"welcome!\n")
                        echoes(client, b"hello")  # by then its tickets have come
                        expect(how in seen, version, word, flag, seen)
                        server.prints(f"server connected {word}\n".encode())


@check("openssl")
def reconnect(demo):
    """s_client -reconnect: five more times, each with a short handshake"""
    with tls_echo(demo) as (_, port), s_client(port, "-tls1_2", "-reconnect") as client:
        seen = client.read_until(rb"(?s)(Reused, TLSv1.2.*){5}welcome!\n")
        expect(seen.count(b"New, TLSv1.2") == 1, seen)


@check("openssl")
def other_ciphers(demo):
    """s_client: each suite and group that we have; an old one fails with an alert"""
    suites = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
    with tls_echo(demo) as (_, port):
        for suite in suites:
            with s_client(port, "-tls1_3", "-ciphersuites", suite) as client:
                expect(suite.encode() in client.read_until(rb"welcome!\n"), suite)
        for group in ("X25519", "P-256", "P-384"):
            with s_client(port, "-groups", group) as client:
                client.read_until(rb"welcome!\n")
        for old in (("-tls1_1", "-cipher", "ALL@SECLEVEL=0"), ("-tls1_2", "-cipher", "AES128-SHA")):
            with s_client(port, *old) as client:
                client.read_until(rb"alert (protocol version|handshake failure)")


def talk(demo, port: str, *args) -> Talk:
    return Talk(program(demo, "tls_echo"), "--connect", f"localhost:{port}", *args)


@check("openssl")
def s_server_both_ways(demo):
    """our client, s_server: lines there and back, with and without a certificate; TLS 1.2 and 1.3"""
    for version in VERSIONS:
        for own in ((), identity("client", "--cert", "--key")):
            asks = ("-Verify", "1", "-verify_return_error") if own else ()
            with s_server(version, "-msg", "-CAfile", pem("ca.crt"), *asks) as (server, port):
                with talk(demo, port, "--ca", pem("ca.crt"), *own) as client:
                    client.prints(b"client connected authorized\n")
                    client.type(b"from us\n")
                    server.read_until(rb"from us\n")
                    server.process.stdin.write(b"from them\n")
                    client.prints(b"from them\n")
                    if version == "-tls1_3":
                        server.process.stdin.write(b"K\n")
                        server.read_until(rb">>> TLS 1.3, Handshake [^\n]*KeyUpdate")
                        server.process.stdin.write(b"with new keys\n")
                        client.prints(b"with new keys\n")
                        client.type(b"ours are new, too\n")
                        server.read_until(rb"ours are new, too\n")
                    client.half_closes()
                    client.ends()


@check("openssl")
def s_server_renegotiates(demo):
    """our client, s_server r under TLS 1.2: refused"""
    with s_server("-tls1_2") as (server, port), talk(demo, port, "--ca", pem("ca.crt")) as client:
        client.prints(b"client connected authorized\n")
        server.process.stdin.write(b"r\n")
        server.read_until(rb"no renegotiation|alert|ERROR|DONE")


REFUSED = {
    "server": ((), "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
    "selfsigned": ((), "DEPTH_ZERO_SELF_SIGNED_CERT"),
    "expired": (("--ca", pem("ca.crt")), "CERT_HAS_EXPIRED"),
    "notyet": (("--ca", pem("ca.crt")), "CERT_NOT_YET_VALID"),
    "wrongname": (("--ca", pem("ca.crt")), "ERR_TLS_CERT_ALTNAME_INVALID"),
    "unknownca": (("--ca", pem("ca.crt")), "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
}


@check("openssl")
def s_server_refused(demo):
    """our client, s_server with broken certificates: Node's codes, and with -k it goes on, unauthorized"""
    for name, (args, code) in REFUSED.items():
        with s_server(*identity(name)) as (_, port):
            with talk(demo, port, *args) as client:
                told = client.process.stderr.readline().decode()
                expect(f"tls_echo: {code}: " in told and client.process.wait(30) == 1, name, told)
            with talk(demo, port, *args, "-k") as client:
                client.prints(b"client connected unauthorized\n")


@check("openssl")
def s_server_www(demo):
    """http_get, s_server -www: its page of the connection"""
    with s_server("-www") as (_, port):
        done = run(program(demo, "http_get"), "--cacert", pem("ca.crt"), f"https://localhost:{port}/")
        expect(b"Cipher" in done.stdout and b"TLSv1.3" in done.stdout, done.stdout)
