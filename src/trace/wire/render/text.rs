//! Text for reading, like `curl -v`: `*` events and notes, `>` client, `<` server.
//!
//! ```text
//!   * 0.000 ms  client: request 1
//!   > Host: b                                                      RFC 9112 §5         a line, as it came
//!       Host                   which site is meant: a server may   RFC 9110 §5.1       its parts
//!                              have many
//!       b                      host                                RFC 3986 §3.2.2
//! ```

use super::Rendering;
use super::cells::{bytes_of, columns, drawn, lines, note_words, shortened, text_of, words};
use super::titles::Titles;
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Explained, Note, Span, printable, push};
use std::fmt::Write;
use std::iter::repeat_n;
use std::time::Duration;

/// The column where the words begin, the one where the rule begins, and the width of what has neither.
const WORDS: usize = 27;
const RULE: usize = 63;
const WIDTH: usize = 78;
/// Of a long value so many lines are shown.
const MOST_LINES: usize = 4;
/// The first lines of all.
const LEGEND: &str = "\
* > is sent by the client, < by the server; * is added here.
* Below a line are its parts. Line ends, spaces and delimiters have none.
";

/// Text for reading in 80 columns: what passed, message by message, each token with its meaning and its rule.
///
/// A line begins with `>` if the client has sent it, with `<` if the server has, and with `*` if it is derived. Below
/// a line stand its parts. Times count from the first one. What only holds others apart (a space, the end of a line)
/// has no line of its own: [`Hex`](super::Hex) shows every byte.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, render::{Rendering, Text}};
/// use std::time::Duration;
///
/// let (mut conversation, mut text, mut out) = (Conversation::new(), Text::new(), String::new());
/// text.event(0, Duration::ZERO, "client 127.0.0.1:50000 connects to server 127.0.0.1:1337", &mut out);
/// let request = b"GET /a HTTP/1.1\r\nHost: b\r\n\r\n";
/// for explained in conversation.receive(Direction::FromClient, Duration::ZERO, request) {
///     text.explained(0, &explained, &mut out);
/// }
/// assert_eq!(out, "\
/// * > is sent by the client, < by the server; * is added here.
/// * Below a line are its parts. Line ends, spaces and delimiters have none.
/// * 0.000 ms  client 127.0.0.1:50000 connects to server 127.0.0.1:1337
///
/// * 0.000 ms  client: request 1
/// > GET /a HTTP/1.1                                              RFC 9112 §3
///     GET                    method: asks for what the target    RFC 9110 §9.1
///                            names
///     /a                     path of the target                  RFC 3986 §3.3
///     HTTP/1.1               version of HTTP that the sender     RFC 9112 §2.3
///                            speaks
/// > Host: b                                                      RFC 9112 §5
///     Host                   which site is meant: a server may   RFC 9110 §5.1
///                            have many
///     b                      host                                RFC 3986 §3.2.2
/// > \\r\\n                     empty line: the head ends           RFC 9112 §2.1
/// *   0 bytes                body, rule 7 of 8: a request        RFC 9112 §6.3
///                            without Transfer-Encoding and
///                            Content-Length has none
/// ");
/// ```
#[derive(Debug, Default)]
pub struct Text {
    titles: Titles,
}

impl Text {
    /// At the first conversation.
    pub fn new() -> Text {
        Text::default()
    }
}

impl Rendering for Text {
    fn event(&mut self, conversation: u64, time: Duration, text: &str, out: &mut String) {
        self.titles.begin(LEGEND, out);
        let (above, event) = self.titles.event(conversation, time, text);
        let _ = writeln!(out, "{above}* {event}");
    }

    fn explained(&mut self, conversation: u64, explained: &Explained, out: &mut String) {
        self.titles.begin(LEGEND, out);
        if let Some(title) = self.titles.title(conversation, explained) {
            let _ = writeln!(out, "\n* {title}");
        }
        let mark = explained.from.mark();
        if explained.span.label != Label::End {
            Page {
                mark,
                explained,
                out,
            }
            .span(&explained.span, 2, true);
        }
    }
}

/// The lines of one explained span.
struct Page<'e> {
    mark: char,
    explained: &'e Explained,
    out: &'e mut String,
}

