//! Heads of messages: a start line, a field section, and what they mean together.
//!
//! ```text
//!   POST /echo HTTP/1.1\r\n        start line
//!   Host: 127.0.0.1:1337\r\n       field lines, each where it arrived
//!   Content-Length: 5\r\n
//!   \r\n                           the empty line: the head is complete, decode returns its length
//!   hello                          the body, for the next decoder
//! ```
//!
//! The caller gives a decoder the same growing bytes again and again, and the decoder remembers its
//! position. [`RequestDecoder::head`] is then a view of those bytes: nothing is copied. Every rule that
//! needs the head alone is checked here, so a [`RequestHead`] that exists is one that may be served.
//!
//! ```
//! use barewire::http::wire::{BodyLength, Limits, RequestDecoder};
//!
//! let bytes = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
//! let mut decoder = RequestDecoder::new(Limits::default());
//! assert_eq!(decoder.decode(&bytes[..20])?, None); // not yet
//! let length = decoder.decode(bytes)?.unwrap();
//! assert_eq!(&bytes[length..], b"hello");
//!
//! let head = decoder.head(&bytes[..length]);
//! assert_eq!((head.method().as_str(), head.target().path()), ("POST", "/echo"));
//! assert_eq!(head.fields().get_str("HOST"), Some("a"));
//! assert_eq!(head.body_length(), BodyLength::Known(5));
//! # Ok::<(), barewire::http::wire::Error>(())
//! ```

use super::body::{self, BodyLength};
use super::fields::{Fields, Known};
use super::head::{Head, Places};
use super::section::Of;
use super::start_line::Version;
use super::target::{Judged, Target};
use crate::http::wire::uri::authority;
use crate::http::wire::{Error, Limits, Method, Rule, grammar};

/// Decodes request heads, one after another, in the caller's bytes.
#[derive(Debug)]
pub struct RequestDecoder {
    head: Head,
    target: Judged,
    body: BodyLength,
    expects_continue: bool,
}

impl RequestDecoder {
    /// A decoder that reads no more than `limits` allow.
    pub fn new(limits: Limits) -> RequestDecoder {
        RequestDecoder {
            head: Head::new(limits, Of::Request),
            target: Judged::default(),
            body: BodyLength::Known(0),
            expects_continue: false,
        }
    }

    /// Ready for the next request; keeps the memory.
    pub fn restart(&mut self) {
        self.head.restart();
    }

    /// Whether no byte of a request has arrived yet (empty lines do not count).
    pub fn is_idle(&self) -> bool {
        self.head.is_empty()
    }

    /// Whether the start line, as far as it has arrived, is that of a HEAD request.
    pub fn is_head(&self, bytes: &[u8]) -> bool {
        self.head.line.has_method() && self.method(bytes).is_head()
    }

    /// Continues with `bytes`, which begin with all bytes of the calls before: `None` = not yet,
    /// `Some(n)` = the head is the first `n` bytes.
    ///
    /// # Errors
    /// The first rule the head breaks, at the byte that breaks it. [`Rule::TargetUnencoded`] comes last, if
    /// the head breaks no other rule: [`encoded_reference`](Self::encoded_reference) says where the client is to
    /// be sent, and the connection may go on behind [`head_length`](Self::head_length).
    #[inline(always)]
    pub fn decode(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        if !self.head.decode::<true>(bytes)? {
            return Ok(None);
        }
        self.check(bytes)?;
        Ok(Some(self.head_length()))
    }

    /// Checks the rules that need the whole head.
    #[inline(always)]
    fn check(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.judge_target(bytes)?;
        let version = self.head.line.version;
        let fields = self.head.section.fields(bytes);
        check_host(version, fields)?;
        self.head.options.read(version, fields)?;
        self.body = body::request_length(version, fields)?;
        self.expects_continue = fields.has(Known::Expect) && expectation(version, fields)?;
        match self.target.unencoded() {
            None => Ok(()),
            Some(at) => Err(self.unencoded(bytes, at)),
        }
    }

