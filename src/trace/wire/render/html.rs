//! A page: what passed between two columns, client and server; each leaf can be touched.
//!
//! The page is one file without a script. A leaf is an element that takes the focus; its meaning is an element in it,
//! which `page.css` shows at the foot of the window while the leaf has the focus or the pointer.

use super::Rendering;
use super::cells::{derived, text_of, words};
use super::titles::Titles;
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Explained, Span, push};
use crate::trace::wire::words::{Language, phrase};
use std::fmt::Write;
use std::time::Duration;

const STYLE: &str = include_str!("page.css");
const HOW: &str = "Left: what the client has sent; right: the server. Touch some bytes, or press Tab: their meaning \
     and their rule are shown below.";
const HOW_IN_CHINESE: &str =
    "左边是客户端发送的内容，右边是服务器的。点一下字节，或按 Tab 键：下方就显示其含义和规则。";
/// Of one leaf so many bytes are shown, and so many of a run of pieces.
const MOST_OF_LEAF: usize = 1024;
const MOST_OF_RUN: usize = 8192;

/// One HTML file that needs neither a server nor a script: the bytes of each side in a column of its own, in the order
/// of time. Each leaf can be touched, or reached with the Tab key: then its meaning and its rule are shown.
///
/// Of a leaf 1,024 bytes are shown, of a body 8,192.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, render::{Html, Rendering}};
/// use std::time::Duration;
///
/// let (mut conversation, mut html, mut out) = (Conversation::new(), Html::new("A lesson"), String::new());
/// let request = b"GET /<script> HTTP/1.1\r\nHost: a\r\n\r\n";
/// for explained in conversation.receive(Direction::FromClient, Duration::ZERO, request) {
///     html.explained(0, &explained, &mut out);
/// }
/// html.finish(&mut out);
/// let page = out;
/// assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
/// assert!(page.contains("&lt;script&gt;") && !page.contains("<script"));
/// ```
#[derive(Debug, Default)]
pub struct Html {
    title: String,
    titles: Titles,
    has_begun: bool,
    in_section: bool,
    run: Run,
}

/// The pieces of one body, one behind the other.
#[derive(Debug, Default)]
struct Run {
    of: Option<Label>,
    shown: usize,
    left_out: u64,
}

impl Html {
    /// A page with this title.
    pub fn new(title: impl Into<String>) -> Html {
        Html {
            title: title.into(),
            ..Html::default()
        }
    }

    /// In this language; without it, in English.
    ///
    /// ```
    /// use barewire::trace::wire::{Language, render::{Html, Rendering}};
    ///
    /// let mut page = String::new();
    /// Html::new("一课").language(Language::Chinese).finish(&mut page);
    /// assert!(page.contains("<html lang=\"zh\">"));
    /// ```
    pub fn language(mut self, language: Language) -> Html {
        self.titles.language = language;
        self
    }

    fn begin(&mut self, out: &mut String) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let title = escaped(&self.title);
        let language = self.titles.language.key();
        let how = match self.titles.language {
            Language::English => HOW,
            Language::Chinese => HOW_IN_CHINESE,
        };
        let policy = "default-src 'none'; style-src 'unsafe-inline'";
        let _ = write!(
            out,
            "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
             <p>{how}</p>\n<main>\n"
        );
    }

    /// Ends what is open.
    fn close(&mut self, out: &mut String) {
        self.end_run(out);
        if std::mem::take(&mut self.in_section) {
            *out += "</div></section>\n";
        }
    }

    fn end_run(&mut self, out: &mut String) {
        let left_out = std::mem::take(&mut self.run).left_out;
        if left_out > 0 {
            let more = format!("… {left_out} bytes more");
            let more = phrase(&more, self.titles.language);
            *out += &format!("<span class=\"note\">{more}</span>");
        }
    }

    /// How many bytes of a leaf in it are shown.
    fn room(&mut self, explained: &Explained, out: &mut String) -> usize {
        let label = explained.span.label;
        if self.run.of != Some(label) || !label.comes_in_pieces() {
            self.end_run(out);
            self.run.of = Some(label);
        }
        let most = MOST_OF_LEAF.min(MOST_OF_RUN - self.run.shown);
        if label.comes_in_pieces() {
            self.run.shown += explained.bytes.len().min(most);
        }
        most
    }
}

impl Rendering for Html {
    fn event(&mut self, conversation: u64, time: Duration, text: &str, out: &mut String) {
        self.begin(out);
        self.close(out);
        let (_, event) = self.titles.event([""; 2], conversation, time, text);
        let _ = writeln!(out, "<p>{}</p>", escaped(&event));
    }

