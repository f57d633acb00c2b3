"""What barewire finds in a capture file, as the facts of pdml.py: the lines of `wire FILE --json`, a leaf each."""

import ipaddress
import json
import subprocess
from dataclasses import dataclass, field

from kit import expect
from pcap import CLIENT, SERVER, Conversation
from pdml import Fact, plain, printable

PIECES = ("http.body.data", "http.chunk.data", "websocket.payload", "tls.sealed", "tunnel.data", "switched.data")

# Leaves that are one fact each, and whether its value is the text or the bytes.
LABELS = {
    "http.request.method": ("http method", "text"),
    "http.version": ("http version", "text"),
    "http.response.status": ("http status", "number"),
    "http.response.reason": ("http reason", "text"),
    "http.head.end": ("http head end", "bytes"),
    "http.chunk.data": ("http chunk data", "bytes"),
    "http.chunk.end": ("http chunk end", "bytes"),
    "http.body.data": ("http body", "bytes"),
    "websocket.frame.length.16": ("websocket length 16", "number"),
    "websocket.frame.length.64": ("websocket length 64", "number"),
    "websocket.frame.key": ("websocket key", "bytes"),
    "tls.record.type": ("tls record type", "code"),
    "tls.record.version": ("tls record version", "bytes"),
    "tls.record.length": ("tls record length", "number"),
    "tls.alert.level": ("tls alert level", "name"),
    "tls.alert.description": ("tls alert description", "name"),
    "tls.change_cipher_spec": ("tls change cipher spec", "there"),
    "tls.handshake.type": ("tls message type", "name"),
    "tls.handshake.length": ("tls message length", "number"),
    "tls.hello.version": ("tls hello version", "bytes"),
    "tls.hello.random": ("tls random", "bytes"),
    "tls.hello.retry": ("tls random", "bytes"),
    "tls.hello.session_id": ("tls session id", "bytes"),
    "tls.hello.cipher_suite": ("tls cipher suite", "name"),
    "tls.hello.compression": ("tls compression", "bytes"),
    "tls.extension.type": ("tls extension type", "name"),
    "tls.server_name": ("tls server name", "text"),
    "tls.alpn.protocol": ("tls protocol", "text"),
    "tls.group": ("tls group", "name"),
    "tls.key": ("tls key", "bytes"),
    "tls.supported_version": ("tls supported version", "bytes"),
    "tls.signature_scheme": ("tls signature scheme", "name"),
    "tls.psk.mode": ("tls psk mode", "bytes"),
    "x509.serial": ("x509 serial", "bytes"),
    "x509.name.type": ("x509 name type", "bytes"),
    "x509.name.value": ("x509 name value", "text"),
    "x509.not_before": ("x509 time", "bytes"),
    "x509.not_after": ("x509 time", "bytes"),
    "x509.extension.type": ("x509 extension type", "bytes"),
    "x509.alt_name": ("x509 alternative name", "alternative"),
    "x509.purpose": ("x509 purpose", "bytes"),
}


@dataclass
class Leaf:
    side: str
    at: int
    length: int
    label: str
    value: str
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def end(self) -> int:
        return self.at + self.length


