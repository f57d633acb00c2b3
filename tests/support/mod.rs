//! How the end-to-end tests look at a server: from outside, as a client that trusts nothing.
//!
//! ```text
//!   watched(|| { … })      a test that hangs fails                         watchdog.rs
//!   steady(most, || { … }) the same, once more if the machine stood still  steady.rs
//!   Site, over_pipe        a server on a free port, or on none at all        site.rs
//!   Client                 sends bytes, receives answers                    client.rs
//!   Answer                 one response, read by strict rules of its own    answer.rs
//!   Log, Gate, Reporting   what happened, and "not before I say so"         events.rs
//!   Early                  a server that speaks before the first request    events.rs
//!   Script                 a connection cut into pieces by the test        script.rs
//!   Tail                   a body without an end                           tail.rs
//!   captured               what a capture has of each conversation              captured.rs
//!   gzip, gunzip           streams in gzip                                 gzip.rs
//!   Random                 the same in every run                            chance.rs
//!   Measured               descriptors, threads and memory of the process  measured.rs
//!   assert_no_growth       rounds of one kind, of which the last leave no memory  measured.rs
//! ```
//!
//! Three habits keep such tests honest:
//!
//! - Nothing sleeps and hopes. A test waits for an event ([`Log::wait_for`]), for bytes
//!   ([`Client::answer`]), or makes a handler wait for the test ([`Gate`]).
//! - Nothing says "faster than". A machine may be slow; what may be claimed is an order
//!   ("the first piece came while the handler was still waiting") or a least time.
//! - The reader of answers shares no code with the library. A mistake in one of them
//!   would otherwise be made twice and cancel out.

#![allow(dead_code, unused_imports)] // each test program uses a part of it

mod answer;
mod captured;
mod chance;
mod client;
mod events;
mod gzip;
mod measured;
mod script;
mod site;
mod steady;
mod tail;
mod watchdog;

pub(crate) use answer::{Answer, Broken, Framing, Reader};
pub(crate) use captured::captured;
pub(crate) use chance::Random;
pub(crate) use client::Client;
pub(crate) use events::{Early, Gate, Log, Reporting};
pub(crate) use gzip::{gunzip, gzip};
pub(crate) use measured::{Measured, assert_no_growth};
pub(crate) use script::{End, Script};
pub(crate) use site::{Site, over_pipe};
pub(crate) use steady::steady;
pub(crate) use tail::Tail;
pub(crate) use watchdog::watched;

use barewire::http::{self, Response};
use std::time::Duration;

/// How long a test waits for what is bound to happen: far more than any machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What is promised within a second: a machine that stands still meanwhile gets seven more. (The deadlines behind it
/// are 10 s and longer, so a promise that does not hold is seen.)
pub(crate) const SOON: Duration = Duration::from_secs(8);

/// A request without a body, as a careful client writes it.
pub(crate) fn request(method: &str, target: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: test\r\n\r\n")
}

/// A request with a body and its length.
pub(crate) fn post(target: &str, body: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// All answers in some bytes, to requests with these methods; nothing may be left over.
pub(crate) fn answers(bytes: Vec<u8>, methods: &[&str]) -> Vec<Answer> {
    let mut reader = Reader::of(bytes);
    let answers = methods.iter().map(|method| reader.expect_answer(method));
    let answers = answers.collect();
    assert_eq!(reader.rest(), b"", "left over");
    answers
}

/// The one answer in some bytes, to a GET or POST.
pub(crate) fn answer(bytes: Vec<u8>) -> Answer {
    answers(bytes, &["GET"]).remove(0)
}

/// What a handler answers to `GET /`. It must be a 200, or an assertion in the handler has failed.
#[track_caller]
pub(crate) fn reply(handler: impl Handler) -> Answer {
    let (answer, reported) = reply_and_reports(request("GET", "/"), handler);
    assert_eq!(
        (answer.status, reported),
        (200, vec![]),
        "{}",
        answer.text()
    );
    answer
}

/// What a handler responds to a request, and what is reported to `ServerEvents::error`.
#[track_caller]
pub(crate) fn reply_and_reports(request: String, handler: impl Handler) -> (Answer, Vec<String>) {
    let log = Log::default();
    let server = http::create_server_with(Reporting::new(&log, move |_req, res| handler(res)));
    (answer(server.answer_to(request.as_bytes())), log.all())
}

/// A handler that does not care for the request.
pub(crate) trait Handler: Fn(Response<'_>) -> http::Handled + Send + Sync + 'static {}

impl<F: Fn(Response<'_>) -> http::Handled + Send + Sync + 'static> Handler for F {}
