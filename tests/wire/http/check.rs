//! The checks of every case: the outcome is the same however its bytes are cut.

use super::encode;
use super::format::{Case, Expected, FieldLines, Kind};
use super::reader::{Message, Progress, Reader, Refusal};
use barewire::http::wire::{BodyLength, Rule};

/// Inputs up to this length are cut in two at every place, longer ones at 75 places.
const CUT_EVERYWHERE: usize = 2048;
const CUTS: usize = 61;

/// Every difference from the case, one line each.
pub(crate) fn check(case: &Case) -> Vec<String> {
    let mut failures = Failures {
        place: &case.place,
        found: Vec::new(),
    };
    match &case.expect {
        Ok(expected) => good(case, expected, &mut failures),
        Err(rule) => bad(case, *rule, &mut failures),
    }
    failures.found
}

struct Failures<'c> {
    place: &'c str,
    found: Vec<String>,
}

impl Failures<'_> {
    fn say(&mut self, how: &str, what: impl std::fmt::Display) {
        self.found.push(format!("{}: {how}: {what}", self.place));
    }
}

/// Places to cut `length` bytes at: inside, so that both pieces have bytes.
pub(crate) fn cuts(length: usize) -> Vec<usize> {
    if length <= CUT_EVERYWHERE {
        return (1..length).collect();
    }
    let near_ends = (1..8).flat_map(|n| [n, length - n]);
    (1..CUTS)
        .map(|n| n * length / CUTS)
        .chain(near_ends)
        .collect()
}

/// The outcome after each piece: all but the last must be "not yet".
fn in_pieces<'p>(
    reader: &mut Reader,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (usize, Progress) {
    let mut taken = 0;
    for piece in pieces {
        taken += piece.len();
        match reader.receive(piece) {
            Ok(None) => {}
            outcome => return (taken, outcome),
        }
    }
    (taken, Ok(None))
}

// ---- good cases -----------------------------------------------------------------------------

fn good(case: &Case, expected: &Expected, failures: &mut Failures<'_>) {
    let length = case.input.len() - expected.rest.len();
    let (bytes, rest) = case.input.split_at(length);
    if rest != expected.rest {
        return failures.say("rest", shown(rest));
    }
    let Some(message) = whole(case, expected, bytes, failures) else {
        return;
    };
    for past in [false, true] {
        for (how, pieces) in ways(bytes) {
            let how = format!(
                "{how}{}",
                if past {
                    ", content read without the decoder"
                } else {
                    ""
                }
            );
            let mut reader = Reader::new(&case.kind, case.limits, past);
            let (taken, outcome) = in_pieces(&mut reader, pieces);
            let early = taken < length && outcome != Ok(None);
            match finished(case, expected, &mut reader, outcome) {
                outcome if early => failures.say(
                    &how,
                    format!("after {taken} of {length} bytes: {}", show(&outcome)),
                ),
                Ok(Some(other)) if other == message => {}
                Ok(None) if expected.open && reader.content() == message.content => {}
                outcome => failures.say(&how, show(&outcome)),
            }
        }
    }
    if !case.close && !expected.open {
        followed(case, &message, bytes, failures);
    }
    if !expected.open {
        encode::check(case, &message)
            .into_iter()
            .for_each(|what| failures.say("encoded back", what));
    }
}

/// The bytes in one piece, compared with the case.
fn whole(
    case: &Case,
    expected: &Expected,
    bytes: &[u8],
    failures: &mut Failures<'_>,
) -> Option<Message> {
    let mut reader = Reader::new(&case.kind, case.limits, false);
    let outcome = reader.receive(bytes);
    match finished(case, expected, &mut reader, outcome) {
        Ok(Some(message)) if !expected.open => {
            compare(expected, &message, failures);
            Some(message)
        }
        Ok(None) if expected.open => {
            let so_far = reader.so_far();
            compare(expected, &so_far, failures);
            Some(so_far)
        }
        outcome => {
            failures.say("whole", show(&outcome));
            None
        }
    }
}

/// Ends the connection where a body runs until its end.
fn finished(case: &Case, expected: &Expected, reader: &mut Reader, outcome: Progress) -> Progress {
    match outcome {
        Ok(None) if case.close && !expected.open => reader.close(),
        outcome => outcome,
    }
}

/// Byte by byte, and cut in two at every place.
fn ways(bytes: &[u8]) -> impl Iterator<Item = (String, Vec<&[u8]>)> {
    let dripped = ("byte by byte".to_string(), bytes.chunks(1).collect());
    let halves = cuts(bytes.len())
        .into_iter()
        .map(move |at| (format!("cut at {at}"), vec![&bytes[..at], &bytes[at..]]));
    std::iter::once(dripped).chain(halves)
}

