//! What a server has answered, by what it means.

use super::report::Difference;
use crate::trace::wire::{Conversation, Direction, Explained, Label, Layer, Span};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most parts that are compared: a field is one, and so is the first byte of a frame.
pub(super) const MOST_PARTS: usize = 200_000;

/// The answers of a conversation so far.
#[derive(Debug, Default)]
pub(super) struct Answers {
    conversation: Conversation,
    /// Names of fields, in lower case.
    left_out: Vec<String>,
    parts: BTreeMap<Key, Part>,
    pub(super) messages: u64,
    pub(super) progress: Progress,
    /// What is left of the content of this message, if that is known.
    left: Option<u64>,
    pub(super) has_ended: bool,
    /// There were more than [`MOST_PARTS`].
    pub(super) is_full: bool,
}

/// A message, counted from 1 (0 is what belongs to none); its part; the name of a field.
type Key = (u64, &'static str, String);

#[derive(Debug)]
struct Part {
    label: Label,
    rule: &'static str,
    at: u64,
    value: Vec<u8>,
    is_secret: bool,
}

/// How far a server has come: in heads, ends of messages and frames, then in content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Progress {
    steps: u64,
    content: u64,
}

impl Progress {
    /// Farther than any server comes.
    pub(super) const NEVER: Progress = Progress {
        steps: u64::MAX,
        content: 0,
    };

    fn step(&mut self) {
        self.steps += 1;
        self.content = 0;
    }
}

impl Answers {
    pub(super) fn new(left_out: &[String]) -> Answers {
        Answers {
            conversation: Conversation::new().show_secrets(),
            left_out: left_out.to_vec(),
            ..Answers::default()
        }
    }

    pub(super) fn receive(&mut self, from: Direction, bytes: &[u8]) {
        for piece in bytes.chunks(16 * 1024) {
            let spans = self.conversation.receive(from, Duration::ZERO, piece);
            let spans: Vec<_> = spans.collect();
            self.take(&spans);
        }
    }

    pub(super) fn end(&mut self, from: Direction) {
        let spans: Vec<_> = self.conversation.end(from, Duration::ZERO).collect();
        self.take(&spans);
        if from == Direction::FromServer && !self.has_ended {
            self.has_ended = true;
            if self.progress.content > 0 {
                self.progress.step(); // it may be what ends the content
            }
        }
    }

    fn take(&mut self, spans: &[Explained]) {
        for explained in spans {
            if explained.from == Direction::FromServer && explained.layer == Layer::Tcp {
                self.walk(explained, &explained.span);
            }
        }
    }

    fn walk(&mut self, explained: &Explained, span: &Span) {
        match span.label {
            Label::Response => {
                self.messages += 1;
                self.left = None;
                self.progress.step();
            }
            Label::FrameFirst => {
                self.messages += 1;
                self.progress.step();
            }
            Label::Field => return self.field(explained, span),
            Label::Chunk => return, // how the content is cut says nothing
            _ => {}
        }
        if span.children.is_empty() {
            self.leaf(explained, span);
        }
        for child in &span.children {
            self.walk(explained, child);
        }
    }

    fn leaf(&mut self, explained: &Explained, leaf: &Span) {
        let bytes = explained.bytes_of(leaf);
        match leaf.label {
            Label::HeadEnd => {
                let mut lengths = leaf
                    .notes
                    .iter()
                    .map(|note| note.value.strip_suffix(" bytes"));
                self.left = lengths.find_map(|length| length?.parse().ok());
                self.content_ends();
            }
            Label::ChunkedEnd => self.progress.step(),
            Label::Reason | Label::EmptyLines | Label::End => {}
            label if label.separates() => {}
            label => {
                let label = match label {
                    Label::ChunkData => Label::BodyData,
                    label => label,
                };
                let value = match label {
                    // In words: which frame it is, not how its bits say it.
                    Label::FrameFirst
                    | Label::FrameSecond
                    | Label::Length16Bits
                    | Label::Length64Bits
                    | Label::CloseCode => leaf.value.as_bytes(),
                    _ => bytes,
                };
                self.part(String::new(), label, leaf, value, b"");
                if label.comes_in_pieces() {
                    let length = bytes.len() as u64;
                    self.progress.content += length;
                    self.left = self.left.map(|left| left.saturating_sub(length));
                    self.content_ends();
                }
            }
        }
    }

