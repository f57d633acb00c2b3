"""What tshark finds in a capture file, as facts: who sent it, where it lies in its direction, what it is.

PDML says where a field lies in its packet. A message of several segments is dissected in a buffer of its own; its
field `tcp.segments` lists the pieces, and so says where the buffer lies in the direction. That a place is right is
checked here: the bytes that tshark prints are the bytes that were sent.
"""

import re
import subprocess
import xml.etree.ElementTree as xml
from typing import NamedTuple

from kit import expect, need
from pcap import CLIENT, SERVER, Conversation

LAYERS = "tcp udp http websocket tls data tcp.segments x509sat x509ce x509if x509af pkix1explicit"
OPTIONS = ("http.decompress_body:FALSE", "websocket.text_type:None", "tls.keylog_file:")

# Fields that are one fact each: its key, and what of it is the value. tshark shows
# no text as it is that has other characters than those of ASCII: of such a text the bytes are compared.
FIELDS = {
    "http.request.method": ("http method", "text"),
    "http.request.uri": ("http target", "text"),
    "http.request.version": ("http version", "text"),
    "http.response.version": ("http version", "text"),
    "http.response.code": ("http status", "raw"),
    "http.response.phrase": ("http reason", "text"),
    "http.request.line": ("http field", "bytes"),
    "http.response.line": ("http field", "bytes"),
    "http.chunk_size": ("http chunk size", "number"),
    "http.chunk_data": ("http chunk data", "bytes"),
    "http.chunk_boundary": ("http chunk end", "bytes"),
    "http.chunked_trailer_part": ("http trailers", "bytes"),
    "websocket.fin": ("websocket fin", "number"),
    "websocket.rsv": ("websocket rsv", "number"),
    "websocket.opcode": ("websocket opcode", "number"),
    "websocket.mask": ("websocket mask", "number"),
    "websocket.payload_length": ("websocket length", "number"),
    "websocket.payload_length_ext_16": ("websocket length 16", "number"),
    "websocket.payload_length_ext_64": ("websocket length 64", "number"),
    "websocket.masking_key": ("websocket key", "bytes"),
    "tls.record.content_type": ("tls record type", "number"),
    "tls.record.opaque_type": ("tls record type", "number"),
    "tls.record.version": ("tls record version", "bytes"),
    "tls.record.length": ("tls record length", "number"),
    "tls.alert_message.level": ("tls alert level", "name"),
    "tls.alert_message.desc": ("tls alert description", "name"),
    "tls.change_cipher_spec": ("tls change cipher spec", "there"),
    "tls.handshake.type": ("tls message type", "name"),
    "tls.handshake.length": ("tls message length", "number"),
    "tls.handshake.version": ("tls hello version", "bytes"),
    "tls.handshake.random": ("tls random", "bytes"),
    "tls.handshake.session_id": ("tls session id", "bytes"),
    "tls.handshake.ciphersuite": ("tls cipher suite", "name"),
    "tls.handshake.comp_method": ("tls compression", "bytes"),
    "tls.handshake.extension.type": ("tls extension type", "name"),
    "tls.handshake.extensions_server_name": ("tls server name", "text"),
    "tls.handshake.extensions_alpn_str": ("tls protocol", "text"),
    "tls.handshake.extensions_supported_group": ("tls group", "name"),
    "tls.handshake.extensions_key_share_group": ("tls group", "name"),
    "tls.handshake.extensions_key_share_selected_group": ("tls group", "name"),
    "tls.handshake.server_named_curve": ("tls group", "name"),
    "tls.handshake.server_point": ("tls key", "bytes"),
    "tls.handshake.client_point": ("tls key", "bytes"),
    "tls.handshake.extensions_key_share_key_exchange": ("tls key", "bytes"),
    "tls.handshake.extensions.supported_version": ("tls supported version", "bytes"),
    "tls.handshake.sig_hash_alg": ("tls signature scheme", "name"),
    "tls.extension.psk_ke_mode": ("tls psk mode", "bytes"),
    "x509af.serialNumber": ("x509 serial", "bytes"),
    "x509if.oid": ("x509 name type", "bytes"),
    "x509af.utcTime": ("x509 time", "bytes"),
    "x509af.generalizedTime": ("x509 time", "bytes"),
    "x509af.extension.id": ("x509 extension type", "bytes"),
    "x509ce.dNSName": ("x509 alternative name", "text"),
    "x509ce.IPAddress.ipv4": ("x509 alternative name", "number"),
    "x509ce.IPAddress.ipv6": ("x509 alternative name", "number"),
    "x509ce.KeyPurposeId": ("x509 purpose", "bytes"),
}
NO_XML = bytes(ord("?") if c < 32 and c not in b"\t\r\n" else c for c in range(256))  # tshark prints these too
NAME_VALUES = ("String", "CountryName")  # of x509sat: uTF8String, printableString and their like


