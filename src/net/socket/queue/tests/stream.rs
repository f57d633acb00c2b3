//! The stream below the queue, and all that a call of it may return.

use super::EndSent;

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Why {
    Reset,
    BrokenPipe,
    TooSlow,
}

#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Stream {
    pub(super) bytes: Vec<u8>,
    pub(super) fin: bool,
    /// We have shut both directions.
    pub(super) aborted: bool,
    pub(super) peer_fin: bool,
    pub(super) peer_reset: bool,
    /// The system reports a reset to one call, and a broken pipe to all others.
    pub(super) reset_reported: bool,
    /// It is TLS: the end needs room, too.
    pub(super) end_needs_room: bool,
}

impl Stream {
    pub(super) fn is_writable(&self) -> bool {
        !self.aborted && !self.peer_reset
    }

    /// All that a call with these bytes may return; `None`: no room, or not within the slice.
    pub(super) fn take(&self, bytes: &[u8]) -> Vec<(Stream, Option<Result<usize, Why>>)> {
        assert!(!self.fin, "nothing is written after the FIN");
        if !self.is_writable() {
            let mut after = self.clone();
            let is_news = self.peer_reset && !self.reset_reported;
            after.reset_reported |= is_news;
            let why = if is_news { Why::Reset } else { Why::BrokenPipe };
            return vec![(after, Some(Err(why)))];
        }
        let some = |n: usize| {
            let mut after = self.clone();
            after.bytes.extend_from_slice(&bytes[..n]);
            (after, Some(Ok(n)))
        };
        let mut all = vec![(self.clone(), None), some(bytes.len())];
        if bytes.len() > 1 {
            all.push(some(1));
        }
        all
    }

    pub(super) fn end(&self) -> Vec<(Stream, EndSent)> {
        if !self.is_writable() {
            return vec![(self.clone(), EndSent::Failed)];
        }
        let mut after = self.clone();
        assert!(!after.fin, "one FIN");
        after.fin = true;
        let mut all = vec![(after, EndSent::Sent)];
        if self.end_needs_room {
            all.push((self.clone(), EndSent::NoRoom));
        }
        all
    }
}
