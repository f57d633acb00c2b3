//! Hexadecimal like `xxd`, with a margin that says what the bytes are.
//!
//! ```text
//!   > 00000000  81                       .         RFC 6455 §5.2  first byte: FIN,
//!     offset    bytes                    ASCII     reserved bits, opcode
//!   *           1... ....                          RFC 6455 §5.2  FIN: the last
//!               what is derived                    frame of its message
//! ```

use super::Rendering;
use super::cells::{columns, derived, lines, shortened, words};
use super::titles::{Legends, Titles};
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Direction, Explained, Span};
use crate::trace::wire::words::{Language, phrase};
use std::fmt::Write;
use std::iter::repeat_n;
use std::time::Duration;

/// Of a long value so many lines are shown.
const MOST_LINES: usize = 8;
const GAP: &str = "  ";
/// The first lines of all: no wider than the narrowest rendering.
const LEGEND: &str = "\
* Behind > stand bytes that the client has sent, behind <
* those of the server: their offset, hexadecimal digits, and
* ASCII, with a dot for what has no sign. 0d 0a ends a line.
* Right of them stand the rule and their meaning. Behind *
* stands what follows from them, or happens: that was not
* sent.
";
const LEGEND_IN_CHINESE: &str = "\
* > 之后是客户端发送的字节，< 之后是服务器发送的：偏移、
* 十六进制和 ASCII（点：不可显示；0d 0a 是行结束符）。右边
* 是规则和含义。* 之后是由字节得出的结论，或发生的事，不是
* 发送的内容。
";
/// By language.
const LEGENDS: Legends = [LEGEND, LEGEND_IN_CHINESE];

/// Every byte, in hexadecimal and as ASCII, each leaf on lines of its own; beside it its rule and what it is; below it
/// its bits, and what is derived from it.
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
/// assert!(out.ends_with("\
/// > 00000016  61                       a         RFC 3986 §3.2.2  host
/// > 00000017  0d 0a                    ..        RFC 9112 §2.2  end of the line
/// > 00000019  0d 0a                    ..        RFC 9112 §2.1  empty line: the
///                                                head ends
/// *           0 bytes                            RFC 9112 §6.3  length of the
///                                                body, rule 7 of 8 (the first
///                                                that fits): a request with
///                                                neither Transfer-Encoding nor
///                                                Content-Length has none
/// "));
/// ```
#[derive(Debug)]
pub struct Hex {
    columns: usize,
    has_colours: bool,
    titles: Titles,
}

/// How many bytes stand in a row, the column where they begin, how wide they and their ASCII are, and the margin.
#[derive(Clone, Copy, Debug)]
struct Layout {
    bytes: usize,
    start: usize,
    middle: usize,
    margin: usize,
}

