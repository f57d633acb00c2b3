"""Certificates and keys in the forms that openssl writes, given to http_server and http_get."""

import contextlib
import os
import re
import subprocess

from client import get
from curl import curl
from kit import PATIENCE_SECS, Program, check, expect, room, run
from tls import s_client, s_server, talk, tls_echo

NAMES = b"basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n"
CA = b"basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,digitalSignature\n"


def openssl(*args, **options) -> bytes:
    return run("openssl", *args, **options).stdout


class Authority:
    """A root, a certificate between, and a leaf: as files in a folder, and as bytes."""

    def __init__(self, demo):
        self.folder = room(demo, "pem", names=NAMES, ca=CA)
        for name, by, what in (("root", None, "ca"), ("between", "root", "ca"), ("leaf", "between", "names")):
            key, path = self.at(f"{name}.key"), self.at(f"{name}.crt")
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
            asks = openssl("req", "-new", "-key", key, "-subj", f"/CN={name} of the test")
            signs = ("-CA", self.at(f"{by}.crt"), "-CAkey", self.at(f"{by}.key")) if by else ("-signkey", key)
            made = ("-days", "30", "-extfile", self.at(what), "-out", path)
            openssl("x509", "-req", *signs, *made, input=asks)
        self.root, self.between, self.leaf = (self.read(f"{name}.crt") for name in ("root", "between", "leaf"))
        self.key = self.read("leaf.key")

    def at(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def read(self, name: str) -> bytes:
        with open(self.at(name), "rb") as file:
            return file.read()

    def write(self, name: str, text: bytes) -> str:
        with open(self.at(name), "wb") as file:
            file.write(text)
        return self.at(name)


def crlf(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


def x509(text: bytes, *args) -> bytes:
    return openssl("x509", *args, input=text)


def glued(*texts: bytes) -> bytes:
    """Each without the end of its last line."""
    return b"".join(text.rstrip(b"\n") for text in texts)


@contextlib.contextmanager
def serving(demo, cert: str, key: str):
    with Program(demo.binary, "--listen", "127.0.0.1:0", "--tls", cert, key) as server:
        port = re.search(rb"127\.0\.0\.1:(\d+)", server.read_until(rb"/try\n"))[1]
        yield f"https://localhost:{int(port)}"


def refused(demo, cert: str, key: str) -> str:
    """Why it does not start."""
    command = (demo.binary, "--listen", "127.0.0.1:0", "--tls", cert, key)
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_SECS)
    expect(done.returncode == 1 and done.stdout == b"", cert, key, done)
    return done.stderr.decode()


@check("openssl")
def certificates(demo):
    """a chain as x509 -text, pkcs12 -nodes and others write it, with CRLF, a BOM, no last line end: served whole"""
    it = Authority(demo)
    chain = it.leaf + it.between
    p12 = it.at("p12")
    files = ("-in", it.at("leaf.crt"), "-inkey", it.at("leaf.key"), "-certfile", it.at("between.crt"))
    openssl("pkcs12", "-export", *files, "-out", p12, "-passout", "pass:")
    bag = openssl("pkcs12", "-in", p12, "-nodes", "-passin", "pass:")
    forms = {
        "plain": chain,
        "x509 -text": x509(it.leaf, "-text") + x509(it.between, "-text"),
        "x509 -text behind": x509(it.leaf, "-text", "-certopt", "no_pubkey") + b"\n\n# next\n" + it.between,
        "-subject -issuer -fingerprint": x509(it.leaf, "-subject", "-issuer", "-fingerprint", "-dates") + it.between,
        "pkcs12 -nodes": bag,
        "with its key": it.key + chain,
        "CRLF": crlf(chain),
        "BOM": b"\xef\xbb\xbf" + chain,
        "BOM and CRLF": b"\xef\xbb\xbf" + crlf(chain),
        "no last line end": chain.rstrip(b"\n"),
        "blank lines": it.leaf + b"\n\n\n" + it.between + b"\n\n",
    }
    for name, text in forms.items():
        cert = it.write("form.crt", text)
        with serving(demo, cert, it.at("leaf.key")) as url:
            shows = ("s_client", "-showcerts", "-connect", url.removeprefix("https://"), "-CAfile", it.at("root.crt"))
            seen = openssl(*shows, "-verify_return_error", input=b"", status=None).decode()
            expect("Verify return code: 0 (ok)" in seen, name, seen)
            expect(seen.count("BEGIN CERTIFICATE") == 2, name, seen)
    with serving(demo, it.write("both.pem", bag), it.at("both.pem")) as url:
        body, _ = curl("--cacert", it.at("root.crt"), url)
        expect(body == b"Hello World\n", body)


@check("openssl")
def keys(demo):
    """keys of every kind: pkcs8, traditional, with EC PARAMETERS, RSA; in a text that has more"""
    it = Authority(demo)
    leaf = it.at("leaf.key")
    ec = openssl("ec", "-in", leaf)
    forms = {
        "pkcs8 -nocrypt": openssl("pkcs8", "-topk8", "-nocrypt", "-in", leaf),
        "ec": ec,
        "ec -param_enc named_curve": openssl("ec", "-in", leaf, "-param_enc", "named_curve"),
        "ecparam -genkey": openssl("ecparam", "-name", "prime256v1") + ec,
        "pkey -text": openssl("pkey", "-in", leaf, "-text"),
        "behind the certificate": it.leaf + it.key,
        "CRLF": crlf(ec),
        "BOM": b"\xef\xbb\xbf" + it.key,
        "no last line end": it.key.rstrip(b"\n"),
    }
    for name, text in forms.items():
        with serving(demo, it.at("leaf.crt"), it.write("form.key", text)) as url:
            trust = it.write("trust.crt", it.between + it.root)
            body, said = curl("--cacert", trust, url)
            expect(body == b"Hello World\n", name, said)
    rsa = openssl("genrsa", "2048")
    signed = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "30")
    made = openssl("req", "-x509", "-key", it.write("rsa.key", rsa), *signed)
    for text in (rsa, openssl("rsa", "-traditional", input=rsa)):
        with serving(demo, it.write("rsa.crt", made), it.write("form.key", text)) as url:
            body, said = curl("--cacert", it.at("rsa.crt"), url)
            expect(body == b"Hello World\n", text[:40], said)


