// Node's clients: `node tls_client.mjs FOLDER ECHO HELLO URL`, where FOLDER has the certificates, tls_echo listens on the
// port ECHO, https_server on HELLO, and http_server --tls at URL. Prints a JSON line for each check.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import https from "node:https";
import tls from "node:tls";
import { checks } from "./checks.mjs";

const [folder, echo, hello, url] = process.argv.slice(2);
const pem = (name) => readFileSync(`${folder}/${name}`);
const ca = pem("ca.crt");
const own = { cert: pem("client.crt"), key: pem("client.key") };

const check = checks(20);

async function connect(options) {
  const socket = tls.connect({ port: echo, host: "localhost", ca, ...options });
  await once(socket, "secureConnect");
  return socket;
}

async function reads(socket, length) {
  let text = "";
  while (text.length < length) {
    socket.resume();
    text += (await once(socket, "data"))[0].toString();
    socket.pause();
  }
  return text;
}

function get(options) {
  return new Promise((yes, no) => {
    const request = https.get({ host: "localhost", port: hello, ...options }, async (answer) => {
      const { authorized, authorizationError: error } = answer.socket;
      let body = "";
      for await (const piece of answer) body += piece;
      yes({ body, authorized, error });
    });
    request.on("error", no);
  });
}

for (const version of ["TLSv1.2", "TLSv1.3"]) {
  await check(`tls.connect: the echo, ${version}`, async () => {
    for (const options of [{}, own]) {
      const socket = await connect({ ...options, minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      assert.equal(socket.authorized, true);
      assert.equal(await reads(socket, 9), "welcome!\n");
      const text = "x".repeat(300_000);
      socket.write(text);
      assert.equal((await reads(socket, text.length)).length, text.length);
      socket.end();
      socket.resume();
      await once(socket, "end");
    }
  });

  await check(`tls.connect: a session is taken up again, ${version}`, async () => {
    const versions = { minVersion: version, maxVersion: version };
    const first = await connect(versions);
    // A ticket of TLS 1.3 comes behind the handshake.
    const session = version === "TLSv1.3" ? (await once(first.resume(), "session"))[0] : first.getSession();
    first.destroy();
    const second = await connect({ ...versions, session });
    assert.equal(second.isSessionReused(), true);
    second.destroy();
  });
}

await check("https.get: hello, by name and by address", async () => {
  for (const host of ["localhost", "127.0.0.1"]) {
    assert.deepEqual(await get({ ca, host }), { body: "hello world\n", authorized: true, error: null });
  }
});

await check("https.get: without the CA an error, and with rejectUnauthorized: false only a remark", async () => {
  await assert.rejects(get({}), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
  const { body, error } = await get({ rejectUnauthorized: false });
  assert.deepEqual([body, error], ["hello world\n", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"]);
});

await check("https.Agent: 200 requests on 5 connections", async () => {
  const agent = new https.Agent({ ca, keepAlive: true, maxSockets: 5 });
  const fetched = Array.from({ length: 200 }, () => get({ agent }));
  for (const { body } of await Promise.all(fetched)) assert.equal(body, "hello world\n");
  agent.destroy();
});

await check("https.request: a mebibyte there and back", async () => {
  const sent = Buffer.alloc(1 << 20, "x");
  const request = https.request(`${url}/echo`, { method: "POST", ca });
  request.end(sent);
  const [answer] = await once(request, "response");
  const pieces = [];
  for await (const piece of answer) pieces.push(piece);
  assert.equal(Buffer.concat(pieces).length, sent.length);
});
