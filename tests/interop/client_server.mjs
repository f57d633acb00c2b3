// A server for our client: what Node says of interim answers, trailers, expectations and closing.
// Prints its port. Each path is one thing to try.

import http from "node:http";

const paths = {
  "/hints"(req, res) {
    res.writeEarlyHints({ link: "</style.css>; rel=preload" });
    res.writeProcessing();
    res.end("after the hints\n");
  },
  "/trailers"(req, res) {
    res.writeHead(200, { Trailer: "X-Lines" });
    for (let line = 1; line <= 3; line++) res.write(`line ${line}\n`);
    res.addTrailers({ "X-Lines": "3" });
    res.end();
  },
  "/until-close"(req, res) {
    res.useChunkedEncodingByDefault = false;
    res.writeHead(200, { Connection: "close" });
    res.write("and then ");
    setImmediate(() => res.end("it closes\n"));
  },
  "/length"(req, res) {
    res.setHeader("Content-Length", 6);
    res.end("hello\n");
  },
  "/204"(req, res) {
    res.writeHead(204).end();
  },
  "/304"(req, res) {
    res.writeHead(304, { ETag: '"a"' }).end();
  },
  "/early"(req, res) {
    // Answers before it has read the body, and reads no more of it.
    res.writeHead(403, { Connection: "close", "Content-Length": 9 });
    res.end("no thanks");
  },
  "/count"(req, res) {
    let bytes = 0;
    req.on("data", (piece) => (bytes += piece.length));
    req.on("end", () => {
      const { expect = "none", te = "none", host, via = "none" } = req.headers;
      const coding = req.headers["transfer-encoding"] ?? "length";
      res.end(JSON.stringify({ bytes, coding, expect, te, host, via, trailers: req.trailers }) + "\n");
    });
  },
};

const serve = (req, res) => (paths[req.url] ?? ((_, res) => res.writeHead(404).end()))(req, res);
const server = http.createServer(serve);
server.on("checkContinue", (req, res) => {
  const refused = { "/413": 413, "/417": 417 }[req.url];
  if (refused) return res.writeHead(refused, { "Content-Length": 3 }).end("no\n");
  res.writeContinue();
  serve(req, res);
});
server.keepAliveTimeout = Number(process.argv[2] ?? 5000);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
