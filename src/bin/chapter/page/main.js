// The page: its sections with their exchanges, the contents, the languages. It begins here.
//
// An exported file is the same page with one run in it: `<script type="application/json" id="run">` holds
// `{exchange, messages, words: {en, zh}, sources: {rule: places}}`.

import { currentLanguage, el, erratumText, exchangeText, groupText, pageText, preferredLanguage, rememberLanguage, sectionText, speak } from "./words.js";
import { watchVisibility } from "./live.js";
import { watchLeaves } from "./details.js";
import { Player } from "./player.js";
import { Prediction, tryNode } from "./predict.js";
import { Cuts, Editor } from "./editor.js";
import { FrameBuilder } from "./frame.js";
import { Vectors } from "./vectors.js";

const sectionNames = ["7.1", "7.2", "7.3", "7.4", "7.5", "vectors", "errata"];
const firstCuts = { "tcp.cuts": [50, 250] };
const players = new Map();
let parts = ["page"];
let offlineRun = null;

async function start() {
  const held = document.getElementById("run");
  offlineRun = held ? JSON.parse(held.textContent) : null;
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      rememberLanguage(button.dataset.language);
      if (!offlineRun) history.replaceState(null, "", `?lang=${button.dataset.language}${location.hash}`);
      chooseLanguage(button.dataset.language);
    });
  }
  watchLeaves(document.getElementById("details"), offlineRun);
  watchVisibility();
  const [exchanges] = await Promise.all([loadExchanges(), chooseLanguage(preferredLanguage())]);
  parts = ["page", "errata", ...sectionNames.filter((name) => exchanges.some(({ section }) => section === name))];
  await chooseLanguage(currentLanguage());
  if (offlineRun) showOffline();
  else showPage(exchanges);
}

async function loadExchanges() {
  if (offlineRun) return [offlineRun.exchange];
  try {
    return await (await fetch("/chapter/exchanges.json")).json();
  } catch {
    return [];
  }
}

async function chooseLanguage(chosen) {
  await speak(chosen, parts, offlineRun);
  document.title = pageText("title");
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
  }
}

// One run, from a file.
function showOffline() {
  document.body.classList.add("offline");
  for (const link of document.querySelectorAll('a[href^="/"]')) link.removeAttribute("href");
  const { exchange, messages } = offlineRun;
  const article = exchangeNode(exchange, "h2");
  document.getElementById("main").append(article.node);
  article.open(true);
  players.get(exchange.id).show(messages);
}

function showPage(exchanges) {
  const main = document.getElementById("main");
  const contents = document.querySelector("#contents ol");
  for (const name of sectionNames) {
    const own = exchanges.filter(({ section }) => section === name);
    if (!own.length && !(name === "errata" && erratumText(0, "id"))) continue;
    const id = `s${name.replace(".", "-")}`;
    const title = () => `${name.startsWith("7") ? `${name} ` : ""}${sectionText(name, "title")}`;
    contents.append(el("li", {}, el("a", { href: `#${id}`, say: title })));
    main.append(sectionNode(name, id, title, own));
  }
  if (location.hash) goTo(location.hash.slice(1));
  addEventListener("hashchange", () => goTo(location.hash.slice(1)));
  watchSections();
}

function sectionNode(name, id, title, exchanges) {
  const section = el("section", { id, class: "section", "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title`, say: title }), el("p", { class: "lead", say: () => sectionText(name, "lead") }));
  if (name === "errata") section.append(errataNode());
  let group = null;
  for (const exchange of exchanges) {
    const prefix = /^(.+\..+|smuggling)\.[^.]+$/.exec(exchange.id)?.[1];
    const article = exchangeNode(exchange, "h3");
    if (!prefix) group = null;
    else if (group?.prefix !== prefix) {
      const size = exchanges.filter((other) => other.id.startsWith(`${prefix}.`)).length;
      group = { prefix, node: el("details", { class: "group", id: prefix }, el("summary", { say: () => `${groupText(prefix, "title")} (${size})` }),
        el("p", { say: () => groupText(prefix, "lead") })) };
      section.append(group.node);
    }
    (group?.node ?? section).append(article.node);
  }
  firstOf(section)?.open(true);
  return section;
}

// The exchange that is open from the start: opened later, it would move what the reader is about to press.
function firstOf(section) {
  return section.querySelector(":scope > article");
}

function errataNode() {
  const list = el("dl", { class: "errata" });
  for (let at = 0; erratumText(at, "id"); at += 1) {
    const exchange = erratumText(at, "exchange");
    list.append(el("dt", { say: () => `${erratumText(at, "id")} · ${pageText("notes.say", { notes: erratumText(at, "notes") })}` }),
      el("dd", {}, el("span", { say: () => erratumText(at, "fact") }), " ", ...(exchange ? [el("a", { href: `#${exchange}`, say: "shown" })] : [])));
  }
  return list;
}

// An exchange: its head opens it. What stands below is made when it is opened for the first time.
function exchangeNode(exchange, heading) {
  const body = el("div", { class: "exchange-body", hidden: true, id: `${exchange.id}-body` });
  const toggle = el("button", {
    type: "button", "aria-expanded": "false", "aria-controls": body.id, click: () => open(body.hidden),
    say: () => exchangeText(exchange, "title") ?? exchange.id,
  });
  const node = el("article", { class: "exchange", id: exchange.id }, el(heading, {}, toggle), body);
  const open = (isOpen) => {
    if (isOpen && !body.hasChildNodes()) fillExchange(exchange, body);
    body.hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
  };
  node.open = open;
  return { node, open };
}

function fillExchange(exchange, body) {
  const prediction = new Prediction(exchange);
  const tool = toolOf(exchange);
  const player = new Player(exchange, () => tool?.read() ?? {}, () => {
    prediction.played(player.isAsked);
    if (tool instanceof Cuts && !tool.isTouched) tool.setTotal(player.drawing.asked());
  });
  players.set(exchange.id, player);
  body.append(prediction.question, prediction.answer, ...(tool && !offlineRun ? [tool.node] : []), player.bar, player.status,
    player.drawing.node, tryNode(exchange));
  if (offlineRun) for (const button of [player.runButton, player.pcapButton, player.exportButton]) button.hidden = true;
}

function toolOf(exchange) {
  if (exchange.id === "http.editor") return new Editor();
  if (exchange.id === "websocket.builder") return new FrameBuilder();
  if (exchange.id === "vectors.case") return new Vectors(() => players.get(exchange.id).play());
  if (!exchange.cuts) return null;
  const sizes = firstCuts[exchange.id] ?? [];
  return new Cuts(sizes.reduce((sum, size) => sum + size, 0), sizes);
}

// Opens the exchange that an address names, and goes there.
function goTo(id) {
  const node = document.getElementById(decodeURIComponent(id));
  if (!node) return;
  const group = node.closest("details");
  if (group) group.open = true;
  node.open?.(true);
  node.scrollIntoView();
}

// The first exchange of a section is played when the reader comes to it, once.
function watchSections() {
  const links = new Map([...document.querySelectorAll("#contents a")].map((link) => [link.hash.slice(1), link]));
  const played = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      played.unobserve(target);
      const player = players.get(firstOf(target)?.id);
      if (player && !player.messages.length && !player.isRunning) player.play(true);
    }
  }, { rootMargin: "0px 0px -30% 0px" });
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) links.get(target.id)?.setAttribute("aria-current", "true");
      else links.get(target.id)?.removeAttribute("aria-current");
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  for (const section of document.querySelectorAll("main > .section")) {
    played.observe(section);
    seen.observe(section);
  }
}

start();
