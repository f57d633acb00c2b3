//! A case as a conversation: what passes, and in which order.

use super::{http, sample, websocket};
use barewire::trace::wire::Direction;

/// What passes: bytes, or the end of a direction.
#[derive(Clone, Debug)]
pub(crate) enum Passes {
    Bytes(Direction, Vec<u8>),
    End(Direction),
}

pub(crate) fn asks(bytes: impl Into<Vec<u8>>) -> Passes {
    Passes::Bytes(Direction::FromClient, bytes.into())
}

pub(crate) fn answers(bytes: impl Into<Vec<u8>>) -> Passes {
    Passes::Bytes(Direction::FromServer, bytes.into())
}

pub(crate) fn both_end() -> [Passes; 2] {
    [Direction::FromClient, Direction::FromServer].map(Passes::End)
}

/// A message, behind the request or the head that it needs.
pub(crate) fn of_http(case: &http::Case) -> Vec<Passes> {
    match &case.kind {
        http::Kind::Request => vec![asks(case.input.clone())],
        http::Kind::Response(method) => vec![asked(method), answers(case.input.clone())],
        http::Kind::Chunked => {
            let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
            vec![asks([&head[..], &case.input].concat())]
        }
    }
}

/// The request that a response of a case answers.
pub(crate) fn asked(method: &str) -> Passes {
    let target = if method == "CONNECT" { "a:80" } else { "/" };
    asks(format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n"))
}

/// Frames behind their handshake.
pub(crate) fn of_frames(case: &websocket::Case) -> Vec<Passes> {
    let parts = case.all("in");
    let bytes = parts
        .iter()
        .flat_map(|text| websocket::bytes(text).expect("bytes"));
    let bytes: Vec<u8> = bytes.collect();
    let (request, response) = match case.find("agreed") {
        Some(agreed) => sample::samples_agreed(&agreed),
        None => sample::samples(),
    };
    let to_client = case.find("to").as_deref() == Some("client");
    let frames = if to_client { answers } else { asks };
    let mut passes = vec![asks(request), answers(response), frames(bytes)];
    if case.find("end").as_deref() == Some("yes") {
        passes.extend(both_end());
    }
    passes
}

pub(crate) fn of_request(case: &websocket::Case) -> Vec<Passes> {
    vec![asks(sample::request(case))]
}

pub(crate) fn of_response(case: &websocket::Case) -> Vec<Passes> {
    let (request, response) = sample::response(case);
    vec![asks(request), answers(response)]
}
