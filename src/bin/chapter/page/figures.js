// Figures below the bytes: where they were cut, and lanes for many connections at a time.

import { el, pageText, timeWords, eventText } from "./words.js";

// What one side wrote and what the other read, as bars of the same length. `sides`: `[[text key, sizes]…]`.
export function cutsFigure(sides) {
  const rows = sides.filter(([, sizes]) => sizes.length).map(([key, sizes]) => {
    const bar = el("div", { class: "bar", role: "img", label: () => `${pageText(key)}: ${sizes.join(" + ")}` });
    for (const size of sizes) {
      const piece = el("span", { class: "piece", text: String(size) });
      piece.style.flexGrow = String(size);
      bar.append(piece);
    }
    return el("div", { class: "cuts-row" }, el("span", { say: key }), bar);
  });
  return el("figure", { class: "cuts" }, el("figcaption", { say: "cuts.caption" }), ...rows);
}

// Lanes: a row for each connection, a bar from each request to the last byte of its response, and above them how many
// requests wait. What happens first stands on the left; the times themselves lie too near to each other.
export function lanesFigure(lanes, queue, end) {
  const bars = lanes.flatMap((lane) => lane.bars);
  const times = [...new Set([...bars.flatMap((bar) => [bar.from, bar.to]), ...queue.map((step) => step.time)])].sort((one, other) => one - other);
  const last = Math.max(times.length - 1, 1);
  const place = (node, from, to) => {
    const [left, right] = [times.indexOf(from), to === undefined ? last : times.indexOf(to)];
    node.style.left = `${(100 * left) / last}%`;
    node.style.width = `${(100 * (right - left)) / last}%`;
    return node;
  };
  const rows = lanes.map((lane) => {
    const drawn = lane.bars.map((bar) => place(el("span", {
      class: bar.isOpen ? "request open" : "request", text: bar.name, title: `${bar.title} ${timeWords(bar.to - bar.from)}`,
    }), bar.from, bar.to));
    return el("div", { class: "lane" }, el("span", { class: "lane-name", say: () => pageText("connection", { number: lane.number + 1 }) }),
      el("div", { class: "lane-time" }, ...drawn));
  });
  if (queue.length) {
    const steps = queue.map((step, at) => place(el("span", { class: step.count ? "queued" : "queued none", text: String(step.count) }),
      step.time, queue[at + 1]?.time));
    rows.unshift(el("div", { class: "lane" }, el("span", { class: "lane-name", say: "queue" }), el("div", { class: "lane-time" }, ...steps)));
  }
  return el("figure", { class: "lanes" }, el("figcaption", { say: () => pageText("lanes.caption", { time: timeWords(end) }) }), ...rows);
}

// What the program saw: a return value, a callback.
export function eventLine(exchange, message) {
  return el("p", { class: `event ${message.side}` }, el("span", { class: "who", say: () => pageText(`program.${message.side}`) }), " ",
    el("span", { say: () => eventText(exchange, message.key, message.values ?? {}) }));
}
