//! Text of a peer on the user's terminal: what is text is shown, and nothing controls the terminal.

use barewire::text::{Decoder, Encoding};

/// Any bytes as one line: what is not UTF-8 becomes `�`, and each control character is escaped.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let mut line = String::new();
    for c in String::from_utf8_lossy(bytes).chars() {
        push_escaped(&mut line, c);
    }
    line
}

/// Lines of text: line ends and tabs stay, and every other control character is escaped.
pub(crate) fn escaped(text: &str) -> String {
    let mut terminal = TerminalText::default();
    terminal.push(text.as_bytes()) + &terminal.finish()
}

/// Escape sequences begin with a control character. The other characters here change the direction
/// of the text around them, so that it reads as another text.
fn controls_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn push_escaped(out: &mut String, c: char) {
    match controls_terminal(c) {
        true => out.extend(c.escape_default()),
        false => out.push(c),
    }
}

/// [`escaped`], in pieces that are cut anywhere.
pub(crate) struct TerminalText {
    decoder: Decoder,
    /// A CR is held back: it is part of a line end, or it moves the cursor.
    has_cr: bool,
}

impl Default for TerminalText {
    fn default() -> TerminalText {
        TerminalText {
            decoder: Decoder::new(Encoding::Utf8),
            has_cr: false,
        }
    }
}

impl TerminalText {
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        let mut text = String::new();
        let _ = self.decoder.decode(bytes, &mut text); // this decoder never fails
        self.escape(&text)
    }

    pub(crate) fn finish(&mut self) -> String {
        let mut text = String::new();
        let _ = self.decoder.finish(&mut text);
        let mut rest = self.escape(&text);
        if std::mem::take(&mut self.has_cr) {
            push_escaped(&mut rest, '\r');
        }
        rest
    }

    fn escape(&mut self, text: &str) -> String {
        let mut out = String::new();
        for c in text.chars() {
            if std::mem::take(&mut self.has_cr) && c != '\n' {
                push_escaped(&mut out, '\r');
            }
            match c {
                '\r' => self.has_cr = true,
                '\n' | '\t' => out.push(c),
                c => push_escaped(&mut out, c),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "§ 月 é\tto\r\nthe \x1b[2J\x07end\u{9b}2J\rX\u{202e}\u{200f}\r";
    const SHOWN: &str = "§ 月 é\tto\nthe \\u{1b}[2J\\u{7}end\\u{9b}2J\\rX\\u{202e}\\u{200f}\\r";

    #[test]
    fn text_stays_and_controls_are_escaped() {
        assert_eq!(escaped(SENT), SHOWN);
        assert_eq!(printable(b"\xc2\xa7\n\xff\x1b"), "§\\n\u{fffd}\\u{1b}");
    }

    #[test]
    fn every_cut_shows_the_same() {
        for cut in 0..=SENT.len() {
            let (one, two) = SENT.as_bytes().split_at(cut);
            let mut terminal = TerminalText::default();
            let shown = terminal.push(one) + &terminal.push(two) + &terminal.finish();
            assert_eq!(shown, SHOWN, "cut at {cut}");
        }
    }
}
