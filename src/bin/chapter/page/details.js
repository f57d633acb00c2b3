// The panel that says what the touched bytes are: at the side, or a sheet at the foot of a narrow window.
//
// The pointer or the focus on a leaf shows it; a click, a tap or Enter pins it; Escape lets it go. The arrow keys move
// from leaf to leaf.

import { el, say, bytesWords, labelWords, meaningWords, pageText, ruleLink, ruleWords, valueWords } from "./words.js";
import { hexOfBytes, leafAt } from "./blocks.js";

const mostHex = 64;
let panel = null;
let shownLeaf = null;
let pinnedNode = null;
let shownIn = null;
let offlineSources = null;

// Called once. `offline`: the run of an exported file, which has no server.
export function watchLeaves(aside, offline) {
  panel = aside;
  offlineSources = offline ? offline.sources ?? {} : null;
  document.addEventListener("pointerover", (event) => {
    const leaf = event.pointerType !== "touch" && leafAt(event.target);
    if (leaf && !pinnedNode) showLeaf(leaf);
  });
  document.addEventListener("focusin", (event) => {
    const leaf = leafAt(event.target);
    if (!leaf) return;
    rove(event.target);
    if (!pinnedNode) showLeaf(leaf);
  });
  document.addEventListener("click", (event) => {
    const leaf = leafAt(event.target);
    if (leaf) pin(event.target, leaf);
    else if (isElsewhere(event.target)) letGo();
  });
  document.addEventListener("keydown", onKey);
  showNothing();
}

function onKey(event) {
  if (event.key === "Escape" && shownLeaf) return letGo();
  const node = event.target;
  if (!leafAt(node) || event.ctrlKey || event.altKey || event.metaKey) return undefined;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    return pin(node, leafAt(node));
  }
  const flow = node.closest(".flow");
  const all = [...flow.querySelectorAll("[role=button]")];
  const at = all.indexOf(node);
  const row = (from, step) => {
    let to = from;
    const line = (at) => all[at]?.closest(".row, li");
    while (all[to] && line(to) === line(from)) to += step;
    while (to > 0 && step < 0 && line(to - 1) === line(to)) to -= 1;
    return to;
  };
  const goal = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key]
    ?? (event.key === "ArrowDown" ? row(at, 1) : event.key === "ArrowUp" ? row(at, -1) : undefined);
  if (goal === undefined) return undefined;
  event.preventDefault();
  const next = all[Math.max(0, Math.min(goal, all.length - 1))];
  rove(next);
  next.focus();
  return undefined;
}

// One leaf of a drawing is reached with the Tab key.
function rove(node) {
  for (const other of node.closest(".flow")?.querySelectorAll('[tabindex="0"]') ?? []) {
    if (leafAt(other)) other.setAttribute("tabindex", "-1");
  }
  node.setAttribute("tabindex", "0");
}

function pin(node, leaf) {
  if (pinnedNode && leafAt(pinnedNode) === leaf) {
    unpin();
    return;
  }
  unpin();
  pinnedNode = leaf.nodes.find((other) => other.isConnected && other.role === "button") ?? node;
  showLeaf(leaf);
  for (const other of leaf.nodes) other.classList.add("pinned");
  panel.classList.add("open");
  // A sheet at the foot may lie over what was touched.
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (getComputedStyle(panel).position === "fixed") node.scrollIntoView({ block: "nearest", behavior: isStill ? "auto" : "smooth" });
}

function unpin() {
  const node = pinnedNode;
  for (const other of leafAt(node)?.nodes ?? []) other.classList.remove("pinned");
  pinnedNode = null;
  panel.classList.remove("open");
  if (panel.contains(document.activeElement)) node?.focus();
}

// Another exchange is used, or this one is played again.
function isElsewhere(node) {
  const article = node.closest("article");
  return shownLeaf && article && (article !== shownIn || !shownLeaf.nodes.some((other) => other.isConnected));
}

function letGo() {
  unpin();
  for (const node of shownLeaf?.nodes ?? []) node.classList.remove("shown");
  shownLeaf = null;
  showNothing();
}

function showNothing() {
  panel.replaceChildren(el("h2", { id: "details-title", say: "details" }), el("p", { class: "faint", say: "details.hint" }));
}

