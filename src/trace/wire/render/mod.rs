//! Renderings: what passed, written down for a reader or for a program.
//!
//! # The problem
//!
//! A conversation is a tree of spans for each message. A person who learns the protocol wants sentences beside the
//! bytes; one who looks for the wrong byte wants every byte with its offset; a program wants a line a token; and a
//! lesson or a bug report wants a file that can be sent. And the bytes are a stranger's: written to a terminal or into
//! a page as they came, they would control it.
//!
//! # The renderings
//!
//! | for | rendering | a line is |
//! |---|---|---|
//! | reading | [`Text`] | a line of the head with its parts below it; what they mean in words, 80 columns |
//! | each byte | [`Hex`] | 4, 8 or 16 bytes, and beside them what they are; bits are drawn |
//! | programs | [`Json`] | a leaf |
//! | a lesson, a report | [`Html`] | of the client or of the server: a page of two columns, without a script |
//!
//! # The rules
//!
//! 1. Nothing that a stranger has sent reaches a terminal or a page as it is: what moves the cursor, turns the
//!    direction of the text or cannot be seen is written out (`\u{1b}`), and what is HTML is escaped.
//! 2. [`Hex`] and [`Json`] show every leaf; [`Hex`] every byte. [`Text`] and [`Html`] show the begin of what is long, and
//!    how long it is.
//! 3. No line of [`Hex`] is wider than it was asked for. No other line of ours depends on the terminal.
//! 4. A rendering writes what it knows at once, and remembers nothing of a conversation that is over.
//! 5. Bytes and words are told apart without colours. Behind `>` and `<` stand bytes: in [`Text`] in quotes or in
//!    hexadecimal. Right of them, and behind `*`, stand words and what is derived. The first lines say so.
//!
//! # Which file to read first
//!
//! `json.rs` is the shortest; `text.rs` is what a reader sees. `titles.rs` is the line above a message, `cells.rs` how
//! text is cut into columns. One folder above, `meanings.rs` has the sentences, and `shown.rs` says what is printable.

mod cells;
mod hex;
mod html;
mod json;
mod text;
mod titles;

pub use hex::Hex;
pub use html::Html;
pub use json::Json;
pub use text::Text;

use super::span::Explained;
use std::time::Duration;

/// Writes down what a connection carries.
///
/// A rendering is given the spans of any number of conversations, in the order in which they are finished. It
/// appends what it knows to `out` at once.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, render::{Rendering, Text}};
/// use std::time::Duration;
///
/// let (mut conversation, mut text, mut out) = (Conversation::new(), Text::new(), String::new());
/// let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// for explained in conversation.receive(Direction::FromClient, Duration::ZERO, request) {
///     text.explained(0, &explained, &mut out);
/// }
/// text.finish(&mut out);
/// assert!(out.contains("RFC 9110 §9.1"));
/// ```
pub trait Rendering: Send {
    /// Something has happened in a conversation that is no byte of it: it has begun, or is not followed further.
    fn event(&mut self, conversation: u64, time: Duration, text: &str, out: &mut String);

    /// A span is finished.
    fn explained(&mut self, conversation: u64, explained: &Explained, out: &mut String);

    /// Nothing more comes.
    fn finish(&mut self, _out: &mut String) {}
}
