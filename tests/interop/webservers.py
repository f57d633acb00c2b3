"""Our client, as http_get, at lighttpd and Apache; and our proxy before them."""

import contextlib
import gzip
import os
import re

from client import EXPECT, MIB, a_file, get
from client_proxy import proxy
from https import CA
from kit import a_port, at_once, check, daemon, expect, need_file, room
from tls import contents, identity

# CGI programs: one counts what it is sent, one answers with what has no length.
COUNT = rb"""#!/bin/sh
printf 'Content-Type: text/plain\r\nX-Method: %s\r\n\r\n' "$REQUEST_METHOD"
wc -c | tr -d ' '
"""
READ = rb"""#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
cat page.txt
"""
PAGE = b"".join(b"line %d\n" % i for i in range(20_000))

LIGHTTPD = """
server.modules = ("mod_cgi", "mod_openssl", "mod_dirlisting")
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{folder}/www"
server.errorlog = "{folder}/said"
server.upload-dirs = ("{folder}")
server.max-keep-alive-requests = 1
server.max-request-size = 4096
server.stream-response-body = 1
index-file.names = ("index.txt")
mimetype.assign = (".txt" => "text/plain", "" => "application/octet-stream")
static-file.exclude-extensions = (".sh")
cgi.assign = (".sh" => "/bin/sh")
$SERVER["socket"] == "127.0.0.1:{tls}" {{
    ssl.engine = "enable"
    ssl.pemfile = "{folder}/server.crt"
    ssl.privkey = "{folder}/server.key"
}}
"""

APACHE = """
ServerName localhost
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
Mutex file:{folder}
ErrorLog {folder}/said
StartServers 2
MaxKeepAliveRequests 1
Listen 127.0.0.1:{port}
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
{load}
DocumentRoot {folder}/www
DirectoryIndex index.txt
TypesConfig /dev/null
AddType text/plain .txt
AddHandler cgi-script .sh
<Directory {folder}/www>
    Options +ExecCGI
    Require all granted
</Directory>
<Location /small.sh>
    LimitRequestBody 1000
</Location>
<Location /zipped>
    SetOutputFilter DEFLATE
</Location>
{more}
"""
MODULES = "/usr/lib/apache2/modules"
LOADED = (
    *("authz_core", "dir", "mime", "cgi", "deflate", "env", "filter", "ssl"),
    *("proxy", "proxy_http", "proxy_wstunnel"),
)

APACHE_TLS = """
Listen 127.0.0.1:{tls} https
<VirtualHost 127.0.0.1:{tls}>
    SSLEngine on
    SSLProtocol {protocol}
    SSLCertificateFile {folder}/server.crt
    SSLCertificateKeyFile {folder}/server.key
    SSLCACertificateFile {folder}/ca.crt
    SSLVerifyClient {verify}
    <Location /secret.txt>
        SSLVerifyClient require
    </Location>
</VirtualHost>
"""


def furnished(demo, name: str) -> str:
    """A folder with a small site and the keys."""
    folder = room(demo, name, **{file: contents(file) for file in ("server.crt", "server.key", "ca.crt")})
    os.makedirs(os.path.join(folder, "www", "deep"))
    site = {
        **{"page.txt": PAGE, "zipped": PAGE, "secret.txt": PAGE, "deep/index.txt": b"deep down\n"},
        **{"count.sh": COUNT, "small.sh": COUNT, "page.sh": READ},
    }
    for file, text in site.items():
        path = os.path.join(folder, "www", file)
        with open(path, "wb") as it:
            it.write(text)
        os.chmod(path, 0o755)
    return folder


@contextlib.contextmanager
def lighttpd(demo):
    """A running lighttpd: its URL in the clear, and under TLS."""
    need_file("/usr/lib/lighttpd/mod_openssl.so")
    folder, port, tls = furnished(demo, "lighttpd"), a_port(), a_port()
    config = os.path.join(folder, "config")
    with open(config, "w") as file:
        file.write(LIGHTTPD.format(folder=folder, port=port, tls=tls))
    with daemon(demo, folder, port, "lighttpd", "-D", "-f", config):
        yield f"http://127.0.0.1:{port}", f"https://localhost:{tls}"