    #[inline(always)]
    fn judge_target(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let line = &self.head.line;
        if line.is_usual {
            self.target.set_origin(&line.scan);
            return Ok(());
        }
        let judged = Judged::of(self.method(bytes), self.target(bytes), &line.scan);
        let refused = |(rule, at)| Error::new(rule, bytes, line.target().start + at);
        self.target = judged.map_err(refused)?;
        Ok(())
    }

    /// The refusal of a target with unencoded bytes. Encoded it must not be longer than this decoder reads,
    /// or the client would be sent to a 414.
    #[cold]
    fn unencoded(&self, bytes: &[u8], at: usize) -> Error {
        let line = &self.head.line;
        let line_bytes = self.head.section.start() - line.method().start;
        let missing = self.target.missing_bytes(self.target(bytes));
        let rule = match line_bytes + missing > self.head.limits.start_line_bytes {
            true => Rule::StartLineTooLong,
            false => Rule::TargetUnencoded,
        };
        Error::new(rule, bytes, line.target().start + at)
    }

    /// Method and target of a request line that has come as a whole and breaks no rule, whatever its fields do.
    pub(in crate::http) fn request_line<'a>(&self, bytes: &'a [u8]) -> Option<(&'a str, &'a str)> {
        let target = || std::str::from_utf8(self.target(bytes)).ok();
        match self.head.has_start_line() {
            true => Some((self.method(bytes).as_str(), target()?)),
            false => None,
        }
    }

    /// Where the parts of the head lie that have come so far.
    pub(crate) fn places(&self, bytes: &[u8]) -> Places {
        self.head.places(bytes)
    }

    /// The field lines that have come whole so far, also behind an error.
    pub(crate) fn fields_so_far<'a>(&'a self, bytes: &'a [u8]) -> Fields<'a> {
        self.head.section.fields(bytes)
    }

    /// Whether the client of the request that was decoded last will read another response from this connection.
    #[inline]
    pub(crate) fn is_persistent(&self) -> bool {
        self.head.options.persists
    }

    /// How long the head is that [`decode`](Self::decode) has just found complete.
    pub fn head_length(&self) -> usize {
        self.head.section.at()
    }

    /// After [`Rule::TargetUnencoded`]: path and query as they should have been sent, for a Location field. The
    /// reference stays on the host that was asked, whatever the path.
    ///
    /// ```
    /// use barewire::http::wire::{Limits, RequestDecoder, Rule};
    ///
    /// let bytes = b"GET //b/photo[1].txt?a|b=%7c HTTP/1.1\r\nHost: a\r\n\r\n";
    /// let mut decoder = RequestDecoder::new(Limits::default());
    /// assert_eq!(decoder.decode(bytes).unwrap_err().rule(), Rule::TargetUnencoded);
    /// assert_eq!(decoder.encoded_reference(bytes), "/.//b/photo%5B1%5D.txt?a%7Cb=%7c");
    /// ```
    // RFC 9112 §3.2: "Recipients of an invalid request-line SHOULD respond with either a 400 (Bad Request)
    // error or a 301 (Moved Permanently) redirect with the request-target properly encoded. A recipient
    // SHOULD NOT attempt to autocorrect and then process the request without a redirect, since the invalid
    // request-line might be deliberately crafted to bypass security filters along the request chain."
    pub fn encoded_reference(&self, bytes: &[u8]) -> String {
        self.target.encoded_reference(self.target(bytes))
    }

    #[inline]
    fn method<'a>(&self, bytes: &'a [u8]) -> Method<'a> {
        Method::from_token(&bytes[self.head.line.method()])
    }

    /// The request-target, as it came.
    #[inline]
    fn target<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.head.line.target()]
    }

    /// The head that [`decode`](Self::decode) has just found complete, over the same bytes.
    #[inline]
    pub fn head<'a>(&'a self, bytes: &'a [u8]) -> RequestHead<'a> {
        RequestHead {
            bytes,
            decoder: self,
        }
    }
}

// RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
// request message that lacks a Host header field and to any request message that contains more
// than one Host header field line or a Host header field with an invalid field value."
#[inline(always)]
fn check_host(version: Version, fields: Fields<'_>) -> Result<(), Error> {
    match fields.first(Known::Host) {
        None if version == Version::Http10 => Ok(()),
        None => Err(Error::whole(Rule::HostMissing)),
        Some(host) if fields.is_repeated(Known::Host) => {
            Err(Error::new(Rule::HostRepeated, host, 0))
        }
        Some(host) if authority::is_host_port(host) => Ok(()),
        Some(host) => Err(Error::new(Rule::HostInvalid, host, 0)),
    }
}

fn expectation(version: Version, fields: Fields<'_>) -> Result<bool, Error> {
    let mut expected = false;
    for value in fields.known(Known::Expect) {
        for expectation in grammar::list(value) {
            // RFC 9110 §10.1.1: "A server that receives an Expect field value containing a member
            // other than 100-continue MAY respond with a 417 (Expectation Failed) status code"
            if !expectation.eq_ignore_ascii_case(b"100-continue") {
                return Err(Error::new(Rule::ExpectationUnknown, value, 0));
            }
            expected = true;
        }
    }
    // RFC 9110 §10.1.1: "A server that receives a 100-continue expectation in an HTTP/1.0 request
    // MUST ignore that expectation."
    Ok(expected && version == Version::Http11)
}

/// A request head, complete and checked: a view of the bytes it arrived in.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    bytes: &'a [u8],
    decoder: &'a RequestDecoder,
}

impl<'a> RequestHead<'a> {
    /// The method.
    #[inline]
    pub fn method(&self) -> Method<'a> {
        self.decoder.method(self.bytes)
    }

    /// The request-target as it was sent.
    pub fn target_str(&self) -> &'a str {
        std::str::from_utf8(self.decoder.target(self.bytes)).unwrap_or_default()
    }

    /// The request-target, parsed.
    pub fn target(&self) -> Target<'a> {
        self.decoder.target.target(self.decoder.target(self.bytes))
    }

    /// The path of the target, `/` where an absolute URI has none; empty for `*` and `host:port`.
    #[inline]
    pub fn path(&self) -> &'a str {
        self.decoder.target.path(self.decoder.target(self.bytes))
    }

    /// Whether the target has no byte that browsers leave unencoded; otherwise the error was
    /// [`Rule::TargetUnencoded`].
    #[inline]
    pub(crate) fn is_encoded(&self) -> bool {
        self.decoder.target.unencoded().is_none()
    }

    /// [`RequestDecoder::encoded_reference`].
    pub(crate) fn encoded_reference(&self) -> String {
        self.decoder.encoded_reference(self.bytes)
    }

    /// The version of the sender.
    #[inline]
    pub fn version(&self) -> Version {
        self.decoder.head.line.version
    }

    /// The field lines.
    #[inline]
    pub fn fields(&self) -> Fields<'a> {
        self.decoder.head.section.fields(self.bytes)
    }

    /// How the body is framed (RFC 9112 §6.3).
    #[inline]
    pub fn body_length(&self) -> BodyLength {
        self.decoder.body
    }

    /// Whether the client waits for a 100 before it sends the body (RFC 9110 §10.1.1).
    #[inline]
    pub fn expects_continue(&self) -> bool {
        self.decoder.expects_continue && self.decoder.body != BodyLength::Known(0)
    }

    /// Whether the client will read another response from this connection (RFC 9112 §9.3).
    #[inline]
    pub fn is_persistent(&self) -> bool {
        self.decoder.is_persistent()
    }

    /// Whether the client offers to switch to another protocol (RFC 9110 §7.8).
    #[inline]
    pub fn offers_upgrade(&self) -> bool {
        self.decoder.head.options.upgrade && self.names_protocol()
    }

    // RFC 9110 §7.8: "A server that receives an Upgrade header field in an HTTP/1.0 request
    // MUST ignore that Upgrade field."
    #[cold]
    fn names_protocol(&self) -> bool {
        self.fields().has(Known::Upgrade) && self.version() == Version::Http11
    }

    /// The authority of the target URI (RFC 9112 §3.3): from an absolute target, otherwise from the Host
    /// field; empty for HTTP/1.0 without either.
    pub fn authority(&self) -> &'a str {
        // RFC 9112 §3.2.2: "When an origin server receives a request with an absolute-form of
        // request-target, the origin server MUST ignore the received Host header field (if any)"
        match self.target() {
            Target::Absolute { authority, .. } => authority,
            _ => self.fields().get_str("host").unwrap_or_default(),
        }
    }
}

