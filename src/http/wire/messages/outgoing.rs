//! Heads to be sent: what the caller gives, in the order on the wire.
//!
//! ```text
//!   HTTP/1.1 200 OK                    status line
//!   Content-Type: text/plain           the caller's fields, in the caller's order
//!   Date: Sat, 07 May 2022 01:26:03 GMT
//!   Connection: keep-alive
//!   Keep-Alive: timeout=5
//!   Transfer-Encoding: chunked         what the connection adds
//! ```

use super::body::BodyLength;
use super::field_list::FieldList;
use super::fields::{Known, KnownSet};
use super::keep_alive::KeepAlive;
use super::server_fields::ServerFields;
use super::start_line::Version;
use super::target::Target;
use crate::http::wire::{Method, Misuse, grammar, reason_phrase};
use crate::setters::setters;
use std::time::Duration;

/// Whether a final response may have this status. RFC 9110 §15 has 100 to 599. The status of another server
/// (`is_forwarded`) is passed on unchanged.
#[inline]
pub(in crate::http) fn is_final_status(status: u16, is_forwarded: bool) -> bool {
    matches!(status, 200..=599) || (is_forwarded && matches!(status, 0..=99 | 600..=999))
}

/// A final response head to be sent.
#[derive(Clone, Copy, Debug)]
pub struct ResponseOut<'a> {
    pub(in crate::http::wire) status: u16,
    pub(in crate::http::wire) is_forwarded: bool,
    pub(in crate::http::wire) reason: Option<&'a str>,
    pub(in crate::http::wire) fields: &'a FieldList,
    pub(in crate::http::wire) length: Option<u64>,
    server_fields: Option<&'a ServerFields>,
    drops_keep_alive: bool,
}

