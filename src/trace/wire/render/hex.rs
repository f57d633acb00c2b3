//! Hexadecimal like `xxd`, with a margin that says what the bytes are.
//!
//! ```text
//!   > 00000000  81                       .         FIN, reserved bits and opcode =
//!     offset    bytes                    ASCII     FIN Text  RFC 6455 §5.2
//!                                                  1... ....  FIN: the last frame
//! ```

use super::Rendering;
use super::cells::{columns, drawn, lines, note_words, shortened, words};
use super::titles::Titles;
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Direction, Explained, Span, printable};
use std::fmt::Write;
use std::iter::repeat_n;
use std::time::Duration;

/// Of a long value so many lines are shown: its bytes stand beside it.
const MOST_LINES: usize = 6;
const GAP: &str = "  ";
/// The width of drawn bits and the gap behind them.
const BITS: usize = 11;
/// The first lines of all: no wider than the narrowest rendering.
const LEGEND: &str = "\
* > is sent by the client, < by the server; * is added here.
* Offsets count the bytes of a direction.
";

/// Every byte, in hexadecimal and as ASCII, each leaf on lines of its own; beside it what it is, its rule, its bits,
/// and what is derived from it.
///
/// No line is wider than the columns that it is made for, if they are 60 or more: 4 bytes stand in a line, from 80
/// columns on 8, from 128 on 16.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, render::{Hex, Rendering}};
/// use std::time::Duration;
///
/// let (mut conversation, mut hex, mut out) = (Conversation::new(), Hex::new(80, false), String::new());
/// let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// for explained in conversation.receive(Direction::FromClient, Duration::ZERO, request) {
///     hex.explained(0, &explained, &mut out);
/// }
/// assert!(out.starts_with("\
/// * > is sent by the client, < by the server; * is added here.
/// * Offsets count the bytes of a direction.
///
/// * 0.000 ms  client: request 1
/// > 00000000  47 45 54                 GET       method: asks for what the target
///                                                names  RFC 9110 §9.1
/// > 00000003  20                                 one space  RFC 9112 §2.2
/// > 00000004  2f                       /         path of the target  RFC 3986 §3.3
/// "));
/// ```
#[derive(Debug)]
pub struct Hex {
    columns: usize,
    has_colours: bool,
    titles: Titles,
}

/// Where the margin begins, and how wide it is.
#[derive(Clone, Copy, Debug)]
struct Layout {
    bytes: usize,
    digits: usize,
    margin: usize,
}

/// How a piece of a line is drawn on a terminal that has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Client,
    Server,
    Faint,
    Bad,
}

impl Hex {
    /// For lines of at most so many `columns`, from 60 to 200. With colours, the lines contain escape sequences of
    /// a terminal (ECMA-48 SGR).
    pub fn new(columns: usize, colours: bool) -> Hex {
        Hex {
            columns: columns.clamp(60, 200),
            has_colours: colours,
            titles: Titles::default(),
        }
    }

    fn layout(&self, last_offset: u64) -> Layout {
        let bytes = match self.columns {
            128.. => 16,
            80.. => 8,
            _ => 4,
        };
        let digits = format!("{last_offset:08x}").len();
        let left = 2 + digits + GAP.len() + (3 * bytes - 1) + GAP.len() + bytes + GAP.len();
        Layout {
            bytes,
            digits,
            margin: self.columns - left,
        }
    }

    fn paint(&self, style: Style, text: &str, out: &mut String) {
        let code = match style {
            Style::Client => "36",
            Style::Server => "32",
            Style::Faint => "2",
            Style::Bad => "1;31",
            Style::Plain => "",
        };
        let _ = match self.has_colours && !code.is_empty() && !text.is_empty() {
            true => write!(out, "\x1b[{code}m{text}\x1b[0m"),
            false => write!(out, "{text}"),
        };
    }

