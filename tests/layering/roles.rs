//! Invariant 5: a role is matched in `http/wire/connection.rs` and `websocket/wire/connection/` only.
//!
//! To make a machine for a role (`Connection::new(Role::Server)`) is fine anywhere; to ask
//! which role it is, in a pattern or a comparison, is the connection's business.

use std::ops::Range;

use crate::Breach;
use crate::house::House;
use crate::outline::{Name, Outline, path};

const HOMES: [&str; 2] = ["crate::http", "crate::websocket"];
const ROLES: [&str; 2] = ["Role::Client", "Role::Server"];

pub(crate) fn check(house: &House<'_>) -> Vec<Breach> {
    let homes = HOMES.map(|chapter| path(&format!("{chapter}::wire::connection")));
    let at_home = |file: &Outline<'_>| homes.iter().any(|home| file.module().starts_with(home));
    let mut found = Vec::new();
    for file in house.files.iter().filter(|file| !at_home(file)) {
        let mut in_pattern = vec![false; file.code.len()];
        for range in patterns(file) {
            in_pattern[range].fill(true);
        }
        for name in file.names.iter().filter(|name| !name.import) {
            let asked = in_pattern[name.at.start] || is_compared(file, name);
            if asked && let Some(role) = role(house, name) {
                let why = "a role is matched in wire/connection.rs only: ask the connection";
                let what = format!("matches {role}, but {why} (invariant 5)");
                found.push(Breach::new(file, name.line, what));
            }
        }
    }
    found
}

/// `Role::Client` or `Role::Server`, if that is what a name stands for.
fn role(house: &House<'_>, name: &Name) -> Option<String> {
    let stops = house.resolve(name);
    let ends = stops.iter().filter_map(|stop| stop.last_chunk::<2>());
    ends.map(|end| end.join("::"))
        .find(|end| ROLES.contains(&end.as_str()))
}

/// Where the tokens of a file are patterns: behind `let`, before `=>`, in `matches!`.
fn patterns(file: &Outline<'_>) -> Vec<Range<usize>> {
    let pattern = |at: usize| match file.text(at) {
        "let" => Some(at..file.forward(at + 1, &["=", ";"])),
        "=>" => Some(arm(file, at)),
        word if word.ends_with("matches") && file.text(at + 1) == "!" => {
            Some(file.forward(at + 3, &[","])..*file.partner.get(at + 2)?)
        }
        _ => None,
    };
    (0..file.code.len()).filter_map(pattern).collect()
}

/// The pattern of the arm whose `=>` stands at `arrow`, without its guard.
fn arm(file: &Outline<'_>, arrow: usize) -> Range<usize> {
    let mut start = arrow;
    while let Some(before) = start.checked_sub(1) {
        let opens = file.partner[before] > before;
        // A `}` is the end of the arm above, unless it ends a struct pattern.
        let above = file.text(before) == "}" && !["=>", "|", "if"].contains(&file.text(start));
        if opens || above || [",", ";"].contains(&file.text(before)) {
            break;
        }
        start = file.partner[before];
    }
    start..file.forward(start, &["if", "=>"])
}

/// `==` or `!=` on either side, or as the call `eq(&Role::Client)`.
fn is_compared(file: &Outline<'_>, name: &Name) -> bool {
    let mut before = (0..name.at.start).rev().map(|at| file.text(at));
    let before = before.find(|text| !["&", "(", "$"].contains(text));
    let compares = |text: &str| ["==", "!=", "eq", "ne"].contains(&text);
    before.is_some_and(compares) || compares(file.text(name.at.end))
}
