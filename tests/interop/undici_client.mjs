// Pipelining, which Node's own clients do not do: `node undici_client.mjs URL FOLDER`, where npm
// has put undici into FOLDER.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [url, folder] = process.argv.slice(2);
const { Client } = createRequire(folder + "/")("undici");

const client = new Client(url, { pipelining: 10 });
let connections = 0;
client.on("connect", () => connections++);

async function hello(i) {
  const { body } = await client.request({ path: `/length?${i}`, method: "GET" });
  return body.text();
}

const bodies = await Promise.all(Array.from({ length: 200 }, (_, i) => hello(i)));
assert.ok(bodies.every((body) => body === "Hello World\n"));
assert.equal(connections, 1);
await client.close();
