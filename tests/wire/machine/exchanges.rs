//! Whole exchanges: which message follows which.

use super::pair::{
    GET, HEAD, HOST, Pair, asked, content, head_of, list, receive_request, receive_response,
};
use barewire::http::wire::{
    Connection, FieldList, Method, Misuse, RequestOut, ResponseOut, Role, Rule, State, Target,
};

#[test]
fn an_exchange_and_the_next_one() {
    let (mut pair, none) = (Pair::new(), FieldList::new());
    for _ in 0..3 {
        pair.at(State::Idle, State::Idle);
        pair.request_head("POST", &[HOST], Some(0));
        pair.at(State::Body, State::Waiting);
        assert!(!pair.next_exchange());
        pair.request_end();
        pair.at(State::Done, State::Waiting);
        let (content, _) = pair.respond(&ResponseOut::new(200, &none).length(5), b"hello");
        assert_eq!(content, b"hello");
        pair.at(State::Done, State::Done);
        assert!(pair.next_exchange());
    }
}

#[test]
fn pipelined_requests_are_answered_one_after_the_other() {
    let mut server = Connection::new(Role::Server);
    let bytes = [
        GET,
        HEAD,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
        GET,
    ]
    .concat();
    let (mut rest, mut statuses) = (bytes.as_bytes(), 200..);
    while !rest.is_empty() {
        let (at, length) = receive_request(&mut server, rest).expect("a good request");
        let early = receive_request(&mut server, GET.as_bytes());
        assert_eq!(
            early.map_err(|error| error.rule()),
            Err(Rule::UnexpectedMessage)
        );
        rest = &rest[at + content(length, &rest[at..]).1..];
        server.receive_end().expect("a body was on its way");
        head_of(&mut server, statuses.next().expect("endless")).expect("its turn");
        server
            .send_end(&FieldList::new(), &mut Vec::new())
            .expect("nothing is missing");
        assert!(server.next_exchange());
    }
    assert_eq!(statuses, 204..);
}

#[test]
fn a_client_waits_for_the_response() {
    let mut pair = Pair::new();
    pair.request("GET", &[HOST]);
    let fields = list(&[HOST]);
    let get = Method::new("GET").expect("a token");
    let head = RequestOut::new(
        get,
        Target::Origin {
            path: "/",
            query: None,
        },
        &fields,
    );
    assert_eq!(
        pair.client.send_request(&head, &mut Vec::new()),
        Err(Misuse::Ended)
    );
    pair.at(State::Done, State::Waiting);
}

#[test]
fn a_response_to_head_declares_the_length_and_sends_nothing() {
    let (mut pair, none) = (Pair::new(), FieldList::new());
    pair.request("HEAD", &[HOST]);
    let (content, wire) = pair.respond(&ResponseOut::new(200, &none).length(5), b"hello");
    assert!(content.is_empty() && wire.ends_with(b"Content-Length: 5\r\n\r\n"));
    assert!(pair.next_exchange());

    pair.request("HEAD", &[HOST]);
    let (content, wire) = pair.respond(&ResponseOut::new(200, &none), b"hello");
    assert!(content.is_empty() && wire.ends_with(b"Transfer-Encoding: chunked\r\n\r\n"));
    assert!(pair.next_exchange());

    pair.request("GET", &[HOST]);
    assert_eq!(
        pair.respond(&ResponseOut::new(200, &none), b"hello").0,
        b"hello"
    );
}

#[test]
fn a_bad_request_after_a_head_request_gets_a_response_with_a_body() {
    let mut server = asked(HEAD);
    head_of(&mut server, 200).expect("its turn");
    server
        .send_end(&FieldList::new(), &mut Vec::new())
        .expect("nothing is missing");
    assert!(server.next_exchange());
    server.fail();
    head_of(&mut server, 400).expect("an answer to what was no request");
    assert_eq!(server.begin_data(5, &mut Vec::new()), Ok(true));
}

