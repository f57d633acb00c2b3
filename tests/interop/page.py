"""The chapter's page in Chromium: playwright-core drives it, axe-core reads it, bare sockets say which bytes are right.

The picture of the README is made by hand, when `make run` is up and npm has put both packages into FOLDER:

    node tests/interop/page.mjs picture http://127.0.0.1:1337/chapter FOLDER fixtures/chapter.png
"""

import contextlib
import functools
import json
import os
import re
import socket
import subprocess
import tempfile
import urllib.request
from types import SimpleNamespace

from kit import PATIENCE_SECS, Program, check, eventually, expect, need
from node import HERE, install
from sockets import program

ROOT = os.path.join(HERE, "..", "..")

# All exchanges one after the other, a hundred tabs: on a busy machine they take minutes.
SECS = 600


@functools.cache
def packages() -> tempfile.TemporaryDirectory:
    """The folder of playwright-core and axe-core; once for all checks, and it goes with this process."""
    folder = tempfile.TemporaryDirectory(prefix="barewire-npm-", ignore_cleanup_errors=True)
    install(SimpleNamespace(folder=folder.name), "playwright-core@1", "axe-core@4")
    return folder


@contextlib.contextmanager
def chapter(demo, *args):
    """The program, and where its page is."""
    need("chromium")
    said = os.path.join(demo.folder, "chapter.log")
    command = (program(demo, "chapter"), "--any-port", "--unix", os.path.join(demo.folder, "page.sock"), *args)
    with open(said, "wb") as log, Program(*command, secs=SECS, stdout=log, stderr=log) as running:
        address = re.compile(r"http://(127\.0\.0\.1:\d+)/chapter in a browser\n")
        yield running, eventually(lambda: address.match(open(said).read()))[1]


def in_browser(demo, part: str, url: str, *args: str):
    """What page.mjs finds: the name and the error of each check of a part."""
    folder = os.path.join(packages().name, "npm")
    command = ("node", os.path.join(HERE, "page.mjs"), part, url, folder, *args)
    with Program(*command, secs=SECS, env={**os.environ, "TMPDIR": demo.folder}) as browser:
        for line in browser.process.stdout:
            result = json.loads(line)
            yield result["name"], result["error"]
        expect(browser.process.wait(PATIENCE_SECS) == 0, f"page.mjs {part}")


def register(part: str):
    def played(demo):
        with chapter(demo) as (_, address):
            yield from in_browser(demo, part, f"http://{address}/chapter")

    played.__doc__ = f"page.mjs {part}"
    check("page")(played)


for one in ("opens", "plays", "everybody"):
    register(one)


@check("page")
def costs(demo):
    """page.mjs costs"""
    with chapter(demo) as (running, address):
        yield from in_browser(demo, "costs", f"http://{address}/chapter", str(running.process.pid))


@check("page")
def exported(demo):
    """page.mjs exported"""
    into = os.path.join(demo.folder, "exported")
    command = (program(demo, "chapter"), "--any-port", "--unix", os.path.join(demo.folder, "export.sock"))
    with Program(*command, "--export", into) as exporting:
        exporting.process.communicate()
        expect(exporting.process.returncode == 0, "not every exchange went well")
    yield from in_browser(demo, "exported", f"file://{into}", ",".join(sorted(os.listdir(into))))


UPGRADE = (
    "GET /chapter/live HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: barewire-chapter\r\n\r\n"
)
# Those that end otherwise than with 0, and how: what they show is an error, or something that goes on until it is stopped.
ENDINGS = {
    ("udp.too_long", "udp_echo"): 1,
    ("news.events", "(sleep"): 124,
    ("news.iframe", "timeout"): 124,
    ("websocket.buffered", "timeout"): 124,
    ("websocket.handshake", "curl"): 28,
    ("tls.broken.unknownca", "curl"): 60,
    **{(f"tls.broken.{name}", "openssl verify"): 2 for name in ("expired", "notyet", "selfsigned", "weak", "underexpired")},
}


@check("page")
def commands(demo):
    """each command beside an exchange, pasted into a shell: it ends as it should, and shows something"""
    wanted = dict(ENDINGS)
    path = os.path.dirname(program(demo, "chapter")) + os.pathsep + os.environ["PATH"]
    options = {"env": {**os.environ, "PATH": path}, "cwd": ROOT, "stdin": subprocess.DEVNULL, "capture_output": True}
    with chapter(demo) as (_, address):
        with urllib.request.urlopen(f"http://{address}/chapter/exchanges.json", timeout=PATIENCE_SECS) as catalogue:
            exchanges = json.load(catalogue)
        for exchange in exchanges:
            for text in (command["text"] for command in exchange["commands"]):
                of = [key for key in ENDINGS if key[0] == exchange["id"] and text.startswith(key[1])]
                ending = wanted.pop(of[0]) if of else 0
                ran = subprocess.run(("bash", "-c", text), timeout=PATIENCE_SECS, check=False, **options)
                expect(ran.returncode == ending, exchange["id"], text, ran.returncode, ran.stderr)
                expect(ran.stdout or ran.stderr, "nothing is shown", text)
    expect(not wanted, wanted)


PATHS = ("", "/main.js", "/exchanges.json", "/words.en.json", "/source?rule=RFC%209112%20%C2%A77.1")


@check("page")
def strangers(demo):
    """a foreign Host is refused with 421, a foreign Origin and none with 403, by each path and by the WebSocket"""
    with chapter(demo) as (_, own):
        port = own.rpartition(":")[2]

        def status(request: str) -> str:
            with socket.create_connection(("127.0.0.1", int(port)), timeout=PATIENCE_SECS) as stream:
                stream.sendall(request.encode())
                return stream.recv(65536).decode().split(" ")[1]

        for host in (own, f"localhost:{port}"):
            expect(status(UPGRADE.format(host=host, origin=f"http://{host}")) == "101", host)
        foreign = ("evil.example", f"evil.example:{port}", f"127.0.0.1.evil.example:{port}", "127.0.0.1:1", "127.0.0.1")
        for host in foreign:
            expect(status(UPGRADE.format(host=host, origin=f"http://{host}")) == "421", host)
            for path in PATHS:
                expect(status(f"GET /chapter{path} HTTP/1.1\r\nHost: {host}\r\n\r\n") == "421", host, path)
            expect(status(UPGRADE.format(host=own, origin=f"http://{host}")) == "403", host)
        for origin in ("null", f"https://{own}", f"http://{own}/", f"http://{own}@evil.example", ""):
            expect(status(UPGRADE.format(host=own, origin=origin)) == "403", origin)
        none = UPGRADE.replace("Origin: {origin}\r\n", "")
        expect(status(none.format(host=own)) == "403", "no Origin")
