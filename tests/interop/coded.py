"""Content codings: curl, wget, Node and Python take our gzip; http_get undoes that of nginx, Apache and Python."""

import contextlib
import gzip
import os
import subprocess
import time
import urllib.request

from client import built, get, nginx, peak_kib
from client import python as python_server
from curl import answers, curl
from kit import Program, check, expect, run
from webservers import PAGE, apache
from ws import bomb

TEXT = b"".join(b"line %d of 10000\n" % line for line in range(1, 10_001))


def put(folder: str, name: str, *, zipped_earlier=False):
    """Puts a page and its form in gzip, which has other content here."""
    os.makedirs(folder, exist_ok=True)
    then = time.time() - 3600
    for file, content in ((name, PAGE), (name + ".gz", gzip.compress(b"from the file in gzip\n"))):
        path = os.path.join(folder, file)
        with open(path, "wb") as it:
            it.write(content)
        os.utime(path, (then, then - (100 if zipped_earlier and file != name else 0)))


@check("curl")
def takes_our_gzip(demo):
    """--compressed /text: gzip on the wire, the lines here; -I, HTTP/1.0, no coding, none that we have"""
    for option in ((), ("--http1.0",)):
        body, said = curl("-v", "--compressed", *option, "-w", "%{stderr}%{size_download}", demo.url + "/text")
        expect(body == TEXT and "Content-Encoding: gzip" in answers(said), said)
        expect("Vary: Accept-Encoding" in answers(said) and int(said.split()[-1]) < len(TEXT) / 3, said)
    head, _ = curl("-I", "--compressed", demo.url + "/text")
    expect(b"Content-Encoding: gzip\r\n" in head, head)
    body, said = curl("-v", demo.url + "/text")
    expect(body == TEXT and f"Content-Length: {len(TEXT)}" in answers(said), said)
    body, said = curl("-H", "Accept-Encoding: br, identity;q=0", "-w", "%{http_code}", demo.url + "/text")
    expect(b"RFC 9110" in body and body.endswith(b"406"), body)
    raw, _ = curl("-H", "Accept-Encoding: gzip", demo.url + "/text")
    expect(gzip.decompress(raw) == TEXT, len(raw))


@check("curl")
def takes_files_in_gzip(demo):
    """--compressed below --files: NAME.gz in the place of NAME, a part of it, nothing new, and not if it is older"""
    put(demo.files, "page.txt")
    url = demo.url + "/files/page.txt"
    body, said = curl("-v", "--compressed", url)
    expect(body == b"from the file in gzip\n" and "Content-Type: text/plain; charset=utf-8" in answers(said), said)
    etag = next(line for line in answers(said) if line.startswith("ETag: "))[6:]
    code = ("-o", os.devnull, "-w", "%{http_code}")
    expect(curl("--compressed", "-H", f"If-None-Match: {etag}", *code, url)[0] == b"304", etag)
    expect(curl("-H", f"If-None-Match: {etag}", *code, url)[0] == b"200", etag)
    expect(curl("-H", "Accept-Encoding: gzip", "-r", "0-1", url)[0] == b"\x1f\x8b")
    put(demo.files, "old.txt", zipped_earlier=True)
    expect(curl("--compressed", demo.url + "/files/old.txt")[0] == PAGE)


@check("wget")
def wget_takes_our_gzip(demo):
    """--compression=gzip /text"""
    done = run("wget", "--tries=1", "--timeout=20", "-S", "-O", "-", "--compression=gzip", demo.url + "/text")
    expect(done.stdout == TEXT and b"Content-Encoding: gzip" in done.stderr, done.stderr)


@check("Node")
def node_takes_our_gzip(demo):
    """fetch /text: it asks for gzip, deflate by itself"""
    script = (
        "const answer = await fetch(process.argv[1]);"
        "console.error(answer.headers.get('content-encoding'));"
        "process.stdout.write(await answer.text());"
    )
    done = run("node", "--input-type=module", "-e", script, demo.url + "/text")
    expect(done.stdout == TEXT and done.stderr == b"gzip\n", done.stderr)


