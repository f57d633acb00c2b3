//! How a replay went: what is returned, and how it is shown.

use crate::trace::wire::Label;
use std::fmt;

/// How a conversation went when it was played again. Its `Display` is a line, and one for each difference.
///
/// ```
/// use barewire::trace::{Outcome, Replay};
/// use barewire::trace::wire::{Direction, Event, What, capture::{Reader, Writer, invented}};
/// use std::time::Duration;
///
/// let (client, server) = invented(0);
/// let mut file = Vec::new();
/// let begins = Event::new(0, Direction::FromClient, Duration::ZERO, What::begins(client, server));
/// Writer::new(&mut file).event(&begins)?;
/// let replayed = Replay::new("unix:/nobody/is/here").play(Reader::new(&file[..])).next().unwrap()?;
/// assert!(matches!(replayed.outcome, Outcome::NotPlayed(_)));
/// assert!(replayed.to_string().starts_with("conversation 0: not played: "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replayed {
    /// Its number in the capture.
    pub conversation: u64,
    /// How it went.
    pub outcome: Outcome,
}

/// Whether a server answered as it was recorded.
///
/// ```
/// use barewire::trace::Outcome;
///
/// fn code(outcome: &Outcome) -> u8 {
///     match outcome {
///         Outcome::Equal { .. } => 0,
///         _ => 1,
///     }
/// }
/// assert_eq!(code(&Outcome::NotPlayed("bytes are missing".into())), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The answers mean the same.
    Equal {
        /// How many messages the server has sent: responses, interim ones included, and frames.
        messages: u64,
    },
    /// They do not. There is at least one.
    Differs(Vec<Difference>),
    /// The conversation could not be played, or not be compared to its end, and why.
    NotPlayed(String),
}

/// A part of an answer that is not as it was recorded. Its `Display` is a line.
///
/// ```
/// use barewire::trace::Outcome;
///
/// fn statuses(outcome: &Outcome) -> Vec<(Option<String>, Option<String>)> {
///     let Outcome::Differs(differences) = outcome else { return Vec::new() };
///     let statuses = differences.iter().filter(|it| it.label.key() == "http.response.status");
///     statuses.map(|it| (it.recorded.clone(), it.got.clone())).collect()
/// }
/// assert!(statuses(&Outcome::Equal { messages: 1 }).is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// In which message of the server, counted from 0: a response, an interim one too, or a frame.
    pub message: u64,
    /// What it is.
    pub label: Label,
    /// The name of the field, if it is one, in lower case.
    pub field: Option<String>,
    /// Where it lies in the server's bytes: in the recorded ones, if it is there.
    pub at: u64,
    /// What was recorded; `None` if nothing was.
    pub recorded: Option<String>,
    /// What has come; `None` if nothing has.
    pub got: Option<String>,
    /// The rule that the part follows: `RFC 9110 §15`.
    pub rule: &'static str,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.field.as_deref().unwrap_or(self.label.key());
        write!(f, "message {}, {name} at byte {}: ", self.message, self.at)?;
        let or_nothing = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
        let (recorded, got) = (or_nothing(&self.recorded), or_nothing(&self.got));
        write!(f, "{recorded} was recorded, {got} came")?;
        match self.rule {
            "" => Ok(()),
            rule => write!(f, " ({rule})"),
        }
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conversation {}: ", self.conversation)?;
        match &self.outcome {
            Outcome::Equal { messages: 1 } => writeln!(f, "equal, 1 message"),
            Outcome::Equal { messages } => writeln!(f, "equal, {messages} messages"),
            Outcome::NotPlayed(why) => writeln!(f, "not played: {why}"),
            Outcome::Differs(differences) => {
                writeln!(f, "differs")?;
                differences.iter().try_for_each(|it| writeln!(f, "  {it}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_no_plural() {
        for (messages, line) in [(1, "equal, 1 message\n"), (2, "equal, 2 messages\n")] {
            let replayed = Replayed {
                conversation: 0,
                outcome: Outcome::Equal { messages },
            };
            assert_eq!(replayed.to_string(), format!("conversation 0: {line}"));
        }
    }
}
