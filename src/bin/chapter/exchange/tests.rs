//! Each exchange, played against the doors; and its words.

use super::{Exchange, all, play};
use crate::json::{self, Value};
use crate::run::{self, Ending};
use crate::{DOORS, door};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, Once, mpsc};
use std::time::{Duration, Instant};

const MOST_TIME: Duration = Duration::from_secs(15);

fn open() {
    static OPEN: Once = Once::new();
    OPEN.call_once(|| {
        let open = |door: &crate::Door| {
            let opened = (door.open)("127.0.0.1:0").expect("a door");
            (door.name.to_lowercase(), opened.address().to_string())
        };
        door::all_open(
            DOORS
                .iter()
                .filter(|door| door.port.is_some())
                .map(open)
                .collect(),
        );
    });
}

/// What a page gets for this exchange.
fn played(exchange: &'static Exchange, settings: &str) -> Vec<Value> {
    open();
    let settings = json::read(settings).expect("JSON");
    let messages = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&messages);
    let begun = run::begin(
        7,
        MOST_TIME,
        move |run| play(exchange, run, settings),
        move |message| {
            kept.lock()
                .expect("a lock that nobody poisons")
                .push(json::read(message).expect("JSON"))
        },
    );
    begun.expect("a thread").1.join();
    let mut messages = messages.lock().expect("a lock that nobody poisons");
    std::mem::take(&mut *messages)
}

fn text<'v>(message: &'v Value, name: &str) -> &'v str {
    message.get(name).and_then(Value::text).unwrap_or_default()
}

fn number(message: &Value, name: &str) -> u64 {
    message.get(name).and_then(Value::number).expect("a number")
}

fn of_kind<'v>(messages: &'v [Value], kind: &str) -> impl Iterator<Item = &'v Value> {
    messages
        .iter()
        .filter(move |message| text(message, "kind") == kind)
}

fn plays(exchange: &'static Exchange, settings: &str) -> Vec<Value> {
    let messages = played(exchange, settings);
    let done = messages.last().expect("a message");
    let outcome = (text(done, "kind"), text(done, "outcome"), text(done, "why"));
    assert_eq!(outcome, ("done", "ok", ""), "{}", exchange.id);
    messages
}

/// Where the leaves of a span lie.
fn leaves(span: &Value, out: &mut Vec<(u64, u64)>) {
    let children = span.get("children").map_or(&[][..], Value::items);
    children.iter().for_each(|child| leaves(child, out));
    if children.is_empty() {
        out.push((number(span, "at"), number(span, "length")));
    }
}

/// The bytes of each direction, as the side that is drawn has seen them, have leaves without a gap or an overlap.
fn are_explained(id: &str, messages: &[Value]) {
    let seen: Vec<&str> = of_kind(messages, "begins")
        .map(|begins| text(begins, "seen"))
        .collect();
    let mut bytes: BTreeMap<_, u64> = BTreeMap::new();
    let direction = |message| {
        (
            number(message, "conversation"),
            text(message, "layer"),
            text(message, "from"),
        )
    };
    for block in of_kind(messages, "block") {
        if text(block, "seen") == seen[number(block, "conversation") as usize] {
            *bytes.entry(direction(block)).or_default() += text(block, "hex").len() as u64 / 2;
        }
    }
    assert!(!bytes.is_empty(), "{id} shows no byte");
    let mut ends: BTreeMap<_, u64> = BTreeMap::new();
    for span in of_kind(messages, "span").filter(|span| bytes.contains_key(&direction(span))) {
        let (end, mut all) = (ends.entry(direction(span)).or_default(), Vec::new());
        leaves(span.get("span").expect("a span"), &mut all);
        for (at, length) in all {
            assert_eq!(at, *end, "{id}: {span:?}");
            *end += length;
        }
    }
    assert_eq!(ends, bytes, "{id}: each byte has a leaf");
}

