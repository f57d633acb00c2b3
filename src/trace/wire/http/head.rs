//! Heads: the start line, the field lines, the empty line.
//!
//! The decoder has decoded the bytes before they are painted here, and says where their parts lie. Of a head that
//! it refuses, the lines before the broken one are painted.

use super::values;
use crate::http::wire::{
    Fields, Places, Query, RequestDecoder, RequestHead, ResponseDecoder, Target, reason_phrase,
};
use crate::trace::wire::labels::Label;
use crate::trace::wire::secrets::{ACCESS_TOKEN, Secrets, is_secret};
use crate::trace::wire::span::{Brush, Note};

/// Which bytes of a head are good.
#[derive(Debug)]
pub(in crate::trace::wire) enum Good {
    /// All: the head is complete. These notes belong to its empty line.
    All(Vec<Note>),
    /// Those before the line, or the token, that holds this byte.
    Before(usize),
}

/// Paints what has come of the head of a request. If all is good, `head` is that head.
pub(in crate::trace::wire) fn request(
    brush: &mut Brush<'_>,
    decoder: &RequestDecoder,
    head: Option<&RequestHead<'_>>,
    good: Good,
) {
    let bytes = brush.bytes;
    let places = decoder.places(bytes);
    brush.group(Label::Request, |brush| {
        brush.leaf(places.start, Label::EmptyLines);
        brush.group(Label::RequestLine, |brush| {
            let Some(method_end) = places.method_end else {
                return;
            };
            brush.leaf(method_end, Label::Method);
            brush.leaf(method_end + 1, Label::Space);
            let Some(target_end) = places.target_end else {
                return;
            };
            match head.map(RequestHead::target) {
                Some(parts) => target(brush, target_end, &parts),
                None => brush.guarded(target_end, Label::Target, None, &mut Secrets::in_text()),
            }
            brush.leaf(target_end + 1, Label::Space);
            if let Some(line_end) = places.fields {
                brush.leaf(line_end - 2, Label::Version);
                brush.leaf(line_end, Label::LineEnd);
            }
        });
        section(brush, &places, decoder.fields_so_far(bytes), good, None);
    });
}

/// As [`request`], of a response; `key` is the Sec-WebSocket-Key of the request that it answers.
pub(in crate::trace::wire) fn response(
    brush: &mut Brush<'_>,
    decoder: &ResponseDecoder,
    good: Good,
    key: Option<&[u8]>,
) {
    let bytes = brush.bytes;
    let places = decoder.places(bytes);
    brush.group(Label::Response, |brush| {
        brush.leaf(places.start, Label::EmptyLines);
        let Some(line_end) = places.fields else {
            return;
        };
        brush.group(Label::StatusLine, |brush| {
            // RFC 9112 §4: "status-line = HTTP-version SP status-code SP [ reason-phrase ]"
            let status_at = places.start + "HTTP/1.1 ".len();
            brush.leaf(status_at - 1, Label::Version);
            brush.leaf(status_at, Label::Space);
            brush.leaf(status_at + 3, Label::Status);
            let meaning = reason_phrase(decoder.head(bytes).status());
            if !meaning.is_empty() {
                brush.note(Label::StatusMeaning, meaning);
            }
            brush.leaf(status_at + 4, Label::Space);
            brush.leaf(line_end - 2, Label::Reason);
            brush.leaf(line_end, Label::LineEnd);
        });
        section(brush, &places, decoder.fields_so_far(bytes), good, key);
    });
}

/// Paints a trailer section and its empty line, which are all the bytes.
pub(in crate::trace::wire) fn trailers(brush: &mut Brush<'_>, trailers: Fields<'_>) {
    let end = brush.bytes.len();
    brush.group(Label::Trailers, |brush| {
        lines(brush, trailers, end - 2, None);
        brush.leaf(end, Label::ChunkedEnd);
    });
}

/// The field lines that are complete, and the empty line of a head that is good.
fn section(
    brush: &mut Brush<'_>,
    places: &Places,
    fields: Fields<'_>,
    good: Good,
    key: Option<&[u8]>,
) {
    let Some(start) = places.fields else { return };
    let end = match (places.end, &good) {
        (Some(end), _) => end - 2,
        (None, Good::Before(broken)) => broken_line(brush.bytes, start, *broken),
        (None, Good::All(_)) => start,
    };
    lines(brush, fields, end, key);
    if let (Some(end), Good::All(notes)) = (places.end, good) {
        brush.leaf(end, Label::HeadEnd);
        notes.into_iter().for_each(|note| brush.add(note));
    }
}

/// Where the line begins that holds the broken byte: behind an LF that no blank follows, which would fold it.
fn broken_line(bytes: &[u8], start: usize, broken: usize) -> usize {
    let before = bytes.get(start..broken).unwrap_or_default();
    let is_fold = |at: usize| matches!(bytes.get(start + at + 1), Some(b' ' | b'\t'));
    let mut ends = before.iter().enumerate().rev();
    let line = ends.find(|&(at, &byte)| byte == b'\n' && !is_fold(at));
    start + line.map_or(0, |(at, _)| at + 1)
}

