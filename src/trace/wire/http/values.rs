//! Field values, down to their tokens.
//!
//! ```text
//!   Accept: text/html;q=0.8, */*
//!           type / subtype ; parameter = weight , …
//! ```
//!
//! Where `http::wire` decodes a value, it decides whether the value is good and where its parts lie. A list with
//! parameters has no decoder there, because nothing of it changes how barewire serves: it is split here, by the
//! runs of [`grammar`]. A value that is not of its field's form is one leaf: an odd value breaks no rule of
//! the framing, and most recipients ignore it.

use crate::http::wire::{
    EntityTags, HttpDate, Ranges, decode_basic, grammar, percent_decode_text, split_host_port,
};
use crate::trace::wire::labels::Label;
use crate::trace::wire::secrets::{Secrets, is_secret};
use crate::trace::wire::span::{Brush, hex};
use crate::websocket::wire::{GUID, accept, hash, nonce};

/// A value with more parts is one leaf: a peer must not make a span of every byte.
pub(super) const MOST_PARTS: usize = 64;

/// The form of a field's value.
#[derive(Clone, Copy, Debug)]
enum Form {
    Text,
    Number,
    /// A list, its elements with parameters.
    List,
    /// The same, of media types.
    Types,
    Host,
    Date,
    Range,
    ContentRange,
    Tags,
    Credentials,
    Cookies,
    SetCookie,
    Key,
    Accept,
}

/// The fields whose value has a form, or a section of its own.
#[rustfmt::skip]
const FIELDS: &[(&str, &str, Form)] = &[
    ("accept", "RFC 9110 §12.5.1", Form::Types),
    ("accept-charset", "RFC 9110 §12.5.2", Form::List),
    ("accept-encoding", "RFC 9110 §12.5.3", Form::List),
    ("accept-language", "RFC 9110 §12.5.4", Form::List),
    ("accept-ranges", "RFC 9110 §14.3", Form::List),
    ("allow", "RFC 9110 §10.2.1", Form::List),
    ("authorization", "RFC 9110 §11.6.2", Form::Credentials),
    ("connection", "RFC 9110 §7.6.1", Form::List),
    ("content-encoding", "RFC 9110 §8.4", Form::List),
    ("content-language", "RFC 9110 §8.5", Form::List),
    ("content-length", "RFC 9110 §8.6", Form::Number),
    ("content-location", "RFC 9110 §8.7", Form::Text),
    ("content-range", "RFC 9110 §14.4", Form::ContentRange),
    ("content-type", "RFC 9110 §8.3", Form::Types),
    ("cookie", "RFC 6265 §4.2", Form::Cookies),
    ("date", "RFC 9110 §6.6.1", Form::Date),
    ("etag", "RFC 9110 §8.8.3", Form::Tags),
    ("expect", "RFC 9110 §10.1.1", Form::List),
    ("from", "RFC 9110 §10.1.2", Form::Text),
    ("host", "RFC 9110 §7.2", Form::Host),
    ("if-match", "RFC 9110 §13.1.1", Form::Tags),
    ("if-modified-since", "RFC 9110 §13.1.3", Form::Date),
    ("if-none-match", "RFC 9110 §13.1.2", Form::Tags),
    ("if-range", "RFC 9110 §13.1.5", Form::Text),
    ("if-unmodified-since", "RFC 9110 §13.1.4", Form::Date),
    ("last-modified", "RFC 9110 §8.8.2", Form::Date),
    ("location", "RFC 9110 §10.2.2", Form::Text),
    ("max-forwards", "RFC 9110 §7.6.2", Form::Number),
    ("origin", "RFC 6454 §7", Form::Text),
    ("proxy-authenticate", "RFC 9110 §11.7.1", Form::Text),
    ("proxy-authorization", "RFC 9110 §11.7.2", Form::Credentials),
    ("range", "RFC 9110 §14.2", Form::Range),
    ("referer", "RFC 9110 §10.1.3", Form::Text),
    ("retry-after", "RFC 9110 §10.2.3", Form::Text),
    ("sec-websocket-accept", "RFC 6455 §11.3.3", Form::Accept),
    ("sec-websocket-extensions", "RFC 6455 §11.3.2", Form::List),
    ("sec-websocket-key", "RFC 6455 §11.3.1", Form::Key),
    ("sec-websocket-protocol", "RFC 6455 §11.3.4", Form::List),
    ("sec-websocket-version", "RFC 6455 §11.3.5", Form::Number),
    ("server", "RFC 9110 §10.2.4", Form::Text),
    ("set-cookie", "RFC 6265 §4.1", Form::SetCookie),
    ("te", "RFC 9110 §10.1.4", Form::List),
    ("trailer", "RFC 9110 §6.6.2", Form::List),
    ("transfer-encoding", "RFC 9112 §6.1", Form::List),
    ("upgrade", "RFC 9110 §7.8", Form::List),
    ("user-agent", "RFC 9110 §10.1.5", Form::Text),
    ("vary", "RFC 9110 §12.5.5", Form::List),
    ("via", "RFC 9110 §7.6.3", Form::List),
    ("www-authenticate", "RFC 9110 §11.6.1", Form::Text),
];

