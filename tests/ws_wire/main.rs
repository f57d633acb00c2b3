//! WebSocket's bytes and rules: the cases of `fixtures/websocket/`, and what takes no table.
//!
//! A case of frames is received whole, byte by byte, cut in two at every place, with bytes behind it
//! and in parts; its headers are encoded again ([`frames`]). [`states`] is the machine, every state and event of it; [`random`] sends any
//! messages, cut anywhere, through both roles. [`sending`] is what a caller does, and must not do;
//! [`memory`] is where messages lie.

mod format;
mod frames;
mod memory;
mod random;
mod sending;
mod states;

use barewire::websocket::wire::Rule;
use std::collections::BTreeSet;

/// The files of frames.
const FRAMES: [&str; 3] = ["frames.txt", "messages.txt", "close.txt"];

#[test]
fn every_rule_has_a_case() {
    let cases = FRAMES.into_iter().flat_map(format::cases);
    let raised: BTreeSet<String> = cases.filter_map(|case| case.find("error")).collect();
    for rule in Rule::ALL.iter().filter(|rule| rule.close_code().is_some()) {
        assert!(raised.contains(rule.name()), "{}", rule.name());
    }
}

/// A file that nobody runs, or that explains the format in other words, would rot.
#[test]
fn every_file_is_run_and_explains_the_format() {
    let mut heads = BTreeSet::new();
    for entry in std::fs::read_dir(format::folder()).expect("fixtures/websocket") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("a plain name");
        let known = FRAMES.contains(&name);
        assert!(known || name == "states.txt", "{name} is run by no test");
        if FRAMES.contains(&name) {
            let text = std::fs::read_to_string(format::folder().join(name)).expect("plain text");
            let head = text
                .lines()
                .skip(1)
                .take_while(|line| line.starts_with('#'));
            heads.insert(head.collect::<Vec<_>>().join("\n"));
        }
    }
    assert_eq!(heads.len(), 1, "different words: {heads:#?}");
}

/// A name is how a failure is found again.
#[test]
fn places_are_unique() {
    let mut seen = BTreeSet::new();
    for case in FRAMES.into_iter().flat_map(format::cases) {
        assert!(seen.insert(case.place.clone()), "{}", case.place);
    }
}
