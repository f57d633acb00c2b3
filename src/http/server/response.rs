//! The response that a handler writes, in the book's words.

mod compress;

use super::exchange::{ResponseDraft, ServerConnection};
use crate::http::error::{Error, Handled};
use crate::http::field_values::{self, FieldValues};
use crate::http::head_fields::HeadFields;
use crate::http::wire::FieldList;
use std::cell::{RefCell, RefMut};
use std::fmt;
use std::io;

/// A response: `set_header`, `write_head`, `write`, `flush`, `end`.
///
/// - The head leaves with the first byte of the body, or with [`flush`](Self::flush). After
///   [`write_head`](Self::write_head), or once it has left, nothing of it can be changed; trying is an error, not silence
///   (E43).
/// - [`end`](Self::end) consumes the response, so it is called once. If a handler returns without it, fails
///   or panics, the client gets 500 if nothing was sent, and a cut connection if something was; a handler whose client
///   has [left](Self::client_left) may return without it. A client
///   of HTTP/1.0 without TLS takes the cut for the end of a body that has no Content-Length: such a body ends
///   with the connection, and nothing distinguishes the two.
/// - A head that was written by [`write_head`](Self::write_head) without a Content-Length is sent
///   with the chunked coding (to an HTTP/1.0 client: until the connection ends); without `write_head`, a single `end(data)` gets its Content-Length.
/// - A Content-Length counts bytes and is checked (E29): data beyond it is refused before it is sent, and a
///   body that ends before it cuts the connection.
/// - A handler may close the connection with `Connection: close`, and announce a shorter `Keep-Alive` than the
///   server's. What contradicts the server is left out: `keep-alive` where the connection ends, a longer timeout.
/// - A response without an end of its own (a stream of events, a long poll) asks from time to time whether the server
///   [stops](Self::is_stopping) and whether its client has [left](Self::client_left).
/// - For HEAD the handler does the same as for GET. The head is sent; the body is counted and not sent, and
///   may be shorter than declared.
///
/// ```
/// use barewire::http;
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     let res = res.write_head(200, [("Content-Type", "text/plain")])?;
///     res.end("Hello World\n")
/// }
/// # let server = http::create_server(handler);
/// # let answer = String::from_utf8_lossy(&server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).into_owned();
/// # assert!(answer.ends_with("Transfer-Encoding: chunked\r\n\r\nc\r\nHello World\n\r\n0\r\n\r\n"), "{answer}");
/// ```
pub struct Response<'a> {
    connection: &'a RefCell<ServerConnection>,
}

impl<'a> Response<'a> {
    pub(crate) fn new(connection: &'a RefCell<ServerConnection>) -> Response<'a> {
        Response { connection }
    }

    #[inline]
    fn draft(&self) -> RefMut<'_, ResponseDraft> {
        RefMut::map(self.connection.borrow_mut(), |connection| {
            &mut connection.draft
        })
    }

    /// The status of an implicit head; 200 by default.
    ///
    /// # Errors
    /// [`Misuse::Status`](crate::http::wire::Misuse::Status) outside 200 to 599,
    /// [`Misuse::HeadSent`](crate::http::wire::Misuse::HeadSent) after the head.
    pub fn set_status(&mut self, status: u16) -> Result<&mut Self, Error> {
        self.draft().set_status(status, false, None)?;
        Ok(self)
    }

    /// Sets a field, replacing all of this name; a list of values becomes a line each.
    ///
    /// ```
    /// # use barewire::http;
    /// # fn handler(_req: http::Request, mut res: http::Response) -> http::Handled {
    /// res.set_header("Content-Type", "text/html")?;
    /// res.set_header("Content-Type", "text/plain")?; // replaces
    /// res.set_header("Set-Cookie", ["foo=bar", "bar=baz"])?;
    /// # res.end("")
    /// # }
    /// # let server = http::create_server(handler);
    /// # let answer = String::from_utf8_lossy(&server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).into_owned();
    /// # assert!(answer.contains("\r\nContent-Type: text/plain\r\nSet-Cookie: foo=bar\r\nSet-Cookie: bar=baz\r\n"));
    /// ```
    ///
    /// # Errors
    /// A [`Misuse`](crate::http::wire::Misuse) for bytes that a field must not hold, or after the head;
    /// what was set before is then still set.
    pub fn set_header(&mut self, name: &str, values: impl FieldValues) -> Result<&mut Self, Error> {
        let mut draft = self.draft();
        let fields = draft.fields_mut()?;
        field_values::set(fields, name, &values)?;
        drop(draft);
        Ok(self)
    }

