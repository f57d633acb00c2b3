//! Each type, trait and function behind a door has an example that runs, in its own comment.
//!
//! The doors are read as text: what a door exports (`pub use a::{B, C}`, `pub fn`, items of a macro) is
//! followed to the line that defines it, and the comment above that line must have an example.

use super::{Page, assert_none, root};
use std::collections::BTreeSet;

const DOORS: [&str; 10] = [
    "cluster",
    "deflate",
    "framing",
    "http",
    "https",
    "net",
    "text",
    "tls",
    "udp",
    "websocket",
];

/// What has no example yet. A name that has got one must leave this list.
const MISSING: &[&str] = &["http::create_server_with"];

#[test]
fn each_item_of_a_door_has_an_example() {
    let mut without = BTreeSet::new();
    for door in DOORS {
        let file = format!("src/{door}/mod.rs");
        for item in items(&file, door) {
            if !item.has_example() {
                without.insert(item.path);
            }
        }
    }
    let missing: BTreeSet<String> = MISSING.iter().map(|&it| it.to_owned()).collect();
    let new = without.difference(&missing);
    let new = new.map(|it| format!("{it} has no example in its comment"));
    let done = missing.difference(&without);
    let done = done.map(|it| format!("{it} has an example, or is gone: take it off `MISSING`"));
    assert_none(&new.chain(done).collect::<Vec<_>>());
}

/// Something that a door exports, and where it is defined.
struct Item {
    /// As a user writes it, without the crate: `net::Socket`.
    path: String,
    /// The comment above its definition.
    comment: Vec<String>,
}

impl Item {
    /// An example that is compiled: neither a drawing nor a program that must not compile.
    fn has_example(&self) -> bool {
        let mut fences = self
            .comment
            .iter()
            .filter_map(|line| line.trim().strip_prefix("```"));
        let mut inside = false;
        fences.any(|info| {
            inside = !inside;
            inside && ["", "no_run", "should_panic"].contains(&info)
        })
    }
}

/// What a module exports; of the modules in it, what they export. `wire` modules have a page of their own.
fn items(file: &str, module: &str) -> Vec<Item> {
    let page = Page::read(file);
    let mut items = Vec::new();
    for name in definitions(&page.text) {
        items.extend(item(file, &name, &format!("{module}::{name}")));
    }
    for export in exports(&page.text) {
        let path = format!("{module}::{}", export.name);
        match follow(file, &export) {
            Some(Found::Item(file, name)) => items.extend(item(&file, &name, &path)),
            Some(Found::Module(file)) if export.name != "wire" => {
                items.extend(self::items(&file, &path))
            }
            Some(Found::Module(_) | Found::Elsewhere) => {}
            None => panic!("{file}: where is {path} defined?"),
        }
    }
    items
}

fn item(file: &str, name: &str, path: &str) -> Option<Item> {
    let page = Page::read(file);
    let comment = comment_of(&page.text, name)?;
    let path = path.to_owned();
    Some(Item { path, comment })
}

/// Where an export leads.
enum Found {
    /// To a definition: its file and its name there.
    Item(String, String),
    Module(String),
    /// To another door, which exports it, too; or to something that is no type, trait or function.
    Elsewhere,
}

fn follow(file: &str, export: &Export) -> Option<Found> {
    let (name, modules) = export.path.split_last().expect("a path has a last segment");
    let mut folder = folder_of(file);
    let mut module = file.to_owned();
    for segment in modules {
        match segment.as_str() {
            "crate" => return Some(Found::Elsewhere),
            "self" => {}
            "super" => {
                folder = folder.rsplit_once('/')?.0.to_owned();
                module = module_file(&folder)?;
            }
            child => {
                folder = format!("{folder}/{child}");
                module = module_file(&folder)?;
            }
        }
    }
    let text = Page::read(&module).text;
    if module != file || !modules.is_empty() {
        if comment_of(&text, name).is_some() {
            return Some(Found::Item(module, name.clone()));
        }
        if let Some(next) = uses(&text).into_iter().find(|next| next.name == *name) {
            return follow(&module, &next);
        }
    }
    match module_file(&format!("{folder}/{name}")) {
        Some(module) => Some(Found::Module(module)),
        None => text
            .contains(&format!("const {name}"))
            .then_some(Found::Elsewhere),
    }
}

/// Both `net/mod.rs` and a file beside the folder, as `net/framed.rs`, have a folder of their modules.
fn folder_of(file: &str) -> String {
    let folder = file.strip_suffix("/mod.rs").or(file.strip_suffix(".rs"));
    folder.expect("a file of Rust").to_owned()
}

fn module_file(folder: &str) -> Option<String> {
    let files = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
    files.into_iter().find(|file| root().join(file).exists())
}

/// A name that a `use` or a `mod` brings, and what it stands for.
#[derive(Debug, PartialEq, Eq)]
struct Export {
    name: String,
    path: Vec<String>,
}

/// What a module exports by `pub use` and `pub mod`.
fn exports(text: &str) -> Vec<Export> {
    let mut exports = used(text, "pub use ");
    for module in statements(text, "pub mod ") {
        exports.push(Export {
            name: module.clone(),
            path: vec![module],
        });
    }
    exports
}

