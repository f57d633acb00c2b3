"""Capture files: tshark takes ours without a complaint, and what others wrote opens here with the same leaves."""

import os

import pcap
import vectors
from curl import curl
from curl_trace import between
from kit import check, expect, need, package, run
from pcap import Conversation
from pdml import tshark
from sockets import program

STRICT = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")


def some() -> list[Conversation]:
    """A sample of the fixtures."""
    return pcap.in_a_file(vectors.everything()[::40])


def leaves(demo, path: str) -> list[bytes]:
    """The lines of `wire FILE --json` without the times: of each conversation and direction, in order."""
    done = run(program(demo, "wire"), path, "--json", "--show-secrets")
    lines = [line.replace(b"}", b',"time":', 1) if b'"time":' not in line else line for line in done.stdout.splitlines()]
    return sorted(line.split(b',"time":')[0] + line.partition(b',"notes":')[2] for line in lines)


@check("tshark")
def opens_ours(demo):
    """a file that our go-between saved: whole, no complaint of an expert, every checksum right"""
    save = os.path.join(demo.folder, "ours.pcap")
    with between(demo, save) as url:
        curl(url + "/", url + "/stream", url + "/length", "-T", "-", stdin=b"x" * 200_000)
        curl("-I", url + "/length")
    complaints = tshark("-r", save, *STRICT, "-q", "-z", "expert,warn")
    expect(complaints.strip() == b"", complaints)
    bad = "tcp.checksum.status != 1 || ip.checksum.status != 1 || tcp.analysis.flags || _ws.malformed"
    expect(tshark("-r", save, *STRICT, "-Y", bad) == b"", bad)
    run("capinfos", save)


def by_hand(demo, base: str) -> dict[str, str]:
    """By pcap.py: each link type; packets twice, and in disorder."""
    made = {}
    for name in ("NULL", "ETHERNET", "RAW", "COOKED", "COOKED_2"):
        made[name] = os.path.join(demo.folder, f"{name}.pcap")
        pcap.write(made[name], some(), getattr(pcap, name))
    return made


def by_wireshark(demo, base: str) -> dict[str, str]:
    """By its tools."""
    made = {name: os.path.join(demo.folder, name) for name in ("tshark", "nsec", "micros", "later", "twice", "joined")}
    tshark("-r", base, "-w", made["tshark"])
    run("editcap", "-F", "nsecpcap", base, made["nsec"])
    run("editcap", "-F", "pcap", made["tshark"], made["micros"])
    run("editcap", "-t", "3600.5", base, made["later"])
    run("mergecap", "-w", made["twice"], base, base)  # by time: each packet twice
    half = os.path.join(demo.folder, "half")
    run("editcap", "-r", base, half + "1", "1-500")
    run("editcap", base, half + "2", "1-500")
    run("mergecap", "-a", "-F", "pcap", "-w", made["joined"], half + "1", half + "2")
    return made


def by_dpkt(demo, base: str) -> dict[str, str]:
    dpkt = package("dpkt")
    made = {name: os.path.join(demo.folder, f"dpkt.{name}") for name in ("pcap", "pcapng")}
    with open(base, "rb") as file:
        packets = list(dpkt.pcap.Reader(file))
    for kind, path in made.items():
        with open(path, "wb") as file:
            writer = getattr(dpkt, kind).Writer(file, linktype=pcap.RAW)
            for at, data in packets:
                writer.writepkt(data, at)
    return made


def by_scapy(demo, base: str) -> dict[str, str]:
    scapy = package("scapy.utils")
    package("scapy.layers.inet")
    made = {name: os.path.join(demo.folder, f"scapy.{name}") for name in ("pcap", "pcapng")}
    packets = scapy.rdpcap(base)
    scapy.wrpcap(made["pcap"], packets)
    scapy.wrpcapng(made["pcapng"], packets)
    return made


@check("capture files")
def open_here(demo):
    """those of tshark, editcap, mergecap, dpkt and scapy, and of each link type: the same leaves"""
    for program_name in ("tshark", "editcap", "mergecap"):
        need(program_name)
    base = os.path.join(demo.folder, "base.pcap")
    pcap.write(base, some())
    expected = leaves(demo, base)
    expect(len(expected) > 1000, len(expected))
    for writer in (by_hand, by_wireshark, by_dpkt, by_scapy):
        for name, path in writer(demo, base).items():
            same = leaves(demo, path) == expected
            yield f"{writer.__name__.removeprefix('by_')}: {name}", None if same else "other leaves"


@check("capture files")
def cut_short(demo):
    """editcap -s 100: what was not kept is a gap, and every byte is still counted"""
    base, short = (os.path.join(demo.folder, name) for name in ("base.pcap", "short.pcap"))
    pcap.write(base, some())
    run("editcap", "-s", "100", base, short)
    expect(lengths(demo, short) == lengths(demo, base))


def lengths(demo, path: str) -> dict[bytes, int]:
    """Where each direction ends."""
    ends = {}
    for line in run(program(demo, "wire"), path, "--json").stdout.splitlines():
        whose, _, rest = line.partition(b',"at":')
        at, length = rest.split(b',"')[:2]
        ends[whose] = int(at) + int(length.partition(b":")[2])
    return ends
