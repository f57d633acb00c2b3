// The chapter's page in Chromium: `node page.mjs PART URL FOLDER [MORE]`, where npm has put playwright-core and axe-core
// into FOLDER. A part is a function below. Prints a JSON line for each check; its name ends with what was measured.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";

const [part, url, folder, more] = process.argv.slice(2);
const require = createRequire(folder + "/");
const flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync --disable-background-networking "
  + "--disable-component-update --disable-dev-shm-usage";
const browser = await require("playwright-core").chromium.launch({ executablePath: "/usr/bin/chromium", args: flags.split(" ") });
const languages = ["en", "zh"];

async function check(name, run) {
  let error = null;
  let measured = "";
  try {
    measured = await run();
  } catch (caught) {
    error = String(caught.stack ?? caught).slice(0, 3000);
  }
  console.log(JSON.stringify({ name: measured ? `${name}: ${measured}` : name, error }));
}

async function eventually(what, why, secs = 30) {
  for (const until = Date.now() + secs * 1000; Date.now() < until; await sleep(30)) {
    const found = await what();
    if (found) return found;
  }
  throw new Error(`not within ${secs} s: ${typeof why === "string" ? why : why()}`);
}

function sleep(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

// A page that nobody has visited before. `wrong`: what it should not have done. `bytes`: of all that it has fetched.
async function visit(options = {}, address = url, first = "main article") {
  const context = await browser.newContext({ locale: "en-US", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const visited = { context, page, wrong: [], requests: [], bytes: [], runs: new Map() };
  page.on("console", (message) => visited.wrong.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => visited.wrong.push(String(error)));
  page.on("requestfailed", (request) => visited.wrong.push(`failed: ${request.url()}`));
  page.on("request", (request) => visited.requests.push(request.url()));
  page.on("response", (response) => {
    if (response.status() >= 400) visited.wrong.push(`${response.status()}: ${response.url()}`);
    visited.bytes.push(response.body().then((body) => body.length, () => 0));
  });
  page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => {
      const { do: what, run, exchange } = JSON.parse(payload);
      if (what === "play") visited.runs.set(run, { exchange, messages: [] });
    });
    socket.on("framereceived", ({ payload }) => {
      const message = JSON.parse(payload);
      visited.runs.get(message.run)?.messages.push(message);
    });
  });
  await page.goto(address);
  await page.locator(first).first().waitFor();
  return visited;
}

const inside = (id, selector) => `[id="${id}"] ${selector}`;

// Opens an exchange and the group it is in.
async function open(page, id) {
  const toggle = page.locator(inside(id, "[aria-expanded]")).first();
  if (!(await toggle.isVisible())) await page.locator(`details:has([id="${id}"]) > summary`).click();
  // The page opens the first one of a section that comes into sight: then a click has closed it.
  await eventually(async () => {
    const isOpen = (await toggle.getAttribute("aria-expanded")) === "true";
    if (!isOpen) await toggle.click();
    return isOpen;
  }, `${id} opens`);
}

// Clicks its Run button and returns the messages of the run, once all is drawn.
async function play(visited, id) {
  const { page, runs } = visited;
  await open(page, id);
  const before = Math.max(0, ...runs.keys());
  await page.locator(inside(id, ".player .primary")).click();
  const found = () => [...runs].find(([run, { exchange, messages }]) => run > before && exchange === id && messages.at(-1)?.kind === "done");
  const [, { messages }] = await eventually(found, `${id} is done`);
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  return messages;
}

// The bytes that the page shows of one side of an exchange, from its hexadecimal column.
async function shown(page, id, side) {
  const more = page.locator(inside(id, `.block.${side}:not(.derived) .more`));
  while (await more.count()) await more.first().click();
  const cells = page.locator(inside(id, `.block.${side}:not(.derived) .hex`));
  return Buffer.from((await cells.allTextContents()).join("").replace(/\s/g, ""), "hex");
}

