//! What the texts say of the crate, compared with the crate.
//!
//! A default, a count, a list or a path that stands in the documentation and in the code stands twice. These
//! tests read both. A failure names the file and the line to change.
//!
//! | module | what is compared |
//! |---|---|
//! | `settings` | each setting with its default, as the code has them |
//! | `defaults` | the sentence above its field, and the tables and sentences that repeat it |
//! | `counts` | the numbers and lists of the README that can be counted |
//! | `chinese` | `README.zh.md`: its tables, beside those of the README, of `src/lib.rs` and of `make run` |
//! | `coverage` | `fixtures/COVERAGE.md`, and the sentences of the RFCs that it counts |
//! | `cookbook` | its recipes, their table and their files |
//! | `paths` | each file and folder that a text names |
//! | `examples` | what each door exports, and whether it has an example |
//! | `errata` | each mistake of the notes: its row, and the page that explains it |

mod chinese;
mod cookbook;
mod counts;
mod coverage;
mod defaults;
mod errata;
mod examples;
mod paths;
mod settings;

use std::fs;
use std::path::Path;

/// A text of the crate, by its path from the crate's root.
struct Page {
    file: String,
    text: String,
}

/// A row of a table: the number of its line, and its cells.
type Row = (usize, Vec<String>);

impl Page {
    fn read(file: &str) -> Page {
        let (file, path) = (file.to_owned(), root().join(file));
        let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{file}: {e}"));
        Page { file, text }
    }

    fn readme() -> Page {
        Page::read("README.md")
    }

    /// All files of a folder with this extension, and of the folders in it.
    fn read_all(folder: &str, extension: &str) -> Vec<Page> {
        let mut pages = Vec::new();
        for entry in fs::read_dir(root().join(folder)).expect("a folder of the crate") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            let file = format!("{folder}/{name}");
            if entry.path().is_dir() {
                if name != "target" {
                    pages.extend(Page::read_all(&file, extension));
                }
            } else if name.ends_with(extension) {
                pages.push(Page::read(&file));
            }
        }
        pages
    }

    /// The lines with their numbers.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// The table with this heading, in Markdown or in a comment.
    fn table(&self, heading: &str) -> Vec<Row> {
        let mut lines = self.lines().skip_while(|(_, line)| !line.contains(heading));
        assert!(
            lines.next().is_some(),
            "{}: has no table with the heading {heading:?}: the test names it",
            self.file
        );
        let cells = |line: &str| -> Option<Vec<String>> {
            let line = line.trim_start_matches(['/', '!', ' ']);
            let row = line.strip_prefix('|')?.strip_suffix('|')?;
            Some(row.split('|').map(|cell| cell.trim().to_owned()).collect())
        };
        lines
            .map_while(|(line, text)| Some((line, cells(text)?)))
            .skip(1) // |---|---|
            .collect()
    }

    /// `README.md:12: says …`
    fn wrong(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.file)
    }

    /// The line of the first occurrence.
    fn line_of(&self, text: &str) -> usize {
        let mut lines = self.lines();
        lines
            .find(|(_, line)| line.contains(text))
            .map_or(1, |at| at.0)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