/// How a piece of a line is drawn on a terminal that has colours: SGR of ECMA-48.
const PLAIN: &str = "";
const FAINT: &str = "2";
const CLIENT: &str = "36";
const SERVER: &str = "32";
const BAD: &str = "1;31";

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

    /// In this language; without it, in English. Chinese characters take two columns.
    ///
    /// ```
    /// use barewire::trace::wire::{Conversation, Direction, Language, render::{Hex, Rendering}};
    /// use std::time::Duration;
    ///
    /// let (mut conversation, mut out) = (Conversation::new(), String::new());
    /// let mut hex = Hex::new(80, false).language(Language::Chinese);
    /// let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    /// for explained in conversation.receive(Direction::FromClient, Duration::ZERO, request) {
    ///     hex.explained(0, &explained, &mut out);
    /// }
    /// assert!(out.contains("RFC 3986 §3.3  目标的路径\n"));
    /// ```
    pub fn language(mut self, language: Language) -> Hex {
        self.titles.language = language;
        self
    }

    fn layout(&self, last_offset: u64) -> Layout {
        let bytes = match self.columns {
            128.. => 16,
            80.. => 8,
            _ => 4,
        };
        let start = 2 + format!("{last_offset:08x}").len() + GAP.len();
        let middle = 4 * bytes + 1;
        let margin = self.columns - start - middle - GAP.len();
        Layout {
            bytes,
            start,
            middle,
            margin,
        }
    }

    fn paint(&self, style: &str, text: &str, out: &mut String) {
        *out += &match self.has_colours && !style.is_empty() && !text.is_empty() {
            true => format!("\x1b[{style}m{text}\x1b[0m"),
            false => text.to_owned(),
        };
    }

    fn leaf(&self, leaf: &Span, explained: &Explained, goes_on: bool, out: &mut String) {
        let layout = self.layout(leaf.range.end);
        let bytes = explained.bytes_of(leaf);
        let style = match explained.from {
            _ if leaf.label == Label::Refused => BAD,
            Direction::FromClient => CLIENT,
            Direction::FromServer => SERVER,
        };
        let rows = (0..bytes.len().max(1)).step_by(layout.bytes).map(|at| {
            let row = &bytes[at..bytes.len().min(at + layout.bytes)];
            let (mut hex, mut ascii) = (String::new(), String::new());
            for byte in row {
                let _ = write!(hex, "{byte:02x} ");
                let is_shown = matches!(byte, b' '..=b'~');
                ascii.push(if is_shown { char::from(*byte) } else { '.' });
            }
            let (at, w) = (leaf.range.start + at as u64, layout.start - 4);
            let offset = format!("{} {at:0w$x}", explained.from.mark());
            (offset, format!("{hex:<w$} {ascii}", w = 3 * layout.bytes))
        });
        let says = match goes_on {
            true => phrase("continued", self.titles.language).into_owned(),
            false => words(leaf, bytes, self.titles.language),
        };
        let beside = match leaf.label {
            Label::Refused => BAD,
            label if label.separates() => FAINT,
            _ => PLAIN,
        };
        self.rows(
            layout,
            (style, rows.collect(), 0),
            (beside, leaf.rule, &says),
            out,
        );
        for (note, words) in derived(leaf, bytes, self.titles.language) {
            let fits = columns(&note.value) <= layout.middle;
            let values = lines(&note.value, self.columns - layout.start).take(MOST_LINES);
            let mut values: Vec<_> = values
                .map(|line| (String::new(), line.to_owned()))
                .collect();
            values[0].0.push('*');
            let below = if fits { 0 } else { values.len() };
            let says = (PLAIN, note.rule, words.as_str());
            self.rows(layout, (PLAIN, values, below), says, out);
        }
    }

    /// Rows of marks and bytes, or values. Beside them, from one row on, stand the rule and the words.
    fn rows(
        &self,
        layout: Layout,
        (style, left, from): (&str, Vec<(String, String)>, usize),
        (beside, rule, says): (&str, &str, &str),
        out: &mut String,
    ) {
        let says = format!("{rule}{}{says}", if rule.is_empty() { "" } else { GAP });
        let mut says = lines(&says, layout.margin);
        let mut margin = vec![""; from];
        margin.extend(says.by_ref().take(MOST_LINES).map(str::trim));
        margin.extend(says.next().map(|_| "…"));
        for row in 0..left.len().max(margin.len()) {
            let (mark, middle) = left.get(row).cloned().unwrap_or_default();
            let line = margin.get(row).copied().unwrap_or_default();
            self.paint(FAINT, &format!("{mark:<w$}", w = layout.start), out);
            self.paint(style, &middle, out);
            let gap = (layout.middle + GAP.len()).saturating_sub(columns(&middle));
            out.extend(repeat_n(' ', gap));
            let cited = if row == from { rule.len() } else { 0 };
            self.paint(FAINT, &line[..cited], out);
            self.paint(beside, &line[cited..], out);
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
    }
}

impl Rendering for Hex {
    fn event(&mut self, conversation: u64, time: Duration, text: &str, out: &mut String) {
        let (above, event) = self.titles.event(LEGENDS, conversation, time, text);
        *out += &format!("{above}* {}\n", shortened(&event, self.columns - 2));
    }

    fn explained(&mut self, conversation: u64, explained: &Explained, out: &mut String) {
        let (title, goes_on) = self.titles.title(LEGENDS, conversation, explained);
        if let Some((above, title)) = title {
            let title = shortened(&title, self.columns - 2);
            *out += &format!("{above}\n* {title}\n");
        }
        let leaves = explained
            .span
            .leaves()
            .filter(|leaf| leaf.label != Label::End);
        for leaf in leaves {
            self.leaf(leaf, explained, goes_on, out);
        }
    }
}
