//! The format of `fixtures/tls/*.txt`, as the head of `hellos.txt` explains it.

use barewire::tls::wire::Rule;
use std::path::PathBuf;

/// One case: its keys and values, in order.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The file, the line and the name.
    pub(crate) place: String,
    pub(crate) name: String,
    lines: Vec<(String, String)>,
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls")
}

/// All cases of a file, one for each `each:` of a paragraph.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join(file)).expect(file);
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once(':').expect(line);
        let value = value.trim().to_string();
        match (key, cases.last_mut()) {
            ("case", _) => cases.push(Case {
                place: format!("fixtures/tls/{file}:{number}: {value}"),
                name: value,
                lines: Vec::new(),
            }),
            (key, Some(case)) => case.lines.push((key.to_string(), value)),
            (_, None) => panic!("{file}:{number} belongs to no case"),
        }
    }
    cases.iter().flat_map(Case::each).collect()
}

impl Case {
    fn each(&self) -> Vec<Case> {
        let insets = self.all("each");
        match insets.is_empty() {
            true => vec![self.clone()],
            false => insets.iter().map(|inset| self.with(inset)).collect(),
        }
    }

    /// This case with one of its `each:` in the place of `{}`.
    fn with(&self, inset: &str) -> Case {
        let bytes = inset.split('#').next().unwrap_or_default();
        let mut case = self.clone();
        case.place += &format!(" [{inset}]");
        for (_, value) in &mut case.lines {
            *value = value.replace("{}", bytes);
        }
        case
    }

    fn all(&self, key: &str) -> Vec<&str> {
        let lines = self.lines.iter().filter(|(other, _)| other == key);
        lines.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a key that may occur once.
    pub(crate) fn find(&self, key: &str) -> Option<&str> {
        let all = self.all(key);
        assert!(all.len() < 2, "{}: {key} occurs twice", self.place);
        all.first().copied()
    }

    /// The value of a key that must occur.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.find(key)
            .unwrap_or_else(|| panic!("{}: no {key}", self.place))
    }

    /// The rule that refuses it.
    pub(crate) fn error(&self) -> Option<Rule> {
        let name = self.find("error")?;
        let rule = Rule::ALL.iter().find(|rule| rule.name() == name);
        Some(*rule.unwrap_or_else(|| panic!("{}: no rule {name}", self.place)))
    }

    /// The bytes of its `in:` lines.
    pub(crate) fn input(&self) -> Vec<u8> {
        let text = self.all("in").join(" ");
        let mut rest = text.as_str();
        let bytes = bytes(&mut rest);
        assert!(rest.is_empty(), "{}: not bytes: {rest}", self.place);
        bytes
    }

    /// Fails if the case has another key than these.
    pub(crate) fn only(&self, keys: &[&str]) {
        for (key, _) in &self.lines {
            assert!(keys.contains(&key.as_str()), "{}: {key}?", self.place);
        }
    }
}

/// Bytes up to the end or to a `]`.
fn bytes(rest: &mut &str) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        *rest = rest.trim_start();
        if let Some(inside) = rest.strip_prefix('[') {
            let (size, behind) = inside.split_at(1);
            *rest = behind;
            let content = bytes(rest);
            *rest = rest.strip_prefix(']').expect("a ]");
            let size: usize = size.parse().expect("the bytes of a length");
            out.extend_from_slice(&content.len().to_be_bytes()[8 - size..]);
            out.extend(content);
        } else if let Some(inside) = rest.strip_prefix('"') {
            let (text, behind) = inside.split_once('"').expect("a second quote");
            out.extend_from_slice(text.as_bytes());
            *rest = behind;
        } else {
            let end = rest.find([' ', ']', '[', '"']).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            if word.is_empty() {
                return out;
            }
            let (times, digits) = word.split_once('*').unwrap_or(("1", word));
            out.extend(hex(digits).repeat(times.parse().expect("a number of times")));
            *rest = behind;
        }
    }
}

fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        assert_eq!(pair.len(), 2, "{digits}");
        u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("hex digits")
    };
    pairs.map(byte).collect()
}
