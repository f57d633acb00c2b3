"""nc, by hand: bytes that no client library would send, or not in this way."""

import functools
import subprocess

from kit import Missing, Program, check, expect, run

HELLO = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
END = b"\r\n0\r\n\r\n"


@functools.cache
def need_half_close():
    """There are several programs of this name."""
    if b"-N" not in run("nc", "-h", status=None).stderr:
        raise Missing("nc that half-closes (Debian's netcat-openbsd)")


def nc(demo, sent: bytes) -> bytes:
    """Sends it all, half-closes (-N) and returns all that comes back."""
    need_half_close()
    return run("nc", "-N", "127.0.0.1", str(demo.port), input=sent).stdout


def talk(demo) -> Program:
    """An nc that stays open."""
    return Program("nc", "127.0.0.1", str(demo.port), stdin=subprocess.PIPE, bufsize=0)


@check("nc")
def half_close(demo):
    """a request and a half-close: the whole answer, then the end"""
    answer = nc(demo, HELLO)
    expect(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
    expect(answer.endswith(b"\r\n\r\nc\r\nHello World\n\r\n0\r\n\r\n"), answer)


@check("nc")
def half_close_after_body(demo):
    """a body and a half-close: echoed"""
    answer = nc(demo, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
    expect(answer.endswith(b"\r\n\r\nhello"), answer)


@check("nc")
def pipelining(demo):
    """five requests in one write: five answers, in order"""
    paths = ("/length", "/stream", "/status/204", "/nothing", "/length")
    requests = "".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths)
    answer = nc(demo, requests.encode())
    places = [answer.find(part) for part in (b"200 OK", b"line 1 of 5", b"204 No Content", b"404 Not Found")]
    expect(places == sorted(places) and places[0] == 9, answer)
    expect(answer.count(b"HTTP/1.1 ") == 5 and answer.endswith(b"\r\n\r\nHello World\n"), answer)


@check("nc")
def nothing_withheld(demo):
    """GET / pipelined with GET /poll: the first answer comes at once, the second when there is news"""
    poll = b"GET /poll?timeout=60 HTTP/1.1\r\nHost: a\r\n\r\n"
    publish = b"POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nnews"
    with talk(demo) as client:
        client.process.stdin.write(HELLO + poll)
        first = client.read_until(END)
        expect(first.count(b"HTTP/1.1 200 OK") == 1, first)
        nc(demo, publish)
        second = client.read_until(b"news\r\n0\r\n\r\n")
        expect(second.count(b"HTTP/1.1 200 OK") == 1, second)


@check("nc")
def drop_by_drop(demo):
    """a request a byte at a time"""
    with talk(demo) as client:
        for byte in HELLO:
            client.process.stdin.write(bytes([byte]))
        client.read_until(END)


@check("nc")
def empty_lines(demo):
    """an empty line before a request is passed over"""
    answer = nc(demo, b"\r\n" + HELLO + b"\r\n" + HELLO)
    expect(answer.count(b"HTTP/1.1 200 OK") == 2, answer)


REFUSED = {
    "garbage": (b"\x00\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "RFC 9112 §3.1"),
    "a ClientHello": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "RFC 8446 §5.1"),
    "words": (b"hello, is there anybody?\r\n\r\n", 400, "RFC 9112 §"),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400, "RFC 9112 §3.2"),
    "two Hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "RFC 9112 §3.2"),
    "a bare LF": (b"GET / HTTP/1.1\nHost: a\n\n", 400, "RFC 9112 §2.2"),
    "a blank before the colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "RFC 9112 §5.1"),
    "a folded field": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400, "RFC 9112 §5.2"),
    "two lengths": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        400,
        "RFC 9112 §6.3",
    ),
    "a length and a coding": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "RFC 9112 §6.1",
    ),
    "a signed length": (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", 400, "RFC 9110 §8.6"),
    "a chunk size that is none": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        400,
        "RFC 9112 §7.1",
    ),
    "another version": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "RFC 9110 §15.6.6"),
    "another expectation": (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417, "RFC 9110 §10.1.1"),
    "a long line": (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "RFC 9112 §3"),
    "a large head": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431, "RFC 6585 §5"),
    "many fields": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431, "RFC 6585 §5"),
}


@check("nc")
def refusals(demo):
    """what is no request gets a status, the rule's RFC and section, and the end of the connection"""
    for name, (sent, status, section) in REFUSED.items():
        answer = nc(demo, sent + HELLO)
        expect(answer.startswith(b"HTTP/1.1 %d " % status), name, answer)
        expect(b"Connection: close\r\n" in answer and section.encode() in answer, name, answer)
        expect(answer.count(b"\r\nDate: ") == 1, name, answer)


@check("nc")
def one_bad_apple(demo):
    """a good request before a bad one is answered"""
    answer = nc(demo, HELLO + b"GARBAGE\r\n\r\n")
    expect(answer.startswith(b"HTTP/1.1 200 OK\r\n") and b"HTTP/1.1 400 Bad Request" in answer, answer)
