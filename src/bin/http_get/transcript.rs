//! What `-v` prints of a transfer, in the form of the book's `curl -v`, and how far it has come.
//!
//! ```text
//! *   Trying 127.0.0.1:1337...
//! * TCP_NODELAY set
//! * Connected to 127.0.0.1 (127.0.0.1) port 1337 (#0)
//! > GET / HTTP/1.1
//! > Host: 127.0.0.1:1337
//! >
//! < HTTP/1.1 200 OK
//! <
//! * Connection #0 to host 127.0.0.1 left intact
//! ```
//!
//! The code that connects prints the `*` lines. `heads.rs` finds the `>` and `<` lines in the bytes of
//! the connection.

use crate::demo::{printable, write_err};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

#[derive(Debug)]
pub(crate) struct Transcript {
    verbose: bool,
    state: Mutex<State>,
}

/// How far the current request has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    #[default]
    Start,
    Resolving,
    Connecting,
    Securing,
    Connected,
    /// Some bytes of the response's head have arrived.
    Head,
    /// The head was correct.
    Body,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    /// That of the last head; 0 before the first.
    pub(crate) status: u16,
    /// The heads that have arrived for this URL, for `-i`.
    pub(crate) heads: Vec<u8>,
    /// How many connections have been opened.
    pub(crate) connections: usize,
    /// That of the current request.
    current: Weak<Connection>,
}

/// A connection, from `Connected to` to `Closing connection`.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) number: usize,
    pub(crate) host: String,
    pub(crate) transcript: Arc<Transcript>,
}

impl Transcript {
    pub(crate) fn new(verbose: bool) -> Transcript {
        let state = Mutex::default();
        Transcript { verbose, state }
    }

    /// Prints a `*` line.
    pub(crate) fn note(&self, text: impl fmt::Display) {
        self.line('*', text.to_string().as_bytes());
    }

    pub(crate) fn line(&self, mark: char, line: &[u8]) {
        if self.verbose {
            write_err(format_args!("{mark} {}\n", printable(line)));
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.state().phase = phase;
    }

    /// The next URL.
    pub(crate) fn restart(&self) {
        let mut state = self.state();
        (state.phase, state.status) = (Phase::Start, 0);
        state.heads.clear();
    }

    pub(crate) fn open(self: &Arc<Self>, host: &str) -> Arc<Connection> {
        let mut state = self.state();
        let number = state.connections;
        state.connections += 1;
        Arc::new(Connection {
            number,
            host: host.to_owned(),
            transcript: Arc::clone(self),
        })
    }

    /// The transfer has ended. The connection lives if the agent keeps it.
    pub(crate) fn finish(&self) {
        let current = self.state().current.upgrade();
        if let Some(connection) = current {
            let Connection { number, host, .. } = &*connection;
            self.note(format_args!(
                "Connection #{number} to host {host} left intact"
            ));
        }
    }
}

impl Connection {
    /// The connection has a new current request.
    pub(crate) fn begin_request(self: &Arc<Self>) {
        let mut state = self.transcript.state();
        (state.current, state.phase) = (Arc::downgrade(self), Phase::Connected);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let number = self.number;
        self.transcript
            .note(format_args!("Closing connection {number}"));
    }
}