class Fact(NamedTuple):
    side: str
    at: int | None  # None: it lies nowhere, or in a buffer that is no part of the direction
    length: int
    key: str
    value: str | bytes


def tshark(*args: str, **options) -> bytes:
    command = (need("tshark"), "-n", *(word for option in OPTIONS for word in ("-o", option)), *args)
    done = subprocess.run(command, capture_output=True, timeout=120, **options)
    if done.returncode:
        raise AssertionError(f"tshark ended with {done.returncode}: {done.stderr.decode()[-1500:]}")
    return done.stdout


class Packet:
    """A packet with bytes: what is in it, and where that lies in the direction."""

    def __init__(self, element: xml.Element):
        self.protocols = [it for it in element if it.get("name") not in ("geninfo", "frame", "raw", "eth", "ip", "ipv6")]
        transport = self.protocols.pop(0)
        fields = {it.get("name"): it for it in transport}
        self.is_tcp = transport.get("name") == "tcp"
        kind = transport.get("name")
        self.stream = kind, int(fields[f"{kind}.stream"].get("show"))
        self.port = int(fields[f"{kind}.srcport"].get("show"))
        begins = int(transport.get("pos")) + int(transport.get("size"))
        self.seq = int(fields["tcp.seq"].get("show")) - 1 if self.is_tcp else 0
        self.in_packet = self.seq - begins  # what has to be added to a place in the packet

    def dissected(self):
        """Each protocol in it, and what has to be added to its places."""
        add, ahead = self.in_packet, 0
        for protocol in self.protocols:
            segments = next((it for it in protocol if it.get("name") == "tcp.segments"), None)
            if segments is not None:
                last = [it for it in segments if it.get("name") == "tcp.segment"][-1]
                add = self.seq - int(last.get("pos"))
                ahead = int(last.get("pos")) + int(last.get("size"))
                continue
            if add != self.in_packet and int(protocol.get("pos") or 0) >= ahead:
                add = self.in_packet  # the reassembled message is over, and another one in the packet follows
            yield protocol, add


