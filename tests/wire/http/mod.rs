//! The vectors of HTTP/1.1: every case of `fixtures/http/` against the decoders and encoders.
//!
//! Each case is decoded whole, byte by byte, cut in two at every place, with the next message after it, and
//! with its content read without the decoder. A good message is also sent again and decoded once more. Other
//! checks need no table: a bad byte at every place (`places`), random messages and random damage (`random`,
//! compared with the slow rules of `oracle`), that a head which has come whole is decoded as one in pieces
//! (`shortcuts`), and that the work grows with the bytes and not with their square (`linear`).

pub(crate) mod check;
mod content_coding;
mod encode;
mod encoded_reference;
mod forwarded;
mod linear;
mod oracle;
mod places;
pub(crate) mod random;
mod reader;
mod shortcuts;
mod uri;

pub(crate) use crate::cases::http as format;

use barewire::http::wire::Rule;
use std::collections::BTreeSet;
use std::path::Path;

macro_rules! files {
    ($($name:ident)+) => {
        const FILES: &[&str] = &[$(concat!(stringify!($name), ".txt")),+];

        $(#[test]
        fn $name() {
            run(concat!(stringify!($name), ".txt"));
        })+
    };
}

files! {
    request_line target host fields content_length transfer_encoding chunked trailers
    expect connection status_line response_body examples_9110 examples_9112
}

fn run(file: &str) {
    let cases = format::cases(file);
    let failures: Vec<String> = cases.iter().flat_map(checked).collect();
    println!("{file}: {} cases", cases.len());
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// A case that panics fails by its name, like any other.
fn checked(case: &format::Case) -> Vec<String> {
    let unwound = |_| vec![format!("{}: panicked, see above", case.place)];
    std::panic::catch_unwind(|| check::check(case)).unwrap_or_else(unwound)
}

pub(crate) fn all_cases() -> impl Iterator<Item = format::Case> {
    FILES.iter().flat_map(|file| format::cases(file))
}

/// Rules that no bytes break by themselves, and which code reports them.
const NOT_BY_A_DECODER: &[(Rule, &str)] = &[
    (
        Rule::BodyTooLarge,
        "the driver: it counts the content that a handler collects",
    ),
    (
        Rule::ContentCodingInvalid,
        "a client that decompresses: see fixtures/http/content_coding.txt",
    ),
    (
        Rule::ContentCodingUnknown,
        "a client that decompresses: see fixtures/http/content_coding.txt",
    ),
    (
        Rule::ForwardedInvalid,
        "a handler that asks who the client is: see fixtures/http/forwarded.txt",
    ),
    (
        Rule::ForwardedNodeInvalid,
        "the same: see fixtures/http/forwarded.txt",
    ),
    (
        Rule::ForwardedHostInvalid,
        "a handler that asks for the client's host: see tests/rows/http/forwarded.rs",
    ),
    (
        Rule::ForwardedProtoInvalid,
        "a handler that asks for the client's scheme: see tests/rows/http/forwarded.rs",
    ),
    (Rule::EscapeInvalid, "a handler: it decodes a query"),
    (Rule::EscapedNotUtf8, "a handler: it decodes a query"),
    (Rule::ContentNotUtf8, "a handler: it reads text"),
    (
        Rule::CollectedTooMuch,
        "the driver: it has the other connections",
    ),
    (Rule::RequestTimeout, "the driver: it has the clock"),
    (Rule::LocationRepeated, "a redirect: see its table"),
    (Rule::LocationInvalid, "a redirect: see its table"),
    (
        Rule::SwitchUnnamed,
        "the connection: see fixtures/client/interim.txt",
    ),
    (
        Rule::SwitchNotOffered,
        "the connection: see fixtures/client/interim.txt",
    ),
    (
        Rule::SwitchTooOld,
        "the connection: see fixtures/client/interim.txt",
    ),
    (
        Rule::SwitchWithContent,
        "the connection: see fixtures/client/interim.txt",
    ),
    (
        Rule::UnexpectedMessage,
        "the connection, where no message may come: see tests/wire/machine",
    ),
];

#[test]
fn every_rule_has_a_case() {
    let raised: BTreeSet<&str> = all_cases()
        .filter_map(|case| case.expect.err())
        .map(Rule::name)
        .collect();
    for rule in Rule::ALL {
        let excused = NOT_BY_A_DECODER.iter().any(|(other, _)| other == rule);
        let cased = raised.contains(rule.name());
        assert!(
            cased != excused,
            "{}: has a case: {cased}; is excused from one: {excused}",
            rule.name()
        );
    }
}

/// A file that no test runs, or whose head differs from the others, would become wrong unnoticed.
#[test]
fn every_file_is_run_and_explains_the_format() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/http");
    let mut heads = BTreeSet::new();
    for entry in std::fs::read_dir(&folder).expect("fixtures/http") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("plain text");
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a plain name");
        if text.lines().any(|line| line.starts_with("in: ")) {
            assert!(FILES.contains(&name), "{name} is run by no test");
            heads.insert(
                text.lines()
                    .skip(1)
                    .take_while(|line| line.starts_with('#'))
                    .collect::<Vec<_>>()
                    .join("\n"),
            );
        }
    }
    assert_eq!(
        heads.len(),
        1,
        "the files explain their format in different words: {heads:#?}"
    );
}

/// A failure is found again by its name.
#[test]
fn places_are_unique() {
    let mut seen = BTreeSet::new();
    for case in all_cases() {
        assert!(seen.insert(case.place.clone()), "{}", case.place);
    }
}
