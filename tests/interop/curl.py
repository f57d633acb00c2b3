"""curl, in its modes."""

import hashlib
import os
import re
import time

from kit import PATIENCE_SECS, Program, check, eventually, expect, run

MIB = 1024 * 1024


def curl(*args, status=0, stdin=None):
    """Its output, and what `-v` says: the lines marked *, > and <."""
    done = run("curl", "-sS", "-m", str(PATIENCE_SECS), *args, status=status, input=stdin)
    return done.stdout, done.stderr.decode().replace("\r\n", "\n")


def answers(transcript: str) -> list[str]:
    """The lines of all heads that came."""
    return re.findall(r"^< (.+)$", transcript, re.M)


def a_file(demo, name: str, size: int) -> str:
    path = os.path.join(demo.folder, name)
    with open(path, "wb") as file:
        file.write(os.urandom(size))
    return path


@check("curl")
def the_books_transcript(demo):
    """-v /: the book's fields in the book's order, and its body"""
    body, said = curl("-v", demo.url + "/")
    head = answers(said)
    expect(body == b"Hello World\n", body)
    expect(head[0] == "HTTP/1.1 200 OK", head)
    names = [line.split(":")[0] for line in head[1:] if not line.startswith("Keep-Alive")]
    expect(names == ["Content-Type", "Date", "Connection", "Transfer-Encoding"], head)
    expect("Connection: keep-alive" in head and "Transfer-Encoding: chunked" in head, head)
    expect("left intact" in said, said)


@check("curl")
def implicit_head(demo):
    """-v /length: one end, so a Content-Length"""
    body, said = curl("-v", demo.url + "/length")
    expect(body == b"Hello World\n", body)
    expect("Content-Length: 12" in answers(said), said)
    expect("Transfer-Encoding" not in said, said)


@check("curl")
def head(demo):
    """-I: the fields of GET and no body"""
    fields, _ = curl("-I", demo.url + "/length")
    expect(b"HTTP/1.1 200 OK" in fields and b"Content-Length: 12" in fields, fields)


@check("curl")
def http_10(demo):
    """--http1.0: nothing chunked, and the connection ends with the answer"""
    body, said = curl("-v", "--http1.0", demo.url + "/")
    expect(body == b"Hello World\n", body)
    expect("Connection: close" in answers(said), said)
    expect("chunked" not in said, said)


@check("curl")
def expect_continue(demo):
    """-T FILE with Expect: 100 first, then the file, and its byte count"""
    path = a_file(demo, "upload", 3 * MIB + 1)
    body, said = curl("-v", "-T", path, "-H", "Expect: 100-continue", demo.url + "/upload")
    lines = [line for line in answers(said) if line.startswith("HTTP/1.1")]
    expect(lines == ["HTTP/1.1 100 Continue", "HTTP/1.1 200 OK"], said)
    expect(int(body) == 3 * MIB + 1, body)


@check("curl")
def chunked_upload(demo):
    """-T -: a body of unknown length, in chunks"""
    body, said = curl("-v", "-T", "-", demo.url + "/upload", stdin=b"x" * (MIB + 7))
    expect("> Transfer-Encoding: chunked" in said, said)
    expect(int(body) == MIB + 7, body)


@check("curl")
def echo(demo):
    """--data-binary: 1 MiB comes back as it went"""
    path = a_file(demo, "echo", MIB)
    body, _ = curl("--data-binary", "@" + path, demo.url + "/echo")
    with open(path, "rb") as file:
        expect(body == file.read(), len(body))


@check("curl")
def refused_upload(demo):
    """11 MiB for /echo: the 413 arrives, though curl is still sending"""
    path = a_file(demo, "large", 11 * MIB)
    body, said = curl("-v", "-H", "Expect:", "--data-binary", "@" + path, demo.url + "/echo")
    expect("HTTP/1.1 413 Content Too Large" in answers(said), said)
    expect(b"RFC 9110 \xc2\xa715.5.14" in body, body)


