//! `fixtures/COVERAGE.md`: which sections of the RFCs have which cases, and which MUST has none.
//!
//! It is made of the cases and of `fixtures/requirements.txt`, whose head explains its lines. Rewrite it with
//! `UPDATE=1 cargo test --test rows docs::coverage`.

use super::{Page, assert_none};
use std::collections::BTreeMap;
use std::fmt::Write;

const FILE: &str = "fixtures/COVERAGE.md";
const REQUIREMENTS: &str = "fixtures/requirements.txt";

/// What stands in the first of these RFCs has to be obeyed, sentence by sentence.
const RFCS: [(&str, &str); 3] = [
    ("9112", "HTTP/1.1"),
    ("6455", "The WebSocket Protocol"),
    ("9110", "HTTP Semantics, where a case is about it"),
];

/// `RFC 9112 §7.1.1`, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Section {
    rfc: String,
    numbers: Vec<u32>,
}

impl Section {
    fn read(text: &str) -> Option<Section> {
        let (rfc, section) = text.strip_prefix("RFC ")?.split_once(" §")?;
        let numbers = section.split('.').map(str::parse);
        Some(Section {
            rfc: rfc.into(),
            numbers: numbers.collect::<Result<_, _>>().ok()?,
        })
    }

    fn shown(&self) -> String {
        let numbers = self.numbers.iter().map(u32::to_string);
        format!("§{}", numbers.collect::<Vec<_>>().join("."))
    }
}

/// A paragraph of `key: value` lines.
struct Paragraph {
    line: usize,
    lines: Vec<(String, String)>,
}

impl Paragraph {
    fn all(page: &Page) -> Vec<Paragraph> {
        let mut all = vec![Paragraph {
            line: 1,
            lines: Vec::new(),
        }];
        for (number, line) in page.lines().filter(|(_, line)| !line.starts_with('#')) {
            match (line.split_once(": "), all.last_mut()) {
                (Some((key, value)), Some(last)) => {
                    last.lines.push((key.trim().into(), value.trim().into()))
                }
                _ => all.push(Paragraph {
                    line: number + 1,
                    lines: Vec::new(),
                }),
            }
        }
        all.retain(|paragraph| !paragraph.lines.is_empty());
        all
    }

    fn all_of(&self, key: &str) -> Vec<&str> {
        let lines = self.lines.iter().filter(|(name, _)| name == key);
        lines.map(|(_, value)| value.as_str()).collect()
    }

    fn get(&self, key: &str) -> &str {
        self.all_of(key).first().copied().unwrap_or_default()
    }

    fn section(&self) -> Option<Section> {
        Section::read(self.get("rfc"))
    }

    /// Why the requirement has no case, as it is told.
    fn proof(&self) -> Option<&str> {
        ["none", "open"]
            .map(|key| self.get(key))
            .into_iter()
            .find(|why| !why.is_empty())
    }
}

/// The files with cases, by their paths in `fixtures/`.
fn files() -> Vec<(String, Vec<Paragraph>)> {
    let pages = Page::read_all("fixtures", ".txt").into_iter();
    let mut files: Vec<_> = pages
        .map(|page| (page.file.clone(), Paragraph::all(&page)))
        .filter(|(_, all)| {
            all.iter()
                .any(|case| !case.get("case").is_empty() && !case.get("rfc").is_empty())
        })
        .filter(|(file, _)| file != REQUIREMENTS)
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files
}

#[test]
fn each_requirement_is_proved_or_says_why_not() {
    let files = files();
    let page = Page::read(REQUIREMENTS);
    let (mut wrong, mut before, mut counts) = (Vec::new(), None, BTreeMap::new());
    for one in Paragraph::all(&page) {
        let mut say = |what: String| wrong.push(page.wrong(one.line, &what));
        match one.section() {
            None => say(format!("{:?} is no section", one.get("rfc"))),
            Some(section) => {
                let order = (section.rfc != "9112", section.numbers.clone());
                if before.as_ref().is_some_and(|before| *before > order) {
                    say(format!("{} is out of order", section.shown()));
                }
                before = Some(order);
                *counts.entry(section.rfc).or_insert(0) += 1;
            }
        }
        let must = one.get("must");
        if !["MUST", "SHALL", "REQUIRED"]
            .iter()
            .any(|word| must.contains(word))
        {
            say("its sentence requires nothing".into());
        }
        let (cases, tests) = (one.all_of("case"), one.all_of("test"));
        let is_proved = !cases.is_empty() || !tests.is_empty();
        if is_proved == one.proof().is_some() {
            say("it has to have a case or a test, or to say why not: one of the two".into());
        }
        for case in cases {
            let (file, name) = case.split_once(": ").unwrap_or_default();
            let file = files
                .iter()
                .find(|(path, _)| path.strip_prefix("fixtures/") == Some(file));
            let found = file
                .into_iter()
                .flat_map(|(_, all)| all)
                .filter(|case| case.get("case") == name);
            if found.count() != 1 {
                say(format!("{case:?} is not one case"));
            }
        }
        for test in tests {
            let (file, name) = test.split_once("::").unwrap_or_default();
            if !Page::read(file).text.contains(&format!("fn {name}()")) {
                say(format!("{test} is no test"));
            }
        }
    }
    assert_none(&wrong);
    // So many sentences have one of the words. A sentence that is lost is found missing here.
    let counts: Vec<_> = counts
        .iter()
        .map(|(rfc, count)| (rfc.as_str(), *count))
        .collect();
    assert_eq!(counts, [("6455", SENTENCES_6455), ("9112", SENTENCES_9112)]);
}

