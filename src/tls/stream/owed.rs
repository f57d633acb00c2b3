//! What is owed, by whom it is sent, and how a connection ends.
//!
//! ```text
//!   put it into the state ──► try the pen ──► got it: send what the state holds, lay it down, look again
//!                                    └──────► taken: its holder will look, so it is none of ours
//! ```

use super::pen::{BATCH_BYTES, Pen, Room};
use super::{Tls, try_lock};
use rustls::Connection;
use std::io;
use std::net::Shutdown;

/// Memory, and nothing that waits.
pub(super) struct State {
    pub(super) connection: Connection,
    /// Nobody writes any more: close_notify was made.
    pub(super) done: bool,
    /// A FIN is to follow it.
    fin: bool,
}

impl State {
    pub(super) fn new(mut connection: Connection) -> State {
        connection.set_buffer_limit(Some(BATCH_BYTES));
        State {
            connection,
            done: false,
            fin: false,
        }
    }

    /// Whether somebody has to take the pen.
    pub(super) fn owes(&self) -> bool {
        self.connection.wants_write() || self.fin
    }

    /// Nothing can be sent any more.
    pub(super) fn owes_nothing(&mut self) {
        self.fin = false;
    }

    // RFC 8446 §6.1: "Each party MUST send a "close_notify" alert before closing its write side of
    // the connection, unless it has already sent some error alert."
    fn finish(&mut self) {
        self.done = true;
        self.connection.send_close_notify();
    }
}

impl Tls {
    /// Sends what is owed, unless the pen is taken: then its holder does.
    pub(super) fn settle(&self) -> io::Result<()> {
        while self.state().owes() {
            match try_lock(&self.pen) {
                Some(mut pen) => self.settle_with(&mut pen, Room::IsWaitedFor)?,
                None => break,
            }
        }
        Ok(())
    }

    /// The same without waiting for room. What finds none waits for the next write.
    #[cold]
    pub(super) fn settle_at_once(&self) {
        while self.state().owes() {
            let Some(mut pen) = try_lock(&self.pen) else {
                return;
            };
            if self.settle_with(&mut pen, Room::IsThereOrNot).is_err() {
                return;
            }
        }
    }

    fn settle_with(&self, pen: &mut Pen, room: Room) -> io::Result<()> {
        let mut state = self.state();
        state.take_owed(pen.sealed());
        let fin = state.fin;
        drop(state);
        self.push(pen, room)?;
        if fin {
            self.state().fin = false;
            self.below.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    pub(super) fn end_writing(&self) -> io::Result<()> {
        let mut state = self.state();
        state.finish();
        state.fin = true;
        drop(state);
        self.settle()
    }

    pub(super) fn end(&self) -> io::Result<()> {
        self.say_goodbye();
        self.below.shutdown(Shutdown::Both)
    }

    /// close_notify, if it is possible at once.
    pub(super) fn say_goodbye(&self) {
        self.state().finish();
        self.settle_at_once();
    }
}
