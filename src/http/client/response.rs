//! The response to a request, as the caller sees it.

use super::exchange::KeptExchange;
use super::handle::{Ending, RequestHandle};
use super::summary::Asked;
use super::timings::Timings;
use crate::http::error::Error;
use crate::http::refusal::Refusal;
use crate::http::upgraded::Upgraded;
use crate::http::wire::{self, BodyLength, FieldList, Fields, ResponseHead, Rule, Version};
use crate::net::Stream;
use crate::text::{Decoder, Encoding};
use std::fmt;
use std::io::{self, BufRead, Read};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How much of a refusal's body is kept.
const REFUSAL_BYTES: usize = 4096;
/// How long a refusal waits for its body.
const REFUSAL_TIME: Duration = Duration::from_millis(500);

/// How many bytes [`collect`](ClientResponse::collect) takes at most.
const COLLECTED_BYTES: usize = 10 * 1024 * 1024;

/// A response: its head is here, its body is read as it comes ([`Read`], [`BufRead`]) or collected.
///
/// Until the body has been read to its end, the response holds a connection, one of the agent's five. At
/// the end the connection goes back to the agent. If the response is dropped before that, its connection
/// is closed.
///
/// A truncated body is an error of [`Read`], never an end: after `Ok(0)` the body is whole. What went wrong, by the
/// kind of the [`io::Error`] ([`collect`](Self::collect) and others without `io` in their signature return its inner
/// error as it is):
///
/// | while the body was read | kind | inner error | ask again? |
/// |---|---|---|---|
/// | the connection ended too early | `UnexpectedEof` | [`Error::Peer`] with [`Rule::MessageTruncated`] | yes; from where it broke off with `Range`, if the server has it |
/// | the connection was reset, or TLS failed | `ConnectionReset` and others of the system; `InvalidData` | the system's; [`tls::Error`](crate::tls::Error) | yes |
/// | nothing came, or too little, for too long | `TimedOut` | a text | yes, later |
/// | the body breaks a rule, or is too long for `collect` | `InvalidData` | [`Error::Peer`] with the rule | no: it would be the same again |
/// | with [`decompress`](super::RequestOptions::decompress): the stream is damaged, or ends too early | `InvalidData`, `UnexpectedEof` | [`Error::Content`] | no |
/// | another thread has cancelled the request | `ConnectionAborted` | a text | as the caller likes |
///
/// Ask again only for what has no effect when it is done twice: `GET` and the other idempotent methods
/// (RFC 9110 §9.2.2).
///
/// ```
/// use barewire::http;
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     match req.path() {
///         "/" => res.write_head(200, [("Content-Type", "text/plain")])?.end("one\ntwo\n"),
///         _ => res.write_head(404, ())?.end("no such page"),
///     }
/// }
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let site = format!("http://127.0.0.1:{}", server.local_addr().port().unwrap());
///
/// let mut res = http::get(&format!("{site}/"))?;
/// assert_eq!((res.status(), res.header("content-type")), (200, Some("text/plain")));
/// let mut file = Vec::new(); // or a std::fs::File
/// assert_eq!(std::io::copy(&mut res, &mut file)?, 8);
///
/// let mut missing = http::get(&format!("{site}/missing"))?; // a 404 is a response, not an error
/// assert_eq!(missing.status(), 404);
/// assert_eq!(missing.collect()?, b"no such page"); // 10 MiB at most
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ClientResponse {
    exchange: KeptExchange,
    decoder: Option<Decoder>,
    text: String,
    /// What it answers; the response to a CONNECT that a proxy is sent has none.
    asked: Option<Arc<dyn Asked>>,
    url: OnceLock<Option<String>>,
}

impl ClientResponse {
    pub(super) fn new(exchange: KeptExchange, asked: Option<Arc<dyn Asked>>) -> ClientResponse {
        ClientResponse {
            exchange,
            decoder: None,
            text: String::new(),
            asked,
            url: OnceLock::new(),
        }
    }

    /// The head as the wire has it.
    pub(crate) fn head(&self) -> ResponseHead<'_> {
        self.exchange.buffer.head()
    }

    /// The status code: 101, or three digits that are no 1xx. A code outside 100 to 599 is invalid, and means
    /// what a 5xx means: [`status_class`](wire::status_class) says 5.
    pub fn status(&self) -> u16 {
        self.head().status()
    }

    /// The reason phrase; clients ignore it (RFC 9112 §4).
    pub fn reason(&self) -> String {
        String::from_utf8_lossy(self.head().reason()).into_owned()
    }

    /// `1.1` or `1.0`.
    pub fn http_version(&self) -> &'static str {
        match self.head().version() {
            Version::Http11 => "1.1",
            Version::Http10 => "1.0",
        }
    }

    /// The fields, in the order and spelling in which they came.
    pub fn headers(&self) -> Fields<'_> {
        self.head().fields()
    }

    /// The first value of this name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get_str(name)
    }

    /// The cookies that the server sets: the `name=value` of each `Set-Cookie`, as a `Cookie` field sends it back
    /// (RFC 6265 §5.2, §5.4). Which requests may have them (`Path`, `Domain`, `Secure`) and for how long (`Max-Age`,
    /// `Expires`) is for the caller to decide: [`header`](Self::header) has the attributes. A `Set-Cookie` without a
    /// name, or that is no UTF-8, is left out.
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(_req: http::Request, mut res: http::Response) -> http::Handled {
    ///     res.set_header("Set-Cookie", ["id=7; HttpOnly", "theme=dark; Max-Age=3600"])?;
    ///     res.end("welcome")
    /// }
    /// let server = http::create_server(handler).listen("127.0.0.1:0")?;
    /// let url = format!("http://127.0.0.1:{}/", server.local_addr().port().unwrap());
    ///
    /// let res = http::get(&url)?;
    /// let cookies: Vec<&str> = res.cookies().collect();
    /// assert_eq!(cookies, ["id=7", "theme=dark"]);
    ///
    /// let options = http::RequestOptions::new().url(&url)?.header("Cookie", cookies.join("; "));
    /// http::request(options)?.end("")?;
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn cookies(&self) -> impl Iterator<Item = &str> {
        let set = self.headers().get_all("Set-Cookie");
        set.filter_map(|value| cookie_pair(str::from_utf8(value).ok()?))
    }

    /// The trailer fields, once a chunked body has been read to its end.
    pub fn trailers(&self) -> Fields<'_> {
        let body = &self.exchange.buffer.body;
        match body.is_exhausted() {
            true => body.trailers(),
            false => Fields::EMPTY,
        }
    }

    /// The connection: its addresses, and over TLS the server's identity. `None` once the connection has
    /// gone back or was closed, which happens with the last byte of the body (a response without a body
    /// never has it). [`ClientEvents::socket`] always gets it.
    ///
    /// [`ClientEvents::socket`]: super::ClientEvents::socket
    pub fn stream(&self) -> Option<&dyn Stream> {
        self.exchange.stream()
    }

    /// The URL that the response came from: that of the request, or the last one that redirects have led to. A
    /// redirect that was not followed has its own here; its `Location` is a field. `None` after a CONNECT. It is made
    /// at the first call.
    pub fn url(&self) -> Option<&str> {
        let url = || self.asked.as_ref().and_then(|asked| asked.url());
        self.url.get_or_init(url).as_deref()
    }

    /// The length of the body, as the head declares it: what a progress bar counts up to.
    ///
    /// ```
    /// use barewire::http::{self, wire::BodyLength};
    ///
    /// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
    ///     res.end("Hello World\n")
    /// }
    /// let server = http::create_server(handler).listen("127.0.0.1:0")?;
    /// let res = http::get(&format!("http://{}/", server.local_addr()))?;
    /// match res.body_length() {
    ///     BodyLength::Known(bytes) => assert_eq!(bytes, 12),
    ///     BodyLength::Chunked | BodyLength::UntilClose => println!("it will turn out"),
    /// }
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn body_length(&self) -> BodyLength {
        self.exchange.buffer.body.length()
    }

    /// Whether the body is decompressed while it is read: [`decompress`](super::RequestOptions::decompress) was asked for,
    /// and the response came in gzip. Its fields, and [`body_length`](Self::body_length), are those of the body as it came.
    pub fn is_decompressed(&self) -> bool {
        self.exchange.is_decompressed()
    }

    /// How long the parts of this request took so far.
    pub fn timings(&self) -> &Timings {
        &self.exchange.timings
    }

    /// A handle of the request, for another thread: it [cancels](RequestHandle::cancel) the reading of the body, and
    /// says how far it has come.
    ///
    /// ```
    /// use barewire::http;
    /// use std::io::Read;
    ///
    /// fn handler(_req: http::Request, mut res: http::Response) -> http::Handled {
    ///     res.write("the first line\n")?;
    ///     res.flush()?;
    ///     while !res.client_left() {
    ///         std::thread::sleep(std::time::Duration::from_millis(5)); // the second one never comes
    ///     }
    ///     Ok(())
    /// }
    /// let server = http::create_server(handler).listen("127.0.0.1:0")?;
    /// let port = server.local_addr().port().unwrap();
    ///
    /// let mut res = http::get(&format!("http://127.0.0.1:{port}/"))?;
    /// let handle = res.handle();
    /// std::thread::spawn(move || handle.cancel());
    /// let mut body = Vec::new();
    /// let error = res.read_to_end(&mut body).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::ConnectionAborted);
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn handle(&mut self) -> RequestHandle {
        self.exchange.handle()
    }

    /// The request has no other response than this one.
    pub(super) fn is_last(&mut self, ending: Option<Ending>) {
        self.exchange.is_last(ending);
    }

    pub(super) fn into_exchange(self) -> KeptExchange {
        self.exchange
    }

    /// The whole body, 10 MiB at most.
    ///
    /// # Errors
    /// [`Rule::BodyTooLarge`] beyond that; else as [`Read`].
    pub fn collect(&mut self) -> Result<Vec<u8>, Error> {
        self.collect_up_to(COLLECTED_BYTES)
    }

    /// The whole body, at most `most` bytes.
    ///
    /// # Errors
    /// As [`collect`](Self::collect).
    pub fn collect_up_to(&mut self, most: usize) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        loop {
            let piece = self.exchange.fill_content()?;
            if piece.is_empty() {
                return Ok(body);
            }
            if body.len() + piece.len() > most {
                return Err(wire::Error::whole(Rule::BodyTooLarge).in_response().into());
            }
            body.extend_from_slice(piece);
            let bytes = piece.len();
            self.exchange.consume_content(bytes);
        }
    }

    /// The whole body, 10 MiB at most, if it is text in UTF-8. For other encodings, and for text with malformed bytes
    /// in it, see [`read_text`](Self::read_text).
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
    ///     res.end("深入浅出")
    /// }
    /// let server = http::create_server(handler).listen("127.0.0.1:0")?;
    /// let port = server.local_addr().port().unwrap();
    /// let text = http::get(&format!("http://127.0.0.1:{port}/"))?.collect_text()?;
    /// assert_eq!(text, "深入浅出");
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), http::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Rule::ContentNotUtf8`] if it is not UTF-8; else as [`collect`](Self::collect).
    pub fn collect_text(&mut self) -> Result<String, Error> {
        String::from_utf8(self.collect()?).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let rule = wire::Error::new(Rule::ContentNotUtf8, error.as_bytes(), at);
            rule.in_response().into()
        })
    }

    /// As [`fill_buf`](BufRead::fill_buf), but waits no longer than `time`: `None` if nothing has come by then.
    /// Between two calls the caller can check whether the body is still wanted. An empty slice is the end of the
    /// body. The deadlines hold as for every other way of reading.
    ///
    /// # Errors
    /// As [`Read`].
    pub fn fill_buf_within(&mut self, time: Duration) -> Result<Option<&[u8]>, Error> {
        self.exchange.fill_content_within(time)
    }

    /// From now on [`read_text`](Self::read_text) decodes the body from this encoding.
    pub fn set_encoding(&mut self, encoding: Encoding) {
        self.decoder = Some(Decoder::new(encoding));
    }

    /// The next characters of the body; `None` at its end. No character is cut, and malformed bytes are
    /// U+FFFD. The encoding is UTF-8 unless [`set_encoding`](Self::set_encoding) set another.
    ///
    /// # Errors
    /// As [`Read`].
    pub fn read_text(&mut self) -> Result<Option<&str>, Error> {
        self.text.clear();
        while self.text.is_empty() {
            let piece = self.exchange.fill_content()?;
            let decoder = self
                .decoder
                .get_or_insert_with(|| Decoder::new(Encoding::Utf8));
            // `Decoder::new` replaces malformed bytes, so there is no error.
            if piece.is_empty() {
                let _ = decoder.finish(&mut self.text);
                break;
            }
            let _ = decoder.decode(piece, &mut self.text);
            let bytes = piece.len();
            self.exchange.consume_content(bytes);
        }
        Ok((!self.text.is_empty()).then_some(&*self.text))
    }

    /// This response as the reason why `what` was refused. The connection is closed unless the body ends
    /// soon.
    pub(crate) fn refusal(mut self, what: String) -> Refusal {
        let body = self.exchange.excerpt(REFUSAL_BYTES, REFUSAL_TIME);
        let mut fields = FieldList::new();
        for (name, value) in self.headers().iter() {
            let _ = fields.append(name, value); // what may be received may be sent
        }
        Refusal::new(what, (self.status(), self.reason()), fields, body)
    }

    /// The caller does not read the body.
    pub(super) fn abandon(mut self) {
        self.exchange.abandon();
    }

    /// Whether the connection has left HTTP: a 101, or a 2xx to CONNECT.
    pub fn is_upgraded(&self) -> bool {
        self.exchange.is_switched()
    }

    /// The stream of the other protocol, and its bytes that came behind the head.
    ///
    /// # Errors
    /// [`Misuse::Switch`](crate::http::wire::Misuse::Switch) if the connection still speaks HTTP.
    pub fn upgrade(&mut self) -> Result<Upgraded, Error> {
        let (stream, head_tail) = self.exchange.switch()?;
        Ok(Upgraded::new(stream, head_tail, None))
    }
}

/// The `name=value` of a Set-Cookie field.
// RFC 6265 §5.2: "If the name-value-pair string lacks a %x3D ("=") character, ignore the
// set-cookie-string entirely."
fn cookie_pair(set_cookie: &str) -> Option<&str> {
    let pair = set_cookie.split(';').next()?.trim_matches([' ', '\t']);
    let (name, _) = pair.split_once('=')?;
    (!name.is_empty()).then_some(pair)
}

impl Read for ClientResponse {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.exchange.read_content(buf)?)
    }
}

impl BufRead for ClientResponse {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.exchange.fill_content()?)
    }

    fn consume(&mut self, bytes: usize) {
        self.exchange.consume_content(bytes);
    }
}

impl fmt::Debug for ClientResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientResponse")
            .field("status", &self.status())
            .field("headers", &self.headers())
            .finish_non_exhaustive()
    }
}
