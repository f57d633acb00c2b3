//! Several processes on one port (the notes' chapter on processes: `cluster`).
//!
//! ```no_run
//! use barewire::{cluster, http};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The notes' server: each worker answers with the number of its process.
//! if let Some(worker) = cluster::worker() {
//!     let server = http::create_server(|_req, res| res.end(std::process::id().to_string()));
//!     worker.serve(&server.listen_on(worker.listener()?)?);
//!     return Ok(());
//! }
//! // The same program is the parent: it starts a worker for each core, and the dead again.
//! let cluster = cluster::setup_master().listen("127.0.0.1:1337")?;
//! cluster.wait()?;
//! # Ok(())
//! # }
//! ```
//!
//! Any server of this crate can be a worker: `listen_on` takes the listener. [`Worker`] shows workers that tell each
//! other something, [`Cluster`] how all of them are stopped.
//!
//! # The problem
//! A thread for each connection uses all cores already, but a process ends as a whole: an abort, a stack overflow, the
//! kernel's lack of memory take every connection with them. And a new version of a program is a new process, while the
//! old one still has connections. So a parent holds the listening socket, and workers accept from it. A worker may die,
//! and may be replaced; the address stays.
//!
//! # The bytes on the wire
//! A worker has two descriptors of its parent's. They are its standard input and output, because safe Rust passes on no
//! others:
//!
//! ```text
//!   parent                                                worker
//!   ── binds ──► listening socket ══ standard input ════► accept()
//!   UnixStream::pair() ◄═════════ standard output ══════► control lines, both ways
//!                                 standard error  ──────► the parent's own
//! ```
//!
//! A control line is a byte FE, a verb, a space, what belongs to the verb, and a byte FF. UTF-8 has neither byte, so what
//! a worker prints is never a line. Here a worker starts, gets the turn to accept, and is stopped by a restart with a
//! deadline of 10 s:
//!
//! ```text
//!   parent                                       worker
//!      ◄──── FE online 20 FF ──────────────────────  worker()
//!      ◄──── FE listening 20 FF ───────────────────  serve()
//!      ◄──── FE want-turn 20 FF ───────────────────  a thread would accept
//!      ───── FE turn 20 FF ────────────────────────► accept()
//!      ◄──── FE pass-turn 20 FF ───────────────────  a connection
//!      ───── FE message 20 你好 FF ─────────────────► on_message()
//!      ───── FE restart 20 10000 FF ───────────────► the server stops accepting, and finishes
//!      ◄──── (end of the stream) ──────────────────  the process ends
//! ```
//!
//! The other verbs are `message`, `notify`, `stats` and `disconnect` of a worker, and `drain` and `stats` of the parent.
//!
//! # The rules
//! 1. The parent waits for each process that it has started: no zombie stays behind.
//! 2. Each worker has a process group of its own. So the Ctrl-C of a terminal reaches the parent only.
//! 3. A worker whose parent has ended, by whatever signal, finds the end of its control stream. It closes the listening
//!    socket for all, removes the socket file, finishes its connections until its [`deadline`](Master::deadline), and
//!    ends. One that drains already does the same, within the time that it has left. If the parent lives (it is still
//!    the worker's own; behind a wrapper such as `sh -c`, it is still in `/proc`), it has broken off this worker alone, which
//!    leaves the socket and the file to the others.
//! 4. A worker that ends, or is disconnected, is replaced: at once if it had served for a second; otherwise 100 ms, 200 ms …
//!    10 s after its end, and after [`max_failures`](Master::max_failures) in a row, while no other worker serves, not
//!    at all.
//! 5. In a [`restart`](Cluster::restart), a new worker accepts connections before the old one stops. If the new one
//!    fails, the old one goes on.
//! 6. No worker holds up the parent: a control line has 64 KiB at most, and the queue to a worker 1 MiB. A worker that
//!    is not ready within its [`start_timeout`](Master::start_timeout), takes less than 256 bytes a second of its queue for
//!    30 s, lives four seconds longer than its deadline, or a second longer than its control stream, is killed.
//!
//! # Whose turn it is
//! All workers wait in `accept` on one socket, and the kernel wakes one of them: this costs nothing, and spreads
//! connections as the kernel likes. With [`round_robin`](Master::round_robin) one worker at a time accepts. Safe Rust
//! cannot pass an accepted connection to another process, as Node's parent does; a *turn* to accept goes round instead.
//! It costs three control lines a connection, one connection is accepted at a time, and a worker that is stopped (by a
//! debugger, say) while it has the turn holds up the others.
//!
//! What the demo prints for 10,000 connections to two workers (`cluster --workers 2 --spread 10000`, and the same with
//! `--turn`; built with `--release`, on a virtual machine with two cores, AMD EPYC, Linux 6.18). Medians of seven runs
//! each, in turn; the share is of the worker that had more:
//!
//! | | connections a second | share | the most uneven run |
//! |---|---|---|---|
//! | kernel | 21,008 | 50.9 % | 55.3 % |
//! | turn | 12,789 | 51.0 % | 52.0 % |
//!
//! The turn passes over a worker that has not asked for it again yet. So on a machine whose cores are busy, the shares
//! are not equal.
//!
//! # What it costs to read
//! 1,260 lines of code, without comments and tests. What each part has, and what a cluster without it would do:
//!
//! | lines | part | without it |
//! |---|---|---|
//! | 310 | `parent.rs`: a worker's life in a thread of the parent, its events, what these threads share | |
//! | 310 | `worker.rs`, `worker/parent_process.rs` | a worker whose parent is killed loses its requests, and leaves the socket open |
//! | 170 | `fleet.rs` | a program that dies at once is started for ever, one that hangs never ends, and a restart replaces all workers by a program that does not work |
//! | 200 | `master.rs`, `handle.rs` | 40 of them are the restart and the figures of the workers: without these, a user stops the cluster and starts another |
//! | 100 | `child.rs` | a worker that does not read holds up the parent |
//! | 60 | `lines.rs` | what a worker prints by mistake ends its conversation with the parent |
//! | 70 | `turns.rs`, `worker/own_turn.rs`, and 40 in other files | the kernel alone chooses who accepts |
//! | 30 | `events.rs`, `mod.rs` | |
//!
//! # Where to begin
//! `lines.rs` has the control lines; `turns.rs` and `fleet.rs` are the parent's decisions without a process, and
//! `worker/own_turn.rs` is a worker's, tried in all orders; `parent.rs` carries them out. Each worker has one thread of
//! the parent, which starts it, reads what it says, waits for its end, and starts the worker that follows.
//!
//! | | files, each needing those below it |
//! |---|---|
//! | the parent's face | `master.rs` (settings, start) · `handle.rs` (a running cluster) |
//! | the parent | `parent.rs`: one thread for each worker · `events.rs` · `child.rs`: a process and its queue |
//! | a worker | `worker.rs`: its end of the control stream, and its turn · `worker/parent_process.rs`: whether the parent lives |
//! | bytes and decisions | `lines.rs` · `fleet.rs` · `turns.rs` · `worker/own_turn.rs` |
//!
//! # To change X, touch Y
//!
//! | to change | touch | and the test that notices |
//! |---|---|---|
//! | a control line | `lines.rs`, then `heard` in `parent.rs` or `follow` in `worker.rs`; the drawing above | `lines.rs`' own |
//! | when a worker is started, drained, killed, given up | `fleet.rs`: its diagram and four sentences; `keep` in `parent.rs` | `fleet/tests.rs`, all interleavings |
//! | whose turn it is | `turns.rs` (the parent), `worker/own_turn.rs`, `Turn` in `worker.rs` | their own; `tests/rows/cluster/p04_turns.rs` |
//! | an event | [`Events`] and its table, `live` or `heard` in `parent.rs` | `tests/rows/cluster/p03_events.rs` |
//! | a setting | [`Master`]; `Start` in `worker.rs` if a worker needs it before its parent speaks | `tests/rows/cluster/p01_workers.rs` |
//! | what is left behind | `serve` in `worker.rs`, `change` in `parent.rs` | `tests/rows/cluster/p01_endings.rs` |
//! | how slow a worker may be | the constants in `child.rs`, `fleet.rs` and `parent.rs`, rule 6 above | `tests/rows/cluster/p02_messages.rs` |
//!
//! # Two exercises
//! 1. A worker that is stopped with SIGSTOP while it has the turn holds up all others. Which line could the parent send
//!    to find out, and what may happen when the worker goes on later?
//! 2. [`Cluster::restart`] replaces one worker after another, and does not wait for the old ones before it goes on. How
//!    many processes are there at most? Change `handle.rs` so that there is one more than usual, and no test fails.

mod child;
mod events;
mod fleet;
mod handle;
mod lines;
mod master;
mod parent;
mod turns;
mod worker;

pub use child::Child;
pub use events::Events;
pub use handle::Cluster;
pub use master::{Master, setup_master, setup_master_with};
pub use worker::{Worker, worker};
