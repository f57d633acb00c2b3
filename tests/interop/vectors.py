"""The cases of `fixtures/` as conversations, one for each `each:`; the head of each file explains its form."""

import glob
import os
import re
import ssl

from pcap import CLIENT, SERVER, Conversation

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "fixtures")
ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", '"': b'"', "\\": b"\\"}
ASKED = "{} {} HTTP/1.1\r\nHost: a\r\n{}\r\n"

UPGRADE = (
    "GET /chat HTTP/1.1",
    *("Host: server.example.com", "Upgrade: websocket", "Connection: Upgrade"),
    *("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"),
)
UPGRADED = (
    "HTTP/1.1 101 Switching Protocols",
    *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
)


def escaped(text: str) -> bytes:
    """The bytes of a text with escapes."""
    pieces = re.findall(r'\\x(..)|\\([rnt"\\])|([^\\]+)', text)
    return b"".join(bytes.fromhex(hexa) or ESCAPES.get(one, b"") or rest.encode() for hexa, one, rest in pieces)


QUOTED = r'"((?:[^"\\]|\\.)*)"'


def text_bytes(value: str) -> bytes:
    """`"GET /"`, and `7 "a"` for seven of them: HTTP."""
    times, text = re.fullmatch(rf"(\d*) *{QUOTED}", value).groups()
    return escaped(text) * int(times or 1)


def frame_bytes(value: str) -> bytes:
    """Hex digits, `"text"`, `7*"a"`: WebSocket."""
    words = re.findall(rf"(?:(\d+)\*)?(?:{QUOTED}|([0-9a-fA-F]+))", value)
    return b"".join((bytes.fromhex(digits) or escaped(text)) * int(times or 1) for times, text, digits in words)


def record_bytes(value: str) -> bytes:
    """The same, and `[2 …]` for the bytes inside behind their length in 2 bytes: TLS."""
    while inner := re.search(r"\[(\d)([^\[\]]*)\]", value):
        inside = frame_bytes(inner[2])
        sized = len(inside).to_bytes(int(inner[1]), "big") + inside
        value = f"{value[: inner.start()]} {sized.hex()} {value[inner.end() :]}"
    return frame_bytes(value)


def cases(file: str):
    """Name, and keys with their values in order: of each case, with each `each:` in the place of `{}`."""
    with open(os.path.join(ROOT, file), encoding="utf-8") as opened:
        lines = [(number, line.rstrip("\n")) for number, line in enumerate(opened, 1) if not line.startswith("#")]
    paragraph: list[tuple[int, str, str]] = []
    for number, line in (*lines, (0, "")):
        if line.strip():
            key, value = line.split(":", 1)
            paragraph.append((number, key, value.strip()))
            continue
        insets = [(number, inset(file, value)) for number, key, value in paragraph if key == "each"]
        for number, text in insets or [(number, "") for number, *_ in paragraph[:1]]:
            keys = [(key, value.replace("{}", text) if insets else value) for _, key, value in paragraph]
            yield f"{file}:{number}: {dict(keys)['case']}" + f" [{text}]" * bool(insets), keys
        paragraph = []


def inset(file: str, value: str) -> str:
    """An `each:` without the remark behind it."""
    if file.startswith("websocket/") and not file.endswith(("requests.txt", "responses.txt")):
        return value.split("#")[0].strip()
    if file.startswith(("tls/", "deflate/")):
        return value.split("#")[0].strip()
    quoted = re.match(QUOTED, value)
    return quoted[1] if quoted else value


def http():
    """`fixtures/http/` and `fixtures/client/`."""
    for path in sorted(glob.glob(os.path.join(ROOT, "http", "*.txt")) + glob.glob(os.path.join(ROOT, "client", "*.txt"))):
        for name, keys in cases(os.path.relpath(path, ROOT)) if has_cases(path) else ():
            said = b"".join(text_bytes(value) for key, value in keys if key.rstrip("*") in ("in", "says", "rest"))
            first = dict(keys)
            kind = first.get("kind", "response to " + first["ask"] if "ask" in first else "response")
            if name.startswith("http/"):
                kind = first.get("kind", "request")
            if name.startswith("http/"):
                said = b"".join(text_bytes(value) for key, value in keys if key in ("in", "in*"))
            yield Conversation(name, "http", around(kind, said, [v for k, v in keys if k == "field"]))


