#!/usr/bin/env python3
"""Cache lines and pages that a server touches for each request, from a trace of valgrind's lackey:

    tests/bench/lines.py [--only WORD] [FOLDER]      the demos in FOLDER (target/fastest)

With many connections a request finds few of its connection's lines in the processor's caches: each is a wait for
memory. The rows are those of `instructions.py`. Of the requests on one connection the median is printed: the lines and
pages of the heap and of the thread's stack, the lines of data in the program's files, which all connections share
(constants, tables), and the lines of code. The kernel's are not counted.
"""

import argparse
import collections
import os
import re
import statistics
import sys
import tempfile

from instructions import ROWS, TARGET, Server, connect, demo, exchange

# An unusual number: an instruction that is executed so often is executed once for each request.
REQUESTS = 47
LINE, PAGE = 6, 12  # 64 and 4,096 bytes


def trace(row, command: list[str], scratch: str):
    """The lines of the trace of a server that answers this number of requests, and its shared mappings."""
    tool = ["--tool=lackey", "--trace-mem=yes", f"--log-file={scratch}/trace"]
    with Server(command, scratch, tool) as server:
        client = connect(row, server)
        with client:
            exchange(client, row.opening, ending=row.opened)
            for _ in range(REQUESTS):
                exchange(client, row.request, ending=row.answered)
            shared = []
            for mapping in open(f"/proc/{server.process.pid}/maps"):
                area, *_, name = mapping.split(maxsplit=5)
                if re.search(r"/\S+$", name.strip()):
                    shared.append([int(address, 16) for address in area.split("-")])
            server.end()
    return open(os.path.join(scratch, "trace")), shared


def accesses(lines):
    """Pairs of a kind and an address: I is an instruction, L, S and M are data."""
    for line in lines:
        if found := re.match(r"(I| [LSM]) +([0-9a-f]+),(\d+)$", line):
            first, size = int(found[2], 16), int(found[3])
            yield found[1].strip(), first
            if (first + size - 1) >> LINE != first >> LINE:
                yield found[1].strip(), first + size - 1


def measure(row, folder: str):
    """Own lines and pages, shared lines, lines of code."""
    with tempfile.TemporaryDirectory(prefix="barewire-") as scratch:
        log, shared = trace(row, demo(row, folder), scratch)
        steps = list(accesses(log))
    times = collections.Counter(address for kind, address in steps if kind == "I")
    once = next(a for kind, a in reversed(steps) if kind == "I" and times[a] == REQUESTS)
    requests = []
    for kind, address in steps:
        if kind == "I" and address == once:
            requests.append((set(), set(), set()))
        elif requests:
            is_shared = any(begin <= address < end for begin, end in shared)
            requests[-1][2 if kind == "I" else is_shared].add(address)
    counted = []
    for own, common, code in requests[1:-1]:
        parts = [(own, LINE), (own, PAGE), (common, LINE), (code, LINE)]
        counted.append([len({address >> bits for address in part}) for part, bits in parts])
    return [statistics.median(column) for column in zip(*counted)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default=os.path.join(TARGET, "fastest"), help="where the demos are")
    parser.add_argument("--only", default="one at a time", help="rows whose name has this word")
    args = parser.parse_args()
    print(f"{'a request touches':<28}lines  pages  shared lines  lines of code")
    for row in ROWS:
        if row.at_once == 1 and args.only.lower() in row.name.lower():
            own, pages, common, code = measure(row, os.path.abspath(args.folder))
            print(f"{row.name:<28}{own:>5.0f}{pages:>7.0f}{common:>14.0f}{code:>15.0f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