    fn content_ends(&mut self) {
        if self.left == Some(0) {
            self.left = None;
            self.progress.step();
        }
    }

    /// A field line. Lines of one name are a list.
    fn field(&mut self, explained: &Explained, field: &Span) {
        let mut leaves = field.leaves().filter(|leaf| !leaf.label.separates());
        let Some(name) = leaves.next().map(|leaf| explained.bytes_of(leaf)) else {
            return;
        };
        let name = name.escape_ascii().to_string().to_ascii_lowercase();
        let line = explained.bytes_of(field);
        let colon = line.iter().position(|&byte| byte == b':');
        let value = colon.map_or(&[][..], |colon| &line[colon + 1..]);
        let first = leaves.next().unwrap_or(field);
        if self.left_out.contains(&name) {
            return;
        }
        let is_secret = |leaf: &Span| matches!(leaf.label, Label::CookieValue | Label::Credentials);
        let is_secret = field.leaves().any(is_secret);
        if let Some(part) = self.part(name, first.label, first, value.trim_ascii(), b", ") {
            part.is_secret |= is_secret;
        }
    }

    /// Adds to a part of this message.
    fn part(
        &mut self,
        field: String,
        label: Label,
        leaf: &Span,
        value: &[u8],
        between: &[u8],
    ) -> Option<&mut Part> {
        let kind = if field.is_empty() { label.key() } else { "" };
        let key = (self.messages, kind, field);
        if self.parts.len() >= MOST_PARTS && !self.parts.contains_key(&key) {
            self.is_full = true;
            return None;
        }
        let part = self.parts.entry(key).or_insert_with(|| Part {
            label,
            rule: leaf.rule,
            at: leaf.range.start,
            value: Vec::new(),
            is_secret: false,
        });
        if !part.value.is_empty() {
            part.value.extend_from_slice(between);
        }
        part.value.extend_from_slice(value);
        Some(part)
    }
}

/// What differs, message after message: what was recorded first, then what is new. Of a message that one side does not
/// have, the first part.
pub(super) fn differences(recorded: &Answers, got: &Answers) -> Vec<Difference> {
    let known = recorded.parts.keys();
    let new = got.parts.keys();
    let new = new.filter(|key| !recorded.parts.contains_key(key));
    let mut found: Vec<Difference> = known
        .chain(new)
        .filter_map(|key| {
            let (before, after) = (recorded.parts.get(key), got.parts.get(key));
            let part = before.or(after)?;
            if before.map(|part| &part.value) == after.map(|part| &part.value) {
                return None;
            }
            let [recorded, got] = shown(before, after);
            Some(Difference {
                message: key.0.saturating_sub(1),
                label: part.label,
                field: Some(key.2.clone()).filter(|name| !name.is_empty()),
                at: part.at,
                recorded,
                got,
                rule: part.rule,
            })
        })
        .collect();
    found.sort_by_key(|it| (it.message, it.recorded.is_none(), it.at));
    let both = recorded.messages.min(got.messages);
    found.dedup_by(|next, last| next.message == last.message && last.message >= both);
    found
}

/// Of long values what stands around the first byte that differs.
fn shown(before: Option<&Part>, after: Option<&Part>) -> [Option<String>; 2] {
    const MOST: usize = 60;
    let [one, other] = [before, after].map(|part| part.map_or(&[][..], |part| &part.value));
    let pairs = one.iter().zip(other);
    let same = pairs.take_while(|(one, other)| one == other).count();
    let longest = one.len().max(other.len());
    let start = if longest > MOST {
        same.saturating_sub(MOST / 3)
    } else {
        0
    };
    [before, after].map(|part| {
        let part = part?;
        if part.is_secret {
            return Some("(hidden)".into());
        }
        let rest = part.value.get(start..).unwrap_or_default();
        let piece = &rest[..rest.len().min(MOST)];
        let dots = |is_cut| if is_cut { "…" } else { "" };
        let text = String::from_utf8_lossy(piece).escape_debug().to_string();
        let text = format!(
            "{}{text}{}",
            dots(start > 0),
            dots(piece.len() < rest.len())
        );
        let length = part.value.len();
        Some(match longest > MOST {
            true => format!("{text} ({length} bytes)"),
            false => text,
        })
    })
}
