//! The numbers and lists of the README, and of its neighbours, that can be counted.

use super::{Page, assert_none, quoted, root};
use barewire::http::pool::Limits;
use std::fs;

const WORDS: [&str; 17] = [
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen",
];

/// The page has this sentence, with this count in the place of `{}`.
fn check(page: &str, count: usize, sentence: &str, wrong: &mut Vec<String>) {
    let page = Page::read(page);
    let text = page.text.replace('\n', " ");
    let word = WORDS
        .get(count)
        .map_or(count.to_string(), |word| (*word).to_owned());
    let expected = sentence.replace("{}", &word);
    if !text.contains(&expected) {
        let known = sentence.split("{}").max_by_key(|part| part.len());
        let line = page.line_of(known.unwrap_or_default().trim());
        wrong.push(page.wrong(line, &format!("does not say {expected:?}")));
    }
}

/// `Cargo.toml` as it was written: cargo writes it anew for the published crate, and keeps this one.
fn manifest() -> Page {
    let published = "Cargo.toml.orig";
    match root().join(published).exists() {
        true => Page::read(published),
        false => Page::read("Cargo.toml"),
    }
}

/// The lines of a section of the manifest.
fn section(name: &str) -> Vec<String> {
    let manifest = manifest();
    let mut lines = manifest.text.lines().skip_while(|line| *line != name);
    lines.next();
    let section = lines.take_while(|line| !line.starts_with('[') && !line.is_empty());
    section.map(str::to_owned).collect()
}

#[test]
fn the_pages_count_as_the_code_does() {
    let (readme, tour) = ("README.md", "src/bin/README.md");
    let mut wrong = Vec::new();
    let packages = section("[dependencies]").len();
    check(readme, packages, "It uses {} packages:", &mut wrong);
    let sockets = Limits::default().max_sockets;
    let sentence = "share the {} sockets of an agent";
    check(tour, sockets, sentence, &mut wrong);

    let doors = doors_of_the_chapter().len();
    let sentence = "what to try at each of {} addresses:";
    check(readme, doors, sentence, &mut wrong);

    let book = Page::read("src/bin/framing/book.rs");
    let times = number_behind(&book.text, "TIMES: usize = ");
    check(tour, times, "{} messages stick together", &mut wrong);

    let prose = Page::read("tests/layering/prose.rs");
    let lines = number_behind(&prose.text, "MOST_LINES: usize = ");
    let sentence = "A file is one idea, under {} lines";
    check(readme, lines, sentence, &mut wrong);

    if root().join("tests/fuzz").exists() {
        let targets = Page::read_all("tests/fuzz/src/targets", ".rs").len() - 1; // mod.rs
        check(readme, targets, "`make fuzz` {} targets", &mut wrong);
        let sentence = "{} targets of a minute each";
        check("tests/README.md", targets, sentence, &mut wrong);
    }
    assert_none(&wrong);
}

fn number_behind(text: &str, name: &str) -> usize {
    let (_, value) = text.split_once(name).expect("the constant");
    let digits = value.split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|it| it.parse().ok()).expect("a number")
}

#[test]
fn the_readme_names_each_package_and_the_version_of_rust() {
    let readme = Page::readme();
    let mut wrong = Vec::new();
    for line in section("[dependencies]") {
        let package = line.split(' ').next().unwrap_or_default();
        if !quoted(&readme.text).any(|word| word == package) {
            let line = readme.line_of("It uses");
            wrong.push(readme.wrong(line, &format!("does not name {package}")));
        }
    }
    let manifest = manifest();
    let (_, version) = manifest
        .text
        .split_once("rust-version = \"")
        .expect("it has one");
    let (version, _) = version.split_once('"').expect("it ends");
    if !readme.text.contains(&format!("cargo (Rust {version})")) {
        let line = readme.line_of("cargo (Rust ");
        wrong.push(readme.wrong(line, &format!("does not say cargo (Rust {version})")));
    }
    assert_none(&wrong);
}

/// Each folder of the library has a row of the map, and each demo is in one. (The recipes are text.)
#[test]
fn the_map_names_each_door_and_each_demo() {
    let readme = Page::readme();
    let map = readme.table("| in `src/` | book |");
    let column = |at: usize| -> Vec<String> {
        let cells = map.iter().flat_map(|(_, cells)| quoted(&cells[at]));
        cells
            .map(|name| name.trim_end_matches('/').to_owned())
            .collect()
    };
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(root().join(folder)).expect("a folder of the crate");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .map(|name| name.into_string().expect("a name in UTF-8"))
            .collect()
    };
    let line = readme.line_of("| in `src/` | book |");
    let mut wrong = Vec::new();
    let (doors, demos) = (column(0), column(3));
    for name in names("src")
        .iter()
        .filter(|name| !name.contains('.') && !["bin", "cookbook"].contains(&name.as_str()))
    {
        if !doors.contains(name) {
            wrong.push(readme.wrong(line, &format!("has no row for src/{name}/")));
        }
    }
    // `demo/` is what all demos share, and `chapter/` all of them together.
    for name in names("src/bin").iter().filter(|it| *it != "README.md") {
        let name = name.trim_end_matches(".rs");
        let is_demo = !["demo", "chapter"].contains(&name);
        if is_demo && !demos.iter().any(|demo| demo == name) {
            wrong.push(readme.wrong(line, &format!("does not name the demo {name}")));
        }
    }
    assert_none(&wrong);
}

/// The ports that `make run` serves.
#[test]
fn the_readme_names_each_port_of_the_chapter() {
    let readme = Page::readme();
    let line = readme.line_of("serves the whole chapter");
    let mut wrong = Vec::new();
    for (name, port) in doors_of_the_chapter() {
        let Some(port) = port else {
            continue;
        };
        if !readme.text.contains(&format!("{name} {port}")) {
            wrong.push(readme.wrong(line, &format!("does not say {name} {port}")));
        }
    }
    assert_none(&wrong);
}

/// The table `doors!` of the chapter: names, and ports where there are some.
pub(super) fn doors_of_the_chapter() -> Vec<(String, Option<String>)> {
    let chapter = Page::read("src/bin/chapter/main.rs");
    let (_, table) = chapter.text.split_once("\ndoors! {").expect("a table");
    let rows = table.lines().skip(1).take_while(|line| *line != "}");
    let rows = rows.filter_map(|line| line.strip_prefix("    \"")?.split_once("\" "));
    let doors = rows.map(|(name, behind)| {
        let port = behind.strip_prefix("Some(");
        let port = port.and_then(|port| port.split(')').next());
        (name.to_owned(), port.map(str::to_owned))
    });
    doors.collect()
}
