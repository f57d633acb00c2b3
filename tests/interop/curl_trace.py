"""curl's own trace of an exchange, and what our go-between saw of it: the same bytes, cut at the same places."""

import contextlib
import json
import os
import re

import pcap
from curl import curl
from kit import check, eventually, expect, run
from pcap import CLIENT, SERVER, Conversation
from sockets import Talk, program
from tshark import wire

HEAD = re.compile(r"([<=][=>]) (Send|Recv) (header|data), (\d+) bytes")
LINE_BEGINS = ("http.version", "http.request.method", "http.field.name", "http.head.end")


@contextlib.contextmanager
def between(demo, save: str):
    """The go-between in front of the demo server: its URL. What it explains is in `save` + .json.
    The ends of all connections are waited for: two threads write what has passed."""

    def ends(lines: bytes) -> int:
        """How many directions have ended, if all have: their last leaf has no bytes."""
        leaves = [line.split(b",") for line in lines.split(b"\n")[:-1]]
        found = {(leaf[0], leaf[2]) for leaf in leaves if b'"length":0' in leaf}
        return len(found) if len(found) == 2 * len({leaf[0] for leaf in leaves}) else 0

    def have_ended():
        if os.path.getsize(save) == 0:
            return False
        with open(save + ".json", "rb") as live:
            shown = ends(live.read())
        return shown and shown == ends(run(program(demo, "wire"), save, "--json").stdout)

    with open(save + ".json", "wb") as out:
        args = ("--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{demo.port}", "--json", "--save", save)
        with Told(program(demo, "wire"), *args, stdout=out) as go_between:
            yield "http://" + go_between.tells(rb"listening on (\S+)\n")
            eventually(have_ended)
            go_between.process.terminate()
            go_between.process.wait()


class Told(Talk):
    """The same, with another stdout."""

    def __init__(self, *args, stdout):
        super(Talk, self).__init__(*args, stdout=stdout, stderr=-1, bufsize=0)


def pieces(trace: str, is_hex: bool):
    """What curl says of each piece: who sent it, of which kind, its length, its bytes or its text."""
    lines = trace.splitlines()
    starts = [(at, found) for at, line in enumerate(lines) if (found := HEAD.match(line))]
    for at, found in starts:
        rest = lines[at + 1 : at + 1 + next((n for n, line in enumerate(lines[at + 1 :]) if line[:2] in ("==", "=>", "<=")), len(lines))]
        side = CLIENT if found[2] == "Send" else SERVER
        if is_hex:
            yield side, found[3], int(found[4]), b"".join(bytes.fromhex(line[6:53]) for line in rest)
        else:
            yield side, found[3], int(found[4]), {int(line[:4], 16): line[6:] for line in rest}


def agrees(pieces, it: Conversation, leaves) -> None:
    """Piece after piece, all bytes of both directions."""
    at, is_interim = {CLIENT: 0, SERVER: 0}, False
    for side, kind, length, content in pieces:
        at[side] += 2 if is_interim and side == SERVER else 0  # curl 7 leaves out the empty line behind it
        sent = it.stream(side)[at[side] : at[side] + length]
        if isinstance(content, bytes):
            expect(content == sent, content, sent)
        else:
            for offset, text in content.items():
                shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in sent[offset : offset + len(text)])
                expect(shown == text, shown, text)
        leaf = next((leaf for leaf in leaves.leaves[side] if leaf.at == at[side]), None)
        expect(leaf is not None, "no leaf begins where curl's piece does", side, at[side], sent[:40])
        is_interim = sent.startswith(b"HTTP/1.1 1") if side == SERVER else is_interim
        expect(kind == "data" or leaf.label in LINE_BEGINS, leaf)
        at[side] += length
    expect(all(len(it.stream(side)) == end for side, end in at.items()), at)


@check("curl")
def traces(demo):
    """--trace and --trace-ascii by way of `wire`: byte for byte what it explained and saved, in several exchanges"""
    for number, option in enumerate(("--trace", "--trace-ascii")):
        save, trace = (os.path.join(demo.folder, f"{name}{number}") for name in ("between.pcap", "trace"))
        with between(demo, save) as url:
            curl(option, trace, "-T", "-", "-H", "Expect: 100-continue", url + "/upload", stdin=b"hello" * 20)
            curl(option, trace + "b", url + "/", url + "/stream", url + "/status/204", url + "/nothing", "-u", "me:secret")
        saved = pcap.read(save)
        expect(len(saved) == 2, len(saved))
        for it, leaves, path in zip(saved, wire(demo, save, saved), (trace, trace + "b")):
            with open(path, encoding="latin-1") as file:
                agrees(pieces(file.read(), option == "--trace"), it, leaves)
        with open(save + ".json", "rb") as live:
            again = run(program(demo, "wire"), save, "--json").stdout
            expect(timeless(live.read()) == timeless(again), "what was explained live, and from the file")


def timeless(lines: bytes) -> list[dict]:
    """Leaves of the second directions may come in another order; and clocks differ."""
    leaves = [json.loads(line) for line in lines.splitlines()]
    for leaf in leaves:
        del leaf["time"]
    return sorted(leaves, key=lambda leaf: (leaf["conversation"], leaf["from"], leaf["at"], leaf["length"]))