    fn explained(&mut self, conversation: u64, explained: &Explained, out: &mut String) {
        self.begin(out);
        let (title, goes_on) = self.titles.title([""; 2], conversation, explained);
        if title.is_some() || !self.in_section {
            self.close(out);
            let side = explained.from.key();
            let title = title.map_or(
                phrase(side, self.titles.language).into_owned(),
                |(_, title)| escaped(&title),
            );
            let _ = write!(
                out,
                "<section class=\"{side}\"><h2>{title}</h2><div class=\"bytes\">"
            );
            self.in_section = true;
        }
        let room = self.room(explained, out);
        if room == 0 {
            self.run.left_out += explained.bytes.len() as u64;
            return;
        }
        let (mut notes, language) = (String::new(), self.titles.language);
        let leaves = explained.span.leaves();
        for leaf in leaves.filter(|leaf| leaf.label != Label::End) {
            paint(leaf, explained, (goes_on, language), room, out, &mut notes);
        }
        *out += &notes;
    }

    fn finish(&mut self, out: &mut String) {
        self.begin(out);
        self.close(out);
        *out += "</main>\n</body>\n</html>\n";
    }
}

/// A leaf, and its notes where the line ends.
fn paint(
    leaf: &Span,
    explained: &Explained,
    (goes_on, language): (bool, Language),
    room: usize,
    out: &mut String,
    notes: &mut String,
) {
    let bytes = explained.bytes_of(leaf);
    let text = text_of(leaf, bytes, room);
    let says = escaped(&words(leaf, bytes, language));
    let class = match leaf.label {
        Label::Refused => "leaf bad",
        label if label.separates() => "leaf thin",
        _ if text.is_none() => "leaf hex",
        _ => "leaf",
    };
    let _ = write!(out, "<span class=\"{class}\" tabindex=\"0\">");
    match text {
        Some(text) => paint_text(text, out),
        None => {
            let digits = bytes.iter().take(room).map(|byte| format!("{byte:02x}"));
            *out += &digits.collect::<Vec<_>>().join(" ");
        }
    }
    if room < bytes.len() {
        let more = format!("… ({} bytes)", bytes.len());
        *out += &phrase(&more, language);
    }
    let place = match (leaf.range.start, leaf.range.end.saturating_sub(1)) {
        (start, last) if last > start => format!("bytes {start} to {last}"),
        (_, last) => format!("byte {last}"),
    };
    let place = phrase(&place, language);
    *out += &format!("<span class=\"tip\">{says}<br>{place}");
    rule(leaf.rule, out);
    let (bits, derived): (Vec<_>, Vec<_>) = derived(leaf, bytes, language)
        .into_iter()
        .partition(|(note, _)| note.bits != 0);
    for (bit, says) in bits {
        let (drawn, says) = (bit.value, escaped(&says));
        let _ = write!(out, "<span class=\"bits\">{drawn}  {says}</span>");
    }
    *out += "</span></span>";
    if matches!(leaf.label, Label::Refused | Label::Unexplained) && !goes_on {
        paint_note(&says, "", leaf.rule, notes);
    }
    for (note, says) in derived {
        paint_note(&escaped(&says), &note.value, note.rule, notes);
    }
    if bytes.ends_with(b"\n") {
        *out += &std::mem::take(notes);
    }
}

/// The end of a line is written out, and ends the line.
fn paint_text(text: &str, out: &mut String) {
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\r', '\n']);
        *out += &escaped(content);
        if let end @ [_, ..] = &line.as_bytes()[content.len()..] {
            let _ = write!(out, "<small>{}</small>", end.escape_ascii());
        }
        if line.ends_with('\n') {
            out.push('\n');
        }
    }
}

fn paint_note(says: &str, value: &str, section: &str, out: &mut String) {
    let value = match value {
        "" => String::new(),
        value => format!(": <code>{}</code>", escaped(value)),
    };
    *out += &format!("<span class=\"note\">{says}{value}");
    rule(section, out);
    *out += "</span>";
}

/// The rule, with a link to its section: `RFC 9112 §7.1`.
fn rule(rule: &str, out: &mut String) {
    let number = rule
        .strip_prefix("RFC ")
        .and_then(|rest| rest.split_once(" §"));
    *out += &match number {
        None if rule.is_empty() => return,
        None => format!(", {}", escaped(rule)),
        Some((number, section)) => format!(
            ", <a rel=\"noreferrer\" href=\"https://www.rfc-editor.org/rfc/rfc{}#section-{}\">{}</a>",
            escaped(number),
            escaped(section),
            escaped(rule)
        ),
    };
}

/// Text in an element or an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        push(&mut out, &rest[..at]);
        out += match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        };
        rest = &rest[at + 1..];
    }
    push(&mut out, rest);
    out
}
