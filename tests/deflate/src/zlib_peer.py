"""zlib, for src/python.rs: decompresses what comes, compares it, and answers with what it makes of the same bytes.

What comes     window bits (1), seed (8), length of the stream (4), length of the content (4), the stream, the content
The answer     window bits (1; 0: something is wrong), length (4), a stream or what is wrong
"""

import random
import struct
import sys
import zlib

FLUSHES = [zlib.Z_NO_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_BLOCK]


def pieces(data, rng):
    """The data, cut anywhere."""
    at, longest = 0, rng.choice([1, 100, 10_000, 100_000])
    longest = max(longest, len(data) // 200)
    while at < len(data):
        piece = data[at : at + rng.randint(1, longest)]
        at += len(piece)
        yield piece


def decompressed(stream, bits, rng):
    inflate = zlib.decompressobj(-bits)
    most = rng.choice([0, 1000, 40_000])  # 0 is no limit
    content = []
    for piece in pieces(stream, rng):
        while piece:
            content.append(inflate.decompress(piece, most))
            piece = inflate.unconsumed_tail
    content.append(inflate.flush())
    assert inflate.eof and not inflate.unused_data, "the stream does not end where it should"
    return b"".join(content)


def compressed(content, bits, rng):
    level, memory, strategy = rng.randint(0, 9), rng.randint(1, 9), rng.choice([0, 0, 1, 2, 3, 4])
    deflate = zlib.compressobj(level, zlib.DEFLATED, -bits, memory, strategy)
    stream = []
    for piece in pieces(content, rng):
        stream.append(deflate.compress(piece))
        if rng.random() < 0.2:
            stream.append(deflate.flush(rng.choice(FLUSHES)))
    stream.append(deflate.flush())
    return b"".join(stream)


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    head = struct.Struct("<BQII")
    while start := source.read(head.size):
        bits, seed, stream_length, length = head.unpack(start)
        stream, content = source.read(stream_length), source.read(length)
        rng = random.Random(seed)
        try:
            if decompressed(stream, bits, rng) != content:
                raise ValueError("the content is another one")
            bits = max(bits, 9)
            answer = compressed(content, bits, rng)
        except (zlib.error, ValueError, AssertionError) as error:
            bits, answer = 0, str(error).encode()
        sink.write(struct.pack("<BI", bits, len(answer)) + answer)
        sink.flush()


main()
