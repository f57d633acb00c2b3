//! `fixtures/http/content_coding.txt`: which coding a client gets, and which a representation has.

use super::uri::{lines, quoted};
use barewire::http::wire::{AcceptEncoding, ContentCoding, content_codings};

fn accepted(value: &[u8]) -> String {
    let Some(accept) = AcceptEncoding::decode(value) else {
        return "broken".into();
    };
    let without_gzip = match accept.accepts_identity() {
        true => "identity",
        false => "406",
    };
    let of_both = match accept.prefers_gzip() {
        true => "gzip",
        false => without_gzip,
    };
    format!("{of_both} {without_gzip}")
}

fn applied(value: &[u8]) -> String {
    let Some(codings) = content_codings(value) else {
        return "broken".into();
    };
    let named = codings.map(|coding| match coding {
        ContentCoding::Gzip => "gzip".into(),
        ContentCoding::Other(name) => format!("[{}]", String::from_utf8_lossy(name)),
    });
    named.collect::<Vec<_>>().join(" ")
}

#[test]
fn content_codings_as_the_table_says() {
    let mut cases = 0;
    for (place, line) in lines("content_coding.txt") {
        if !line.starts_with('"') {
            continue; // the section
        }
        let (value, expected) = quoted(&line);
        let (found, expected) = match expected.split_at(1) {
            ("=", expected) => (accepted(value.as_bytes()), expected),
            (_, expected) => (applied(value.as_bytes()), expected),
        };
        assert_eq!(found, expected.trim(), "{place}");
        cases += 1;
    }
    println!("content_coding.txt: {cases} cases");
}
