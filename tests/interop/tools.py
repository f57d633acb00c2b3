"""wget, ab and h2load against our server."""

import os
import re

from client import MIB, a_file
from client_proxy import proxy
from curl import served_file
from https import http_server
from kit import at_once, check, expect, run
from tls import pem


def wget(*args, status=0, **options):
    """What it writes into a file or to stdout, and what it says."""
    done = run("wget", "--tries=1", "--timeout=20", *args, status=status, **options)
    return done.stdout, done.stderr.decode()


def site(demo, pages: int) -> list[str]:
    """A site below --files, whose pages lead from one to the next; some names need encoding."""
    names = [f"page {i} ü.html" if i % 3 else f"page{i}.html" for i in range(pages)]
    for name, following in zip(names, [*names[1:], names[0]]):
        with open(os.path.join(demo.files, name), "w") as file:
            file.write(f'<!doctype html><meta charset="utf-8"><p>{name}<a href="{following}">on</a>\n')
    return names


@check("wget")
def recursive(demo):
    """-r: a site, page after page, over one connection; -N: nothing of it again"""
    names = site(demo, 20)
    args = ("-r", "-l", "inf", "-nd", "-N", "-P", os.path.join(demo.folder, "mirror"))
    url = demo.url + "/files/" + names[0]
    _, said = wget(*args, url)
    expect(sorted(os.listdir(os.path.join(demo.folder, "mirror"))) == sorted(names), said)
    expect(said.count("Reusing existing connection") >= 19, said)
    _, said = wget(*args, url)
    expect(said.count("304 Not Modified") == 1, said)  # it looks for links in what it fetches only
    _, said = wget(*args, "--no-if-modified-since", url)
    expect(said.count("not retrieving") == 20 and "Saving" not in said, said)


@check("wget")
def continued(demo):
    """-c: the rest of a file, nothing when it is whole, and --start-pos"""
    text, here = served_file(demo), os.path.join(demo.folder, "numbers")
    url = demo.url + "/files/numbers"
    with open(here, "wb") as file:
        file.write(text[:20_000])
    for code in ("206 Partial Content", "416 "):
        _, said = wget("-c", "-O", here, "-S", url, status=None)
        with open(here, "rb") as file:
            expect(file.read() == text, said)
        expect(code in said, said)
    out, _ = wget("-q", "-O", "-", "--start-pos=40000", url)
    expect(out == text[40_000:], len(out))


@check("wget")
def bodies(demo):
    """--post-file, --method=PUT, an error's page, --spider, and an answer to a body that nobody reads"""
    path = a_file(demo, "body", MIB)
    out, _ = wget("-q", "-O", "-", f"--post-file={path}", demo.url + "/upload")
    expect(int(out) == MIB, out)
    out, _ = wget("-q", "-O", "-", "--method=PUT", f"--body-file={path}", demo.url + "/upload")
    expect(int(out) == MIB, out)
    _, said = wget("-O", "-", demo.url + "/nothing", status=8)
    expect("404" in said, said)
    out, _ = wget("-q", "-O", "-", "--content-on-error", demo.url + "/nothing", status=8)
    expect(b"RFC 9110" in out, out)
    _, said = wget("--spider", demo.url + "/length")
    expect("200 OK" in said and "Length: 12" in said, said)
    # It reads only when all of its body has gone: that is what linger_bytes (12 MiB) is for.
    large = f"--post-file={a_file(demo, 'large', 11 * MIB)}"
    for path, status in ("/nothing", "404 Not Found"), ("/echo", "413 Content Too Large"):
        with at_once():
            _, said = wget("-O", "/dev/null", large, demo.url + path, status=8)
            expect(status in said, said)


@check("wget")
def over_tls(demo):
    """https with --ca-certificate; without, it does not trust us, and our server serves on"""
    with http_server(demo) as url:
        out, _ = wget("-q", "-O", "-", f"--ca-certificate={pem('ca.crt')}", url + "/", url + "/length")
        expect(out == b"Hello World\n" * 2, out)
        wget("-O", "-", url, status=5)
        out, _ = wget("-q", "-O", "-", "--no-check-certificate", "--secure-protocol=TLSv1_2", url)
        expect(out == b"Hello World\n", out)


@check("wget")
def by_our_proxy(demo):
    """http_proxy and https_proxy: a site, an upload, a tunnel, 407 until it says who it is"""
    ca = f"--ca-certificate={pem('ca.crt')}"
    with http_server(demo) as url, proxy(demo, "--auth", "me:secret") as (at, _):
        asks = ("-e", "use_proxy=yes", "-e", f"http_proxy={at}", "-e", f"https_proxy={at}")
        _, said = wget(*asks, "-O", "-", demo.url, status=None)
        expect("407 Proxy Authentication Required" in said, said)
        asks += ("--proxy-user=me", "--proxy-password=secret")
        names, mirror = site(demo, 5), os.path.join(demo.folder, "mirror")
        _, said = wget(*asks, "-r", "-l", "inf", "-nd", "-P", mirror, demo.url + "/files/" + names[0])
        expect(sorted(os.listdir(mirror)) == sorted(names), said)
        out, said = wget(*asks, "-O", "-", f"--post-file={a_file(demo, 'body', MIB)}", demo.url + "/upload")
        expect(int(out) == MIB, out, said)
        out, said = wget(*asks, ca, "-O", "-", url + "/", url + "/length")
        expect(out == b"Hello World\n" * 2, out, said)


def ab(url: str, *args, requests=2000):
    """What it reports, once none has failed."""
    said = run("ab", "-q", "-n", str(requests), "-s", "20", *args, url).stdout.decode()
    expect(re.search(rf"Complete requests: +{requests}\nFailed requests: +0\n", said), said)
    expect("Non-2xx" not in said, said)
    return said


@check("ab")
def ab_all(demo):
    """HTTP/1.0 with and without keep-alive, 50 at once; answers of unknown length, bodies, HEAD; by our proxy; TLS"""
    said = ab(demo.url + "/length", "-k", "-c", "50")
    expect(re.search(r"Keep-Alive requests: +2000\n", said), said)
    ab(demo.url + "/length", "-c", "50")
    ab(demo.url + "/stream", "-k", "-c", "20", requests=500)
    said = ab(demo.url + "/echo", "-k", "-c", "20", "-p", a_file(demo, "body", 20_000), requests=500)
    expect(re.search(r"HTML transferred: +10000000 bytes", said), said)
    ab(demo.url + "/length", "-k", "-i", requests=200)
    with proxy(demo) as (at, _):
        ab(demo.url + "/length", "-k", "-c", "20", "-X", at.removeprefix("http://"), requests=500)
    with http_server(demo) as url:
        ab(url + "/length", "-k", "-c", "20")
        ab(url + "/length", "-c", "20", requests=200)


@check("h2load")
def h2load(demo):
    """--h1: pipelined by tens, and with 50 connections; over TLS"""
    with http_server(demo) as tls:
        for url in (demo.url, tls):
            for args in (("-c", "50", "-n", "5000"), ("-c", "4", "-m", "10", "-n", "5000")):
                said = run("h2load", "--h1", *args, url + "/length").stdout.decode()
                expect("5000 succeeded, 0 failed, 0 errored, 0 timeout" in said and "5000 2xx" in said, said)
