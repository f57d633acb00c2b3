//! A worker's end of the control stream, which is its standard output; and the turn to accept, which comes along it.

use super::lines::{Part, Splitter, Verb};
use crate::net::{Turn, lock, wait_until};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// A parent that reads nothing for this long is as good as gone.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a thread waits for the turn before it looks whether its server stops.
const MOMENT: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Control {
    /// `None`: the parent is gone.
    stream: Option<UnixStream>,
    writing: Mutex<()>,
    turn: Mutex<TurnState>,
    given: Condvar,
}

#[derive(Debug, PartialEq, Eq)]
enum TurnState {
    Passed,
    /// The parent has been asked for the turn, and has not given it yet.
    Wanted,
    Given,
}

impl Control {
    pub(super) fn of_stdout() -> Control {
        let stream = || {
            let stream = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
            stream.set_write_timeout(Some(STALL_TIMEOUT))?;
            Ok::<_, io::Error>(stream)
        };
        Control {
            stream: stream().ok(),
            writing: Mutex::new(()),
            turn: Mutex::new(TurnState::Passed),
            given: Condvar::new(),
        }
    }

    pub(super) fn report(&self, verb: Verb, text: &str) -> io::Result<()> {
        let line = verb.line(text)?;
        let _writing = lock(&self.writing);
        self.stream()?.write_all(&line)
    }

    /// Calls `each` with what the parent says, until that returns true. False: the parent is gone.
    pub(super) fn listen(&self, mut each: impl FnMut(Verb, &str) -> bool) -> bool {
        let (mut splitter, mut buf, mut is_over) = (Splitter::default(), [0; 4096], false);
        while !is_over {
            let n = match self.stream().and_then(|mut stream| stream.read(&mut buf)) {
                Ok(n @ 1..) => n,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Ok(_) | Err(_) => return false,
            };
            splitter.receive(&buf[..n], |part| match part {
                Part::Line(Some((Verb::Turn, _))) => self.give_turn(),
                Part::Line(Some((verb, text))) if !is_over => is_over = each(verb, &text),
                _ => {}
            });
        }
        true
    }

    fn give_turn(&self) {
        *lock(&self.turn) = TurnState::Given;
        self.given.notify_one();
    }

    fn stream(&self) -> io::Result<&UnixStream> {
        let gone = || io::Error::new(ErrorKind::NotConnected, "there is no parent");
        self.stream.as_ref().ok_or_else(gone)
    }
}

/// One thread at a time wants the turn, or has it.
impl Turn for Control {
    fn acquire(&self) -> bool {
        let until = Instant::now().checked_add(MOMENT);
        let mut turn = lock(&self.turn);
        if *turn == TurnState::Passed {
            *turn = TurnState::Wanted;
            let _ = self.report(Verb::WantTurn, ""); // the parent is gone: `serve` sees it
        }
        while *turn != TurnState::Given {
            turn = match wait_until(&self.given, turn, until) {
                Some(turn) => turn,
                None => return false,
            };
        }
        true
    }

    fn release(&self, _accepted: bool) {
        let mut turn = lock(&self.turn);
        *turn = TurnState::Passed;
        let _ = self.report(Verb::PassTurn, "");
    }
}