impl Page<'_> {
    fn span(&mut self, span: &Span, indent: usize, has_title: bool) {
        if span.children.is_empty() {
            return self.leaf(span, indent);
        }
        let bytes = self.explained.bytes_of(span);
        let line = text_of(span, bytes, bytes.len()).and_then(|text| text.strip_suffix('\n'));
        match line.map(|line| line.strip_suffix('\r').unwrap_or(line)) {
            Some(line) if !line.contains('\n') => {
                let more = format!("… ({} bytes)", bytes.len());
                let line = printable(line);
                self.value(self.mark, lines(&line, RULE - 3), &more, span.rule);
                for leaf in span.leaves() {
                    self.leaf(leaf, 4);
                }
            }
            _ => {
                let inner = if has_title { indent } else { indent + 2 };
                if !has_title {
                    self.row(self.mark, indent, "", span.label.english(), span.rule);
                }
                for child in &span.children {
                    self.span(child, inner, false);
                }
            }
        }
    }

    /// A leaf and its notes. With an indent of 2 its bytes stand nowhere else.
    fn leaf(&mut self, leaf: &Span, indent: usize) {
        let bytes = self.explained.bytes_of(leaf);
        let mark = if indent > 2 { ' ' } else { self.mark };
        if !leaf.label.separates() {
            let (cell, words) = (bytes_of(leaf, bytes), words(leaf, bytes));
            match indent == 2 && columns(&cell) > WORDS - 1 - indent {
                true => {
                    let length = format!("{} bytes", bytes.len());
                    self.row(mark, indent, &length, &words, leaf.rule);
                    let written = cell.split_inclusive("\\n");
                    let lines = written.flat_map(|line| lines(line, WIDTH - 2));
                    self.value(' ', lines, "…", "");
                }
                false => self.row(mark, indent, &cell, &words, leaf.rule),
            }
        }
        for note in &leaf.notes {
            match (note.bits, bytes) {
                (0, _) => self.note(leaf, note),
                (_, [byte, ..]) => {
                    let bits = drawn(*byte, note);
                    self.row('*', 4, &bits, &note_words(leaf, note), note.rule);
                }
                (_, []) => {}
            }
        }
    }

    fn note(&mut self, leaf: &Span, note: &Note) {
        let (value, words) = (printable(&note.value), note_words(leaf, note));
        match columns(&value) > WORDS - 5 {
            true => {
                self.row('*', 4, "", &words, note.rule);
                for line in lines(&value, WIDTH - 4).take(MOST_LINES) {
                    self.cells('*', 4, &[(line, 0)]);
                }
            }
            false => self.row('*', 4, &value, &words, note.rule),
        }
    }

    /// The first of these lines; `more` says that there are others.
    fn value<'t>(
        &mut self,
        mark: char,
        mut lines: impl Iterator<Item = &'t str>,
        more: &str,
        rule: &str,
    ) {
        for (number, line) in lines.by_ref().take(MOST_LINES).enumerate() {
            let (mark, rule) = if number == 0 { (mark, rule) } else { (' ', "") };
            self.cells(mark, 2, &[(line, RULE), (rule, 0)]);
        }
        if lines.next().is_some() {
            self.cells(' ', 2, &[(more, 0)]);
        }
    }

    fn row(&mut self, mark: char, indent: usize, cell: &str, words: &str, rule: &str) {
        let cell = shortened(cell, WORDS - 1 - indent.min(WORDS / 2));
        for (number, line) in lines(words, RULE - WORDS - 1).take(MOST_LINES).enumerate() {
            match number {
                0 => self.cells(mark, indent, &[(&cell, WORDS), (line, RULE), (rule, 0)]),
                _ => self.cells(' ', WORDS, &[(line, 0)]),
            }
        }
    }

    /// Cells, each filled up to a column.
    fn cells(&mut self, mark: char, indent: usize, cells: &[(&str, usize)]) {
        let start = self.out.len();
        self.out.push(mark);
        self.out.extend(repeat_n(' ', indent - 1));
        let mut at = indent;
        for (text, end) in cells {
            push(self.out, text);
            at += columns(text);
            self.out.extend(repeat_n(' ', end.saturating_sub(at)));
            at = at.max(*end);
        }
        let end = self.out.trim_end_matches(' ').len();
        self.out.truncate(end.max(start));
        self.out.push('\n');
    }
}
