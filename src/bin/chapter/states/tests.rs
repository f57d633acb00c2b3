//! Which states the bytes of a connection lead to.

use super::*;
use Direction::{FromClient as C, FromServer as S};
use barewire::trace::wire::Conversation;

/// The states, one line each, that these bytes lead to. An empty text is the end of that direction.
fn states(passed: &[(Direction, &str)]) -> String {
    let passed: Vec<_> = passed
        .iter()
        .map(|(from, text)| (*from, text.as_bytes()))
        .collect();
    states_of(&passed)
}

fn states_of(passed: &[(Direction, &[u8])]) -> String {
    let (mut conversation, mut machines) = (Conversation::new(), Machines::default());
    let mut all = Vec::new();
    for &(from, bytes) in passed {
        let spans: Vec<Explained> = match bytes {
            [] => conversation.end(from, Duration::ZERO).collect(),
            bytes => conversation.receive(from, Duration::ZERO, bytes).collect(),
        };
        for span in &spans {
            all.extend(machines.pass(span).iter().map(|moved| {
                let exchange = moved
                    .exchange
                    .map_or(String::new(), |number| format!(" {number}"));
                let [client, server] = &moved.sides;
                format!("{}{exchange}: {client} {server}", moved.machine)
            }));
        }
    }
    all.join("\n")
}

#[test]
fn a_request_and_its_chunked_response() {
    let moved = states(&[
        (
            C,
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe",
        ),
        (C, "llo"),
        (
            S,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n\r\n",
        ),
        (C, ""),
        (S, ""),
    ]);
    assert_eq!(
        moved,
        "http 0: Body Waiting\nhttp 0: Done Waiting\nhttp 0: Done Body\nhttp 0: Done Done\n\
        http 0: Closed Done\nhttp 0: Closed Closed"
    );
}

#[test]
fn an_interim_response_is_waiting() {
    let moved = states(&[
        (
            C,
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n",
        ),
        (S, "HTTP/1.1 100 Continue\r\n\r\n"),
        (C, "x"),
        (S, "HTTP/1.1 204 No Content\r\n\r\n"),
    ]);
    assert_eq!(
        moved,
        "http 0: Body Waiting\nhttp 0: Done Waiting\nhttp 0: Done Body\nhttp 0: Done Done"
    );
}

#[test]
fn a_response_to_head_has_no_body() {
    let moved = states(&[
        (C, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (S, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    ]);
    assert_eq!(
        moved,
        "http 0: Body Waiting\nhttp 0: Done Waiting\nhttp 0: Done Body\nhttp 0: Done Done"
    );
}

#[test]
fn a_body_may_end_with_the_connection() {
    let moved = states(&[
        (C, "GET / HTTP/1.0\r\n\r\n"),
        (S, "HTTP/1.0 200 OK\r\n\r\nhello"),
        (S, " world"),
        (S, ""),
    ]);
    assert_eq!(
        moved,
        "http 0: Body Waiting\nhttp 0: Done Waiting\nhttp 0: Done Body\nhttp 0: Done Done\n\
        http 0: Done Closed"
    );
}

#[test]
fn pipelined_requests_are_exchanges_of_their_own() {
    let moved = states(&[
        (
            C,
            "GET /0 HTTP/1.1\r\nHost: a\r\n\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        (
            S,
            "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        ),
    ]);
    assert_eq!(
        moved,
        "http 0: Body Waiting\nhttp 0: Done Waiting\nhttp 1: Body Waiting\nhttp 1: Done Waiting\n\
        http 0: Done Body\nhttp 0: Done Done\nhttp 1: Done Body\nhttp 1: Done Done"
    );
}

#[test]
fn a_refused_request_is_answered_all_the_same() {
    let moved = states(&[
        (C, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        (S, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    ]);
    assert_eq!(
        moved,
        "http 0: Failed Idle\nhttp 0: Failed Body\nhttp 0: Failed Done"
    );
}

const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const ACCEPTED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const SWITCHED: &str = "http 0: Body Waiting\nhttp 0: Done Waiting\nhttp 0: Done Switched\n\
    http 0: Switched Switched\nwebsocket: Open Open";

#[test]
fn an_upgrade_goes_on_as_a_websocket_to_its_close() {
    let close = b"\x88\x82\0\0\0\0\x03\xe8";
    let moved = states_of(&[
        (C, UPGRADE.as_bytes()),
        (S, ACCEPTED.as_bytes()),
        (C, b"\x01\x81\0\0\0\0a"),
        (C, b"\x89\x80\0\0\0\0"),
        (C, b"\x80\x81\0\0\0\0b"),
        (S, b"\x81\x01c"),
        (C, close),
        (S, b"\x88\x02\x03\xe8"),
        (C, b""),
        (S, b""),
    ]);
    assert_eq!(
        moved,
        format!("{SWITCHED}\nwebsocket: CloseSent CloseReceived\nwebsocket: Closed Closed")
    );
}

#[test]
fn a_frame_that_breaks_a_rule_fails() {
    let passed = [
        (C, UPGRADE.as_bytes()),
        (S, ACCEPTED.as_bytes()),
        (C, &b"\x81\x01a"[..]),
    ];
    assert_eq!(
        states_of(&passed),
        format!("{SWITCHED}\nwebsocket: Failed Failed")
    );
    let passed = [
        (C, UPGRADE.as_bytes()),
        (S, ACCEPTED.as_bytes()),
        (S, &b""[..]),
    ];
    assert_eq!(
        states_of(&passed),
        format!("{SWITCHED}\nwebsocket: Failed Failed")
    );
}

#[test]
fn a_declined_upgrade_stays_http() {
    let moved = states(&[
        (C, UPGRADE),
        (S, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
    ]);
    assert_eq!(
        moved,
        "http 0: Body Waiting\nhttp 0: Done Waiting\nhttp 0: Done Body\nhttp 0: Done Done"
    );
}

/// A tap sees the end of the handshake at its own side, and what is explained was seen at the other one: the messages
/// before that may come behind it.
#[test]
fn a_side_that_is_through_stays_so() {
    let record = |kind: u8, body: &[u8]| {
        let message = [&[kind, 0, 0, body.len() as u8], body].concat();
        [&[22, 3, 3, 0, message.len() as u8], &message[..]].concat()
    };
    let begins = [&[3, 3][..], &[7; 32], &[0]].concat(); // version, random, no session
    let client_hello = record(1, &[&begins[..], &[0, 2, 0x13, 1, 1, 0]].concat());
    let server_hello = record(2, &[&begins[..], &[0x13, 1, 0]].concat());
    let (mut conversation, mut machines) = (Conversation::new(), Machines::default());
    let mut all = Vec::new();
    let mut pass = |machines: &mut Machines, from, bytes: &[u8]| {
        let spans: Vec<_> = conversation.receive(from, Duration::ZERO, bytes).collect();
        let moved = spans.iter().flat_map(|span| machines.pass(span));
        moved.map(|moved| moved.sides).collect::<Vec<_>>()
    };
    all.extend(pass(&mut machines, C, &client_hello));
    all.extend(machines.handshake_over(C).into_iter().map(|it| it.sides));
    all.extend(pass(&mut machines, S, &server_hello));
    all.extend(machines.handshake_over(S).into_iter().map(|it| it.sides));
    let states = [
        ["WAIT_SH", "RECVD_CH"],
        ["CONNECTED", "RECVD_CH"],
        ["CONNECTED", "NEGOTIATED"],
        ["CONNECTED", "CONNECTED"],
    ];
    assert_eq!(all, states.map(|sides| sides.map(str::to_owned)));
}