class Leaves:
    """The leaves of one conversation, and the facts that they say."""

    def __init__(self, conversation: Conversation):
        self.stream = {side: conversation.stream(side) for side in (CLIENT, SERVER)}
        self.leaves: dict[str, list[Leaf]] = {CLIENT: [], SERVER: []}
        self.found: list[Fact] = []

    def take(self, line: dict) -> None:
        leaf = Leaf(line["from"], line["at"], line["length"], line["label"], line["value"])
        leaf.notes = {note["label"]: note["value"] for note in line.get("notes", ())}
        of_side = self.leaves[leaf.side]
        expect(leaf.at == (of_side[-1].end if of_side else 0), "the leaves leave a gap", leaf)
        if of_side and leaf.label in PIECES and of_side[-1].label == leaf.label:
            of_side[-1].length += leaf.length
        else:
            of_side.append(leaf)

    def raw(self, leaf: Leaf) -> bytes:
        return self.stream[leaf.side][leaf.at : leaf.end]

    def text(self, *leaves: Leaf) -> str | bytes:
        raw = b"".join(map(self.raw, leaves))
        return "".join(leaf.value for leaf in leaves) if printable(raw) else raw

    def refused(self, side: str) -> int | None:
        """Where the bytes begin that break a rule."""
        return next((leaf.at for leaf in self.leaves[side] if leaf.label == "refused"), None)

    def facts(self) -> list[Fact]:
        for side, leaves in self.leaves.items():
            self.http(leaves)
            self.websocket(leaves)
            for leaf in leaves:
                if leaf.label in LABELS:
                    key, how = LABELS[leaf.label]
                    self.add(leaf, leaf, key, HOW[how](self, leaf))
                    name = "reserved(grease)" if "tls.grease" in leaf.notes else leaf.value.partition(" ")[2]
                    if how == "name" and name:
                        self.add(leaf, leaf, f"{key} name", plain(name))
        return self.found

    def add(self, first: Leaf, last: Leaf, key: str, value: str | bytes) -> None:
        self.found.append(Fact(first.side, first.at, last.end - first.at, key, value))

    def http(self, leaves: list[Leaf]) -> None:
        """What several leaves are together: the target, a field, the line before a chunk, the trailers."""
        trailers: list[Leaf] = []
        for at, leaf in enumerate(leaves):
            if leaf.label == "http.request.method":
                target = until(("http.space", "http.line_end"), leaves[at + 2 :])[:-1]
                if target:
                    self.add(target[0], target[-1], "http target", self.text(*target))
            elif leaf.label == "http.chunk.size":
                line = until(("http.line_end",), leaves[at:])
                self.add(leaf, line[-1] if line else leaf, "http chunk size", leaf.notes["http.chunk.bytes"])
                trailers = []
            elif leaf.label == "http.field.name":
                line = until(("http.line_end",), leaves[at:])
                if self.in_trailers(leaves, at):
                    trailers += line
                elif line:
                    self.field(line)
            elif leaf.label == "http.chunked.end" and trailers:
                self.add(trailers[0], trailers[-1], "http trailers", self.stream[leaf.side][trailers[0].at : leaf.at])

    def in_trailers(self, leaves: list[Leaf], at: int) -> bool:
        ends = (it.label for it in leaves[at:] if it.label in ("http.head.end", "http.chunked.end", "refused"))
        begins = (it.label for it in reversed(leaves[:at]) if it.label in ("http.version", "http.chunk.size"))
        return "http.chunk.size" == next(begins, "") and next(ends, "") != "http.head.end"

    def field(self, line: list[Leaf]) -> None:
        first, last = line[0], line[-1]
        self.add(first, last, "http field", self.stream[first.side][first.at : last.end])
        value = line[next(at for at, leaf in enumerate(line) if leaf.label == "http.field.colon") + 1 : -1]
        while value and value[0].label == "http.whitespace":
            value = value[1:]
        while value and value[-1].label == "http.whitespace":
            value = value[:-1]
        self.add(first, last, "http value", self.text(*value))

    def websocket(self, leaves: list[Leaf]) -> None:
        """The bits of the first two bytes; the payload as it was sent and in the clear."""
        fin, opcode, key, message = 1, 0, bytes(4), b""
        for leaf, behind in zip(leaves, [*leaves[1:], None]):
            notes, raw = leaf.notes, self.raw(leaf)
            if leaf.label == "websocket.frame.first":
                fin, opcode, key = raw[0] >> 7, raw[0] & 15, bytes(4)
                self.add(leaf, leaf, "websocket fin", notes["websocket.frame.fin"])
                rsv = sum(int(notes[f"websocket.frame.rsv{bit}"]) << (3 - bit) for bit in (1, 2, 3))
                self.add(leaf, leaf, "websocket rsv", f"0x{rsv:02x}")
                self.add(leaf, leaf, "websocket opcode", notes["websocket.frame.opcode"].split()[0])
                message = b"" if opcode in (1, 2) else message
            elif leaf.label == "websocket.frame.second":
                self.add(leaf, leaf, "websocket mask", notes["websocket.frame.mask"])
                self.add(leaf, leaf, "websocket length", notes["websocket.frame.length"])
            elif leaf.label == "websocket.frame.key":
                key = raw
            elif leaf.label == "websocket.payload":
                clear = bytes(byte ^ key[at % 4] for at, byte in enumerate(raw))
                self.add(leaf, leaf, "websocket payload", "")
                if opcode >= 8 or opcode > 0 and fin:
                    self.add(leaf, leaf, "websocket clear", clear)
                elif opcode < 8:
                    message += clear
                if opcode == 0 and fin:
                    self.found.append(Fact(leaf.side, None, len(message), "websocket message", message))
            elif leaf.label in ("websocket.close.code", "websocket.close.reason"):
                says = notes.get("websocket.unmasked", leaf.value)
                self.add(leaf, leaf, leaf.label.replace(".", " "), says)
                if leaf.label == "websocket.close.code":
                    has_reason = behind is not None and behind.label == "websocket.close.reason"
                    self.add(leaf, behind if has_reason else leaf, "websocket payload", "")


def until(labels: tuple[str, ...], leaves: list[Leaf]) -> list[Leaf]:
    """The leaves up to one with such a label, and this one; nothing if the bytes are refused before."""
    for at, leaf in enumerate(leaves):
        if leaf.label == "refused":
            return []
        if leaf.label in labels:
            return leaves[: at + 1]
    return []


def alternative(kind: str, name: str) -> str:
    return str(ipaddress.ip_address(name)) if kind == "IP Address" else name


HOW = {
    "text": Leaves.text,
    "bytes": Leaves.raw,
    "number": lambda _, leaf: leaf.value,
    "code": lambda _, leaf: leaf.value.split()[0],
    "name": Leaves.raw,
    "there": lambda *_: "",
    "alternative": lambda _, leaf: alternative(*leaf.value.split(":", 1)),
}


def explain(lines: bytes, conversations: list[Conversation]) -> list[Leaves]:
    """The leaves of each conversation."""
    found = [Leaves(it) for it in conversations]
    for line in lines.splitlines():
        line = json.loads(line)
        if line["layer"] == "tcp":
            found[line["conversation"]].take(line)
    return found
