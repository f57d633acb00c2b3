//! What of it is shown: `--only http.chunk --only client --only 3`.

use barewire::trace::wire::render::Rendering;
use barewire::trace::wire::{Direction, Explained, Label, Span};
use std::time::Duration;

/// Words of one kind widen each other, words of different kinds narrow each other. No word of a kind: all of them.
#[derive(Clone, Default)]
pub(crate) struct Only {
    labels: Vec<String>,
    conversations: Vec<u64>,
    from: Vec<Direction>,
}

impl Only {
    pub(crate) fn parse(words: &[String]) -> Result<Only, String> {
        let mut only = Only::default();
        for word in words {
            match (word.as_str(), word.parse()) {
                ("client", _) => only.from.push(Direction::FromClient),
                ("server", _) => only.from.push(Direction::FromServer),
                (_, Ok(conversation)) => only.conversations.push(conversation),
                (prefix, _) if Label::ALL.iter().any(|label| begins(*label, prefix)) => {
                    only.labels.push(word.clone());
                }
                _ => {
                    return Err(format!(
                        "--only takes client, server, the number of a conversation or the first \
                         words of a label, such as http.chunk, not {word:?}"
                    ));
                }
            }
        }
        Ok(only)
    }

    fn wants(&self, conversation: u64) -> bool {
        self.conversations.is_empty() || self.conversations.contains(&conversation)
    }

    fn wants_label(&self, label: Label) -> bool {
        self.labels.iter().any(|prefix| begins(label, prefix))
    }

    /// Takes out of a span what is not shown. Returns whether something is left.
    fn keep(&self, span: &mut Span) -> bool {
        if self.wants_label(span.label) {
            return true;
        }
        span.children.retain_mut(|child| self.keep(child));
        span.notes.retain(|note| self.wants_label(note.label));
        !(span.children.is_empty() && span.notes.is_empty())
    }
}

/// `http.chunk` begins `http.chunk.size`, and not `http.chunked.end`.
fn begins(label: Label, prefix: &str) -> bool {
    let rest = label.key().strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A rendering of what is wanted.
pub(crate) struct Filtered {
    pub(crate) only: Only,
    pub(crate) rendering: Box<dyn Rendering>,
}

impl Rendering for Filtered {
    /// Where labels are chosen, an event is none of them.
    fn event(&mut self, conversation: u64, time: Duration, text: &str, out: &mut String) {
        if self.only.wants(conversation) && self.only.labels.is_empty() {
            self.rendering.event(conversation, time, text, out);
        }
    }

    fn explained(&mut self, conversation: u64, explained: &Explained, out: &mut String) {
        let from = &self.only.from;
        if !self.only.wants(conversation) || !(from.is_empty() || from.contains(&explained.from)) {
            return;
        }
        if self.only.labels.is_empty() {
            return self.rendering.explained(conversation, explained, out);
        }
        let mut explained = explained.clone();
        if self.only.keep(&mut explained.span) {
            self.rendering.explained(conversation, &explained, out);
        }
    }

    fn finish(&mut self, out: &mut String) {
        self.rendering.finish(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use barewire::trace::wire::Conversation;

    /// By keys.
    struct Plain;

    impl Rendering for Plain {
        fn event(&mut self, _: u64, _: Duration, text: &str, out: &mut String) {
            *out += text;
        }

        fn explained(&mut self, _: u64, it: &Explained, out: &mut String) {
            *out += &it.to_string();
        }
    }

    fn shown(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
        let mut filtered = Filtered {
            only: Only::parse(&words).unwrap(),
            rendering: Box::new(Plain),
        };
        let (mut conversation, mut out) = (Conversation::new(), String::new());
        filtered.event(3, Duration::ZERO, "begins\n", &mut out);
        for (from, bytes) in [
            (
                Direction::FromClient,
                &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..],
            ),
            (Direction::FromServer, b"HTTP/1.1 204 No Content\r\n\r\n"),
        ] {
            for explained in conversation.receive(from, Duration::ZERO, bytes) {
                filtered.explained(3, &explained, &mut out);
            }
        }
        out
    }

    #[test]
    fn words_of_one_kind_widen_and_of_two_kinds_narrow() {
        let all = shown(&[]);
        assert!(all.contains("begins") && all.contains("http.field.name"));
        assert_eq!(shown(&["3"]), all);
        assert_eq!(shown(&["4"]), "");
        assert_eq!(shown(&["4", "3"]), all);
        let method = "http.request.method";
        for words in [&[method][..], &[method, "client"], &[method, "3"]] {
            let shown = shown(words);
            assert!(shown.contains(method), "{words:?}: {shown}");
            assert_eq!(shown.matches("http.").count(), 1, "{words:?}: {shown}");
        }
        assert_eq!(shown(&[method, "server"]), "");
        assert_eq!(shown(&[method, "4"]), "");
        let note = shown(&["http.length", "client"]);
        assert!(
            note.contains("http.length.7") && !note.contains("http.field"),
            "{note}"
        );
    }

    #[test]
    fn a_word_that_is_no_label_is_refused() {
        for word in ["http.chun", "http.", "", "3x", "Client"] {
            assert!(Only::parse(&[word.to_owned()]).is_err(), "{word}");
        }
    }
}
