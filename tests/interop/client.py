"""Our client, as http_get, against nginx, Node, Python and Go; and what it needs of memory and terminals."""

import contextlib
import hashlib
import http.server
import os
import pty
import re
import shutil
import subprocess
import threading
import time

from kit import PATIENCE_SECS, Program, a_port, check, daemon, expect, room, run

HERE = os.path.dirname(os.path.abspath(__file__))
MIB = 1024 * 1024
EXPECT = ("-H", "Expect: 100-continue")


def built(demo, name: str) -> str:
    """Another demo, beside http_server."""
    return os.path.join(os.path.dirname(demo.binary), name)


def get(demo, *args, status=0, stdin=b""):
    """http_get's output, and what `-v` says."""
    done = run(built(demo, "http_get"), "-m", str(PATIENCE_SECS), *args, status=status, input=stdin)
    return done.stdout, done.stderr.decode()


def a_file(demo, name: str, size: int) -> str:
    path = os.path.join(demo.folder, name)
    with open(path, "wb") as file:
        file.write(os.urandom(size))
    return path


def digest(path: str) -> bytes:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).digest()


# ---- nginx ------------------------------------------------------------------------------------------

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ }}
http {{
    access_log off;
    {temp_paths}
    server {{
        listen 127.0.0.1:{port};
        root {folder}/www;
        keepalive_requests 2;
        client_max_body_size 4m;
        location /upload/ {{ dav_methods PUT; }}
        location /moved {{ return 302 /file; }}
        location /204 {{ return 204; }}
        location /ours/ {{ proxy_http_version 1.1; proxy_pass {demo}/; }}
    }}
    {more}
}}
"""


@contextlib.contextmanager
def nginx(demo, more=""):
    """A running nginx: its URL, and the folder that it serves."""
    port = a_port()
    folder = room(demo, "nginx")
    www = os.path.join(folder, "www")
    os.makedirs(os.path.join(www, "upload"))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temp_paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w") as file:
        file.write(NGINX.format(folder=folder, port=port, temp_paths=temp_paths, demo=demo.url, more=more))
    with daemon(demo, folder, port, "nginx", "-p", folder, "-c", config):
        yield f"http://127.0.0.1:{port}", www


@check("http_get")
def nginx_files(demo):
    """nginx: a file, a part of it, its head, and nothing new; two requests a connection, as it says"""
    with nginx(demo) as (url, www):
        shutil.copy(a_file(demo, "random", 3 * MIB), os.path.join(www, "file"))
        there, here = os.path.join(www, "file"), os.path.join(demo.folder, "here")
        counts = "%{http_code} %{num_connects} %{size_download}\n"
        out, said = get(demo, "-v", "-w", counts, *("-o", here) * 3, *[url + "/file"] * 3)
        whole = 3 * MIB
        expect(out.decode() == f"200 1 {whole}\n200 0 {whole}\n200 1 {whole}\n", out, said)
        expect(said.count("Re-using existing connection") == 1, said)
        expect(digest(here) == digest(there))
        out, _ = get(demo, "-H", "Range: bytes=100-199", url + "/file")
        with open(there, "rb") as file:
            expect(out == file.read()[100:200], len(out))
        head, _ = get(demo, "-I", url + "/file")
        expect(f"Content-Length: {whole}\r\n".encode() in head, head)
        etag = re.search(rb"ETag: (.*)\r", head)[1].decode()
        out, _ = get(demo, "-w", counts, "-H", f"If-None-Match: {etag}", url + "/file", url + "/204")
        expect(out == b"304 1 0\n204 0 0\n", out)
        out, _ = get(demo, "-L", "-o", here, "-w", "%{http_code} %{url_effective}", url + "/moved")
        expect(out.decode() == f"200 {url}/file", out)


@check("http_get")
def nginx_uploads(demo):
    """nginx: 100-continue accepted, and refused with not a byte sent"""
    with nginx(demo) as (url, www):
        path, counts = a_file(demo, "body", 3 * MIB), ("-w", "%{http_code} %{size_upload}")
        out, said = get(demo, "-v", "-T", path, *EXPECT, *counts, url + "/upload/a")
        expect(out.decode() == f"201 {3 * MIB}" and "< HTTP/1.1 100 Continue" in said, out, said)
        expect(digest(os.path.join(www, "upload", "a")) == digest(path))
        large = a_file(demo, "large", 5 * MIB)
        out, said = get(demo, "-v", "-o", "/dev/null", "-T", large, *EXPECT, *counts, url + "/upload/b")
        expect(out == b"413 0" and "100 Continue" not in said, out, said)
        with open(path, "rb") as body:
            out, _ = get(demo, "-T", "-", *counts, url + "/upload/c", stdin=body.read())
        expect(out.decode() == f"201 {3 * MIB}", out)
        expect(digest(os.path.join(www, "upload", "c")) == digest(path))


@check("http_get")
def nginx_before_us(demo):
    """nginx between our client and our server: chunked, and until it closes"""
    with nginx(demo) as (url, _):
        lines = b"".join(b"line %d of 5\n" % line for line in range(1, 6))
        out, said = get(demo, "-v", url + "/ours/stream")
        expect(out == lines and "< Transfer-Encoding: chunked" in said, out, said)
        out, said = get(demo, "-v", "--http1.0", url + "/ours/stream")
        expect(out == lines and "Content-Length" not in said and "chunked" not in said, out, said)
        out, _ = get(demo, "-d", "你好", url + "/ours/echo")
        expect(out.decode() == "你好", out)


# ---- Node -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def printing_its_port(*command):
    with Program(*command) as program:
        yield "http://127.0.0.1:%d" % int(program.read_until(rb"\n"))


def node(keep_alive_ms=5000):
    return printing_its_port("node", os.path.join(HERE, "client_server.mjs"), str(keep_alive_ms))


@check("http_get")
def node_answers(demo):
    """Node: 103 and 102, trailers, until-close, HEAD, 204, 304"""
    with node() as url:
        out, said = get(demo, "-v", url + "/hints")
        expect(out == b"after the hints\n", out)
        expect(re.findall(r"^< HTTP/1.1 (\d+)", said, re.M) == ["103", "102", "200"], said)
        out, said = get(demo, "-v", url + "/trailers")
        expect(out == b"line 1\nline 2\nline 3\n" and "\n< X-Lines: 3\n" in said, out, said)
        out, said = get(demo, "-v", url + "/until-close")
        expect(out == b"and then it closes\n" and "left intact" not in said, out, said)
        head, _ = get(demo, "-I", url + "/length")
        expect(b"Content-Length: 6\r\n" in head and head.endswith(b"\r\n\r\n"), head)
        counts = "%{http_code} %{num_connects} %{size_download}\n"
        out, _ = get(demo, "-w", counts, *(url + path for path in ("/204", "/304", "/204")))
        expect(out == b"204 1 0\n304 0 0\n204 0 0\n", out)


@check("http_get")
def node_expectations(demo):
    """Node: 100-continue accepted; refused with 413; refused with 417 and asked again without"""
    with node() as url:
        path, counts = a_file(demo, "body", MIB), ("-w", "%{http_code} %{size_upload}")
        out, said = get(demo, "-v", "-T", path, *EXPECT, url + "/count")
        expect(f'"bytes":{MIB},' in out.decode() and "< HTTP/1.1 100 Continue" in said, out, said)
        out, _ = get(demo, "-T", path, *EXPECT, *counts, url + "/413")
        expect(out == b"no\n413 0", out)
        out, said = get(demo, "-v", "-T", path, *EXPECT, *counts, url + "/417")
        expect(out.decode() == f"404 {MIB}" and "Asking again without Expect" in said, out, said)
        out, _ = get(demo, "-T", "-", *EXPECT, url + "/count", stdin=b"x" * MIB)
        expect(f'"bytes":{MIB},"coding":"chunked"' in out.decode(), out)
        large = a_file(demo, "large", 64 * MIB)
        out, _ = get(demo, "-T", large, "-w", " %{http_code}", url + "/early")
        expect(out == b"no thanks 403", out)


@check("http_get")
def node_keep_alive(demo):
    """Node: a connection is used again, but not when it says that it keeps none long enough"""
    for keep_alive_ms, connects in ((5000, b"1\n0\n"), (1000, b"1\n1\n")):
        with node(keep_alive_ms) as url:
            args = ("-o", "/dev/null") * 2 + ("-w", "%{num_connects}\n")
            out, said = get(demo, "-v", *args, url + "/length", url + "/trailers")
            expect(out == connects, out, said)


# ---- Python -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def python(handle, version="HTTP/1.0", refuse=None):
    """Python's http.server, whose handler for GET and PUT is this."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = version
        do_GET = do_PUT = handle

        def handle_expect_100(self):
            if refuse is None:
                return super().handle_expect_100()
            self.send_error(refuse)
            return False

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield "http://127.0.0.1:%d/" % server.server_port
        finally:
            server.shutdown()
            thread.join()


