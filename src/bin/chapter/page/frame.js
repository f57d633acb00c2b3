// A builder of WebSocket frames: it draws the bits of the header, and sends also what is forbidden.

import { el, say, pageText } from "./words.js";
import { hexOfBytes } from "./blocks.js";
import { bytesOfDigits, bytesOfText } from "./editor.js";

const opcodes = [0, 1, 2, 3, 7, 8, 9, 10, 11, 15];

export class FrameBuilder {
  constructor() {
    const flag = (name, isSet) => el("input", { type: "checkbox", checked: isSet, change: () => this.draw(), name });
    const named = (node, text) => el("label", {}, node, el("span", text.startsWith("frame.") ? { say: text } : { text }));
    this.flags = { fin: flag("fin", true), rsv1: flag("rsv1"), rsv2: flag("rsv2"), rsv3: flag("rsv3"), mask: flag("mask", true) };
    this.opcode = el("select", { change: () => this.draw() },
      ...opcodes.map((code) => el("option", { value: String(code), selected: code === 1, say: () => pageText(`opcode.${code}`) })));
    this.form = el("select", { change: () => this.draw() },
      ...["7", "16", "64"].map((bits) => el("option", { value: bits, say: `frame.form.${bits}` })));
    this.key = el("input", { type: "text", value: "37fa213d", size: "8", maxlength: "11", spellcheck: "false", input: () => this.draw() });
    this.payload = el("input", { type: "text", value: "hello world!", spellcheck: "false", input: () => this.draw() });
    this.bits = el("div", { class: "frame-bits", role: "img" });
    this.rest = el("p", { class: "hexes" });
    this.broken = el("ul", { class: "broken" });
    this.node = el("div", { class: "tool" }, el("fieldset", { class: "line" }, el("legend", { say: "frame.flags" }),
        ...Object.entries(this.flags).map(([name, node]) => named(node, name.toUpperCase()))),
      el("div", { class: "line" }, el("label", {}, el("span", { say: "frame.opcode" }), " ", this.opcode),
        el("label", {}, el("span", { say: "frame.length" }), " ", this.form),
        el("label", {}, el("span", { say: "frame.key" }), " ", this.key)),
      el("label", { class: "wide" }, el("span", { say: "frame.payload" }), " ", this.payload),
      this.bits, this.rest, el("div", { role: "status" }, this.broken));
    this.draw();
  }

  read() {
    const flags = Object.fromEntries(Object.entries(this.flags).map(([name, node]) => [name, node.checked]));
    return { frame: { ...flags, opcode: Number(this.opcode.value), form: this.form.value, key: hexOfBytes(this.keyBytes()), payload: hexOfBytes(this.payloadBytes()) } };
  }

  keyBytes() {
    const key = bytesOfDigits(this.key.value);
    const isGood = key?.length === 4;
    this.key.setAttribute("aria-invalid", String(!isGood));
    return isGood ? key : new Uint8Array(4);
  }

  payloadBytes() {
    const payload = bytesOfText(this.payload.value);
    this.payload.setAttribute("aria-invalid", String(!payload));
    return payload ?? new Uint8Array();
  }

  draw() {
    const { frame } = this.read();
    const [payload, key] = [this.payloadBytes(), this.keyBytes()];
    const length = payload.length;
    const form = frame.form === "7" ? Math.min(length, 125) : frame.form === "16" ? 126 : 127;
    const bit = (isSet) => (isSet ? "1" : "0");
    const binary = (number, width) => number.toString(2).padStart(width, "0");
    this.cells = [
      ["FIN", bit(frame.fin), "framing"], ["RSV1", bit(frame.rsv1), "control"], ["RSV2", bit(frame.rsv2), "control"], ["RSV3", bit(frame.rsv3), "control"],
      [pageText("frame.opcode"), binary(frame.opcode, 4), "start"], ["MASK", bit(frame.mask), "name"], [pageText("frame.length"), binary(form, 7), "value"],
    ];
    const cell = ([name, digits, kind]) => el("div", { class: `bits-cell k-${kind}` }, el("span", { class: "digits" },
      ...Array.from(digits, (digit) => el("span", { class: "bit", text: digit }))), el("span", { class: "bits-name", text: name }));
    this.bits.replaceChildren(el("div", { class: "octet" }, ...this.cells.slice(0, 5).map(cell)), el("div", { class: "octet" }, ...this.cells.slice(5).map(cell)));
    say(this.bits, () => this.bitsWords(), "aria-label");
    const extended = { 7: 0, 16: 2, 64: 8 }[frame.form];
    const lengthBytes = Array.from({ length: extended }, (_, at) => Math.floor(length / 256 ** (extended - 1 - at)) % 256);
    const masked = frame.mask ? payload.map((byte, at) => byte ^ key[at % 4]) : payload;
    const part = (kind, bytes) => (bytes.length ? [el("span", { class: `k-${kind}`, text: hexOfBytes(bytes, " ") }), " "] : []);
    this.rest.replaceChildren(...part("framing", [parseInt(this.cells.slice(0, 5).map(([, digits]) => digits).join(""), 2), (frame.mask ? 128 : 0) + form]),
      ...part("value", lengthBytes), ...(frame.mask ? part("name", key) : []), ...part("data", masked.subarray(0, 64)), masked.length > 64 ? "…" : "");
    const rules = brokenRules(frame, length, payload);
    this.broken.replaceChildren(...(rules.length ? rules : ["frame.good"]).map((key) => el("li", { class: rules.length ? "bad" : "", say: key })));
  }

  bitsWords() {
    return this.cells.map(([name, digits]) => `${name} ${digits}`).join(", ");
  }
}

// The rules of RFC 6455 that a frame of a client breaks, as keys of texts.
function brokenRules(frame, length, payload) {
  const isControl = frame.opcode >= 8;
  const isUtf8 = () => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(payload);
      return true;
    } catch {
      return false;
    }
  };
  const least = length < 126 ? "7" : length < 65536 ? "16" : "64";
  return [
    [!frame.mask, "frame.bad.mask"],
    [frame.rsv1 || frame.rsv2 || frame.rsv3, "frame.bad.rsv"],
    [![0, 1, 2, 8, 9, 10].includes(frame.opcode), "frame.bad.opcode"],
    [frame.opcode === 0, "frame.bad.continuation"],
    [isControl && !frame.fin, "frame.bad.control"],
    [isControl && (length > 125 || frame.form !== "7"), "frame.bad.long"],
    [frame.form !== least && !isControl, "frame.bad.form"],
    [frame.opcode === 8 && length === 1, "frame.bad.close"],
    [frame.opcode === 1 && frame.fin && !isUtf8(), "frame.bad.text"],
  ].filter(([isBroken]) => isBroken).map(([, key]) => key);
}
