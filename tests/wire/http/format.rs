//! The format of `fixtures/http/*.txt`, as the head of each file explains it.

use barewire::http::wire::{Limits, Rule};
use std::fmt;

macro_rules! files {
    ($($name:ident)+) => {
        /// The files of cases, and what they hold.
        pub(crate) const FILES: &[(&str, &str)] = &[$((
            concat!(stringify!($name), ".txt"),
            include_str!(concat!("../../../fixtures/http/", stringify!($name), ".txt")),
        )),+];
    };
}

files! {
    request_line target host fields content_length transfer_encoding chunked trailers
    expect connection status_line response_body examples_9110 examples_9112
}

/// The kind of message in a case.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Request,
    /// The response to a request with this method.
    Response(String),
    /// A chunked body alone.
    Chunked,
}

/// One case: bytes, and what they must decode to.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) place: String,
    /// The section of its rule.
    pub(crate) rfc: String,
    pub(crate) kind: Kind,
    pub(crate) limits: Limits,
    pub(crate) input: Vec<u8>,
    /// The connection ends after the input.
    pub(crate) close: bool,
    pub(crate) expect: Result<Expected, Rule>,
}

pub(crate) type FieldLines = Vec<(String, Vec<u8>)>;

/// The expectations of a good case; what it does not mention is not compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    /// `method`, `target`, `version`, `authority`, `status`, `reason`, `body`, `persistent`,
    /// `expects`, `upgrade`: as they are written.
    pub(crate) says: Vec<(&'static str, String)>,
    pub(crate) fields: Option<FieldLines>,
    pub(crate) content: Vec<u8>,
    pub(crate) trailers: FieldLines,
    /// Bytes after the message, part of the input.
    pub(crate) rest: Vec<u8>,
    /// The input stops before the message does.
    pub(crate) open: bool,
}

const SAYS: [&str; 10] = [
    "method",
    "target",
    "version",
    "authority",
    "status",
    "reason",
    "body",
    "persistent",
    "expects",
    "upgrade",
];

/// All cases of a file. A file that cannot be parsed fails its test.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let (_, text) = FILES
        .iter()
        .find(|(name, _)| *name == file)
        .unwrap_or_else(|| panic!("{file} is in no list of files"));
    cases_in(file, text)
}

/// All cases of a text, which is that of this file.
pub(crate) fn cases_in(file: &str, text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for paragraph in paragraphs(text) {
        let each: Vec<&Line<'_>> = paragraph.iter().filter(|line| line.key == "each").collect();
        if each.is_empty() {
            cases.push(case(file, &paragraph, None));
        }
        cases.extend(
            each.into_iter()
                .map(|line| case(file, &paragraph, Some(line))),
        );
    }
    cases
}

/// `key: value` and the number of its line.
#[derive(Clone, Debug)]
struct Line<'t> {
    number: usize,
    key: &'t str,
    value: &'t str,
}

fn paragraphs(text: &str) -> Vec<Vec<Line<'_>>> {
    let mut all = vec![Vec::new()];
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            all.push(Vec::new());
        } else if !line.starts_with('#') {
            let (key, value) = line
                .split_once(':')
                .unwrap_or_else(|| panic!("line {}: no colon: {line}", index + 1));
            let line = Line {
                number: index + 1,
                key,
                value: value.trim(),
            };
            all.last_mut().expect("never empty").push(line);
        }
    }
    all.retain(|paragraph| !paragraph.is_empty());
    all
}