def whole_body(handler) -> bytes:
    return handler.rfile.read(int(handler.headers.get("Content-Length", 0)))


@check("http_get")
def python_10(demo):
    """Python: HTTP/1.0, a body that ends with the connection"""

    def until_close(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"x" * MIB)

    with python(until_close) as url:
        out, said = get(demo, "-v", url)
        expect(len(out) == MIB and "< HTTP/1.0 200 OK" in said and "left intact" not in said, said)


@check("http_get")
def python_11(demo):
    """Python: HTTP/1.1, 100-continue accepted and refused"""

    def count(handler):
        answer = b"%d\n" % len(whole_body(handler))
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    path = a_file(demo, "body", MIB)
    with python(count, "HTTP/1.1") as url:
        out, said = get(demo, "-v", "-T", path, *EXPECT, url, url)
        expect(out == b"%d\n" % MIB * 2 and said.count("< HTTP/1.1 100 Continue") == 2, out, said)
        expect("Re-using existing connection" in said, said)
    with python(count, "HTTP/1.1", refuse=413) as url:
        out, _ = get(demo, "-T", path, *EXPECT, "-o", "/dev/null", "-w", "%{http_code} %{size_upload}", url)
        expect(out == b"413 0", out)


# ---- Go ---------------------------------------------------------------------------------------------


