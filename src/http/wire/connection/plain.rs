//! The plain response: a whole one whose parts need not be checked against each other.
//!
//! ```text
//!   HTTP/1.1 200 OK              a status that allows a body
//!   Content-Type: text/plain     the program's fields, none of which has a meaning for the protocol (`Known`)
//!   Date: …                      the server's, all of them
//!   Transfer-Encoding: chunked   or a Content-Length
//!
//!   c␍␊Hello World␊␍␊0␍␊␍␊       content, and no trailers
//! ```
//!
//! Most responses are like this, to a request with HTTP/1.1 that is neither HEAD nor CONNECT, whose client does not wait
//! for a 100, on a connection that persists. [`Connection::send_whole`] sends it in the same bytes, and asks of each part
//! whether it contradicts another. Here one look at all of them shows that none can. The tests below compare the two.

use super::{Added, Connection, Framing, Sending, State};
use crate::http::wire::messages::{chunked, outgoing};
use crate::http::wire::{BodyLength, FieldList, ServerFields, Version};

/// What is sent if it is plain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain<'a> {
    pub(crate) status: u16,
    pub(crate) fields: &'a FieldList,
    pub(crate) server_fields: &'a ServerFields,
    pub(crate) content: &'a [u8],
    /// The head has the length of the content; otherwise the content is chunked.
    pub(crate) declares_length: bool,
}

impl Connection {
    /// Appends this response, if it is plain; returns how many bytes follow the content. `None`: it is not, and nothing
    /// has changed.
    #[inline(always)]
    pub(crate) fn send_plain(&mut self, plain: Plain<'_>, out: &mut Vec<u8>) -> Option<usize> {
        let allows_body = matches!(plain.status, 200..=203 | 206..=303 | 305..=599);
        if !allows_body || !plain.fields.has_no_known() || !self.is_plain() {
            return None;
        }
        let length = plain.content.len() as u64;
        let declared = plain.declares_length.then_some(length);
        outgoing::encode_plain(
            plain.status,
            plain.fields,
            plain.server_fields,
            declared,
            out,
        );
        let after = match declared {
            Some(length) => {
                out.extend_from_slice(plain.content);
                self.sending = Sending::declared(Framing::Known, length);
                0
            }
            None => {
                self.sending = Sending::undeclared(Framing::Chunked);
                chunked::encode_only(plain.content, out)
            }
        };
        self.responses = State::Done;
        self.added = Some(Added {
            kept_alive: Some(Version::Http11),
            framing: Some(declared.map_or(BodyLength::Chunked, BodyLength::Known)),
        });
        Some(after)
    }

    /// Whether a response to the current request can be plain.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        self.responses == State::Waiting
            && self.version == Version::Http11
            && self.persistent
            && !self.head_only
            && !self.connect
            && !self.continue_awaited
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::{
        HttpDate, Limits, Misuse, RequestDecoder, ResponseOut, Role, ServerFields,
    };

