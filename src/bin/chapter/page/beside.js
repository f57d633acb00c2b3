// TLS, side by side: on the left each record, as somebody on the way sees it; on the right what it carries, as the two
// ends see it. A record and its content stand in one row.

import { el, bytesWords, labelWords, pageText } from "./words.js";
import { Drawing } from "./draw.js";

// What a record of TLS 1.3 has beyond its content: the head, the real type, the tag.
const overhead = 5 + 1 + 16;

export class Beside extends Drawing {
  clear() {
    super.clear();
    this.records = [];
    this.others = new Map();
    this.isConnected = false;
    this.flow.classList.add("beside");
    this.flow.append(el("div", { class: "pair heads" }, el("h4", { say: "beside.way" }), el("h4", { say: "beside.ends" })));
  }

  // The client stands at the tap: what it reads once it is connected belongs to no handshake.
  take(message) {
    if (message.kind === "state") this.isConnected = message.client === "CONNECTED";
    super.take(message);
  }

  // The bytes of the records come as spans: a write or a read may have several, or a part of one.
  block(conversation, message) {
    const { from, seen, hex } = message;
    if (message.layer !== "tls") {
      this.blocks += seen === conversation.seen;
    } else if (seen !== conversation.seen) {
      const words = () => pageText(`block.${from}.${seen}`, { bytes: bytesWords(hex.length / 2) });
      this.otherEnd(message).append(el("p", { class: "faint", say: words }));
    } else {
      let { at } = message;
      for (const record of this.carriers(from, hex.length / 2)) {
        const begin = 2 * (at - message.at);
        super.block(conversation, { ...message, at, hex: hex.slice(begin, begin + 2 * record.carries), record });
        at += record.carries;
      }
    }
  }

  // The last records in a row that carry as many bytes as one read or write has.
  carriers(from, count) {
    const all = this.records.filter((record) => record.from === from);
    for (let end = all.length; end > 0; end -= 1) {
      let [first, sum] = [end, 0];
      while (first > 0 && sum < count) sum += all[first -= 1].carries;
      if (sum === count) return all.slice(first, end);
    }
    return [{ carries: count, ends: this.pair("") }];
  }

  // Where the other end of these bytes is named. It may come first.
  otherEnd({ from, at }) {
    const key = `${from} ${at}`;
    if (!this.others.has(key)) this.others.set(key, el("div", {}));
    return this.others.get(key);
  }

  place(card, message) {
    const { from, seen, record } = message;
    if (record) {
      const other = this.otherEnd(message);
      record.ends.replaceChildren(record.ends.firstChild, ...(from === seen ? [card.node, other] : [other, card.node]));
      this.records = this.records.filter((left) => left !== record);
    } else {
      card.block.limit = 64;
      const { isSealed, name } = contentOf(message.span);
      const key = isSealed ? `beside.${this.isConnected ? "after" : "handshake"}` : "beside.clear";
      const ends = this.pair(card.node, el("p", { class: "faint", say: () => pageText(key, { name }) }));
      this.records.push({ from, carries: message.span.length - overhead, ends });
    }
  }

  titleOf(span) {
    const { type, name } = contentOf(span);
    return `${labelWords(span.label)} ${type}${type.endsWith(name) ? "" : `, ${name}`}: ${bytesWords(span.length)}`;
  }

  // A new row; returns its right cell.
  pair(way, ...ends) {
    const [left, right] = [["beside.way", way], ["beside.ends", ...ends]].map(([key, ...content]) =>
      el("div", { role: "group", label: key }, el("p", { class: "tag", say: key }), ...content));
    this.flow.append(el("div", { class: "pair" }, left, right));
    return right;
  }
}

// The type of a record, and the name of what is in it, as far as anybody can see it: `22 handshake`, `ClientHello`.
function contentOf({ children }) {
  const valueOf = (spans, label) => spans?.find((span) => span.label === label)?.value ?? "";
  const type = valueOf(children, "tls.record.type");
  const message = valueOf(children.find(({ label }) => label === "tls.handshake")?.children, "tls.handshake.type").split(" ")[1];
  const name = message?.replace(/(?:^|_)(.)/g, (_, letter) => letter.toUpperCase()) ?? type.split(" ")[1] ?? "";
  return { type, name, isSealed: children.some(({ label }) => label === "tls.sealed") };
}
