//! Every byte explained: what passes over a connection, with the rule that each byte obeys or breaks.
//!
//! # The problem
//!
//! "How does this protocol really work?" is answered by seeing it happen. A log shows the messages that a program
//! understood; a capture shows bytes without a meaning. Between the two lies what is asked when something goes
//! wrong: which byte was it, and which sentence of which RFC does it break?
//!
//! So the bytes are given to the decoders that serve them, and each decoder says where its tokens lie.
//!
//! ```text
//!  > POST /echo HTTP/1.1 ─────────── head ─ request line ─┬─ POST         method   RFC 9110 §9.1
//!  > Host: 127.0.0.1:1337                                 ├─ /echo        path     RFC 3986 §3.3
//!  > Transfer-Encoding: chunked                           └─ HTTP/1.1     version  RFC 9112 §2.3
//!  >
//!  > 5 ───────────────────────────── chunk ───────────────── 5            size     RFC 9112 §7.1
//!  > hello ───────────────────────── chunk data
//!  > 0
//!  >
//! ```
//!
//! # The rules
//!
//! - **Every byte once.** The leaves of a direction cover its bytes without a gap or an overlap, also if the bytes break
//!   a rule: then the last leaf names it.
//! - **One parser.** A connection is explained by the decoders that would serve it. Nothing is explained that they
//!   refuse, and nothing is refused that they read.
//! - **No cost for who does not ask.** The decoders remember the places of the tokens already; they are asked for
//!   them here only.
//!
//! # What to take
//!
//! | you want | take |
//! |---|---|
//! | a log of the wire, or a capture for Wireshark, of a server or a client | [`Recorder`], as the option `tap` |
//! | your own use of what passes | [`net::Observer`](crate::net::Observer), as the option `tap` |
//! | a test that says which bytes a program has sent | [`wire::Conversation`], and the leaves of its spans |
//! | to read a capture, or to write one | [`wire::capture`] |
//! | the conversations of a capture, explained | [`wire::Explainer`] and a rendering of [`wire::render`]; or the demo `wire` |
//! | to ask a server again what a capture asked | [`Replay`] |
//! | a case of `fixtures/` out of a capture | `CAPTURE=FILE cargo test --test wire prints_the_cases_of_a_capture -- --nocapture` |
//!
//! # Which file to read first
//!
//! [`wire`] is what all else stands on: bytes in, spans out, without a socket. `recorder/` shows it what passes over
//! connections. `replay/` plays a capture against a server.
//!
//! # To change X, touch Y
//!
//! | to change | touch | and the test that notices |
//! |---|---|---|
//! | what is explained, and how | the table in [`wire`] | |
//! | which event of a connection means what in a log or a capture | [`Recorder`]'s `passed`; `event` of [`wire::Explainer`] and of [`wire::capture::Writer`] | `tests/rows/trace/recorder.rs` |
//! | what happens if an output is slow or fails | `recorder/queue.rs`, `recorder/signs.rs` | their own; `tests/rows/trace/recorder.rs` |
//! | another output of a recorder | `Output` in `recorder/output.rs`, a method of [`Recorder`] | |
//! | `--explain` and `--save` of the demos | `src/bin/demo/recording.rs`, each `help.txt` | `tests/demos/recording.rs` |
//! | what of an answer is compared in a replay | `replay/answers.rs` | `tests/rows/trace/replay.rs` |
//! | when a replay sends the next piece | `catch_up` in `replay/play.rs` | |

mod recorder;
mod replay;
pub mod wire;

pub use recorder::Recorder;
pub use replay::{Difference, Outcome, Replay, Replayed, Replays};
