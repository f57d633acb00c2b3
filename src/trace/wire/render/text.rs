//! Text for reading, like `curl -v`: `*` events and notes, `>` client, `<` server.
//!
//! ```text
//!   * 0.000 ms  client: request 1
//!   > "Host: b\r\n"                                                RFC 9112 §5         bytes, as they came
//!       "Host"                   which site is meant: a server     RFC 9110 §7.2       their parts
//!                                may have many
//!       "b"                      host                              RFC 3986 §3.2.2
//! ```

use super::Rendering;
use super::cells::{bytes_of, columns, derived, lines, shortened, text_of, words};
use super::titles::{Legends, Titles};
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Explained, Span, push};
use crate::trace::wire::words::{Language, phrase};
use std::iter::repeat_n;
use std::time::Duration;

/// The column where the words begin, the one where the rule begins, and the width of what has neither.
const WORDS: usize = 29;
const RULE: usize = 63;
const WIDTH: usize = 78;
/// Of a long value so many lines are shown.
const MOST_LINES: usize = 6;
/// The first lines of all.
const LEGEND: &str = "\
* Behind > stand bytes that the client has sent, behind < those of the server:
*   text in \"quotes\" (\\r\\n is the end of a line, the bytes 0d 0a), other bytes
*   in hexadecimal. Below them stand their parts, in the same way.
* Right of them stand their meaning and the rule; behind * stands what follows
*   from them, or happens. Neither was sent.
";
const LEGEND_IN_CHINESE: &str = "\
* > 之后是客户端发送的字节，< 之后是服务器发送的：
*   文本写在 \"引号\" 中（\\r\\n 是行结束符，即字节 0d 0a），其他字节写成十六进制。
*   其下是它的各个部分，写法相同。
* 右边是含义和规则；* 之后是由字节得出的结论，或发生的事，都不是发送的内容。
";
/// By language.
const LEGENDS: Legends = [LEGEND, LEGEND_IN_CHINESE];

/// Text for reading in 80 columns: what passed, message by message, each token with its meaning and its rule.
///
/// Behind `>` stand bytes that the client has sent, behind `<` those of the server: text in quotes, other bytes in
/// hexadecimal. Below them stand their parts, but what only holds others apart (a space, the end of a line). Behind `*`
/// stands what was not sent. Times count from the first one. [`Hex`](super::Hex) shows every byte alone.
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
/// * Behind > stand bytes that the client has sent, behind < those of the server:
/// *   text in \"quotes\" (\\r\\n is the end of a line, the bytes 0d 0a), other bytes
/// *   in hexadecimal. Below them stand their parts, in the same way.
/// * Right of them stand their meaning and the rule; behind * stands what follows
/// *   from them, or happens. Neither was sent.
/// * 0.000 ms  client 127.0.0.1:50000 connects to server 127.0.0.1:1337
///
/// * 0.000 ms  client: request 1
/// > \"GET /a HTTP/1.1\\r\\n\"                                        RFC 9112 §3
///     \"GET\"                    method: asks for what the         RFC 9110 §9.1
///                              target names
///     \"/a\"                     path of the target                RFC 3986 §3.3
///     \"HTTP/1.1\"               version of HTTP that the sender   RFC 9112 §2.3
///                              speaks
/// > \"Host: b\\r\\n\"                                                RFC 9112 §5
///     \"Host\"                   which site is meant: a server     RFC 9110 §7.2
///                              may have many
///     \"b\"                      host                              RFC 3986 §3.2.2
/// > \"\\r\\n\"                     empty line: the head ends         RFC 9112 §2.1
/// *   0 bytes                  length of the body, rule 7 of 8   RFC 9112 §6.3
///                              (the first that fits): a
///                              request with neither
///                              Transfer-Encoding nor
///                              Content-Length has none
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

    /// In this language; without it, in English.
    ///
    /// ```
    /// use barewire::trace::wire::{Conversation, Direction, Language, render::{Rendering, Text}};
    /// use std::time::Duration;
    ///
    /// let (mut conversation, mut out) = (Conversation::new(), String::new());
    /// let mut text = Text::new().language(Language::Chinese);
    /// let request = b"GET / HTTP/1.1\r\nHost: b\r\n\r\n";
    /// for explained in conversation.receive(Direction::FromClient, Duration::ZERO, request) {
    ///     text.explained(0, &explained, &mut out);
    /// }
    /// assert!(out.contains("* 0.000 ms  客户端：请求 1\n"));
    /// ```
    pub fn language(mut self, language: Language) -> Text {
        self.titles.language = language;
        self
    }
}

