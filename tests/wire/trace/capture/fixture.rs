//! A fixture of a capture: each message of HTTP as a case in the form of `fixtures/http/*.txt`.
//!
//! A bug report comes with a capture. [`of_capture`] prints what to add to `fixtures/http/`:
//!
//! ```text
//! CAPTURE=report.pcap cargo test --test wire prints_the_cases_of_a_capture -- --nocapture
//! ```

use super::{events, write};
use crate::http::check::check;
use crate::http::format::{Case, cases_in};
use barewire::http::wire::Rule;
use barewire::trace::wire::capture::Limits;
use barewire::trace::wire::{Conversation, Direction, Explained, Label, Layer, What};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// A message, from one head to the next.
#[derive(Debug, Default)]
struct Message {
    bytes: Vec<u8>,
    method: String,
    /// Lines of the case behind the bytes.
    lines: Vec<String>,
    content: Vec<u8>,
    refused: Option<(String, String)>,
    /// It ends with the connection.
    close: bool,
}

fn escaped(bytes: &[u8]) -> String {
    let text = bytes.escape_ascii().to_string();
    text.replace("\\'", "'")
}

/// The cases of all conversations of a capture.
fn of_capture(file: &[u8]) -> String {
    let mut conversations: BTreeMap<Option<u64>, (Conversation, Vec<Explained>)> = BTreeMap::new();
    for event in events(file, Limits::default()).0 {
        let new = || (Conversation::new().show_secrets(), Vec::new());
        let (conversation, seen) = conversations.entry(event.conversation).or_insert_with(new);
        match event.what {
            What::Bytes(_, bytes) => {
                seen.extend(conversation.receive(event.from, Duration::ZERO, &bytes));
            }
            What::Ends { .. } => seen.extend(conversation.end(event.from, Duration::ZERO)),
            _ => {}
        }
    }
    let mut text = String::new();
    for (number, (_, spans)) in conversations {
        let mut requests = BTreeMap::new();
        for from in [Direction::FromClient, Direction::FromServer] {
            let spans = spans
                .iter()
                .filter(|it| it.from == from && it.layer == Layer::Tcp);
            for (at, message) in messages(spans, &mut requests).iter().enumerate() {
                message.print(number.unwrap_or_default(), at, from, &mut text);
            }
        }
    }
    text
}

/// The messages of one direction. The methods of the requests are kept for their responses.
fn messages<'s>(
    spans: impl Iterator<Item = &'s Explained>,
    methods: &mut BTreeMap<u64, String>,
) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for explained in spans {
        match explained.span.label {
            Label::Request | Label::Response => messages.push(Message::default()),
            Label::Refused if messages.is_empty() => messages.push(Message::default()),
            Label::EmptyLines | Label::BehindEnd => continue,
            _ => {}
        }
        let Some(message) = messages.last_mut() else {
            continue;
        };
        message.bytes.extend_from_slice(&explained.bytes);
        if explained.span.label == Label::Response {
            let method = explained
                .exchange
                .and_then(|exchange| methods.get(&exchange));
            message.method = method.cloned().unwrap_or_else(|| "GET".into());
        }
        let mut name = String::new();
        let is_trailer = explained.span.label == Label::Trailers;
        for leaf in explained.span.leaves() {
            let bytes = explained.bytes_of(leaf);
            match leaf.label {
                Label::Method => {
                    methods.extend(explained.exchange.map(|it| (it, escaped(bytes))));
                    message.lines.push(format!("method: {}", escaped(bytes)));
                }
                Label::Status => message.lines.push(format!("status: {}", escaped(bytes))),
                Label::FieldName => name = escaped(bytes),
                Label::FieldColon => {
                    let start = leaf.range.end - explained.span.range.start;
                    let line = &explained.bytes[start as usize..];
                    let value = line.split(|&byte| byte == b'\r').next().unwrap_or_default();
                    let key = if is_trailer { "trailer" } else { "field" };
                    let value = escaped(value.trim_ascii());
                    message.lines.push(format!("{key}: {name} = {value}"));
                }
                Label::BodyData | Label::ChunkData => message.content.extend_from_slice(bytes),
                Label::Refused => message.refused = Some((leaf.value.clone(), leaf.rule.into())),
                _ => {}
            }
            message.close |= leaf.notes.iter().any(|note| note.label == Label::Length8);
        }
    }
    messages
}

