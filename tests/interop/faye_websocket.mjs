// npm's faye-websocket in both roles: `node faye_websocket.mjs URL PROXY CLIENT FOLDER`. ws_server listens at URL, our
// proxy at PROXY, CLIENT is ws_client, npm has put faye-websocket into FOLDER. Prints a JSON line for each check.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { checks } from "./checks.mjs";

const [url, proxy, client, folder] = process.argv.slice(2);
const faye = createRequire(folder + "/")("faye-websocket");

const check = checks(10);

// The next event of this kind, or the error before it.
function next(socket, kind) {
  return new Promise((yes, no) => {
    socket.onerror = (event) => no(new Error(event.message));
    socket["on" + kind] = yes;
  });
}

async function visit(options) {
  const socket = new faye.Client(url + "/echo", ["chat"], options);
  await next(socket, "open");
  assert.equal(socket.protocol, "chat");
  for (const message of ["", "你好", "月".repeat(300_000), Buffer.alloc(1_000_000, 7)]) {
    const answer = next(socket, "message");
    socket.send(message);
    const { data } = await answer;
    assert.ok(typeof message === "string" ? data === message : message.equals(data));
  }
  await new Promise((yes) => socket.ping("are you there", yes));
  const closed = next(socket, "close");
  socket.close(4001, "enough");
  assert.equal((await closed).code, 4001);
}

await check("our server: texts, bytes, a pong, a code", () => visit({}));
await check("our server: with pings of its own all the time", () => visit({ ping: 0.05 }));
await check("our server by our proxy: in a tunnel", () => visit({ proxy: { origin: proxy } }));

await check("our server: refused, and told with which status", async () => {
  const socket = new faye.Client(url + "/nothing");
  const { message } = await new Promise((yes) => (socket.onerror = yes));
  assert.match(message, /404/);
});

await check("our client: echoes, answers a ping, and is closed", async () => {
  const server = createServer();
  const talked = new Promise((yes, no) => {
    server.on("upgrade", async (request, stream, head) => {
      try {
        const socket = new faye(request, stream, head, ["chat"], { maxLength: 2 ** 26 });
        assert.equal((await next(socket, "message")).data, "hello");
        for (const message of ["", "月".repeat(300_000), Buffer.alloc(1_000_000, 7)]) {
          const answer = next(socket, "message");
          socket.send(message);
          const { data } = await answer;
          assert.ok(typeof message === "string" ? data === message : message.equals(data));
        }
        await new Promise((pong) => socket.ping("are you there", pong));
        const closed = next(socket, "close");
        socket.close(4002, "good night");
        yes((await closed).code);
      } catch (error) {
        no(error);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const program = spawn(client, ["--echo", `ws://127.0.0.1:${server.address().port}/`]);
  try {
    const ended = once(program, "exit");
    assert.equal(await talked, 4002);
    await ended;
  } finally {
    program.kill();
    server.closeAllConnections();
    server.close();
  }
});

process.exit(0);
