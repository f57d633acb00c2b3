// A builder of WebSocket frames: it draws the bits of a header, and sends a list of frames, also those that are forbidden.

import { el, say, bytesWords, pageText } from "./words.js";
import { hexOfBytes } from "./blocks.js";
import { bytesOfDigits, bytesOfText } from "./editor.js";

const opcodes = [0, 1, 2, 3, 7, 8, 9, 10, 11, 15];
const flags = ["fin", "rsv1", "rsv2", "rsv3", "mask"];
const mostFrames = 16;
// As the fields have it.
const firstFrame = { fin: true, rsv1: false, rsv2: false, rsv3: false, mask: true, opcode: "1", form: "7", key: "37fa213d", payload: "hello world!" };

export class FrameBuilder {
  constructor() {
    this.frames = [{ ...firstFrame }];
    this.at = 0;
    const change = () => {
      for (const [name, node] of Object.entries(this.fields)) this.frames[this.at][name] = node.type === "checkbox" ? node.checked : node.value;
      this.draw();
    };
    const select = (values, words) => el("select", { change }, ...values.map((value) => el("option", { value, say: words(value) })));
    this.fields = {
      ...Object.fromEntries(flags.map((name) => [name, el("input", { type: "checkbox", change, name })])),
      opcode: select(opcodes, (code) => `opcode.${code}`),
      form: select(["7", "16", "64"], (bits) => `frame.form.${bits}`),
      key: el("input", { type: "text", size: "8", maxlength: "11", spellcheck: "false", input: change }),
      payload: el("input", { type: "text", spellcheck: "false", input: change }),
    };
    const labelled = (name, key) => el("label", { class: name === "payload" ? "wide" : "" }, el("span", { say: key }), " ", this.fields[name]);
    const button = (key, click) => el("button", { type: "button", say: key, click });
    this.list = el("ol", { class: "frames", label: "frame.list" });
    this.buttons = {
      add: button("frame.add", () => this.add()), earlier: button("frame.earlier", () => this.move(-1)),
      later: button("frame.later", () => this.move(1)), remove: button("frame.remove", () => this.remove()),
    };
    this.bits = el("div", { class: "frame-bits", role: "img" });
    this.rest = el("p", { class: "hexes" });
    this.broken = el("ul", { class: "broken" });
    this.node = el("div", { class: "tool" }, this.list, el("div", { class: "line" }, ...Object.values(this.buttons)),
      el("fieldset", { class: "line" }, el("legend", { say: "frame.flags" }),
        ...flags.map((name) => el("label", {}, this.fields[name], el("span", { text: name.toUpperCase() })))),
      el("div", { class: "line" }, labelled("opcode", "frame.opcode"), labelled("form", "frame.length"), labelled("key", "frame.key")),
      labelled("payload", "frame.payload"), this.bits, this.rest, el("div", { role: "status" }, this.broken));
    this.choose(0);
  }

  // Shows this frame in the fields.
  choose(at) {
    this.at = at;
    for (const [name, node] of Object.entries(this.fields)) node[node.type === "checkbox" ? "checked" : "value"] = this.frames[at][name];
    this.draw();
  }

  add() {
    this.frames.splice(this.at + 1, 0, { ...firstFrame });
    this.choose(this.at + 1);
  }

  move(by) {
    const [frame] = this.frames.splice(this.at, 1);
    this.frames.splice(this.at + by, 0, frame);
    this.choose(this.at + by);
  }

  remove() {
    this.frames.splice(this.at, 1);
    this.choose(Math.min(this.at, this.frames.length - 1));
  }

  read() {
    return { frames: this.frames.map((frame) => ({ ...frame, opcode: Number(frame.opcode), key: hexOfBytes(keyOf(frame)), payload: hexOfBytes(payloadOf(frame)) })) };
  }

  draw() {
    const rules = brokenRules(this.frames);
    this.drawList(rules);
    this.drawBits(this.frames[this.at]);
    const broken = rules[this.at];
    this.broken.replaceChildren(...(broken.length ? broken : ["frame.good"]).map((key) => el("li", { class: broken.length ? "bad" : "", say: key })));
  }

