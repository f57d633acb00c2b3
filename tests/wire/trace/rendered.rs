//! The renderings: two lessons to the letter, and what holds for whatever strangers send.

use super::json;
use super::paper::{self, check, check_hex, rendered};
use super::play::{CLIENT, Passes, SERVER, answers, asks, both_end};
use crate::cases::scripts;
use crate::http::all_cases;
use crate::support::Random;
use crate::websocket::{FRAMES, format, handshakes};
use barewire::trace::wire::capture::invented;
use barewire::trace::wire::render::{Hex, Html, Json, Rendering, Text};
use barewire::trace::wire::{Conversation, Event, Explained, Explainer, What};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A writer whose text can be read; it fails when it holds more than `most` bytes.
#[derive(Clone)]
struct Paper {
    text: Arc<Mutex<Vec<u8>>>,
    most: usize,
}

impl Paper {
    fn new(most: usize) -> Paper {
        let text = Arc::default();
        Paper { text, most }
    }

    fn text(&self) -> String {
        String::from_utf8(self.text.lock().unwrap().clone()).expect("UTF-8")
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = self.text.lock().unwrap();
        text.extend_from_slice(bytes);
        match text.len() > self.most {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn pass(explainer: &mut Explainer, number: u64, script: &[Passes]) -> io::Result<()> {
    let mut time = Duration::ZERO;
    let (client, server) = (
        ([127, 0, 0, 1], 50000).into(),
        ([127, 0, 0, 1], 1337).into(),
    );
    explainer.event(&Event::new(
        number,
        CLIENT,
        time,
        What::begins(client, server),
    ))?;
    for passes in script {
        time += Duration::from_micros(1500);
        let (from, what) = match passes {
            Passes::Bytes(from, bytes) => (*from, What::bytes(bytes)),
            Passes::End(from) => (*from, What::Ends { reset: false }),
        };
        explainer.event(&Event::new(number, from, time, what))?;
    }
    Ok(())
}

fn explained_by(rendering: impl Rendering + 'static, script: &[Passes]) -> String {
    let paper = Paper::new(usize::MAX);
    let mut explainer = Explainer::new(rendering, paper.clone());
    pass(&mut explainer, 0, script).expect("room");
    explainer.finish().expect("room");
    paper.text()
}

/// A chunked POST that waits for a 100.
fn post() -> Vec<Passes> {
    let mut script = vec![
        asks(
            "POST /echo?x=1 HTTP/1.1\r\nHost: 127.0.0.1:1337\r\nTransfer-Encoding: chunked\r\n\
            Expect: 100-continue\r\n\r\n",
        ),
        answers("HTTP/1.1 100 Continue\r\n\r\n"),
        asks("5;note=\"one\"\r\nhello\r\n0\r\nX-Checksum: 5d41\r\n\r\n"),
        answers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    ];
    script.extend(both_end());
    script
}

/// The book's `hello world!` and `yakexi`.
pub(super) fn yakexi() -> Vec<Passes> {
    let (request, response) = handshakes::samples();
    let mut script = vec![
        asks(request),
        answers(response),
        asks(b"\x81\x8c\x37\xfa\x21\x3d\x5f\x9f\x4d\x51\x58\xda\x56\x52\x45\x96\x45\x1c"),
        answers(b"\x81\x06yakexi"),
        asks(b"\x88\x82\x01\x02\x03\x04\x02\xea"),
        answers(b"\x88\x02\x03\xe8"),
    ];
    script.extend(both_end());
    script
}

/// `UPDATE=1 cargo test --test wire lessons` writes the files anew.
#[test]
fn the_lessons_to_the_letter() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wire/trace/lessons");
    for (name, script) in [("post", post()), ("yakexi", yakexi())] {
        for (rendering, came) in [
            ("text", explained_by(Text::new(), &script)),
            ("hex", explained_by(Hex::new(80, false), &script)),
            ("json", explained_by(Json::new(), &script)),
        ] {
            let file = format!("{folder}/{name}.{rendering}");
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&file, &came).expect("a file");
            }
            assert_eq!(came, std::fs::read_to_string(&file).expect(&file));
        }
    }
}

