//! `fixtures/http/forwarded.txt`: what proxies say of a request.

use super::uri::{lines, quoted};
use barewire::http::wire::{ForwardedElement, Node, forwarded_elements};

fn node(node: Option<Node<'_>>) -> &str {
    match node {
        Some(Node::Address(text) | Node::Obfuscated(text)) => text,
        Some(Node::Unknown) => "unknown",
        None => "ForwardedNodeInvalid",
    }
}

fn shown(element: &ForwardedElement<'_>) -> String {
    let of_node = |text: &str| node(Node::decode(text)).to_string();
    let same = |text: &str| text.to_string();
    let ForwardedElement {
        forwarded_for,
        by,
        host,
        proto,
    } = element;
    let said = [
        ("for", forwarded_for.as_deref().map(of_node)),
        ("by", by.as_deref().map(of_node)),
        ("host", host.as_deref().map(same)),
        ("proto", proto.as_deref().map(same)),
    ];
    let said: Vec<_> = said
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value?)))
        .collect();
    match said[..] {
        [] => "-".into(),
        _ => said.join(" "),
    }
}

fn decoded(value: &[u8]) -> String {
    let elements: Result<Vec<_>, _> = forwarded_elements(value).collect();
    match elements {
        Ok(elements) => elements.iter().map(shown).collect::<Vec<_>>().join(" + "),
        Err(error) => format!("refused {} at {}", error.rule().name(), error.at()),
    }
}

#[test]
fn forwarded_as_the_table_says() {
    let mut cases = 0;
    for (place, line) in lines("forwarded.txt") {
        if !line.starts_with('"') {
            continue; // the section
        }
        let (value, expected) = quoted(&line);
        let (found, expected) = match expected.split_at(1) {
            ("=", expected) => (decoded(value.as_bytes()), expected),
            (_, expected) => (
                node(Node::decode_x_forwarded_for(&value)).to_string(),
                expected,
            ),
        };
        assert_eq!(found, expected.trim(), "{place}");
        cases += 1;
    }
    println!("forwarded.txt: {cases} cases");
}

/// What is broken ends the field: nothing behind it is taken for an element.
#[test]
fn a_broken_element_is_the_last() {
    let mut elements = forwarded_elements(b"for=_a, for=b c, for=_d");
    assert!(elements.next().unwrap().is_ok());
    assert!(elements.next().unwrap().is_err());
    assert!(elements.next().is_none());
}
