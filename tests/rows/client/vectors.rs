//! The format of `fixtures/client/*.txt`, as the head of each file explains it.

use barewire::http::wire::Limits;
use std::path::PathBuf;

/// What a server sends, and what the client must return.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) place: String,
    pub(crate) method: String,
    /// Fields that are added to the request.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) limits: Limits,
    pub(crate) says: Vec<u8>,
    /// How many bytes at the end of `says` stand behind the response.
    pub(crate) rest: usize,
    pub(crate) expect: Result<Expected, String>,
    /// The body, or what may be read of it before the error.
    pub(crate) body: Vec<u8>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) status: u16,
    pub(crate) interim: Vec<u16>,
    pub(crate) trailers: Vec<String>,
    /// The end of the body is the end of the connection.
    pub(crate) until_close: bool,
    /// The connection can be used again.
    pub(crate) kept: bool,
}

/// All cases of a file.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/client")
        .join(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut cases = Vec::new();
    let mut paragraph = Vec::new();
    for (at, line) in text.lines().chain([""]).enumerate() {
        if line.trim().is_empty() {
            cases.extend(paragraph_cases(file, &std::mem::take(&mut paragraph)));
        } else if !line.starts_with('#') {
            let (key, value) = line
                .split_once(": ")
                .unwrap_or_else(|| panic!("{file}:{}: no `key: value`", at + 1));
            paragraph.push((at + 1, key, value.trim()));
        }
    }
    assert!(!cases.is_empty(), "{file} is empty");
    cases
}

type Line<'t> = (usize, &'t str, &'t str);

/// The case of a paragraph, or one for each of its `each:` lines.
fn paragraph_cases(file: &str, lines: &[Line<'_>]) -> Vec<Case> {
    let Some(first) = lines.first() else {
        return Vec::new();
    };
    let insets: Vec<&Line<'_>> = lines.iter().filter(|(_, key, _)| *key == "each").collect();
    match insets.as_slice() {
        [] => vec![case(file, first.0, lines, "")],
        insets => insets
            .iter()
            .map(|(at, _, inset)| case(file, *at, lines, &inset[1..inset.len() - 1]))
            .collect(),
    }
}

fn case(file: &str, at: usize, lines: &[Line<'_>], inset: &str) -> Case {
    let mut case = Case {
        place: format!("fixtures/client/{file}:{at}"),
        method: "GET".to_owned(),
        fields: Vec::new(),
        limits: Limits::default(),
        says: Vec::new(),
        rest: 0,
        expect: Err("nothing is expected".to_owned()),
        body: Vec::new(),
    };
    let mut expected = Expected {
        kept: true,
        ..Expected::default()
    };
    let (mut named, mut cited) = (false, false);
    for (_, key, value) in lines {
        let bytes = || quoted(&value.replace("{}", inset), &case.place);
        match *key {
            "case" => named = true,
            "rfc" => cited = value.starts_with("RFC "),
            "each" => {}
            "ask" => case.method = (*value).to_owned(),
            "field" => {
                let (name, value) = value.split_once(": ").expect("a name and a value");
                case.fields.push((name.to_owned(), value.to_owned()));
            }
            "limits" => limit(&mut case.limits, value),
            "says" => case.says.extend(bytes()),
            "says*" => {
                let (times, bytes) = value.split_once(' ').expect("a number and bytes");
                let bytes = quoted(bytes, &case.place);
                let times = times.parse().expect("a number");
                case.says.extend(bytes.repeat(times));
            }
            "rest" => {
                case.rest = bytes().len();
                case.says.extend(bytes());
            }
            "error" => case.expect = Err((*value).to_owned()),
            "status" => {
                expected.status = value.replace("{}", inset).parse().expect("a status");
                case.expect = Ok(Expected::default());
            }
            "interim" => {
                let all = value.split(' ').map(|it| it.parse().expect("a status"));
                expected.interim = all.collect();
            }
            "body" => case.body = bytes(),
            "trailer" => expected.trailers.push((*value).to_owned()),
            "until" => (expected.until_close, expected.kept) = (*value == "close", false),
            "kept" => expected.kept = *value == "yes",
            other => panic!("{}: what is {other:?}?", case.place),
        }
    }
    assert!(named && cited, "{}: a name and an RFC", case.place);
    case.expect = case.expect.map(|_| expected);
    case
}

fn limit(limits: &mut Limits, value: &str) {
    for one in value.split(' ') {
        let (name, most) = one.split_once('=').expect("name=number");
        let most = most.parse().expect("a number");
        match name {
            "start_line_bytes" => limits.start_line_bytes = most,
            "field_section_bytes" => limits.field_section_bytes = most,
            "fields" => limits.fields = most,
            "chunk_extension_bytes" => limits.chunk_extension_bytes = most,
            other => panic!("no limit is called {other:?}"),
        }
    }
}

/// The bytes between the quotes: `\r \n \t \xNN \" \\`.
fn quoted(value: &str, place: &str) -> Vec<u8> {
    let inner = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let mut rest = inner.unwrap_or_else(|| panic!("{place}: no quotes: {value}"));
    let mut bytes = Vec::new();
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let (byte, length) = match rest.as_bytes()[at + 1] {
            b'r' => (b'\r', 2),
            b'n' => (b'\n', 2),
            b't' => (b'\t', 2),
            b'x' => (
                u8::from_str_radix(&rest[at + 2..at + 4], 16).expect("hex"),
                4,
            ),
            other => (other, 2),
        };
        bytes.push(byte);
        rest = &rest[at + length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}
