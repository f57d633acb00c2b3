//! The rules that a peer can break, and the error that names one.
//!
//! A decoder refuses bytes with one [`Rule`]. The rule has the status that a server answers with, its
//! section, and a sentence that a person can act on. So no file above `wire/` needs a table of its own.
//! [`wire.rs`](crate::wire) makes both types from the table.

use crate::wire::{rule_error, rules, show_quoted};

rules! {
    /// One thing a message must not do; the name is what `fixtures/http/` calls it.
    pub enum Rule;
    /// The status code a server refuses with when this rule is broken.
    pub fn status -> u16;

    TlsHandshake 400 "RFC 8446 §5.1" "this is a TLS ClientHello, and this port serves plain HTTP: ask with http:, or serve it with TLS";
    TlsAnswer 502 "RFC 8446 §5.1" "the server answers in TLS to a request in plain HTTP: ask with https:";
    EmptyLines 400 "RFC 9112 §2.2" "only a few empty lines may stand before a start line";
    BareCr 400 "RFC 9112 §2.2" "a CR must be followed by LF";
    BareLf 400 "RFC 9112 §2.2" "a line ends with CRLF, not with LF alone";
    MethodInvalid 400 "RFC 9112 §3.1" "a method is a token, followed by one space";
    TargetInvalid 400 "RFC 9112 §3.2" "a request-target holds only the characters of a URI, every other byte percent-encoded";
    TargetUnencoded 301 "RFC 9112 §3.2" "a request-target holds only the characters of a URI: ask for the one in Location, which is properly encoded";
    TargetFormInvalid 400 "RFC 9112 §3.2" "a request-target is a path, an http(s) URI, host:port for CONNECT or * for OPTIONS";
    TargetUserinfo 400 "RFC 9110 §4.2.4" "a target URI must not carry userinfo";
    StartLineTooLong 414 "RFC 9112 §3" "the start line is longer than this server reads";
    VersionInvalid 400 "RFC 9112 §2.3" "the version is HTTP/ DIGIT . DIGIT, alone at the end of its line";
    VersionUnsupported 505 "RFC 9110 §15.6.6" "only HTTP/1.x is supported here";
    StatusInvalid 502 "RFC 9112 §4" "a status line is a version, a status of three digits and a reason phrase";
    FieldNameInvalid 400 "RFC 9112 §5" "a field line starts with a name that is a token, then a colon";
    SpaceBeforeColon 400 "RFC 9112 §5.1" "no whitespace is allowed between a field name and its colon";
    LeadingWhitespace 400 "RFC 9112 §2.2" "no whitespace may stand between the start line and the first field";
    ObsFold 400 "RFC 9112 §5.2" "a field value of a request must not be folded over several lines";
    FieldValueInvalid 400 "RFC 9110 §5.5" "a field value holds no control characters but tab";
    FieldSectionTooLarge 431 "RFC 6585 §5" "the field section is larger than this server reads";
    TooManyFields 431 "RFC 6585 §5" "there are more field lines than this server reads";
    HostMissing 400 "RFC 9112 §3.2" "an HTTP/1.1 request must have a Host field";
    HostRepeated 400 "RFC 9112 §3.2" "a request must not have more than one Host field";
    HostInvalid 400 "RFC 9112 §3.2" "Host is a host name or address with an optional port";
    LengthInvalid 400 "RFC 9110 §8.6" "Content-Length is a plain decimal number";
    LengthTooLarge 413 "RFC 9110 §8.6" "Content-Length is larger than any number here can be, 2^64 - 1";
    LengthRepeated 400 "RFC 9112 §6.3" "there must be one Content-Length with one value";
    LengthWithCoding 400 "RFC 9112 §6.1" "a message must not have both Content-Length and Transfer-Encoding";
    CodingInvalid 400 "RFC 9112 §6.1" "Transfer-Encoding is a list of transfer codings";
    CodingUnknown 501 "RFC 9112 §6.1" "chunked is the only transfer coding supported here";
    CodingNotFinal 400 "RFC 9112 §6.3" "chunked must be the final transfer coding, and only once";
    CodingVersion 400 "RFC 9112 §6.1" "HTTP/1.0 has no transfer codings";
    ConnectionInvalid 400 "RFC 9110 §7.6.1" "Connection is a list of tokens";
    ExpectationUnknown 417 "RFC 9110 §10.1.1" "100-continue is the only expectation supported here";
    LocationRepeated 502 "RFC 9110 §10.2.2" "a response must not have more than one Location field";
    LocationInvalid 502 "RFC 9110 §10.2.2" "Location is one URI reference, with the characters of a URI";
    ContentCodingInvalid 400 "RFC 9110 §8.4" "Content-Encoding is a list of content codings";
    ContentCodingUnknown 415 "RFC 9110 §12.5.3" "gzip is the only content coding that is understood here, and not many times over";
    ForwardedInvalid 400 "RFC 7239 §4" "Forwarded is a list of elements like for=192.0.2.60;proto=https, with no blank around ; and =, and quotes around a colon";
    ForwardedNodeInvalid 400 "RFC 7239 §6" "who a request was forwarded for is an address, unknown or a name behind an underscore";
    ForwardedHostInvalid 400 "RFC 7239 §5.3" "the host of a forwarded request is a host name or address with an optional port";
    ForwardedProtoInvalid 400 "RFC 7239 §5.4" "the scheme of a forwarded request is http or https, or ws or wss";
    BodyTooLarge 413 "RFC 9110 §15.5.14" "the content is larger than this server accepts";
    CollectedTooMuch 503 "RFC 9110 §15.6.4" "the bodies that are being collected fill the memory that this server has for them: try again later";
    ChunkSizeInvalid 400 "RFC 9112 §7.1" "a chunk starts with its size in at most 16 hex digits";
    ChunkExtensionInvalid 400 "RFC 9112 §7.1.1" "a chunk extension is ;name or ;name=value";
    ChunkExtensionsTooLarge 413 "RFC 9112 §7.1.1" "the chunk extensions of a message are limited in total";
    ChunkDataUnterminated 400 "RFC 9112 §7.1" "chunk data is followed by CRLF";
    TrailerForbidden 400 "RFC 9110 §6.5.1" "fields that frame, route or authenticate must not be trailers";
    EscapeInvalid 400 "RFC 3986 §2.1" "a % is followed by two hexadecimal digits";
    EscapedNotUtf8 400 "RFC 3986 §2.5" "percent-encoded text is UTF-8";
    ContentNotUtf8 400 "RFC 9110 §15.5.1" "this content must be text in UTF-8";
    MessageTruncated 400 "RFC 9112 §8" "the connection ended before the message did";
    RequestTimeout 408 "RFC 9110 §15.5.9" "the request did not arrive in time";
    SwitchUnnamed 502 "RFC 9110 §15.2.2" "a 101 names in Upgrade the protocol that follows it, and Upgrade in Connection";
    SwitchNotOffered 502 "RFC 9110 §7.8" "a 101 names only protocols that the request has offered";
    SwitchTooOld 502 "RFC 9110 §7.8" "only HTTP/1.1 can switch to another protocol";
    SwitchWithContent 502 "RFC 9110 §8.6" "a 101 has no content, so it has no Content-Length and no Transfer-Encoding";
    UnexpectedMessage 400 "RFC 9112 §9.2" "a message came that no request asked for";
}

