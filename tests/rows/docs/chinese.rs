//! The guide in Chinese says what the README, `src/lib.rs` and the chapter say.

use super::{Page, Row, assert_none, quoted};
use std::collections::BTreeSet;

fn guide() -> Page {
    Page::read("README.zh.md")
}

/// What stands between backticks in a column of a table.
fn column(rows: &[Row], at: usize) -> BTreeSet<String> {
    let cells = rows.iter().flat_map(|(_, cells)| quoted(&cells[at]));
    cells.map(str::to_owned).collect()
}

#[test]
fn its_map_is_that_of_the_readme() {
    let (readme, guide) = (Page::readme(), guide());
    let english = readme.table("| in `src/` | book |");
    let chinese = guide.table("| 在 `src/` 中 | 书 |");
    for at in [0, 3] {
        assert_eq!(
            column(&english, at),
            column(&chinese, at),
            "README.zh.md: the map"
        );
    }
}

#[test]
fn it_names_each_door_of_the_chapter_with_its_port() {
    let guide = guide();
    let rows = guide.table("| 小节 | 服务 | 端口 |");
    let mut wrong = Vec::new();
    let doors = super::counts::doors_of_the_chapter();
    for (name, port) in &doors {
        let row = rows.iter().find(|(_, cells)| cells[1] == *name);
        match (row, port) {
            (Some(_), None) => {}
            (Some((_, cells)), Some(port)) if cells[2] == *port => {}
            _ => wrong.push(format!("README.zh.md: has no row {name} with {port:?}")),
        }
    }
    assert_eq!(rows.len(), doors.len());
    assert_none(&wrong);
}

#[test]
fn it_has_each_erratum() {
    let (title, guide) = (Page::read("src/lib.rs"), guide());
    let numbers = |rows: Vec<Row>| -> Vec<String> {
        rows.into_iter()
            .map(|(_, cells)| cells[0].clone())
            .collect()
    };
    let english = numbers(title.table("| | the notes say | in fact | page |"));
    let chinese = numbers(guide.table("| | 笔记说 | 实际上 |"));
    assert_eq!(english, chinese);
}

/// The reading order goes through the sections of the book, 7.1 to 7.5, and its files are checked with all paths.
#[test]
fn its_reading_order_follows_the_book() {
    let guide = guide();
    let rows = guide.table("| 书的小节 | 先读 | 再读 | 看什么 |");
    let number = |cell: &String| cell.strip_prefix("7.").map(|it| it[..3].to_owned());
    let sections: Vec<_> = rows
        .iter()
        .filter_map(|(_, cells)| number(&cells[0]))
        .collect();
    assert!(sections.is_sorted(), "{sections:?}");
    for section in 1..=5 {
        let first = format!("{section}.1");
        assert!(
            sections.contains(&first),
            "README.zh.md: 7.{first} is not in the reading order"
        );
    }
    for (line, cells) in &rows {
        assert!(
            quoted(&cells[1]).count() == 1,
            "{}",
            guide.wrong(*line, "one file is read first")
        );
    }
}

/// What the guide calls a term from the one language is what it calls it from the other.
#[test]
fn its_glossaries_have_the_same_terms() {
    let guide = guide();
    let without_note = |term: &str| term.split('（').next().unwrap_or_default().to_owned();
    let chinese = guide.table("| 中文 | English | 说明 |").into_iter();
    let chinese: BTreeSet<_> = chinese
        .map(|(_, it)| (it[1].clone(), it[0].clone()))
        .collect();
    let english = guide
        .table("| English | 中文 | | English | 中文 |")
        .into_iter();
    let pairs = english.flat_map(|(_, it)| {
        [
            (it[0].clone(), it[1].clone()),
            (it[3].clone(), it[4].clone()),
        ]
    });
    let english: BTreeSet<_> = pairs.map(|(a, b)| (a, without_note(&b))).collect();
    let differing: Vec<_> = chinese.symmetric_difference(&english).collect();
    assert!(differing.is_empty(), "README.zh.md: {differing:?}");
}

#[test]
fn it_demands_the_same_rust_and_is_not_too_long() {
    let (readme, guide) = (Page::readme(), guide());
    let version = |text: &str, before: &str| -> Option<String> {
        let (_, version) = text.split_once(before)?;
        Some(version.split([')', '）']).next()?.to_owned())
    };
    let english = version(&readme.text, "cargo (Rust ");
    assert_eq!(version(&guide.text, "cargo（Rust "), english);
    assert!(english.is_some() && guide.lines().count() <= 300);
}
