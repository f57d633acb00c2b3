"""Conversations, and capture files of them, written by hand: nothing of barewire's has a part in it.

A conversation is what each side sent, in order. In the file it is a TCP connection of its own between two made-up
hosts: three handshake segments, a segment (or several) for each sending, an acknowledgement for each, FIN from
both sides.
"""

import os
import re
import struct
from dataclasses import dataclass, field, replace

from kit import expect

CLIENT, SERVER = "client", "server"
HOSTS = {CLIENT: bytes([10, 0, 0, 1]), SERVER: bytes([10, 0, 0, 2])}
FIN, SYN, PSH, ACK = 1, 2, 8, 16

MICROS, NANOS = b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"

# What stands before an IPv4 packet, by the link type.
NULL, ETHERNET, RAW, COOKED, COOKED_2 = 0, 1, 101, 113, 276
BEGINS = {
    NULL: b"\x02\x00\x00\x00",
    ETHERNET: bytes(12) + b"\x08\x00",
    RAW: b"",
    COOKED: bytes(14) + b"\x08\x00",
    COOKED_2: b"\x08\x00" + bytes(18),
}


@dataclass
class Conversation:
    name: str
    protocol: str  # http, tls, bytes; udp: each sending is a datagram
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    ports: tuple[int, int] = (0, 0)  # the client's, the server's

    def stream(self, side: str) -> bytes:
        return b"".join(data for who, data in self.sent if who == side)

    def cut(self, size: int) -> "Conversation":
        """The same in pieces of this many bytes."""
        pieces = ((who, data[at : at + size]) for who, data in self.sent for at in range(0, len(data), size))
        return Conversation(self.name, self.protocol, list(pieces), self.ports)


PORTS = {"http": 80, "tls": 443, "bytes": 9999, "udp": 9999}
LARGEST = 65_000  # what fits into an IP packet


def checksum(data: bytes) -> int:
    """RFC 1071."""
    words = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) & ~1])) + (data[-1] << 8 if len(data) % 2 else 0)
    while words >> 16:
        words = (words & 0xFFFF) + (words >> 16)
    return ~words & 0xFFFF


def ip(source: bytes, to: bytes, protocol: int, payload: bytes) -> bytes:
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0, source, to)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def with_checksum(source: bytes, to: bytes, protocol: int, at: int, segment: bytes) -> bytes:
    pseudo = source + to + struct.pack("!BBH", 0, protocol, len(segment))
    return segment[:at] + struct.pack("!H", checksum(pseudo + segment)) + segment[at + 2 :]


class Connection:
    """The packets of one TCP connection."""

    def __init__(self, client_port: int, server_port: int):
        self.port = {CLIENT: client_port, SERVER: server_port}
        self.next = {CLIENT: 1000 * client_port, SERVER: 77}

    def packet(self, who: str, flags: int, data: bytes = b"") -> bytes:
        other = SERVER if who == CLIENT else CLIENT
        sequence, acknowledged = self.next[who], self.next[other] if flags & ACK else 0
        ports = self.port[who], self.port[other]
        segment = struct.pack("!HHIIBBHHH", *ports, sequence, acknowledged, 5 << 4, flags, 65535, 0, 0) + data
        self.next[who] = (sequence + len(data) + bool(flags & (SYN | FIN))) & 0xFFFFFFFF
        segment = with_checksum(HOSTS[who], HOSTS[other], 6, 16, segment)
        return ip(HOSTS[who], HOSTS[other], 6, segment)

    def packets(self, sent: list[tuple[str, bytes]]):
        yield self.packet(CLIENT, SYN)
        yield self.packet(SERVER, SYN | ACK)
        yield self.packet(CLIENT, ACK)
        for who, data in sent:
            for at in range(0, len(data), LARGEST):
                yield self.packet(who, PSH | ACK, data[at : at + LARGEST])
                yield self.packet(SERVER if who == CLIENT else CLIENT, ACK)
        for who in (CLIENT, SERVER):
            yield self.packet(who, FIN | ACK)
        yield self.packet(CLIENT, ACK)


