//! Sealed records that have not left yet, and the plaintext in them.
//!
//! A record that is sealed cannot be taken back: it has a number, and the peer waits for that number. So
//! when the write timeout passes in the middle of sealed records, they stay in flight. A write reports
//! only plaintext whose records have left entirely. The rest counts as not taken: the caller writes it
//! again, as after every write that took less than all, and it is not sealed a second time:
//!
//! ```text
//!   write(a b c d)       a │ b │ c │ d      sealed, four records; the timeout passes in c
//!     = 2 (a b)          ✓   ✓   ▒   ·
//!   write(c d e)                 c │ d      the rest leaves first, and is compared with what was sealed
//!     = 2 (c d)                  ✓   ✓      e is for the next write
//! ```
//!
//! A caller that writes other bytes in place of `c d` gets an error.

use std::io::{self, ErrorKind, IoSlice};
use std::iter;

/// The most plaintext in a record (RFC 8446 §5.1).
const RECORD_BYTES: usize = 16 * 1024;
const HEADER_BYTES: usize = 5;
const ALERT: u8 = 21;
/// A larger buffer is freed: to allocate another costs little beside sealing that many bytes.
const KEPT_BYTES: usize = 4 * 1024;

/// Records between rustls and the stream below.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlight {
    /// Whole records. The bytes before `offset` have left.
    sealed: Vec<u8>,
    offset: usize,
    /// How many bytes of plaintext the last write has sealed.
    plaintext: usize,
    /// Where the last record of that plaintext ends.
    plaintext_end: usize,
    /// There are records that no write will come again for: an alert, a ticket, close_notify.
    control: bool,
    /// The sealed plaintext that no write has reported.
    unreported: Vec<u8>,
}

impl InFlight {
    pub(super) fn is_empty(&self) -> bool {
        self.offset == self.sealed.len()
    }

    /// Whether a write has sealed plaintext and has not reported it.
    pub(super) fn has_unreported(&self) -> bool {
        !self.unreported.is_empty()
    }

    /// Whether there are records that no write will come again for.
    pub(super) fn has_control(&self) -> bool {
        self.control
    }

