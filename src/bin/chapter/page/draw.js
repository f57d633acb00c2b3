// The drawing of a run: what the client sends stands on the left, what the server sends on the right, time goes down.
//
// Messages of the server come in; what they change is drawn once before the next picture of the screen.

import { el, say, bytesWords, labelWords, meaningWords, pageText, ruleLink, timeWords, valueWords } from "./words.js";
import { bytesOfHex, fillRows, kindOf, kinds, leafNode, leavesOf } from "./blocks.js";
import { cutsFigure, eventLine, lanesFigure } from "./figures.js";
import { Machines } from "./states.js";
import { certificateTrees } from "./tree.js";

// What is derived is worth to be seen without being asked for.
const hanging = /^(websocket\.(unmasked|accept|key|offer)|http\.length|deflate\.(tail|inflated))/;
// Their bits, and what these stand for: a code seldom begins where a byte does.
const codes = /^deflate\.(block|padding|stored\.length|codes|literal|copy|end)$/;
const mostUnderBlock = 8;
const mostOfLeaf = 256;
// So many cards are drawn at once; of a longer run each of the others when it comes near.
const mostAtOnce = 40;

export class Drawing {
  constructor(exchange) {
    this.exchange = exchange;
    this.machines = new Machines();
    this.flow = el("div", { class: "flow", role: "group", label: "flow" });
    this.lanes = el("div", {});
    this.cuts = el("div", {});
    this.trees = el("div", {});
    const legend = el("ul", { class: "legend", label: "legend" },
      ...kinds.map((kind) => el("li", { class: `k-${kind}`, say: `kind.${kind}` })));
    const scene = el("div", { class: "scene" }, this.machines.node, legend, this.lanes, this.flow);
    this.node = el("div", { class: "drawing", hidden: true }, scene, this.trees, this.cuts);
    this.near = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) this.comesNear(target);
    }, { rootMargin: "100% 0px" });
    addEventListener("beforeprint", () => {
      for (const node of this.far.keys()) this.comesNear(node);
      this.flush();
    });
    this.clear();
  }

  comesNear(node) {
    this.near.unobserve(node);
    node.style.minHeight = "";
    this.dirty.add(this.far.get(node));
    this.far.delete(node);
    this.schedule();
  }

  clear() {
    this.near.disconnect();
    this.far = new Map();
    this.conversations = new Map();
    this.dirty = new Set();
    this.queue = [];
    this.end = 0;
    this.blocks = 0;
    this.flow.replaceChildren();
    this.lanes.replaceChildren();
    this.cuts.replaceChildren();
    this.trees.replaceChildren();
    this.machines.clear();
    this.last = null;
  }

  take(message) {
    this.node.hidden = false;
    this.end = Math.max(this.end, message.time ?? 0);
    const conversation = this.conversations.get(message.conversation);
    if (message.kind === "begins") this.begins(message);
    if (message.kind === "event") this.event(message);
    if (conversation && message.kind === "block") this.block(conversation, message);
    if (conversation && message.kind === "span") this.span(conversation, message);
    if (conversation && message.kind === "state") this.machines.take(message);
    if (conversation && message.kind === "ends") this.ends(conversation, message);
    this.schedule();
  }

  schedule() {
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.flush(); });
  }

  // Draws what has changed.
  flush() {
    for (const card of this.dirty) if (!this.far.has(card.node)) this.drawCard(card);
    this.dirty.clear();
    if (this.conversations.size > 2) this.lanes.replaceChildren(this.lanesNow());
    if (this.exchange.cuts && this.conversations.size) this.cuts.replaceChildren(this.cutsNow());
    if (!this.flow.querySelector('[tabindex="0"]')) this.flow.querySelector("[role=button]")?.setAttribute("tabindex", "0");
  }

  // Draws at once, and scrolls to the last block.
  reveal() {
    this.flush();
    this.last?.scrollIntoView({ block: "nearest" });
  }

  begins(message) {
    if (this.conversations.has(message.conversation)) return;
    this.conversations.set(message.conversation, {
      number: message.conversation, seen: message.seen, streams: new Map(), bars: [], datagrams: [],
      sizes: { client: { written: [], read: [] }, server: { written: [], read: [] } },
    });
    if (this.conversations.size === 1) this.machines.begins(message);
  }

  event(message) {
    if (message.key === "agent.totals") this.queue.push({ time: message.time, count: Number(message.values.requests) });
    this.flow.append(eventLine(this.exchange, message));
  }

  ends(conversation, message) {
    for (const bar of conversation.bars) bar.isOpen = false;
    this.line(message.from, () => `${this.nameOf(conversation)}${pageText(`ends.${message.how}.${message.from}`)}`, message.time);
  }

  line(side, words, time) {
    this.flow.append(el("p", { class: `event end ${side}` }, el("span", { say: words }), el("span", { class: "time", text: timeWords(time) })));
  }

  // Whether a message is a block that is drawn: not the same bytes at the other end.
  draws({ kind, layer, conversation, seen }) {
    return kind === "block" && (layer === "udp" || seen === this.conversations.get(conversation)?.seen);
  }

  block(conversation, message) {
    const isWritten = message.seen === message.from;
    const bytes = bytesOfHex(message.hex);
    conversation.sizes[message.from][isWritten ? "written" : "read"].push(bytes.length);
    this.bar(conversation, message);
    if (message.layer === "udp" ? this.arrives(conversation, message) : message.seen !== conversation.seen) return;
    const key = `${message.layer}.${message.from}`;
    // Each datagram counts its own bytes.
    const stream = (message.layer !== "udp" && conversation.streams.get(key)) || { leaves: [], cards: [] };
    conversation.streams.set(key, stream);
    const block = { at: message.at, bytes, open: false, limit: stream.cards.length < 8 ? mostOfLeaf : 64 };
    const title = () => this.nameOf(conversation) + pageText(`block.${message.from}.${message.seen}`, { bytes: bytesWords(bytes.length) });
    const card = Object.assign(this.card(message, title, block, stream, message.layer === "tls"), { hex: message.hex, arrivals: 0 });
    stream.cards.push(card);
    if (message.layer === "udp" && isWritten) conversation.datagrams.push(card);
    this.blocks += 1;
    this.place(card, message);
    this.dirty.add(card);
    this.last = card.node;
  }

  place(card) {
    this.flow.append(card.node);
  }

  // Whether it is a datagram that stands here already, as the other side has sent it.
  arrives(conversation, message) {
    if (message.seen === message.from) return false;
    const sent = conversation.datagrams.findLast((card) => card.hex.startsWith(message.hex) && card.node.classList.contains(message.from));
    if (!sent) return false;
    sent.arrivals += 1;
    conversation.hasArrivals = true;
    const bytes = message.hex.length / 2;
    this.line(message.seen, () => pageText(`block.${message.from}.${message.seen}`, { bytes: bytesWords(bytes) }), message.time);
    return true;
  }

  // All has come: a datagram that has not arrived is lost, if both ends were seen.
  done() {
    for (const { datagrams, hasArrivals } of this.conversations.values()) {
      if (hasArrivals) for (const card of datagrams) card.node.classList.toggle("lost", card.arrivals === 0);
    }
  }

  card(message, title, block, stream, isDerived) {
    const rows = el("div", { class: "rows" });
    const hang = el("div", { class: "hang", hidden: true });
    const head = el("p", { class: "card-head" }, el("span", { say: title }), el("span", { class: "time", text: timeWords(message.time) }));
    if (isDerived) head.prepend(el("span", { class: "tag", say: message.layer === "tls" ? "inside.tls" : "derived" }), " ");
    const node = el("div", { class: `block ${message.from}${isDerived ? " derived" : ""}` },
      el("div", { class: "card" }, head, rows, hang), el("div", { class: "arrow", "aria-hidden": "true" }));
    const lines = Math.min(block.bytes.length / 24 + 2, 20);
    const height = `${Math.round(lines * 24 + 40)}px`;
    node.style.containIntrinsicSize = `auto ${height}`;
    const card = { node, rows, hang, block, stream };
    if (this.flow.childElementCount >= mostAtOnce) {
      node.style.minHeight = height;
      this.far.set(node, card);
      this.near.observe(node);
    }
    return card;
  }

  span(conversation, message) {
    const stream = conversation.streams.get(`${message.layer}.${message.from}`);
    const leaves = leavesOf(message);
    if (leaves.some(({ path }) => path.includes("x509"))) this.trees.append(...certificateTrees(message.span));
    if (stream) {
      stream.leaves.push(...leaves);
      const [from, to] = [message.span.at, message.span.at + message.span.length];
      for (let at = stream.cards.length - 1; at >= 0; at -= 1) {
        const { block } = stream.cards[at];
        if (block.at <= to && block.at + block.bytes.length >= from) this.dirty.add(stream.cards[at]);
        if (block.at + block.bytes.length < from) break;
      }
      this.nameBar(conversation, leaves);
      return;
    }
    if (!message.span.length) return;
    // These bytes are drawn apart from the writes and reads: they were in several frames, or are a record.
    const derived = { leaves, cards: [] };
    const block = { at: message.span.at, bytes: bytesOfHex(message.hex), open: false, limit: mostOfLeaf };
    const card = this.card(message, () => this.titleOf(message.span), block, derived, message.layer !== "tcp");
    this.place(card, message);
    this.dirty.add(card);
  }

  titleOf(span) {
    return `${labelWords(span.label)}: ${bytesWords(span.length)}`;
  }

  drawCard(card) {
    const { block, stream } = card;
    const [from, to] = [block.at, block.at + block.bytes.length];
    const leaves = [];
    const notes = [];
    const told = [];
    for (let at = firstBehind(stream.leaves, from); at < stream.leaves.length && stream.leaves[at].at <= to; at += 1) {
      const leaf = stream.leaves[at];
      const end = leaf.at + leaf.length;
      if (leaf.length && leaf.at < to && end > from) leaves.push(leaf);
      if (end <= from || end > to) continue;
      if (!leaf.length && leaf.kind === "refused") notes.push(leaf);
      const derived = leaf.notes.map((note) => derivedLeaf(leaf, note));
      notes.push(...derived.filter((note) => hanging.test(note.label)));
      told.push(...[leaf, ...derived].filter((part) => codes.test(part.label)));
    }
    fillRows(card.rows, block, leaves, () => { this.dirty.add(card); this.schedule(); });
    card.hang.hidden = notes.length + told.length === 0;
    const tag = () => el("p", { class: "tag", say: notes.some((leaf) => leaf.isDerived) ? "derived" : "end.tag" });
    card.hang.replaceChildren(
      ...(told.length ? [el("p", { class: "faint", say: "codes" }), el("ul", { class: "codes" }, ...told.map(toldCode))] : []),
      ...(notes.length ? [tag(), el("ul", {}, ...notes.slice(0, mostUnderBlock).map(hangingNote))] : []));
    card.node.classList.toggle("refused", leaves.concat(notes).some((leaf) => leaf.kind === "refused"));
  }

  nameOf(conversation) {
    return this.conversations.size > 1 ? `${pageText("connection", { number: conversation.number + 1 })} · ` : "";
  }

  // A request and its response are a bar of their connection's lane.
  bar(conversation, message) {
    const last = conversation.bars.at(-1);
    if (message.from === "client" && (!last || last.isAnswered)) {
      const begun = [...this.conversations.values()].reduce((sum, other) => sum + other.bars.length, 0);
      conversation.bars.push({ from: message.time, to: message.time, name: String(begun + 1), title: "", isOpen: true, isAnswered: false });
    } else if (last) {
      last.to = message.time;
      last.isAnswered ||= message.from === "server";
      if (last.isAnswered) last.isOpen = false;
    }
  }

  nameBar(conversation, leaves) {
    const path = leaves.find((leaf) => leaf.label === "http.target.path");
    const bar = conversation.bars.at(-1);
    if (path && bar) bar.title = path.value;
  }

  lanesNow() {
    for (const { bars } of this.conversations.values()) for (const bar of bars) if (bar.isOpen) bar.to = this.end;
    return lanesFigure([...this.conversations.values()], this.queue, this.end);
  }

  cutsNow() {
    const { client, server } = this.conversations.values().next().value.sizes;
    const sides = client.written.length + client.read.length ? client : server;
    return cutsFigure([["cuts.written", sides.written], ["cuts.arrived", sides.read]]);
  }

  // How many bytes the client has sent on its first connection.
  asked() {
    const sizes = this.conversations.values().next().value?.sizes.client;
    const sum = (all) => all.reduce((total, size) => total + size, 0);
    return sizes ? Math.max(sum(sizes.written), sum(sizes.read)) : 0;
  }
}

// The index of the first leaf that ends at `offset` or behind it.
function firstBehind(leaves, offset) {
  let [low, high] = [0, leaves.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (leaves[middle].at + leaves[middle].length < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function derivedLeaf(leaf, note) {
  return { ...note, path: [...leaf.path, leaf.label], kind: kindOf(note.label), notes: [], bytes: new Uint8Array(), nodes: [], isDerived: true };
}

function toldCode(leaf) {
  const words = () => valueWords(leaf) || meaningWords(leaf.label, leaf.value) || leaf.value;
  const node = leafNode(leaf, leaf.value, leaf.kind, words);
  say(node, words);
  return el("li", {}, node);
}

function hangingNote(leaf) {
  const words = () => labelWords(leaf.label);
  const node = leafNode(leaf, leaf.value, leaf.kind, () => valueWords(leaf));
  if (leaf.value) {
    if (valueWords(leaf)) say(node, () => valueWords(leaf));
    // "Rule 4 of 8": of these.
    const link = leaf.label.startsWith("http.length") ? [" ", ruleLink(leaf.rule)] : [];
    return el("li", {}, el("span", { say: words }), " ", node, ...link);
  }
  node.classList.add("words");
  say(node, words);
  return el("li", {}, node);
}