/// Field lines up to `end`. A line reaches to the next one, however often it is folded.
fn lines(brush: &mut Brush<'_>, fields: Fields<'_>, end: usize, key: Option<&[u8]>) {
    let places = fields.places();
    let places: Vec<_> = places.take_while(|(name, _)| name.start < end).collect();
    for (at, (name, value)) in places.iter().enumerate() {
        let line_end = places.get(at + 1).map_or(end, |(next, _)| next.start);
        brush.group(Label::Field, |brush| {
            brush.leaf(name.end, Label::FieldName);
            let name = brush.bytes.get(name.clone()).unwrap_or_default();
            brush.rule(values::section(name));
            let colon = brush.ahead(line_end).iter().position(|&c| c == b':');
            let colon = brush.at() + colon.unwrap_or_default();
            brush.leaf(colon, Label::Whitespace);
            brush.leaf(colon + 1, Label::FieldColon);
            gap(brush, value.start);
            let text_end = line_end - 2;
            let text = brush.ahead(text_end).trim_ascii_end();
            let value_end = brush.at() + text.len();
            match text.contains(&b'\r') {
                true => folded(brush, name, value_end),
                false => values::value(brush, name, value_end, key),
            }
            gap(brush, text_end);
            brush.leaf(line_end, Label::LineEnd);
        });
    }
}

/// What stands between the parts of a line: blanks, or a fold.
fn gap(brush: &mut Brush<'_>, end: usize) {
    let label = match brush.ahead(end).contains(&b'\r') {
        true => Label::Fold,
        false => Label::Whitespace,
    };
    brush.leaf(end, label);
}

/// A value in several lines. What is a secret in one line is one in several.
fn folded(brush: &mut Brush<'_>, name: &[u8], end: usize) {
    brush.group(Label::FieldValue, |brush| {
        while brush.at() < end {
            let ahead = brush.ahead(end);
            let line = ahead.iter().position(|&c| c == b'\r');
            let text = ahead[..line.unwrap_or(ahead.len())].trim_ascii_end().len();
            let text_end = brush.at() + text;
            match is_secret(name) {
                true => brush.secret(text_end, Label::FieldValue),
                false => brush.leaf(text_end, Label::FieldValue),
            }
            let behind = brush.ahead(end);
            let fold = behind.len() - behind.trim_ascii_start().len();
            brush.leaf(brush.at() + fold, Label::Fold);
        }
    });
}

fn target(brush: &mut Brush<'_>, end: usize, parts: &Target<'_>) {
    brush.group(Label::Target, |brush| match *parts {
        Target::Asterisk => brush.leaf(end, Label::TargetPath),
        Target::Authority { .. } => values::authority(brush, end),
        Target::Origin { path: name, .. } => {
            path(brush, name);
            query(brush, end, parts.query());
        }
        Target::Absolute {
            scheme,
            authority,
            path: name,
            ..
        } => {
            brush.leaf(brush.at() + scheme.len(), Label::TargetScheme);
            brush.leaf(brush.at() + "://".len(), Label::Delimiter);
            values::authority(brush, brush.at() + authority.len());
            path(brush, name);
            query(brush, end, parts.query());
        }
    });
}

fn path(brush: &mut Brush<'_>, path: &str) {
    brush.leaf(brush.at() + path.len(), Label::TargetPath);
    if !path.is_empty() {
        values::decoded(brush, path);
    }
}

/// The `?` and what follows it.
fn query(brush: &mut Brush<'_>, end: usize, query: Option<&str>) {
    let Some(query) = query else { return };
    brush.leaf(brush.at() + 1, Label::Delimiter);
    let start = brush.at();
    if Query::pieces(query).nth(values::MOST_PARTS).is_some() {
        return brush.guarded(end, Label::Query, None, &mut Secrets::in_text());
    }
    brush.group(Label::Query, |brush| {
        for (at, piece) in Query::pieces(query) {
            let (name, value) = Query::split(piece);
            brush.leaf(start + at, Label::Delimiter);
            brush.leaf(start + at + name.len(), Label::QueryName);
            if !name.is_empty() {
                values::decoded(brush, name);
            }
            let equals = usize::from(piece.len() > name.len());
            brush.leaf(brush.at() + equals, Label::Delimiter);
            let value_end = start + at + piece.len();
            if name.as_bytes().eq_ignore_ascii_case(ACCESS_TOKEN) && !brush.shows_secrets() {
                brush.secret(value_end, Label::QueryValue);
                continue;
            }
            brush.leaf(value_end, Label::QueryValue);
            if !value.is_empty() {
                values::decoded(brush, value);
            }
        }
        brush.leaf(end, Label::Delimiter);
    });
}
