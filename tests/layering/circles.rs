//! Invariant 6: no two files of the library name each other.
//!
//! Two files that do can only be read together. An item counts where it is defined, whatever
//! re-exports it is named through. Three things do not count: a `mod.rs` that re-exports its children, a child that
//! names its parent's type in order to implement it, and test code.

use std::collections::BTreeMap;

use crate::Breach;
use crate::house::House;
use crate::outline::{Name, Outline, Path};

/// The pairs that still stand. None may be added; a pair that no longer exists must be removed here.
#[rustfmt::skip]
const KNOWN: &[(&str, &str)] = &[
    ("src/https/agent.rs", "src/https/mod.rs"),
    ("src/net/connect_options.rs", "src/net/socket/mod.rs"),
    ("src/net/socket/queue.rs", "src/net/socket/queue/decisions.rs"),
    ("src/websocket/outgoing.rs", "src/websocket/outgoing/closing.rs"),
    ("src/websocket/outgoing.rs", "src/websocket/outgoing/coalesce.rs"),
    ("src/websocket/outgoing.rs", "src/websocket/outgoing/pings.rs"),
    ("src/websocket/outgoing.rs", "src/websocket/outgoing/writing.rs"),
    ("src/websocket/wire/connection.rs", "src/websocket/wire/connection/receive.rs"),
    ("src/websocket/wire/connection.rs", "src/websocket/wire/connection/send.rs"),
];

/// What one file names of others: for each of them the first line and the item.
type Edges<'a> = BTreeMap<usize, (usize, &'a str)>;

pub(crate) fn check(house: &House<'_>) -> Vec<Breach> {
    let mut found = Vec::new();
    for (one, other, line, item, back) in pairs(house) {
        let (file, other) = (&house.files[one], house.files[other].file);
        if !KNOWN.contains(&(file.file, other)) {
            let what =
                format!("names {item} of {other}, which names {back} of this file (invariant 6)");
            found.push(Breach::new(file, line, what));
        }
    }
    found
}

/// Two files that name each other, the line and the item that the first names, and what is named back.
fn pairs<'h>(house: &'h House<'_>) -> Vec<(usize, usize, usize, &'h str, &'h str)> {
    let files = (0..).zip(&house.files);
    let homes = files.map(|(at, file)| (file.module(), at)).collect();
    let edges: Vec<_> = (0..house.files.len())
        .map(|file| edges(house, &homes, file))
        .collect();
    let mut pairs = Vec::new();
    for (one, named) in edges.iter().enumerate() {
        for (&other, &(line, item)) in named.range(one..) {
            if let Some((_, back)) = edges[other].get(&one) {
                pairs.push((one, other, line, item, *back));
            }
        }
    }
    pairs
}

/// The files that a file names.
fn edges<'h>(house: &'h House<'_>, homes: &BTreeMap<&[String], usize>, from: usize) -> Edges<'h> {
    let file = &house.files[from];
    let mut edges = Edges::new();
    if file.module()[0] != "crate" {
        return edges;
    }
    let implemented = implemented(file);
    let parent = file.module().split_last().map(|(_, parent)| parent);
    for name in file.names.iter().filter(|name| name.is_path()) {
        if house.is_test(file, name) || is_re_export(file, name) {
            continue;
        }
        for item in house.items(name) {
            let Some((home, to)) = home(homes, &item) else {
                continue;
            };
            let of_parent = parent == Some(home);
            let is = item.get(home.len()).map_or("", String::as_str);
            if to != from && !is.is_empty() && !(of_parent && implemented.contains(&is)) {
                edges
                    .entry(to)
                    .or_insert((name.line, file.text(name.at.end - 1)));
            }
        }
    }
    edges
}

/// The file that an item is defined in: its module, and its index.
fn home<'m>(homes: &BTreeMap<&'m [String], usize>, item: &Path) -> Option<(&'m [String], usize)> {
    let mut prefixes = (1..=item.len()).rev().map(|length| &item[..length]);
    prefixes
        .find_map(|prefix| homes.get_key_value(prefix))
        .map(|(home, to)| (*home, *to))
}

/// `pub use`, however far it reaches.
fn is_re_export(file: &Outline<'_>, name: &Name) -> bool {
    let Some(at) = (0..name.at.start).rev().find(|&at| file.text(at) == "use") else {
        return false;
    };
    name.import && at > 0 && matches!(file.text(at - 1), "pub" | ")")
}

/// The types of the `impl` blocks of a file.
fn implemented<'a>(file: &Outline<'a>) -> Vec<&'a str> {
    let blocks = (0..file.code.len()).filter(|&at| file.text(at) == "impl");
    blocks.filter_map(|at| implements(file, at)).collect()
}

/// `impl<T> Trait<T> for path::Type<T> {`: the last word before the type's own parameters.
fn implements<'a>(file: &Outline<'a>, at: usize) -> Option<&'a str> {
    let end = file.forward(at, &["{", ";"]);
    let mut depth = 0;
    let mut word = None;
    for at in at + 1..end {
        match file.text(at) {
            "<" => depth += 1,
            ">" => depth -= 1,
            "for" if depth == 0 => word = None,
            "where" if depth == 0 => break,
            text if depth == 0 && text.starts_with(char::is_alphabetic) => word = Some(text),
            _ => {}
        }
    }
    word
}

/// A pair that was taken apart stays apart.
#[test]
fn known_pairs_still_name_each_other() {
    let tree = crate::own_tree();
    let house = House::new(&tree);
    let pairs = pairs(&house);
    let pairs: Vec<_> = pairs
        .iter()
        .map(|pair| (house.files[pair.0].file, house.files[pair.1].file))
        .collect();
    let apart: Vec<_> = KNOWN
        .iter()
        .filter(|known| !pairs.contains(known))
        .collect();
    assert!(
        apart.is_empty(),
        "no longer name each other, remove them from KNOWN: {apart:#?}"
    );
}