/// Paints the value from here to `end`, of the field with this name. `key` is the Sec-WebSocket-Key of the request
/// that a response answers.
pub(super) fn value(brush: &mut Brush<'_>, name: &[u8], end: usize, key: Option<&[u8]>) {
    let Some((section, form)) = form_of(name) else {
        return brush.guarded(end, Label::FieldValue, None, &mut Secrets::in_text());
    };
    let bytes = brush.ahead(end);
    if bytes.is_empty() {
        return;
    }
    let parts = brush.try_group(Label::FieldValue, |brush| match form {
        Form::Text | Form::Key | Form::Accept => None,
        Form::Number => number(brush, end, Label::Number),
        Form::List => list(brush, end, [Label::Element, Label::ProtocolVersion]),
        Form::Types => list(brush, end, [Label::Type, Label::Subtype]),
        Form::Host => host(brush, end),
        Form::Date => date(brush, end),
        Form::Range => range(brush, end),
        Form::ContentRange => content_range(brush, end),
        Form::Tags => tags(brush, end),
        Form::Credentials => credentials(brush, end),
        Form::Cookies => cookies(brush, end),
        Form::SetCookie => set_cookie(brush, end),
    });
    match (parts, form) {
        (Some(()), _) => {}
        (None, _) if is_secret(name) => brush.secret(end, Label::FieldValue),
        (None, _) => brush.guarded(end, Label::FieldValue, None, &mut Secrets::in_text()),
    }
    brush.rule(section);
    brush.rule_of(&[Label::Element, Label::Number], section);
    match form {
        Form::Key => {
            if let Some(nonce) = nonce(bytes) {
                brush.note(Label::Nonce, hex(&nonce));
            }
        }
        Form::Accept => accept_notes(brush, key),
        _ => {}
    }
}

/// Where the field with this name is defined.
pub(super) fn section(name: &[u8]) -> &'static str {
    form_of(name).map_or(Label::FieldName.section(), |(section, _)| section)
}

fn form_of(name: &[u8]) -> Option<(&'static str, Form)> {
    let mut fields = FIELDS.iter();
    let field = fields.find(|(field, ..)| name.eq_ignore_ascii_case(field.as_bytes()))?;
    Some((field.1, field.2))
}

/// How Accept comes of the key.
fn accept_notes(brush: &mut Brush<'_>, key: Option<&[u8]>) {
    let Some(key) = key else { return };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    brush.note(Label::AcceptText, text(&[key, GUID].concat()));
    brush.note(Label::AcceptHash, hex(&hash(key)));
    brush.note(Label::AcceptBase64, text(&accept(key)));
}

fn number(brush: &mut Brush<'_>, end: usize, label: Label) -> Option<()> {
    grammar::decimal(brush.ahead(end))?;
    brush.leaf(end, label);
    Some(())
}

/// Elements with parameters, and blanks, commas, semicolons and equals signs between them. What stands behind a slash
/// is the second part of an element.
pub(super) fn list(brush: &mut Brush<'_>, end: usize, [first, second]: [Label; 2]) -> Option<()> {
    let (mut role, mut name) = (first, &b""[..]);
    while let Some(&byte) = brush.ahead(end).first() {
        let at = brush.at();
        if brush.count() == MOST_PARTS {
            return None;
        }
        match byte {
            b' ' | b'\t' => blanks(brush, end),
            b',' | b';' | b'=' | b'/' => {
                brush.leaf(at + 1, Label::Delimiter);
                role = match byte {
                    b',' => first,
                    b';' => Label::Parameter,
                    b'/' => second,
                    _ if name.eq_ignore_ascii_case(b"q") => Label::Weight,
                    _ => Label::ParameterValue,
                };
            }
            b'"' => brush.leaf(at + quoted(brush.ahead(end))?, role),
            _ => {
                let token = grammar::token_end(brush.ahead(end), 0);
                name = brush.ahead(at + token);
                if name.is_empty() {
                    return None;
                }
                brush.leaf(at + token, role);
            }
        }
    }
    Some(())
}

