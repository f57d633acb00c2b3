#!/usr/bin/env python3
"""barewire beside others, on this machine alone: `make peers` builds everything and runs all of it, in about ten minutes.

    tests/peers/compare.py [--rounds 7] [--secs 0.5] [--only NAMES] [--skip NAMES]
    tests/peers/compare.py --list                the NAMES of rows and tables; several with commas between

Each row starts its servers anew in every round, one after the other, in an order that rotates. One thread of load asks
them over the loopback interface. Rates and processor times are medians of the rounds; a ratio is the median of the ratios
round by round. `tests/peers/README.md` says how the contestants are built, and what is unfair.

barewire's demos are those of profile `fastest`. nginx has a column where it is in PATH; instructions are counted where
valgrind is.
"""

import argparse
import collections
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "bench"))
import instructions
import workers
from instructions import TARGET

PEERS = os.path.join(TARGET, "release", "barewire-peers")
DEMOS = os.path.join(TARGET, "fastest")
DEBUG = os.path.join(TARGET, "debug")
CERTIFICATE = [os.path.join(ROOT, "fixtures", "tls", name) for name in ("server.crt", "server.key")]
PATIENCE_SECS = 60

# A row asks `load` with these words. The bare loop yields where that makes it faster: up to 64 connections.
Row = collections.namedtuple("Row", "name what load yields", defaults=[True])
# The servers of a table by the names of their columns, the first of which is ours; what is counted, and in which unit.
Table = collections.namedtuple("Table", "name servers unit rows")

HTTP = ("barewire", "bare loop", "hyper", "nginx")
TLS = ("barewire", "bare loop", "hyper", "nginx")
WEBSOCKET = ("barewire", "bare loop", "tungstenite", "fastwebsockets")
TRANSFER = HTTP[:3]
TABLES = [
    Table("http", HTTP, "request", [
        Row("ka1", "`GET /`, 1 connection", "--connections 1"),
        Row("ka16", "16 connections", "--connections 16"),
        Row("ka64", "64 connections", "--connections 64"),
        Row("ka256", "256 connections", "--connections 256", False),
        Row("ka1000", "1,000 connections", "--connections 1000", False),
        Row("pipe16", "64 connections, 16 pipelined", "--connections 64 --at-once 16"),
        Row("close", "a connection for each request, 8 at once", "--connections 8 --close"),
    ]),
    Table("body", TRANSFER, "request", [
        Row("echo1k", "echo of 1 KiB, 64 connections", "--connections 64 --echo 1024"),
    ]),
    Table("transfer", TRANSFER, "GB", [
        Row("big", "`/big`", "--download /big"),
        Row("up64k", "upload in chunks of 64 KiB", "--upload 65536"),
        Row("up1k", "upload in chunks of 1 KiB", "--upload 1024"),
    ]),
    Table("tls", TLS, "request", [
        Row("tls64", "`GET /` over TLS, 64 connections", "--tls --connections 64"),
        Row("tlshs", "a handshake and a request, 8 at once", "--tls --connections 8 --close"),
        Row("tlsres", "the same, resumed", "--tls --resume --connections 8 --close"),
    ]),
    Table("tls-transfer", TRANSFER, "GB", [Row("tlsbig", "`/big` over TLS", "--tls --download /big")]),
    Table("websocket", WEBSOCKET, "message", [
        Row("ws32", "echo of 32 bytes, 64 WebSockets", "--connections 64 --websocket 32"),
        Row("ws32p", "the same, 16 messages at a time", "--connections 64 --websocket 32 --at-once 16"),
        Row("ws16k", "echo of 16 KiB, 64 WebSockets", "--connections 64 --websocket 16384"),
        Row("ws1m", "echo of 1 MiB, 1 WebSocket", "--connections 1 --websocket 1048576"),
    ]),
]
CLIENTS = ("barewire", "bare", "ureq")
CLIENT_ROWS = [Row("client1", "one request at once", "1"), Row("client5", "five at once, five sockets", "5")]

# Instructions are counted for the rows of `instructions.py` that these servers have.
COUNTED = {
    "http_server": ("bare loop", "hyper"),
    "ws_server": ("bare loop", "tungstenite", "fastwebsockets"),
}