rule_error! {
    /// The peer broke a [`Rule`]: which, at what byte, and the bytes found there.
    ///
    /// It always blames the peer; what a caller did wrong is a [`Misuse`](super::Misuse). A handler may blame
    /// its client with it: `Err(wire::Error::whole(Rule::BodyTooLarge).into())` is a 413.
    pub struct Error {
        rule: Rule,
        /// The offset, in bytes, from the start of what the rule is about:
        ///
        /// | what is broken | counted from |
        /// |---|---|
        /// | a start line, the form of the field lines | the first byte that came for this head; empty lines before it count |
        /// | one field's value: `Host`, `Content-Length`, `Transfer-Encoding`, `Connection`, `Forwarded` … | that value, or its part |
        /// | the framing of chunks | the bytes of that call of the decoder, which a server or a client has read together |
        /// | the form of the trailer lines | the first byte of the trailer section |
        /// | the query, a form | the byte behind the `?`; the form |
        /// | text that is not UTF-8 | the body, or the line |
        at: usize,
        /// Up to 16 bytes found there; empty where no single byte breaks the rule.
        got: [u8; 16],
        in_response: bool,
    }
    pub fn new;
    show = show_quoted;
}

impl Error {
    /// The rule was broken by the message as a whole, at no particular byte.
    #[cold]
    pub fn whole(rule: Rule) -> Self {
        Error::new(rule, &[], 0)
    }

    /// A rule was broken by `got` at byte `at`.
    #[cold]
    pub(super) fn found(rule: Rule, at: usize, got: &str) -> Self {
        Error {
            at,
            ..Error::new(rule, got.as_bytes(), 0)
        }
    }

    /// The same, broken by a server in its response.
    pub(in crate::http) fn in_response(self) -> Self {
        Error {
            in_response: true,
            ..self
        }
    }

    /// Whether a server broke the rule, in its response. A handler that asks other servers may fail with such
    /// an error, too: its own client is not to blame.
    pub fn is_in_response(&self) -> bool {
        self.in_response
    }

    /// The status code a server answers with: the rule's own; 502 if another server broke the rule.
    // RFC 9110 §15.6.3: "The 502 (Bad Gateway) status code indicates that the server, while acting as a
    // gateway or proxy, received an invalid response from an inbound server it accessed while attempting to
    // fulfill the request."
    pub fn status(&self) -> u16 {
        match self.in_response {
            true => 502,
            false => self.rule.status(),
        }
    }
}
