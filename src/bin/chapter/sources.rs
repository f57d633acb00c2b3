//! Where in `src/` a rule is obeyed: the lines around each citation.
//!
//! A citation stands above the lines that obey it, as `// RFC 9112 §7.1: "…"`. A rule that no line cites is looked for where
//! a comment or an error names its section, and then in the nearest section above or below it.

use crate::json::{Object, list, quoted};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// How many lines are shown, and how many of them stand above the citation.
const LINES: usize = 10;
const ABOVE: usize = 2;
/// Where this program was made. Elsewhere, the page shows no line.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
/// A section may be cited in many places.
const MOST_PLACES: usize = 5;

/// A line that names a section.
#[derive(Clone, Copy)]
struct Place {
    rfc: &'static str,
    section: &'static str,
    /// `src/http/wire/grammar.rs`
    file: &'static str,
    text: &'static str,
    /// Counted from 0.
    line: usize,
}

static PLACES: LazyLock<Vec<Place>> = LazyLock::new(|| {
    let mut places = Vec::new();
    collect(Path::new(SOURCES), &mut places);
    places
});

/// The places in the files of a folder that cite an RFC, by their names. What the chapter itself cites explains nothing.
fn collect(folder: &Path, places: &mut Vec<Place>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.extension().is_some_and(|is| is == "rs") {
            let name = path.to_string_lossy().replace(SOURCES, "src");
            let text = fs::read_to_string(&path).unwrap_or_default();
            if !text.contains("// RFC ") {
                continue;
            }
            let (file, text): (&str, &str) = (name.leak(), text.leak()); // once, and all are kept
            for (line, content) in text.lines().enumerate() {
                places.extend(named(content).map(|(rfc, section)| Place {
                    rfc,
                    section,
                    file,
                    text,
                    line,
                }));
            }
        } else if !path.ends_with("bin/chapter") {
            collect(&path, places);
        }
    }
}

/// The places of a rule such as `RFC 9112 §7.1`, as JSON: those that quote it first.
pub(crate) fn places(rule: &str) -> String {
    let mut found = find(rule);
    found.sort_by_key(|place| quote(place.text, place.line).is_none()); // it is stable
    list(found.iter().take(MOST_PLACES).map(Place::json))
}

/// The places whose section is the nearest to that of the rule.
fn find(rule: &str) -> Vec<Place> {
    let Some((rfc, section)) = rule
        .strip_prefix("RFC ")
        .and_then(|rule| rule.split_once(" §"))
    else {
        return Vec::new();
    };
    let near = |place: &Place| distance(section, place.section).filter(|_| place.rfc == rfc);
    let nearest = PLACES.iter().filter_map(near).min();
    let mut found: Vec<Place> = PLACES
        .iter()
        .filter(|place| near(place) == nearest)
        .copied()
        .collect();
    if nearest.is_none() {
        found.clear();
    }
    found.dedup_by_key(|place| (place.file, place.line)); // a line may name it twice
    found
}

/// The RFCs and sections that a line names.
fn named(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split("RFC ").skip(1).filter_map(|rest| {
        let (rfc, rest) = rest.split_once(" §")?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let section = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        let is_number = rfc.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some((rfc, section.trim_end_matches('.')))
    })
}

/// How many steps lead from one section to the other, if one holds the other: from 7.1 to 7.1.2 it is one.
fn distance(one: &str, other: &str) -> Option<usize> {
    let parts = |section: &str| section.split('.').count();
    let holds = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    (holds(one, other) || holds(other, one)).then(|| parts(one).abs_diff(parts(other)))
}

/// The sentence that a citation at this line quotes. It may run over several lines.
fn quote(text: &str, line: usize) -> Option<String> {
    let mut lines = text
        .lines()
        .skip(line)
        .map_while(|line| line.trim_start().strip_prefix("// "));
    let (_, begin) = lines.next()?.split_once(": \"")?;
    let mut quote = begin.to_owned();
    while !quote.ends_with('"') {
        quote += " ";
        quote += lines.next()?;
    }
    quote.pop();
    Some(quote)
}

impl Place {
    fn json(&self) -> String {
        let first = self.line.saturating_sub(ABOVE);
        let lines = self.text.lines().skip(first).take(LINES);
        let place = Object::new()
            .text("file", self.file)
            .raw("line", self.line + 1);
        let quote = quote(self.text, self.line).unwrap_or_default();
        let place = place.text("quote", &quote).raw("first", first + 1);
        place.raw("lines", list(lines.map(quoted))).end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_found_exactly_or_near() {
        let chunked = find("RFC 9112 §7.1");
        assert!(!chunked.is_empty());
        for place in &chunked {
            let line = place.text.lines().nth(place.line).unwrap();
            assert!(line.contains("RFC 9112 §7.1"), "{line}");
        }
        assert_eq!(distance("7.1", "7.1"), Some(0));
        assert_eq!(distance("7.1", "7"), Some(1));
        assert_eq!(distance("7", "7.1.2"), Some(2));
        assert_eq!(distance("7.1", "7.10"), None);
        assert_eq!(distance("7.1", "7.2"), None);
        assert!(!find("RFC 9112 §7.1.99").is_empty(), "its parent");
        assert!(
            find(&["RFC 1", "§1"].join(" ")).is_empty()
                && find("").is_empty()
                && find(" §").is_empty()
        );
    }

    #[test]
    fn a_place_has_its_sentence_and_ten_lines() {
        let json = places("RFC 6455 §10.2");
        assert!(
            json.contains("src/websocket/wire/handshake/offer.rs"),
            "{json}"
        );
        let place = find("RFC 6455 §10.2")[0];
        let quote = quote(place.text, place.line).unwrap();
        assert!(
            quote.starts_with("If the origin indicated is unacceptable"),
            "{}",
            quote
        );
        let read = crate::json::read(&place.json()).unwrap();
        assert_eq!(read.get("lines").unwrap().items().len(), LINES);
    }

    /// Words of the glossary and the tables of the explainer: nearly all rules lead somewhere.
    #[test]
    fn most_rules_of_the_labels_lead_to_a_line() {
        use barewire::trace::wire::Label;
        let rules: std::collections::BTreeSet<&str> = Label::ALL
            .iter()
            .map(|label| label.section())
            .filter(|rule| !rule.is_empty())
            .collect();
        let lost: Vec<_> = rules.iter().filter(|rule| find(rule).is_empty()).collect();
        assert!(
            lost.len() * 3 <= rules.len(),
            "{} of {}: {lost:?}",
            lost.len(),
            rules.len()
        );
    }
}
