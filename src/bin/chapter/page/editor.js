// Bytes that the reader writes, and where they are cut.

import { el, say, bytesWords, pageText } from "./words.js";
import { bytesOfHex, hexOfBytes } from "./blocks.js";

const mostEditorBytes = 30_000; // as hexadecimal digits, they are less than a message of 64 KiB
const samples = [
  "GET / HTTP/1.1\\r\\n\nHost: 127.0.0.1:1337\\r\\n\n\\r\\n",
  "POST /echo HTTP/1.1\\r\\n\nHost: 127.0.0.1:1337\\r\\n\nTransfer-Encoding: chunked\\r\\n\n\\r\\n\n5\\r\\n\nhello\\r\\n\n0\\r\\n\n\\r\\n",
  "POST / HTTP/1.1\\r\\n\nHost: 127.0.0.1:1337\\r\\n\nContent-Length: 3\\r\\n\nTransfer-Encoding: chunked\\r\\n\n\\r\\n\n0\\r\\n\n\\r\\n",
  "GET / HTTP/1.1\\r\\n\nHost: 127.0.0.1:1337\\r\\n\n\\r\\n\nGET /2 HTTP/1.1\\r\\n\nHost: 127.0.0.1:1337\\r\\n\n\\r\\n",
];

// Text with `\r \n \t \0 \xHH \\` as bytes; a line break of the box itself is not one. `null`: an escape is not known.
export function bytesOfText(text) {
  const bytes = [];
  const encoder = new TextEncoder();
  const parts = text.replaceAll("\r", "").replaceAll("\n", "").matchAll(/\\x([0-9a-fA-F]{2})|\\(.?)|([^\\]+)/gu);
  const escapes = { r: 13, n: 10, t: 9, 0: 0, "\\": 92 };
  for (const [, hex, escape, plain] of parts) {
    if (plain !== undefined) bytes.push(...encoder.encode(plain));
    else if (hex !== undefined) bytes.push(parseInt(hex, 16));
    else if (escape in escapes) bytes.push(escapes[escape]);
    else return null;
  }
  return new Uint8Array(bytes);
}

// Hexadecimal digits, with or without spaces, as bytes.
export function bytesOfDigits(text) {
  const digits = text.replace(/\s+/g, "");
  return digits.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(digits) ? bytesOfHex(digits) : null;
}

// Two sliders that cut `total` bytes into at most three pieces. `sizes`: the cuts at first.
export class Cuts {
  constructor(total, sizes) {
    this.isTouched = sizes.length > 0;
    this.sliders = [0, 1].map(() => el("input", {
      type: "range", min: "0", input: () => { this.isTouched = true; this.draw(); },
    }));
    this.words = el("output", {});
    this.node = el("fieldset", { class: "settings" }, el("legend", { say: "cuts" }), ...this.sliders.map((slider, at) =>
      el("label", {}, el("span", { say: () => pageText("cut", { number: at + 1 }) }), slider)), this.words);
    this.setTotal(total);
    this.sliders.forEach((slider, at) => {
      slider.value = String(sizes.slice(0, at + 1).reduce((sum, size) => sum + size, sizes.length ? 0 : total));
    });
    this.draw();
  }

  setTotal(total) {
    if (total === this.total) return;
    for (const slider of this.sliders) {
      slider.max = String(total);
      if (!this.isTouched) slider.value = String(total);
    }
    this.total = total;
    this.node.hidden = total < 2;
    this.draw();
  }

  sizes() {
    const [low, high] = this.sliders.map((slider) => Number(slider.value)).sort((one, other) => one - other);
    return [low, high - low, this.total - high].filter((size) => size > 0);
  }

  draw() {
    say(this.words, () => this.sizes().map(bytesWords).join(" + "));
    for (const slider of this.sliders) say(slider, () => bytesWords(Number(slider.value)), "aria-valuetext");
  }

  read() {
    return this.isTouched && this.total ? { cuts: this.sizes() } : {};
  }
}

// Any bytes, in any cuts.
export class Editor {
  constructor() {
    this.text = el("textarea", { rows: "8", spellcheck: "false", autocapitalize: "off", label: "editor", input: () => this.draw() });
    this.form = el("select", { label: "editor.form", change: () => this.translate() },
      el("option", { value: "text", say: "editor.text" }), el("option", { value: "hex", say: "editor.hex" }));
    const sample = el("select", { label: "editor.sample", change: () => this.put(samples[Number(sample.value)]) },
      ...samples.map((_, at) => el("option", { value: String(at), say: `editor.sample.${at}` })));
    this.words = el("output", {});
    this.cuts = new Cuts(0, []);
    this.bytes = new Uint8Array();
    this.node = el("div", { class: "tool" }, el("p", { class: "faint", say: "editor.hint" }),
      el("div", { class: "line" }, sample, this.form, this.words), this.text, this.cuts.node);
    this.put(samples[0]);
  }

  put(text) {
    this.form.value = "text";
    this.text.value = text;
    this.draw();
  }

  // The same bytes in the other form.
  translate() {
    this.text.value = this.form.value === "hex" ? hexOfBytes(this.bytes, " ") : escaped(this.bytes);
    this.draw();
  }

  draw() {
    const bytes = this.form.value === "hex" ? bytesOfDigits(this.text.value) : bytesOfText(this.text.value);
    const isGood = bytes !== null && bytes.length <= mostEditorBytes;
    this.text.setAttribute("aria-invalid", String(!isGood));
    if (isGood) {
      this.bytes = bytes;
      this.cuts.setTotal(bytes.length);
    }
    say(this.words, () => (isGood ? bytesWords(bytes.length) : pageText(bytes ? "editor.long" : "editor.wrong")));
  }

  read() {
    return { bytes: hexOfBytes(this.bytes), ...this.cuts.read() };
  }
}

function escaped(bytes) {
  const known = { 13: "\\r", 10: "\\n\n", 9: "\\t", 92: "\\\\" };
  return Array.from(bytes, (byte) => known[byte]
    ?? (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`)).join("");
}
