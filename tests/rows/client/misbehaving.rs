//! Every response of `fixtures/client/`: whole, a byte at a time, cut in two at every place; and ended,
//! reset or stalled after every byte. The result is an error that names the rule, or the whole response:
//! never a hang, never a wrong body, never a broken connection that is kept.

use super::vectors::{Case, Expected, cases};
use crate::support::{End, Script, watched};
use barewire::http::pool::Limits;
use barewire::http::wire::Fields;
use barewire::http::{
    self, Agent, ClientEvents, ClientResponse, Connected, Error, Origin, RequestOptions, Timeouts,
};
use std::io::{BufRead, Read};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The result of a request.
#[derive(Debug)]
struct Outcome {
    expected: Result<Expected, String>,
    /// What was read, also before an error.
    body: Vec<u8>,
}

/// How a body is read: each has its own way through the client.
#[derive(Clone, Copy, Debug)]
enum Reading {
    Bytes,
    Large,
    Buffered,
}

const READINGS: [Reading; 3] = [Reading::Bytes, Reading::Large, Reading::Buffered];

struct Interim(Arc<Mutex<Vec<u16>>>);

impl ClientEvents for Interim {
    fn continued(&mut self) {
        self.0.lock().unwrap().push(100);
    }

    fn information(&mut self, status: u16, _fields: Fields<'_>) {
        self.0.lock().unwrap().push(status);
    }
}

struct Client {
    agent: Agent,
}

impl Client {
    fn new() -> Client {
        let few = Limits {
            max_total_free_sockets: 4,
            ..Limits::default()
        };
        let agent = Agent::new(few).unwrap();
        Client { agent }
    }

    /// Sends a request to a new origin, whose response comes in these pieces.
    fn request(&self, case: &Case, pieces: &[&[u8]], end: End, reading: Reading) -> Outcome {
        let stream = Mutex::new(Some(Script::answering(pieces.iter().copied(), end)));
        let timeouts = Timeouts {
            total: (end == End::Stall).then_some(Duration::from_millis(1)),
            ..Timeouts::default()
        };
        let options = RequestOptions::new()
            .agent(&self.agent)
            .method(&case.method)
            .path(match &*case.method {
                "CONNECT" => "example.com:443",
                _ => "/",
            })
            .limits(case.limits)
            .timeouts(timeouts)
            .create_connection(move |_: &Origin, _| {
                let stream = stream.lock().unwrap().take();
                Ok(Connected::new(stream.expect("one connection")))
            });
        let options = case.fields.iter().fold(options, |options, (name, value)| {
            options.append_header(name, value)
        });
        let mut outcome = ask(&options, reading);
        let gauges = self.agent.gauges(&options.origin().unwrap());
        assert_eq!((gauges.sockets, gauges.requests), (0, 0));
        if let Ok(expected) = &mut outcome.expected {
            expected.kept = gauges.free_sockets == 1;
        } else {
            assert_eq!(gauges.free_sockets, 0, "kept after an error");
        }
        outcome
    }
}

fn ask(options: &RequestOptions, reading: Reading) -> Outcome {
    let interim = Arc::default();
    let mut body = Vec::new();
    let request = http::request(options).unwrap();
    let result = request.on(Interim(Arc::clone(&interim))).end("");
    let expected = result.and_then(|mut response| {
        read(&mut response, reading, &mut body)?;
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let trailers = response.trailers();
        let trailers = trailers
            .iter()
            .map(|(name, value)| format!("{name} = {}", text(value)));
        Ok(Expected {
            status: response.status(),
            interim: interim.lock().unwrap().clone(),
            trailers: trailers.collect(),
            ..Expected::default()
        })
    });
    Outcome {
        expected: expected.map_err(|error| name(&error)),
        body,
    }
}

fn read(from: &mut ClientResponse, reading: Reading, body: &mut Vec<u8>) -> Result<(), Error> {
    let mut buf = match reading {
        Reading::Bytes => vec![0; 1],
        _ => vec![0; 64 * 1024],
    };
    loop {
        let n = match reading {
            Reading::Buffered => {
                let piece = from.fill_buf()?;
                buf[..piece.len()].copy_from_slice(piece);
                piece.len()
            }
            _ => from.read(&mut buf)?,
        };
        if n == 0 {
            return Ok(());
        }
        body.extend_from_slice(&buf[..n]);
        if let Reading::Buffered = reading {
            from.consume(n);
        }
    }
}

