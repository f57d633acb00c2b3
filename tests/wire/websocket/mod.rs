//! WebSocket's bytes and rules: the cases of `fixtures/websocket/`, and what no table can say.
//!
//! A case of frames is received whole, byte by byte, cut in two at every place, with bytes behind it
//! and in parts; its headers are encoded again ([`frames`]). [`handshakes`] runs the cases of opening
//! handshakes. [`states`] is the machine, every state and event of it; [`random`] sends any
//! messages, cut anywhere, through both roles. [`sending`] is what a caller does, and must not do;
//! [`memory`] is where messages lie. The names in [`rows`] and [`errata`] are the book's.

mod errata;
mod frames;
pub(crate) mod handshakes;
mod memory;
pub(crate) mod random;
mod rows;
mod sending;
mod states;

pub(crate) use crate::cases::websocket as format;
pub(crate) use format::FRAMES;

use barewire::websocket::wire::Rule;
use format::HANDSHAKES;
use std::collections::BTreeSet;

/// A rule that no handshake breaks by itself, and who raises it.
const NOT_BY_A_DECODER: &[(Rule, &str)] = &[(
    Rule::OriginForbidden,
    "whoever knows which pages may connect: see `handshakes`",
)];

#[test]
fn every_rule_has_a_case() {
    let cases = FRAMES.iter().chain(&HANDSHAKES).copied();
    let cases = cases.flat_map(format::cases);
    let raised: BTreeSet<String> = cases.filter_map(|case| case.find("error")).collect();
    for rule in Rule::ALL {
        let excused = NOT_BY_A_DECODER.iter().any(|(other, _)| other == rule);
        let cased = raised.contains(rule.name());
        let name = rule.name();
        assert!(cased != excused, "{name}: cased {cased}, excused {excused}");
    }
}

/// Every file is run, and the heads explain the format in the same words.
#[test]
fn every_file_is_run_and_explains_the_format() {
    let mut heads = BTreeSet::new();
    for entry in std::fs::read_dir(format::folder()).expect("fixtures/websocket") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("a plain name");
        let known = FRAMES.contains(&name) || HANDSHAKES.contains(&name);
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

/// The name of a case finds it again.
#[test]
fn places_are_unique() {
    let mut seen = BTreeSet::new();
    for case in FRAMES
        .iter()
        .chain(&HANDSHAKES)
        .copied()
        .flat_map(format::cases)
    {
        assert!(seen.insert(case.place.clone()), "{}", case.place);
    }
}