@contextlib.contextmanager
def apache(demo, verify="none", protocol="all", more=""):
    """A running Apache: its URL in the clear, and under TLS."""
    folder, port, tls = furnished(demo, "apache"), a_port(), a_port()
    need_file(f"{MODULES}/mod_ssl.so")
    load = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED)
    more += APACHE_TLS.format(folder=folder, tls=tls, verify=verify, protocol=protocol)
    config = os.path.join(folder, "config")
    with open(config, "w") as file:
        file.write(APACHE.format(folder=folder, port=port, modules=MODULES, load=load, more=more))
    with daemon(demo, folder, port, "apache2", "-D", "FOREGROUND", "-f", config):
        yield f"http://127.0.0.1:{port}", f"https://localhost:{tls}"


@contextlib.contextmanager
def directly_and_by_proxy(demo):
    """The arguments for either."""
    with proxy(demo) as (at, _):
        yield (), ("-x", at)


def files(demo, url: str, *args: str):
    """What any server of files does."""
    counts = "%{http_code} %{num_connects} %{size_download}\n"
    nowhere = ("-o", "/dev/null") * 3
    out, said = get(demo, "-v", *args, "-w", counts, *nowhere, *[url + "/page.txt"] * 3)
    if "-x" not in args:  # both let go of a connection after a number of requests
        expect(re.findall(rb"200 (\d) %d\n" % len(PAGE), out) == [b"1", b"0", b"1"], out, said)
    expect(out.count(b" %d\n" % len(PAGE)) == 3, out, said)
    head, _ = get(demo, "-I", *args, url + "/page.txt")
    expect(b"Content-Length: %d\r\n" % len(PAGE) in head, head)
    etag = re.search(rb"(?i)ETag: (.*)\r", head)[1].decode()
    since = re.search(rb"(?i)Last-Modified: (.*)\r", head)[1].decode()
    for condition in (f"If-None-Match: {etag}", f"If-Modified-Since: {since}"):
        out, _ = get(demo, *args, "-w", counts, "-H", condition, url + "/page.txt")
        expect(out.startswith(b"304 1 0"), condition, out)
    for asked, part in (("0-99", PAGE[:100]), ("-10", PAGE[-10:]), ("150-", PAGE[150:])):
        out, _ = get(demo, *args, "-H", f"Range: bytes={asked}", url + "/page.txt")
        expect(out == part, asked, len(out))
    out, said = get(demo, "-v", *args, "-H", "Range: bytes=0-9,9000-9009", url + "/page.txt")
    expect("multipart/byteranges" in said and PAGE[9000:9010] in out, out[:500], said)
    out, _ = get(demo, *args, "-w", "%{http_code}", "-H", f"Range: bytes={len(PAGE)}-", url + "/page.txt")
    expect(out.endswith(b"416"), out)
    out, _ = get(demo, *args, "-w", "%{http_code}", "-o", "/dev/null", url + "/deep")
    expect(out == b"301", out)
    out, _ = get(demo, *args, "-L", url + "/deep")
    expect(out == b"deep down\n", out)
    out, _ = get(demo, *args, "-w", "%{http_code}", url + "/nothing")
    expect(b"Not Found" in out and out.endswith(b"404"), out)
    _, said = get(demo, *args, "-f", url + "/nothing", status=22)
    expect("404" in said, said)
    out, said = get(demo, "-v", "-0", *args, url + "/page.txt")
    expect(out == PAGE, said)


def uploads(demo, url: str, *args: str):
    """Bodies for a program that counts them: with a length, in chunks, after a 100; and its answer in chunks."""
    path = a_file(demo, "body", 3 * MIB)
    for expects in ((), EXPECT):
        out, said = get(demo, "-v", *args, *expects, "-T", path, url + "/count.sh")
        expect(out == b"%d\n" % (3 * MIB) and "\n< X-Method: PUT\n" in said, out, said)
        expect(bool(expects) == ("< HTTP/1.1 100 Continue" in said), expects, said)
    out, said = get(demo, *args, "-T", "-", url + "/count.sh", stdin=b"x" * MIB)
    expect(out == b"%d\n" % MIB, out, said)
    out, said = get(demo, "-v", *args, url + "/page.sh")
    expect(out == PAGE and re.search("(?i)< transfer-encoding: chunked", said), said)
    head, said = get(demo, "-I", *args, url + "/count.sh")
    expect(b"X-Method: HEAD\r\n" in head and head.endswith(b"\r\n\r\n"), head, said)
    out, said = get(demo, *args, "-d", "a=1", "-w", "%{num_connects}", url + "/count.sh", url + "/count.sh")
    expect(out == b"3\n13\n0", out, said)