impl Rendering for Text {
    fn event(&mut self, conversation: u64, time: Duration, text: &str, out: &mut String) {
        let (above, event) = self.titles.event(LEGENDS, conversation, time, text);
        *out += &format!("{above}* {event}\n");
    }

    fn explained(&mut self, conversation: u64, explained: &Explained, out: &mut String) {
        let (title, goes_on) = self.titles.title(LEGENDS, conversation, explained);
        if let Some((above, title)) = title {
            *out += &format!("{above}\n* {title}\n");
        }
        let mut page = Page {
            explained,
            goes_on,
            language: self.titles.language,
            out,
        };
        if explained.span.label != Label::End {
            page.span(&explained.span, 2);
        }
    }
}

/// The lines of one explained span.
struct Page<'e> {
    explained: &'e Explained,
    goes_on: bool,
    language: Language,
    out: &'e mut String,
}

impl Page<'_> {
    /// The bytes of a line, or of what has parts and no parts of these, once; below them its parts.
    fn span(&mut self, span: &Span, indent: usize) {
        let bytes = self.explained.bytes_of(span);
        let line = text_of(span, bytes, bytes.len()).and_then(|text| text.strip_suffix('\n'));
        let is_line = line.is_some_and(|line| !line.contains('\n'));
        let is_flat = span.children.iter().all(|part| part.children.is_empty());
        let is_top = span.range == self.explained.span.range;
        if span.children.is_empty() {
            if is_top || !span.label.separates() {
                self.leaf(self.explained.from.mark(), span, indent);
            }
        } else if is_line || is_flat {
            if !(is_line || is_top) {
                self.row('*', indent, "", span.label.words(self.language), "");
            }
            let more = format!("… ({} bytes)", bytes.len());
            let more = phrase(&more, self.language);
            self.bytes(span, indent, RULE, span.rule, &more);
            for leaf in span.leaves().filter(|leaf| !leaf.label.separates()) {
                self.leaf(' ', leaf, indent + 2);
            }
        } else {
            if !is_top {
                self.row('*', indent, "", span.label.words(self.language), span.rule);
            }
            for part in &span.children {
                self.span(part, indent + 2 * usize::from(!is_top));
            }
        }
    }

    /// A leaf and its notes. If it is no part of bytes that stand above it, all of it is shown.
    fn leaf(&mut self, mark: char, leaf: &Span, indent: usize) {
        let bytes = self.explained.bytes_of(leaf);
        let words = match self.goes_on {
            true => phrase("continued", self.language).into_owned(),
            false => words(leaf, bytes, self.language),
        };
        let cells = bytes_of(leaf, bytes, WIDTH - indent);
        let cell = cells.first().map_or("", String::as_str);
        let fits = indent + columns(cell) < WORDS;
        if mark == ' ' && cells.len() == 1 && !fits {
            self.cells(mark, indent, &[(cell, 0)]);
            self.row(mark, indent, "", &words, leaf.rule);
        } else if mark == ' ' || cells.len() < 2 && fits {
            self.row(mark, indent, cell, &words, leaf.rule);
        } else {
            let length = format!("{} bytes", bytes.len());
            self.bytes(leaf, indent, WIDTH, "", "…");
            let length = phrase(&length, self.language);
            self.row('*', indent + 2, &length, &words, leaf.rule);
        }
        for (note, words) in derived(leaf, bytes, self.language) {
            let mut value = note.value.as_str();
            if columns(value) > WORDS - 5 {
                for line in lines(value, WIDTH - 4).take(MOST_LINES) {
                    self.cells('*', 4, &[(line, 0)]);
                }
                value = "";
            }
            self.row('*', 4, value, &words, note.rule);
        }
    }

    /// The first lines of the bytes, up to a column; `more` says that there are others.
    fn bytes(&mut self, span: &Span, indent: usize, end: usize, rule: &str, more: &str) {
        let (mark, bytes) = (self.explained.from.mark(), self.explained.bytes_of(span));
        let lines = bytes_of(span, bytes, end - 1 - indent);
        for (number, line) in lines.iter().take(MOST_LINES).enumerate() {
            let rule = if number == 0 { rule } else { "" };
            self.cells(mark, indent, &[(line, RULE), (rule, 0)]);
        }
        if lines.len() > MOST_LINES {
            self.cells('*', indent, &[(more, 0)]);
        }
    }

    fn row(&mut self, mark: char, indent: usize, cell: &str, words: &str, rule: &str) {
        let cell = shortened(cell, WORDS - 1 - indent.min(WORDS / 2));
        for (number, line) in lines(words, RULE - WORDS - 2).take(MOST_LINES).enumerate() {
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
