// A certificate as a tree: each of its fields with its parts.

import { el, labelWords, pageText } from "./words.js";

// The certificates in a span of the server or the client.
export function certificateTrees(span, isOpen = true) {
  if (span.label !== "x509" || !span.children.length) return span.children.flatMap((child) => certificateTrees(child));
  return [el("figure", { class: "tree" }, el("figcaption", { say: "tree" }), branch(span, isOpen))];
}

function branch(span, isOpen) {
  // What holds a field together in DER (its tag and its length) is in the bytes above.
  const parts = span.children.filter(({ label }) => label !== "x509.head");
  const list = el("ul", {}, ...parts.map((part) => el("li", {}, part.children.length ? branch(part, parts.length === 1) : twig(part))));
  return el("details", { open: isOpen }, el("summary", { say: () => labelWords(span.label) }), list);
}

function twig({ label, value, notes }) {
  const derived = notes.map((note) => note.value).filter(Boolean).join(", ");
  return el("span", {}, el("span", { say: () => pageText("tree.field", { field: labelWords(label) }) }), " ", el("code", { text: derived || value }));
}