/// Decodes response heads, one after another, in the caller's bytes.
#[derive(Debug)]
pub struct ResponseDecoder {
    head: Head,
    /// The head without its folds, if it had some.
    unfolded: Option<Vec<u8>>,
}

impl ResponseDecoder {
    /// A decoder that reads no more than `limits` allow.
    pub fn new(limits: Limits) -> ResponseDecoder {
        ResponseDecoder {
            head: Head::new(limits, Of::Response),
            unfolded: None,
        }
    }

    /// Ready for the next response; keeps the memory.
    pub fn restart(&mut self) {
        self.head.restart();
        self.unfolded = None;
    }

    /// Whether no byte of a response has arrived yet (empty lines do not count).
    pub fn is_idle(&self) -> bool {
        self.head.is_empty()
    }

    /// As [`RequestDecoder::decode`]. A field value that is folded over several lines (RFC 9112 §5.2) is one
    /// value, with a space for each fold.
    ///
    /// # Errors
    /// The first rule the head breaks, at the byte that breaks it.
    pub fn decode(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        if !self.head.decode::<false>(bytes)? {
            return Ok(None);
        }
        let length = self.head.section.at();
        if self.head.section.has_folds() {
            let unfolded = self.unfolded.insert(bytes[..length].to_vec());
            self.head.section.unfold(unfolded);
        }
        let bytes = self.unfolded.as_deref().unwrap_or(bytes);
        let fields = self.head.section.fields(bytes);
        self.head.options.read(self.head.line.version, fields)?;
        Ok(Some(length))
    }

    /// As [`RequestDecoder::places`]; folds change no place.
    pub(crate) fn places(&self, bytes: &[u8]) -> Places {
        self.head.places(bytes)
    }

    /// As [`RequestDecoder::fields_so_far`].
    pub(crate) fn fields_so_far<'a>(&'a self, bytes: &'a [u8]) -> Fields<'a> {
        self.head.section.fields(bytes)
    }

    /// The head that [`decode`](Self::decode) has just found complete, over the same bytes.
    pub fn head<'a>(&'a self, bytes: &'a [u8]) -> ResponseHead<'a> {
        ResponseHead {
            bytes: self.unfolded.as_deref().unwrap_or(bytes),
            decoder: self,
        }
    }
}

/// A response head, complete and checked: a view of the bytes it arrived in.
#[derive(Clone, Copy, Debug)]
pub struct ResponseHead<'a> {
    bytes: &'a [u8],
    decoder: &'a ResponseDecoder,
}

impl<'a> ResponseHead<'a> {
    /// The status code, three digits. One outside 100 to 599 means what a 5xx means: see
    /// [`status_class`](crate::http::wire::status_class).
    pub fn status(&self) -> u16 {
        self.decoder.head.line.status
    }

    /// The reason phrase as it was sent; it means nothing (RFC 9112 §4).
    pub fn reason(&self) -> &'a [u8] {
        &self.bytes[self.decoder.head.line.reason()]
    }

    /// The version of the sender.
    pub fn version(&self) -> Version {
        self.decoder.head.line.version
    }

    /// The field lines.
    pub fn fields(&self) -> Fields<'a> {
        self.decoder.head.section.fields(self.bytes)
    }

    /// How the body is framed, in a response to a request with this method (RFC 9112 §6.3).
    ///
    /// # Errors
    /// A Content-Length or Transfer-Encoding that frames nothing.
    pub fn body_length(&self, method: Method<'_>) -> Result<BodyLength, Error> {
        body::response_length(method, self.status(), self.version(), self.fields())
    }

    /// Whether Connection names Upgrade.
    pub(in crate::http::wire) fn switches(&self) -> bool {
        self.decoder.head.options.upgrade
    }

    /// Whether the server will read another request from this connection (RFC 9112 §9.3).
    pub fn is_persistent(&self) -> bool {
        self.decoder.head.options.persists
    }
}
