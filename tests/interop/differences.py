"""Where tshark 4.0 and barewire do not say the same of the same bytes, and why. Each row has to occur in a run:
a row that no longer does is to be taken out."""

from dataclasses import dataclass
from typing import Callable

from leaves import Leaf, Leaves
from pdml import Fact


@dataclass
class Only:
    """A fact that only one of the two says."""

    whose: str  # ours, tshark
    fact: Fact
    ours: Leaves
    others: list[Fact]  # of the other one
    malformed: int  # packets at which tshark's dissector failed
    agreed: int  # where the last fact of this direction ends that both say

    def first(self, *labels: str) -> Leaf | None:
        """Our first leaf of this direction with such a label."""
        return next((leaf for leaf in self.ours.leaves[self.fact.side] if leaf.label in labels), None)

    @property
    def end(self) -> int:
        return self.fact.at + max(self.fact.length, 1) if self.fact.at is not None else 1 << 63

    def reaches(self, *labels: str) -> bool:
        """Whether it goes beyond where such a leaf begins."""
        leaf = self.first(*labels)
        return leaf is not None and self.end > leaf.at

    def counterpart(self) -> Fact | None:
        """What the other side says of the same place."""
        same = (fact for fact in self.others if fact[:2] == self.fact[:2] and fact.key == self.fact.key)
        return next(same, None)

    def says(self, key: str) -> list[Fact]:
        """What of this kind barewire says of this direction."""
        return [fact for fact in self.ours.found if fact.side == self.fact.side and fact.key == key]


def refused(it: Only) -> bool:
    return it.whose == "tshark" and it.reaches("refused")


def unfinished(it: Only) -> bool:
    is_late = it.fact.at is None or it.fact.at >= it.agreed
    return it.first("refused") is not None and is_late and (it.whose == "ours" or it.fact.key == "http body")


def good_part(it: Only) -> bool:
    broken = it.first("refused")
    return it.whose == "ours" and broken is not None and it.fact.at is not None and it.end == broken.at


def behind(it: Only) -> bool:
    return it.whose == "tshark" and it.reaches("websocket.behind", "http.behind", "tunnel.data")


def folded(it: Only) -> bool:
    fold = it.first("http.field.fold")
    fields = [fact.at for fact in it.says("http field") if fold and fact.at < fold.at]
    return bool(fields) and it.end > max(fields)


def other_coding(it: Only) -> bool:
    codings = [line for line in it.says("http field") if line.value.lower().startswith(b"transfer-encoding")]
    return any(b"chunked" not in line.value.split(b":")[1].strip().split() and it.end > line.at for line in codings)


def unknown_method(it: Only) -> bool:
    return any(not method.value.isalpha() or method.value not in METHODS for method in it.says("http method"))


METHODS = "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split()


def empty_lines(it: Only) -> bool:
    return it.reaches("http.empty_lines")


def blanks(it: Only) -> bool:
    counterpart = it.counterpart()
    return it.fact.key == "http value" and counterpart is not None and counterpart.value.rstrip() == it.fact.value.rstrip()


def blank_reason(it: Only) -> bool:
    return it.fact.key == "http reason" and any(reason.value.startswith(" ") for reason in it.says("http reason"))


def malformed(it: Only) -> bool:
    return it.whose == "ours" and it.malformed > 0


def long_payload(it: Only) -> bool:
    payloads = [it.fact, *(fact for fact in it.says("websocket clear") if fact.at == it.fact.at)]
    return it.fact.key == "websocket clear" and max(fact.length for fact in payloads) > 256 << 10


def unnamed(it: Only) -> bool:
    """A number of a registry: the other side says the number, and no name."""
    return it.fact.key.endswith(" name") and it.counterpart() is None


def newer(it: Only) -> bool:
    return it.whose == "ours" and unnamed(it)


def older(it: Only) -> bool:
    return it.whose == "tshark" and unnamed(it)


def over_records(it: Only) -> bool:
    """A message goes on behind the header of another record."""
    if not it.fact.key.startswith("tls "):
        return False
    leaves = it.ours.leaves[it.fact.side]
    begins = [(a.label, b.label) for a, b in zip(leaves, leaves[1:])]
    return any(a == "tls.record.length" and b not in FIRST for a, b in begins)


FIRST = ("tls.handshake.type", "tls.alert.level", "tls.change_cipher_spec", "tls.sealed", "refused", "unexplained")


@dataclass
class Difference:
    name: str
    fits: Callable[[Only], bool]
    reason: str
    count: int = 0


def table() -> list[Difference]:
    """The first that fits counts."""
    return [
        Difference("behind a broken rule", refused, "barewire refuses the bytes; tshark goes on and guesses"),
        Difference("unfinished", unfinished, "a message whose end is not in the file: tshark waits for it and shows nothing"),
        Difference("good part", good_part, "barewire shows the bytes of a token up to the one that breaks the rule"),
        Difference("behind the end", behind, "bytes behind a Close frame or the last response, or in a tunnel: tshark dissects them"),
        Difference("folded", folded, "tshark knows no folded lines: for it, the head ends there (RFC 9112 §5.2)"),
        Difference("coding", other_coding, "tshark finds 'chunked' in lower case and alone only (RFC 9112 §7: in any case)"),
        Difference("method", unknown_method, "tshark knows a list of methods; others are data (RFC 9110 §9.1: any token)"),
        Difference("empty lines", empty_lines, "tshark dissects nothing in front of which empty lines stand (RFC 9112 §2.2)"),
        Difference("blanks", blanks, "tshark leaves whitespace behind a value (RFC 9112 §5: it is no part of it)"),
        Difference("long payload", long_payload, "tshark unmasks 256 KiB of a payload at most"),
        Difference("old names", older, "barewire has names for what TLS 1.3 and today's TLS 1.2 use; else the number"),
        Difference("new names", newer, "tshark 4.0 is older than such a group"),
        Difference("over records", over_records, "tshark puts such a message together first: its parts have no place"),
        Difference("malformed", malformed, "tshark 4.0 fails at chunk extensions and trailers that come in several segments"),
        Difference("reason", blank_reason, "tshark skips spaces in front of a reason (RFC 9112 §4: they are part of it)"),
    ]
