#!/usr/bin/env python3
"""Real clients and our demos on a loopback of their own, under the eyes of dumpcap:

    unshare -n tests/interop/exchanges.py HTTP_SERVER FOLDER

leaves `exchanges.pcap` in the folder. What is played are short checks of the other files, and the demos that talk with
themselves.
"""

import fcntl
import os
import signal
import socket
import struct
import sys
import time

import by_hand
import curl
import node
import sockets
import tls
import ws
from browser import Browser
from client import get
from kit import Demo, Missing, Program, eventually, run
from sockets import Talk, program

MARK = b"this is the last packet"


def loopback_up() -> None:
    flags = struct.pack("16sh14x", b"lo", 0x41)  # IFF_UP, IFF_RUNNING
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, flags)  # SIOCSIFFLAGS


def browse(demo) -> None:
    """Pages, a WebSocket, an event stream."""
    with ws.ws_server(demo) as address, Browser(demo.folder) as window:
        window.open(demo.url + "/")
        eventually(lambda: window.text("body").strip() == "Hello World")
        window.open(f"http://{address}/")
        eventually(lambda: window.text("body"))


def our_clients(demo) -> None:
    get(demo, demo.url + "/", demo.url + "/stream", demo.url + "/length")
    get(demo, "-I", demo.url + "/length")
    get(demo, "-d", "a=1&b=%41", demo.url + "/echo")
    with ws.ws_server(demo) as address, Talk(program(demo, "ws_client"), f"ws://{address}/hello") as client:
        client.type(b"hello world!\n")
        client.prints(b"yakexi\n")
        client.half_closes()
        client.ends()


def by_themselves(demo) -> None:
    """The demos whose both ends are in one process."""
    for name, *args in (("agent_demo", "--ms", "1"), ("nagle",), ("framing",), ("framing", "udp"), ("udp_echo", "request")):
        run(program(demo, name), *args)


def openssl(demo) -> None:
    """Both versions, with a certificate of ours and without."""
    with tls.tls_echo(demo) as (_, port):
        for version in tls.VERSIONS:
            for own in ((), tls.identity("client")):
                with tls.s_client(port, version, *own) as client:
                    client.read_until(rb"welcome!\n")
                    tls.echoes(client, b"hello")


def curl_some(demo) -> None:
    url = demo.url
    curl.curl(url + "/", url + "/length", url + "/stream", url + "/nothing", "-H", "X-Long: " + "x" * 3000)
    curl.curl("-I", url + "/length")
    curl.curl("-T", "-", "-H", "Expect: 100-continue", url + "/upload", stdin=b"x" * 100_000)
    curl.curl("-d", "name=value", "-u", "me:secret", "-b", "a=b; c=d", "-H", "Accept-Language: zh, en;q=0.5", url + "/echo")
    curl.curl("-r", "10-19", url + "/files/numbers")


EXCHANGES = (
    *(curl_some, curl.http_10, node.own_clients, by_hand.pipelining, by_hand.refusals, browse, our_clients, by_themselves),
    *(ws.builtin, openssl, tls.s_server_both_ways, sockets.nc_tcp, sockets.nc_delimiter),
)


def main(binary: str, folder: str) -> None:
    loopback_up()
    file = os.path.join(folder, "exchanges.pcap")
    with Program("dumpcap", "-q", "-P", "-i", "lo", "-B", "64", "-w", file, stderr=-1) as dumpcap:
        eventually(lambda: b"File:" in dumpcap.process.stderr.readline())
        with Demo(binary, folder) as demo:
            curl.served_file(demo)
            for exchange in EXCHANGES:
                began = time.monotonic()
                try:
                    for _ in exchange(demo) or ():
                        pass
                except Missing as missing:
                    print(f"skip {exchange.__name__}: there is no {missing}")
                print(f"{exchange.__name__} {time.monotonic() - began:.1f} s", flush=True)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mark:
            mark.sendto(MARK, ("127.0.0.1", 9))
        eventually(lambda: MARK in open(file, "rb").read())
        dumpcap.process.send_signal(signal.SIGINT)
        dumpcap.process.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
