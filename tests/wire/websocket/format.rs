//! The format of `fixtures/websocket/*.txt`, as the head of each file explains it; `fixtures/deflate/` has the same.

use barewire::websocket::wire::Rule;
use std::path::PathBuf;

macro_rules! files {
    ($($name:literal)+) => {
        /// The files of cases, and what they hold.
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../fixtures/websocket/", $name)))),+];
    };
}

files! { "frames.txt" "messages.txt" "deflate.txt" "close.txt" "requests.txt" "responses.txt" }

/// The files of frames, and those of handshakes.
pub(crate) const FRAMES: [&str; 4] = ["frames.txt", "messages.txt", "deflate.txt", "close.txt"];
pub(crate) const HANDSHAKES: [&str; 2] = ["requests.txt", "responses.txt"];

/// One case: its keys and values, in order.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The file, the line and the name.
    pub(crate) place: String,
    pub(crate) lines: Vec<(String, String)>,
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/websocket")
}

/// All cases of a file, one for each `each:` of a paragraph.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let found = FILES.iter().find(|(name, _)| *name == file);
    let (_, text) = found.unwrap_or_else(|| panic!("{file} is in no list of files"));
    read(&format!("websocket/{file}"), text)
}

/// The cases in the text of `fixtures/{file}`.
pub(crate) fn read(file: &str, text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for (first, paragraph) in paragraphs(text) {
        let whole = Case::new(file, first, &paragraph);
        let each: Vec<&Line<'_>> = paragraph.iter().filter(|l| l.1 == "each").collect();
        match each.is_empty() {
            true => cases.push(whole),
            false => cases.extend(each.iter().map(|(line, _, value)| whole.with(*line, value))),
        }
    }
    cases
}

/// The number of a line, its key and its value.
type Line<'t> = (usize, &'t str, &'t str);

/// The paragraphs that are not comments alone: each with the number of its first line.
fn paragraphs(text: &str) -> Vec<(usize, Vec<Line<'_>>)> {
    let mut all = vec![Vec::new()];
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            all.push(Vec::new());
        } else if !line.starts_with('#') {
            let (key, value) = line
                .split_once(':')
                .unwrap_or_else(|| panic!("line {number}"));
            let all = all.last_mut().expect("never empty");
            all.push((number, key, value.trim()));
        }
    }
    let all = all.into_iter().filter(|paragraph| !paragraph.is_empty());
    all.map(|paragraph| (paragraph[0].0, paragraph)).collect()
}

impl Case {
    fn new(file: &str, line: usize, paragraph: &[Line<'_>]) -> Case {
        let mut place = format!("fixtures/{file}:{line}");
        let mut lines = Vec::new();
        for (_, key, value) in paragraph {
            match *key {
                "case" => place += &format!(": {value}"),
                "each" => {}
                key => lines.push((key.to_string(), value.to_string())),
            }
        }
        let case = Case { place, lines };
        let cited = case.find("rfc").unwrap_or_default();
        let known = ["1951", "1952", "6454", "6455", "7692", "9110"];
        let cites = |rfc| cited.starts_with(&format!("RFC {rfc} §"));
        let is_known = known.into_iter().any(cites);
        assert!(is_known, "{}: {cited}", case.place);
        case
    }

    /// This case with one of its `each:` in the place of `{}`.
    fn with(&self, line: usize, each: &str) -> Case {
        let (inset, note) = match each.find('#') {
            Some(at) => (each[..at].trim(), &each[at..]),
            None => (each, ""),
        };
        let place = format!("{} [{line}: {inset} {note}]", self.place);
        let lines = self.lines.iter();
        let lines = lines.map(|(key, value)| (key.clone(), value.replace("{}", inset)));
        let lines = lines.collect();
        Case { place, lines }
    }

    /// The value of a key that may be there once.
    pub(crate) fn find(&self, key: &str) -> Option<String> {
        let all = self.all(key);
        assert!(all.len() < 2, "{}: {key} is there twice", self.place);
        all.into_iter().next()
    }

    /// The values of a key.
    pub(crate) fn all(&self, key: &str) -> Vec<String> {
        let lines = self.lines.iter().filter(|(other, _)| other == key);
        lines.map(|(_, value)| value.clone()).collect()
    }

    /// The rule that refuses it.
    pub(crate) fn error(&self) -> Option<Rule> {
        let name = self.find("error")?;
        let rule = Rule::ALL.iter().find(|rule| rule.name() == name);
        Some(*rule.unwrap_or_else(|| panic!("{}: no rule {name}", self.place)))
    }

    /// Fails where a key is none of these.
    pub(crate) fn only(&self, keys: &[&str]) {
        for (key, _) in &self.lines {
            let known = key == "rfc" || keys.contains(&key.as_str());
            assert!(known, "{}: unknown key {key}", self.place);
        }
    }
}

/// Hex digits, `"text"`, and `7*` in front of either.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (times, word) = match rest.split_once('*') {
            Some((times, word)) if times.bytes().all(|c| c.is_ascii_digit()) => {
                (times.parse().ok()?, word)
            }
            _ => (1, rest),
        };
        let (bytes, behind) = match word.strip_prefix('"') {
            Some(inside) => quoted(inside)?,
            None => digits(word)?,
        };
        out.extend(bytes.repeat(times));
        rest = behind.trim_start();
    }
    Some(out)
}

fn digits(text: &str) -> Option<(Vec<u8>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_hexdigit());
    let (word, behind) = text.split_at(end.unwrap_or(text.len()));
    let pairs = word.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    };
    let bytes: Option<Vec<u8>> = pairs.map(byte).collect();
    Some((bytes.filter(|bytes| !bytes.is_empty())?, behind))
}

fn quoted(text: &str) -> Option<(Vec<u8>, &str)> {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'"' => return Some((out, str::from_utf8(rest).ok()?)),
            b'\\' => {
                let (&escape, behind) = rest.split_first()?;
                rest = behind;
                out.push(match escape {
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'"' | b'\\' => escape,
                    b'x' => {
                        let (pair, behind) = rest.split_at_checked(2)?;
                        rest = behind;
                        u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?
                    }
                    _ => return None,
                });
            }
            byte => out.push(byte),
        }
    }
    None
}