/// No byte is read before it is written, where both ends are seen.
fn reads_stand_behind_writes(id: &str, messages: &[Value]) {
    let stream = |block| {
        let names = ["layer", "from"].map(|name| text(block, name).to_owned());
        (number(block, "conversation"), names)
    };
    let is_written = |block: &Value| text(block, "seen") == text(block, "from");
    let blocks = || of_kind(messages, "block").filter(|block| text(block, "layer") != "udp");
    let known: BTreeSet<_> = blocks().filter(|b| is_written(b)).map(stream).collect();
    let mut left: BTreeMap<_, u64> = BTreeMap::new();
    for block in blocks().filter(|block| known.contains(&stream(block))) {
        let (left, bytes) = (
            left.entry(stream(block)).or_default(),
            text(block, "hex").len() as u64,
        );
        *left = match is_written(block) {
            true => *left + bytes,
            false => left
                .checked_sub(bytes)
                .unwrap_or_else(|| panic!("{id}: {block:?}")),
        };
    }
}

#[test]
fn each_exchange_is_played_and_each_of_its_bytes_explained() {
    for exchange in all() {
        let messages = plays(exchange, "{}");
        reads_stand_behind_writes(exchange.id, &messages);
        let words = keys(&format!("en-{}.js", part(exchange.section)), "events");
        for event in of_kind(&messages, "event") {
            let key = text(event, "key");
            assert!(
                words.iter().any(|known| known == key),
                "{}: {key} has no words",
                exchange.id
            );
        }
        if exchange.door != "udp" {
            are_explained(exchange.id, &messages);
        }
    }
}

#[test]
fn a_stopped_exchange_returns_soon() {
    open();
    for exchange in all() {
        let (sender, messages) = mpsc::channel();
        let begun = run::begin(
            7,
            MOST_TIME,
            move |run| play(exchange, run, Value::Object(Vec::new())),
            move |message| drop(sender.send(message.to_owned())),
        );
        let (run, threads) = begun.expect("a thread");
        let is_block = |message: &String| message.starts_with("{\"kind\":\"block\"");
        messages.iter().find(is_block);
        let stopped = Instant::now();
        run.end(Ending::Stopped);
        threads.join();
        let took = stopped.elapsed();
        assert!(took < MOST_TIME / 2, "{}: {took:?}", exchange.id);
        let done = messages.iter().last().expect("a message");
        assert!(
            done.starts_with("{\"kind\":\"done\""),
            "{}: {done}",
            exchange.id
        );
    }
}

#[test]
fn cuts_change_no_meaning() {
    for exchange in all().filter(|exchange| exchange.has_cuts && exchange.door == "http") {
        let spans = |settings| {
            let messages = plays(exchange, settings);
            are_explained(exchange.id, &messages);
            let from_client =
                of_kind(&messages, "span").filter(|span| text(span, "from") == "client");
            from_client
                .map(|span| text(span, "hex").to_owned())
                .collect::<String>()
        };
        assert_eq!(
            spans("{}").len(),
            spans("{\"cuts\":[1,2,3,40]}").len(),
            "{}",
            exchange.id
        );
    }
}

/// What the events of a run with these frames say, after their keys.
fn built(frames: &str) -> Vec<String> {
    let builder = super::find("websocket.builder").expect("it is there");
    let messages = plays(builder, &format!("{{\"frames\":[{frames}]}}"));
    are_explained(builder.id, &messages);
    let value = |event: &Value, name| Some(text(event.get("values")?, name).to_owned());
    let events = of_kind(&messages, "event").map(|event| {
        let values = ["code", "reason", "bytes", "text"].map(|name| value(event, name));
        let values = values
            .into_iter()
            .flatten()
            .filter(|value| !value.is_empty());
        let all: Vec<_> = [text(event, "key").to_owned()]
            .into_iter()
            .chain(values)
            .collect();
        all.join(" ")
    });
    events.collect()
}