impl<'a> ResponseOut<'a> {
    /// A response with the usual reason phrase, whose body length is not known in advance.
    pub fn new(status: u16, fields: &'a FieldList) -> ResponseOut<'a> {
        ResponseOut {
            status,
            is_forwarded: false,
            reason: None,
            fields,
            length: None,
            server_fields: None,
            drops_keep_alive: false,
        }
    }

    /// With another reason phrase.
    ///
    /// # Errors
    /// [`Misuse::Reason`] for bytes that a status line must not hold.
    pub fn reason(mut self, reason: &'a str) -> Result<ResponseOut<'a>, Misuse> {
        if grammar::value_end(reason.as_bytes(), 0) < reason.len() {
            return Err(Misuse::Reason);
        }
        self.reason = Some(reason);
        Ok(self)
    }

    fn keep_alive_secs(&self) -> Option<u64> {
        self.server_fields.and_then(ServerFields::keep_alive_secs)
    }

    /// With a reason phrase that [`reason`](Self::reason) has accepted before; an empty one is the usual one.
    #[inline]
    pub(crate) fn checked_reason(mut self, reason: &'a str) -> ResponseOut<'a> {
        self.reason = (!reason.is_empty()).then_some(reason);
        self
    }

    setters! {
        /// The status was received from another server: it may be any that is final, also one that must not be
        /// made here.
        pub fn forwarded(self, on: bool) => self.is_forwarded = on;

        /// The whole body is `bytes` long: it gets a Content-Length.
        pub fn length(self, bytes: u64) => self.length = Some(bytes);

        /// With Date and Keep-Alive, if the caller's fields have none.
        pub fn server_fields(self, ours: &'a ServerFields) => self.server_fields = Some(ours);

        /// Leaves out the caller's Keep-Alive, because the connection may end earlier than it announces. By
        /// default it is left out only where the connection ends, or ours is shorter.
        pub fn drop_keep_alive(self, on: bool) => self.drops_keep_alive = on;
    }
}

/// A request head to be sent.
#[derive(Clone, Copy, Debug)]
pub struct RequestOut<'a> {
    pub(in crate::http::wire) method: Method<'a>,
    pub(in crate::http::wire) target: Target<'a>,
    pub(in crate::http::wire) fields: &'a FieldList,
    pub(in crate::http::wire) length: Option<u64>,
    pub(in crate::http::wire) streams: bool,
    pub(in crate::http::wire) version: Version,
}

impl<'a> RequestOut<'a> {
    /// A request without a body.
    pub fn new(method: Method<'a>, target: Target<'a>, fields: &'a FieldList) -> RequestOut<'a> {
        RequestOut {
            method,
            target,
            fields,
            length: None,
            streams: false,
            version: Version::Http11,
        }
    }

    setters! {
        /// With a body of this many bytes.
        pub fn length(self, bytes: u64) => self.length = Some(bytes);

        /// In another version: an HTTP/1.0 request cannot have a body of unknown length.
        pub fn version(self, version: Version) => self.version = version;

        /// With a body of unknown length: it is sent in chunks.
        pub fn streaming(self) => self.streams = true;
    }
}

/// The value of the caller's Content-Length.
pub(in crate::http::wire) fn declared_length(fields: &FieldList) -> Result<Option<u64>, Misuse> {
    if !fields.view().has(Known::ContentLength) {
        return Ok(None);
    }
    let mut lengths = fields.view().known(Known::ContentLength);
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => grammar::decimal(value).map(Some).ok_or(Misuse::Framing),
        (Some(_), Some(_)) => Err(Misuse::Framing),
    }
}

/// Whether the caller's fields ask for the chunked coding, the only one there is.
pub(in crate::http::wire) fn declares_chunked(fields: &FieldList) -> Result<bool, Misuse> {
    if !fields.view().has(Known::TransferEncoding) {
        return Ok(false);
    }
    let mut codings = fields.view().known(Known::TransferEncoding);
    match (codings.next(), codings.next()) {
        (None, _) => Ok(false),
        (Some(value), None) if value.eq_ignore_ascii_case(b"chunked") => Ok(true),
        _ => Err(Misuse::Framing),
    }
}

/// Fields of a head that no body can follow: a 1xx, or a 2xx to CONNECT (RFC 9112 §6.1 says the
/// same of Transfer-Encoding, RFC 9110 §9.3.6 of both in a 2xx to CONNECT).
// RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any response with a
// status code of 1xx (Informational) or 204 (No Content)."
pub(in crate::http::wire) fn check_unframed(fields: &FieldList) -> Result<(), Misuse> {
    let view = fields.view();
    if view.has(Known::ContentLength) || view.has(Known::TransferEncoding) {
        return Err(Misuse::Framing);
    }
    Ok(())
}

/// Whether the caller's fields close the connection.
#[inline]
pub(in crate::http::wire) fn says_close(fields: &FieldList) -> bool {
    has_option(fields, b"close")
}

/// Whether the caller's Connection field has this option.
#[inline]
fn has_option<const N: usize>(fields: &FieldList, option: &[u8; N]) -> bool {
    fields.view().has(Known::Connection) && lists_option(fields, option)
}

fn lists_option<const N: usize>(fields: &FieldList, option: &[u8; N]) -> bool {
    let options = fields.view().known(Known::Connection);
    options
        .flat_map(grammar::list)
        .any(|theirs| grammar::is_word(theirs, option))
}

/// The fields that depend on the connection, and Date, which it adds.
const OURS: KnownSet = KnownSet::of(&[
    Known::Connection,
    Known::Date,
    Known::KeepAlive,
    Known::TransferEncoding,
]);

#[inline(always)]
pub(in crate::http::wire) fn encode_response(
    head: &ResponseOut<'_>,
    kept_alive: Option<Version>,
    framing: Option<BodyLength>,
    out: &mut Vec<u8>,
) {
    let theirs = head.fields.view();
    status_line(head.status, head.reason, out);
    match head.server_fields {
        Some(ours) if kept_alive.is_some() && !theirs.has_any(OURS) => {
            head.fields.encode(out);
            out.extend_from_slice(ours.all());
        }
        _ => encode_both(head, kept_alive, out),
    }
    match framing {
        Some(BodyLength::Chunked) => {
            return out.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        }
        Some(BodyLength::Known(length)) if !theirs.has(Known::ContentLength) => {
            number_line(b"Content-Length: ", length, out);
        }
        _ => {}
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a whole head on a connection that persists. `fields` has no name that the connection adds; `length` is that of
/// the content, if the head declares it.
#[inline(always)]
pub(in crate::http::wire) fn encode_plain(
    status: u16,
    fields: &FieldList,
    ours: &ServerFields,
    length: Option<u64>,
    out: &mut Vec<u8>,
) {
    status_line(status, None, out);
    fields.encode(out);
    match length {
        None => out.extend_from_slice(ours.all_and_chunked()),
        Some(length) => {
            out.extend_from_slice(ours.all());
            number_line(b"Content-Length: ", length, out);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Appends the caller's fields, and those of ours that do not stand among them or contradict the connection.
#[inline(never)]
fn encode_both(head: &ResponseOut<'_>, kept_alive: Option<Version>, out: &mut Vec<u8>) {
    let hint = encode_consistent(head, kept_alive.is_some(), out);
    if let (Some(ours), false) = (head.server_fields, head.fields.view().has(Known::Date)) {
        out.extend_from_slice(ours.date_line());
    }
    match kept_alive {
        // RFC 9112 §9.6: "A sender SHOULD send a Connection header field (Section 7.6.1 of [HTTP])
        // containing the "close" connection option when it intends to close a connection."
        None if !has_option(head.fields, b"close") => {
            out.extend_from_slice(b"Connection: close\r\n");
        }
        None => {}
        Some(version) => encode_keep_alive(head, version, hint, out),
    }
}

/// Appends the caller's fields without those that contradict the connection. "keep-alive" beside our "close" is
/// ambiguous, and after a longer timeout the client would send a request to a server that is closing. Returns
/// whether the caller's Keep-Alive was appended.
fn encode_consistent(head: &ResponseOut<'_>, persists: bool, out: &mut Vec<u8>) -> bool {
    let hint = KeepAlive::of(head.fields.view());
    let ours = head.keep_alive_secs().map(Duration::from_secs);
    let is_longer = ours.is_some_and(|ours| hint.timeout > Some(ours));
    let keeps_hint = persists && !is_longer && !head.drops_keep_alive;
    encode_where(head.fields, out, |known, value| match known {
        Known::TransferEncoding => FieldOut::Nothing,
        Known::KeepAlive if !keeps_hint => FieldOut::Nothing,
        Known::Connection if !persists => FieldOut::without(value, &[b"keep-alive"]),
        _ => FieldOut::Whole,
    });
    keeps_hint && head.fields.view().has(Known::KeepAlive)
}

/// An HTTP/1.0 client needs these fields to keep the connection. An HTTP/1.1 client gets them as in the
/// book, unless the caller sets Connection itself. `hint`: the caller's Keep-Alive was appended.
fn encode_keep_alive(head: &ResponseOut<'_>, version: Version, hint: bool, out: &mut Vec<u8>) {
    let theirs = head.fields.view();
    let needed = version == Version::Http10 && !has_option(head.fields, b"keep-alive");
    let adds = needed || !theirs.has(Known::Connection);
    if adds {
        out.extend_from_slice(b"Connection: keep-alive\r\n");
    }
    if let Some(secs) = head.keep_alive_secs()
        && !hint
        && (adds || theirs.has(Known::KeepAlive))
    {
        number_line(b"Keep-Alive: timeout=", secs, out);
    }
}

#[inline]
fn status_line(status: u16, reason: Option<&str>, out: &mut Vec<u8>) {
    match (status, reason) {
        (200, None) => out.extend_from_slice(b"HTTP/1.1 200 OK\r\n"),
        _ => other_status_line(status, reason, out),
    }
}

#[inline(never)]
fn other_status_line(status: u16, reason: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    // RFC 9112 §4: "status-code = 3DIGIT"
    if status < 100 {
        out.extend_from_slice(if status < 10 { b"00" } else { b"0" });
    }
    grammar::push_decimal(out, status.into());
    out.push(b' ');
    out.extend_from_slice(reason.unwrap_or_else(|| reason_phrase(status)).as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn number_line(start: &[u8], number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(start);
    grammar::push_decimal(out, number);
    out.extend_from_slice(b"\r\n");
}

/// How much of a field line is sent.
enum FieldOut {
    Nothing,
    Whole,
    /// The rest of a list.
    Rest(Vec<u8>),
}

impl FieldOut {
    /// A list of connection options without some of them.
    fn without(value: &[u8], options: &[&[u8]]) -> FieldOut {
        let is_left_out = |option: &&[u8]| options.iter().any(|o| option.eq_ignore_ascii_case(o));
        if !grammar::list(value).any(|option| is_left_out(&option)) {
            return FieldOut::Whole;
        }
        let rest: Vec<&[u8]> = grammar::list(value)
            .filter(|option| !is_left_out(option))
            .collect();
        match rest.is_empty() {
            true => FieldOut::Nothing,
            false => FieldOut::Rest(rest.join(&b", "[..])),
        }
    }
}

/// Appends as much of each field as `decide` says.
fn encode_where(fields: &FieldList, out: &mut Vec<u8>, decide: impl Fn(Known, &[u8]) -> FieldOut) {
    for (name, value) in fields.view().iter() {
        let rest;
        let value = match decide(Known::of(name.as_bytes()), value) {
            FieldOut::Nothing => continue,
            FieldOut::Whole => value,
            FieldOut::Rest(list) => {
                rest = list;
                &rest
            }
        };
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
}

fn encode_without(left_out: Known, fields: &FieldList, out: &mut Vec<u8>) {
    encode_where(fields, out, |known, _| match known == left_out {
        true => FieldOut::Nothing,
        false => FieldOut::Whole,
    });
}

/// Appends the fields of a head that says nothing about whether the connection persists: it is not the final
/// one, or another protocol follows it.
fn encode_undecided(fields: &FieldList, out: &mut Vec<u8>) {
    encode_where(fields, out, |known, value| match known {
        Known::KeepAlive => FieldOut::Nothing,
        Known::Connection => FieldOut::without(value, &[b"keep-alive", b"close"]),
        _ => FieldOut::Whole,
    });
}

pub(in crate::http::wire) fn encode_informational(
    status: u16,
    fields: &FieldList,
    out: &mut Vec<u8>,
) {
    status_line(status, None, out);
    encode_undecided(fields, out);
    out.extend_from_slice(b"\r\n");
}

pub(in crate::http::wire) fn encode_switch(status: u16, fields: &FieldList, out: &mut Vec<u8>) {
    let reason = (status == 200).then_some("Connection Established");
    status_line(status, reason, out);
    encode_undecided(fields, out);
    // RFC 9110 §7.8: "A sender of Upgrade MUST also send an "Upgrade" connection option in the
    // Connection header field"
    if status == 101 && !has_option(fields, b"upgrade") {
        out.extend_from_slice(b"Connection: Upgrade\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

pub(in crate::http::wire) fn encode_request(
    head: &RequestOut<'_>,
    chunked: bool,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(head.method.as_str().as_bytes());
    out.push(b' ');
    head.target.encode(out);
    out.extend_from_slice(match head.version {
        Version::Http11 => b" HTTP/1.1\r\n",
        Version::Http10 => b" HTTP/1.0\r\n",
    });
    encode_without(Known::TransferEncoding, head.fields, out);
    match head.length {
        _ if chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Some(length) if !head.fields.view().has(Known::ContentLength) => {
            number_line(b"Content-Length: ", length, out);
        }
        _ => {}
    }
    out.extend_from_slice(b"\r\n");
}
