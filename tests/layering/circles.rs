//! Invariant 6: no two files name each other, and no file names another that leads back to it.
//!
//! Files in a circle can only be read together. An item counts where it is defined, whatever
//! re-exports it is named through. Three things do not count: a `mod.rs` that re-exports its children, a child that
//! names its parent's type in order to implement it, and test code.

use std::collections::BTreeMap;

use crate::Breach;
use crate::house::House;
use crate::outline::{Name, Outline, Path};

/// What one file names of others: for each of them the first line and the item.
type Edges<'a> = BTreeMap<usize, (usize, &'a str)>;

/// Each circle is found from its first file.
pub(crate) fn check(house: &House<'_>) -> Vec<Breach> {
    let files = (0..).zip(&house.files);
    let homes = files.map(|(at, file)| (file.module(), at)).collect();
    let edges: Vec<_> = (0..house.files.len())
        .map(|file| edges(house, &homes, file))
        .collect();
    let mut found = Vec::new();
    for (first, named) in edges.iter().enumerate() {
        for (&second, &(line, item)) in named.range(first..) {
            if let Some(way) = way_back(&edges, first, second) {
                let mut what = format!("names {item} of {}", house.files[second].file);
                for (from, to) in way {
                    let item = edges[from][&to].1;
                    what += &match to == first {
                        true => format!(", which names {item} of this file (invariant 6)"),
                        false => format!(", which names {item} of {}", house.files[to].file),
                    };
                }
                found.push(Breach::new(&house.files[first], line, what));
            }
        }
    }
    found
}

/// The shortest way from one file to another by what each names of the next, over files behind `to`.
fn way_back(edges: &[Edges<'_>], to: usize, from: usize) -> Option<Vec<(usize, usize)>> {
    let mut ways = vec![(from, Vec::new())];
    let mut seen = vec![from];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for (file, way) in ways {
            for &next in edges[file].range(to..).map(|(next, _)| next) {
                let way = [&way[..], &[(file, next)]].concat();
                if next == to {
                    return Some(way);
                }
                if !seen.contains(&next) {
                    seen.push(next);
                    longer.push((next, way));
                }
            }
        }
        ways = longer;
    }
    None
}

/// The files that a file names.
fn edges<'h>(house: &'h House<'_>, homes: &BTreeMap<&[String], usize>, from: usize) -> Edges<'h> {
    let file = &house.files[from];
    let mut edges = Edges::new();
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
    if !name.import {
        return false;
    }
    let Some(at) = (0..name.at.start).rev().find(|&at| file.text(at) == "use") else {
        return false;
    };
    at > 0 && matches!(file.text(at - 1), "pub" | ")")
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
