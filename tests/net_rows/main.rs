//! The rows of the book's TCP section, each shown end to end.
//!
//! A test is named after its row (`row_n01_…`) or after the mistake in the notes that it corrects
//! (`erratum_e08_…`), so `cargo test --test net_rows row_n05` is the chapter on the events of a
//! socket, as a program.
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | N05 | `n05_drain` | go on writing |
//! | N05 | `n05_endings` | the last things that are told |
//! | N06 | `n06_write` | when to stop writing, and who is stopped |
//! | all | `sharing` | one socket, many threads |
//! | all | `stage` | the servers, peers and events that the others play with |

#[path = "../support/mod.rs"]
mod support;

mod n05_drain;
mod n05_endings;
mod n06_write;
mod sharing;
mod stage;
