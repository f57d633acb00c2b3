"""curl and our own client through our proxy."""

import contextlib
import re

from client import EXPECT, MIB, a_file, built, get, node, peak_kib
from curl import answers, curl
from kit import Program, check, expect


@contextlib.contextmanager
def proxy(demo, *args):
    """A running proxy: its URL, and its process."""
    with Program(built(demo, "proxy"), "--listen", "127.0.0.1:0", *args) as program:
        line = program.read_until(rb"http://\S+/\n").decode()
        yield re.search(r"http://\S+", line)[0].rstrip("/"), program.process.pid


@check("proxy")
def curl_plain(demo):
    """curl -x: GET, HEAD, an upload, 100-continue refused; one connection to the proxy"""
    url = demo.url.replace("127.0.0.1", "localhost")
    with proxy(demo, "--name", "it") as (at, _):
        body, said = curl("-v", "-x", at, url + "/", url + "/length")
        expect(body == b"Hello World\n" * 2 and "Re-using existing connection" in said, body, said)
        expect(answers(said).count("Via: 1.1 it") == 2, said)
        head, _ = curl("-I", "-x", at, url + "/length")
        expect(b"Content-Length: 12\r\n" in head, head)
        path = a_file(demo, "body", 3 * MIB)
        body, said = curl("-v", "-x", at, "-T", path, *EXPECT, url + "/upload")
        expect(int(body) == 3 * MIB and "HTTP/1.1 100 Continue" in answers(said), body, said)
        body, _ = curl("-x", at, "-T", "-", url + "/upload", stdin=b"x" * MIB)
        expect(int(body) == MIB, body)
        large, sent = a_file(demo, "large", 11 * MIB), ("-o", "/dev/null", "-w", "%{http_code} %{size_upload}")
        out, _ = curl("-x", at, "--data-binary", "@" + large, *EXPECT, *sent, url + "/echo")
        expect(out == b"413 0", out)


@check("proxy")
def curl_tunnel(demo):
    """curl -p: CONNECT, and two requests through one tunnel"""
    with proxy(demo) as (at, _):
        body, said = curl("-v", "-p", "-x", at, demo.url + "/", demo.url + "/length")
        expect(body == b"Hello World\n" * 2 and said.count("> CONNECT ") == 1, body, said)
        expect("Via" not in said, said)


@check("proxy")
def curl_refused(demo):
    """curl: 403 with the option that would help, 407 until it says who it is, 502"""
    with proxy(demo, "--auth", "me:secret") as (at, _):
        body, said = curl("-v", "-x", at, demo.url + "/")
        expect("HTTP/1.1 407 Proxy Authentication Required" in answers(said), said)
        for args in ((), ("-p",)):
            body, _ = curl(*args, "-x", at, "-U", "me:secret", demo.url + "/")
            expect(body == b"Hello World\n", body)
        body, said = curl("-v", "-x", at, "-U", "me:secret", "http://example.com/")
        expect("HTTP/1.1 403 Forbidden" in answers(said) and b"--allow example.com:80" in body, body)
        _, said = curl("-v", "-p", "-x", at, "-U", "me:secret", "http://example.com/", status=56)
        expect("HTTP/1.1 403 Forbidden" in answers(said), said)
        body, _ = curl("-x", at, "-U", "me:secret", "http://localhost:1/")
        expect(b"Connection refused" in body, body)


@check("proxy")
def streams(demo):
    """1 GiB as an answer, 1 GiB through a tunnel, an upload, and events as they happen, in less than 16 MiB"""
    with proxy(demo) as (at, pid):
        for args in ((), ("-p",)):
            out, _ = curl(*args, "-x", at, "-o", "/dev/null", "-w", "%{size_download}", demo.url + "/big")
            expect(int(out) == 1 << 30, out)
        out, _ = get(demo, "-x", at, "-T", "/dev/stdin", demo.url + "/upload", stdin=b"x" * 64 * MIB)
        expect(int(out) == 64 * MIB, out)
        expect(peak_kib(pid) < 16 * 1024, f"{peak_kib(pid)} KiB")
        with Program("curl", "-sN", "-x", at, demo.url + "/events") as stream:
            stream.read_until(rb"event: tick\ndata: 2\n\n")


@check("proxy")
def node_behind(demo):
    """Node behind it: hints, trailers, until-close, what it is asked"""
    with node() as url, proxy(demo, "--name", "it") as (at, _):
        out, said = get(demo, "-v", "-x", at, url + "/hints")
        expect(re.findall(r"^< HTTP/1.1 (\d+)", said, re.M) == ["103", "102", "200"], said)
        out, said = get(demo, "-v", "-x", at, url + "/trailers")
        expect(out == b"line 1\nline 2\nline 3\n" and "\n< X-Lines: 3\n" in said, out, said)
        out, said = get(demo, "-v", "-x", at, url + "/until-close")
        expect(out == b"and then it closes\n" and "left intact" in said, out, said)
        out, _ = get(demo, "-x", at, "-T", "-", "-H", "TE: trailers", "-H", "Connection: TE", url + "/count", stdin=b"hi")
        for part in ('"bytes":2', '"coding":"chunked"', '"te":"trailers"', '"via":"1.1 it"'):
            expect(part in out.decode(), part, out)
        out, _ = get(demo, "-p", "-x", at, url + "/length", url + "/trailers")
        expect(out == b"hello\nline 1\nline 2\nline 3\n", out)
