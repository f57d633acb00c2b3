//! What a dissector finds at the front of the bytes: nothing yet, a span, or a broken rule.

use super::labels::Label;
use super::span::{Note, Painted, hex};
use crate::http::wire as http;
use crate::tls::wire as tls;
use crate::websocket::wire as websocket;

/// The outcome of one look at the front of the bytes of a direction.
#[derive(Debug)]
pub(super) enum Step {
    /// Not yet: more bytes must come.
    Wait,
    /// A span that is finished.
    Painted(Painted),
    /// A span that is finished, and the message or the last frame ends with it.
    Last(Painted),
    /// A rule is broken; the good bytes before it are painted.
    Refused(Option<Painted>, Refusal),
}

/// Why the bytes have no meaning any more.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) section: &'static str,
    pub(super) says: &'static str,
    /// What stood there, and where, if it is a single byte that breaks the rule.
    pub(super) found: String,
}

impl Refusal {
    pub(super) fn new(section: &'static str, says: &'static str, found: String) -> Refusal {
        Refusal {
            section,
            says,
            found,
        }
    }

    /// Of a message. `at` is the offset of the byte that breaks the rule in its direction.
    pub(super) fn http(error: &http::Error, at: Option<u64>) -> Refusal {
        let rule = error.rule();
        Refusal::new(rule.section(), rule.says(), found(at, error.got()))
    }

    /// Of this part of TLS: a record, a handshake message.
    pub(super) fn tls(error: &tls::Error, part: &str) -> Refusal {
        let (rule, at, got) = (error.rule(), error.at(), hex(error.got()));
        let found = format!("byte {at} of the {part}: {got}");
        Refusal::new(rule.section(), rule.says(), found)
    }

    /// Of a handshake or a frame.
    pub(super) fn websocket(error: &websocket::Error, at: Option<u64>) -> Refusal {
        let rule = error.rule();
        Refusal::new(rule.section(), rule.says(), found(at, error.got()))
    }

    /// The broken rule as a note of this kind.
    pub(super) fn note(&self, label: Label) -> Note {
        Note {
            rule: self.section,
            ..Note::new(label, self.says)
        }
    }
}

fn found(at: Option<u64>, got: &[u8]) -> String {
    match (at, got) {
        (_, []) => String::new(),
        (Some(at), got) => format!("byte {at}: \"{}\"", got.escape_ascii()),
        (None, got) => format!("\"{}\"", got.escape_ascii()),
    }
}
