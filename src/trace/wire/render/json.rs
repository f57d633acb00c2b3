//! JSON lines: a line a leaf, for programs.
//!
//! A capture has millions of leaves, so a line is put together byte by byte in buffers that are kept.

use super::Rendering;
use crate::trace::wire::span::{Explained, Note, Span};
use std::io::{self, Write};
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
/// An event has no line.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, render::{Json, Rendering}};
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let (mut conversation, mut json, mut out) = (Conversation::new(), Json::new(), Vec::new());
/// let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// for explained in conversation.receive(Direction::FromClient, Duration::from_millis(1), request) {
///     json.explained(0, &explained, &mut out)?;
/// }
/// let lines = String::from_utf8_lossy(&out);
/// assert_eq!(lines.lines().next().unwrap(), "{\"conversation\":0,\"layer\":\"tcp\",\"from\":\"client\",\
///     \"at\":0,\"length\":3,\"label\":\"http.request.method\",\"value\":\"GET\",\"rule\":\"RFC 9110 §9.1\",\
///     \"depth\":3,\"time\":0.001000000,\"exchange\":0}");
/// assert_eq!(lines.lines().last().unwrap(), "{\"conversation\":0,\"layer\":\"tcp\",\"from\":\"client\",\
///     \"at\":25,\"length\":2,\"label\":\"http.head.end\",\"value\":\"\\\\r\\\\n\",\"rule\":\"RFC 9112 §2.1\",\
///     \"depth\":2,\"time\":0.001000000,\"exchange\":0,\"notes\":[{\"label\":\"http.length.7\",\"value\":\"0 bytes\",\
///     \"rule\":\"RFC 9112 §6.3\",\"bits\":0}]}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Json {
    /// The lines of the span.
    lines: Vec<u8>,
    /// What the lines of a span begin with, and what all of them hold.
    begin: Vec<u8>,
    time: Vec<u8>,
}

impl Json {
    /// At the first conversation.
    pub fn new() -> Json {
        Json::default()
    }

    fn span(&mut self, span: &Span, depth: u64) {
        if span.children.is_empty() {
            return self.leaf(span, depth);
        }
        for child in &span.children {
            self.span(child, depth + 1);
        }
    }

    fn leaf(&mut self, leaf: &Span, depth: u64) {
        let out = &mut self.lines;
        out.extend_from_slice(&self.begin);
        number(leaf.range.start, out);
        out.extend_from_slice(b",\"length\":");
        number(leaf.range.end - leaf.range.start, out);
        says(
            b",\"label\":\"",
            leaf.label.key(),
            &leaf.value,
            leaf.rule,
            out,
        );
        out.extend_from_slice(b",\"depth\":");
        number(depth, out);
        out.extend_from_slice(&self.time);
        for (at, note) in leaf.notes.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b",\"notes\":[{" } else { b",{" });
            let Note {
                label,
                value,
                rule,
                bits,
            } = note;
            says(b"\"label\":\"", label.key(), value, rule, out);
            out.extend_from_slice(b",\"bits\":");
            number(u64::from(*bits), out);
            out.push(b'}');
        }
        let end: &[u8] = if leaf.notes.is_empty() {
            b"}\n"
        } else {
            b"]}\n"
        };
        out.extend_from_slice(end);
    }
}

impl Rendering for Json {
    fn event(&mut self, _: u64, _: Duration, _: &str, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn explained(
        &mut self,
        conversation: u64,
        explained: &Explained,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let Json { lines, begin, time } = self;
        lines.clear();
        begin.clear();
        begin.extend_from_slice(b"{\"conversation\":");
        number(conversation, begin);
        for (name, key) in [
            (&b",\"layer\":\""[..], explained.layer.key()),
            (b"\",\"from\":\"", explained.from.key()),
        ] {
            begin.extend_from_slice(name);
            begin.extend_from_slice(key.as_bytes());
        }
        begin.extend_from_slice(b"\",\"at\":");
        time.clear();
        time.extend_from_slice(b",\"time\":");
        number(explained.time.as_secs(), time);
        // Nine digits behind a 1, where the point stands.
        let point = time.len();
        number(
            1_000_000_000 + u64::from(explained.time.subsec_nanos()),
            time,
        );
        time[point] = b'.';
        if let Some(exchange) = explained.exchange {
            time.extend_from_slice(b",\"exchange\":");
            number(exchange, time);
        }
        self.span(&explained.span, 1);
        out.write_all(&self.lines)
    }
}

/// The rest of `begin`, a string that is open, then the value and the rule.
fn says(begin: &[u8], key: &str, value: &str, rule: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(begin);
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\",\"value\":\"");
    escaped(value, out);
    out.extend_from_slice(b"\",\"rule\":\"");
    out.extend_from_slice(rule.as_bytes());
    out.push(b'"');
}

fn number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

/// The inside of a JSON string: without quotes, backslashes and control characters.
fn escaped(text: &str, out: &mut Vec<u8>) {
    let must = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(must) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            byte => {
                let digit = |four: u8| b"0123456789abcdef"[usize::from(four)];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}
