//! How a connection ends: by agreement, by a broken rule, or in the middle of a message.

use super::pair::{GET, HOST, Pair, asked, head_of, list, receive_request, receive_response};
use barewire::http::wire::{Connection, FieldList, Misuse, ResponseOut, Role, Rule, State};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[test]
fn the_client_says_close() {
    let mut pair = Pair::new();
    pair.request("GET", &[HOST, ("Connection", "close")]);
    let (_, wire) = pair.respond(&ResponseOut::new(200, &FieldList::new()).length(0), b"");
    assert!(String::from_utf8_lossy(&wire).contains("Connection: close\r\n"));
    assert!(!pair.next_exchange());
}

#[test]
fn the_server_says_close() {
    let (mut pair, fields) = (Pair::new(), list(&[("Connection", "x, Close")]));
    pair.request("GET", &[HOST]);
    let (_, wire) = pair.respond(&ResponseOut::new(200, &fields).length(0), b"");
    assert_eq!(
        String::from_utf8_lossy(&wire).matches("Connection").count(),
        1
    );
    assert!(!pair.next_exchange());

    let mut pair = Pair::new();
    pair.request("GET", &[HOST]);
    pair.server.close_after();
    let (_, wire) = pair.respond(&ResponseOut::new(200, &FieldList::new()).length(0), b"");
    assert!(String::from_utf8_lossy(&wire).contains("Connection: close\r\n"));
    assert!(!pair.next_exchange());
}

#[test]
fn a_response_before_any_request() {
    // A request that did not arrive in time, or that was none.
    for broken in [false, true] {
        let mut server = Connection::new(Role::Server);
        if broken {
            server.fail();
        }
        let head = head_of(&mut server, 408).expect("an answer to what was no request");
        assert!(head.contains("Connection: close\r\n"), "{head}");
        assert_eq!(server.begin_data(3, &mut Vec::new()), Ok(true));
        server
            .send_end(&FieldList::new(), &mut Vec::new())
            .expect("its end");
        assert!(!server.next_exchange());
    }
}

#[test]
fn a_rule_that_a_body_breaks() {
    let mut server = Connection::new(Role::Server);
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    receive_request(&mut server, head).expect("a good head");
    server.fail();
    assert_eq!(
        (server.requests(), server.responses()),
        (State::Failed, State::Waiting)
    );
    assert_eq!(
        server.receive_end().map_err(|error| error.rule()),
        Err(Rule::UnexpectedMessage)
    );
    assert!(
        head_of(&mut server, 400)
            .expect("its turn")
            .contains("Connection: close\r\n")
    );
    server
        .send_end(&FieldList::new(), &mut Vec::new())
        .expect("its end");
    assert!(!server.next_exchange());
    assert!(
        receive_request(&mut server, GET.as_bytes()).is_err(),
        "nothing more is received"
    );
}

#[test]
fn a_rule_that_a_response_breaks() {
    let mut pair = Pair::new();
    pair.request("GET", &[HOST]);
    pair.client.fail();
    assert_eq!(pair.client.responses(), State::Failed);
    assert!(
        receive_response(&mut pair.client, OK).is_err(),
        "nothing more is received"
    );
    assert!(!pair.client.is_persistent() && !pair.client.next_exchange());
}

#[test]
fn a_response_without_a_request() {
    for response in [
        OK,
        b"HTTP/1.1 408 x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let mut fresh = Connection::new(Role::Client);
        let received = receive_response(&mut fresh, response);
        assert_eq!(
            received.map_err(|error| error.rule()),
            Err(Rule::UnexpectedMessage)
        );

        let mut pair = Pair::new();
        pair.request("GET", &[HOST]);
        pair.respond(&ResponseOut::new(200, &FieldList::new()).length(0), b"");
        let second = receive_response(&mut pair.client, response);
        assert_eq!(
            second.map_err(|error| error.rule()),
            Err(Rule::UnexpectedMessage)
        );
    }
}

#[test]
fn an_end_without_a_message() {
    for role in [Role::Client, Role::Server] {
        let mut fresh = Connection::new(role);
        let ended = fresh.receive_end();
        assert_eq!(
            ended.map_err(|error| error.rule()),
            Err(Rule::UnexpectedMessage)
        );
    }
}

#[test]
fn the_peer_closes_between_messages() {
    let mut server = Connection::new(Role::Server);
    assert_eq!(server.receive_close(), Ok(()));
    assert_eq!(server.requests(), State::Closed);
    assert_eq!(server.receive_close(), Ok(()), "it may be noticed twice");
    assert!(receive_request(&mut server, GET.as_bytes()).is_err());

    // A client that has half-closed still gets its response.
    let mut server = asked(GET);
    assert_eq!(server.receive_close(), Ok(()));
    assert!(
        head_of(&mut server, 200)
            .expect("its turn")
            .contains("Connection: close\r\n")
    );
    server
        .send_end(&FieldList::new(), &mut Vec::new())
        .expect("its end");
    assert!(!server.next_exchange());

    let mut client = Connection::new(Role::Client);
    assert_eq!(client.receive_close(), Ok(()));
    assert!(!client.is_persistent());
}

#[test]
fn the_peer_closes_inside_a_message() {
    let mut server = Connection::new(Role::Server);
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    receive_request(&mut server, head).expect("a good head");
    let closed = server.receive_close();
    assert_eq!(
        closed.map_err(|error| error.rule()),
        Err(Rule::MessageTruncated)
    );

    let mut pair = Pair::new();
    pair.request("GET", &[HOST]);
    let closed = pair.client.receive_close();
    assert_eq!(
        closed.map_err(|error| error.rule()),
        Err(Rule::MessageTruncated),
        "no answer"
    );

    let mut pair = Pair::new();
    pair.request("GET", &[HOST]);
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    receive_response(&mut pair.client, half).expect("a request waits");
    let closed = pair.client.receive_close();
    assert_eq!(
        closed.map_err(|error| error.rule()),
        Err(Rule::MessageTruncated),
        "half a body"
    );
}

#[test]
fn calls_that_come_too_late_or_too_early() {
    let (none, mut out) = (FieldList::new(), Vec::new());
    let mut server = asked(GET);
    assert_eq!(
        server.begin_data(0, &mut out),
        Err(Misuse::State),
        "before the head"
    );
    assert_eq!(
        server.send_end(&none, &mut out),
        Err(Misuse::State),
        "before the head"
    );
    head_of(&mut server, 200).expect("its turn");
    assert_eq!(head_of(&mut server, 200), Err(Misuse::HeadSent));
    assert_eq!(
        server.send_informational(103, &none, &mut out),
        Err(Misuse::HeadSent)
    );
    assert_eq!(server.send_end(&none, &mut out), Ok(()));
    assert_eq!(server.send_end(&none, &mut out), Err(Misuse::Ended));
    assert_eq!(server.begin_data(0, &mut out), Err(Misuse::Ended));
    assert_eq!(head_of(&mut server, 200), Err(Misuse::Ended));

    let mut client = Connection::new(Role::Client);
    assert_eq!(
        client.send_end(&none, &mut out),
        Err(Misuse::State),
        "before the head"
    );
}
