"""Wireshark as the second opinion on `wire`: fixtures, and real clients with our demos, dissected by both."""

import os
import subprocess
import sys

import pcap
import vectors
from agreement import Agreement
from kit import Missing, check, expect, need, room, run
from leaves import Leaves, explain
from pcap import Conversation
from pdml import dissect, tshark
from sockets import program

HERE = os.path.dirname(os.path.abspath(__file__))


def wire(demo, path: str, conversations: list[Conversation], *args: str) -> list[Leaves]:
    """What our demo says of a capture file."""
    done = run(program(demo, "wire"), path, "--json", "--show-secrets", *args)
    return explain(done.stdout, conversations)


def compared(demo, agreement: Agreement, path: str, conversations: list[Conversation]) -> None:
    ours = wire(demo, path, conversations)
    for conversation, theirs, own in zip(conversations, dissect(path, conversations), ours):
        agreement.compare(conversation, theirs, own)


def played(demo) -> str:
    """The capture file that exchanges.py leaves; it needs a loopback of its own, which only root gets."""
    need("dumpcap")
    if subprocess.run([need("unshare"), "-n", "true"], capture_output=True).returncode:
        raise Missing("a right to a network of one's own (root)")
    folder = room(demo, "played")
    command = ("unshare", "-n", sys.executable, os.path.join(HERE, "exchanges.py"), demo.binary, folder)
    done = subprocess.run(command, capture_output=True, timeout=120)
    expect(done.returncode == 0, done.stdout.decode()[-1500:], done.stderr.decode()[-1500:])
    return os.path.join(folder, "exchanges.pcap")


@check("tshark")
def second_opinion(demo):
    """the same values in the same places, in fixtures whole and cut, and between real clients and our demos"""
    need("tshark")
    agreement = Agreement()
    whole = pcap.in_a_file(vectors.everything())
    cut = pcap.in_a_file([it.cut(7) for it in whole if len(it.stream(pcap.CLIENT)) < 1000][10::20])
    for name, conversations in (("whole", whole), ("cut", cut)):
        path = os.path.join(demo.folder, f"{name}.pcap")
        pcap.write(path, conversations)
        compared(demo, agreement, path, conversations)
        yield agreement.said(f"fixtures, {name}")
    path = played(demo)
    real = pcap.read(path)
    expect(len(real) >= 200, len(real))
    compared(demo, agreement, path, real)
    yield agreement.said("real clients and our demos")
    for row in agreement.differences:
        says = f"{row.count} of: {row.name}: {row.reason}"
        yield says, None if row.count else "this difference does not occur any more: take its row out"
