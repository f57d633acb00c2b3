//! Renderings: explained bytes as text, for a reader or for a program.

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
use std::io::{self, Write};
use std::time::Duration;

/// Writes down what a connection carries.
///
/// A rendering is given the spans of any number of conversations, in the order in which they are finished. It
/// writes what it knows at once.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, render::{Rendering, Text}};
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let (mut conversation, mut text, mut out) = (Conversation::new(), Text::new(), Vec::new());
/// let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// for explained in conversation.receive(Direction::FromClient, Duration::ZERO, request) {
///     text.explained(0, &explained, &mut out)?;
/// }
/// text.finish(&mut out)?;
/// assert!(String::from_utf8_lossy(&out).contains("RFC 9110 §9.1"));
/// # Ok(())
/// # }
/// ```
pub trait Rendering: Send {
    /// Something has happened in a conversation that is no byte of it: it has begun, or is not followed further.
    fn event(
        &mut self,
        conversation: u64,
        time: Duration,
        text: &str,
        out: &mut dyn Write,
    ) -> io::Result<()>;

    /// A span is finished.
    fn explained(
        &mut self,
        conversation: u64,
        explained: &Explained,
        out: &mut dyn Write,
    ) -> io::Result<()>;

    /// Nothing more comes.
    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let _ = out;
        Ok(())
    }
}

impl<R: Rendering + ?Sized> Rendering for Box<R> {
    fn event(
        &mut self,
        conversation: u64,
        time: Duration,
        text: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        (**self).event(conversation, time, text, out)
    }

    fn explained(
        &mut self,
        conversation: u64,
        explained: &Explained,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        (**self).explained(conversation, explained, out)
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        (**self).finish(out)
    }
}
