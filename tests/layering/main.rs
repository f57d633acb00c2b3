//! The layering test: the invariants of the house, read off every path that `src/` names.
//!
//! Which file may know which is what keeps each chapter readable alone, so it is not left
//! to memory. A breach reads
//!
//! ```text
//! src/http/wire/target.rs:12: names crate::http::server, but a wire file names of ours only wire, framing, text, deflate (invariant 1)
//! ```
//!
//! Read [`rules`] for what is demanded: invariants 1 to 4, as tables. [`roles`] is the fifth,
//! [`circles`] the sixth, [`demos`] what would panic in a demo, and [`prose`] is what is asked of the text itself (length, `unsafe`, citations). Below
//! them, [`tokens`] makes words of a file, [`outline`] finds its modules, aliases and
//! paths, and [`house`] follows a path through aliases, re-exports and globs to what it
//! stands for. `cases.txt` shows all of it on small trees.
//!
//! What it holds by choice:
//! - A path counts wherever it stands: `use` line, expression, type, attribute, macro. It
//!   does not count in comments, doc links, strings, or in `pub(in …)`, which tells who may
//!   look in and not what is needed.
//! - Every stop counts on the way from what is written to what is meant. So a re-export
//!   in `http/mod.rs` lends no way from the server to the client.
//! - A glob names each thing it could bring in: `use std::io::*` names `io::Read`.
//! - Code under `#[cfg(test)]` may use the std facilities that invariant 1 forbids (a test
//!   may have threads and clocks), but names of ours are held to the same layers there.
//!
//! What it does not see: names that a macro glues together, what a method does
//! (`since.elapsed()` asks a clock, and names none), and code in doc comments.

mod cases;
mod circles;
mod demos;
mod house;
mod outline;
mod prose;
mod roles;
mod rules;
mod tokens;

use std::{fmt, fs, path::Path};

use house::House;
use outline::Outline;

/// Source files by their path from the crate's root (`src/net/mod.rs`).
#[derive(Debug)]
struct Tree {
    files: Vec<(String, String)>,
}

/// Something that must not be, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Breach {
    file: String,
    line: usize,
    what: String,
}

impl Breach {
    fn new(file: &Outline<'_>, line: usize, what: impl Into<String>) -> Self {
        let (file, what) = (file.file.into(), what.into());
        Breach { file, line, what }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// All that is wrong with a tree, in the order of its files and lines.
fn check(tree: &Tree) -> Vec<Breach> {
    let house = House::new(tree);
    let mut found = [
        rules::check(&house),
        roles::check(&house),
        circles::check(&house),
        demos::check(&house),
    ]
    .concat();
    for (file, (_, source)) in house.files.iter().zip(&tree.files) {
        found.extend(prose::check(file, source));
    }
    found.sort();
    found.dedup();
    found
}

impl Tree {
    fn read(root: &Path) -> Tree {
        let mut tree = Tree { files: Vec::new() };
        tree.read_folder(root, "src");
        tree.files.sort();
        tree
    }

    fn read_folder(&mut self, root: &Path, folder: &str) {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let file = format!("{folder}/{name}");
            if path.is_dir() {
                self.read_folder(root, &file);
            } else if name.ends_with(".rs") {
                self.files.push((file, fs::read_to_string(&path).unwrap()));
            }
        }
    }
}

/// The crate's own `src/`.
fn own_tree() -> Tree {
    Tree::read(Path::new(env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn the_source_keeps_the_invariants() {
    let tree = own_tree();
    let mut files = tree.files.iter().map(|(file, _)| file);
    assert!(
        files.any(|file| file == "src/lib.rs"),
        "this reads the crate's own src/"
    );
    let found: Vec<String> = check(&tree).iter().map(Breach::to_string).collect();
    let (count, list) = (found.len(), found.join("\n"));
    assert!(found.is_empty(), "{count} breaches:\n{list}");
}
