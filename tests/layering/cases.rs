//! Runs `cases.txt`: small trees and what this test must say of them.

use std::fmt::Write;

use crate::{Tree, check};

/// A tree as a text, one file below another, and what its breach must say if it has one.
struct Case {
    line: usize,
    text: String,
    rule: Option<&'static str>,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut rule = None;
    for (line, text) in (1..).zip(include_str!("cases.txt").lines()) {
        if let Some(heading) = text.strip_prefix("== ") {
            rule = heading.strip_prefix("breach: ");
        } else if text.starts_with("src/") {
            let text = text.to_string();
            cases.push(Case { line, text, rule });
        } else if let Some((more, case)) = text.strip_prefix("    ").zip(cases.last_mut()) {
            case.text += "\n";
            case.text += more;
        }
    }
    cases
}

/// Each line `src/a.rs: …` starts a file, others continue it.
fn tree(text: &str) -> Tree {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let start = line.split_once(": ").filter(|_| line.starts_with("src/"));
        match (start, files.last_mut()) {
            (Some((file, source)), _) => files.push((file.into(), source.into())),
            (None, Some((_, source))) => *source += &format!("\n{line}"),
            (None, None) => panic!("a tree starts with a file: {line}"),
        }
    }
    Tree { files }
}

fn breaches(text: &str) -> Vec<String> {
    check(&tree(text)).iter().map(ToString::to_string).collect()
}

#[test]
fn each_case_is_judged_as_its_heading_says() {
    let mut wrong = String::new();
    for Case { line, text, rule } in cases() {
        let found = breaches(&text);
        let right = match rule {
            Some(rule) => found.iter().any(|breach| breach.contains(rule)),
            None => found.is_empty(),
        };
        if !right {
            let expected = rule.unwrap_or("no breach");
            writeln!(wrong, "cases.txt:{line}: {expected}, but found {found:#?}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn a_breach_says_where_what_and_why() {
    let source = "use super::super::server::Server;\nfn f() { std::thread::yield_now() }";
    let expected = [
        "src/http/wire/x.rs:1: names crate::http::server::Server (written super::super::server::Server), \
         but a wire file names of ours only wire, framing, text, deflate (invariant 1)",
        "src/http/wire/x.rs:2: names std::thread::yield_now, but a wire file is bytes and rules, \
         without std::thread: take what it gives as an argument (invariant 1)",
    ];
    assert_eq!(breaches(&format!("src/http/wire/x.rs: {source}")), expected);
}

#[test]
fn a_file_has_an_end() {
    let file = |lines: usize| format!("src/net/x.rs: {}", "fn f() {}\n".repeat(lines));
    assert!(breaches(&file(450)).is_empty());
    let expected = "src/net/x.rs:451: is the last of 451 lines, but a file has 450 at most";
    assert_eq!(breaches(&file(451)), [expected]);
}
