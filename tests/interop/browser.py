"""Chromium without a screen, driven by chromedriver (the WebDriver protocol: JSON over HTTP)."""

import json
import os
import re
import urllib.request

from kit import PATIENCE_SECS, Program, check, eventually, expect, need

# The flags after the third keep it from calling home, which fails where there is no network.
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --disable-dev-shm-usage"
).split()

# Notes all that an element ever shows: a notice is overwritten by the next tick.
WATCH = """
const seen = (window.seen = []), element = document.getElementById(arguments[0]);
new MutationObserver(() => seen.push(element.textContent)).observe(element, {childList: true});
"""


class Browser:
    """A window; it closes with the `with` block."""

    def __init__(self, folder: str, *more: str):
        chromium = need("chromium")
        self.driver = Program("chromedriver", "--port=0", env={**os.environ, "TMPDIR": folder})
        flags = [*FLAGS, *more, f"--user-data-dir={folder}/profile"]
        options = {"binary": chromium, "args": flags}
        # Not waiting until a page is loaded: one that never ends never is.
        self.wanted = {"goog:chromeOptions": options, "pageLoadStrategy": "none"}

    def __enter__(self):
        self.driver.__enter__()
        try:
            started = rb"started successfully on port (\d+)"
            port = re.search(started, self.driver.read_until(started + rb"\."))[1]
            self.base = f"http://127.0.0.1:{port.decode()}/session"
            session = self.call("", capabilities={"alwaysMatch": self.wanted})
            self.base += "/" + session["sessionId"]
        except BaseException:
            self.driver.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.call("", method="DELETE")
        finally:
            self.driver.__exit__()

    def call(self, path: str, method="POST", **body):
        sent, kind = json.dumps(body).encode(), {"Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, sent, kind, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECS) as answer:
            return json.load(answer)["value"]

    def open(self, url: str):
        self.call("/url", url=url)

    def script(self, text: str, *args):
        return self.call("/execute/sync", script=text, args=args)

    def text(self, selector: str) -> str:
        """The text of an element; nothing as long as there is no such element."""
        return self.script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def click(self, selector: str):
        found = self.call("/element", using="css selector", value=selector)
        self.call(f"/element/{next(iter(found.values()))}/click")


@check("Chromium")
def hello(demo):
    """/ is shown"""
    with Browser(demo.folder) as window:
        window.open(demo.url + "/")
        eventually(lambda: window.text("body").strip() == "Hello World")
        how = "return performance.getEntriesByType('navigation')[0].nextHopProtocol"
        expect(window.script(how) == "http/1.1", window.script(how))


@check("Chromium")
def events(demo):
    """/events in a window of its own: the ticks are shown as they come"""
    with Browser(demo.folder) as window:
        window.open(demo.url + "/events")
        eventually(lambda: "event: tick\ndata: 2" in window.text("body"))


@check("Chromium")
def three_ways_to_hear(demo):
    """/try: ticks by server-sent events, pieces by the endless frame, and a notice by both and the poll"""
    with Browser(demo.folder) as window:
        window.open(demo.url + "/try")
        eventually(lambda: re.fullmatch(r"tick [2-9]", window.text("#events")))
        eventually(lambda: re.fullmatch(r"piece \d+", window.text("#frame")))
        expect("waiting" in window.text("#poll"), window.text("#poll"))

        window.script(WATCH, "notices")
        window.click("#publish button")
        eventually(lambda: window.text("#poll") == "news: 你好")
        eventually(lambda: "notice: 你好" in window.script("return window.seen"))

        first = window.text("#frame")
        eventually(lambda: window.text("#frame") != first)