    /// The first value of a field. Once the head has been sent, a value that was sent, also of a field that
    /// the connection added.
    pub fn get_header(&self, name: &str) -> Option<String> {
        let values = self.get_header_all(name);
        values
            .first()
            .map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// All values of a field, as bytes.
    pub fn get_header_all(&self, name: &str) -> Vec<Vec<u8>> {
        self.connection.borrow().get_header(name)
    }

    /// Whether there is a field of this name.
    pub fn has_header(&self, name: &str) -> bool {
        !self.get_header_all(name).is_empty()
    }

    /// Removes all fields of this name; whether there was one.
    ///
    /// # Errors
    /// [`Misuse::HeadSent`](crate::http::wire::Misuse::HeadSent) after the head.
    pub fn remove_header(&mut self, name: &str) -> Result<bool, Error> {
        Ok(self.draft().fields_mut()?.remove(name))
    }

    /// Writes the head: a status, or a status and a reason phrase, and fields that replace those of
    /// [`set_header`](Self::set_header): `()` for none, an array, a `Vec`, an iterator … of pairs ([`HeadFields`]).
    /// From then on the head cannot change. Chains into [`end`](Self::end).
    ///
    /// ```
    /// # use barewire::http;
    /// # fn handler(_req: http::Request, mut res: http::Response) -> http::Handled {
    /// res.set_header("Content-Type", "text/html")?;
    /// let res = res.write_head((200, "success"), [("Content-Type", "text/plain"), ("X-Foo", "bar")])?;
    /// res.end("ok")
    /// # }
    /// # let server = http::create_server(handler);
    /// # let answer = String::from_utf8_lossy(&server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).into_owned();
    /// # assert!(answer.starts_with("HTTP/1.1 200 success\r\nContent-Type: text/plain\r\nX-Foo: bar\r\n"));
    /// ```
    ///
    /// # Errors
    /// A [`Misuse`](crate::http::wire::Misuse) for a status or bytes that must not be sent, or a second head.
    pub fn write_head<Pair>(
        self,
        status: impl Into<Status<'a>>,
        fields: impl HeadFields<Pair>,
    ) -> Result<Response<'a>, Error> {
        let Status {
            code,
            is_forwarded,
            reason,
        } = status.into();
        self.draft().set_status(code, is_forwarded, reason)?;
        self.merge(fields)?;
        self.draft().freeze_head();
        Ok(self)
    }

    /// Appends fields, which replace those that were set before.
    pub(super) fn merge<Pair>(&self, fields: impl HeadFields<Pair>) -> Result<(), Error> {
        let mut before = self.draft().field_count();
        // The iterator may be lazy, and look at the request while it goes.
        fields.each(|name, value| {
            before -= self.draft().merge(before, name, value)?;
            Ok(())
        })
    }

    /// Lets `change` set fields.
    pub(crate) fn change_fields<T>(
        &mut self,
        change: impl FnOnce(&mut FieldList) -> T,
    ) -> Result<T, Error> {
        Ok(change(self.draft().fields_mut()?))
    }

    /// Sends a piece of the body now, behind the head if that has not been sent. A response that is
    /// [compressed](Self::compress) leaves in larger pieces, or with [`flush`](Self::flush).
    ///
    /// ```
    /// # use barewire::http;
    /// fn handler(_req: http::Request, mut res: http::Response) -> http::Handled {
    ///     for line in 1..=3 {
    ///         res.write(format!("line {line}\n"))?; // the client has it now
    ///     }
    ///     res.end("")
    /// }
    /// # let server = http::create_server(handler);
    /// # assert!(server.answer_to(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"\r\n\r\nline 1\nline 2\nline 3\n"));
    /// ```
    ///
    /// # Errors
    /// A [`Misuse`](crate::http::wire::Misuse) for more than the declared length or a body where there is none;
    /// an error of the connection.
    pub fn write(&mut self, data: impl AsRef<[u8]>) -> Result<(), Error> {
        let data = data.as_ref(); // the program's code: nothing is borrowed while it runs
        self.connection.borrow_mut().write(data)
    }