/// What any `use` of a module brings.
fn uses(text: &str) -> Vec<Export> {
    ["pub use ", "pub(super) use ", "pub(crate) use ", "use "]
        .into_iter()
        .flat_map(|keyword| used(text, keyword))
        .collect()
}

fn used(text: &str, keyword: &str) -> Vec<Export> {
    let mut exports = Vec::new();
    for tree in statements(text, keyword) {
        branches(&tree, &[], &mut exports);
    }
    exports
}

/// What stands between the keyword, at the start of a line, and the semicolon.
fn statements(text: &str, keyword: &str) -> Vec<String> {
    let mut starts = vec![];
    let mut rest = text;
    let mut at_start = true;
    while let Some(at) = rest.find(keyword) {
        let is_first = match at.checked_sub(1) {
            Some(before) => rest.as_bytes()[before] == b'\n',
            None => at_start,
        };
        at_start = false;
        rest = &rest[at + keyword.len()..];
        if is_first && let Some((statement, _)) = rest.split_once(';') {
            starts.push(statement.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    starts
}

/// The leaves of `a::{b, c::{self, D as E}}`.
fn branches(tree: &str, before: &[String], exports: &mut Vec<Export>) {
    let tree = tree.trim();
    if let Some((path, group)) = tree.split_once('{') {
        let path = [before, &segments(path)].concat();
        let group = group
            .trim_end()
            .strip_suffix('}')
            .expect("the end of the group");
        let (mut depth, mut start) = (0, 0);
        for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    if !group[start..at].trim().is_empty() {
                        branches(&group[start..at], &path, exports);
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
    let mut path = [before, &segments(path)].concat();
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let last = path.last().cloned().unwrap_or_default();
    let name = if name.is_empty() {
        last
    } else {
        name.to_owned()
    };
    exports.push(Export { name, path });
}

fn segments(path: &str) -> Vec<String> {
    let segments = path.split("::").map(str::trim);
    segments
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

const KINDS: [&str; 7] = ["struct", "enum", "union", "trait", "type", "fn", "const fn"];

/// The names of what a module defines itself, at the start of a line.
fn definitions(text: &str) -> Vec<String> {
    let names = text
        .lines()
        .filter_map(|line| defined(line).filter(|_| line.starts_with("pub ")));
    names.map(str::to_owned).collect()
}

/// The name that a line defines: `pub struct Name …`. In a macro it may be indented.
fn defined(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let rest = KINDS
        .iter()
        .find_map(|kind| rest.strip_prefix(kind)?.strip_prefix(' '))?;
    let end = rest.find(|c: char| c != '_' && !c.is_alphanumeric());
    Some(&rest[..end.unwrap_or(rest.len())])
}

/// The comment above the definition of `name`; `None`: it is not defined here. A method is no definition: the
/// outermost one counts.
fn comment_of(text: &str, name: &str) -> Option<Vec<String>> {
    let lines: Vec<&str> = text.lines().collect();
    let defines = |at: &usize| defined(lines[*at]) == Some(name);
    let indent = |at: &usize| lines[*at].len() - lines[*at].trim_start().len();
    let at = (0..lines.len()).filter(defines).min_by_key(indent)?;
    let mut comment = Vec::new();
    let mut in_attribute = false;
    for line in lines[..at].iter().rev() {
        let line = line.trim();
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text.to_owned());
        } else if line.starts_with('#') {
            in_attribute = false;
        } else if line.ends_with(")]") || in_attribute {
            in_attribute = true; // of several lines
        } else {
            break;
        }
    }
    comment.reverse();
    Some(comment)
}

/// The reader is not fooled by groups, new names, macros and attributes.
#[test]
fn what_a_module_exports_is_read_off_its_text() {
    let text = "\
mod a;
pub use a::{
    B,
    c::{self, D as E},
};
pub(crate) use a::Hidden;
pub use f::G;
pub mod h;
    pub use not::AtTheStart;
";
    let export = |name: &str, path: &str| Export {
        name: name.into(),
        path: segments(path),
    };
    let expected = [
        export("B", "a::B"),
        export("c", "a::c"),
        export("E", "a::c::D"),
        export("G", "f::G"),
        export("h", "h"),
    ];
    assert_eq!(exports(text), expected);

    let text = "\
macro! {
    /// In a macro.
    ///
    /// ```text
    /// a drawing
    /// ```
    pub enum Inside;
}

/// With an example.
///
/// ```no_run
/// f();
/// ```
#[derive(
    Clone,
    Debug,
)]
#[must_use]
pub struct Outside<T> {
    /// ```
    pub field: T,
}

impl<T> Outside<T> {
    /// Not this one.
    pub fn alone(&self) {}
}

/// ```compile_fail
/// ```
pub fn alone() {}
pub trait Bare {}
";
    let example = |name: &str| {
        let comment = comment_of(text, name)?;
        let path = name.to_owned();
        Some(Item { path, comment }.has_example())
    };
    assert_eq!(example("Inside"), Some(false));
    assert_eq!(example("Outside"), Some(true));
    assert_eq!(example("alone"), Some(false));
    assert_eq!(
        comment_of(text, "alone").unwrap(),
        [" ```compile_fail", " ```"]
    );
    assert_eq!(example("Bare"), Some(false));
    assert_eq!(example("Absent"), None);
    assert_eq!(definitions(text), ["Outside", "alone", "Bare"]);
}
