//! `fixtures/http/encoded_reference.txt`: where a browser is sent that asks for an unencoded target.

use super::format::rule;
use barewire::http::wire::{Limits, Method, RequestDecoder, Rule, Target, Uri};

const LINES: &str = include_str!("../../../fixtures/http/encoded_reference.txt");

fn cases() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let lines = LINES.lines();
    let cases = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    cases.map(|line| {
        let (target, location) = line.split_once(' ').expect("two columns");
        let location = location.trim();
        (target, (location != "-").then_some(location))
    })
}

/// What the decoder says of a request with this target, and where it sends the client.
fn redirect(method: &str, target: &str) -> (Rule, String) {
    let bytes = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut decoder = RequestDecoder::new(Limits::default());
    let error = decoder.decode(bytes.as_bytes()).expect_err(target);
    match error.rule() {
        Rule::TargetUnencoded => {
            assert_eq!(decoder.head_length(), bytes.len(), "{target}");
            let reference = decoder.encoded_reference(bytes.as_bytes());
            (Rule::TargetUnencoded, reference)
        }
        rule => (rule, String::new()),
    }
}

#[test]
fn fault_b05_the_location_is_the_encoded_target() {
    for (target, location) in cases() {
        for method in ["GET", "HEAD"] {
            match (redirect(method, target), location) {
                ((Rule::TargetUnencoded, found), Some(location)) => {
                    assert_eq!(found, location, "{method} {target}");
                }
                ((rule, _), None) => assert_eq!(rule.status(), 400, "{method} {target}"),
                (found, _) => panic!("{method} {target}: {found:?}"),
            }
        }
        let (rule, _) = redirect("POST", target);
        assert_eq!(rule.status(), 400, "POST {target}");
    }
    assert_eq!(rule("TargetUnencoded").map(Rule::status), Some(301));
}

/// The reference is one that this server accepts, and our own client resolves it to the host that it asked.
#[test]
fn fault_b05_the_location_leads_to_the_same_host_and_is_not_redirected_again() {
    let base = Uri::parse("http://asked.example:1337/some/where?else").expect("a URI");
    let get = Method::new("GET").expect("a token");
    for location in cases().filter_map(|(_, location)| location) {
        let next = base.join(location).expect(location);
        assert_eq!(next.origin(), base.origin(), "{location}");
        let target = Target::decode(get, location.as_bytes()).expect(location);
        assert!(matches!(target, Target::Origin { .. }), "{location}");
    }
}

/// Each byte, in a path and in a query: a target is served, redirected or refused, and what is redirected is
/// what browsers send.
#[test]
fn fault_b05_every_byte_is_judged_once() {
    for byte in 0..=255u8 {
        for (part, left_unencoded) in [("/", &b"[]|^"[..]), ("/?", b"[]|^{}\\`")] {
            let bytes = [part.as_bytes(), &[byte]].concat();
            let get = Target::decode(Method::new("GET").expect("a token"), &bytes);
            let put = Target::decode(Method::new("PUT").expect("a token"), &bytes);
            let rules = (get.map_err(|e| e.rule()), put.map_err(|e| e.rule()));
            let (get, put) = match left_unencoded.contains(&byte) {
                true => (Err(Rule::TargetUnencoded), Err(Rule::TargetInvalid)),
                false => (rules.1, rules.1),
            };
            assert_eq!(rules, (get, put), "{part}{}", byte.escape_ascii());
        }
    }
}

/// A target that the decoder accepts is the one that the head returns: the parts of its path and query are all
/// there, and no other form takes their place.
#[test]
fn fault_b11_a_head_has_the_target_that_was_judged() {
    for (target, path, query) in [
        ("/", "/", None),
        ("/a?b?c", "/a", Some("b?c")),
        ("//a", "//a", None),
        ("http://a", "/", None),
        ("http://a?b", "/", Some("b")),
        ("HTTP://[::1]:1/a?", "/a", Some("")),
    ] {
        let bytes = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut decoder = RequestDecoder::new(Limits::default());
        let length = decoder
            .decode(bytes.as_bytes())
            .expect(target)
            .expect("a head");
        let head = decoder.head(&bytes.as_bytes()[..length]);
        assert_eq!((head.path(), head.target().query()), (path, query));
        assert_eq!(head.target().path(), path);
        assert_eq!(head.target_str(), target);
        let decoded = Target::decode(head.method(), target.as_bytes());
        assert_eq!(decoded, Ok(head.target()));
    }
}
