//! The order in which a run is logged: a read stands behind the write of its bytes.
//!
//! A tap reports a write when it has returned, and the peer may have read its bytes by then:
//!
//! ```text
//!   client   ├── write "ask" ───────────────────┤ Sent "ask"
//!   server              ├── read "ask" ┤ Received "ask": held      logged: the write, the read
//! ```
//!
//! So a read is held until the other end of its connection has reported these bytes, and what the same side does next is
//! held behind it. What is held when the run ends, behind a write that was cut, is logged then.

use barewire::trace::wire::{Direction, Layer};
use std::mem;

/// At which end of a connection something is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    pub(crate) fn key(self) -> &'static str {
        self.sends().key()
    }

    pub(crate) fn sends(self) -> Direction {
        match self {
            Side::Client => Direction::FromClient,
            Side::Server => Direction::FromServer,
        }
    }

    pub(crate) fn receives(self) -> Direction {
        self.other().sends()
    }

    pub(crate) fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

/// Where something has happened.
pub(crate) struct Moment {
    pub(crate) side: Side,
    /// `None`: the program has seen it, on whichever connection.
    pub(crate) conversation: Option<usize>,
    /// A read: whose bytes, and how many.
    pub(crate) read: Option<(Layer, Direction, u64)>,
}

/// What has happened and is not logged yet.
pub(crate) struct Order<W>(Vec<(Moment, W)>);

impl<W> Default for Order<W> {
    fn default() -> Order<W> {
        Order(Vec::new())
    }
}

impl<W> Order<W> {
    pub(crate) fn push(&mut self, moment: Moment, write: W) {
        self.0.push((moment, write));
    }

    /// What may be logged next: the bytes of a read are written, and nothing is held that came before at this side.
    pub(crate) fn next(&mut self, is_written: impl Fn(&Moment) -> bool) -> Option<W> {
        let is_next = |at: usize| {
            let moment = &self.0[at].0;
            let is_behind = |(other, _): &(Moment, W)| {
                let of_one = other.conversation == moment.conversation;
                let of_all = other.conversation.is_none() || moment.conversation.is_none();
                other.side == moment.side && (of_one || of_all)
            };
            is_written(moment) && !self.0[..at].iter().any(is_behind)
        };
        let next = (0..self.0.len()).find(|&at| is_next(at))?;
        Some(self.0.remove(next).1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The run ends: no report comes any more.
    pub(crate) fn rest(&mut self) -> impl Iterator<Item = W> + use<W> {
        mem::take(&mut self.0).into_iter().map(|(_, write)| write)
    }
}
