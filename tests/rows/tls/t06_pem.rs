//! T06: every form of a PEM text that openssl writes, and texts that were joined, edited or copied. The
//! cases are in `fixtures/tls/pem.txt`.

use super::stage::{client, meet, pem, says, server};
use crate::support::watched;
use barewire::tls::{ClientContext, ClientOptions, Error, ServerContext, ServerOptions};

/// One case: its keys and values.
type Case = Vec<(&'static str, &'static str)>;

fn cases() -> Vec<Case> {
    let text = include_str!("../../../fixtures/tls/pem.txt");
    let lines = |paragraph: &'static str| {
        let lines = paragraph.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.map(|line| line.split_once(": ").expect("key: value"));
        pairs.collect::<Case>()
    };
    let cases = text.split("\n\n").map(lines);
    cases.filter(|case| !case.is_empty()).collect()
}

fn get(case: &Case, key: &str) -> Option<&'static str> {
    let found = case.iter().find(|(other, _)| *other == key);
    found.map(|(_, value)| *value)
}

/// The bytes of the pieces of a `text:`.
fn text(mut pieces: &str) -> Vec<u8> {
    let mut all = Vec::new();
    while !pieces.is_empty() {
        if let Some(inside) = pieces.strip_prefix('"') {
            let (literal, rest) = inside.split_once('"').expect("a second quote");
            all.extend(unescaped(literal));
            pieces = rest.trim_start();
        } else {
            let (piece, rest) = pieces.split_once(' ').unwrap_or((pieces, ""));
            all.extend(file(piece));
            pieces = rest;
        }
    }
    all
}

fn unescaped(literal: &str) -> Vec<u8> {
    let (mut all, mut rest) = (Vec::new(), literal.as_bytes());
    while let [byte, after @ ..] = rest {
        let (byte, after) = match (byte, after) {
            (b'\\', [b'n', after @ ..]) => (b'\n', after),
            (b'\\', [b'r', after @ ..]) => (b'\r', after),
            (b'\\', [b't', after @ ..]) => (b'\t', after),
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = str::from_utf8(&digits).expect("ASCII");
                (u8::from_str_radix(digits, 16).expect("hex"), after)
            }
            _ => (*byte, after),
        };
        all.push(byte);
        rest = after;
    }
    all
}

/// A file, changed as the word before it says.
fn file(piece: &str) -> Vec<u8> {
    let (change, name) = match piece.strip_suffix(')') {
        Some(call) => call.split_once('(').expect("change(FILE)"),
        None => ("", piece),
    };
    let text = String::from_utf8(pem(name)).expect("ASCII");
    let changed = match change {
        "" => text,
        "cut" => text.trim_end().to_owned(),
        "crlf" => text.replace('\n', "\r\n"),
        "cr" => text.replace('\n', "\r"),
        "indented" => text.lines().map(|line| format!("    {line}\n")).collect(),
        "utf16" => return text.bytes().flat_map(|byte| [byte, 0]).collect(),
        other => panic!("{other}?"),
    };
    changed.into_bytes()
}

/// What comes of a case: what `reads` says, or the error.
fn outcome(case: &Case) -> Result<String, Error> {
    let text = text(get(case, "text").expect("a text"));
    match get(case, "as").expect("an option") {
        "cert" => {
            let server = ServerOptions::new().cert(text).key(pem("server.key"));
            ServerContext::new(&server)?;
            let (met, _) = meet(&server, &client()).both();
            Ok(met.peer_certificates().len().to_string())
        }
        "key" => {
            let server = ServerOptions::new().cert(pem("server.crt")).key(text);
            ServerContext::new(&server)?;
            assert!(meet(&server, &client()).both().0.authorized());
            Ok("yes".into())
        }
        "ca" => {
            let client = ClientOptions::new().ca(text);
            ClientContext::new(&client)?;
            assert!(meet(&server("server"), &client).both().0.authorized());
            Ok("yes".into())
        }
        other => panic!("{other}?"),
    }
}

#[test]
fn fault_d05_no_section_of_a_pem_text_vanishes() {
    watched(|| {
        let cases = cases();
        assert!(cases.len() > 50, "{} cases", cases.len());
        for case in &cases {
            let name = get(case, "case").expect("a name");
            assert!(get(case, "rfc").is_some(), "{name}");
            println!("{name}");
            match (outcome(case), get(case, "reads"), get(case, "error")) {
                (Ok(read), Some(expected), None) => assert_eq!(read, expected, "{name}"),
                (Err(error), None, Some(code)) => {
                    assert_eq!(error.code().as_str(), code, "{name}: {error}");
                    let words = case.iter().filter(|(key, _)| *key == "says");
                    let words: Vec<&str> = words.map(|(_, value)| *value).collect();
                    says(&error, &words);
                }
                (other, ..) => panic!("{name}: {other:?}"),
            }
        }
    });
}

/// Several calls of `ca` are several texts: each begins with its own line 1, and may have its own mark.
#[test]
fn fault_d05_each_call_of_ca_has_lines_of_its_own() {
    watched(|| {
        let marked = [b"\xef\xbb\xbf", &pem("ca.crt")[..]].concat();
        let cut = pem("client.crt").trim_ascii_end().to_vec();
        let trusting = ClientOptions::new().ca(cut).ca(marked);
        assert!(meet(&server("server"), &trusting).both().0.authorized());
        let half = ClientOptions::new()
            .ca(pem("ca.crt"))
            .ca("-----BEGIN X-----");
        let error = ClientContext::new(&half).unwrap_err();
        says(&error, &["line 1 of ClientOptions::ca (call 2)"]);
        let empty = ClientOptions::new().ca(pem("ca.crt")).extra_ca("");
        let error = ClientContext::new(&empty).unwrap_err();
        says(&error, &["ClientOptions::extra_ca", "empty"]);
    });
}

/// No error repeats what may be a line of a private key.
#[test]
fn fault_d05_no_error_quotes_a_key() {
    let key = String::from_utf8(pem("server.key")).expect("ASCII");
    let secret = key.lines().nth(1).expect("base64");
    for broken in [
        key.replace("\n-----END", "-----END"),
        key.replace(secret, &format!("{secret}\u{a0}")),
        key.replace("-----END", "----END"),
        key.replace("-----\n", "-----"),
        key.replace(secret, &format!("{secret}=")),
    ] {
        let server = ServerOptions::new()
            .cert(pem("server.crt"))
            .key(broken.clone());
        let error = ServerContext::new(&server).expect_err(&broken).to_string();
        assert!(!error.contains(&secret[..8]), "{error}");
    }
}
