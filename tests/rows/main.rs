//! The rows of the book, each shown end to end, a folder for each section.
//!
//! | rows | module | section |
//! |---|---|---|
//! | N, S06, S07 | `net` | 7.1 TCP |
//! | U, S07 | `udp` | 7.2 UDP |
//! | H, N09 | `http` | 7.3 the HTTP server |
//! | H12 | `files` | 7.3 static files |
//! | A | `client` | 7.3 the HTTP client and its agent |
//! | W | `websocket` | 7.4 WebSocket |
//! | T02 to T08 | `tls`, `tls_hostile` | 7.5 TLS, and peers that misuse it |
//! | T05, T06, T08, W06 | `https` | 7.5 HTTPS |
//! | P | `cluster` | processes |
//! | all | `trace` | what a tap sees and a recorder writes, on every kind of connection |
//! | all | `docs` | what the documentation says of the code: defaults, numbers, paths |
//!
//! A test is named after its row (`row_h08_…`) or after the mistake in the notes that it corrects
//! (`erratum_e43_…`), so `cargo test --test rows row_h08` is the chapter on `Expect: 100-continue`,
//! as a program.

mod client;
mod cluster;
mod docs;
mod files;
mod http;
mod https;
mod net;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod tls_hostile;
mod trace;
mod udp;
mod websocket;