fn blanks(brush: &mut Brush<'_>, end: usize) {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let blanks = brush.ahead(end).iter().take_while(blank).count();
    brush.leaf(brush.at() + blanks, Label::Whitespace);
}

/// How long the quoted-string is that `bytes` begin with (RFC 9110 §5.6.4).
fn quoted(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => 2,
            _ => 1,
        };
    }
}

/// `host [ ":" port ]` of a target; a leaf if it is another one.
pub(super) fn authority(brush: &mut Brush<'_>, end: usize) {
    if host(brush, end).is_none() {
        brush.leaf(end, Label::HostName);
    }
}

/// `host [ ":" port ]`
fn host(brush: &mut Brush<'_>, end: usize) -> Option<()> {
    let (host, port) = split_host_port(brush.ahead(end))?;
    brush.leaf(brush.at() + host.len(), Label::HostName);
    if port.is_some() {
        brush.leaf(brush.at() + 1, Label::Delimiter);
        brush.leaf(end, Label::HostPort);
    }
    Some(())
}

/// The parts of a date, and where they end.
#[rustfmt::skip]
const DATE: [(usize, Label); 11] = [
    (3, Label::Weekday), (5, Label::Delimiter), (7, Label::Day), (8, Label::Whitespace), (11, Label::Month),
    (12, Label::Whitespace), (16, Label::Year), (17, Label::Whitespace), (25, Label::Time),
    (26, Label::Whitespace), (29, Label::Zone),
];

/// `Sun, 06 Nov 1994 08:49:37 GMT`: a date in the only form that may be sent. (The others have the same parts
/// elsewhere, and are one leaf.)
fn date(brush: &mut Brush<'_>, end: usize) -> Option<()> {
    let value = brush.ahead(end);
    let date = HttpDate::decode(value, HttpDate::MAX).ok()?;
    if date.to_bytes() != value {
        return None;
    }
    let start = brush.at();
    for (end, label) in DATE {
        brush.leaf(start + end, label);
    }
    Some(())
}

/// `bytes=0-499, -500`
fn range(brush: &mut Brush<'_>, end: usize) -> Option<()> {
    let (start, value) = (brush.at(), brush.ahead(end));
    Ranges::decode(value)?;
    let equals = value.iter().position(|&c| c == b'=')?;
    brush.leaf(start + equals, Label::RangeUnit);
    brush.leaf(start + equals + 1, Label::Delimiter);
    let set = &value[equals + 1..];
    for spec in grammar::list(set) {
        let at = start + equals + 1 + place(set, spec);
        brush.leaf(at, Label::Delimiter);
        let dash = spec.iter().position(|&c| c == b'-')?;
        let last = match dash {
            0 => Label::RangeSuffix,
            _ => Label::RangeLast,
        };
        brush.leaf(at + dash, Label::RangeFirst);
        brush.leaf(at + dash + 1, Label::Delimiter);
        brush.leaf(at + spec.len(), last);
    }
    brush.leaf(end, Label::Delimiter);
    Some(())
}

/// `bytes 0-499/10000`, `bytes */10000`
fn content_range(brush: &mut Brush<'_>, end: usize) -> Option<()> {
    let start = brush.at();
    let text = str::from_utf8(brush.ahead(end)).ok()?;
    let (unit, range) = text.split_once(' ')?;
    let (part, complete) = range.split_once('/')?;
    let is_number = |text: &str| text == "*" || grammar::decimal(text.as_bytes()).is_some();
    let first = part.split_once('-').map_or(part, |(first, _)| first);
    let last = part.split_once('-').map_or("*", |(_, last)| last);
    if ![first, last, complete].into_iter().all(is_number) {
        return None;
    }
    let part_at = start + unit.len() + 1;
    brush.leaf(start + unit.len(), Label::RangeUnit);
    brush.leaf(part_at, Label::Whitespace);
    brush.leaf(part_at + first.len(), Label::RangeFirst);
    if part.len() > first.len() {
        brush.leaf(part_at + first.len() + 1, Label::Delimiter);
        brush.leaf(part_at + part.len(), Label::RangeLast);
    }
    brush.leaf(part_at + part.len() + 1, Label::Delimiter);
    brush.leaf(end, Label::RangeComplete);
    Some(())
}

