//! What the demos print, word for word.
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | all | `chapter` | each door of `make run`, tried with the commands that it prints |
//! | N01 to S07, U01 to U06, T01 to T07 | `chapter_tcp` | exchanges of the page: what each shows |
//! | N01 N02 N03 N07 | `tcp_echo` | the book's server and client, over TCP and Unix sockets |
//! | S01 to S05, S07 | `framing` | sticky packets, the framers, and what needs none |
//! | H11 | `http_server` | news for clients that wait, and what each path sends |
//! | N08, E10 | `nagle` | the shape of the output; the figures are the machine's |
//! | T02 to T05 | `tls_echo` | the book's TLS server and client, and its HTTPS server |
//! | all | `mistakes`, `surroundings`, `words` | bad options; outputs that are closed, full or that nobody reads; what errors say |
//! | all | `stopping` | servers that end with their input, and that listen on it |
//! | P01 | `workers` | `http_server` in several processes: its transports, its log, its end |
//! | W01 to W05 | `websocket` | the book's WebSocket server and client |
//! | A01 to A07 | `client` | `http_get`, `agent_demo` and `proxy` |
//! | | `wire` | what passes between a client and a server, explained |
//! | | `transcript`, `stage`, `place` | goldens in `fixtures/demos/`; programs that never outlive a test |
//!
//! `udp_echo` is with its rows, in `tests/rows/udp/demo.rs`.

mod chapter;
mod chapter_tcp;
mod client;
mod framing;
mod http_server;
mod mistakes;
mod nagle;
mod place;
mod played;
mod recording;
mod stage;
mod stopping;
#[path = "../support/mod.rs"]
mod support;
mod surroundings;
mod tcp_echo;
mod tls_echo;
mod transcript;
mod websocket;
mod wire;
mod words;
mod workers;