@check("http_get")
def go(demo):
    """Go"""
    if shutil.which("go") is None:
        print("skip http_get: Go: it is not at hand, and too large to be fetched for this")
        return
    binary = os.path.join(demo.folder, "client_server")
    command = ["go", "build", "-o", binary, os.path.join(HERE, "client_server.go")]
    built_it = subprocess.run(command, capture_output=True, cwd=demo.folder, timeout=240)
    expect(built_it.returncode == 0, built_it.stderr.decode())
    with printing_its_port(binary) as url:
        out, said = get(demo, "-v", url + "/length", url + "/trailers")
        expect(out == b"hello\nline 1\nline 2\nline 3\n" and "\n< X-Lines: 3\n" in said, out, said)
        expect("Re-using existing connection" in said, said)
        out, said = get(demo, "-v", url + "/hints")
        expect(out == b"after the hints\n" and "< HTTP/1.1 103 Early Hints" in said, out, said)
        out, said = get(demo, "-v", "-d", "hello", *EXPECT, url + "/count")
        expect(out == b"5 []\n" and "< HTTP/1.1 100 Continue" in said, out, said)
        out, _ = get(demo, "-T", "-", url + "/count", stdin=b"x" * MIB)
        expect(out == b"%d [chunked]\n" % MIB, out)
        out, said = get(demo, "-v", "-d", "hello", *EXPECT, "-w", "%{http_code} %{size_upload}", url + "/refused")
        expect(out == b"no\n413 0", out, said)
        yield "Go: keep-alive, trailers, 103, 100-continue accepted and refused", None


# ---- memory and terminals ---------------------------------------------------------------------------


def peak_kib(pid: int) -> int:
    """The most memory that a running process has had, where the system tells (Linux)."""
    if not os.path.exists(f"/proc/{pid}/status"):
        return 0
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


@check("http_get")
def a_gibibyte(demo):
    """1 GiB there and back in less than 8 MiB of memory"""
    command, stdin = (built(demo, "http_get"), "-s"), {"stdin": subprocess.PIPE}
    with Program(*command, demo.url + "/big") as program:
        left = (1 << 30) - MIB  # it cannot have ended before the last MiB is taken
        while left > 0:
            left -= len(os.read(program.process.stdout.fileno(), min(left, MIB)))
        expect(peak_kib(program.process.pid) < 8 * 1024, peak_kib(program.process.pid))
    with Program(*command, "-T", "-", demo.url + "/upload", **stdin) as program:
        for _ in range(1024):
            program.process.stdin.write(b"x" * MIB)
        program.process.stdin.flush()
        expect(peak_kib(program.process.pid) < 8 * 1024, peak_kib(program.process.pid))
        program.process.stdin.close()
        expect(program.read_until(rb"\n") == b"%d\n" % (1 << 30))


@check("http_get")
def progress_bar(demo):
    """a bar on a terminal, and none elsewhere"""

    def slowly(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(4 * MIB))
        handler.end_headers()
        for _ in range(4):
            handler.wfile.write(b"x" * MIB)
            time.sleep(0.25)  # a transfer is long when it takes half a second

    with python(slowly) as url:
        ours, theirs = pty.openpty()
        with Program(built(demo, "http_get"), "-o", "/dev/null", url, stderr=theirs) as program:
            os.close(theirs)
            seen = b""
            with contextlib.suppress(OSError):  # EIO: the other end is closed
                while piece := os.read(ours, 4096):
                    seen += piece
            expect(program.process.wait(PATIENCE_SECS) == 0)
        os.close(ours)
        expect(re.search(rb"\[=+>? *\] +\d+%  .* of 4.0 MiB", seen), seen)
        expect(b"100%  4.0 MiB of 4.0 MiB" in seen, seen)
        _, said = get(demo, "-o", "/dev/null", url)
        expect(said == "", said)