function showLeaf(leaf) {
  if (leaf === shownLeaf) return;
  for (const node of shownLeaf?.nodes ?? []) node.classList.remove("shown");
  shownLeaf = leaf;
  leaf.nodes = leaf.nodes.filter((node) => node.isConnected);
  for (const node of leaf.nodes) node.classList.add("shown");
  shownIn = leaf.nodes[0]?.closest("article");
  const path = el("p", { class: "path" });
  say(path, () => leaf.path.map(labelWords).join(" › "));
  panel.replaceChildren(el("button", { class: "close", type: "button", click: letGo, label: "close", text: "×" }),
    el("h2", { id: "details-title", say: () => labelWords(leaf.label), class: `k-${leaf.kind}` }),
    ...(leaf.path.length ? [path] : []),
    ...(leaf.isDerived ? [el("p", { class: "tag", say: "derived" })] : []),
    ...valueNodes(leaf), ...bitNodes(leaf), ...noteNodes(leaf), ...ruleNodes(leaf.rule));
}

function valueNodes(leaf) {
  const nodes = [];
  const isRefused = leaf.kind === "refused";
  if (leaf.value) {
    const sentence = () => (valueWords(leaf) || leaf.value).slice(0, 300);
    nodes.push(isRefused ? el("p", { class: "says", say: sentence }) : el("p", {}, el("code", { class: "value", say: sentence })));
  }
  const meaning = () => (isRefused ? "" : meaningWords(leaf.label, leaf.value));
  if (meaning()) nodes.push(el("p", { class: "says", say: meaning }));
  if (leaf.bytes.length) {
    const more = leaf.bytes.length > mostHex ? " …" : "";
    nodes.push(el("p", { class: "faint", say: () => (leaf.isDerived ? "" : pageText("at", { at: leaf.at, bytes: bytesWords(leaf.length) })) }),
      el("p", { class: "hexes", text: hexOfBytes(leaf.bytes.subarray(0, mostHex), " ") + more }));
  }
  return nodes;
}

// The eight bits of the byte; each note that is some of them has its place and its line.
function bitNodes(leaf) {
  const notes = leaf.notes.filter((note) => note.bits);
  if (!notes.length) return [];
  const byte = leaf.bytes[0] ?? 0;
  const cells = [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => {
    const of = notes.findIndex((note) => (note.bits >> bit) & 1);
    return el("span", { class: `bit part-${of < 0 ? "none" : of % 6}`, text: String((byte >> bit) & 1) });
  });
  const lines = notes.map((note, at) => el("li", { class: `part-${at % 6}` }, ...noteWords(leaf, note)));
  return [el("p", { class: "bits", role: "img", label: () => byte.toString(2).padStart(8, "0") }, ...cells), el("ul", { class: "notes" }, ...lines)];
}

function noteNodes(leaf) {
  const notes = leaf.notes.filter((note) => !note.bits);
  if (!notes.length) return [];
  return [el("ul", { class: "notes" }, ...notes.map((note) => el("li", {}, ...noteWords(leaf, note),
    ...(note.rule && note.rule !== leaf.rule ? [" ", ruleLink(note.rule)] : []))))];
}

function noteWords(leaf, note) {
  const meaning = () => meaningWords(note.label === "websocket.unmasked" ? leaf.label : note.label, note.value);
  return [el("span", { say: () => labelWords(note.label) }), " ", el("code", { say: () => (valueWords(note) || note.value).slice(0, 300) }),
    ...(meaning() ? [el("span", { class: "says", say: () => ` ${meaning()}` })] : [])];
}

function ruleNodes(rule) {
  if (!rule) return [];
  const nodes = [el("p", { class: "rule" }, ruleLink(rule), " ", el("span", { say: () => ruleWords(rule) }))];
  if (offlineSources && !offlineSources[rule]) return nodes;
  const places = el("div", { class: "places" });
  const source = el("details", {
    toggle: () => { if (source.open && !places.hasChildNodes()) showSources(rule, places); },
  }, el("summary", { say: "source" }), places);
  return [...nodes, source];
}

async function showSources(rule, into) {
  into.append(el("p", { class: "faint", say: "loading" }));
  let found = offlineSources?.[rule];
  try {
    found ??= await (await fetch(`/chapter/source?rule=${encodeURIComponent(rule)}`)).json();
  } catch {
    found = [];
  }
  into.replaceChildren(...(found.length ? found.map(placeNode) : [el("p", { class: "faint", say: "source.none" })]));
}

function placeNode(place) {
  const lines = place.lines.map((line, at) => el("span", {
    class: place.first + at === place.line ? "line cited" : "line", text: `${line}\n`,
  }));
  const [, folder, name] = /^(.*\/)?(.+)$/.exec(place.file);
  return el("figure", { class: "place" }, el("figcaption", { text: folder ?? "" }, el("span", { text: `${name}:${place.line}` })),
    el("pre", { tabindex: "0", label: () => place.file }, el("code", {}, ...lines)));
}