    fn leaf(&self, leaf: &Span, explained: &Explained, out: &mut String) {
        let layout = self.layout(leaf.range.end);
        let mut margin = margin(leaf, explained.bytes_of(leaf), layout.margin).into_iter();
        let mut rows = explained.bytes_of(leaf).chunks(layout.bytes);
        let mut at = leaf.range.start;
        let style = match explained.from {
            _ if leaf.label == Label::Refused => Style::Bad,
            Direction::FromClient => Style::Client,
            Direction::FromServer => Style::Server,
        };
        loop {
            let (row, beside) = (rows.next(), margin.next());
            let is_empty = explained.bytes_of(leaf).is_empty() && at == leaf.range.start;
            match row {
                None if beside.is_none() => return,
                None if !is_empty => out.extend(repeat_n(' ', 2 + layout.digits)),
                _ => {
                    let offset = format!("{} {at:0w$x}", explained.from.mark(), w = layout.digits);
                    self.paint(Style::Faint, &offset, out);
                }
            }
            let row = row.unwrap_or_default();
            let style = if row.is_empty() { Style::Plain } else { style };
            at += row.len().max(usize::from(is_empty)) as u64;
            let (mut hex, mut ascii) = (String::new(), String::new());
            for byte in row {
                let _ = write!(hex, "{byte:02x} ");
                let is_shown = matches!(byte, b' '..=b'~');
                ascii.push(if is_shown { char::from(*byte) } else { '.' });
            }
            *out += GAP;
            self.paint(style, &format!("{hex:<w$}", w = 3 * layout.bytes), out);
            let _ = write!(out, " {ascii:<w$}{GAP}", w = layout.bytes);
            for (style, text) in beside.into_iter().flatten() {
                self.paint(style, &text, out);
            }
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
    }
}

/// What stands beside a leaf, line by line.
fn margin(leaf: &Span, bytes: &[u8], width: usize) -> Vec<Vec<(Style, String)>> {
    let mut out = Vec::new();
    let style = match leaf.label {
        Label::Refused => Style::Bad,
        label if label.separates() => Style::Faint,
        _ => Style::Plain,
    };
    say(style, &words(leaf, bytes), leaf.rule, width, &mut out);
    for note in &leaf.notes {
        let mut says = note_words(leaf, note);
        match (note.bits, bytes) {
            (0, _) => {
                if !note.value.is_empty() {
                    says += &format!(": {}", printable(&note.value));
                }
                say(
                    Style::Plain,
                    &format!("* {says}"),
                    note.rule,
                    width,
                    &mut out,
                );
            }
            (_, [byte, ..]) => {
                let mut bits = drawn(*byte, note);
                for line in lines(&says, width - BITS).take(MOST_LINES) {
                    out.push(vec![(Style::Plain, format!("{bits:<BITS$}{line}"))]);
                    bits.clear();
                }
            }
            (_, []) => {}
        }
    }
    out
}

/// The first lines of some text, and the rule where there is room for it.
fn say(style: Style, text: &str, rule: &str, width: usize, out: &mut Vec<Vec<(Style, String)>>) {
    let mut lines = lines(text, width);
    let mut last = 0;
    for line in lines.by_ref().take(MOST_LINES) {
        let line = line.trim_end_matches(' ');
        last = columns(line);
        out.push(vec![(style, line.to_owned())]);
    }
    if lines.next().is_some() {
        out.push(vec![(style, "…".to_owned())]);
        last = 1;
    }
    let rule = (Style::Faint, shortened(rule, width));
    match out.last_mut() {
        _ if rule.1.is_empty() => {}
        Some(line) if last + GAP.len() + columns(&rule.1) <= width => {
            line.extend([(Style::Plain, GAP.to_owned()), rule]);
        }
        _ => out.push(vec![rule]),
    }
}

impl Rendering for Hex {
    fn event(&mut self, conversation: u64, time: Duration, text: &str, out: &mut String) {
        self.titles.begin(LEGEND, out);
        let (above, event) = self.titles.event(conversation, time, text);
        let _ = writeln!(out, "{above}* {}", shortened(&event, self.columns - 2));
    }

    fn explained(&mut self, conversation: u64, explained: &Explained, out: &mut String) {
        self.titles.begin(LEGEND, out);
        if let Some(title) = self.titles.title(conversation, explained) {
            let _ = writeln!(out, "\n* {}", shortened(&title, self.columns - 2));
        }
        if explained.span.label != Label::End {
            for leaf in explained.span.leaves() {
                self.leaf(leaf, explained, out);
            }
        }
    }
}