const SENTENCES_9112: usize = 83;
const SENTENCES_6455: usize = 130;

#[test]
fn the_page_is_made_of_the_cases() {
    let made = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(super::root().join(FILE), &made).expect("the crate can be written to");
    }
    let stands = Page::read(FILE);
    for ((line, stands), made) in stands.lines().zip(made.lines()) {
        assert_eq!(
            stands, made,
            "{FILE}:{line}: UPDATE=1 cargo test --test rows docs::coverage"
        );
    }
    assert!(
        stands.text == made,
        "{FILE}: UPDATE=1 cargo test --test rows docs::coverage"
    );
}

fn page() -> String {
    let requirements = Paragraph::all(&Page::read(REQUIREMENTS));
    let mut out = String::from(
        "# What the cases cover\n\n\
         Made by `tests/rows/docs/coverage.rs` from the cases of this folder and from `fixtures/requirements.txt`. \
         Do not edit it: `UPDATE=1 cargo test --test rows docs::coverage` writes it anew.\n\n\
         A case counts once for each of its `each` lines, which put other bytes in its place. A MUST is a sentence with \
         MUST, MUST NOT, SHALL or REQUIRED.\n",
    );
    for (rfc, title) in RFCS {
        let _ = write!(out, "\n## RFC {rfc}: {title}\n\n");
        let of_rfc = |one: &&Paragraph| one.section().is_some_and(|section| section.rfc == rfc);
        let musts: Vec<&Paragraph> = requirements.iter().filter(of_rfc).collect();
        sections(&mut out, rfc, &musts);
        if !musts.is_empty() {
            without_a_case(&mut out, &musts);
        }
    }
    out
}

/// The table of sections.
fn sections(out: &mut String, rfc: &str, musts: &[&Paragraph]) {
    let mut rows: BTreeMap<Section, BTreeMap<String, usize>> = BTreeMap::new();
    for must in musts {
        rows.entry(must.section().expect("a section")).or_default();
    }
    for (file, cases) in files() {
        for case in cases {
            if let Some(section) = case.section().filter(|section| section.rfc == rfc) {
                let count = case.all_of("each").len().max(1);
                *rows
                    .entry(section)
                    .or_default()
                    .entry(file.clone())
                    .or_default() += count;
            }
        }
    }
    let head = match musts.is_empty() {
        true => "| section | cases | where |\n|---|---|---|\n",
        false => {
            "| section | MUST | of them with a case | cases | where |\n|---|---|---|---|---|\n"
        }
    };
    out.push_str(head);
    for (section, files) in rows {
        let here = musts
            .iter()
            .filter(|must| must.section().as_ref() == Some(&section));
        let (all, cased) = here.fold((0, 0), |(all, cased), must| {
            (all + 1, cased + usize::from(!must.get("case").is_empty()))
        });
        let total: usize = files.values().sum();
        let places = files
            .iter()
            .map(|(file, count)| format!("`{file}` {count}"));
        let places = places.collect::<Vec<_>>().join(", ");
        let musts = match musts.is_empty() {
            true => String::new(),
            false => format!(" {all} | {cased} |"),
        };
        let _ = writeln!(out, "| {} |{musts} {total} | {places} |", section.shown());
    }
}

/// Each MUST that has no case, and why.
fn without_a_case(out: &mut String, musts: &[&Paragraph]) {
    let cased = musts
        .iter()
        .filter(|must| !must.get("case").is_empty())
        .count();
    let _ = write!(out, "\nOf {} sentences {cased} have a case.\n", musts.len());
    for (key, title) in [
        ("open", "Not kept, or not by itself"),
        (
            "test",
            "Without a case: a test proves it, because it asks for more than one message",
        ),
        ("none", "Without a case: it does not concern barewire"),
    ] {
        let here = musts
            .iter()
            .filter(|must| must.get("case").is_empty() && !must.get(key).is_empty());
        let here: Vec<_> = here.collect();
        let _ = write!(out, "\n### {title} ({})\n\n", here.len());
        for must in here {
            let why = match key {
                "test" => {
                    let tests = must
                        .all_of(key)
                        .into_iter()
                        .filter_map(|test| test.split_once("::"));
                    let tests = tests.map(|(file, name)| format!("`{name}` in `{file}`"));
                    tests.collect::<Vec<_>>().join(", ")
                }
                key => must.get(key).to_owned(),
            };
            let section = must.section().expect("a section").shown();
            let sentence = must.get("must").trim_end_matches('.');
            let _ = writeln!(out, "- {section}: \"{sentence}\": {why}");
        }
    }
}