def datagram(client_port: int, server_port: int, who: str, data: bytes) -> bytes:
    other = SERVER if who == CLIENT else CLIENT
    port = {CLIENT: client_port, SERVER: server_port}
    head = struct.pack("!HHHH", port[who], port[other], 8 + len(data), 0)
    return ip(HOSTS[who], HOSTS[other], 17, with_checksum(HOSTS[who], HOSTS[other], 17, 6, head + data))


def in_a_file(conversations: list[Conversation]) -> list[Conversation]:
    """The same, each with the ports that it has there."""
    return [replace(it, ports=(20_000 + at, PORTS[it.protocol])) for at, it in enumerate(conversations)]


def packets(conversations: list[Conversation]):
    """One connection behind the other."""
    for it in conversations:
        if it.protocol == "udp":
            yield from (datagram(*it.ports, who, data) for who, data in it.sent)
        else:
            yield from Connection(*it.ports).packets(it.sent)


def read(path: str) -> list[Conversation]:
    """What passed: the connections and the pairs of UDP ports of a pcap file, in the order in which they
    begin. What a connection speaks is told by its first bytes."""
    with open(path, "rb") as file:
        data, at = file.read(), 24
    expect(data[:4] in (MICROS, NANOS) and data[20] in BEGINS, data[:24])
    ip_at = 16 + len(BEGINS[data[20]])
    found: dict[tuple, tuple[Conversation, dict[str, int]]] = {}
    all_of_them: list[Conversation] = []
    firsts: dict[tuple, int] = {}
    while at < len(data):
        length = int.from_bytes(data[at + 8 : at + 12], "little")
        packet, at = data[at + ip_at : at + 16 + length], at + 16 + length
        if packet[0] >> 4 == 4:
            total, protocol, head = int.from_bytes(packet[2:4], "big"), packet[9], (packet[0] & 15) * 4
        else:
            total, protocol, head = int.from_bytes(packet[4:6], "big") + 40, packet[6], 40
        transport = packet[head:total]
        if protocol not in (6, 17):
            continue
        source, to, sequence = struct.unpack("!HHI", transport[:8])
        is_tcp = protocol == 6
        key = (packet[0] >> 4, protocol, *sorted((source, to)))
        begins_anew = is_tcp and transport[13] & (SYN | ACK) == SYN and firsts.get(key) != sequence
        if key not in found or begins_anew:
            firsts[key] = sequence
            kind = "bytes" if is_tcp else "udp"
            found[key] = Conversation(f"{os.path.basename(path)}: {source} to {to}", kind, [], (source, to)), {}
            all_of_them.append(found[key][0])
        it, following = found[key]
        side = CLIENT if source == it.ports[0] else SERVER
        payload = transport[transport[12] >> 4 << 2 if is_tcp else 8 :]
        if is_tcp:
            begins = following.setdefault(side, (sequence + 1) & 0xFFFFFFFF)
            known = (begins - sequence) & 0xFFFFFFFF
            payload = payload[known:] if known < 1 << 31 else payload
            following[side] = (begins + len(payload)) & 0xFFFFFFFF
        if payload or not is_tcp:
            it.sent.append((side, payload))
    for it in all_of_them:
        first = it.stream(CLIENT)
        if it.protocol == "bytes" and re.match(rb"[A-Z]+ \S+ HTTP/1|\x16\x03", first):
            it.protocol = "tls" if first[:1] == b"\x16" else "http"
    return all_of_them


def write(path: str, conversations: list[Conversation], link: int = RAW) -> None:
    """A pcap file in microseconds, a packet each millisecond."""
    with open(path, "wb") as file:
        file.write(struct.pack("<4sHHiIII", MICROS, 2, 4, 0, 0, 262_144, link))
        for number, packet in enumerate(packets(conversations)):
            packet = BEGINS[link] + packet
            seconds, thousandths = divmod(number, 1000)
            head = struct.pack("<IIII", 1_700_000_000 + seconds, thousandths * 1000, len(packet), len(packet))
            file.write(head + packet)
