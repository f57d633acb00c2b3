//! The request that a handler gets: the head as it came, and the body as it comes.

mod client;

use super::exchange::{BlamesPeer, RequestBody, ResponseQueue};
use super::{cookie, form};
use crate::http::body_reader::BodySource;
use crate::http::error::Error;
use crate::http::head_fields::HeadFields;
use crate::http::upgraded::Upgraded;
use crate::http::wire::{
    self, BodyLength, Fields, Method, Misuse, Params, RequestHead, Rule, Target, Version,
};
use crate::net::Stream;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::time::Duration;

/// A request: `req.method() req.url() req.http_version() req.headers()`, and its body to read.
///
/// It borrows the bytes that the connection read: nothing is copied until the handler does.
///
/// | what | how |
/// |---|---|
/// | the target | [`path`](Self::path), [`query_params`](Self::query_params), [`url`](Self::url) |
/// | a field | [`header`](Self::header), [`headers`](Self::headers); a cookie: [`cookie`](Self::cookie) |
/// | the body as a whole | [`collect`](Self::collect), [`collect_text`](Self::collect_text), [`form`](Self::form) |
/// | the body piece by piece | it is a reader: [`Read`], [`BufRead`] |
/// | who asks | [`client_ip`](Self::client_ip), also behind a proxy; [`stream`](Self::stream) and its [`peer_addr`](Stream::peer_addr) |
///
/// The body is a reader ([`Read`] and [`BufRead`]): a handler reads it as it arrives (it need not wait for
/// the end, E45), or collects it. The first read sends the 100 that the client may be waiting for. A `Content-Encoding`
/// is not undone: a handler that cannot use it refuses with 415 (RFC 9110 §15.5.16) and an `Accept-Encoding: identity`.
///
/// ```
/// use barewire::http;
/// use std::io::Read;
///
/// fn handler(mut req: http::Request, res: http::Response) -> http::Handled {
///     let mut text = String::new();
///     req.read_to_string(&mut text)?;
///     res.end(format!("{} {} says {text}", req.method(), req.path()))
/// }
/// # let server = http::create_server(handler);
/// # let answer = String::from_utf8_lossy(&server.answer_to(b"POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")).into_owned();
/// # assert!(answer.ends_with("POST /a says hi"));
/// ```
pub struct Request<'a> {
    head: RequestHead<'a>,
    body: RequestBody<'a>,
    queue: &'a ResponseQueue,
}