@check("curl")
def refused_before_continue(demo):
    """11 MiB with Expect: 413 and no 100, and not a byte of it sent"""
    path = a_file(demo, "large", 11 * MIB)
    url, sent = demo.url + "/echo", ("-o", "/dev/null", "-w", "%{http_code} %{size_upload}")
    out, said = curl("-v", "-H", "Expect: 100-continue", "--data-binary", "@" + path, *sent, url)
    expect("100 Continue" not in said, said)
    expect(out == b"413 0", out)


@check("curl")
def parallel(demo):
    """-Z: 50 transfers at once"""
    folder = os.path.join(demo.folder, "parallel")
    os.mkdir(folder)
    curl("-Z", "--parallel-max", "50", "-o", f"{folder}/#1", f"{demo.url}/stream?[1-50]")
    bodies = set()
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            bodies.add(file.read())
    expect(len(os.listdir(folder)) == 50, os.listdir(folder))
    expect(bodies == {b"".join(b"line %d of 5\n" % i for i in range(1, 6))}, bodies)


@check("curl")
def reuse(demo):
    """two URLs: one connection"""
    url = demo.url
    out, said = curl("-v", "-w", "%{num_connects}\n", url + "/length", url + "/stream")
    expect("Re-using existing" in said, said)
    expect(re.findall(rb"^\d$", out, re.M) == [b"1", b"0"], out)


@check("curl")
def close(demo):
    """-H 'Connection: close': said back, and done"""
    body, said = curl("-v", "-H", "Connection: close", demo.url + "/")
    expect(body == b"Hello World\n", body)
    expect("Connection: close" in answers(said), said)
    expect("left intact" not in said, said)


@check("curl")
def no_body(demo):
    """204 and 304: no body, and the connection goes on"""
    code = "%{http_code} %{num_connects} %{size_download}\n"
    urls = [f"{demo.url}/status/{status}" for status in (204, 304, 204)]
    out, said = curl("-v", "-w", code, *urls)
    expect(out == b"204 1 0\n304 0 0\n204 0 0\n", out)
    expect("Content-Length" not in said and "Transfer-Encoding" not in said, said)


@check("curl")
def unknown_things(demo):
    """404, 405 with Allow, 501"""
    for method, path, status in (("GET", "/nothing", "404"), ("DELETE", "/", "405"), ("BREW", "/", "501")):
        _, said = curl("-v", "-X", method, demo.url + path)
        expect(answers(said)[0].startswith(f"HTTP/1.1 {status} "), said)
        expect(status != "405" or "Allow: " in said, said)


@check("curl")
def unix_socket(demo):
    """--unix-socket"""
    body, _ = curl("--unix-socket", demo.socket, "http://localhost/")
    expect(body == b"Hello World\n", body)


@check("curl")
def absolute_form(demo):
    """-x: an absolute target, as a proxy gets it"""
    body, said = curl("-v", "-x", demo.url, "http://example.com/length?via=proxy")
    expect("> GET http://example.com/length?via=proxy HTTP/1.1" in said, said)
    expect(body == b"Hello World\n", body)


@check("curl")
def no_tunnel(demo):
    """-p: CONNECT is refused with 405"""
    _, said = curl("-v", "-p", "-x", demo.url, "http://example.com/", status=None)
    expect(answers(said)[0].startswith("HTTP/1.1 405 "), said)


@check("curl")
def http_2_upgrade(demo):
    """--http2: the offer of h2c is ignored"""
    body, said = curl("-v", "--http2", demo.url + "/")
    expect("> Upgrade: h2c" in said, said)
    expect(body == b"Hello World\n" and answers(said)[0] == "HTTP/1.1 200 OK", said)


@check("curl")
def big(demo):
    """/big: 1 GiB, all of it"""
    out, _ = curl("-o", "/dev/null", "-w", "%{size_download}", demo.url + "/big")
    expect(int(out) == 1 << 30, out)


