// Node's servers: `node tls_server.mjs FOLDER`, where FOLDER has the certificates. Prints one line, JSON: the port of an
// echo, the port of an https server, and for each broken certificate the port of a server that has it and the code that
// Node's own client ends with there.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import https from "node:https";
import tls from "node:tls";

const pem = (name) => readFileSync(`${process.argv[2]}/${name}`);
const identity = (cert, key = cert) => ({ cert: pem(`${cert}.crt`), key: pem(`${key}.key`) });
const ca = pem("ca.crt");

async function port(server) {
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

const asking = { ...identity("server"), ca, requestCert: true, rejectUnauthorized: false };
const echo = tls.createServer(asking, (socket) => {
  socket.on("error", () => {});
  socket.write(`welcome ${socket.authorized ? "authorized" : "unauthorized"}!\n`);
  socket.pipe(socket);
});

const hello = (own) => https.createServer(own, (_, res) => res.end("hello from node\n"));

// What Node says of it.
async function code(port) {
  const socket = tls.connect({ port, host: "localhost", ca });
  const [error] = await once(socket, "error");
  return error.code;
}

const ports = { echo: await port(echo), https: await port(hello(identity("server"))) };
const broken = ["selfsigned", "expired", "notyet", "wrongname", "unknownca"].map((name) => [name, identity(name)]);
broken.push(["chained-leaf", identity("chained-leaf", "chained")]);
for (const [name, own] of broken) {
  const at = await port(hello(own));
  ports[name] = [at, await code(at)];
}
console.log(JSON.stringify(ports));
