"""Python's standard library: http.client and urllib; and a raw socket for what they cannot do."""

import http.client
import threading
import time
import urllib.error
import urllib.request

from kit import check, expect


def connection(demo) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", demo.port, timeout=30)


@check("Python")
def keep_alive(demo):
    """http.client: many requests of many kinds on one connection"""
    client = connection(demo)
    client.connect()
    own_port = client.sock.getsockname()[1]
    for _ in range(50):
        for method, path, sent, got in (
            ("GET", "/", None, b"Hello World\n"),
            ("HEAD", "/length", None, b""),
            ("POST", "/echo", b"some bytes", b"some bytes"),
            ("GET", "/status/204", None, b""),
            ("PUT", "/upload", b"x" * 5000, b"5000\n"),
        ):
            client.request(method, path, sent)
            answer = client.getresponse()
            expect(answer.read() == got, method, path, answer.status)
            expect(client.sock.getsockname()[1] == own_port, "another connection")


@check("Python")
def chunked_upload(demo):
    """http.client: an iterator as the body goes in chunks"""
    client = connection(demo)
    pieces = (bytes([65 + i % 26]) * (1 + i % 400) for i in range(2000))
    client.request("POST", "/upload", pieces, encode_chunked=True)
    answer = client.getresponse()
    expect(int(answer.read()) == sum(1 + i % 400 for i in range(2000)), answer.status)


@check("Python")
def trailers(demo):
    """raw: a chunked body with an extension and trailers, and a request behind it"""
    sent = (
        b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b'5;note="a;b"\r\nhello\r\n3\r\nyou\r\n0\r\nX-Sum: 8\r\nX-More: yes\r\n\r\n'
        b"GET /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    )
    with demo.connect() as client:
        client.sendall(sent)
        answer = client.makefile("rb").read()
    expect(b"\r\n\r\n8\n" in answer and answer.endswith(b"\r\n\r\nHello World\n"), answer)


@check("Python")
def forbidden_trailer(demo):
    """raw: a trailer that would frame the message is refused"""
    sent = (
        b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\na\r\n0\r\nContent-Length: 1\r\n\r\n"
    )
    with demo.connect() as client:
        client.sendall(sent)
        answer = client.makefile("rb").read()
    expect(answer.startswith(b"HTTP/1.1 400 ") and "RFC 9110 §6.5.1".encode() in answer, answer)


@check("Python")
def idle_connection(demo):
    """raw: five idle seconds after an answer the server closes, as it said in Keep-Alive"""
    with demo.connect() as client:
        client.sendall(b"GET /length HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = client.recv(65536)
        expect(b"Keep-Alive: timeout=5\r\n" in answer, answer)
        began = time.monotonic()
        expect(client.recv(1) == b"" and 4 < time.monotonic() - began < 12, time.monotonic() - began)


@check("Python")
def simple(demo):
    """urllib: GET and POST"""
    with urllib.request.urlopen(demo.url + "/", timeout=30) as answer:
        expect(answer.read() == b"Hello World\n" and answer.status == 200)
    with urllib.request.urlopen(demo.url + "/echo", b"a=1&b=2", timeout=30) as answer:
        expect(answer.read() == b"a=1&b=2")


@check("Python")
def an_error(demo):
    """urllib: a 404 and what it says"""
    try:
        urllib.request.urlopen(demo.url + "/nothing", timeout=30)
        raise AssertionError("found something")
    except urllib.error.HTTPError as error:
        expect(error.code == 404 and "RFC 9110 §15.5.5".encode() in error.read(), error.code)


@check("Python")
def many_at_once(demo):
    """http.client: 64 threads, 50 requests each"""
    right = []

    def client():
        own = connection(demo)
        for i in range(50):
            own.request("POST", "/echo", b"%d" % i)
            right.append(own.getresponse().read() == b"%d" % i)

    threads = [threading.Thread(target=client) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(right == [True] * 64 * 50, right.count(True))