// What a server answers to bytes, up to its end, or until it is silent.
function answer(address, bytes) {
  return new Promise((resolve, reject) => {
    const [host, port] = address.split(":");
    const socket = connect(Number(port), host, () => socket.write(bytes));
    const got = [];
    const end = () => { socket.destroy(); resolve(Buffer.concat(got)); };
    socket.setTimeout(10_000, end);
    socket.on("data", (piece) => { got.push(piece); socket.setTimeout(1500); });
    socket.on("close", end);
    socket.on("error", (error) => (got.length ? end() : reject(error)));
  });
}

const masked = (bytes) => bytes.toString("latin1").replace(/^Date: .*\r$/gm, "Date: …\r");

const parts = {
  async opens() {
    await check("the page opens: no message, no failed request, within 2 s, 250 KB", async () => {
      const { page, wrong, bytes } = await visit();
      const paint = await page.evaluate(() => new Promise((found) => {
        const seen = (list) => list.getEntriesByName("first-contentful-paint").forEach(({ startTime }) => found(startTime));
        new PerformanceObserver(seen).observe({ type: "paint", buffered: true });
      }));
      await page.waitForLoadState("networkidle");
      const sum = (await Promise.all(bytes)).reduce((total, length) => total + length, 0);
      assert.deepEqual(wrong, []);
      assert(paint < 2000, `painted after ${paint} ms`);
      assert(sum > 50_000 && sum <= 250 * 1024, `${sum} bytes`);
      return `first paint ${paint.toFixed(0)} ms, ${(sum / 1024).toFixed(0)} KiB in ${bytes.length} files`;
    });
  },

  async plays() {
    const visited = await visit();
    const { page, wrong } = visited;
    const exchanges = await page.evaluate(async () => (await fetch("/chapter/exchanges.json")).json());
    const played = new Map();
    await check(`each of ${exchanges.length} exchanges ends well, with blocks and spans`, async () => {
      const failed = [];
      for (const { id } of exchanges) {
        const messages = await play(visited, id);
        played.set(id, messages);
        const { outcome, why } = messages.at(-1);
        const counts = await Promise.all([".block", ".leaf"].map((what) => page.locator(inside(id, `.flow ${what}`)).count()));
        if (outcome !== "ok" || counts.includes(0)) failed.push(`${id}: ${outcome} ${why} ${counts}`);
      }
      assert.deepEqual([failed, wrong], [[], []]);
      const all = [...played.values()].flat();
      return ["block", "span"].map((kind) => `${all.filter((message) => message.kind === kind).length} ${kind}s`).join(", ");
    });
    // The examples of RFC 7692 §7.2.3: f2 48 cd c9 c9 07 00, and the same message with context takeover.
    await check("compressed bytes are told code by code, in bits", async () => {
      await play(visited, "websocket.deflate");
      const lists = page.locator(inside("websocket.deflate", ".codes"));
      const codes = async (list) => list.locator("li").allTextContents();
      const hello = ["fixed codes", "01111000 H", "10010101 e", "10011100 l", "10011100 l", "10011111 o", "0000000", "stored", "000"];
      assert.deepEqual(await codes(lists.first()), hello);
      const all = await Promise.all((await lists.all()).map(codes));
      assert(all.flat().some((code) => code.endsWith(": 5 bytes from 5 back")), String(all));
    });
    await check("every label, rule, refusal and event has its words in both languages", async () => {
      const missing = new Set();
      for (const language of languages) {
        const { labels, meanings, rules, texts } = await page.evaluate(async (language) => {
          const names = ["page", "tcp", "udp", "http", "websocket", "tls"];
          const modules = await Promise.all(names.map((name) => import(`/chapter/text/${language}-${name}.js`)));
          const texts = modules.map((module) => Object.values(module)[0]);
          return { ...await (await fetch(`/chapter/words.${language}.json`)).json(), texts };
        }, language);
        const events = Object.assign({}, ...texts.map((text) => text.events));
        const { causes } = texts.at(-1);
        const look = (span) => {
          if (!labels[span.label]) missing.add(`${language}: ${span.label}`);
          if (span.rule && !rules[span.rule]) missing.add(`${language}: ${span.rule}`);
          if (language === "zh" && span.label === "refused" && !meanings.refused[span.value]) missing.add(`${language}: ${span.value}`);
          for (const part of [...(span.children ?? []), ...(span.notes ?? [])]) look(part);
        };
        for (const { kind, span, key, values } of [...played.values()].flat()) {
          if (kind === "span") look(span);
          if (kind === "event" && !events[key]) missing.add(`${language}: ${key}`);
          if (language === "zh" && key === "tls.says" && !causes[values.code]) missing.add(`${language}: ${values.code}`);
        }
        await page.locator(`[data-language=${language}]`).click();
        const keys = await page.locator("[data-say], [data-text]").evaluateAll((nodes) => nodes
          .map((node) => node.textContent).filter((text) => /^[a-z_]+(\.[a-z0-9_]+)+( \w+=.*)?$/.test(text) && !text.endsWith(".com")));
        for (const key of keys) missing.add(`${language}, shown: ${key}`);
      }
      assert.deepEqual([...missing], []);
    });
    await check("the address carries a chosen language; what plays by itself says that a choice shows the answer", async () => {
      assert.match(page.url(), /\?lang=zh$/);
      await page.locator("[data-language=en]").click();
      const { page: linked, context } = await visit({}, `${url}?lang=zh#tcp.greeting`);
      assert.equal(await linked.locator("html").getAttribute("lang"), "zh-CN");
      const hint = linked.locator(inside("tcp.greeting", ".predict p"));
      await hint.waitFor();
      await linked.locator(inside("tcp.greeting", ".predict input")).first().click();
      await linked.locator(inside("tcp.greeting", ".answer p:nth-of-type(2)")).waitFor();
      assert(await hint.isHidden());
      await context.close();
    });
    await check("TLS: each record stands beside what it carries; above it in a window of 700 pixels", async () => {
      const pairs = () => page.locator(inside("tls.on_the_way", ".pair:not(.heads)")).evaluateAll((rows) => rows.map(({ children: [way, ends] }) => {
        const [left, right] = [way, ends].map((cell) => cell.getBoundingClientRect());
        const [sealed, plain] = [way, ends].map((cell) => [...cell.querySelectorAll(".hex")].map((hex) => hex.textContent).join(""));
        const text = plain.match(/\w\w/g)?.map((byte) => String.fromCharCode(parseInt(byte, 16))).join("") ?? "";
        return { named: way.querySelector(".card-head span:not(.tag)").textContent, says: ends.querySelector(":scope > p.faint")?.textContent, text, bytes: sealed.match(/\w\w/g)?.length, isBeside: left.top === right.top && left.right <= right.left, isAbove: left.bottom <= right.top };
      }));
      const wide = await pairs();
      const carry = wide.filter(({ text }) => text);
      // RFC 8446 §5.2: the head, the real type and the tag are 22 bytes more.
      assert.deepEqual(carry.map(({ text, bytes }) => [text, bytes]).sort(), [["hello", 27], ["hello", 27], ["welcome!\n", 31]]);
      assert(wide.length > carry.length && wide.every(({ isBeside }) => isBeside), JSON.stringify(wide));
      const first = wide.slice(0, 6).map(({ named, says }) => `${named.split(":")[0]} | ${says?.split(": ")[1]}`);
      assert.deepEqual(first, ["record 22 handshake, ClientHello | ClientHello, in the clear", "record 22 handshake, ServerHello | ServerHello, in the clear",
        "record 20 change_cipher_spec | change_cipher_spec, in the clear", "record 23 application_data | sealed handshake",
        "record 20 change_cipher_spec | change_cipher_spec, in the clear", "record 23 application_data | sealed handshake"]);
      assert(wide.some(({ says }) => says?.endsWith("sealed ticket or alert")));
      const states = await page.locator(inside("tls.on_the_way", ".side.client .machine:not(.exits) span")).evaluateAll((all) => all.map((box) => [box.title, box.scrollWidth <= box.clientWidth]));
      assert.deepEqual(states.map(([title]) => title.split(": ")[1]), ["passed", "passed", "passed", "passed", "now"]);
      assert(states.every(([, isWhole]) => isWhole), "no name is cut off");
      await page.setViewportSize({ width: 700, height: 720 });
      assert((await pairs()).every(({ isAbove }) => isAbove));
      assert(await page.locator(inside("tls.on_the_way", ".pair > div > .tag")).first().isVisible());
      await page.setViewportSize({ width: 1280, height: 720 });
      let cards = 0;
      for (let step = 0; step < 6; step += 1) {
        await page.locator(inside("tls.on_the_way", ".player button")).nth(1).click();
        const now = await page.locator(inside("tls.on_the_way", ".flow .block")).count();
        assert(now > cards, `step ${step}: ${now} after ${cards}`);
        cards = now;
      }
      return `${carry.length} of ${wide.length} records`;
    });
    await check("the details are emptied by Escape and by another exchange; they lie over nothing that was touched; the source is whole", async () => {
      const details = page.locator("#details h2");
      const leaf = page.locator(inside("http.hello", ".block.server .leaf"));
      const isEmpty = async () => assert.equal(await details.textContent(), "What is this byte?");
      for (const leave of [() => page.keyboard.press("Escape"), () => page.locator(inside("http.length", ".predict input")).first().click()]) {
        await leaf.first().click();
        assert.notEqual(await details.textContent(), "What is this byte?");
        await leave();
        await isEmpty();
      }
      await page.setViewportSize({ width: 390, height: 700 });
      await leaf.last().evaluate((node) => node.scrollIntoView({ block: "end" }));
      await leaf.first().evaluate((node) => scrollBy(0, node.getBoundingClientRect().top - 600));
      await leaf.first().click();
      const [byte, sheet] = await Promise.all([leaf.first(), page.locator("#details")].map((node) => node.boundingBox()));
      assert(byte.y > 0 && byte.y + byte.height <= sheet.y, JSON.stringify([byte, sheet]));
      await page.locator("#details summary").click();
      const place = page.locator("#details .place").first();
      assert.equal(await place.locator("figcaption span").evaluate((name) => name.getClientRects().length), 1, "name and line stay together");
      assert(await place.locator("pre").evaluate((pre) => { pre.scrollLeft = 20; return pre.scrollLeft === 20; }), "long lines scroll sideways");
      await page.locator("#details .close").click();
      await page.setViewportSize({ width: 1280, height: 720 });
    });
    await check("the frame builder: a list is answered and closed by the client; what is forbidden brings a Close", async () => {
      const id = "websocket.builder";
      const list = page.locator(inside(id, ".frames button"));
      const button = (at) => page.locator(inside(id, ".tool > .line button")).nth(at);
      const [add, earlier, later, remove] = [0, 1, 2, 3].map(button);
      const field = (at) => page.locator(inside(id, ".tool > .line select")).nth(at);
      const payload = page.locator(inside(id, ".wide input"));
      const box = (name) => page.locator(inside(id, `[name=${name}]`));
      const events = async () => (await play(visited, id)).filter(({ kind }) => kind === "event").map(({ key, values }) => [key, ...Object.values(values)].join(" ").trim());
      await open(page, id);
      await box("fin").uncheck();
      await payload.fill("on");
      for (const [opcode, text] of [["0", "e"], ["9", "p"]]) {
        await add.click();
        await field(0).selectOption(opcode);
        await payload.fill(text);
      }
      await earlier.click(); // the ping, into the message
      assert(await later.isEnabled());
      assert.equal(await page.locator(inside(id, ".frames .bad")).count(), 0);
      assert.deepEqual(await events(), ["websocket.message 3 one", "websocket.pong 1", "server.closed", "websocket.closed 1000"]);
      assert.equal(await page.locator(inside(id, ".block.client:not(.derived)")).count(), 5); // the handshake, three frames, the Close
      await list.first().click();
      await box("rsv1").check();
      assert.equal(await page.locator(inside(id, ".frames .bad")).count(), 1);
      const [end, closed] = await events();
      assert.equal(end, "server.closed");
      assert.match(closed, /^websocket\.closed 1002 \w/);
      for (let count = 3; count < 16; count += 1) await add.click();
      assert(await add.isDisabled());
      for (let count = 16; count > 1; count -= 1) await remove.click();
      assert(await remove.isDisabled());
    });
    await check("the bytes are those that a bare socket gets", async () => {
      const door = new URL(url).host;
      // Of one connection to this door, whose bytes do not depend on the time.
      const same = exchanges.filter(({ id }) => {
        const begins = played.get(id)?.filter(({ kind }) => kind === "begins") ?? [];
        return begins.length === 1 && begins[0].server === door && !/^(news|http\.continue)/.test(id);
      });
      for (const id of ["http.hello", "http.chunked", "smuggling.01", "smuggling.20"]) assert(same.some((other) => other.id === id), id);
      // One after the other: a click scrolls its button into sight, and another one's out of it.
      const onPage = [];
      for (const { id } of same) onPage.push([id, await shown(page, id, "client"), await shown(page, id, "server")]);
      const differ = await Promise.all(onPage.map(async ([id, sent, got]) => {
        const wanted = masked(await answer(door, sent));
        return masked(got) === wanted && wanted ? null : `${id}:\n${masked(got)}\nand not\n${wanted}`;
      }));
      assert.deepEqual(differ.filter(Boolean), []);
      return `${same.length} exchanges`;
    });
  },

  async everybody() {
    await check("with the keyboard alone: Run, the bytes, their details", async () => {
      const { page, runs } = await visit();
      const { keyboard } = page;
      const active = (selector) => page.evaluate((selector) => document.activeElement.matches(selector), selector);
      const tabTo = async (selector) => {
        for (let count = 0; count < 60; count += 1) {
          if (await active(selector)) return;
          await keyboard.press("Tab");
        }
        throw new Error(`no Tab leads to ${selector}`);
      };
      await tabTo('#contents [href="#s7-3"]');
      await keyboard.press("Enter");
      await tabTo(inside("http.hello", "[aria-expanded]"));
      if (await active('[aria-expanded="false"]')) await keyboard.press("Enter");
      await tabTo(inside("http.hello", ".primary"));
      await eventually(() => [...runs.values()].every(({ messages }) => messages.at(-1)?.kind === "done"), "what plays by itself is done");
      const before = runs.size;
      await keyboard.press("Enter");
      await eventually(() => [...runs.values()].slice(before).some(({ messages }) => messages.at(-1)?.outcome === "ok"), "a run");
      await page.locator(inside("http.hello", ".flow .leaf")).first().waitFor();
      await tabTo(inside("http.hello", ".leaf"));
      const details = page.locator("#details");
      const words = new Set();
      for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "End", "Home", "Enter"]) {
        await keyboard.press(key);
        words.add(await details.textContent());
      }
      assert(words.size >= 5, [...words]);
      assert(await page.locator("#details.open").isVisible(), "Enter pins the details");
      assert.match(await details.textContent(), /GET.*RFC 911\d §/s);
      await keyboard.press("Escape");
      assert.equal(await page.locator("#details.open").count(), 0);
      await tabTo(inside("http.hello", ".try .quiet"));
    });
    const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
    const visited = await visit();
    const { page } = visited;
    for (const id of ["tcp.cuts", "http.chunked", "smuggling.01", "http.editor", "agent.five", "websocket.builder", "tls.authorized"]) await play(visited, id);
    for (const [language, colorScheme] of [["en", "light"], ["zh", "dark"]]) {
      await page.locator(`[data-language=${language}]`).click();
      await page.emulateMedia({ colorScheme });
      await check(`360 to 1920 pixels wide, ${language}: nothing to scroll sideways`, async () => {
        for (const width of [360, 768, 1920, 1280]) {
          await page.setViewportSize({ width, height: 800 });
          const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
          assert(wide <= width, `${wide} pixels at ${width}`);
        }
      });
      await check(`axe-core finds nothing, ${language}, ${colorScheme}`, async () => {
        await page.locator(inside("http.chunked", ".leaf")).first().click();
        await page.evaluate(axe);
        const { violations, passes } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
        await page.keyboard.press("Escape");
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.length, nodes[0].html.slice(0, 200), nodes[0].failureSummary]), []);
        return `${passes.length} rules`;
      });
    }
  },

  async costs() {
    const held = () => ["task", "fd"].map((what) => readdirSync(`/proc/${more}/${what}`).length);
    // The threads of a run. Those of an engine stay, and wait for the next connection.
    const runs = () => readdirSync(`/proc/${more}/task`).filter((task) => {
      try {
        return /^(player|guard)$/.test(readFileSync(`/proc/${more}/task/${task}/comm`, "utf8").trim());
      } catch {
        return false; // it has just ended
      }
    }).length;
    const descriptors = () => held()[1];
    // Idle connections of the browser end after a while.
    const settled = async () => {
      const seen = [];
      await eventually(async () => {
        await sleep(500);
        seen.push(descriptors());
        return seen.length >= 14 && seen.slice(-14).every((other) => other === seen.at(-1));
      }, () => `descriptors stay: ${seen}`, 60);
      return held();
    };
    const session = await browser.newBrowserCDPSession();
    // Milliseconds of the processor, of the server and of the pages: a busy machine makes them no longer.
    const spent = async () => {
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      const renderers = processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
      const [user, system] = readFileSync(`/proc/${more}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13);
      return [(Number(user) + Number(system)) * 10, renderers];
    };
    await check("an idle page costs the server and the browser next to nothing", async () => {
      const { page, runs, context } = await visit();
      await eventually(() => runs.size && [...runs.values()].every(({ messages }) => messages.at(-1)?.kind === "done"), "what plays by itself");
      await page.locator(".leaf").first().click();
      await sleep(1500);
      const before = await spent();
      await sleep(3000);
      const [server, renderer] = (await spent()).map((time, at) => time - before[at]);
      await context.close();
      assert(server < 1000 && renderer < 1000, // a page that polls or animates takes seconds
        `${server} ms, ${renderer} ms`);
      return `${server} ms, ${renderer.toFixed(0)} ms`;
    });
    await check("100 KB drawn, 10,000 spans scrolled", async () => {
      const visited = await visit();
      const { page } = visited;
      const messages = await play(visited, "http.hello");
      const before = await spent();
      const [drawn, spans] = await page.evaluate(async (messages) => {
        const { Drawing } = await import("/chapter/draw.js");
        const frame = () => new Promise((next) => requestAnimationFrame(next));
        const moved = (span, by) => ({ ...span, at: span.at + by, children: span.children.map((child) => moved(child, by)) });
        const passes = messages.filter(({ kind }) => kind === "block" || kind === "span").filter(({ kind, seen }) => kind === "span" || seen === "client");
        const length = (from) => passes.filter((it) => it.kind === "block" && it.from === from).reduce((sum, { hex }) => sum + hex.length / 2, 0);
        const lengths = { client: length("client"), server: length("server") };
        const count = (span) => 1 + span.children.reduce((sum, child) => sum + count(child), 0);
        const all = [messages.find(({ kind }) => kind === "begins")];
        let spans = 0;
        for (let at = 0; at * (lengths.client + lengths.server) < 100_000 || spans < 10_000; at += 1) {
          for (const it of passes) {
            const by = at * lengths[it.from];
            all.push(it.kind === "block" ? { ...it, at: it.at + by } : { ...it, span: moved(it.span, by) });
            if (it.kind === "span") spans += count(it.span);
          }
        }
        const drawing = new Drawing({ id: "http.hello", section: "7.3" });
        document.querySelector("main").append(drawing.node);
        const began = performance.now();
        for (const message of all) drawing.take(message);
        await frame();
        await frame();
        drawing.node.id = "large";
        return [performance.now() - began, spans];
      }, messages);
      const cost = (await spent())[1] - before[1];
      const slowest = await page.evaluate(async () => {
        const frame = () => new Promise((next) => requestAnimationFrame(next));
        document.getElementById("large").scrollIntoView();
        let [slowest, last] = [0, await frame()];
        const way = document.scrollingElement.scrollHeight - innerHeight - scrollY;
        for (let step = 0; step < 50; step += 1) {
          scrollBy(0, way / 50);
          const now = await frame();
          slowest = Math.max(slowest, now - last);
          last = now;
        }
        return slowest;
      });
      assert(cost < 20_000, // far above what it takes, so that a busy machine is no failure
        `drawn after ${drawn} ms, of the processor ${cost} ms`);
      return `drawn after ${drawn.toFixed(0)} ms, ${cost.toFixed(0)} ms of the processor; ${spans} spans, the slowest picture of the way down ${slowest.toFixed(0)} ms`;
    });
    await check("tabs that are closed while they play leave nothing", async () => {
      const before = await settled();
      let most = 0;
      const tabs = Number(process.env.TABS ?? 20); // TABS=100 takes two minutes
      for (let opened = 0; opened < tabs; opened += 4) {
        const contexts = await Promise.all([1, 2, 3, 4].map(async () => {
          const run = inside("websocket.room", ".primary");
          const { context, page } = await visit({}, `${url}#websocket.room`, run);
          await page.evaluate((run) => document.querySelector(run).click(), run);
          return context;
        }));
        most = Math.max(most, held()[0]);
        await Promise.all(contexts.map((context) => context.close()));
      }
      // An engine keeps threads for the next connections.
      await eventually(() => runs() === 0 && descriptors() <= before[1],
        () => `${runs()} threads of runs; ${before} threads and descriptors before, ${held()} behind`, 60);
      return `${tabs} tabs: ${before} threads and descriptors before, ${held()} behind; up to ${most} threads in between`;
    });
  },

  async exported() {
    const names = more.split(",").filter((name) => name.endsWith(".html"));
    await check("exported files open from disk, without a request or a message; the index leads to each", async () => {
      assert(names.length > 50, more);
      for (const name of ["index.html", "http.hello.html", "websocket.frame.html", "tls.hello.html", "tls.on_the_way.html"]) {
        const first = name === "index.html" ? "a[href]" : ".flow .block .leaf";
        const { page, wrong, requests, context } = await visit({ offline: true }, `${url}/${name}`, first);
        assert.deepEqual([wrong, requests.length], [[], 1], `${name}: ${requests}`);
        if (name === "tls.on_the_way.html") await page.locator(".pair .derived").first().waitFor();
        if (name === "index.html") {
          const leads = await page.locator("a[href]").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
          assert.deepEqual(names.filter((other) => other !== name && !leads.includes(other)), []);
        }
        await context.close();
      }
      return `${names.length} files`;
    });
  },

  // Of the book's Hello World, with the details of a chunk's size.
  async picture() {
    const visited = await visit({ viewport: { width: 1280, height: 960 }, colorScheme: "light" });
    await play(visited, "http.hello");
    const { page } = visited;
    await page.locator(inside("http.hello", ".block.server .leaf")).getByText("c", { exact: true }).first().click();
    await page.locator(inside("http.hello", ".player")).evaluate((node) => node.scrollIntoView());
    await page.screenshot({ path: more });
  },
};

await parts[part]();
await browser.close();
