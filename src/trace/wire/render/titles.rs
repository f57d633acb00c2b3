//! The line above a message: when it passed, in which conversation, and which message it is.

use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Direction, Explained, Layer, printable};
use crate::trace::wire::words::{Language, phrase};
use std::time::Duration;

/// What stands above the first line of all: in English and in Chinese.
pub(super) type Legends = [&'static str; 2];

/// Knows which bytes were written about last.
#[derive(Debug, Default)]
pub(super) struct Titles {
    pub(super) language: Language,
    /// The first time and the first conversation that were seen.
    first: Option<(Duration, u64)>,
    has_many: bool,
    /// Whose bytes came last, and what they were.
    last: Option<(u64, Layer, Direction, Label)>,
}

impl Titles {
    /// The line of an event, and what stands above it: the legend, or an empty line if it follows bytes.
    pub(super) fn event(
        &mut self,
        legends: Legends,
        conversation: u64,
        time: Duration,
        text: &str,
    ) -> (&'static str, String) {
        let above = match self.last.take() {
            _ if self.first.is_none() => self.legend(legends),
            Some(_) => "\n",
            None => "",
        };
        let when = self.when(conversation, time);
        let text = phrase(text, self.language);
        (above, format!("{when}{}", printable(&text)))
    }

    /// The legend and the line above these bytes, if they begin a message or follow other bytes than those before
    /// them; and whether they are another piece of those before them.
    pub(super) fn title(
        &mut self,
        legends: Legends,
        conversation: u64,
        explained: &Explained,
    ) -> (Option<(&'static str, String)>, bool) {
        let (from, layer, label) = (explained.from, explained.layer, explained.span.label);
        let last = self.last.replace((conversation, layer, from, label));
        let is_same = last.is_some_and(|(c, l, f, _)| (c, l, f) == (conversation, layer, from));
        let goes_on = label.comes_in_pieces() && last == self.last;
        if is_same && !begins(explained) {
            return (None, goes_on);
        }
        let above = match self.first {
            None => self.legend(legends),
            Some(_) => "",
        };
        let place = if layer == Layer::Tls {
            ", inside TLS"
        } else {
            ""
        };
        let when = self.when(conversation, explained.time);
        let say = |english| phrase(english, self.language);
        let what = message(explained, self.language);
        let what = what.map_or(String::new(), |what| {
            self.language.colon().to_owned() + &what
        });
        let title = format!("{when}{}{}{what}", say(from.key()), say(place));
        (Some((above, title)), goes_on)
    }

    fn legend(&self, [english, chinese]: Legends) -> &'static str {
        match self.language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    /// The time since the first one, and the conversation if there are several.
    fn when(&mut self, conversation: u64, time: Duration) -> String {
        let (start, first) = *self.first.get_or_insert((time, conversation));
        let milliseconds = time.saturating_sub(start).as_secs_f64() * 1e3;
        self.has_many |= conversation != first;
        match self.has_many {
            true => {
                let which = format!("conversation {conversation}, ");
                format!("{milliseconds:.3} ms  {}", phrase(&which, self.language))
            }
            false => format!("{milliseconds:.3} ms  "),
        }
    }
}

/// Whether a message begins with this span.
fn begins(explained: &Explained) -> bool {
    let span = &explained.span;
    let is_whole = matches!(explained.layer, Layer::Message | Layer::Udp);
    let is_part = matches!(span.label, Label::Chunk | Label::Trailers | Label::Deflate);
    span.label == Label::End || !is_part && (is_whole || !span.children.is_empty())
}

/// The message that the span is of. What is refused says itself that it is.
fn message(explained: &Explained, language: Language) -> Option<String> {
    let span = &explained.span;
    let is_derived = matches!(explained.layer, Layer::Message | Layer::Compressed);
    let Some(exchange) = explained.exchange.filter(|_| !is_derived) else {
        let first = span.leaves().find(|leaf| leaf.label == Label::FrameFirst);
        let more = match first {
            Some(first) => format!(", {}", first.value),
            None if span.label == Label::End => format!(" ({})", span.rule),
            None => String::new(),
        };
        let says = format!("{}{more}", span.label.words(language));
        return Some(says).filter(|_| span.label != Label::Refused);
    };
    let number = exchange.saturating_add(1);
    let status = span.leaves().find(|leaf| leaf.label == Label::Status);
    let is_interim = status.is_some_and(|leaf| leaf.value.starts_with('1') && leaf.value != "101");
    let kind = match explained.from {
        Direction::FromClient => "request",
        Direction::FromServer if is_interim => "interim response to request",
        Direction::FromServer => "response to request",
    };
    let goes_on = match span.label {
        Label::Request | Label::Response => "",
        _ => " goes on",
    };
    Some(phrase(&format!("{kind} {number}{goes_on}"), language).into_owned())
}
