// npm's ws in both roles with permessage-deflate: `node websocket_deflate.mjs URL CLIENT FOLDER FLAG`, where ws_server FLAG listens at
// URL, CLIENT is ws_client, and npm has put ws into FOLDER. FLAG is --deflate or --deflate=takeover. Prints a JSON line
// for each check.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createRequire } from "node:module";
import { checks } from "./checks.mjs";

const [url, client, folder, flag] = process.argv.slice(2);
const { WebSocket, WebSocketServer } = createRequire(folder + "/")("ws");

const json = JSON.stringify({ id: 12345, name: "an item", tags: ["a", "b"], price: 9.99 });
const messages = ["你好", "", json, json.repeat(20), json, json.repeat(20), "月".repeat(349_525), randomBytes(100_000)];

// What ws is asked to offer, or to accept.
const settings = [
  {},
  { clientNoContextTakeover: true, serverNoContextTakeover: true },
  { serverMaxWindowBits: 9 },
  { serverMaxWindowBits: 8, serverNoContextTakeover: true },
  { clientMaxWindowBits: 10, serverMaxWindowBits: 12 },
  { clientMaxWindowBits: 9, clientNoContextTakeover: true },
].map((options) => ({ ...options, threshold: 0 }));

const named = checks(20);
const check = (name, run) => named(`${name}, ${flag}`, run);

// Sends all twice, in one go, and gets all back in order.
async function exchange(socket) {
  const all = [...messages, ...messages];
  const came = [];
  const done = new Promise((yes) =>
    socket.on("message", (data, binary) => came.push(binary ? data : data.toString()) === all.length && yes()),
  );
  for (const message of all) socket.send(message);
  await done;
  assert.deepEqual(came, all);
  const answer = once(socket, "message");
  socket.send("hello ", { fin: false });
  socket.ping("between");
  socket.send("world!", { fin: true });
  assert.equal((await answer)[0].toString(), "hello world!");
}

for (const perMessageDeflate of settings) {
  const which = JSON.stringify(perMessageDeflate);
  await check(`ws: compressed messages, ${which}`, async () => {
    const socket = new WebSocket(url + "/echo", { perMessageDeflate });
    await once(socket, "open");
    assert.equal(socket.extensions, "permessage-deflate");
    await exchange(socket);
    socket.close(4000);
    assert.equal((await once(socket, "close"))[0], 4000);
  });

  await check(`ws_client --echo: compressed messages, ${which}`, async () => {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate });
    await once(server, "listening");
    const talked = once(server, "connection");
    const program = spawn(client, [flag, "--echo", `ws://127.0.0.1:${server.address().port}/`]);
    try {
      const [socket] = await talked;
      assert.equal(socket.extensions, "permessage-deflate");
      assert.equal((await once(socket, "message"))[0].toString(), "hello");
      await exchange(socket);
      const ended = once(program, "exit");
      socket.close(1000);
      assert.equal((await ended)[0], 0);
    } finally {
      program.kill("SIGKILL");
      server.close();
    }
  });
}