impl<'a> Request<'a> {
    pub(crate) fn new(
        head: RequestHead<'a>,
        body: RequestBody<'a>,
        queue: &'a ResponseQueue,
    ) -> Request<'a> {
        Request { head, body, queue }
    }

    /// The method, as it is spelt: `"GET"`.
    #[inline]
    pub fn method(&self) -> &'a str {
        self.head.method().as_str()
    }

    /// The request-target as it came, query included: `"/where?q=now"`.
    pub fn url(&self) -> &'a str {
        self.head.target_str()
    }

    /// The target taken apart.
    pub fn target(&self) -> Target<'a> {
        self.head.target()
    }

    /// The path of the target, not decoded; empty for `*` and `host:port`.
    #[inline]
    pub fn path(&self) -> &'a str {
        self.head.path()
    }

    /// What follows the first `?` of the target, not decoded. Its pairs, decoded, are
    /// [`query_params`](Self::query_params).
    pub fn query(&self) -> Option<&'a str> {
        self.target().query()
    }

    /// The pairs of the query, decoded; none where there is no query. `+` is a space, as in a query that a browser
    /// makes from a form. For a query of another kind see [`query`](Self::query) and
    /// [`Query::pairs`](wire::Query::pairs).
    ///
    /// # Errors
    /// With status 400 for a `%` that is not followed by two hexadecimal digits, and for bytes that are not UTF-8.
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(req: http::Request, res: http::Response) -> http::Handled {
    ///     let params = req.query_params()?;
    ///     let by: u32 = match params.get("by") {
    ///         Some(by) => by.parse().map_err(|_| http::refuse(400, "by is no number"))?,
    ///         None => 1,
    ///     };
    ///     res.end(format!("{} by {by}\n", params.get("name").unwrap_or("one")))
    /// }
    /// # let server = http::create_server(handler);
    /// # let answer = |query| server.answer_to(format!("GET /count{query} HTTP/1.0\r\n\r\n").as_bytes());
    /// # assert!(answer("?name=a+b&by=2").ends_with(b"\r\n\r\na b by 2\n"));
    /// # assert!(answer("").ends_with(b"\r\n\r\none by 1\n"));
    /// # assert!(answer("?by=x").ends_with(b"\r\n\r\n400 Bad Request: by is no number\n"));
    /// # assert!(answer("?by=%zz").starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
    /// ```
    pub fn query_params(&self) -> Result<Params, Error> {
        Ok(Params::parse(self.query().unwrap_or_default())?)
    }

    /// The host that the request is for: the authority of an absolute target, or else the Host field.
    pub fn host(&self) -> &'a str {
        self.head.authority()
    }

    /// `"1.1"` or `"1.0"`.
    pub fn http_version(&self) -> &'static str {
        match self.head.version() {
            Version::Http11 => "1.1",
            Version::Http10 => "1.0",
        }
    }

    /// The field lines: names case-insensitive, order, spelling and repeats as they came. `for` takes them as they
    /// are, and their adapters are behind `.iter()`. One of them as text is [`header`](Self::header).
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(req: http::Request, res: http::Response) -> http::Handled {
    ///     let mut text = String::new();
    ///     for (name, value) in req.headers() {
    ///         text += &format!("{name}: {} bytes\n", value.len());
    ///     }
    ///     let long = req.headers().iter().filter(|(_, value)| value.len() > 100).count();
    ///     res.end(text + &format!("{long} of them are long\n"))
    /// }
    /// # let server = http::create_server(handler);
    /// # let answer = server.answer_to(b"GET / HTTP/1.0\r\nA: b\r\n\r\n");
    /// # assert!(answer.ends_with(b"\r\n\r\nA: 1 bytes\n0 of them are long\n"));
    /// ```
    pub fn headers(&self) -> Fields<'a> {
        self.head.fields()
    }

    /// The value of the first field of this name (names are case-insensitive), if it is text.
    ///
    /// A field that stands there several times, or holds bytes that are not UTF-8, is read from
    /// [`headers`](Self::headers). For credentials, count them: two proxies may not agree on which of two
    /// `Authorization` fields is the one.
    ///
    /// ```
    /// # use barewire::http;
    /// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
    /// let headers = req.headers();
    /// let mut credentials = headers.get_all("Authorization");
    /// match (credentials.next(), credentials.next()) {
    ///     (Some(b"Bearer 42"), None) => res.end("welcome\n"),
    ///     (_, None) => Err(http::refuse_with(401, "members only", [("WWW-Authenticate", "Bearer")])),
    ///     _ => Err(http::refuse(400, "one Authorization, not several")),
    /// }
    /// # }
    /// # let server = http::create_server(handler);
    /// # let status = |fields: &str| server.answer_to(format!("GET / HTTP/1.0\r\n{fields}\r\n").as_bytes())[9..12].to_vec();
    /// # assert_eq!(status("Authorization: Bearer 42\r\n"), b"200");
    /// # assert_eq!(status(""), b"401");
    /// # assert_eq!(status("Authorization: Bearer 42\r\nAuthorization: Bearer 42\r\n"), b"400");
    /// ```
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(req: http::Request, res: http::Response) -> http::Handled {
    ///     let agent = req.header("User-Agent").unwrap_or("somebody");
    ///     res.end(format!("hello {agent}\n"))
    /// }
    /// # let server = http::create_server(handler);
    /// # assert!(server.answer_to(b"GET / HTTP/1.0\r\nuser-agent: curl/8\r\n\r\n").ends_with(b"hello curl/8\n"));
    /// # assert!(server.answer_to(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"hello somebody\n"));
    /// ```
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers().get_str(name)
    }

    /// The value of the cookie of this name, as the client has sent it (RFC 6265 §4.2): nothing is decoded, and quotes
    /// stay. Of several with this name it is the first, which browsers send for the longest path. `None` where there
    /// is none, or it is not UTF-8.
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(req: http::Request, mut res: http::Response) -> http::Handled {
    ///     match req.cookie("session") {
    ///         Some("42") => res.end("welcome back\n"),
    ///         _ => {
    ///             res.set_header("Set-Cookie", "session=42; HttpOnly; SameSite=Lax")?;
    ///             res.end("welcome\n")
    ///         }
    ///     }
    /// }
    /// # let server = http::create_server(handler);
    /// # let answer = server.answer_to(b"GET / HTTP/1.0\r\nCookie: a=b; session=42\r\n\r\n");
    /// # assert!(answer.ends_with(b"\r\n\r\nwelcome back\n"));
    /// # assert!(server.answer_to(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"\r\n\r\nwelcome\n"));
    /// ```
    pub fn cookie(&self, name: &str) -> Option<&'a str> {
        cookie::find(&self.headers(), name)
    }

    /// The stream that the request came on: its addresses, and over TLS the peer's certificate. To read the
    /// body or to respond, use the request and the response.
    pub fn stream(&self) -> &'a dyn Stream {
        self.queue.stream().as_ref()
    }

    /// The whole head, in the RFC's words.
    pub fn head(&self) -> RequestHead<'a> {
        self.head
    }

    /// The length of the body, as the head declares it.
    pub fn body_length(&self) -> BodyLength {
        self.body.reader().length()
    }

    /// What is left of the body, in one piece: borrowed where it came in one read, collected
    /// otherwise. Its memory is the connection's until the request has ended.
    ///
    /// # Errors
    /// With status 413 beyond [`Config::collected_body_bytes`](super::Config::collected_body_bytes),
    /// before the client is asked to send it (a chunked body: when it exceeds that). With status 503 where
    /// this body and those that other connections are collecting exceed
    /// [`Config::total_collected_bytes`](super::Config::total_collected_bytes). Else as for reading.
    pub fn collect(&mut self) -> Result<&[u8], Error> {
        self.body.collect()
    }

    /// What is left of the body, as [`collect`](Self::collect) returns it, if it is text in UTF-8.
    ///
    /// # Errors
    /// With status 400 if it is not UTF-8; else as [`collect`](Self::collect). A handler that returns the error
    /// with `?` answers its client with that status.
    ///
    /// ```
    /// # use barewire::http;
    /// fn handler(mut req: http::Request, res: http::Response) -> http::Handled {
    ///     let name = req.collect_text()?;
    ///     res.end(format!("hello {name}\n"))
    /// }
    ///
    /// let server = http::create_server(handler);
    /// let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n";
    /// let answer = server.answer_to(&[head.as_bytes(), b"\xff"].concat());
    /// assert!(answer.starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
    /// ```
    pub fn collect_text(&mut self) -> Result<&str, Error> {
        let content = self.body.collect()?;
        std::str::from_utf8(content).map_err(|error| not_utf8(content, error.valid_up_to()))
    }

    /// What is left of the body, as the pairs of an HTML form: `application/x-www-form-urlencoded` in UTF-8, which is
    /// what a `<form method="post">` sends, and `curl -d`. A form with files is `multipart/form-data`, which barewire
    /// does not read.
    ///
    /// The pairs are a copy: they take no more memory than the body, which has the limits of
    /// [`collect`](Self::collect).
    ///
    /// # Errors
    /// With status 415 for another Content-Type, or none with a body (a request without a body is an empty form): the response names the right one in `Accept`. The client is
    /// not asked for the body then. With status 400 for a `%` that is not followed by two hexadecimal digits, and for
    /// bytes that are not UTF-8. Else as [`collect`](Self::collect).
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(mut req: http::Request, res: http::Response) -> http::Handled {
    ///     let form = req.form()?;
    ///     let name = form.get("name").ok_or_else(|| http::refuse(400, "a name is missing"))?;
    ///     let tags: Vec<_> = form.get_all("tag").collect();
    ///     res.end(format!("{name}: {}\n", tags.join(", ")))
    /// }
    /// # let server = http::create_server(handler);
    /// # let post = |kind: &str, body: &str| {
    /// #     let head = format!("POST / HTTP/1.0\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
    /// #     String::from_utf8(server.answer_to((head + body).as_bytes())).unwrap()
    /// # };
    /// # let form = "application/x-www-form-urlencoded";
    /// # assert!(post(form, "name=%E6%B7%B1&tag=a+b&tag=c").ends_with("\r\n\r\n深: a b, c\n"));
    /// # assert!(post(form, "").ends_with("\r\n\r\n400 Bad Request: a name is missing\n"));
    /// # let bare = server.answer_to(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n");
    /// # assert!(bare.ends_with(b"\r\n\r\n400 Bad Request: a name is missing\n"));
    /// # assert!(post("text/plain", "name=a").contains("415 Unsupported Media Type\r\nAccept: application/x-www-form-urlencoded\r\n"));
    /// ```
    pub fn form(&mut self) -> Result<Params, Error> {
        form::check_content_type(&self.headers(), self.body_length())?;
        Ok(Params::parse(self.collect_text()?)?)
    }

    /// As [`fill_buf`](BufRead::fill_buf), but waits no longer than `time`: `None` if nothing has come by then.
    /// Between two calls a handler that forwards the body can serve its other connection. An empty slice is the
    /// end of the body. The limits on the client's pace hold as for every other way of reading.
    ///
    /// # Errors
    /// As for reading.
    pub fn fill_buf_within(&mut self, time: Duration) -> Result<Option<&[u8]>, Error> {
        self.body.fill_within(time)
    }

    /// Whether the body has been read to its end. This never waits, and never asks the client for the body.
    ///
    /// # Errors
    /// The part of the body that has come breaks a rule.
    pub fn at_end(&mut self) -> Result<bool, Error> {
        self.body.at_end()
    }

    /// The trailer fields; there are none before the body has been read to its end.
    pub fn trailers(&self) -> Fields<'_> {
        self.body.reader().trailers()
    }

    /// Answers an `Upgrade` with 101 and these fields, or a CONNECT with 200, and returns the stream, with the
    /// bytes that were read behind the head and its place among the server's connections. The stream may be
    /// used in this or in another thread. It has no timeouts until its new owner sets some.
    ///
    /// The fields of a 101 name the protocol: `[("Upgrade", "websocket")]`; it must be one that
    /// the client offered. The 200 to a CONNECT needs none: `()` ([`HeadFields`]). Fields that were set before ([`set_header`](super::Response::set_header)) are sent,
    /// too, unless one of these replaces them. `Keep-Alive`, and the options `keep-alive` and `close` of `Connection`,
    /// are not sent: they describe a connection that stays HTTP.
    ///
    /// `end` consumes the response; an upgrade consumes the request, too.
    ///
    /// # Errors
    /// [`Misuse::Switch`] where the client did not ask for it, or for another protocol, or its body
    /// is not read to the end; [`Misuse::Framing`] for a Content-Length or Transfer-Encoding, since no body
    /// follows; a [`Misuse`] for another status, a trailer or a head that were set before; an error of the
    /// connection.
    pub fn upgrade<Pair>(
        self,
        response: super::Response<'a>,
        fields: impl HeadFields<Pair>,
    ) -> Result<Upgraded, Error> {
        response.merge(fields)?;
        self.switch(response, |_| false)
    }

    /// As [`upgrade`](Self::upgrade), with the fields of the response. `blames_peer`: whether an error that the
    /// handler fails with afterwards blames the client.
    pub(crate) fn switch(
        mut self,
        response: super::Response<'a>,
        blames_peer: BlamesPeer,
    ) -> Result<Upgraded, Error> {
        if !self.body.reader().is_exhausted() {
            return Err(Misuse::Switch.into());
        }
        let _ = response; // consumed: what was set there is sent here
        let mut connection = self.body.connection().borrow_mut();
        // RFC 9110 §7.8: "A server MUST NOT switch to a protocol that was not indicated by the client
        // in the corresponding request's Upgrade header field."
        let offered = |protocol: &[u8]| {
            let mut offers = self.headers().list("Upgrade");
            offers.any(|offer| offer.eq_ignore_ascii_case(protocol))
        };
        let named = connection.draft.fields();
        if !named.list("Upgrade").all(offered) {
            return Err(Misuse::Switch.into());
        }
        connection.send_switch(blames_peer)?;
        let mut head_tail = self.body.take_pipelined();
        if !connection.read_ahead().is_empty() {
            head_tail.append(connection.read_ahead_mut());
        }
        Ok(Upgraded::new(
            connection.queue.stream().clone(),
            head_tail,
            connection.slot.take(),
        ))
    }
}

