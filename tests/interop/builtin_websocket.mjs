// Node's own WebSocket, that of browsers: `node --experimental-websocket builtin_websocket.mjs URL`, where ws_server
// listens at URL.

import assert from "node:assert/strict";

const [url] = process.argv.slice(2);

function event(socket, name) {
  return new Promise((yes, no) => {
    socket.addEventListener(name, yes, { once: true });
    socket.addEventListener("error", () => no(new Error("error instead of " + name)), { once: true });
  });
}

async function open(path, protocols = []) {
  const socket = new WebSocket(url + path, protocols);
  socket.binaryType = "arraybuffer";
  await event(socket, "open");
  return socket;
}

async function ask(socket, message) {
  const answer = event(socket, "message");
  socket.send(message);
  return (await answer).data;
}

async function closes(socket, code, reason) {
  const closed = event(socket, "close");
  socket.close(code, reason);
  const { code: told, wasClean } = await closed;
  assert.deepEqual([told, wasClean], [code, true]);
}

const socket = await open("/echo", ["superchat", "chat"]);
assert.equal(socket.protocol, "chat");
assert.equal(socket.extensions, "");
assert.equal(await ask(socket, "你好"), "你好");
assert.equal(await ask(socket, ""), "");
assert.deepEqual(new Uint8Array(await ask(socket, new Uint8Array([0, 255, 128]))), new Uint8Array([0, 255, 128]));
const large = "月".repeat(349_525);
assert.equal(await ask(socket, large), large);
await closes(socket, 4000, "enough");

const hello = await open("/hello");
assert.equal(await ask(hello, "hello world!"), "yakexi");
await closes(hello, 1000, "");

const refused = new WebSocket(url + "/nowhere");
await new Promise((yes, no) => {
  refused.addEventListener("error", yes, { once: true });
  refused.addEventListener("open", no, { once: true });
});