@check("openssl")
def refusals(demo):
    """two sections in one line, a cut one, an encrypted key, -trustout, DER, UTF-16: refused at the start, by line"""
    it = Authority(demo)
    chain, leaf_lines = it.leaf + it.between, it.leaf.count(b"\n")
    leaf, key = it.at("leaf.crt"), it.at("leaf.key")
    encrypts = ("-aes128", "-passout", "pass:secret")
    cut = chain[: len(chain) // 4 * 3]
    certs = {
        f"line {leaf_lines} ": glued(it.leaf, it.between),
        f"line {leaf_lines}  ": glued(b"", it.leaf, it.between, it.root),
        f"line {leaf_lines + 1} ": cut,
        "line 1 ": x509(it.leaf, "-trustout"),
        "line 1  ": openssl("crl2pkcs7", "-nocrl", "-certfile", leaf),
        "": x509(it.leaf, "-outform", "DER"),
        " ": it.leaf.decode().encode("utf-16"),
        "  ": b"",
        "   ": it.key,
    }
    for where, text in certs.items():
        told = refused(demo, it.write("form.crt", text), key)
        expect(where.strip() in told and "--tls" in told and len(told) < 600, where, text[:60], told)
    no_keys = {
        "pkcs8 -topk8": openssl("pkcs8", "-topk8", "-passout", "pass:secret", "-in", key),
        "ec -aes128": openssl("ec", "-in", key, *encrypts),
        "explicit parameters": openssl("ec", "-in", key, "-param_enc", "explicit"),
        "public": openssl("pkey", "-in", key, "-pubout"),
        "a certificate": it.leaf,
        "of another": it.read("root.key"),
        "cut": it.key[:100],
        "DER": openssl("pkey", "-in", key, "-outform", "DER"),
    }
    for name, text in no_keys.items():
        told = refused(demo, leaf, it.write("form.key", text))
        expect("--tls" in told, name, told)
        expect(("encrypted" in told) == (name in ("pkcs8 -topk8", "ec -aes128")), name, told)


@check("openssl")
def trust(demo):
    """http_get --cacert: a bundle with texts, CRLF and a BOM; one whose sections stand in one line is refused"""
    it = Authority(demo)
    with serving(demo, it.write("chain.crt", it.leaf + it.between), it.at("leaf.key")) as url:
        other = openssl("req", "-x509", "-key", it.at("leaf.key"), "-subj", "/CN=another", "-days", "30")
        bundle = b"# of many\n\n" + x509(other, "-text") + b"=====\n" + x509(it.root, "-text")
        for name, text in {"texts": bundle, "CRLF": crlf(bundle), "BOM": b"\xef\xbb\xbf" + it.root}.items():
            out, said = get(demo, "--cacert", it.write("trust.crt", text), url)
            expect(out == b"Hello World\n", name, said)
        _, said = get(demo, "--cacert", it.write("trust.crt", glued(other, it.root)), url, status=77)
        lines = other.count(b"\n")
        expect(f"line {lines} " in said, said)


# ---- versions that are no more ----------------------------------------------------------------------


@check("openssl")
def old_versions(demo):
    """TLS 1.0 and 1.1, from s_client and from s_server: the alert is protocol_version, and it is said"""
    old = ("-cipher", "ALL@SECLEVEL=0")
    with tls_echo(demo) as (server, port):
        for version in ("-tls1", "-tls1_1"):
            with s_client(port, version, *old, "-msg") as client:
                client.read_until(rb"(?s)<<< \S+ \S+ Alert [^\n]*fatal protocol_version")
                client.process.wait(10)
        with s_client(port, "-tls1_2") as client:
            client.read_until(rb"welcome!\n")
    for version in ("-tls1", "-tls1_1"):
        with s_server(version, *old) as (_, port), talk(demo, port, "-k") as client:
            told = client.process.stderr.readline().decode()
            expect(re.search("(?i)protocol.?version", told) and client.process.wait(10) == 1, version, told)