@check("curl")
def long_polling(demo):
    """/poll waits until something is published"""
    with Program("curl", "-sN", demo.url + "/poll") as waiting:
        # Nobody can see from outside that the poll has begun: so it is told until it hears.
        eventually(lambda: curl("-d", "有消息", demo.url + "/publish") and waiting.process.poll() is not None)
        expect(waiting.read_until("有消息".encode()) == "有消息".encode())


@check("curl")
def server_sent_events(demo):
    """/events: ticks as they happen"""
    with Program("curl", "-sNi", demo.url + "/events") as stream:
        seen = stream.read_until(rb"event: tick\ndata: 2\n\n")
        expect(b"Content-Type: text/event-stream" in seen, seen)
        expect(seen.count(b"event: tick") == 2, seen)


def served_file(demo) -> bytes:
    """Puts `numbers` below --files. It is an hour old: one that has just changed may change again within
    the same tick of the clock, so a server must not call it unchanged."""
    text = b"".join(b"%d\n" % i for i in range(10_000))
    path = os.path.join(demo.files, "numbers")
    with open(path, "wb") as file:
        file.write(text)
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    return text


@check("curl")
def whole_file(demo):
    """a file below --files, whole"""
    text = served_file(demo)
    body, said = curl("-v", demo.url + "/files/numbers")
    expect(hashlib.sha256(body).digest() == hashlib.sha256(text).digest(), len(body))
    expect(f"Content-Length: {len(text)}" in answers(said), said)


@check("curl")
def ranges(demo):
    """-r: the first bytes, some in the middle, the last ones, none"""
    text = served_file(demo)
    size = len(text)
    for asked, first, last in (("0-99", 0, 99), ("1000-1999", 1000, 1999), ("-10", size - 10, size - 1)):
        body, said = curl("-v", "-r", asked, demo.url + "/files/numbers")
        expect("HTTP/1.1 206 Partial Content" in answers(said), said)
        expect(f"Content-Range: bytes {first}-{last}/{size}" in answers(said), said)
        expect(body == text[first : last + 1], body)
    _, said = curl("-v", "-r", f"{size}-", demo.url + "/files/numbers")
    expect(answers(said)[0].startswith("HTTP/1.1 416 "), said)
    expect(f"Content-Range: bytes */{size}" in answers(said), said)


@check("curl")
def resumed_download(demo):
    """-C: a download that goes on where it stopped"""
    text = served_file(demo)
    path = os.path.join(demo.folder, "resumed")
    with open(path, "wb") as file:
        file.write(text[:12345])
    curl("-C", "-", "-o", path, demo.url + "/files/numbers")
    with open(path, "rb") as file:
        expect(file.read() == text)


@check("curl")
def conditional(demo):
    """--etag-compare and -z: 304 for what has not changed"""
    served_file(demo)
    url, etag = demo.url + "/files/numbers", os.path.join(demo.folder, "etag")
    curl("--etag-save", etag, "-o", "/dev/null", url)
    _, said = curl("-v", "--etag-compare", etag, url)
    expect("HTTP/1.1 304 Not Modified" in answers(said), said)
    _, said = curl("-v", "-z", os.path.join(demo.files, "numbers"), url)
    expect("HTTP/1.1 304 Not Modified" in answers(said), said)


@check("curl")
def no_way_out(demo):
    """--path-as-is: nothing above --files is served"""
    a_file(demo, "secret", 100)
    os.symlink("/etc", os.path.join(demo.files, "way-out"))
    for path in ("../secret", "%2e%2e/secret", "..%2fsecret", "x/../../secret", "way-out/passwd"):
        out, _ = curl("--path-as-is", "-o", "/dev/null", "-w", "%{http_code}", f"{demo.url}/files/{path}")
        expect(out in (b"400", b"403", b"404"), path, out)