/// Behind the marks of the text stand the bytes, all of them and each once, and nothing else.
#[test]
fn behind_a_mark_stand_the_bytes_of_http() {
    let text = explained_by(Text::new(), &post());
    for (from, mark) in [(CLIENT, "> \""), (SERVER, "< \"")] {
        let sent = post().into_iter().filter_map(|passes| match passes {
            Passes::Bytes(by, bytes) if by == from => Some(bytes.escape_ascii().to_string()),
            _ => None,
        });
        let behind = text.lines().filter_map(|line| line.strip_prefix(mark));
        let shown = behind.map(|line| line.split("\"  ").next().unwrap_or_default());
        let sent = sent.collect::<String>().replace("\\\"", "\"");
        assert_eq!(shown.collect::<String>(), sent);
    }
}

/// A head without an end comes in many segments.
#[test]
fn a_broken_rule_is_said_once() {
    let mut script = vec![asks("GET / HTTP/1.1\r\nX: ")];
    script.extend((0..50).map(|_| asks(vec![b'a'; 1460])));
    let page = rendered(Html::new("once"), &spans(&script));
    for (shown, says) in [
        (explained_by(Text::new(), &script), "refused: "),
        (explained_by(Hex::new(80, false), &script), "refused: "),
        (page, "<span class=\"note\">refused: "),
    ] {
        assert_eq!(shown.matches(says).count(), 1, "{shown}");
    }
}

#[test]
fn a_bit_of_0_is_not_explained_as_one_of_1() {
    let (request, response) = handshakes::samples();
    let begins = asks(b"\x01\x81\0\0\0\0a");
    let script = [
        asks(request),
        answers(response),
        begins,
        answers(b"\x81\x01b"),
    ];
    let page = rendered(Html::new("bits"), &spans(&script));
    for shown in [&explained_by(Text::new(), &script), &page] {
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        for says in [
            "0... .... FIN: more frames",
            "1... .... FIN: no more frames",
            "0... .... MASK: no key",
            "1... .... MASK: a key",
        ] {
            assert!(shown.contains(says), "{says}: {shown}");
        }
    }
}

/// The conversations of `fixtures/`.
pub(super) fn fixtures() -> Vec<Vec<Passes>> {
    let http = all_cases().map(|case| scripts::of_http(&case));
    let frames = FRAMES.iter().flat_map(|file| format::cases(file));
    let frames = frames.map(|case| scripts::of_frames(&case));
    let requests = format::cases("requests.txt")
        .into_iter()
        .map(|case| scripts::of_request(&case));
    let responses = format::cases("responses.txt").into_iter();
    let responses = responses.map(|case| scripts::of_response(&case));
    let all = http.chain(frames).chain(requests).chain(responses);
    all.filter(|script| size(script) < 5000).collect()
}

fn size(script: &[Passes]) -> usize {
    let sizes = script.iter().map(|passes| match passes {
        Passes::Bytes(_, bytes) => bytes.len(),
        Passes::End(_) => 0,
    });
    sizes.sum()
}

pub(super) fn spans(script: &[Passes]) -> Vec<Explained> {
    paper::spans(Conversation::new(), script)
}

/// A program needs no other order than that of the lines to put a direction together again.
#[test]
fn json_lines_tile_each_direction() {
    for script in fixtures() {
        let mut at = [0; 2];
        let mut lines = 0;
        let json = rendered(Json::new(), &spans(&script));
        for line in json.lines() {
            let members = json::members(line);
            let number = |name| json::number(&members, name);
            lines += 1;
            if ["message", "compressed"].contains(&json::text(&members, "layer")) {
                continue; // it lies in the bytes that were shown before
            }
            let side = usize::from(json::text(&members, "from") == "server");
            assert_eq!(number("at"), at[side], "{line}");
            at[side] += number("length");
        }
        let leaves: usize = spans(&script).iter().map(|e| e.span.leaves().count()).sum();
        assert_eq!(lines, leaves, "{script:?}");
        for (side, from) in [CLIENT, SERVER].into_iter().enumerate() {
            let ended = script
                .iter()
                .any(|p| matches!(p, Passes::End(end) if *end == from));
            let sent: Vec<u8> = script
                .iter()
                .flat_map(|p| match p {
                    Passes::Bytes(by, bytes) if *by == from => bytes.clone(),
                    _ => Vec::new(),
                })
                .collect();
            assert!(!ended || at[side] as usize == sent.len(), "{script:?}");
        }
    }
}