@check("Python")
def python_takes_our_gzip(demo):
    """urllib and gzip /text"""
    request = urllib.request.Request(demo.url + "/text", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        expect(answer.headers["Content-Encoding"] == "gzip", answer.headers)
        expect(gzip.GzipFile(fileobj=answer).read() == TEXT)


ZIPPING = "gzip on; gzip_types *; gzip_min_length 1; gzip_static %s;"


def compressed(demo, url: str, content: bytes, *args: str):
    """http_get undoes it, whole."""
    out, said = get(demo, "-v", "--compressed", *args, url)
    expect(out == content and "\n< Content-Encoding: gzip\n" in said, out[:200], said)


@check("http_get")
def nginx_zips(demo):
    """--compressed at nginx: gzip on the way and gzip_static, HTTP/1.1 and 1.0, -I, a part, nothing new"""
    for static, content in (("off", PAGE), ("on", b"from the file in gzip\n")):
        with nginx(demo, ZIPPING % static + "gzip_http_version 1.0;") as (url, www):
            put(www, "page")
            for version in ((), ("-0",)):
                compressed(demo, url + "/page", content, *version)
            head, _ = get(demo, "-I", "--compressed", url + "/page")
            expect(b"Content-Encoding: gzip\r\n" in head, head)
            etag = head.split(b"ETag: ")[1].split(b"\r\n")[0].decode()
            args = ("--compressed", "-H", f"If-None-Match: {etag}", "-w", "%{http_code}")
            expect(get(demo, *args, url + "/page")[0] == b"304", etag)
            out, _ = get(demo, "--compressed", "-H", "Range: bytes=5-9", url + "/page")
            expect(out == PAGE[5:10], out)
            out, said = get(demo, "-v", url + "/page")
            expect(out == PAGE and "Content-Encoding" not in said, said)


@check("http_get")
def apache_zips(demo):
    """--compressed at Apache: mod_deflate"""
    with apache(demo) as (url, _):
        compressed(demo, url + "/zipped", PAGE)


@check("http_get")
def python_zips(demo):
    """--compressed at Python: several members, gzip twice; damage and an early end are 61"""
    stream = gzip.compress(PAGE)
    for coding, body, status in (
        ("gzip", stream, 0),
        ("x-gzip", gzip.compress(PAGE[:1000]) + gzip.compress(PAGE[1000:]), 0),
        ("gzip, gzip", gzip.compress(stream), 0),
        ("gzip", stream[:-1], 61),
        ("gzip", stream[:1000], 61),
        ("gzip", stream[:-5] + b"!" + stream[-4:], 61),
        ("br", stream, 61),
    ):

        def answer(handler, coding=coding, body=body):
            handler.send_response(200)
            handler.send_header("Content-Encoding", coding)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        with python_server(answer) as url:
            out, said = get(demo, "--compressed", url, status=status)
            expect(out == PAGE if status == 0 else PAGE.startswith(out), coding, len(out), said)


@check("http_get")
def a_bomb_takes_no_memory(demo):
    """--compressed: 10 GB out of 10 MB pass in less than 8 MiB"""
    head = gzip.compress(b"")[:10]

    def zipped(handler):
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
        handler.wfile.write(head)
        for piece in bomb():
            handler.wfile.write(piece)
        # The last block, empty, and a wrong CRC: all of it is out by then.
        handler.wfile.write(b"\x03\x00" + bytes(8))

    with python_server(zipped) as url, open("/dev/null", "wb") as nowhere:
        command = (built(demo, "http_get"), "-sS", "--compressed", url)
        with Program(*command, stdout=nowhere, stderr=subprocess.PIPE) as program:
            peak = 0
            while program.process.poll() is None:
                with contextlib.suppress(OSError, TypeError):  # it has just ended
                    peak = max(peak, peak_kib(program.process.pid))
                time.sleep(0.01)
            said = program.process.stderr.read()
            program.process.stderr.close()
            expect(b"CRC" in said and program.process.returncode != 0, said)
            expect(0 < peak < 8 * 1024, peak)
