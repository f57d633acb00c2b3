// npm's ws in both roles: `node websocket_client.mjs URL CLIENT FOLDER [KEYS]`, where ws_server listens at URL, CLIENT is
// ws_client, and npm has put ws into FOLDER. With KEYS, all is under TLS: KEYS.crt and KEYS.key are the server's.
// Prints a JSON line for each check.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { createRequire } from "node:module";
import { checks } from "./checks.mjs";

const [url, client, folder, keys] = process.argv.slice(2);
const { WebSocket, WebSocketServer } = createRequire(folder + "/")("ws");

const check = checks(20);

async function open(path, ...options) {
  const socket = new WebSocket(url + path, ...options);
  await once(socket, "open");
  return socket;
}

async function ask(socket, message, options = {}) {
  const answer = once(socket, "message");
  socket.send(message, options);
  const [data, binary] = await answer;
  return binary ? data : data.toString();
}

async function closes(socket, code) {
  socket.close(code, "a reason need not come back");
  assert.equal((await once(socket, "close"))[0], code);
}

// Starts ws_client against our server; what it prints, line by line, is in `said`.
async function serve(args, options, whenOpen) {
  const below = keys
    ? createHttps({ cert: readFileSync(keys + ".crt"), key: readFileSync(keys + ".key") })
    : createHttp();
  const server = new WebSocketServer({ server: below, ...options });
  below.listen(0, "127.0.0.1");
  await once(server, "listening");
  const talked = once(server, "connection");
  const trusts = keys ? ["--cacert", process.env.NODE_EXTRA_CA_CERTS] : [];
  const scheme = keys ? "wss" : "ws";
  const program = spawn(client, [...trusts, ...args, `${scheme}://127.0.0.1:${below.address().port}/x^y`]);
  const ended = once(program, "exit");
  const said = [];
  program.stdout.setEncoding("utf8").on("data", (piece) => said.push(piece));
  try {
    const [socket, request] = await talked;
    await whenOpen({ socket, request, program, ended, said });
  } finally {
    program.kill("SIGKILL");
    for (const socket of server.clients) socket.terminate();
    server.close();
    below.close();
  }
}

await check("ws: texts, bytes, parts, a mebibyte; compression is declined", async () => {
  const socket = await open("/echo");
  assert.equal(socket.extensions, "");
  assert.equal(await ask(socket, "你好"), "你好");
  assert.deepEqual(await ask(socket, Buffer.from([0, 255, 128])), Buffer.from([0, 255, 128]));
  assert.equal(await ask(socket, ""), "");
  const large = "月".repeat(349_525);
  assert.equal(await ask(socket, large), large);
  const answer = once(socket, "message");
  socket.send("hello ", { fin: false });
  socket.ping("between");
  socket.send("world!", { fin: true });
  assert.equal((await answer)[0].toString(), "hello world!");
  await closes(socket, 4000);
});

await check("ws: a ping is answered with what it said", async () => {
  const socket = await open("/echo");
  const pong = once(socket, "pong");
  socket.ping("are you there?");
  assert.equal((await pong)[0].toString(), "are you there?");
  await closes(socket, 1000);
});

await check("ws: 1000 messages at once come back in order", async () => {
  const socket = await open("/echo");
  const came = [];
  const all = new Promise((yes) => socket.on("message", (data) => came.push(+data) === 1000 && yes()));
  for (let i = 0; i < 1000; i++) socket.send(String(i));
  await all;
  assert.deepEqual(came, Array.from({ length: 1000 }, (_, i) => i));
  await closes(socket, 1000);
});

await check("ws: 64 MiB each way at once", async () => {
  const socket = await open("/echo");
  const sent = Array.from({ length: 64 }, (_, i) => Buffer.alloc(1 << 20, i));
  let count = 0;
  const all = new Promise((yes, no) =>
    socket.on("message", (data) => (data.equals(sent[count]) ? ++count === sent.length && yes() : no(count))),
  );
  for (const message of sent) socket.send(message);
  await all;
  await closes(socket, 1000);
});

await check("ws: of the subprotocols that are offered, the one that is known", async () => {
  const socket = await open("/echo", ["superchat", "chat"]);
  assert.equal(socket.protocol, "chat");
  await closes(socket, 1000);
});

await check("ws: an origin that is not wanted gets a 403", async () => {
  const socket = new WebSocket(url + "/echo", { origin: "http://evil.example" });
  socket.on("error", () => {});
  const [, answer] = await once(socket, "unexpected-response");
  assert.equal(answer.statusCode, 403);
  socket.terminate();
});

await check("ws: the book's worked example, and a room in which all hear all", async () => {
  const hello = await open("/hello");
  assert.equal(await ask(hello, "hello world!"), "yakexi");
  await closes(hello, 1000);
  const members = await Promise.all(Array.from({ length: 10 }, () => open("/chat")));
  // Who has been answered is in the room; messages of those who came before are passed over.
  const hears = (member, text) =>
    new Promise((yes) => member.on("message", (data) => data.toString() === text && yes()));
  for (const [i, member] of members.entries()) {
    const heard = hears(member, `I am ${i}`);
    member.send(`I am ${i}`);
    await heard;
  }
  const heard = members.map((member) => hears(member, "good night"));
  members[0].send("good night");
  await Promise.all(heard);
  await Promise.all(members.map((member) => closes(member, 1000)));
});

await check("ws_client --echo: what ws sends comes back, its pings too; compression is not asked for", () =>
  serve(["--echo"], { perMessageDeflate: true }, async ({ socket, request, ended }) => {
    assert.equal(request.url, "/x%5Ey");
    assert.equal(request.headers["sec-websocket-extensions"], undefined);
    assert.equal(request.headers["sec-websocket-protocol"], undefined);
    assert.equal((await once(socket, "message"))[0].toString(), "hello");
    assert.equal(await ask(socket, "你好"), "你好");
    const large = Buffer.alloc(1 << 20, 7);
    assert.deepEqual(await ask(socket, large), large);
    const pong = once(socket, "pong");
    socket.ping("are you there?");
    assert.equal((await pong)[0].toString(), "are you there?");
    await closes(socket, 1000);
    assert.deepEqual(await ended, [0, null]);
  }));

await check("ws_client: lines there and back, and a close at the end of stdin", () =>
  serve([], {}, async ({ socket, program, ended, said }) => {
    socket.on("message", (data) => socket.send(`${data}!`));
    program.stdin.end("one\ntwo\n");
    assert.equal((await once(socket, "close"))[0], 1000);
    assert.deepEqual(await ended, [0, null]);
    assert.equal(said.join(""), "one!\ntwo!\n");
  }));

await check("ws_client --updates: every message has the next number, until the connection is closed", () =>
  serve(["--updates"], {}, async ({ socket }) => {
    let count = 0;
    socket.on("message", (data) => assert.equal(data.toString(), `update ${++count}`));
    while (count < 5) await once(socket, "message");
    await closes(socket, 1001);
  }));
