// Node's own clients against the demo: `node node_client.mjs URL` prints a JSON line for each check.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { checks } from "./checks.mjs";

const url = process.argv[2];

const check = checks(30);

async function text(stream) {
  let all = "";
  for await (const piece of stream.setEncoding("utf8")) all += piece;
  return all;
}

function target(path) {
  const { hostname, port } = new URL(url);
  return { hostname, port, path };
}

async function get(options) {
  const request = http.get(options);
  const [answer] = await once(request, "response");
  return { reused: request.reusedSocket, answer, body: await text(answer) };
}

await check("http.get: the book's hello", async () => {
  const { answer, body } = await get(url + "/");
  assert.equal(body, "Hello World\n");
  assert.equal(answer.headers["transfer-encoding"], "chunked");
  assert.equal(answer.httpVersion, "1.1");
});

await check("http.Agent keepAlive: the socket is used again", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 20; i++) {
    const { reused, body } = await get({ ...target("/stream"), agent });
    assert.equal(reused, i > 0);
    assert.match(body, /^line 1 of 5\n/);
  }
  agent.destroy();
});

await check("http.request: chunks and trailers", async () => {
  const request = http.request(url + "/upload", { method: "POST", headers: { Trailer: "X-Sum" } });
  for (let i = 0; i < 100; i++) request.write("x".repeat(1000));
  request.addTrailers({ "X-Sum": "100000" });
  request.end();
  const [answer] = await once(request, "response");
  assert.equal(await text(answer), "100000\n");
});

await check("http.request: waits for 'continue' before it sends", async () => {
  const headers = { Expect: "100-continue", "Content-Length": 5 };
  const request = http.request(url + "/echo", { method: "POST", headers });
  request.flushHeaders();
  await once(request, "continue");
  request.end("hello");
  const [answer] = await once(request, "response");
  assert.equal(await text(answer), "hello");
});

await check("http.request: HEAD, 204 and 304 have no body", async () => {
  for (const [method, path, status] of [
    ["HEAD", "/", 200],
    ["GET", "/status/204", 204],
    ["GET", "/status/304", 304],
  ]) {
    const request = http.request(url + path, { method }).end();
    const [answer] = await once(request, "response");
    assert.equal(answer.statusCode, status);
    assert.equal(await text(answer), "");
  }
});

await check("http.request: an upgrade that is offered is ignored", async () => {
  const headers = { Connection: "Upgrade", Upgrade: "example/1" };
  const { answer, body } = await get({ ...target("/"), headers });
  assert.equal(answer.statusCode, 200);
  assert.equal(body, "Hello World\n");
});

await check("fetch: GET, POST, and a body that streams", async () => {
  assert.equal(await (await fetch(url + "/")).text(), "Hello World\n");
  const echoed = await fetch(url + "/echo", { method: "POST", body: "你好" });
  assert.equal(await echoed.text(), "你好");
  const pieces = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 10; i++) controller.enqueue(new Uint8Array(1000));
      controller.close();
    },
  });
  const counted = await fetch(url + "/upload", { method: "POST", body: pieces, duplex: "half" });
  assert.equal(await counted.text(), "10000\n");
});

await check("fetch: reads two ticks of /events and leaves", async () => {
  const leaving = new AbortController();
  const answer = await fetch(url + "/events", { signal: leaving.signal });
  let seen = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    seen += piece;
    if (seen.includes("data: 2\n\n")) break;
  }
  assert.match(seen, /event: tick\ndata: 1\n\n/);
});

await check("fetch: 200 at once", async () => {
  const one = async (i) => (await fetch(url + "/echo", { method: "POST", body: `${i}` })).text();
  const bodies = await Promise.all(Array.from({ length: 200 }, (_, i) => one(i)));
  assert.deepEqual(bodies, Array.from({ length: 200 }, (_, i) => `${i}`));
});
