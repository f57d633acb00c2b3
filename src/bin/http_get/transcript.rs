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
use crate::lines::Lines;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

#[derive(Debug)]
pub(crate) struct Transcript {
    verbose: bool,
    state: Mutex<State>,
    lines: Mutex<Lines>,
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
    /// The one that was opened last, until its tap has reported it.
    opened: Option<Connection>,
    /// The open ones, by the number of their tap.
    open: BTreeMap<u64, Arc<Connection>>,
    /// That of the current request.
    current: Weak<Connection>,
}

/// A connection, from `Connected to` to `Closing connection`.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) number: usize,
    pub(crate) host: String,
    is_secured: AtomicBool,
}

impl Transcript {
    pub(crate) fn new(verbose: bool) -> Transcript {
        let (state, lines) = (Mutex::default(), Mutex::default());
        Transcript {
            verbose,
            state,
            lines,
        }
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

    pub(crate) fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection was opened. Returns its number.
    pub(crate) fn open(&self, host: &str) -> usize {
        let mut state = self.state();
        let number = state.connections;
        state.connections += 1;
        state.opened = Some(Connection {
            number,
            host: host.to_owned(),
            is_secured: AtomicBool::new(false),
        });
        number
    }

    /// The connection with this tap has a new current request: the next bytes of both directions begin a head.
    pub(crate) fn begin_request(&self, tap: u64) -> Option<Arc<Connection>> {
        *self.lines() = Lines::default();
        let mut state = self.state();
        if let Some(opened) = state.opened.take() {
            state.open.insert(tap, Arc::new(opened));
        }
        let connection = state.open.get(&tap).cloned()?;
        (state.current, state.phase) = (Arc::downgrade(&connection), Phase::Connected);
        Some(connection)
    }

    /// From now on, the current connection carries records.
    pub(crate) fn securing(&self) {
        let mut state = self.state();
        state.phase = Phase::Securing;
        if let Some(current) = state.current.upgrade() {
            current.is_secured.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_secured(&self, tap: u64) -> bool {
        let state = self.state();
        let connection = state.open.get(&tap);
        connection.is_some_and(|it| it.is_secured.load(Ordering::Relaxed))
    }

    pub(crate) fn closed(&self, tap: u64) {
        let closed = self.state().open.remove(&tap);
        if let Some(Connection { number, .. }) = closed.as_deref() {
            self.note(format_args!("Closing connection {number}"));
        }
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