    /// Sends the head now, after all responses that are pending, and what was written and waits for its compression.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub fn flush(&mut self) -> Result<(), Error> {
        self.connection.borrow_mut().flush()
    }

    /// Sends the last piece of the body, and ends the response. It returns what a handler returns, so it may be the
    /// last line of one.
    ///
    /// # Errors
    /// A [`Misuse`](crate::http::wire::Misuse) if the body is not as long as declared. Nothing of this call
    /// is sent then. If the head was not sent before, the client gets 500, else a cut connection.
    pub fn end(self, data: impl AsRef<[u8]>) -> Handled {
        let data = data.as_ref(); // the program's code: nothing is borrowed while it runs
        self.end_with(data)
    }

    /// Compiled once, whatever holds the data.
    #[inline(never)]
    fn end_with(&self, data: &[u8]) -> Handled {
        Ok(self.connection.borrow_mut().end(data)?)
    }

    /// A field to be sent behind the body, which must be chunked.
    ///
    /// # Errors
    /// A [`Misuse`](crate::http::wire::Misuse) for bytes that a field must not hold. A name that must not be
    /// a trailer is refused by [`end`](Self::end).
    pub fn add_trailer(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<&mut Self, Error> {
        let value = value.as_ref(); // the program's code: nothing is borrowed while it runs
        self.draft().trailers_mut().append(name, value)?;
        Ok(self)
    }

    /// Sends `100 Continue` now: the client may send the body it announced. A read of the body does this,
    /// too.
    ///
    /// # Errors
    /// [`Misuse::HeadSent`](crate::http::wire::Misuse::HeadSent) after the final head.
    pub fn write_continue(&mut self) -> Result<(), Error> {
        self.write_information(100, ())
    }

    /// Sends `103 Early Hints` now (RFC 8297), with these fields ([`HeadFields`]).
    ///
    /// ```
    /// # use barewire::http;
    /// fn handler(_req: http::Request, mut res: http::Response) -> http::Handled {
    ///     res.write_early_hints([("Link", "</style.css>; rel=preload; as=style")])?;
    ///     // … the page takes its time, and the client has the style already
    ///     res.end("<!DOCTYPE html> …")
    /// }
    /// # let server = http::create_server(handler);
    /// # let answer = server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    /// # assert!(answer.starts_with(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\nHTTP/1.1 200 OK\r\n"));
    /// ```
    ///
    /// # Errors
    /// As for [`write_information`](Self::write_information).
    pub fn write_early_hints<Pair>(&mut self, fields: impl HeadFields<Pair>) -> Result<(), Error> {
        self.write_information(103, fields)
    }

    /// Sends an interim response (RFC 9110 §15.2) now, with these fields ([`HeadFields`]); nothing is sent to an
    /// HTTP/1.0 client.
    ///
    /// # Errors
    /// A [`Misuse`](crate::http::wire::Misuse) for a status that is no 1xx, or is 101; or after the final head.
    pub fn write_information<Pair>(
        &mut self,
        status: u16,
        fields: impl HeadFields<Pair>,
    ) -> Result<(), Error> {
        let mut list = FieldList::new();
        fields.each(|name, value| list.append(name, value))?;
        self.connection
            .borrow_mut()
            .send_informational(status, &list)
    }

    /// Whether the head has been sent.
    pub fn headers_sent(&self) -> bool {
        self.connection.borrow().head_sent()
    }

    /// Whether the server is stopping: then a response without an end of its own must end, or
    /// [`Handle::shutdown`](crate::net::Handle::shutdown) waits for it until its deadline, and cuts it. In a
    /// [restart](crate::net::Shutdown::restart) it is true once this connection is asked to finish. This never waits.
    ///
    /// ```
    /// # use barewire::http;
    /// # use std::{thread::sleep, time::Duration};
    /// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
    ///     let mut res = res.write_head(200, [("Content-Type", "text/event-stream")])?;
    ///     while !res.is_stopping() && !res.client_left() {
    ///         res.write("data: tick\n\n")?;
    ///         sleep(Duration::from_millis(1));
    ///     }
    ///     res.end("")
    /// }
    ///
    /// let handle = http::create_server(handler).listen("127.0.0.1:0")?;
    /// let mut res = http::get(&format!("http://{}/", handle.local_addr()))?;
    /// let report = handle.shutdown(Duration::from_secs(5));
    /// assert_eq!(report.cut, 0);
    /// assert!(res.collect_text()?.ends_with("data: tick\n\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_stopping(&self) -> bool {
        self.connection.borrow().queue.is_stopping()
    }

    /// Whether the client has left: then a long poll or a stream may give up. This never waits.
    ///
    /// A handler that gives up may return `Ok(())` without ending its response, or end it: once this has returned
    /// `true`, neither is reported to [`error`](super::ServerEvents::error). A response that is not ended is cut.
    ///
    /// ```
    /// use barewire::http;
    /// use std::time::Duration;
    ///
    /// /// The next line of news, if there is one within that time.
    /// fn news(time: Duration) -> Option<String> {
    ///     # let _ = time;
    ///     # Some("news\n".to_owned())
    /// }
    ///
    /// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
    ///     loop {
    ///         if let Some(news) = news(Duration::from_secs(1)) {
    ///             return res.end(news);
    ///         }
    ///         if res.client_left() {
    ///             return Ok(()); // nobody is there to read it
    ///         }
    ///         if res.is_stopping() {
    ///             return Err(http::refuse(503, "this server stops: ask again"));
    ///         }
    ///     }
    /// }
    /// # let server = http::create_server(handler);
    /// # assert!(server.answer_to(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"news\n"));
    /// ```
    ///
    /// A client leaves by ending the connection, and it may also *half-close* it: end its sending direction and
    /// wait for the response, as `nc -N` does. What can be seen of that depends on the transport:
    ///
    /// | transport | a client that has half-closed | a client that has left |
    /// |---|---|---|
    /// | TCP, and TLS over anything | `true`: a FIN looks the same, and only a write shows the difference | `true` |
    /// | a Unix socket, a [`pipe`](crate::net::pipe()) | `false` | `true` |
    /// | [`Server::answer_to`](super::Server::answer_to) | `false` | |
    ///
    /// So a half-close counts as leaving over TCP, and a handler that wants to serve such clients ends its response
    /// nevertheless: then a client that half-closes a long poll gets that response at once.
    ///
    /// What the client has sent is kept, for the body of this request and for the next request. If more than 64 KiB
    /// have come that no handler has read, a FIN behind them is not seen: this returns `false`, which means that the
    /// client is not known to have left (over TCP a reset is still seen, and over a Unix socket or a pipe the end).
    /// So a long poll needs a deadline of its own, too.
    pub fn client_left(&self) -> bool {
        self.connection.borrow_mut().check_peer_closed()
    }
}