    /// The buffer, to append whole records to.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.sealed
    }

    /// Such records were appended, or are appended next.
    pub(super) fn note_control(&mut self) {
        self.control = true;
    }

    /// A write has sealed this many bytes of plaintext; its records are the last ones here.
    pub(super) fn note_plaintext(&mut self, bytes: usize) {
        self.plaintext = bytes;
        self.plaintext_end = if bytes > 0 { self.sealed.len() } else { 0 };
    }

    /// Takes the buffer out, for a write without the lock. The bytes from the offset on are to be written.
    pub(super) fn take(&mut self) -> (Vec<u8>, usize) {
        (std::mem::take(&mut self.sealed), self.offset)
    }

    /// Puts the buffer back. `n` more bytes of it have left.
    pub(super) fn put_back(&mut self, sealed: Vec<u8>, n: usize) {
        self.sealed = sealed;
        self.offset += n;
        if self.is_empty() {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        (self.offset, self.plaintext_end, self.control) = (0, 0, false);
        match self.sealed.capacity() > KEPT_BYTES {
            true => self.sealed = Vec::new(),
            false => self.sealed.clear(),
        }
    }

    /// Whether the last write had plaintext, and all of it has left.
    pub(super) fn plaintext_is_sent(&self) -> bool {
        self.plaintext > 0 && self.offset >= self.plaintext_end
    }

    /// Whether the last record is an alert. (Under TLS 1.3 all say that they are data.)
    pub(super) fn ends_with_alert(&self) -> bool {
        records(&self.sealed)
            .last()
            .is_some_and(|(kind, _)| kind == ALERT)
    }

    /// Refuses other bytes than those that are sealed and unreported.
    pub(super) fn compare(&self, bufs: &[IoSlice<'_>]) -> io::Result<()> {
        let mut rest = &self.unreported[..];
        for buf in bufs {
            let n = buf.len().min(rest.len());
            if buf[..n] != rest[..n] {
                let why = "after a write that timed out the same bytes must come again: \
                           they are sealed, and cannot be taken back";
                return Err(io::Error::new(ErrorKind::InvalidInput, why));
            }
            rest = &rest[n..];
        }
        Ok(())
    }

    /// What the write of `bufs` returns if all records have left.
    #[inline]
    pub(super) fn report_all(&mut self, bufs: &[IoSlice<'_>]) -> usize {
        match self.has_unreported() {
            true => self.report(bufs),
            false => self.plaintext,
        }
    }

    /// What the write of `bufs` returns if some records have not left. The rest is kept, to be compared.
    #[cold]
    pub(super) fn report_part(&mut self, bufs: &[IoSlice<'_>]) -> usize {
        if !self.has_unreported() {
            let all = bufs.iter().flat_map(|buf| buf.iter().copied());
            self.unreported = all.take(self.plaintext).collect();
        }
        self.report(bufs)
    }

    /// How much of the unreported plaintext has left and is offered again in `bufs`: this call reports it.
    #[cold]
    fn report(&mut self, bufs: &[IoSlice<'_>]) -> usize {
        let reported = self.plaintext - self.unreported.len();
        let offered = bufs.iter().map(|buf| buf.len()).sum();
        let n = self.sent_plaintext().saturating_sub(reported).min(offered);
        self.unreported.drain(..n);
        n
    }

    /// How much plaintext has left in whole records. All records but the last are full.
    fn sent_plaintext(&self) -> usize {
        match self.records_left() {
            0 => self.plaintext,
            left => {
                let sent = self.plaintext.div_ceil(RECORD_BYTES).saturating_sub(left);
                sent * RECORD_BYTES
            }
        }
    }

    /// How many records up to the plaintext's last have not left, or not entirely.
    fn records_left(&self) -> usize {
        let ends = records(&self.sealed[..self.plaintext_end]).map(|(_, end)| end);
        ends.filter(|end| *end > self.offset).count()
    }
}

/// What kind each record says it is, and where it ends.
fn records(sealed: &[u8]) -> impl Iterator<Item = (u8, usize)> {
    let mut at = 0;
    iter::from_fn(move || {
        let &[kind, _, _, high, low] = sealed.get(at..at + HEADER_BYTES)? else {
            return None;
        };
        at += HEADER_BYTES + usize::from(u16::from_be_bytes([high, low]));
        Some((kind, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sealed: &[u8]) -> InFlight {
        InFlight {
            sealed: sealed.to_vec(),
            ..InFlight::default()
        }
    }

    #[test]
    fn an_alert_in_place_of_data_is_noticed() {
        let data = [23, 3, 3, 0, 2, 9, 9];
        let alert = [21, 3, 3, 0, 1, 9];
        assert!(!of(&[]).ends_with_alert());
        assert!(!of(&[&alert[..], &data].concat()).ends_with_alert());
        assert!(of(&[&data[..], &alert].concat()).ends_with_alert());
    }

    #[test]
    fn plaintext_is_sent_when_its_record_is() {
        let record = |bytes: usize| {
            let [.., high, low] = bytes.to_be_bytes();
            [&[23, 3, 3, high, low][..], &vec![0; bytes]].concat()
        };
        let (full, last) = (record(RECORD_BYTES + 17), record(100 + 17));
        let mut in_flight = of(&[&record(50), &full[..], &full, &last].concat());
        in_flight.note_plaintext(2 * RECORD_BYTES + 100);
        in_flight.sealed.extend(record(19)); // an alert behind it does not count
        let mut sent = |offset| {
            in_flight.offset = offset;
            in_flight.sent_plaintext()
        };
        let first = 55 + full.len();
        assert_eq!([sent(0), sent(55), sent(first - 1)], [0; 3]);
        assert_eq!(sent(first), RECORD_BYTES);
        let second = first + full.len();
        assert_eq!(sent(second + last.len() - 1), 2 * RECORD_BYTES);
        assert_eq!(sent(second + last.len()), 2 * RECORD_BYTES + 100);
    }
}
