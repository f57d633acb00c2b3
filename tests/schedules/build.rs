//! Copies barewire's source to `OUT_DIR`, with the operating system's locks, threads and time replaced
//! by those of `src/shim`.
//!
//! | in barewire | in the copy |
//! |---|---|
//! | `std::sync`, `std::thread`, `std::time` | `crate::shim::…`, which a scheduler controls |
//! | `thread_local!` | one value for each simulated thread |
//! | `static X: T = …;` with a lock or an atomic in it | a value that is made anew for each execution |
//! | `#[cfg(test)]` | never: those tests want real threads |
//! | `mod x;`, `pub(super)`, `pub(in …)` | `pub(crate)`: the tests here reach what is not public |
//! | `net/listen_socket.rs` | `src/listen_socket.rs`: connections come out of memory |

use std::path::Path;
use std::{env, fs};

const SOURCE: &str = "../../src";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    println!("cargo::rerun-if-changed=src/listen_socket.rs");
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var("OUT_DIR").expect("cargo sets it");
    let copy = Path::new(&out).join("barewire");
    let _ = fs::remove_dir_all(&copy); // the first build has none
    copy_folder(Path::new(SOURCE), &copy);
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder in OUT_DIR");
    for entry in fs::read_dir(from).expect("barewire's source") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.ends_with("src/bin") {
            continue;
        }
        match path.is_dir() {
            true => copy_folder(&path, &target),
            false => copy_file(&path, &target),
        }
    }
}

fn copy_file(from: &Path, to: &Path) {
    let from = match from.ends_with("net/listen_socket.rs") {
        true => Path::new("src/listen_socket.rs"),
        false => from,
    };
    let text = fs::read_to_string(from).expect("a source file");
    if to.extension().is_none_or(|extension| extension != "rs") {
        return fs::write(to, text).expect("a file in OUT_DIR");
    }
    refuse_what_is_missed(from, &text);
    let at_root = from.ends_with("src/lib.rs");
    fs::write(to, replace(&text, at_root)).expect("a file in OUT_DIR");
}

/// The replacement below works on lines. What it would miss must not compile.
fn refuse_what_is_missed(path: &Path, text: &str) {
    let code = |line: &&str| !line.trim_start().starts_with("//");
    for line in text.lines().filter(code) {
        let grouped = line.contains("use std::{");
        let names = ["sync", "thread", "time"];
        let hidden = names.iter().any(|name| line.contains(name)) || !line.contains('}');
        let inner = line.starts_with(' ')
            && line.trim_start().starts_with("static ")
            && !line.contains("static ref");
        let shared = [": Mutex<", ": Condvar", ": RwLock<", ": Atomic"];
        let missed = grouped && hidden || inner && shared.iter().any(|kind| line.contains(kind));
        assert!(
            !missed,
            "{}: build.rs does not see this: {line}",
            path.display()
        );
    }
}

fn replace(text: &str, at_root: bool) -> String {
    let mut lines = Vec::new();
    let mut in_static = false;
    for line in text.lines() {
        // An included file has no attributes of its own; src/lib.rs of this package has them.
        if at_root && (line.starts_with("#![") || line.starts_with("//!")) {
            continue;
        }
        let line = replace_names(line);
        if is_shared_static(&line) {
            in_static = true;
            lines.push("shuttle::lazy_static! {".to_owned());
            lines.push(line.replacen("static ", "static ref ", 1));
        } else {
            lines.push(line);
        }
        // rustfmt ends an item that began in the first column with a line that does, too.
        let last = lines.last().expect("just pushed");
        if in_static && last.ends_with(';') && !last.starts_with(' ') {
            lines.push("}".to_owned());
            in_static = false;
        }
    }
    lines.join("\n")
}

fn replace_names(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let (space, line) = line.split_at(indent);
    let line = match line.starts_with("mod ") && line.ends_with(';') {
        true => format!("pub(crate) {line}"),
        false => line.to_owned(),
    };
    let mut line = format!("{space}{line}");
    for name in ["sync", "thread", "time"] {
        line = line.replace(&format!("std::{name}"), &format!("crate::shim::{name}"));
    }
    if let Some((before, after)) = line.split_once("pub(in ") {
        let (_, after) = after.split_once(')').expect("a path in parentheses");
        line = format!("{before}pub(crate){after}");
    }
    line.replace("pub(super)", "pub(crate)")
        .replace("#[cfg(test)]", "#[cfg(any())]")
        .replace("thread_local! {", "crate::shim::thread_local! {")
}

/// Tables of numbers and what is computed once are shared by all executions; the rest is not.
fn is_shared_static(line: &str) -> bool {
    let private = line.strip_prefix("pub(crate) ").unwrap_or(line);
    let declared = private
        .strip_prefix("static ")
        .and_then(|line| line.split_once(": "));
    let kept = ["[", "&", "LazyLock<"];
    declared.is_some_and(|(_, kind)| !kept.iter().any(|start| kind.starts_with(start)))
}
