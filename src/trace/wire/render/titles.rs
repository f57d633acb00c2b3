//! The line above a message: when it passed, in which conversation, and which message it is.

use super::cells::printable;
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Direction, Explained, Layer, Span};
use std::collections::BTreeMap;
use std::time::Duration;

/// The messages of so many conversations are counted at a time.
const MOST_COUNTED: usize = 4096;

/// Counts the messages of each conversation, and knows which one was written about last.
#[derive(Debug, Default)]
pub(super) struct Titles {
    /// The first time and the first conversation that were seen.
    first: Option<(Duration, u64)>,
    has_many: bool,
    /// Whose bytes came last.
    last: Option<(u64, Layer, Direction)>,
    counts: BTreeMap<(u64, &'static str), Counts>,
}

/// The messages of one layer of a conversation.
#[derive(Debug, Default)]
struct Counts {
    requests: u64,
    responses: u64,
    /// The message that the client sends, and the server.
    current: [String; 2],
}

impl Titles {
    /// The line of an event.
    pub(super) fn event(&mut self, conversation: u64, time: Duration, text: &str) -> String {
        let when = self.when(conversation, time);
        format!("{when}{}", printable(text))
    }

    /// The line above these bytes, if they begin a message or follow other bytes than those before them.
    pub(super) fn title(&mut self, conversation: u64, explained: &Explained) -> Option<String> {
        let (from, layer, span) = (explained.from, explained.layer, &explained.span);
        let counts = self.counts.entry((conversation, layer.key())).or_default();
        let begins = counts.begins(span);
        let current = &mut counts.current[usize::from(from == Direction::FromServer)];
        let title = match &begins {
            Some(begins) => format!(": {begins}"),
            None if span.label == Label::End => format!(": {}", span.label.english()),
            None if current.is_empty() => String::new(),
            None => format!(": {current} goes on"),
        };
        if let Some(begins) = &begins {
            current.clone_from(begins);
        }
        if self.counts.len() > MOST_COUNTED {
            self.counts.pop_first();
        }
        let now = Some((conversation, layer, from));
        let same = std::mem::replace(&mut self.last, now) == now;
        if same && begins.is_none() && span.label != Label::End {
            return None;
        }
        let place = match layer {
            Layer::Tcp => "",
            Layer::Tls => ", inside TLS",
            Layer::Message => ", put together",
            Layer::Udp => ", datagram",
        };
        let when = self.when(conversation, explained.time);
        Some(format!("{when}{}{place}{title}", from.key()))
    }

    /// The time since the first one, and the conversation if there are several.
    fn when(&mut self, conversation: u64, time: Duration) -> String {
        let (start, first) = *self.first.get_or_insert((time, conversation));
        let milliseconds = time.saturating_sub(start).as_secs_f64() * 1e3;
        self.has_many |= conversation != first;
        match self.has_many {
            true => format!("{milliseconds:.3} ms  conversation {conversation}, "),
            false => format!("{milliseconds:.3} ms  "),
        }
    }
}

impl Counts {
    /// The title of the message that begins with this span.
    fn begins(&mut self, span: &Span) -> Option<String> {
        match span.label {
            Label::Request => {
                self.requests += 1;
                Some(format!("request {}", self.requests))
            }
            Label::Response => {
                let status = span.leaves().find(|leaf| leaf.label == Label::Status);
                let status = status.map_or("", |leaf| &leaf.value);
                let interim = status.starts_with('1') && status != "101";
                self.responses += u64::from(!interim);
                let number = self.responses + u64::from(interim);
                let kind = if interim {
                    "interim response"
                } else {
                    "response"
                };
                Some(format!("{kind} to request {number}"))
            }
            Label::Chunk | Label::Trailers => None,
            _ if span.children.is_empty() => None,
            label => Some(label.english().into()),
        }
    }
}