/// Each case in a few widths, so that each width has many cases.
#[test]
fn hex_is_never_wider_than_asked() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 700, "{}", fixtures.len());
    for (number, script) in fixtures.iter().enumerate() {
        let spans = spans(script);
        for width in [60, 80, 128, 60 + number % 141] {
            check_hex(&spans, width);
        }
    }
}

#[test]
fn colours_change_nothing_but_the_colours() {
    for script in [post(), yakexi()] {
        let spans = spans(&script);
        let plain = rendered(Hex::new(80, false), &spans);
        let mut parts = Vec::new();
        for part in rendered(Hex::new(80, true), &spans).split('\x1b') {
            parts.push(
                part.split_once('m')
                    .filter(|_| part.starts_with('['))
                    .map_or(part, |(_, text)| text)
                    .to_owned(),
            );
        }
        let stripped = parts.concat();
        let stripped: Vec<&str> = stripped.lines().map(|line| line.trim_end()).collect();
        assert_eq!(stripped, plain.lines().collect::<Vec<_>>());
    }
}

/// Nothing that a stranger sends moves the cursor, turns the direction of the text, or becomes HTML.
#[test]
fn nothing_reaches_a_terminal_or_a_page_unescaped() {
    let mut random = Random::new(0x7e13);
    let pieces = [
        "\u{1b}[2J",
        "\u{9b}2J",
        "\u{202e}",
        "\u{2066}",
        "\u{61c}",
        "\u{200e}",
        "\u{feff}",
        "\u{200b}",
        "<script>",
        "\" onfocus=\"",
        "'",
        "&",
        "\r",
        "\t",
        "\0",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "月",
        "a",
        "</span>",
    ];
    for round in 0..300 {
        let mut some = || -> Vec<u8> {
            let count = random.below(9);
            (0..count)
                .flat_map(|_| match random.below(4) {
                    0 => vec![random.below(256) as u8],
                    _ => pieces[random.below(pieces.len())].as_bytes().to_vec(),
                })
                .collect()
        };
        let request = [
            b"GET /",
            &some()[..],
            b" HTTP/1.1\r\nHost: a\r\nX: ",
            &some(),
            b"\r\n\r\n",
        ]
        .concat();
        let (offer, accepted) = handshakes::samples();
        let text = some();
        let frame = [&[0x81, text.len() as u8][..], &text].concat();
        let script = match round % 3 {
            0 => vec![asks(request)],
            1 => vec![asks(offer), answers([accepted, frame].concat())],
            _ => vec![asks(some()), answers(some())],
        };
        let spans = spans(&script);
        check(&spans, 60 + round % 141);
        for line in rendered(Json::new(), &spans).lines() {
            json::members(line); // panics if it is no JSON
        }
    }
}

#[test]
fn a_writer_that_fails_is_reported_once() {
    let mut explainer = Explainer::new(Text::new(), Paper::new(100));
    let failed = pass(&mut explainer, 0, &post());
    assert_eq!(
        failed.expect_err("no room").kind(),
        io::ErrorKind::StorageFull
    );
    pass(&mut explainer, 1, &post()).expect("reported already");
    explainer.finish().expect("reported already");
}

#[test]
fn a_capture_may_name_more_conversations_than_are_followed() {
    let paper = Paper::new(usize::MAX);
    let mut explainer = Explainer::new(Text::new(), paper.clone());
    let mut passes = |number, what| {
        let event = Event::new(number, CLIENT, Duration::ZERO, what);
        explainer.event(&event).expect("room");
    };
    let (client, server) = invented(0);
    for number in 0..4097 {
        passes(number, What::begins(client, server));
    }
    for number in [0, 1] {
        passes(number, What::bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    let text = paper.text();
    assert!(text.contains("conversation 0, not followed further: 4096 conversations are open"));
    assert!(text.contains("conversation 1, client: request 1"));
    assert!(!text.contains("conversation 0, client"));
}

/// Neither its bytes nor its pieces make a page endless.
#[test]
fn a_page_shows_the_begin_of_a_long_body() {
    let mut script = vec![
        asks("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        answers("HTTP/1.1 200 OK\r\n\r\n"),
    ];
    script.extend((0..1000).map(|_| answers(vec![b'z'; 1000])));
    let page = rendered(Html::new("long"), &spans(&script));
    assert!(page.len() < 40_000, "{}", page.len());
    assert!(page.contains("… 991000 bytes more"));
}
