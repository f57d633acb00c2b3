"""The blocks of README.md and src/bin/README.md, pasted into terminals as they stand, in the order of the page.

A heading is a scene. What a fence is stands in the last line above it that names a terminal:

    **Terminal 2**                          a fence `sh` is pasted; the fence `text` below it is what appears
    **Terminal 2** waits                    the command that is pasted shows nothing yet
    **Terminal 2**, type:                   the fence `text` is typed for the program that runs there
    **Terminal 1** shows:                   the fence `text` has appeared there in the meantime
    … after Ctrl-C …                        the key is pressed first; `Ctrl-C in terminal 2`: in that one

`…` stands for the rest of a line or, alone in a line, for any lines. A command without a `text` below it ends by
itself. At the end of a scene Ctrl-C ends what still runs. The ports are those of the page.
"""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass, field

from kit import PATIENCE_SECS, check, expect, need

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = ("README.md", "src/bin/README.md")
TOOLS = ("curl", "nc", "openssl", "telnet", "make", "cargo")

# Fences `sh` that no terminal is named for: the reason why they are not run.
NOT_RUN: dict[str, str] = {}

PROMPT = "\x1e"
KEYS = {"Ctrl-C": b"\x03", "Ctrl-D": b"\x04"}
LABEL = re.compile(r"\*\*Terminal (\d)\*\*(.*)")
KEY = re.compile(r"(Ctrl-[CD])(?: in terminal (\d))?")


@dataclass
class Step:
    """A fence, and what the line above it says: pasted, typed, shown."""

    page: str
    line: int
    terminal: int
    keys: list[tuple[int, str]]
    what: str
    text: str
    has_ending: bool = True  # a command that nothing is shown of must end


@dataclass
class Scene:
    title: str
    steps: list[Step] = field(default_factory=list)


def parts(page: str):
    """The headings, the labels and the fences of a page: which it is, its line, its words, and the text of a fence."""
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        lines = file.read().split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("```"):
            end = lines.index("```", at + 1)
            yield "fence", at + 1, line[3:], "\n".join(lines[at + 1 : end])
            at = end
        elif line.startswith("#"):
            yield "heading", at + 1, line, ""
        elif LABEL.search(line):
            yield "label", at + 1, line, ""
        at += 1


def scenes(page: str) -> list[Scene]:
    found, label, last, chapter = [Scene("the top")], None, None, ""
    for kind, line, words, text in parts(page):
        if kind == "heading":
            title = words.lstrip("# ")
            chapter = title if words.startswith("## ") else chapter
            found.append(Scene(title if title == chapter else f"{chapter}: {title}"))
            label = last = None
        elif kind == "label":
            label, last = words, None
        elif words == "sh" and label is None:
            if text not in NOT_RUN:
                raise SystemExit(f"{page}:{line}: in which terminal, or why is it not run?")
        elif label is not None and words in ("sh", "text"):
            last = step(page, line, label, words, text, last)
            found[-1].steps.append(last)
            label = label if words == "sh" else re.sub(KEY, "", label)
    return [scene for scene in found if scene.steps]


def step(page: str, line: int, label: str, language: str, text: str, last: Step | None) -> Step:
    number, rest = LABEL.search(label).groups()
    what = "pasted" if language == "sh" else "typed" if "type" in rest else "shown"
    if last and last.what != "shown" and language == "text":
        last.has_ending, what = False, "shown"
    keys = KEY.findall(label) if last is None else []
    keys = [(int(which or number), key) for key, which in keys]
    return Step(page, line, int(number), keys, what, text, "waits" not in rest)


