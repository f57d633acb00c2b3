//! Text for reading, like `curl -v`: `*` events and notes, `>` client, `<` server.

use super::Rendering;
use crate::trace::wire::span::Explained;
use std::io::{self, Write};
use std::time::Duration;

/// Text for reading.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, render::{Rendering, Text}};
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let (mut text, mut out) = (Text::new(), Vec::new());
/// text.event(0, Duration::ZERO, "127.0.0.1:50000 to 127.0.0.1:1337", &mut out)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Text {}

impl Text {
    /// At the first conversation.
    pub fn new() -> Text {
        Text::default()
    }
}

impl Rendering for Text {
    fn event(
        &mut self,
        conversation: u64,
        time: Duration,
        text: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let milliseconds = time.as_secs_f64() * 1e3;
        writeln!(
            out,
            "* {milliseconds:.3} ms  conversation {conversation}: {text}"
        )
    }

    fn explained(
        &mut self,
        _conversation: u64,
        explained: &Explained,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        write!(out, "{explained}")
    }
}
