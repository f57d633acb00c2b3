//! What is told while a transfer goes on, in the form of the book's `curl -v`.
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
//! The `*` lines come from whoever does the thing. The `>` and `<` lines are what really went over
//! the connection: a [`Tap`] cuts them out of the bytes.

use crate::tap::Tap;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

#[derive(Debug)]
pub(crate) struct Transcript {
    verbose: bool,
    seen: Mutex<Seen>,
}

/// How far the request at hand has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    #[default]
    Start,
    Resolving,
    Connecting,
    Securing,
    Connected,
    /// Something of the answer's head is here.
    Head,
    /// The head was a good one.
    Body,
}

#[derive(Debug, Default)]
struct Seen {
    phase: Phase,
    status: u16,
    /// The heads that have come, for `-i`.
    heads: Vec<u8>,
    /// All connections, in the order in which they were opened.
    taps: Vec<Weak<Tap>>,
    current: usize,
}

impl Transcript {
    pub(crate) fn new(verbose: bool) -> Transcript {
        Transcript {
            verbose,
            seen: Mutex::default(),
        }
    }

    /// A `*` line.
    pub(crate) fn note(&self, text: impl fmt::Display) {
        self.line('*', text.to_string().as_bytes());
    }

    /// A line of a head, with what could move the cursor escaped.
    pub(crate) fn line(&self, mark: char, line: &[u8]) {
        if self.verbose {
            let text = String::from_utf8_lossy(line);
            let escaped = |c: char| match c.is_control() && c != '\t' {
                true => c.escape_default().to_string(),
                false => c.to_string(),
            };
            let text: String = text.chars().map(escaped).collect();
            let _ = writeln!(io::stderr(), "{mark} {text}");
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.seen().phase
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.seen().phase = phase;
    }

    /// A line of a head has come, its end included; `status` with the first.
    pub(crate) fn head_line(&self, line: &[u8], status: Option<u16>) {
        let mut seen = self.seen();
        seen.heads.extend_from_slice(line);
        seen.status = status.unwrap_or(seen.status);
    }

    pub(crate) fn last_status(&self) -> u16 {
        self.seen().status
    }

    /// The heads that have come for this URL.
    pub(crate) fn heads(&self) -> Vec<u8> {
        self.seen().heads.clone()
    }

    /// The next URL.
    pub(crate) fn restart(&self) {
        let mut seen = self.seen();
        (seen.phase, seen.status) = (Phase::Start, 0);
        seen.heads.clear();
    }

    /// How many connections have been opened.
    pub(crate) fn connections(&self) -> usize {
        self.seen().taps.len()
    }

    pub(crate) fn opened(&self, tap: Weak<Tap>) {
        let mut seen = self.seen();
        seen.current = seen.taps.len();
        seen.taps.push(tap);
    }

    /// What is listened to on this connection is another stream now.
    pub(crate) fn replaced(&self, number: usize, tap: Weak<Tap>) {
        self.seen().taps[number] = tap;
    }

    /// The request at hand has this connection.
    pub(crate) fn uses(&self, number: usize) {
        self.seen().current = number;
    }

    /// The transfer is over: is its connection still there?
    pub(crate) fn finish(&self) {
        let tap = {
            let seen = self.seen();
            seen.taps.get(seen.current).and_then(Weak::upgrade)
        };
        if let Some(tap) = tap {
            let (number, host) = (tap.number(), tap.host());
            self.note(format_args!(
                "Connection #{number} to host {host} left intact"
            ));
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
