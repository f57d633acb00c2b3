//! Every file of `fixtures/`: the cases of the client as conversations, and all others as what a stranger may send.

use super::play::{CLIENT, Passes, answers, asks, both_end, leaves_by, leaves_within, refused};
use barewire::framing::{Delimiter, Fixed, Header16, Padding, Prefix};
use barewire::http::wire::Rule;
use barewire::trace::wire::{Framing, Label, Protocol};
use std::path::{Path, PathBuf};

#[allow(dead_code)] // the rows look at more of a case
#[path = "../../rows/client/vectors.rs"]
mod client;

/// The same verdict as the client's, where the rule is about the bytes: see `fixtures/client/`.
#[test]
fn the_cases_of_the_client() {
    let (mut refusals, mut responses) = (0, 0);
    for file in ["chunks", "framing", "heads", "interim", "limits"] {
        for case in client::cases(&format!("{file}.txt")) {
            let target = if case.method == "CONNECT" {
                "a:80"
            } else {
                "/"
            };
            let mut head = format!("{} {target} HTTP/1.1\r\nHost: a\r\n", case.method);
            for (name, value) in &case.fields {
                head += &format!("{name}: {value}\r\n");
            }
            let asked = asks(head + "\r\n");
            let mut script = vec![asked, answers(&case.says[..case.says.len() - case.rest])];
            script.push(Passes::End(super::play::SERVER));
            let found = leaves_within(case.limits, &script);
            let says = refused(&found).map(|(says, _)| says);
            let rule = case.expect.as_ref().err();
            let rule = rule.map(|name| Rule::ALL.iter().find(|rule| format!("{rule:?}") == *name));
            match rule {
                None => {
                    assert_eq!(says, None, "{}", case.place);
                    responses += 1;
                }
                // The bytes end between two heads; it is the client that misses a response.
                Some(Some(Rule::MessageTruncated)) if file == "interim" && says.is_none() => {}
                Some(Some(rule)) => {
                    assert_eq!(says.as_deref(), Some(rule.says()), "{}", case.place);
                    refusals += 1;
                }
                // Not a rule of the bytes.
                Some(None) => {}
            }
        }
    }
    assert!(
        refusals > 50 && responses > 50,
        "{refusals} and {responses}"
    );
}

/// Whatever it is: HTTP, a stream of messages, neither.
#[test]
fn each_file_as_it_is() {
    let protocols = [
        Protocol::Detected,
        Protocol::Framed(Framing::of(Fixed::<128>::new(Padding::Strip))),
        Protocol::Framed(Framing::of(Delimiter::CRLF)),
        Protocol::Framed(Framing::of(Header16::new())),
        Protocol::Framed(Framing::of(Prefix::new())),
        Protocol::Bytes,
    ];
    let mut files = Vec::new();
    all_files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        &mut files,
    );
    for file in &files {
        let bytes = std::fs::read(file).expect("a file");
        let bytes = &bytes[..bytes.len().min(700)];
        for protocol in &protocols {
            let mut script = vec![asks(bytes), answers(bytes)];
            script.extend(both_end());
            let found = leaves_by(protocol, &script);
            let sent = found.iter().filter(|leaf| leaf.from == CLIENT);
            let sent: Vec<u8> = sent.flat_map(|leaf| leaf.bytes.clone()).collect();
            assert_eq!(sent, bytes, "{}", file.display());
            let is_known = matches!(protocol, Protocol::Bytes);
            assert!(!is_known || found[0].label == Label::Bytes || bytes.is_empty());
        }
    }
    assert!(files.len() > 90, "{}", files.len());
}

fn all_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => all_files(&path, files),
            false => files.push(path),
        }
    }
}
