//! The rows of the book's TCP section, each shown end to end.
//!
//! A test is named after its row (`row_n01_…`) or after the mistake in the notes that it corrects
//! (`erratum_e08_…`), so `cargo test --test rows row_n05` is the chapter on the events of a
//! socket, as a program.
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | N01, N02 | `n01_greeting` | the first server, on a port and on a path |
//! | N03 | `n03_client` | the client |
//! | N04 | `n04_server_events` | which events a server has, and when it is over |
//! | N05, E09 | `n05_order` | every course of a connection, and its events |
//! | N05, E08 | `n05_drain` | go on writing |
//! | N05 | `n05_timeout`, `n05_text` | idle notices; characters that were cut |
//! | N05 | `n05_endings` | what is an end, and what only looks like one |
//! | N06 | `n06_write` | when to stop writing, and when a writer is stopped |
//! | N07 | `n07_pipe` | the echo server, and a slow reader |
//! | N08, E10 | `n08_no_delay` | small packets that leave at once, and stick all the same |
//! | N09 | `n09_addresses` | addresses, limits, half open |
//! | S06 | `s06_framed` | messages over a socket |
//! | S07 | `s07_without_framing` | where a stream needs no messages |
//! | N05, N06 | `slow_peers` | which peers are waited for, and which are cut |
//! | N04, N05 | `callbacks` | what the user's own code may do while it is called |
//! | all | `sharing` | one socket, many threads |
//! | N04 | `snapshot` | a server in figures, whatever it speaks |
//! | N04, P01 | `sharing_processes` | processes that accept from one socket |
//! | N04 | `stopping` | what the stop of a server ends at once |
//! | all | `waits` | waits with a limit |
//! | all | `stage` | the servers, peers and events that the others play with |
//!
//! What must be alone in its process to be measured is in `tests/leftovers/net.rs`.

mod callbacks;
mod n01_greeting;
mod n03_client;
mod n04_server_events;
mod n05_drain;
mod n05_endings;
mod n05_order;
mod n05_text;
mod n05_timeout;
mod n06_write;
mod n07_pipe;
mod n08_no_delay;
mod n09_addresses;
mod s06_framed;
mod s07_without_framing;
mod sharing;
mod sharing_processes;
mod slow_peers;
mod snapshot;
pub(crate) mod stage;
mod stopping;
mod waits;
