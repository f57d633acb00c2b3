//! Each recipe of the cookbook is a page, is in its table, and is one whole program.

use super::{Page, assert_none};

#[test]
fn each_recipe_is_a_page_and_has_a_row() {
    let book = Page::read("src/cookbook.rs");
    let table = book.table("| you want | recipe |");
    let list = book.text.split("recipes! {").nth(1).expect("a list");
    let pages: Vec<_> = list
        .trim_end()
        .trim_end_matches('}')
        .split_whitespace()
        .collect();
    let rows: Vec<_> = table.iter().map(|(_, cells)| cells[1].as_str()).collect();
    let links: Vec<_> = pages.iter().map(|name| format!("[`{name}`]")).collect();
    assert_eq!(
        rows, links,
        "the table and the list below it have one order"
    );

    let recipes = Page::read_all("src/cookbook", ".md");
    let is_missing = |page: &&Page| {
        !pages
            .iter()
            .any(|name| page.file.ends_with(&format!("/{name}.md")))
    };
    let missing = recipes.iter().filter(is_missing);
    let wrong: Vec<_> = missing
        .map(|page| page.wrong(1, "is not in src/cookbook.rs"))
        .collect();
    assert_none(&wrong);
}

/// A reader pastes it, so nothing of it is hidden and nothing of it is left out; the tests run it.
#[test]
fn each_recipe_is_one_whole_program() {
    let mut wrong = Vec::new();
    for page in Page::read_all("src/cookbook", ".md") {
        let mut programs = page.text.split("```").skip(1).step_by(2);
        let program = programs.next().unwrap_or_default();
        if !program.starts_with("rust\n") || programs.next().is_some() {
            wrong.push(page.wrong(1, "has not one program, in ```rust"));
        }
        if !program.contains("\nfn main() -> ") || program.contains("\n# ") {
            wrong.push(page.wrong(1, "has no visible `main`, or hidden lines"));
        }
        let after = page.text.rsplit("```").next().unwrap_or_default();
        if page.text.starts_with("```") || after.trim().is_empty() {
            wrong.push(page.wrong(1, "lacks the words above or below its program"));
        }
    }
    assert_none(&wrong);
}
