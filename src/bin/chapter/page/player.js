// The player of an exchange: run, stop, step, slower, save. It keeps the messages of the last run and can show them again.

import { el, say, pageText, timeWords } from "./words.js";
import { isKept, playLive, saveLive, stopLive } from "./live.js";
import { Beside } from "./beside.js";
import { Drawing } from "./draw.js";

// How fast a run is shown: as it comes; so much slower than it was; or a block a second.
const paces = ["live", "0.1", "0.01", "0.001", "blocks"];
const longestWait = 4000;

export class Player {
  // `settings()` is sent with the run; `finished(player)` is called when all has been drawn.
  constructor(exchange, settings, finished) {
    Object.assign(this, { exchange, settings, finished });
    this.drawing = exchange.id === "tls.on_the_way" ? new Beside(exchange) : new Drawing(exchange);
    this.messages = [];
    this.cursor = 0;
    this.run = 0;
    this.isRunning = false;
    this.isStepping = false;
    this.isAsked = true;
    this.timer = 0;
    this.wanted = "";
    this.outcome = null;
    const button = (key, click, settingsOf = {}) => el("button", { type: "button", click, say: key, ...settingsOf });
    this.runButton = button("run", () => this.play(), { class: "primary" });
    this.stopButton = button("stop", () => this.stop(), { disabled: true });
    this.stepButton = button("step", () => this.step());
    this.pace = el("select", { label: "pace" }, ...paces.map((pace) => el("option", { value: pace, say: `pace.${pace}` })));
    this.pcapButton = button("save.pcap", () => this.save("pcap"), { disabled: true, class: "quiet" });
    this.exportButton = button("save.html", () => this.save("export"), { disabled: true, class: "quiet" });
    this.status = el("p", { class: "status", role: "status", "aria-live": "polite" });
    this.bar = el("div", { class: "player", role: "group", label: "player" },
      this.runButton, this.stepButton, this.stopButton, this.pace, el("span", { class: "gap" }), this.pcapButton, this.exportButton);
  }

  // Plays it on the server. `waits`: the page begins it, not the reader, when nothing else is being played.
  play(waits = false) {
    this.stop();
    this.rewind();
    this.messages = [];
    this.isRunning = true;
    this.isAsked = !waits;
    this.outcome = null;
    this.isStepping = false;
    this.say(() => pageText("status.running"));
    const number = playLive(this.exchange.id, this.settings(), (message) => {
      if (number === this.run) this.take(message);
    }, waits);
    this.run = number;
    this.enable();
  }

  // A run that is here already.
  show(messages) {
    this.messages = messages;
    this.outcome = messages.find((message) => message.kind === "done") ?? null;
    this.drain();
    this.enable();
  }

  take(message) {
    this.messages.push(message);
    if (message.kind === "done") {
      this.isRunning = false;
      this.outcome = message;
      this.enable();
      if (this.wanted && message.outcome === "ok") this.save(this.wanted);
      this.wanted = "";
    }
    if (this.isStepping) {
      if (message.kind === "done" && this.cursor === 0) this.forward();
      return;
    }
    if (this.pace.value === "live") this.drain();
    else if (message.kind === "done") this.slowly();
  }

  // Shows all that is here.
  drain() {
    while (this.cursor < this.messages.length) this.next();
  }

  next() {
    const message = this.messages[this.cursor];
    this.cursor += 1;
    if (message.kind !== "done") {
      this.drawing.take(message);
      return;
    }
    this.drawing.done();
    const values = { count: this.drawing.blocks, time: timeWords(message.time), why: message.why };
    this.say(() => pageText(`status.${message.outcome}`, values));
    if (message.outcome !== "failed") this.finished(this);
  }

  // Shows the next block and what goes with it.
  forward() {
    let blocks = 0;
    for (; this.cursor < this.messages.length; this.next()) if (this.drawing.draws(this.messages[this.cursor]) && (blocks += 1) > 1) break;
    this.drawing.reveal();
    if (this.cursor < this.messages.length) this.say(() => pageText("status.block", { count: this.drawing.blocks }));
  }

  step() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.messages.length === 0 && !this.isRunning) this.play();
    else if (this.outcome && this.cursor === this.messages.length) this.rewind();
    this.isStepping = true;
    this.enable();
    this.forward();
  }

  slowly() {
    clearTimeout(this.timer);
    this.enable();
    if (this.cursor >= this.messages.length) return;
    const before = this.messages[this.cursor - 1]?.time ?? 0;
    const message = this.messages[this.cursor];
    const isBlocks = this.pace.value === "blocks";
    const wait = isBlocks ? (this.drawing.draws(message) ? 1000 : 0) : ((message.time ?? before) - before) * 1000 / Number(this.pace.value);
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.next();
      if (message.kind === "block") this.drawing.reveal();
      this.slowly();
    }, Math.max(0, Math.min(wait, longestWait)) || 0);
    this.enable();
  }

  stop() {
    const wasShowing = this.timer !== 0;
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.isRunning) stopLive(this.run);
    if (wasShowing) this.say(() => pageText("status.stopped"));
    this.enable();
  }

  rewind() {
    this.cursor = 0;
    this.drawing.clear();
  }

  enable() {
    this.stopButton.disabled = !this.isRunning && !this.timer;
    for (const button of [this.pcapButton, this.exportButton]) button.disabled = !this.outcome;
    say(this.runButton, this.messages.length || this.isRunning ? "run.again" : "run");
  }

  // The server keeps the last run of a page. Of an earlier one it has nothing, so that is played again.
  async save(what) {
    if (!isKept(this.run)) {
      this.play();
      this.wanted = what;
      return;
    }
    try {
      const got = await saveLive(this.run, what);
      if (what === "pcap") download(`${this.exchange.id}.pcap`, got, "application/vnd.tcpdump.pcap");
      else download(got.name, got.text, "text/html");
    } catch (error) {
      this.say(() => error.message);
    }
  }

  say(words) {
    say(this.status, words);
  }
}

function download(name, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
