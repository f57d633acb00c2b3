// 7.2 in English. zh-udp.js has the same keys.
export const enUdp = {
  sections: {
    "7.2": {
      title: "UDP: messages that may be lost",
      lead: "One send is one datagram, and one receive returns one datagram, whole. There is no connection. In return a datagram may be lost, arrive twice, or arrive behind the next one, and UDP does not report it. Here a transport does all of that on purpose.",
    },
  },
  exchanges: {
    "udp.lost": {
      title: "One is lost",
      question: "Three datagrams are sent, and the network loses the second. What does the second send return?",
      choices: ["An error", "0", "The number of its bytes, as the other two"], answer: 2,
      because: "send returns when the datagram has left, and UDP has no acknowledgement (RFC 768 is three pages). The receiver gets the first and the third and cannot see that one is missing, unless the program has numbered them. Over TCP the third would have waited for the second to be sent again.",
      try: "Compare both columns: each datagram stands alone, no byte sticks to the next. What would the receiver need in order to notice the loss?",
    },
    "udp.twice": {
      title: "One comes twice, one comes late",
      question: "a, b and c are sent. The network doubles a and delays b. What does the receiver get?",
      choices: ["a b c: the system sorts them and drops the copy", "a a c b", "a b c, and an error for the copy"], answer: 1,
      because: "A datagram carries no number, so the system can neither sort datagrams nor recognise a copy: whatever arrives is delivered. The boundaries hold, though: three sends are never one receive, and one send is never two halves. What must not be done twice needs a number of its own.",
      try: "Suppose that each datagram says “add 1 to my account”. What is the balance? The exchange after next has the cure.",
    },
    "udp.too_long": {
      title: "One is too long",
      question: "A datagram of 2,000 bytes arrives at a receiver with room for 512. What does its next receive return?",
      choices: ["The next 512 bytes", "The next datagram: 1,488 bytes are gone", "An error"], answer: 1,
      because: "A datagram is read once. What does not fit is dropped by the kernel, and most interfaces do not even say so; here it is marked as truncated. At the other end the length field of UDP has 16 bits, so a message has 65,507 bytes at most over IPv4: one more, and send itself refuses.",
      try: "Look for the event of the refused send: no datagram belongs to it. Why 65,507, and not 65,535? Subtract the headers of UDP and IP.",
    },
    "udp.ask_again": {
      title: "The request that asks again",
      question: "The question arrives, its answer is lost, and the client asks again. How often does the server act on it?",
      choices: ["Twice: it was asked twice", "Once: it knows the number and sends its answer again", "Not at all, until the client acknowledges"], answer: 1,
      because: "The client cannot tell a lost question from a lost answer, so it repeats the question after a timeout, with the same number. Here the first question is lost, then the first answer: three are sent, two arrive, one is handled. The server keeps its answer for a while, and that makes it safe to ask again.",
      try: "Find the number in the bytes of all three questions. Each wait is twice as long as the one before: what would a thousand clients do without that?",
    },
  },
  events: {
    "udp.sent": "send returned {bytes}",
    "udp.dropped": "the network drops it",
    "udp.doubled": "the network doubles it",
    "udp.delayed": "the network delays it behind the next one",
    "udp.received": "received {bytes} bytes: {text}",
    "udp.truncated": "received {bytes} bytes, and it is marked as truncated",
    "udp.refused": "send of {bytes} bytes: {why}",
    "udp.count": "sent {sent}, received {received}; no error on either side",
    "udp.answered": "the answer is {text}, after {tries} tries",
    "udp.handled": "questions received: {received}, handled: {handled}",
  },
};
