//! Writing: the calls that wait for room, the one that does not, and the end.

use super::Inner;
use super::queue::{Accepted, Room};
use super::turn::Turn;
use super::write_state::PIECE_BYTES;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;

impl Inner {
    /// A write that does not wait; false: no more until `drain`.
    pub(super) fn push(self: &Arc<Self>, bytes: &[u8]) -> bool {
        let mut state = self.writing.lock();
        match state.queue.write(bytes) {
            Err(refused) => {
                state.refusal(refused);
                false
            }
            Ok(Accepted::Queued) => {
                let room = state.queue.room();
                drop(state);
                self.has_room(room)
            }
            Ok(Accepted::Turn) => {
                state.queue.call_begins();
                drop(state);
                Turn::new(self).offer(bytes)
            }
        }
    }

    /// Whether more may be written. If a caller goes on beyond `max_buffered`, the connection is broken
    /// off.
    pub(super) fn has_room(&self, room: Room) -> bool {
        if let Room::Exceeded(queued) = room {
            let limit = self.settings.max_buffered;
            let why = "the peer does not read, or too much was written at once";
            self.give_up(format!(
                "{queued} bytes are queued, the limit is {limit}: {why}"
            ));
        }
        room == Room::Free
    }

    /// Writes as a stream does: waits for room, returns how many bytes were taken.
    pub(super) fn write(self: &Arc<Self>, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let Some(first) = bufs.iter().find(|buf| !buf.is_empty()) else {
            return Ok(0);
        };
        let piece = [IoSlice::new(&first[..first.len().min(PIECE_BYTES)])];
        let all: usize = bufs.iter().map(|buf| buf.len()).sum();
        let bufs = if all > PIECE_BYTES { &piece } else { bufs };
        let (turn, state) = Turn::wait_for(self)?;
        let (state, wrote) = turn.write_some(state, bufs);
        let _ = turn.give_back(state);
        wrote
    }

    /// Writes until all is gone, in one piece: the turn is kept between.
    pub(super) fn write_all(self: &Arc<Self>, mut bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let (turn, mut state) = Turn::wait_for(self)?;
        let done = loop {
            let piece = &bytes[..bytes.len().min(PIECE_BYTES)];
            let wrote;
            (state, wrote) = turn.write_some(state, &[IoSlice::new(piece)]);
            match wrote {
                Ok(n) if n == bytes.len() => break Ok(()),
                Ok(n) => bytes = &bytes[n..],
                Err(e) => break Err(e),
            }
        };
        let _ = turn.give_back(state);
        done
    }

    /// The FIN leaves after what is queued.
    pub(super) fn end(self: &Arc<Self>) -> io::Result<()> {
        let mut state = self.writing.lock();
        let is_ours = state.queue.end();
        self.writing.notify(&state);
        match is_ours {
            Err(_) => Err(ErrorKind::NotConnected.into()),
            Ok(false) => Ok(()), // the thread with the turn sends it
            Ok(true) => Turn::new(self).give_back(state),
        }
    }
}