impl Read for Request<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.body.read(buf)?)
    }

    /// Appends what is left of the body. If it is not UTF-8, the error is one of the client's, with status 400,
    /// and nothing is appended.
    fn read_to_string(&mut self, text: &mut String) -> io::Result<usize> {
        let mut content = Vec::new();
        self.read_to_end(&mut content)?;
        append_text(text, content)
    }
}

impl BufRead for Request<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.body.fill()?)
    }

    fn consume(&mut self, bytes: usize) {
        self.body.consume(bytes);
    }

    /// Appends a line; as [`read_to_string`](Read::read_to_string) if it is not UTF-8.
    fn read_line(&mut self, text: &mut String) -> io::Result<usize> {
        let mut line = Vec::new();
        self.read_until(b'\n', &mut line)?;
        append_text(text, line)
    }
}

fn append_text(text: &mut String, content: Vec<u8>) -> io::Result<usize> {
    match std::str::from_utf8(&content) {
        Ok(more) => text.push_str(more),
        Err(error) => return Err(not_utf8(&content, error.valid_up_to()).into()),
    }
    Ok(content.len())
}

#[cold]
fn not_utf8(content: &[u8], at: usize) -> Error {
    wire::Error::new(Rule::ContentNotUtf8, content, at).into()
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, url) = (Method::as_str(self.head.method()), self.url());
        f.debug_struct("Request")
            .field("method", &method)
            .field("url", &url)
            .field("headers", &self.headers())
            .finish()
    }
}