# A second of a contestant: how many a second, microseconds (or milliseconds, of a GB) of its processor time for each,
# and the share of the machine that neither it nor its load had.
Figures = collections.namedtuple("Figures", "rate cpu foreign")


def command(contestant: str, words: list[str], yields: bool) -> list[str]:
    """The server, listening on a free port."""
    tls, websocket = "--tls" in words, "--websocket" in words
    if contestant == "barewire":
        demo = os.path.join(DEMOS, "ws_server" if websocket else "http_server")
        return [demo, "--listen", "127.0.0.1:0", *(["--tls", *CERTIFICATE] if tls else [])]
    role = contestant.removesuffix(" loop")
    options = ["--yield"] * (role == "bare" and yields) + ["--tls"] * tls
    return [PEERS, role, "127.0.0.1:0", *options]


@contextlib.contextmanager
def serving(contestant: str, words: list[str], yields: bool):
    if contestant != "nginx":
        with workers.Server(contestant, command(contestant, words, yields)) as server:
            yield server
        return
    with tempfile.TemporaryDirectory(prefix="barewire-") as folder:
        with workers.nginx(folder, CERTIFICATE if "--tls" in words else None) as server:
            yield server


def busy_seconds() -> float:
    """The processor time that all processes of the machine have had."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, interrupts, soft, stolen = map(int, stat.readline().split()[1:9])
    return (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")


def run_load(server, words: list[str], secs: float) -> Figures:
    pipe = subprocess.PIPE
    load = [PEERS, "load", str(server.port), str(secs), *words]
    with subprocess.Popen(load, stdin=pipe, stdout=pipe, text=True) as client:
        if client.stdout.readline() != "ready\n":
            sys.exit(f"{server.name} does not answer as it should: {' '.join(words)}")
        own = lambda: workers.processor_seconds(client.pid)
        served, loaded, all_of_it = server.seconds(), own(), busy_seconds()
        client.stdin.write("\n")
        client.stdin.flush()
        line = client.stdout.readline()
        served, loaded = server.seconds() - served, own() - loaded
        foreign = busy_seconds() - all_of_it - served - loaded
        if not (found := re.match(r"(\d+) in ([\d.]+) s", line)):
            sys.exit(f"{server.name} has stopped answering: {' '.join(words)}")
    count, took = int(found[1]), float(found[2])
    return Figures(count / took, served / max(count, 1), max(0, foreign / took / os.cpu_count()))


def take_turns(contestants, measure, rounds: int) -> dict[str, list]:
    """A figure of each contestant a round, in an order that rotates."""
    figures = {contestant: [] for contestant in contestants}
    for turn in range(rounds):
        at = turn % len(contestants)
        for contestant in (*contestants[at:], *contestants[:at]):
            figures[contestant].append(measure(contestant))
    return figures


def median_ratio(ours: list, theirs: list, field: str) -> float:
    values = [getattr(a, field) / (getattr(b, field) or float("nan")) for a, b in zip(ours, theirs)]
    return statistics.median(values)


def row_of(what: str, figures: dict[str, list], unit: str) -> str:
    """What is measured, what ours has done, and the ratios to each of the others."""
    ours, *others = figures
    rate = statistics.median(figure.rate for figure in figures[ours])
    cpu = statistics.median(figure.cpu for figure in figures[ours])
    shown = f"{rate / 1e9:.2f} GB/s | {cpu * 1e9:.2f} s" if unit == "GB" else f"{rate / 1e3:,.1f} k/s | {cpu * 1e6:.2f} µs"
    cells = [f"{median_ratio(figures[ours], figures[it], 'rate'):.2f}, {median_ratio(figures[ours], figures[it], 'cpu'):.2f}" for it in others]
    return f"| {what} | {shown} | {' | '.join(cells)} |"


def print_table(title: str, unit: str, contestants, rows, measure, rounds: int):
    """`measure` has the figures of a row's contestant."""
    others = [f"of {version(it)}: rate, CPU" for it in contestants[1:]]
    print(f"\n| {title} | {contestants[0]} | CPU a {unit} | {' | '.join(others)} |\n|{'---|' * (3 + len(others))}", flush=True)
    foreign = []
    for row in rows:
        figures = take_turns(contestants, lambda contestant: measure(row, contestant), rounds)
        foreign += [figure.foreign for of_one in figures.values() for figure in of_one]
        print(row_of(row.what, figures, unit), flush=True)
    print(f"\nOther processes had {statistics.median(foreign):.0%} of the machine, at most {max(foreign):.0%}.", flush=True)