/// With more messages after it: they stay untouched, and the same decoder reads them.
fn followed(case: &Case, message: &Message, bytes: &[u8], failures: &mut Failures<'_>) {
    let canary: &[u8] = match case.kind {
        Kind::Request => b"GET / HTTP/1.1\r\nHost: canary\r\n\r\n",
        Kind::Response(_) => b"HTTP/1.1 204 Canary\r\n\r\n",
        Kind::Chunked => b"0\r\n\r\n",
    };
    let mut reader = Reader::new(&case.kind, case.limits, false);
    let stream = [bytes, bytes, canary].concat();
    let mut outcome = reader.receive(&stream);
    for turn in ["with bytes behind it", "a second time"] {
        match outcome {
            Ok(Some(other)) if other == *message => {}
            other => return failures.say(turn, show(&other)),
        }
        if matches!(case.kind, Kind::Chunked) {
            return;
        }
        reader.restart();
        outcome = reader.receive(b"");
    }
    match outcome {
        Ok(Some(next)) if next.authority == "canary" || next.reason == b"Canary" => {}
        other => failures.say("the message behind it", show(&other)),
    }
}

fn compare(expected: &Expected, message: &Message, failures: &mut Failures<'_>) {
    for (key, value) in &expected.says {
        let is = said(message, key);
        if is != *value {
            failures.say(key, format!("is {is}, not {value}"));
        }
    }
    if let Some(fields) = &expected.fields
        && *fields != message.fields
    {
        failures.say("fields", show_fields(&message.fields));
    }
    if expected.content != message.content {
        failures.say("content", shown(&message.content));
    }
    if expected.trailers != message.trailers {
        failures.say("trailers", show_fields(&message.trailers));
    }
}

fn said(message: &Message, key: &str) -> String {
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_string();
    match key {
        "method" => message.method.clone(),
        "target" => message.target.clone(),
        "authority" => message.authority.clone(),
        "version" => message.version.trim_start_matches("HTTP/").to_string(),
        "status" => message.status.to_string(),
        "reason" => shown(&message.reason),
        "body" => match message.body {
            BodyLength::Known(0) => "none".to_string(),
            BodyLength::Known(bytes) => bytes.to_string(),
            BodyLength::Chunked => "chunked".to_string(),
            BodyLength::UntilClose => "until close".to_string(),
        },
        "persistent" => yes(message.persistent),
        "expects" => yes(message.expects),
        "upgrade" => yes(message.upgrade),
        key => panic!("{key} is said nowhere"),
    }
}

// ---- bad cases ------------------------------------------------------------------------------

fn bad(case: &Case, rule: Rule, failures: &mut Failures<'_>) {
    let refused = |pieces: Vec<&[u8]>, past: bool| {
        let mut reader = Reader::new(&case.kind, case.limits, past);
        match in_pieces(&mut reader, pieces).1 {
            Ok(None) if case.close => reader.close(),
            outcome => outcome,
        }
    };
    let first = refused(vec![&case.input], false);
    match first {
        Err(Refusal { rule: found, .. }) if found == rule => {}
        outcome => {
            return failures.say(
                "whole",
                format!("is {}, not {}", show(&outcome), rule.name()),
            );
        }
    }
    let behind = [&case.input[..], b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
    if !case.close && refused(vec![&behind], false) != first {
        failures.say("with bytes behind it", show(&refused(vec![&behind], false)));
    }
    for past in [false, true] {
        for (how, pieces) in ways(&case.input) {
            let outcome = refused(pieces, past);
            if outcome != first {
                failures.say(
                    &how,
                    format!("is {}, whole it is {}", show(&outcome), show(&first)),
                );
            }
        }
    }
}

// ---- words ----------------------------------------------------------------------------------

/// Bytes as the fixtures write them, long ones cut short.
pub(crate) fn shown(bytes: &[u8]) -> String {
    match bytes.len() {
        0..=200 => bytes.escape_ascii().to_string().replace("\\'", "'"),
        length => format!("{}... ({length} bytes)", bytes[..80].escape_ascii()),
    }
}

pub(crate) fn show_fields(fields: &FieldLines) -> String {
    let lines: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name} = {}", shown(value)))
        .collect();
    format!("are [{}]", lines.join(" | "))
}

fn show(outcome: &Progress) -> String {
    match outcome {
        Ok(None) => "not yet".to_string(),
        Ok(Some(message)) => format!("a message: {message:?}")
            .chars()
            .take(600)
            .collect(),
        Err(refusal) => match refusal.at {
            Some(at) => format!("{} at byte {at}", refusal.rule.name()),
            None => refusal.rule.name().to_string(),
        },
    }
}
