// 7.4 in English. The keys are those of zh-websocket.js.

export const enWebsocket = {
  sections: {
    "7.4": {
      title: "WebSocket",
      lead: "A WebSocket begins as an HTTP request and goes on as frames, in both directions at any time. The questions change: who is on the other side, where does a message end, and what happens to a peer that does not read?",
    },
  },
  exchanges: {
    "websocket.handshake": {
      title: "The handshake and its key",
      question: "The client sends a random key, the server answers with a value computed from it. What does the client learn from that?",
      choices: ["The server knows a secret that they share", "From now on the connection is encrypted", "The server has read this very request and speaks WebSocket"], answer: 2,
      because: "The server appends a fixed text from RFC 6455 to the key, computes SHA-1 of both, and sends it in base64. Anybody can do that, so it protects no secret. But a web server that knows no WebSocket, or a cache that repeats an old answer, cannot answer right by accident (RFC 6455 §1.3).",
      try: "Play it twice: the key is another one each time, and so is the answer. The fixed text stays.",
    },
    "websocket.frame": {
      title: "A frame, bit by bit",
      question: "`hello world!` goes masked to the server, `yakexi` comes back in the clear. What is the mask for?",
      choices: ["Nobody on the way can read the message", "A script of a page cannot choose the bytes that pass a proxy", "The server can tell whether a byte was damaged"], answer: 1,
      because: "The masking key stands in front of the payload, so the mask hides nothing. It is new and unpredictable for each frame: a malicious page that sends `GET /…` as a message cannot make those bytes appear on the wire, where an old proxy could take them for a request and store a false answer (RFC 6455 §10.3). A server runs no foreign scripts, so it must not mask (§5.1).",
      try: "Touch the first two bytes for their bits. XOR the first byte of the payload with the first of the key: 0x68, the h.",
    },
    "websocket.fragments": {
      title: "Fragments with a ping between them",
      question: "Two of three fragments of a message have been sent. When may a ping go out?",
      choices: ["Now", "Only behind the last fragment", "Never while data is being sent"], answer: 0,
      because: "Control frames may stand between the fragments of a message, and are no part of it (RFC 6455 §5.4). Otherwise a large upload would hold up every sign of life. They are at most 125 bytes long and never fragmented themselves, so that they hold nothing up either.",
      try: "Follow the FIN bit: it is set in the last fragment and in the ping. Only the first fragment says Text; the others continue with opcode 0.",
    },
    "websocket.deflate": {
      title: "Hello, twice, compressed",
      question: "Both ends have agreed on permessage-deflate with context takeover. `Hello` is sent twice, and its first payload has 7 bytes. How long is the second?",
      choices: ["7 bytes: each message stands alone", "4 bytes: it refers to the first", "0 bytes: it is the same message"], answer: 1,
      because: "The window of a message holds the messages before it, so one copy says it all: 5 bytes from 5 back (RFC 7692 §7.1.1). Then the block ends, and an empty stored block begins, of which `00 00 ff ff` is left out (§7.2.1). RSV1 in the first byte of the frame says that the message is compressed. Without context takeover both payloads have 7 bytes, and the connection keeps no window between two messages.",
      try: "Open the blocks of both payloads: five letters first, one copy then. Each direction has a window of its own, so the first echo has 7 bytes, too.",
    },
    "websocket.room": {
      title: "A room with a member that stops reading",
      question: "Two members are in a room, and one stops reading. What happens to the messages for the other?",
      choices: ["They wait until the slow member reads on", "They arrive as before, and the slow one misses some or is closed", "They arrive later and later, as the queue of the server grows"], answer: 1,
      because: "TCP stops the sender when the receiver does not read. A loop that waits in `send` for each member would stop with it, and so would the whole room. So each member has a queue of its own, and the queue a limit: beyond it the room skips the member (`Slow::Skip`) or closes it with 1008 (`Slow::Close`). A queue without a limit would only move the problem into memory.",
      try: "Watch the numbers of `sent` and `slow`. The pipe between here has room for 4 KiB, in place of the kernel's megabytes, so that it is full soon.",
    },
    "websocket.buffered": {
      title: "bufferedAmount rises and falls",
      question: "`bufferedAmount` is back at 0. What do you know about the message?",
      choices: ["The peer's program has read it", "The peer's machine has it", "It has left this program"], answer: 2,
      because: "The number counts what was passed to `send` and has not yet been taken by the layer below. Behind it come the kernel's buffers, the network, and the buffers of the other side. If you need to know that a message was read, let the other program say so.",
      try: "See how `try_send` returns false at the high-water mark. That is back pressure: a sender that ignores it fills the memory.",
    },
    "websocket.builder": {
      title: "Build frames, also forbidden ones",
      question: "A client sends a text frame without a mask. What does the server answer?",
      choices: ["The echo, as always", "A Close frame with 1002", "HTTP's 400", "Nothing: it drops the frame"], answer: 1,
      because: "A server must close the connection when it receives a frame without a mask, and 1002 is the code for a protocol error (RFC 6455 §5.1, §7.4.1). HTTP was over with the 101, so no status can come. Broken UTF-8 gets 1007, a message that is too long 1009.",
      try: "Send a text without FIN, then a ping, then a continuation: what comes back, and in which order? Then break one rule each: set RSV1, write a length in a longer form than it needs, make a ping of 126 bytes, close with code 1005 (`\\x03\\xed`).",
    },
  },
  events: {
    "websocket.open": "The handshake is done: both sides may send",
    "websocket.message": "A message is whole: {bytes} bytes, {text}",
    "websocket.pong": "A pong came: {bytes} bytes, those of the ping",
    "websocket.closed": "Closed with {code} {reason}",
    "websocket.try_send": "try_send returned {sent}: {bytes} bytes are buffered",
    "websocket.buffered": "bufferedAmount is {bytes}",
    "server.closed": "The server closed the connection",
    "server.silent": "The server sends nothing more for now: it waits for the client",
    "websocket.reads": "The client begins to read",
    "room.member": "{name} is in the room",
    "room.stops": "{name} stops reading",
    "room.reads": "{name} reads again",
    "room.delivered": "{room}: message {number} was sent to {sent}, {slow} missed it",
  },
};
