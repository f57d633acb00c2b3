"""Demos on a terminal, which is Python's pty: what a peer sends is shown, and does not control it."""

import fcntl
import os
import pty
import socket
import struct
import subprocess
import termios
import threading
import time

from kit import PATIENCE_SECS, check, expect
from sockets import program

SENT = "\x1b[2J§ 月\r\n\x07tab\there\rX\u202e\n".encode()
SHOWN = "\\u{1b}[2J§ 月\r\n\\u{7}tab\there\\rX\\u{202e}\r\n".encode()  # a terminal makes \r\n of \n


def peer(*pieces: bytes) -> int:
    """The port of a peer that sends these, ten a second, and the end."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener, listener.accept()[0] as stream:
            stream.settimeout(PATIENCE_SECS)
            stream.recv(65536)
            for piece in pieces:
                stream.sendall(piece)
                time.sleep(0.1)
            stream.shutdown(socket.SHUT_WR)
            stream.recv(65536)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def printed(*args: str, columns=80, term: str | None = "xterm", stdout=None) -> bytes:
    """What a program writes to a terminal of that width."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name != "TERM"} | ({"TERM": term} if term else {})
    process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=stdout or end, stderr=end, env=env)
    os.close(end)
    seen = b""
    try:
        while piece := os.read(terminal, 65536):
            seen += piece
    except OSError:  # Linux says EIO when the program has closed it
        pass
    os.close(terminal)
    expect(process.wait(PATIENCE_SECS) == 0, seen)
    return seen


@check("a terminal")
def controls(demo):
    """http_get and tcp_echo: escape sequences of a peer are shown as text, and text as text"""
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    for args in ((), ("-i",)):
        seen = printed(program(demo, "http_get"), *args, f"http://127.0.0.1:{peer(head + SENT)}/")
        expect(seen == (head if args else b"") + SHOWN, seen)
    # One byte at a time: a character is cut, and so is a line end.
    seen = printed(program(demo, "tcp_echo"), "client", f"127.0.0.1:{peer(*(SENT[i:i + 1] for i in range(len(SENT))))}")
    expect(seen == b"client connected\r\n" + SHOWN + b"client disconnected\r\n", seen)
    seen = printed(program(demo, "http_get"), "-o", "-", f"http://127.0.0.1:{peer(head + SENT)}/")
    expect(seen == SENT.replace(b"\n", b"\r\n"), seen)


@check("a terminal")
def progress(demo):
    """http_get: the progress bar does not wrap at any width, and is not drawn without a TERM that can"""
    pieces = b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", *[b"x" * 1000] * 10
    for columns in (40, 80, 200):
        url = f"http://127.0.0.1:{peer(*pieces)}/"
        seen = printed(program(demo, "http_get"), "-o", "/dev/null", url, columns=columns, stdout=subprocess.DEVNULL)
        bars = seen.removesuffix(b"\r\n").split(b"\r\x1b[K")[1:]
        expect(bars and all(bar.startswith(b"\x1b[?7l[") and bar.endswith(b"\x1b[?7h") for bar in bars), seen)
    for term in (None, "dumb", ""):
        url = f"http://127.0.0.1:{peer(*pieces)}/"
        seen = printed(program(demo, "http_get"), "-o", "/dev/null", url, term=term, stdout=subprocess.DEVNULL)
        expect(seen == b"", term, seen)