impl Message {
    fn print(&self, conversation: u64, at: usize, from: Direction, out: &mut String) {
        let (what, rfc, kind) = match from {
            Direction::FromClient => ("request", "RFC 9112 §3", "request".into()),
            Direction::FromServer => (
                "response",
                "RFC 9112 §4",
                format!("response to {}", self.method),
            ),
        };
        let rule = |says: &str| Rule::ALL.iter().find(|rule| rule.says() == says);
        let refused = self
            .refused
            .as_ref()
            .and_then(|(says, at)| Some((rule(says)?, at)));
        let rfc = refused.map_or(rfc, |(_, section)| section);
        writeln!(out, "case: {what} {at} of conversation {conversation}").unwrap();
        writeln!(out, "rfc: {rfc}\nkind: {kind}").unwrap();
        for line in self.bytes.split_inclusive(|&byte| byte == b'\n') {
            writeln!(out, "in: \"{}\"", escaped(line)).unwrap();
        }
        if self.close || refused.is_some_and(|(rule, _)| rule.name() == "MessageTruncated") {
            writeln!(out, "close: yes").unwrap();
        }
        match refused {
            Some((rule, _)) => writeln!(out, "error: {}", rule.name()).unwrap(),
            None => {
                self.lines
                    .iter()
                    .for_each(|line| writeln!(out, "{line}").unwrap());
                if !self.content.is_empty() {
                    writeln!(out, "content: \"{}\"", escaped(&self.content)).unwrap();
                }
            }
        }
        out.push('\n');
    }
}

fn run(text: &str) -> Vec<Case> {
    let cases = cases_in("of a capture", text);
    let wrong: Vec<String> = cases.iter().flat_map(check).collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{text}");
    cases
}

/// Capture, case, runner: what was recorded is what the decoders of today find.
#[test]
fn the_cases_of_a_capture_pass() {
    use barewire::trace::wire::capture::{Writer, invented};
    let (client, server) = invented(0);
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file);
    let (from_client, from_server) = (Direction::FromClient, Direction::FromServer);
    let passed: [(u64, Direction, &[u8]); 8] = [
        (0, from_client, b"POST /echo HTTP/1.1\r\nHost: a\r\nX-Q: \"1\"\r\nTransfer-Enco"),
        (0, from_client, b"ding: chunked\r\n\r\n5\r\nhel'o\r\n0\r\nX-Sum: 5d41\r\n\r\n"),
        (0, from_server, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\0\xff\n"),
        (0, from_client, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost:  a \r\n\r\n"),
        (0, from_server, b"HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\nHTTP/1.1 404 x\r\n\r\nuntil the end"),
        (1, from_client, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc"),
        (2, from_client, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (2, from_server, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"),
    ];
    for conversation in 0..3 {
        write(
            &mut writer,
            conversation,
            from_client,
            What::begins(client, server),
        );
        for (_, from, bytes) in passed.iter().filter(|it| it.0 == conversation) {
            write(&mut writer, conversation, *from, What::bytes(*bytes));
        }
        for from in [from_client, from_server] {
            write(&mut writer, conversation, from, What::Ends { reset: false });
        }
    }
    let text = of_capture(&file);
    let cases = run(&text);
    let refused = cases
        .iter()
        .filter_map(|case| case.expect.as_ref().err().map(|rule| rule.name()));
    assert_eq!(
        refused.collect::<Vec<_>>(),
        ["LengthWithCoding", "MessageTruncated"],
        "{text}"
    );
    assert_eq!(cases.len(), 10, "{text}");
    assert!(
        text.starts_with(
            "case: request 0 of conversation 0\nrfc: RFC 9112 §3\nkind: request\n\
         in: \"POST /echo HTTP/1.1\\r\\n\"\nin: \"Host: a\\r\\n\"\nin: \"X-Q: \\\"1\\\"\\r\\n\"\n"
        ),
        "{text}"
    );
}

/// Prints the cases of the capture that the variable `CAPTURE` names, and runs them.
#[test]
fn prints_the_cases_of_a_capture() {
    if let Some(path) = std::env::var_os("CAPTURE") {
        let text = of_capture(&std::fs::read(path).unwrap());
        println!("{text}");
        run(&text);
    }
}
