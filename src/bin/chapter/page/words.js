// Words: the language, the texts of the page and of the exchanges, and elements that say them.
//
// An element keeps what it says as a key or a function. So another language is the same page, said again.

const sectionFiles = { "7.1": "tcp", "7.2": "udp", "7.3": "http", "7.4": "websocket", "7.5": "tls", vectors: "page" };
const spokenBy = new WeakMap();
const texts = {};
let language = "en";
let wireWords = {};

// What the address asks for, what the reader has chosen, or what the browser asks for.
export function preferredLanguage() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked === "en" || asked === "zh") return asked;
  try {
    const chosen = localStorage.getItem("language");
    if (chosen) return chosen;
  } catch { /* A browser may refuse storage. */ }
  const known = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === "zh" || tag === "en");
  return known ?? "en";
}

export function rememberLanguage(chosen) {
  try {
    localStorage.setItem("language", chosen);
  } catch { /* Then the choice lasts as long as the page. */ }
}

export function currentLanguage() {
  return language;
}

async function loadTexts(chosen, part) {
  const name = chosen + part[0].toUpperCase() + part.slice(1);
  try {
    return (await import(`./text/${chosen}-${part}.js`))[name] ?? {};
  } catch {
    return {};
  }
}

async function loadWords(chosen, offline) {
  if (offline) return offline.words?.[chosen] ?? {};
  try {
    return await (await fetch(`/chapter/words.${chosen}.json`)).json();
  } catch {
    return {};
  }
}

// Loads the texts of `parts` ("page", or the number of a section) and the words of the wire, and says them.
export async function speak(chosen, parts, offline) {
  const files = [...new Set(parts.map((part) => sectionFiles[part] ?? part))];
  const [words, ...found] = await Promise.all([
    chosen === language && wireWords.labels ? wireWords : loadWords(chosen, offline),
    ...files.map((file) => loadTexts(chosen, file)),
  ]);
  language = chosen;
  wireWords = words;
  files.forEach((file, at) => { texts[file] = found[at]; });
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-say], [data-text]")) {
    if (node.dataset.text && !spokenBy.has(node)) say(node, node.dataset.text);
    else sayAgain(node);
  }
}

function filled(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// A text of the page; a key without one shows itself.
export function pageText(key, values = {}) {
  return filled(texts.page?.[key] ?? key, values);
}

export function stateWords(machine, state) {
  return texts.page?.states?.[`${machine}.${state}`] ?? texts.page?.states?.[state] ?? state;
}

export function bytesWords(count) {
  return pageText(count === 1 ? "byte" : "bytes", { count: count.toLocaleString("en").replaceAll(",", "\u202f") });
}

// The words for a value that is none of the bytes: a number of bytes, a refusal, or a sentence of ours. Of any other value
// there are none.
export function valueWords({ kind, label, value }) {
  if (kind === "refused") return meaningWords(label, value) || inPattern(label, value) || value;
  const count = kind === "framing" && /^(\d+) bytes?$/.exec(value)?.[1];
  return count ? bytesWords(Number(count)) : inPattern(label, value);
}

// A value that is words of ours with numbers (#) or other text (*) in them.
function inPattern(label, value) {
  for (const [pattern, words] of Object.entries(wireWords.values?.[label] ?? {})) {
    const literal = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
    const parts = new RegExp(`^${literal.replaceAll("#", "(\\d+)").replaceAll("*", "(.*)")}$`).exec(value)?.slice(1);
    if (parts) return words.replace(/[#*]/g, () => parts.shift());
  }
  return "";
}

export function sectionText(section, member) {
  const own = texts[sectionFiles[section] ?? section]?.sections?.[section];
  return own?.[member] ?? texts.page?.sections?.[section]?.[member] ?? (member === "title" ? section : "");
}

// The title or the lead of exchanges that stand together.
export function groupText(prefix, member) {
  return texts.page?.groups?.[prefix]?.[member] ?? prefix;
}

export function exchangeText(exchange, member) {
  return texts[sectionFiles[exchange.section] ?? exchange.section]?.exchanges?.[exchange.id]?.[member];
}

// A row of the errata: `notes`, `fact`, `exchange`.
export function erratumText(at, member) {
  return texts.errata?.errata?.[at]?.[member] ?? "";
}

export function eventText(exchange, key, values) {
  const { events, causes } = texts[sectionFiles[exchange.section] ?? exchange.section] ?? {};
  const listed = Object.entries(values).map(([name, value]) => ` ${name}=${value}`).join("");
  return events?.[key] ? filled(events[key], { ...values, cause: causes?.[values.code] }) : key + listed;
}

export function labelWords(label) {
  return wireWords.labels?.[label] ?? label;
}

export function meaningWords(label, value) {
  const meanings = wireWords.meanings?.[label];
  return meanings?.[value] ?? meanings?.[value.toLowerCase()] ?? "";
}

export function ruleWords(rule) {
  return wireWords.rules?.[rule] ?? "";
}

// `node` says `what` (a key of the page's texts, or a function) as its text or in an attribute.
export function say(node, what, attribute = "") {
  const all = spokenBy.get(node) ?? new Map();
  spokenBy.set(node, all.set(attribute, what));
  node.dataset.say = "";
  sayAgain(node);
}

function sayAgain(node) {
  for (const [attribute, what] of spokenBy.get(node) ?? []) {
    const words = typeof what === "function" ? what() : pageText(what);
    if (attribute) node.setAttribute(attribute, words);
    else node.replaceChildren(...richText(words));
  }
}

// Words between two backticks are code, and a citation is a link.
function richText(words) {
  return words.split("`").flatMap((part, at) => {
    if (at % 2) return [el("code", { text: part })];
    return part.split(/(RFC \d+ §[A-Z0-9]+(?:\.\d+)*)/).filter(Boolean).map((piece) => (piece.startsWith("RFC ") ? ruleLink(piece) : piece));
  });
}

// `RFC 9112 §7.1` at rfc-editor.org.
export function ruleLink(rule) {
  const [, number, section] = /^RFC (\d+)(?: §(.*))?$/.exec(rule) ?? [];
  if (!number) return el("span", { text: rule });
  const anchor = /^\d/.test(section ?? "") ? `#section-${section}` : /^[A-Z](\.|$)/.test(section ?? "") ? `#appendix-${section}` : "";
  return el("a", { href: `https://www.rfc-editor.org/rfc/rfc${number}${anchor}`, rel: "noreferrer", target: "_blank", text: rule });
}

// An element. `say` is its text, `label` its name for a screen reader; a function is a listener; `true` an attribute.
export function el(name, settings = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(settings)) {
    if (value === undefined || value === false) continue;
    if (key === "say") say(node, value);
    else if (key === "label") say(node, value, "aria-label");
    else if (key === "text") node.textContent = value;
    else if (typeof value === "function") node.addEventListener(key, value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

// Seconds as a reader sees them.
export function timeWords(seconds) {
  if (seconds < 0.0995) return `${(seconds * 1000).toFixed(2)} ms`;
  return seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(2)} s`;
}