    const REQUESTS: [&str; 7] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n",
    ];
    const FIELDS: [&[(&str, &str)]; 7] = [
        &[],
        &[("Content-Type", "text/plain"), ("X-A", "")],
        &[("Content-Length", "16")],
        &[("Transfer-Encoding", "chunked")],
        &[("Connection", "close")],
        &[("Keep-Alive", "timeout=1")],
        &[("Date", "today"), ("Server", "barewire")],
    ];
    const LENGTHS: [usize; 4] = [0, 1, 16, 300];

    fn statuses() -> impl Iterator<Item = u16> {
        [0, 99, 100, 101, 404, 500, 599, 600, 999]
            .into_iter()
            .chain(198..=310)
    }

    fn asked(request: &str) -> Connection {
        let mut decoder = RequestDecoder::new(Limits::default());
        decoder.decode(request.as_bytes()).unwrap();
        let mut connection = Connection::new(Role::Server);
        let head = decoder.head(request.as_bytes());
        connection.receive_request(&head).unwrap();
        connection
    }

    fn list(pairs: &[(&str, &str)]) -> FieldList {
        let mut fields = FieldList::new();
        for (name, value) in pairs {
            fields.append(name, value).unwrap();
        }
        fields
    }

    /// Calls `f` with a connection that has received a request, and with a response that it may send.
    fn each_case(mut f: impl FnMut(&Connection, Plain<'_>, &ResponseOut<'_>)) {
        let server_fields = ServerFields::new(HttpDate::MAX, Some(5));
        let content = [b'x'; 300];
        for request in REQUESTS {
            let mut closing = asked(request);
            closing.close_after();
            // Refused bytes are no request, and get a response.
            let unasked = Connection::new(Role::Server);
            for connection in [asked(request), closing, unasked] {
                for pairs in FIELDS {
                    let fields = list(pairs);
                    for status in statuses() {
                        for length in LENGTHS {
                            let mut plain = Plain {
                                status,
                                fields: &fields,
                                server_fields: &server_fields,
                                content: &content[..length],
                                declares_length: false,
                            };
                            let head = ResponseOut::new(status, &fields);
                            let head = head.server_fields(&server_fields);
                            f(&connection, plain, &head);
                            plain.declares_length = true;
                            f(&connection, plain, &head.length(length as u64));
                        }
                    }
                }
            }
        }
    }

    /// What [`Connection::send_whole`] does, in three calls.
    fn send_in_parts(
        connection: &mut Connection,
        head: &ResponseOut<'_>,
        content: &[u8],
        trailers: &FieldList,
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        connection.check_response(Some(head), content.len(), Some(trailers))?;
        connection.send_response(head, out)?;
        if connection.begin_data(content.len(), out)? {
            out.extend_from_slice(content);
            connection.end_data(out);
        }
        connection.send_end(trailers, out)
    }

    #[test]
    fn whole_or_in_parts_a_response_has_the_same_bytes() {
        let (none, some) = (FieldList::new(), list(&[("Checksum", "1")]));
        each_case(|before, Plain { content, .. }, head| {
            for trailers in [&none, &some] {
                let (mut whole, mut parts) = (before.clone(), before.clone());
                let (mut at_once, mut one_by_one) = (Vec::new(), Vec::new());
                let sent = whole.send_whole(head, content, trailers, &mut at_once);
                let expected = send_in_parts(&mut parts, head, content, trailers, &mut one_by_one);
                let at = format!("{before:?} {head:?}");
                assert_eq!(sent.map(drop), expected, "{at}");
                assert_eq!(at_once, one_by_one, "{at}");
                assert_eq!(whole.responses, parts.responses, "{at}");
                assert_eq!(whole.persistent, parts.persistent, "{at}");
                if let (Ok(after), false) = (sent, before.head_only) {
                    let until = at_once.len() - after;
                    assert!(at_once[..until].ends_with(content), "{at}");
                }
            }
        });
    }

    #[test]
    fn plain_or_not_a_response_has_the_same_bytes() {
        let mut plain_ones = 0;
        each_case(|before, response, head| {
            let at = format!("{before:?} {head:?}");
            let (mut plain, mut bytes) = (before.clone(), Vec::new());
            let Some(after) = plain.send_plain(response, &mut bytes) else {
                assert!(bytes.is_empty(), "{at}");
                assert_eq!(format!("{plain:?}"), format!("{before:?}"));
                return;
            };
            let (mut whole, mut expected) = (before.clone(), Vec::new());
            let none = FieldList::new();
            let sent = whole.send_whole(head, response.content, &none, &mut expected);
            assert_eq!((Ok(after), bytes), (sent, expected), "{at}");
            assert_eq!(format!("{plain:?}"), format!("{whole:?}"));
            plain_ones += 1;
        });
        let statuses = statuses()
            .filter(|status| (200..=599).contains(status) && ![204, 205, 304].contains(status));
        // A GET and a POST that does not wait, the first two sets of fields, with a declared length and without.
        assert_eq!(plain_ones, statuses.count() * 2 * 2 * LENGTHS.len() * 2);
    }
}