fn name(error: &Error) -> String {
    match error {
        Error::Peer(error) => error.rule().name().to_owned(),
        Error::Io(error) => format!("{:?}", error.kind()),
        other => format!("{other:?}"),
    }
}

/// Checks the result of the first `bytes` of a case.
fn check(case: &Case, bytes: usize, end: End, whole: bool, outcome: Outcome, how: &str) {
    let at = format!("{}: {bytes} bytes {how}, then {end:?}", case.place);
    let got = match outcome.expected {
        Ok(got) => got,
        Err(error) => {
            assert!(
                case.body.starts_with(&outcome.body),
                "{at}: {outcome:?}",
                outcome = outcome.body
            );
            let cut = match end {
                End::Close => "MessageTruncated",
                End::Reset => "ConnectionReset",
                End::Stall => "TimedOut",
            };
            return match &case.expect {
                Err(expected) if whole => assert_eq!(error, *expected, "{at}"),
                Err(expected) => assert!(error == *expected || error == cut, "{at}: {error}"),
                Ok(expected) => {
                    let missing = bytes < case.says.len() - case.rest;
                    let unended = expected.until_close && end != End::Close;
                    assert!(missing || unended, "{at}: {error}");
                    assert_eq!(error, cut, "{at}");
                }
            };
        }
    };
    let Ok(expected) = &case.expect else {
        panic!(
            "{at}: no error, but {got:?} {}",
            outcome.body.escape_ascii()
        );
    };
    let spoken = case.says.len() - case.rest;
    if expected.until_close {
        assert_eq!(end, End::Close, "{at}: no end, and no error");
        let head = spoken - case.body.len();
        assert_eq!(outcome.body, case.body[..bytes - head], "{at}");
    } else {
        assert!(bytes >= spoken, "{at}: a short success");
        assert_eq!(outcome.body, case.body, "{at}");
    }
    let got = Expected {
        until_close: expected.until_close,
        // Bytes behind a response may come after the connection was kept; then the next request finds them.
        kept: if case.rest == 0 {
            got.kept
        } else {
            expected.kept
        },
        ..got
    };
    assert_eq!(got, *expected, "{at}");
}

/// Places to cut: all of them, or `most` of a long response, and all at its beginning and end.
fn places(length: usize, most: usize) -> impl Iterator<Item = usize> {
    let step = length / most + 1;
    (0..length).filter(move |at| at % step == 0 || *at < 20 || at + 20 > length)
}

fn all_ways(client: &Client, case: &Case, most_places: usize) {
    let says = &case.says[..];
    for reading in READINGS {
        let outcome = client.request(case, &[says], End::Close, reading);
        if let (Ok(got), Ok(expected)) = (&outcome.expected, &case.expect) {
            let kept = expected.kept && case.rest == 0;
            assert_eq!(got.kept, kept, "{}", case.place);
        }
        check(case, says.len(), End::Close, true, outcome, "at once");
        let bytes: Vec<&[u8]> = says.chunks(1).collect();
        let outcome = client.request(case, &bytes, End::Close, reading);
        check(case, says.len(), End::Close, true, outcome, "one by one");
    }
    for at in places(says.len(), most_places) {
        let reading = READINGS[at % 3];
        let (one, other) = says.split_at(at);
        let outcome = client.request(case, &[one, other], End::Close, reading);
        check(
            case,
            says.len(),
            End::Close,
            true,
            outcome,
            &format!("cut at {at}"),
        );
        for end in [End::Close, End::Reset] {
            let outcome = client.request(case, &[one], end, reading);
            check(case, at, end, false, outcome, "at once");
        }
        if at % 16 == 0 && at + 1 < says.len() - case.rest {
            let outcome = client.request(case, &[one], End::Stall, reading);
            check(case, at, End::Stall, false, outcome, "at once");
        }
    }
}

#[track_caller]
fn all(file: &'static str, most_places: usize) {
    watched(move || {
        let client = Client::new();
        for case in cases(file) {
            all_ways(&client, &case, most_places);
        }
        assert_eq!(client.agent.totals().sockets, 0);
    });
}

#[test]
fn heads() {
    all("heads.txt", 400);
}

#[test]
fn framing() {
    all("framing.txt", 400);
}

#[test]
fn chunks() {
    all("chunks.txt", 400);
}

#[test]
fn interim() {
    all("interim.txt", 400);
}

#[test]
fn limits() {
    all("limits.txt", 40);
}

#[test]
#[ignore = "takes 4 s unoptimized; .ci/run runs it"]
fn limits_cut_at_more_places() {
    all("limits.txt", 400);
}