def version(contestant: str) -> str:
    """With its number, where `Cargo.lock` has one."""
    with open(os.path.join(HERE, "Cargo.lock")) as lock:
        found = re.search(rf'name = "{contestant}"\nversion = "(\d+\.\d+)', lock.read())
    return f"{contestant} {found[1]}" if found else f"the {contestant}" if "loop" in contestant else contestant


def compare_servers(table: Table, rows: list[Row], rounds: int, secs: float):
    has_nginx = workers.nginx_path() is not None
    contestants = [it for it in table.servers if it != "nginx" or has_nginx]

    def measure(row: Row, contestant: str) -> Figures:
        words = row.load.split()
        with serving(contestant, words, row.yields) as server:
            return run_load(server, words, secs)

    print_table(table.name, table.unit, contestants, rows, measure, rounds)


def compare_clients(rows: list[Row], rounds: int, secs: float):
    """All ask the bare loop."""

    def measure(row: Row, contestant: str) -> Figures:
        with serving("bare loop", [], True) as server:
            all_of_it, served = busy_seconds(), server.seconds()
            command = [PEERS, "client", contestant, str(server.port), row.load, str(secs)]
            line = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            served = server.seconds() - served
            foreign = busy_seconds() - all_of_it - served
        count, took, cpu = map(float, re.findall(r"[\d.]+", line))
        return Figures(count / took, cpu / count, max(0, (foreign - cpu) / took / os.cpu_count()))

    print_table("client", "request", CLIENTS, rows, measure, rounds)


def count_instructions():
    if shutil.which("valgrind") is None:
        print("\ninstructions: there is no valgrind on this machine")
        return
    for demo, others in COUNTED.items():
        print(f"\n| user instructions | barewire | {' | '.join(map(version, others))} |\n|{'---|' * (2 + len(others))}", flush=True)
        for row in (row for row in instructions.ROWS if row.demo == demo):
            words = ["--websocket"] if demo == "ws_server" else []
            counts = [instructions.measure(row, command("barewire", words, True))]
            if demo == "http_server" and row.answered == instructions.CHUNKED_END:
                row = row._replace(opened=b"Hello World\n", answered=b"Hello World\n")
            counts += [instructions.measure(row, command(it, words, True)) for it in others]
            print(f"| {row.name} | {' | '.join(f'{it:,.0f}' for it in counts)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--secs", type=float, default=0.5, help="of each contestant in each round")
    parser.add_argument("--only", default="", metavar="NAMES", help="these rows or tables")
    parser.add_argument("--skip", default="", metavar="NAMES", help="not these")
    parser.add_argument("--debug", action="store_true", help="what `cargo build` has built: for a look whether all answer")
    parser.add_argument("--list", action="store_true", help="print the names, and measure nothing")
    args = parser.parse_args()
    tables = [(table.name, table.rows) for table in TABLES] + [("client", CLIENT_ROWS), ("instructions", [])]
    if args.list:
        for name, rows in tables:
            print(f"{name}: {' '.join(row.name for row in rows)}")
        return
    if args.debug:
        global PEERS, DEMOS
        PEERS, DEMOS = os.path.join(DEBUG, "barewire-peers"), DEBUG
    only, skipped = (set(filter(None, names.split(","))) for names in (args.only, args.skip))
    known = {name for table, rows in tables for name in (table, *(row.name for row in rows))}
    if unknown := (only | skipped) - known:
        sys.exit(f"there is no {', '.join(sorted(unknown))}; --list has the names")

    def is_asked(*names: str) -> bool:
        return (not only or not only.isdisjoint(names)) and skipped.isdisjoint(names)

    def chosen(name: str, rows: list[Row]) -> list[Row]:
        return [row for row in rows if is_asked(name, row.name)]

    for table in TABLES:
        if rows := chosen(table.name, table.rows):
            compare_servers(table, rows, args.rounds, args.secs)
    if rows := chosen("client", CLIENT_ROWS):
        compare_clients(rows, args.rounds, args.secs)
    if is_asked("instructions"):
        count_instructions()


if __name__ == "__main__":
    main()