/// The case of a paragraph, with the bytes of an `each:` line in the place of `{}`.
fn case(file: &str, paragraph: &[Line<'_>], each: Option<&Line<'_>>) -> Case {
    let at = each.unwrap_or(&paragraph[0]).number;
    let fail = |what: &dyn fmt::Display| -> ! { panic!("fixtures/http/{file}:{at}: {what}") };
    let (inset, note) = each.map_or(("", ""), |line| {
        quoted(line.value).unwrap_or_else(|| fail(&"bad each"))
    });
    let mut case = Case {
        place: format!("fixtures/http/{file}:{at}: "),
        rfc: String::new(),
        kind: Kind::Request,
        limits: Limits::default(),
        input: Vec::new(),
        close: false,
        expect: Ok(Expected::default()),
    };
    let mut expected = Expected::default();
    let mut error = None;
    for Line { number, key, value } in paragraph {
        let value = if each.is_some() {
            value.replace("{}", inset)
        } else {
            value.to_string()
        };
        let bytes = || {
            bytes(&value)
                .unwrap_or_else(|| panic!("fixtures/http/{file}:{number}: bad bytes: {value}"))
        };
        match *key {
            "case" => case.place += &value,
            "rfc" => case.rfc = value,
            "kind" => case.kind = kind(&value).unwrap_or_else(|| fail(&"unknown kind")),
            "limits" => case.limits = limits(&value).unwrap_or_else(|| fail(&"unknown limit")),
            "in" | "in*" => case.input.extend(bytes()),
            "each" => {}
            "close" => case.close = value == "yes",
            "error" => {
                error = Some(
                    rule(&value).unwrap_or_else(|| fail(&format!("no rule is called {value}"))),
                )
            }
            "fields" if value == "none" => expected.fields = Some(Vec::new()),
            "field" => expected.fields.get_or_insert_default().push(field(&value)),
            "trailer" => expected.trailers.push(field(&value)),
            "content" | "content*" => expected.content.extend(bytes()),
            "rest" => expected.rest.extend(bytes()),
            "open" => expected.open = value == "yes",
            key => match SAYS.iter().find(|says| **says == key) {
                Some(says) => expected.says.push((says, value)),
                None => fail(&format!("unknown key {key}")),
            },
        }
    }
    if !(case.rfc.starts_with("RFC ") && case.rfc.contains('§')) {
        fail(&"no RFC section");
    }
    if each.is_some() {
        case.place += &format!(
            " [{inset}{}{note}]",
            if note.is_empty() { "" } else { ": " }
        );
    }
    case.expect = error.map_or(Ok(expected), Err);
    case
}

fn kind(text: &str) -> Option<Kind> {
    match text.split_once(' ').unwrap_or((text, "")) {
        ("request", "") => Some(Kind::Request),
        ("response", "") => Some(Kind::Response("GET".into())),
        ("response", method) => Some(Kind::Response(method.trim_start_matches("to ").into())),
        ("chunked", "") => Some(Kind::Chunked),
        _ => None,
    }
}

fn limits(text: &str) -> Option<Limits> {
    let mut limits = Limits::default();
    for word in text.split_whitespace() {
        let (name, number) = word.split_once('=')?;
        let limit = match name {
            "start_line_bytes" => &mut limits.start_line_bytes,
            "field_section_bytes" => &mut limits.field_section_bytes,
            "fields" => &mut limits.fields,
            "chunk_extension_bytes" => &mut limits.chunk_extension_bytes,
            _ => return None,
        };
        *limit = number.parse().ok()?;
    }
    Some(limits)
}

/// The rule of this name.
pub(crate) fn rule(name: &str) -> Option<Rule> {
    Rule::ALL.iter().copied().find(|rule| rule.name() == name)
}

/// `Name = value`; escapes in the value are decoded.
fn field(text: &str) -> (String, Vec<u8>) {
    let (name, value) = text
        .split_once(" =")
        .unwrap_or_else(|| panic!("no field: {text}"));
    (
        name.to_string(),
        unescape(value.trim()).unwrap_or_else(|| panic!("bad escape: {value}")),
    )
}

/// `"..."`, or `7 "..."` for seven times the same.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let (times, text) = match text.find('"')? {
        0 => (1, text),
        at => (text[..at].trim().parse().ok()?, &text[at..]),
    };
    let (inside, after) = quoted(text)?;
    after
        .is_empty()
        .then(|| unescape(inside).map(|bytes| bytes.repeat(times)))?
}

/// The text between the quotes, still escaped, and what follows them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    let end = inside.bytes().position(|c| {
        let ends = c == b'"' && !escaped;
        escaped = c == b'\\' && !escaped;
        ends
    })?;
    Some((&inside[..end], inside[end + 1..].trim()))
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'\\' => match rest.next()? {
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'x' => {
                    let digits = [rest.next()?, rest.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                same @ (b'"' | b'\\') => same,
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(out)
}
