//! Each mistake of the notes: its row in `src/lib.rs`, and the page that explains it.

use super::{Page, assert_none};

/// A row `E13 to E18` stands for six of them, a row `E01, E02` for two.
fn numbers(cell: &str) -> Vec<u32> {
    let number = |text: &str| {
        text.trim_start_matches('E')
            .parse()
            .expect("E and a number")
    };
    match cell.split_once(" to ") {
        Some((first, last)) => (number(first)..=number(last)).collect(),
        None => cell.split(", ").map(number).collect(),
    }
}

#[test]
fn each_erratum_has_a_sentence_on_another_page() {
    let title = Page::read("src/lib.rs");
    let pages = Page::read_all("src", ".rs");
    let pages: Vec<_> = pages
        .iter()
        .filter(|page| page.file != title.file)
        .collect();
    let mut wrong = Vec::new();
    let mut last = 0;
    for (line, cells) in title.table("| | the notes say | in fact | page |") {
        for number in numbers(&cells[0]) {
            if number <= last {
                wrong.push(title.wrong(line, &format!("E{number:02} follows E{last:02}")));
            }
            last = number;
            let named = format!("E{number:02}");
            if !pages.iter().any(|page| page.text.contains(&named)) {
                wrong.push(title.wrong(line, &format!("{named}: no page in src/ explains it")));
            }
        }
    }
    assert!(title.text.contains(&format!("from E01 to E{last:02}")));
    assert_none(&wrong);
}
