//! The fields that a server adds to nearly every response. They are the same for a second, and encoded once.
//!
//! ```text
//!   Date: Sat, 07 May 2022 01:26:03 GMT
//!   Connection: keep-alive
//!   Keep-Alive: timeout=5
//!   Transfer-Encoding: chunked    and the end of the head
//! ```
//!
//! A response whose own fields have none of these gets all of them in one copy, if the connection persists: with the
//! last lines, or up to them. `outgoing.rs` decides.

use crate::http::wire::HttpDate;
use std::fmt::{self, Write};

/// `Date: `, an IMF-fixdate and the end of the line.
const DATE_BYTES: usize = 6 + 29 + 2;
/// Behind the others: the framing of a body whose length the head does not declare.
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n\r\n";
/// The longest text: a Keep-Alive may have 20 digits.
const MOST_BYTES: usize = DATE_BYTES + 24 + 20 + 20 + 2 + CHUNKED.len();

/// Date, `Connection: keep-alive` and Keep-Alive, to be added to the responses of one second.
///
/// ```
/// use barewire::http::wire::{Connection, FieldList, HttpDate, ResponseOut, Role, ServerFields};
///
/// let date = HttpDate::from_unix_seconds(784_111_777).unwrap();
/// let (added, fields) = (ServerFields::new(date, Some(5)), FieldList::new());
/// let head = ResponseOut::new(200, &fields).server_fields(&added);
///
/// let (mut connection, mut out) = (Connection::new(Role::Server), Vec::new());
/// connection.send_response(&head, &mut out)?; // to no request: so the connection ends
/// assert!(out.starts_with(b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\n"));
/// # Ok::<(), barewire::http::wire::Misuse>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ServerFields {
    text: [u8; MOST_BYTES],
    length: u8,
    keep_alive_secs: Option<u64>,
}

impl ServerFields {
    /// With this Date. `keep_alive_secs`: how long an idle connection is kept, for the Keep-Alive field.
    pub fn new(date: HttpDate, keep_alive_secs: Option<u64>) -> ServerFields {
        let mut fields = ServerFields {
            text: [0; MOST_BYTES],
            length: 0,
            keep_alive_secs,
        };
        // There is room for the longest.
        let _ = write!(fields, "Date: {date}\r\nConnection: keep-alive\r\n");
        if let Some(secs) = keep_alive_secs {
            let _ = write!(fields, "Keep-Alive: timeout={secs}\r\n");
        }
        let _ = fields.write_str(CHUNKED);
        fields
    }

    /// All of them, encoded.
    #[inline]
    pub(super) fn all(&self) -> &[u8] {
        &self.text[..usize::from(self.length) - CHUNKED.len()]
    }

    /// All of them, `Transfer-Encoding: chunked` and the end of the head.
    #[inline]
    pub(super) fn all_and_chunked(&self) -> &[u8] {
        &self.text[..usize::from(self.length)]
    }

    /// The line of the Date alone.
    pub(super) fn date_line(&self) -> &[u8] {
        &self.text[..DATE_BYTES]
    }

    /// The number in Keep-Alive.
    pub(super) fn keep_alive_secs(&self) -> Option<u64> {
        self.keep_alive_secs
    }
}

impl Write for ServerFields {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let at = usize::from(self.length);
        let end = at + text.len();
        let room = self.text.get_mut(at..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end as u8; // no more than `MOST_BYTES`
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_has_room() {
        let fields = ServerFields::new(HttpDate::MAX, Some(u64::MAX));
        assert_eq!(fields.all_and_chunked().len(), MOST_BYTES);
        assert!(fields.all().ends_with(b"=18446744073709551615\r\n"));
        assert!(fields.date_line().ends_with(b"9999 23:59:59 GMT\r\n"));
        let fields = ServerFields::new(HttpDate::MAX, None);
        assert!(fields.all().ends_with(b"Connection: keep-alive\r\n"));
    }
}
