//! Each file and folder that a text names is there.
//!
//! A path is read from the crate's root, from `src/`, from the folder of the text and those around it, or from a
//! folder that the same line or the line before has named. A text that belongs to no door may say `wire/` for
//! any of them.

use super::{Page, assert_none, quoted, root};
use std::path::{Path, PathBuf};

const EXTENSIONS: [&str; 9] = [
    ".rs", ".md", ".txt", ".toml", ".py", ".sh", ".html", ".crt", ".pem",
];

/// Folders that are no part of the published package: what is in them is looked for only where they are.
const UNPUBLISHED: [&str; 8] = [
    "alloc",
    "bench",
    "deflate",
    "fuzz",
    "interop",
    "peers",
    "schedules",
    "soak",
];

#[test]
fn each_path_in_a_text_is_there() {
    let mut pages = Page::read_all("src", ".rs");
    pages.extend(Page::read_all("src", ".md"));
    pages.extend(Page::read_all("tests", ".rs"));
    pages.extend(Page::read_all("tests", ".md"));
    let at_the_root = ["README.md", "README.zh.md", "CHANGELOG.md"];
    pages.extend(at_the_root.map(Page::read));
    let mut wrong = Vec::new();
    for page in &pages {
        let is_code = page.file.ends_with(".rs");
        let folders = folders(&page.file);
        let mut named_before = Vec::new();
        for (line, text) in page.lines() {
            let comment = text.trim_start().strip_prefix("//");
            let text = if is_code { comment } else { Some(text) };
            let mut named_here = Vec::new();
            let is_ours = |name: &&str| is_path(name, &page.file);
            for name in quoted(text.unwrap_or_default()).filter(is_ours) {
                let bases = folders.iter().chain(&named_before).chain(&named_here);
                match bases.map(|base| base.join(name)).find(|it| it.exists()) {
                    Some(path) if path.is_dir() => named_here.push(path),
                    Some(path) => named_here.extend(path.parent().map(Path::to_owned)),
                    None if is_unpublished(name) => {}
                    None => {
                        wrong.push(page.wrong(line, &format!("names `{name}`, which is not there")))
                    }
                }
            }
            named_before = named_here;
        }
    }
    assert_none(&wrong);
}

/// A link of a page leads to a file or a folder, and `#a-heading` to a heading of that page.
#[test]
fn each_link_of_a_page_leads_somewhere() {
    let mut wrong = Vec::new();
    for name in [
        "README.md",
        "README.zh.md",
        "CHANGELOG.md",
        "src/bin/README.md",
        "tests/README.md",
    ] {
        let page = Page::read(name);
        let folder = root().join(name).parent().map(Path::to_owned);
        let folder = folder.expect("a page is in a folder");
        let headings = page.lines().filter(|(_, line)| line.starts_with('#'));
        let anchors: Vec<_> = headings.map(|(_, line)| anchor(line)).collect();
        for link in page.text.split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            let is_there = match link.strip_prefix('#') {
                Some(heading) => anchors.iter().any(|anchor| anchor == heading),
                None if link.contains("://") => true,
                None => folder.join(link).exists() || is_unpublished(link),
            };
            if !is_there {
                let line = page.line_of(&format!("]({link})"));
                wrong.push(page.wrong(line, &format!("leads to {link}, which is not there")));
            }
        }
    }
    assert_none(&wrong);
}

/// What a heading is called in a link.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches(['#', ' ']).to_lowercase();
    let letters = words
        .chars()
        .filter(|c| c.is_alphanumeric() || " -".contains(*c));
    letters.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The heads of the fixtures have no backticks: a word that starts like a path is one.
#[test]
fn each_path_in_the_head_of_a_fixture_is_there() {
    let mut wrong = Vec::new();
    for page in Page::read_all("fixtures", ".txt") {
        for (line, text) in page.lines().filter(|(_, text)| text.starts_with('#')) {
            let words = text.split([' ', ',', ':', ';', '`', '(', ')']);
            let words = words.map(|word| word.trim_end_matches('.'));
            let is_ours = |word: &&str| word.starts_with("src/") || word.starts_with("tests/");
            for name in words.filter(is_ours) {
                if !root().join(name).exists() && !is_unpublished(name) {
                    wrong.push(page.wrong(line, &format!("names {name}, which is not there")));
                }
            }
        }
    }
    assert_none(&wrong);
}

/// Looks like a file or a folder of ours. A name alone is a file of Rust, or a folder in `src/`.
fn is_path(text: &str, page: &str) -> bool {
    let is_character = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let is_code = text.ends_with(".rs") && !["mod.rs", ".rs"].contains(&text);
    let is_file = EXTENSIONS.iter().any(|it| text.ends_with(it)) && text.contains('/');
    let in_folder = text.trim_end_matches('/').contains('/') || !page.starts_with("tests/");
    let is_folder = text.ends_with('/') && in_folder;
    text.chars().all(is_character)
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && (is_code || is_file || is_folder)
}

fn is_unpublished(named: &str) -> bool {
    let folder = named
        .strip_prefix("tests/")
        .and_then(|it| it.split('/').next());
    folder.is_some_and(|it| UNPUBLISHED.contains(&it) && !root().join("tests").join(it).exists())
}

/// Where the paths of a text may begin.
fn folders(page: &str) -> Vec<PathBuf> {
    let own = root().join(page).with_extension(""); // `queue.rs` has `queue/`
    let mut folders: Vec<_> = own.ancestors().map(Path::to_owned).collect();
    folders.retain(|folder| folder.starts_with(root()));
    folders.extend(["src", "src/bin"].map(|folder| root().join(folder)));
    let is_of_a_door = page.strip_prefix("src/").is_some_and(|it| it.contains('/'));
    if !is_of_a_door {
        folders.push(root().join("src/http"));
    }
    folders
}