#[test]
fn frames_that_are_allowed_are_answered_and_our_client_closes() {
    // "on", a ping inside the message, "e"; and bytes.
    let frames = r#"{"fin":false,"payload":"6f6e"},{"opcode":9,"payload":"70"},{"opcode":0,"payload":"65"},
        {"opcode":2,"payload":"41"}"#;
    let answered = [
        "websocket.message 3 one",
        "websocket.message 1 A",
        "websocket.pong 1",
    ];
    let closed = ["server.closed", "websocket.closed 1000"];
    assert_eq!(built(frames), [&answered[..], &closed].concat());
    // A Close of the reader is answered, and ours does not follow it.
    assert_eq!(
        built(r#"{"opcode":8,"payload":"0bb8627965"}"#),
        ["server.closed", "websocket.closed 3000"]
    );
    // A message that does not end brings nothing.
    assert_eq!(built(r#"{"fin":false}"#), closed);
}

#[test]
fn each_forbidden_frame_brings_a_close_with_its_code() {
    let ping = format!(r#"{{"opcode":9,"payload":"{}"}}"#, "41".repeat(126));
    let forbidden = [
        ("", 1002), // as the page shows it first: not masked
        (r#"{"mask":false}"#, 1002),
        (r#"{"rsv1":true}"#, 1002),
        (r#"{"opcode":3}"#, 1002),
        (r#"{"opcode":0}"#, 1002),
        (r#"{"fin":false},{"payload":"41"}"#, 1002),
        (r#"{"fin":false,"opcode":9}"#, 1002),
        (r#"{"form":"16","payload":"41"}"#, 1002),
        (r#"{"opcode":8,"payload":"03ed"}"#, 1002), // 1005
        (r#"{"payload":"ff"}"#, 1007),
        (&ping, 1002),
    ];
    for (frames, code) in forbidden {
        let events = built(frames);
        let [end, closed] = &events[..] else {
            panic!("{frames}: {events:?}")
        };
        assert_eq!(end, "server.closed", "{frames}");
        let reason = closed.strip_prefix(&format!("websocket.closed {code} "));
        assert!(
            reason.is_some_and(|reason| !reason.is_empty()),
            "{frames}: {closed}"
        );
    }
}

#[test]
fn a_run_has_at_most_16_frames() {
    let builder = super::find("websocket.builder").expect("it is there");
    let frames = ["{\"payload\":\"41\"}"; 17].join(",");
    let messages = played(builder, &format!("{{\"frames\":[{frames}]}}"));
    assert_eq!(
        text(messages.last().expect("a message"), "outcome"),
        "failed"
    );
    assert_eq!(built(&["{\"payload\":\"41\"}"; 16].join(",")).len(), 18);
}

/// The name of the files with the words of a section.
fn part(section: &str) -> &'static str {
    match section {
        "7.1" => "tcp",
        "7.2" => "udp",
        "7.3" => "http",
        "7.4" => "websocket",
        "vectors" => "page",
        _ => "tls",
    }
}

/// The names in quotes at the beginning of the lines of a block: `  exchanges: {` to `  },`.
fn keys(file: &str, block: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/chapter/page/text");
    let all = fs::read_to_string(folder.join(file)).expect(file);
    let mut lines = all
        .lines()
        .skip_while(|line| *line != format!("  {block}: {{"));
    lines.next(); // a file without such a block has none
    let lines = lines.take_while(|line| *line != "  },");
    let names = lines.filter_map(|line| line.strip_prefix("    \"")?.split('"').next());
    names.map(str::to_owned).collect()
}

#[test]
fn each_exchange_has_its_words_in_both_languages() {
    let mut missing: Vec<&str> = all().map(|exchange| exchange.id).collect();
    let sections: BTreeSet<&str> = all().map(|exchange| exchange.section).collect();
    for part in sections.into_iter().map(part) {
        for block in ["sections", "exchanges", "events"] {
            let names = keys(&format!("en-{part}.js"), block);
            assert_eq!(
                names,
                keys(&format!("zh-{part}.js"), block),
                "{part}: {block}"
            );
            missing.retain(|id| block != "exchanges" || !names.iter().any(|name| name == id));
        }
    }
    assert!(missing.is_empty(), "without words: {missing:?}");
}