class Facts:
    """The facts of one conversation."""

    def __init__(self, conversation: Conversation):
        self.stream = {side: conversation.stream(side) for side in (CLIENT, SERVER)}
        self.facts: list[Fact] = []
        self.payload: tuple[int, int] | None = None  # of a frame: where it lies, and where it begins in its buffer
        self.is_frame = False
        self.malformed = 0

    def add(self, side: str, field: xml.Element, add: int, key: str, value: str | bytes) -> None:
        at, length, raw = int(field.get("pos")) + add, int(field.get("size")), field.get("value")
        there = self.stream[side][at : at + length] if at >= 0 else b""
        bits = field.get("unmaskedvalue")
        placed = there == bytes.fromhex(bits or raw) if bits or raw else len(there) == length
        self.facts.append(Fact(side, at if placed else None, length, key, value))

    def take(self, side: str, protocol: xml.Element, add: int) -> None:
        if protocol.get("name") != "fake-field-wrapper":
            self.is_frame = protocol.get("name") == "websocket"
        if protocol.get("name") == "_ws.malformed":
            self.malformed += 1
        elif protocol.get("name") == "http":
            self.http(side, protocol, add)
        for field in protocol.iter("field"):
            name = field.get("name")
            if name == "data.data" and protocol.get("name") == "fake-field-wrapper" and self.is_frame:
                self.clear(side, field, "websocket clear" if self.payload else "websocket message")
            elif name in FIELDS:
                key, how = FIELDS[name]
                self.add(side, field, add, key, shown(field, "bytes" if how == "name" else how))
                if how == "name":
                    named = plain(field.get("showname").split(": ", 1)[-1].rsplit(" (", 1)[0])
                    if not named.startswith("unknown"):
                        self.add(side, field, add, f"{key} name", named)
            elif name.startswith("x509sat.") and name.endswith(NAME_VALUES) and field.get("value"):
                if len(field) == 0:
                    self.add(side, field, add, "x509 name value", shown(field, "text"))
        if protocol.get("name") == "websocket":
            self.frame(side, protocol, add)

    def http(self, side: str, protocol: xml.Element, add: int) -> None:
        """The values of fields, the end of the head, the body."""
        fields = list(protocol)
        own = {}  # by place: what tshark takes a field's value for, if it knows the field
        for field in fields:
            if field.get("name") == "" and field.get("show") == r"\r\n":
                self.add(side, field, add, "http head end", b"\r\n")
            elif field.get("name") in ("http.request.line", "http.response.line"):
                _, _, value = bytes.fromhex(field.get("value")).partition(b":")
                value = value.strip()
                value = own.get(field.get("pos"), value.decode()) if printable(value) else value
                self.add(side, field, add, "http value", value)
            elif field.get("showname", "").endswith(r"\r\n"):
                own[field.get("pos")] = field.get("show")
        is_chunked = any(field.get("name") == "http.chunk_size" for field in protocol.iter("field"))
        for field in fields:
            is_coded = field.get("show", "").startswith("Content-encoded entity body")
            if (field.get("name") == "http.file_data" or is_coded) and not is_chunked:
                self.add(side, field, add, "http body", bytes.fromhex(field.get("value")))

    def frame(self, side: str, protocol: xml.Element, add: int) -> None:
        """Of a frame: the payload as it was sent, and in the clear. Of a fragmented message: the last frame has it."""
        fields = {field.get("name"): field for field in protocol.iter("field")}
        masked, clear = fields.get("websocket.masked_payload"), fields.get("websocket.payload")
        is_last = fields["websocket.opcode"].get("show") == "0"
        sent = clear if masked is None else masked
        if sent is None:
            return
        self.add(side, sent, add, "websocket payload", "")
        # What is unmasked lies in a buffer of its own.
        self.payload = None if is_last else (int(sent.get("pos")) + add, int(sent.get("pos")) if masked is None else 0)
        for name, key in CLEAR.items():
            if name in fields:
                self.clear(side, fields[name], "websocket message" if is_last else key)

    def clear(self, side: str, field: xml.Element, key: str) -> None:
        text, length = bytes.fromhex(field.get("value")), int(field.get("size"))
        text = field.get("show") if key.startswith("websocket close") else text
        if self.payload is None:
            self.facts.append(Fact(side, None, length, key, text))
        else:
            at, begins = self.payload
            self.facts.append(Fact(side, at + int(field.get("pos")) - begins, length, key, text))


CLEAR = {
    "websocket.payload.text": "websocket clear",
    "websocket.payload.ping": "websocket clear",
    "websocket.payload.pong": "websocket clear",
    "websocket.payload.close.status_code": "websocket close code",
    "websocket.payload.close.reason": "websocket close reason",
}


def shown(field: xml.Element, how: str) -> str | bytes:
    raw = bytes.fromhex(field.get("unmaskedvalue") or field.get("value") or "")
    if how == "text":
        return field.get("show") if printable(raw) else raw
    return {"there": "", "number": field.get("show"), "bytes": raw, "raw": raw.decode(errors="replace")}[how]


def plain(name: str) -> str:
    """A name of a registry, however it is spelt."""
    return re.sub(r"[ _-]", "", name).lower()


def printable(raw: bytes) -> bool:
    """Whether both show it as it is."""
    return len(raw) <= 1000 and all(0x20 <= byte < 0x7F for byte in raw)


def dissect(path: str, conversations: list[Conversation]) -> list[Facts]:
    """The facts of each conversation of this file."""
    served = {it.ports[1]: it.protocol for it in conversations if it.protocol in ("http", "tls")}
    decode = [word for port, protocol in served.items() for word in ("-d", f"tcp.port=={port},{protocol}")]
    out = tshark("-r", path, *decode, "-Y", "tcp.len > 0 || tcp.flags.fin == 1 || udp && !icmp", "-J", LAYERS, "-T", "pdml")
    found = [Facts(it) for it in conversations]
    streams = {kind: [] for kind in ("tcp", "udp")}
    for at, it in enumerate(conversations):
        streams["udp" if it.protocol == "udp" else "tcp"].append(at)
    for element in xml.fromstring(out.translate(NO_XML).decode(errors="replace")):
        packet = Packet(element)
        at = streams[packet.stream[0]][packet.stream[1]]
        side = CLIENT if packet.port == conversations[at].ports[0] else SERVER
        for protocol, add in packet.dissected():
            found[at].take(side, protocol, add)
    return found
