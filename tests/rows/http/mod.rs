//! The rows of the book's HTTP server, each shown end to end.
//!
//! A test is named after its row (`row_h01_…`) or after the mistake in the notes that it
//! corrects (`erratum_e43_…`), so `cargo test --test rows row_h08` is the chapter on
//! `Expect: 100-continue`, as a program.
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | H01 | `h01_hello` | the first server, and the book's two `curl -v` transcripts |
//! | H02 | `h02_request`, `h02_params`, `h02_redirect` | what a handler gets, and which target it never gets |
//! | H03 | `h03_fields`, `h03_head` | fields and heads, what is refused and when it is too late |
//! | H04 | `h04_lengths` | chunked or counted, never a broken wire |
//! | H05 | `h05_streaming`, `h05_failing`, `h05_blame`, `h05_refusing`, `h05_leaving`, `h05_compressing` | pieces that leave at once; handlers that fail, by whose fault; handlers that refuse; bodies in gzip |
//! | H06 | `h06_persistence`, `h06_contradictions`, `h06_bodyless` | many requests on one connection |
//! | H07 | `h07_events`, `h07_finish`, `h07_summary`, `h07_stopping`, `h07_racing`, `h07_sharing` | which event is called when, what a log can say, and how a server ends |
//! | H08 | `h08_expect` | every order in which a 100 can come or not |
//! | H09 | `h09_upgrade`, `h09_fields`, `h09_handover` | a connection changes its protocol |
//! | H10 | `h10_client_error`, `h10_own_words`, `h10_lingering` | responses to bytes that are no request, and how they arrive |
//! | H11 | `h11_comet`, `h11_watch`, `fault_waiting` | long polling; nothing is withheld; a handler that waits for the body and for something else |
//! | H05, H07 | `panics`, `h05_panics` | what a panic costs at each stage |
//! | H02, W01 | `forwarded` | who the client is behind proxies, which of them are believed |
//! | N09 | `n09_addresses` | limits and addresses |
//! | all | `limits`, `deadlines`, `slow_readers`, `settings` | what a peer cannot do: `limit_…`, `deadline_…` |
//!
//! If timing does not matter, a test is `Server::answer_to(bytes)`: no port and no waiting.

mod deadlines;
mod fault_waiting;
mod forwarded;
mod h01_hello;
mod h02_params;
mod h02_redirect;
mod h02_request;
mod h03_fields;
mod h03_head;
mod h04_lengths;
mod h05_blame;
mod h05_compressing;
mod h05_failing;
mod h05_leaving;
mod h05_panics;
mod h05_refusing;
mod h05_streaming;
mod h06_bodyless;
mod h06_contradictions;
mod h06_persistence;
mod h07_events;
mod h07_finish;
mod h07_racing;
mod h07_sharing;
mod h07_stopping;
mod h07_summary;
mod h08_expect;
mod h09_fields;
mod h09_handover;
mod h09_upgrade;
mod h10_client_error;
mod h10_lingering;
mod h10_own_words;
mod h11_comet;
mod h11_watch;
mod limits;
mod n09_addresses;
mod panics;
mod settings;
mod slow_readers;
