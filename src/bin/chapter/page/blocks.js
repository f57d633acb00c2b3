// Bytes as rows: a line of text, or a frame, in each; beside it the same bytes in hexadecimal. Each part of a row belongs
// to a leaf: the bytes of one token.

import { el, say, bytesWords, labelWords, pageText } from "./words.js";

const blockLimit = 1024;
const rowLength = 16;
const rowsAtOnce = 150;
const leafOf = new WeakMap();
const strict = new TextDecoder("utf-8", { fatal: true });
const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export const kinds = ["start", "name", "value", "framing", "data", "control", "refused"];

// The order counts: the first that fits.
const kindRules = [
  ["refused", /^(refused|unexplained|websocket\.offer\.refused)/],
  ["thin", /^(http\.(space|whitespace|delimiter|line_end|field\.colon|empty_lines))$/],
  ["framing", /^(http\.(chunk\.(size|end|extension|bytes)|head\.end|chunked\.end|length)|framing\.(length|serial|padding|delimiter)|websocket\.frame|tls\.(record|length|handshake\.(type|length))|deflate\.(codes|stored\.length|end|inflated)|gzip\.(crc|length))/],
  ["control", /^(websocket\.close|tls\.(alert|change_cipher_spec)|end$)/],
  ["start", /^(http\.(request|response|target|query|version|status)|deflate\.block|gzip\.magic)/],
  ["name", /^(http\.field\.name|tls\.extension\.type|http\.value\.parameter$|http\.cookie\.name|deflate\.copy)/],
  ["data", /^(http\.((body|chunk)\.data|content)|deflate\.(literal|stored$|symbols)|websocket\.(payload|unmasked|message)|framing\.(body|message)|udp\.|bytes$|tunnel|switched|tls\.(sealed|handshake\.data)|tcp\.gap|http\.behind)/],
];

export function kindOf(label) {
  return kindRules.find(([, keys]) => keys.test(label))?.[0] ?? "value";
}