#[test]
fn no_content_and_not_modified() {
    for status in [204, 304] {
        let (mut pair, none) = (Pair::new(), FieldList::new());
        pair.request("GET", &[HOST]);
        let (content, wire) = pair.respond(&ResponseOut::new(status, &none).length(0), b"");
        let text = String::from_utf8(wire).expect("ASCII");
        assert!(
            content.is_empty() && !text.contains("Content-Length") && !text.contains("Transfer")
        );
        assert!(pair.next_exchange());

        let mut server = asked(GET);
        head_of(&mut server, status).expect("its turn");
        assert_eq!(
            server.begin_data(1, &mut Vec::new()),
            Err(Misuse::BodyNotAllowed)
        );
        assert_eq!(server.begin_data(0, &mut Vec::new()), Ok(false));
        let long = ResponseOut::new(status, &none).length(1);
        assert_eq!(
            asked(GET).send_response(&long, &mut Vec::new()),
            Err(Misuse::BodyNotAllowed)
        );
    }
}

#[test]
fn informational_heads_come_before_the_final_one() {
    let (mut pair, none) = (Pair::new(), FieldList::new());
    pair.request("GET", &[HOST]);
    for status in [102, 103, 199] {
        let (mut wire, link) = (Vec::new(), list(&[("Link", "</a.css>; rel=preload")]));
        pair.server
            .send_informational(status, &link, &mut wire)
            .expect("no final head yet");
        let received = receive_response(&mut pair.client, &wire).expect("a request waits");
        assert_eq!(received, (wire.len(), None));
        pair.at(State::Done, State::Waiting);
    }
    pair.respond(&ResponseOut::new(200, &none).length(0), b"");
    let late = pair.server.send_informational(103, &none, &mut Vec::new());
    assert_eq!(late, Err(Misuse::Ended));
    assert!(pair.next_exchange());
}

