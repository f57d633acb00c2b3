//! JSON lines: a line a leaf, for programs.
//!
//! A capture has millions of leaves, so a line is put together byte by byte in buffers that are kept.

use super::Rendering;
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Explained, Span, is_unprintable};
use std::time::Duration;

/// One line of JSON for each leaf, in the order in which the spans are finished.
///
/// | member | is |
/// |---|---|
/// | `conversation` | its number |
/// | `layer` | [`Layer::key`](crate::trace::wire::Layer::key): `at` counts its bytes |
/// | `from` | `client` or `server` |
/// | `at`, `length` | the bytes: those of a layer and direction have neither a gap nor an overlap |
/// | `label` | [`Label::key`](crate::trace::wire::Label::key) |
/// | `value` | the bytes as text, what they say, or the sentence of the rule that they break: see [`Span::value`] |
/// | `rule` | the rule that they obey or break; empty if there is none |
/// | `depth` | how many spans it is in, itself included |
/// | `time` | when the last byte of its span came: seconds, as the caller counts them (of a capture, since 1970) |
/// | `exchange` | [`Explained::exchange`], if it belongs to one |
/// | `notes` | what is derived from it, if something is: `label`, `value`, `rule`, and the mask of its `bits`, 0 if it is none |
///
/// An event has no line. Control characters, and those that are not seen or turn the direction of a text, are escaped.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, render::{Json, Rendering}};
/// use std::time::Duration;
///
/// let (mut conversation, mut json, mut out) = (Conversation::new(), Json::new(), String::new());
/// let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// for explained in conversation.receive(Direction::FromClient, Duration::from_millis(1), request) {
///     json.explained(0, &explained, &mut out);
/// }
/// let lines = out;
/// assert_eq!(lines.lines().next().unwrap(), "{\"conversation\":0,\"layer\":\"tcp\",\"from\":\"client\",\
///     \"at\":0,\"length\":3,\"label\":\"http.request.method\",\"value\":\"GET\",\"rule\":\"RFC 9110 §9.1\",\
///     \"depth\":3,\"time\":0.001000000,\"exchange\":0}");
/// assert_eq!(lines.lines().last().unwrap(), "{\"conversation\":0,\"layer\":\"tcp\",\"from\":\"client\",\
///     \"at\":25,\"length\":2,\"label\":\"http.head.end\",\"value\":\"\\\\r\\\\n\",\"rule\":\"RFC 9112 §2.1\",\
///     \"depth\":2,\"time\":0.001000000,\"exchange\":0,\"notes\":[{\"label\":\"http.length.7\",\"value\":\"0 bytes\",\
///     \"rule\":\"RFC 9112 §6.3\",\"bits\":0}]}");
/// ```
#[derive(Debug, Default)]
pub struct Json {
    /// What the lines of a span begin with, and what all of them hold.
    begin: String,
    time: String,
}

impl Json {
    /// At the first conversation.
    pub fn new() -> Json {
        Json::default()
    }

    fn span(&self, span: &Span, depth: u64, out: &mut String) {
        if span.children.is_empty() {
            return self.leaf(span, depth, out);
        }
        for child in &span.children {
            self.span(child, depth + 1, out);
        }
    }

    fn leaf(&self, leaf: &Span, depth: u64, out: &mut String) {
        *out += &self.begin;
        number(leaf.range.start, out);
        *out += ",\"length\":";
        number(leaf.range.end - leaf.range.start, out);
        *out += ",";
        says(leaf.label, &leaf.value, leaf.rule, out);
        *out += ",\"depth\":";
        number(depth, out);
        *out += &self.time;
        for (at, note) in leaf.notes.iter().enumerate() {
            *out += if at == 0 { ",\"notes\":[{" } else { ",{" };
            says(note.label, &note.value, note.rule, out);
            *out += ",\"bits\":";
            number(note.bits.into(), out);
            *out += "}";
        }
        *out += if leaf.notes.is_empty() { "}\n" } else { "]}\n" };
    }
}

impl Rendering for Json {
    fn event(&mut self, _: u64, _: Duration, _: &str, _: &mut String) {}

    fn explained(&mut self, conversation: u64, explained: &Explained, out: &mut String) {
        let (layer, from, time) = (explained.layer.key(), explained.from.key(), explained.time);
        self.begin = format!(
            "{{\"conversation\":{conversation},\"layer\":\"{layer}\",\"from\":\"{from}\",\"at\":"
        );
        self.time = format!(",\"time\":{}.{:09}", time.as_secs(), time.subsec_nanos());
        if let Some(exchange) = explained.exchange {
            self.time += &format!(",\"exchange\":{exchange}");
        }
        self.span(&explained.span, 1, out);
    }
}

/// What a span or a note is, its value and its rule.
fn says(label: Label, value: &str, rule: &str, out: &mut String) {
    *out += "\"label\":\"";
    *out += label.key();
    *out += "\",\"value\":\"";
    escape(value, out);
    *out += "\",\"rule\":\"";
    *out += rule;
    *out += "\"";
}

fn number(mut number: u64, out: &mut String) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return out.extend(digits[at..].iter().map(|&digit| char::from(digit)));
        }
    }
}

/// The inside of a JSON string: without quotes and backslashes, nor what a terminal would not show as it is.
fn escape(text: &str, out: &mut String) {
    // And the first bytes of what `is_unprintable` beyond ASCII.
    let may = |byte: u8| {
        byte < b' '
            || matches!(
                byte,
                b'"' | b'\\' | 0x7f | 0xc2 | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf3
            )
    };
    let mut rest = text;
    while let Some(at) = rest.bytes().position(may) {
        let (good, behind) = rest.split_at(at);
        *out += good;
        let mut chars = behind.chars();
        match chars.next() {
            Some(sign @ ('"' | '\\')) => out.extend(['\\', sign]),
            Some(c) if is_unprintable(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    *out += &format!("\\u{unit:04x}");
                }
            }
            c => out.extend(c),
        }
        rest = chars.as_str();
    }
    *out += rest;
}
