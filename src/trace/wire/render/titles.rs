//! The line above a message: when it passed, in which conversation, and which message it is.

use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Direction, Explained, Layer, printable};
use std::time::Duration;

/// Knows which bytes were written about last.
#[derive(Debug, Default)]
pub(super) struct Titles {
    /// The first time and the first conversation that were seen.
    first: Option<(Duration, u64)>,
    has_many: bool,
    /// Whose bytes came last.
    last: Option<(u64, Layer, Direction)>,
}

impl Titles {
    /// Above the first line of all: what the marks mean.
    pub(super) fn begin(&self, legend: &str, out: &mut String) {
        if self.first.is_none() {
            out.push_str(legend);
        }
    }

    /// The line of an event, behind an empty one if it follows bytes.
    pub(super) fn event(
        &mut self,
        conversation: u64,
        time: Duration,
        text: &str,
    ) -> (&'static str, String) {
        let when = self.when(conversation, time);
        let above = self.last.take().map_or("", |_| "\n");
        (above, format!("{when}{}", printable(text)))
    }

    /// The line above these bytes, if they begin a message or follow other bytes than those before them.
    pub(super) fn title(&mut self, conversation: u64, explained: &Explained) -> Option<String> {
        let (from, layer) = (explained.from, explained.layer);
        let now = Some((conversation, layer, from));
        let is_same = std::mem::replace(&mut self.last, now) == now;
        if is_same && !begins(explained) {
            return None;
        }
        let place = match layer {
            Layer::Tls => ", inside TLS",
            _ => "",
        };
        let when = self.when(conversation, explained.time);
        let what = match message(explained) {
            Some(message) => format!(": {message}"),
            None => String::new(),
        };
        Some(format!("{when}{}{place}{what}", from.key()))
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

/// Whether a message begins with this span.
fn begins(explained: &Explained) -> bool {
    let span = &explained.span;
    match span.label {
        Label::Chunk | Label::Trailers => false,
        Label::End => true,
        _ => !span.children.is_empty() || matches!(explained.layer, Layer::Message | Layer::Udp),
    }
}

/// The message that the span is of. What is refused says itself that it is.
fn message(explained: &Explained) -> Option<String> {
    let span = &explained.span;
    let Some(exchange) = explained.exchange else {
        return (span.label != Label::Refused).then(|| span.label.english().into());
    };
    let number = exchange.saturating_add(1);
    let status = span.leaves().find(|leaf| leaf.label == Label::Status);
    let is_interim = status.is_some_and(|leaf| leaf.value.starts_with('1') && leaf.value != "101");
    let kind = match explained.from {
        Direction::FromClient => "request",
        Direction::FromServer if is_interim => "interim response to request",
        Direction::FromServer => "response to request",
    };
    Some(match span.label {
        Label::Request | Label::Response => format!("{kind} {number}"),
        _ => format!("{kind} {number} goes on"),
    })
}
