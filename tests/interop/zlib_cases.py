"""The cases of `fixtures/deflate/`: zlib and gzip take the same streams, refuse the same, and make the same content."""

import subprocess
import zlib

import vectors
from kit import check, expect, need

FILES = ("stored.txt", "fixed.txt", "dynamic.txt")

# Where zlib 1.2 to 1.3 does otherwise: for it, each bit is a zero where there is no code for code lengths. It refuses the
# block for its missing end, which these few bits do not reach.
WAITS = "the code length codes are not enough [0:3 0:3 0:3 0:3]"

# Where gzip 1.12 does otherwise: it warns of what is behind the last member, and ignores zeros there.
WARNS = "something behind the last member"


def put_bits(value: str, out: list[int]) -> None:
    """`3:5 110 7*0 |`, as the head of the fixtures explains it."""
    for word in value.split("#")[0].split():
        times, _, word = word.rpartition("*")
        if word == "|":
            out.extend([0] * (-len(out) % 8))
        elif ":" in word:
            number, width = map(int, word.split(":"))
            out.extend([number >> at & 1 for at in range(width)] * int(times or 1))
        elif word != "!":
            out.extend([int(bit) for bit in word] * int(times or 1))


def stream(keys: list[tuple[str, str]]) -> bytes:
    bits: list[int] = []
    for key, value in keys:
        if key == "bits":
            put_bits(value, bits)
        elif key == "bytes":
            put_bits("|", bits)
            for byte in vectors.frame_bytes(value.split(" #")[0]):
                put_bits(f"{byte}:8", bits)
    put_bits("|", bits)
    return bytes(sum(bits[at + bit] << bit for bit in range(8)) for at in range(0, len(bits), 8))


def content(keys: list[tuple[str, str]]) -> bytes:
    return b"".join(vectors.frame_bytes(value) for key, value in keys if key == "out")


def inflated(data: bytes, window: int) -> tuple[str, bytes]:
    """What zlib makes of it, byte by byte; of what it refuses, nothing."""
    inflate, out = zlib.decompressobj(-window), b""
    try:
        for at in range(len(data)):
            out += inflate.decompress(data[at : at + 1])
    except zlib.error:
        return "error", b""
    return "done" if inflate.eof else "no", out


@check("zlib")
def blocks(_demo):
    """Python's zlib accepts and refuses the same streams"""
    for file in FILES:
        for name, keys in vectors.cases(f"deflate/{file}"):
            case = dict(keys)
            wanted = "error" if "error" in case else case.get("done", "done")
            if name.endswith(WAITS):
                wanted = "no"
            out = b"" if wanted == "error" else content(keys)
            expect(inflated(stream(keys), int(case.get("window", 15))) == (wanted, out), name)


@check("gzip")
def files(_demo):
    """gzip accepts and refuses the same files"""
    for name, keys in vectors.cases("deflate/gzip.txt"):
        done = subprocess.run([need("gzip"), "-dc"], input=stream(keys), capture_output=True)
        accepts = done.returncode == 0 and done.stdout == content(keys)
        expect(accepts == ("error" not in dict(keys)) or WARNS in name, name, done.stderr)
