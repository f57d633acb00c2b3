"""`make run`: each line that it prints to try, tried."""

import os
import re
import subprocess

from kit import Program, check, expect
from sockets import GREETING, Talk, program
from tls import CERTS

ROOT = os.path.join(CERTS, "..", "..")

# What a line must lead to, by how it begins.
WANTED = {
    "nc 127.0.0.1 ": GREETING,
    "nc -U ": GREETING,
    "tcp_echo ": GREETING + "你好\nclient disconnected\n".encode(),
    "nc -u ": b"",  # it is the chapter that prints
    "udp_echo ": b"client sent: 19 bytes\n",
    "curl -v ": b"Hello World\n",
    "ws_client ": b"",  # it waits for a line
    "openssl ": b"welcome!\n",
    "tls_echo ": b"client connected authorized\nwelcome!\n",
    "curl --cacert ": b"hello world\n",
    "http_get ": b"hello world\n",
}


def lines(chapter: Talk):
    """Those that name a program."""
    while line := chapter.line():
        if found := re.search(r" ((?:%s).*)" % "|".join(name.strip() for name in WANTED), line):
            yield found[1]


@check("chapter")
def doors(demo):
    """nc, curl, openssl and our own demos: every line to try"""
    path = os.path.join(demo.folder, "echo.sock")
    with Talk(program(demo, "chapter"), "--any-port", "--unix", path) as chapter:
        expect(re.fullmatch(r"http://127\.0\.0\.1:\d+/chapter in a browser", chapter.line()) and chapter.line() == "")
        expect(chapter.line().startswith("The network chapter") and chapter.line() == "")
        left = dict(WANTED)
        for line in list(lines(chapter)):
            begins = next(begins for begins in left if line.startswith(begins))
            wanted, words = left.pop(begins), line.split(" ")
            if "_" in words[0]:
                words[0] = program(demo, words[0])
            options = {"stdin": subprocess.PIPE, "stderr": subprocess.DEVNULL, "bufsize": 0, "cwd": ROOT}
            with Program(*words, **options) as tried:
                if begins == "nc -u ":
                    tried.process.stdin.write(b"hello\n")
                    wait_for(chapter, "UDP: server got: hello\\n from 127.0.0.1:")
                tried.read_until(re.escape(wanted)) if wanted else None
        expect(left == {}, left)


def wait_for(chapter: Talk, text: str):
    """What the others had it print stands before."""
    while not (line := chapter.line()).startswith(text):
        expect(line != "", text)
