//! The rows of the book's WebSocket section, each shown end to end.
//!
//! A test is named after its row (`row_w05_…`), so `cargo test --test rows row_w05` is the part on
//! messages and control frames, as a program.
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | W01 | `w01_handshake` | how a connection is opened, and every way it is not |
//! | W03 | `w03_example` | the book's worked example, byte by byte |
//! | W05 | `w05_messages` | fragments, control frames between them, heartbeat, streaming |
//! | W05 | `w05_closing` | every way a connection ends, and what each side reports of it |
//! | W05 | `w05_compressed` | the same where both ends compress: all options, rooms, bombs |
//! | W05 | `w05_compressed_slow` | peers that read slowly or nothing delay no other whose messages are compressed |
//! | W05 | `w05_within` | a receive with a deadline: what has come when it passes is kept |
//! | W05 | `w05_terminate` | a connection is cut from any thread, at any moment |
//! | W05 | `w05_finished` | one summary for each connection, on both ends |
//! | W05 | `w05_hostile` | bytes that break a rule, and the Close frame that names it |
//! | W06 | `w06_duplex` | both directions at once; which thread may wait for which |
//! | W06 | `w06_room` | one message for many connections |
//! | W07 | `w07_updates` | the `/updates` loop |
//! | W08 | `w08_one_port` | HTTP and WebSocket on one port; the book's events |
//! | W01 | `fault_handshake` | fields that a handler sets before the handshake; which pages may open a connection; a 101 that is none |
//! | W01 | `fault_refused` | a server that refuses the handshake: its response is reported at once |
//! | W06 | `fault_writing` | a thread that must not wait does not, and frames leave whole |
//! | W05 | `fault_deadlines` | everything that a peer can hold has a deadline; the last Close frame arrives |
//! | W05 W06 | `fault_pace` | a slow peer is not cut, one that makes no progress is |
//! | all | `stopping` | a server that stops, and peers that vanish |
//! | all | `stage` | the servers and peers that the other modules use |
//! | all | `watched_stream` | a stream that records how it is used |

mod fault_deadlines;
mod fault_handshake;
mod fault_pace;
mod fault_refused;
mod fault_writing;
pub(crate) mod stage;
mod stopping;
mod w01_handshake;
mod w02_retrying;
mod w03_example;
mod w05_closing;
pub(crate) mod w05_compressed;
mod w05_compressed_slow;
mod w05_finished;
mod w05_hostile;
mod w05_messages;
mod w05_terminate;
mod w05_within;
pub(crate) mod w06_duplex;
mod w06_room;
mod w07_updates;
mod w08_one_port;
mod watched_stream;