export function bytesOfHex(hex) {
  const bytes = new Uint8Array(hex.length >> 1);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = parseInt(hex.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

export function hexOfBytes(bytes, between = "") {
  return Array.from(bytes, (byte) => hexOf[byte]).join(between);
}

// The leaves of a span, in order. `path` are the labels that it lies in; `first`: it begins the span.
export function leavesOf(message) {
  const leaves = [];
  const bytes = bytesOfHex(message.hex);
  const start = message.span.at;
  const walk = (span, path) => {
    if (span.children.length) {
      for (const child of span.children) walk(child, [...path, span.label]);
      return;
    }
    leaves.push({
      ...span, path, from: message.from, kind: kindOf(span.label), first: leaves.length === 0, open: false,
      bytes: bytes.subarray(span.at - start, span.at - start + span.length), nodes: [],
    });
  };
  walk(message.span, []);
  return leaves;
}

// The leaf that an element shows.
export function leafAt(node) {
  return leafOf.get(node);
}

// An element that shows a leaf and takes the focus when an arrow key comes to it.
// `words`: its text in the language of the page, where it is not the bytes.
export function leafNode(leaf, text, kind = leaf.kind, words = () => "") {
  const node = el("span", { class: `leaf k-${kind}`, role: "button", tabindex: "-1", text });
  say(node, () => `${words() || text.trim() || hexOfBytes(leaf.bytes.subarray(0, 8), " ")} — ${labelWords(leaf.label)}`, "aria-label");
  bind(node, leaf);
  return node;
}

function bind(node, leaf) {
  leafOf.set(node, leaf);
  leaf.nodes.push(node);
}

// Puts the bytes, which begin at offset `at` of their direction, into `into`. `leaves` are those that touch them.
// `block.open`: whether all of a long block is shown; `block.limit`: how much of a long leaf is, at first.
export function fillRows(into, block, leaves, again) {
  into.replaceChildren();
  const rows = rowsOf(block, leaves, again);
  const batch = () => {
    if (into.rows !== rows) return;
    for (let count = 0; count < rowsAtOnce; count += 1) {
      const { value, done } = rows.next();
      if (done) return;
      into.append(value);
    }
    requestAnimationFrame(batch);
  };
  into.rows = rows;
  batch();
}

function* rowsOf(block, leaves, again) {
  let row = null;
  let shown = 0;
  for (const part of partsOf(block, leaves)) {
    const { leaf, bytes } = part;
    if (row && leaf?.first && part.isBegin) {
      yield row.node;
      row = null;
    }
    const isRun = bytes.length > block.limit && !leaf?.open;
    const most = block.open || leaf?.open ? bytes.length : Math.min(bytes.length, isRun ? block.limit : blockLimit);
    for (let at = 0; at < most;) {
      row ??= newRow();
      const end = endOfRow(bytes, at, most, leaf);
      if (row?.length && row.length + end - at > 1.5 * rowLength && leaf && isBinary(leaf, bytes)) {
        yield row.node;
        row = newRow();
      }
      addToRow(row, leaf, bytes.subarray(at, end));
      if (bytes[end - 1] === 10 || (end < most)) {
        yield row.node;
        row = null;
      }
      at = end;
    }
    shown += most;
    if (most < bytes.length) {
      if (row) yield row.node;
      row = null;
      yield more(bytes.length - most, () => { (leaf ?? block).open = true; again(); });
    }
    if (shown >= blockLimit && !block.open && part.end < block.bytes.length) {
      if (row) yield row.node;
      yield more(block.bytes.length - part.end, () => { block.open = true; again(); });
      return;
    }
  }
  if (row) yield row.node;
}

// The parts of a block that belong to one leaf each, or to none that is known yet.
function* partsOf(block, leaves) {
  let at = block.at;
  const end = block.at + block.bytes.length;
  const piece = (leaf, to) => {
    const part = { leaf, bytes: block.bytes.subarray(at - block.at, to - block.at), isBegin: leaf?.at === at, end: to - block.at };
    at = to;
    return part;
  };
  for (const leaf of leaves) {
    if (leaf.at > at) yield piece(null, Math.min(leaf.at, end));
    const to = Math.min(leaf.at + leaf.length, end);
    if (to > at) yield piece(leaf, to);
  }
  if (at < end) yield piece(null, end);
}

// A row ends behind a line feed; of what is no text, at 16 bytes.
function endOfRow(bytes, at, most, leaf) {
  const isText = !leaf || !isBinary(leaf, bytes);
  const feed = isText ? bytes.indexOf(10, at) : -1;
  const line = feed >= 0 && feed < most ? feed + 1 : most;
  if (isText && line - at <= 4 * rowLength) return line;
  if (leaf && leaf.kind !== "data" && leaf.kind !== "refused" && line - at <= 16 * rowLength) return line;
  let end = Math.min(at + (isText ? 2 : 1) * rowLength, line);
  while (isText && end < line && (bytes[end] & 0xc0) === 0x80) end += 1; // inside a character
  return end;
}

function isBinary(leaf, bytes) {
  leaf.isBinary ??= asText(bytes) === null;
  return leaf.isBinary;
}

function asText(bytes) {
  try {
    const text = strict.decode(bytes);
    // eslint-disable-next-line no-control-regex
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]|^\p{Mark}/u.test(text) ? null : text;
  } catch {
    return null;
  }
}

// Bytes as characters: line ends as they are written in code, and a dot for what is none.
export function shownText(bytes) {
  const text = asText(bytes);
  const ascii = () => Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
  return text === null ? ascii() : text.replaceAll("\r", "\\r").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

function newRow() {
  const [text, hex] = [el("div", { class: "text" }), el("div", { class: "hex", "aria-hidden": "true" })];
  return { node: el("div", { class: "row" }, text, hex), text, hex, length: 0 };
}

function addToRow(row, leaf, bytes) {
  const text = shownText(bytes);
  const hex = hexOfBytes(bytes, " ");
  row.length += bytes.length;
  if (!leaf) {
    row.text.append(text);
    row.hex.append(`${hex} `);
    return;
  }
  row.text.append(leafNode(leaf, text));
  const node = el("span", { class: `leaf k-${leaf.kind}`, text: hex });
  bind(node, leaf);
  row.hex.append(node, " ");
}

function more(count, click) {
  return el("button", { class: "more", type: "button", click, say: () => pageText("more", { bytes: bytesWords(count) }) });
}