#[test]
fn informational_heads_that_must_not_be_sent() {
    let (mut wire, none) = (Vec::new(), FieldList::new());
    for status in [99, 101, 200] {
        assert_eq!(
            asked(GET).send_informational(status, &none, &mut wire),
            Err(Misuse::Status)
        );
    }
    for framing in [("Content-Length", "5"), ("Transfer-Encoding", "chunked")] {
        let sent = asked(GET).send_informational(103, &list(&[framing]), &mut wire);
        assert_eq!(sent, Err(Misuse::Framing));
    }
    let mut old = asked("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(old.send_informational(103, &none, &mut wire), Ok(()));
    assert!(wire.is_empty(), "HTTP/1.0 knows no 1xx");
}

// ---- 100-continue ---------------------------------------------------------------------------

const EXPECT: (&str, &str) = ("Expect", "100-continue");

#[test]
fn a_100_is_awaited_and_arrives() {
    let (mut pair, none) = (Pair::new(), FieldList::new());
    pair.request_head("POST", &[HOST, EXPECT], Some(5));
    assert!(pair.client.continue_awaited() && pair.server.continue_awaited());
    let mut wire = Vec::new();
    pair.server
        .send_informational(100, &none, &mut wire)
        .expect("it is awaited");
    assert_eq!(wire, b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(
        receive_response(&mut pair.client, &wire),
        Ok((wire.len(), None))
    );
    assert!(!pair.client.continue_awaited() && !pair.server.continue_awaited());
    pair.client
        .begin_data(5, &mut Vec::new())
        .expect("five bytes were declared");
    pair.request_end();
    pair.respond(&ResponseOut::new(200, &none).length(0), b"");
    assert!(pair.next_exchange());
}

#[test]
fn a_100_is_not_needed_once_the_body_arrives() {
    let (mut pair, none) = (Pair::new(), FieldList::new());
    pair.request_head("POST", &[HOST, EXPECT], Some(5));
    pair.client
        .begin_data(5, &mut Vec::new())
        .expect("it need not wait");
    pair.server.clear_continue_awaited();
    assert!(!pair.server.continue_awaited());
    pair.request_end();
    pair.respond(&ResponseOut::new(200, &none).length(0), b"");
    assert!(pair.next_exchange());
}

#[test]
fn a_final_response_instead_of_a_100_ends_the_connection() {
    let mut pair = Pair::new();
    pair.request_head("POST", &[HOST, EXPECT], Some(5));
    let (_, wire) = pair.respond(&ResponseOut::new(417, &FieldList::new()).length(0), b"");
    assert!(String::from_utf8_lossy(&wire).contains("Connection: close\r\n"));
    assert!(!pair.client.continue_awaited() && !pair.client.is_persistent());
    pair.at(State::Body, State::Done);
    assert!(!pair.next_exchange());
}

#[test]
fn a_head_without_a_body_awaits_nothing() {
    let mut server = Connection::new(Role::Server);
    let bytes = b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n";
    receive_request(&mut server, bytes).expect("a good request");
    assert!(!server.continue_awaited());
}

// ---- switches -------------------------------------------------------------------------------

const UPGRADE: [(&str, &str); 3] = [HOST, ("Connection", "Upgrade"), ("Upgrade", "x/1")];

#[test]
fn an_upgrade() {
    let mut pair = Pair::new();
    pair.request_head("GET", &UPGRADE, None);
    let (mut wire, fields) = (Vec::new(), list(&UPGRADE[1..]));
    let early = pair.server.send_switch(&fields, &mut wire);
    assert_eq!(
        early,
        Err(Misuse::Switch),
        "the request is not read to its end"
    );
    pair.request_end();
    pair.server
        .send_switch(&fields, &mut wire)
        .expect("it was offered");
    assert_eq!(
        wire,
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x/1\r\n\r\n"
    );
    receive_response(&mut pair.client, &wire).expect("it was offered");
    pair.at(State::Switched, State::Switched);
    assert!(!pair.next_exchange());
    let (mut client, mut server) = (pair.client, pair.server);
    assert!(client.begin_data(1, &mut wire).is_err() && server.begin_data(1, &mut wire).is_err());
    assert!(receive_response(&mut client, b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    assert!(receive_request(&mut server, GET.as_bytes()).is_err());
}

#[test]
fn an_upgrade_may_be_declined() {
    let mut pair = Pair::new();
    pair.request("GET", &UPGRADE);
    pair.respond(&ResponseOut::new(200, &FieldList::new()).length(2), b"no");
    assert!(pair.next_exchange());
    pair.request("GET", &[HOST]);
    let late = pair.server.send_switch(&FieldList::new(), &mut Vec::new());
    assert_eq!(
        late,
        Err(Misuse::Switch),
        "the offer was for the request before"
    );
}

#[test]
fn an_upgrade_that_the_client_did_not_offer() {
    let (mut pair, mut wire) = (Pair::new(), Vec::new());
    pair.request("GET", &[HOST]);
    assert_eq!(
        pair.server.send_switch(&FieldList::new(), &mut wire),
        Err(Misuse::Switch)
    );
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let received = receive_response(&mut pair.client, switch);
    assert_eq!(
        received.map_err(|error| error.rule()),
        Err(Rule::UnexpectedMessage)
    );
    let old = "GET / HTTP/1.0\r\nConnection: keep-alive, upgrade\r\nUpgrade: x\r\n\r\n";
    assert_eq!(
        asked(old).send_switch(&FieldList::new(), &mut wire),
        Err(Misuse::Switch)
    );
}

#[test]
fn a_tunnel() {
    let (mut pair, mut wire) = (Pair::new(), Vec::new());
    pair.request("CONNECT", &[HOST]);
    assert_eq!(
        head_of(&mut pair.server, 200),
        Err(Misuse::Status),
        "that is for send_switch"
    );
    let framed = pair
        .server
        .send_switch(&list(&[("Content-Length", "0")]), &mut wire);
    assert_eq!(framed, Err(Misuse::Framing));
    pair.server
        .send_switch(&FieldList::new(), &mut wire)
        .expect("it was asked for");
    assert_eq!(wire, b"HTTP/1.1 200 Connection Established\r\n\r\n");
    receive_response(&mut pair.client, &wire).expect("it was asked for");
    pair.at(State::Switched, State::Switched);
}

#[test]
fn a_tunnel_may_be_refused() {
    let mut pair = Pair::new();
    pair.request("CONNECT", &[HOST]);
    pair.respond(&ResponseOut::new(403, &FieldList::new()).length(2), b"no");
    pair.at(State::Done, State::Done);
    assert!(pair.next_exchange());
}
