"""Whether tshark and barewire say the same of the same bytes; `differences.py` has what they need not agree on."""

from collections import Counter
from dataclasses import dataclass, field

from differences import Difference, Only, table
from leaves import Leaves
from pcap import CLIENT, SERVER, Conversation
from pdml import Facts


@dataclass
class Agreement:
    """What both say of many conversations, and the facts that only one of them says and no row explains."""

    differences: list[Difference] = field(default_factory=table)
    same: Counter = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)
    conversations: int = 0
    placed: int = 0

    def compare(self, conversation: Conversation, tshark: Facts, ours: Leaves) -> None:
        theirs, own = Counter(tshark.facts), Counter(ours.facts())
        both = theirs & own
        for side, leaves in ours.leaves.items() if conversation.protocol == "bytes" else ():
            ends, sent = max((leaf.end for leaf in leaves), default=0), len(conversation.stream(side))
            if ends != sent:
                self.unexplained.append(f"{conversation.name}: {side} has sent {sent} bytes, and {ends} are explained")
        self.conversations += 1
        self.same.update(fact.key for fact in both.elements())
        self.placed += sum(fact.at is not None for fact in both.elements())
        agreed = {
            side: max((fact.at + fact.length for fact in both if fact.side == side and fact.at is not None), default=0)
            for side in (CLIENT, SERVER)
        }
        for whose, facts in (("tshark", theirs - own), ("ours", own - theirs)):
            others = list(own if whose == "tshark" else theirs)
            for fact in facts.elements():
                it = Only(whose, fact, ours, others, tshark.malformed, agreed[fact.side])
                row = next((row for row in self.differences if row.fits(it)), None)
                if row is None:
                    self.unexplained.append(f"{conversation.name}: only {whose}: {tuple(fact)}"[:300])
                else:
                    row.count += 1

    def said(self, name: str) -> tuple[str, str | None]:
        """What was compared since it was asked last: a name and the error, as a part of a check."""
        facts, placed = sum(self.same.values()), self.placed
        says = f"{name}: {self.conversations} conversations, {facts} facts agree in value, {placed} of them in place"
        error = "\n     ".join([f"{len(self.unexplained)} differences", *self.unexplained[:20]])
        has_failed = bool(self.unexplained)
        self.same, self.placed, self.conversations, self.unexplained = Counter(), 0, 0, []
        return says, error if has_failed else None
