"""What all the checks share: a demo server to talk to, programs to run, and a list of checks."""

import contextlib
import functools
import importlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Callable

PATIENCE_SECS = 30
# How long what happens at once may take on a busy machine: less than the ten seconds and more after which a program
# that waits in vain gives up.
AT_ONCE_SECS = 8
# Longer than a whole check takes, unless it says otherwise: its servers live as long.
PROGRAM_SECS = 180


class Missing(Exception):
    """A program or package that a check needs is not on this machine."""


@dataclass
class Check:
    client: str
    name: str
    run: Callable


CHECKS: list[Check] = []


def check(client: str):
    """Registers a function as a check; its docstring is its name."""

    def register(function):
        CHECKS.append(Check(client, function.__doc__, function))
        return function

    return register


def need(program: str) -> str:
    """The path of a program; a server may be where only root looks."""
    path = shutil.which(program, path=os.environ["PATH"] + ":/usr/local/sbin:/usr/sbin")
    if path is None:
        raise Missing(program)
    return path


def need_file(path: str) -> str:
    """What a program needs beside it, where Debian puts it."""
    if not os.path.exists(path):
        raise Missing(path)
    return path


def expect(what: bool, *seen) -> None:
    """Fails the check unless `what` holds; `seen` is shown."""
    if not what:
        raise AssertionError("; ".join(repr(thing)[:1500] for thing in seen) or "no")


def run(*args, status: int | None = 0, **options) -> subprocess.CompletedProcess:
    """Runs a program to its end, its output as bytes."""
    command = (need(args[0]), *args[1:])
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_SECS, **options)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{args[0]} ended with {done.returncode}: {done.stderr.decode()[-1500:]}")
    return done


def eventually(what: Callable):
    """Asks again and again until the answer is a true one, and returns it."""
    until = time.monotonic() + PATIENCE_SECS
    while not (answer := what()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {PATIENCE_SECS} s")
        time.sleep(0.05)
    return answer


@contextlib.contextmanager
def at_once():
    """What is in the block waits for nothing."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    expect(took < AT_ONCE_SECS, f"it took {took:.1f} s")


class Program:
    """A program in the background, with everything it starts; it ends with the `with` block."""

    def __init__(self, *args, secs=PROGRAM_SECS, **options):
        command = (need(args[0]), *args[1:])
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **options}
        self.process = subprocess.Popen(command, start_new_session=True, **options)
        # A read that would last for ever ends when the program does.
        self.watchdog = threading.Timer(secs, self.kill)

    def __enter__(self):
        self.watchdog.start()
        return self

    def __exit__(self, *_):
        self.watchdog.cancel()
        self.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def read_until(self, pattern: bytes) -> bytes:
        """What it prints, up to where `pattern` is found in it."""
        seen = b""
        while not re.search(pattern, seen):
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                raise AssertionError(f"ended before {pattern!r}: {seen[-1500:]!r}")
            seen += piece
        return seen


class Background:
    """A function in a thread, which has ended when the `with` block has."""

    def __init__(self, function):
        self.thread = threading.Thread(target=function)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.thread.join()


def a_port() -> int:
    """A port for a program that cannot choose one itself and print it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def room(demo, name: str, **files: str | bytes) -> str:
    """A new folder for a server, with these files; it goes with the demo's."""
    folder = tempfile.mkdtemp(prefix=f"{name}-", dir=demo.folder)
    for file, text in files.items():
        with open(os.path.join(folder, file), "wb") as it:
            it.write(text if isinstance(text, bytes) else text.encode())
    return folder


@contextlib.contextmanager
def daemon(demo, folder: str, port: int, *command: str):
    """A server whose configuration names its port, once it accepts connections. Several refuse to run as root: then
    nobody runs them, and owns the folder."""
    whose = {}
    said = os.path.join(folder, "said")
    open(said, "wb").close()
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        whose = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chmod(demo.folder, 0o711)
        for path, _, names in os.walk(folder):
            for it in (path, *(os.path.join(path, name) for name in names)):
                os.chown(it, nobody.pw_uid, nobody.pw_gid)
    with open(said, "ab") as log, Program(*command, cwd=folder, stdout=log, stderr=log, **whose) as program:
        try:
            eventually(lambda: accepts(port) or program.process.poll() is not None)
            if program.process.poll() is not None:
                raise AssertionError("it does not start")
            yield program
        except Exception:
            with open(said, "rb") as log:
                print(f"     {command[0]} says: {log.read()[-1500:].decode().strip() or 'nothing'}")
            raise


PYTHON_PACKAGES = (
    *("aiohttp>=3.9,<4", "httpx>=0.27,<1", "websocket-client>=1.6,<2", "websockets>=13,<17"),
    *("dpkt>=1.9,<2", "scapy>=2.5,<3"),
)


@functools.cache
def python_packages() -> tempfile.TemporaryDirectory:
    """The folder into which pip has put them; once for all checks, and it goes with this process."""
    folder = tempfile.TemporaryDirectory(prefix="barewire-pip-", ignore_cleanup_errors=True)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", folder.name]
    try:
        subprocess.run([*install, *PYTHON_PACKAGES], check=True, capture_output=True, timeout=240)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Missing(" ".join(PYTHON_PACKAGES) + ", which pip could not fetch") from error
    sys.path.insert(0, folder.name)
    return folder


def package(name: str):
    """A module of these."""
    python_packages()
    return importlib.import_module(name)


class Demo:
    """`http_server`, once on a port that the system chose and once on a Unix socket."""

    def __init__(self, binary: str, folder: str):
        self.binary, self.folder = binary, folder
        self.socket, self.log = os.path.join(folder, "demo.sock"), os.path.join(folder, "demo.log")
        self.files = os.path.join(folder, "files")
        os.mkdir(self.files)

    def start(self, address: str) -> Program:
        with open(self.log, "ab") as log:
            return Program(self.binary, "--listen", address, "--files", self.files, stderr=log)

    def __enter__(self):
        self.tcp, self.unix = self.start("127.0.0.1:0"), self.start(f"unix:{self.socket}")
        self.port = int(re.search(rb"127\.0\.0\.1:(\d+)", self.tcp.read_until(rb"/try\n"))[1])
        self.unix.read_until(rb"/try\n")
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_):
        for program in (self.tcp, self.unix):
            program.__exit__()

    def complaints(self) -> str:
        """What it has printed as errors."""
        with open(self.log, "rb") as log:
            return log.read().decode()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECS)

    def is_alive(self) -> bool:
        return self.tcp.process.poll() is None and self.unix.process.poll() is None
