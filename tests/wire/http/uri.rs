//! `fixtures/http/uri.txt` and `uri_resolution.txt`, and what must hold for every URI.
//!
//! The server of this crate must accept every URI that its client accepts: so each good one is sent, in both
//! forms, to the server's decoder. And no added, removed or cut byte may make a URI that is accepted but
//! parses differently the second time.

use barewire::http::wire::{Limits, RequestDecoder, Target, Uri, UriError};
use std::path::Path;

/// The text between the quotes at the start of a line, and the words after them.
pub(super) fn quoted(line: &str) -> (String, &str) {
    let inside = line
        .strip_prefix('"')
        .unwrap_or_else(|| panic!("no quote: {line}"));
    let mut escaped = false;
    let end = inside.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let end = end.unwrap_or_else(|| panic!("no closing quote: {line}"));
    (unescaped(&inside[..end]), inside[end + 1..].trim())
}

fn unescaped(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'\\' => match rest.next().expect("an escape") {
                b'x' => {
                    let digits = [rest.next(), rest.next()].map(|digit| digit.expect("a digit"));
                    let digits = std::str::from_utf8(&digits).expect("digits");
                    u8::from_str_radix(digits, 16).expect("hex digits")
                }
                b't' => b'\t',
                b'r' => b'\r',
                b'n' => b'\n',
                same => same,
            },
            byte => byte,
        });
    }
    String::from_utf8(out).expect("the fixtures are UTF-8")
}

/// The lines with content, each with its place.
pub(super) fn lines(file: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/http");
    let text = std::fs::read_to_string(path.join(file)).expect(file);
    let numbered = text.lines().enumerate();
    let said = numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    said.map(|(index, line)| (format!("{file}:{}: {line}", index + 1), line.to_string()))
        .collect()
}

fn refusal(error: &UriError) -> String {
    format!("refused {:?} {}", error.reason(), error.at())
}

/// As the fixture writes it.
fn parts(uri: &Uri) -> String {
    let (scheme, port) = (uri.scheme().as_str(), uri.port());
    let mut said = format!(
        "{scheme} {} {port} {}",
        uri.authority(),
        uri.path_and_query()
    );
    if let Some(fragment) = uri.fragment() {
        said += &format!(" #{fragment}");
    }
    if let Some((user, password)) = uri.userinfo() {
        said += &format!(" {user}:{password}@");
    }
    said
}

/// All good URIs of the fixture.
fn good_uris() -> Vec<Uri> {
    let quoted_lines = lines("uri.txt").into_iter();
    let uris = quoted_lines.filter(|(_, line)| line.starts_with('"'));
    uris.filter_map(|(_, line)| Uri::parse(&quoted(&line).0).ok())
        .collect()
}

#[test]
fn uri() {
    let (mut good, mut bad, mut cited) = (0, 0, false);
    for (place, line) in lines("uri.txt") {
        if line.starts_with("RFC ") {
            cited = line.contains('§');
            continue;
        }
        assert!(cited, "{place}: no RFC section");
        let (text, expected) = quoted(&line);
        let words: Vec<&str> = expected.split_whitespace().collect();
        let found = match Uri::parse(&text) {
            Ok(uri) => (parts(&uri), &mut good),
            Err(error) => (refusal(&error), &mut bad),
        };
        assert_eq!(found.0, words.join(" "), "{place}");
        *found.1 += 1;
    }
    assert!(good > 50 && bad > 50, "{good} good, {bad} bad");
}

#[test]
fn uri_resolution() {
    let mut base = None;
    let (mut section, mut rows_of_5_4) = (String::new(), 0);
    for (place, line) in lines("uri_resolution.txt") {
        if let Some(uri) = line.strip_prefix("base ") {
            base = Some(Uri::parse(&quoted(uri).0).expect(&place));
            section.clear();
        } else if line.starts_with("RFC ") {
            section = line;
        } else {
            assert!(section.contains('§'), "{place}: no RFC section");
            rows_of_5_4 += usize::from(section.contains("§5.4"));
            resolved(base.as_ref().expect("a base"), &place, &line);
        }
    }
    assert_eq!(rows_of_5_4, 42);
}

fn resolved(base: &Uri, place: &str, line: &str) {
    let (reference, expected) = quoted(line);
    let (target, expected) = match expected.strip_prefix('=') {
        Some(target) => quoted(target.trim()),
        None => (String::new(), expected),
    };
    match base.join(&reference) {
        Ok(uri) => assert_eq!((uri.to_string(), ""), (target, expected), "{place}"),
        Err(error) => assert_eq!(refusal(&error), expected, "{place}"),
    }
}

#[test]
fn a_printed_uri_parses_to_the_same_uri() {
    for uri in good_uris() {
        let again = Uri::parse(&uri.to_string()).expect("what was printed");
        assert_eq!(again.to_string(), uri.to_string());
        assert_eq!(again.origin(), uri.origin());
        assert_eq!(again.origin_form(), uri.origin_form());
        assert_eq!(again.fragment(), uri.fragment());
        assert_eq!(
            uri.join(&uri.to_string()).expect("itself").origin(),
            uri.origin()
        );
    }
}

fn accepted(uri: &Uri, form: &Target<'_>) {
    let mut request = b"GET ".to_vec();
    form.encode(&mut request);
    request.extend(format!(" HTTP/1.1\r\nHost: {}\r\n\r\n", uri.authority()).bytes());
    let mut decoder = RequestDecoder::new(Limits::default());
    let length = decoder.decode(&request);
    assert_eq!(
        length,
        Ok(Some(request.len())),
        "{}",
        request.escape_ascii()
    );
    assert_eq!(decoder.head(&request).target(), *form);
}

#[test]
fn the_server_accepts_every_uri_that_the_client_accepts() {
    for uri in good_uris() {
        accepted(&uri, &uri.origin_form());
        accepted(&uri, &uri.absolute_form());
    }
}

/// Every prefix, every byte removed, and many bytes added.
fn damaged(text: &str) -> impl Iterator<Item = String> {
    const MANY: &str = "/?#@:[]%. \\\t\r\n\0+5aZ深";
    let places = (0..=text.len()).filter(|&at| text.is_char_boundary(at));
    places.flat_map(move |at| {
        let (before, behind) = text.split_at(at);
        let cut_off = before.to_string();
        let mut rest = behind.chars();
        rest.next();
        let left_out = format!("{before}{}", rest.as_str());
        let put_in = MANY.chars().map(move |c| format!("{before}{c}{behind}"));
        [cut_off, left_out].into_iter().chain(put_in)
    })
}

#[test]
fn damage_is_refused_or_means_one_thing() {
    let (mut good, mut bad) = (0, 0);
    let quoted_lines = lines("uri.txt").into_iter();
    for (_, line) in quoted_lines.filter(|(_, line)| line.starts_with('"')) {
        for text in damaged(&quoted(&line).0) {
            match Uri::parse(&text) {
                Ok(uri) => {
                    good += 1;
                    accepted(&uri, &uri.origin_form());
                    accepted(&uri, &uri.absolute_form());
                    let again = Uri::parse(&uri.to_string()).expect(&text);
                    assert_eq!(again.to_string(), uri.to_string(), "{text:?}");
                }
                Err(error) => {
                    bad += 1;
                    assert!(error.at() <= text.len(), "{text:?}: {error}");
                    assert_eq!(error.got(), text[error.at()..].chars().next(), "{text:?}");
                }
            }
        }
    }
    println!("{good} good, {bad} bad");
    assert!(good > 1000 && bad > 1000);
}
