"""nc, telnet and socat: over TCP, Unix sockets and UDP, with our demos as servers and as clients."""

import contextlib
import os
import re
import subprocess

from by_hand import need_half_close
from kit import PATIENCE_SECS, Missing, Program, check, expect, run

GREETING = "欢迎光临《深入浅出Node.js》示例：\n".encode()
ANSWER = "你好".encode()


class Talk(Program):
    """A program that is talked with. What it prints is looked at in order, and none of it is passed over."""

    def __init__(self, *args):
        super().__init__(*args, stdin=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.printed = b""

    def __exit__(self, *_):
        super().__exit__()
        self.process.stderr.close()

    def type(self, text: bytes):
        self.process.stdin.write(text)

    def prints(self, expected: bytes):
        """The next that it prints is this."""
        while len(self.printed) < len(expected) and (piece := os.read(self.process.stdout.fileno(), 65536)):
            self.printed += piece
        got, self.printed = self.printed[: len(expected)], self.printed[len(expected) :]
        expect(got == expected, got, expected)

    def line(self) -> str:
        """The rest of the line that it prints."""
        while b"\n" not in self.printed and (piece := os.read(self.process.stdout.fileno(), 65536)):
            self.printed += piece
        line, _, self.printed = self.printed.partition(b"\n")
        return line.decode()

    def tells(self, pattern: bytes) -> str:
        """What it says in such a line on stderr."""
        for line in self.process.stderr:
            if found := re.search(pattern, line):
                return found[1].decode()
        raise AssertionError(f"it never told {pattern!r}")

    def half_closes(self):
        self.process.stdin.close()

    def ends(self):
        """It prints nothing more, and ends well."""
        rest = self.printed + self.process.stdout.read()
        status = self.process.wait(PATIENCE_SECS)
        expect(rest == b"" and status == 0, rest, status, self.process.stderr.read())


def program(demo, name: str) -> str:
    """One of our own, beside the demo server."""
    path = os.path.join(os.path.dirname(demo.binary), name)
    if not os.path.exists(path):
        raise Missing(f"{path} (cargo build --release --bins)")
    return path


@contextlib.contextmanager
def tcp_echo(demo, *args, listen="127.0.0.1:0"):
    """The book's server, and where it listens."""
    with Talk(program(demo, "tcp_echo"), "server", "--listen", listen, *args) as server:
        server.prints(b"server bound\n")
        yield server, server.tells(rb"listening on (\S+)\n")


def port(address: str) -> str:
    return address.rpartition(":")[2]


def visit(server: Talk, *client):
    """A client that is greeted, says hi three times, and half-closes."""
    with Talk(*client) as client:
        client.prints(GREETING)
        for _ in range(3):
            client.type(b"hi\n")
            client.prints(ANSWER)
        client.half_closes()
        client.ends()
    server.prints("连接断开\n".encode())


@check("nc")
def nc_tcp(demo):
    """the book's server over TCP: a greeting, an answer to each line, 连接断开"""
    need_half_close()
    with tcp_echo(demo) as (server, address):
        visit(server, "nc", "-N", "127.0.0.1", port(address))


@check("nc")
def nc_unix(demo):
    """nc -U: the same over a Unix socket"""
    need_half_close()
    path = os.path.join(demo.folder, "echo.sock")
    with tcp_echo(demo, listen=f"unix:{path}") as (server, _):
        visit(server, "nc", "-NU", path)


@check("socat")
def socat_tcp_and_unix(demo):
    """TCP and UNIX-CONNECT: a greeting, an answer to each line, 连接断开"""
    path = os.path.join(demo.folder, "echo.sock")
    with tcp_echo(demo) as (server, address):
        visit(server, "socat", "-t10", "-", f"TCP:{address}")
    with tcp_echo(demo, listen=f"unix:{path}") as (server, _):
        visit(server, "socat", "-t10", "-", f"UNIX-CONNECT:{path}")


@check("telnet")
def telnet(demo):
    """the book's session, and quit"""
    with tcp_echo(demo) as (server, address), Talk("telnet", "127.0.0.1", port(address)) as client:
        client.prints(b"Trying 127.0.0.1...\n")
        expect(client.line().startswith("Connected to "))
        client.prints(b"Escape character is '^]'.\n")
        client.prints(GREETING)
        client.type(b"hi\n")
        client.prints(ANSWER)
        client.type(b"\x1d")
        client.type(b"quit\n")
        server.prints("连接断开\n".encode())


@check("nc")
def nc_pipe(demo):
    """echo by pipe: a megabyte comes back as it was"""
    need_half_close()
    sent = os.urandom(1 << 20)
    with tcp_echo(demo, "--pipe") as (_, address):
        got = run("nc", "-N", "127.0.0.1", port(address), input=sent).stdout
    expect(got == b"Echo server\r\n" + sent, len(got), got[:100])


@check("nc")
def nc_delimiter(demo):
    """lines typed by hand into `framing server delimiter`: each comes back when its last byte has come"""
    need_half_close()
    listen = ("--listen", "127.0.0.1:0")
    with Talk(program(demo, "framing"), "server", "delimiter", *listen) as server:
        address = server.tells(rb"listening on (\S+)\n")
        with Talk("nc", "-N", "127.0.0.1", port(address)) as client:
            client.type(b"HELLO\r\nWOR")
            client.prints(b"HELLO\r\n")
            client.type(b"LD\r")
            client.type(b"\nX\r\n")
            client.prints(b"WORLD\r\nX\r\n")
            client.half_closes()
            client.ends()
        server.prints("server bound\nHELLO\nWORLD\nX\n连接断开\n".encode())


def be_visited(demo, server: Talk, address: str, *pieces: bytes):
    """Our client, at a server that is played by hand and says these, one after the other."""
    with Talk(program(demo, "tcp_echo"), "client", address) as client:
        client.prints(b"client connected\n")
        server.prints(b"world!\r\n")
        for piece in pieces:
            server.type(piece)
            client.prints(piece)  # after the first it has ended, and still reads
        server.half_closes()
        client.prints(b"\nclient disconnected\n")
        client.ends()
    server.ends()


@check("nc")
def nc_listens(demo):
    """nc -l and nc -lU as servers for our client; nc leaves when that has ended, so it says all at once"""
    need_half_close()
    with Talk("nc", "-lvN", "127.0.0.1", "0") as server:
        address = "127.0.0.1:" + server.tells(rb"^Listening on \S+ (\d+)\n")
        be_visited(demo, server, address, GREETING + ANSWER)
    path = os.path.join(demo.folder, "nc.sock")
    with Talk("nc", "-lvNU", path) as server:
        server.tells(rb"^Listening on (\S+)\n")
        be_visited(demo, server, f"unix:{path}", GREETING + ANSWER)


@check("socat")
def socat_listens(demo):
    """TCP-LISTEN and UNIX-LISTEN as servers for our client"""
    path = os.path.join(demo.folder, "socat.sock")
    listening = rb" N listening on AF=\d+ (\S+)\n"
    with Talk("socat", "-dd", "-t10", "-", "TCP-LISTEN:0,bind=127.0.0.1") as server:
        be_visited(demo, server, server.tells(listening), GREETING, ANSWER)
    with Talk("socat", "-dd", "-t10", "-", f"UNIX-LISTEN:{path}") as server:
        server.tells(listening)
        be_visited(demo, server, f"unix:{path}", GREETING, ANSWER)


def send_and_hear(demo, *client):
    """A client of UDP, whose every line comes back as one datagram; `PORT` is where to."""
    with Talk(program(demo, "udp_echo"), "server", "--listen", "127.0.0.1:0", "--echo") as server:
        server.prints(b"server listening 127.0.0.1:")
        to = server.line()
        with Talk(*(word.replace("PORT", to) for word in client)) as client:
            for text in ("深入浅出Node.js", "hi"):
                client.type(text.encode())
                client.prints(text.encode())
                server.prints(f"server got: {text} from 127.0.0.1:".encode())
                expect(int(server.line()) > 0)


@check("nc")
def nc_udp(demo):
    """nc -u and our UDP server: every datagram is told, and comes back"""
    send_and_hear(demo, "nc", "-u", "127.0.0.1", "PORT")


@check("socat")
def socat_udp(demo):
    """UDP and our UDP server: every datagram is told, and comes back"""
    send_and_hear(demo, "socat", "-", "UDP:127.0.0.1:PORT")


def hear(demo, server: Talk, pattern: bytes):
    """Our client of UDP, and a program that prints what arrives."""
    to = server.tells(pattern)
    done = run(program(demo, "udp_echo"), "client", f"127.0.0.1:{to}")
    expect(done.stdout == b"client sent: 19 bytes\n", done.stdout)
    server.prints("深入浅出Node.js".encode())


@check("nc")
def nc_hears_udp(demo):
    """nc -lu and our UDP client"""
    with Talk("nc", "-lvu", "127.0.0.1", "0") as server:
        hear(demo, server, rb"^Bound on \S+ (\d+)\n")


@check("socat")
def socat_hears_udp(demo):
    """UDP-LISTEN and our UDP client"""
    with Talk("socat", "-dd", "-", "UDP-LISTEN:0,bind=127.0.0.1") as server:
        hear(demo, server, rb" N listening on UDP AF=\d+ \S+:(\d+)\n")
