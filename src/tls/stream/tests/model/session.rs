//! A session in place of rustls: records are readable, and their order is recorded.

use super::super::super::write_queue::Session;
use super::*;

/// Makes a record for each write, for an alert, and for close_notify.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    records: Vec<u8>,
    /// All records that were ever made, in order.
    pub(super) made: Vec<u8>,
    pub(super) closed: bool,
}

pub(super) const DATA: u8 = 23;
pub(super) const CLOSE_NOTIFY: u8 = 21;
pub(super) const OTHER_ALERT: u8 = 22;

impl Model {
    pub(super) fn make(&mut self, kind: u8, bytes: &[u8]) {
        assert!(!self.closed, "nothing is made behind close_notify");
        let record = [&[kind, 3, 3, 0, bytes.len() as u8], bytes].concat();
        self.records.extend(&record);
        self.made.extend(record);
    }
}

impl Session for Model {
    fn seal(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.to_vec()).collect();
        if !all.is_empty() {
            self.make(DATA, &all);
        }
        Ok(all.len())
    }

    fn has_records(&self) -> bool {
        !self.records.is_empty()
    }

    fn take_records(&mut self, sealed: &mut Vec<u8>) {
        sealed.append(&mut self.records);
    }

    fn send_close_notify(&mut self) {
        if !self.closed {
            self.make(CLOSE_NOTIFY, b"C");
            self.closed = true;
        }
    }
}

/// The whole records in these bytes.
pub(super) fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = 5 + usize::from(*rest.get(4)?);
        let (record, behind) = rest.split_at_checked(length)?;
        rest = behind;
        Some(record)
    })
}