def a_person_sits_here():
    """In the new process: the terminal is its own, and Ctrl-C ends programs, also where this run was started in the
    background, which ignores it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Terminal:
    """A bash in a terminal. What is typed is not echoed, so what appears is what the programs print. telnet turns the
    echo on when it has connected, and what is typed may come before or after that: so one echo is allowed."""

    def __init__(self):
        self.master, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        modes = termios.tcgetattr(end)
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(end, termios.TCSANOW, modes)
        names = {"PS1": PROMPT, "PS2": "", "TERM": "xterm", "CARGO_TERM_QUIET": "true", "PROMPT_COMMAND": ""}
        self.bash = subprocess.Popen(
            (need("bash"), "--noprofile", "--norc", "--noediting", "-i"),
            cwd=ROOT,
            env={**os.environ, **names},
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
            preexec_fn=a_person_sits_here,
        )
        os.close(end)
        self.raw = b""
        self.typed = ""
        self.may_show_more = False
        self.wait(self.is_idle, "its first prompt")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError, OSError):
            os.killpg(os.tcgetpgrp(self.master), signal.SIGKILL)
        self.bash.kill()
        self.bash.wait()
        os.close(self.master)

    def read(self, secs: float):
        """What has appeared since then."""
        if select.select([self.master], [], [], secs)[0]:
            with contextlib.suppress(OSError):
                self.raw += os.read(self.master, 65536)

    def text(self) -> str:
        """Without prompts, colours and what a carriage return has overwritten."""
        text = self.raw.decode(errors="replace").replace("\r\n", "\n").replace(PROMPT, "")
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
        lines = (line.rstrip().rsplit("\r", 1)[-1] for line in text.split("\n"))
        return "\n".join(lines).rstrip()

    def is_idle(self) -> bool:
        return self.raw.endswith(PROMPT.encode())

    def wait(self, what, name: str):
        until = time.monotonic() + PATIENCE_SECS
        while not what():
            if time.monotonic() > until:
                raise AssertionError(f"{name}: not within {PATIENCE_SECS} s; it shows\n{self.text()}")
            self.read(0.05)

    def paste(self, text: str):
        self.raw, self.typed, self.may_show_more = b"", text, False
        os.write(self.master, text.encode() + b"\n")

    def press(self, key: str):
        self.raw, self.typed, self.may_show_more = b"", "", True
        os.write(self.master, KEYS[key])

    def shows(self, text: str):
        echo = f"(?:{re.escape(self.typed)}\n)?"
        pattern = re.compile(echo + "".join(map(in_a_pattern, text.split("\n"))))
        self.wait(lambda: pattern.fullmatch(self.text() + "\n"), f"what the page shows is\n{text}\n")
        self.raw = PROMPT.encode() if self.is_idle() else b""
        self.may_show_more = text.endswith("\n…")

    def ends(self):
        self.wait(self.is_idle, "the end of the command")
        expect(self.may_show_more or not self.text(), "the page does not show", self.text())


def in_a_pattern(line: str) -> str:
    if line == "…":
        return "(?:.*\n)*"
    return ".*".join(map(re.escape, line.rstrip().split("…"))) + r"\s*\n"


def play(scene: Scene):
    for tool in TOOLS:
        if any(re.search(rf"\b{tool} ", it.text) for it in scene.steps if it.what == "pasted"):
            need(tool)
    with contextlib.ExitStack() as stack:
        terminals: dict[int, Terminal] = {}
        for it in scene.steps:
            terminal = terminals.get(it.terminal) or stack.enter_context(Terminal())
            terminals[it.terminal] = terminal
            try:
                act(it, terminal, terminals)
            except AssertionError as error:
                raise AssertionError(f"{it.page}:{it.line}, terminal {it.terminal}: {error}") from None
        for terminal in terminals.values():
            if not terminal.is_idle():
                terminal.press("Ctrl-C")
                terminal.ends()


def act(it: Step, terminal: Terminal, terminals: dict[int, Terminal]):
    for number, key in it.keys:
        terminals[number].press(key)
    if it.what == "pasted":
        terminal.ends()  # of what ran there before
        terminal.paste(it.text)
        if it.has_ending:
            terminal.ends()
    elif it.what == "typed":
        expect(not terminal.is_idle(), "no program runs there that could be typed for")
        terminal.paste(it.text)
    else:
        terminal.shows(it.text)


def register(page: str, scene: Scene):
    def pasted(_demo):
        play(scene)

    pasted.__doc__ = f"{page}: {scene.title}"
    check("pasted")(pasted)


for one in PAGES:
    for it in scenes(one):
        register(one, it)