/// `W/"a", "b,c"`, or `*`
fn tags(brush: &mut Brush<'_>, end: usize) -> Option<()> {
    let (start, value) = (brush.at(), brush.ahead(end));
    let EntityTags::Listed(tags) = EntityTags::decode(value)? else {
        brush.leaf(end, Label::Element);
        return Some(());
    };
    for tag in tags {
        if brush.count() >= MOST_PARTS {
            return None;
        }
        let before = if tag.is_weak() { 3 } else { 1 };
        let at = start + place(value, tag.opaque());
        brush.leaf(at - before, Label::Delimiter);
        brush.leaf(at + tag.opaque().len() + 1, Label::EntityTag);
        let strength = if tag.is_weak() { "weak" } else { "strong" };
        brush.note(Label::TagStrength, strength);
    }
    brush.leaf(end, Label::Delimiter);
    Some(())
}

/// `Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==`
fn credentials(brush: &mut Brush<'_>, end: usize) -> Option<()> {
    let value = brush.ahead(end);
    let scheme = grammar::token_end(value, 0);
    if scheme == 0 || value.get(scheme) != Some(&b' ') {
        return None;
    }
    brush.leaf(brush.at() + scheme, Label::AuthScheme);
    blanks(brush, end);
    brush.secret(end, Label::Credentials);
    if let Some((user, password)) = decode_basic(value).filter(|_| brush.shows_secrets()) {
        brush.note(Label::UserAndPassword, format!("{user}:{password}"));
    }
    Some(())
}

/// `name=value; name=value`
fn cookies(brush: &mut Brush<'_>, end: usize) -> Option<()> {
    while brush.at() < end {
        cookie(brush, end)?;
        next_part(brush, end)?;
    }
    Some(())
}

/// `name=value; Path=/; HttpOnly`
fn set_cookie(brush: &mut Brush<'_>, end: usize) -> Option<()> {
    cookie(brush, end)?;
    next_part(brush, end)?;
    while brush.at() < end {
        let start = brush.at();
        let attribute = until(brush.ahead(end), b';');
        let equals = until(attribute, b'=').len();
        brush.leaf(start + equals, Label::Parameter);
        if equals < attribute.len() {
            brush.leaf(start + equals + 1, Label::Delimiter);
            brush.leaf(start + attribute.len(), Label::ParameterValue);
        }
        next_part(brush, end)?;
    }
    Some(())
}

/// The pair at the front; its value is a secret.
fn cookie(brush: &mut Brush<'_>, end: usize) -> Option<()> {
    let (start, pair) = (brush.at(), until(brush.ahead(end), b';'));
    let name = until(pair, b'=').len();
    if name == pair.len() {
        return None;
    }
    brush.leaf(start + name, Label::CookieName);
    brush.leaf(start + name + 1, Label::Delimiter);
    brush.secret(start + pair.len(), Label::CookieValue);
    Some(())
}

/// A semicolon and the blanks behind it.
fn next_part(brush: &mut Brush<'_>, end: usize) -> Option<()> {
    if brush.count() >= MOST_PARTS {
        return None;
    }
    if brush.at() < end {
        brush.leaf(brush.at() + 1, Label::Delimiter);
        blanks(brush, end);
    }
    Some(())
}

fn until(bytes: &[u8], sign: u8) -> &[u8] {
    bytes.split(|&c| c == sign).next().unwrap_or_default()
}

/// A note with the decoded text, if the last leaf is percent-encoded.
pub(super) fn decoded(brush: &mut Brush<'_>, encoded: &str) {
    match percent_decode_text(encoded) {
        Ok(text) if text != encoded => brush.note(Label::Decoded, text),
        _ => {}
    }
}

/// Where a slice of `whole` lies in it.
fn place(whole: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}