def refused_uploads(demo, path: str, url: str, *args: str):
    """The answer is told although the body is not wanted: with a 100 asked for, not a byte of it goes."""
    large, counts = a_file(demo, "large", 11 * MIB), ("-o", "/dev/null", "-w", "%{http_code} %{size_upload}")
    out, said = get(demo, "-v", *args, *EXPECT, "-d", f"@{large}", *counts, url + path)
    expect(out == b"413 0" and "100 Continue" not in said, out, said)
    with at_once():
        out, said = get(demo, *args, "-d", f"@{large}", *counts, url + path)
    expect(out.startswith(b"413 "), out, said)


@check("http_get")
def lighttpd_all(demo):
    """lighttpd, and by our proxy: files, parts, 304, redirects, errors, uploads, 413"""
    with lighttpd(demo) as (url, _), directly_and_by_proxy(demo) as ways:
        for args in ways:
            files(demo, url, *args)
            uploads(demo, url, *args)
            refused_uploads(demo, "/count.sh", url, *args)


@check("http_get")
def apache_all(demo):
    """Apache, and by our proxy: files, parts, 304, redirects, errors, uploads, 413, gzip"""
    with apache(demo) as (url, _), directly_and_by_proxy(demo) as ways:
        for args in ways:
            files(demo, url, *args)
            uploads(demo, url, *args)
            refused_uploads(demo, "/small.sh", url, *args)
            out, said = get(demo, "-v", *args, "-H", "Accept-Encoding: gzip", url + "/zipped")
            expect(gzip.decompress(out) == PAGE and "< Content-Encoding: gzip" in said, said)


@check("http_get")
def over_tls(demo):
    """lighttpd and Apache under TLS: a file twice on one connection, and an upload; in the clear at that port"""
    for server in (lighttpd, apache):
        with server(demo) as (_, url):
            out, said = get(demo, "-v", *CA, "-w", "%{num_connects}", url + "/page.txt", url + "/page.txt")
            expect(out == PAGE + b"1" + PAGE + b"0" and "TLSv1.3" in said, said)
            out, said = get(demo, *CA, "-T", a_file(demo, "body", 3 * MIB), url + "/count.sh")
            expect(out == b"%d\n" % (3 * MIB), out, said)
            with at_once():
                get(demo, url.replace("https:", "http:"), status=None)


@check("http_get")
def apache_demands(demo):
    """Apache that wants our certificate, TLS 1.2 and 1.3: without one the alert is named, also while a body goes"""
    own, large = identity("client", "--cert", "--key"), a_file(demo, "large", 11 * MIB)
    for protocol in ("-all +TLSv1.2", "-all +TLSv1.3"):
        with apache(demo, "require", protocol) as (_, url):
            out, _ = get(demo, *CA, *own, url + "/page.txt")
            expect(out == PAGE, len(out))
            for stranger in ((), identity("client-unknown", "--cert", "--key")):
                for body in ((), ("-T", large)) * 3:
                    with at_once():
                        _, said = get(demo, *CA, *stranger, *body, url + "/count.sh", status=None)
                    told = re.search(r"\((35|56)\).*(handshake|certificate|CA|alert)", said)
                    expect(told, protocol, stranger, body, said)


@check("http_get")
def apache_demands_later(demo):
    """Apache that wants our certificate for one file, by a renegotiation or after the handshake: not served"""
    for protocol in ("-all +TLSv1.2", "-all +TLSv1.3"):
        with apache(demo, protocol=protocol) as (_, url):
            out, _ = get(demo, *CA, url + "/page.txt")
            expect(out == PAGE, len(out))
            with at_once():
                out, said = get(demo, *CA, "-w", "%{http_code}", url + "/secret.txt", status=None)
            expect(PAGE not in out and (out.endswith(b"403") or "http_get: (56)" in said), protocol, out, said)
            out, _ = get(demo, *CA, url + "/page.txt")
            expect(out == PAGE, len(out))


@check("http_get")
def options(demo):
    """OPTIONS and TRACE at both"""
    for server in (lighttpd, apache):
        with server(demo) as (url, _):
            out, said = get(demo, "-v", "-X", "OPTIONS", "-w", "%{http_code}", url, url + "/page.txt")
            expect(out.endswith(b"200") and said.count("< Allow: ") == 2, out, said)
            out, said = get(demo, "-v", "-X", "TRACE", "-w", "%{http_code}", url + "/page.txt")
            expect(re.search(rb"(200|405|501)$", out), out, said)