/// So that `io::copy` and `write!` work; each write is sent at once, see [`Response::write`].
impl io::Write for Response<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Response::write(self, data)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(Response::flush(self)?)
    }
}

impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("headers_sent", &self.headers_sent())
            .finish_non_exhaustive()
    }
}

/// A status code, perhaps with a reason phrase of one's own: `200` or `(200, "success")`. It is what
/// [`Response::write_head`] takes.
///
/// ```
/// use barewire::http;
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     let res = match req.path() {
///         "/" => res.write_head(200, ())?,
///         "/book" => res.write_head((200, "success"), ())?,
///         // What another server has sent may be a status that no server may make.
///         _ => res.write_head(http::Status::forwarded(799), ())?,
///     };
///     res.end("")
/// }
/// # let server = http::create_server(handler);
/// # assert!(server.answer_to(b"GET /book HTTP/1.0\r\n\r\n").starts_with(b"HTTP/1.1 200 success\r\n"));
/// # assert!(server.answer_to(b"GET /x HTTP/1.0\r\n\r\n").starts_with(b"HTTP/1.1 799 \r\n"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    code: u16,
    is_forwarded: bool,
    reason: Option<&'a str>,
}

impl From<u16> for Status<'_> {
    fn from(code: u16) -> Self {
        Status {
            code,
            is_forwarded: false,
            reason: None,
        }
    }
}

impl Status<'_> {
    /// The status of a response that is forwarded. It may be any final one that a client can receive, also
    /// outside 200 to 599, which no server may make (RFC 9110 §15).
    pub fn forwarded(code: u16) -> Self {
        Status {
            is_forwarded: true,
            ..Status::from(code)
        }
    }
}

impl<'a> From<(u16, &'a str)> for Status<'a> {
    fn from((code, reason): (u16, &'a str)) -> Self {
        Status {
            code,
            is_forwarded: false,
            reason: Some(reason),
        }
    }
}