  drawList(rules) {
    const hadFocus = this.list.contains(document.activeElement);
    this.list.replaceChildren(...this.frames.map((frame, at) => {
      const words = () => `${pageText(`opcode.${frame.opcode}`)}, ${bytesWords(payloadOf(frame).length)}${rules[at].length ? pageText("frame.forbidden") : ""}`;
      const click = () => this.choose(at);
      return el("li", {}, el("button", { type: "button", class: rules[at].length ? "bad" : "", "aria-pressed": String(at === this.at), click, say: words }));
    }));
    if (hadFocus) this.list.children[this.at].firstChild.focus();
    this.buttons.add.disabled = this.frames.length === mostFrames;
    this.buttons.earlier.disabled = this.at === 0;
    this.buttons.later.disabled = this.at === this.frames.length - 1;
    this.buttons.remove.disabled = this.frames.length === 1;
  }

  drawBits(frame) {
    const [payload, key] = [payloadOf(frame), keyOf(frame)];
    this.fields.key.setAttribute("aria-invalid", String(bytesOfDigits(frame.key)?.length !== 4));
    this.fields.payload.setAttribute("aria-invalid", String(!bytesOfText(frame.payload)));
    const length = payload.length;
    const form = frame.form === "7" ? Math.min(length, 125) : frame.form === "16" ? 126 : 127;
    const bit = (isSet) => (isSet ? "1" : "0");
    const binary = (number, width) => number.toString(2).padStart(width, "0");
    this.cells = [
      ["FIN", bit(frame.fin), "framing"], ["RSV1", bit(frame.rsv1), "control"], ["RSV2", bit(frame.rsv2), "control"], ["RSV3", bit(frame.rsv3), "control"],
      [pageText("frame.opcode"), binary(Number(frame.opcode), 4), "start"], ["MASK", bit(frame.mask), "name"], [pageText("frame.length"), binary(form, 7), "value"],
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
  }

  bitsWords() {
    return this.cells.map(([name, digits]) => `${name} ${digits}`).join(", ");
  }
}

// What cannot be read is 0, or nothing.
function keyOf(frame) {
  const key = bytesOfDigits(frame.key);
  return key?.length === 4 ? key : new Uint8Array(4);
}

function payloadOf(frame) {
  return bytesOfText(frame.payload) ?? new Uint8Array();
}

function isUtf8(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

// The rules of RFC 6455 that each of these frames of a client breaks, as keys of texts.
function brokenRules(frames) {
  let [inMessage, isClosed] = [false, false];
  return frames.map((frame) => {
    const [opcode, payload] = [Number(frame.opcode), payloadOf(frame)];
    const { length } = payload;
    const isControl = opcode >= 8;
    const least = length < 126 ? "7" : length < 65536 ? "16" : "64";
    const broken = [
      [isClosed, "frame.bad.closed"],
      [!frame.mask, "frame.bad.mask"],
      [frame.rsv1 || frame.rsv2 || frame.rsv3, "frame.bad.rsv"],
      [![0, 1, 2, 8, 9, 10].includes(opcode), "frame.bad.opcode"],
      [opcode === 0 && !inMessage, "frame.bad.continuation"],
      [(opcode === 1 || opcode === 2) && inMessage, "frame.bad.started"],
      [isControl && !frame.fin, "frame.bad.control"],
      [isControl && (length > 125 || frame.form !== "7"), "frame.bad.long"],
      [frame.form !== least && !isControl, "frame.bad.form"],
      [opcode === 8 && length === 1, "frame.bad.close"],
      [opcode === 1 && frame.fin && !isUtf8(payload), "frame.bad.text"],
    ];
    if (!isControl) inMessage = !frame.fin;
    isClosed ||= opcode === 8;
    return broken.filter(([isBroken]) => isBroken).map(([, key]) => key);
  });
}