def around(kind: str, said: bytes, fields: list[str]) -> list[tuple[str, bytes]]:
    """What has to pass before these bytes."""
    if kind == "request":
        return [(CLIENT, said)]
    if kind == "chunked":
        return [(CLIENT, ASKED.format("POST", "/", "Transfer-Encoding: chunked\r\n").encode() + said)]
    method = kind.removeprefix("response").removeprefix(" to ") or "GET"
    fields = "".join(f"{field}\r\n" for field in fields if " = " not in field)
    asked = ASKED.format(method, "a:80" if method == "CONNECT" else "/", fields)
    return [(CLIENT, asked.encode()), (SERVER, said)]


def has_cases(path: str) -> bool:
    with open(path, encoding="utf-8") as file:
        return re.search(r"(?m)^(in|says)\*?:", file.read()) is not None


def head(sample: tuple[str, ...], keys: list[tuple[str, str]]) -> bytes:
    """The sample, changed as a case says."""
    line = dict(keys).get("line", sample[0])
    without = [value for key, value in keys if key == "without"]
    kept = [field for field in sample[1:] if field.split(":")[0] not in without]
    lines = (line, *kept, *(value for key, value in keys if key == "with"), "")
    return b"".join(escaped(line) + b"\r\n" for line in lines)


def websocket():
    """`fixtures/websocket/`: handshakes, and frames behind a handshake."""
    for name, keys in cases("websocket/requests.txt"):
        yield Conversation(name, "http", [(CLIENT, head(UPGRADE, keys))])
    for name, keys in cases("websocket/responses.txt"):
        protocols = ", ".join(dict(keys).get("asked", "chat superchat").split())
        offer = [("with", f"Sec-WebSocket-Protocol: {protocols}")] if protocols else []
        yield Conversation(name, "http", [(CLIENT, head(UPGRADE, offer)), (SERVER, head(UPGRADED, keys))])
    for file in ("frames", "messages", "close"):
        for name, keys in cases(f"websocket/{file}.txt"):
            said = b"".join(frame_bytes(value) for key, value in keys if key == "in")
            who = SERVER if dict(keys).get("to") == "client" else CLIENT
            yield Conversation(name, "http", [(CLIENT, head(UPGRADE, [])), (SERVER, head(UPGRADED, [])), (who, said)])


def hellos():
    """`fixtures/tls/hellos.txt`; a server's flight stands behind the first of the clients'."""
    asked = b""
    for name, keys in cases("tls/hellos.txt"):
        said = record_bytes(" ".join(value for key, value in keys if key == "in"))
        asked = asked or said
        is_server = dict(keys).get("from") == "server"
        yield Conversation(name, "tls", [(CLIENT, asked), (SERVER, said)] if is_server else [(CLIENT, said)])


def certificates():
    """Each certificate of `fixtures/tls/`, in a first flight of TLS 1.2 as a server sends it."""
    asked = next(hellos()).sent[0][1]
    hello = record_bytes("16 0303 [2 02 [3 0303 32*5a [1] c02b 00 [2 ff01 [2 [1]]]]]")
    done = record_bytes("16 0303 [2 0e [3]]")
    for path in sorted(glob.glob(os.path.join(ROOT, "tls", "*.crt"))):
        with open(path, encoding="ascii") as file:
            pems = re.findall(r"-----BEGIN CERT[^-]*-----[^-]*-----END CERT[^-]*-----", file.read())
        chain = " ".join(f"[3 {ssl.PEM_cert_to_DER_cert(pem).hex()}]" for pem in pems)
        flight = hello + record_bytes(f"16 0303 [2 0b [3 [3 {chain}]]]") + done
        yield Conversation(f"tls/{os.path.basename(path)}", "tls", [(CLIENT, asked), (SERVER, flight)])


def everything() -> list[Conversation]:
    return [*http(), *websocket(), *hellos(), *certificates()]
